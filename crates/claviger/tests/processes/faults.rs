//! Three nodes on one PostgreSQL, while nodes are killed, stopped and cut off, and the database is restarted.
//!
//! Workers make credentials, use them, take roles and delete them, at any node; watchers go on asking with what was deleted, at
//! every node, also at those that sleep. What must stay true, whatever fails: what was made works everywhere from the answer
//! on; no request that began after a deletion, the removal of a role or an end was answered is let in, at any node; no
//! acknowledged write is lost; while a node is silent, writes are answered; nodes come back by themselves.
//!
//! `CLAVIGER_TEST_FAULT_SECONDS` says for how long (300), `CLAVIGER_TEST_FAULT_SEED` repeats the throws of a run; the moments
//! are up to the machine.

pub(crate) mod history;
pub(crate) mod relay;
pub(crate) mod traffic;
pub(crate) mod worker;

use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;

use self::history::History;
use self::relay::Relay;
use self::traffic::Traffic;
use self::worker::Place;
use crate::chance::Chance;
use crate::client::Caller;
use crate::postgres::Cluster;
use crate::server::{Founded, Server, Store};

const NODES: usize = 3;
const WORKERS: u64 = 6;
/// Enough that some ask while others wait for a node that sleeps.
const WATCHERS: u64 = 8;

/// Longer than a lease with what clocks may differ.
const FAULT_LASTS: Duration = Duration::from_secs(6);
const REST_LASTS: Duration = Duration::from_secs(2);

const POLL: Duration = Duration::from_millis(20);
const POLLS_MAX: u32 = 3_000;

/// What is done to the installation.
#[derive(Debug, Clone, Copy)]
enum Fault {
    /// A node is killed, and started again.
    Kill,
    /// A node sleeps, and wakes up.
    Stop,
    /// A node and the database do not reach each other; what was on its way comes later.
    CutOff,
    /// The database ends as in a power failure, and is started again.
    Database,
}

/// The database, and the nodes before it.
struct Installation {
    cluster: Cluster,
    store: Store,
    relays: Vec<Relay>,
    ports: Vec<u16>,
    /// None while it is killed.
    servers: Vec<Option<Server>>,
    founded: Founded,
}

impl Installation {
    async fn start() -> Self {
        let cluster = Cluster::start();
        let store = Store::in_cluster(&cluster);
        let founded = store.init();
        let mut relays = Vec::new();
        for _ in 0..NODES {
            relays.push(Relay::to(store.database()).await);
        }
        let ports = (0..NODES).map(|_| free_port()).collect();
        let mut installation = Self { cluster, store, relays, ports, servers: Vec::new(), founded };
        for node in 0..NODES {
            let server = Server::ready(installation.serving(node));
            installation.servers.push(Some(server));
        }
        installation
    }

    fn serving(&self, node: usize) -> Command {
        let name = format!("node-{node}");
        let listen = format!("127.0.0.1:{}", self.ports[node]);
        let options = ["serve", "--listen", &listen, "--node-name", &name, "--database", self.relays[node].url()];
        self.store.claviger(&options)
    }

    fn urls(&self) -> Vec<String> {
        self.ports.iter().map(|port| format!("http://127.0.0.1:{port}")).collect()
    }

    fn owner(&self, node: usize) -> Caller {
        Caller::new(&self.urls()[node], &self.founded.username, &self.founded.secret)
    }

    fn server(&self, node: usize) -> &Server {
        self.servers[node].as_ref().expect("it runs")
    }

    /// One fault from its beginning to its end.
    async fn suffers(&mut self, fault: Fault, node: usize, for_so_long: Duration, history: &History) {
        match fault {
            Fault::Kill => {
                self.servers[node].take().expect("it runs").kill();
                tokio::time::sleep(for_so_long).await;
                self.servers[node] = Some(self.started_again(node));
            }
            Fault::Stop => {
                self.server(node).signal(Signal::STOP);
                tokio::time::sleep(for_so_long).await;
                writes_go_on(history).await;
                self.server(node).signal(Signal::CONT);
            }
            Fault::CutOff => {
                self.relays[node].cut_off(true);
                tokio::time::sleep(for_so_long).await;
                writes_go_on(history).await;
                self.relays[node].cut_off(false);
            }
            Fault::Database => {
                self.cluster.kill();
                tokio::time::sleep(for_so_long / 4).await;
                self.cluster.restart();
            }
        }
    }

    /// As by a supervisor, which tries until it works.
    fn started_again(&self, node: usize) -> Server {
        for _ in 0..POLLS_MAX {
            if let Ok(server) = Server::start(self.serving(node)) {
                return server;
            }
            std::thread::sleep(POLL);
        }
        panic!("node {node} does not start again");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_answered_holds_at_every_node_whatever_fails() {
    let seconds = std::env::var("CLAVIGER_TEST_FAULT_SECONDS");
    let seconds = seconds.map_or(300, |text| text.parse().expect("a number of seconds"));
    let mut chance = Chance::from_environment("CLAVIGER_TEST_FAULT_SEED");
    let mut installation = Installation::start().await;
    let project = installation.store.number("SELECT MIN(id) FROM projects").await;
    let place = Place { organization: installation.founded.organization, project: project as u64 };
    let history = History::new(installation.urls(), installation.owner(0));
    let traffic = Traffic::begin(history, place, WORKERS, WATCHERS, &mut chance);

    let until = claviger::clock::instant() + Duration::from_secs(seconds);
    let mut suffered = Vec::new();
    while claviger::clock::instant() < until {
        tokio::time::sleep(chance.moment(REST_LASTS)).await;
        let fault =
            chance.one_of(&[Fault::Kill, Fault::Stop, Fault::Stop, Fault::CutOff, Fault::CutOff, Fault::Database]);
        let node = chance.below(NODES as u64) as usize;
        installation.suffers(fault, node, chance.moment(FAULT_LASTS), &traffic.history).await;
        suffered.push(fault);
    }
    for node in 0..NODES {
        answers_again(&installation.owner(node)).await;
    }
    let history = traffic.ends(&installation.store).await;
    println!("{} faults: {suffered:?}; {history}", suffered.len());
    assert!(history.deleted_count() > seconds, "too little was done for the faults to mean anything: {history}");
}

/// Writes are answered while a node is silent.
pub(crate) async fn writes_go_on(history: &History) {
    let before = history.answered();
    for _ in 0..POLLS_MAX {
        if history.answered() > before {
            return;
        }
        tokio::time::sleep(POLL).await;
    }
    panic!("no write was answered while a node was silent");
}

pub(crate) async fn answers_again(owner: &Caller) {
    for _ in 0..POLLS_MAX {
        if owner.ask(reqwest::Method::GET, "/api/app/me", None, None).await.is_ok_and(|answer| answer.status == 200) {
            return;
        }
        tokio::time::sleep(POLL).await;
    }
    panic!("a node does not come back by itself");
}

/// One on which nobody listens now; the node keeps it over its starts.
pub(crate) fn free_port() -> u16 {
    let bound = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    bound.local_addr().expect("an address").port()
}
