//! What the rules refuse somebody who is signed in, as pages say it.
//!
//! What belongs to an organization that he is no member of is not there for him; of what he may see but not do, he is told
//! who may.

use axum::http::StatusCode;
use claviger_access::Refusal;
use claviger_access::authorize::Scope;
use claviger_access::directory::{Organization, PrincipalView};
use claviger_access::effective;
use claviger_access::permission::Permission;
use claviger_access::role::{OrganizationRole, Role};

use super::error_page::ErrorPage;
use super::place::Place;
use super::signed_in::SignedIn;
use super::{frame, words};
use crate::api::failure::status_of;
use crate::writer::WriteError;

/// So many are named of those who may do what somebody may not.
const NAMED_MAX: usize = 5;

/// What somebody wanted: the page's title, and a verb with its object as it follows "Only owners and admins of Acme",
/// such as "see its service accounts".
pub(super) struct Wanted {
    pub title: &'static str,
    pub deed: &'static str,
}

/// The page that says so.
pub(super) fn refused(signed_in: &SignedIn, place: Place, wanted: &Wanted, refusal: &Refusal) -> ErrorPage {
    match refusal {
        Refusal::AddressNotAllowed { .. } => ErrorPage::not_from_here().inside(signed_in, Place::Own),
        Refusal::PermissionMissing { permission, scope } => {
            not_permitted(signed_in, place, wanted, *permission, *scope)
        }
        Refusal::NoSuchOrganization { .. } => ErrorPage::no_such_organization().inside(signed_in, Place::Own),
        Refusal::NoSuchProject { .. } => ErrorPage::no_such_project().inside(signed_in, Place::Own),
        other => {
            let strong = words::sentence(&other.to_string());
            let status = match status_of(other) {
                // The session ended in the same moment.
                StatusCode::UNAUTHORIZED => StatusCode::FORBIDDEN,
                status => status,
            };
            ErrorPage::not_done(status, wanted.title, &strong, "Nothing was changed.").inside(signed_in, place)
        }
    }
}

/// A write that was refused, was not done, or may have been.
pub(super) fn unwritten(signed_in: &SignedIn, place: Place, wanted: &Wanted, error: &WriteError) -> ErrorPage {
    match error {
        WriteError::Refused(refusal) => refused(signed_in, place, wanted, refusal),
        other => ErrorPage::unwritten(other, &signed_in.origin).inside(signed_in, place),
    }
}

fn not_permitted(
    signed_in: &SignedIn,
    place: Place,
    wanted: &Wanted,
    permission: Permission,
    scope: Scope,
) -> ErrorPage {
    let held = &signed_in.held;
    let view = signed_in.view();
    let organization = match scope {
        Scope::Organization(id) => held.organization(id),
        Scope::Project(id) => frame::organization_of(signed_in, id).and_then(|id| held.organization(id)),
    };
    let (Some(known), Some(view)) = (organization, view) else {
        return ErrorPage::no_such_organization().inside(signed_in, Place::Own);
    };
    let (who, his) = match scope {
        Scope::Organization(_) => (
            format!("{} of {}", may_in_organization(permission), known.name),
            effective::organization_role(&view, known.id).map(words::role).map(str::to_lowercase),
        ),
        Scope::Project(id) => (
            format!("{} of {}", may_in_project(permission), held.project(id).map_or("", |project| &project.name)),
            effective::project_role(held, &view, id).map(|role| words::project_role(held, role).to_lowercase()),
        ),
    };
    let strong = format!("Only {who} {}.", wanted.deed);
    let article = |role: &str| if role.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    let own = his.map_or_else(String::new, |role| format!("You are {} {role}.", article(&role)));
    let more = format!("{own}{}", whom_to_ask(signed_in, known, permission, scope));
    ErrorPage::not_allowed(wanted.title, &strong, more.trim()).inside(signed_in, place)
}

fn may_in_organization(permission: Permission) -> String {
    let roles = [OrganizationRole::Owner, OrganizationRole::Admin, OrganizationRole::BillingAdmin];
    let may = roles.into_iter().filter(|role| role.permissions().contains(&permission));
    words::listed(may.map(|role| format!("{}s", words::role(role).to_lowercase())))
}

fn may_in_project(permission: Permission) -> String {
    let may = Role::ALL.into_iter().rev().filter(|role| role.permissions().contains(&permission));
    words::listed(may.map(|role| format!("{}s", role.name())))
}

/// People of the organization who may.
fn whom_to_ask(signed_in: &SignedIn, known: &Organization, permission: Permission, scope: Scope) -> String {
    let held = &signed_in.held;
    let people = known.people.iter().filter_map(|id| held.principal(*id));
    let may = people.filter(|view| is_allowed(signed_in, view, permission, scope));
    let names: Vec<&str> = may.take(NAMED_MAX).map(|view| view.name()).collect();
    if names.is_empty() { String::new() } else { format!(" Ask one of them: {}.", names.join(", ")) }
}

fn is_allowed(signed_in: &SignedIn, view: &PrincipalView<'_>, permission: Permission, scope: Scope) -> bool {
    let held = &signed_in.held;
    match scope {
        Scope::Organization(id) => {
            effective::organization_role(view, id).is_some_and(|role| role.permissions().contains(&permission))
        }
        Scope::Project(id) => held.project(id).is_some_and(|project| {
            effective::project_sources(held, view, project).any(|source| held.allows(source.role, permission))
        }),
    }
}
