//! Disabling and protecting from the command line.

use crate::desk::Desk;
use crate::server::{Store, on_both_stores};

on_both_stores![accounts_and_secrets_are_disabled_and_enabled_again, a_protected_account_is_not_deleted];

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
