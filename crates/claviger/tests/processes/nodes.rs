//! Several servers on one PostgreSQL: what one of them has answered, all the others know.

use rustix::process::Signal;
use serde_json::json;

use crate::client::Caller;
use crate::process::wait_until;
use crate::server::{Founded, On, Server, Store};

/// A store with an organization, and so many servers on it.
struct Nodes {
    store: Store,
    founded: Founded,
    servers: Vec<Server>,
    /// The owner, at each of them.
    owners: Vec<Caller>,
}

impl Nodes {
    fn start(names: &[&str]) -> Self {
        let store = Store::new(On::Postgres);
        let founded = store.init();
        let servers: Vec<Server> = names.iter().map(|name| store.serve_with(&["--node-name", name])).collect();
        let owners = servers.iter().map(|server| founded.at(server)).collect();
        Self { store, founded, servers, owners }
    }

    /// Makes an account at one of them.
    async fn create(&self, at: usize, name: &str) -> (u64, Caller) {
        self.owners[at].create(self.founded.organization, name).await
    }

    fn path(&self, account: u64) -> String {
        format!("/api/app/organizations/{}/service-accounts/{account}", self.founded.organization)
    }

    /// Who he is, according to each of these.
    async fn asked(&self, who: &Caller, at: impl IntoIterator<Item = usize>) -> Vec<u16> {
        let mut statuses = Vec::new();
        for node in at {
            statuses.push(who.at(self.servers[node].url()).me().await.status);
        }
        statuses
    }

    /// Waits until this one answers again.
    async fn answers(&self, node: usize) {
        for _ in 0..12_000 {
            if self.owners[node].me().await.status == 200 {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        panic!("it does not answer again: {}", self.servers[node].err());
    }
}

/// Whichever node is asked right after an answer, and whichever wrote: nothing is waited for here.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_has_answered_all_the_others_know() {
    let nodes = Nodes::start(&["a", "b", "c"]);
    for round in 0..30 {
        let (maker, taker) = (round % 3, (round / 3) % 3);
        let (id, account) = nodes.create(maker, &format!("made {round}")).await;
        assert_eq!(nodes.asked(&account, 0..3).await, [200; 3], "round {round}: made at {maker}");
        nodes.owners[taker].delete(&nodes.path(id)).await.is(200);
        assert_eq!(nodes.asked(&account, 0..3).await, [401; 3], "round {round}: deleted at {taker}");
        // Also who did it a second time, elsewhere, is told what all of them know.
        nodes.owners[maker].delete(&nodes.path(id)).await.is(404);
    }
    let names = "SELECT COUNT(DISTINCT name) FROM nodes WHERE name IN ('a', 'b', 'c')";
    assert_eq!(nodes.store.number(names).await, 3);
    assert_eq!(nodes.store.number("SELECT COUNT(*) FROM nodes").await, 3);
    for server in nodes.servers {
        server.stop();
    }
    assert_eq!(nodes.store.number("SELECT COUNT(*) FROM nodes").await, 0, "whoever goes takes its row along");
}

/// Who sleeps keeps a write waiting until his lease must have run out, and no write after that; when he wakes up, he answers
/// nothing from what he knew.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_silent_is_marked_out_and_answers_nothing_from_what_he_knew() {
    let nodes = Nodes::start(&["awake", "asleep"]);
    let (id, account) = nodes.create(0, "deleted meanwhile").await;
    assert_eq!(nodes.asked(&account, 0..2).await, [200; 2]);
    nodes.servers[1].signal(Signal::STOP);
    nodes.owners[0].delete(&nodes.path(id)).await.is(200);
    let log = nodes.servers[0].err();
    assert!(log.contains("a write waits for nodes that are silent revision=") && log.contains("asleep"), "{log}");
    assert!(log.contains("a silent node is marked out: its lease has run out node=\"asleep\""), "{log}");
    assert_eq!(nodes.store.number("SELECT COUNT(*) FROM nodes").await, 1);
    let marked_out = log.matches("marked out").count();
    let (_, next) = nodes.create(0, "made meanwhile").await;
    assert_eq!(nodes.servers[0].err().matches("marked out").count(), marked_out, "nobody is waited for any more");

    // He wakes up, with requests that are there already.
    let asked = tokio::spawn({
        let account = account.at(nodes.servers[1].url());
        async move {
            let mut statuses = Vec::new();
            while statuses.last() != Some(&401) {
                statuses.push(account.me().await.status);
            }
            statuses
        }
    });
    nodes.servers[1].signal(Signal::CONT);
    let statuses = asked.await.expect("answers");
    assert!(statuses.iter().all(|status| [401, 503].contains(status)), "{statuses:?}");
    nodes.answers(1).await;
    assert_eq!(nodes.asked(&next, 0..2).await, [200; 2]);
}

/// Also who says "there is no such account" has waited until that is so everywhere: whoever sent the deletion may have died
/// before he was answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deletion_that_is_done_already_is_said_to_be_when_all_know() {
    let nodes = Nodes::start(&["a", "b", "asleep"]);
    let (id, account) = nodes.create(0, "deleted twice").await;
    assert_eq!(nodes.asked(&account, 0..3).await, [200; 3]);
    nodes.servers[2].signal(Signal::STOP);
    let (first, path) = (nodes.owners[0].clone(), nodes.path(id));
    let deleting = tokio::spawn(async move { first.delete(&path).await.status });
    // B follows at once, and knows of no such account any more.
    let follows = account.at(nodes.servers[1].url());
    is_answered_otherwise(&follows, 200).await;
    assert!(!deleting.is_finished(), "one of them sleeps, and may answer still");
    nodes.owners[1].delete(&nodes.path(id)).await.is(404);
    assert_eq!(nodes.store.number("SELECT COUNT(*) FROM nodes").await, 2, "he who sleeps is out by then");
    assert_eq!(deleting.await.expect("an answer"), 200);
    nodes.servers[2].signal(Signal::CONT);
}

/// The row of one that was killed is removed by the next write, and it comes back as another member.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_killed_is_removed_and_may_come_back() {
    let mut nodes = Nodes::start(&["stays", "killed"]);
    nodes.servers.pop().expect("two").kill();
    assert_eq!(nodes.store.number("SELECT COUNT(*) FROM nodes").await, 2);
    let (_, account) = nodes.create(0, "made meanwhile").await;
    assert_eq!(nodes.store.number("SELECT COUNT(*) FROM nodes").await, 1);
    let back = nodes.store.serve_with(&["--node-name", "killed"]);
    nodes.owners[1] = nodes.founded.at(&back);
    nodes.servers.push(back);
    assert_eq!(nodes.asked(&account, 0..2).await, [200; 2]);
    let (_, account) = nodes.create(1, "made by the one that came back").await;
    assert_eq!(nodes.asked(&account, 0..2).await, [200; 2]);
}

/// Without its database a node answers until its lease has run out, then nothing, and comes back by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_database_nothing_is_answered_for_longer_than_a_lease() {
    let store = Store::new(On::Postgres);
    let founded = store.init();
    let server = store.serve();
    let owner = founded.at(&server);
    let rows = store.rows().await;
    // No report gets through: the row that it would change is held.
    let mut holding = rows.begin().await.expect("a transaction");
    sqlx::query("SELECT 1 FROM nodes FOR UPDATE").execute(&mut *holding).await.expect("held");
    is_answered_otherwise(&owner, 200).await;
    let refused = owner.me().await;
    assert_eq!((refused.status, refused.code()), (503, "unavailable"));
    assert_eq!(refused.retry_after.as_deref(), Some("1"));
    assert_eq!(owner.get("/readyz").await.status, 503);
    drop(holding);
    rows.close().await;
    wait_until("it to answer again", || server.err().contains("the store does not take this node's reports"));
    is_answered_otherwise(&owner, 503).await;
    owner.create(founded.organization, "made afterwards").await;
}

/// Waits until `/me` has another status than this.
async fn is_answered_otherwise(owner: &Caller, than: u16) {
    for _ in 0..12_000 {
        if owner.me().await.status != than {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("it goes on with {than}");
}

/// A write whose commit was taken, and whose node can report no more, is done, and not known to be everywhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_cannot_be_shown_to_be_everywhere_has_an_unknown_outcome() {
    let nodes = Nodes::start(&["alone"]);
    let rows = nodes.store.rows().await;
    let mut holding = rows.begin().await.expect("a transaction");
    // Neither a report nor a look gets through.
    sqlx::query("LOCK TABLE nodes IN ACCESS EXCLUSIVE MODE").execute(&mut *holding).await.expect("held");
    let path = format!("/api/app/organizations/{}/service-accounts", nodes.founded.organization);
    let answer = nodes.owners[0].post(&path, json!({ "username": "somewhere" })).await;
    assert_eq!((answer.status, answer.code()), (503, "outcome_unknown"));
    drop(holding);
    rows.close().await;
    nodes.answers(0).await;
    let made = "SELECT COUNT(*) FROM principals WHERE username LIKE 'somewhere.%' AND deleted_at IS NULL";
    assert_eq!(nodes.store.number(made).await, 1);
}

/// A database that a newer program has brought up to date is not joined again: what its changes say may be unknown here.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_out_and_meets_a_newer_schema_stays_out() {
    let nodes = Nodes::start(&["old"]);
    let rows = nodes.store.rows().await;
    for statement in [
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         SELECT 9000, 'of the future', success, checksum, 0 FROM _sqlx_migrations WHERE version = 1",
        "DELETE FROM nodes",
    ] {
        sqlx::query(statement).execute(&rows).await.expect("a row");
    }
    wait_until("it to meet the newer schema", || {
        let log = nodes.servers[0].err();
        log.contains("cannot join the others") && log.contains("has schema 9000, written by a newer claviger")
    });
    assert_eq!(nodes.owners[0].me().await.status, 503);
    sqlx::query("DELETE FROM _sqlx_migrations WHERE version = 9000").execute(&rows).await.expect("a row");
    rows.close().await;
    nodes.answers(0).await;
}

/// Operators see who is there, and who has not been heard of.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_nodes_are_listed_with_what_they_told() {
    let nodes = Nodes::start(&["a", "b"]);
    nodes.create(0, "a change").await;
    let listed = || -> serde_json::Value {
        let printed = crate::process::run(nodes.store.command(&["nodes", "--output", "json"])).ok();
        serde_json::from_str(&printed).expect("JSON")
    };
    let told = listed();
    let revision = nodes.store.number("SELECT revision FROM head").await;
    for (place, name) in ["a", "b"].into_iter().enumerate() {
        let node = &told[place];
        assert_eq!((node["name"].as_str(), &node["alive"]), (Some(name), &json!(true)), "{told}");
        assert_eq!((&node["revision"], &node["behind"]), (&json!(revision), &json!(0)), "{told}");
        assert_eq!((&node["lease_milliseconds"], &node["version"]), (&json!(3000), &json!(env!("CARGO_PKG_VERSION"))));
    }
    nodes.servers[1].signal(Signal::STOP);
    let told = listed();
    assert_eq!((&told[0]["alive"], &told[1]["alive"]), (&json!(true), &json!(false)), "{told}");
    nodes.servers[1].signal(Signal::CONT);
    let table = crate::process::run(nodes.store.command(&["nodes"])).ok();
    assert!(table.contains("Revision") && table.contains("alive"), "{table}");
    let beside = nodes.store.serve_with(&["--node-name", "c", "--metrics-listen", "127.0.0.1:0"]);
    let operators = crate::metrics::page(&beside).replace("/metrics", "/api/app/nodes");
    let told: serde_json::Value = crate::metrics::json(&operators).await;
    let names: Vec<_> = told["results"].as_array().expect("a list").iter().map(|node| node["name"].clone()).collect();
    assert_eq!((names, &told["status"]), (vec![json!("a"), json!("b"), json!("c")], &json!("ok")), "{told}");
    assert_eq!((&told["results"][0]["alive"], &told["results"][2]["behind"]), (&json!(true), &json!(0)), "{told}");
    assert_eq!(nodes.founded.at(&beside).get("/api/app/nodes").await.status, 404, "it is no business of callers");
    let embedded = Store::new(On::Sqlite);
    embedded.init();
    assert!(crate::process::run(embedded.command(&["nodes"])).ok().contains("No node is running on this store."));
}

/// Commands on the host are one more node for a moment, and a server that runs knows what they did.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_on_the_host_works_beside_servers() {
    let nodes = Nodes::start(&["a", "b"]);
    let made = crate::process::run(nodes.store.command(&["organization", "create", "Globex", "--output", "json"])).ok();
    let globex = Founded::from_json(&made);
    for server in &nodes.servers {
        globex.at(server).me().await.is(200);
    }
    let body = json!({ "name": "theirs" });
    let path = format!("/api/app/organizations/{}/projects", globex.organization);
    globex.at(&nodes.servers[0]).post(&path, body).await.is(201);
    assert_eq!(nodes.store.number("SELECT COUNT(*) FROM nodes").await, 2);
}

/// A program from before there were several nodes locks out this one, and the other way round.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_schema_is_not_brought_up_to_date_while_a_program_from_before_runs() {
    let store = Store::new(On::Postgres);
    let rows = store.rows().await;
    let mut before = rows.acquire().await.expect("a session");
    let lock = "SELECT CASE WHEN pg_try_advisory_lock(7164208268442035570) THEN 1 ELSE 0 END";
    let taken: i32 = sqlx::query_scalar(lock).fetch_one(&mut *before).await.expect("a lock");
    assert_eq!(taken, 1);
    let refusal = crate::process::run(store.serving(&[])).refused(6);
    assert!(refusal.contains("is in use by another claviger process"), "{refusal}");
    drop(before);
    rows.close().await;
    store.init();
    let holder = "SELECT COUNT(*) FROM head WHERE holder = 'nodes'";
    assert_eq!(store.number(holder).await, 1, "a program from before finds that it is not the one that may write");
}
