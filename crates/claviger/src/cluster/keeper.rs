//! Watches the store's lock, and brings the image back after it was lost.
//!
//! The lock of a PostgreSQL session dies with its connection. Losing it drops the image, until the lock is back and the
//! image is loaded anew: another process may have written meanwhile. A writer that met a store which is not at the
//! image's revision and mark drops the image too, and it comes back the same way.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::Cluster;
use crate::random;
use crate::store::lock::StoreLock;
use crate::store::{Store, StoreError};

/// The lock is looked at so often.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Keeps the image as long as the lock is held, and brings both back.
pub struct Keeper {
    /// Where the image comes from.
    pub store: Store,
    /// Where it goes.
    pub cluster: Arc<Cluster>,
    /// The right to it.
    pub lock: StoreLock,
    /// Wakes the keeper: the image was dropped.
    pub dropped: Arc<Notify>,
}

impl Keeper {
    /// Runs until it is stopped, and gives the lock back.
    pub async fn run(mut self, stop: CancellationToken) {
        self.keep(&stop).await;
        self.lock.release().await;
    }

    async fn keep(&mut self, stop: &CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.dropped.notified() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            if !self.lock.is_held().await {
                self.cluster.drop_image();
                tracing::error!(store = %self.store.location(), "the store's lock is lost: nothing is answered until it is back");
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = self.take_lock_again() => {}
                }
            }
            if !self.cluster.is_ready() {
                match load(&self.store, &self.cluster).await {
                    Ok(()) => tracing::info!("the directory is loaded anew"),
                    Err(error) => tracing::error!(%error, "the directory cannot be loaded; trying again"),
                }
            }
        }
    }

    async fn take_lock_again(&mut self) {
        loop {
            match StoreLock::take(self.store.location()).await {
                Ok(lock) => {
                    self.lock = lock;
                    return;
                }
                Err(error) => {
                    tracing::warn!(%error, "the store's lock is not back yet");
                    tokio::time::sleep(LOOK_EVERY).await;
                }
            }
        }
    }
}

async fn load(store: &Store, cluster: &Cluster) -> Result<(), StoreError> {
    let hash_key = random::hash_key().map_err(|error| StoreError::unreadable(error.to_string()))?;
    let directory = store.load_directory(hash_key, |_| {}).await?;
    cluster.publish(directory);
    Ok(())
}
