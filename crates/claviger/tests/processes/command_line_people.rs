//! Invitations and members at the command line, as a script sees them.

use serde_json::{Value, json};

use crate::desk::Desk;
use crate::process::run;
use crate::server::{Store, on_both_stores, set_mode};

on_both_stores![who_is_invited_joins_and_is_managed, a_token_and_a_password_come_from_private_places_alone,];

const PASSWORD: &str = "not the password of anybody else";

fn field(rows: &Value, name: &str) -> Vec<String> {
    let text = |row: &Value| row[name].as_str().expect("text").to_owned();
    rows.as_array().expect("a list").iter().map(text).collect()
}

async fn who_is_invited_joins_and_is_managed(store: Store) {
    let desk = Desk::at(store);
    let project = desk.founded.project.to_string();
    let path = format!("{project}/{}", desk.founded.workspace);
    let on_project = format!("{project}:analyst");
    let (id, old) = desk.invite(&["send", "Ada@Example.com", "--role", "admin", "--project", &on_project]);
    let table = desk.run(&["invitation", "list"]).ok();
    assert!(table.contains("ada@example.com") && table.contains("open"), "{table}");
    desk.run(&["invitation", "send", "ada@example.com"]).refused(6);
    let (same, token) = desk.invite(&["resend", &id]);
    assert_eq!(same, id);
    desk.accept(&old, "Ada", PASSWORD).refused(5);
    let told = desk.accept(&token, "Ada", PASSWORD).ok();
    assert!(told.starts_with("Ada (ada@example.com, user ") && told.contains("is now admin of"), "{told}");
    desk.accept(&token, "Ada", PASSWORD).refused(5);
    assert_eq!(desk.json(&["invitation", "list"]), json!([]));

    let members = desk.json(&["member", "list", "--search", "EXAMPLE"]);
    assert_eq!(
        (field(&members, "email"), field(&members, "role")),
        (vec!["ada@example.com".to_owned()], vec!["admin".to_owned()])
    );
    let ada = members[0]["id"].to_string();
    assert!(desk.run(&["member", "show", &ada]).ok().contains("ada@example.com"));
    assert_eq!(desk.json(&["member", "set-role", &ada, "member"])["role"], "member");
    let there = || field(&desk.json(&["project", "member", "list", "--project", &project]), "role");
    assert_eq!(there(), ["analyst"]);
    desk.run(&["project", "member", "set", &ada, "--project", &format!("{project}:consumer")]).ok();
    assert_eq!(there(), ["consumer"]);
    desk.run(&["project", "member", "set", &ada, "--workspace", &format!("{path}:admin")]).ok();
    assert_eq!(field(&desk.json(&["project", "member", "list", "--workspace", &path]), "role"), ["admin"]);
    desk.run(&["project", "member", "remove", &ada, "--workspace", &path]).ok();
    desk.run(&["project", "member", "remove", &ada, "--project", &project]).ok();
    assert_eq!(there(), Vec::<String>::new());

    assert!(desk.run(&["member", "remove", &ada]).refused(2).contains("add --yes"), "nobody is there to be asked");
    assert_eq!(desk.run(&["member", "remove", &ada, "--yes"]).ok(), format!("User {ada} is no member any more.\n"));
    desk.run(&["member", "show", &ada]).refused(5);
    // Invited again, it is the person who was there, with the password that she has.
    let (_, token) = desk.invite(&["send", "ada@example.com"]);
    desk.accept(&token, "Ada", "another password than hers").refused(4);
    assert!(desk.accept(&token, "Nobody", PASSWORD).ok().contains("is now member of"));
    let (id, token) = desk.invite(&["send", "bob@example.com"]);
    desk.run(&["invitation", "withdraw", &id]).ok();
    desk.accept(&token, "Bob", PASSWORD).refused(5);
    let reader = desk.create(&["reader"]);
    desk.run_as(&reader, &["invitation", "list"]).refused(4);
    desk.run_as(&reader, &["member", "list"]).refused(4);
}

async fn a_token_and_a_password_come_from_private_places_alone(store: Store) {
    let desk = Desk::at(store);
    let (_, token) = desk.invite(&["send", "ada@example.com"]);
    let accept = || desk.store.claviger(&["invitation", "accept", "--url", &desk.url, "--name", "Ada"]);
    let refused = run(accept()).refused(2);
    assert!(refused.contains("CLAVIGER_INVITATION_TOKEN") && refused.contains("--token-file"), "{refused}");
    let mut command = accept();
    command.arg("--token-file").arg(&token);
    let refused = run(command).refused(2);
    assert!(refused.contains("CLAVIGER_PASSWORD") && refused.contains("--password-file"), "{refused}");
    set_mode(&token, 0o644);
    let mut command = accept();
    command.arg("--token-file").arg(&token).env("CLAVIGER_PASSWORD", PASSWORD);
    assert!(run(command).refused(2).contains("chmod 600"));
    let mut command = accept();
    command.env("CLAVIGER_INVITATION_TOKEN", std::fs::read_to_string(&token).expect("a token").trim());
    command.env("CLAVIGER_PASSWORD", PASSWORD);
    assert!(run(command).ok().contains("is now member of"));
}
