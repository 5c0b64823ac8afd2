//! What only people have, as rows.

use claviger_access::change::PersonChange;
use sqlx::AnyConnection;

use super::super::statements::statements;
use super::{number, run};

statements! {
    SET_PASSWORD = "INSERT INTO passwords (principal_id, phc, set_at) VALUES ($1, $2, $3) \
                    ON CONFLICT (principal_id) DO UPDATE SET phc = excluded.phc, set_at = excluded.set_at";
}

pub(super) async fn write(connection: &mut AnyConnection, change: &PersonChange) -> Result<(), sqlx::Error> {
    match change {
        PersonChange::PasswordSet { id, hash: Some(hash), set } => {
            let insert = sqlx::query(SET_PASSWORD).bind(number(id.number())).bind(hash.as_phc().to_owned());
            run(connection, insert.bind(set.seconds())).await
        }
        PersonChange::PasswordSet { id, hash: None, .. } => {
            Err(sqlx::Error::Protocol(format!("a password of person {id} without its hash")))
        }
    }
}
