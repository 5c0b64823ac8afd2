//! Second factors as rows.

use claviger_access::change::SecondFactorChange;
use claviger_access::credential::SecretDigest;
use claviger_access::identity::PrincipalId;
use sqlx::AnyConnection;

use super::super::statements::statements;
use super::{hex, number, run, run_each};

statements! {
    INSERT = "INSERT INTO second_factors (person_id, sealed, last_step, enabled_at) VALUES ($1, $2, $3, $4)";
    USE_STEP = "UPDATE second_factors SET last_step = $2 WHERE person_id = $1";
    DELETE = "DELETE FROM second_factors WHERE person_id = $1";
    INSERT_CODE = "INSERT INTO recovery_codes (person_id, digest_kind, digest) VALUES ($1, 'sha256', $2)";
    DELETE_CODE = "DELETE FROM recovery_codes WHERE person_id = $1 AND digest = $2";
    DELETE_CODES = "DELETE FROM recovery_codes WHERE person_id = $1";
}

pub(super) async fn write(connection: &mut AnyConnection, change: &SecondFactorChange) -> Result<(), sqlx::Error> {
    match change {
        SecondFactorChange::Enabled { person, sealed, step, recovery, enabled } => {
            let insert = sqlx::query(INSERT)
                .bind(number(person.number()))
                .bind(sealed.as_text().to_owned())
                .bind(step.0)
                .bind(enabled.seconds());
            run(connection, insert).await?;
            insert_codes(connection, *person, recovery).await
        }
        SecondFactorChange::CodeUsed { person, step } => {
            run(connection, sqlx::query(USE_STEP).bind(number(person.number())).bind(step.0)).await
        }
        SecondFactorChange::RecoveryCodeUsed { person, digest } => {
            let delete = sqlx::query(DELETE_CODE).bind(number(person.number()));
            run(connection, delete.bind(hex(digest.as_bytes()))).await
        }
        SecondFactorChange::RecoveryCodesMade { person, recovery } => {
            run(connection, sqlx::query(DELETE_CODES).bind(number(person.number()))).await?;
            insert_codes(connection, *person, recovery).await
        }
        SecondFactorChange::Removed { person } => run_each(connection, [DELETE_CODES, DELETE], person.number()).await,
    }
}

async fn insert_codes(
    connection: &mut AnyConnection,
    person: PrincipalId,
    recovery: &[SecretDigest],
) -> Result<(), sqlx::Error> {
    for digest in recovery {
        let insert = sqlx::query(INSERT_CODE).bind(number(person.number()));
        run(connection, insert.bind(hex(digest.as_bytes()))).await?;
    }
    Ok(())
}
