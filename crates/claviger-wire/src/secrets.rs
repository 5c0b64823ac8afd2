//! The secrets of a service account.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::optional;
use crate::token::Token;

/// A secret, without its text. Every field is always there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Secret {
    /// Its id.
    pub id: u64,
    /// What it is called, if anything.
    pub name: Option<String>,
    /// When it was made.
    pub created: String,
    /// When it ends; null for never.
    pub expires: Option<String>,
    /// When it was last used, off by a minute at most; null for never.
    pub last_used: Option<String>,
    /// Whether it is refused for now, though it is there.
    pub is_disabled: bool,
}

/// A secret that was just made, with its text: the one time that it is shown.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct NewSecret {
    /// What is known of it.
    #[serde(flatten)]
    pub secret: Secret,
    /// The secret itself. It cannot be shown again.
    pub token: Token,
}

/// A secret that was made in place of another.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct RotatedSecret {
    /// The new one.
    #[serde(flatten)]
    pub new: NewSecret,
    /// The other one.
    pub replaced: ReplacedSecret,
}

/// A secret that another one was made in place of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReplacedSecret {
    /// Its id.
    pub id: u64,
    /// When it ends, or did.
    pub expires: Option<String>,
}

/// POST: one more secret.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct CreateSecret {
    /// What it is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// When it ends: RFC 3339; absent, null or empty for never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// The same in seconds from now, in place of `expires`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u64>,
}

/// PATCH: what is to be different.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct ChangeSecret {
    /// What it is called; null for nothing.
    #[serde(default, deserialize_with = "optional::given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub name: Option<Option<String>>,
    /// When it ends: RFC 3339; null or empty for never.
    #[serde(default, deserialize_with = "optional::given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub expires: Option<Option<String>>,
    /// The same in seconds from now, in place of `expires`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u64>,
    /// Whether it is refused, though it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
}

/// POST: a new secret in place of another.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct RotateSecret {
    /// How many seconds the replaced one goes on, unless it ends before: a day where nothing is said, 0 ends it at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace_seconds: Option<u64>,
    /// Which one is replaced: where nothing is said, the one that the account itself came with, or else its newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_id: Option<u64>,
    /// What the new one is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// When the new one ends: RFC 3339; null or empty for never; absent for when the replaced one would have.
    #[serde(default, deserialize_with = "optional::given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub expires: Option<Option<String>>,
    /// The same in seconds from now, in place of `expires`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u64>,
}
