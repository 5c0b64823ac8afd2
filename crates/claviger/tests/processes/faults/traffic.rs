//! Workers and watchers, side by side, while something fails.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::task::JoinHandle;

use super::history::History;
use super::worker::{Place, watch, work};
use crate::chance::Chance;
use crate::server::Store;

/// They go on until they are ended.
pub(crate) struct Traffic {
    pub(crate) history: Arc<History>,
    place: Place,
    running: Vec<JoinHandle<()>>,
}

impl Traffic {
    /// So many of each begin.
    pub(crate) fn begin(history: History, place: Place, workers: u64, watchers: u64, chance: &mut Chance) -> Self {
        let history = Arc::new(history);
        let working =
            (0..workers).map(|number| tokio::spawn(work(Arc::clone(&history), place, number, chance.split())));
        let mut running: Vec<_> = working.collect();
        running.extend((0..watchers).map(|_| tokio::spawn(watch(Arc::clone(&history), place, chance.split()))));
        Self { history, place, running }
    }

    /// They end: nothing was violated, and what was answered is in the store.
    pub(crate) async fn ends(self, store: &Store) -> Arc<History> {
        self.history.enough.store(true, Ordering::Relaxed);
        for task in self.running {
            task.await.unwrap_or_else(|error| panic!("{error}"));
        }
        let violations = self.history.violations();
        assert!(violations.is_empty(), "{} of them, such as {:#?}", violations.len(), violations.first());
        self.history.nothing_is_lost(store, self.place).await;
        self.history
    }
}
