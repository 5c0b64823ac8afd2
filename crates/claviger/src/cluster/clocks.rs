//! Whether this node's time of day is the store's. Ends of credentials are compared with it, at each node by its own clock; no
//! lease rests on it.

use claviger_access::Moment;

/// So many seconds apart are told of.
const TOLD_FROM_S: i64 = 1;

/// So many, and a node does not answer: it would take for valid what has ended elsewhere, or the other way round.
const REFUSED_FROM_S: i64 = 10;

/// How two clocks stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clocks {
    /// As near as it can be told.
    Together,
    /// So many seconds apart at least.
    Apart(i64),
    /// So many, which is too much.
    TooFarApart(i64),
}

/// Compares them. The store's was read somewhen between two readings of this node's.
pub(super) fn compare(before: Moment, store: Moment, after: Moment) -> Clocks {
    // Each is cut to a whole second.
    let early = store.seconds() - after.seconds() - 1;
    let late = before.seconds() - store.seconds() - 1;
    match early.max(late) {
        apart if apart >= REFUSED_FROM_S => Clocks::TooFarApart(apart),
        apart if apart >= TOLD_FROM_S => Clocks::Apart(apart),
        _ => Clocks::Together,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_that_differ_are_told_of_and_those_that_differ_much_are_refused() {
        let at = |seconds| Moment::from_seconds(seconds).expect("a moment");
        let compared = |store| compare(at(100), at(store), at(102));
        assert_eq!([99, 100, 102, 103].map(compared), [Clocks::Together; 4], "as near as whole seconds tell");
        assert_eq!([compared(98), compared(104)], [Clocks::Apart(1); 2]);
        assert_eq!([compared(90), compared(112)], [Clocks::Apart(9); 2]);
        assert_eq!([compared(89), compared(113)], [Clocks::TooFarApart(10); 2]);
    }
}
