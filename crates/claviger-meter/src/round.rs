//! One round: a credential is created, used without pause, revoked, and watched until nobody accepts it any more.
//!
//! What must stay true: each connection has one use on its way at a time, and goes on until the round is over, whatever comes
//! back; the moment of the revocation is read when its whole answer is there, before anybody is told of it; uses that are on
//! their way when the round ends are waited for and counted; a credential that was made is revoked, however the round ends, or
//! named.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::carrying::{Connection, NoConnections, NotDone, Patience};
use super::plan::{Plan, Step};
use super::tally::{self, AtAddress, Came, NoAnswer, Revocation, Tally};
use super::values::Values;
use crate::clock;

/// How often it is looked at whether the round may go on.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Where nothing listens, asking again at once would only heat the machine.
const AFTER_NO_CONNECTION: Duration = Duration::from_millis(10);

/// Between tries of a revocation, at first; then twice as long, up to the next.
const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_MAX: Duration = Duration::from_secs(2);

/// So often a credential is tried to be revoked when its round has failed.
const TRIES_OF_CLEANING_UP: u32 = 5;

/// How a round is run.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Connections to each address.
    pub connections: usize,
    /// Between two uses on one connection.
    pub pause: Duration,
    /// For how long it is used before it is revoked, once it is accepted everywhere.
    pub hold: Duration,
    /// For how long nobody may have accepted it, before a round is over.
    pub settle: Duration,
    /// How often each connection must have been refused since.
    pub refusals_min: u64,
    /// After this, a round ends as it is.
    pub give_up: Duration,
    /// How long an answer is waited for.
    pub patience: Patience,
}

/// What a round found.
#[derive(Debug, Clone)]
pub struct Measured {
    /// From the answered creation to the first acceptance on every connection to every address.
    pub accepted_everywhere: Duration,
    /// From asking for the revocation, for the last time, to its whole answer.
    pub revoking: Duration,
    /// How often it was asked for until it was answered.
    pub tries: u32,
    /// Nobody had accepted it any more for as long as was asked for.
    pub is_settled: bool,
    /// What was seen, by address.
    pub addresses: Vec<AtAddress>,
}

/// Why a round found nothing.
#[derive(Debug, Clone)]
pub struct NotMeasured {
    /// What could not be done.
    pub reason: String,
    /// A credential that is, or may be, still there.
    pub left: Option<String>,
}

/// How a round ended.
#[derive(Debug, Clone)]
pub enum Round {
    /// It was revoked, and watched.
    Measured(Measured),
    /// It came to nothing.
    Failed(NotMeasured),
    /// It was not finished, since the meter was told to stop.
    Stopped {
        /// A credential that is, or may be, still there.
        left: Option<String>,
    },
}

/// Why a round does not go on.
enum Halt {
    Failed(String),
    Stopped,
}

/// All that is there for round after round: connections stay open between them.
#[derive(Debug)]
pub struct Rounds {
    plan: Arc<Plan>,
    pace: Pace,
    prepared: Values,
    managing: Vec<Connection>,
    revoking: Vec<Connection>,
    checking: Vec<Vec<Connection>>,
}

/// What the connections of one round and whoever watches them share.
struct Watched {
    tallies: Vec<Vec<Arc<Mutex<Tally>>>>,
    revocation: Arc<Mutex<Revocation>>,
    /// Somebody may have heard that it is to be revoked.
    was_heard: AtomicBool,
    over: CancellationToken,
    running: Vec<JoinHandle<()>>,
}

impl Rounds {
    /// Sets connections up, and carries out what comes before all rounds.
    pub async fn prepare(plan: Plan, pace: Pace) -> Result<Result<Self, NotDone>, NoConnections> {
        let each = |step: &Step| -> Result<Vec<Connection>, NoConnections> {
            step.deed.at.iter().map(|at| Connection::to(at, pace.patience)).collect()
        };
        let managing = each(&plan.create)?;
        let revoking = each(&plan.revoke)?;
        let to = |at| (0..pace.connections).map(|_| Connection::to(at, pace.patience)).collect();
        let checking = plan.check.deed.at.iter().map(to).collect::<Result<_, _>>()?;
        let mut prepared = Values::default();
        if let Some(step) = &plan.prepare
            && let Err(error) = in_turn(step, &each(step)?, 0, &mut prepared).await
        {
            return Ok(Err(error));
        }
        Ok(Ok(Self { plan: Arc::new(plan), pace, prepared, managing, revoking, checking }))
    }

    /// Runs one, under this name.
    pub async fn run(&self, number: u64, name: &str, stop: &CancellationToken) -> Round {
        let first = usize::try_from(number).unwrap_or_default();
        let mut values = self.prepared.clone();
        values.set("name", name.to_owned());
        let created = in_turn(&self.plan.create, &self.managing, first, &mut values).await;
        let created = match created {
            Ok(when) => when,
            Err(error) => {
                let reason = format!("create: {error}");
                let left = match error {
                    // It was made, and perhaps enough is known of it to take it back.
                    NotDone::NotCaptured(_) => self.clean_up(first, &values, false).await,
                    error if error.was_not_sent() || error.was_declined() => None,
                    _ => Some(format!("perhaps {}", values.shown())),
                };
                return Round::Failed(NotMeasured { reason, left });
            }
        };
        let values = Arc::new(values);
        let mut watched = self.begin_using(&values);
        let outcome = self.measure(first, &values, &watched, created, stop).await;
        watched.over.cancel();
        for running in watched.running.drain(..) {
            // It panics for nobody; then its tally says nothing, and proves nothing.
            let _ = running.await;
        }
        match outcome {
            Ok(revoked) => Round::Measured(self.measured(&watched, created, revoked)),
            Err(halt) => {
                let was_revoked = matches!(watched.revocation(), Revocation::Answered(_));
                let was_heard = watched.was_heard.load(Ordering::Relaxed);
                let left = if was_revoked { None } else { self.clean_up(first, &values, was_heard).await };
                match halt {
                    Halt::Failed(reason) => Round::Failed(NotMeasured { reason, left }),
                    Halt::Stopped => Round::Stopped { left },
                }
            }
        }
    }

    fn begin_using(&self, values: &Arc<Values>) -> Watched {
        let revocation = Arc::new(Mutex::new(Revocation::NotAsked));
        let over = CancellationToken::new();
        let (mut tallies, mut running) = (Vec::new(), Vec::new());
        for (place, connections) in self.checking.iter().enumerate() {
            let mut of_address = Vec::new();
            for connection in connections {
                let tally = Arc::new(Mutex::new(Tally::default()));
                of_address.push(Arc::clone(&tally));
                let using = Using {
                    plan: Arc::clone(&self.plan),
                    place,
                    connection: connection.clone(),
                    values: Arc::clone(values),
                    pause: self.pace.pause,
                    revocation: Arc::clone(&revocation),
                    tally,
                };
                running.push(tokio::spawn(using.until(over.clone())));
            }
            tallies.push(of_address);
        }
        Watched { tallies, revocation, was_heard: AtomicBool::new(false), over, running }
    }

    /// Waits until it is accepted everywhere, revokes it, and waits until it is refused everywhere.
    async fn measure(
        &self,
        first: usize,
        values: &Values,
        watched: &Watched,
        created: Instant,
        stop: &CancellationToken,
    ) -> Result<Revoked, Halt> {
        let give_up = created + self.pace.give_up;
        let accepted = || watched.each().all(|tally| lock(tally).first_accepted().is_some());
        if !until(accepted, give_up, stop).await? {
            let nowhere: Vec<_> = self.names_where(watched, |tally| tally.first_accepted().is_none());
            let reason = format!("it was not accepted at {} within {:?}", nowhere.join(", "), self.pace.give_up);
            return Err(Halt::Failed(reason));
        }
        let held = clock::instant() + self.pace.hold;
        until(|| false, held, stop).await?;
        let revoked = self.revoke(first, values, watched, stop).await?;
        let is_settled =
            until(|| self.is_settled(watched, revoked.answered), revoked.answered + self.pace.give_up, stop);
        is_settled.await?;
        Ok(revoked)
    }

    /// Asks for the revocation until it is answered.
    async fn revoke(
        &self,
        first: usize,
        values: &Values,
        watched: &Watched,
        stop: &CancellationToken,
    ) -> Result<Revoked, Halt> {
        *lock(&watched.revocation) = Revocation::Asked;
        let give_up = clock::instant() + self.pace.give_up;
        let (mut pause, mut tries) = (RETRY_FIRST, 0);
        loop {
            let asked = clock::instant();
            let place = (first + tries as usize) % self.revoking.len();
            tries += 1;
            let at = &self.plan.revoke.deed.at[place];
            let failed = match self.revoking[place].carry_out(&self.plan.revoke, at, &mut values.clone()).await {
                Ok(answered) => {
                    *lock(&watched.revocation) = Revocation::Answered(answered);
                    return Ok(Revoked { asked, answered, tries });
                }
                // An earlier one, whose answer was lost, has done it.
                Err(NotDone::Gone(_)) if watched.was_heard.load(Ordering::Relaxed) => {
                    let answered = clock::instant();
                    *lock(&watched.revocation) = Revocation::Answered(answered);
                    return Ok(Revoked { asked, answered, tries });
                }
                Err(error) => error,
            };
            if !failed.was_not_sent() && !failed.was_declined() {
                watched.was_heard.store(true, Ordering::Relaxed);
            }
            if failed.was_declined() || matches!(failed, NotDone::Unfit(_)) || clock::instant() > give_up {
                return Err(Halt::Failed(format!("revoke: {failed}")));
            }
            until(|| false, clock::instant() + pause, stop).await?;
            pause = (2 * pause).min(RETRY_MAX);
        }
    }

    fn is_settled(&self, watched: &Watched, answered: Instant) -> bool {
        let refused = watched.each().all(|tally| {
            let mut tally = lock(tally);
            tally.decide(answered);
            tally.refused_since() >= self.pace.refusals_min
        });
        refused && clock::instant() >= watched.last_accepted().unwrap_or(answered) + self.pace.settle
    }

    fn measured(&self, watched: &Watched, created: Instant, revoked: Revoked) -> Measured {
        let decided = |tallies: &Vec<Arc<Mutex<Tally>>>| -> Vec<Tally> {
            let each = tallies.iter().map(|tally| {
                let mut tally = lock(tally);
                tally.decide(revoked.answered);
                tally.clone()
            });
            each.collect()
        };
        let tallies: Vec<_> = watched.tallies.iter().map(decided).collect();
        let names = self.plan.check.deed.at.iter().map(|address| &address.name);
        let seen = tally::Watched { answered: revoked.answered, ended: clock::instant() };
        let at = |(name, tallies): (&String, &Vec<Tally>)| AtAddress::of(name, tallies, seen, self.pace.refusals_min);
        let everywhere = tallies.iter().flatten().filter_map(Tally::first_accepted).max();
        let last = tallies.iter().flatten().filter_map(Tally::last_accepted).max().unwrap_or(revoked.answered);
        Measured {
            accepted_everywhere: everywhere.map_or(Duration::ZERO, |last| last.saturating_duration_since(created)),
            revoking: revoked.answered.saturating_duration_since(revoked.asked),
            tries: revoked.tries,
            is_settled: clock::instant() >= last + self.pace.settle,
            addresses: names.zip(&tallies).map(at).collect(),
        }
    }

    fn names_where(&self, watched: &Watched, is_meant: impl Fn(&Tally) -> bool) -> Vec<&str> {
        let meant = |tallies: &Vec<Arc<Mutex<Tally>>>| tallies.iter().any(|tally| is_meant(&lock(tally)));
        let places = self.plan.check.deed.at.iter().zip(&watched.tallies);
        places.filter(|(_, tallies)| meant(tallies)).map(|(at, _)| at.name.as_str()).collect()
    }

    /// Revokes what a round leaves; tells what could not be revoked. That there is nothing to revoke is believed of what
    /// somebody was told to revoke before: else it was just made there, and may be accepted elsewhere.
    async fn clean_up(&self, first: usize, values: &Values, mut was_heard: bool) -> Option<String> {
        let mut pause = RETRY_FIRST;
        for tried in 0..TRIES_OF_CLEANING_UP {
            let place = (first + tried as usize) % self.revoking.len();
            let at = &self.plan.revoke.deed.at[place];
            match self.revoking[place].carry_out(&self.plan.revoke, at, &mut values.clone()).await {
                Ok(_) => return None,
                Err(NotDone::Gone(_)) if was_heard => return None,
                Err(NotDone::Unfit(_)) => break,
                Err(error) => was_heard |= !error.was_not_sent() && !error.was_declined(),
            }
            tokio::time::sleep(pause).await;
            pause = (2 * pause).min(RETRY_MAX);
        }
        Some(values.shown())
    }
}

/// When it was revoked.
#[derive(Clone, Copy)]
struct Revoked {
    asked: Instant,
    answered: Instant,
    tries: u32,
}

impl Watched {
    fn each(&self) -> impl Iterator<Item = &Mutex<Tally>> {
        self.tallies.iter().flatten().map(AsRef::as_ref)
    }

    fn last_accepted(&self) -> Option<Instant> {
        self.each().filter_map(|tally| lock(tally).last_accepted()).max()
    }

    fn revocation(&self) -> Revocation {
        *lock(&self.revocation)
    }
}

/// One connection, which uses the credential again and again.
struct Using {
    plan: Arc<Plan>,
    place: usize,
    connection: Connection,
    values: Arc<Values>,
    pause: Duration,
    revocation: Arc<Mutex<Revocation>>,
    tally: Arc<Mutex<Tally>>,
}

impl Using {
    async fn until(self, over: CancellationToken) {
        let at = &self.plan.check.deed.at[self.place];
        while !over.is_cancelled() {
            let ended = self.connection.use_once(&self.plan.check, at, &self.values).await;
            // Read after the answer: where nobody has asked yet, this use was over before anybody did.
            let revocation = *lock(&self.revocation);
            lock(&self.tally).add(ended, revocation);
            let pause = match ended.came {
                Came::Nothing(NoAnswer::CannotConnect) => self.pause.max(AFTER_NO_CONNECTION),
                _ => self.pause,
            };
            if !pause.is_zero() {
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = over.cancelled() => {}
                }
            }
        }
    }
}

/// Carries a step out at the first address, in turn, that can be connected to.
async fn in_turn(
    step: &Step,
    connections: &[Connection],
    first: usize,
    values: &mut Values,
) -> Result<Instant, NotDone> {
    let count = connections.len();
    let mut tried = 0;
    loop {
        let place = (first + tried) % count;
        let done = connections[place].carry_out(step, &step.deed.at[place], values).await;
        tried += 1;
        match done {
            Err(NotDone::NoAnswer { what: NoAnswer::CannotConnect, .. }) if tried < count => {}
            done => return done,
        }
    }
}

/// Waits until it is so, or for this long: whether it is so.
async fn until(is_so: impl Fn() -> bool, deadline: Instant, stop: &CancellationToken) -> Result<bool, Halt> {
    let mut looks = tokio::time::interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        if stop.is_cancelled() {
            return Err(Halt::Stopped);
        }
        if is_so() {
            return Ok(true);
        }
        if clock::instant() >= deadline {
            return Ok(false);
        }
        looks.tick().await;
    }
}

fn lock<T>(shared: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
