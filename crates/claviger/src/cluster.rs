//! The image of the directory, and the right to answer from it.
//!
//! Whoever decides anything asks [`Cluster::directory`] and gets a [`Held`] image or none: none while it loads, and none
//! without the right to it. Then the answer is 503, never from an empty directory, which would say 401.
//!
//! On an embedded store, the right is the store's lock, which lasts as long as the process ([`keeper`]). On a store that
//! several nodes share, it is a lease, which comes from the node's reports alone ([`membership`]); the image [follows](following)
//! what others write; and what is written here is answered once [every node has it](waits).
//!
//! What must stay true: the lease is looked at first, and the image taken then. An old image that is taken before a new
//! lease is looked at would pass it.

mod clocks;
pub mod decided_on;
pub mod following;
pub mod held;
pub mod keeper;
pub mod membership;
pub mod seen;
pub mod waits;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use claviger_access::{Directory, Mark, Revision};
use claviger_lease::Reading;
use tokio::sync::watch;

pub use self::held::Held;
use self::waits::{Committed, Everywhere, Waits};
use crate::clock;

/// There is no image to answer from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the directory is being loaded, or the store is out of reach; try again")]
pub struct NotHeld;

/// How often the image was dropped. Whoever makes an image names the generation that he began in: one that was begun
/// before a drop does not come back after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Generation(u64);

/// The image was dropped while this one was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the image was dropped meanwhile")]
pub struct Stale;

/// The right to answer, in nanoseconds of [`clock::reading`]: for ever, and not at all.
const FOR_EVER: u64 = u64::MAX;
const NONE: u64 = 0;

/// The published image.
pub struct Cluster {
    image: ArcSwapOption<Directory>,
    /// Until when it may be answered from.
    until: AtomicU64,
    /// The newest revision of it that another node wrote, as far as that is known: that node may wait until this one tells of it.
    of_others: AtomicU64,
    /// Held while the image changes, never while it is read.
    generation: Mutex<u64>,
    /// Told whenever a request may be decided otherwise than before, or the audit log holds more.
    news: watch::Sender<()>,
    /// Where several nodes share the store.
    waits: Option<Waits>,
}

impl Default for Cluster {
    fn default() -> Self {
        Self::of_one_process()
    }
}

impl Cluster {
    /// Of a store that is this process's own.
    pub fn of_one_process() -> Self {
        Self::new(FOR_EVER, None)
    }

    /// Of a store that several nodes share.
    pub fn of_many_nodes(waits: Waits) -> Self {
        Self::new(NONE, Some(waits))
    }

    fn new(until: u64, waits: Option<Waits>) -> Self {
        Self {
            image: ArcSwapOption::empty(),
            until: AtomicU64::new(until),
            of_others: AtomicU64::default(),
            generation: Mutex::default(),
            news: watch::Sender::default(),
            waits,
        }
    }

    /// The image to answer this request from.
    pub fn directory(&self) -> Result<Held, NotHeld> {
        match self.may_answer() {
            true => {
                self.image.load_full().map(Held::new).ok_or(NotHeld).inspect(|held| decided_on::note(held.revision()))
            }
            false => Err(NotHeld),
        }
    }

    /// Whether this node answers.
    pub fn is_ready(&self) -> bool {
        self.may_answer() && self.image.load().is_some()
    }

    /// The place in the store's history that this node answers with, if it answers.
    fn answers_with(&self) -> Option<(Revision, Mark)> {
        let image = self.may_answer().then(|| self.image.load_full())??;
        Some((image.revision(), image.mark()))
    }

    /// Looks at a clock for each request: no tick that something else moves, which may be what sleeps.
    fn may_answer(&self) -> bool {
        match self.until.load(Ordering::Acquire) {
            FOR_EVER => true,
            NONE => false,
            until => clock::reading() < reading(until),
        }
    }

    /// For how long this node may still answer; none where it needs no lease.
    pub fn lease_left(&self) -> Option<Duration> {
        match self.until.load(Ordering::Acquire) {
            FOR_EVER => None,
            until => Some(reading(until).since(clock::reading())),
        }
    }

    /// The image, for who goes on from it. Nothing is answered from this one.
    pub(crate) fn image(&self) -> Option<Held> {
        self.image.load_full().map(Held::new)
    }

    /// The generation to name when publishing: asked for before the image, or the snapshot, that the new one is made of.
    pub(crate) fn generation(&self) -> Generation {
        Generation(*self.lock())
    }

    /// Makes this the image that every request from now on is decided with, unless the image was dropped since. One that is
    /// there and as new stays: where several nodes share the store, who writes and who follows come to the same.
    pub(crate) fn publish(&self, began: Generation, directory: Directory) -> Result<(), Stale> {
        let generation = self.lock();
        if Generation(*generation) != began {
            return Err(Stale);
        }
        let is_news = self.image.load().as_ref().is_none_or(|image| image.revision() < directory.revision());
        if is_news {
            self.image.store(Some(Arc::new(directory)));
            self.tell_news();
        }
        Ok(())
    }

    /// The image that is published next holds what others wrote, up to this revision.
    pub(crate) fn others_wrote(&self, revision: Revision) {
        self.of_others.fetch_max(revision.0, Ordering::Release);
    }

    /// The newest revision that another node wrote.
    fn of_others(&self) -> Revision {
        Revision(self.of_others.load(Ordering::Acquire))
    }

    /// Until then it may be answered from the image that is published, and from those that follow it.
    fn may_answer_until(&self, began: Generation, lease: Option<Reading>) {
        let generation = self.lock();
        if Generation(*generation) == began {
            let until = lease.map_or(NONE, |lease| u64::try_from(lease.0.as_nanos()).unwrap_or(FOR_EVER - 1));
            self.until.store(until, Ordering::Release);
        }
    }

    /// Drops the image, and a lease with it: what the store holds is not known to be this any more. Whoever keeps the image
    /// brings it back.
    pub fn drop_image(&self) {
        let mut generation = self.lock();
        *generation += 1;
        if self.waits.is_some() {
            self.until.store(NONE, Ordering::Release);
        }
        self.image.store(None);
        self.tell_news();
    }

    /// Begins to wait until every node that may answer contains this change. `replied` was read after the store's reply that
    /// told of it; `committed` tells of it, where that was the reply to its commit. None where every node has it already, or
    /// this node is alone on its store.
    pub(crate) fn everywhere(
        &self,
        revision: Revision,
        replied: Reading,
        committed: Option<Committed>,
    ) -> Option<Everywhere> {
        let waits = self.waits.as_ref().filter(|waits| !waits.is_everywhere(revision))?;
        Some(waits.until_everywhere(revision, replied, committed))
    }

    /// Wakes whoever waits for news: there is another image or none, or the audit log holds more. Many at once wake once.
    pub fn news(&self) -> watch::Receiver<()> {
        self.news.subscribe()
    }

    /// The audit log holds more, and the image is the same.
    pub(crate) fn tell_news(&self) {
        self.news.send_replace(());
    }

    fn lock(&self) -> MutexGuard<'_, u64> {
        self.generation.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn reading(nanoseconds: u64) -> Reading {
    Reading(Duration::from_nanos(nanoseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_begun_before_a_drop_does_not_come_back_after_it() {
        let cluster = Cluster::default();
        let began = cluster.generation();
        assert_eq!(cluster.publish(began, Directory::empty(1)), Ok(()));
        assert_eq!(cluster.publish(began, Directory::empty(1)), Ok(()), "a writer goes on from image to image");
        cluster.drop_image();
        assert_eq!(cluster.publish(began, Directory::empty(1)), Err(Stale));
        assert!(cluster.directory().is_err());
        assert_eq!(cluster.publish(cluster.generation(), Directory::empty(1)), Ok(()));
        assert!(cluster.is_ready());
    }

    #[test]
    fn whoever_waits_for_news_hears_of_each_image_and_of_none() {
        let cluster = Cluster::default();
        let mut news = cluster.news();
        assert!(!news.has_changed().expect("a cluster"));
        let told = |news: &mut watch::Receiver<()>| {
            let has_changed = news.has_changed().expect("a cluster");
            news.mark_unchanged();
            has_changed
        };
        assert_eq!(cluster.publish(cluster.generation(), Directory::empty(1)), Ok(()));
        assert!(told(&mut news));
        cluster.drop_image();
        assert!(told(&mut news));
        assert!(!told(&mut news));
    }

    #[test]
    fn among_many_nodes_only_a_lease_lets_answer() {
        let (waits, _waiting) = waits::channel(claviger_lease::Drift::new(25).expect("an allowance"));
        let cluster = Cluster::of_many_nodes(waits);
        let began = cluster.generation();
        assert_eq!(cluster.publish(began, Directory::empty(1)), Ok(()));
        assert!(!cluster.is_ready() && cluster.directory().is_err());
        let soon = clock::reading().after(Duration::from_secs(3_600));
        cluster.may_answer_until(began, Some(soon));
        assert!(cluster.is_ready() && cluster.directory().is_ok());
        cluster.may_answer_until(began, Some(clock::reading()));
        assert!(!cluster.is_ready() && cluster.directory().is_err(), "it has run out");
        cluster.may_answer_until(began, Some(soon));
        cluster.drop_image();
        cluster.may_answer_until(began, Some(soon));
        assert_eq!(cluster.publish(cluster.generation(), Directory::empty(1)), Ok(()));
        assert!(!cluster.is_ready(), "a lease for an image that was dropped is none for another");
    }
}
