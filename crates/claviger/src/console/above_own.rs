//! What is said where somebody would give, take or touch more than he holds himself, or the last owner would go.

use claviger_access::Refusal;
use claviger_access::authorize::Scope;

use super::error_page::ErrorPage;
use super::place::Place;
use super::refused::{Wanted, unwritten};
use super::signed_in::SignedIn;
use super::words;
use crate::api::failure::status_of;
use crate::writer::WriteError;

/// Why, in the words of the console; none for what is refused otherwise.
pub(super) fn told(signed_in: &SignedIn, refusal: &Refusal) -> Option<String> {
    let held = &signed_in.held;
    match refusal {
        Refusal::LastOwner { organization, .. } => {
            let name = held.organization(*organization).map_or("The organization", |known| &known.name);
            Some(format!("{name} needs an owner who is a person. Make someone else owner first."))
        }
        Refusal::RoleAboveOwn { own, scope, .. } if own == "none" => {
            Some(format!("You have no role in {}, so you can give none there.", place_of(signed_in, *scope)))
        }
        Refusal::RoleAboveOwn { own, scope, .. } => {
            let (own, place) = (label(own), place_of(signed_in, *scope));
            Some(format!("You are {own} of {place}, so you can give roles up to {own} there."))
        }
        Refusal::AccountAboveOwn { account, role, scope } => {
            let name = held.principal(*account).map_or("This user", |view| view.name());
            Some(above(signed_in, name, role, *scope))
        }
        Refusal::TeamAboveOwn { team, role, scope } => {
            let name = held.team(*team).map_or("This team", |team| &team.name);
            Some(above(signed_in, name, role, *scope))
        }
        _ => None,
    }
}

fn above(signed_in: &SignedIn, name: &str, role: &str, scope: Scope) -> String {
    let (role, place) = (label(role), place_of(signed_in, scope));
    format!("{name} is {role} of {place}, which is above your own role there. Ask somebody who holds it.")
}

fn label(role: &str) -> String {
    words::label(&role.replace('_', " "))
}

fn place_of(signed_in: &SignedIn, scope: Scope) -> &str {
    let held = &signed_in.held;
    match scope {
        Scope::Organization(id) => held.organization(id).map_or("the organization", |known| &known.name),
        Scope::Project(id) => held.project(id).map_or("the project", |known| &known.name),
    }
}

/// The page for a write that was refused or was not done, in these words where they fit.
pub(super) fn not_written(signed_in: &SignedIn, place: Place, wanted: &Wanted, error: &WriteError) -> ErrorPage {
    if let WriteError::Refused(refusal) = error
        && let Some(strong) = told(signed_in, refusal)
    {
        let page = ErrorPage::not_done(status_of(refusal), wanted.title, &strong, "Nothing was changed.");
        return page.inside(signed_in, place);
    }
    unwritten(signed_in, place, wanted, error)
}
