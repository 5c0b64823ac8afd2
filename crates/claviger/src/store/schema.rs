//! The schema: bringing it up to date, and staying out where it is newer than this program.
//!
//! Nodes of the version before go on answering and writing meanwhile, so a migration must do nothing that their statements do
//! not bear (`docs/internals/migrations.md`), and must not stand in their way: a table's lock that it waits for keeps everybody
//! else from that table. It waits for no longer than a part of a lease, steps back, and tries again. Each migration is one
//! transaction: of one that was interrupted there is nothing.

use std::sync::OnceLock;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migration, Migrator};
use sqlx::{AnyConnection, Executor, Row};

use super::{Engine, Store, StoreError};

static OWN: Migrator = sqlx::migrate!("src/store/migrations");

/// With what a test's program of a later version has beyond that.
static KNOWN: OnceLock<Migrator> = OnceLock::new();

const NEWEST_MIGRATION: &str = "SELECT MAX(version) FROM _sqlx_migrations";

/// A migration may take longer than a write may, but its locks are had soon or not at all: others report within a lease.
const POSTGRES_SETTINGS: &str =
    "SET statement_timeout = 0; SET lock_timeout = '200ms'; SET application_name = 'claviger schema'";

/// The database gives a migration up soon after its program is gone, where it can tell (PostgreSQL 14, on Linux).
const POSTGRES_NOTICES_THE_END: &str = "SET client_connection_check_interval = '500ms'";

const SQLITE_SETTINGS: &str = "PRAGMA busy_timeout = 5000";

/// Who has something else locked for a while is waited for by asking so often, and so long apart: ten minutes in all.
const ASKED_MAX: u32 = 600;
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// PostgreSQL's code for a lock that was not had in time.
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// Makes this process one of a later version, which knows these migrations as well: for tests of two versions side by side.
/// Nothing of it can be asked for from outside of the process.
pub fn know_further(further: Vec<Migration>) {
    let all = OWN.iter().cloned().chain(further).collect();
    assert!(KNOWN.set(Migrator::with_migrations(all)).is_ok(), "it is said before a store is opened, and once");
}

fn known() -> &'static Migrator {
    KNOWN.get().unwrap_or(&OWN)
}

fn newest_known() -> i64 {
    known().iter().map(|migration| migration.version).max().unwrap_or_default()
}

impl Store {
    /// A newer program may have brought the schema up to date since this one opened it: it says so, and does not guess.
    pub async fn refuse_newer(&self) -> Result<(), StoreError> {
        let mut connection = self.connector.connect().await?;
        let found = self.answered(connection.fetch_one(NEWEST_MIGRATION)).await?.try_get::<i64, _>(0)?;
        if found > newest_known() { Err(self.is_newer(found)) } else { Ok(()) }
    }

    fn is_newer(&self, found: i64) -> StoreError {
        StoreError::Newer { store: self.location.to_string(), found, known: newest_known() }
    }

    /// Brings the schema up to date.
    pub(super) async fn migrate(&self) -> Result<(), StoreError> {
        for asked in 1.. {
            // What failed leaves a connection that is of no use, and that holds a lock: the next try has one of its own.
            let mut connection = self.connector.connect().await?;
            self.prepare(&mut connection).await?;
            match known().run(&mut *connection).await {
                Ok(()) => break,
                Err(error) if is_locked_out(&error) && asked < ASKED_MAX => {
                    if asked == 1 {
                        tracing::warn!(
                            store = %self.location,
                            "the schema is brought up to date once nobody has what it changes locked: a long transaction, a dump, or another program that does the same; trying again"
                        );
                    }
                }
                Err(MigrateError::VersionMissing(found)) => return Err(self.is_newer(found)),
                Err(other) => {
                    return Err(StoreError::Migration { store: self.location.to_string(), reason: other.to_string() });
                }
            }
            drop(connection);
            tokio::time::sleep(ASK_AGAIN_AFTER).await;
        }
        Ok(())
    }

    async fn prepare(&self, connection: &mut AnyConnection) -> Result<(), StoreError> {
        if self.engine == Engine::Sqlite {
            connection.execute(SQLITE_SETTINGS).await?;
            return Ok(());
        }
        if !is_current(connection).await {
            super::lock::take_session(connection, &self.location).await?;
        }
        connection.execute(POSTGRES_SETTINGS).await?;
        if let Err(error) = connection.execute(POSTGRES_NOTICES_THE_END).await {
            tracing::debug!(%error, "a migration whose program is killed goes on to its end in this database");
        }
        Ok(())
    }
}

/// Whether the schema is this program's own already. One that cannot be read is none yet.
async fn is_current(connection: &mut AnyConnection) -> bool {
    let found = connection.fetch_one(NEWEST_MIGRATION).await;
    found.is_ok_and(|row| row.try_get::<i64, _>(0).is_ok_and(|found| found == newest_known()))
}

fn is_locked_out(error: &MigrateError) -> bool {
    let (MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) = error else { return false };
    error.as_database_error().is_some_and(|told| told.code().as_deref() == Some(LOCK_NOT_AVAILABLE))
}
