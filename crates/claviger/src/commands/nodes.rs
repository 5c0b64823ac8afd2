//! `claviger nodes`: which nodes share a PostgreSQL store, and how each is doing, as the store has it.

use std::time::Duration;

use claviger_wire::nodes::Node;

use super::exit::Failed;
use super::host::{self, HostFailed};
use super::output::{OutputArgs, table};
use crate::config::StoreOptions;
use crate::store::Store;

/// Which nodes share a store.
#[derive(Debug, clap::Args)]
pub struct NodesArgs {
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    output: OutputArgs,
}

impl NodesArgs {
    /// Looks, and prints what it found.
    pub async fn run(self) -> Result<(), Failed> {
        let location = host::existing(&self.store).map_err(Failed::from)?;
        let store = Store::connect(location).await.map_err(HostFailed::from)?;
        let looked = store.nodes_and_whether_alive().await;
        store.close().await;
        let shown: Vec<Node> =
            looked.map_err(HostFailed::from)?.into_iter().map(|(node, alive)| node.shown(alive)).collect();
        Ok(self.output.show(&shown, |nodes| nodes_table(nodes))?)
    }
}

fn nodes_table(nodes: &[Node]) -> String {
    if nodes.is_empty() {
        return "No node is running on this store.".to_owned();
    }
    let rows = nodes.iter().map(|node| {
        [
            node.name.clone(),
            if node.alive { "alive" } else { "silent" }.to_owned(),
            node.revision.to_string(),
            node.behind.to_string(),
            format!("{:?}", Duration::from_millis(node.lease_milliseconds)),
            node.version.clone(),
            node.joined.clone(),
        ]
    });
    table(["Node", "State", "Revision", "Behind", "Lease", "Version", "Joined"], rows)
}
