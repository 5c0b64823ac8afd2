//! What each change of a secret does to its row.

use claviger_access::change::SecretChange;
use claviger_access::credential::SecretDigest;
use claviger_access::identity::{PrincipalId, SecretId};
use claviger_access::{Expiry, Moment};
use sqlx::AnyConnection;

use super::{hex, number, run};
use crate::store::many::Many;
use crate::store::statements::statements;
use crate::store::together::Part;

statements! {
    INSERT_SECRET = "INSERT INTO secrets (id, principal_id, digest_kind, digest, created_at, expires_at) \
                     VALUES ($1, $2, $3, $4, $5, $6)";
    UPDATE_SECRET_EXPIRY = "UPDATE secrets SET expires_at = $2 WHERE id = $1";
    NAME_SECRET = "UPDATE secrets SET name = $2 WHERE id = $1";
    DISABLE_SECRET = "UPDATE secrets SET is_disabled = $2 WHERE id = $1";
    DELETE_SECRET = "DELETE FROM secrets WHERE id = $1";
}

pub(in crate::store) static INSERT_SECRETS: Many = Many::of("INSERT_SECRETS", INSERT_SECRET);

/// How digests of secrets that are made here are.
const DIGEST_KIND: &str = "sha256";

/// The row of a secret that was issued.
pub(in crate::store) struct IssuedSecret {
    pub(in crate::store) id: SecretId,
    pub(in crate::store) principal: PrincipalId,
    pub(in crate::store) digest: SecretDigest,
    pub(in crate::store) expires: Expiry,
    pub(in crate::store) created: Moment,
}

pub(in crate::store) fn issued(secrets: &[IssuedSecret]) -> Part<'_> {
    Part::many(&INSERT_SECRETS, secrets, |insert, secret| {
        insert
            .bind(number(secret.id.number()))
            .bind(number(secret.principal.number()))
            .bind(DIGEST_KIND)
            .bind(hex(secret.digest.as_bytes()))
            .bind(secret.created.seconds())
            .bind(secret.expires.moment().map(Moment::seconds))
    })
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
