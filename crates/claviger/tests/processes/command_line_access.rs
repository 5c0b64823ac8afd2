//! Teams, custom roles, default access and explain at the command line, as a script sees them.

use serde_json::{Value, json};

use crate::desk::{Desk, Made};
use crate::server::{Store, on_both_stores};

on_both_stores![
    what_comes_through_a_team_is_explained_and_ends_with_it,
    a_team_is_renamed_and_its_roles_are_taken_one_by_one,
    a_custom_role_allows_what_the_product_made_up,
    default_access_reaches_every_member,
    the_same_key_makes_no_second_team_or_role,
    a_policy_is_set_and_felt,
];

/// What was made, by a field that is a number or text.
fn id_in(made: &Value, field: &str) -> String {
    made[field].as_str().map_or_else(|| made[field].to_string(), str::to_owned)
}

/// Whom the grants of an explanation come through.
fn throughs(explanation: &Value) -> Vec<String> {
    let grants = explanation["grants"].as_array().expect("a list");
    let through = |grant: &Value| format!("{} {}", grant["through"]["kind"].as_str().expect("text"), grant["role"]);
    grants.iter().map(through).collect()
}

fn role_of(desk: &Desk, somebody: &Made) -> Value {
    let me: Value = serde_json::from_str(&desk.run_as(somebody, &["me", "-o", "json"]).ok()).expect("JSON");
    me["projects"][desk.founded.project.to_string()]["role"].clone()
}

async fn what_comes_through_a_team_is_explained_and_ends_with_it(store: Store) {
    let desk = Desk::at(store);
    let (reader, other) = (desk.create(&["reader"]), desk.create(&["other"]));
    let project = desk.founded.project.to_string();
    let team = id_in(&desk.json(&["team", "create", "Exporters"]), "id");
    desk.run(&["team", "add-member", &team, &reader.id, &other.id]).ok();
    desk.run(&["team", "grant", &team, "--project", &format!("{project}:analyst")]).ok();
    assert_eq!(role_of(&desk, &reader), "analyst");

    let explain = ["explain", &reader.id, "--project", &project];
    let table = desk.run(&explain).ok();
    assert!(table.contains("team Exporters") && table.contains("analyst"), "{table}");
    assert_eq!(throughs(&desk.json(&explain)), [r#"team "analyst""#]);
    let may = |permission| desk.run(&[&explain[..], &["--permission", permission]].concat()).ok();
    let yes = may("data:write");
    assert!(yes.starts_with(&format!("yes: {} has data:write on project {project}\n", reader.username)), "{yes}");
    let no = may("members:manage");
    assert!(no.starts_with(&format!("no: {} does not have members:manage", reader.username)), "{no}");
    let workspace = desk.founded.workspace.to_string();
    let there = desk.json(&["explain", &reader.id, "--workspace", &workspace, "--permission", "data:write"]);
    assert_eq!((&there["allowed"], &there["workspace_id"]), (&json!(true), &json!(desk.founded.workspace)));
    desk.run_as(&reader, &explain).ok();
    desk.run_as(&reader, &["explain", &other.id, "--project", &project]).refused(4);
    desk.run(&["explain", "999999", "--project", &project]).refused(5);

    desk.run(&["team", "remove-member", &team, &other.id]).ok();
    assert_eq!(role_of(&desk, &other), Value::Null);
    assert!(desk.run(&["team", "delete", &team]).refused(2).contains("add --yes"), "nobody is there to be asked");
    assert_eq!(desk.run(&["team", "delete", &team, "--yes"]).ok(), format!("Team {team} is deleted.\n"));
    assert_eq!(role_of(&desk, &reader), Value::Null);
    desk.run(&["team", "show", &team]).refused(5);
}

async fn a_team_is_renamed_and_its_roles_are_taken_one_by_one(store: Store) {
    let desk = Desk::at(store);
    let reader = desk.create(&["reader"]);
    let (project, workspace) = (desk.founded.project, desk.founded.workspace);
    let on_workspace = format!("{project}/{workspace}");
    let team = id_in(&desk.json(&["team", "create", "Exporters"]), "id");
    desk.run(&["team", "add-member", &team, &reader.id]).ok();
    desk.run(&["team", "rename", &team, "Importers"]).ok();
    let found = |text| desk.json(&["team", "list", "--search", text]).as_array().expect("a list").len();
    assert_eq!((found("Importers"), found("Exporters")), (1, 0));

    desk.run(&["team", "grant", &team, "--project", &project.to_string()]).ok();
    desk.run(&["team", "grant", &team, "--workspace", &format!("{on_workspace}:admin")]).ok();
    let roles = || {
        let shown = desk.json(&["team", "show", &team]);
        let roles = |of: &str| {
            let listed = shown[of].as_array().expect("a list").iter();
            listed.map(|on| (on["id"].as_u64().expect("an id"), id_in(on, "role"))).collect::<Vec<_>>()
        };
        (roles("projects"), roles("workspaces"))
    };
    let there = vec![(workspace, "admin".to_owned())];
    assert_eq!(roles(), (vec![(project, "consumer".to_owned())], there), "consumer where none is named");
    let table = desk.run(&["team", "show", &team]).ok();
    for text in ["Importers", &reader.username, &format!("workspace {on_workspace}")] {
        assert!(table.contains(text), "{text}: {table}");
    }
    desk.run(&["team", "revoke", &team, "--workspace", &on_workspace]).ok();
    assert_eq!(roles(), (vec![(project, "consumer".to_owned())], vec![]));
    desk.run(&["team", "revoke", &team, "--workspace", &on_workspace]).ok();
    desk.run(&["team", "grant", &team, "--workspace", &format!("{on_workspace}:admin")]).ok();
    desk.run(&["team", "revoke", &team, "--project", &project.to_string()]).ok();
    assert_eq!(roles(), (vec![], vec![]), "the project's workspaces go with it");
    desk.run_as(&reader, &["team", "list"]).refused(4);
}

async fn a_custom_role_allows_what_the_product_made_up(store: Store) {
    let desk = Desk::at(store);
    let reader = desk.create(&["reader"]);
    let project = desk.founded.project.to_string();
    let of = |words: &[&str]| desk.json(&[&["role"], words, &["--project", &project]].concat());
    let made = of(&[
        "create",
        "Exporter",
        "--permission",
        "data:read",
        "--permission",
        "reports:export",
        "--description",
        "Exports",
    ]);
    assert_eq!(
        (&made["permissions"], &made["description"]),
        (&json!(["data:read", "reports:export"]), &json!("Exports"))
    );
    let role = id_in(&made, "role_id");
    desk.run(&["service-account", "grant", &reader.id, "--project", &format!("{project}:{role}")]).ok();
    assert_eq!(role_of(&desk, &reader), role.as_str());
    let may = || {
        let words = ["explain", &reader.id, "--project", &project, "--permission", "reports:export"];
        (desk.json(&words)["allowed"] == true, desk.run(&words).ok())
    };
    let (allowed, table) = may();
    assert!(allowed && table.contains(&format!("Exporter ({role})")), "{table}");

    let copy = of(&["create", "Copy", "--copy-from", &role]);
    assert_eq!((&copy["permissions"], &copy["copied_from_role_id"]), (&made["permissions"], &json!(role)));
    let changed = of(&["change", &role, "--name", "Reader", "--permission", "data:read"]);
    assert_eq!((&changed["name"], &changed["permissions"]), (&json!("Reader"), &json!(["data:read"])));
    assert_eq!(of(&["show", &role]), changed);
    assert!(!may().0, "what was not named again is gone");
    let ids: Vec<String> =
        of(&["list"]).as_array().expect("a list").iter().map(|role| id_in(role, "role_id")).collect();
    assert_eq!(ids[4..], [role.clone(), id_in(&copy, "role_id")], "the built-in ones come first: {ids:?}");

    assert_eq!(of(&["holders", &role])[0]["id"].to_string(), reader.id);
    desk.run(&["role", "delete", &role, "--project", &project]).refused(2);
    let deleted = desk.run(&["role", "delete", &role, "--project", &project, "--yes"]).ok();
    assert!(deleted.contains("Consumers from now on") && deleted.contains(&reader.username), "{deleted}");
    assert_eq!(role_of(&desk, &reader), "consumer");
    assert_eq!(of(&["delete", &id_in(&copy, "role_id"), "--yes"])["holders"], json!([]));
    desk.run(&["role", "show", &role, "--project", &project]).refused(5);
    desk.run(&["role", "delete", "admin", "--project", &project, "--yes"]).refused(6);
    let refusal = desk.run(&["service-account", "grant", &reader.id, "--project", &format!("{project}:Exporter")]);
    assert!(refusal.err.contains("as claviger role list shows it"), "{}", refusal.err);
    assert_eq!(refusal.code(), 2);
}

async fn default_access_reaches_every_member(store: Store) {
    let desk = Desk::at(store);
    let reader = desk.create(&["reader"]);
    let project = desk.founded.project.to_string();
    let access = ["project", "default-access", "show", &project];
    assert_eq!(desk.json(&access), json!({ "role": null }));
    desk.run(&["project", "default-access", "set", &project, "consumer"]).ok();
    assert_eq!(desk.json(&access), json!({ "role": "consumer" }));
    let sentence = desk.run(&access).ok();
    assert_eq!(sentence, format!("Every member of the organization has the role consumer on project {project}.\n"));
    let explain = ["explain", &reader.id, "--project", &project];
    assert_eq!(throughs(&desk.json(&explain)), [r#"everyone "consumer""#]);
    assert!(desk.run(&explain).ok().contains("everyone in the organization"));
    desk.run(&["project", "default-access", "clear", &project]).ok();
    assert_eq!(throughs(&desk.json(&explain)), [""; 0]);
    assert_eq!(role_of(&desk, &reader), Value::Null);
    desk.run_as(&reader, &access).refused(4);
}

async fn the_same_key_makes_no_second_team_or_role(store: Store) {
    let desk = Desk::at(store);
    let project = desk.founded.project.to_string();
    let key = ["--idempotency-key", "deploy-17"];
    let team = [&["team", "create", "Exporters"], &key[..]].concat();
    let id = id_in(&desk.json(&team), "id");
    let refusal = desk.run(&team).refused(6);
    assert!(refusal.contains("409 already_created") && refusal.contains(&id), "{refusal}");
    let role = ["role", "create", "Reader", "--copy-from", "consumer", "--project", &project];
    let role = [&role[..], &["--idempotency-key", "deploy-18"]].concat();
    let id = id_in(&desk.json(&role), "role_id");
    let refusal = desk.run(&role).refused(6);
    assert!(refusal.contains("409 already_created") && refusal.contains(&id), "{refusal}");
}

async fn a_policy_is_set_and_felt(store: Store) {
    let desk = Desk::at(store);
    let reader = desk.create(&["reader"]);
    let set = ["policy", "set", "--secret-lifetime-max", "90d", "--name-pattern", "ci-[a-z]+"];
    let policy = desk.json(&set);
    assert_eq!((&policy["secret_lifetime_max"], &policy["name_pattern"]), (&json!(7_776_000), &json!("ci-[a-z]+")));
    let table = desk.run(&["policy", "show"]).ok();
    assert!(table.contains("90 days") && table.contains("everywhere"), "{table}");
    let refusal = desk.run(&["service-account", "create", "nightly", "--expires-in", "30d"]).refused(1);
    assert!(refusal.contains("ci-[a-z]+"), "{refusal}");
    assert!(desk.run(&["service-account", "create", "ci-a"]).refused(1).contains("90 days away at most"));
    desk.create(&["ci-a", "--expires-in", "30d"]);
    let bind = ["policy", "addresses", "set", &reader.id, "192.0.2.7", "10.0.0.0/8"];
    let sentence = format!("Service account {} may call from 10.0.0.0/8, 192.0.2.7/32.\n", reader.id);
    assert_eq!(desk.run(&bind).ok(), sentence);
    assert!(desk.run_as(&reader, &["me"]).refused(4).contains("address_not_allowed"));
    assert!(desk.run(&["policy", "addresses", "set", &reader.id]).ok().contains("everywhere"));
    desk.run_as(&reader, &["me"]).ok();
    desk.run_as(&reader, &["policy", "show"]).refused(4);
    let refusal = desk.run(&["policy", "set", "--allowed-addresses", "192.0.2.7"]).refused(6);
    assert!(refusal.contains("would lock you out"), "{refusal}");
    desk.run(&["policy", "set", "--secret-lifetime-max", "none", "--name-pattern", "none", "--any-address"]).ok();
    desk.create(&["nightly"]);
}
