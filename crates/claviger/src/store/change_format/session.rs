//! What happens to sessions, written down.

use claviger_access::change::{SessionChange, SignedInFrom};
use claviger_access::identity::{PrincipalId, SessionId};
use claviger_access::text::DisplayName;
use serde::{Deserialize, Serialize};

use super::super::rows::{digest, hex};
use super::{DIGEST_KIND, moment};

#[derive(Serialize, Deserialize)]
#[serde(tag = "session", rename_all = "snake_case")]
pub(super) enum Stored {
    Begun {
        id: u64,
        person: u64,
        digest_kind: String,
        digest: String,
        begun: i64,
        ends: i64,
        address: Option<String>,
        browser: Option<String>,
    },
    Ended {
        id: u64,
    },
}

pub(super) fn stored(change: &SessionChange) -> Stored {
    match change {
        SessionChange::Begun { id, person, digest, begun, ends, from } => Stored::Begun {
            id: id.number(),
            person: person.number(),
            digest_kind: DIGEST_KIND.to_owned(),
            digest: hex(digest.as_bytes()),
            begun: begun.seconds(),
            ends: ends.seconds(),
            address: from.address.map(|address| address.to_string()),
            browser: from.browser.as_ref().map(|browser| browser.as_str().to_owned()),
        },
        SessionChange::Ended { id } => Stored::Ended { id: id.number() },
    }
}

pub(super) fn read(stored: Stored) -> Option<SessionChange> {
    Some(match stored {
        Stored::Begun { id, person, digest_kind, digest: text, begun, ends, address, browser } => {
            SessionChange::Begun {
                id: SessionId::new(id)?,
                person: PrincipalId::new(person)?,
                digest: (digest_kind == DIGEST_KIND).then(|| digest(&text))??,
                begun: moment(begun)?,
                ends: moment(ends)?,
                from: SignedInFrom {
                    address: address.and_then(|address| address.parse().ok()),
                    browser: browser.and_then(|browser| DisplayName::parse(&browser).ok()),
                },
            }
        }
        Stored::Ended { id } => SessionChange::Ended { id: SessionId::new(id)? },
    })
}
