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
