//! Where in the installation's history a node stands.

/// The number of a change. They follow one another without gaps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub u64);

/// What tells the change of one history from that of another with the same number: random, 128 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mark(pub u128);

/// A change of one history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Position {
    /// Its number.
    pub revision: Revision,
    /// Its mark.
    pub mark: Mark,
}

/// One membership of a node, from joining to leaving or being marked out: random, 128 bits, never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Incarnation(pub u128);
