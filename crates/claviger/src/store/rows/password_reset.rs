//! Links by which people choose another password, as rows.

use claviger_access::change::{PasswordResetChange, ResetLinkMaker};
use sqlx::AnyConnection;

use super::super::statements::statements;
use super::{hex, number, run};

statements! {
    PUT = "INSERT INTO password_resets (person_id, digest_kind, digest, made_at, expires_at, maker_id, is_of_operator) \
           VALUES ($1, 'sha256', $2, $3, $4, $5, $6) ON CONFLICT (person_id) DO UPDATE SET digest_kind = excluded.digest_kind, \
           digest = excluded.digest, made_at = excluded.made_at, expires_at = excluded.expires_at, maker_id = excluded.maker_id, \
           is_of_operator = excluded.is_of_operator";
    DELETE = "DELETE FROM password_resets WHERE person_id = $1";
}

pub(super) async fn write(connection: &mut AnyConnection, change: &PasswordResetChange) -> Result<(), sqlx::Error> {
    match change {
        PasswordResetChange::LinkMade { person, digest, made, expires, maker } => {
            let owner = match maker {
                ResetLinkMaker::Owner(owner) => Some(number(owner.number())),
                ResetLinkMaker::Operator | ResetLinkMaker::Mail => None,
            };
            let put = sqlx::query(PUT)
                .bind(number(person.number()))
                .bind(hex(digest.as_bytes()))
                .bind(made.seconds())
                .bind(expires.seconds())
                .bind(owner)
                .bind(i16::from(*maker == ResetLinkMaker::Operator));
            run(connection, put).await
        }
        PasswordResetChange::Ended { person } => {
            run(connection, sqlx::query(DELETE).bind(number(person.number()))).await
        }
    }
}
