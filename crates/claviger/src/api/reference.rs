//! The OpenAPI description, and a page to browse it that needs no internet.

#[cfg(test)]
mod made;

use std::collections::BTreeMap;
use std::io::{self, Read};

use axum::Router;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, VARY,
};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use claviger_wire::envelope;
use flate2::read::GzDecoder;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response as Described, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::failure::{self, Failure};

/// Where the description is served.
const DESCRIPTION_PATH: &str = "/api/openapi.json";

/// The page's own scripts and styles, and nothing from elsewhere.
const PAGE_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// No file of the page is as large, packed.
const PAGE_FILE_BYTES_MAX: usize = 1 << 20;

/// The whole description, as it is served. A test makes it from the code, and holds this against that.
pub const DESCRIPTION: &str = include_str!("../../assets/openapi.json");

pub(super) fn router() -> Router {
    let serve = || async { ([(CONTENT_TYPE, "application/json")], DESCRIPTION) };
    let page = SwaggerUi::new("/api/docs")
        .config(Config::new([DESCRIPTION_PATH]).use_base_layout().try_it_out_enabled(false).validator_url("none"));
    let page = Router::from(page).layer(from_fn(show_page));
    Router::new()
        .route(DESCRIPTION_PATH, get(serve))
        .route(&format!("{DESCRIPTION_PATH}/"), get(serve))
        .merge(page)
        .method_not_allowed_fallback(failure::method_not_allowed)
}

/// What the page has no file for is answered as everywhere: its own answer would be empty or plain text. Its files are kept
/// compressed, and unpacked for who does not say that he reads that.
async fn show_page(request: Request, next: Next) -> Response {
    let reads_gzip = reads_gzip(request.headers());
    let mut response = next.run(request).await;
    if response.status().is_client_error() {
        return Failure::not_found().into_response();
    }
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, PAGE_POLICY);
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept-encoding"));
    match response.headers().contains_key(CONTENT_ENCODING) && !reads_gzip {
        true => unpacked(response).await,
        false => response,
    }
}

/// As RFC 9110, section 12.5.3, says it; who says nothing is taken to read nothing but text.
fn reads_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|coding| {
        let (coding, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let is_refused = weight.trim().strip_prefix("q=").is_some_and(|weight| weight.parse() == Ok(0.0));
        coding.trim().eq_ignore_ascii_case("gzip") && !is_refused
    })
}

async fn unpacked(response: Response) -> Response {
    let (mut head, body) = response.into_parts();
    let mut file = Vec::new();
    let packed = to_bytes(body, PAGE_FILE_BYTES_MAX).await.map_err(io::Error::other);
    if let Err(error) = packed.and_then(|packed| GzDecoder::new(&*packed).read_to_end(&mut file)) {
        tracing::error!(%error, "a file of the API reference cannot be unpacked");
        return Failure::internal().into_response();
    }
    head.headers.remove(CONTENT_ENCODING);
    head.headers.remove(CONTENT_LENGTH);
    Response::from_parts(head, file.into())
}

/// A refusal in the envelope.
fn refusal(why: &str) -> Described {
    let failure = ContentBuilder::new().schema(Some(Ref::from_schema_name(envelope::Failure::name()))).build();
    ResponseBuilder::new().description(why).content("application/json", failure).build()
}

/// What any route may answer instead of doing what it is for.
pub(super) struct Refusals;

impl IntoResponses for Refusals {
    fn responses() -> BTreeMap<String, RefOr<Described>> {
        [
            ("400", "something in the request is not as it should be; the sentence says what"),
            ("401", "no credential that counts"),
            ("403", "the caller may see this, and may not do it"),
            ("404", "not there, or in an organization that the caller does not belong to"),
            ("405", "the path has other methods; Allow lists them"),
            ("409", "at odds with what there is"),
            ("413", "the body is too long"),
            ("415", "the body is no JSON by its Content-Type"),
            ("429", "too many writes or passwords are waiting; Retry-After says when to try again"),
            ("503", "the store is out of reach; Retry-After says when to try again"),
        ]
        .into_iter()
        .map(|(status, text)| (status.to_owned(), RefOr::T(refusal(text))))
        .collect()
    }
}
