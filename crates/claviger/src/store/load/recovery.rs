//! Loading second factors, and links by which people choose another password.

use std::collections::BTreeMap;

use claviger_access::change::ResetLinkMaker;
use claviger_access::credential::SecretDigest;
use claviger_access::directory::{Loader, PasswordReset, SecondFactor};
use claviger_access::identity::PrincipalId;
use claviger_access::second_factor::{SealedSecret, TimeStep};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::super::StoreError;
use super::super::rows::digest;
use super::super::statements::statements;
use super::people::moment;
use super::{flag, id};

statements! {
    READ_FACTORS = "SELECT person_id, sealed, last_step, enabled_at FROM second_factors ORDER BY person_id";
    READ_CODES = "SELECT person_id, digest_kind, digest FROM recovery_codes ORDER BY person_id";
    READ_RESETS = "SELECT person_id, digest_kind, digest, made_at, expires_at, maker_id, is_of_operator \
                   FROM password_resets ORDER BY person_id";
}

pub(super) async fn read(snapshot: &mut AnyConnection, loader: &mut Loader) -> Result<(), StoreError> {
    let mut codes: BTreeMap<PrincipalId, Vec<SecretDigest>> = BTreeMap::new();
    for row in sqlx::query(READ_CODES).fetch_all(&mut *snapshot).await? {
        let person = id(&row, "person_id", PrincipalId::new)?;
        codes.entry(person).or_default().push(kept(&row, person)?);
    }
    for row in sqlx::query(READ_FACTORS).fetch_all(&mut *snapshot).await? {
        let person = id(&row, "person_id", PrincipalId::new)?;
        let sealed = SealedSecret::from_text(row.try_get("sealed")?);
        let step = TimeStep(row.try_get("last_step")?);
        let recovery = codes.remove(&person).unwrap_or_default();
        loader.second_factor(SecondFactor::new(person, sealed, step, &recovery, moment(&row, "enabled_at")?));
    }
    for row in sqlx::query(READ_RESETS).fetch_all(&mut *snapshot).await? {
        let person = id(&row, "person_id", PrincipalId::new)?;
        let maker = row.try_get::<Option<i64>, _>("maker_id")?;
        let is_of_operator = flag(&row, "is_of_operator")?;
        loader.password_reset(PasswordReset {
            id: person,
            digest: kept(&row, person)?,
            made: moment(&row, "made_at")?,
            expires: moment(&row, "expires_at")?,
            maker: match maker.and_then(|maker| PrincipalId::new(u64::try_from(maker).ok()?)) {
                Some(owner) => ResetLinkMaker::Owner(owner),
                None if is_of_operator => ResetLinkMaker::Operator,
                None => ResetLinkMaker::Mail,
            },
        });
    }
    Ok(())
}

fn kept(row: &AnyRow, person: PrincipalId) -> Result<SecretDigest, StoreError> {
    let is_known = row.try_get::<String, _>("digest_kind")? == "sha256";
    let kept = if is_known { digest(&row.try_get::<String, _>("digest")?) } else { None };
    kept.ok_or_else(|| StoreError::unreadable(format!("a digest of person {person}")))
}
