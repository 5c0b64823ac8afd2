//! How changes of service accounts themselves are written down.

use std::collections::BTreeMap;

use claviger_access::change::ServiceAccountChange;
use claviger_access::identity::PrincipalId;
use claviger_access::labels::Labels;
use claviger_access::ownership::AccountDetails;
use serde::{Deserialize, Serialize};

use super::super::rows::account_details::{owner_columns, read_owner};

#[derive(Serialize, Deserialize)]
#[serde(tag = "service_account", rename_all = "snake_case")]
pub(super) enum Stored {
    Disabled {
        id: u64,
        disabled: bool,
    },
    Protected {
        id: u64,
        protected: bool,
    },
    Described {
        id: u64,
        owner: String,
        owner_id: Option<u64>,
        description: Option<String>,
        labels: BTreeMap<String, String>,
    },
}

pub(super) fn stored(change: &ServiceAccountChange) -> Stored {
    match change {
        ServiceAccountChange::Disabled { id, disabled } => Stored::Disabled { id: id.number(), disabled: *disabled },
        ServiceAccountChange::Protected { id, protected } => {
            Stored::Protected { id: id.number(), protected: *protected }
        }
        ServiceAccountChange::Described { id, details } => {
            let (owner, owner_id) = owner_columns(details.owner);
            Stored::Described {
                id: id.number(),
                owner: owner.to_owned(),
                owner_id,
                description: details.description.clone(),
                labels: details.labels.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
            }
        }
    }
}

pub(super) fn read(stored: Stored) -> Option<ServiceAccountChange> {
    Some(match stored {
        Stored::Disabled { id, disabled } => ServiceAccountChange::Disabled { id: PrincipalId::new(id)?, disabled },
        Stored::Protected { id, protected } => ServiceAccountChange::Protected { id: PrincipalId::new(id)?, protected },
        Stored::Described { id, owner, owner_id, description, labels } => {
            let owner = read_owner(&owner, owner_id)?;
            let labels = Labels::parse(labels.iter().map(|(key, value)| (key.as_str(), value.as_str()))).ok()?;
            let details = AccountDetails { owner, description, labels };
            ServiceAccountChange::Described { id: PrincipalId::new(id)?, details }
        }
    })
}
