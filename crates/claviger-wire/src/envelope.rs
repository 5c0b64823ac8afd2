//! What every answer is wrapped in.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::roles::RoleName;

/// `"ok"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Ok {
    /// The request was done.
    Ok,
}

/// `"error"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Error {
    /// The request was not done.
    Error,
}

/// An answer that shows something.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Success<T> {
    /// Always `ok`.
    pub status: Ok,
    /// What was asked for.
    pub results: T,
}

impl<T> Success<T> {
    /// Wraps what was asked for.
    pub fn new(results: T) -> Self {
        Self { status: Ok::Ok, results }
    }
}

/// A list, whole or in pages.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// Always `ok`.
    pub status: Ok,
    /// The rows.
    pub results: Vec<T>,
    /// Where the next page begins; absent on the last page, and where no `limit` was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// Wraps one page of rows.
    pub fn new(results: Vec<T>, next_cursor: Option<String>) -> Self {
        Self { status: Ok::Ok, results, next_cursor }
    }
}

/// An answer that has nothing to show.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
pub struct Done {
    /// Always `ok`.
    pub status: Ok,
}

impl Default for Done {
    fn default() -> Self {
        Self { status: Ok::Ok }
    }
}

/// What was refused, and the way out.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Failure {
    /// Always `error`.
    pub status: Error,
    /// One sentence for a person: what is wrong and what to do.
    pub error: String,
    /// The same for a program: stable, listed in the errors reference.
    pub code: String,
    /// Only with `already_created`: what the first request with this `Idempotency-Key` made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub results: Option<Made>,
}

impl Failure {
    /// Wraps a refusal.
    pub fn new(code: &str, error: impl Into<String>) -> Self {
        Self { status: Error::Error, error: error.into(), code: code.to_owned(), results: None }
    }
}

/// Something that exists already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Made {
    /// Its id.
    pub id: MadeId,
}

/// The id of something that exists already, as its own routes show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum MadeId {
    /// Of anything but a custom role.
    Number(u64),
    /// A custom role's `role_id`.
    Role(RoleName),
}
