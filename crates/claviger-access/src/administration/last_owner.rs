//! An organization is never left without an owner.
//!
//! Once it has had an owner who is a person, there is always one. Until then its last owner of any kind cannot be
//! deleted, lowered or given an expiry. An owner that will expire is none to rely on.

use crate::directory::{Directory, PrincipalView};
use crate::expiry::Expiry;
use crate::identity::{OrganizationId, PrincipalKind};
use crate::refusal::Refusal;

/// Refuses if the organization needs this principal as it is: an owner, without an end.
pub(super) fn may_do_without(
    directory: &Directory,
    organization: OrganizationId,
    leaving: &PrincipalView<'_>,
) -> Result<(), Refusal> {
    let owners = directory.organization(organization).map_or(&[][..], |organization| &organization.owners);
    if !owners.contains(&leaving.id()) {
        return Ok(());
    }
    let owners: Vec<PrincipalView<'_>> = owners.iter().filter_map(|owner| directory.principal(*owner)).collect();
    let people = owners.iter().any(|owner| owner.kind() == PrincipalKind::Person);
    let counts = |owner: &PrincipalView<'_>| match people {
        true => owner.kind() == PrincipalKind::Person,
        false => owner.expires() == Expiry::NEVER,
    };
    if owners.iter().any(|owner| owner.id() != leaving.id() && counts(owner)) {
        Ok(())
    } else {
        Err(Refusal::LastOwner { account: leaving.id(), organization })
    }
}
