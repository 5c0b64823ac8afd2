//! The shape of every answer, as snapshots: names, order and kinds of fields are what clients hold us to.

use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{on_both_stores, send};

const WORLD: &str = "
acme: ada owner
  shop: exporter admin
    eu: reader consumer
";

/// What differs from run to run becomes a word.
fn settled(text: &str) -> String {
    let mut value: Value = serde_json::from_str(text).expect("JSON");
    settle(&mut value);
    serde_json::to_string_pretty(&value).unwrap()
}

fn settle(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields.iter_mut() {
                match (name.as_str(), &mut *field) {
                    ("token", Value::String(token)) if token.starts_with("cvg_") => *field = json!("[secret]"),
                    ("created" | "modified" | "last_used" | "created_iso" | "time", Value::String(time)) => {
                        assert!(
                            claviger_wire::time::parse(time).is_ok() && time.ends_with('Z') && time.len() == 20,
                            "{time}"
                        );
                        *field = json!("[time]");
                    }
                    ("request_id", Value::String(_)) => *field = json!("[request]"),
                    ("next_cursor", Value::String(cursor)) if cursor.starts_with("audit-") => {
                        *field = json!("[cursor]")
                    }
                    _ => settle(field),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(settle),
        Value::String(text) => {
            let mut parts: Vec<&str> = text.split('.').collect();
            if parts.len() == 3 && parts[2] == "service-account" {
                parts[1] = "[hex]";
                *text = parts.join(".");
            }
        }
        _ => {}
    }
}

on_both_stores! {
    async fn of_every_answer_are_as_they_were(world: World) {
        let world = world.with(WORLD).await;
        let (ada, exporter) = (world.account("ada"), world.account("exporter"));
        let mut shapes = Vec::new();
        let mut shape = |what: &str, answer: crate::answer::Answer| {
            shapes.push(format!("{what}\n{} {}\n", answer.status, settled(&answer.text)));
            answer
        };
        shape("GET me (project admin)", exporter.get("me").await);
        shape("GET me (through a workspace)", world.account("reader").get("me").await);
        let new = json!({ "username": "nightly", "projects": [{ "id": world.id("shop"), "role": "analyst" }], "expires": "2030-01-01T00:00:00Z" });
        let made = shape("POST organization account", ada.post("organizations/{acme}/service-accounts", new).await).created();
        world.remember_made("nightly", &made);
        shape("GET organization account", ada.get("organizations/{acme}/service-accounts/{nightly}").await);
        shape("PATCH organization account", ada.patch("organizations/{acme}/service-accounts/{nightly}", json!({ "expires": null })).await);
        shape("GET organization accounts", ada.get("organizations/{acme}/service-accounts?search=nightly&limit=1").await);
        shape("GET grants", ada.get("organizations/{acme}/service-accounts/{nightly}/grants").await);
        shape("GET project accounts", exporter.get("projects/{shop}/service-accounts?search=nightly").await);
        shape("GET workspace accounts", exporter.get("projects/{shop}/workspaces/{eu}/service-accounts?search=reader").await);
        shape("PUT workspace role", exporter.put("projects/{shop}/workspaces/{eu}/service-accounts/{nightly}", json!({ "role": "analyst" })).await);
        shape("DELETE project account", exporter.delete("projects/{shop}/service-accounts/{nightly}").await);
        shape("DELETE organization account", ada.delete("organizations/{acme}/service-accounts/{nightly}").await);
        shape("GET projects", exporter.get("organizations/{acme}/projects?limit=1").await);
        shape("GET project", exporter.get("projects/{shop}").await);
        shape("GET index", exporter.get("projects/metadata/index").await);
        shape("GET workspaces", world.account("reader").get("projects/{shop}/workspaces").await);
        shape("GET workspace", exporter.get("projects/{shop}/workspaces/{eu}").await);
        let team = shape("POST team", ada.post("organizations/{acme}/teams", json!({ "name": "Data" })).await).created();
        world.name("data", team["id"].as_u64().unwrap());
        ada.post("organizations/{acme}/teams/{data}/add-members", json!({ "user_ids": [world.id("reader")] })).await.ok();
        let role = json!({ "name": "Reporter", "permissions": ["data:read", "reports:export"], "copied_from_role_id": "consumer" });
        let role = shape("POST custom role", exporter.post("projects/{shop}/custom-roles", role).await).created();
        world.name("reporter", role["role_id"].as_str().unwrap().parse().unwrap());
        shape("PUT team role", ada.put("projects/{shop}/teams/{data}", json!({ "role": role["role_id"] })).await);
        ada.put("projects/{shop}/workspaces/{eu}/teams/{data}", json!({ "role": "admin" })).await.ok();
        shape("GET team", ada.get("organizations/{acme}/teams/{data}").await);
        shape("GET teams", ada.get("organizations/{acme}/teams?limit=1").await);
        shape("GET project teams", exporter.get("projects/{shop}/teams").await);
        shape("GET roles", exporter.get("projects/{shop}/custom-roles").await);
        shape("GET custom role", exporter.get("projects/{shop}/custom-roles/{reporter}").await);
        shape("GET role holders", exporter.get("projects/{shop}/custom-roles/{reporter}/holders").await);
        ada.put("projects/{shop}/default-access", json!({ "role": "consumer" })).await.ok();
        shape("GET default access", exporter.get("projects/{shop}/default-access").await);
        shape("GET me (through a team)", world.account("reader").get("me").await);
        shape("GET explain", ada.get("organizations/{acme}/explain?principal={reader}&workspace={eu}&permission=reports:export").await);
        shape("DELETE custom role", exporter.delete("projects/{shop}/custom-roles/{reporter}").await);
        shape("GET audit log", ada.get("organizations/{acme}/audit-log?limit=1").await);
        shape("GET audit log of a project", exporter.get("projects/{shop}/audit-log?action=service_account.role_changed&limit=1").await);
        shape("401", world.get_with("me", &[]).await);
        shape("403", exporter.get("organizations/{acme}/service-accounts").await);
        shape("404", ada.get("projects/999999").await);
        shape("404, no such path", ada.get("nowhere").await);
        shape("405", ada.put("me", json!({})).await);
        shape("409", ada.delete("organizations/{acme}/service-accounts/{ada}").await);
        shape("400", ada.post("organizations/{acme}/service-accounts", json!({ "username": "a/b" })).await);
        shape("415", send(ada.request(Method::POST, "organizations/{acme}/projects").header("content-type", "text/plain").body("{}")).await);
        insta::with_settings!({ snapshot_path => "snapshots", prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!("answers", shapes.join("\n"));
        });
    }
}
