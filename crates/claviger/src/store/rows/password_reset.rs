//! Links by which people choose another password, as rows.

use claviger_access::change::PasswordResetChange;
use sqlx::AnyConnection;

use super::super::statements::statements;
use super::{hex, number, run};

statements! {
    PUT = "INSERT INTO password_resets (person_id, digest_kind, digest, made_at, expires_at, maker_id) \
           VALUES ($1, 'sha256', $2, $3, $4, $5) ON CONFLICT (person_id) DO UPDATE SET digest_kind = excluded.digest_kind, \
           digest = excluded.digest, made_at = excluded.made_at, expires_at = excluded.expires_at, maker_id = excluded.maker_id";
    DELETE = "DELETE FROM password_resets WHERE person_id = $1";
}

pub(super) async fn write(connection: &mut AnyConnection, change: &PasswordResetChange) -> Result<(), sqlx::Error> {
    match change {
        PasswordResetChange::LinkMade { person, digest, made, expires, maker } => {
            let put = sqlx::query(PUT)
                .bind(number(person.number()))
                .bind(hex(digest.as_bytes()))
                .bind(made.seconds())
                .bind(expires.seconds())
                .bind(maker.map(|maker| number(maker.number())));
            run(connection, put).await
        }
        PasswordResetChange::Ended { person } => {
            run(connection, sqlx::query(DELETE).bind(number(person.number()))).await
        }
    }
}
