//! What happens to links by which people choose another password, written down.

use claviger_access::change::{PasswordResetChange, ResetLinkMaker};
use claviger_access::identity::PrincipalId;
use serde::{Deserialize, Serialize};

use super::super::rows::{digest, hex};
use super::{DIGEST_KIND, moment};

#[derive(Serialize, Deserialize)]
#[serde(tag = "password_reset", rename_all = "snake_case")]
pub(super) enum Stored {
    LinkMade {
        person: u64,
        digest_kind: String,
        digest: String,
        made: i64,
        expires: i64,
        maker: Option<u64>,
        #[serde(default)]
        is_of_operator: bool,
    },
    Ended {
        person: u64,
    },
}

pub(super) fn stored(change: &PasswordResetChange) -> Stored {
    match change {
        PasswordResetChange::LinkMade { person, digest, made, expires, maker } => Stored::LinkMade {
            person: person.number(),
            digest_kind: DIGEST_KIND.to_owned(),
            digest: hex(digest.as_bytes()),
            made: made.seconds(),
            expires: expires.seconds(),
            maker: match maker {
                ResetLinkMaker::Owner(owner) => Some(owner.number()),
                ResetLinkMaker::Operator | ResetLinkMaker::Mail => None,
            },
            is_of_operator: *maker == ResetLinkMaker::Operator,
        },
        PasswordResetChange::Ended { person } => Stored::Ended { person: person.number() },
    }
}

pub(super) fn read(stored: Stored) -> Option<PasswordResetChange> {
    Some(match stored {
        Stored::LinkMade { person, digest_kind, digest: text, made, expires, maker, is_of_operator } => {
            PasswordResetChange::LinkMade {
                person: PrincipalId::new(person)?,
                digest: (digest_kind == DIGEST_KIND).then(|| digest(&text))??,
                made: moment(made)?,
                expires: moment(expires)?,
                maker: match maker {
                    Some(owner) => ResetLinkMaker::Owner(PrincipalId::new(owner)?),
                    None if is_of_operator => ResetLinkMaker::Operator,
                    None => ResetLinkMaker::Mail,
                },
            }
        }
        Stored::Ended { person } => PasswordResetChange::Ended { person: PrincipalId::new(person)? },
    })
}
