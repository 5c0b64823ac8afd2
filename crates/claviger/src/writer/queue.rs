//! Whose turn it is among the writes that wait.
//!
//! A write's turn is when it would be done if all organizations that wait were served side by side, with equal shares.
//! So a small write of one that writes little goes before all the large ones of others, and a large one is not kept
//! waiting for ever by small ones: the clock of shares goes on with each that is taken.
//!
//! What must stay true: the writes of one organization are taken in the order in which they came.

use std::collections::{BTreeMap, HashMap};

use claviger_access::identity::OrganizationId;

/// One place, as the clock of shares counts it: fine enough to be divided among all that may wait.
const PLACE: u64 = 1 << 20;

/// When a write is taken, and among equal ones the number in which it came.
type Turn = (u64, u64);

/// Writes that wait, of anything that stands for one.
pub(super) struct Queue<T> {
    waiting: BTreeMap<Turn, Waiting<T>>,
    /// Those that have something waiting; `None` are people and the operator.
    organizations: HashMap<Option<OrganizationId>, Line>,
    /// How much each organization would have been served.
    clock: u64,
    came: u64,
}

struct Waiting<T> {
    organization: Option<OrganizationId>,
    share: u64,
    write: T,
}

/// What waits of one organization.
struct Line {
    /// The turn of its last one.
    end: u64,
    count: usize,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { waiting: BTreeMap::new(), organizations: HashMap::new(), clock: 0, came: 0 }
    }
}

impl<T> Queue<T> {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Lets a write of so many places wait.
    pub(super) fn add(&mut self, organization: Option<OrganizationId>, weight: usize, write: T) {
        let share = PLACE * weight as u64;
        let line = self.organizations.entry(organization).or_insert(Line { end: self.clock, count: 0 });
        line.end += share;
        line.count += 1;
        self.came += 1;
        self.waiting.insert((line.end, self.came), Waiting { organization, share, write });
    }

    /// Takes the one whose turn it is.
    pub(super) fn take(&mut self) -> Option<T> {
        let (_, taken) = self.waiting.pop_first()?;
        self.clock += taken.share / self.organizations.len().max(1) as u64;
        if let Some(line) = self.organizations.get_mut(&taken.organization) {
            line.count -= 1;
            if line.count == 0 {
                self.organizations.remove(&taken.organization);
            }
        }
        Some(taken.write)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LARGE: usize = 100;

    fn organization(number: u64) -> Option<OrganizationId> {
        OrganizationId::new(number)
    }

    #[test]
    fn a_small_write_goes_before_all_large_ones_of_another() {
        let mut queue = Queue::default();
        for number in 0..150 {
            queue.add(organization(1), LARGE, ("large", number));
        }
        for round in 0..50 {
            assert_eq!(queue.take(), Some(("large", 2 * round)));
            queue.add(organization(2), 1, ("small", round));
            assert_eq!(queue.take(), Some(("small", round)), "it is the next one, whatever waits");
            assert_eq!(queue.take(), Some(("large", 2 * round + 1)));
        }
    }

    #[test]
    fn a_small_write_does_not_wait_for_a_large_one_of_each_other() {
        let mut queue = Queue::default();
        for number in 1..=100 {
            queue.add(organization(number), LARGE, "large");
        }
        assert_eq!(queue.take(), Some("large"));
        queue.add(organization(101), 1, "small");
        assert_eq!(queue.take(), Some("small"));
    }

    #[test]
    fn a_large_write_is_not_kept_waiting_for_ever() {
        let mut queue = Queue::default();
        queue.add(organization(1), LARGE, "large");
        queue.add(organization(2), 1, "small");
        let taken = (0..1_000).take_while(|_| {
            queue.add(organization(2), 1, "small");
            queue.take() == Some("small")
        });
        assert!(taken.count() <= 2 * LARGE, "as much of the other as it is itself, and what waits");
    }

    #[test]
    fn writes_of_one_organization_keep_their_order() {
        let mut queue = Queue::default();
        let mut taken = Vec::new();
        for number in 0..300 {
            let by = number % 4;
            // None is one of them.
            queue.add(organization(by), 1 + (number as usize * 7) % LARGE, (by, number));
            if number % 3 == 0 {
                taken.extend(queue.take());
            }
        }
        taken.extend(std::iter::from_fn(|| queue.take()));
        for by in 0..4 {
            let of_one: Vec<_> = taken.iter().filter(|write| write.0 == by).map(|write| write.1).collect();
            assert_eq!(of_one, (by..300).step_by(4).collect::<Vec<_>>());
        }
        assert!(queue.is_empty() && queue.organizations.is_empty());
    }
}
