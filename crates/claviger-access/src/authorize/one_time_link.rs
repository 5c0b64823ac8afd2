//! What somebody may do who has no credential yet, and a token that was made for him.
//!
//! A [`OneTimeLink`] and a [`SetUp`] are made only by looking a token up, on the state that is passed in. Their permits name the person who
//! comes by it as the one who acts: he did not exist, or did not belong, in the state just before.

use std::marker::PhantomData;

use super::{AcceptInvitation, Action, Actor, Basis, BecomeFirstOwner, Permit, Scope};
use crate::credential::{PresentedSetUp, PresentedToken};
use crate::directory::{Directory, Invitation};
use crate::effective;
use crate::expiry::Moment;
use crate::identity::{InvitationId, OrganizationId, PrincipalId, PrincipalKind, ProjectId};
use crate::refusal::Refusal;

/// An open invitation, found by its token.
#[derive(Clone, Copy)]
pub struct OneTimeLink<'d> {
    directory: &'d Directory,
    invitation: &'d Invitation,
}

/// The open invitation of this token. Whatever is wrong with it is told the same: it was never made, used, withdrawn,
/// replaced by another, or has expired.
pub fn follow_link<'d>(
    directory: &'d Directory,
    token: &PresentedToken<InvitationId>,
    now: Moment,
) -> Result<OneTimeLink<'d>, Refusal> {
    let invitation = directory.invitation(token.named()).filter(|known| token.opens(&known.digest));
    let invitation = invitation.filter(|known| !known.has_expired(now)).ok_or(Refusal::NoInvitationForToken)?;
    Ok(OneTimeLink { directory, invitation })
}

impl<'d> OneTimeLink<'d> {
    /// The invitation.
    pub fn invitation(&self) -> &'d Invitation {
        self.invitation
    }

    /// What this person may do by the link, in the organization that invites.
    pub fn permit(&self, person: PrincipalId) -> Permit<AcceptInvitation> {
        let organization = self.invitation.organization;
        self.permit_in(person, Scope::Organization(organization))
    }

    /// The same in a project of that organization; `None` where the project is none of it.
    pub(crate) fn permit_in_project(
        &self,
        person: PrincipalId,
        project: ProjectId,
    ) -> Option<Permit<AcceptInvitation>> {
        let known = self.directory.project(project)?;
        (known.organization == self.invitation.organization).then(|| self.permit_in(person, Scope::Project(project)))
    }

    fn permit_in(&self, person: PrincipalId, scope: Scope) -> Permit<AcceptInvitation> {
        Permit {
            by: Actor::Principal(person, PrincipalKind::Person),
            scope,
            organization: self.invitation.organization,
            through: Basis::OneTimeLink,
            permission: AcceptInvitation::PERMISSION,
            at: self.directory.revision(),
            action: PhantomData,
        }
    }
}

/// An open set-up link, found by its token.
#[derive(Clone, Copy)]
pub struct SetUp<'d> {
    directory: &'d Directory,
    organization: OrganizationId,
}

/// The open set-up link of this token. Whatever is wrong with it is told the same: it was never made, used, replaced by
/// another, has expired, or the organization has an owner who is a person meanwhile.
pub fn follow_set_up_link<'d>(
    directory: &'d Directory,
    token: &PresentedSetUp,
    now: Moment,
) -> Result<SetUp<'d>, Refusal> {
    let known = directory.organization(token.named()).ok_or(Refusal::NoSetUpForToken)?;
    let link = known.set_up_link.as_ref().filter(|link| token.opens(&link.digest) && !link.has_expired(now));
    if link.is_none() || effective::is_owned_by_a_person(directory, known) {
        return Err(Refusal::NoSetUpForToken);
    }
    Ok(SetUp { directory, organization: known.id })
}

impl SetUp<'_> {
    /// Whose first owner is to be made.
    pub fn organization(&self) -> OrganizationId {
        self.organization
    }

    /// What this person may do by the link.
    pub fn permit(&self, person: PrincipalId) -> Permit<BecomeFirstOwner> {
        let by = Actor::Principal(person, PrincipalKind::Person);
        let scope = Scope::Organization(self.organization);
        Permit::new(self.directory, by, scope, self.organization, Basis::OneTimeLink)
    }
}
