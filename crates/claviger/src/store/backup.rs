//! A consistent copy of the store while it runs.

use std::path::Path;

use super::{Engine, Store, StoreError};

impl Store {
    /// Copies the store into a new file that only its owner may read. SQLite alone: `VACUUM INTO` reads one snapshot
    /// beside the process that writes.
    pub async fn copy_into(&self, file: &Path) -> Result<(), StoreError> {
        if self.engine == Engine::Postgres {
            return Err(StoreError::CopiedByPgDump { store: self.location.to_string() });
        }
        let failed = |reason| StoreError::File { path: file.to_owned(), reason };
        if file.exists() {
            return Err(failed(std::io::Error::other("exists already; name a new file")));
        }
        // VACUUM INTO writes into an existing empty file and keeps its mode.
        drop(super::open::create_private(file)?);
        let name = file.to_str().ok_or_else(|| failed(std::io::Error::other("the path is not UTF-8")))?;
        if let Err(error) = sqlx::query("VACUUM INTO $1").bind(name.to_owned()).execute(&self.reads).await {
            if let Err(left) = std::fs::remove_file(file) {
                tracing::warn!(%left, file = %file.display(), "half a copy is left over");
            }
            return Err(error.into());
        }
        std::fs::File::open(file).and_then(|copy| copy.sync_all()).map_err(failed)
    }
}
