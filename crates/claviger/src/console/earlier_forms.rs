//! Forms that a session showed before it went on under another token, as one that stays open in another tab.
//!
//! A form's token is made of the session's, of which the server keeps a digest alone. Once the session goes on under
//! another, nothing here tells its earlier forms from one that was made up. So the browser keeps their tokens, in a cookie
//! beside the session's that is sealed with what only pages of the session know that goes on: nobody else can put one
//! there, any node reads it, and it is worth nothing with another session.
//!
//! What must stay true: it shows that a page of ours gave the form to this person in this browser, and nothing more. What
//! such a form asks for is never done, but shown, to be sent once more.

use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;

use super::cookies::Cookie;
use super::signed_in::SignedIn;
use super::{Transport, form, session};

/// A form is known over so many changes of the session's token.
const KNOWN_MAX: usize = 4;

/// What parts the seal and the tokens.
const PARTED_BY: &str = ".";

/// The tokens of a session's earlier forms, the latest first.
#[derive(Default)]
pub(super) struct EarlierForms(Vec<String>);

impl EarlierForms {
    /// Those of the session whose forms have this token now.
    pub(super) fn read(headers: &HeaderMap, transport: Transport, form_token: &str) -> Self {
        let sent = Cookie::EarlierForms.read(headers, transport).and_then(|sent| sent.split_once(PARTED_BY));
        let ours = sent.filter(|(seal, tokens)| form::is_sealed(form_token, &sealed_text(tokens), seal));
        Self(ours.map(|(_, tokens)| tokens.split(PARTED_BY).map(str::to_owned).collect()).unwrap_or_default())
    }

    /// Whether a form with this token is one of them.
    pub(super) fn has(&self, sent: &str) -> bool {
        self.0.iter().any(|known| form::is_same(known, sent))
    }

    /// What the cookie holds once forms have the second of these tokens in place of the first.
    fn sealed(&self, before: &str, now: &str) -> String {
        let known = self.0.iter().map(String::as_str);
        let tokens: Vec<&str> = std::iter::once(before).chain(known).take(KNOWN_MAX).collect();
        let tokens = tokens.join(PARTED_BY);
        format!("{}{PARTED_BY}{tokens}", form::seal(now, &sealed_text(&tokens)))
    }
}

/// So that the seal is none of anything else.
fn sealed_text(tokens: &str) -> String {
    format!("earlier forms\n{tokens}")
}

/// Lets a session go on in the browser under this token.
pub(super) fn go_on(transport: Transport, signed_in: &SignedIn, token: &str, mut response: Response) -> Response {
    let earlier = signed_in.earlier_forms.sealed(signed_in.form_token(), &form::token(token));
    let set = |cookie: Cookie, value: &str| cookie.set(transport, value, session::COOKIE_LIFETIME_S);
    let cookies: [Option<HeaderValue>; 2] = [set(Cookie::Session, token), set(Cookie::EarlierForms, &earlier)];
    cookies.into_iter().flatten().for_each(|cookie| {
        response.headers_mut().append(SET_COOKIE, cookie);
    });
    response
}

#[cfg(test)]
mod tests {
    use axum::http::header::COOKIE;

    use super::*;

    fn read(cookie: &str, form_token: &str) -> EarlierForms {
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, HeaderValue::from_str(&format!("claviger-earlier={cookie}")).expect("a value"));
        EarlierForms::read(&headers, Transport::Loopback, form_token)
    }

    #[test]
    fn the_forms_of_a_session_are_known_over_a_few_of_its_tokens_and_with_no_other_session() {
        let tokens = ["zero", "one", "two", "three", "four", "five"].map(form::token);
        let mut known = EarlierForms::default();
        for pair in tokens.windows(2) {
            let cookie = known.sealed(&pair[0], &pair[1]);
            assert!(cookie.len() < 400, "{cookie}");
            known = read(&cookie, &pair[1]);
            assert!(known.has(&pair[0]) && !known.has(&pair[1]) && !known.has(""), "{cookie}");
            assert!(!read(&cookie, &form::token("of another")).has(&pair[0]));
        }
        assert_eq!(
            tokens.iter().map(|token| known.has(token)).collect::<Vec<_>>(),
            [false, true, true, true, true, false]
        );
    }

    #[test]
    fn what_this_session_has_not_sealed_is_none_of_its_forms() {
        let (before, now, strange) = (form::token("before"), form::token("now"), form::token("strange"));
        let ours = EarlierForms::default().sealed(&before, &now);
        let (seal, tokens) = ours.split_once('.').expect("both");
        for bent in [
            format!("{seal}.{strange}"),
            format!("{seal}.{tokens}.{strange}"),
            format!("{}.{before}", form::seal(&before, &sealed_text(&before))),
            format!("{}.{before}", form::seal(&now, &before)),
            format!(".{before}"),
            before.clone(),
            String::new(),
        ] {
            let known = read(&bent, &now);
            assert!(!known.has(&before) && !known.has(&strange) && !known.has(""), "{bent}");
        }
        assert!(read(&ours, &now).has(&before));
    }
}
