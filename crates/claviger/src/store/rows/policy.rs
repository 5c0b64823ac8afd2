//! Policies as rows, and as what rows and written changes have in common.

use claviger_access::change::PolicyChange;
use claviger_access::policy::{Addresses, Lifetime, NamePattern, Policy, SecretsMax};
use serde::{Deserialize, Serialize};
use sqlx::AnyConnection;

use super::super::statements::statements;
use super::{number, run};

statements! {
    SET_POLICY = "INSERT INTO policies (organization_id, secret_lifetime_max, expiry_required, secrets_max, \
                  project_admins_create, plain_text_allowed, name_pattern, addresses) \
                  VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
                  ON CONFLICT (organization_id) DO UPDATE SET secret_lifetime_max = $2, expiry_required = $3, \
                  secrets_max = $4, project_admins_create = $5, plain_text_allowed = $6, name_pattern = $7, addresses = $8";
    SET_ACCOUNT_ADDRESSES = "INSERT INTO account_addresses (principal_id, addresses) VALUES ($1, $2) \
                             ON CONFLICT (principal_id) DO UPDATE SET addresses = $2";
    CLEAR_ACCOUNT_ADDRESSES = "DELETE FROM account_addresses WHERE principal_id = $1";
}

pub(super) async fn write(connection: &mut AnyConnection, change: &PolicyChange) -> Result<(), sqlx::Error> {
    match change {
        PolicyChange::Set { organization, policy } => {
            let stored = StoredPolicy::of(policy);
            let set = sqlx::query(SET_POLICY)
                .bind(number(organization.number()))
                .bind(stored.secret_lifetime_max)
                .bind(i16::from(stored.expiry_required))
                .bind(i16::from(stored.secrets_max))
                .bind(i16::from(stored.project_admins_create))
                .bind(i16::from(stored.plain_text_allowed))
                .bind(stored.name_pattern)
                .bind(stored.addresses);
            run(connection, set).await
        }
        PolicyChange::AccountAddressesSet { account, addresses } if addresses.are_all() => {
            run(connection, sqlx::query(CLEAR_ACCOUNT_ADDRESSES).bind(number(account.number()))).await
        }
        PolicyChange::AccountAddressesSet { account, addresses } => {
            let set = sqlx::query(SET_ACCOUNT_ADDRESSES).bind(number(account.number())).bind(addresses.to_string());
            run(connection, set).await
        }
    }
}

/// A policy as it is stored: a column each, and in changes a field each of the same name. Changes keep it for ever, so a
/// field that comes later needs a default, and none is renamed.
#[derive(Serialize, Deserialize)]
pub(in crate::store) struct StoredPolicy {
    pub secret_lifetime_max: Option<i64>,
    pub expiry_required: bool,
    pub secrets_max: u8,
    pub project_admins_create: bool,
    pub plain_text_allowed: bool,
    pub name_pattern: Option<String>,
    pub addresses: String,
}

impl StoredPolicy {
    pub(in crate::store) fn of(policy: &Policy) -> Self {
        Self {
            secret_lifetime_max: policy.secret_lifetime_max.map(Lifetime::seconds),
            expiry_required: policy.expiry_required,
            secrets_max: u8::try_from(policy.secrets_max.count()).unwrap_or(u8::MAX),
            project_admins_create: policy.project_admins_create,
            plain_text_allowed: policy.plain_text_allowed,
            name_pattern: policy.name_pattern.as_ref().map(|pattern| pattern.as_str().to_owned()),
            addresses: policy.addresses.to_string(),
        }
    }

    /// `None` where no program of ours writes it so.
    pub(in crate::store) fn read(self) -> Option<Policy> {
        let lifetime = match self.secret_lifetime_max {
            Some(seconds) => Some(Lifetime::from_seconds(u64::try_from(seconds).ok()?)?),
            None => None,
        };
        Some(Policy {
            secret_lifetime_max: lifetime,
            expiry_required: self.expiry_required,
            secrets_max: SecretsMax::new(u64::from(self.secrets_max))?,
            project_admins_create: self.project_admins_create,
            plain_text_allowed: self.plain_text_allowed,
            name_pattern: match self.name_pattern {
                Some(pattern) => Some(NamePattern::parse(&pattern).ok()?),
                None => None,
            },
            addresses: read_addresses(&self.addresses)?,
        })
    }
}

/// `None` where one is no range.
pub(in crate::store) fn read_addresses(text: &str) -> Option<Addresses> {
    Addresses::parse(text.split_ascii_whitespace()).ok()
}
