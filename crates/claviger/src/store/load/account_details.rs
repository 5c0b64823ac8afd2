//! Loading what is said about service accounts, some at a time: most have nothing.

use std::collections::BTreeMap;

use claviger_access::directory::Loader;
use claviger_access::identity::PrincipalId;
use claviger_access::labels::Labels;
use claviger_access::ownership::AccountDetails;
use sqlx::{AnyConnection, Row};

use super::super::StoreError;
use super::super::rows::account_details::read_owner;
use super::super::rows::number;
use super::super::statements::statements;
use super::id;

statements! {
    READ_DETAILS = "SELECT principal_id, owner_kind, owner_id, description FROM account_details \
                    WHERE principal_id > $1 ORDER BY principal_id LIMIT $2";
    READ_LABELS = "SELECT principal_id, name, value FROM account_labels WHERE principal_id > $1 AND principal_id <= $2";
}

/// So many accounts at a time.
const AT_ONCE: usize = 10_000;

pub(super) async fn read(snapshot: &mut AnyConnection, loader: &mut Loader) -> Result<(), StoreError> {
    let mut after = 0;
    loop {
        let read = sqlx::query(READ_DETAILS).bind(number(after)).bind(AT_ONCE as i64);
        let rows = read.fetch_all(&mut *snapshot).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        let last = id(last, "principal_id", PrincipalId::new)?.number();
        let mut labels = read_labels(snapshot, after, last).await?;
        for row in &rows {
            let account = id(row, "principal_id", PrincipalId::new)?;
            let unreadable = || StoreError::unreadable(format!("what is said about principal {account}"));
            let owner_id = row.try_get::<Option<i64>, _>("owner_id")?.and_then(|owner| u64::try_from(owner).ok());
            let owner = read_owner(&row.try_get::<String, _>("owner_kind")?, owner_id).ok_or_else(unreadable)?;
            let labels = labels.remove(&account).unwrap_or_default();
            let labels = labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            let labels = Labels::parse(labels).map_err(|_| unreadable())?;
            let description = row.try_get("description")?;
            loader.account_details(account, AccountDetails { owner, description, labels });
        }
        if rows.len() < AT_ONCE {
            return Ok(());
        }
        after = last;
    }
}

async fn read_labels(
    snapshot: &mut AnyConnection,
    after: u64,
    last: u64,
) -> Result<BTreeMap<PrincipalId, Vec<(String, String)>>, StoreError> {
    let mut labels = BTreeMap::<_, Vec<_>>::new();
    let read = sqlx::query(READ_LABELS).bind(number(after)).bind(number(last));
    for row in read.fetch_all(snapshot).await? {
        let label = (row.try_get("name")?, row.try_get("value")?);
        labels.entry(id(&row, "principal_id", PrincipalId::new)?).or_default().push(label);
    }
    Ok(labels)
}
