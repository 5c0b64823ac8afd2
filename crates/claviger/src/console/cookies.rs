//! The console's cookies: a session's, one that knows the forms it showed under an earlier token, one that a form outside a
//! session is bound to, one between the two steps of signing in, and one that tells what was done.
//!
//! Scripts cannot read them, no subdomain can set them where there is TLS (`__Host-`), and another site's form does not
//! send them. A cookie that is sent twice is none: one of the two may be somebody else's.

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};

use super::Transport;

/// One of the console's cookies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cookie {
    /// Holds the session's token.
    Session,
    /// Holds the tokens of forms that the session showed before it went on under another token.
    EarlierForms,
    /// Holds what the form of the sign-in page is bound to.
    Form,
    /// Holds what became of what was done last.
    Notice,
    /// Holds the token of who has shown his password and no code yet.
    PasswordShown,
}

impl Cookie {
    fn name(self, transport: Transport) -> &'static str {
        match (self, transport) {
            (Self::Session, Transport::Encrypted) => "__Host-claviger",
            (Self::EarlierForms, Transport::Encrypted) => "__Host-claviger-earlier",
            (Self::Form, Transport::Encrypted) => "__Host-claviger-form",
            (Self::Notice, Transport::Encrypted) => "__Host-claviger-notice",
            (Self::PasswordShown, Transport::Encrypted) => "__Host-claviger-code",
            (Self::Session, Transport::Loopback | Transport::Clear) => "claviger",
            (Self::EarlierForms, Transport::Loopback | Transport::Clear) => "claviger-earlier",
            (Self::Form, Transport::Loopback | Transport::Clear) => "claviger-form",
            (Self::Notice, Transport::Loopback | Transport::Clear) => "claviger-notice",
            (Self::PasswordShown, Transport::Loopback | Transport::Clear) => "claviger-code",
        }
    }

    /// Its value, if it was sent once.
    pub(super) fn read(self, headers: &HeaderMap, transport: Transport) -> Option<&str> {
        let name = self.name(transport).as_bytes();
        // Beside ours there may be any of another program on this host, with any bytes.
        let pairs = headers.get_all(COOKIE).iter().flat_map(|header| header.as_bytes().split(|byte| *byte == b';'));
        let mut values = pairs.filter_map(|pair| pair.trim_ascii().strip_prefix(name)?.strip_prefix(b"="));
        let value = values.next().filter(|_| values.next().is_none())?;
        let is_plain = !value.is_empty() && value.iter().all(|byte| matches!(byte, b' '..=b'~'));
        std::str::from_utf8(value).ok().filter(|_| is_plain)
    }

    /// What sets it, for so many seconds. `None` where a browser must not be given it.
    pub(super) fn set(self, transport: Transport, value: &str, seconds: u64) -> Option<HeaderValue> {
        let secure = match transport {
            Transport::Encrypted => "; Secure",
            Transport::Loopback => "",
            Transport::Clear => return None,
        };
        let name = self.name(transport);
        let text = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
        HeaderValue::try_from(text).ok()
    }

    /// What deletes it.
    pub(super) fn delete(self, transport: Transport) -> Option<HeaderValue> {
        self.set(transport, "", 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(sent: &[&str], transport: Transport) -> Option<String> {
        let mut headers = HeaderMap::new();
        for cookie in sent {
            headers.append(COOKIE, HeaderValue::from_bytes(cookie.as_bytes()).expect("a value"));
        }
        Cookie::Session.read(&headers, transport).map(str::to_owned)
    }

    #[test]
    fn a_cookie_counts_under_its_own_name_and_once() {
        for (sent, expected) in [
            (&["claviger=a"][..], Some("a")),
            (&["other=b; claviger=a", "x=y"], Some("a")),
            (&["claviger=a; claviger=b"], None),
            (&["claviger=a", "claviger=a"], None),
            (&["claviger="], None),
            (&["__Host-claviger=a"], None),
            (&["claviger-form=a"], None),
            (&["Claviger=a"], None),
            (&["other=ü; claviger=a"], Some("a")),
            (&["other=ü", "claviger=a; ü"], Some("a")),
            (&["claviger=ü"], None),
            (&["claviger=a; claviger=ü"], None),
            (&[], None),
        ] {
            assert_eq!(read(sent, Transport::Loopback).as_deref(), expected, "{sent:?}");
        }
        assert_eq!(read(&["__Host-claviger=a"], Transport::Encrypted).as_deref(), Some("a"));
        assert_eq!(read(&["claviger=a"], Transport::Encrypted), None, "anybody on the network could have set it");
    }

    #[test]
    fn a_cookie_is_hidden_from_scripts_and_bound_to_this_host() {
        let set = |cookie: Cookie, transport| cookie.set(transport, "x", 60);
        let shown = |value: Option<HeaderValue>| value.map(|value| value.to_str().expect("text").to_owned());
        assert_eq!(
            shown(set(Cookie::Session, Transport::Encrypted)).as_deref(),
            Some("__Host-claviger=x; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure")
        );
        assert_eq!(
            shown(set(Cookie::Session, Transport::Loopback)).as_deref(),
            Some("claviger=x; Path=/; Max-Age=60; HttpOnly; SameSite=Lax")
        );
        assert_eq!(set(Cookie::Session, Transport::Clear), None);
        assert_eq!(set(Cookie::Form, Transport::Clear), None);
        assert_eq!(set(Cookie::PasswordShown, Transport::Clear), None);
    }
}
