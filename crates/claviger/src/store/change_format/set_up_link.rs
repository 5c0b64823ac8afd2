//! What happens to set-up links, written down.

use claviger_access::change::SetUpLinkChange;
use claviger_access::identity::OrganizationId;
use serde::{Deserialize, Serialize};

use super::super::rows::{digest, hex};
use super::{DIGEST_KIND, moment};

#[derive(Serialize, Deserialize)]
#[serde(tag = "set_up_link", rename_all = "snake_case")]
pub(super) enum Stored {
    Made { organization: u64, digest_kind: String, digest: String, made: i64, expires: i64 },
    Ended { organization: u64 },
}

pub(super) fn stored(change: &SetUpLinkChange) -> Stored {
    match change {
        SetUpLinkChange::Made { organization, digest, made, expires } => Stored::Made {
            organization: organization.number(),
            digest_kind: DIGEST_KIND.to_owned(),
            digest: hex(digest.as_bytes()),
            made: made.seconds(),
            expires: expires.seconds(),
        },
        SetUpLinkChange::Ended { organization } => Stored::Ended { organization: organization.number() },
    }
}

pub(super) fn read(stored: Stored) -> Option<SetUpLinkChange> {
    Some(match stored {
        Stored::Made { organization, digest_kind, digest: text, made, expires } => SetUpLinkChange::Made {
            organization: OrganizationId::new(organization)?,
            digest: (digest_kind == DIGEST_KIND).then(|| digest(&text))??,
            made: moment(made)?,
            expires: moment(expires)?,
        },
        Stored::Ended { organization } => SetUpLinkChange::Ended { organization: OrganizationId::new(organization)? },
    })
}
