//! What a person may do who signs in: his password is looked up, and his organizations are told.
//!
//! A permit says that somebody is a person with an organization to sign in to. It says nothing of his password: who asks
//! for a session must have seen that it is right.

use super::{Actor, Basis, Permit, Scope, SignIn};
use crate::directory::Directory;
use crate::effective;
use crate::email::EmailAddress;
use crate::identity::{OrganizationId, PrincipalId, PrincipalKind};

/// The person of that address, if he is a member of any organization.
pub fn sign_in(directory: &Directory, email: &EmailAddress) -> Option<Permit<SignIn>> {
    let person = directory.person_with_email(email)?.id;
    enter(directory, person).into_iter().next()
}

/// A permit for each organization that a person is a member of, in the order of their ids.
pub(crate) fn enter(directory: &Directory, person: PrincipalId) -> Vec<Permit<SignIn>> {
    let view = directory.principal(person);
    let view = view.filter(|view| view.kind() == PrincipalKind::Person && !view.is_deleted());
    let organizations = view.iter().flat_map(effective::organizations);
    organizations.map(|organization| permit(directory, person, organization)).collect()
}

fn permit(directory: &Directory, person: PrincipalId, organization: OrganizationId) -> Permit<SignIn> {
    let by = Actor::Principal(person, PrincipalKind::Person);
    Permit::new(directory, by, Scope::Organization(organization), organization, Basis::Oneself)
}
