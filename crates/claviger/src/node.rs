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
    keeper_stop: CancellationToken,
    failed: CancellationToken,
    writer: JoinHandle<()>,
    keeper: JoinHandle<Option<StoreLock>>,
    cluster: Arc<Cluster>,
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
        let keeper = Keeper { store: store.clone(), cluster: Arc::clone(&cluster), dropped };
        let (stop, keeper_stop) = (CancellationToken::new(), CancellationToken::new());
        let failed = CancellationToken::new();
        let end = || ExpectedEnd { failed: failed.clone(), cluster: Arc::clone(&cluster), came: false };
        let (writing, keeping) = (end(), end());
        let running = Running {
            writer: tokio::spawn({
                let stop = stop.clone();
                async move {
                    task.run(stop).await;
                    writing.came();
                }
            }),
            keeper: tokio::spawn({
                let stop = keeper_stop.clone();
                async move {
                    let lock = keeper.run(lock, stop).await;
                    keeping.came();
                    lock
                }
            }),
            stop,
            keeper_stop,
            failed,
            cluster: Arc::clone(&cluster),
            store: store.clone(),
        };
        Ok((Self { cluster, writer, store, last_used }, running))
    }
}

/// Opens the store and loads the directory, with the lock held.
async fn open(location: Location, progress: impl FnMut(Progress) + Send) -> Result<(Store, Arc<Cluster>), StoreError> {
    let store = Store::open(location).await?;
    let no_randomness = |error: random::NoRandomness| StoreError::unreadable(error.to_string());
    store.claim(random::mark().map_err(no_randomness)?).await?;
    let hash_key = random::hash_key().map_err(no_randomness)?;
    let cluster = Arc::new(Cluster::default());
    let began = cluster.generation();
    let directory = store.load_directory(hash_key, progress).await?;
    cluster.publish(began, directory).map_err(|stale| StoreError::unreadable(stale.to_string()))?;
    Ok((store, cluster))
}

/// The end of a task. One that is dropped before it came is that of a task that panicked: nothing may be answered
/// without it.
struct ExpectedEnd {
    failed: CancellationToken,
    cluster: Arc<Cluster>,
    came: bool,
}

impl ExpectedEnd {
    fn came(mut self) {
        self.came = true;
    }
}

impl Drop for ExpectedEnd {
    fn drop(&mut self) {
        if !self.came {
            tracing::error!("a task of this node panicked: nothing is answered any more");
            self.cluster.drop_image();
            self.failed.cancel();
        }
    }
}

impl Running {
    /// Cancelled where a task has failed: the node must be stopped.
    pub fn failed(&self) -> CancellationToken {
        self.failed.clone()
    }

    /// Does what waits, flushes, answers nothing any more, closes the store, and gives the lock back last.
    pub async fn stop(self) {
        self.stop.cancel();
        if let Err(error) = self.writer.await {
            tracing::error!(%error, "the writer ended badly");
        }
        self.cluster.drop_image();
        self.keeper_stop.cancel();
        let lock = match self.keeper.await {
            Ok(lock) => lock,
            Err(error) => {
                tracing::error!(%error, "the keeper ended badly");
                None
            }
        };
        if let Some(lock) = lock {
            self.store.disclaim().await;
            self.store.close().await;
            lock.release().await;
        } else {
            self.store.close().await;
        }
    }
}
