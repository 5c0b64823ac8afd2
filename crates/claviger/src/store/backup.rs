//! A consistent copy of the store while it runs: one file, which `serve` takes in a data folder.

mod from_postgres;

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::{Engine, Location, Store, StoreError};

impl Store {
    /// Copies the store into a new file that only its owner may read: one moment of it, beside the process that writes.
    pub async fn copy_into(&self, file: &Path) -> Result<(), StoreError> {
        if file.exists() {
            return Err(failed(file)(std::io::Error::other("exists already; name a new file")));
        }
        match self.engine {
            Engine::Sqlite => self.vacuum_into(file).await,
            Engine::Postgres => self.copy_by_rows(file).await,
        }
    }

    /// `VACUUM INTO` reads one snapshot. It writes into an existing empty file and keeps its mode.
    async fn vacuum_into(&self, file: &Path) -> Result<(), StoreError> {
        let name = file.to_str().ok_or_else(|| failed(file)(std::io::Error::other("the path is not UTF-8")))?;
        let new = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
        drop(new.map_err(failed(file))?);
        if let Err(error) = sqlx::query("VACUUM INTO $1").bind(name.to_owned()).execute(&self.reads()).await {
            if let Err(left) = std::fs::remove_file(file) {
                tracing::warn!(%left, file = %file.display(), "half a copy is left over");
            }
            return Err(error.into());
        }
        std::fs::File::open(file).and_then(|copy| copy.sync_all()).map_err(failed(file))
    }

    /// Fills an embedded store in a folder beside the file, and copies that.
    async fn copy_by_rows(&self, file: &Path) -> Result<(), StoreError> {
        let mut folder = file.as_os_str().to_owned();
        folder.push(".partial");
        let folder = PathBuf::from(folder);
        if folder.exists() {
            return Err(failed(&folder)(std::io::Error::other("is left over from another copy; remove it first")));
        }
        let copied = async {
            let copy = Self::open(Location::Folder(folder.clone())).await?;
            let filled = self.fill(&copy).await;
            let written = match filled {
                Ok(()) => copy.vacuum_into(file).await,
                Err(error) => Err(error),
            };
            copy.close().await;
            written
        };
        let copied = copied.await;
        if let Err(left) = std::fs::remove_dir_all(&folder) {
            tracing::warn!(%left, folder = %folder.display(), "a folder of a copy is left over");
        }
        copied
    }
}

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> StoreError {
    let path = path.to_owned();
    move |reason| StoreError::File { path, reason }
}
