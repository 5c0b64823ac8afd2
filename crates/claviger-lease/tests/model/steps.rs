//! What may happen next, each step for itself: sending, reading, committing and replying are steps of their own.

use super::cluster::{Cluster, State};
use super::node::{Asked, Joining, Looking, NOW, Node, Reporting, Waiting, Writer, Writing};
use super::rule::Rule;
use super::store::{Store, Write};

/// A store that a connection may lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum At {
    Primary,
    Replaced,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// A tick of time; this node's clock stands still for it.
    Tick(Option<usize>),
    Load(usize, At),
    InsertRun(usize),
    InsertReplied(usize),
    Report(usize),
    ReportRead(usize, At),
    ReportCommit(usize, At),
    ReportReplied(usize),
    ReportLost(usize),
    StrayRun(usize, At),
    Follow(usize, At),
    Write(usize),
    WriteRun(usize),
    WriteReplied(usize),
    WriteLost(usize),
    LookUpRun(usize, At),
    LookUpReplied(usize),
    RowsRead(usize, At),
    Look(usize),
    MarkOutRun(usize),
    MarkOutReplied(usize),
    Retry(usize, Write),
    Replicate,
    FailOver,
    /// The store is put back to its first so many changes.
    Restore(u8),
    /// An operator accepts that.
    Accept,
    Crash(usize),
    CheckBegins(usize),
    CheckEnds,
}

impl Cluster {
    pub(crate) fn possible(&self, state: &State, steps: &mut Vec<Step>) {
        let bounds = &self.bounds;
        steps.push(Step::Tick(None));
        if bounds.drift {
            for (index, node) in state.nodes.iter().enumerate() {
                if node.ran >= 4 {
                    steps.push(Step::Tick(Some(index)));
                }
            }
        }
        let places: &[At] = if state.replaced.is_some() { &[At::Primary, At::Replaced] } else { &[At::Primary] };
        for (index, node) in state.nodes.iter().enumerate() {
            self.possible_at(state, index, node, places, steps);
        }
        for index in 0..state.writers.len() {
            self.possible_of_writer(state, index, places, steps);
        }
        if let Some(standby) = &state.standby {
            // Also what changed nothing waits for the standby.
            let looks = |writer: &Writer| {
                matches!(&writer.writing, Writing::Wait(Waiting { look: Looking::RowsUnreplicated(_), .. }))
            };
            let reports = |node: &Node| matches!(node.reporting, Reporting::Unreplicated(..));
            if *standby != state.primary || state.writers.iter().any(looks) || state.nodes.iter().any(reports) {
                steps.push(Step::Replicate);
            }
            if state.failed_over < bounds.failovers {
                steps.push(Step::FailOver);
            }
        }
        if state.restored < bounds.restores && self.is_seen_by_all(state) {
            steps.extend((0..state.primary.head()).map(Step::Restore));
        }
        if state.is_to_accept {
            steps.push(Step::Accept);
        }
        if state.check.is_some() {
            steps.push(Step::CheckEnds);
        }
    }

    /// Whether every node knows how far the store had come. One that does not cannot notice what it lost: the guide says so.
    fn is_seen_by_all(&self, state: &State) -> bool {
        state.nodes.iter().all(|node| node.seen == (state.primary.epoch, state.primary.changes.clone()))
    }

    fn possible_at(&self, state: &State, index: usize, node: &Node, places: &[At], steps: &mut Vec<Step>) {
        let bounds = &self.bounds;
        let may_lose = state.lost < bounds.losses;
        match &node.joining {
            Joining::No if node.image.is_none() && node.joins < bounds.joins => {
                steps.extend(places.iter().map(|at| Step::Load(index, *at)));
            }
            Joining::No => {}
            Joining::Asked(Asked::Sent(..)) => steps.push(Step::InsertRun(index)),
            Joining::Asked(Asked::Unreplicated(..)) => {}
            Joining::Asked(Asked::Replied(..)) => steps.push(Step::InsertReplied(index)),
        }
        match &node.reporting {
            Reporting::Idle if node.member.incarnation().is_some() => steps.push(Step::Report(index)),
            Reporting::Idle => {}
            Reporting::Sent(_) => steps.extend(places.iter().map(|at| Step::ReportRead(index, *at))),
            Reporting::Read(_, _, at) => steps.push(Step::ReportCommit(index, *at)),
            Reporting::Unreplicated(..) => {}
            Reporting::Replied(..) => steps.push(Step::ReportReplied(index)),
        }
        if may_lose && node.reporting != Reporting::Idle {
            steps.push(Step::ReportLost(index));
        }
        if node.stray.is_some() {
            steps.extend(places.iter().map(|at| Step::StrayRun(index, *at)));
        }
        if let Some(image) = &node.image {
            for at in places {
                let store = if *at == At::Primary { Some(&state.primary) } else { state.replaced.as_ref() };
                let is_of_it = |store: &Store| store.changes.starts_with(image) || self.lacks(Rule::Marks);
                if store.is_some_and(|store| store.changes.len() > image.len() && is_of_it(store)) {
                    steps.push(Step::Follow(index, *at));
                }
            }
        }
        if state.crashed < bounds.crashes && *node != node.crashed(self.lease()) {
            steps.push(Step::Crash(index));
        }
        if bounds.two_step_checks && state.check.is_none() && !state.answered.is_empty() {
            let begins = if self.lacks(Rule::LeaseBeforeImage) { node.image.is_some() } else { node.member.holds(NOW) };
            if begins {
                steps.push(Step::CheckBegins(index));
            }
        }
    }

    fn possible_of_writer(&self, state: &State, index: usize, places: &[At], steps: &mut Vec<Step>) {
        let (bounds, writer) = (&self.bounds, &state.writers[index]);
        let node = writer.node.map(|node| &state.nodes[node]);
        let may_lose = state.lost < bounds.losses;
        match &writer.writing {
            Writing::Idle if node.is_none_or(|node| node.image.is_some()) && state.written < bounds.writes => {
                steps.push(Step::Write(index))
            }
            Writing::Idle => {}
            Writing::Commit(Asked::Sent(_)) => steps.push(Step::WriteRun(index)),
            Writing::Commit(Asked::Unreplicated(..)) => {}
            Writing::Commit(Asked::Replied(..)) => steps.push(Step::WriteReplied(index)),
            Writing::LookUp(_) => steps.extend(places.iter().map(|at| Step::LookUpRun(index, *at))),
            Writing::LookedUp(..) => steps.push(Step::LookUpReplied(index)),
            Writing::Wait(waiting) => match &waiting.look {
                Looking::No if waiting.is_replicated || self.lacks(Rule::RowsReadByACommit) => {
                    steps.extend(places.iter().map(|at| Step::RowsRead(index, *at)));
                }
                Looking::No => steps.push(Step::RowsRead(index, At::Primary)),
                Looking::RowsUnreplicated(_) => {}
                Looking::Rows(..) => steps.push(Step::Look(index)),
                Looking::MarkOut(out) if !out.iter().any(|out| state.is_locked(*out)) => {
                    steps.push(Step::MarkOutRun(index));
                }
                Looking::MarkOut(_) | Looking::MarkedOutUnreplicated => {}
                Looking::MarkedOut => steps.push(Step::MarkOutReplied(index)),
            },
        }
        if may_lose && matches!(writer.writing, Writing::Commit(_)) {
            steps.push(Step::WriteLost(index));
        }
        if let Some(node) = node
            && writer.writing == Writing::Idle
            && state.retried < bounds.retries
            && node.member.holds(NOW)
        {
            let known = node.image.iter().flatten().filter(|write| !state.answered.contains(write));
            steps.extend(known.map(|write| Step::Retry(index, *write)));
        }
    }
}
