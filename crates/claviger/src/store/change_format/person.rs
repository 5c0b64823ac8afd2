//! What happens to people alone, written down. The hash of a password is left out: who follows needs none, and the change
//! log is kept for longer than the password.

use claviger_access::change::PersonChange;
use claviger_access::identity::PrincipalId;
use serde::{Deserialize, Serialize};

use super::moment;

#[derive(Serialize, Deserialize)]
#[serde(tag = "person", rename_all = "snake_case")]
pub(super) enum Stored {
    PasswordSet { id: u64, set: i64 },
}

pub(super) fn stored(change: &PersonChange) -> Stored {
    match change {
        PersonChange::PasswordSet { id, set, .. } => Stored::PasswordSet { id: id.number(), set: set.seconds() },
    }
}

pub(super) fn read(stored: Stored) -> Option<PersonChange> {
    Some(match stored {
        Stored::PasswordSet { id, set } => {
            PersonChange::PasswordSet { id: PrincipalId::new(id)?, hash: None, set: moment(set)? }
        }
    })
}
