//! What happens to links by which people choose another password, written down.

use claviger_access::change::PasswordResetChange;
use claviger_access::identity::PrincipalId;
use serde::{Deserialize, Serialize};

use super::super::rows::{digest, hex};
use super::{DIGEST_KIND, moment};

#[derive(Serialize, Deserialize)]
#[serde(tag = "password_reset", rename_all = "snake_case")]
pub(super) enum Stored {
    LinkMade { person: u64, digest_kind: String, digest: String, made: i64, expires: i64, maker: Option<u64> },
    Ended { person: u64 },
}

pub(super) fn stored(change: &PasswordResetChange) -> Stored {
    match change {
        PasswordResetChange::LinkMade { person, digest, made, expires, maker } => Stored::LinkMade {
            person: person.number(),
            digest_kind: DIGEST_KIND.to_owned(),
            digest: hex(digest.as_bytes()),
            made: made.seconds(),
            expires: expires.seconds(),
            maker: maker.map(PrincipalId::number),
        },
        PasswordResetChange::Ended { person } => Stored::Ended { person: person.number() },
    }
}

pub(super) fn read(stored: Stored) -> Option<PasswordResetChange> {
    Some(match stored {
        Stored::LinkMade { person, digest_kind, digest: text, made, expires, maker } => PasswordResetChange::LinkMade {
            person: PrincipalId::new(person)?,
            digest: (digest_kind == DIGEST_KIND).then(|| digest(&text))??,
            made: moment(made)?,
            expires: moment(expires)?,
            maker: match maker {
                Some(maker) => Some(PrincipalId::new(maker)?),
                None => None,
            },
        },
        Stored::Ended { person } => PasswordResetChange::Ended { person: PrincipalId::new(person)? },
    })
}
