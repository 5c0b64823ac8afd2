//! Answers that wait until every node has what they were decided on, handed to who reports.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use claviger_access::{Mark, Revision};
use claviger_lease::{Drift, LeaseLength, Reading, Wait};
use tokio::sync::{mpsc, oneshot};

/// A silent node is out once its lease must have run out. A store that takes no report for so much longer is not waited for.
const FOUND_OUT_WITHIN: Duration = Duration::from_secs(10);

/// It could not be found out in time whether every node has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not known whether every node has this")]
pub struct NotEverywhere;

/// The way to who reports.
pub struct Waits {
    /// Every node that may answer has this revision, and so has whoever joins later.
    everywhere: Arc<AtomicU64>,
    /// The longest lease that a node was found to have, in milliseconds.
    longest_lease: Arc<AtomicU64>,
    sender: mpsc::UnboundedSender<Waiting>,
    drift: Drift,
}

/// An answer that waits. Dropping it says that it waited in vain.
pub struct Waiting {
    /// For what, and since when.
    pub wait: Wait,
    /// Where a commit's reply has told that it is durable.
    pub committed: Option<Committed>,
    /// Whether it was told in the log that this takes long.
    pub is_told: bool,
    done: oneshot::Sender<()>,
}

/// A change that is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Committed {
    /// The mark of the epoch that it was written in.
    pub epoch: Mark,
    /// Its own.
    pub mark: Mark,
}

/// What who reports takes from.
pub struct Arriving {
    /// Answers that wait.
    pub(super) waiting: mpsc::UnboundedReceiver<Waiting>,
    everywhere: Arc<AtomicU64>,
    longest_lease: Arc<AtomicU64>,
}

/// Both ends. As many wait as requests may be open.
pub fn channel(drift: Drift) -> (Waits, Arriving) {
    let (sender, waiting) = mpsc::unbounded_channel();
    let (everywhere, longest_lease) = (Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default());
    let arriving = Arriving { waiting, everywhere: Arc::clone(&everywhere), longest_lease: Arc::clone(&longest_lease) };
    (Waits { everywhere, longest_lease, sender, drift }, arriving)
}

impl Arriving {
    /// Every row has reached this revision, as a report of this node has found that carried it.
    pub(super) fn is_everywhere(&self, revision: claviger_lease::Revision) {
        self.everywhere.fetch_max(revision.0, Ordering::Release);
    }

    /// So long may a node answer that is silent from now on.
    pub(super) fn longest_lease(&self, lease: LeaseLength) {
        let milliseconds = u64::try_from(lease.length().as_millis()).unwrap_or(u64::MAX);
        self.longest_lease.store(milliseconds, Ordering::Relaxed);
    }

    /// What the next reports find is another history.
    pub(super) fn forget(&self) {
        self.everywhere.store(0, Ordering::Release);
    }
}

impl Waits {
    /// Whether that is known already.
    pub(super) fn is_everywhere(&self, revision: Revision) -> bool {
        revision.0 <= self.everywhere.load(Ordering::Acquire)
    }

    /// Begins to wait until every node that may answer contains this change.
    pub(super) fn until_everywhere(
        &self,
        revision: Revision,
        replied: Reading,
        committed: Option<Committed>,
    ) -> Everywhere {
        let (done, told) = oneshot::channel();
        let wait = Wait::new(claviger_lease::Revision(revision.0), replied, self.drift);
        // Where nobody receives, this is dropped, and that is the answer.
        drop(self.sender.send(Waiting { wait, committed, is_told: false, done }));
        let longest = LeaseLength::new(Duration::from_millis(self.longest_lease.load(Ordering::Relaxed)));
        let within = self.drift.outlasts(longest.unwrap_or(LeaseLength::USUAL)) + FOUND_OUT_WITHIN;
        Everywhere { told, within }
    }
}

/// A wait that has begun.
#[derive(Debug)]
pub struct Everywhere {
    told: oneshot::Receiver<()>,
    within: Duration,
}

impl Everywhere {
    /// Returns once every node that may answer contains the change.
    pub async fn is_known(self) -> Result<(), NotEverywhere> {
        match tokio::time::timeout(self.within, self.told).await {
            Ok(told) => told.map_err(|_| NotEverywhere),
            Err(_) => Err(NotEverywhere),
        }
    }
}

impl Waiting {
    /// Whether nobody waits any more.
    pub(super) fn is_given_up(&self) -> bool {
        self.done.is_closed()
    }

    /// Every node has it.
    pub(super) fn answer(self) {
        // The receiver is gone where the writer is being stopped.
        _ = self.done.send(());
    }
}
