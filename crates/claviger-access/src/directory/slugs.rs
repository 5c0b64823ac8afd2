//! Where the project of a slug is: checks name projects so, one look-up each.

use std::sync::Arc;

use super::shelves::Shelves;
use crate::identity::ProjectId;

/// Projects by the hashes of their slugs. Whether a project has the slug itself, it says itself.
#[derive(Clone)]
pub(super) struct Slugs {
    /// Each shard sorted.
    shelves: Shelves<Arc<Vec<(u64, ProjectId)>>>,
}

impl Slugs {
    pub(super) fn new() -> Self {
        Self { shelves: Shelves::new(8) }
    }

    /// The projects that may have the slug with this hash: hardly ever more than one.
    pub(super) fn candidates(&self, hash: u64) -> impl Iterator<Item = ProjectId> {
        let shard = self.shelves.at(hash);
        let from = shard.partition_point(|(known, _)| *known < hash);
        shard[from..].iter().take_while(move |(known, _)| *known == hash).map(|(_, id)| *id)
    }

    pub(super) fn insert(&mut self, hash: u64, id: ProjectId) {
        let shard = Arc::make_mut(self.shelves.at_mut(hash));
        if let Err(place) = shard.binary_search(&(hash, id)) {
            shard.insert(place, (hash, id));
        }
    }

    pub(super) fn remove(&mut self, hash: u64, id: ProjectId) {
        let shard = Arc::make_mut(self.shelves.at_mut(hash));
        if let Ok(place) = shard.binary_search(&(hash, id)) {
            shard.remove(place);
        }
    }

    /// All projects that are in, one for each time that it is.
    pub(super) fn iter(&self) -> impl Iterator<Item = ProjectId> {
        self.shelves.iter().flat_map(|shard| shard.iter()).map(|(_, id)| *id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_that_meet_in_one_hash_are_kept_apart() {
        let id = |number| ProjectId::new(number).expect("an id");
        let candidates = |slugs: &Slugs, hash| slugs.candidates(hash).collect::<Vec<_>>();
        let mut slugs = Slugs::new();
        for (hash, number) in [(7, 2), (7, 1), (u64::MAX, 3), (8, 4), (7, 1)] {
            slugs.insert(hash, id(number));
        }
        let before = slugs.clone();
        slugs.remove(7, id(2));
        slugs.remove(8, id(3));
        assert_eq!(candidates(&before, 7), [id(1), id(2)]);
        assert_eq!(candidates(&slugs, 7), [id(1)]);
        assert_eq!((candidates(&slugs, 8), candidates(&slugs, u64::MAX)), (vec![id(4)], vec![id(3)]));
        assert_eq!((candidates(&slugs, 6), slugs.iter().count(), before.iter().count()), (vec![], 3, 4));
    }
}
