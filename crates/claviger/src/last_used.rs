//! When each secret was last used, without a write per request.
//!
//! Requests note it in memory; the writer flushes it between batches, and at shutdown. Off by a minute at most, and lost
//! for that minute when the process is killed.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use claviger_access::Moment;
use claviger_access::identity::SecretId;

/// Requests of different accounts seldom meet in one of so many.
const SHARDS: usize = 64;

/// Uses that were not flushed yet.
pub struct LastUsed {
    shards: [Mutex<HashMap<SecretId, Moment>>; SHARDS],
}

impl Default for LastUsed {
    fn default() -> Self {
        Self { shards: std::array::from_fn(|_| Mutex::default()) }
    }
}

impl LastUsed {
    fn shard(&self, secret: SecretId) -> MutexGuard<'_, HashMap<SecretId, Moment>> {
        let shard = &self.shards[(secret.number() % SHARDS as u64) as usize];
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// This secret was used now.
    pub fn note(&self, secret: SecretId, now: Moment) {
        let mut shard = self.shard(secret);
        let latest = shard.entry(secret).or_insert(now);
        *latest = now.max(*latest);
    }

    /// When it was used since the last flush.
    pub fn since_flush(&self, secret: SecretId) -> Option<Moment> {
        self.shard(secret).get(&secret).copied()
    }

    /// Takes out what is to be flushed: at most so many.
    pub fn take(&self, limit: usize) -> Vec<(SecretId, Moment)> {
        let mut taken = Vec::new();
        for shard in &self.shards {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            let room = limit - taken.len();
            let some: Vec<SecretId> = shard.keys().copied().take(room).collect();
            taken.extend(some.into_iter().filter_map(|secret| shard.remove_entry(&secret)));
        }
        taken
    }

    /// Puts back what could not be flushed.
    pub fn put_back(&self, uses: Vec<(SecretId, Moment)>) {
        uses.into_iter().for_each(|(secret, moment)| self.note(secret, moment));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Moment {
        Moment::from_seconds(seconds).expect("a moment")
    }

    #[test]
    fn the_latest_use_counts_and_is_taken_once() {
        let uses = LastUsed::default();
        let secret = SecretId::new(7).expect("an id");
        uses.note(secret, at(20));
        uses.note(secret, at(10));
        assert_eq!(uses.since_flush(secret), Some(at(20)));
        assert_eq!(uses.take(10), vec![(secret, at(20))]);
        assert_eq!(uses.take(10), vec![]);
        uses.note(secret, at(30));
        uses.put_back(vec![(secret, at(20))]);
        assert_eq!(uses.take(10), vec![(secret, at(30))]);
    }

    #[test]
    fn no_more_are_taken_than_asked_for() {
        let uses = LastUsed::default();
        (1..=1_000).for_each(|number| uses.note(SecretId::new(number).expect("an id"), at(1)));
        assert_eq!(uses.take(300).len(), 300);
        assert_eq!(uses.take(10_000).len(), 700);
    }
}
