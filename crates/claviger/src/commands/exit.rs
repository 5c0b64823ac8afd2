//! Why a command did not do what it was asked to, and the exit code that tells a script.
//!
//! The codes are documented in `docs/reference/command-line.md` and stay as they are: scripts branch on them.

use std::io::{self, Write};
use std::process::ExitCode;

use claviger_client::Error;

use super::confirmation::NotConfirmed;
use super::connection::ConnectionError;
use super::host::HostFailed;
use super::meter::MeterFailed;
use super::output::{CannotPrint, shown};
use crate::random::NoRandomness;

/// Why a command that speaks to a server failed.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// The server refused, or could not be asked.
    #[error(transparent)]
    Call(#[from] Error),
    /// It is not known whether it was created.
    #[error("{error}; if you try again, do it with --idempotency-key {key}, so that no second one is created")]
    MayBeCreated {
        /// The key that was sent.
        key: String,
        /// What came in place of an answer.
        error: Error,
    },
    /// A command on the host was not done.
    #[error(transparent)]
    Host(#[from] HostFailed),
    /// A measurement came to nothing, or found what it looks for.
    #[error(transparent)]
    Meter(#[from] MeterFailed),
    /// The system gives no random bytes.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// It is not known whom to ask, or with what credential.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    /// The caller belongs to several organizations, or to none.
    #[error(
        "you belong to {count} organizations, so name the one that is meant: --organization ID or CLAVIGER_ORGANIZATION"
    )]
    WhichOrganization {
        /// How many.
        count: usize,
    },
    /// A deletion was not confirmed.
    #[error(transparent)]
    NotConfirmed(#[from] NotConfirmed),
    /// It was done, and could not be told.
    #[error(transparent)]
    Output(#[from] CannotPrint),
    /// The account was made, and the one chance to show its secret is gone.
    #[error(
        "service account {id} was created, but its secret could not be written: {error}; delete it and create another"
    )]
    SecretLost {
        /// Which one.
        id: u64,
        /// Why.
        error: CannotPrint,
    },
    /// A secret was made, and the one chance to show it is gone.
    #[error("secret {id} was made, but could not be written: {reason}; revoke it and make another")]
    NewSecretLost {
        /// Which one.
        id: u64,
        /// Why.
        reason: String,
    },
    /// The invitation was sent, and the one chance to show its token is gone.
    #[error(
        "invitation {id} was sent, but its token could not be written: {error}; run claviger invitation resend {id}"
    )]
    TokenLost {
        /// Which one.
        id: u64,
        /// Why.
        error: CannotPrint,
    },
}

/// What the exit code tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Something that no other code says.
    Unexpected = 1,
    /// The command line, its settings or its files are not right. Also clap's.
    Usage = 2,
    /// The credential is wrong, gone or expired.
    NotAuthenticated = 3,
    /// The caller may not do this.
    NotAllowed = 4,
    /// There is no such thing, or the caller may not see it.
    NotFound = 5,
    /// The state does not allow it, or it was made before.
    Conflict = 6,
    /// The server cannot be reached, is too slow, or asks to come back later.
    TryAgain = 7,
    /// The audit log is not as it was written.
    Broken = 8,
    /// Credentials were accepted after their revocation was answered.
    Late = 9,
    /// Not every round of a measurement proves something.
    NotMeasured = 10,
}

impl Failed {
    /// Whether a reader such as `head` went away with what it wanted: no news to the person who put it there.
    fn is_unheard(&self) -> bool {
        matches!(self, Self::Output(CannotPrint::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// The exit code for this failure.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Call(error) => match error {
                Error::NotAuthenticated(_) => Exit::NotAuthenticated,
                Error::NotAllowed(_) => Exit::NotAllowed,
                Error::NotFound(_) => Exit::NotFound,
                Error::Conflict(_) => Exit::Conflict,
                Error::CannotConnect { .. }
                | Error::TimedOut { .. }
                | Error::Interrupted { .. }
                | Error::TooManyRequests(_)
                | Error::Unavailable(_) => Exit::TryAgain,
                // Asking again changes nothing about a certificate.
                Error::Tls { .. } | Error::Redirected { .. } | Error::Refused(_) | Error::Unreadable { .. } => {
                    Exit::Unexpected
                }
            },
            Self::MayBeCreated { .. } => Exit::TryAgain,
            Self::Host(failed) => failed.exit(),
            Self::Meter(failed) => failed.exit(),
            Self::NotConfirmed(not_confirmed) => not_confirmed.exit(),
            Self::Connection(_) | Self::WhichOrganization { .. } => Exit::Usage,
            Self::NoRandomness(_)
            | Self::Output(_)
            | Self::SecretLost { .. }
            | Self::NewSecretLost { .. }
            | Self::TokenLost { .. } => Exit::Unexpected,
        }
    }
}

/// Tells the person what went wrong, on standard error, and the script by the exit code.
pub fn report(outcome: Result<(), Failed>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => {
            if !failed.is_unheard() {
                // Where even standard error is closed, the exit code is all there is.
                let _ = writeln!(io::stderr(), "error: {}", shown(&failed.to_string()));
            }
            ExitCode::from(failed.exit() as u8)
        }
    }
}

#[cfg(test)]
mod tests {
    use claviger_client::Refusal;

    use super::*;

    #[test]
    fn a_script_can_tell_what_happened() {
        let refusal =
            |status| Refusal { status, sentence: None, code: None, request_id: None, retry_after_s: None, made: None };
        let server = || "https://keys.example.com".to_owned();
        for (error, code) in [
            (Error::NotAuthenticated(refusal(401)), 3),
            (Error::NotAllowed(refusal(403)), 4),
            (Error::NotFound(refusal(404)), 5),
            (Error::Conflict(refusal(409)), 6),
            (Error::TooManyRequests(refusal(429)), 7),
            (Error::Unavailable(refusal(503)), 7),
            (Error::TimedOut { server: server(), within_ms: 1 }, 7),
            (Error::CannotConnect { server: server(), reason: String::new() }, 7),
            (Error::Tls { server: server(), reason: String::new() }, 1),
            (Error::Refused(refusal(400)), 1),
        ] {
            assert_eq!(Failed::from(error).exit() as u8, code);
        }
        assert_eq!(Failed::from(NotConfirmed::NobodyToAsk).exit() as u8, 2);
        assert_eq!(Failed::from(NotConfirmed::Declined).exit() as u8, 1);
    }
}
