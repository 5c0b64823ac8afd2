//! People, what lets them in, and invitations.

use super::super::told::{At, ToldEvent};
use super::{NotRevokedAgain, RevokedAgain};
use crate::administration::holding::Gathered;
use crate::administration::{membership, session};
use crate::change::{Change, InvitationChange};
use crate::directory::Draft;
use crate::effective;
use crate::event::{EventName, Target};
use crate::identity::{InvitationId, PrincipalKind};
use crate::refusal::Refusal;

impl RevokedAgain<'_> {
    pub(super) fn person(
        &mut self,
        draft: &Draft,
        told: &ToldEvent,
        done: &mut Gathered,
    ) -> Result<(), NotRevokedAgain> {
        let id = told.principal()?;
        let member = effective::member(draft, self.organization, id);
        // Who joined later is not there, and a team's service account is no person.
        let Some(person) = member.filter(|member| member.kind() == PrincipalKind::Person) else { return Ok(()) };
        match told.name {
            EventName::OrganizationUserRemoved => {
                let (event, changes) = membership::leaves(draft, &self.permit(draft)?, self.organization, &person);
                done.add(event, changes);
            }
            EventName::UserOrganizationRoleChanged => {
                self.organization_role(draft, &person, told.organization_role()?, told.name, done)?;
            }
            // Which of several it was is told of the first hundred alone, and whoever is there still signs in again.
            EventName::SessionRenewed | EventName::SessionLoggedOut => {
                let sessions: Vec<_> = session::sessions_of(draft, id).collect();
                if !sessions.is_empty() {
                    let event = self.event(draft, EventName::SessionLoggedOut, Target::Principal(id))?;
                    let event = event.before("sessions", session::told(sessions.into_iter()));
                    done.add(event, session::all_end(draft, id));
                }
            }
            // It took the place of one before, which matters where that is open here.
            EventName::PasswordResetLinkMade => {
                let is_open = |link: &crate::directory::PasswordReset| !link.has_expired(self.moment);
                if draft.password_reset(id).is_some_and(is_open) {
                    self.suspend(draft, id, done)?;
                }
            }
            // The password, or a recovery code, that counts here did not count any more, or not alone.
            _ => self.suspend(draft, id, done)?,
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
