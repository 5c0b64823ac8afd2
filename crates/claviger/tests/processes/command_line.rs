//! The everyday commands against a running server, as a script sees them: output, exit codes, and no secret anywhere
//! but in what `create` prints.

use std::collections::BTreeSet;
use std::sync::Arc;

use clap::{Command, CommandFactory, Parser};
use claviger::commands::CommandLine;
use serde_json::{Value, json};

use crate::desk::{Desk, quiet};
use crate::process::run;
use crate::secrets;
use crate::server::{Store, on_both_stores, set_mode};

on_both_stores![
    a_created_account_works_until_it_is_deleted,
    the_same_idempotency_key_creates_nothing_new,
    granting_and_revoking_shows_in_the_grants,
    the_exit_code_says_why,
    a_list_holds_every_page,
    a_table_is_shown_to_people,
    a_profile_and_a_secret_file_must_be_private,
];

async fn a_created_account_works_until_it_is_deleted(store: Store) {
    let desk = Desk::at(store);
    let made = desk.create(&["nightly export", "--project", &format!("{}:analyst", desk.founded.project)]);
    let me: Value = serde_json::from_str(&desk.run_as(&made, &["me", "-o", "json"]).ok()).expect("JSON");
    assert_eq!(me["user_name"], made.username.as_str());
    assert_eq!(me["projects"][desk.founded.project.to_string()]["role"], "analyst");
    assert_eq!(desk.json(&["service-account", "show", &made.id])["username"], made.username.as_str());
    let deleted = desk.run(&["service-account", "delete", &made.id, "--yes"]).ok();
    assert_eq!(deleted, format!("Service account {} is deleted.\n", made.id));
    let refusal = desk.run_as(&made, &["me"]).refused(3);
    assert!(refusal.contains("(401 not_authenticated, request "), "{refusal}");
}

async fn the_same_idempotency_key_creates_nothing_new(store: Store) {
    let desk = Desk::at(store);
    let made = desk.create(&["once", "--idempotency-key", "deploy-17"]);
    for output in ["json", "table"] {
        let words = ["service-account", "create", "once", "--idempotency-key", "deploy-17", "-o", output];
        let refusal = desk.run(&words).refused(6);
        assert!(refusal.contains(&format!(" {}", made.id)) && refusal.contains("409"), "{refusal}");
    }
    assert_eq!(desk.json(&["service-account", "list"]).as_array().expect("a list").len(), 2);
    desk.create(&["once", "--idempotency-key", "deploy-18"]);
}

async fn granting_and_revoking_shows_in_the_grants(store: Store) {
    let desk = Desk::at(store);
    let made = desk.create(&["reader"]);
    let (project, workspace) = (desk.founded.project, desk.founded.workspace);
    let on_workspace = format!("{project}/{workspace}");
    let grants = || {
        let grants = desk.json(&["service-account", "grants", &made.id]);
        let shown = |grant: &Value| {
            let words = ["scope", "role"].map(|field| grant[field].as_str().expect("text").to_owned());
            format!(
                "{} {} {} through {}",
                words[0],
                grant["id"],
                words[1],
                grant["through"]["kind"].as_str().expect("text")
            )
        };
        let mut grants: Vec<String> = grants.as_array().expect("a list").iter().map(shown).collect();
        grants.sort();
        grants
    };
    let before = grants();
    let with = |more: &[String]| {
        let mut all: Vec<String> = before.iter().chain(more).cloned().collect();
        all.sort();
        all
    };
    desk.run(&["service-account", "grant", &made.id, "--project", &format!("{project}:admin")]).ok();
    let on_project = format!("project {project} admin through individual");
    assert_eq!(grants(), with(std::slice::from_ref(&on_project)));
    desk.run(&["service-account", "grant", &made.id, "--workspace", &format!("{on_workspace}:owner")]).ok();
    let there = format!("workspace {workspace} owner through individual");
    assert_eq!(grants(), with(&[on_project.clone(), there]));
    desk.run(&["service-account", "grant", &made.id, "--workspace", &on_workspace]).ok();
    let there = format!("workspace {workspace} consumer through individual");
    assert_eq!(
        grants(),
        with(&[on_project.clone(), there]),
        "granting again sets the role; consumer where none is named"
    );
    desk.run(&["service-account", "revoke", &made.id, "--workspace", &on_workspace]).ok();
    assert_eq!(grants(), with(&[on_project]));
    desk.run(&["service-account", "revoke", &made.id, "--project", &project.to_string()]).ok();
    assert_eq!(grants(), before);
    desk.run(&["service-account", "revoke", &made.id, "--project", &project.to_string()]).ok();
    // Several at once: on a project all or none, on a workspace up to the first that is refused.
    let other = desk.create(&["writer"]);
    let (on, several) = (format!("{project}:analyst"), [&*made.id, &*other.id]);
    let run =
        |words: [&str; 2], ids: &[&str], where_to: [&str; 2]| desk.run(&[&words[..], ids, &where_to[..]].concat());
    let given = run(["service-account", "grant"], &several, ["--project", &on]).ok();
    for id in several {
        assert!(given.contains(&format!("Service account {id} now has its role on project {project}.")), "{given}");
    }
    assert_eq!(grants(), with(&[format!("project {project} analyst through individual")]));
    run(["service-account", "revoke"], &several, ["--project", &project.to_string()]).ok();
    let refusal = run(["service-account", "grant"], &[&made.id, "999999"], ["--project", &on]).refused(5);
    assert!(refusal.contains("404 service_account_not_found"), "{refusal}");
    assert_eq!(grants(), before, "none of them has it");
    let run_on = run(["service-account", "grant"], &[&made.id, "999999", &other.id], ["--workspace", &on_workspace]);
    assert_eq!(run_on.code(), 5);
    assert_eq!(grants(), with(&[format!("workspace {workspace} consumer through individual")]));
    run(["service-account", "revoke"], &several, ["--workspace", &on_workspace]).ok();
    assert_eq!(grants(), before);
}

async fn the_exit_code_says_why(store: Store) {
    let mut desk = Desk::at(store);
    let member = desk.create(&["member"]);
    let organization = desk.founded.organization.to_string();
    let refusal = desk.run_as(&member, &["service-account", "list"]).refused(4);
    assert!(refusal.contains("403"), "{refusal}");
    let refusal = desk.run_as(&member, &["service-account", "create", "another"]).refused(4);
    assert!(refusal.contains("403"), "{refusal}");
    let refusal = desk.run(&["service-account", "show", "999999"]).refused(5);
    assert!(refusal.contains("404 service_account_not_found"), "{refusal}");
    let refusal = desk.run(&["service-account", "list", "--organization", "999999"]).refused(5);
    assert!(refusal.contains("404 organization_not_found"), "{refusal}");
    let refusal = desk.run(&["service-account", "delete", &member.id]).refused(2);
    assert!(refusal.contains("add --yes to delete without it"), "{refusal}");
    desk.run_as(&member, &["me"]).ok();
    let refusal = desk.run(&["service-account", "create", "x", "--expires", "2001-01-01T00:00:00Z"]).refused(1);
    assert!(refusal.contains("400"), "{refusal}");
    assert_eq!(desk.run(&["service-account", "grant", &member.id]).code(), 2);
    assert_eq!(desk.run(&["me", "--secret", "cvg_typed"]).code(), 2, "no option takes a secret");
    desk.server.take().expect("it runs").stop();
    let refusal = desk.run(&["service-account", "list", "--organization", &organization]).refused(7);
    assert!(refusal.contains(desk.url.trim_start_matches("http://")), "{refusal}");
}

/// A page holds fewer than this.
const ACCOUNTS: usize = 510;

async fn a_list_holds_every_page(store: Store) {
    let desk = Desk::at(store);
    let owner = Arc::new(desk.founded.at(desk.server.as_ref().expect("it runs")));
    let organization = desk.founded.organization;
    let makers: Vec<_> = (0..10)
        .map(|maker| {
            let owner = Arc::clone(&owner);
            tokio::spawn(async move {
                let mut made = Vec::new();
                for number in 0..ACCOUNTS / 10 {
                    made.push(owner.create(organization, &format!("maker-{maker}-{number}")).await.1.username);
                }
                made
            })
        })
        .collect();
    let mut made = BTreeSet::from([desk.founded.username.clone()]);
    for maker in makers {
        made.extend(maker.await.expect("a maker"));
    }
    let usernames = |listed: Value| -> Vec<String> {
        let text = |account: &Value| account["username"].as_str().expect("a username").to_owned();
        listed.as_array().expect("a list").iter().map(text).collect()
    };
    let listed = usernames(desk.json(&["service-account", "list"]));
    assert_eq!(listed.len(), ACCOUNTS + 1);
    assert_eq!(listed.into_iter().collect::<BTreeSet<_>>(), made);
    let found = usernames(desk.json(&["service-account", "list", "--search", "maker-7-"]));
    assert_eq!(found.len(), ACCOUNTS / 10);
    let projects = desk.json(&["project", "list"]);
    assert_eq!(projects[0]["id"], json!(desk.founded.project));
    assert_eq!(projects[0]["workspaces"], json!([desk.founded.workspace]));
}

async fn a_table_is_shown_to_people(store: Store) {
    let desk = Desk::at(store);
    let words = ["service-account", "create", "for people", "--expires-in", "30d"];
    let ended = run(desk.command(&words));
    assert!(ended.err.contains("Copy the secret now: it will not be shown again"), "{}", ended.err);
    let printed = ended.ok();
    let field = |name: &str| {
        let line = printed.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("no {name}: {printed}")).trim().to_owned()
    };
    secrets::handed_out(&field("username"), &field("secret"));
    for words in [&["service-account", "list"][..], &["service-account", "show", &field("id")]] {
        let table = desk.run(words).ok();
        assert!(table.contains(&field("id")) && table.contains("for_people"), "{table}");
    }
    let table = desk.run(&["service-account", "grants", &field("id")]).ok();
    assert!(table.contains("THROUGH"), "{table}");
    let table = desk.run(&["project", "list"]).ok();
    assert!(table.contains("Web shop"), "{table}");
    let table = desk.run(&["me"]).ok();
    assert!(table.contains("Acme") && table.contains("All Project Data"), "{table}");
}

async fn a_profile_and_a_secret_file_must_be_private(store: Store) {
    let desk = Desk::at(store);
    let made = desk.create(&["careless"]);
    for open in [0o644, 0o640, 0o660] {
        set_mode(&desk.profile, open);
        let refusal = desk.run(&["me"]).refused(2);
        assert!(
            refusal.ends_with(&format!("is open to other users (mode {open:04o}); run chmod 600 on it")),
            "{refusal}"
        );
        set_mode(&made.file, open);
        assert!(desk.run_as(&made, &["me"]).refused(2).contains("run chmod 600 on it"));
    }
    set_mode(&desk.profile, 0o600);
    set_mode(&made.file, 0o400);
    desk.run(&["me"]).ok();
    desk.run_as(&made, &["me"]).ok();
    let mut by_variable = desk.store.claviger(&["me"]);
    by_variable.env("CLAVIGER_URL", &desk.url).env("CLAVIGER_USERNAME", &desk.founded.username);
    by_variable.env("CLAVIGER_SECRET", &desk.founded.secret);
    quiet(&["me"], run(by_variable)).ok();
}

const REFERENCE: &str = include_str!("../../../../docs/reference/command-line.md");

/// The words of every `claviger ...` line in the reference's examples.
fn examples() -> Vec<Vec<&'static str>> {
    let mut examples = Vec::new();
    for block in REFERENCE.split("```sh\n").skip(1) {
        let block = block.split("```").next().unwrap_or_default();
        let commands = block.lines().filter(|line| line.starts_with("claviger "));
        let of_ours =
            |line: &'static str| line.split(['|', '>']).next().unwrap_or_default().split_whitespace().collect();
        examples.extend(commands.map(of_ours));
    }
    examples
}

#[test]
fn every_example_of_the_reference_is_understood() {
    let examples = examples();
    assert!(examples.len() >= 15, "the reference has lost its examples: {examples:?}");
    for words in examples {
        if let Err(error) = CommandLine::try_parse_from(&words) {
            panic!("{words:?}: {error}");
        }
    }
}

/// The sections that are named after a command, with their text.
fn sections() -> Vec<(Vec<&'static str>, &'static str)> {
    let mut sections = Vec::new();
    for section in REFERENCE.split("\n## ").flat_map(|part| part.split("\n### ")) {
        let (title, text) = section.split_once('\n').unwrap_or((section, ""));
        if let Some(words) = title.strip_prefix("claviger ") {
            let names = words.split(' ').take_while(|word| word.starts_with(|first: char| first.is_ascii_lowercase()));
            sections.push((names.collect(), text));
        }
    }
    sections
}

/// `--option` at the head of a table's row, or in the text.
fn options_in(text: &str) -> BTreeSet<String> {
    let words = text.split(|character: char| !(character.is_ascii_lowercase() || character == '-'));
    words.filter(|word| word.len() > 2).filter_map(|word| word.strip_prefix("--")).map(str::to_owned).collect()
}

#[test]
fn every_command_and_option_of_the_reference_is_there_and_none_is_left_out() {
    let mut root = CommandLine::command();
    root.build();
    let everywhere = options_in(REFERENCE.split("\n## claviger ").next().unwrap_or_default());
    let mut told = BTreeSet::new();
    for (names, text) in sections() {
        let mut command = &mut root;
        for name in &names {
            command = command.find_subcommand_mut(name).unwrap_or_else(|| panic!("there is no command {names:?}"));
        }
        if command.has_subcommands() {
            continue;
        }
        let help = options_in(&command.render_long_help().to_string());
        let beside: BTreeSet<String> =
            ["help", "version"].map(str::to_owned).into_iter().chain(everywhere.clone()).collect();
        // An option of another command may be spoken of; what stands in this one's table is its own.
        let table = text.lines().filter(|line| line.starts_with("| `--")).collect::<String>();
        for option in options_in(&table) {
            assert!(help.contains(&option), "{names:?} has no --{option}");
        }
        let left_out: Vec<_> = help.difference(&beside).filter(|option| !options_in(text).contains(*option)).collect();
        assert!(left_out.is_empty(), "{names:?}: the reference leaves out {left_out:?}");
        told.insert(names.join(" "));
    }
    for group in ["service-account", "team", "role", "project", "audit", "explain", "meter", "me"] {
        let command = root.find_subcommand(group).expect("a command");
        for name in leaves(group, command) {
            assert!(told.contains(&name), "the reference leaves out {name}");
        }
    }
}

/// The names of the commands below this one that do something by themselves.
fn leaves(name: &str, command: &Command) -> Vec<String> {
    if !command.has_subcommands() {
        return vec![name.to_owned()];
    }
    let below = command.get_subcommands().filter(|below| below.get_name() != "help");
    below.flat_map(|below| leaves(&format!("{name} {}", below.get_name()), below)).collect()
}
