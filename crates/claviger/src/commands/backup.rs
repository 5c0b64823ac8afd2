//! `claviger backup`: a consistent copy of the store while it runs.

use std::path::PathBuf;

use clap::Args;

use super::host::{self, HostFailed};
use crate::config::StoreOptions;
use crate::store::Store;

/// Copy the store into a new file, while it runs
#[derive(Args, Debug)]
pub struct Backup {
    #[command(flatten)]
    store: StoreOptions,

    /// The new file; it holds every digest, so only its owner may read it
    #[arg(long, value_name = "FILE", env = "CLAVIGER_BACKUP_TO")]
    to: PathBuf,
}

impl Backup {
    /// Makes the copy.
    pub async fn run(self) -> Result<(), HostFailed> {
        let store = Store::connect(host::existing(&self.store)?).await?;
        let copied = store.copy_into(&self.to).await;
        store.close().await;
        copied?;
        println!("copied to {}", self.to.display());
        Ok(())
    }
}
