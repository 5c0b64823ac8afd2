//! A JSON object as a request's body.
//!
//! Bounded in size and time. What does not fit is told by place and by what was expected, never by what was sent: a
//! secret in the wrong field must not come back in an error.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;

use super::failure::Failure;

/// A body must have arrived whole by then.
const ARRIVES_WITHIN: Duration = Duration::from_secs(20);

/// Most bytes of a body, where a route says nothing else.
pub(super) const LENGTH_MAX: usize = 64 * 1024;

/// Most bytes of a body that lists many things.
pub(super) const LIST_LENGTH_MAX: usize = 512 * 1024;

/// Most levels of nesting; the deepest body here has three.
const DEPTH_MAX: usize = 32;

/// A body, read and parsed.
pub(super) struct Body<T, const MAX: usize = LENGTH_MAX>(pub T);

impl<T, S, const MAX: usize> FromRequest<S> for Body<T, MAX>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Result<Self, Failure> {
        if request.headers().get_all(CONTENT_TYPE).iter().any(|value| !is_json(value.as_bytes())) {
            let sentence = "send the body as Content-Type: application/json, or without a Content-Type";
            return Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json_type", sentence));
        }
        parse(&in_time(request.into_body(), MAX).await?).map(Self)
    }
}

/// The whole of a body, if it is no longer than this and arrives in time.
pub(super) async fn in_time(body: axum::body::Body, length_max: usize) -> Result<Bytes, Failure> {
    match tokio::time::timeout(ARRIVES_WITHIN, read(body, length_max)).await {
        Ok(Ok(Some(bytes))) => Ok(bytes),
        Ok(Ok(None)) => {
            let sentence = format!("the body is longer than {length_max} bytes; send less at a time");
            Err(Failure::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", sentence))
        }
        Ok(Err(_)) => Err(Failure::bad_request("body_incomplete", "the body ended before its length; send it again")),
        Err(_) => {
            let within = ARRIVES_WITHIN.as_secs();
            let sentence = format!("the body did not arrive within {within} seconds; send it again");
            Err(Failure::bad_request("body_incomplete", sentence))
        }
    }
}

/// Reads a body of at most so many bytes; `None` where there are more.
async fn read(mut body: axum::body::Body, length_max: usize) -> Result<Option<Bytes>, axum::Error> {
    let mut read = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        if read.len() + data.len() > length_max {
            return Ok(None);
        }
        read.extend_from_slice(&data);
    }
    Ok(Some(read.into()))
}

fn is_json(content_type: &[u8]) -> bool {
    has_type(content_type, "application/json")
}

/// Whether a `Content-Type` is this one, in any case and with any parameters.
pub(super) fn has_type(content_type: &[u8], wanted: &str) -> bool {
    let essence = content_type.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    essence.eq_ignore_ascii_case(wanted.as_bytes())
}

fn parse<T: DeserializeOwned>(bytes: &Bytes) -> Result<T, Failure> {
    match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') if is_too_deep(bytes) => {
            let sentence = format!("the body nests deeper than {DEPTH_MAX} levels; nothing here takes that");
            Err(Failure::bad_request("body_too_deep", sentence))
        }
        Some(b'{') => serde_json::from_slice(bytes).map_err(|error| misfit(&error)),
        Some(_) => Err(Failure::bad_request("body_not_object", "the body must be one JSON object: {...}")),
        None => Err(Failure::bad_request("body_not_object", "the body is empty; send one JSON object: {...}")),
    }
}

/// Fields that nobody knows are skipped at any depth by the parser, so the depth is looked at first.
fn is_too_deep(bytes: &[u8]) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH_MAX {
            return true;
        }
    }
    false
}

fn misfit(error: &serde_json::Error) -> Failure {
    let place = format!("line {}, column {}", error.line(), error.column());
    if !error.is_data() {
        return Failure::bad_request("body_not_json", format!("the body is not JSON at {place}"));
    }
    let told = error.to_string();
    let told = told.split(" at line ").next().unwrap_or_default();
    // The last one is the parser's own: what was sent may hold the word as well.
    let what = match told.rfind("expected ").and_then(|from| told.get(from..)) {
        Some(what) if what.starts_with("expected struct ") => "expected an object",
        Some(what) => what,
        None if told.starts_with("missing field") || told.starts_with("duplicate field") => told,
        None => "something else was expected",
    };
    Failure::bad_request("body_misfit", format!("the body does not fit at {place}: {what}; see /api/docs"))
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;
    use claviger_wire::service_accounts::CreateServiceAccount;

    use super::*;

    fn told(body: &str) -> String {
        match parse::<CreateServiceAccount>(&Bytes::copy_from_slice(body.as_bytes())) {
            Ok(_) => "fits".to_owned(),
            Err(failure) => format!("{failure:?}"),
        }
    }

    #[test]
    fn what_was_sent_does_not_come_back() {
        for body in [
            r#"{"username": {"cvg_secret": 1}}"#,
            r#"{"username": "a", "role": "cvg_secret"}"#,
            r#"{"username": "a", "projects": "cvg_secret"}"#,
            r#"{"username": "a", "expires_in": "cvg_secret expected "}"#,
            r#"{"username": "a", "role": "expected cvg_secret"}"#,
            r#"{"username": "cvg_secret", "username": "cvg_secret"}"#,
        ] {
            let told = told(body);
            assert!(told.contains("body_misfit") && !told.contains("cvg_secret"), "{body}: {told}");
        }
    }

    #[test]
    fn what_was_expected_is_told_in_words_of_json() {
        let told = told(r#"{"username": "a", "projects": [1]}"#);
        assert!(told.contains("line 1, column 32: expected an object; see"), "{told}");
    }

    #[test]
    fn only_one_object_fits() {
        assert_eq!(told(r#" {"username": "a", "unknown": [1]} "#), "fits");
        for body in ["", "  ", "[]", "1", "null", "\"{}\""] {
            assert!(told(body).contains("body_not_object"), "{body}");
        }
        for body in
            ["{", "{\"username\": NaN}", "{\"username\": \"\\ud800\"}", "{\"username\": \"a\"}}", "{'username': 1}"]
        {
            assert!(told(body).contains("body_not_json"), "{body}: {}", told(body));
        }
        let nested =
            |depth| format!("{{\"username\": \"[[\\\"{{{{\", \"x\": {}1{}}}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(told(&nested(DEPTH_MAX - 1)), "fits");
        assert!(told(&nested(DEPTH_MAX)).contains("body_too_deep"));
        assert!(told(&nested(10_000)).contains("body_too_deep"));
        assert_eq!(Failure::bad_request("x", "y").into_response().status(), StatusCode::BAD_REQUEST);
    }

    #[test]
    fn json_has_one_type_with_any_parameters() {
        for yes in ["application/json", "Application/JSON; charset=utf-8", "application/json;"] {
            assert!(is_json(yes.as_bytes()), "{yes}");
        }
        for no in ["", "text/plain", "application/jsonp", "application/x-www-form-urlencoded", "multipart/form-data"] {
            assert!(!is_json(no.as_bytes()), "{no}");
        }
    }
}
