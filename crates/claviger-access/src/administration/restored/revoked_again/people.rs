//! People, what lets them in, and invitations.

use super::super::told::{At, ToldEvent};
use super::{NotRevokedAgain, RevokedAgain};
use crate::administration::holding::Gathered;
use crate::administration::{membership, session};
use crate::change::{Change, InvitationChange, SecondFactorChange};
use crate::directory::Draft;
use crate::effective;
use crate::event::{EventName, Target};
use crate::identity::{InvitationId, PrincipalId, PrincipalKind};
use crate::refusal::Refusal;

impl RevokedAgain<'_> {
    pub(super) fn person(
        &mut self,
        draft: &Draft,
        told: &ToldEvent,
        done: &mut Gathered,
    ) -> Result<(), NotRevokedAgain> {
        let id = told.principal()?;
        let person = draft.principal(id).filter(|known| known.kind() == PrincipalKind::Person && !known.is_deleted());
        // Who was made later is not there. He may be a member of another organization alone, and his password is one.
        let Some(person) = person.filter(|person| !effective::organizations(person).is_empty()) else { return Ok(()) };
        let is_member = effective::is_member(&person, self.organization);
        match told.name {
            EventName::OrganizationUserRemoved if is_member => {
                let (event, changes) = membership::leaves(draft, &self.permit(draft)?, self.organization, &person);
                done.add(event, changes);
            }
            EventName::UserOrganizationRoleChanged if is_member => {
                self.organization_role(draft, &person, told.organization_role()?, told.name, done)?;
            }
            EventName::OrganizationUserRemoved | EventName::UserOrganizationRoleChanged => {}
            // Each beyond the most that somebody has ends his oldest, without a word.
            EventName::SessionLoggedIn => {
                let times = self.logged_in.entry(id).or_default();
                *times += 1;
                if *times == session::SESSIONS_MAX {
                    self.sessions_end(draft, id, done)?;
                }
            }
            // Which of several it was is told of the first hundred alone, and whoever is there still signs in again.
            EventName::SessionRenewed | EventName::SessionLoggedOut => self.sessions_end(draft, id, done)?,
            // It took the place of one before, which matters where that is open here.
            EventName::PasswordResetLinkMade => {
                if draft.password_reset(id).is_some_and(|link| !link.has_expired(self.moment)) {
                    self.suspend(draft, id, done)?;
                }
            }
            // What is there of them was used, or replaced.
            EventName::SecondFactorRecoveryCodesMade | EventName::SecondFactorRecoveryCodeUsed => {
                if draft.second_factor(id).is_some_and(|known| !known.recovery.is_empty()) {
                    let none = SecondFactorChange::RecoveryCodesMade { person: id, recovery: Vec::new() };
                    let event = self.event(draft, EventName::SecondFactorRecoveryCodesMade, Target::Principal(id))?;
                    done.add(event, [Change::SecondFactor(none)]);
                }
                self.suspend(draft, id, done)?;
            }
            // The password that counts here did not count any more, or not alone.
            _ => self.suspend(draft, id, done)?,
        }
        Ok(())
    }

    fn sessions_end(&self, draft: &Draft, person: PrincipalId, done: &mut Gathered) -> Result<(), Refusal> {
        let sessions: Vec<_> = session::sessions_of(draft, person).collect();
        if !sessions.is_empty() {
            let event = self.event(draft, EventName::SessionLoggedOut, Target::Principal(person))?;
            let event = event.before("sessions", session::told(sessions.into_iter()));
            done.add(event, session::all_end(draft, person));
        }
        Ok(())
    }

    pub(super) fn invitations(
        &self,
        draft: &Draft,
        told: &ToldEvent,
        done: &mut Gathered,
    ) -> Result<(), NotRevokedAgain> {
        match told.target {
            Target::Invitation(id) => self.withdrawn(draft, id, done)?,
            // A store that went back before, of which all was suspended: that told of none by itself.
            Target::Organization(_) if told.may_say(At::After, "invitations").is_some() => {
                let open = draft.organization(self.organization).map_or(&[][..], |known| &known.invitations);
                open.iter().try_for_each(|id| self.withdrawn(draft, *id, done))?;
            }
            Target::Organization(_) => {}
            _ => return Err(told.unclear("which invitation").into()),
        }
        Ok(())
    }

    /// Also one that was used, or has another token since: that token is lost.
    fn withdrawn(&self, draft: &Draft, id: InvitationId, done: &mut Gathered) -> Result<(), Refusal> {
        let open = draft.invitation(id).filter(|open| open.organization == self.organization);
        let Some(open) = open else { return Ok(()) };
        let event = self.event(draft, EventName::InvitationWithdrawn, Target::Invitation(id))?;
        let event = event.before("email", &open.email).before("organization_role", open.terms.role);
        done.add(event, [Change::Invitation(InvitationChange::Ended { id })]);
        Ok(())
    }
}
