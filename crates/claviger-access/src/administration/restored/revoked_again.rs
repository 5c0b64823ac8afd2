//! What was revoked in a history that is lost, revoked again as the audit log tells it.
//!
//! Each event that took something away takes it away again, in the order in which they happened; what was given is not given
//! again. What an event changed to something else comes down to what both allow: to what it told, where that is no more than
//! what is held now, and to nothing, where neither holds the other. A person whose password or second factor was changed is
//! suspended: the password that counts here did not count any more. Custom roles come first: what a role becomes is
//! compared with the least that it ever allowed. What must stay true: nobody holds more afterwards than he
//! held at the end of the history that is lost, as far as it is told. No rule about last owners keeps anything: who took the
//! place of an owner is lost, and whoever accepts hands out links.

mod accounts;
mod people;
mod policies;
mod roles;

use std::collections::{BTreeMap, BTreeSet};

use super::nobodys_link;
use super::told::{ToldEvent, Unclear};
use crate::administration::holding::Gathered;
use crate::authorize::{self, Caller, FoundOrganization, Permit};
use crate::credential::SecretDigest;
use crate::decision::Decided;
use crate::directory::Draft;
use crate::event::{Event, EventName, Target};
use crate::expiry::Moment;
use crate::identity::{OrganizationId, PrincipalId};
use crate::password::PasswordHash;
use crate::random_bytes::RandomBytes;
use crate::refusal::Refusal;

/// Why an event could not be followed.
#[derive(Debug, thiserror::Error)]
pub enum NotRevokedAgain {
    /// It cannot be read.
    #[error(transparent)]
    Unclear(#[from] Unclear),
    /// The rules say no.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// What happened in one organization, followed event by event.
pub struct RevokedAgain<'a> {
    caller: &'a Caller,
    organization: OrganizationId,
    moment: Moment,
    /// Of a password that nobody knows.
    password: &'a PasswordHash,
    random: RandomBytes,
    /// What is kept of a token that nobody has seen.
    nobodys: Option<SecretDigest>,
    suspended: BTreeSet<PrincipalId>,
    /// How often each person has signed in.
    logged_in: BTreeMap<PrincipalId, usize>,
}

/// The events of an organization in the order in which they are followed.
pub fn in_order(told: &[ToldEvent]) -> impl Iterator<Item = &ToldEvent> {
    let is_of_a_role = |told: &&ToldEvent| matches!(subject(told.name), Some(Subject::CustomRole));
    told.iter().filter(is_of_a_role).chain(told.iter().filter(move |told| !is_of_a_role(told)))
}

/// What an event is about.
enum Subject {
    Account,
    Person,
    Invitation,
    Role,
    Team,
    Place,
    CustomRole,
    Policy,
}

impl<'a> RevokedAgain<'a> {
    /// Nothing was followed yet. The caller is whoever accepts the store, on the host.
    pub fn new(
        caller: &'a Caller,
        organization: OrganizationId,
        password: &'a PasswordHash,
        moment: Moment,
        random: RandomBytes,
    ) -> Self {
        let (suspended, logged_in) = (BTreeSet::new(), BTreeMap::new());
        Self { caller, organization, moment, password, random, nobodys: None, suspended, logged_in }
    }

    /// Those who choose another password, by a link.
    pub fn suspended(&self) -> &BTreeSet<PrincipalId> {
        &self.suspended
    }

    /// Takes away what this event took away, as far as it is there.
    pub fn follow(&mut self, draft: &Draft, told: &ToldEvent) -> Result<Decided<()>, NotRevokedAgain> {
        if NOTHING_TAKEN.contains(&told.name) {
            return Ok(Decided::Nothing(()));
        }
        let mut done = Gathered::default();
        match subject(told.name).ok_or_else(|| told.unclear("what it took away"))? {
            Subject::Account => self.account(draft, told, &mut done)?,
            Subject::Person => self.person(draft, told, &mut done)?,
            Subject::Invitation => self.invitations(draft, told, &mut done)?,
            Subject::Role => self.role(draft, told, &mut done)?,
            Subject::Team => self.team(draft, told, &mut done)?,
            Subject::Place => return self.place(draft, told),
            Subject::CustomRole => return self.custom_role(draft, told),
            Subject::Policy => return self.policy(draft, told),
        }
        Ok(done.decided())
    }

    fn permit(&self, draft: &Draft) -> Result<Permit<FoundOrganization>, Refusal> {
        authorize::found_organization(draft, self.caller, self.organization)
    }

    fn event(&self, draft: &Draft, name: EventName, target: Target) -> Result<Event, Refusal> {
        Ok(Event::under(&self.permit(draft)?, name, target))
    }

    /// A person signs in no more until he has chosen another password. Once is enough.
    fn suspend(&mut self, draft: &Draft, person: PrincipalId, done: &mut Gathered) -> Result<(), Refusal> {
        if self.suspended.contains(&person) {
            return Ok(());
        }
        let nobodys = match self.nobodys {
            Some(nobodys) => nobodys,
            None => *self.nobodys.insert(nobodys_link(person, &mut self.random)?),
        };
        let (event, changes) =
            super::suspended(draft, &self.permit(draft)?, person, (self.password, nobodys), self.moment)?;
        done.add(event, changes);
        self.suspended.insert(person);
        Ok(())
    }
}

/// What nobody lost anything by: given, told, or refused. Whoever adds a name says whether it takes something away.
const NOTHING_TAKEN: &[EventName] = &[
    EventName::OrganizationCreated,
    EventName::OrganizationOwnerRecovered,
    EventName::SetUpLinkCreated,
    EventName::SetUpLinkUsed,
    EventName::ProjectCreated,
    EventName::WorkspaceCreated,
    EventName::WorkspaceUpdated,
    EventName::ServiceAccountCreated,
    EventName::ServiceAccountUpdated,
    EventName::ServiceAccountOwnerChanged,
    EventName::ServiceAccountEnabled,
    EventName::ServiceAccountProtected,
    EventName::ServiceAccountUnprotected,
    EventName::ServiceAccountSecretEnabled,
    EventName::ServiceAccountSecretCreated,
    EventName::ServiceAccountAddedToProject,
    EventName::ServiceAccountAddedToWorkspace,
    EventName::InvitationSent,
    EventName::OrganizationUserAdded,
    EventName::ProjectUserAdded,
    EventName::WorkspaceUserAdded,
    EventName::TeamCreated,
    EventName::TeamUpdated,
    EventName::TeamUserAdded,
    EventName::TeamServiceAccountAdded,
    EventName::ProjectTeamAdded,
    EventName::WorkspaceTeamAdded,
    EventName::CustomRoleCreated,
    EventName::AuditLogExportCreated,
    EventName::AuditLogExportDownloaded,
    EventName::SecondFactorRemoved,
    EventName::SessionLoginFailed,
    EventName::UserPasswordChangeFailed,
    EventName::ServiceAccountAuthenticationFailed,
    EventName::RequestRefused,
    EventName::InvitationAcceptanceFailed,
    EventName::ObservationDropped,
];

/// What took something away, and of what; none where it is in [`NOTHING_TAKEN`].
const fn subject(name: EventName) -> Option<Subject> {
    use EventName as E;
    Some(match name {
        E::ServiceAccountDeleted
        | E::ServiceAccountDisabled
        | E::ServiceAccountExpiryChanged
        | E::ServiceAccountSecretDisabled
        | E::ServiceAccountSecretRotated
        | E::ServiceAccountSecretChanged
        | E::ServiceAccountSecretRevoked
        | E::ServiceAccountOrganizationRoleChanged
        | E::ServiceAccountAddressesChanged => Subject::Account,
        E::UserSuspended
        | E::OrganizationUserRemoved
        | E::UserOrganizationRoleChanged
        | E::SessionLoggedIn
        | E::SessionRenewed
        | E::SessionLoggedOut
        | E::UserPasswordChanged
        | E::SecondFactorEnabled
        | E::SecondFactorRecoveryCodesMade
        | E::SecondFactorRecoveryCodeUsed
        | E::PasswordResetLinkMade
        | E::PasswordResetUsed => Subject::Person,
        E::OrganizationRestored | E::InvitationResent | E::InvitationWithdrawn | E::InvitationAccepted => {
            Subject::Invitation
        }
        E::ServiceAccountRemovedFromProject
        | E::ServiceAccountRoleChanged
        | E::ServiceAccountRemovedFromWorkspace
        | E::ServiceAccountWorkspaceRoleChanged
        | E::ProjectUserRemoved
        | E::UserRoleChanged
        | E::WorkspaceUserRemoved
        | E::UserWorkspaceRoleChanged
        | E::ProjectTeamRemoved
        | E::TeamRoleChanged
        | E::WorkspaceTeamRemoved
        | E::TeamWorkspaceRoleChanged
        | E::ProjectDefaultAccessGranted
        | E::ProjectDefaultAccessRevoked => Subject::Role,
        E::TeamDeleted | E::TeamUserRemoved | E::TeamServiceAccountRemoved => Subject::Team,
        E::ProjectUpdated | E::ProjectDeleted | E::WorkspaceDeleted => Subject::Place,
        E::CustomRoleUpdated | E::CustomRoleDeleted => Subject::CustomRole,
        E::OrganizationPolicyUpdated => Subject::Policy,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_event_takes_something_away_or_nothing() {
        for name in EventName::ALL {
            let takes = subject(*name).is_some();
            assert_ne!(
                takes,
                NOTHING_TAKEN.contains(name),
                "{}: say what it takes away, or that it takes nothing",
                name.text()
            );
        }
    }
}
