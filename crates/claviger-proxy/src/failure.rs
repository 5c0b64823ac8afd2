//! What a caller is told whose request went through, and got no answer from the upstream.
//!
//! What must stay true: nothing of where the upstream is, nor of what it sent, is in the answer.

use claviger::api::failure::Failure;
use http::StatusCode;
use pingora::{Error, ErrorSource, ErrorType};

/// No server of the upstream is well.
pub(crate) fn none_is_well() -> Failure {
    let sentence = "no server of the API behind this proxy is there; try again";
    Failure::new(StatusCode::SERVICE_UNAVAILABLE, "upstream_unavailable", sentence)
}

/// The target holds what cannot be passed on as it is.
pub(crate) fn not_passed_on() -> Failure {
    Failure::bad_request(
        "not_http",
        "the address of this request holds what must be encoded there, such as #; encode it",
    )
}

/// A fault of ours.
pub(crate) fn of_ours() -> Failure {
    let sentence = "a fault of this server; tell its operator the X-Request-Id of this answer";
    Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", sentence)
}

/// The answer to what the engine could not carry; `None` where nobody is there to be answered.
pub(crate) fn of(error: &Error) -> Option<Failure> {
    match (error.esource(), error.etype()) {
        (
            ErrorSource::Downstream,
            ErrorType::ReadError | ErrorType::WriteError | ErrorType::ConnectionClosed | ErrorType::WriteTimedout,
        ) => None,
        (ErrorSource::Downstream, ErrorType::ReadTimedout) => {
            let sentence = "the body of this request did not arrive in time";
            Some(Failure::new(StatusCode::REQUEST_TIMEOUT, "body_too_slow", sentence))
        }
        (ErrorSource::Downstream, _) => Some(Failure::not_http()),
        (
            ErrorSource::Upstream,
            ErrorType::ConnectTimedout
            | ErrorType::TLSHandshakeTimedout
            | ErrorType::ReadTimedout
            | ErrorType::WriteTimedout,
        ) => {
            let sentence = "the API behind this proxy did not answer in time";
            Some(Failure::new(StatusCode::GATEWAY_TIMEOUT, "upstream_timed_out", sentence))
        }
        (ErrorSource::Upstream, _) => {
            let sentence = "the API behind this proxy could not be reached, or its answer could not be read";
            Some(Failure::new(StatusCode::BAD_GATEWAY, "upstream_failed", sentence))
        }
        (ErrorSource::Internal | ErrorSource::Unset, _) => Some(of_ours()),
    }
}
