//! `claviger audit mark`: prints where the chains stand, a line each, to be kept elsewhere.

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
        let marks = store.audit_marks(&ring, clock::now()).await;
        store.close().await;
        let marks: Vec<String> = marks.map_err(HostFailed::from)?.iter().map(ToString::to_string).collect();
        if marks.is_empty() {
            return Err(HostFailed::NoChain.into());
        }
        Ok(print(&marks.join("\n"))?)
    }
}
