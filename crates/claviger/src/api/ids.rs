//! Ids in a path. A number that no id can have leads nowhere, as an id that nothing has.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use claviger_access::identity::{
    CustomRoleId, InvitationId, OrganizationId, PrincipalId, ProjectId, SecretId, SessionId, TeamId, WorkspaceId,
};
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};

use super::failure::Failure;

/// An id as it stands in a path: decimal digits, no sign, no leading zero.
pub(crate) struct PathId<I>(pub I);

/// A typed id.
pub(crate) trait Id: Sized {
    fn from_number(number: u64) -> Option<Self>;
}

macro_rules! ids {
    ($($id:ident),*) => {$(
        impl Id for $id {
            fn from_number(number: u64) -> Option<Self> {
                Self::new(number)
            }
        }
    )*};
}

ids!(OrganizationId, ProjectId, WorkspaceId, PrincipalId, SecretId, TeamId, CustomRoleId, InvitationId, SessionId);

/// Reads decimal digits as an id.
pub(crate) fn read<I: Id>(text: &str) -> Option<I> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    plain.then(|| text.parse().ok().and_then(I::from_number)).flatten()
}

impl<'de, I: Id> Deserialize<'de> for PathId<I> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        read(&text).map(Self).ok_or_else(|| D::Error::custom("no id"))
    }
}

/// The ids in a path, all of them.
pub(super) struct Ids<T>(pub T);

impl<T, S> FromRequestParts<S> for Ids<T>
where
    T: DeserializeOwned + Send,
    S: Send + Sync,
{
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let path = Path::<T>::from_request_parts(parts, state).await;
        path.map(|Path(ids)| Self(ids)).map_err(|_| Failure::not_found())
    }
}

/// An id in a body; what can be none belongs to nobody.
pub(super) fn in_body<I: Id>(number: u64, what: &str) -> Result<I, Failure> {
    I::from_number(number).ok_or_else(|| {
        Failure::bad_request("id_invalid", format!("{number} is no id of a {what}; ids are positive and below 2^53"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_decimal_digits_are_an_id() {
        assert_eq!(read(&((1_u64 << 53) - 1).to_string()), ProjectId::new((1 << 53) - 1));
        for text in
            ["0", "-1", "+1", "007", "1.0", "1e3", "", " 1", "9007199254740992", "9223372036854775808", "x", "١"]
        {
            assert_eq!(read::<ProjectId>(text), None, "{text}");
        }
    }
}
