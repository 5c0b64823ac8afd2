//! What was answered, and what must hold from then on.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};

use super::worker::Place;
use crate::client::Caller;
use crate::server::Store;

/// So many of what was refused last go on being asked with.
const ASKED_AGAIN: usize = 60;

/// Who must not be let in any more.
#[derive(Clone)]
pub(crate) enum Refused {
    /// Its credential counts nowhere: it was deleted, or has ended.
    Gone(Caller),
    /// It has no role on the project.
    WithoutRole(Caller),
}

/// What was done so far, by everybody.
pub(crate) struct History {
    pub(crate) enough: AtomicBool,
    urls: Vec<String>,
    owner: Caller,
    refused: Mutex<VecDeque<Refused>>,
    /// Ids of accounts whose creation was answered, and that nobody began to delete.
    kept: Mutex<Vec<u64>>,
    deleted: Mutex<Vec<u64>>,
    violations: Mutex<Vec<String>>,
    answered: AtomicU64,
    unanswered: AtomicU64,
    checks: AtomicU64,
    unavailable: AtomicU64,
}

impl History {
    pub(crate) fn new(urls: Vec<String>, owner: Caller) -> Self {
        Self {
            enough: AtomicBool::new(false),
            urls,
            owner,
            refused: Mutex::default(),
            kept: Mutex::default(),
            deleted: Mutex::default(),
            violations: Mutex::default(),
            answered: AtomicU64::new(0),
            unanswered: AtomicU64::new(0),
            checks: AtomicU64::new(0),
            unavailable: AtomicU64::new(0),
        }
    }

    pub(crate) fn is_enough(&self) -> bool {
        self.enough.load(Ordering::Relaxed)
    }

    /// Where each node is.
    pub(crate) fn urls(&self) -> &[String] {
        &self.urls
    }

    /// The owner, at this node.
    pub(crate) fn owner(&self, url: &str) -> Caller {
        self.owner.at(url)
    }

    /// A write was answered well.
    pub(crate) fn was_answered(&self) {
        self.answered.fetch_add(1, Ordering::Relaxed);
    }

    /// Nobody knows what became of a write.
    pub(crate) fn was_not_answered(&self) {
        self.unanswered.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    /// A check was answered with this status; none where the connection broke.
    pub(crate) fn checked(&self, status: Option<u16>) {
        let counter = if matches!(status, Some(200 | 401 | 403)) { &self.checks } else { &self.unavailable };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn violated(&self, what: String) {
        lock(&self.violations).push(what);
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        lock(&self.violations).clone()
    }

    /// It must not be let in from now on.
    pub(crate) fn refuse(&self, refused: Refused) {
        let mut all = lock(&self.refused);
        all.push_back(refused);
        if all.len() > ASKED_AGAIN {
            all.pop_front();
        }
    }

    /// One of them.
    pub(crate) fn refused(&self, at: u64) -> Option<Refused> {
        let all = lock(&self.refused);
        all.get((at % all.len().max(1) as u64) as usize).cloned()
    }

    /// It was made, and is there for good.
    pub(crate) fn keep(&self, id: u64) {
        lock(&self.kept).push(id);
    }

    /// Its deletion was answered.
    pub(crate) fn deleted(&self, id: u64) {
        lock(&self.deleted).push(id);
    }

    pub(crate) fn deleted_count(&self) -> u64 {
        lock(&self.deleted).len() as u64
    }

    /// Every write that was answered is in the database.
    pub(crate) async fn nothing_is_lost(&self, store: &Store, place: Place) {
        let rows = store.rows().await;
        let read = "SELECT id FROM principals WHERE organization_id = $1 AND kind = 2 AND deleted_at IS NULL";
        let live: Vec<i64> =
            sqlx::query_scalar(read).bind(place.organization as i64).fetch_all(&rows).await.expect("the accounts");
        rows.close().await;
        for id in lock(&self.kept).iter() {
            assert!(live.contains(&(*id as i64)), "account {id} was made, and is lost");
        }
        for id in lock(&self.deleted).iter() {
            assert!(!live.contains(&(*id as i64)), "account {id} was deleted, and is there");
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone(account) => write!(f, "{}, which is gone", account.username),
            Self::WithoutRole(account) => write!(f, "{}, which has lost its role", account.username),
        }
    }
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        write!(
            f,
            "{} writes answered, {} not; {} checks decided, {} not; {} accounts kept, {} deleted; {} violations",
            number(&self.answered),
            number(&self.unanswered),
            number(&self.checks),
            number(&self.unavailable),
            lock(&self.kept).len(),
            lock(&self.deleted).len(),
            lock(&self.violations).len(),
        )
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().expect("nobody panicked with it")
}
