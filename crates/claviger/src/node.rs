//! A running node: the store, its lock, the image and the writer, started and stopped together.

use std::sync::Arc;

use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::cluster::Cluster;
use crate::cluster::keeper::Keeper;
use crate::last_used::LastUsed;
use crate::random;
use crate::store::load::Progress;
use crate::store::lock::StoreLock;
use crate::store::{Location, Store, StoreError};
use crate::writer::{Writer, writer};

/// What requests and commands work with.
#[derive(Clone)]
pub struct Node {
    /// Hands out the image.
    pub cluster: Arc<Cluster>,
    /// Changes anything.
    pub writer: Writer,
    /// Reads what the image does not hold.
    pub store: Store,
    /// Notes uses.
    pub last_used: Arc<LastUsed>,
}

/// A node's tasks, to be stopped.
pub struct Running {
    stop: CancellationToken,
    writer: JoinHandle<()>,
    keeper: JoinHandle<()>,
    store: Store,
}

impl Node {
    /// Takes the lock, opens the store, loads the directory, starts writing.
    pub async fn start(
        location: Location,
        progress: impl FnMut(Progress) + Send,
    ) -> Result<(Self, Running), StoreError> {
        if let Location::Folder(folder) = &location {
            crate::store::prepare_folder(folder)?;
        }
        sqlx::any::install_default_drivers();
        let lock = StoreLock::take(&location).await?;
        let (store, cluster) = match open(location, progress).await {
            Ok(opened) => opened,
            Err(error) => {
                lock.release().await;
                return Err(error);
            }
        };
        let (last_used, dropped) = (Arc::new(LastUsed::default()), Arc::new(Notify::new()));
        let (writer, task) = writer(store.clone(), Arc::clone(&cluster), Arc::clone(&last_used), Arc::clone(&dropped));
        let keeper = Keeper { store: store.clone(), cluster: Arc::clone(&cluster), lock, dropped };
        let stop = CancellationToken::new();
        // The keeper outlives the writer: the lock is given back last.
        let keeper_stop = CancellationToken::new();
        let writer_task = tokio::spawn({
            let (stop, keeper_stop) = (stop.clone(), keeper_stop.clone());
            async move {
                task.run(stop).await;
                keeper_stop.cancel();
            }
        });
        let keeper = tokio::spawn(keeper.run(keeper_stop));
        let node = Self { cluster, writer, store: store.clone(), last_used };
        Ok((node, Running { stop, writer: writer_task, keeper, store }))
    }
}

/// Opens the store and loads the directory, with the lock held.
async fn open(location: Location, progress: impl FnMut(Progress) + Send) -> Result<(Store, Arc<Cluster>), StoreError> {
    let store = Store::open(location).await?;
    let hash_key = random::hash_key().map_err(|error| StoreError::unreadable(error.to_string()))?;
    let cluster = Arc::new(Cluster::default());
    cluster.publish(store.load_directory(hash_key, progress).await?);
    Ok((store, cluster))
}

impl Running {
    /// Does what waits, flushes, closes the store and gives the lock back.
    pub async fn stop(self) {
        self.stop.cancel();
        for (task, name) in [(self.writer, "writer"), (self.keeper, "keeper")] {
            if let Err(error) = task.await {
                tracing::error!(%error, task = name, "a task ended badly");
            }
        }
        self.store.close().await;
    }
}
