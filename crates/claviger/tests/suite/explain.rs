//! Why somebody may do something, or may not.

use serde_json::{Value, json};

use crate::world::on_both_stores;

const WORLD: &str = "
acme: ada owner, bob admin, mel member, bil billing_admin
  shop: exporter admin
    eu:
  lab: labrat admin
globex: gil owner
  well: driller admin
";

/// Of each grant: what on, the role that it gives, through whom.
fn told(explanation: &Value) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let grants = explanation["grants"].as_array().unwrap().iter();
    grants.map(|grant| (text(&grant["scope"]), text(&grant["role_name"]), text(&grant["through"]["kind"]))).collect()
}

fn grant(scope: &str, role: &str, through: &str) -> (String, String, String) {
    (scope.to_owned(), role.to_owned(), through.to_owned())
}

on_both_stores! {
    async fn each_way_to_a_role_is_named(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let role = ada.post("projects/{shop}/custom-roles", json!({ "name": "Reporter", "permissions": ["reports:export"] })).await.created();
        let role = role["role_id"].clone();
        let team = ada.post("organizations/{acme}/teams", json!({ "name": "Data" })).await.created()["id"].as_u64().unwrap();
        world.name("data", team);
        ada.post("organizations/{acme}/teams/{data}/add-members", json!({ "user_ids": [world.id("bob")] })).await.ok();
        ada.put("projects/{shop}/teams/{data}", json!({ "role": role })).await.ok();
        ada.put("projects/{shop}/default-access", json!({ "role": "consumer" })).await.ok();
        ada.put("projects/{shop}/workspaces/{eu}/service-accounts/{bob}", json!({ "role": "owner" })).await.ok();
        let own = json!({ "projects": [{ "id": world.id("shop"), "role": "analyst" }], "service_account_ids": [world.id("bob")] });
        ada.post("organizations/{acme}/service-accounts/add-to-project", own).await.ok();

        let explained = ada.get("organizations/{acme}/explain?principal={bob}&project={shop}").await.ok();
        let four = [grant("organization", "admin", "organization"), grant("project", "analyst", "individual"),
            grant("project", "Reporter", "team"), grant("project", "consumer", "everyone")];
        assert_eq!(told(&explained), four);
        assert_eq!((&explained["role"], &explained["allowed"]), (&json!("admin"), &Value::Null));
        let of_team = &explained["grants"][2];
        assert_eq!((&of_team["through"], &of_team["role"]), (&json!({ "kind": "team", "id": team, "name": "Data" }), &role));

        let there = ada.get("organizations/{acme}/explain?principal={bob}&workspace={eu}&permission=project:delete").await.ok();
        assert_eq!(told(&there), [&[grant("workspace", "owner", "individual")][..], &four].concat());
        assert_eq!((&there["role"], &there["allowed"], &there["project_id"]), (&json!("owner"), &json!(true), &json!(world.id("shop"))));
        let allows: Vec<&Value> = there["grants"].as_array().unwrap().iter().map(|grant| &grant["allows"]).collect();
        assert_eq!(allows, [&json!(true), &json!(false), &json!(false), &json!(false), &json!(false)]);

        for (permission, allowed) in [("reports:export", true), ("reports:delete", true), ("project:delete", false)] {
            let path = format!("organizations/{{acme}}/explain?principal={{bob}}&project={{shop}}&permission={permission}");
            assert_eq!(ada.get(&path).await.ok()["allowed"], allowed, "{permission}");
        }
        let nothing = ada.get("organizations/{acme}/explain?principal={mel}&project={lab}&permission=data:read").await.ok();
        assert_eq!((&nothing["role"], &nothing["grants"], &nothing["permissions"], &nothing["allowed"]), (&Value::Null, &json!([]), &json!([]), &json!(false)));
    }

    async fn what_is_explained_is_what_is_decided(world: World) {
        let world = world.with(WORLD).await;
        for name in ["ada", "bob", "mel", "bil", "exporter", "labrat"] {
            for project in ["shop", "lab"] {
                let account = world.account(name);
                let path = format!("organizations/{{acme}}/explain?principal={{{name}}}&project={{{project}}}&permission=service_accounts:manage");
                let allowed = account.get(&path).await.ok()["allowed"] == true;
                let status = account.get(&format!("projects/{{{project}}}/service-accounts")).await.status;
                assert_eq!(status, if allowed { 200 } else { 403 }, "{name} in {project}");
            }
        }
    }

    async fn each_asks_for_himself_and_those_who_manage_members_for_all(world: World) {
        let world = world.with(WORLD).await;
        let path = "organizations/{acme}/explain?principal={mel}&project={shop}";
        for name in ["ada", "bob", "mel"] {
            world.account(name).get(path).await.ok();
        }
        for name in ["bil", "exporter"] {
            world.account(name).get(path).await.refused(403, "permission_missing");
        }
        world.account("gil").get(path).await.refused(404, "organization_not_found");
        let ada = world.account("ada");
        for (path, code) in [
            ("organizations/{acme}/explain?principal={gil}&project={shop}", "user_not_found"),
            ("organizations/{acme}/explain?principal={mel}&project={well}", "project_not_found"),
            ("organizations/{acme}/explain?principal={mel}&workspace={well all}", "workspace_not_found"),
            ("organizations/{acme}/explain?principal=999999&project={shop}", "user_not_found"),
        ] {
            ada.get(path).await.refused(404, code);
        }
        for query in ["", "?principal={mel}", "?project={shop}", "?principal={mel}&project={shop}&workspace={eu}", "?principal=x&project={shop}", "?principal={mel}&principal={mel}&project={shop}", "?principal=0&project={shop}"] {
            ada.get(&format!("organizations/{{acme}}/explain{query}")).await.refused(400, "query_invalid");
        }
        ada.get("organizations/{acme}/explain?principal={mel}&project={shop}&permission=nothing").await.refused(400, "permission_invalid");
    }
}
