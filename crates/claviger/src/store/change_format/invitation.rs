//! What happens to invitations, written down.

use claviger_access::change::InvitationChange;
use claviger_access::email::EmailAddress;
use claviger_access::identity::{InvitationId, OrganizationId, PrincipalId};
use serde::{Deserialize, Serialize};

use super::super::rows::invitation::{read_terms, write_granted};
use super::super::rows::{digest, hex};
use super::{DIGEST_KIND, moment};

#[derive(Serialize, Deserialize)]
#[serde(tag = "invitation", rename_all = "snake_case")]
pub(super) enum Stored {
    Sent {
        id: u64,
        organization: u64,
        email: String,
        digest_kind: String,
        digest: String,
        created: i64,
        expires: i64,
        role: String,
        granted: String,
        inviter: Option<u64>,
    },
    Resent {
        id: u64,
        digest_kind: String,
        digest: String,
        expires: i64,
        inviter: Option<u64>,
    },
    Ended {
        id: u64,
    },
}

pub(super) fn stored(change: &InvitationChange) -> Stored {
    match change {
        InvitationChange::Sent { id, organization, email, digest, created, expires, terms, inviter } => Stored::Sent {
            id: id.number(),
            organization: organization.number(),
            email: email.as_str().to_owned(),
            digest_kind: DIGEST_KIND.to_owned(),
            digest: hex(digest.as_bytes()),
            created: created.seconds(),
            expires: expires.seconds(),
            role: terms.role.to_string(),
            granted: write_granted(terms),
            inviter: inviter.map(PrincipalId::number),
        },
        InvitationChange::Resent { id, digest, expires, inviter } => Stored::Resent {
            id: id.number(),
            digest_kind: DIGEST_KIND.to_owned(),
            digest: hex(digest.as_bytes()),
            expires: expires.seconds(),
            inviter: inviter.map(PrincipalId::number),
        },
        InvitationChange::Ended { id } => Stored::Ended { id: id.number() },
    }
}

pub(super) fn read(stored: Stored) -> Option<InvitationChange> {
    Some(match stored {
        Stored::Sent {
            id,
            organization,
            email,
            digest_kind,
            digest: text,
            created,
            expires,
            role,
            granted,
            inviter,
        } => InvitationChange::Sent {
            id: InvitationId::new(id)?,
            organization: OrganizationId::new(organization)?,
            email: EmailAddress::parse(&email).ok()?,
            digest: (digest_kind == DIGEST_KIND).then(|| digest(&text))??,
            created: moment(created)?,
            expires: moment(expires)?,
            terms: read_terms(&role, &granted)?,
            inviter: inviter.and_then(PrincipalId::new),
        },
        Stored::Resent { id, digest_kind, digest: text, expires, inviter } => InvitationChange::Resent {
            id: InvitationId::new(id)?,
            digest: (digest_kind == DIGEST_KIND).then(|| digest(&text))??,
            expires: moment(expires)?,
            inviter: inviter.and_then(PrincipalId::new),
        },
        Stored::Ended { id } => InvitationChange::Ended { id: InvitationId::new(id)? },
    })
}
