//! How changes of secrets are written down.

use claviger_access::change::SecretChange;
use claviger_access::identity::{PrincipalId, SecretId};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(tag = "secret", rename_all = "snake_case")]
pub(super) enum Stored {
    Named { id: u64, principal: u64, name: Option<String> },
    Disabled { id: u64, principal: u64, disabled: bool },
    Revoked { id: u64, principal: u64 },
}

pub(super) fn stored(change: &SecretChange) -> Stored {
    match change {
        SecretChange::Named { id, principal, name } => {
            Stored::Named { id: id.number(), principal: principal.number(), name: name.clone() }
        }
        SecretChange::Disabled { id, principal, disabled } => {
            Stored::Disabled { id: id.number(), principal: principal.number(), disabled: *disabled }
        }
        SecretChange::Revoked { id, principal } => Stored::Revoked { id: id.number(), principal: principal.number() },
    }
}

pub(super) fn read(stored: Stored) -> Option<SecretChange> {
    Some(match stored {
        Stored::Named { id, principal, name } => {
            SecretChange::Named { id: SecretId::new(id)?, principal: PrincipalId::new(principal)?, name }
        }
        Stored::Disabled { id, principal, disabled } => {
            SecretChange::Disabled { id: SecretId::new(id)?, principal: PrincipalId::new(principal)?, disabled }
        }
        Stored::Revoked { id, principal } => {
            SecretChange::Revoked { id: SecretId::new(id)?, principal: PrincipalId::new(principal)? }
        }
    })
}
