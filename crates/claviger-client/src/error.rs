//! Why a call brought nothing, told apart by what the caller does about it.
//!
//! Sentences come from the server where it gave one; they may hold what strangers typed, so whoever prints them to a
//! terminal escapes them. What was in an answer that cannot be read is never quoted: it could be a secret.

use std::fmt;

use claviger_wire::envelope::MadeId;

use crate::credential::NoCredential;

/// Why a client cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// Not of the form that is asked for. Not quoted, since people put passwords in URLs.
    #[error("the server's URL {0}; write it as https://keys.example.com")]
    Url(&'static str),
    /// The credential has no form that a server accepts.
    #[error(transparent)]
    Credential(#[from] NoCredential),
    /// The TLS library has no trusted certificates, or something of that kind.
    #[error(
        "secure connections cannot be set up: {reason}; install the system's CA certificates, or name a file of them in SSL_CERT_FILE"
    )]
    Tls {
        /// What the library says.
        reason: String,
    },
}

/// Why a call brought nothing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing was sent.
    #[error("cannot connect to {server}: {reason}; check the URL, and whether the server runs there")]
    CannotConnect {
        /// Where.
        server: String,
        /// What the system says.
        reason: String,
    },
    /// Nothing was sent: the server did not prove who it is, or does not speak TLS.
    #[error(
        "no secure connection to {server}: {reason}; check the URL, and if the server's certificate comes from an authority of your own, name its file in SSL_CERT_FILE"
    )]
    Tls {
        /// Where.
        server: String,
        /// What the TLS library says.
        reason: String,
    },
    /// Sent, and no whole answer in time. A write may have been done or not.
    #[error(
        "{server} did not answer within {within_ms} ms; if this was a change, look whether it was made, then try again"
    )]
    TimedOut {
        /// Where.
        server: String,
        /// How long was waited.
        within_ms: u128,
    },
    /// Sent, and the connection ended. A write may have been done or not.
    #[error(
        "the connection to {server} ended before the answer was complete: {reason}; if this was a change, look whether it was made, then try again"
    )]
    Interrupted {
        /// Where.
        server: String,
        /// What the system says.
        reason: String,
    },
    /// Redirects are not followed: the credential would go to whoever the answer names.
    #[error(
        "{server} answered with a redirect{}, which is not followed with a credential; use the final address as the server's URL",
        to(location)
    )]
    Redirected {
        /// Where.
        server: String,
        /// Where the answer points to.
        location: Option<String>,
    },
    /// 401: the credential is wrong, gone or expired.
    #[error("not authenticated: {0}")]
    NotAuthenticated(Refusal),
    /// 403.
    #[error("not allowed: {0}")]
    NotAllowed(Refusal),
    /// 404: not there, or not to be seen by this caller.
    #[error("not found: {0}")]
    NotFound(Refusal),
    /// 409: the state does not allow it, or it was made before.
    #[error("conflict: {0}")]
    Conflict(Refusal),
    /// 429: later.
    #[error("too many requests: {0}")]
    TooManyRequests(Refusal),
    /// 503: later.
    #[error("the server is not available: {0}")]
    Unavailable(Refusal),
    /// Any other status that is no success.
    #[error("refused: {0}")]
    Refused(Refusal),
    /// A success whose body is not what this route answers.
    #[error(
        "the answer of {server} cannot be read: {reason}{}; check that the URL is a Claviger server's",
        request(request_id)
    )]
    Unreadable {
        /// Where.
        server: String,
        /// In what way.
        reason: String,
        /// To find the request in the server's log.
        request_id: Option<String>,
    },
}

/// What a server said with a status that is no success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// One sentence that says what to do; absent where something in between answered.
    pub sentence: Option<String>,
    /// The stable name of the reason.
    pub code: Option<String>,
    /// To find the request in the server's log.
    pub request_id: Option<String>,
    /// How long to wait before the next attempt.
    pub retry_after_s: Option<u64>,
    /// With the code `already_created`: the id of what the first request with this key made.
    pub made: Option<MadeId>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.sentence {
            Some(sentence) => f.write_str(sentence)?,
            None => f.write_str("the answer gives no reason; check that the URL is a Claviger server's")?,
        }
        if let Some(seconds) = self.retry_after_s {
            write!(f, "; try again in {seconds} s")?;
        }
        write!(f, " ({}", self.status)?;
        if let Some(code) = &self.code {
            write!(f, " {code}")?;
        }
        write!(f, "{})", request(&self.request_id))
    }
}

fn request(id: &Option<String>) -> String {
    id.as_ref().map(|id| format!(", request {id}")).unwrap_or_default()
}

fn to(location: &Option<String>) -> String {
    location.as_ref().map(|location| format!(" to {location}")).unwrap_or_default()
}
