//! What happens to policies, written down.

use claviger_access::change::PolicyChange;
use claviger_access::identity::{OrganizationId, PrincipalId};
use claviger_access::policy::Lifetime;
use serde::{Deserialize, Serialize};

use super::super::rows::policy::{StoredPolicy, read_addresses};

#[derive(Serialize, Deserialize)]
#[serde(tag = "policy", rename_all = "snake_case")]
pub(super) enum Stored {
    Set {
        organization: u64,
        secret_lifetime_max: Option<i64>,
        expiry_required: bool,
        secrets_max: i64,
        project_admins_create: bool,
        plain_text_allowed: bool,
        name_pattern: Option<String>,
        addresses: String,
    },
    AccountAddressesSet {
        account: u64,
        addresses: String,
    },
}

pub(super) fn stored(change: &PolicyChange) -> Stored {
    match change {
        PolicyChange::Set { organization, policy } => Stored::Set {
            organization: organization.number(),
            secret_lifetime_max: policy.secret_lifetime_max.map(Lifetime::seconds),
            expiry_required: policy.expiry_required,
            secrets_max: i64::try_from(policy.secrets_max.count()).unwrap_or(i64::MAX),
            project_admins_create: policy.project_admins_create,
            plain_text_allowed: policy.plain_text_allowed,
            name_pattern: policy.name_pattern.as_ref().map(|pattern| pattern.as_str().to_owned()),
            addresses: policy.addresses.to_string(),
        },
        PolicyChange::AccountAddressesSet { account, addresses } => {
            Stored::AccountAddressesSet { account: account.number(), addresses: addresses.to_string() }
        }
    }
}

pub(super) fn read(stored: Stored) -> Option<PolicyChange> {
    Some(match stored {
        Stored::Set {
            organization,
            secret_lifetime_max,
            expiry_required,
            secrets_max,
            project_admins_create,
            plain_text_allowed,
            name_pattern,
            addresses,
        } => {
            let stored = StoredPolicy {
                secret_lifetime_max,
                expiry_required,
                secrets_max,
                project_admins_create,
                plain_text_allowed,
                name_pattern,
                addresses,
            };
            PolicyChange::Set { organization: OrganizationId::new(organization)?, policy: stored.read()? }
        }
        Stored::AccountAddressesSet { account, addresses } => PolicyChange::AccountAddressesSet {
            account: PrincipalId::new(account)?,
            addresses: read_addresses(&addresses)?,
        },
    })
}
