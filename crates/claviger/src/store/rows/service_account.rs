//! What each change of a service account itself does to its row.

use claviger_access::change::ServiceAccountChange;
use sqlx::AnyConnection;

use super::{number, run};
use crate::store::statements::statements;

statements! {
    DISABLE_ACCOUNT = "UPDATE principals SET is_disabled = $2 WHERE id = $1";
    PROTECT_ACCOUNT = "UPDATE principals SET is_protected = $2 WHERE id = $1";
}

pub(super) async fn write(connection: &mut AnyConnection, change: &ServiceAccountChange) -> Result<(), sqlx::Error> {
    let (statement, id, flag) = match change {
        ServiceAccountChange::Described { id, details } => {
            return super::account_details::write(connection, *id, details).await;
        }
        ServiceAccountChange::Disabled { id, disabled } => (DISABLE_ACCOUNT, id, disabled),
        ServiceAccountChange::Protected { id, protected } => (PROTECT_ACCOUNT, id, protected),
    };
    run(connection, sqlx::query(statement).bind(number(id.number())).bind(i16::from(*flag))).await
}
