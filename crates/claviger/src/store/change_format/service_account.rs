//! How changes of service accounts themselves are written down.

use claviger_access::change::ServiceAccountChange;
use claviger_access::identity::PrincipalId;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(tag = "service_account", rename_all = "snake_case")]
pub(super) enum Stored {
    Disabled { id: u64, disabled: bool },
    Protected { id: u64, protected: bool },
}

pub(super) fn stored(change: &ServiceAccountChange) -> Stored {
    match *change {
        ServiceAccountChange::Disabled { id, disabled } => Stored::Disabled { id: id.number(), disabled },
        ServiceAccountChange::Protected { id, protected } => Stored::Protected { id: id.number(), protected },
    }
}

pub(super) fn read(stored: Stored) -> Option<ServiceAccountChange> {
    Some(match stored {
        Stored::Disabled { id, disabled } => ServiceAccountChange::Disabled { id: PrincipalId::new(id)?, disabled },
        Stored::Protected { id, protected } => ServiceAccountChange::Protected { id: PrincipalId::new(id)?, protected },
    })
}
