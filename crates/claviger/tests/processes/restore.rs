//! A store that went back in time makes valid again what was revoked: it is noticed, and serves nobody until an operator
//! has said what becomes of that.

use serde_json::json;

use crate::client::Caller;
use crate::first_owner::{filed, opened};
use crate::process::{run, wait_until};
use crate::secrets;
use crate::server::{Founded, On, Server, Store, on_both_stores};

on_both_stores![
    it_serves_nobody_until_it_is_accepted,
    what_was_issued_before_is_suspended,
    an_organization_of_accounts_alone_gets_a_link_for_an_owner,
];

/// An account that was deleted after the copy, one that was made after it, and the store that is the copy again.
struct WentBack {
    store: Store,
    founded: Founded,
    deleted: Caller,
    made_later: Caller,
}

impl WentBack {
    async fn at(store: Store, before: impl AsyncFnOnce(&Caller, u64)) -> Self {
        let founded = store.init();
        let server = store.serve();
        let owner = founded.at(&server);
        before(&owner, founded.organization).await;
        let (id, deleted) = owner.create(founded.organization, "deleted later").await;
        let copied = store.copied();
        let owner = answering(&founded, &server).await;
        let path = format!("/api/app/organizations/{}/service-accounts/{id}", founded.organization);
        owner.delete(&path).await.is(200);
        let (_, made_later) = owner.create(founded.organization, "made later").await;
        server.stop();
        store.put_back(&copied);
        Self { store, founded, deleted, made_later }
    }

    /// What a start says that is refused.
    fn refused(&self) -> String {
        match Server::start(self.store.serving(&[])) {
            Ok(_) => panic!("it serves what went back in time"),
            Err(ended) => ended.refused(6),
        }
    }

    fn accept(&self, answer: &[&str]) -> String {
        run(self.store.command(&[&["restore", "accept", "--lease", "300ms"], answer].concat())).ok()
    }
}

/// The owner, once the server answers again: a copy of a database cuts its connections.
pub(crate) async fn answering(founded: &Founded, server: &Server) -> Caller {
    let owner = founded.at(server);
    for _ in 0..12_000 {
        if owner.me().await.status == 200 {
            return owner;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("it does not answer: {}", server.err());
}

async fn it_serves_nobody_until_it_is_accepted(store: Store) {
    let gone_back = WentBack::at(store, async |_, _| ()).await;
    let store = &gone_back.store;
    let refusal = gone_back.refused();
    assert!(refusal.contains("the store has lost history: this node has answered with revision"), "{refusal}");
    assert!(refusal.contains("go on without it by claviger restore accept"), "{refusal}");
    assert!(gone_back.refused().contains("the store has lost history"), "also the second time");

    // A machine that has not seen it cannot know: what is noticed is noticed by what this one has kept.
    let elsewhere = store.home().join("elsewhere");
    store.serve_with(&["--state", elsewhere.to_str().expect("UTF-8")]).stop();
    assert!(gone_back.refused().contains("the store has lost history"));

    for answers in [&[][..], &["--suspend", "--revoked-may-return"]] {
        let refused = run(store.command(&[&["restore", "accept"], answers].concat()));
        assert_eq!(refused.code(), 2);
        assert!(refused.err.contains("--suspend") && refused.err.contains("--revoked-may-return"), "{}", refused.err);
    }
    assert!(gone_back.refused().contains("the store has lost history"), "no answer is none");

    let told = gone_back.accept(&["--revoked-may-return"]);
    assert!(told.starts_with("The store goes on from revision "), "{told}");
    for _ in 0..2 {
        let server = store.serve();
        assert_eq!(gone_back.founded.at(&server).me().await.status, 200);
        assert_eq!(gone_back.deleted.at(server.url()).me().await.status, 200, "it may return, as was said");
        assert_eq!(gone_back.made_later.at(server.url()).me().await.status, 401);
        server.stop();
    }
    let recorded =
        "SELECT COUNT(*) FROM audit_events WHERE action = 'organization.restored' AND actor_kind = 'operator'";
    assert_eq!(store.number(recorded).await, 1);
    assert_eq!(store.number("SELECT epoch FROM head").await, 2, "the second");
    let whole = run(store.command(&["audit", "verify"])).ok();
    assert!(whole.contains("events are chained"), "{whole}");
}

async fn what_was_issued_before_is_suspended(store: Store) {
    let gone_back = WentBack::at(store, async |owner: &Caller, organization| {
        let path = format!("/api/app/organizations/{organization}/invitations");
        let invited = owner.post(&path, json!({ "email": "ada@example.com", "role": "owner" })).await.is(201);
        let accept = json!({ "token": invited["token"], "name": "Ada", "password": "correct horse battery" });
        owner.post("/api/app/invitations/accept", accept).await.is(201);
        owner.post(&path, json!({ "email": "bob@example.com", "role": "member" })).await.is(201);
        for number in 0..250 {
            owner.create(organization, &format!("one of many {number}")).await;
        }
    })
    .await;
    let store = &gone_back.store;
    let told = gone_back.accept(&["--suspend", "--public-url", "https://keys.example.com"]);
    assert!(told.contains("Every service account is disabled until somebody enables it."), "{told}");
    let link = told.lines().find_map(|line| line.split_once("https://keys.example.com")).expect("a link").1;
    secrets::handed_out("reset link", link.rsplit('/').next().expect("a token"));

    let server = store.serve_with(&["--public-url", "https://keys.example.com"]);
    for account in [&gone_back.deleted, &gone_back.made_later, &gone_back.founded.at(&server)] {
        assert_eq!(account.at(server.url()).me().await.status, 401);
    }
    let enabled =
        "SELECT COUNT(*) FROM principals WHERE organization_id IS NOT NULL AND deleted_at IS NULL AND is_disabled = 0";
    assert_eq!(store.number(enabled).await, 0, "more than are disabled in one mutation");
    assert_eq!(store.number("SELECT COUNT(*) FROM invitations").await, 0);
    let disabled = "SELECT COUNT(*) FROM audit_events WHERE action = 'service_account.disabled'";
    assert_eq!(store.number(disabled).await, 252, "each is told of");
    // The link is for the owner who is a person, whose password is good for nothing.
    assert!(link.starts_with("/console/reset/cvr_"), "{link}");
    assert_eq!(gone_back.founded.at(&server).get(link).await.status, 200, "it opens the page");
    server.stop();
    let suspended = "SELECT COUNT(*) FROM audit_events WHERE action = 'user.suspended'";
    assert_eq!(store.number(suspended).await, 1);
}

async fn an_organization_of_accounts_alone_gets_a_link_for_an_owner(store: Store) {
    let gone_back = WentBack::at(store, async |_, _| ()).await;
    let told = gone_back.accept(&["--suspend"]);
    let link = told.lines().find_map(|line| line.split_once("http://127.0.0.1:8000")).expect("a link").1;
    secrets::handed_out("set-up link", link.rsplit('/').next().expect("a token"));
    assert!(link.starts_with("/console/setup/cvu_"), "{link}");
    let server = gone_back.store.serve_with(&["--listen", "127.0.0.1:0"]);
    let (_, newer) = filed(&server);
    assert_eq!(opened(&server, link).await.0, 404, "the start has made a newer one");
    assert_eq!(opened(&server, &newer).await.0, 200);
    server.stop();
}

/// Nodes that run meanwhile notice it themselves, answer nothing, and come back once it is accepted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_run_answer_nothing_until_it_is_accepted() {
    let store = Store::new(On::Postgres);
    let founded = store.init();
    let servers = ["a", "b"].map(|name| store.serve_with(&["--node-name", name, "--lease", "500ms"]));
    let owner = founded.at(&servers[0]);
    let (id, deleted) = owner.create(founded.organization, "deleted later").await;
    let copied = store.copied();
    let owner = answering(&founded, &servers[0]).await;
    answering(&founded, &servers[1]).await;
    let path = format!("/api/app/organizations/{}/service-accounts/{id}", founded.organization);
    owner.delete(&path).await.is(200);
    store.put_back(&copied);
    for server in &servers {
        wait_until("the node to notice it", || server.err().contains("the store has lost history"));
        let refused = founded.at(server).me().await;
        assert_eq!((refused.status, refused.code()), (503, "unavailable"));
        assert_eq!(deleted.at(server.url()).me().await.status, 503);
    }
    // A row that was copied stays until the epoch is opened, where its node had joined anew since.
    let rows = store.rows().await;
    sqlx::query("DELETE FROM nodes").execute(&rows).await.expect("deleted");
    rows.close().await;
    // While it waits for leases to run out, nobody joins and nothing is written.
    let accepting = store.command(&["restore", "accept", "--revoked-may-return", "--lease", "2s"]);
    let accepting = tokio::task::spawn_blocking(|| run(accepting));
    wait_until_number(&store, "SELECT closed FROM head", 1).await;
    for server in &servers {
        assert_eq!(deleted.at(server.url()).me().await.status, 503);
    }
    assert_eq!(store.number("SELECT COUNT(*) FROM nodes").await, 0);
    let refusal = run(store.command(&["organization", "create", "Meanwhile"])).refused(6);
    assert!(refusal.contains("claviger restore accept has not finished with it"), "{refusal}");
    assert!(!accepting.is_finished(), "it waits for two leases and a half");
    accepting.await.expect("accepted").ok();
    for server in &servers {
        answering(&founded, server).await;
        assert_eq!(deleted.at(server.url()).me().await.status, 200, "it may return, as was said");
    }
    assert_eq!(store.number("SELECT COUNT(*) FROM organizations").await, 1);
}

/// One that was interrupted leaves the store closed, and another finishes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_was_interrupted_is_run_again() {
    let store = Store::new(On::Postgres);
    let founded = store.init();
    let words = ["restore", "accept", "--revoked-may-return", "--lease"];
    let mut interrupted = crate::process::Process::start(store.command(&[&words[..], &["300s"]].concat()));
    wait_until_number(&store, "SELECT closed FROM head", 1).await;
    assert!(!interrupted.has_ended());
    interrupted.signal(rustix::process::Signal::KILL);
    interrupted.ended();
    match Server::start(store.serving(&[])) {
        Ok(_) => panic!("it serves a store that is closed"),
        Err(ended) => assert!(ended.refused(6).contains("run it again")),
    }
    run(store.command(&[&words[..], &["300ms"]].concat())).ok();
    let server = store.serve();
    assert_eq!(founded.at(&server).me().await.status, 200);
}

async fn wait_until_number(store: &Store, statement: &'static str, number: i64) {
    for _ in 0..6_000 {
        if store.number(statement).await == number {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("{statement} does not come to {number}");
}
