//! `/api/app/projects/{project}/service-accounts`.

use serde_json::{Value, json};

use crate::world::on_both_stores;

const WORLD: &str = "
acme: ada owner, bob admin, mel member
  shop: exporter admin, reader analyst
    eu: visitor consumer, exporter owner
  lab: exporter consumer
";

/// username (without what is random), role, order, source.
fn told(rows: &Value) -> Vec<(String, String, u64, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    rows.as_array()
        .unwrap()
        .iter()
        .map(|row| {
            assert_eq!(row["email"], row["username"]);
            assert_eq!(row["hasSensitiveAccess"], false);
            let name = text(&row["username"]).split('.').next().unwrap().to_owned();
            (name, text(&row["role"]), row["role_order"].as_u64().unwrap(), text(&row["target_type"]))
        })
        .collect()
}

fn row(name: &str, role: &str, order: u64, source: &str) -> (String, String, u64, String) {
    (name.to_owned(), role.to_owned(), order, source.to_owned())
}

on_both_stores! {
    async fn who_reaches_a_project_is_listed_with_what_through(world: World) {
        let world = world.with(WORLD).await;
        let rows = world.account("exporter").get("projects/{shop}/service-accounts").await.ok();
        assert_eq!(told(&rows), [
            row("ada", "owner", 1, "organization"), row("bob", "admin", 2, "organization"),
            row("exporter", "admin", 2, "individual"), row("reader", "analyst", 3, "individual"),
        ]);
        let found = world.account("exporter").get("projects/{shop}/service-accounts?search=READ").await.ok();
        assert_eq!(told(&found), [row("reader", "analyst", 3, "individual")]);
    }

    async fn who_reaches_a_workspace_is_listed_with_what_through(world: World) {
        let world = world.with(WORLD).await;
        let rows = world.account("exporter").get("projects/{shop}/workspaces/{eu}/service-accounts").await.ok();
        assert_eq!(told(&rows), [
            row("ada", "owner", 1, "organization"), row("bob", "admin", 2, "organization"),
            row("exporter", "owner", 1, "individual"), row("reader", "analyst", 3, "individual"),
            row("visitor", "consumer", 4, "individual"),
        ]);
    }

    async fn an_account_made_in_a_project_is_its_admin_and_member_of_the_organization(world: World) {
        let world = world.with(WORLD).await;
        let exporter = world.account("exporter");
        let made = exporter.post("projects/{shop}/service-accounts", json!({ "username": "local", "expires": "2030-01-01T00:00:00Z" })).await.created();
        let local = world.remember_made("local", &made);
        assert_eq!((&made["creator"], &made["expires"]), (&json!(exporter.id), &json!("2030-01-01T00:00:00Z")));
        let me = local.get("me").await.ok();
        assert_eq!(me["organizations"][world.id("acme").to_string()]["role"], "member");
        assert_eq!(me["projects"].as_object().unwrap().len(), 1);
        assert_eq!(me["projects"][world.id("shop").to_string()]["role"], "admin");
        local.get("projects/{shop}/service-accounts").await.ok();
    }

    async fn deleting_from_a_project_keeps_the_other_projects(world: World) {
        let world = world.with(WORLD).await;
        let (ada, exporter) = (world.account("ada"), world.account("exporter"));
        ada.delete("projects/{shop}/service-accounts/{exporter}").await.ok();
        let me = exporter.get("me").await.ok();
        assert_eq!(me["projects"].as_object().unwrap().keys().collect::<Vec<_>>(), [&world.id("lab").to_string()]);
        assert_eq!(me["workspaces"].as_object().unwrap().len(), 1, "the project's workspaces included");
        exporter.get("projects/{shop}/service-accounts").await.refused(403, "permission_missing");
        ada.delete("projects/{shop}/service-accounts/{exporter}").await.ok();
        ada.get("organizations/{acme}/service-accounts/{exporter}").await.ok();
        ada.delete("projects/{shop}/service-accounts/{bob}").await.ok();
        world.account("bob").get("projects/{shop}/service-accounts").await.ok();
    }

    async fn a_project_admin_adds_and_removes_accounts_of_its_organization(world: World) {
        let world = world.with(WORLD).await;
        let (exporter, mel) = (world.account("exporter"), world.account("mel"));
        let body = json!({ "projects": [{ "id": world.id("shop"), "role": "analyst" }], "service_account_ids": [mel.id] });
        exporter.post("organizations/{acme}/service-accounts/add-to-project", body).await.ok();
        assert_eq!(mel.get("projects/{shop}").await.ok()["role"], "analyst");
        exporter.delete("projects/{shop}/service-accounts/{mel}").await.ok();
        mel.get("projects/{shop}").await.refused(403, "permission_missing");
    }

    async fn a_workspace_role_is_set_and_taken_for_that_workspace_alone(world: World) {
        let world = world.with(WORLD).await;
        let (exporter, mel) = (world.account("exporter"), world.account("mel"));
        let path = "projects/{shop}/workspaces/{eu}/service-accounts/{mel}";
        for role in ["consumer", "analyst", "analyst"] {
            exporter.put(path, json!({ "role": role })).await.ok();
            let me = mel.get("me").await.ok();
            assert_eq!(me["workspaces"], json!({ world.id("eu").to_string(): me["workspaces"][world.id("eu").to_string()] }));
            assert_eq!(me["workspaces"][world.id("eu").to_string()]["role"], role);
        }
        exporter.put(path, json!({ "role": "owner" })).await.refused(403, "role_above_own");
        exporter.put(path, json!({})).await.refused(400, "body_misfit");
        exporter.delete(path).await.ok();
        exporter.delete(path).await.ok();
        assert_eq!(mel.get("me").await.ok()["workspaces"], json!({}));
        exporter.delete("projects/{shop}/workspaces/{eu}/service-accounts/{reader}").await.ok();
        assert_eq!(world.account("reader").get("projects/{shop}/workspaces/{eu}").await.ok()["role"], "analyst");
    }
}
