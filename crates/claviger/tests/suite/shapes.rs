//! The shape of every answer, as snapshots: names, order and kinds of fields are what clients hold us to.

use reqwest::Method;
use serde_json::{Value, json};

use crate::answer::Answer;
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
                    ("token", Value::String(token)) if token.starts_with("cvg_") || token.starts_with("cvi_") => {
                        *field = json!("[secret]");
                    }
                    ("created" | "modified" | "last_used" | "created_iso" | "time", Value::String(time)) => {
                        assert!(
                            claviger_wire::time::parse(time).is_ok() && time.ends_with('Z') && time.len() == 20,
                            "{time}"
                        );
                        *field = json!("[time]");
                    }
                    // It ends when the test runs.
                    ("replaced", Value::Object(replaced)) => {
                        drop(replaced.insert("expires".to_owned(), json!("[time]")))
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

/// An invitation ends 72 hours after whenever the test runs.
fn settled_end(mut answer: Answer) -> Answer {
    let mut results = answer.body["results"].clone();
    for one in results.as_array_mut().map_or_else(Vec::new, |all| all.iter_mut().collect()) {
        one["expires"] = json!("[in 72 hours]");
    }
    if results.get("expires").is_some() {
        results["expires"] = json!("[in 72 hours]");
    }
    let mut body = answer.body.clone();
    body["results"] = results;
    answer.text = body.to_string();
    answer
}

on_both_stores! {
    async fn of_every_answer_are_as_they_were(world: World) {
        let world = world.with(WORLD).await;
        let (ada, exporter) = (world.account("ada"), world.account("exporter"));
        let mut shapes = Vec::new();
        let mut shape = |what: &str, answer: Answer| {
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
        shape("PATCH organization account (state)", ada.patch("organizations/{acme}/service-accounts/{nightly}", json!({ "disabled": true, "protected": true })).await);
        ada.patch("organizations/{acme}/service-accounts/{nightly}", json!({ "disabled": false, "protected": false })).await.ok();
        let keepers = ada.post("organizations/{acme}/teams", json!({ "name": "Keepers" })).await.created();
        let said = json!({ "owner": { "kind": "team", "id": keepers["id"] }, "description": "nightly", "labels": { "tier": "1" } });
        shape("PATCH organization account (what is said)", ada.patch("organizations/{acme}/service-accounts/{nightly}", said).await);
        shape("GET organization accounts", ada.get("organizations/{acme}/service-accounts?search=nightly&limit=1").await);
        shape("GET grants", ada.get("organizations/{acme}/service-accounts/{nightly}/grants").await);
        let secret = shape("POST secret", ada.post("organizations/{acme}/service-accounts/{nightly}/secrets", json!({ "name": "next", "expires": "2030-01-01T00:00:00Z" })).await).created();
        world.remember_secret("nightly", &secret);
        world.name("next", secret["id"].as_u64().unwrap());
        shape("GET secrets", ada.get("organizations/{acme}/service-accounts/{nightly}/secrets").await);
        shape("PATCH secret", ada.patch("organizations/{acme}/service-accounts/{nightly}/secrets/{next}", json!({ "name": null })).await);
        let rotated = shape("POST rotate", ada.post("organizations/{acme}/service-accounts/{nightly}/rotate", json!({ "grace_seconds": 0, "name": "newest" })).await).created();
        world.remember_secret("nightly", &rotated);
        shape("DELETE secret", ada.delete("organizations/{acme}/service-accounts/{nightly}/secrets/{next}").await);
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
        let policy = json!({ "secret_lifetime_max": 7_776_000, "name_pattern": "[a-z-]+", "allowed_addresses": ["127.0.0.0/8", "10.1.2.3"] });
        shape("PATCH policy", ada.patch("organizations/{acme}/policy", policy).await);
        shape("GET allowed addresses", ada.get("organizations/{acme}/service-accounts/{reader}/allowed-addresses").await);
        let invite = json!({ "email": "pia@example.com", "role": "admin", "projects": [{ "id": world.id("shop"), "role": "analyst" }], "workspaces": [{ "id": world.id("eu") }], "teams": [world.id("data")] });
        let mut sent = settled_end(ada.post("organizations/{acme}/invitations", invite).await);
        world.name("invitation", sent.body["results"]["id"].as_u64().unwrap());
        world.remember_token(&sent.body["results"]);
        shape("POST invitation", sent);
        shape("GET invitations", settled_end(ada.get("organizations/{acme}/invitations?limit=1").await));
        sent = settled_end(ada.post("organizations/{acme}/invitations/{invitation}/resend", json!({})).await);
        let joined = world.accept(&sent.body["results"], "pia").await;
        shape("POST resend", sent);
        let pia = shape("POST accept", joined).created();
        world.name("pia", pia["id"].as_u64().unwrap());
        shape("GET users", ada.get("organizations/{acme}/users?limit=1").await);
        shape("PATCH user", ada.patch("organizations/{acme}/users/{pia}", json!({ "role": "member" })).await);
        shape("PUT project user", ada.put("projects/{shop}/users/{pia}", json!({ "role": "admin" })).await);
        shape("GET project users", ada.get("projects/{shop}/users").await);
        shape("GET workspace users", ada.get("projects/{shop}/workspaces/{eu}/users").await);
        shape("404, no invitation", world.post("invitations/accept", json!({ "token": "cvi_", "password": "x" })).await);
        let pia = json!({ "projects": [{ "id": world.id("acme main"), "users": [{ "email": "pia@example.com", "role": "admin" }] }] });
        shape("GET users (older)", ada.get("/organizations/{acme}/users/").await);
        shape("POST add users to projects (older)", ada.post("/organizations/{acme}/add-users-to-projects/", pia.clone()).await);
        shape("POST delete users (older)", ada.post("/organizations/{acme}/delete-users/", pia).await);
        shape("DELETE user", ada.delete("organizations/{acme}/users/{pia}").await);
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
