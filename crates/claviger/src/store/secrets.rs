//! Lists of an account's secrets, with what the directory does not hold: their names, when they were made and used.

use claviger_access::Permit;
use claviger_access::authorize::ReadServiceAccount;
use claviger_access::identity::{PrincipalId, SecretId};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::load::flag;
use super::rows::number;
use super::statements::statements;
use super::{Store, StoreError};

statements! {
    LIST_SECRETS = "SELECT s.id, s.name, s.created_at, s.expires_at, s.first_used_at, s.last_used_at, s.last_used_address, s.is_disabled \
                    FROM secrets s JOIN principals p ON p.id = s.principal_id \
                    WHERE p.organization_id = $1 AND p.id = $2 AND p.kind = 2 ORDER BY s.id";
}

/// A secret as lists show it. Times are seconds since the epoch.
#[derive(Debug, Clone)]
pub struct ListedSecret {
    /// Its id.
    pub id: SecretId,
    /// What it is called.
    pub name: Option<String>,
    /// When it was made.
    pub created: i64,
    /// When it ends.
    pub expires: Option<i64>,
    /// When it was used first, as far as it was flushed; `None` also where that was before first uses were noted.
    pub first_used: Option<i64>,
    /// When it was last used, as far as it was flushed.
    pub last_used: Option<i64>,
    /// Where that use came from, where it is known.
    pub last_used_address: Option<String>,
    /// Whether it is refused, though it is there.
    pub disabled: bool,
}

impl Store {
    /// The secrets of an account of the permit's organization, by id.
    pub async fn secrets(
        &self,
        permit: &Permit<ReadServiceAccount>,
        account: PrincipalId,
    ) -> Result<Vec<ListedSecret>, StoreError> {
        let list =
            sqlx::query(LIST_SECRETS).bind(number(permit.organization().number())).bind(number(account.number()));
        let rows = self.answered(list.fetch_all(&self.reads())).await?;
        rows.iter().map(listed).collect()
    }
}

fn listed(row: &AnyRow) -> Result<ListedSecret, StoreError> {
    let id = row.try_get::<i64, _>("id")?;
    let known = u64::try_from(id).ok().and_then(SecretId::new);
    Ok(ListedSecret {
        id: known.ok_or_else(|| StoreError::unreadable(format!("secret {id}")))?,
        name: row.try_get("name")?,
        created: row.try_get("created_at")?,
        expires: row.try_get("expires_at")?,
        first_used: row.try_get("first_used_at")?,
        last_used: row.try_get("last_used_at")?,
        last_used_address: row.try_get("last_used_address")?,
        disabled: flag(row, "is_disabled")?,
    })
}
