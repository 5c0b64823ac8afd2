//! A form's body, as far as it can be told from what is none: what says that it is a form, and whose texts are UTF-8.
//!
//! What must stay true: bytes that are no text are refused, and never replaced by a sign that says so: two passwords that
//! differ would become one, and a name that nobody typed would be kept.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;

use super::Console;
use super::error_page::ErrorPage;

/// What a form says that it is.
const FORM: &str = "application/x-www-form-urlencoded";

/// The body of a form.
pub(super) async fn read(request: Request, console: &Console) -> Result<Bytes, ErrorPage> {
    if !says_form(request.headers()) {
        return Err(ErrorPage::unreadable_form());
    }
    let body = Bytes::from_request(request, console).await.map_err(|_| ErrorPage::unreadable_form())?;
    if is_text(&body) { Ok(body) } else { Err(ErrorPage::unreadable_form()) }
}

fn says_form(headers: &HeaderMap) -> bool {
    let said = headers.get(CONTENT_TYPE).and_then(|said| said.to_str().ok()).unwrap_or_default();
    said.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case(FORM))
}

/// Whether all its names and values are UTF-8 once they are decoded. What parts them is ASCII, which is a part of no
/// other character's bytes, so the whole is if each is.
pub(super) fn is_text(encoded: &[u8]) -> bool {
    let mut decoded = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    while let Some((byte, after)) = rest.split_first() {
        let escaped = after.first_chunk::<2>().filter(|_| *byte == b'%').and_then(|digits| unescaped(*digits));
        decoded.push(escaped.unwrap_or(*byte));
        rest = if escaped.is_some() { &after[2..] } else { after };
    }
    std::str::from_utf8(&decoded).is_ok()
}

/// The byte that two digits stand for.
fn unescaped(digits: [u8; 2]) -> Option<u8> {
    let [high, low] = digits.map(|digit| char::from(digit).to_digit(16));
    u8::try_from(high? * 16 + low?).ok()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn only_utf_8_is_text() {
        for text in ["", "a=b&c=d", "a=%C3%A9&b=%c3%a9", "é=é", "a=%", "a=%4", "a=%zz%C3%A9", "a=%25C3", "a=%00"] {
            assert!(is_text(text.as_bytes()), "{text}");
        }
        for other in ["a=%C3", "a=%FF", "a=%C3&b=%A9", "a=%C3=%A9", "%E9=a", "a=%C3+%A9", "a=%ED%A0%80", "a=%C0%80"] {
            assert!(!is_text(other.as_bytes()), "{other}");
        }
        assert!(!is_text(b"a=\xe9"));
    }

    #[test]
    fn a_form_says_so_in_letters_of_any_size() {
        for (said, is_form) in [
            ("application/x-www-form-urlencoded", true),
            ("Application/X-WWW-Form-URLEncoded", true),
            ("application/x-www-form-urlencoded; charset=UTF-8", true),
            ("application/x-www-form-urlencoded2", false),
            ("multipart/form-data; boundary=x", false),
            ("text/plain", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(said));
            assert_eq!(says_form(&headers), is_form, "{said}");
        }
        assert!(!says_form(&HeaderMap::new()));
    }
}
