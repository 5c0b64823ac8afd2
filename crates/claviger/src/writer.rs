//! The one way to change anything.
//!
//! [`Writer::perform`] queues a decider. One task takes what waits, holds the head, and decides one after the other: each
//! on the state that the one before left, each with its own revision, event and answer. All of them ride in one
//! transaction. The image is published after the commit and before anybody is answered, so that every request that
//! arrives after an answer is decided with it.
//!
//! What must stay true: an answer is given only after the commit, also when it says "nothing to do" or refuses, for it
//! was decided on the state before it. A request that goes away does not cancel its write. A refused decision leaves the
//! others alone.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use claviger_access::identity::OrganizationId;
use claviger_access::{Decided, Decision, Draft, Moment, RandomBytes, Refusal};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::cluster::{Cluster, Held};
use crate::last_used::LastUsed;
use crate::store::bookkeeping::USES_A_BATCH;
use crate::store::writing::{IdempotencyKey, Origin, Outcome, Writing};
use crate::store::{Store, StoreError};
use crate::{clock, random};

/// So many decisions ride in one transaction at most: nobody waits longer than one batch of others.
pub const DECISIONS_A_BATCH: usize = 256;

/// So many writes wait in all.
const WAITING_MAX: usize = 8 * DECISIONS_A_BATCH;

/// So many writes of one organization wait: less than a batch, so that others' writes are in the next one.
pub const WAITING_OF_ONE_ORGANIZATION_MAX: usize = DECISIONS_A_BATCH - 56;

/// Bookkeeping is flushed so often: a use is lost for less than a minute.
const FLUSH_EVERY: Duration = Duration::from_secs(20);

/// A commit without a reply by then has an unknown outcome.
const COMMIT_WITHIN: Duration = Duration::from_secs(5);

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
}

/// The way to the writer's task.
#[derive(Clone)]
pub struct Writer {
    queue: mpsc::Sender<Queued>,
    waiting: Arc<Waiting>,
}

struct Queued {
    origin: Origin,
    key: Option<IdempotencyKey>,
    decide: Decider,
    _place: Place,
}

/// What a decider said, with its types put away.
struct Verdict {
    decision: Option<Decision>,
    made: Option<u64>,
    answer: Answer,
}

type Decider = Box<dyn FnOnce(&Draft, Moment, RandomBytes) -> Verdict + Send>;

type Answer = Box<dyn FnOnce(Result<(), WriteError>) + Send>;

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
        let place = self.waiting.take_place(request.organization)?;
        let (sender, receiver) = oneshot::channel::<Result<R, WriteError>>();
        // The receiver is gone when the request is: the write is done all the same.
        let send = move |answer| drop(sender.send(answer));
        let decide = move |draft: &Draft, moment, random| match decider(draft, moment, random) {
            Ok(Decided::Write(decision, reply)) => Verdict {
                decision: Some(decision),
                made: made(&reply),
                answer: Box::new(move |outcome| send(outcome.map(|()| reply))),
            },
            Ok(Decided::Nothing(reply)) => {
                Verdict { decision: None, made: None, answer: Box::new(move |outcome| send(outcome.map(|()| reply))) }
            }
            Err(refusal) => Verdict {
                decision: None,
                made: None,
                answer: Box::new(move |outcome| send(outcome.and(Err(WriteError::Refused(refusal))))),
            },
        };
        let queued = Queued { origin: request.origin, key, decide: Box::new(decide), _place: place };
        self.queue.try_send(queued).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => WriteError::TooMany,
            mpsc::error::TrySendError::Closed(_) => WriteError::Unavailable,
        })?;
        receiver.await.unwrap_or(Err(WriteError::Unavailable))
    }
}

/// How many writes wait for each organization.
#[derive(Default)]
struct Waiting {
    counts: Mutex<HashMap<OrganizationId, usize>>,
}

/// A place in an organization's queue, until it is decided.
struct Place {
    waiting: Arc<Waiting>,
    organization: Option<OrganizationId>,
}

impl Waiting {
    fn take_place(self: &Arc<Self>, organization: Option<OrganizationId>) -> Result<Place, WriteError> {
        if let Some(organization) = organization {
            let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
            let count = counts.entry(organization).or_insert(0);
            if *count >= WAITING_OF_ONE_ORGANIZATION_MAX {
                return Err(WriteError::TooManyOfOrganization);
            }
            *count += 1;
        }
        Ok(Place { waiting: Arc::clone(self), organization })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(organization) = self.organization else { return };
        let mut counts = self.waiting.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&organization) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&organization);
            }
        }
    }
}

/// The task that writes.
pub struct WriterTask {
    queue: mpsc::Receiver<Queued>,
    store: Store,
    cluster: Arc<Cluster>,
    last_used: Arc<LastUsed>,
    /// Tells the keeper that the image was dropped.
    dropped: Arc<Notify>,
}

/// A writer and its task. There must be one of them for a store.
pub fn writer(
    store: Store,
    cluster: Arc<Cluster>,
    last_used: Arc<LastUsed>,
    dropped: Arc<Notify>,
) -> (Writer, WriterTask) {
    let (sender, queue) = mpsc::channel(WAITING_MAX);
    let writer = Writer { queue: sender, waiting: Arc::default() };
    (writer, WriterTask { queue, store, cluster, last_used, dropped })
}

impl WriterTask {
    /// Runs until it is stopped; what waits then is still done, and bookkeeping is flushed.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut flush = tokio::time::interval(FLUSH_EVERY);
        flush.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                first = self.queue.recv() => match first {
                    Some(first) => self.take_batch(first).await,
                    None => break,
                },
                _ = flush.tick() => self.keep_books().await,
                () = stop.cancelled(), if !self.queue.is_closed() => self.queue.close(),
            }
        }
        while self.flush_uses().await {}
    }

    async fn take_batch(&mut self, first: Queued) {
        let mut waiting = vec![first];
        while waiting.len() < DECISIONS_A_BATCH
            && let Ok(next) = self.queue.try_recv()
        {
            waiting.push(next);
        }
        let started = clock::instant();
        let count = waiting.len();
        let mut answers = Vec::with_capacity(count);
        let outcome = self.write(waiting, &mut answers).await;
        tracing::debug!(decisions = count, micros = started.elapsed().as_micros() as u64, ?outcome, "wrote a batch");
        answers.into_iter().for_each(|answer| answer(outcome.clone()));
    }

    /// Decides and commits. Whoever is not among the answers afterwards was dropped, which says "unavailable".
    async fn write(&self, waiting: Vec<Queued>, answers: &mut Vec<Answer>) -> Result<(), WriteError> {
        if !self.cluster.is_ready() {
            return Err(WriteError::Unavailable);
        }
        let mut writing = self.store.begin_at_head().await.map_err(unavailable)?;
        // Taken under the head, which a load waits for: so no image that lacks this write is published after it.
        let image = self.cluster.directory().map_err(|_| WriteError::Unavailable)?;
        if writing.head() != (image.revision(), image.mark()) {
            tracing::error!(store = ?writing.head(), image = %image.revision(), "the store is not where the image is");
            self.drop_image();
            return Err(WriteError::Unavailable);
        }
        let mut draft = Draft::on(&image);
        for queued in waiting {
            match decide(queued, &mut draft, &mut writing).await {
                Ok(answer) => answers.extend(answer),
                Err(error) => {
                    // Dropping the transaction would roll back too, but later.
                    if let Err(error) = writing.roll_back().await {
                        tracing::warn!(%error, "a transaction could not be rolled back; its connection is dropped");
                    }
                    return Err(unavailable(error));
                }
            }
        }
        self.commit(writing, draft, &image).await
    }

    async fn commit(&self, writing: Writing, draft: Draft, image: &Held) -> Result<(), WriteError> {
        let (revision, mark) = writing.head();
        if revision == image.revision() {
            return writing.roll_back().await.map_err(unavailable);
        }
        let committed = match tokio::time::timeout(COMMIT_WITHIN, writing.commit()).await {
            Ok(Ok(())) => Outcome::Committed,
            Ok(Err(error)) => {
                tracing::warn!(%error, %revision, "a commit failed; looking up what became of it");
                self.store.outcome_of(revision, mark).await
            }
            Err(_) => {
                tracing::warn!(%revision, "a commit was not answered in time; looking up what became of it");
                self.store.outcome_of(revision, mark).await
            }
        };
        match committed {
            Outcome::Committed => {
                self.cluster.advance(image, draft.into_image());
                Ok(())
            }
            Outcome::NotCommitted => Err(WriteError::Unavailable),
            Outcome::Unknown => {
                self.drop_image();
                Err(WriteError::OutcomeUnknown)
            }
        }
    }

    fn drop_image(&self) {
        self.cluster.drop_image();
        self.dropped.notify_one();
    }

    async fn keep_books(&self) {
        self.flush_uses().await;
        if let Err(error) = self.store.forget_old_keys(clock::now()).await {
            tracing::warn!(%error, "old idempotency keys could not be forgotten; trying again later");
        }
    }

    /// Flushes one batch of uses; whether there may be more.
    async fn flush_uses(&self) -> bool {
        let uses = self.last_used.take(USES_A_BATCH);
        if uses.is_empty() {
            return false;
        }
        match self.store.note_uses(&uses).await {
            Ok(()) => uses.len() == USES_A_BATCH,
            Err(error) => {
                tracing::warn!(%error, "last uses could not be flushed; trying again later");
                self.last_used.put_back(uses);
                false
            }
        }
    }
}

/// Decides one, and adds it to the transaction. `None` where the decider panicked: its request is told "unavailable".
async fn decide(queued: Queued, draft: &mut Draft, writing: &mut Writing) -> Result<Option<Answer>, StoreError> {
    let moment = clock::now();
    let made_before = match &queued.key {
        Some(key) => writing.made_before(key, moment).await?,
        None => None,
    };
    draft.set_made_before(made_before);
    let no_randomness = |error: random::NoRandomness| StoreError::unreadable(error.to_string());
    let random = random::bytes().map_err(no_randomness)?;
    let decide = queued.decide;
    let Ok(verdict) = catch_unwind(AssertUnwindSafe(|| decide(draft, moment, random))) else {
        tracing::error!(request = %queued.origin.request_id, "a decision panicked; it is dropped");
        return Ok(None);
    };
    if let Some(decision) = &verdict.decision {
        draft.add(decision.changes(), draft.revision().next(), random::mark().map_err(no_randomness)?);
        writing.add(decision, draft, &queued.origin, moment).await?;
    }
    if let (Some(key), Some(made)) = (&queued.key, verdict.made) {
        writing.remember(key, made, moment).await?;
    }
    Ok(Some(verdict.answer))
}

fn unavailable(error: StoreError) -> WriteError {
    tracing::error!(%error, "a write failed");
    WriteError::Unavailable
}
