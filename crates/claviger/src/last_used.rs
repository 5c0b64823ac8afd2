//! When each secret was last used, without a write per request.
//!
//! Requests note it in memory; the writer flushes all of it every 20 seconds, in batches between writes, and at shutdown.
//! Off by a minute at most, and lost for that minute when the process is killed.

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

    /// When one of these was, last.
    pub fn latest_since_flush(&self, secrets: impl Iterator<Item = SecretId>) -> Option<Moment> {
        secrets.filter_map(|secret| self.since_flush(secret)).max()
    }

    /// What is to be flushed: at most so many. They stay here until they are, so that nobody sees a use go back.
    pub fn waiting(&self, limit: usize) -> Vec<(SecretId, Moment)> {
        let mut waiting = Vec::new();
        for shard in &self.shards {
            let shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.extend(shard.iter().take(limit - waiting.len()).map(|(secret, moment)| (*secret, *moment)));
        }
        waiting
    }

    /// These are in the store now. One that was used again meanwhile goes on waiting.
    pub fn flushed(&self, uses: &[(SecretId, Moment)]) {
        for (secret, moment) in uses {
            let mut shard = self.shard(*secret);
            if shard.get(secret) == Some(moment) {
                shard.remove(secret);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Moment {
        Moment::from_seconds(seconds).expect("a moment")
    }

    #[test]
    fn the_latest_use_counts_and_waits_until_it_is_flushed() {
        let uses = LastUsed::default();
        let secret = SecretId::new(7).expect("an id");
        uses.note(secret, at(20));
        uses.note(secret, at(10));
        let waiting = uses.waiting(10);
        assert_eq!((&waiting[..], uses.since_flush(secret)), (&[(secret, at(20))][..], Some(at(20))));
        uses.note(secret, at(30));
        uses.flushed(&waiting);
        assert_eq!(uses.waiting(10), vec![(secret, at(30))], "used again meanwhile");
        uses.flushed(&[(secret, at(30))]);
        assert_eq!((uses.waiting(10), uses.since_flush(secret)), (vec![], None));
    }

    #[test]
    fn all_are_flushed_in_the_end_however_few_at_a_time() {
        let uses = LastUsed::default();
        (1..=1_000).for_each(|number| uses.note(SecretId::new(number).expect("an id"), at(1)));
        let mut flushed = 0;
        loop {
            let waiting = uses.waiting(300);
            assert!(waiting.len() <= 300);
            if waiting.is_empty() {
                break;
            }
            flushed += waiting.len();
            uses.flushed(&waiting);
        }
        assert_eq!(flushed, 1_000);
    }
}
