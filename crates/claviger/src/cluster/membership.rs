//! This node among those that share the store: it joins, follows, reports, and answers while its reports let it.
//!
//! What a reply means is decided by [`claviger_lease`], which knows no clock and no store; here are both. What must stay true:
//! the clock is read before a report is sent; an image is published before it is reported; who is out answers nothing.

mod settling;

use std::sync::Arc;
use std::time::Duration;

use claviger_access::{Directory, Moment};
use claviger_lease::member::Standing;
use claviger_lease::{Drift, Incarnation, LeaseLength, Mark, Member, Position, Reading, Reply, Report, Revision};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::clocks::{self, Clocks};
use super::following::{Ended, Follower};
use super::keeper::{FirstLoad, Keeper};
use super::seen::Seen;
use super::waits::{Arriving, Waiting};
use super::{Cluster, Generation};
use crate::clock::pauses::Pauses;
use crate::last_seen::LastSeen;
use crate::metrics::membership::MembershipMetrics;
use crate::store::epoch::Epoch;
use crate::store::load::Progress;
use crate::store::nodes::{Found, NodeName, NodeProperties};
use crate::store::{Store, StoreError};
use crate::{clock, random};

/// What failed is tried again after this.
const AGAIN_AFTER: Duration = Duration::from_millis(200);

/// A history that it may not answer from is asked for again after this, at another place where there is one.
const ELSEWHERE_AFTER: Duration = Duration::from_secs(1);

/// Why it cannot join is told again after this.
const TOLD_AGAIN_AFTER: Duration = Duration::from_secs(30);

/// The own row goes within this at the end, or is marked out by others.
const LEFT_WITHIN: Duration = Duration::from_secs(2);

/// No other node has told of what was just written, before that.
const FIRST_LOOK_AFTER: Duration = Duration::from_micros(500);

/// While answers wait, the rows are looked at so often: at first, and at last.
const LOOKED_AGAIN_AFTER: Duration = Duration::from_micros(200);
const LOOKED_AGAIN_AFTER_MAX: Duration = Duration::from_millis(10);

/// A node that has more than it has told of tells it after so long, also where it wrote that itself: others may have decided
/// something on it, and wait. Not sooner, for a report is one more commit beside those of writes.
const TOLD_WITHIN: Duration = Duration::from_millis(20);

/// A report is given up after this, or half a lease: its connection may lead nowhere.
const REPLIED_WITHIN: Duration = Duration::from_secs(2);

/// What a node is among others.
#[derive(Debug, Clone)]
pub struct AmongOthers {
    /// What its row says.
    pub properties: NodeProperties,
    /// By how much clocks may differ.
    pub drift: Drift,
}

impl Default for AmongOthers {
    fn default() -> Self {
        let properties = NodeProperties { name: NodeName::of_this_machine(), lease: LeaseLength::USUAL };
        Self { properties, drift: Drift::USUAL }
    }
}

/// When the rows are looked at.
struct Looks {
    began: Reading,
    next: Reading,
}

impl Looks {
    fn begin(now: Reading, is_alone: bool) -> Self {
        Self { began: now, next: if is_alone { now } else { now.after(FIRST_LOOK_AFTER) } }
    }

    /// Looked in vain.
    fn looked(&mut self, now: Reading) {
        let pause = (now.since(self.began) / 4).clamp(LOOKED_AGAIN_AFTER, LOOKED_AGAIN_AFTER_MAX);
        self.next = now.after(pause);
    }
}

/// Keeps the image of a node among others.
pub struct Membership {
    store: Store,
    cluster: Arc<Cluster>,
    last_seen: Arc<LastSeen>,
    properties: NodeProperties,
    metrics: Arc<MembershipMetrics>,
    member: Member,
    seen: Arc<Seen>,
    /// Of this membership.
    epoch: Option<Epoch>,
    arriving: Arriving,
    waiting: Vec<Waiting>,
    pauses: Pauses,
    /// Whether there was no row of another node, when this one looked last.
    is_alone: bool,
    /// Marking silent nodes out, beside the reports: a row that is locked must not keep this node from its lease.
    marking_out: JoinSet<()>,
    clocks: Clocks,
    /// Why it cannot join, and when that was told.
    told_of: Option<(String, Reading)>,
    follower: Follower,
}

/// Why a membership has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    /// Another node had to go on without it.
    MarkedOut,
    /// Its image was dropped, or is of another history.
    Dropped,
}

/// What to do once answers were looked after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Report,
    Rest,
}

impl Membership {
    /// A node that is no member yet.
    pub fn new(
        keeper: Keeper,
        properties: NodeProperties,
        metrics: Arc<MembershipMetrics>,
        arriving: Arriving,
    ) -> Self {
        let Keeper { store, cluster, last_seen, seen, .. } = keeper;
        let follower = Follower { store: store.clone(), cluster: Arc::clone(&cluster), moved: Arc::new(Notify::new()) };
        let member = Member::new(properties.lease);
        Self {
            store,
            cluster,
            last_seen,
            properties,
            metrics,
            member,
            seen,
            epoch: None,
            arriving,
            waiting: Vec::new(),
            pauses: Pauses::default(),
            is_alone: false,
            marking_out: JoinSet::new(),
            clocks: Clocks::Together,
            told_of: None,
            follower,
        }
    }

    /// Runs until it is stopped, or until the first load has failed. Then it answers nothing, and its row is gone.
    pub async fn run<P>(mut self, first: FirstLoad<P>, stop: CancellationToken)
    where
        P: FnMut(Progress) + Send,
    {
        let (store, moved) = (self.store.clone(), Arc::clone(&self.follower.moved));
        tokio::select! {
            biased;
            () = stop.cancelled() => {}
            () = self.stay(first) => {}
            () = store.listen(&moved) => {}
        }
        self.cluster.drop_image();
        self.leave().await;
    }

    /// Joins, again and again. Returns only where the first time failed.
    async fn stay<P: FnMut(Progress) + Send>(&mut self, first: FirstLoad<P>) {
        let FirstLoad { mut progress, told } = first;
        let mut told = Some(told);
        // Where the database may be in several places, one that lets in whoever comes may be of no use.
        let mut places_left = self.store.places();
        loop {
            if let Some(until) = self.member.rests_until() {
                tokio::time::sleep(until.since(clock::reading())).await;
            }
            let (began, turn) = (self.cluster.generation(), self.store.turn());
            if let Err(error) = self.join(began, &mut progress).await {
                if error.may_be_better_elsewhere() {
                    self.store.report_elsewhere(turn);
                }
                places_left = places_left.saturating_sub(1);
                if places_left == 0
                    && let Some(told) = told.take()
                {
                    return drop(told.send(Err(error)));
                }
                self.cannot_join(&error);
                let is_of_the_history = error.is_of_the_history() && places_left == 0;
                tokio::time::sleep(if is_of_the_history { ELSEWHERE_AFTER } else { AGAIN_AFTER }).await;
                continue;
            }
            self.told_of = None;
            let left = self.stay_joined(began, &mut told).await;
            tracing::warn!(
                ?left,
                "this node is not one of the others any more, and answers nothing until it has joined again"
            );
            self.cluster.drop_image();
            self.arriving.forget();
            // What no commit's reply has told to be durable may be of a history that is lost, and nobody could tell later.
            self.take_arrived();
            self.waiting.retain(|waiting| waiting.committed.is_some());
            self.leave().await;
            if left == Left::Dropped {
                tokio::time::sleep(AGAIN_AFTER).await;
            }
        }
    }

    /// The same reason again and again is told once in a while.
    fn cannot_join(&mut self, error: &StoreError) {
        let (reason, now) = (error.to_string(), clock::reading());
        let is_known = |(told, at): &(String, Reading)| *told == reason && now.since(*at) < TOLD_AGAIN_AFTER;
        if !self.told_of.as_ref().is_some_and(is_known) {
            tracing::error!(error = %reason, "this node cannot join the others, and answers nothing; trying again");
            self.told_of = Some((reason, now));
        }
    }

    async fn join(&mut self, began: Generation, progress: impl FnMut(Progress) + Send) -> Result<(), StoreError> {
        let no_randomness = |error: random::NoRandomness| StoreError::unreadable(error.to_string());
        self.store.refuse_newer().await?;
        self.seen.judge(&self.store).await?;
        let directory = self.store.load_directory(random::hash_key().map_err(no_randomness)?, progress).await?;
        self.last_seen.read_back(self.store.sessions_seen().await?);
        let epoch = self.seen.judge(&self.store).await?;
        if self.cluster.publish(began, directory) == Ok(())
            && self.follower.catch_up(began).await?.is_none()
            && let Some(image) = self.cluster.image()
        {
            let incarnation = Incarnation(u128::from_be_bytes(random::mark().map_err(no_randomness)?.0));
            let applied = position(&image);
            self.store.join(incarnation, (epoch, applied.revision), &self.properties, clock::now()).await?;
            self.epoch = Some(epoch);
            // What waits still and is of another epoch was written in a history that is lost.
            self.waiting.retain(|waiting| waiting.committed.is_some_and(|committed| committed.epoch == epoch.mark));
            self.member.joined(incarnation, applied, clock::reading());
            self.metrics.joined();
        }
        Ok(())
    }

    /// What this node may have answered with, if it had a lease in this membership at all.
    fn note_what_was_seen(&self) {
        if let (Some(epoch), Some(_), Some(image)) = (self.epoch, self.member.lease(), self.cluster.image()) {
            self.seen.note(epoch, image.revision(), image.mark());
        }
    }

    /// Follows and reports side by side: a report that takes its time keeps nothing from being followed.
    async fn stay_joined(&mut self, began: Generation, told: &mut Option<Told>) -> Left {
        let follower = self.follower.clone();
        tokio::select! {
            biased;
            left = self.report(began, told) => left,
            ended = follower.run(began) => match ended {
                Ended::Dropped | Ended::Unreadable => Left::Dropped,
                Ended::AnotherHistory => {
                    self.note_what_was_seen();
                    tracing::error!(store = %self.store.location(), "the store has another history than this node");
                    Left::Dropped
                }
            },
        }
    }

    /// Reports for as long as it is a member.
    async fn report(&mut self, began: Generation, told: &mut Option<Told>) -> Left {
        let mut news = self.cluster.news();
        loop {
            news.mark_unchanged();
            let Some(image) = self.cluster.image() else { return Left::Dropped };
            let applied = position(&image);
            drop(image);
            self.member.applied(applied);
            let before = clock::now();
            let Some(report) = self.member.report(clock::reading()) else { return Left::Dropped };
            if let Some(found) = self.ask(&report).await {
                let now = clock::reading();
                self.note_what_was_seen();
                let reply = found.as_ref().map_or(Reply::NotFound, |found| Reply::Found { head: found.head });
                match self.member.replied(&report, reply, now) {
                    Standing::Lease(until) if self.is_in_time(before, found.as_ref()) => {
                        self.cluster.may_answer_until(began, Some(until));
                        // The receiver is gone where the node is being stopped already.
                        if let Some(told) = told.take() {
                            drop(told.send(Ok(())));
                        }
                    }
                    Standing::Lease(_) => {}
                    Standing::Behind(_) => self.follower.moved.notify_one(),
                    Standing::Out | Standing::Old => {
                        self.cluster.drop_image();
                        // Where it is another history, the row may be there still.
                        self.leave_as(report.incarnation).await;
                        return Left::MarkedOut;
                    }
                }
                if let Some(found) = found {
                    self.settle(&report, &found, now);
                }
            }
            self.rest(&report, &mut news).await;
        }
    }

    /// Whether this node's time of day is near enough to the store's to tell what has ended.
    fn is_in_time(&mut self, before: Moment, found: Option<&Found>) -> bool {
        let Some(found) = found else { return false };
        let clocks = clocks::compare(before, found.time, clock::now());
        let is_news = clocks != std::mem::replace(&mut self.clocks, clocks);
        match clocks {
            Clocks::Together => {}
            Clocks::Apart(seconds) if is_news => {
                tracing::warn!(
                    seconds,
                    "this machine's time of day is not the database's: set both by the same time servers"
                );
            }
            Clocks::TooFarApart(seconds) if is_news => tracing::error!(
                seconds,
                "this machine's time of day is too far from the database's to tell what has ended: this node answers nothing until it is set"
            ),
            Clocks::Apart(_) | Clocks::TooFarApart(_) => {}
        }
        !matches!(clocks, Clocks::TooFarApart(_))
    }

    /// What the store replied; none where it did not, in time for the lease.
    async fn ask(&mut self, report: &Report) -> Option<Option<Found>> {
        let epoch = self.epoch?;
        let within = (self.properties.lease.length() / 2).min(REPLIED_WITHIN);
        let turn = self.store.turn();
        let error = match tokio::time::timeout(within, self.store.report(report, epoch)).await {
            Ok(Ok(found)) => return Some(found),
            Ok(Err(error)) => error,
            Err(_) => StoreError::no_answer(),
        };
        tracing::warn!(%error, "the store does not take this node's reports; it answers until its lease has run out");
        self.metrics.report_failed();
        self.store.report_elsewhere(turn);
        self.member.gave_up(report);
        tokio::time::sleep(AGAIN_AFTER.min(within / 4)).await;
        None
    }

    /// Until the next report is due, or somebody waits for it, or there is something to learn by one. Meanwhile it looks at the
    /// rows, every now and then, for answers that wait.
    async fn rest(&mut self, report: &Report, news: &mut watch::Receiver<()>) {
        let due = report.sent.after(self.properties.lease.length() / 4);
        let mut looks = None;
        // Since when this node has more than it has told of. Of what it wrote itself only those wait who decided on it.
        let mut untold_since = None;
        loop {
            self.take_arrived();
            let now = clock::reading();
            let until = match self.is_ahead_of(report.applied.revision) && !self.is_alone {
                true => due.min(untold_since.get_or_insert(now).after(TOLD_WITHIN)),
                false => due,
            };
            if now >= until || self.owes_a_report(report) {
                return;
            }
            let next_look = match self.waiting.is_empty() {
                true => {
                    looks = None;
                    until
                }
                false => looks.get_or_insert_with(|| Looks::begin(now, self.is_alone)).next,
            };
            if now >= next_look {
                if self.look(report).await == Next::Report {
                    return;
                }
                looks.iter_mut().for_each(|looks| looks.looked(clock::reading()));
                continue;
            }
            tokio::select! {
                biased;
                Some(waiting) = self.arriving.waiting.recv() => self.take(waiting),
                _ = news.changed() => {}
                () = self.pauses.pause(until.min(next_look).since(now)) => {}
            }
        }
    }

    /// Whether its image has more than this, or is gone.
    fn is_ahead_of(&self, revision: Revision) -> bool {
        self.cluster.image().is_none_or(|image| image.revision().0 > revision.0)
    }

    /// Whether its image has what another node wrote, and this one has not told of it: that node waits for it. Also where the
    /// image is gone.
    fn owes_a_report(&self, report: &Report) -> bool {
        let (told, of_others) = (report.applied.revision.0, self.cluster.of_others().0);
        self.cluster.image().is_none_or(|image| image.revision().0 > told && of_others > told)
    }

    /// Looks at the rows, which lets those answers go that were committed here; whether a report would let others go.
    async fn look(&mut self, report: &Report) -> Next {
        let (revision, mark) = self.newest_committed().unwrap_or((Revision(0), Mark(0)));
        let sent = clock::reading();
        // The report that comes after one that hangs must come in time for the lease.
        let within = (self.properties.lease.length() / 4).min(REPLIED_WITHIN);
        let Ok(Ok(peeked)) = tokio::time::timeout(within, self.store.peek(revision, mark)).await else {
            return Next::Report;
        };
        self.answer_committed(sent, &peeked, report.incarnation);
        match self.is_worth_a_report(&peeked.rows, report.incarnation) {
            true => Next::Report,
            false => Next::Rest,
        }
    }

    /// Its row goes, so that nobody waits for it.
    async fn leave(&mut self) {
        if let Some(incarnation) = self.member.leaves() {
            self.leave_as(incarnation).await;
        }
    }

    async fn leave_as(&self, incarnation: Incarnation) {
        match tokio::time::timeout(LEFT_WITHIN, self.store.leave(incarnation)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(%error, "this node's row stays behind; the next write waits until it may be removed")
            }
            Err(_) => tracing::warn!("this node's row stays behind; the next write waits until it may be removed"),
        }
    }
}

type Told = tokio::sync::oneshot::Sender<Result<(), StoreError>>;

fn position(image: &Directory) -> Position {
    Position { revision: Revision(image.revision().0), mark: Mark(u128::from_be_bytes(image.mark().0)) }
}
