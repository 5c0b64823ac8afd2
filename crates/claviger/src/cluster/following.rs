//! The image follows what other nodes write: in order, without a gap, and only in the history that it stands in.
//!
//! A notification wakes at once; a look every now and then covers one that was lost, and is all that there is on engines that
//! cannot tell. What must stay true: an image is published before it is reported.

use std::sync::Arc;
use std::time::Duration;

use claviger_access::Draft;
use tokio::sync::Notify;

use super::{Cluster, Generation, Stale};
use crate::store::following::{AHEAD_MAX, Ahead};
use crate::store::{Store, StoreError};

/// It is looked so often, whatever is told.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Follows for one node.
#[derive(Clone)]
pub(super) struct Follower {
    pub(super) store: Store,
    pub(super) cluster: Arc<Cluster>,
    /// The store moved on.
    pub(super) moved: Arc<Notify>,
}

/// Why following has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// There is no image any more to go on from.
    Dropped,
    /// The store has another history than the image.
    AnotherHistory,
    /// A node wrote what this program cannot read: one of a later version.
    Unreadable,
}

impl Follower {
    /// Follows until there is nothing to go on from.
    pub(super) async fn run(&self, began: Generation) -> Ended {
        let mut has_failed = false;
        loop {
            tokio::select! {
                biased;
                () = self.moved.notified() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            match self.catch_up(began).await {
                Ok(None) => has_failed = false,
                Ok(Some(ended)) => return ended,
                // Nothing is passed over, and nobody waits for it until its lease has run out.
                Err(error @ StoreError::Unreadable { .. }) => {
                    tracing::error!(%error, "another node wrote what this program does not know: it answers nothing any more");
                    return Ended::Unreadable;
                }
                // Once: the reports will say the same, with what comes of it.
                Err(error) if !has_failed => {
                    tracing::warn!(%error, "what other nodes wrote cannot be read; trying again");
                    has_failed = true;
                }
                Err(_) => {}
            }
        }
    }

    /// Publishes all that there is; why it went no further, if it did not.
    pub(super) async fn catch_up(&self, began: Generation) -> Result<Option<Ended>, StoreError> {
        loop {
            let Some(image) = self.cluster.image() else { return Ok(Some(Ended::Dropped)) };
            let ahead = match self.store.ahead_of(image.revision(), image.mark()).await? {
                Ahead::Changes(ahead) => ahead,
                Ahead::AnotherHistory => return Ok(Some(Ended::AnotherHistory)),
            };
            if ahead.is_empty() {
                return Ok(None);
            }
            let is_all = ahead.len() < AHEAD_MAX;
            let mut draft = Draft::on(&image);
            for followed in &ahead {
                draft.add(&followed.changes, followed.revision, followed.mark);
            }
            self.cluster.others_wrote(draft.revision());
            if self.cluster.publish(began, draft.into_image()) == Err(Stale) {
                return Ok(Some(Ended::Dropped));
            }
            // What comes meanwhile is told of.
            if is_all {
                return Ok(None);
            }
        }
    }
}
