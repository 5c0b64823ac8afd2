//! What the use cases of a project refuse, in the words of its pages: by names in place of numbers, and with the way out.

use axum::http::StatusCode;
use claviger_access::Refusal;
use claviger_access::effective;
use claviger_access::identity::ProjectId;

use crate::api::failure::status_of;
use crate::console::error_page::ErrorPage;
use crate::console::place::{Place, ProjectPage};
use crate::console::project_role;
use crate::console::refused::{Wanted, refused, unwritten};
use crate::console::service_accounts::row::short;
use crate::console::signed_in::SignedIn;
use crate::console::words;
use crate::writer::WriteError;

/// A write of a project's page that was refused, was not done, or may have been.
pub(super) fn unwritten_there(
    signed_in: &SignedIn,
    (project, page): (ProjectId, ProjectPage),
    wanted: &Wanted,
    error: &WriteError,
) -> ErrorPage {
    match error {
        WriteError::Refused(refusal) => refused_there(signed_in, (project, page), wanted, refusal),
        other => unwritten(signed_in, Place::Project(project, page), wanted, other),
    }
}

/// The page that says what was refused.
pub(super) fn refused_there(
    signed_in: &SignedIn,
    (project, page): (ProjectId, ProjectPage),
    wanted: &Wanted,
    refusal: &Refusal,
) -> ErrorPage {
    let place = Place::Project(project, page);
    let Some((strong, more)) = told(signed_in, project, refusal) else {
        return refused(signed_in, place, wanted, refusal);
    };
    let status = status_of(refusal);
    let more = if status == StatusCode::NOT_FOUND { more } else { format!("Nothing was changed. {more}") };
    ErrorPage::not_done(status, wanted.title, &strong, &more).inside(signed_in, place)
}

/// What is said, and what follows from it; `None` where the rule's own sentence says it.
fn told(signed_in: &SignedIn, project: ProjectId, refusal: &Refusal) -> Option<(String, String)> {
    let held = &signed_in.held;
    let known = held.project(project)?;
    let organization = &held.organization(known.organization)?.name;
    let gone = "It may have been deleted, or belong to another organization of yours.".to_owned();
    let above = |who: String, role: &str| {
        let role = project_role::read(role).map_or_else(String::new, |role| words::project_role(held, role));
        let strong = format!("{who} is {role} of {}, which is above your own role there.", known.name);
        (strong, format!("Ask somebody who holds {role}."))
    };
    Some(match refusal {
        Refusal::NoSuchServiceAccount { .. } => {
            (format!("No service account with this number in {organization}."), gone)
        }
        Refusal::NoSuchMember { .. } => (
            format!("No member with this number in {organization}."),
            "They may have left, or never been one.".to_owned(),
        ),
        Refusal::NoSuchTeam { .. } => (format!("No team with this number in {organization}."), gone),
        Refusal::NoSuchRole { .. } => {
            (format!("No role with this number in {}.", known.name), "It may have been deleted.".to_owned())
        }
        Refusal::NoSuchWorkspace { .. } => {
            (format!("No workspace with this number in {}.", known.name), "It may have been deleted.".to_owned())
        }
        Refusal::RoleAboveOwn { .. } => {
            let own = effective::project_role(held, &signed_in.view()?, project)?;
            let own = words::project_role(held, own);
            let strong = format!("You are {own} of {}, so you can give roles up to {own} there.", known.name);
            (strong, "Ask somebody who holds the role.".to_owned())
        }
        Refusal::AccountAboveOwn { account, role, .. } => {
            above(short(held.principal(*account).map_or("", |view| view.name())).to_owned(), role)
        }
        Refusal::TeamAboveOwn { team, role, .. } => {
            above(format!("Team {}", held.team(*team).map_or("", |team| &team.name)), role)
        }
        Refusal::DefaultWorkspace { workspace } => {
            let name = held.workspace(*workspace).map_or("", |workspace| &workspace.name);
            let more = "It is deleted with the project alone.".to_owned();
            (format!("{name} came with {}, so it stays.", known.name), more)
        }
        _ => return None,
    })
}
