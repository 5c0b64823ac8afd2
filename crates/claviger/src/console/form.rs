//! Forms that were sent by a page of ours.
//!
//! Each form carries a token: a keyed digest, whose key is the value of a cookie that the page was made for. Another site
//! can send our forms, with our cookies at worst, but cannot read either. The cookie is the session's, and outside a
//! session one that lives for an hour.
//!
//! What must stay true: a form's fields reach a handler only by [`Checked`], or by
//! [`Submitted`](super::submitted::Submitted) where somebody is signed in.

use axum::extract::{FromRequest, Request};
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::Console;
use super::cookies::Cookie;
use super::earlier_forms::EarlierForms;
use super::error_page::ErrorPage;
use super::form_body;

/// What is digested, so that a form's token is none of anything else.
const PURPOSE: &[u8] = b"claviger console form 1";

/// What is digested before a text, so that its seal is no form's token.
const SEAL_PURPOSE: &[u8] = b"claviger console seal 1\n";

/// The token of the forms of a page that is made for this cookie.
pub(super) fn token(cookie: &str) -> String {
    digest(cookie, &[PURPOSE])
}

/// Shows that a text was written for pages whose forms have this token.
pub(super) fn seal(token: &str, text: &str) -> String {
    digest(token, &[SEAL_PURPOSE, text.as_bytes()])
}

/// Whether it was.
pub(super) fn is_sealed(token: &str, text: &str, sent: &str) -> bool {
    is_same(&seal(token, text), sent)
}

fn digest(key: &str, parts: &[&[u8]]) -> String {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) else { return String::new() };
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether it is the token of a page that was made for this cookie.
pub(super) fn is_of(sent: &str, cookie: &str) -> bool {
    is_same(&token(cookie), sent)
}

/// Whether two tokens or seals are the same, in a time that does not tell where they differ.
pub(super) fn is_same(expected: &str, sent: &str) -> bool {
    !expected.is_empty() && bool::from(expected.as_bytes().ct_eq(sent.as_bytes()))
}

/// What a form holds beside its token.
pub(super) trait Fields: DeserializeOwned + Send {
    /// The cookie that the form is bound to.
    const BOUND_TO: Cookie;
    /// Whether it is done as well if the session has gone on under another token since the form was shown.
    const IS_DONE_FROM_EARLIER: bool = false;
}

/// The fields of a form that a page of ours has sent.
pub(super) struct Checked<F> {
    pub fields: F,
    /// The token of the page's forms.
    pub form_token: String,
}

#[derive(Deserialize)]
struct Sent<F> {
    #[serde(default)]
    form_token: String,
    #[serde(flatten)]
    fields: F,
}

impl<F: Fields> FromRequest<Console> for Checked<F> {
    type Rejection = ErrorPage;

    async fn from_request(request: Request, console: &Console) -> Result<Self, ErrorPage> {
        let cookie = F::BOUND_TO.read(request.headers(), console.transport).map(str::to_owned);
        let earlier = match (F::BOUND_TO, &cookie) {
            (Cookie::Session, Some(cookie)) => EarlierForms::read(request.headers(), console.transport, &token(cookie)),
            _ => EarlierForms::default(),
        };
        let body = form_body::read(request, console).await?;
        let sent = serde_urlencoded::from_bytes(&body);
        let Sent { form_token, fields } = sent.map_err(|_| ErrorPage::unreadable_form())?;
        match cookie {
            Some(cookie) if is_of(&form_token, &cookie) => Ok(Self { fields, form_token }),
            _ if earlier.has(&form_token) && F::IS_DONE_FROM_EARLIER => Ok(Self { fields, form_token }),
            _ if earlier.has(&form_token) => Err(ErrorPage::earlier_form()),
            _ => Err(ErrorPage::stale_form()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_of_its_cookie_alone() {
        let made = token("one");
        assert_eq!(made.len(), 64);
        assert!(is_of(&made, "one"));
        for (sent, cookie) in [(made.as_str(), "two"), ("", "one"), (&made[1..], "one"), ("one", "one")] {
            assert!(!is_of(sent, cookie), "{sent} {cookie}");
        }
        assert!(!is_of(&made.to_uppercase(), "one"));
    }
}
