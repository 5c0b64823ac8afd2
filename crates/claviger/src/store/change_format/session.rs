//! What happens to sessions, written down.

use claviger_access::change::SessionChange;
use claviger_access::identity::{PrincipalId, SessionId};
use serde::{Deserialize, Serialize};

use super::super::rows::{digest, hex};
use super::{DIGEST_KIND, moment};

#[derive(Serialize, Deserialize)]
#[serde(tag = "session", rename_all = "snake_case")]
pub(super) enum Stored {
    Begun { id: u64, person: u64, digest_kind: String, digest: String, begun: i64, ends: i64 },
    Ended { id: u64 },
}

pub(super) fn stored(change: &SessionChange) -> Stored {
    match change {
        SessionChange::Begun { id, person, digest, begun, ends } => Stored::Begun {
            id: id.number(),
            person: person.number(),
            digest_kind: DIGEST_KIND.to_owned(),
            digest: hex(digest.as_bytes()),
            begun: begun.seconds(),
            ends: ends.seconds(),
        },
        SessionChange::Ended { id } => Stored::Ended { id: id.number() },
    }
}

pub(super) fn read(stored: Stored) -> Option<SessionChange> {
    Some(match stored {
        Stored::Begun { id, person, digest_kind, digest: text, begun, ends } => SessionChange::Begun {
            id: SessionId::new(id)?,
            person: PrincipalId::new(person)?,
            digest: (digest_kind == DIGEST_KIND).then(|| digest(&text))??,
            begun: moment(begun)?,
            ends: moment(ends)?,
        },
        Stored::Ended { id } => SessionChange::Ended { id: SessionId::new(id)? },
    })
}
