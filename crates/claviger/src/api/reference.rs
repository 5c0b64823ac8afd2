//! The OpenAPI description, made from the code, and a page to browse it that needs no internet.

mod check;

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::sync::LazyLock;

use axum::Router;
use axum::body::{Bytes, to_bytes};
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
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    Components, ContentBuilder, HttpMethod, InfoBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, Response as Described,
    ResponseBuilder,
};
use utoipa::{IntoResponses, PartialSchema, ToSchema};
use utoipa_axum::router::OpenApiRouter;
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

/// What the routes are added to.
fn preface() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Claviger")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Service accounts for any product. Authenticate with HTTP Basic: `username:secret`, base64-encoded or as \
             plain text. Every path answers with and without a trailing slash.",
        ))
        .build();
    let mut components = Components::new();
    components.add_security_scheme("basic", SecurityScheme::Http(Http::new(HttpAuthScheme::Basic)));
    components.schemas.insert(envelope::Failure::name().into_owned(), envelope::Failure::schema());
    let mut schemas = Vec::new();
    envelope::Failure::schemas(&mut schemas);
    components.schemas.extend(schemas);
    OpenApiBuilder::new()
        .info(info)
        .components(Some(components))
        .security(Some([SecurityRequirement::new("basic", Vec::<String>::new())]))
        .build()
}

/// The whole description, as it is served.
pub fn description() -> OpenApi {
    let routes = super::documented().fold(OpenApiRouter::with_openapi(preface()), OpenApiRouter::routes);
    let mut description = routes.into_openapi();
    description.paths.add_path_operation(check::PATH, vec![HttpMethod::Get], check::operation());
    description
}

/// Made when somebody asks first: what it takes is not taken of every server.
static DESCRIPTION: LazyLock<Bytes> = LazyLock::new(|| {
    let json = description().to_json();
    Bytes::from(json.unwrap_or_else(|error| format!("{{\"error\": \"{error}\"}}")))
});

pub(super) fn router() -> Router {
    let serve = || async { ([(CONTENT_TYPE, "application/json")], DESCRIPTION.clone()) };
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
