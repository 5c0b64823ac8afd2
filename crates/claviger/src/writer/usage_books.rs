//! What the writer's task does with what requests came to: adds it to the store, a batch at a time, between writes, and
//! removes what is older than it is kept.

use super::{FLUSHED_AT_THE_END_WITHIN, WriterTask};
use crate::clock;
use crate::last_used::Waiting;
use crate::store::bookkeeping::{USES_A_BATCH, USES_A_BATCH_AMONG_OTHERS};
use crate::store::usage::COUNTS_A_BATCH;

impl WriterTask {
    /// Flushes one batch of uses of sessions; whether there may be more. Those that are over are forgotten.
    pub(super) async fn flush_seen(&self) -> bool {
        let seen = &self.books.last_seen;
        if let Some(image) = self.cluster.image() {
            seen.keep(|session| image.session(session).is_some());
        }
        self.read_back_seen().await;
        let limit = self.uses_a_batch();
        let uses = seen.waiting(limit);
        if uses.is_empty() {
            return false;
        }
        match self.store.note_seen(&uses).await {
            Ok(()) => {
                seen.flushed(&uses);
                uses.len() == limit
            }
            Err(error) => {
                tracing::warn!(%error, "last uses of sessions could not be flushed; trying again later");
                false
            }
        }
    }

    fn uses_a_batch(&self) -> usize {
        if self.store.is_shared() { USES_A_BATCH_AMONG_OTHERS } else { USES_A_BATCH }
    }

    /// A session that is used at another node does not lie idle.
    async fn read_back_seen(&self) {
        if !self.store.is_shared() {
            return;
        }
        match self.store.sessions_seen().await {
            Ok(seen) => self.books.last_seen.read_back(seen),
            Err(error) => {
                tracing::warn!(%error, "when sessions were used elsewhere could not be read; trying again later")
            }
        }
    }

    /// Flushes one batch of uses; whether the pass over them has more.
    pub(super) async fn flush_uses(&self) -> bool {
        let Waiting { uses, has_more } = self.books.last_used.waiting(self.uses_a_batch());
        if uses.is_empty() {
            return false;
        }
        match self.store.note_uses(&uses).await {
            Ok(()) => {
                self.books.account_uses.flushed(&uses);
                self.books.last_used.flushed(&uses);
                has_more
            }
            Err(error) => {
                tracing::warn!(%error, "last uses could not be flushed; trying again later");
                false
            }
        }
    }

    /// Flushes what is left at the end: what the pass under way has not come to, and then all that it had passed.
    pub(super) async fn flush_last_uses(&self) {
        let began = clock::instant();
        for _ in 0..2 {
            while self.flush_uses().await {
                if clock::since(began) > FLUSHED_AT_THE_END_WITHIN {
                    tracing::warn!(
                        "more uses of secrets were noted than could be flushed at the end; the others are lost"
                    );
                    return;
                }
            }
        }
    }

    /// Flushes one batch of refusals; whether there may be more.
    pub(super) async fn flush_refused(&self) -> bool {
        let refused = self.books.refused.take(COUNTS_A_BATCH);
        if refused.is_empty() {
            return false;
        }
        match self.store.add_refused(&refused).await {
            Ok(()) => refused.len() == COUNTS_A_BATCH,
            Err(error) => {
                tracing::warn!(%error, "counts of refusals could not be flushed; trying again later");
                self.books.refused.put_back(refused);
                false
            }
        }
    }

    /// Sees to it that it is known since when requests are counted, and removes one batch of old counts; whether there may
    /// be more.
    pub(super) async fn tend_counts(&self) -> bool {
        let now = clock::now();
        self.books.account_uses.forget_idle(clock::instant());
        let tended = match self.store.begin_counting(now).await {
            Ok(()) => self.store.forget_old_counts(now).await,
            Err(error) => Err(error),
        };
        tended.unwrap_or_else(|error| {
            tracing::warn!(%error, "old counts of requests could not be removed; trying again later");
            false
        })
    }
}
