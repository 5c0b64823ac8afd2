//! Shards by range of ids, on two levels, each shared until it is changed.
//!
//! Ids come from one counter, so ranges fill one after the other: there is no end to choose in advance, a shard is
//! written once while loading, and what was made together lies together. Cloning copies one pointer. Changing one shard
//! copies that shard, its shelf of pointers and the shelf of shelves. A second change before the next clone copies
//! nothing again.

use std::sync::Arc;

/// Ids of one shard. Not each is a principal's: secrets and grants take theirs from the same counter.
pub(super) const SPAN: u64 = 512;

/// Shards of one shelf.
const SHELF: usize = 64;

/// Whole from the beginning, so that a look-up need not ask how long it is.
type Shelf<S> = Arc<[Arc<S>; SHELF]>;

/// The shards, addressed by id.
pub(super) struct Ranges<S> {
    upper: Arc<Vec<Shelf<S>>>,
    /// Stands wherever nothing is.
    empty: Arc<S>,
}

impl<S> Clone for Ranges<S> {
    fn clone(&self) -> Self {
        Self { upper: Arc::clone(&self.upper), empty: Arc::clone(&self.empty) }
    }
}

impl<S: Clone + Default> Ranges<S> {
    pub(super) fn new() -> Self {
        Self { upper: Arc::default(), empty: Arc::default() }
    }

    #[inline]
    fn place(id: u64) -> (usize, usize) {
        let number = (id / SPAN) as usize;
        (number / SHELF, number % SHELF)
    }

    /// The shard that holds what has this id.
    #[inline]
    pub(super) fn at(&self, id: u64) -> &S {
        let (upper, lower) = Self::place(id);
        self.upper.get(upper).map_or(&self.empty, |shelf| &shelf[lower])
    }

    /// The same, to be changed; other clones keep theirs.
    pub(super) fn at_mut(&mut self, id: u64) -> &mut S {
        let (place, within) = Self::place(id);
        let upper = Arc::make_mut(&mut self.upper);
        if upper.len() <= place {
            upper.resize_with(place + 1, || Arc::new(std::array::from_fn(|_| Arc::clone(&self.empty))));
        }
        Arc::make_mut(&mut Arc::make_mut(&mut upper[place])[within])
    }

    /// Changes every shard for which `wants` says so.
    pub(super) fn change_where(&mut self, wants: impl Fn(&S) -> bool, mut change: impl FnMut(&mut S)) {
        for upper in 0..self.upper.len() {
            for lower in 0..self.upper[upper].len() {
                if wants(&self.upper[upper][lower]) {
                    let shelf = Arc::make_mut(&mut Arc::make_mut(&mut self.upper)[upper]);
                    change(Arc::make_mut(&mut shelf[lower]));
                }
            }
        }
    }

    /// All shards in the order of their ids, each with the first id of its range.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &S)> {
        let shelves = self.upper.iter().enumerate();
        shelves.flat_map(|(upper, shelf)| {
            let numbered = shelf.iter().enumerate();
            numbered.map(move |(lower, shard)| ((upper * SHELF + lower) as u64 * SPAN, &**shard))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_keeps_what_it_had() {
        let mut now: Ranges<Vec<u64>> = Ranges::new();
        let ids = || (1..1_000_u64).map(|number| number * number);
        ids().for_each(|id| now.at_mut(id).push(id));
        let before = now.clone();
        now.at_mut(49).clear();
        assert!(before.at(49).contains(&49));
        assert!(now.at(49).is_empty() && now.at(u64::MAX).is_empty());
        assert!(before.iter().flat_map(|(_, shard)| shard).copied().eq(ids()));
        assert!(before.iter().all(|(first, shard)| shard.iter().all(|id| (first..first + SPAN).contains(id))));
    }
}
