//! Projects and workspaces at the command line, as a script sees them.

use serde_json::{Value, json};

use crate::desk::Desk;
use crate::server::{Store, on_both_stores};

on_both_stores![
    a_project_is_made_changed_and_deleted,
    a_workspace_is_made_changed_and_deleted,
    a_deletion_is_confirmed,
];

fn ids(listed: &Value) -> Vec<u64> {
    listed.as_array().expect("a list").iter().map(|one| one["id"].as_u64().expect("an id")).collect()
}

async fn a_project_is_made_changed_and_deleted(store: Store) {
    let desk = Desk::at(store);
    let reader = desk.create(&["reader"]);
    let create = ["project", "create", "Export", "--timezone", "Europe/Berlin", "--slug", "export"];
    let create = [&create[..], &["--idempotency-key", "deploy-1"]].concat();
    let made = desk.json(&create);
    assert_eq!(
        (&made["name"], &made["timezone"], &made["role"], &made["slug"]),
        (&json!("Export"), &json!("Europe/Berlin"), &json!("owner"), &json!("export"))
    );
    let id = made["id"].to_string();
    let refusal = desk.run(&create).refused(6);
    assert!(refusal.contains("409 already_created") && refusal.contains(&id), "{refusal}");
    assert_eq!(ids(&desk.json(&["project", "list"])).len(), 2);
    let changed = desk.json(&["project", "change", &id, "--name", "Import"]);
    assert_eq!(
        (&changed["name"], &changed["timezone"], &changed["slug"]),
        (&json!("Import"), &json!("Europe/Berlin"), &json!("export"))
    );
    assert_eq!(desk.json(&["project", "show", &id]), changed);
    assert!(desk.run(&["project", "show", &id]).ok().contains("Import"));
    desk.run(&["project", "change", &id, "--timezone", "Atlantis"]).refused(1);
    assert_eq!(desk.json(&["project", "change", &id, "--slug", "im.port_2"])["slug"], "im.port_2");
    assert!(desk.run(&["project", "list"]).ok().contains("im.port_2"));
    let first = desk.founded.project.to_string();
    let refusal = desk.run(&["project", "change", &first, "--slug", "im.port_2"]).refused(6);
    assert!(refusal.contains("409 slug_taken"), "{refusal}");
    desk.run(&["project", "change", &first, "--slug", "Import"]).refused(1);
    assert_eq!(desk.run(&["project", "change", &id, "--slug", "x", "--no-slug"]).code(), 2);
    assert_eq!(desk.json(&["project", "change", &id, "--no-slug"])["slug"], Value::Null);
    assert_eq!(desk.run(&["project", "change", &id]).code(), 2);
    desk.run_as(&reader, &["project", "create", "Mine"]).refused(4);
    desk.run_as(&reader, &["project", "delete", &id, "--yes"]).refused(4);
    assert_eq!(desk.run(&["project", "delete", &id, "--yes"]).ok(), format!("Project {id} is deleted.\n"));
    desk.run(&["project", "show", &id]).refused(5);
}

async fn a_workspace_is_made_changed_and_deleted(store: Store) {
    let desk = Desk::at(store);
    let project = desk.founded.project.to_string();
    let create = ["workspace", "create", "EU", "--project", &project, "--description", "Europe"];
    let made = desk.json(&create);
    assert_eq!(
        (&made["name"], &made["description"], &made["is_default"]),
        (&json!("EU"), &json!("Europe"), &json!(false))
    );
    let path = format!("{project}/{}", made["id"]);
    assert_eq!(ids(&desk.json(&["workspace", "list", "--project", &project])).len(), 2);
    let changed = desk.json(&["workspace", "change", &path, "--name", "US", "--no-description"]);
    assert_eq!((&changed["name"], &changed["description"]), (&json!("US"), &Value::Null));
    assert_eq!(desk.json(&["workspace", "show", &path]), changed);
    assert!(desk.run(&["workspace", "list", "--project", &project]).ok().contains(&path));
    assert_eq!(desk.run(&["workspace", "change", &path]).code(), 2);
    assert_eq!(desk.run(&["workspace", "show", "201"]).code(), 2);
    assert_eq!(desk.run(&["workspace", "delete", &path, "--yes"]).ok(), format!("Workspace {path} is deleted.\n"));
    desk.run(&["workspace", "show", &path]).refused(5);
    let default = format!("{project}/{}", desk.founded.workspace);
    desk.run(&["workspace", "delete", &default, "--yes"]).refused(6);
}

async fn a_deletion_is_confirmed(store: Store) {
    let desk = Desk::at(store);
    let project = desk.founded.project.to_string();
    let workspace = format!("{project}/{}", desk.json(&["workspace", "create", "EU", "--project", &project])["id"]);
    for words in [["project", "delete", &project], ["workspace", "delete", &workspace]] {
        assert!(desk.run(&words).refused(2).contains("add --yes"), "{words:?}");
    }
    desk.run(&["workspace", "show", &workspace]).ok();
}
