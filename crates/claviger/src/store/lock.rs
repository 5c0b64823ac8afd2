//! One process on an embedded store: a lock on a file beside the database, held for the life of the process.
//!
//! A store that is shared needs none: its nodes know of each other by their rows ([`nodes`](super::nodes)). A program from
//! before there were several held an advisory lock of its session there, so bringing the schema up to date takes that one:
//! the two must not run side by side.

use std::fs::File;
use std::time::Duration;

use sqlx::{AnyConnection, Executor, Row};

use super::{Location, StoreError};

/// "claviger" in ASCII: the key of the advisory lock. It is per database.
const ADVISORY_KEY: i64 = 0x636C_6176_6967_6572;

/// A lock that is held is asked for so often, and so long apart: two seconds in all.
const SESSION_ASKED_MAX: u32 = 20;
const ASK_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// The right to be the one process on a store; nothing where several may be.
pub struct StoreLock {
    /// Held for as long as it is open.
    _file: Option<File>,
}

impl StoreLock {
    /// Takes the lock, or says that another process has it.
    pub fn take(location: &Location) -> Result<Self, StoreError> {
        let Location::Folder(folder) = location else { return Ok(Self { _file: None }) };
        let path = folder.join("claviger.lock");
        let file = super::open::create_private(&path)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: Some(file) }),
            Err(std::fs::TryLockError::WouldBlock) => Err(StoreError::InUse { store: location.to_string() }),
            Err(std::fs::TryLockError::Error(reason)) => Err(StoreError::File { path, reason }),
        }
    }
}

/// For as long as the connection lives: nobody else brings the schema up to date, and no program from before runs.
pub(super) async fn take_session(connection: &mut AnyConnection, location: &Location) -> Result<(), StoreError> {
    for _ in 0..SESSION_ASKED_MAX {
        let take = sqlx::query("SELECT CASE WHEN pg_try_advisory_lock($1) THEN 1 ELSE 0 END").bind(ADVISORY_KEY);
        if connection.fetch_one(take).await?.try_get::<i32, _>(0)? == 1 {
            return Ok(());
        }
        tokio::time::sleep(ASK_AGAIN_AFTER).await;
    }
    Err(StoreError::InUse { store: location.to_string() })
}
