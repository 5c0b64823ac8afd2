//! `claviger audit restart`: for a store whose audit key is lost. It ends the chain; the next start begins a new one.
//!
//! What was chained with the lost key is not covered any more, and the new chain's beginning says so.

use crate::commands::confirmation::{ConfirmationArgs, confirm};
use crate::commands::exit::Failed;
use crate::commands::host::{self, HostFailed};
use crate::commands::output::print;
use crate::config::StoreOptions;
use crate::store::lock::StoreLock;
use crate::store::{Store, StoreError};

/// Which store.
#[derive(Debug, clap::Args)]
pub struct RestartArgs {
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    confirmation: ConfirmationArgs,
}

impl RestartArgs {
    pub(super) async fn run(self) -> Result<(), Failed> {
        let location = host::existing(&self.store)?;
        if self.confirmation.is_asked()? {
            confirm(
                "The events that are there now will not be covered by the audit log's chain any more. Go on? [y/N] ",
            )?;
        }
        crate::store::install_drivers();
        // Held until the chain has ended.
        let _lock = StoreLock::take(&location).map_err(HostFailed::from)?;
        let forgotten = async {
            let store = Store::open(location).await?;
            let forgotten = match store.is_deserted().await {
                Ok(true) => store.forget_chain().await,
                Ok(false) => Err(StoreError::InUse { store: store.location().to_string() }),
                Err(error) => Err(error),
            };
            store.close().await;
            forgotten
        };
        forgotten.await.map_err(HostFailed::from)?;
        Ok(print("The chain has ended. The next start begins a new one, with the key file that it finds or makes.")?)
    }
}
