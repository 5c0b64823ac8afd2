//! What Envoy is told becomes of the request.
//!
//! What must stay true: each header overwrites the caller's own of that name, also where its value is empty; a refusal
//! says so twice, by its code and by the answer that the caller gets.

use axum::http::{HeaderMap, StatusCode};
use envoy_types::ext_authz::v3::pb::{
    CheckResponse, DeniedHttpResponse, HeaderAppendAction, HeaderValue, HeaderValueOption, HttpResponse, HttpStatus,
    OkHttpResponse,
};
use envoy_types::pb::google::rpc;
use tonic::Code;

/// It goes through, with these headers, and without those that are named.
pub(super) fn passes(told: &HeaderMap, to_remove: Vec<String>) -> CheckResponse {
    let ours = told.iter().filter(|(name, _)| name.as_str().starts_with("x-claviger-"));
    let passes = OkHttpResponse {
        headers: ours.filter_map(|(name, value)| overwriting(name.as_str(), value.as_bytes())).collect(),
        headers_to_remove: to_remove,
        ..OkHttpResponse::default()
    };
    response(Code::Ok, HttpResponse::OkResponse(passes))
}

/// The caller is answered this.
pub(super) fn refused(status: StatusCode, headers: &HeaderMap, body: String) -> CheckResponse {
    let refused = DeniedHttpResponse {
        status: Some(HttpStatus { code: status.as_u16().into() }),
        headers: headers.iter().filter_map(|(name, value)| overwriting(name.as_str(), value.as_bytes())).collect(),
        body,
    };
    let code = match status {
        StatusCode::BAD_REQUEST => Code::InvalidArgument,
        StatusCode::UNAUTHORIZED => Code::Unauthenticated,
        StatusCode::TOO_MANY_REQUESTS => Code::ResourceExhausted,
        StatusCode::SERVICE_UNAVAILABLE => Code::Unavailable,
        status if status.is_server_error() => Code::Internal,
        _ => Code::PermissionDenied,
    };
    response(code, HttpResponse::DeniedResponse(refused))
}

fn response(code: Code, http: HttpResponse) -> CheckResponse {
    let status = rpc::Status { code: code.into(), ..rpc::Status::default() };
    CheckResponse { status: Some(status), http_response: Some(http), ..CheckResponse::default() }
}

fn overwriting(name: &str, value: &[u8]) -> Option<HeaderValueOption> {
    let value = std::str::from_utf8(value).ok()?;
    let header = HeaderValue { key: name.to_owned(), value: value.to_owned(), ..HeaderValue::default() };
    Some(HeaderValueOption {
        header: Some(header),
        append_action: HeaderAppendAction::OverwriteIfExistsOrAdd.into(),
        keep_empty_value: true,
        ..HeaderValueOption::default()
    })
}
