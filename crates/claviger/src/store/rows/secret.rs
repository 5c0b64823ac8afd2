//! What each change of a secret does to its row.

use claviger_access::change::SecretChange;
use sqlx::AnyConnection;

use super::{number, run};
use crate::store::statements::statements;

statements! {
    NAME_SECRET = "UPDATE secrets SET name = $2 WHERE id = $1";
    DELETE_SECRET = "DELETE FROM secrets WHERE id = $1";
}

pub(super) async fn write(connection: &mut AnyConnection, change: &SecretChange) -> Result<(), sqlx::Error> {
    match change {
        SecretChange::Named { id, name, .. } => {
            run(connection, sqlx::query(NAME_SECRET).bind(number(id.number())).bind(name.clone())).await
        }
        SecretChange::Revoked { id, .. } => run(connection, sqlx::query(DELETE_SECRET).bind(number(id.number()))).await,
    }
}
