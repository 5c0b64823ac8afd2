//! Some nodes, their database, their clients, and what goes wrong; one thread, and one seed for everything that is left to chance.
//!
//! Time passes in steps of one to three milliseconds. In each, messages that are due arrive, then every node runs for as long as
//! its own clock says, then the clients. A node is a runtime of its own, whose time stands still but for these steps; one that is
//! stopped does not run, and finds its clock further on when it does again.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use claviger_lease::{Drift, LeaseLength};
use http_body_util::BodyExt;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio::task::LocalSet;
use tower::ServiceExt;

use super::chance::Chance;
use super::clients::{Asked, Clients};
use super::database::{Database, Replied};
use super::here::{self, NodeClock};
use super::history::Counts;
use super::message::{ConnectionId, Message, ReplyTo, Said, Statement};
use super::template::Template;
use crate::api;
use crate::cluster::membership::AmongOthers;
use crate::node::{House, Node};
use crate::store::Location;
use crate::store::nodes::{NodeName, NodeProperties};

const NODES: usize = 3;
const WORKERS: usize = 3;
const WATCHERS: usize = 4;

/// Short, so that much happens in a simulated second.
const LEASE: Duration = Duration::from_millis(400);

/// Faults happen for so long; then all is well, and nodes answer within the other: one that was marked out again and again rests for
/// up to a minute.
const FAULTS_LAST: Duration = Duration::from_secs(6);
const WELL_WITHIN: Duration = Duration::from_secs(90);

/// What a simulation came to.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) violations: Vec<String>,
    pub(super) counts: Counts,
    pub(super) faults: u64,
    /// Everything that was said, in its order.
    pub(super) said: Vec<String>,
}

struct SimulatedNode {
    house: House,
    runtime: Option<(LocalSet, Runtime)>,
    clock: NodeClock,
    /// How fast its clock goes, in thousandths, and what is left over.
    speed: u32,
    left_over: u32,
    /// What passed while it was stopped.
    asleep: Option<Duration>,
    /// Nothing passes between it and the database.
    is_cut_off: bool,
    open: Arc<Mutex<Open>>,
}

/// What a node tells of itself.
#[derive(Default)]
struct Open {
    router: Option<Router>,
    has_ended: bool,
}

fn told(open: &Mutex<Open>) -> MutexGuard<'_, Open> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is on its way between nodes and the database.
enum OnItsWay {
    ToDatabase(Message),
    ToNode(Replied),
    News(usize, mpsc::UnboundedSender<()>),
}

impl OnItsWay {
    fn node(&self) -> usize {
        match self {
            Self::ToDatabase(message) => message.node,
            Self::ToNode(replied) => replied.node,
            Self::News(node, _) => *node,
        }
    }
}

/// When something is over.
#[derive(Debug, Clone, Copy)]
enum Over {
    Start(usize),
    Wake(usize),
    Connect(usize),
    Fast,
    Able,
}

pub(super) struct World {
    chance: Chance,
    now: Duration,
    nodes: Vec<SimulatedNode>,
    database: Database,
    /// By when they arrive, then by when they were sent.
    due: BinaryHeap<Reverse<(Duration, u64)>>,
    on_its_way: BTreeMap<u64, OnItsWay>,
    sent: u64,
    /// When the last message of a connection arrives, each way: they do not overtake each other.
    last: BTreeMap<(ConnectionId, bool), Duration>,
    /// What waits for a node to be connected again.
    held: Vec<OnItsWay>,
    over: Vec<(Duration, Over)>,
    next_fault: Duration,
    faults: u64,
    /// The database takes up to so many milliseconds for an answer.
    slow: u64,
    /// One statement in so many fails; never where it is 0.
    failing: u64,
    /// What clients run in.
    outside: Runtime,
    clients: Clients,
    said: Vec<String>,
    folder: PathBuf,
}

/// Runs one simulation to its end.
pub(super) fn run(seed: u64, template: &Template) -> Outcome {
    let mut chance = Chance::seeded(seed);
    here::begin(chance.split());
    let folder = tempfile::tempdir_in(shared_memory()).expect("a folder");
    let mut world = World::new(chance, template, folder.path());
    let outcome = world.run();
    drop(world);
    here::end();
    outcome
}

/// A disk would only cost time.
fn shared_memory() -> PathBuf {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() }
}

fn paused() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime")
}

/// Lets so much time pass, and everything happen that is due.
async fn pass(milliseconds: u64) {
    tokio::time::advance(Duration::from_millis(milliseconds)).await;
    settle().await;
}

async fn settle() {
    for _ in 0..4 {
        tokio::task::yield_now().await;
    }
}

impl World {
    fn new(mut chance: Chance, template: &Template, folder: &Path) -> Self {
        let file = folder.join("store.db");
        std::fs::write(&file, &template.store).expect("written");
        let (outside, clients) = (paused(), Clients::of(NODES, template));
        for number in 0..WORKERS {
            outside.spawn(clients.clone().work(number, chance.split()));
        }
        for _ in 0..WATCHERS {
            outside.spawn(clients.clone().watch(chance.split()));
        }
        clients.shared(|shared| shared.working = WORKERS + WATCHERS);
        let mut world = Self {
            now: Duration::ZERO,
            nodes: Vec::new(),
            database: Database::open(&file),
            due: BinaryHeap::new(),
            on_its_way: BTreeMap::new(),
            sent: 0,
            last: BTreeMap::new(),
            held: Vec::new(),
            over: Vec::new(),
            next_fault: chance.millis(200, 1_500),
            faults: 0,
            slow: 0,
            failing: 0,
            outside,
            clients,
            said: Vec::new(),
            folder: folder.to_owned(),
            chance,
        };
        for number in 0..NODES {
            let node = world.new_node(number, template);
            world.nodes.push(node);
            world.start(number);
        }
        world
    }

    fn new_node(&mut self, number: usize, template: &Template) -> SimulatedNode {
        let audit_key = self.folder.join(format!("audit-{number}.key"));
        template.write_audit_key(&audit_key);
        // Nothing listens there: what tells that the database moved on is simulated apart.
        let url = format!("postgres://node-{number}@localhost/claviger?host=/nonexistent");
        let mut house = House::at(Location::from_url(&url).expect("an address"), audit_key);
        let name = NodeName::parse(&format!("node-{number}")).expect("a name");
        let lease = LeaseLength::new(LEASE).expect("a lease");
        house.among_others = AmongOthers { properties: NodeProperties { name, lease }, drift: Drift::USUAL };
        let clock = NodeClock {
            before: self.chance.millis(0, 100_000),
            began: self.outside.block_on(async { here::runtime_clock() }),
        };
        let speed = 900 + self.chance.below(201) as u32;
        let open = Arc::default();
        SimulatedNode { house, runtime: None, clock, speed, left_over: 0, asleep: None, is_cut_off: false, open }
    }

    /// A new process.
    fn start(&mut self, number: usize) {
        let node = &mut self.nodes[number];
        let runtime = paused();
        node.clock.began = runtime.block_on(async { here::runtime_clock() });
        let open = Arc::new(Mutex::new(Open::default()));
        let (house, tells) = (node.house.clone(), Arc::clone(&open));
        let opening = LocalSet::new();
        opening.spawn_local(async move {
            let opened = Node::open(house, |_| {}).await;
            let Ok((node, mut running)) = opened else {
                told(&tells).has_ended = true;
                return;
            };
            let router = api::router(node, std::iter::empty().collect());
            told(&tells).router = Some(router);
            let failed = running.failed();
            if running.loaded().await.is_ok() {
                failed.cancelled().await;
            }
            told(&tells).router = None;
            running.stop().await;
            told(&tells).has_ended = true;
        });
        (node.runtime, node.open) = (Some((opening, runtime)), open);
    }

    /// As by SIGKILL, or after it has ended by itself.
    fn end(&mut self, number: usize) {
        let node = &mut self.nodes[number];
        if let Some((opening, runtime)) = node.runtime.take() {
            let shown = runtime.block_on(async { here::runtime_clock() });
            node.clock.before += shown.duration_since(node.clock.began) + node.asleep.take().unwrap_or_default();
            here::turn_of(None);
            // What a pool keeps goes by way of its runtime.
            let within = runtime.enter();
            drop(opening);
            drop(within);
            runtime.shutdown_background();
        }
        // In which order a runtime lets go of its tasks is its own business.
        let mut last_words = here::sent();
        last_words.sort_by_key(|message| message.connection);
        self.go_on_their_way(last_words);
        self.over.push((self.now + self.chance.millis(20, 800), Over::Start(number)));
    }

    fn run(&mut self) -> Outcome {
        while self.now < FAULTS_LAST {
            self.step(true);
        }
        self.clients.shared(|shared| shared.is_enough = true);
        self.mend_everything();
        let mut is_looked_at = false;
        let until = self.now + WELL_WITHIN;
        while self.now < until {
            self.step(false);
            if self.clients.shared(|shared| shared.working) > 0 || !self.is_well() {
                continue;
            }
            if is_looked_at {
                break;
            }
            is_looked_at = true;
            self.clients.shared(|shared| shared.working = 1);
            self.outside.spawn(self.clients.clone().look_at_all());
        }
        if !is_looked_at || self.clients.shared(|shared| shared.working) > 0 {
            self.clients.shared(|shared| {
                shared.history.violations.push("a node did not come back, or a write was not answered".to_owned())
            });
        }
        let (said, faults) = (std::mem::take(&mut self.said), self.faults);
        self.clients.shared(|shared| Outcome {
            violations: std::mem::take(&mut shared.history.violations),
            counts: shared.history.counts,
            faults,
            said,
        })
    }

    fn is_well(&self) -> bool {
        self.nodes.iter().all(|node| {
            let open = told(&node.open);
            node.runtime.is_some() && open.router.is_some() && !open.has_ended
        })
    }

    fn step(&mut self, may_fail: bool) {
        let passes = self.chance.below(3) + 1;
        self.now += Duration::from_millis(passes);
        here::is_at(self.now);
        self.what_is_over();
        if may_fail && self.now >= self.next_fault {
            self.fault();
        }
        self.arrive();
        self.database.tend(self.now);
        self.answers();
        self.tell_news();
        for number in 0..self.nodes.len() {
            self.turn_of(number, passes);
            self.collect();
        }
        here::turn_of(None);
        self.outside.block_on(pass(passes));
        self.pass_requests_on();
    }

    fn turn_of(&mut self, number: usize, passes: u64) {
        let node = &mut self.nodes[number];
        let thousandths = node.left_over + passes as u32 * node.speed;
        node.left_over = thousandths % 1_000;
        let own = u64::from(thousandths / 1_000);
        let Some((opening, runtime)) = &node.runtime else {
            node.clock.before += Duration::from_millis(own);
            return;
        };
        if let Some(asleep) = &mut node.asleep {
            *asleep += Duration::from_millis(own);
            return;
        }
        here::turn_of(Some(node.clock));
        runtime.block_on(opening.run_until(pass(own)));
        if told(&node.open).has_ended {
            self.end(number);
        }
    }

    /// What the nodes have said since goes on its way.
    fn collect(&mut self) {
        self.go_on_their_way(here::sent());
    }

    fn go_on_their_way(&mut self, messages: Vec<Message>) {
        for message in messages {
            let words = match &message.said {
                Said::Hello(_) => "hello",
                Said::Goodbye => "goodbye",
                Said::Statement(statement, _) => statement.sql.get(..24).unwrap_or(&statement.sql),
            };
            let (node, connection) = (message.node, message.connection.0);
            self.said.push(format!("{:?} node {node} connection {connection}: {words}", self.now));
            let takes = self.chance.millis(0, 2);
            self.send((message.connection, true), takes, OnItsWay::ToDatabase(message));
        }
    }

    fn send(&mut self, way: (ConnectionId, bool), takes: Duration, what: OnItsWay) {
        let last = self.last.entry(way).or_default();
        *last = (self.now + takes).max(*last);
        self.sent += 1;
        self.due.push(Reverse((*last, self.sent)));
        self.on_its_way.insert(self.sent, what);
    }

    fn arrive(&mut self) {
        while let Some(Reverse((due, number))) = self.due.peek().copied()
            && due <= self.now
        {
            self.due.pop();
            let Some(what) = self.on_its_way.remove(&number) else { continue };
            match self.nodes[what.node()].is_cut_off {
                true => self.held.push(what),
                false => self.arrived(what),
            }
        }
    }

    fn arrived(&mut self, what: OnItsWay) {
        match what {
            OnItsWay::ToDatabase(Message { node, connection, said }) => {
                match said {
                    Said::Hello(reply) => self.database.connect(node, connection, reply, self.now),
                    Said::Goodbye => self.database.disconnect(connection, self.now),
                    Said::Statement(statement, reply) => self.asked(node, connection, statement, reply),
                }
                self.answers();
            }
            OnItsWay::ToNode(Replied { to, reply: Some(reply), .. }) => drop(to.send(reply)),
            OnItsWay::ToNode(Replied { reply: None, .. }) => {}
            OnItsWay::News(_, tells) => drop(tells.send(())),
        }
    }

    fn asked(&mut self, node: usize, connection: ConnectionId, statement: Statement, reply: ReplyTo) {
        if self.failing > 0 && self.chance.one_in(self.failing) {
            // Either before or after it was done, which nobody can tell.
            if self.chance.one_in(2) {
                let (unheard, _) = tokio::sync::oneshot::channel();
                self.database.asked(node, connection, statement, unheard, self.now);
            }
            self.database.disconnect(connection, self.now);
            let takes = self.chance.millis(0, 5);
            let replied = Replied { node, connection, to: reply, reply: None };
            self.send((connection, false), takes, OnItsWay::ToNode(replied));
            return;
        }
        self.database.asked(node, connection, statement, reply, self.now);
    }

    fn answers(&mut self) {
        for replied in self.database.replies() {
            let takes = self.chance.millis(0, 2) + self.chance.millis(0, self.slow);
            self.send((replied.connection, false), takes, OnItsWay::ToNode(replied));
        }
    }

    /// Whoever listens hears that the database moved on: at once, later or never.
    fn tell_news(&mut self) {
        if !std::mem::take(&mut self.database.has_moved) {
            return;
        }
        for (node, tells) in here::listeners() {
            let takes = match self.chance.below(4) {
                0 => continue,
                1 => self.chance.millis(2, 300),
                _ => self.chance.millis(0, 2),
            };
            self.sent += 1;
            self.due.push(Reverse((self.now + takes, self.sent)));
            self.on_its_way.insert(self.sent, OnItsWay::News(node, tells));
        }
    }

    /// Requests of clients reach their nodes, where somebody listens.
    fn pass_requests_on(&mut self) {
        let answers = self.clients.shared(|shared| std::mem::take(&mut shared.said));
        self.said.extend(answers);
        for Asked { node, request, answer } in self.clients.shared(|shared| std::mem::take(&mut shared.asked)) {
            let node = &self.nodes[node];
            let router = told(&node.open).router.clone();
            let (Some((_, runtime)), Some(router)) = (&node.runtime, router) else { continue };
            self.said.push(format!("{:?} {} {}", self.now, request.method(), request.uri()));
            runtime.spawn(async move {
                let Ok(response) = router.oneshot(request).await;
                let status = response.status();
                let body = response.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
                drop(answer.send((status, serde_json::from_slice(&body).unwrap_or_default())));
            });
        }
    }

    fn fault(&mut self) {
        self.faults += 1;
        self.next_fault = self.now + self.chance.millis(100, 1_200);
        let number = self.chance.below(NODES as u64) as usize;
        let lasts = self.chance.millis(20, 1_600);
        let until = self.now + lasts;
        match self.chance.below(8) {
            0 | 1 if self.nodes[number].runtime.is_some() => self.end(number),
            2 | 3 if self.nodes[number].asleep.is_none() && self.nodes[number].runtime.is_some() => {
                self.nodes[number].asleep = Some(Duration::ZERO);
                self.over.push((until, Over::Wake(number)));
            }
            4 | 5 => {
                self.nodes[number].is_cut_off = true;
                self.over.push((until, Over::Connect(number)));
            }
            6 => {
                self.slow = 20 + self.chance.below(600);
                self.over.push((until, Over::Fast));
            }
            7 if self.chance.one_in(2) => {
                self.failing = 5 + self.chance.below(40);
                self.over.push((until, Over::Able));
            }
            _ => {
                self.database.restart(self.now);
                self.answers();
            }
        }
    }

    fn what_is_over(&mut self) {
        let now = self.now;
        let (over, still): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.over).into_iter().partition(|(when, _)| *when <= now);
        self.over = still;
        for (_, what) in over {
            match what {
                Over::Start(number) => self.start(number),
                Over::Wake(number) => self.wake(number),
                Over::Connect(number) => self.connect_again(number),
                Over::Fast => self.slow = 0,
                Over::Able => self.failing = 0,
            }
        }
    }

    /// Its clock went on meanwhile.
    fn wake(&mut self, number: usize) {
        let node = &mut self.nodes[number];
        if let (Some(asleep), Some((opening, runtime))) = (node.asleep.take(), &node.runtime) {
            here::turn_of(Some(node.clock));
            runtime.block_on(opening.run_until(async {
                tokio::time::advance(asleep).await;
                settle().await;
            }));
        }
        self.collect();
    }

    /// What was on its way comes now, in its order.
    fn connect_again(&mut self, number: usize) {
        self.nodes[number].is_cut_off = false;
        let (come, stay): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.held).into_iter().partition(|what| what.node() == number);
        self.held = stay;
        come.into_iter().for_each(|what| self.arrived(what));
    }

    fn mend_everything(&mut self) {
        (self.slow, self.failing) = (0, 0);
        for number in 0..NODES {
            self.wake(number);
            self.connect_again(number);
        }
    }
}
