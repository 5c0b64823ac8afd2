//! The one way to change anything.
//!
//! [`Writer::perform`] queues a decider. One task takes what waits, holds the head, and decides one after the other: each
//! on the state that the one before left, each with its own revision, event and answer. All of them ride in one
//! transaction. The image is published after the commit and before anybody is answered; where other nodes share the store,
//! their images have it too before anybody is. So every request that arrives after an answer is decided with it.
//!
//! What must stay true: an answer is given only after the commit, also when it says "nothing to do" or refuses, for it
//! was decided on the state before it. A request that goes away does not cancel its write. A refused decision leaves the
//! others alone. However much waits of others, a small write is in the next batch: [`queue`] says whose turn it is.

mod audit_books;
mod observing;
mod queue;
pub mod restoring;
mod usage_books;
mod waiting;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use claviger_access::identity::OrganizationId;
use claviger_access::{Decided, Decision, Draft, Moment, RandomBytes, Refusal, Revision};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Interval, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use self::audit_books::Marked;
use self::queue::Queue;
pub use self::waiting::WAITING_OF_ONE_ORGANIZATION_MAX;
use self::waiting::{Place, WAITING_MAX, Waiting};
use crate::account_uses::AccountUses;
use crate::cluster::waits::{Committed, Everywhere};
use crate::cluster::{Cluster, Generation, Held, decided_on};
use crate::last_seen::LastSeen;
use crate::last_used::LastUsed;
use crate::observations::Observations;
use crate::refused_requests::RefusedRequests;
use crate::store::following::Ahead;
use crate::store::writing::{IdempotencyKey, Origin, Outcome, Writing};
use crate::store::{Store, StoreError};
use crate::{clock, random};

/// So many decisions ride in one transaction at most: nobody waits longer than one batch of others.
pub const DECISIONS_A_BATCH: usize = 256;

/// Bookkeeping is flushed so often: a use is lost for less than a minute.
const FLUSH_EVERY: Duration = Duration::from_secs(20);

/// Where it has more than a batch, it rests so many times as long as that one took: requests of very many accounts leave
/// much to note, and must not be slowed by it.
const RESTS_TIMES: u32 = 24;

/// What is left at the end is flushed within this: whoever stops a server waits no longer than that for it.
const FLUSHED_AT_THE_END_WITHIN: Duration = Duration::from_secs(15);

/// What was refused is in the audit log within this, and what a batch takes.
const OBSERVE_EVERY: Duration = Duration::from_secs(1);

/// A batch is decided and sent to the database within this, or given up.
const DECIDE_WITHIN: Duration = Duration::from_secs(10);

/// Why a write was not done, or is not known to be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// The rules say no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store does not answer. Nothing was changed.
    #[error("the database does not answer, so nothing was changed; try again")]
    Unavailable,
    /// The store did not say whether it committed, and it could not be found out.
    #[error(
        "the database did not say whether this was done, and it could not be found out; look before you send it again"
    )]
    OutcomeUnknown,
    /// The organization has as many writes waiting as it may.
    #[error(
        "your organization has {WAITING_OF_ONE_ORGANIZATION_MAX} writes waiting, which is the limit; try again in a second"
    )]
    TooManyOfOrganization,
    /// The queue is full.
    #[error("too many writes are waiting; try again in a second")]
    TooMany,
}

/// What a creation made, for its idempotency key.
pub trait Makes {
    /// The id of what was made.
    fn made(&self) -> u64;
}

/// Where a write comes from, and on whose account it waits.
pub struct Request {
    /// For the record.
    pub origin: Origin,
    /// Whose queue it counts in; `None` for the operator.
    pub organization: Option<OrganizationId>,
    /// How many places it takes there: one, and more where it changes much.
    pub weight: usize,
}

impl Request {
    /// The same, for so many things at once.
    pub fn of_many(mut self, things: usize) -> Self {
        self.weight = 1 + things / THINGS_A_PLACE;
        self
    }
}

/// A write of so many things takes one place more.
const THINGS_A_PLACE: usize = 2;

/// So many changes ride in one transaction, or one decision more: what is small waits for one that is large, not for more.
const CHANGES_A_BATCH: usize = 300;

/// Nothing more is decided in a batch that has taken so long.
const BATCH_FULL_AFTER: Duration = Duration::from_secs(2);

/// The way to the writer's task.
#[derive(Clone)]
pub struct Writer {
    queue: mpsc::Sender<Queued>,
    waiting: Arc<Waiting>,
}

struct Queued {
    asked: Asked,
    place: Place,
    answer: oneshot::Sender<Answered>,
}

struct Asked {
    origin: Origin,
    key: Option<IdempotencyKey>,
    decide: Decider,
}

/// What came of deciding one.
enum Said {
    /// So many changes.
    Changes(usize),
    No(Refusal),
    /// It panicked. Nobody is told more than that its outcome is unknown.
    Nothing,
}

impl Queued {
    fn wait_in(self, waiting: &mut Queue<Self>) {
        waiting.add(self.place.organization, self.place.weight, self);
    }
}

/// What a decider said, with its types put away: what it makes of the state, and the id of what that is.
struct Verdict {
    decision: Option<Decision>,
    made: Option<u64>,
}

type Decider = Box<dyn FnOnce(&Draft, Moment, RandomBytes) -> Result<Verdict, Refusal> + Send>;

/// The way to somebody who waits for what became of a write.
struct Answer {
    to: oneshot::Sender<Answered>,
    refused: Option<Refusal>,
}

/// What became of it, and the revision that it was decided on or has come to, where that is known.
type Answered = (Result<(), WriteError>, Option<Revision>);

impl Answer {
    /// Takes what became of the whole batch.
    fn give(self, outcome: &Result<Revision, WriteError>) {
        let answered = match (outcome, self.refused) {
            (Err(error), _) => (Err(error.clone()), None),
            (Ok(revision), Some(refusal)) => (Err(refusal.into()), Some(*revision)),
            (Ok(revision), None) => (Ok(()), Some(*revision)),
        };
        // The receiver is gone when the request is: the write is done all the same.
        _ = self.to.send(answered);
    }
}

impl Writer {
    /// Decides on the state that the write is added to, writes, and answers once every request is decided with it.
    pub async fn perform<R, D>(&self, request: Request, decider: D) -> Result<R, WriteError>
    where
        R: Send + 'static,
        D: FnOnce(&Draft, Moment, RandomBytes) -> Result<Decided<R>, Refusal> + Send + 'static,
    {
        self.queue(request, None, decider, |_| None).await
    }

    /// The same for a creation, which its idempotency key makes once.
    pub async fn create<R, D>(&self, request: Request, key: Option<IdempotencyKey>, decider: D) -> Result<R, WriteError>
    where
        R: Makes + Send + 'static,
        D: FnOnce(&Draft, Moment, RandomBytes) -> Result<Decided<R>, Refusal> + Send + 'static,
    {
        self.queue(request, key, decider, |reply| Some(reply.made())).await
    }

    async fn queue<R, D>(
        &self,
        request: Request,
        key: Option<IdempotencyKey>,
        decider: D,
        made: fn(&R) -> Option<u64>,
    ) -> Result<R, WriteError>
    where
        R: Send + 'static,
        D: FnOnce(&Draft, Moment, RandomBytes) -> Result<Decided<R>, Refusal> + Send + 'static,
    {
        let reply = Arc::new(Mutex::new(None));
        let says = Arc::clone(&reply);
        let decide = move |draft: &Draft, moment: Moment, random: RandomBytes| {
            let (decision, said) = match decider(draft, moment, random)? {
                Decided::Write(decision, said) => (Some(decision), said),
                Decided::Nothing(said) => (None, said),
            };
            let made = decision.is_some().then(|| made(&said)).flatten();
            *says.lock().unwrap_or_else(PoisonError::into_inner) = Some(said);
            Ok(Verdict { decision, made })
        };
        self.send(request, key, Box::new(decide)).await?;
        let said = reply.lock().unwrap_or_else(PoisonError::into_inner).take();
        said.ok_or(WriteError::OutcomeUnknown)
    }

    /// How many writes wait to be decided.
    pub fn waiting(&self) -> usize {
        self.waiting.writes()
    }

    /// Waits until it is known what became of it.
    async fn send(&self, request: Request, key: Option<IdempotencyKey>, decide: Decider) -> Result<(), WriteError> {
        let place = self.waiting.take_place(request.organization, request.weight)?;
        let (answer, answered) = oneshot::channel();
        let queued = Queued { asked: Asked { origin: request.origin, key, decide }, place, answer };
        self.queue.try_send(queued).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => WriteError::TooMany,
            mpsc::error::TrySendError::Closed(_) => WriteError::Unavailable,
        })?;
        // Dropped without an answer: the writer panicked, and nobody can tell how far it came.
        let (outcome, revision) = answered.await.unwrap_or((Err(WriteError::OutcomeUnknown), None));
        revision.into_iter().for_each(decided_on::note);
        outcome
    }
}

/// Writes that ride in one transaction.
struct Batch<'q> {
    waiting: &'q mut Queue<Queued>,
    answers: Vec<Answer>,
}

impl Batch<'_> {
    /// The next that rides in it, if there is room.
    fn take(&mut self) -> Option<Queued> {
        if self.answers.len() < DECISIONS_A_BATCH { self.waiting.take() } else { None }
    }

    /// Tells everybody who was decided, and also those who would have ridden in it: they were not written, whatever became
    /// of the rest, and nobody waits for a store that does not answer.
    fn answer_failed(self, error: &WriteError) {
        let room = DECISIONS_A_BATCH - self.answers.len();
        let failed = Err(error.clone());
        self.answers.into_iter().for_each(|answer| answer.give(&failed));
        for queued in std::iter::from_fn(|| self.waiting.take()).take(room) {
            Answer { to: queued.answer, refused: None }.give(&Err(WriteError::Unavailable));
        }
    }
}

/// What a batch was decided on, or has come to.
#[derive(Debug)]
struct Reached {
    revision: Revision,
    /// None where every node has it already.
    everywhere: Option<Everywhere>,
}

/// The task that writes.
pub struct WriterTask {
    arriving: mpsc::Receiver<Queued>,
    store: Store,
    cluster: Arc<Cluster>,
    books: Books,
    marked: Marked,
    /// Answers that wait until every node has what was written.
    waiting: JoinSet<()>,
    /// Tells the keeper that the image was dropped.
    dropped: Arc<Notify>,
}

/// What is kept beside the writes. Clones are of the same books.
#[derive(Clone, Default)]
pub struct Books {
    /// When secrets were used, and how often.
    pub last_used: Arc<LastUsed>,
    /// Where it is told what was flushed of that.
    pub account_uses: Arc<AccountUses>,
    /// How often requests were refused.
    pub refused: Arc<RefusedRequests>,
    /// When sessions were used.
    pub last_seen: Arc<LastSeen>,
    /// What was refused.
    pub observations: Arc<Observations>,
    /// Audit events are kept so many seconds; `None` for ever.
    pub audit_retention: Option<i64>,
}

/// A writer and its task. There must be one of them for a store.
pub fn writer(store: Store, cluster: Arc<Cluster>, books: Books, dropped: Arc<Notify>) -> (Writer, WriterTask) {
    let (sender, arriving) = mpsc::channel(WAITING_MAX);
    let writer = Writer { queue: sender, waiting: Arc::default() };
    let (marked, waiting) = (Marked::default(), JoinSet::new());
    (writer, WriterTask { arriving, store, cluster, books, marked, waiting, dropped })
}

impl WriterTask {
    /// Runs until it is stopped; what waits then is still done, and bookkeeping is flushed.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut waiting = Queue::default();
        let (mut flush, mut tend, mut observe) = (every(FLUSH_EVERY), every(FLUSH_EVERY), every(OBSERVE_EVERY));
        loop {
            tokio::select! {
                // In this order: bookkeeping has its turns, and none of them takes all of the time.
                biased;
                () = stop.cancelled(), if !self.arriving.is_closed() => self.arriving.close(),
                _ = flush.tick() => {
                    // Many uses go in many batches, with the writes that come meanwhile in between.
                    let began = clock::instant();
                    if self.flush().await {
                        flush.reset_after(rest_after(began));
                    }
                }
                _ = tend.tick() => {
                    let began = clock::instant();
                    if self.tend().await {
                        tend.reset_after(rest_after(began));
                    }
                }
                _ = observe.tick() => {
                    let began = clock::instant();
                    if self.record_observations(false).await {
                        observe.reset_after(clock::since(began));
                    }
                }
                // What did not fit into the batch before.
                () = std::future::ready(()), if !waiting.is_empty() => self.take_batch(&mut waiting).await,
                first = self.arriving.recv(), if waiting.is_empty() => match first {
                    Some(first) => {
                        first.wait_in(&mut waiting);
                        self.take_batch(&mut waiting).await;
                    }
                    None => break,
                },
            }
        }
        while self.waiting.join_next().await.is_some() {}
        while self.flush_refused().await {}
        while self.flush_seen().await {}
        self.flush_last_uses().await;
        while self.record_observations(true).await {}
        self.mark_audit_log(true).await;
    }

    async fn take_batch(&mut self, waiting: &mut Queue<Queued>) {
        self.take_arrived(waiting);
        let started = clock::instant();
        let mut batch = Batch { waiting, answers: Vec::new() };
        let outcome = self.write(&mut batch).await;
        let decisions = batch.answers.len();
        tracing::debug!(decisions, micros = clock::since(started).as_micros() as u64, ?outcome, "wrote a batch");
        match outcome {
            Ok(reached) => self.answer_everywhere(batch.answers, reached),
            Err(error) => batch.answer_failed(&error),
        }
    }

    fn take_arrived(&mut self, waiting: &mut Queue<Queued>) {
        while let Ok(next) = self.arriving.try_recv() {
            next.wait_in(waiting);
        }
    }

    /// Answers once every node that may answer has it. The next batch does not wait for that.
    fn answer_everywhere(&mut self, answers: Vec<Answer>, reached: Reached) {
        while self.waiting.try_join_next().is_some() {}
        match reached.everywhere {
            None => answers.into_iter().for_each(|answer| answer.give(&Ok(reached.revision))),
            Some(everywhere) => {
                self.waiting.spawn(async move {
                    let outcome = everywhere.is_known().await.map(|()| reached.revision).map_err(|error| {
                        tracing::error!(%error, revision = %reached.revision, "a write is done, and its answer is that this is not known");
                        WriteError::OutcomeUnknown
                    });
                    answers.into_iter().for_each(|answer| answer.give(&outcome));
                });
            }
        }
    }

    async fn write(&mut self, batch: &mut Batch<'_>) -> Result<Reached, WriteError> {
        // Asked for before the image: an image that is dropped from here on stays dropped.
        let began = self.cluster.generation();
        let image = self.cluster.image().ok_or(WriteError::Unavailable)?;
        let (writing, draft, began_at) = match tokio::time::timeout(DECIDE_WITHIN, self.decide(batch, &image)).await {
            Ok(decided) => decided?,
            Err(_) => {
                tracing::error!("the database took too long to take a batch of writes");
                return Err(WriteError::Unavailable);
            }
        };
        self.commit(writing, draft, began_at, began).await
    }

    /// Decides on the state that the store is in; where that is, what was decided, and the revision that it began at.
    async fn decide(&mut self, batch: &mut Batch<'_>, image: &Held) -> Result<(Writing, Draft, Revision), WriteError> {
        let mut writing = self.store.begin_at_head().await.map_err(unavailable)?;
        let mut draft = Draft::on(image);
        if self.store.is_shared() {
            catch_up(&mut writing, &mut draft).await.map_err(unavailable)?;
            if draft.revision() > image.revision() {
                self.cluster.others_wrote(draft.revision());
            }
        }
        if writing.head() != (draft.revision(), draft.mark()) {
            tracing::error!(store = ?writing.head(), image = %image.revision(), "the store is not where the image is");
            self.drop_image();
            return Err(WriteError::Unavailable);
        }
        // Also those that came while others held the head.
        self.take_arrived(batch.waiting);
        let (began_at, started) = (draft.revision(), clock::instant());
        let mut changes = 0;
        while changes < CHANGES_A_BATCH
            && clock::since(started) < BATCH_FULL_AFTER
            && let Some(queued) = batch.take()
        {
            let Queued { asked, place: _place, answer: to } = queued;
            // Of those who are told if this comes to no end.
            batch.answers.push(Answer { to, refused: None });
            match decide(asked, &mut draft, &mut writing).await.map_err(unavailable)? {
                Said::Changes(made) => changes += made,
                Said::No(refusal) => {
                    if let Some(last) = batch.answers.last_mut() {
                        last.refused = Some(refusal);
                    }
                }
                Said::Nothing => drop(batch.answers.pop()),
            }
        }
        Ok((writing, draft, began_at))
    }

    async fn commit(
        &self,
        writing: Writing,
        draft: Draft,
        began_at: Revision,
        began: Generation,
    ) -> Result<Reached, WriteError> {
        let ((revision, mark), epoch) = (writing.head(), writing.epoch());
        let reached = |replied, committed| {
            let everywhere = self.cluster.everywhere(revision, replied, committed);
            Reached { revision, everywhere }
        };
        if revision == began_at {
            writing.roll_back().await.map_err(unavailable)?;
            // Stale: who brings the image back brings at least this.
            _ = self.cluster.publish(began, draft.into_image());
            return Ok(reached(clock::reading(), None));
        }
        let (outcome, is_told) = match writing.commit().await {
            Ok(()) => (Outcome::Committed, epoch.map(|epoch| Committed { epoch, mark })),
            Err(error) => {
                tracing::warn!(%error, %revision, "a commit was not answered well; looking up what became of it");
                (self.store.outcome_of(revision, mark).await, None)
            }
        };
        let replied = clock::reading();
        match outcome {
            Outcome::Committed => {
                // Whoever reports hears of the wait before he hears of the image: he then looks whether others have it.
                let reached = reached(replied, is_told);
                // Stale: what is loaded meanwhile may lack this write, so it must be loaded again before anybody is
                // answered from it.
                if self.cluster.publish(began, draft.into_image()).is_err() {
                    self.doubt_image();
                }
                Ok(reached)
            }
            Outcome::NotCommitted => Err(WriteError::Unavailable),
            Outcome::Unknown => {
                self.doubt_image();
                Err(WriteError::OutcomeUnknown)
            }
        }
    }

    /// The image may lack what the store has. Where it follows the store it will have it, and nobody is answered with less.
    fn doubt_image(&self) {
        if !self.store.is_shared() {
            self.drop_image();
        }
    }

    fn drop_image(&self) {
        self.cluster.drop_image();
        self.dropped.notify_one();
    }

    /// Adds what requests came to; whether there is more to add soon. Each has its turn: of some there may always be more, and
    /// the others must not wait for the end of it.
    async fn flush(&self) -> bool {
        let more = [self.flush_uses().await, self.flush_seen().await, self.flush_refused().await];
        more.contains(&true)
    }

    /// Removes what is older than it is kept, and marks the audit log; whether there is more to do soon.
    async fn tend(&mut self) -> bool {
        let more = [self.tend_counts().await, self.remove_old_events().await];
        self.mark_audit_log(false).await;
        if let Err(error) = self.store.forget_old_keys(clock::now()).await {
            tracing::warn!(%error, "old idempotency keys could not be forgotten; trying again later");
        }
        more.contains(&true)
    }
}

/// A turn that was late puts off those after it.
fn every(period: Duration) -> Interval {
    let mut interval = tokio::time::interval(period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

/// How long bookkeeping rests that has more to do.
fn rest_after(began: Instant) -> Duration {
    (clock::since(began) * RESTS_TIMES).min(FLUSH_EVERY)
}

/// Brings the draft to where the head is held, by what other nodes wrote. One that stands in another history stays where it is.
async fn catch_up(writing: &mut Writing, draft: &mut Draft) -> Result<(), StoreError> {
    while draft.revision() < writing.head().0 {
        match writing.ahead_of(draft.revision(), draft.mark()).await? {
            Ahead::Changes(ahead) if !ahead.is_empty() => {
                ahead.iter().for_each(|one| draft.add(&one.changes, one.revision, one.mark));
            }
            Ahead::Changes(_) | Ahead::AnotherHistory => break,
        }
    }
    Ok(())
}

/// Decides one, and adds it to the transaction.
async fn decide(asked: Asked, draft: &mut Draft, writing: &mut Writing) -> Result<Said, StoreError> {
    let Asked { origin, key, decide } = asked;
    let (moment, request_id) = (clock::now(), &origin.request_id);
    let made_before = match &key {
        Some(key) => writing.made_before(key, moment).await?,
        None => None,
    };
    draft.set_made_before(made_before);
    let no_randomness = |error: random::NoRandomness| StoreError::unreadable(error.to_string());
    let random = random::bytes().map_err(no_randomness)?;
    let Verdict { decision, made } = match catch_unwind(AssertUnwindSafe(|| decide(draft, moment, random))) {
        Ok(Ok(verdict)) => verdict,
        Ok(Err(refusal)) => return Ok(Said::No(refusal)),
        Err(_) => {
            tracing::error!(request = %request_id, "a decision panicked; nothing of it is written");
            return Ok(Said::Nothing);
        }
    };
    if let Some(decision) = &decision {
        if !decision.was_judged_at(draft.revision()) {
            return Err(StoreError::unreadable(format!("a decision of request {request_id}, made on another state")));
        }
        draft.add(decision.changes(), draft.revision().next(), random::mark().map_err(no_randomness)?);
        writing.add(decision, draft, &origin, moment).await?;
    }
    if let (Some(key), Some(made)) = (&key, made) {
        writing.remember(key, made, moment).await?;
    }
    Ok(Said::Changes(decision.map_or(0, |decision| decision.changes().len())))
}

fn unavailable(error: StoreError) -> WriteError {
    tracing::error!(%error, "a write failed");
    WriteError::Unavailable
}
