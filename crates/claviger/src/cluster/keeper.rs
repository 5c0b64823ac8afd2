//! Loads the image, watches the store's lock, and brings the image back after it was lost.
//!
//! The first load is told to whoever started the node, for a store that cannot be loaded ends the start. Later ones are
//! tried again until they work.
//!
//! The lock of a PostgreSQL session dies with its connection. Losing it drops the image, until the lock is back and the
//! image is loaded anew: another process may have written meanwhile. A writer that met a store which is not at the
//! image's revision and mark drops the image too, and it comes back the same way.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio_util::sync::CancellationToken;

use super::{Cluster, Stale};
use crate::last_seen::LastSeen;
use crate::random;
use crate::store::load::Progress;
use crate::store::lock::StoreLock;
use crate::store::{Store, StoreError};

/// The lock is looked at so often.
const LOOK_EVERY: Duration = crate::store::lock::LOOK_EVERY;

/// Keeps the image as long as the lock is held, and brings both back.
pub struct Keeper {
    /// Where the image comes from.
    pub store: Store,
    /// Where it goes.
    pub cluster: Arc<Cluster>,
    /// Is told when sessions were used, before anybody is answered from the image.
    pub last_seen: Arc<LastSeen>,
    /// Wakes the keeper: the image was dropped.
    pub dropped: Arc<Notify>,
}

/// What the load of a node that starts is told to.
pub struct FirstLoad<P> {
    /// How far it has come.
    pub progress: P,
    /// What became of it.
    pub told: oneshot::Sender<Result<(), StoreError>>,
}

impl Keeper {
    /// Runs until it is stopped, or until the first load has failed; the lock, if it is held then.
    pub async fn run<P>(self, lock: StoreLock, first: FirstLoad<P>, stop: CancellationToken) -> Option<StoreLock>
    where
        P: FnMut(Progress) + Send,
    {
        let mut lock = Some(lock);
        let keeping = async {
            if self.load_first(first).await {
                self.keep(&mut lock).await;
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = keeping => {}
        }
        lock
    }

    /// Loads for the first time; whether it went well.
    async fn load_first<P: FnMut(Progress) + Send>(&self, mut first: FirstLoad<P>) -> bool {
        let loaded = loop {
            match self.load(&mut first.progress).await {
                Ok(Ok(())) => break Ok(()),
                Ok(Err(Stale)) => {}
                Err(error) => break Err(error),
            }
        };
        let is_loaded = loaded.is_ok();
        // The receiver is gone where the node is being stopped already.
        drop(first.told.send(loaded));
        is_loaded
    }

    async fn keep(&self, lock: &mut Option<StoreLock>) {
        loop {
            tokio::select! {
                () = self.dropped.notified() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            let is_held = match lock.as_mut() {
                Some(lock) => lock.is_held().await,
                None => false,
            };
            if !is_held {
                self.cluster.drop_image();
                tracing::error!(store = %self.store.location(), "the store's lock is lost: nothing is answered until it is back");
                // The session that had it may live on and hold it against us: it is dropped first.
                *lock = None;
                *lock = Some(self.take_lock_again().await);
            }
            while !self.cluster.is_ready() {
                match self.load(|_| {}).await {
                    Ok(Ok(())) => tracing::info!("the directory is loaded anew"),
                    Ok(Err(Stale)) => tracing::info!("the directory changed while it was loaded; loading it again"),
                    Err(error) => {
                        tracing::error!(%error, "the directory cannot be loaded; trying again");
                        break;
                    }
                }
            }
        }
    }

    async fn take_lock_again(&self) -> StoreLock {
        loop {
            let taken = match StoreLock::take(self.store.location()).await {
                Ok(lock) => self.claim().await.map(|()| lock),
                Err(error) => Err(error),
            };
            match taken {
                Ok(lock) => return lock,
                Err(error) => {
                    tracing::warn!(%error, "the store's lock is not back yet");
                    tokio::time::sleep(LOOK_EVERY).await;
                }
            }
        }
    }

    async fn claim(&self) -> Result<(), StoreError> {
        let name = random::mark().map_err(|error| StoreError::unreadable(error.to_string()))?;
        self.store.claim(name).await
    }

    async fn load(&self, progress: impl FnMut(Progress) + Send) -> Result<Result<(), Stale>, StoreError> {
        let began = self.cluster.generation();
        let hash_key = random::hash_key().map_err(|error| StoreError::unreadable(error.to_string()))?;
        let directory = self.store.load_directory(hash_key, progress).await?;
        self.last_seen.read_back(self.store.sessions_seen().await?);
        Ok(self.cluster.publish(began, directory))
    }
}
