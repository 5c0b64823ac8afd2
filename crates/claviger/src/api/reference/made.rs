//! The description, made from the code. What is served is a file of it: what makes it would be a twentieth of the program.

mod check;

use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Components, HttpMethod, InfoBuilder, OpenApi, OpenApiBuilder};
use utoipa::{PartialSchema, ToSchema};
use utoipa_axum::router::OpenApiRouter;

use claviger_wire::envelope;

use super::DESCRIPTION;
use crate::api::{OLDER, PATHS};

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

fn description() -> OpenApi {
    let routes = PATHS
        .iter()
        .chain(OLDER)
        .fold(OpenApiRouter::with_openapi(preface()), |router, routed| router.routes((routed.described)()));
    let mut description = routes.into_openapi();
    description.paths.add_path_operation(check::PATH, vec![HttpMethod::Get], check::operation());
    description
}

/// Written anew with `INSTA_UPDATE=always`, as all that tests compare with.
#[test]
fn the_file_is_what_the_code_says() {
    let description = description();
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        let mut text = Vec::new();
        let form = serde_json::ser::PrettyFormatter::with_indent(b" ");
        serde::Serialize::serialize(&description, &mut serde_json::Serializer::with_formatter(&mut text, form))
            .expect("text");
        text.push(b'\n');
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/openapi.json");
        return std::fs::write(file, text).expect("written");
    }
    let made = serde_json::to_value(description).expect("a description");
    let file: serde_json::Value = serde_json::from_str(DESCRIPTION).expect("JSON");
    for (part, made) in made.as_object().expect("an object") {
        assert_eq!(&file[part], made, "{part}: write the file anew with INSTA_UPDATE=always");
    }
    assert_eq!(file.as_object().map(serde_json::Map::len), made.as_object().map(serde_json::Map::len));
}

/// Handlers that are named together answer at one path.
#[test]
fn what_is_routed_together_is_of_one_path() {
    for routed in PATHS.iter().chain(OLDER) {
        let (_, paths, _) = (routed.described)();
        assert_eq!(paths.paths.keys().collect::<Vec<_>>(), [&(routed.path)()]);
    }
}
