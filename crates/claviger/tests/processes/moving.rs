//! An installation that moves from one machine's embedded store into PostgreSQL.

use std::process::Command;

use serde_json::json;

use crate::process::run;
use crate::server::{On, Store};

fn moving(from: &Store, to: &Store) -> Command {
    let folder = format!("sqlite:{}", from.data().display());
    from.claviger(&["migrate-store", "--from", &folder, "--to", to.database()])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_moves_and_goes_on_there() {
    let (from, to) = (Store::new(On::Sqlite), Store::new(On::Postgres));
    let founded = from.init();
    let server = from.serve();
    let owner = founded.at(&server);
    let project = format!("/api/app/organizations/{}/projects", founded.organization);
    // What a text may hold: quotes, a line break, what JSON and SQL write otherwise.
    let name = "Zwölf \"Kisten\" & 'ein' \\ Sack";
    let made = owner.post(&project, json!({ "name": name })).await.is(201);
    let (id, account) = owner.create(founded.organization, "moved").await;
    let (gone, deleted) = owner.create(founded.organization, "deleted before").await;
    let accounts = format!("/api/app/organizations/{}/service-accounts", founded.organization);
    owner
        .patch(&format!("{accounts}/{id}"), json!({ "description": "Line one\nline two", "labels": { "team": "a" } }))
        .await
        .is(200);
    owner.delete(&format!("{accounts}/{gone}")).await.is(200);
    let shown = owner.get(&format!("{accounts}/{id}")).await.is(200);
    account.at(server.url()).me().await.is(200);

    let refusal = run(moving(&from, &to)).refused(6);
    assert!(refusal.contains("is in use by another claviger process"), "{refusal}");
    server.stop();
    let told = run(moving(&from, &to)).ok();
    assert!(told.starts_with("moved and compared: ") && told.contains("start none on the folder any more"), "{told}");
    let told = run(moving(&from, &to)).ok();
    assert!(told.starts_with("had been moved already; compared: "), "{told}");

    let key = from.audit_key();
    let key = ["--audit-key-file", key.to_str().expect("UTF-8")];
    let server = to.serve_with(&key);
    let owner = owner.at(server.url());
    assert_eq!(owner.get(&format!("{accounts}/{id}")).await.is(200)["description"], shown["description"]);
    let path = format!("/api/app/projects/{}", made["id"]);
    assert_eq!(owner.get(&path).await.is(200)["name"], name);
    account.at(server.url()).me().await.is(200);
    assert_eq!(deleted.at(server.url()).me().await.status, 401);
    let (_, next) = owner.create(founded.organization, "made there").await;
    next.at(server.url()).me().await.is(200);
    let whole = run(to.command(&["audit", "verify", key[0], key[1]])).ok();
    assert!(whole.contains("events are chained"), "{whole}");

    let refusal = run(moving(&from, &to)).refused(6);
    assert!(refusal.contains("is in use by another claviger process"), "{refusal}");
    server.stop();
    let refusal = run(moving(&from, &to)).refused(6);
    assert!(refusal.contains("holds another installation; name an empty database"), "{refusal}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_fit_moves_nothing() {
    let (from, to) = (Store::new(On::Sqlite), Store::new(On::Postgres));
    from.init();
    run(to.command(&["init", "--organization", "Theirs", "--project", "Theirs"])).ok();
    let before = to.number("SELECT COUNT(*) FROM principals").await;
    let refusal = run(moving(&from, &to)).refused(6);
    assert!(refusal.contains("holds another installation; name an empty database"), "{refusal}");
    assert_eq!(to.number("SELECT COUNT(*) FROM principals").await, before);

    let nowhere = from.claviger(&["migrate-store", "--from", "sqlite:/nonexistent", "--to", to.database()]);
    assert!(run(nowhere).refused(2).contains("/nonexistent/claviger.db is not there"));
    let other = from.claviger(&["migrate-store", "--from", to.database(), "--to", to.database()]);
    assert_eq!(run(other).code(), 2);
    let shown = from.claviger(&["migrate-store", "--from", "sqlite:/x", "--to", "postgres://u:secret@h/d"]);
    let refusal = run(shown).refused(2);
    assert!(refusal.contains("CLAVIGER_DATABASE") && !refusal.contains("secret"), "{refusal}");
}
