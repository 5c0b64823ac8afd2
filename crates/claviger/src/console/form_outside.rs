//! Forms outside a session: what they are bound to.

use axum::http::HeaderMap;
use axum::http::header::SET_COOKIE;
use axum::response::Response;

use super::Transport;
use super::cookies::Cookie;
use super::error_page::ErrorPage;
use super::form;
use crate::random;

/// A form can be sent so long after it was shown.
const LIFETIME_S: u64 = 60 * 60;

/// The cookie that the browser has, or is given.
pub(super) struct BoundTo {
    value: String,
    transport: Transport,
}

impl BoundTo {
    /// The one of this request's browser.
    pub(super) fn of(headers: &HeaderMap, transport: Transport) -> Result<Self, ErrorPage> {
        let kept = Cookie::Form.read(headers, transport).map(str::to_owned);
        let value = match kept {
            Some(kept) => kept,
            None => random::form_key().map_err(|_| ErrorPage::without_randomness())?,
        };
        Ok(Self { value, transport })
    }

    /// The token of the forms on the page.
    pub(super) fn token(&self) -> String {
        form::token(&self.value)
    }

    /// The page, which gives the browser its cookie.
    pub(super) fn given_with(&self, mut response: Response) -> Response {
        if let Some(cookie) = Cookie::Form.set(self.transport, &self.value, LIFETIME_S) {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        response
    }
}
