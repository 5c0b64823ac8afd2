//! `claviger backup`: a consistent copy of the store while it runs.

use std::path::PathBuf;

use clap::Args;

use super::host::HostFailed;
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
        let location = self.store.location()?;
        if let Some(file) = location.file()
            && !file.exists()
        {
            let reason =
                std::io::Error::other("is not there, so there is nothing to copy; name the data folder with --data");
            return Err(HostFailed::System { what: file.display().to_string(), reason });
        }
        let store = Store::connect(location).await?;
        let copied = store.copy_into(&self.to).await;
        store.close().await;
        copied?;
        println!("copied to {}", self.to.display());
        Ok(())
    }
}
