//! What happens to invitations.

use super::insert_sorted;
use crate::change::InvitationChange;
use crate::directory::{Directory, Invitation};

impl Directory {
    pub(super) fn apply_to_invitation(&mut self, change: &InvitationChange) {
        match change {
            InvitationChange::Sent { id, organization, email, digest, created, expires, terms, inviter } => {
                self.count_id(id.number());
                self.put_invitation(Invitation {
                    id: *id,
                    organization: *organization,
                    email: email.clone(),
                    digest: *digest,
                    created: *created,
                    expires: *expires,
                    terms: terms.clone(),
                    inviter: *inviter,
                });
            }
            InvitationChange::Resent { id, digest, expires, inviter } => self.invitations.change(*id, |invitation| {
                (invitation.digest, invitation.expires, invitation.inviter) = (*digest, *expires, *inviter);
            }),
            InvitationChange::Ended { id } => {
                let Some(organization) = self.invitations.get(*id).map(|known| known.organization) else { return };
                self.organizations.change(organization, |known| known.invitations.retain(|other| other != id));
                self.invitations.remove(*id);
            }
        }
    }

    pub(in crate::directory) fn put_invitation(&mut self, invitation: Invitation) {
        let id = invitation.id;
        self.organizations.change(invitation.organization, |known| insert_sorted(&mut known.invitations, id));
        self.invitations.insert(invitation);
    }
}
