//! How many requests were refused, why, and to whom.
//!
//! The audit log tells refusals one by one, within limits; here all of them are counted, in memory, until the writer's
//! task adds them to the store.
//!
//! What must stay true: memory is bounded whatever is sent, and what is above that is counted without its account; the
//! work is the same whether a username exists or not, so what was presented under names of no account is counted like the
//! rest, and put away when it is taken.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use claviger_access::Moment;
use claviger_access::authorize::{NoAdmission, NotAdmitted};
use claviger_access::identity::{OrganizationId, PrincipalId};

use crate::store::usage::{Hour, Reason, Refused};

/// So many counts are kept between two flushes, but for those of organizations alone.
const COUNTS_MAX: usize = 4_096;

/// Refusals that were not flushed yet.
#[derive(Default)]
pub struct RefusedRequests {
    counts: Mutex<HashMap<Counted, Count>>,
}

/// What is counted as one. Without an organization it was a name of no account, with one and no account too much to be
/// told by account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Counted {
    organization: Option<OrganizationId>,
    account: Option<PrincipalId>,
    reason: Reason,
    hour: Hour,
}

struct Count {
    requests: u64,
    /// Where all of them came from, if that is one address.
    address: Option<IpAddr>,
}

impl RefusedRequests {
    /// A credential was not let in.
    pub fn not_admitted(&self, refused: &NotAdmitted, address: Option<IpAddr>, now: Moment) {
        let (account, organization) = refused.account.unzip();
        // What is of an account goes with it.
        let account = account.filter(|_| refused.why != NoAdmission::AccountDeleted);
        self.count(
            Counted { organization, account, reason: Reason::NotAdmitted(refused.why), hour: Hour::of(now) },
            address,
        );
    }

    /// An account was let in, and asked for what it may not do.
    pub fn not_permitted(
        &self,
        account: PrincipalId,
        organization: OrganizationId,
        address: Option<IpAddr>,
        now: Moment,
    ) {
        let (account, organization) = (Some(account), Some(organization));
        self.count(Counted { organization, account, reason: Reason::NotPermitted, hour: Hour::of(now) }, address);
    }

    fn count(&self, mut counted: Counted, address: Option<IpAddr>) {
        let mut counts = self.lock();
        if counts.len() >= COUNTS_MAX && !counts.contains_key(&counted) {
            counted.account = None;
        }
        let count = counts.entry(counted).or_insert(Count { requests: 0, address });
        count.requests += 1;
        count.address = count.address.filter(|_| count.address == address);
    }

    /// The next that are to be flushed, so many at most. They are taken out: [`put_back`](Self::put_back) is for what could
    /// not be.
    pub fn take(&self, limit: usize) -> Vec<Refused> {
        let mut counts = self.lock();
        counts.retain(|counted, _| counted.organization.is_some());
        let next: Vec<Counted> = counts.keys().take(limit).copied().collect();
        let taken = next.into_iter().filter_map(|counted| {
            let Count { requests, address } = counts.remove(&counted)?;
            let Counted { organization, account, reason, hour } = counted;
            Some(Refused { account, organization: organization?, reason, hour, requests, address })
        });
        let mut taken: Vec<Refused> = taken.collect();
        // In one order, so that nodes that flush the same rows do not wait for each other in a ring.
        taken.sort_unstable_by_key(|refused| (refused.account, refused.organization, refused.reason, refused.hour));
        taken
    }

    /// These could not be flushed yet.
    pub fn put_back(&self, refused: Vec<Refused>) {
        let mut counts = self.lock();
        for one in refused {
            let Refused { account, organization, reason, hour, requests, address } = one;
            let counted = Counted { organization: Some(organization), account, reason, hour };
            let count = counts.entry(counted).or_insert(Count { requests: 0, address });
            count.requests += requests;
            count.address = count.address.filter(|_| count.address == address);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Counted, Count>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use claviger_access::Refusal;

    use super::*;

    const HOUR: i64 = 3_600;

    fn at(seconds: i64) -> Moment {
        Moment::from_seconds(seconds).expect("a moment")
    }

    fn from(number: u32) -> Option<IpAddr> {
        Some(Ipv4Addr::from(number).into())
    }

    fn refuse(refused: &RefusedRequests, account: Option<(u64, u64)>, why: NoAdmission, address: u32, now: i64) {
        let account =
            account.and_then(|(id, organization)| Some((PrincipalId::new(id)?, OrganizationId::new(organization)?)));
        let not_admitted = NotAdmitted { account, why, refusal: Refusal::NotAuthenticated };
        refused.not_admitted(&not_admitted, from(address), at(now));
    }

    /// Account, organization, requests, whether from one address.
    fn told(taken: &[Refused]) -> Vec<(u64, u64, u64, bool)> {
        let number = |account: Option<PrincipalId>| account.map_or(0, PrincipalId::number);
        taken
            .iter()
            .map(|one| (number(one.account), one.organization.number(), one.requests, one.address.is_some()))
            .collect()
    }

    #[test]
    fn refusals_are_counted_by_account_reason_and_hour_and_names_of_no_account_are_nobodys() {
        let refused = RefusedRequests::default();
        refuse(&refused, Some((7, 1)), NoAdmission::WrongSecret, 1, 10);
        refuse(&refused, Some((7, 1)), NoAdmission::WrongSecret, 1, HOUR - 1);
        refuse(&refused, Some((8, 1)), NoAdmission::WrongSecret, 1, 10);
        refuse(&refused, Some((8, 1)), NoAdmission::WrongSecret, 2, 10);
        refuse(&refused, Some((8, 1)), NoAdmission::WrongSecret, 1, 10);
        refuse(&refused, Some((8, 1)), NoAdmission::SecretExpired, 2, HOUR);
        refuse(&refused, Some((9, 1)), NoAdmission::AccountDeleted, 2, 10);
        refuse(&refused, None, NoAdmission::UnknownUsername, 2, 10);
        let taken = refused.take(10);
        assert_eq!(told(&taken), [(0, 1, 1, true), (7, 1, 2, true), (8, 1, 3, false), (8, 1, 1, true)]);
        assert!(refused.take(10).is_empty());
    }

    #[test]
    fn what_could_not_be_flushed_is_added_to_what_came_since() {
        let refused = RefusedRequests::default();
        refuse(&refused, Some((7, 1)), NoAdmission::WrongSecret, 1, 10);
        let taken = refused.take(10);
        refuse(&refused, Some((7, 1)), NoAdmission::WrongSecret, 2, 10);
        refused.put_back(taken);
        assert_eq!(told(&refused.take(10)), [(7, 1, 2, false)]);
    }

    /// a million accounts are tried: what is kept is bounded, and nothing is lost uncounted
    #[test]
    fn memory_is_bounded_and_nothing_is_lost_uncounted() {
        let refused = RefusedRequests::default();
        let tries = 1_000_000;
        (1..=tries)
            .for_each(|number| refuse(&refused, Some((number, 1 + number % 50)), NoAdmission::WrongSecret, 1, 10));
        let taken = refused.take(usize::MAX);
        assert!(taken.len() <= COUNTS_MAX + 50, "{}", taken.len());
        assert_eq!(taken.iter().map(|one| one.requests).sum::<u64>(), tries);
    }
}
