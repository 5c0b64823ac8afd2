//! Loads the image of a store that is this process's own, and brings it back after it was dropped.
//!
//! The first load is told to whoever started the node, for a store that cannot be loaded ends the start. Later ones are
//! tried again until they work: a writer that met a store which is not at the image's revision and mark drops the image.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio_util::sync::CancellationToken;

use super::seen::Seen;
use super::{Cluster, Stale};
use crate::last_seen::LastSeen;
use crate::random;
use crate::store::load::Progress;
use crate::store::{Store, StoreError};

/// Whether the image is there is looked at so often, and a load that failed is tried again after as long.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Keeps the image.
pub struct Keeper {
    /// Where the image comes from.
    pub store: Store,
    /// Where it goes.
    pub cluster: Arc<Cluster>,
    /// Is told when sessions were used, before anybody is answered from the image.
    pub last_seen: Arc<LastSeen>,
    /// How far the store had come.
    pub seen: Arc<Seen>,
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
    /// Runs until it is stopped, or until the first load has failed.
    pub async fn run<P>(self, first: FirstLoad<P>, stop: CancellationToken)
    where
        P: FnMut(Progress) + Send,
    {
        let keeping = async {
            if self.load_first(first).await {
                self.keep().await;
            }
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => {}
            () = keeping => {}
        }
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

    async fn keep(&self) {
        loop {
            tokio::select! {
                biased;
                () = self.dropped.notified() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            while !self.cluster.is_ready() {
                match self.load(|_| {}).await {
                    Ok(Ok(())) => tracing::info!("the directory is loaded anew"),
                    Ok(Err(Stale)) => tracing::info!("the directory changed while it was loaded; loading it again"),
                    Err(error) => {
                        tracing::error!(%error, "the directory cannot be loaded; trying again");
                        tokio::time::sleep(LOOK_EVERY).await;
                    }
                }
            }
        }
    }

    async fn load(&self, progress: impl FnMut(Progress) + Send) -> Result<Result<(), Stale>, StoreError> {
        let began = self.cluster.generation();
        self.seen.judge(&self.store).await?;
        let hash_key = random::hash_key().map_err(|error| StoreError::unreadable(error.to_string()))?;
        let directory = self.store.load_directory(hash_key, progress).await?;
        self.last_seen.read_back(self.store.sessions_seen().await?);
        self.seen.judge(&self.store).await?;
        Ok(self.cluster.publish(began, directory))
    }
}
