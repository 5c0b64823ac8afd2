//! A form as a request's body (`application/x-www-form-urlencoded`), within the limits of any body.

use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;

use crate::api::body::{self, has_type};
use crate::api::failure::Failure;

/// A form, read and parsed. Unknown fields are ignored, a known one that comes twice is refused.
pub(in crate::api) struct Form<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Form<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Result<Self, Failure> {
        let types = request.headers().get_all(CONTENT_TYPE);
        if types.iter().any(|value| !has_type(value.as_bytes(), "application/x-www-form-urlencoded")) {
            let sentence =
                "send the body as Content-Type: application/x-www-form-urlencoded, or without a Content-Type";
            return Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_form_type", sentence));
        }
        let bytes = body::in_time(request.into_body(), body::LENGTH_MAX).await?;
        // The parser's own sentence may hold what was sent.
        serde_urlencoded::from_bytes(&bytes).map(Self).map_err(|_| {
            let sentence = "the form does not fit: a field is there twice, or holds something else than it should";
            Failure::bad_request("form_misfit", sentence)
        })
    }
}
