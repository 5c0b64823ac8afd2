//! Where this process left the ends of the audit log's chains: whoever moves one behind its back is noticed at the next
//! write, and not only by a mark from outside.
//!
//! A commit that was not answered well leaves two ends that may be there. What must stay true: a process that has just
//! come to the store, or begun a chain, takes the ends as they are; and so does one that finds a revision that another node
//! wrote.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use claviger_access::{Mark, Revision};

use crate::audit_chain::ChainDigest;
use crate::audit_chain::series::Series;

/// The event that comes next, and the digest of the last one.
pub(super) type End = (i64, ChainDigest);

/// The state that an end belongs to. Other nodes make states of their own.
pub(super) type Place = (Revision, Mark);

/// The ends that may be there, by chain; none where it was not looked at yet.
#[derive(Clone, Default)]
pub(super) struct KnownEnds {
    mutations: Arc<Mutex<Vec<(Place, End)>>>,
    observations: Arc<Mutex<Vec<(Place, End)>>>,
}

impl KnownEnds {
    /// Whether the end that is there in this state is the one that this process left, or another node's.
    pub(super) fn is_ours(&self, series: Series, place: Place, end: End) -> bool {
        let mut known = self.of(series);
        let is_known = known.iter().any(|(at, _)| *at == place);
        let is_ours = !is_known || known.contains(&(place, end));
        if is_ours {
            *known = vec![(place, end)];
        }
        is_ours
    }

    /// A commit is about to move the end there.
    pub(super) fn may_become(&self, series: Series, place: Place, end: End) {
        self.of(series).push((place, end));
    }

    /// The ends are to be taken as they are.
    pub(super) fn forget(&self) {
        Series::ALL.into_iter().for_each(|series| self.of(series).clear());
    }

    fn of(&self, series: Series) -> MutexGuard<'_, Vec<(Place, End)>> {
        let known = match series {
            Series::Mutations => &self.mutations,
            Series::Observations => &self.observations,
        };
        known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_that_this_process_did_not_leave_is_noticed() {
        let known = KnownEnds::default();
        let end = |next: i64| (next, ChainDigest([next as u8; 32]));
        let place = |revision: u64, by: u8| (Revision(revision), Mark([by; 16]));
        let is_ours = |place, end| known.is_ours(Series::Mutations, place, end);
        assert!(is_ours(place(5, 1), end(5)), "the first one is taken as it is");
        assert!(!is_ours(place(5, 1), end(4)));
        known.may_become(Series::Mutations, place(7, 1), end(7));
        assert!(is_ours(place(5, 1), end(5)), "the commit that was to move it did not");
        known.may_become(Series::Mutations, place(7, 1), end(7));
        assert!(!is_ours(place(7, 1), (7, ChainDigest([0; 32]))));
        assert!(is_ours(place(7, 1), end(7)));
        assert!(is_ours(place(7, 2), end(9)), "another node has written it");
        assert!(!is_ours(place(7, 2), end(8)), "and that is known from then on");
        let observed = |end| known.is_ours(Series::Observations, place(0, 0), end);
        assert!(observed(end(9)), "each chain has its own");
        known.may_become(Series::Observations, place(0, 0), end(10));
        assert!(observed(end(10)) && !observed(end(9)), "where the place stays, the end moves on");
        known.may_become(Series::Observations, place(0, 0), end(11));
        assert!(observed(end(10)) && !observed(end(11)), "a commit that was not done moves nothing");
        known.forget();
        assert!(is_ours(place(7, 2), end(3)));
    }
}
