//! What the promise rests on, rule by rule.

/// A rule of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Rule {
    /// A lease counts from a reading that was taken before the report was sent.
    CountsFromBeforeTheReport,
    /// A row is committed before the first report looks at the head.
    RowBeforeTheFirstReport,
    /// Joining gives no lease: the first one comes from a report, like all others.
    FirstLeaseFromAReport,
    /// A report that finds no row gives no lease, and the image goes.
    NoRowNoLease,
    /// Where the head was beyond the image, a second report that carries it must find the row.
    SecondReport,
    /// Who is marked out is judged by the store, in that statement.
    StoreJudgesMarkingOut,
    /// A report that was overtaken does not set the row back.
    AppliedNeverGoesBack,
    /// A write waits before it is answered.
    Wait,
    /// The wait counts from the commit's reply, not from its sending.
    WaitFromTheReply,
    /// The wait is longer than the lease by what clocks may differ.
    DriftAllowance,
    /// A check looks at the lease first, and takes the image then.
    LeaseBeforeImage,
    /// Also an answer that nothing was to be done waits for what it was decided on.
    WaitForNothingToDo,
    /// A write whose outcome was not known, and was found, waits like any other.
    WaitAfterUnknownOutcome,
    /// A report is committed as a write is: it is at the standby before it is replied to.
    ReportsReplicated,
    /// The rows are read together with whether the write stands in that history.
    RowsOfItsHistory,
    /// Who writes answers once his own image has it: he knows that better than his row does.
    OwnImageFirst,
    /// What no commit's reply has told to be at the standby waits for a report of its own node's, which commits.
    RowsReadByACommit,
    /// Equal revisions of two histories are told apart.
    Marks,
    /// A new epoch takes nobody in and writes nothing until the leases of the history before it have run out.
    WaitOfANewEpoch,
    /// A node takes no image from a store that has not what this node knows to have been in it.
    WhatWasSeenIsKept,
    /// The rows that let a write be answered are not older than a lease: what was read in a history that is lost does not
    /// count in a new epoch.
    RowsOfThisLease,
}

impl Rule {
    /// All of them.
    pub(crate) const ALL: [Self; 21] = [
        Self::CountsFromBeforeTheReport,
        Self::RowBeforeTheFirstReport,
        Self::FirstLeaseFromAReport,
        Self::NoRowNoLease,
        Self::SecondReport,
        Self::StoreJudgesMarkingOut,
        Self::AppliedNeverGoesBack,
        Self::Wait,
        Self::WaitFromTheReply,
        Self::DriftAllowance,
        Self::LeaseBeforeImage,
        Self::WaitForNothingToDo,
        Self::WaitAfterUnknownOutcome,
        Self::ReportsReplicated,
        Self::RowsOfItsHistory,
        Self::OwnImageFirst,
        Self::RowsReadByACommit,
        Self::Marks,
        Self::WaitOfANewEpoch,
        Self::WhatWasSeenIsKept,
        Self::RowsOfThisLease,
    ];
}
