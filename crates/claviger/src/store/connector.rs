//! Connections for writing: one at a time, and none that is doubtful.
//!
//! A connection on which anything failed or took too long is dropped, never used again: it may be in the middle of a
//! transaction, or lead to a host that is gone. Dropping it rolls back. The one that went well is kept for the next
//! write, unless connections lead elsewhere by then.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::any::AnyConnectOptions;
use sqlx::{AnyConnection, Connection, Executor, Row};

use super::addresses::{self, Addresses, Turn};
use super::{StoreError, warnings};

/// A connection is there within this, wherever it is found.
const CONNECTION_WITHIN: Duration = Duration::from_secs(5);

/// A transaction has ended within this, or its outcome is unknown.
const END_WITHIN: Duration = Duration::from_secs(5);

/// Sent as one text.
const TELL_AND_COMMIT: &str = "NOTIFY claviger; COMMIT";

/// A connection, and the turn that it was made in.
pub(super) struct Link {
    connection: AnyConnection,
    turn: Turn,
    /// Who answers it, where the engine tells: what is told in a commit is told by this one.
    backend: Option<u32>,
}

impl Link {
    /// When it was made.
    pub(super) fn turn(&self) -> Turn {
        self.turn
    }

    /// Who answers it.
    pub(super) fn backend(&self) -> Option<u32> {
        self.backend
    }

    /// Says goodbye.
    pub(super) async fn close(self) -> sqlx::Result<()> {
        self.connection.close().await
    }
}

impl Deref for Link {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        &self.connection
    }
}

impl DerefMut for Link {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        &mut self.connection
    }
}

/// Makes connections, and keeps one.
#[derive(Clone)]
pub(super) struct Connector {
    addresses: Addresses,
    settings: &'static str,
    spare: Arc<Mutex<Option<Link>>>,
}

impl Connector {
    pub(super) fn new(addresses: Addresses, settings: &'static str) -> Self {
        Self { addresses, settings, spare: Arc::default() }
    }

    /// Where connections lead, and where else they may.
    pub(super) fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// A connection in a transaction that was begun with this statement. The spare one may have died meanwhile; a new
    /// one tells.
    pub(super) async fn begin(&self, statement: &'static str) -> Result<Link, StoreError> {
        let spare = self.lock().take().filter(|spare| self.is_good(spare));
        if let Some(mut connection) = spare {
            match tokio::time::timeout(CONNECTION_WITHIN, connection.execute(statement)).await {
                Ok(Ok(_)) => return Ok(connection),
                Ok(Err(error)) => tracing::debug!(%error, "a spare connection is of no use any more"),
                Err(_) => tracing::debug!("a spare connection does not answer any more"),
            }
        }
        let mut connection = self.connect().await?;
        match tokio::time::timeout(CONNECTION_WITHIN, connection.execute(statement)).await {
            Ok(begun) => begun.map(|_| ())?,
            Err(_) => return Err(StoreError::no_answer()),
        }
        Ok(connection)
    }

    /// Whether connections still lead where this one does.
    pub(super) fn is_good(&self, link: &Link) -> bool {
        link.turn == self.addresses.turn()
    }

    /// Finds out where the database is, and keeps the connection.
    pub(super) async fn find(&self) -> Result<(), StoreError> {
        let found = self.connect().await?;
        *self.lock() = Some(found);
        Ok(())
    }

    /// A new connection, set up: to the first address, in their turn, where writes are taken.
    pub(super) async fn connect(&self) -> Result<Link, StoreError> {
        let within = CONNECTION_WITHIN / u32::try_from(self.addresses.count()).unwrap_or(u32::MAX);
        let begun = self.addresses.begun();
        let mut refused = Vec::new();
        for (place, options) in self.addresses.in_turn(begun) {
            match tokio::time::timeout(within, connected(options, self.settings)).await {
                Ok(Ok((connection, backend))) => match self.addresses.leads_to(place, begun) {
                    Some(turn) => return Ok(Link { connection, turn, backend }),
                    None => refused.push((options, StoreError::no_answer())),
                },
                Ok(Err(error)) => refused.push((options, StoreError::from(error))),
                Err(_) => refused.push((options, StoreError::no_answer())),
            }
        }
        Err(nowhere(refused))
    }

    /// Commits, and keeps the connection. An error means that the outcome is not known.
    pub(super) async fn commit(&self, connection: Link) -> Result<(), StoreError> {
        self.end(connection, "COMMIT").await
    }

    /// The same, and whoever listens is told in the moment of the commit.
    pub(super) async fn commit_and_tell(&self, connection: Link) -> Result<(), StoreError> {
        self.end(connection, TELL_AND_COMMIT).await
    }

    /// Rolls back, and keeps the connection.
    pub(super) async fn roll_back(&self, connection: Link) -> Result<(), StoreError> {
        self.end(connection, "ROLLBACK").await
    }

    async fn end(&self, mut connection: Link, statement: &'static str) -> Result<(), StoreError> {
        match tokio::time::timeout(END_WITHIN, warnings::counted_on(connection.execute(statement))).await {
            Ok(ended) => ended.map(|_| ())?,
            Err(_) => return Err(StoreError::no_answer()),
        }
        *self.lock() = Some(connection);
        Ok(())
    }

    pub(super) async fn close(&self) {
        let spare = self.lock().take();
        if let Some(connection) = spare
            && let Ok(Err(error)) = tokio::time::timeout(CONNECTION_WITHIN, connection.close()).await
        {
            tracing::debug!(%error, "a connection ended badly");
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Link>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that is set up, and who answers it.
pub(super) async fn connected(
    options: &AnyConnectOptions,
    settings: &'static str,
) -> sqlx::Result<(AnyConnection, Option<u32>)> {
    let mut connection = AnyConnection::connect_with(options).await?;
    let backend = set_up(&mut connection, settings).await?;
    Ok((connection, backend))
}

/// Settings are sent as one text. Where they end by asking whether writes are taken, the connection is of use only if so: a
/// standby lags, and what is read there may be revoked. Returns who answers, where that is asked for.
pub(super) async fn set_up(connection: &mut AnyConnection, settings: &'static str) -> sqlx::Result<Option<u32>> {
    let told = connection.fetch_all(settings).await?;
    let Some(told) = told.last() else { return Ok(None) };
    match told.try_get::<String, _>("transaction_read_only") {
        Ok(read_only) if read_only == "on" => Err(sqlx::Error::Configuration(Box::new(TakesNoWrites))),
        _ => Ok(told.try_get::<i32, _>("backend").ok().and_then(|backend| u32::try_from(backend).ok())),
    }
}

/// A standby, or a database that is set to take no writes.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("it takes no writes: a standby, or set to be read only")]
pub(super) struct TakesNoWrites;

/// Why no address was of use: the only one's reason as it is, for it may be told better, and all of several.
fn nowhere(mut refused: Vec<(&AnyConnectOptions, StoreError)>) -> StoreError {
    if refused.len() == 1
        && let Some((_, error)) = refused.pop()
    {
        return error;
    }
    let reasons = refused.iter().map(|(options, error)| format!("{}: {}", addresses::shown(options), error.reason()));
    StoreError::NoneOfSeveral { reasons: reasons.collect::<Vec<_>>().join("; ") }
}
