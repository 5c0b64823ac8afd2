//! The check as the API's description has it: it is answered by the gateway side, before any router is asked, so nothing
//! there describes it.

use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, OperationBuilder, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{Object, Schema, Type};
use utoipa::openapi::{RefOr, Required, ResponseBuilder};

use crate::api::reference::refusal;

/// Where gateways ask.
pub(super) const PATH: &str = "/auth/check";

/// What may be asked for in the query.
const ASKED: [(&str, &str); 4] = [
    ("project", "a project, by its id or its slug: reach it"),
    ("workspace", "a workspace, by its id: reach it"),
    ("role", "have this built-in role there, or a higher one: owner, admin, analyst or consumer"),
    ("permission", "have this permission there, such as reports:export"),
];

/// Headers of a 200, for the upstream.
const TOLD: [(&str, &str); 7] = [
    ("X-Claviger-Principal", "the account's id"),
    ("X-Claviger-Username", "its username"),
    ("X-Claviger-Organization", "the id of its organization"),
    ("X-Claviger-Project", "the id of the project that was asked about"),
    ("X-Claviger-Workspace", "the id of the workspace, where one was asked about"),
    ("X-Claviger-Role", "the highest role there: a built-in one, or the id of a custom one"),
    ("X-Claviger-Permissions", "all permissions there, with commas between"),
];

const REFUSED: [(&str, &str); 5] = [
    ("400", "the check itself is not right, such as a parameter that is misspelt; look at the gateway's configuration"),
    ("401", "no credential that counts"),
    ("403", "it does not go through; X-Claviger-Reason says why, as the body does"),
    ("429", "too many wrong credentials from this address, or under this name; Retry-After says how long"),
    ("503", "the directory is being loaded, or this node may not answer: refuse the request"),
];

const SUMMARY: &str = "Whether a request to somebody else's API goes through";

const DESCRIPTION: &str = "Asked by gateways, with the caller's headers and any method. Where the server has a route \
    table, the request is named in X-Forwarded-Method and X-Forwarded-Uri, and the query is empty.";

pub(super) fn operation() -> Operation {
    let text = || Schema::from(Object::with_type(Type::String));
    let asked = ASKED.map(|(name, what)| {
        let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Query).required(Required::False);
        parameter.description(Some(what)).schema(Some(text())).build()
    });
    let passes = ResponseBuilder::new().description("it goes through; the headers say who comes");
    let passes = TOLD.into_iter().fold(passes, |passes, (name, what)| {
        passes.header(name, HeaderBuilder::new().schema(Some(text())).description(Some(what)).build())
    });
    let operation = OperationBuilder::new().operation_id(Some("check")).tag("check").summary(Some(SUMMARY));
    let operation = operation.description(Some(DESCRIPTION)).parameters(Some(asked)).response("200", passes.build());
    let operation = REFUSED
        .into_iter()
        .fold(operation, |operation, (status, why)| operation.response(status, RefOr::T(refusal(why))));
    operation.build()
}
