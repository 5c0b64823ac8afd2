//! Telling a field that is absent from one that is `null`.

use serde::{Deserialize, Deserializer};

/// For `#[serde(default, deserialize_with = "optional::given")]` on an `Option<Option<T>>`: absent is `None`, `null` is
/// `Some(None)`.
pub(crate) fn given<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::<T>::deserialize(deserializer).map(Some)
}
