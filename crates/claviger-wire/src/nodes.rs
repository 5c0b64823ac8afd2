//! The nodes that share a store, for operators: printed by `claviger nodes`, and at `/api/app/nodes` beside the metrics.

use serde::{Deserialize, Serialize};

/// A node, as the store has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// What operators call it.
    pub name: String,
    /// Whether it reported while it was looked at.
    pub alive: bool,
    /// The newest revision that it has told of.
    pub revision: u64,
    /// So many changes it has not told of yet.
    pub behind: u64,
    /// For how long it answers after a report.
    pub lease_milliseconds: u64,
    /// The program that it runs.
    pub version: String,
    /// When it joined, by its own clock.
    pub joined: String,
}
