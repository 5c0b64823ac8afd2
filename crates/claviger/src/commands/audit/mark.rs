//! `claviger audit mark`: prints where the chain stands, to be kept elsewhere.

use crate::audit_chain::key_file;
use crate::clock;
use crate::commands::exit::Failed;
use crate::commands::host::{self, HostFailed};
use crate::commands::output::print;
use crate::config::{AuditKeyOptions, StoreOptions};
use crate::store::Store;

/// Which store.
#[derive(Debug, clap::Args)]
pub struct MarkArgs {
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    audit_key: AuditKeyOptions,
}

impl MarkArgs {
    pub(super) async fn run(self) -> Result<(), Failed> {
        let location = host::existing(&self.store)?;
        let ring = key_file::read(&self.audit_key.path(&self.store).map_err(HostFailed::from)?);
        let ring = ring.map_err(|no_keys| HostFailed::Store(no_keys.into()))?;
        let store = Store::connect(location).await.map_err(HostFailed::from)?;
        let mark = store.audit_mark(&ring, clock::now()).await;
        store.close().await;
        let mark = mark.map_err(HostFailed::from)?.ok_or(HostFailed::NoChain)?;
        Ok(print(&mark.to_string())?)
    }
}
