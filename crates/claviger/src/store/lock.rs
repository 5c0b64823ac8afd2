//! One process a store, until there are many nodes.
//!
//! SQLite: a lock on a file beside the database, held for the life of the process. PostgreSQL: an advisory lock of a
//! session, which dies with its connection, so whoever holds it asks again and again whether it is still there.

use std::fs::File;
use std::path::PathBuf;
use std::time::Duration;

use sqlx::{AnyConnection, Connection, Executor, Row};

use super::{Location, StoreError, no_connection};

/// "claviger" in ASCII: the key of the advisory lock. It is per database.
const ADVISORY_KEY: i64 = 0x636C_6176_6967_6572;

/// So that an operator sees which session must not be ended.
const SESSION_SETTINGS: &str = "SET application_name = 'claviger lock'";

/// Whoever holds the lock looks at it so often.
pub const LOOK_EVERY: Duration = Duration::from_millis(500);

/// The database must answer within this, or the lock counts as lost.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);

/// A process that lost its session has stopped answering after this.
pub const NOTICED_WITHIN: Duration = Duration::from_secs(4);
const _: () = assert!(LOOK_EVERY.as_millis() + ANSWER_WITHIN.as_millis() < NOTICED_WITHIN.as_millis());

/// A lock that is held is asked for so often, and so long apart: two seconds in all.
const SESSION_ASKED_MAX: u32 = 20;
const ASK_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// The right to be the one process on a store.
pub enum StoreLock {
    /// Held for as long as the file is open.
    File(File),
    /// Held for as long as the session lives.
    Session(Box<AnyConnection>),
}

impl StoreLock {
    /// Takes the lock, or says that another process has it.
    pub async fn take(location: &Location) -> Result<Self, StoreError> {
        match location {
            Location::Folder(folder) => Self::take_file(location, folder.join("claviger.lock")),
            Location::Postgres(url) => Self::take_session(location, url).await,
        }
    }

    fn take_file(location: &Location, path: PathBuf) -> Result<Self, StoreError> {
        let file = super::open::create_private(&path)?;
        match file.try_lock() {
            Ok(()) => Ok(Self::File(file)),
            Err(std::fs::TryLockError::WouldBlock) => Err(StoreError::InUse { store: location.to_string() }),
            Err(std::fs::TryLockError::Error(reason)) => Err(StoreError::File { path, reason }),
        }
    }

    /// The session of a process that was killed ends a moment later, so a lock that is held is asked for again.
    async fn take_session(location: &Location, url: &str) -> Result<Self, StoreError> {
        for _ in 1..SESSION_ASKED_MAX {
            match Self::ask_for_session(location, url).await {
                Err(StoreError::InUse { .. }) => tokio::time::sleep(ASK_AGAIN_AFTER).await,
                other => return other,
            }
        }
        Self::ask_for_session(location, url).await
    }

    async fn ask_for_session(location: &Location, url: &str) -> Result<Self, StoreError> {
        let take = async {
            let mut session = AnyConnection::connect(url).await?;
            session.execute(SESSION_SETTINGS).await?;
            let asked = sqlx::query("SELECT CASE WHEN pg_try_advisory_lock($1) THEN 1 ELSE 0 END")
                .bind(ADVISORY_KEY)
                .fetch_one(&mut session)
                .await?;
            Ok::<_, sqlx::Error>((asked.try_get::<i32, _>(0)? == 1, session))
        };
        let asked = tokio::time::timeout(ANSWER_WITHIN, take).await.map_err(|_| StoreError::no_answer())?;
        let (taken, session) = asked.map_err(|error| no_connection::explained(location, error))?;
        if taken {
            Ok(Self::Session(Box::new(session)))
        } else {
            Err(StoreError::InUse { store: location.to_string() })
        }
    }

    /// Gives it back. When this returns, another process can take it: without a word, PostgreSQL would notice only some
    /// time after this process has ended.
    pub async fn release(self) {
        let Self::Session(mut session) = self else { return };
        let give_back = async {
            sqlx::query("SELECT CASE WHEN pg_advisory_unlock($1) THEN 1 ELSE 0 END")
                .bind(ADVISORY_KEY)
                .execute(&mut *session)
                .await?;
            session.close().await
        };
        match tokio::time::timeout(ANSWER_WITHIN, give_back).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(%error, "the store's lock could not be given back; it ends with its connection")
            }
            Err(_) => tracing::warn!("the database does not take the store's lock back; it ends with its connection"),
        }
    }

    /// Whether it is still held.
    pub async fn is_held(&mut self) -> bool {
        match self {
            Self::File(_) => true,
            Self::Session(session) => {
                let asked = tokio::time::timeout(ANSWER_WITHIN, session.execute("SELECT 1")).await;
                matches!(asked, Ok(Ok(_)))
            }
        }
    }
}
