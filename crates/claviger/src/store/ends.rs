//! Where this process left the ends of the audit log's chains: whoever moves one behind its back is noticed at the next
//! write, and not only by a mark from outside.
//!
//! A commit that was not answered well leaves two ends that may be there. What must stay true: a process that has just
//! come to the store, or begun a chain, takes the ends as they are.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::audit_chain::ChainDigest;
use crate::audit_chain::series::Series;

/// The event that comes next, and the digest of the last one.
pub(super) type End = (i64, ChainDigest);

/// The ends that may be there, by chain; none where it was not looked at yet.
#[derive(Clone, Default)]
pub(super) struct KnownEnds {
    mutations: Arc<Mutex<Vec<End>>>,
    observations: Arc<Mutex<Vec<End>>>,
}

impl KnownEnds {
    /// Whether the end that is there is one that this process left.
    pub(super) fn is_ours(&self, series: Series, end: End) -> bool {
        let mut known = self.of(series);
        let is_ours = known.is_empty() || known.contains(&end);
        if is_ours {
            *known = vec![end];
        }
        is_ours
    }

    /// A commit is about to move the end there.
    pub(super) fn may_become(&self, series: Series, end: End) {
        self.of(series).push(end);
    }

    /// The ends are to be taken as they are.
    pub(super) fn forget(&self) {
        Series::ALL.into_iter().for_each(|series| self.of(series).clear());
    }

    fn of(&self, series: Series) -> MutexGuard<'_, Vec<End>> {
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
        let ours = |next| known.is_ours(Series::Mutations, end(next));
        assert!(ours(5), "the first one is taken as it is");
        known.may_become(Series::Mutations, end(7));
        assert!(ours(5) && !ours(7), "the commit that was to move it did not");
        known.may_become(Series::Mutations, end(7));
        assert!(ours(7) && !ours(5));
        assert!(!known.is_ours(Series::Mutations, (7, ChainDigest([0; 32]))));
        assert!(known.is_ours(Series::Observations, end(9)), "each chain has its own");
        known.forget();
        assert!(ours(3));
    }
}
