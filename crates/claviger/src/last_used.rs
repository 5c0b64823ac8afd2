//! When each secret was used, from where and how often, without a write per request.
//!
//! Requests note it in memory; the writer flushes all of it every 20 seconds, in batches between writes, and at shutdown.
//! Off by a minute at most, and lost for that minute when the process is killed; where requests of some thousand different
//! accounts come each second, for as long as the writer takes, which gives a small part of its time to this. Where a store
//! does not answer for days, what was noted before the last of them is counted for the first.
//!
//! Every request comes here: it takes one lock that it seldom shares, looks up once, and does nothing more.
//!
//! A flush is a pass over all shards, each of which holds runs of ids that follow one another, as their rows do in the
//! store: a batch of neighbours changes few pages of it. What was flushed and is used again waits for the next pass, so that
//! no secret keeps others from their turn.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use claviger_access::Moment;
use claviger_access::identity::{OrganizationId, PrincipalId, SecretId};
use foldhash::fast::RandomState;

use crate::store::bookkeeping::SecretUses;
use crate::store::usage::Day;

/// Requests of different accounts seldom meet in one of so many, and each is small enough to be gone through under its lock.
const SHARDS: usize = 1_024;

/// Ids that follow one another in a shard.
const RUN: u64 = 512;

/// Uses that were not flushed yet.
pub struct LastUsed {
    shards: Box<[Mutex<Shard>]>,
    /// Up to where the pass under way has come.
    pass: Mutex<Place>,
}

/// Ids are the store's own, so nobody chooses them to meet in one place.
type Shard = HashMap<SecretId, Uses, RandomState>;

/// What is before a place: all shards before one, and all ids of that one up to another.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    shard: usize,
    after: Option<SecretId>,
}

/// A part of a pass.
#[derive(Debug, PartialEq, Eq)]
pub struct Waiting {
    /// What is to be flushed.
    pub uses: Vec<SecretUses>,
    /// Whether the pass has more.
    pub has_more: bool,
}

/// A service account that was let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct User {
    /// By this secret.
    pub secret: SecretId,
    /// Which account.
    pub account: PrincipalId,
    /// Whose it is.
    pub organization: OrganizationId,
}

/// What a secret was used for since the last flush.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Use {
    /// The first time since then.
    pub first: Moment,
    /// The last time.
    pub latest: Moment,
    /// Where that one came from.
    pub address: Option<IpAddr>,
}

/// Small, since there may be one of each secret.
struct Uses {
    account: PrincipalId,
    organization: OrganizationId,
    noted: Use,
    /// Requests on the day of the latest.
    today: u32,
    /// Requests on the day of the first, where that is another.
    before: u32,
}

impl Uses {
    fn add(&mut self, address: Option<IpAddr>, now: Moment) {
        if now >= self.noted.latest {
            if Day::of(now) != Day::of(self.noted.latest) {
                self.before = self.before.saturating_add(self.today);
                self.today = 0;
            }
            self.noted.latest = now;
            self.noted.address = address;
        }
        self.today = self.today.saturating_add(1);
    }

    /// Takes out what was flushed; whether something is left.
    fn take_out(&mut self, flushed: &SecretUses) -> bool {
        self.before = self.before.saturating_sub(flushed.before);
        match Day::of(self.noted.latest) == Day::of(flushed.latest) {
            true => self.today = self.today.saturating_sub(flushed.today),
            false => self.before = self.before.saturating_sub(flushed.today),
        }
        self.noted.first = self.noted.first.max(flushed.latest);
        self.today > 0 || self.before > 0
    }
}

impl From<(&SecretId, &Uses)> for SecretUses {
    fn from((secret, uses): (&SecretId, &Uses)) -> Self {
        Self {
            secret: *secret,
            account: uses.account,
            organization: uses.organization,
            first: uses.noted.first,
            latest: uses.noted.latest,
            address: uses.noted.address,
            today: uses.today,
            before: uses.before,
        }
    }
}

impl Default for LastUsed {
    fn default() -> Self {
        Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect(), pass: Mutex::default() }
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl LastUsed {
    fn shard(&self, secret: SecretId) -> MutexGuard<'_, Shard> {
        lock(&self.shards[(secret.number() / RUN) as usize % SHARDS])
    }

    /// This secret was used now, from there.
    pub fn note(&self, user: User, address: Option<IpAddr>, now: Moment) {
        let User { secret, account, organization } = user;
        let first =
            || Uses { account, organization, noted: Use { first: now, latest: now, address }, today: 0, before: 0 };
        self.shard(secret).entry(secret).or_insert_with(first).add(address, now);
    }

    /// What it was used for since the last flush.
    pub fn use_since_flush(&self, secret: SecretId) -> Option<Use> {
        self.shard(secret).get(&secret).map(|uses| uses.noted)
    }

    /// When it was used since the last flush.
    pub fn since_flush(&self, secret: SecretId) -> Option<Moment> {
        self.use_since_flush(secret).map(|used| used.latest)
    }

    /// When one of these was, last.
    pub fn latest_since_flush(&self, secrets: impl Iterator<Item = SecretId>) -> Option<Moment> {
        secrets.filter_map(|secret| self.since_flush(secret)).max()
    }

    /// When each account of an organization was, of those that were.
    pub fn latest_of_each(&self, organization: OrganizationId) -> HashMap<PrincipalId, Moment> {
        let mut latest = HashMap::new();
        for shard in &self.shards {
            for uses in lock(shard).values().filter(|uses| uses.organization == organization) {
                let known = latest.entry(uses.account).or_insert(uses.noted.latest);
                *known = uses.noted.latest.max(*known);
            }
        }
        latest
    }

    /// The next part of the pass, of so many at most, in the order of their ids within a shard; after the last, a pass
    /// begins anew. They stay here until they were flushed, so that nobody sees a use go back.
    pub fn waiting(&self, limit: usize) -> Waiting {
        let mut place = lock(&self.pass);
        let mut uses = Vec::new();
        while let Some(shard) = self.shards.get(place.shard) {
            let begin = uses.len();
            uses.extend(lock(shard).iter().filter(|(secret, _)| Some(**secret) > place.after).map(SecretUses::from));
            uses[begin..].sort_unstable_by_key(|uses: &SecretUses| uses.secret);
            if uses.len() > limit {
                uses.truncate(limit);
                if let Some(last) = uses[begin.min(limit)..].last() {
                    place.after = Some(last.secret);
                }
                return Waiting { uses, has_more: true };
            }
            *place = Place { shard: place.shard + 1, after: None };
        }
        *place = Place::default();
        Waiting { uses, has_more: false }
    }

    /// These are in the store now. One that was used again meanwhile goes on waiting, with what came since.
    pub fn flushed(&self, uses: &[SecretUses]) {
        for flushed in uses {
            let mut shard = self.shard(flushed.secret);
            if shard.get_mut(&flushed.secret).is_some_and(|uses| !uses.take_out(flushed)) {
                shard.remove(&flushed.secret);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const DAY: i64 = 86_400;

    fn at(seconds: i64) -> Moment {
        Moment::from_seconds(seconds).expect("a moment")
    }

    fn user(number: u64) -> User {
        User {
            secret: SecretId::new(number).expect("an id"),
            account: PrincipalId::new(number + 1).expect("an id"),
            organization: OrganizationId::new(1).expect("an id"),
        }
    }

    fn from(last: u8) -> Option<IpAddr> {
        Some(Ipv4Addr::new(10, 0, 0, last).into())
    }

    /// Moments of the first and the latest, and the counts.
    fn told(uses: &[SecretUses]) -> Vec<(i64, i64, u32, u32)> {
        uses.iter().map(|uses| (uses.first.seconds(), uses.latest.seconds(), uses.before, uses.today)).collect()
    }

    #[test]
    fn the_latest_use_counts_and_waits_until_it_is_flushed() {
        let uses = LastUsed::default();
        let secret = user(7).secret;
        uses.note(user(7), from(1), at(20));
        uses.note(user(7), from(2), at(10));
        let waiting = uses.waiting(10).uses;
        assert_eq!((told(&waiting), uses.since_flush(secret)), (vec![(20, 20, 0, 2)], Some(at(20))));
        assert_eq!(waiting[0].address, from(1), "where the latest came from");
        uses.note(user(7), from(3), at(30));
        uses.flushed(&waiting);
        let waiting = uses.waiting(10).uses;
        assert_eq!((told(&waiting), waiting[0].address), (vec![(20, 30, 0, 1)], from(3)), "used again meanwhile");
        uses.flushed(&waiting);
        assert_eq!((uses.waiting(10).uses, uses.since_flush(secret)), (vec![], None));
    }

    #[test]
    fn the_latest_use_of_each_account_is_that_of_its_secrets_together() {
        let noted = LastUsed::default();
        let (one, other) = (user(1), User { secret: user(2).secret, ..user(1) });
        let elsewhere = User { organization: OrganizationId::new(99).expect("an id"), ..user(3) };
        for (user, seconds) in [(one, 7), (other, 9), (one, 8), (elsewhere, 10)] {
            noted.note(user, None, at(seconds));
        }
        assert_eq!(noted.latest_of_each(one.organization), HashMap::from([(one.account, at(9))]));
    }

    #[test]
    fn each_request_is_counted_once_and_on_its_day_however_a_flush_and_midnight_fall() {
        let uses = LastUsed::default();
        for moment in [DAY - 2, DAY - 1] {
            uses.note(user(7), None, at(moment));
        }
        let before_midnight = uses.waiting(10).uses;
        for moment in [DAY - 1, DAY, DAY + 1] {
            uses.note(user(7), None, at(moment));
        }
        assert_eq!(told(&uses.waiting(10).uses), [(DAY - 2, DAY + 1, 3, 2)]);
        uses.flushed(&before_midnight);
        let after_midnight = uses.waiting(10).uses;
        assert_eq!(told(&after_midnight), [(DAY - 1, DAY + 1, 1, 2)]);
        uses.note(user(7), None, at(DAY + 2));
        uses.flushed(&after_midnight);
        assert_eq!(told(&uses.waiting(10).uses), [(DAY + 1, DAY + 2, 0, 1)]);
    }

    #[test]
    fn a_pass_has_each_once_however_few_at_a_time_and_whatever_is_used_again() {
        let uses = LastUsed::default();
        // Most are in one shard, and more than one part has room for.
        let numbers = || (1..=700).chain((1..=300).map(|number| number * 10_000));
        numbers().for_each(|number| uses.note(user(number), None, at(1)));
        let mut seen = Vec::new();
        loop {
            let Waiting { uses: part, has_more } = uses.waiting(300);
            assert!(part.len() <= 300 && part.len() == 300 || !has_more, "{}", part.len());
            seen.extend(part.iter().map(|uses| uses.secret.number()));
            part.iter().for_each(|one| uses.note(User { secret: one.secret, ..user(1) }, None, at(2)));
            uses.flushed(&part);
            if !has_more {
                break;
            }
        }
        seen.sort_unstable();
        assert!(seen.iter().copied().eq(numbers()));
        assert_eq!(uses.waiting(2_000).uses.len(), 1_000, "those that were used again, in the pass that follows");
    }

    #[test]
    fn a_part_that_ends_with_a_shard_keeps_nobody_of_the_next_from_its_turn() {
        let uses = LastUsed::default();
        let (in_the_first, in_the_second) = (RUN * SHARDS as u64 + 1, RUN + 1);
        [in_the_first, in_the_second].into_iter().for_each(|number| uses.note(user(number), None, at(1)));
        let part = || uses.waiting(1);
        let (first, second) = (part(), part());
        assert_eq!((first.uses[0].secret.number(), first.has_more), (in_the_first, true));
        assert_eq!((second.uses[0].secret.number(), second.has_more), (in_the_second, false));
    }

    #[test]
    fn neighbours_are_flushed_together() {
        let uses = LastUsed::default();
        (1..=4 * RUN).for_each(|number| uses.note(user(number), None, at(1)));
        let flushed: Vec<u64> = uses.waiting(700).uses.iter().map(|uses| uses.secret.number()).collect();
        assert!(flushed.is_sorted() && flushed.len() == 700 && flushed[699] < 2 * RUN, "{flushed:?}");
    }

    #[test]
    fn what_is_kept_of_a_secret_is_small() {
        assert!(size_of::<(SecretId, Uses)>() <= 72, "{}", size_of::<(SecretId, Uses)>());
    }
}
