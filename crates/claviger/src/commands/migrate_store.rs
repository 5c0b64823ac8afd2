//! `claviger migrate-store`: an installation that outgrows one machine moves from its embedded store into PostgreSQL.

use std::io::IsTerminal;
use std::path::PathBuf;

use clap::Args;
use indicatif::ProgressBar;

use super::host::HostFailed;
use crate::config::ConfigError;
use crate::store::lock::StoreLock;
use crate::store::moving::Moving;
use crate::store::{Location, Store};

/// Move an installation from an embedded store into PostgreSQL
#[derive(Args, Debug)]
pub struct MigrateStore {
    /// The embedded store: sqlite: and its data folder
    #[arg(long, value_name = "sqlite:DIR", env = "CLAVIGER_MIGRATE_FROM", value_parser = embedded)]
    from: PathBuf,

    /// An empty PostgreSQL database: postgres://user@host/database. A password belongs in the environment variable or in a
    /// password file (PGPASSFILE), not on the command line
    #[arg(long, value_name = "URL", env = "CLAVIGER_DATABASE", hide_env_values = true)]
    to: String,
}

fn embedded(typed: &str) -> Result<PathBuf, String> {
    let folder = typed.strip_prefix("sqlite:").filter(|folder| !folder.is_empty());
    folder.map(PathBuf::from).ok_or_else(|| "an embedded store: sqlite: and its data folder".to_owned())
}

impl MigrateStore {
    /// Moves it, and compares both sides.
    pub async fn run(self) -> Result<(), HostFailed> {
        if crate::config::is_password_shown(&self.to, "CLAVIGER_DATABASE") {
            return Err(ConfigError::PasswordOnCommandLine.into());
        }
        let from = Location::Folder(self.from.clone());
        if let Some(file) = from.file().filter(|file| !file.exists()) {
            return Err(HostFailed::NoStore(file));
        }
        crate::store::install_drivers();
        // Nobody writes there any more, until it is done.
        let _lock = StoreLock::take(&from)?;
        let source = Store::open(from).await?;
        let target = Store::open(Location::from_url(&self.to)?).await?;
        let moved = source.move_into(&target, progress()).await;
        let place = target.location().to_string();
        source.close().await;
        target.close().await;
        let moved = moved?;
        let what = if moved.was_there { "had been moved already; compared" } else { "moved and compared" };
        println!(
            "{what}: {} rows are in {place} as in {}. Start servers with --database and the audit log's key (--audit-key-file {}); \
             start none on the folder any more: what is revoked from now on is not revoked there.",
            moved.rows,
            self.from.display(),
            self.from.join("audit.key").display()
        );
        Ok(())
    }
}

/// A line for each table on a terminal.
fn progress() -> impl FnMut(Moving) + Send {
    let bar = if std::io::stderr().is_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
    move |moving| {
        let what = if moving.is_compared { "comparing" } else { "moving" };
        bar.set_message(format!("{what} {}: {} rows", moving.table, moving.rows));
        bar.tick();
    }
}
