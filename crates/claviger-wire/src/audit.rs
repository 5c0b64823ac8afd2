//! The audit log: who did what to what.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditEvent {
    /// Its number, greater than those of all changes before it; refusals are numbered on their own, from
    /// 1,000,000,000,000,001.
    pub id: u64,
    /// When.
    pub time: String,
    /// Who did it.
    pub actor: Actor,
    /// What was done, as `noun.verb_past`.
    pub action: String,
    /// What it was done to.
    pub target: Target,
    /// Whose log it is in.
    pub organization: u64,
    /// The project whose log it is in as well; null where it is the organization's alone.
    pub project: Option<u64>,
    /// The request, as in the answer's `X-Request-Id`.
    pub request_id: String,
    /// Where the request came from; null for the command line on the host.
    pub address: Option<String>,
    /// Properties as they were. One that has several values is there several times.
    pub before: Vec<Fact>,
    /// Properties as they are from then on.
    pub after: Vec<Fact>,
}

/// Who did something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Actor {
    /// `person`, `service_account`, `operator` for the command line on the host, or `stranger` for who did not show who
    /// he is.
    pub kind: String,
    /// His user id; null for the operator and for a stranger.
    pub id: Option<u64>,
    /// His name then, also if he is gone now; null for the operator and for a stranger.
    pub name: Option<String>,
}

/// What something was done to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Target {
    /// `organization`, `project`, `workspace`, `principal`, `team` or `custom_role`.
    pub kind: String,
    /// Its id.
    pub id: u64,
    /// Its name then, also if it is gone now.
    pub name: Option<String>,
}

/// A property and its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Fact {
    /// The property.
    pub name: String,
    /// Its value, as text.
    pub value: String,
}
