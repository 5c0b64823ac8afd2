//! `claviger nodes`: which nodes share a PostgreSQL store, and how each is doing, as the store has it.

use std::time::Duration;

use serde::Serialize;

use super::exit::Failed;
use super::host::{self, HostFailed};
use super::output::{OutputArgs, table};
use crate::config::StoreOptions;
use crate::store::nodes::NodeRecord;
use crate::store::{Store, StoreError};

/// Which nodes share a store.
#[derive(Debug, clap::Args)]
pub struct NodesArgs {
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    output: OutputArgs,
}

/// A node, as it is printed.
#[derive(Debug, Serialize)]
struct Shown {
    name: String,
    /// Whether it reported while this command looked.
    alive: bool,
    revision: u64,
    /// So many changes it has not told of yet.
    behind: u64,
    lease_milliseconds: u64,
    version: String,
    joined: String,
}

impl NodesArgs {
    /// Looks twice, half a lease apart: who is alive has reported in between.
    pub async fn run(self) -> Result<(), Failed> {
        let location = host::existing(&self.store).map_err(Failed::from)?;
        let store = Store::connect(location).await.map_err(HostFailed::from)?;
        let looked = look(&store).await;
        store.close().await;
        let shown = looked.map_err(HostFailed::from)?;
        Ok(self.output.show(&shown, |nodes| nodes_table(nodes))?)
    }
}

async fn look(store: &Store) -> Result<Vec<Shown>, StoreError> {
    let before = store.nodes().await?;
    if let Some(longest) = before.iter().map(|node| node.lease).max() {
        tokio::time::sleep(longest / 2).await;
    }
    let now = store.nodes().await?;
    let is_alive = |node: &NodeRecord| {
        let earlier = before.iter().find(|earlier| earlier.incarnation == node.incarnation);
        earlier.is_none_or(|earlier| earlier.reports < node.reports)
    };
    Ok(now.iter().map(|node| shown(node, is_alive(node))).collect())
}

fn shown(node: &NodeRecord, alive: bool) -> Shown {
    Shown {
        name: node.name.clone(),
        alive,
        revision: node.applied,
        behind: node.head.saturating_sub(node.applied),
        lease_milliseconds: u64::try_from(node.lease.as_millis()).unwrap_or(u64::MAX),
        version: node.version.clone(),
        joined: claviger_wire::time::print(node.joined.seconds()).unwrap_or_default(),
    }
}

fn nodes_table(nodes: &[Shown]) -> String {
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
