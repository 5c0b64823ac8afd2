//! The audit log's key file, and the commands of `claviger audit`.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::desk::Desk;
use crate::process::run;
use crate::server::{Founded, Store, mode, on_both_stores};

on_both_stores! {
    a_log_that_was_changed_is_told_with_its_place,
    the_key_is_made_once_and_needed_from_then_on,
    a_lost_key_is_no_lock_out,
    what_was_observed_is_whole_after_each_kill,
    an_end_that_was_cut_off_shows_also_after_the_log_has_grown_again,
    an_end_that_is_moved_beside_a_running_server_stops_its_writes,
    a_chain_that_was_blanked_is_told,
    what_strangers_send_is_no_mark,
    the_log_is_listed_and_taken_away_whole,
}

async fn a_log_that_was_changed_is_told_with_its_place(store: Store) {
    let founded = store.init();
    let server = store.serve();
    for number in 0..5 {
        founded.at(&server).create(founded.organization, &format!("account {number}")).await;
    }
    // Beside the server that runs.
    let whole = run(store.command(&["audit", "verify"])).ok();
    assert!(whole.starts_with("The audit log is whole: 8 events are chained, up to event 8."), "{whole}");
    let mark = run(store.command(&["audit", "mark"])).ok();
    assert!(mark.starts_with("claviger-audit-mark event=8 time="), "{mark}");
    let ended = server.stop();
    let logged =
        ended.err.lines().find(|line| line.contains("claviger-audit-mark event=8 ")).expect("a mark in the log");
    let log = store.home().join("kept.log");
    fs::write(&log, &ended.err).expect("written");
    for mark in [mark.trim(), &logged[logged.find("claviger-audit-mark").expect("it")..], log.to_str().expect("UTF-8")]
    {
        let whole = run(store.command(&["audit", "verify", "--mark", mark])).ok();
        // A server that is ready soon enough has marked its log right after the start as well.
        let ways = [
            "It goes through the mark, which was made at event 8.",
            "It goes through 2 marks, the last of which was made at event 8.",
        ];
        assert!(ways.iter().any(|way| whole.contains(way)), "{whole}");
    }

    let rows = store.rows().await;
    sqlx::query("UPDATE audit_events SET actor_name = 'somebody else' WHERE id = 4")
        .execute(&rows)
        .await
        .expect("altered");
    let refusal = run(store.command(&["audit", "verify"])).refused(8);
    let sentence = "the audit log is not as it was written: event 4 is not the one that was written here: it was altered, put in, or swapped with another. Before that, 3 events are whole";
    assert_eq!(refusal, sentence);
    let ended = run(store.command(&["audit", "verify", "--output", "json"]));
    let told: Value = serde_json::from_str(&ended.out).expect("JSON");
    assert_eq!(
        (ended.code(), &told["whole"], &told["mutations"]["broken"]["kind"], &told["mutations"]["broken"]["event"]),
        (8, &false.into(), &"altered".into(), &4.into())
    );

    // The end cut off with care: the mark shows it.
    sqlx::query("DELETE FROM audit_events WHERE id > 3").execute(&rows).await.expect("cut");
    sqlx::query("UPDATE head SET next_event = 4, chain_digest = (SELECT chain_digest FROM audit_events WHERE id = 3)")
        .execute(&rows)
        .await
        .expect("moved");
    run(store.command(&["audit", "verify"])).ok();
    let refusal = run(store.command(&["audit", "verify", "--mark", mark.trim()])).refused(8);
    assert!(
        refusal.contains("the log ends at event 3, and the mark was made at event 8: the end was cut off"),
        "{refusal}"
    );
    let forged = mark.replace("event=8", "event=3");
    let refusal = run(store.command(&["audit", "verify", "--mark", forged.trim()])).refused(2);
    assert!(refusal.contains("--mark: it was not made with the key that it names"), "{refusal}");
    rows.close().await;
}

async fn the_key_is_made_once_and_needed_from_then_on(store: Store) {
    store.init();
    assert_eq!(mode(&store.audit_key()), 0o600);
    let key = fs::read_to_string(store.audit_key()).expect("a key");
    store.serve().stop();
    assert_eq!(fs::read_to_string(store.audit_key()).expect("a key"), key, "it is made once");

    let away = store.home().join("away.key");
    fs::rename(store.audit_key(), &away).expect("moved");
    for words in
        [&["serve", "--listen", "127.0.0.1:0"][..], &["recover-owner"], &["audit", "verify"], &["audit", "mark"]]
    {
        let refusal = run(store.command(words)).refused(2);
        assert!(
            refusal.contains("the audit log is chained, and its key file") && refusal.contains("is not there"),
            "{words:?}: {refusal}"
        );
        assert!(!store.audit_key().exists(), "no other is made in its place");
    }
    fs::write(store.audit_key(), format!("{}\n", "0e".repeat(32))).expect("another key");
    crate::server::set_mode(&store.audit_key(), 0o600);
    let refusal = run(store.command(&["serve", "--listen", "127.0.0.1:0"])).refused(2);
    assert!(
        refusal.contains("the audit log is chained with the key")
            && refusal.contains("which")
            && !refusal.contains("0e0e"),
        "{refusal}"
    );
    assert!(
        run(store.command(&["audit", "verify"]))
            .refused(8)
            .contains("where the chain begins was changed, or written with another key")
    );

    // From elsewhere, and then an open file is refused.
    let named = ["--audit-key-file", away.to_str().expect("UTF-8")];
    store.serve_with(&named).stop();
    crate::server::set_mode(&away, 0o644);
    let refusal = run(store.serving(&named)).refused(2);
    assert!(refusal.contains("is open to other users (mode 0644)"), "{refusal}");
}

async fn a_lost_key_is_no_lock_out(store: Store) {
    let founded = store.init();
    fs::remove_file(store.audit_key()).expect("lost");
    run(store.serving(&[])).refused(2);
    assert!(run(store.command(&["audit", "restart"])).refused(2).contains("add --yes"));
    run(store.command(&["audit", "restart", "--yes"])).ok();
    let server = store.serve();
    founded.at(&server).create(founded.organization, "after the loss").await;
    let refusal = run(store.command(&["audit", "restart", "--yes"])).refused(6);
    assert!(refusal.contains("is in use by another claviger process"), "{refusal}");
    let whole = run(store.command(&["audit", "verify"])).ok();
    assert!(
        whole.contains(
            "2 events are chained, up to event 4. Events up to 2 are from before the chain, and not covered."
        ),
        "{whole}"
    );
}

/// Observations wait for no write, and a kill in the middle of them leaves a chain that goes on.
async fn what_was_observed_is_whole_after_each_kill(store: Store) {
    const OBSERVED: &str = "SELECT COUNT(*) FROM audit_events WHERE id > 1000000000000000";
    let founded = store.init();
    for round in 0..5 {
        let server = if round == 0 { store.serve() } else { store.serve_after_a_kill() };
        let owner = founded.at(&server);
        let stranger = owner.with(&owner.username, "wrong");
        let before = store.number(OBSERVED).await;
        while store.number(OBSERVED).await == before {
            // Who goes on for long is slowed, and observed all the same.
            assert!(matches!(stranger.me().await.status, 401 | 429));
        }
        // More of them are on their way.
        for _ in 0..3 {
            assert!(matches!(stranger.me().await.status, 401 | 429));
        }
        server.kill();
        let told = run(store.command(&["audit", "verify", "--output", "json"])).ok();
        let told: Value = serde_json::from_str(&told).expect("JSON");
        assert_eq!(told["whole"], true, "{told}");
        assert!(told["observations"]["chained_events"].as_i64() > Some(before), "{told}");
    }
    let rows = store.rows().await;
    sqlx::query("DELETE FROM audit_events WHERE id = 1000000000000002").execute(&rows).await.expect("removed");
    rows.close().await;
    let refusal = run(store.command(&["audit", "verify"])).refused(8);
    assert!(
        refusal.contains("events 1000000000000002 to 1000000000000002 are missing: they were removed"),
        "{refusal}"
    );
}

async fn written(store: &Store, statements: &[&str]) {
    let rows = store.rows().await;
    for statement in statements {
        sqlx::query(sqlx::AssertSqlSafe((*statement).to_owned())).execute(&rows).await.expect("written");
    }
    rows.close().await;
}

/// The server, with so many accounts made one after the other; then it is stopped. What it has logged is added to the file.
async fn served(store: &Store, founded: &Founded, accounts: usize, log: &Path) -> String {
    let server = store.serve();
    for number in 0..accounts {
        founded.at(&server).create(founded.organization, &format!("account {number}")).await;
    }
    let ended = server.stop();
    let before = fs::read_to_string(log).unwrap_or_default();
    fs::write(log, before + &ended.err).expect("written");
    ended.err
}

const CUT: [&str; 2] = [
    "DELETE FROM audit_events WHERE id > 4",
    "UPDATE head SET next_event = 5, chain_digest = (SELECT chain_digest FROM audit_events WHERE id = 4)",
];

/// Whoever cuts the end off lets the log grow again, and the server makes new marks: those from before are proof.
async fn an_end_that_was_cut_off_shows_also_after_the_log_has_grown_again(store: Store) {
    let (founded, log) = (store.init(), store.home().join("kept.log"));
    let mark = ["audit", "verify", "--mark", log.to_str().expect("UTF-8")];
    served(&store, &founded, 6, &log).await;
    assert!(run(store.command(&mark)).ok().contains("up to event 9."));
    written(&store, &CUT).await;
    served(&store, &founded, 1, &log).await;
    let refusal = run(store.command(&mark)).refused(8);
    assert!(refusal.contains("the log ends at event 5, and the mark was made at event 9"), "{refusal}");
    served(&store, &founded, 6, &log).await;
    let refusal = run(store.command(&mark)).refused(8);
    assert!(refusal.contains("event 9 is another one than when the mark was made"), "{refusal}");
}

/// A running server writes nothing behind an end that it did not leave.
async fn an_end_that_is_moved_beside_a_running_server_stops_its_writes(store: Store) {
    let founded = store.init();
    let server = store.serve();
    let owner = founded.at(&server);
    for number in 0..6 {
        owner.create(founded.organization, &format!("account {number}")).await;
    }
    written(&store, &CUT).await;
    let path = format!("/api/app/organizations/{}/service-accounts", founded.organization);
    let refused = owner.post(&path, serde_json::json!({ "username": "behind it" })).await;
    assert_eq!((refused.status, refused.code()), (503, "unavailable"));
    assert_eq!(owner.me().await.status, 200, "checks go on");
    let ended = server.stop();
    assert!(ended.err.contains("the end of the audit log was changed by somebody else"), "{}", ended.err);
    founded.at(&store.serve()).create(founded.organization, "after a look").await;
}

/// A chain that was blanked begins anew at the next start: that is told, and marks from before are proof.
async fn a_chain_that_was_blanked_is_told(store: Store) {
    let (founded, log) = (store.init(), store.home().join("kept.log"));
    let mark = ["audit", "verify", "--mark", log.to_str().expect("UTF-8")];
    served(&store, &founded, 3, &log).await;
    let blank = [
        "UPDATE audit_events SET actor_name = 'innocent' WHERE id = 3",
        "DELETE FROM audit_anchors",
        "UPDATE head SET chain_digest = ''",
        "UPDATE observation_head SET chain_digest = ''",
    ];
    written(&store, &blank).await;
    let logged = served(&store, &founded, 1, &log).await;
    assert!(logged.contains("if nobody ran claviger audit restart, the log was changed"), "{logged}");
    let refusal = run(store.command(&mark)).refused(8);
    // The first mark that does not fit is told: the one of the end, or the one of the start where the server was ready soon
    // enough to make it.
    let of_the_end = "event 6 is another one than when the mark was made";
    let of_the_start = "a mark was made at event 2, and the chain begins anew after event 6";
    assert!(refusal.contains(of_the_end) || refusal.contains(of_the_start), "{refusal}");
    written(&store, &blank).await;
    served(&store, &founded, 1, &log).await;
    let refusal = run(store.command(&mark)).refused(8);
    let of_mark = |event: u64| format!("a mark was made at event {event}, and the chain begins anew after event 7");
    assert!([2, 6].iter().any(|event| refusal.contains(&of_mark(*event))), "{refusal}");
    // All events gone: nothing says that age has taken them.
    written(&store, &["DELETE FROM audit_events", blank[1], blank[2], blank[3]]).await;
    served(&store, &founded, 1, &log).await;
    let told = run(store.command(&["audit", "verify"])).ok();
    assert!(told.contains("were not there when the chain began") && !told.contains("removed by age"), "{told}");
}

/// A log that strangers write into is a log with marks all the same.
async fn what_strangers_send_is_no_mark(store: Store) {
    let (founded, log) = (store.init(), store.home().join("kept.log"));
    let server = store.serve();
    founded.at(&server).create(founded.organization, "an account").await;
    assert_eq!(founded.at(&server).with("claviger-audit-mark.b2f9ed.x", "x").me().await.status, 401);
    fs::write(&log, server.stop().err).expect("written");
    let mark = ["audit", "verify", "--mark", log.to_str().expect("UTF-8")];
    assert!(run(store.command(&mark)).ok().contains("It goes through"));
    let refusal = run(store.command(&["audit", "verify", "--mark", "claviger-audit-mark event=1"])).refused(2);
    assert!(refusal.contains("there is no mark in it"), "{refusal}");
}

async fn the_log_is_listed_and_taken_away_whole(store: Store) {
    let desk = Desk::at(store);
    let made = desk.create(&["nightly"]);
    desk.run(&["team", "create", "=1+1"]).ok();
    let listed = desk.json(&["audit", "list", "--action", "team.*"]);
    assert_eq!((listed.as_array().expect("a list").len(), &listed[0]["target"]["name"]), (1, &"=1+1".into()));
    let table = desk.run(&["audit", "list", "--target", &format!("principal:{}", made.id)]).ok();
    assert!(table.contains("service_account.created"), "{table}");
    assert_eq!(desk.json(&["audit", "list", "--limit", "1"]).as_array().expect("a list").len(), 1);

    let to = |name: &str| desk.store.home().join(name).to_str().expect("UTF-8").to_owned();
    let (csv, ndjson) = (to("log.csv"), to("log.ndjson"));
    desk.run(&["audit", "export", "--format", "csv", "--to", &csv]).ok();
    let told = desk.run(&["audit", "export", "--action", "team.*", "--to", &ndjson]).ok();
    let text = fs::read_to_string(&ndjson).expect("a file");
    assert_eq!((told, mode(ndjson.as_ref())), (format!("{} bytes in {ndjson}\n", text.len()), 0o600));
    assert_eq!(serde_json::from_str::<Value>(text.trim()).expect("a line"), listed[0]);
    assert!(fs::read_to_string(&csv).expect("a file").contains(",\"'=1+1\","));
    let refusal = desk.run(&["audit", "export", "--to", &csv]).refused(1);
    assert!(refusal.ends_with("exists already; name a new file"), "{refusal}");
    let (gone, log) = (to("gone.csv"), desk.founded.project);
    desk.run_as(&made, &["audit", "export", "--project", &log.to_string(), "--to", &gone]).refused(4);
    assert!(!std::path::Path::new(&gone).exists() && !std::path::Path::new(&format!("{gone}.partial")).exists());
}
