//! What each change of a secret does to its row.

use claviger_access::change::SecretChange;
use claviger_access::credential::SecretDigest;
use claviger_access::identity::{PrincipalId, SecretId};
use claviger_access::{Expiry, Moment};
use sqlx::AnyConnection;

use super::{hex, number, run};
use crate::store::statements::statements;

statements! {
    INSERT_SECRET = "INSERT INTO secrets (id, principal_id, digest_kind, digest, created_at, expires_at) \
                     VALUES ($1, $2, 'sha256', $3, $4, $5)";
    UPDATE_SECRET_EXPIRY = "UPDATE secrets SET expires_at = $2 WHERE id = $1";
    NAME_SECRET = "UPDATE secrets SET name = $2 WHERE id = $1";
    DISABLE_SECRET = "UPDATE secrets SET is_disabled = $2 WHERE id = $1";
    DELETE_SECRET = "DELETE FROM secrets WHERE id = $1";
}

pub(super) async fn insert(
    connection: &mut AnyConnection,
    id: SecretId,
    principal: PrincipalId,
    digest: &SecretDigest,
    expires: Expiry,
    created: Moment,
) -> Result<(), sqlx::Error> {
    let insert = sqlx::query(INSERT_SECRET)
        .bind(number(id.number()))
        .bind(number(principal.number()))
        .bind(hex(digest.as_bytes()))
        .bind(created.seconds())
        .bind(expires.moment().map(Moment::seconds));
    run(connection, insert).await
}

pub(super) async fn end_at(connection: &mut AnyConnection, id: SecretId, expires: Expiry) -> Result<(), sqlx::Error> {
    let update = sqlx::query(UPDATE_SECRET_EXPIRY).bind(number(id.number()));
    run(connection, update.bind(expires.moment().map(Moment::seconds))).await
}

pub(super) async fn write(connection: &mut AnyConnection, change: &SecretChange) -> Result<(), sqlx::Error> {
    match change {
        SecretChange::Named { id, name, .. } => {
            run(connection, sqlx::query(NAME_SECRET).bind(number(id.number())).bind(name.clone())).await
        }
        SecretChange::Disabled { id, disabled, .. } => {
            run(connection, sqlx::query(DISABLE_SECRET).bind(number(id.number())).bind(i16::from(*disabled))).await
        }
        SecretChange::Revoked { id, .. } => run(connection, sqlx::query(DELETE_SECRET).bind(number(id.number()))).await,
    }
}
