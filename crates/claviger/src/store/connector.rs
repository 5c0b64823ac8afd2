//! Connections for writing: one at a time, and none that is doubtful.
//!
//! A connection on which anything failed or took too long is dropped, never used again: it may be in the middle of a
//! transaction, or lead to a host that is gone. Dropping it rolls back. The one that went well is kept for the next
//! write.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::any::AnyConnectOptions;
use sqlx::{AnyConnection, Connection, Executor};

use super::StoreError;

/// A connection is there within this.
const CONNECTION_WITHIN: Duration = Duration::from_secs(5);

/// A transaction has ended within this, or its outcome is unknown.
const END_WITHIN: Duration = Duration::from_secs(5);

/// Sent as one text.
const TELL_AND_COMMIT: &str = "NOTIFY claviger; COMMIT";

/// Makes connections, and keeps one.
#[derive(Clone)]
pub(super) struct Connector {
    options: AnyConnectOptions,
    settings: &'static str,
    spare: Arc<Mutex<Option<AnyConnection>>>,
}

impl Connector {
    pub(super) fn new(options: AnyConnectOptions, settings: &'static str) -> Self {
        Self { options, settings, spare: Arc::default() }
    }

    /// A connection in a transaction that was begun with this statement. The spare one may have died meanwhile; a new
    /// one tells.
    pub(super) async fn begin(&self, statement: &'static str) -> Result<AnyConnection, StoreError> {
        let spare = self.lock().take();
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

    /// A new connection, set up.
    pub(super) async fn connect(&self) -> Result<AnyConnection, StoreError> {
        let connect = async {
            let mut connection = AnyConnection::connect_with(&self.options).await?;
            connection.execute(self.settings).await?;
            Ok::<_, sqlx::Error>(connection)
        };
        match tokio::time::timeout(CONNECTION_WITHIN, connect).await {
            Ok(connected) => Ok(connected?),
            Err(_) => Err(StoreError::no_answer()),
        }
    }

    /// Commits, and keeps the connection. An error means that the outcome is not known.
    pub(super) async fn commit(&self, connection: AnyConnection) -> Result<(), StoreError> {
        self.end(connection, "COMMIT").await
    }

    /// The same, and whoever listens is told in the moment of the commit.
    pub(super) async fn commit_and_tell(&self, connection: AnyConnection) -> Result<(), StoreError> {
        self.end(connection, TELL_AND_COMMIT).await
    }

    /// Rolls back, and keeps the connection.
    pub(super) async fn roll_back(&self, connection: AnyConnection) -> Result<(), StoreError> {
        self.end(connection, "ROLLBACK").await
    }

    async fn end(&self, mut connection: AnyConnection, statement: &'static str) -> Result<(), StoreError> {
        match tokio::time::timeout(END_WITHIN, connection.execute(statement)).await {
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

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<AnyConnection>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
