//! Opening a store: folder and file modes, connections and their settings.

use std::fs::{DirBuilder, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use sqlx::any::AnyConnectOptions;
use sqlx::{Connection, Executor, Row};

use super::addresses::Addresses;
use super::connector::{Connector, connected};
use super::location::FILE_NAME;
use super::reads::Reads;
use super::{Engine, Location, Store, StoreError, no_connection};

/// Each connection asserts what the durability of writes rests on.
const SQLITE_SETTINGS: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
                               PRAGMA busy_timeout = 5000;";

/// SQLite's codes for a file that is damaged, and for one that is something else.
const SQLITE_CORRUPT: &str = "11";
const SQLITE_NOTADB: &str = "26";

/// Reading may take its time, but not for ever.
///
/// Plans are made for the values that are asked for: one for any values cannot know which filters of a list are unused, and
/// would sort an organization's whole audit log for each page of it.
const POSTGRES_SETTINGS: &str = "SET statement_timeout = '30s'; \
                                 SET plan_cache_mode = 'force_custom_plan'; \
                                 SET default_transaction_isolation = 'read committed'; \
                                 SET application_name = 'claviger'; \
                                 SHOW transaction_read_only;";

/// A paused writer loses its transaction, not the others their turn.
const POSTGRES_WRITE_SETTINGS: &str = "SET lock_timeout = '2s'; SET statement_timeout = '2s'; \
                                       SET idle_in_transaction_session_timeout = '1s'; \
                                       SET default_transaction_isolation = 'read committed'; \
                                       SET timezone = 'UTC'; SET datestyle = 'ISO'; \
                                       SET application_name = 'claviger writer'; \
                                       SELECT current_setting('transaction_read_only') AS transaction_read_only, \
                                       pg_backend_pid() AS backend;";

impl Store {
    /// Opens the store and brings its schema up to date. The caller holds its lock, where it has one.
    pub async fn open(location: Location) -> Result<Self, StoreError> {
        let store = Self::connect(location).await?;
        store.migrate().await?;
        Ok(store)
    }

    /// Opens the store as it is, beside the process that holds its lock. For copies.
    pub async fn connect(location: Location) -> Result<Self, StoreError> {
        crate::store::install_drivers();
        let (engine, urls, settings, write_settings) = match &location {
            Location::Folder(folder) => {
                prepare_folder(folder)?;
                let file = folder.join(FILE_NAME);
                drop(create_private(&file)?);
                (Engine::Sqlite, vec![format!("sqlite://{}", encoded(&file)?)], SQLITE_SETTINGS, SQLITE_SETTINGS)
            }
            Location::Postgres(urls) => (Engine::Postgres, urls.clone(), POSTGRES_SETTINGS, POSTGRES_WRITE_SETTINGS),
        };
        let no_address = || StoreError::Address { what: location.to_string() };
        let options: Result<Vec<_>, _> = urls.iter().map(|url| AnyConnectOptions::from_str(url)).collect();
        let addresses = options.ok().and_then(Addresses::new).ok_or_else(no_address)?;
        if engine == Engine::Sqlite {
            look_into(&location, addresses.read_from().0).await?;
        }
        let connector = Connector::new(addresses.clone(), write_settings);
        let reads = Reads::new(addresses, settings);
        let store = Self {
            engine,
            location,
            connector,
            audit_keys: Arc::default(),
            ends: Default::default(),
            reads,
            reporting: Default::default(),
            following: Default::default(),
            can_tell: Default::default(),
        };
        match engine {
            Engine::Sqlite => store.assert_durable().await?,
            // Reading has no choice, and does not tell well what is in the way.
            Engine::Postgres => store.connector.find().await.map_err(|error| match error {
                StoreError::Database(error) => no_connection::explained(&store.location, error),
                other => other,
            })?,
        }
        Ok(store)
    }

    async fn assert_durable(&self) -> Result<(), StoreError> {
        let mut connection = self.connector.connect().await?;
        let journal = connection.fetch_one("PRAGMA journal_mode").await?.try_get::<String, _>(0)?;
        let synchronous = connection.fetch_one("PRAGMA synchronous").await?.try_get::<i64, _>(0)?;
        if journal == "wal" && synchronous == 2 {
            Ok(())
        } else {
            Err(StoreError::unreadable(format!(
                "{} cannot be written durably (journal {journal}, synchronous {synchronous})",
                self.location
            )))
        }
    }
}

/// Looks into the file once, past the pool: that would try again and again, and say in the end only that time ran out.
async fn look_into(location: &Location, options: &AnyConnectOptions) -> Result<(), StoreError> {
    let look = async { connected(options, SQLITE_SETTINGS).await?.0.close().await };
    look.await.map_err(|error: sqlx::Error| match error.as_database_error() {
        Some(told) if told.code().is_some_and(|code| [SQLITE_CORRUPT, SQLITE_NOTADB].contains(&&*code)) => {
            StoreError::unreadable(format!("{location}: {}", told.message()))
        }
        _ => StoreError::Database(error),
    })
}

/// The folder is for its owner alone; one that exists keeps its mode, but nobody else may write into it.
pub(crate) fn prepare_folder(folder: &Path) -> Result<(), StoreError> {
    let failed = |reason| StoreError::File { path: folder.to_owned(), reason };
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    let mode = folder.metadata().map_err(failed)?.permissions().mode();
    if mode & 0o022 != 0 {
        let reason = std::io::Error::other("others may write into this folder; run chmod 700 on it");
        return Err(failed(reason));
    }
    Ok(())
}

/// Opens a file that only its owner may read, creating it so. SQLite's `-wal` and `-shm` take its mode.
pub(super) fn create_private(path: &Path) -> Result<File, StoreError> {
    let failed = |reason| StoreError::File { path: path.to_owned(), reason };
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
    let file = file.map_err(failed)?;
    // One that was put here, from a backup perhaps, may be open to others.
    let mode = file.metadata().map_err(failed)?.permissions().mode();
    if mode & 0o077 != 0 {
        file.set_permissions(std::fs::Permissions::from_mode(0o600)).map_err(failed)?;
    }
    Ok(file)
}

/// A path as it may stand in a URL.
fn encoded(path: &Path) -> Result<String, StoreError> {
    let text = path.to_str().ok_or_else(|| StoreError::File {
        path: path.to_owned(),
        reason: std::io::Error::other("the path is not UTF-8; choose another data folder"),
    })?;
    Ok(text.replace('%', "%25").replace('?', "%3F").replace('#', "%23"))
}
