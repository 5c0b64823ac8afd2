//! A fixed number of shards on two levels, each shared until it is changed.
//!
//! Cloning copies one pointer. Changing one shard copies that shard, its shelf and the shelf of shelves: with 2^12 shards,
//! two times 64 pointers. A second change before the next clone copies neither shelf again.
//!
//! A shard is a pointer itself, cheap to clone: that it stands in its shelf saves who looks something up a step, each of
//! which waits for memory where there are millions.

use std::sync::Arc;

/// The shards, addressed by the upper bits of a hash.
pub(super) struct Shelves<S> {
    upper: Arc<[Arc<[S]>]>,
    bits: u32,
}

impl<S> Clone for Shelves<S> {
    fn clone(&self) -> Self {
        Self { upper: Arc::clone(&self.upper), bits: self.bits }
    }
}

impl<S: Clone + Default> Shelves<S> {
    /// 2 to the `bits` shards; `bits` from 2 to 24.
    pub(super) fn new(bits: u32) -> Self {
        Self::from_shards(bits, std::iter::repeat_with(S::default))
    }

    /// The first 2 to the `bits` of these shards.
    pub(super) fn from_shards(bits: u32, mut shards: impl Iterator<Item = S>) -> Self {
        let lower_length = 1_usize << (bits / 2);
        let upper_length = 1_usize << (bits - bits / 2);
        let upper = (0..upper_length).map(|_| shards.by_ref().take(lower_length).collect()).collect();
        Self { upper, bits }
    }

    /// How many shards there are, as a power of two.
    pub(super) fn bits(&self) -> u32 {
        self.bits
    }

    /// The number of the shard that holds what has this hash.
    pub(super) fn number(&self, hash: u64) -> usize {
        (hash >> (64 - self.bits)) as usize
    }

    fn place(&self, hash: u64) -> (usize, usize) {
        let number = self.number(hash);
        let lower_bits = self.bits / 2;
        (number >> lower_bits, number & ((1 << lower_bits) - 1))
    }

    /// The shard that holds what has this hash.
    pub(super) fn at(&self, hash: u64) -> &S {
        let (upper, lower) = self.place(hash);
        &self.upper[upper][lower]
    }

    /// The same, to be changed; other clones keep theirs.
    pub(super) fn at_mut(&mut self, hash: u64) -> &mut S {
        let (upper, lower) = self.place(hash);
        &mut Arc::make_mut(&mut Arc::make_mut(&mut self.upper)[upper])[lower]
    }

    /// All shards.
    pub(super) fn iter(&self) -> impl Iterator<Item = &S> {
        self.upper.iter().flat_map(|shelf| shelf.iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_keeps_what_it_had() {
        for bits in [2, 5, 8] {
            let mut now: Shelves<Vec<u64>> = Shelves::new(bits);
            for number in 0..1_000_u64 {
                let hash = super::super::hash_id(number);
                now.at_mut(hash).push(number);
            }
            let before = now.clone();
            now.at_mut(super::super::hash_id(7)).clear();
            assert!(before.at(super::super::hash_id(7)).contains(&7));
            assert!(!now.at(super::super::hash_id(7)).contains(&7));
            assert_eq!(before.iter().map(Vec::len).sum::<usize>(), 1_000);
        }
    }
}
