//! What nodes and the database tell each other.

use sqlx::any::{AnyArguments, AnyRow};
use tokio::sync::oneshot;

/// Which connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ConnectionId(pub(super) u64);

/// From a node.
pub(super) struct Message {
    pub(super) node: usize,
    pub(super) connection: ConnectionId,
    pub(super) said: Said,
}

pub(super) enum Said {
    /// Wants to be connected.
    Hello(ReplyTo),
    Statement(Statement, ReplyTo),
    /// Is gone.
    Goodbye,
}

/// Its arguments are taken out for each time that it is carried out.
#[derive(Clone)]
pub(super) struct Statement {
    pub(super) sql: String,
    pub(super) arguments: Vec<sqlx_core::any::AnyValueKind>,
}

impl Statement {
    pub(super) fn new(sql: &str, arguments: Option<AnyArguments>) -> Self {
        Self { sql: sql.to_owned(), arguments: arguments.map(|arguments| arguments.values.0).unwrap_or_default() }
    }

    pub(super) fn begins_with(&self, words: &str) -> bool {
        self.sql.starts_with(words)
    }
}

/// What a statement came to.
#[derive(Default)]
pub(super) struct Done {
    pub(super) rows: Vec<AnyRow>,
    pub(super) affected: u64,
}

/// An error of the database, or none: the connection is gone.
pub(super) type Reply = Result<Done, String>;

/// Dropped where the connection breaks.
pub(super) type ReplyTo = oneshot::Sender<Reply>;
