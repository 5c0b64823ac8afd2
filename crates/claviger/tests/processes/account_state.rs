//! Disabling, protecting and describing from the command line.

use serde_json::json;

use crate::desk::Desk;
use crate::server::{Store, on_both_stores};

on_both_stores![
    accounts_and_secrets_are_disabled_and_enabled_again,
    a_protected_account_is_not_deleted,
    accounts_are_described_and_found_by_it,
];

async fn accounts_and_secrets_are_disabled_and_enabled_again(store: Store) {
    let desk = Desk::at(store);
    let (made, project) = (desk.create(&["exporter"]), desk.founded.project.to_string());
    let told = desk.run(&["service-account", "disable", &made.id]).ok();
    assert!(told.contains(&format!("Service account {} is disabled", made.id)), "{told}");
    desk.run_as(&made, &["me"]).refused(3);
    assert!(desk.run(&["service-account", "show", &made.id]).ok().contains("disabled"));
    let explained = desk.run(&["explain", &made.id, "--project", &project]).ok();
    assert!(explained.contains("is disabled: it is refused, whatever it holds"), "{explained}");
    desk.run(&["service-account", "enable", &made.id]).ok();
    desk.run_as(&made, &["me"]).ok();
    let secret = desk.json(&["service-account", "secret", "list", &made.id])[0]["id"].to_string();
    desk.run(&["service-account", "secret", "disable", &secret, "--account", &made.id]).ok();
    desk.run_as(&made, &["me"]).refused(3);
    assert!(desk.run(&["service-account", "secret", "list", &made.id]).ok().contains("disabled"));
    desk.run(&["service-account", "secret", "enable", &secret, "--account", &made.id]).ok();
    desk.run_as(&made, &["me"]).ok();
}

async fn a_protected_account_is_not_deleted(store: Store) {
    let desk = Desk::at(store);
    let made = desk.create(&["exporter"]);
    desk.run(&["service-account", "protect", &made.id]).ok();
    let refusal = desk.run(&["service-account", "delete", &made.id, "--yes"]).refused(6);
    assert!(refusal.contains("409 protected"), "{refusal}");
    assert!(desk.run(&["service-account", "list"]).ok().contains("protected"));
    desk.run(&["service-account", "unprotect", &made.id]).ok();
    desk.run(&["service-account", "delete", &made.id, "--yes"]).ok();
}

async fn accounts_are_described_and_found_by_it(store: Store) {
    let desk = Desk::at(store);
    let team = desk.json(&["team", "create", "Keepers"])["id"].to_string();
    let said = ["--owner-team", &team, "--description", "nightly", "--label", "team:data", "--label", "tier:1"];
    let made = desk.create(&[&["exporter"], &said[..]].concat());
    let shown = desk.json(&["service-account", "show", &made.id]);
    assert_eq!((&shown["owner"]["name"], &shown["description"]), (&json!("Keepers"), &json!("nightly")));
    let ids = |words: &[&str]| -> Vec<String> {
        let listed = desk.json(&[&["service-account", "list"], words].concat());
        listed.as_array().expect("a list").iter().map(|account| account["id"].to_string()).collect()
    };
    assert_eq!(ids(&["--label", "team:data"]), [made.id.as_str()]);
    assert!(!ids(&["--ownerless"]).contains(&made.id));
    let table = desk.run(&["service-account", "set", &made.id, "--no-owner", "--label", "tier:2"]).ok();
    assert!(table.contains("tier:2") && !table.contains("team:data") && !table.contains("Keepers"), "{table}");
    assert!(ids(&["--ownerless", "--label", "tier"]).contains(&made.id));
    assert_eq!(ids(&["--label", "team"]), Vec::<String>::new());
    let refusal = desk.run(&["service-account", "set", &made.id, "--owner-team", "999999"]).refused(5);
    assert!(refusal.contains("404 team_not_found"), "{refusal}");
}
