//! An organization is never left without an owner.
//!
//! Once it has had an owner who is a person, there is always one. Until then its last owner of any kind cannot be
//! deleted, lowered, given an expiry or left without a secret. An owner that will expire is none to rely on.

use crate::directory::{Directory, PrincipalView};
use crate::expiry::Expiry;
use crate::identity::{OrganizationId, PrincipalId, PrincipalKind};
use crate::refusal::Refusal;

/// Refuses if the organization needs one of these principals as it is: an owner, without an end. They go together, so none
/// of them is there to rely on for another.
pub(super) fn may_do_without(
    directory: &Directory,
    organization: OrganizationId,
    leaving: &[PrincipalId],
) -> Result<(), Refusal> {
    let owners = directory.organization(organization).map_or(&[][..], |organization| &organization.owners);
    let last: Vec<PrincipalId> = owners.iter().filter(|owner| leaving.contains(owner)).copied().collect();
    if last.is_empty() {
        return Ok(());
    }
    let owners: Vec<PrincipalView<'_>> = owners.iter().filter_map(|owner| directory.principal(*owner)).collect();
    let people = owners.iter().any(|owner| owner.kind() == PrincipalKind::Person);
    let counts = |owner: &PrincipalView<'_>| match people {
        true => owner.kind() == PrincipalKind::Person,
        false => owner.lasts(),
    };
    if owners.iter().any(|owner| !last.contains(&owner.id()) && counts(owner)) {
        Ok(())
    } else {
        Err(Refusal::LastOwner { owners: last, organization })
    }
}

/// Refuses if the organization needs this account, and none of the ends that its secrets are to have is never.
pub(super) fn may_end(
    directory: &Directory,
    organization: OrganizationId,
    account: &PrincipalView<'_>,
    mut ends: impl Iterator<Item = Expiry>,
) -> Result<(), Refusal> {
    if ends.any(|end| end == Expiry::NEVER) { Ok(()) } else { may_do_without(directory, organization, &[account.id()]) }
}
