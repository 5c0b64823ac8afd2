//! Between the password and the code: what a browser holds that has shown the password of somebody whose second factor is
//! on. Nobody is signed in by it.
//!
//! It is a token in a cookie of five minutes, sealed with a key of the installation, and nothing on the server: several
//! nodes read it alike, a start in between loses nothing, and a flood of right passwords costs neither memory nor a write.
//! It is bound to the password and to the second factor as both were then. So it is over when either changes, and when any
//! code of the person was used: it is used once, since using it uses a code. What a thief of it has is what knowing the
//! password would give him, for five minutes: the page that asks for a code, and its five tries a minute.

use claviger_access::directory::SecondFactor;
use claviger_access::identity::PrincipalId;
use claviger_access::password::PasswordHash;
use claviger_access::{Directory, Moment};

use super::error_page::ErrorPage;
use super::session;
use crate::node::Node;
use crate::people::seal::{Purpose, Seals};
use crate::store::StoreError;

/// It lasts so long.
pub(super) const LIFETIME_S: u64 = 5 * 60;

/// Somebody who has shown his password, with his second factor as it was then and still is.
pub(super) struct PasswordShown {
    pub person: PrincipalId,
    pub seen: SecondFactor,
}

/// What seals and opens on this node.
pub(super) fn seals(node: &Node) -> Result<Seals, ErrorPage> {
    node.store.audit_keys().map(Seals::of).ok_or_else(|| {
        tracing::error!("this node has no key to seal with");
        ErrorPage::fault()
    })
}

/// The token of somebody who has just shown this password.
pub(super) fn token(
    seals: &Seals,
    factor: &SecondFactor,
    kept: &PasswordHash,
    now: Moment,
) -> Result<String, ErrorPage> {
    let ends = now.seconds().saturating_add(LIFETIME_S.cast_signed());
    let sealed = seals.seal(Purpose::PasswordShown, &bound_to(factor, kept), &ends.to_be_bytes());
    match sealed {
        Ok(sealed) => Ok(format!("{}.{sealed}", factor.id)),
        Err(error) => {
            tracing::error!(%error, "nothing could be sealed");
            Err(ErrorPage::without_randomness())
        }
    }
}

/// Whose token it is, if it counts.
pub(super) async fn read(
    node: &Node,
    seals: &Seals,
    directory: &Directory,
    token: &str,
    now: Moment,
) -> Result<Option<PasswordShown>, StoreError> {
    let Some((number, sealed)) = token.split_once('.') else { return Ok(None) };
    let factor = number.parse().ok().and_then(PrincipalId::new).and_then(|person| directory.second_factor(person));
    let person = factor.and_then(|factor| directory.person(factor.id));
    let Some((factor, person)) = factor.zip(person) else { return Ok(None) };
    let Some((_, kept)) = session::password_of(node, directory, Some(&person.email)).await? else { return Ok(None) };
    let opened = seals.open(Purpose::PasswordShown, &bound_to(factor, &kept), sealed);
    let ends = opened.and_then(|clear| Some(i64::from_be_bytes(clear.as_slice().try_into().ok()?)));
    let counts = ends.is_some_and(|ends| now.seconds() < ends);
    Ok(counts.then(|| PasswordShown { person: factor.id, seen: factor.clone() }))
}

/// All that must be as it was. It is authenticated with the token, and is not in it.
fn bound_to(factor: &SecondFactor, kept: &PasswordHash) -> Vec<Vec<u8>> {
    let fixed = [
        factor.id.to_string().into_bytes(),
        factor.sealed.as_text().as_bytes().to_vec(),
        factor.last_step.0.to_be_bytes().to_vec(),
        kept.as_phc().as_bytes().to_vec(),
    ];
    fixed.into_iter().chain(factor.recovery.iter().map(|digest| digest.as_bytes().to_vec())).collect()
}
