//! What a server answers before its directory is loaded.
//!
//! PostgreSQL alone: there a table can be locked, so that the load waits for as long as the test wants. The embedded
//! store's readers wait for nobody.

use rustix::process::Signal;
use serde_json::json;
use sqlx::{Any, AnyPool, Executor, Transaction};

use crate::client::{Answer, Caller};
use crate::process::{Process, run, wait_until};
use crate::secrets;
use crate::server::{Founded, On, Store};

/// A server whose load waits.
struct Loading {
    process: Process,
    owner: Caller,
    rows: AnyPool,
    lock: Transaction<'static, Any>,
}

impl Loading {
    async fn begin(store: &Store, founded: &Founded) -> Self {
        let rows = store.rows().await;
        let mut lock = rows.begin().await.expect("a transaction");
        lock.execute("LOCK TABLE grants IN ACCESS EXCLUSIVE MODE").await.expect("locked");
        let process = Process::start(store.serving(&["--log", "info,claviger=debug"]));
        let mut address = None;
        wait_until("the server to listen", || {
            let log = process.err();
            let line = log.lines().find(|line| line.contains("listening; the directory is being loaded"));
            address = line.and_then(|line| Some(line.split_once(" address=")?.1.split_whitespace().next()?.to_owned()));
            address.is_some()
        });
        let url = format!("http://{}", address.expect("an address"));
        Self { process, owner: Caller::new(&url, &founded.username, &founded.secret), rows, lock }
    }

    async fn unlock(lock: Transaction<'static, Any>, rows: AnyPool) {
        lock.rollback().await.expect("unlocked");
        rows.close().await;
    }
}

fn says_try_again(answer: &Answer) {
    assert_eq!((answer.status, answer.code()), (503, "unavailable"), "{answer:?}");
    assert_eq!(answer.body["status"], "error");
    assert_eq!(answer.retry_after.as_deref(), Some("1"));
    assert_eq!(answer.request_id.len(), 32);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_directory_loads_everything_but_healthz_is_answered_503() {
    let store = Store::new(On::Postgres);
    let founded = store.init();
    let Loading { process, owner, rows, lock } = Loading::begin(&store, &founded).await;
    let accounts = format!("/api/app/organizations/{}/service-accounts", founded.organization);
    assert_eq!(owner.get("/healthz").await.status, 200);
    says_try_again(&owner.get("/readyz").await);
    says_try_again(&owner.me().await);
    says_try_again(&owner.get(&accounts).await);
    says_try_again(&owner.post(&accounts, json!({ "username": "too early" })).await);
    says_try_again(&owner.delete(&format!("{accounts}/99")).await);
    assert!(!process.err().contains(": ready "), "{}", process.err());

    Loading::unlock(lock, rows).await;
    wait_until("the server to be ready", || process.err().contains(": ready "));
    assert_eq!(owner.get("/readyz").await.status, 200);
    assert_eq!(owner.me().await.is(200)["user_name"], founded.username.as_str());
    process.signal(Signal::TERM);
    let ended = process.ended();
    assert_eq!(ended.code(), 0, "{}", ended.err);
    secrets::are_not_in("the log of a server", &ended.err);
    assert_eq!(store.number("SELECT COUNT(*) FROM principals").await, 1, "nothing was written meanwhile");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signal_ends_a_load_and_gives_the_store_back() {
    let store = Store::new(On::Postgres);
    let founded = store.init();
    let Loading { process, rows, lock, .. } = Loading::begin(&store, &founded).await;
    process.signal(Signal::TERM);
    // The load still waits, and is not waited for.
    let ended = process.ended();
    assert_eq!(ended.code(), 0, "{}", ended.err);
    assert!(!ended.err.contains(": ready ") && ended.err.trim_end().ends_with("stopped"), "{}", ended.err);
    Loading::unlock(lock, rows).await;
    let server = store.serve();
    assert_eq!(founded.at(&server).me().await.status, 200);
    let log = server.stop().err;
    assert!(!log.contains("did not give the store back"), "{log}");
}

/// A store that cannot be read ends the start, though it listens by then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_load_that_fails_ends_the_process() {
    let store = Store::new(On::Postgres);
    store.init();
    let rows = store.rows().await;
    rows.execute("UPDATE head SET username_suffix = 'no such.suffix'").await.expect("written");
    rows.close().await;
    let refusal = run(store.serving(&[])).refused(1);
    assert!(refusal.starts_with("the store holds something unreadable: the suffix."), "{refusal}");
}
