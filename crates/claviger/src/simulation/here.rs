//! What this thread simulates: whose clock is read, and where random bytes and messages come from and go to.
//!
//! [`clock`](crate::clock), [`random`](crate::random) and the load of a directory ask here first, in tests alone. What must stay
//! true: on a thread that simulates nothing, nothing is different.

use std::cell::RefCell;
use std::pin::Pin;
use std::time::Duration;

use claviger_access::Moment;
use claviger_lease::Reading;
use tokio::sync::mpsc;

use super::chance::Chance;
use super::message::{ConnectionId, Message};

/// When simulations begin, in UTC.
const BEGIN: i64 = 1_800_000_000;

/// One simulation.
struct Here {
    chance: Chance,
    now: Duration,
    /// Of the node whose turn it is.
    clock: Option<NodeClock>,
    outbox: Vec<Message>,
    connections: u64,
    /// By their nodes.
    listeners: Vec<(usize, mpsc::UnboundedSender<()>)>,
}

/// A node's clock, which counts while the node is not running, too.
#[derive(Debug, Clone, Copy)]
pub(super) struct NodeClock {
    /// What it showed when this start of the node began, and what the runtime's clock showed then.
    pub(super) before: Duration,
    pub(super) began: tokio::time::Instant,
}

thread_local! {
    static HERE: RefCell<Option<Here>> = const { RefCell::new(None) };
}

fn with<T>(what: impl FnOnce(&mut Here) -> T) -> Option<T> {
    HERE.try_with(|here| here.borrow_mut().as_mut().map(what)).ok().flatten()
}

/// Simulates on this thread from now on.
pub(super) fn begin(chance: Chance) {
    HERE.set(Some(Here {
        chance,
        now: Duration::ZERO,
        clock: None,
        outbox: Vec::new(),
        connections: 0,
        listeners: Vec::new(),
    }));
}

/// What was left in it is dropped.
pub(super) fn end() {
    HERE.set(None);
}

pub(super) fn is_at(now: Duration) {
    with(|here| here.now = now);
}

pub(super) fn turn_of(clock: Option<NodeClock>) {
    with(|here| here.clock = clock);
}

/// One that there was not before.
pub(super) fn next_connection() -> ConnectionId {
    let number = with(|here| {
        here.connections += 1;
        here.connections
    });
    ConnectionId(number.unwrap_or_default())
}

/// Whether this thread simulates anything.
pub(crate) fn is_simulated() -> bool {
    with(|_| ()).is_some()
}

/// Sends a message to the database.
pub(super) fn send(message: Message) {
    with(|here| here.outbox.push(message));
}

/// What was sent since this was asked last.
pub(super) fn sent() -> Vec<Message> {
    with(|here| std::mem::take(&mut here.outbox)).unwrap_or_default()
}

/// News for the node that connects by this URL.
pub(crate) fn listen(url: &str) -> Option<mpsc::UnboundedReceiver<()>> {
    let node = url.strip_prefix("postgres://node-")?.split('@').next()?.parse().ok()?;
    let (tells, told) = mpsc::unbounded_channel();
    with(|here| here.listeners.push((node, tells)))?;
    Some(told)
}

/// Whoever listens still.
pub(super) fn listeners() -> Vec<(usize, mpsc::UnboundedSender<()>)> {
    let listeners = with(|here| {
        here.listeners.retain(|(_, tells)| !tells.is_closed());
        here.listeners.clone()
    });
    listeners.unwrap_or_default()
}

/// The time of day, which all nodes and the database agree on.
pub(crate) fn now() -> Option<Moment> {
    let now = with(|here| here.now)?;
    Moment::from_seconds(BEGIN + i64::try_from(now.as_secs()).unwrap_or_default())
}

/// The reading of the node's clock.
pub(crate) fn reading() -> Option<Reading> {
    let clock = with(|here| here.clock)??;
    Some(Reading(clock.before + runtime_clock().duration_since(clock.began)))
}

/// The same for durations.
pub(crate) fn instant() -> Option<std::time::Instant> {
    with(|here| here.clock)??;
    Some(runtime_clock().into_std())
}

/// What the clock of the runtime that runs shows, which stands still but for the steps of a simulation.
#[expect(clippy::disallowed_methods, reason = "it is no clock of the machine's")]
pub(super) fn runtime_clock() -> tokio::time::Instant {
    tokio::time::Instant::now()
}

/// Whether the bytes were filled.
pub(crate) fn fill(bytes: &mut [u8]) -> bool {
    with(|here| {
        bytes.chunks_mut(8).for_each(|chunk| chunk.copy_from_slice(&here.chance.number().to_le_bytes()[..chunk.len()]))
    })
    .is_some()
}

/// As [`tokio::task::spawn_blocking`]. Where time is simulated, the thread is waited for without letting any pass.
pub(crate) fn spawn_blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Pin<Box<dyn Future<Output = Result<T, String>> + Send>> {
    if !is_simulated() {
        let running = tokio::task::spawn_blocking(work);
        return Box::pin(async { running.await.map_err(|error| error.to_string()) });
    }
    let running = std::thread::spawn(work);
    Box::pin(async { running.join().map_err(|_| "it panicked".to_owned()) })
}
