//! The commands that work on the store itself: `organization create`, `recover-owner`, `recover-person`, `reset-password`,
//! `backup`.

use std::fs::{self, File};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use crate::client::Caller;
use crate::process::{run, wait_until};
use crate::server::{Founded, On, Store, mode, on_both_stores, set_mode};

on_both_stores![
    a_backup_under_writes_can_be_served_and_holds_the_accounts,
    one_more_organization_has_an_owner_of_its_own,
    a_lost_secret_is_no_lock_out,
    a_lost_password_and_a_lost_phone_are_no_lock_out,
    a_secret_that_could_not_be_told_is_no_lock_out,
    a_start_that_was_killed_is_no_lock_out,
    recovering_names_an_organization_where_there_are_several,
];

async fn one_more_organization_has_an_owner_of_its_own(store: Store) {
    let first = store.init();
    let words = ["organization", "create", "Globex", "--project", "Rockets", "--output", "json"];
    let second = Founded::from_json(&run(store.command(&words)).ok());
    assert_ne!(first.organization, second.organization);
    let refusal = run(store.command(&["organization", "create", " "])).refused(2);
    assert!(refusal.starts_with("NAME "), "{refusal}");

    let server = store.serve();
    let me = second.at(&server).me().await.is(200);
    let organizations: Vec<&String> = me["organizations"].as_object().expect("a map").keys().collect();
    assert_eq!(organizations, [&second.organization.to_string()], "and no other");
    assert_eq!(me["organizations"][second.organization.to_string()]["name"], "Globex");
    assert_eq!(me["projects"][second.project.to_string()]["name"], "Rockets");
    let foreign = format!("/api/app/organizations/{}/service-accounts", first.organization);
    assert_eq!(second.at(&server).get(&foreign).await.status, 404);
    assert_eq!(first.at(&server).me().await.status, 200);
}

async fn a_lost_secret_is_no_lock_out(store: Store) {
    let lost = store.init();
    let owner = recover(&store, &[]);
    let server = store.serve();
    let accounts = format!("/api/app/organizations/{}/service-accounts", lost.organization);
    let listed = owner.at(&server).get(&accounts).await.is(200);
    let lost_id =
        listed.as_array().expect("a list").iter().find(|account| account["username"] == lost.username.as_str());
    let lost_id = lost_id.expect("the owner whose secret was lost")["id"].as_u64().expect("an id");
    owner.at(&server).delete(&format!("{accounts}/{lost_id}")).await.is(200);
    assert_eq!(lost.at(&server).me().await.status, 401, "whoever finds the lost secret cannot use it");
    server.stop();
    let recovered = "SELECT COUNT(*) FROM audit_events WHERE action = 'organization.owner_recovered' \
                     AND actor_kind = 'operator'";
    assert_eq!(store.number(recovered).await, 1);
}

async fn a_lost_password_and_a_lost_phone_are_no_lock_out(store: Store) {
    let founded = store.init();
    let server = store.serve();
    let owner = founded.at(&server);
    let invite = json!({ "email": "ada@example.com", "role": "owner" });
    let path = format!("/api/app/organizations/{}/invitations", founded.organization);
    let invited = owner.post(&path, invite).await.is(201);
    let accept = json!({ "token": invited["token"], "name": "Ada", "password": "correct horse battery" });
    let ada = owner.post("/api/app/invitations/accept", accept).await.is(201)["id"].as_u64().expect("an id");
    if store.on() == On::Sqlite {
        run(store.command(&["reset-password", "ada@example.com"])).refused(6);
    }
    server.stop();
    for command in ["reset-password", "recover-person"] {
        run(store.command(&[command, "bob@example.com"])).refused(5);
        run(store.command(&[command, "no address"])).refused(5);
    }
    run(store.command(&["recover-person", "ada@example.com"])).refused(6);
    let rows = store.rows().await;
    let factor =
        format!("INSERT INTO second_factors (person_id, sealed, last_step, enabled_at) VALUES ({ada}, 'x', 1, 1)");
    sqlx::query(sqlx::AssertSqlSafe(factor)).execute(&rows).await.expect("a second factor");
    rows.close().await;
    run(store.command(&["recover-person", "Ada@Example.com"])).ok();
    assert_eq!(store.number("SELECT COUNT(*) FROM second_factors").await, 0);
    let url = "https://keys.example.com";
    let told = run(store.command(&["reset-password", "ada@example.com", "--public-url", url])).ok();
    let link = told.lines().next().and_then(|line| line.strip_prefix(url)).expect("a link");
    let server = store.serve_with(&["--public-url", url]);
    assert_eq!(founded.at(&server).get(link).await.status, 200, "it opens the page");
    let (but_the_last, last) = link.split_at(link.len() - 1);
    let bent = format!("{but_the_last}{}", if last == "0" { "1" } else { "0" });
    assert_eq!(founded.at(&server).get(&bent).await.status, 404);
    server.stop();
    let by_operator = "SELECT COUNT(*) FROM audit_events WHERE actor_kind = 'operator' \
                       AND action IN ('second_factor.removed', 'password_reset.link_made')";
    assert_eq!(store.number(by_operator).await, 2);
}

/// The commit is done, and then standard output turns out to be full.
async fn a_secret_that_could_not_be_told_is_no_lock_out(store: Store) {
    let mut init = store.command(&["init", "--organization", "Acme", "--project", "Web shop"]);
    init.stdin(Stdio::null()).stderr(Stdio::null()).stdout(File::options().write(true).open("/dev/full").expect("it"));
    assert_eq!(init.status().expect("it runs").code(), Some(1), "what was not told is a failure");
    assert_eq!(store.number("SELECT COUNT(*) FROM principals").await, 1, "the house stands");
    comes_back(&store).await;
}

/// The process dies around the commit of the first organization: before it, between it and the print, or after it.
async fn a_start_that_was_killed_is_no_lock_out(store: Store) {
    let rows = || async { store.rows().await };
    let server = crate::process::Process::start(store.serving(&[]));
    // The row is seen as soon as it is committed, and that is when the process is killed.
    let mut founded = false;
    for _ in 0..10_000 {
        if store.on() == On::Sqlite && !store.data().join("claviger.db").exists() {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            continue;
        }
        let rows = rows().await;
        let count = sqlx::query_scalar::<_, i64>("SELECT COUNT(*) FROM principals").fetch_one(&rows).await;
        rows.close().await;
        founded = count.is_ok_and(|count| count > 0);
        if founded {
            break;
        }
    }
    server.signal(rustix::process::Signal::KILL);
    server.ended();
    assert!(founded, "the first start founds a house");
    comes_back(&store).await;
}

/// A new owner is made, and a start after that neither prints a secret nor makes anything.
async fn comes_back(store: &Store) {
    let mut owner = None;
    wait_until("the lock of the killed process to be free", || {
        let ended = run(store.command(&["recover-owner", "--output", "json"]));
        let free = ended.code() == 0;
        if free {
            owner = Some(Founded::from_json(&ended.out));
        } else {
            ended.refused(6);
        }
        free
    });
    let owner = owner.expect("recovered");
    let server = store.serve();
    let me = owner.at(&server).me().await.is(200);
    assert_eq!(me["organizations"]["1"]["role"], "owner");
    assert!(!server.stop().out.contains("cvg_"));
}

async fn recovering_names_an_organization_where_there_are_several(store: Store) {
    let refusal = run(store.command(&["recover-owner"])).refused(2);
    let nothing = match store.on() {
        On::Sqlite => "is not there; name the data folder with --data, or set one up by claviger init",
        On::Postgres => "no organization yet; run claviger init",
    };
    assert!(refusal.contains(nothing), "{refusal}");
    assert!(!store.data().exists(), "a mistyped folder is not made");
    let first = store.init();
    run(store.command(&["organization", "create", "Globex"])).ok();
    let refusal = run(store.command(&["recover-owner"])).refused(2);
    assert_eq!(refusal, "there are several organizations; name one with --organization ID");
    let refusal = run(store.command(&["recover-owner", "--organization", "999"])).refused(5);
    assert_eq!(refusal, "there is no organization 999 in this store");
    let owner = recover(&store, &["--organization", &first.organization.to_string()]);
    let server = store.serve();
    let me = owner.at(&server).me().await.is(200);
    assert_eq!(me["organizations"][first.organization.to_string()]["role"], "owner");
}

fn recover(store: &Store, options: &[&str]) -> Founded {
    let words = [&["recover-owner", "--output", "json"], options].concat();
    Founded::from_json(&run(store.command(&words)).ok())
}

/// A copy of either store is an embedded one.
async fn a_backup_under_writes_can_be_served_and_holds_the_accounts(store: Store) {
    let founded = store.init();
    let server = store.serve();
    let owner = founded.at(&server);
    let mut before = Vec::new();
    for number in 0..20 {
        before.push(owner.create(founded.organization, &format!("before-{number}")).await);
    }
    let enough = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let (owner, enough, organization) = (owner.clone(), Arc::clone(&enough), founded.organization);
            tokio::spawn(async move { write_until(&owner, organization, writer, &enough).await })
        })
        .collect();

    let copies = Store::new(On::Sqlite);
    fs::create_dir(copies.data()).expect("a folder");
    set_mode(&copies.data(), 0o700);
    let copy = copies.data().join("claviger.db");
    let name = copy.to_str().expect("UTF-8");
    let printed = run(store.command(&["backup", "--to", name])).ok();
    assert_eq!(printed, format!("copied to {name}\n"));
    assert_eq!(mode(&copy), 0o600);
    enough.store(true, Ordering::Relaxed);
    let mut during = Vec::new();
    for writer in writers {
        during.extend(writer.await.expect("a writer"));
    }

    // Both run: the copy is a store of its own. The audit log's key is not in it.
    let refusal = run(copies.serving(&[])).refused(2);
    assert!(refusal.contains("the audit log is chained, and its key file"), "{refusal}");
    let key = store.audit_key();
    let second = copies.serve_with(&["--audit-key-file", key.to_str().expect("UTF-8")]);
    for (_, account) in &before {
        account.at(second.url()).me().await.is(200);
    }
    let accounts = format!("/api/app/organizations/{}/service-accounts", founded.organization);
    let listed = founded.at(&second).get(&accounts).await.is(200).as_array().expect("a list").len();
    let mut copied = 0;
    for account in &during {
        match account.at(second.url()).me().await.status {
            200 => copied += 1,
            status => assert_eq!(status, 401),
        }
    }
    assert_eq!(listed, 1 + before.len() + copied, "the copy is one moment, and every account in it is whole");
    let gaps = "SELECT (SELECT revision FROM head) - (SELECT COUNT(*) FROM changes)";
    assert_eq!(copies.number(gaps).await, 0);
    founded.at(&server).me().await.is(200);
    let refusal = run(store.command(&["backup", "--to", name])).refused(1);
    assert!(refusal.ends_with("exists already; name a new file"), "{refusal}");
}

async fn write_until(owner: &Caller, organization: u64, writer: usize, enough: &AtomicBool) -> Vec<Caller> {
    let mut made = Vec::new();
    while !enough.load(Ordering::Relaxed) || made.is_empty() {
        made.push(owner.create(organization, &format!("during-{writer}-{}", made.len())).await.1);
    }
    made
}

#[test]
fn a_backup_of_nothing_is_refused_and_makes_nothing() {
    let store = Store::new(On::Sqlite);
    let copy = store.home().join("copy.db");
    let refusal = run(store.command(&["backup", "--to", copy.to_str().expect("UTF-8")])).refused(2);
    assert!(refusal.contains("is not there; name the data folder with --data"), "{refusal}");
    assert!(!copy.exists() && !store.data().exists());
}
