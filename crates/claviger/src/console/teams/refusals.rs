//! What the use cases of a team refuse, in the words of its pages: by names in place of numbers, and with the way out.

use axum::http::StatusCode;
use claviger_access::Refusal;
use claviger_access::authorize::{ManageTeams, Scope};
use claviger_access::directory::{Organization, Team};
use claviger_access::identity::OrganizationId;

use super::path;
use crate::api::failure::status_of;
use crate::console::error_page::ErrorPage;
use crate::console::frame::Link;
use crate::console::place::may;
use crate::console::refused::{Wanted, unwritten};
use crate::console::signed_in::SignedIn;
use crate::console::{above_own, users_teams, words};
use crate::writer::WriteError;

/// A write to a team, or to the teams of an organization, that was refused, was not done, or may have been. In the title
/// of what was wanted, `{}` is the team.
pub(super) fn unwritten_there(
    signed_in: &SignedIn,
    (organization, team): (OrganizationId, Option<&Team>),
    wanted: &Wanted,
    error: &WriteError,
) -> ErrorPage {
    let known = signed_in.held.organization(organization);
    let told = match (error, known) {
        (WriteError::Refused(refusal), Some(known)) => told(signed_in, known, refusal).map(|told| (refusal, told)),
        _ => None,
    };
    match told {
        Some((refusal, (strong, more))) => {
            undone(signed_in, (organization, team), wanted, status_of(refusal), &strong, more)
        }
        None => {
            let page = unwritten(signed_in, users_teams::place(organization), wanted, error);
            // Who may is said in it; what the team is called is not for who may not.
            let is_his = matches!(error, WriteError::Refused(Refusal::PermissionMissing { .. }));
            if is_his { page.in_place_of(wanted.title.replace("{}", "a team"), Vec::new()) } else { page }
        }
    }
}

/// The page for what was not done, which leads back to where it was asked for.
pub(super) fn undone(
    signed_in: &SignedIn,
    (organization, team): (OrganizationId, Option<&Team>),
    wanted: &Wanted,
    status: StatusCode,
    strong: &str,
    more: &str,
) -> ErrorPage {
    let list = format!("{}?view=teams", users_teams::path(organization));
    let list = Link { path: list, text: "Users & Teams".to_owned(), is_current: false };
    let own = team.map(|team| Link { path: path(organization, team.id), text: team.name.clone(), is_current: false });
    let name = team.map_or("a team", |team| &team.name);
    let crumbs: Vec<Link> = [Some(list), own].into_iter().flatten().collect();
    let back = crumbs.last().map(|back| (back.path.clone(), format!("Back to {}", back.text)));
    let page = ErrorPage::not_done(status, wanted.title, strong, more)
        .in_place_of(wanted.title.replace("{}", name), crumbs)
        .inside(signed_in, users_teams::place(organization));
    match back {
        Some((path, text)) => page.leads_to(&path, &text),
        None => page,
    }
}

/// What is said, and what follows from it, to who manages the teams; `None` for what is said elsewhere.
fn told(signed_in: &SignedIn, known: &Organization, refusal: &Refusal) -> Option<(String, &'static str)> {
    const GONE: &str = "It may have been deleted.";
    const UNCHANGED: &str = "Nothing was changed.";
    if !may::<ManageTeams>(signed_in, Scope::Organization(known.id)) {
        return None;
    }
    let name = &known.name;
    Some(match refusal {
        Refusal::NoSuchTeam { .. } => (format!("No team with this number in {name}."), GONE),
        Refusal::NoSuchMember { .. } => {
            (format!("No person or service account with this number in {name}."), "It may have left, or been deleted.")
        }
        Refusal::NoSuchProject { .. } | Refusal::NoSuchWorkspace { .. } => {
            (format!("No project or workspace with this number in {name}."), GONE)
        }
        Refusal::LimitReached { things: "members in one team", limit, .. } => (
            format!("A team has at most {} members.", words::count(*limit)),
            "Nothing was changed. Remove somebody first.",
        ),
        Refusal::LimitReached { things: "teams of one member", limit, .. } => (
            format!("Nobody is in more than {} teams, and one of those you ticked would be.", words::count(*limit)),
            UNCHANGED,
        ),
        Refusal::LimitReached { things: "roles of one team", limit, .. } => {
            (format!("A team holds at most {} roles.", words::count(*limit)), "Nothing was changed. Revoke one first.")
        }
        Refusal::LimitReached { things: "teams", limit, .. } => {
            (format!("{name} has {} teams, as many as fit.", words::count(*limit)), "Delete one first.")
        }
        other => (above_own::told(signed_in, other)?, UNCHANGED),
    })
}
