//! What each step does. A step that is not possible changes nothing.

use std::time::Duration;

use claviger_lease::member::Standing;
use claviger_lease::wait::Look;
use claviger_lease::{
    Drift, Incarnation, LeaseLength, Mark, Position, Reading, Reply, Report, Revision, Row as Seen, Wait,
};

use super::cluster::{Check, Cluster, State};
use super::node::{Asked, Joining, Looking, NOW, Node, Reporting, TICK, Waiting, Writer, Writing};
use super::rule::Rule;
use super::steps::{At, Step};
use super::store::{Row, Store, Write};

/// What nobody tells from anything before it.
const LONG_AGO: Reading = Reading(Duration::ZERO);

fn position(image: &[Write]) -> Position {
    let mark = image.last().copied().unwrap_or(0);
    Position { revision: Revision(image.len() as u64), mark: Mark(mark.into()) }
}

fn incarnation(number: u8) -> Incarnation {
    Incarnation(number.into())
}

fn number(incarnation: Incarnation) -> u8 {
    incarnation.0 as u8
}

impl State {
    fn at(&mut self, at: At) -> Option<&mut Store> {
        match at {
            At::Primary => Some(&mut self.primary),
            At::Replaced => self.replaced.as_mut(),
        }
    }

    fn answer(&mut self, write: Write) {
        if !self.answered.contains(&write) {
            self.answered.push(write);
        }
    }

    /// Whether somebody's uncommitted report holds this row.
    pub(crate) fn is_locked(&self, incarnation: u8) -> bool {
        self.nodes.iter().any(
            |node| matches!(node.reporting, Reporting::Read(report, ..) if number(report.incarnation) == incarnation),
        )
    }
}

impl Cluster {
    pub(crate) fn lease(&self) -> Duration {
        TICK * self.bounds.lease
    }

    pub(crate) fn lacks(&self, rule: Rule) -> bool {
        self.removed == Some(rule)
    }

    fn stands_in(&self, store: &Store, position: Position) -> bool {
        let revision = position.revision.0 as usize;
        let is_marked = |write: &Write| Mark((*write).into()) == position.mark || self.lacks(Rule::Marks);
        revision == 0 || store.changes.get(revision - 1).is_some_and(is_marked)
    }

    /// Takes a step. One that is not possible changes nothing.
    pub(crate) fn take(&self, state: &mut State, step: Step) {
        match step {
            Step::Tick(still) => self.tick(state, still),
            Step::Load(index, at) => self.load(state, index, at),
            Step::InsertRun(index) => self.insert_run(state, index),
            Step::InsertReplied(index) => self.insert_replied(state, index),
            Step::Report(index) => self.report(state, index),
            Step::ReportRead(index, at) => self.report_read(state, index, at),
            Step::ReportCommit(index, at) => self.report_commit(state, index, at),
            Step::ReportReplied(index) => self.report_replied(state, index),
            Step::ReportLost(index) => self.report_lost(state, index),
            Step::StrayRun(index, at) => self.stray_run(state, index, at),
            Step::Follow(index, at) => self.follow(state, index, at),
            Step::Write(index) => self.write(state, index),
            Step::WriteRun(index) => self.write_run(state, index),
            Step::WriteReplied(index) => self.write_replied(state, index),
            Step::WriteLost(index) => self.write_lost(state, index),
            Step::LookUpRun(index, at) => self.look_up_run(state, index, at),
            Step::LookUpReplied(index) => self.look_up_replied(state, index),
            Step::RowsRead(index, at) => self.rows_read(state, index, at),
            Step::Look(index) => self.look(state, index),
            Step::MarkOutRun(index) => self.mark_out_run(state, index),
            Step::MarkOutReplied(index) => self.mark_out_replied(state, index),
            Step::Retry(index, write) => self.retry(state, index, write),
            Step::Replicate => Self::replicate(state),
            Step::FailOver => Self::fail_over(state),
            Step::Restore(length) => self.restore(state, length),
            Step::Accept => self.accept(state),
            Step::Crash(index) => self.crash(state, index),
            Step::CheckBegins(index) => self.check_begins(state, index),
            Step::CheckEnds => self.check_ends(state),
        }
    }

    fn tick(&self, state: &mut State, still: Option<usize>) {
        if state.primary.opens_in == 1 {
            Self::open(state);
        }
        state.primary.opens_in = state.primary.opens_in.saturating_sub(1);
        for (index, node) in state.nodes.iter_mut().enumerate() {
            if still == Some(index) {
                node.ran = 0;
            } else {
                node.ran = (node.ran + 1).min(if self.bounds.drift { 4 } else { 0 });
                node.tick(self.lease());
                for writer in state.writers.iter_mut().filter(|writer| writer.node == Some(index)) {
                    self.tick_of_writer(writer);
                }
            }
        }
        for writer in state.writers.iter_mut().filter(|writer| writer.node.is_none()) {
            self.tick_of_writer(writer);
        }
    }

    fn tick_of_writer(&self, writer: &mut Writer) {
        writer.tick(self.bounds.restores > 0);
    }

    fn load(&self, state: &mut State, index: usize, at: At) {
        let (seen, keeps) = (state.nodes[index].seen.clone(), !self.lacks(Rule::WhatWasSeenIsKept));
        let Some(store) = state.at(at) else { return };
        if store.opens_in > 0 || (keeps && !store.has(&seen)) {
            return;
        }
        let (image, epoch) = (store.changes.clone(), store.epoch);
        let node = &mut state.nodes[index];
        node.joins += 1;
        node.epoch = epoch;
        let number = index as u8 * 16 + node.joins;
        if self.lacks(Rule::RowBeforeTheFirstReport) {
            node.member.joined(incarnation(number), position(&image), LONG_AGO);
            node.image = Some(image);
        } else {
            node.joining = Joining::Asked(Asked::Sent((number, image)));
        }
    }

    fn insert_run(&self, state: &mut State, index: usize) {
        let Joining::Asked(Asked::Sent((number, image))) = state.nodes[index].joining.clone() else { return };
        if state.primary.opens_in > 0 {
            state.nodes[index].joining = Joining::No;
            return;
        }
        state.primary.insert(Row { incarnation: number, applied: image.len() as u8 });
        state.nodes[index].joining = Joining::Asked(if state.standby.is_some() {
            Asked::Unreplicated((number, image), ())
        } else {
            Asked::Replied((number, image), ())
        });
    }

    fn insert_replied(&self, state: &mut State, index: usize) {
        let node = &mut state.nodes[index];
        let Joining::Asked(Asked::Replied((number, image), ())) = node.joining.clone() else { return };
        node.member.joined(incarnation(number), position(&image), LONG_AGO);
        if self.lacks(Rule::FirstLeaseFromAReport) {
            let report = Report { incarnation: incarnation(number), applied: position(&image), sent: NOW };
            node.member.replied(&report, Reply::Found { head: Revision(image.len() as u64) }, NOW);
        }
        node.image = Some(image);
        node.joining = Joining::No;
    }

    fn report(&self, state: &mut State, index: usize) {
        let node = &mut state.nodes[index];
        if let Some(report) = node.member.report(NOW) {
            node.reporting = Reporting::Sent(report);
        }
    }

    fn report_read(&self, state: &mut State, index: usize, at: At) {
        let Reporting::Sent(report) = state.nodes[index].reporting else { return };
        let (upserts, lease) = (self.lacks(Rule::RowBeforeTheFirstReport), self.lease());
        let Some(store) = state.at(at) else { return };
        let is_found = store.row(number(report.incarnation)).is_some() || upserts;
        let head = store.head();
        let is_found = is_found && self.stands_in(store, report.applied);
        state.nodes[index].reporting = if is_found {
            Reporting::Read(report, head, at)
        } else {
            Reporting::Replied(Report { sent: Reading(NOW.0 - lease), ..report }, Reply::NotFound)
        };
    }

    fn report_commit(&self, state: &mut State, index: usize, at: At) {
        let Reporting::Read(report, head, _) = state.nodes[index].reporting else { return };
        self.commit(state, &report, at);
        let reply = Reply::Found { head: Revision(head.into()) };
        let is_replied_now = self.lacks(Rule::ReportsReplicated) || state.standby.is_none();
        let node = &mut state.nodes[index];
        node.reporting = if is_replied_now {
            Reporting::Replied(report, reply)
        } else if at == At::Replaced {
            node.member.gave_up(&report);
            Reporting::Idle
        } else {
            Reporting::Unreplicated(report, reply)
        };
    }

    fn report_replied(&self, state: &mut State, index: usize) {
        let node = &mut state.nodes[index];
        let Reporting::Replied(report, reply) = node.reporting else { return };
        node.reporting = Reporting::Idle;
        if self.bounds.restores > 0
            && matches!(reply, Reply::Found { .. })
            && let Some(image) = &node.image
        {
            let told = &image[..report.applied.revision.0 as usize];
            if (node.epoch, told.len()) > (node.seen.0, node.seen.1.len()) {
                node.seen = (node.epoch, told.to_vec());
            }
        }
        self.hear(node, report, reply);
    }

    fn report_lost(&self, state: &mut State, index: usize) {
        state.lost += 1;
        let node = &mut state.nodes[index];
        if let Reporting::Sent(mut report) = node.reporting {
            report.sent = Reading(NOW.0 - self.lease());
            node.stray = Some(report);
        }
        if let Reporting::Sent(report)
        | Reporting::Read(report, ..)
        | Reporting::Unreplicated(report, _)
        | Reporting::Replied(report, _) = node.reporting
        {
            node.member.gave_up(&report);
        }
        node.reporting = Reporting::Idle;
    }

    fn stray_run(&self, state: &mut State, index: usize, at: At) {
        if let Some(report) = state.nodes[index].stray.take() {
            self.commit(state, &report, at);
        }
    }

    fn follow(&self, state: &mut State, index: usize, at: At) {
        let Some(changes) = state.at(at).map(|store| store.changes.clone()) else { return };
        let node = &mut state.nodes[index];
        let Some(image) = &mut node.image else { return };
        image.push(changes[image.len()]);
        node.member.applied(position(image));
    }

    fn write(&self, state: &mut State, index: usize) {
        state.written += 1;
        // When it was sent matters to nobody who keeps the rule.
        let sent = if self.lacks(Rule::WaitFromTheReply) { NOW } else { LONG_AGO };
        state.writers[index].writing = Writing::Commit(Asked::Sent((state.written, sent)));
    }

    fn write_run(&self, state: &mut State, index: usize) {
        let Writing::Commit(Asked::Sent(sent)) = state.writers[index].writing.clone() else { return };
        let is_of_it = match state.writers[index].node {
            Some(node) => {
                state.nodes[node].image.as_ref().is_some_and(|image| state.primary.changes.starts_with(image))
            }
            // It knows as much as the others do.
            None => !state.is_to_accept,
        };
        if state.primary.opens_in > 0 || !is_of_it {
            state.writers[index].writing = Writing::Idle;
            return;
        }
        state.primary.changes.push(sent.0);
        let revision = state.primary.head();
        state.writers[index].writing = Writing::Commit(if state.standby.is_some() {
            Asked::Unreplicated(sent, revision)
        } else {
            Asked::Replied(sent, revision)
        });
    }

    fn write_replied(&self, state: &mut State, index: usize) {
        let Writing::Commit(Asked::Replied((write, sent), revision)) = state.writers[index].writing.clone() else {
            return;
        };
        if self.lacks(Rule::Wait) {
            state.answer(write);
            state.writers[index].writing = Writing::Idle;
        } else {
            let began = if self.lacks(Rule::WaitFromTheReply) { sent } else { NOW };
            let waiting = Waiting { write, revision, mark: write, began, is_replicated: true, look: Looking::No };
            state.writers[index].writing = Writing::Wait(waiting);
        }
    }

    fn write_lost(&self, state: &mut State, index: usize) {
        state.lost += 1;
        if let Writing::Commit(
            Asked::Sent((write, _)) | Asked::Unreplicated((write, _), _) | Asked::Replied((write, _), _),
        ) = state.writers[index].writing
        {
            state.writers[index].writing = Writing::LookUp(write);
        }
    }

    fn look_up_run(&self, state: &mut State, index: usize, at: At) {
        let Writing::LookUp(write) = state.writers[index].writing else { return };
        let Some(store) = state.at(at) else { return };
        let found = store.changes.iter().position(|change| *change == write);
        state.writers[index].writing = found.map_or(Writing::Idle, |found| Writing::LookedUp(write, found as u8 + 1));
    }

    fn look_up_replied(&self, state: &mut State, index: usize) {
        let Writing::LookedUp(write, revision) = state.writers[index].writing else { return };
        self.wait_unless(state, index, (write, write), revision, Rule::WaitAfterUnknownOutcome);
    }

    fn rows_read(&self, state: &mut State, index: usize, at: At) {
        let Writing::Wait(Waiting { mark, revision, is_replicated, .. }) = state.writers[index].writing else { return };
        let Some(store) = state.at(at) else { return };
        let place = Position { revision: Revision(revision.into()), mark: Mark(mark.into()) };
        let stands_there = self.stands_in(store, place) || self.lacks(Rule::RowsOfItsHistory);
        let rows = store.rows.clone();
        let is_looked_at_alone = is_replicated || self.lacks(Rule::RowsReadByACommit);
        if !stands_there {
            if !is_looked_at_alone {
                // Another history: what became of the write nobody knows.
                state.writers[index].writing = Writing::Idle;
            }
            return;
        }
        let is_replied_now = is_looked_at_alone || state.standby.is_none();
        if let Writing::Wait(waiting) = &mut state.writers[index].writing {
            waiting.look = if is_replied_now { Looking::Rows(rows, NOW) } else { Looking::RowsUnreplicated(rows) };
        }
    }

    fn mark_out_run(&self, state: &mut State, index: usize) {
        let Writing::Wait(Waiting { look: Looking::MarkOut(out), revision, .. }) = state.writers[index].writing.clone()
        else {
            return;
        };
        let judges = !self.lacks(Rule::StoreJudgesMarkingOut);
        state.primary.rows.retain(|row| !out.contains(&row.incarnation) || (judges && row.applied >= revision));
        let look = if state.standby.is_some() { Looking::MarkedOutUnreplicated } else { Looking::MarkedOut };
        if let Writing::Wait(waiting) = &mut state.writers[index].writing {
            waiting.look = look;
        }
    }

    fn mark_out_replied(&self, state: &mut State, index: usize) {
        if let Writing::Wait(waiting) = &mut state.writers[index].writing {
            waiting.look = Looking::No;
        }
    }

    fn retry(&self, state: &mut State, index: usize, write: Write) {
        state.retried += 1;
        let image = state.writers[index].node.and_then(|node| state.nodes[node].image.as_ref());
        let Some((mark, revision)) = image.and_then(|image| Some((*image.last()?, image.len() as u8))) else {
            return;
        };
        let is_known = state.writers[index].node.is_some_and(|node| revision <= state.nodes[node].everywhere);
        if is_known {
            return state.answer(write);
        }
        self.wait_unless(state, index, (write, mark), revision, Rule::WaitForNothingToDo);
    }

    /// What was under way at the store is gone with it.
    fn restore(&self, state: &mut State, length: u8) {
        state.restored += 1;
        state.is_to_accept = true;
        state.primary.changes.truncate(length.into());
        for row in &mut state.primary.rows {
            row.applied = row.applied.min(length);
        }
        for node in &mut state.nodes {
            if let Joining::Asked(Asked::Sent(..)) = node.joining {
                node.joining = Joining::No;
            }
            if let Reporting::Sent(report) | Reporting::Read(report, ..) = node.reporting {
                node.member.gave_up(&report);
                node.reporting = Reporting::Idle;
            }
        }
        for writer in &mut state.writers {
            if let Writing::Commit(Asked::Sent((write, _))) = writer.writing {
                writer.writing = Writing::LookUp(write);
            }
        }
    }

    /// The new epoch begins: what is lost was answered, and that is accepted.
    fn open(state: &mut State) {
        let changes = &state.primary.changes;
        state.answered.retain(|write| changes.contains(write));
    }

    fn accept(&self, state: &mut State) {
        state.is_to_accept = false;
        let allowance = u32::from(self.bounds.drift);
        let store = &mut state.primary;
        store.epoch += 1;
        store.rows.clear();
        store.opens_in = if self.lacks(Rule::WaitOfANewEpoch) { 0 } else { self.bounds.lease + allowance };
        if store.opens_in == 0 {
            Self::open(state);
        }
    }

    fn crash(&self, state: &mut State, index: usize) {
        state.crashed += 1;
        state.nodes[index] = state.nodes[index].crashed(self.lease());
        for writer in state.writers.iter_mut().filter(|writer| writer.node == Some(index)) {
            writer.writing = Writing::Idle;
        }
        if state.check.as_ref().is_some_and(|check| check.node == index) {
            state.check = None;
        }
    }

    fn check_begins(&self, state: &mut State, index: usize) {
        let image = self.lacks(Rule::LeaseBeforeImage).then(|| state.nodes[index].image.clone()).flatten();
        state.check = Some(Check { node: index, answered: state.answered.len(), image });
    }

    fn check_ends(&self, state: &mut State) {
        let Some(check) = state.check.take() else { return };
        let node = &state.nodes[check.node];
        let passes = !self.lacks(Rule::LeaseBeforeImage) || node.member.holds(NOW);
        if let Some(image) = check.image.as_ref().or(node.image.as_ref()).filter(|_| passes) {
            state.was_broken |= !state.contains_answered(image, check.answered);
        }
    }

    fn hear(&self, node: &mut Node, mut report: Report, mut reply: Reply) {
        if self.lacks(Rule::CountsFromBeforeTheReport) {
            report.sent = NOW;
        }
        if self.lacks(Rule::NoRowNoLease) && reply == Reply::NotFound {
            reply = Reply::Found { head: report.applied.revision };
        }
        if self.lacks(Rule::SecondReport)
            && let Reply::Found { head } = reply
            && node.image.as_ref().is_some_and(|image| image.len() as u64 >= head.0)
        {
            // Being there is taken to be enough.
            reply = Reply::Found { head: report.applied.revision };
        }
        if node.member.replied(&report, reply, NOW) == Standing::Out {
            node.member = Node::outside(self.lease());
            node.image = None;
            node.everywhere = 0;
        }
    }

    /// What a report does to its row.
    fn commit(&self, state: &mut State, report: &Report, at: At) {
        let applied = report.applied.revision.0 as u8;
        let (goes_back, upserts) = (self.lacks(Rule::AppliedNeverGoesBack), self.lacks(Rule::RowBeforeTheFirstReport));
        let Some(store) = state.at(at) else { return };
        if !self.stands_in(store, report.applied) {
            return;
        }
        match store.row(number(report.incarnation)) {
            Some(row) => row.applied = if goes_back { applied } else { row.applied.max(applied) },
            None if upserts => store.insert(Row { incarnation: number(report.incarnation), applied }),
            None => {}
        }
    }

    fn wait_unless(&self, state: &mut State, index: usize, (write, mark): (Write, Write), revision: u8, rule: Rule) {
        if self.lacks(rule) {
            state.answer(write);
            state.writers[index].writing = Writing::Idle;
        } else {
            let waiting = Waiting { write, revision, mark, began: NOW, is_replicated: false, look: Looking::No };
            state.writers[index].writing = Writing::Wait(waiting);
        }
    }

    fn look(&self, state: &mut State, index: usize) {
        let writer = &mut state.writers[index];
        let Writing::Wait(waiting) = &mut writer.writing else { return };
        let own = writer.node.map(|node| &state.nodes[node]);
        let is_here = own
            .is_none_or(|node| node.image.as_ref().is_some_and(|image| image.len() >= usize::from(waiting.revision)));
        if !is_here && !self.lacks(Rule::OwnImageFirst) {
            waiting.look = Looking::No;
            return;
        }
        let own = own.and_then(|node| node.member.incarnation()).map(number);
        let Looking::Rows(rows, read) = &waiting.look else { return };
        if NOW >= read.after(self.lease()) && !self.lacks(Rule::RowsOfThisLease) {
            waiting.look = Looking::No;
            return;
        }
        let revision = Revision(waiting.revision.into());
        let drift = Drift::new(25).expect("an allowance");
        // Four fifths of the lease, and a quarter more, is the lease alone.
        let lease = if self.lacks(Rule::DriftAllowance) { self.lease() * 4 / 5 } else { self.lease() };
        let lease = LeaseLength::new(lease).expect("a length");
        let others = rows.iter().filter(|row| Some(row.incarnation) != own);
        let rows = others.map(|row| Seen {
            incarnation: incarnation(row.incarnation),
            applied: Revision(row.applied.into()),
            lease,
        });
        match Wait::new(revision, waiting.began, drift).look(NOW, rows) {
            Look::Everywhere => {
                let (write, revision) = (waiting.write, waiting.revision);
                writer.writing = Writing::Idle;
                if let Some(node) = writer.node {
                    let node = &mut state.nodes[node];
                    node.everywhere = node.everywhere.max(revision);
                }
                state.answer(write);
            }
            Look::Silent { out, .. } if out.is_empty() => waiting.look = Looking::No,
            Look::Silent { out, .. } => waiting.look = Looking::MarkOut(out.into_iter().map(number).collect()),
        }
    }

    fn replicate(state: &mut State) {
        state.standby = Some(state.primary.clone());
        for node in &mut state.nodes {
            if let Joining::Asked(Asked::Unreplicated(asked, ())) = &node.joining {
                node.joining = Joining::Asked(Asked::Replied(asked.clone(), ()));
            }
            if let Reporting::Unreplicated(report, reply) = node.reporting {
                node.reporting = Reporting::Replied(report, reply);
            }
        }
        for writer in &mut state.writers {
            if let Writing::Commit(Asked::Unreplicated(sent, revision)) = writer.writing {
                writer.writing = Writing::Commit(Asked::Replied(sent, revision));
            }
            if let Writing::Wait(waiting) = &mut writer.writing
                && waiting.look == Looking::MarkedOutUnreplicated
            {
                waiting.look = Looking::MarkedOut;
            }
            if let Writing::Wait(waiting) = &mut writer.writing
                && let Looking::RowsUnreplicated(rows) = &waiting.look
            {
                waiting.look = Looking::Rows(rows.clone(), NOW);
            }
        }
    }

    /// What waited for the standby at the old primary never comes back.
    fn fail_over(state: &mut State) {
        state.failed_over += 1;
        let standby = state.standby.clone().unwrap_or_default();
        state.replaced = Some(std::mem::replace(&mut state.primary, standby));
        for node in &mut state.nodes {
            if let Joining::Asked(Asked::Unreplicated(..)) = node.joining {
                node.joining = Joining::No;
            }
            if let Reporting::Unreplicated(report, _) | Reporting::Read(report, _, _) = node.reporting {
                node.member.gave_up(&report);
                node.reporting = Reporting::Idle;
            }
        }
        for writer in &mut state.writers {
            if let Writing::Commit(Asked::Unreplicated((write, _), _)) = writer.writing {
                writer.writing = Writing::LookUp(write);
            }
            if let Writing::Wait(waiting) = &mut writer.writing
                && matches!(waiting.look, Looking::MarkedOutUnreplicated | Looking::RowsUnreplicated(_))
            {
                waiting.look = Looking::No;
            }
        }
    }
}
