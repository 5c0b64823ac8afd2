//! A form that does what it does once, however often its button is pressed: it carries a token that is the idempotency key
//! of what it makes.

use claviger_access::identity::PrincipalId;
use sha2::{Digest, Sha256};

use super::error_page::ErrorPage;
use super::typed::Typed;
use crate::random;
use crate::store::writing::IdempotencyKey;

/// The field's name.
pub(super) const FIELD: &str = "once";

/// What is digested first, so that a page's key is none of the API's.
const PURPOSE: &[u8] = b"claviger console once 1\n";

/// For a form that is shown.
pub(super) fn fresh() -> Result<String, ErrorPage> {
    random::form_key().map_err(|_| ErrorPage::without_randomness())
}

/// For one that was sent.
pub(super) fn key(person: PrincipalId, typed: &Typed) -> Result<IdempotencyKey, ErrorPage> {
    let sent = typed.one(FIELD);
    if sent.len() != 32 || !sent.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(ErrorPage::unreadable_form());
    }
    let digest = Sha256::new().chain_update(PURPOSE).chain_update(sent).finalize();
    Ok(IdempotencyKey { caller: person, digest: digest.iter().map(|byte| format!("{byte:02x}")).collect() })
}
