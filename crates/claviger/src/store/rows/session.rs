//! Sessions as rows.

use claviger_access::change::SessionChange;
use sqlx::AnyConnection;

use super::super::statements::statements;
use super::{hex, number, run};

statements! {
    INSERT = "INSERT INTO sessions (id, person_id, digest_kind, digest, begun_at, ends_at, address, browser) \
              VALUES ($1, $2, 'sha256', $3, $4, $5, $6, $7)";
    DELETE = "DELETE FROM sessions WHERE id = $1";
}

pub(super) async fn write(connection: &mut AnyConnection, change: &SessionChange) -> Result<(), sqlx::Error> {
    match change {
        SessionChange::Begun { id, person, digest, begun, ends, from } => {
            let insert = sqlx::query(INSERT)
                .bind(number(id.number()))
                .bind(number(person.number()))
                .bind(hex(digest.as_bytes()))
                .bind(begun.seconds())
                .bind(ends.seconds())
                .bind(from.address.map(|address| address.to_string()))
                .bind(from.browser.as_ref().map(|browser| browser.as_str().to_owned()));
            run(connection, insert).await
        }
        SessionChange::Ended { id } => run(connection, sqlx::query(DELETE).bind(number(id.number()))).await,
    }
}
