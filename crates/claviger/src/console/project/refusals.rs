//! What the use cases of a project refuse, in the words of its pages: by names in place of numbers, and with the way out.

use axum::http::StatusCode;
use claviger_access::Refusal;
use claviger_access::effective;
use claviger_access::identity::ProjectId;

use super::spot::Spot;
use super::{Shown, organization_of};
use crate::api::failure::status_of;
use crate::console::error_page::ErrorPage;
use crate::console::frame::Link;
use crate::console::place::{Place, ProjectPage};
use crate::console::project_role;
use crate::console::refused::{Wanted, refused, unwritten};
use crate::console::service_accounts::row::short;
use crate::console::signed_in::SignedIn;
use crate::console::words;
use crate::writer::WriteError;

/// What may have become of what is not there.
const GONE: &str = "It may have been deleted.";

/// What to do where nothing more fits.
const FULL: &str = "Delete one first.";

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

/// The page that says what was refused. In the title of what was wanted, `{}` is the project.
pub(super) fn refused_there(
    signed_in: &SignedIn,
    (project, page): (ProjectId, ProjectPage),
    wanted: &Wanted,
    refusal: &Refusal,
) -> ErrorPage {
    let general = || refused(signed_in, Place::Project(project, page), wanted, refusal);
    match refusal {
        Refusal::AddressNotAllowed { .. } | Refusal::NoSuchOrganization { .. } | Refusal::NoSuchProject { .. } => {
            general()
        }
        // It says who may; where they are is not for him.
        Refusal::PermissionMissing { .. } => general().in_place_of(title(signed_in, project, wanted), Vec::new()),
        _ => {
            let told = told(signed_in, project, refusal);
            let (strong, more) = told.unwrap_or_else(|| (words::sentence(&refusal.to_string()), String::new()));
            let status = match status_of(refusal) {
                // The session ended in the same moment.
                StatusCode::UNAUTHORIZED => StatusCode::FORBIDDEN,
                status => status,
            };
            let more = if status == StatusCode::NOT_FOUND { more } else { format!("Nothing was changed. {more}") };
            undone(signed_in, (project, page), wanted, status, &strong, more.trim())
        }
    }
}

/// The page for what was not done, which leads back to where it was asked for. Whoever asks sees the project.
pub(super) fn undone(
    signed_in: &SignedIn,
    (project, page): (ProjectId, ProjectPage),
    wanted: &Wanted,
    status: StatusCode,
    strong: &str,
    more: &str,
) -> ErrorPage {
    let (path, text) = (page.path(project), page.label().to_owned());
    let is_open = page.is_open(signed_in, project);
    let crumbs = is_open.then(|| Link { path: path.clone(), text, is_current: false }).into_iter().collect();
    let undone = ErrorPage::not_done(status, wanted.title, strong, more)
        .in_place_of(title(signed_in, project, wanted), crumbs)
        .inside(signed_in, Place::Project(project, page));
    if is_open { undone.leads_to(&path, &format!("Back to {}", page.label())) } else { undone }
}

/// Names the project to members of its organization.
fn title(signed_in: &SignedIn, project: ProjectId, wanted: &Wanted) -> String {
    let is_his = organization_of(signed_in, project).is_ok();
    let known = signed_in.held.project(project).filter(|_| is_his);
    wanted.title.replace("{}", known.map_or("the project", |known| &known.name))
}

/// The place that a form names. A text that is no number is told like a workspace that is not there.
pub(super) fn there(
    signed_in: &SignedIn,
    (project, page): (ProjectId, ProjectPage),
    wanted: &Wanted,
    spot: Option<Spot>,
) -> Result<Spot, ErrorPage> {
    let shown = Shown::or_why_not(signed_in, (project, page), wanted)?;
    spot.ok_or_else(|| {
        let strong = format!("No workspace with this number in {}.", shown.project.name);
        undone(signed_in, (project, page), wanted, StatusCode::NOT_FOUND, &strong, GONE)
    })
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
        Refusal::NoSuchRole { .. } => (format!("No role with this number in {}.", known.name), GONE.to_owned()),
        Refusal::NoSuchWorkspace { .. } => {
            (format!("No workspace with this number in {}.", known.name), GONE.to_owned())
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
        Refusal::PermissionAboveOwn { permission, .. } => {
            let strong = format!(
                "You do not hold {} in {}, so no role with it is yours to change.",
                permission.as_str(),
                known.name
            );
            (strong, "Ask somebody who holds it.".to_owned())
        }
        Refusal::DefaultWorkspace { workspace } => {
            let name = held.workspace(*workspace).map_or("", |workspace| &workspace.name);
            let more = "It is deleted with the project alone.".to_owned();
            (format!("{name} came with {}, so it stays.", known.name), more)
        }
        Refusal::LimitReached { things: "workspaces in one project", limit, .. } => {
            (format!("{} has {} workspaces, as many as fit.", known.name, words::count(*limit)), FULL.to_owned())
        }
        Refusal::LimitReached { things: "custom roles in one project", limit, .. } => {
            (format!("{} has {} custom roles, as many as fit.", known.name, words::count(*limit)), FULL.to_owned())
        }
        _ => return None,
    })
}
