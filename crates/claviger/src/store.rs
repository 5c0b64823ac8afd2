//! The one truth, and the one place where SQL lives.
//!
//! Two engines, one set of statements: SQLite in the data folder, PostgreSQL at an address. Both are spoken to through
//! sqlx's `Any` driver, so a statement must hold to what both understand: placeholders `$1`, BIGINT times, SMALLINT
//! flags, no booleans, casts round sums. A test prepares every statement on both.
//!
//! Writing goes through [`Writing`], which holds the head row: it takes only a [`Decision`](claviger_access::Decision).
//! Reading what the directory does not hold asks for a [`Permit`](claviger_access::Permit), and takes its scope from
//! that. Checks never come here.

pub mod audit_log;
pub mod backup;
pub mod bookkeeping;
pub mod chain;
pub mod epoch;
pub mod following;
pub mod load;
pub mod location;
pub mod lock;
pub mod moving;
pub mod nodes;
pub mod observed;
pub mod passwords;
pub mod secrets;
pub mod service_accounts;
pub mod usage;
pub mod verification;
pub mod wake;
pub mod warnings;
pub mod writing;

mod addresses;
mod change_format;
mod connector;
mod ends;
mod event_row;
mod gathered;
mod grants;
mod many;
mod no_connection;
mod open;
mod reads;
mod record;
mod rows;
pub mod schema;
mod statements;
mod tables;
pub(crate) mod together;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use claviger_access::Revision;
use sqlx::AnyPool;

use self::connector::Connector;
use self::ends::KnownEnds;
use self::nodes::OwnConnection;
use self::reads::Reads;
use self::wake::CanTell;
use crate::audit_chain::KeyRing;
use crate::audit_chain::key_file::NoKeys;

pub use self::location::Location;
pub(crate) use self::open::prepare_folder;
pub use self::statements::all as all_statements;
pub use self::tables::TABLES;
pub use self::writing::Writing;

/// Which database it is. The statements are the same; how a transaction begins is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// A file in the data folder.
    Sqlite,
    /// A server.
    Postgres,
}

/// An open store.
#[derive(Clone)]
pub struct Store {
    engine: Engine,
    location: Location,
    connector: Connector,
    /// What the audit log is chained with; none in a store that is only read.
    audit_keys: Arc<Mutex<Option<KeyRing>>>,
    ends: KnownEnds,
    reads: Reads,
    /// For reports alone.
    reporting: OwnConnection,
    /// For following alone.
    following: OwnConnection,
    can_tell: CanTell,
}

/// A read that takes longer is given up: its connection may be to a host that is gone.
const READ_WITHIN: Duration = Duration::from_secs(30);

/// Whoever stops does not wait longer for reads that nobody wants any more.
const CLOSED_WITHIN: Duration = Duration::from_secs(2);

/// Lets sqlx know the engines. Called before a store is opened, as often as you like.
pub fn install_drivers() {
    #[cfg(test)]
    crate::simulation::install_drivers();
    #[cfg(not(test))]
    sqlx::any::install_default_drivers();
}

impl Store {
    /// Which database it is.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// Whether several nodes may be on it at once.
    pub fn is_shared(&self) -> bool {
        self.engine == Engine::Postgres
    }

    /// Where it is.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// The pool for reading. For tests that look at rows.
    pub fn reads(&self) -> AnyPool {
        self.reads.pool()
    }

    /// Closes all connections. One that waits for the answer to a read that was given up is left to end by itself.
    pub async fn close(&self) {
        self.connector.close().await;
        self.reporting.close().await;
        self.following.close().await;
        if tokio::time::timeout(CLOSED_WITHIN, self.reads().close()).await.is_err() {
            tracing::debug!("a read is still under way; its connection ends with this process");
        }
    }

    /// What the audit log is chained with.
    pub fn audit_keys(&self) -> Option<KeyRing> {
        self.audit_keys.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_audit_keys(&self, ring: KeyRing) {
        *self.audit_keys.lock().unwrap_or_else(PoisonError::into_inner) = Some(ring);
        self.ends.forget();
    }

    /// Waits for several reads, but not for ever.
    async fn waited<T>(&self, reads: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        tokio::time::timeout(READ_WITHIN, reads).await.unwrap_or_else(|_| Err(StoreError::no_answer()))
    }

    /// Waits for a read, but not for ever.
    async fn answered<T>(&self, read: impl Future<Output = sqlx::Result<T>>) -> Result<T, StoreError> {
        match tokio::time::timeout(READ_WITHIN, read).await {
            Ok(read) => Ok(read?),
            Err(_) => Err(StoreError::no_answer()),
        }
    }
}

/// Why the store did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refused, failed or did not answer. Nothing is known to be written.
    #[error("the database does not answer as it should: {0}")]
    Database(#[from] sqlx::Error),
    /// The end of a chain of the audit log is not where this process left it.
    #[error(
        "the end of the audit log was changed by somebody else, so nothing is written any more; look with claviger audit verify and a mark that was kept elsewhere, then start the server again"
    )]
    AuditLogMoved,
    /// It cannot be reached as it is set up.
    #[error("cannot connect to {store}: {reason}")]
    NoConnection {
        /// Where, without credentials.
        store: String,
        /// What is in the way, and the way out.
        reason: String,
    },
    /// Another process has it.
    #[error("{store} is in use by another claviger process; stop that one first, or name another store")]
    InUse {
        /// Where, without credentials.
        store: String,
    },
    /// It committed, and may lose that.
    #[error("the database warned while it committed (see the line before), so what it says is not counted on")]
    Doubtful,
    /// It may be in several places, and is in none.
    #[error("none of the databases can be used: {reasons}")]
    NoneOfSeveral {
        /// Each place, without credentials, with what is in the way.
        reasons: String,
    },
    /// It went back in time.
    #[error(
        "the store has lost history: this node has answered with revision {seen}, which is not in the store that stands at {at}. Nothing is answered, since what was revoked since may be valid in it. Bring the history back, or go on without it by claviger restore accept"
    )]
    LostHistory {
        /// The newest that the node has answered with.
        seen: Revision,
        /// Where the store stands.
        at: Revision,
    },
    /// It is of another history than the one that an operator accepted last.
    #[error(
        "the store is one from before claviger restore accept, or a copy that went its own way: this node has answered from another. Nothing is answered from it; bring the right one back, or start this node anew"
    )]
    EarlierEpoch,
    /// An operator is accepting that it went back in time, and has not finished.
    #[error(
        "the store went back in time, and claviger restore accept has not finished with it: wait for it, or run it again"
    )]
    Closed,
    /// It cannot be moved.
    #[error("the installation cannot be moved: {why}")]
    Move {
        /// What is in the way.
        why: String,
    },
    /// A newer program wrote it.
    #[error(
        "{store} has schema {found}, written by a newer claviger; this one knows schemas up to {known}. Start the newer one, or restore a backup made before the upgrade"
    )]
    Newer {
        /// Where, without credentials.
        store: String,
        /// The schema it has.
        found: i64,
        /// The newest schema that this program knows.
        known: i64,
    },
    /// A migration failed.
    #[error("the schema of {store} could not be brought up to date, and nothing was changed: {reason}")]
    Migration {
        /// Where, without credentials.
        store: String,
        /// What the database said.
        reason: String,
    },
    /// A row that no program of ours writes.
    #[error("the store holds something unreadable: {what}. Restore a backup, or ask for help with this line")]
    Unreadable {
        /// What and where.
        what: String,
    },
    /// A file or folder.
    #[error("{path}: {reason}")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        reason: std::io::Error,
    },
    /// The audit log cannot be chained.
    #[error(transparent)]
    AuditKey(#[from] NoKeys),
    /// An address that is none.
    #[error("{what} is not an address of a store; use postgres://user@host/database")]
    Address {
        /// What it is, without credentials.
        what: String,
    },
}

impl StoreError {
    pub(crate) fn no_answer() -> Self {
        let reason = std::io::Error::new(std::io::ErrorKind::TimedOut, "no answer in time");
        Self::Database(sqlx::Error::Io(reason))
    }

    /// Whether another place may have the right database: this one does not answer, is not what it is there for, or has a history that
    /// may not be answered from, as one has that was replaced.
    pub(crate) fn may_be_better_elsewhere(&self) -> bool {
        matches!(self, Self::Database(_) | Self::NoneOfSeveral { .. } | Self::Doubtful) || self.is_of_the_history()
    }

    /// Whether its history may not be answered from.
    pub(crate) fn is_of_the_history(&self) -> bool {
        matches!(self, Self::LostHistory { .. } | Self::EarlierEpoch)
    }

    /// What is in the way, without the words around it.
    fn reason(&self) -> String {
        match self {
            Self::Database(error) => error.to_string(),
            other => other.to_string(),
        }
    }

    pub(crate) fn unreadable(what: impl Into<String>) -> Self {
        Self::Unreadable { what: what.into() }
    }
}
