//! Being told at once that the store moved on, where it can tell.
//!
//! Only a help: whoever follows looks by himself as well, and an engine without LISTEN is one that never tells.

use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::sync::Notify;

use super::{Location, Store, StoreError};

/// What [`Connector::commit_and_tell`](super::connector::Connector) tells on.
const CHANNEL: &str = "claviger";

/// A connection that was lost, or an engine that cannot tell, is tried again after this.
const AGAIN_AFTER: Duration = Duration::from_secs(1);
const AGAIN_AFTER_MAX: Duration = Duration::from_secs(60);

/// Whether the engine was seen to take a LISTEN: only then it is sent a NOTIFY, which would end a transaction otherwise.
#[derive(Clone, Default)]
pub(super) struct CanTell(Arc<Told>);

#[derive(Default)]
struct Told {
    is_known: AtomicBool,
    /// Who tells of what is written here; 0 is nobody.
    own: AtomicU32,
}

impl CanTell {
    pub(super) fn is_known(&self) -> bool {
        self.0.is_known.load(Ordering::Relaxed)
    }

    fn was_seen(&self) {
        self.0.is_known.store(true, Ordering::Relaxed);
    }

    /// This one tells of what is written here: whoever wrote it need not be told.
    pub(super) fn tells(&self, backend: Option<u32>) {
        self.0.own.store(backend.unwrap_or_default(), Ordering::Relaxed);
    }

    fn is_own(&self, backend: u32) -> bool {
        backend != 0 && self.0.own.load(Ordering::Relaxed) == backend
    }
}

impl Store {
    /// Notifies whenever the store says that it moved on, until it is dropped.
    pub async fn listen(&self, moved: &Notify) {
        let Location::Postgres(urls) = self.location() else { return };
        let mut pause = AGAIN_AFTER;
        loop {
            let (place, mut led_elsewhere) = self.connector.addresses().followed();
            let Some(url) = urls.get(place) else { return };
            let listened = tokio::select! {
                biased;
                listened = self.listen_once(url, moved) => listened,
                _ = led_elsewhere.changed() => {
                    pause = AGAIN_AFTER;
                    continue;
                }
            };
            match listened {
                Ok(()) => pause = AGAIN_AFTER,
                Err(error) => {
                    tracing::debug!(%error, "the database does not tell when it moves on; looking every now and then");
                    pause = (pause * 2).min(AGAIN_AFTER_MAX);
                }
            }
            tokio::select! {
                biased;
                () = tokio::time::sleep(pause) => {}
                _ = led_elsewhere.changed() => pause = AGAIN_AFTER,
            }
        }
    }

    /// Until the connection is lost.
    async fn listen_once(&self, url: &str, moved: &Notify) -> Result<(), StoreError> {
        #[cfg(test)]
        if let Some(mut told) = crate::simulation::here::listen(url) {
            self.can_tell.was_seen();
            while told.recv().await.is_some() {
                moved.notify_one();
            }
        }
        let options = PgConnectOptions::from_str(url)?.application_name("claviger listener");
        let pool = PgPoolOptions::new().max_connections(1).connect_lazy_with(options);
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.listen(CHANNEL).await?;
        self.can_tell.was_seen();
        // What came before this was heard is told as well.
        moved.notify_one();
        loop {
            // None where the connection was away, and something may have been told meanwhile.
            let told = listener.try_recv().await?;
            if told.is_none_or(|told| !self.can_tell.is_own(told.process_id())) {
                moved.notify_one();
            }
        }
    }
}
