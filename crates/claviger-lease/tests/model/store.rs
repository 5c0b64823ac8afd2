//! One PostgreSQL: the changes, and a row a member. What a statement does here is visible at once; whether it is at the
//! standby as well is said by how many statements had been run.

/// Which write a change is.
pub(crate) type Write = u8;

#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct Store {
    /// The writes in their order; the revision is their number.
    pub(crate) changes: Vec<Write>,
    /// Sorted by incarnation.
    pub(crate) rows: Vec<Row>,
    /// How often it went back in time, and an operator accepted that.
    pub(crate) epoch: u8,
    /// So many ticks until the epoch's first report or write.
    pub(crate) opens_in: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Row {
    pub(crate) incarnation: u8,
    pub(crate) applied: u8,
}

impl Store {
    pub(crate) fn head(&self) -> u8 {
        self.changes.len() as u8
    }

    /// What a node that has seen this may load.
    pub(crate) fn has(&self, seen: &(u8, Vec<Write>)) -> bool {
        self.epoch > seen.0 || (self.epoch == seen.0 && self.changes.starts_with(&seen.1))
    }

    pub(crate) fn row(&mut self, incarnation: u8) -> Option<&mut Row> {
        self.rows.iter_mut().find(|row| row.incarnation == incarnation)
    }

    pub(crate) fn insert(&mut self, row: Row) {
        self.rows.push(row);
        self.rows.sort_by_key(|row| row.incarnation);
    }
}
