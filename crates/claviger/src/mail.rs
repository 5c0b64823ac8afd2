//! Sending mail, for links that go to a person's own address.
//!
//! A letter is sent in the background: nobody's answer waits for it, so that no answer tells whether there was one. What
//! cannot be sent is told in the log, by why and never by what: neither the letter nor what the other server says of it is
//! there. A few are sent at a time and some wait; more are dropped.
//!
//! What must stay true: a letter holds no secret but its link, and no text of a stranger; nothing in an address can begin a
//! new line.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use claviger_access::email::EmailAddress;
use lettre::address::Address;
use lettre::message::header::{ContentTransferEncoding, ContentType};
use lettre::message::{Body, Mailbox, Message};
use lettre::transport::smtp::Error;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use crate::public_url::is_loopback;

/// A letter is sent within this, or given up.
const SEND_WITHIN: Duration = Duration::from_secs(30);

/// So many are sent at a time.
const AT_ONCE: usize = 4;

/// So many more wait.
const WAITING_MAX: usize = 100;

/// Why nothing can be sent by a server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoMailer {
    /// The address of the server is none. It may hold a password, so nothing of it is told.
    #[error(
        "write it as smtps://user:password@mail.example.com, or smtp://…?tls=required for a server that begins in clear"
    )]
    Url,
    /// Letters, and the password, would cross the network in clear.
    #[error("it needs TLS: use smtps://, or add ?tls=required")]
    Clear,
    /// The sender's address is none.
    #[error("write the sender as an address: claviger@example.com")]
    From,
}

/// A letter to one person.
pub struct Letter {
    /// To whom.
    pub to: EmailAddress,
    /// In one line.
    pub subject: &'static str,
    /// What it says: ASCII, in lines of less than a thousand characters.
    pub text: SecretString,
}

impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Letter(hidden)")
    }
}

/// Sends letters by one server. Cheap to clone.
#[derive(Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    at_once: Arc<Semaphore>,
    places: Arc<Semaphore>,
}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mailer(hidden)")
    }
}

impl Mailer {
    /// By this server, from this address.
    pub fn new(url: &SecretString, from: &str) -> Result<Self, NoMailer> {
        let url = url.expose_secret().trim();
        if !is_private(url).ok_or(NoMailer::Url)? {
            return Err(NoMailer::Clear);
        }
        let from = EmailAddress::parse(from).map_err(|_| NoMailer::From)?;
        let from: Address = from.as_str().parse().map_err(|_| NoMailer::From)?;
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(|_| NoMailer::Url)?;
        let transport = transport.timeout(Some(SEND_WITHIN)).build();
        let (at_once, places) = (Semaphore::new(AT_ONCE), Semaphore::new(AT_ONCE + WAITING_MAX));
        let from = Mailbox::new(Some("Claviger".to_owned()), from);
        Ok(Self { transport, from, at_once: Arc::new(at_once), places: Arc::new(places) })
    }

    /// Sends a letter, some time from now.
    pub fn post(&self, letter: Letter) {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            tracing::warn!("a letter was not sent: too many wait");
            return;
        };
        let mailer = self.clone();
        tokio::spawn(async move {
            let Ok(_turn) = mailer.at_once.acquire().await else { return };
            match tokio::time::timeout(SEND_WITHIN, mailer.send(letter)).await {
                Ok(Ok(())) => tracing::debug!("a letter was handed over to the mail server"),
                Ok(Err(why)) => tracing::warn!(why, "a letter was not sent"),
                Err(_) => tracing::warn!(why = "the mail server does not answer in time", "a letter was not sent"),
            }
            drop(place);
        });
    }

    async fn send(&self, letter: Letter) -> Result<(), String> {
        let to: Address =
            letter.to.as_str().parse().map_err(|_| "mail servers do not know such an address".to_owned())?;
        // Written as it is: other encodings break the link over two lines.
        let text = letter.text.expose_secret().replace('\n', "\r\n").into_bytes();
        let body = Body::dangerous_pre_encoded(text, ContentTransferEncoding::SevenBit);
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(letter.subject)
            .header(ContentType::TEXT_PLAIN)
            .body(body);
        let message = message.map_err(|_| "it cannot be written as a message".to_owned())?;
        self.transport.send(message).await.map(|_| ()).map_err(|error| told(&error))
    }
}

/// Why it was not sent. What the server says may hold what was sent.
fn told(error: &Error) -> String {
    match error.status() {
        Some(code) => format!("the mail server answered {code}"),
        None if error.is_timeout() => "the mail server does not answer in time".to_owned(),
        None if error.is_tls() => "TLS with the mail server failed".to_owned(),
        None if error.is_response() => "the mail server hung up, or answers what is no SMTP".to_owned(),
        None => "the mail server cannot be reached".to_owned(),
    }
}

/// Whether nobody between here and the server reads along; `None` for what is no address of one.
fn is_private(url: &str) -> Option<bool> {
    let (scheme, rest) = url.split_once("://")?;
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let authority = rest.split('/').next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let name = match host.strip_prefix('[') {
        Some(inner) => inner.split(']').next()?,
        None => host.split(':').next()?,
    };
    let has_tls = query.split('&').any(|pair| pair == "tls=required");
    match scheme {
        _ if name.is_empty() => None,
        "smtps" => Some(true),
        "smtp" => Some(has_tls || is_loopback(name)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_and_links_do_not_cross_the_network_in_clear() {
        for (url, private) in [
            ("smtps://u:p@mail.example.com", Some(true)),
            ("smtp://u:p@mail.example.com:587?tls=required", Some(true)),
            ("smtp://u:p@mail.example.com:587?tls=opportunistic", Some(false)),
            ("smtp://mail.example.com", Some(false)),
            ("smtp://localhost@mail.example.com", Some(false)),
            ("smtp://localhost:2525", Some(true)),
            ("smtp://127.0.0.1:2525", Some(true)),
            ("smtp://[::1]:2525", Some(true)),
            ("https://mail.example.com", None),
            ("mail.example.com", None),
            ("smtp://", None),
        ] {
            assert_eq!(is_private(url), private, "{url}");
        }
    }

    #[tokio::test]
    async fn what_is_wrong_is_told_without_the_password() {
        let mailer = |url: &str, from: &str| Mailer::new(&SecretString::from(url), from);
        for (url, from, why) in [
            ("smtp://u:hush@mail.example.com", "claviger@example.com", NoMailer::Clear),
            ("hush", "claviger@example.com", NoMailer::Url),
            ("smtp://127.0.0.1:2525", "claviger", NoMailer::From),
            ("smtp://127.0.0.1:2525", "a@example.com\r\nBcc: b@example.com", NoMailer::From),
        ] {
            let error = mailer(url, from).expect_err("no mailer");
            assert_eq!(error, why, "{url}");
            assert!(!error.to_string().contains("hush"), "{error}");
        }
        assert!(mailer("smtp://127.0.0.1:2525", "claviger@example.com").is_ok());
    }
}
