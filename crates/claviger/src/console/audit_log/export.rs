//! The log as a file, with the filters of the page: the API's own stream, under a session.
//!
//! It is a link, for a file to come without leaving the page. What another site links to is led to the page instead: an
//! export is recorded, and takes one of few places.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use claviger_access::identity::{OrganizationId, ProjectId};

use super::asked::Asked;
use super::{Log, READ, TITLE};
use crate::api::audit_export::{self, NotBegun};
use crate::api::ids::PathId;
use crate::console::Console;
use crate::console::error_page::ErrorPage;
use crate::console::path::At;
use crate::console::refused::{refused, unwritten};
use crate::console::signed_in::SignedIn;

/// An organization's log.
pub(in crate::console) async fn of_organization(
    State(console): State<Console>,
    signed_in: SignedIn,
    At(PathId(organization)): At<PathId<OrganizationId>>,
    asked: Asked,
    headers: HeaderMap,
) -> Result<Response, ErrorPage> {
    export(console, &signed_in, Log::of_organization(organization), &asked, &headers).await
}

/// A project's log.
pub(in crate::console) async fn of_project(
    State(console): State<Console>,
    signed_in: SignedIn,
    At(PathId(project)): At<PathId<ProjectId>>,
    asked: Asked,
    headers: HeaderMap,
) -> Result<Response, ErrorPage> {
    export(console, &signed_in, Log::of_project(project), &asked, &headers).await
}

async fn export(
    console: Console,
    signed_in: &SignedIn,
    log: Log,
    asked: &Asked,
    headers: &HeaderMap,
) -> Result<Response, ErrorPage> {
    let permit = log.admit(signed_in)?;
    let known = signed_in.held.organization(permit.organization()).ok_or_else(ErrorPage::no_such_organization)?;
    if headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none") {
        return Ok(Redirect::to(&asked.address(&log.path(), &[])).into_response());
    }
    let filter = log.filter(signed_in, known, asked)?;
    let form = asked.form.ok_or_else(|| {
        let strong = "An export is csv or ndjson.";
        let page = ErrorPage::not_done(StatusCode::BAD_REQUEST, TITLE, strong, "");
        page.leads_to(&log.path(), "Back to the audit log").inside(signed_in, log.place)
    })?;
    let wanted = audit_export::Wanted { caller: signed_in.caller, scope: log.scope, filter, form };
    let begun = audit_export::begin(console.node, wanted, signed_in.write_request(known.id)).await;
    begun.map_err(|not_begun| match not_begun {
        NotBegun::NotHeld(not_held) => ErrorPage::not_held(not_held, &signed_in.origin),
        NotBegun::Refused(refusal) => refused(signed_in, log.place, &READ, &refusal),
        NotBegun::NotWritten(error) => unwritten(signed_in, log.place, &READ, &error),
        NotBegun::TooMany { max } => {
            let strong = format!("{} has {max} exports of its audit log open, as many as it may.", known.name);
            let page = ErrorPage::not_done(StatusCode::TOO_MANY_REQUESTS, TITLE, &strong, "Wait until one has ended.");
            page.leads_to(&log.path(), "Back to the audit log").inside(signed_in, log.place)
        }
    })
}
