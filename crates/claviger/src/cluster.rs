//! The image of the directory, and the right to answer from it.
//!
//! Whoever decides anything asks [`Cluster::directory`] and gets a [`Held`] image or none: none while it loads, and none
//! once the right to it was lost. Without an image the answer is 503, never an empty directory, which would say 401.
//!
//! With one process a store, the right is the store's lock ([`keeper`] watches it). The lease of many nodes comes in
//! its place.

pub mod held;
pub mod keeper;

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use claviger_access::Directory;

pub use self::held::Held;

/// There is no image to answer from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the directory is being loaded, or the store is out of reach; try again")]
pub struct NotHeld;

/// The published image.
#[derive(Default)]
pub struct Cluster {
    image: ArcSwapOption<Directory>,
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

    /// Makes this the image that every request from now on is decided with.
    pub(crate) fn publish(&self, directory: Directory) {
        self.image.store(Some(Arc::new(directory)));
    }

    /// Puts a new image in the place of the one that it was made from. Where that one is not published any more, nothing
    /// is: it was dropped because the right to it was lost, and a writer must not bring it back.
    pub(crate) fn advance(&self, from: &Held, to: Directory) {
        let from = Some(Arc::clone(from.image()));
        self.image.compare_and_swap(&from, Some(Arc::new(to)));
    }

    /// Drops the image: what the store holds is not known to be this any more.
    pub(crate) fn drop_image(&self) {
        self.image.store(None);
    }
}
