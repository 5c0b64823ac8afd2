//! The image of the directory, and the right to answer from it.
//!
//! Whoever decides anything asks [`Cluster::directory`] and gets a [`Held`] image or none: none while it loads, and none
//! once the right to it was lost. Without an image the answer is 503, never an empty directory, which would say 401.
//!
//! With one process a store, the right is the store's lock ([`keeper`] watches it). The lease of many nodes comes in
//! its place.

pub mod held;
pub mod keeper;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwapOption;
use claviger_access::Directory;
use tokio::sync::watch;

pub use self::held::Held;

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

/// The published image.
#[derive(Default)]
pub struct Cluster {
    image: ArcSwapOption<Directory>,
    /// Held while the image changes, never while it is read.
    generation: Mutex<u64>,
    /// Told whenever a request may be decided otherwise than before, or the audit log holds more.
    news: watch::Sender<()>,
}

impl Cluster {
    /// The image to answer this request from.
    pub fn directory(&self) -> Result<Held, NotHeld> {
        self.image.load_full().map(Held::new).ok_or(NotHeld)
    }

    /// Whether there is an image.
    pub fn is_ready(&self) -> bool {
        self.image.load().is_some()
    }

    /// The generation to name when publishing: asked for before the image, or the snapshot, that the new one is made of.
    pub(crate) fn generation(&self) -> Generation {
        Generation(*self.lock())
    }

    /// Makes this the image that every request from now on is decided with, unless the image was dropped since.
    pub(crate) fn publish(&self, began: Generation, directory: Directory) -> Result<(), Stale> {
        let generation = self.lock();
        if Generation(*generation) != began {
            return Err(Stale);
        }
        self.image.store(Some(Arc::new(directory)));
        self.tell_news();
        Ok(())
    }

    /// Drops the image: what the store holds is not known to be this any more. The keeper loads it anew.
    pub fn drop_image(&self) {
        let mut generation = self.lock();
        *generation += 1;
        self.image.store(None);
        self.tell_news();
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
}
