//! The rows of a page, found while a whole list is gone through: those nearest to where the page begins.
//!
//! Lists often come in the very order that is wanted, or the other way round, where each row is nearer than all before.
//! So rows are collected and cut now and then, instead of each being put in its place. However long the list is, no more
//! than [`KEPT_MAX`] rows are kept.

/// So many rows are kept at most.
const KEPT_MAX: usize = 512;

/// Rows of a page, each with its place in the order. No two places are the same.
pub(super) struct Shortlist<K, T> {
    length: usize,
    /// Whether it begins with the lowest places, or ends with the highest.
    is_lowest: bool,
    kept: Vec<(K, T)>,
    /// Whether [`kept`](Self::kept) was cut: then the last of the first `length` rows is the farthest of them.
    is_cut: bool,
}

impl<K: Ord, T> Shortlist<K, T> {
    /// A page of at most so many rows: those of the lowest places, or those of the highest.
    pub(super) fn new(length: usize, is_lowest: bool) -> Self {
        Self { length, is_lowest, kept: Vec::new(), is_cut: false }
    }

    /// One more row.
    pub(super) fn add(&mut self, place: K, row: T) {
        if self.is_cut && self.kept.get(self.length - 1).is_some_and(|(farthest, _)| self.is_farther(&place, farthest))
        {
            return;
        }
        self.kept.push((place, row));
        if self.kept.len() == KEPT_MAX {
            self.cut();
        }
    }

    fn is_farther(&self, place: &K, than: &K) -> bool {
        if self.is_lowest { place > than } else { place < than }
    }

    fn cut(&mut self) {
        if self.kept.len() > self.length {
            let is_lowest = self.is_lowest;
            self.kept.select_nth_unstable_by(
                self.length - 1,
                |(one, _), (other, _)| {
                    if is_lowest { one.cmp(other) } else { other.cmp(one) }
                },
            );
            self.kept.truncate(self.length);
            self.is_cut = true;
        }
    }

    /// The page, from the lowest place to the highest.
    pub(super) fn end(mut self) -> Vec<(K, T)> {
        self.cut();
        self.kept.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        self.kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(places: &[u32], is_lowest: bool) -> Vec<u32> {
        let mut shortlist = Shortlist::new(25, is_lowest);
        places.iter().for_each(|place| shortlist.add(*place, ()));
        assert!(shortlist.kept.len() < KEPT_MAX);
        shortlist.end().into_iter().map(|(place, ())| place).collect()
    }

    #[test]
    fn the_nearest_are_found_in_whatever_order_a_list_comes() {
        for length in [0, 1, 24, 25, 26, 511, 512, 513, 5_000] {
            let upwards: Vec<u32> = (0..length).collect();
            let downwards: Vec<u32> = upwards.iter().rev().copied().collect();
            // 7919 has no factor in common with any of these lengths.
            let mixed: Vec<u32> = upwards.iter().map(|number| number * 7919 % length).collect();
            let (lowest, highest) = (length.min(25), length.saturating_sub(25));
            for places in [upwards, downwards, mixed] {
                assert_eq!(page(&places, true), (0..lowest).collect::<Vec<_>>(), "{length}");
                assert_eq!(page(&places, false), (highest..length).collect::<Vec<_>>(), "{length}");
            }
        }
    }
}
