//! What became of what a person did, told once on the page that he is led to.
//!
//! It travels in a cookie of its own beside the session's, sealed with what only pages of that session know: nobody else
//! can put words there, and it is gone with the session. No address holds it, so no link that is shared repeats it. Never
//! a secret.

use axum::extract::{Request, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::cookies::Cookie;
use super::form;
use super::signed_in::SignedIn;
use super::{Console, Transport};

/// The page that tells it is asked for at once.
const LIFETIME_S: u64 = 60;

/// Most characters of each part: both must fit into a cookie.
const CHARACTERS_MAX: usize = 250;

/// What is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Notice {
    /// Whether it was done as wished; otherwise it warns.
    pub is_done: bool,
    /// What happened.
    pub strong: String,
    /// What follows from it; may be empty.
    pub more: String,
}

impl Notice {
    /// It was done.
    pub(super) fn done(strong: impl Into<String>, more: impl Into<String>) -> Self {
        Self { is_done: true, strong: strong.into(), more: more.into() }
    }

    /// It was not, or not as it may seem.
    pub(super) fn warning(strong: impl Into<String>, more: impl Into<String>) -> Self {
        Self { is_done: false, strong: strong.into(), more: more.into() }
    }

    /// Leads there, where it is told.
    pub(super) fn at(&self, console: &Console, signed_in: &SignedIn, path: &str) -> Response {
        self.told_to(console, signed_in.form_token(), path)
    }

    /// The same, for whose session goes on under this token.
    pub(super) fn at_next(&self, console: &Console, session: &str, path: &str) -> Response {
        self.told_to(console, &form::token(session), path)
    }

    fn told_to(&self, console: &Console, form_token: &str, path: &str) -> Response {
        let mut response = Redirect::to(path).into_response();
        let sealed = self.sealed(form_token);
        if let Some(cookie) = Cookie::Notice.set(console.transport, &sealed, LIFETIME_S) {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        response
    }

    fn sealed(&self, form_token: &str) -> String {
        let short = |text: &str| text.chars().take(CHARACTERS_MAX).collect();
        let shown = Self { strong: short(&self.strong), more: short(&self.more), ..self.clone() };
        let text = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&shown).unwrap_or_default());
        format!("{}.{text}", form::seal(form_token, &text))
    }

    /// The one that was sent, if it was made for pages with this token.
    pub(super) fn read(headers: &HeaderMap, transport: Transport, form_token: &str) -> Option<Self> {
        let (seal, text) = Cookie::Notice.read(headers, transport)?.split_once('.')?;
        if !form::is_sealed(form_token, text, seal) {
            return None;
        }
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
    }
}

/// A page that was shown has told it.
pub(super) async fn forget(State(console): State<Console>, request: Request, next: Next) -> Response {
    let is_sent = Cookie::Notice.read(request.headers(), console.transport).is_some();
    let is_read = request.method() == Method::GET && !request.uri().path().starts_with("/console/assets/");
    let mut response = next.run(request).await;
    let is_told = is_sent && is_read && response.status() == StatusCode::OK;
    if let Some(cookie) = Cookie::Notice.delete(console.transport).filter(|_| is_told) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use axum::http::header::COOKIE;

    use super::*;

    fn read(cookie: &str, session: &str) -> Option<Notice> {
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, HeaderValue::from_str(&format!("claviger-notice={cookie}")).expect("a value"));
        Notice::read(&headers, Transport::Loopback, session)
    }

    #[test]
    fn it_is_told_in_the_session_that_made_it_alone() {
        let notice = Notice::done("nightly-export was deleted.", "Refused as of 20:15:03 UTC; “<b>”.");
        let sealed = notice.sealed("one");
        assert_eq!(read(&sealed, "one"), Some(notice.clone()));
        assert_eq!(read(&sealed, "two"), None);
        let (seal, _) = sealed.split_once('.').expect("a seal");
        let (_, other) = Notice::warning("Pay here", "")
            .sealed("two")
            .split_once('.')
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .expect("a seal");
        assert_eq!(read(&format!("{seal}.{other}"), "one"), None);
        for none in ["", ".", "x", "x.y"] {
            assert_eq!(read(none, "one"), None, "{none}");
        }
    }

    #[test]
    fn however_long_it_fits_into_a_cookie() {
        let long = Notice::done("ä".repeat(5_000), "\"".repeat(5_000)).sealed("one");
        assert!(long.len() < 3_000, "{}", long.len());
        assert!(read(&long, "one").is_some());
    }
}
