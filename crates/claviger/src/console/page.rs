//! From a template to an answer.

use askama::Template;
use axum::http::header::REFERRER_POLICY;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};

/// A page with this status. Its forms are told from those of other sites by where they come from, so browsers must tell
/// this server, and nobody else.
pub(super) fn page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(text) => (status, [(REFERRER_POLICY, HeaderValue::from_static("same-origin"))], Html(text)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be made");
            (StatusCode::INTERNAL_SERVER_ERROR, "a fault of this server").into_response()
        }
    }
}

/// A page whose address holds a token: what is loaded or led to from it learns where it is from, and not the address. A form
/// of it still says where it comes from, which it does not where browsers are to say nothing.
pub(super) fn page_of_a_link(status: StatusCode, template: &impl Template) -> Response {
    let mut response = page(status, template);
    response.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static("strict-origin"));
    response
}
