//! The OpenAPI description, made from the code, and a page to browse it that needs no internet.

use std::collections::BTreeMap;

use axum::Router;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use claviger_wire::envelope;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    Components, ContentBuilder, InfoBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, Response as Described,
    ResponseBuilder,
};
use utoipa::{IntoResponses, PartialSchema, ToSchema};
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::failure::{self, Failure};

/// Where the description is served.
const DESCRIPTION_PATH: &str = "/api/openapi.json";

/// The page's own scripts and styles, and nothing from elsewhere.
const PAGE_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// What the routes are added to.
pub(super) fn preface() -> OpenApi {
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
    super::documented().into_openapi()
}

pub(super) fn router(description: OpenApi) -> Router {
    let json: Result<String, _> = description.to_json();
    let json = json.unwrap_or_else(|error| format!("{{\"error\": \"{error}\"}}"));
    let serve = move || {
        let json = json.clone();
        async move { ([(CONTENT_TYPE, "application/json")], json) }
    };
    let page = SwaggerUi::new("/api/docs")
        .config(Config::new([DESCRIPTION_PATH]).use_base_layout().try_it_out_enabled(false).validator_url("none"));
    let page = Router::from(page).layer(map_response(protect_page));
    Router::new()
        .route(DESCRIPTION_PATH, get(serve.clone()))
        .route(&format!("{DESCRIPTION_PATH}/"), get(serve))
        .merge(page)
        .method_not_allowed_fallback(failure::method_not_allowed)
}

/// What the page has no file for is answered as everywhere: its own answer would be empty or plain text.
async fn protect_page(mut response: Response) -> Response {
    if response.status().is_client_error() {
        return Failure::not_found().into_response();
    }
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, PAGE_POLICY);
    response
}

/// What any route may answer instead of doing what it is for.
pub(super) struct Refusals;

impl IntoResponses for Refusals {
    fn responses() -> BTreeMap<String, RefOr<Described>> {
        let failure = || ContentBuilder::new().schema(Some(Ref::from_schema_name(envelope::Failure::name()))).build();
        let described = |text: &str| {
            RefOr::T(ResponseBuilder::new().description(text).content("application/json", failure()).build())
        };
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
        .map(|(status, text)| (status.to_owned(), described(text)))
        .collect()
    }
}
