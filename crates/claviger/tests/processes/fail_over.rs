//! A primary and a synchronous standby: the primary goes, the standby is promoted, and nothing that was answered is lost.
//!
//! Real PostgreSQL servers and real nodes, which are given both addresses; workers and watchers as while [faults](crate::faults)
//! happen. A standby is never written to, and a primary that was replaced and still runs takes nobody's writes.

use crate::chance::Chance;
use crate::client::Caller;
use crate::faults::history::History;
use crate::faults::relay::Relay;
use crate::faults::traffic::Traffic;
use crate::faults::worker::Place;
use crate::faults::{answers_again, free_port, writes_go_on};
use crate::postgres::Cluster;
use crate::process::{run, wait_until};
use crate::server::{Founded, Server, Store};

const NODES: usize = 3;
const ROUNDS: usize = 3;
const WORKERS: u64 = 4;
const WATCHERS: u64 = 4;

/// So many writes are answered before the next fail-over, and after the last.
const WRITES_BETWEEN: u64 = 40;

/// A store in a primary that has a standby, at both addresses.
struct Replicated {
    primary: Cluster,
    standby: Cluster,
    store: Store,
    founded: Founded,
}

impl Replicated {
    fn start() -> Self {
        let primary = Cluster::start();
        let store = Store::in_cluster(&primary);
        let founded = store.init();
        let standby = primary.synchronous_standby(None);
        let both = format!("{},{}", store.database(), standby.same(store.database()));
        // Where the key of the audit log is, too.
        Self { primary, standby, store: store.at_another_address(both), founded }
    }

    fn serving(&self, node: usize, port: u16) -> Server {
        let listen = format!("127.0.0.1:{port}");
        let name = format!("node-{node}");
        Server::ready(self.store.serving(&["--listen", &listen, "--node-name", &name, "--lease", "1s"]))
    }

    /// The store as the server that is primary now has it.
    fn in_primary(&self) -> Store {
        let (first, _) = self.store.database().split_once(',').expect("two addresses");
        Store::elsewhere(self.primary.same(first))
    }
}

/// Each time the old primary's place is taken by a standby of the new one, so it goes there and back.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_that_was_answered_is_lost_where_the_standby_is_promoted() {
    let mut chance = Chance::from_environment("CLAVIGER_TEST_FAULT_SEED");
    let mut replicated = Replicated::start();
    let ports: Vec<u16> = (0..NODES).map(|_| free_port()).collect();
    let servers: Vec<Server> = ports.iter().enumerate().map(|(node, port)| replicated.serving(node, *port)).collect();
    let owners: Vec<Caller> = servers.iter().map(|server| replicated.founded.at(server)).collect();
    let place = Place { organization: replicated.founded.organization, project: replicated.founded.project };
    let urls = servers.iter().map(|server| server.url().to_owned()).collect();
    let history = History::new(urls, owners[0].clone());
    let traffic = Traffic::begin(history, place, WORKERS, WATCHERS, &mut chance);
    for _ in 0..ROUNDS {
        answered_more(&traffic.history).await;
        replicated.primary.kill();
        replicated.standby.promote();
        for owner in &owners {
            answers_again(owner).await;
        }
        writes_go_on(&traffic.history).await;
        answered_more(&traffic.history).await;
        let standby = replicated.standby.synchronous_standby(Some(replicated.primary.port()));
        replicated.primary = std::mem::replace(&mut replicated.standby, standby);
    }
    answered_more(&traffic.history).await;
    let history = traffic.ends(&replicated.in_primary()).await;
    println!("{ROUNDS} fail-overs: {history}");
    for server in &servers {
        wait_until("it is told of", || {
            server.err().matches("this node goes on with another database").count() >= ROUNDS
        });
    }
}

async fn answered_more(history: &History) {
    let enough = history.answered() + WRITES_BETWEEN;
    while history.answered() < enough {
        writes_go_on(history).await;
    }
}

/// Nobody told the old primary. It lets in whoever comes, answers reads, and never ends a commit, for its standby has left it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_that_was_replaced_and_still_runs_serves_nobody() {
    let replicated = Replicated::start();
    let organization = replicated.founded.organization;
    let (port, other_port) = (free_port(), free_port());
    let (server, other) = (replicated.serving(0, port), replicated.serving(1, other_port));
    let owner = replicated.founded.at(&server);
    let (id, account) = owner.create(organization, "deleted later").await;
    replicated.standby.promote();
    wait_until("the node to go on with the promoted one", || {
        server.err().contains("this node goes on with another database")
    });
    answers_again(&owner).await;
    answers_again(&replicated.founded.at(&other)).await;
    let path = format!("/api/app/organizations/{organization}/service-accounts/{id}");
    owner.delete(&path).await.is(200);
    for at in [&server, &other] {
        assert_eq!(account.at(at.url()).me().await.status, 401);
    }
    // Lists come from where the writes are.
    let listed = owner.get(&format!("/api/app/organizations/{organization}/service-accounts")).await.is(200);
    assert_eq!(listed.as_array().expect("a list").len(), 1, "{listed}");

    // One that starts tries the old one first, and does not stay with it.
    server.stop();
    let again = replicated.serving(0, port);
    assert_eq!(account.at(again.url()).me().await.status, 401);
    assert_eq!(replicated.founded.at(&again).me().await.status, 200);
    again.stop();
    other.stop();
}

/// What a node says whose report has failed.
const NOT_TAKEN: &str = "does not take this node's reports";

/// An address whose server is gone without a word takes a connection's time, which is longer than a report's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_leads_nowhere_keeps_no_node_out() {
    let cluster = Cluster::start();
    let store = Store::in_cluster(&cluster);
    let founded = store.init();
    let nowhere = Relay::to(store.database()).await;
    nowhere.cut_off(true);
    let (first, last) =
        (format!("{},{}", nowhere.url(), store.database()), format!("{},{}", store.database(), nowhere.url()));
    let mut store = store;
    for addresses in [first, last] {
        store = store.at_another_address(addresses);
        let server = store.serve_with(&["--lease", "1s"]);
        let owner = founded.at(&server);
        for failed in 1..=2 {
            // Between two reports their session may have asked for something else.
            wait_until("a session that reports to be ended", || cluster.end_sessions_that_report() > 0);
            wait_until("a report to have failed", || server.err().matches(NOT_TAKEN).count() >= failed);
            answers_again(&owner).await;
            // Beyond the lease that it had.
            let (id, _) = owner.create(founded.organization, "made").await;
            let path = format!("/api/app/organizations/{}/service-accounts/{id}", founded.organization);
            owner.delete(&path).await.is(200);
        }
        server.stop();
    }
}

/// What asynchronous replication costs: what was answered is not in the standby. Nobody is let in with what was revoked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_that_lacks_what_was_answered_serves_nobody_until_that_is_accepted() {
    let mut replicated = Replicated::start();
    let organization = replicated.founded.organization;
    let server = replicated.serving(0, free_port());
    let owner = replicated.founded.at(&server);
    let (id, account) = owner.create(organization, "deleted later").await;
    replicated.primary.replicate_asynchronously();
    replicated.standby.kill();
    owner.delete(&format!("/api/app/organizations/{organization}/service-accounts/{id}")).await.is(200);
    replicated.primary.kill();
    replicated.standby.restart();
    replicated.standby.promote();
    wait_until("the node to notice it", || server.err().contains("the store has lost history"));
    for caller in [&account, &owner] {
        assert_eq!(caller.me().await.status, 503);
    }
    let accept = ["restore", "accept", "--revoked-may-return", "--lease", "1s"];
    run(replicated.store.command(&accept)).ok();
    answers_again(&owner).await;
    assert_eq!(account.me().await.status, 200, "it may return, as was said");
}

/// Whoever cancels a wait for the standby has PostgreSQL say that it is done. What says so is no report, and no answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_wait_was_cancelled_is_not_taken_for_done() {
    let mut replicated = Replicated::start();
    let organization = replicated.founded.organization;
    let server = replicated.store.serve_with(&["--lease", "1s"]);
    let owner = replicated.founded.at(&server);
    let (id, account) = owner.create(organization, "deleted later").await;
    replicated.standby.kill();
    let path = format!("/api/app/organizations/{organization}/service-accounts/{id}");
    let deleting = tokio::spawn(async move { owner.delete(&path).await.status });
    let mut cancelled = 0;
    while !deleting.is_finished() {
        cancelled += replicated.primary.cancel_waits_for_the_standby();
    }
    assert_eq!(deleting.await.expect("an answer"), 503, "the standby lacks it");
    assert!(cancelled >= 2, "the write, and reports: {cancelled}");
    assert_eq!(account.me().await.status, 503, "and no report gave a lease");
}

/// A standby alone is no store.
#[test]
fn a_standby_is_not_written_to() {
    let replicated = Replicated::start();
    let standby = Store::elsewhere(replicated.standby.same(replicated.in_primary().database()));
    for command in ["serve", "nodes"] {
        let refusal = run(standby.command(&[command])).err;
        assert!(refusal.contains("it takes no writes: a standby, or set to be read only"), "{command}: {refusal}");
    }
    // Its address may stand in front.
    let both = format!("{},{}", standby.database(), replicated.in_primary().database());
    let listed = run(Store::elsewhere(both).command(&["nodes"])).ok();
    assert!(listed.is_empty() || !listed.contains("node-"), "{listed}");
    let nowhere = format!("{},postgres://nobody@127.0.0.1:1/x", standby.database());
    let refused = run(Store::elsewhere(nowhere).command(&["nodes"]));
    assert_eq!(refused.code(), 7, "{}", refused.err);
    assert!(refused.err.contains("none of the databases can be used: postgres://127.0.0.1"), "{}", refused.err);
}
