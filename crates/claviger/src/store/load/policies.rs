//! Loading what organizations demand of their accounts, and where single accounts may call from.

use claviger_access::directory::{AccountAddresses, Loader};
use claviger_access::identity::{OrganizationId, PrincipalId};
use sqlx::{AnyConnection, Row};

use super::super::StoreError;
use super::super::rows::policy::{StoredPolicy, read_addresses};
use super::super::statements::statements;
use super::{flag, id};

statements! {
    READ_POLICIES = "SELECT organization_id, secret_lifetime_max, expiry_required, CAST(secrets_max AS BIGINT) AS secrets_max, \
                     project_admins_create, plain_text_allowed, name_pattern, addresses FROM policies";
    READ_ACCOUNT_ADDRESSES = "SELECT principal_id, addresses FROM account_addresses";
}

/// Organizations must be in already.
pub(super) async fn read(snapshot: &mut AnyConnection, loader: &mut Loader) -> Result<(), StoreError> {
    for row in sqlx::query(READ_POLICIES).fetch_all(&mut *snapshot).await? {
        let organization = id(&row, "organization_id", OrganizationId::new)?;
        let unreadable = || StoreError::unreadable(format!("the policy of {organization}"));
        let stored = StoredPolicy {
            secret_lifetime_max: row.try_get("secret_lifetime_max")?,
            expiry_required: flag(&row, "expiry_required")?,
            secrets_max: row.try_get::<i64, _>("secrets_max")?.try_into().map_err(|_| unreadable())?,
            project_admins_create: flag(&row, "project_admins_create")?,
            plain_text_allowed: flag(&row, "plain_text_allowed")?,
            name_pattern: row.try_get("name_pattern")?,
            addresses: row.try_get("addresses")?,
        };
        loader.policy(organization, stored.read().ok_or_else(unreadable)?);
    }
    for row in sqlx::query(READ_ACCOUNT_ADDRESSES).fetch_all(&mut *snapshot).await? {
        let account = id(&row, "principal_id", PrincipalId::new)?;
        let addresses = read_addresses(&row.try_get::<String, _>("addresses")?);
        let addresses = addresses.ok_or_else(|| StoreError::unreadable(format!("the addresses of {account}")))?;
        loader.account_addresses(AccountAddresses { id: account, addresses });
    }
    Ok(())
}
