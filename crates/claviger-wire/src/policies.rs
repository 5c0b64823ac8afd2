//! What an organization demands of its service accounts.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::optional;

/// An organization's policy.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Policy {
    /// The longest that a secret lives, in seconds from its making on; null where it may live for ever.
    pub secret_lifetime_max: Option<u64>,
    /// Whether each secret must have an end. A longest lifetime demands one as well.
    pub expiry_required: bool,
    /// How many secrets an account holds at most.
    pub secrets_max: u64,
    /// Whether owners and admins of a project make service accounts in its settings.
    pub project_admins_create: bool,
    /// Whether `username:secret` counts as plain text; in base64 it always does.
    pub plain_text_basic: bool,
    /// A regular expression that names of service accounts must match as a whole, or null.
    pub name_pattern: Option<String>,
    /// Ranges of addresses that calls may come from; from everywhere where there are none.
    pub allowed_addresses: Vec<String>,
}

/// PATCH: what is to be different.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct ChangePolicy {
    /// In seconds; null for as long as one likes.
    #[serde(default, deserialize_with = "optional::given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u64>)]
    pub secret_lifetime_max: Option<Option<u64>>,
    /// Whether each secret must have an end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry_required: Option<bool>,
    /// 1 to 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secrets_max: Option<u64>,
    /// Whether owners and admins of a project make service accounts in its settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_admins_create: Option<bool>,
    /// Whether `username:secret` counts as plain text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plain_text_basic: Option<bool>,
    /// A regular expression; null for any name.
    #[serde(default, deserialize_with = "optional::given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub name_pattern: Option<Option<String>>,
    /// All ranges from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_addresses: Option<Vec<String>>,
}

/// Where one account may call from, within what its organization allows.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AllowedAddresses {
    /// Ranges of addresses; from everywhere where there are none.
    pub allowed_addresses: Vec<String>,
}
