//! Custom roles: what they allow, who may make and give them, and what becomes of their holders.

use serde_json::{Value, json};

use crate::world::{World, on_both_stores};

const WORLD: &str = "
acme: ada owner, bob admin, mel member, nia member
  shop: exporter admin, boss owner, reader analyst
    eu:
  lab: labrat admin
globex: gil owner
  well: driller admin
";

const ROLES: &str = "projects/{shop}/custom-roles";

/// A role of the shop that is called so, and known by its small name.
async fn role(world: &World, name: &str, permissions: &[&str]) -> String {
    let body = json!({ "name": name, "permissions": permissions });
    let made = world.account("ada").post(ROLES, body).await.created();
    let id = made["role_id"].as_str().unwrap().to_owned();
    world.name(&name.to_lowercase(), id.parse().unwrap());
    id
}

async fn give(world: &World, project: &str, role: &str, account: &str) {
    let projects = json!([{ "id": world.id(project), "role": role }]);
    let body = json!({ "projects": projects, "service_account_ids": [world.id(account)] });
    world.account("ada").post("organizations/{acme}/service-accounts/add-to-project", body).await.ok();
}

fn names(permissions: &Value) -> Vec<&str> {
    permissions.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect()
}

on_both_stores! {
    async fn its_holder_may_what_it_says_and_no_more(world: World) {
        let world = world.with(WORLD).await;
        let mel = world.account("mel");
        let manager = role(&world, "Manager", &["service_accounts:manage", "reports:export"]).await;
        give(&world, "shop", &manager, "mel").await;
        let seen = mel.get("projects/{shop}").await.ok();
        assert_eq!((&seen["role"], names(&seen["permissions"])), (&json!(manager), vec!["service_accounts:manage", "reports:export"]));
        mel.get("projects/{shop}/service-accounts").await.ok();
        mel.patch("projects/{shop}", json!({ "name": "mine" })).await.refused(403, "permission_missing");
        mel.post(ROLES, json!({ "name": "x" })).await.refused(403, "permission_missing");
        // It gives what it allows itself, and nothing above.
        let nia = "projects/{shop}/workspaces/{eu}/service-accounts/{nia}";
        mel.put(nia, json!({ "role": manager })).await.ok();
        mel.put(nia, json!({ "role": "consumer" })).await.refused(403, "role_above_own");
        mel.post("projects/{shop}/service-accounts", json!({ "username": "x" })).await.refused(403, "role_above_own");
        mel.delete("projects/{shop}/service-accounts/{reader}").await.refused(403, "account_above_own");
        let there = mel.get("projects/{shop}/service-accounts?search=mel").await.ok();
        assert_eq!((&there[0]["role"], &there[0]["role_order"], &there[0]["hasSensitiveAccess"]), (&json!(manager), &json!(5), &json!(false)));
    }

    async fn a_change_counts_for_every_holder_at_once(world: World) {
        let world = world.with(WORLD).await;
        let (exporter, mel) = (world.account("exporter"), world.account("mel"));
        let reporter = role(&world, "Reporter", &["data:read"]).await;
        give(&world, "shop", &reporter, "mel").await;
        let change = json!({ "permissions": ["data:sensitive", "workspaces:manage"], "description": "sees all" });
        let changed = exporter.put("projects/{shop}/custom-roles/{reporter}", change).await.ok();
        assert_eq!((&changed["name"], &changed["description"]), (&json!("Reporter"), &json!("sees all")));
        assert_eq!(names(&mel.get("projects/{shop}").await.ok()["permissions"]), ["workspaces:manage", "data:sensitive"]);
        mel.post("projects/{shop}/workspaces", json!({ "name": "x" })).await.created();
        assert_eq!(exporter.get("projects/{shop}/service-accounts?search=mel").await.ok()[0]["hasSensitiveAccess"], true);
        // Whoever holds whatever the installation makes up is told what this project's roles name.
        let own = exporter.get("projects/{shop}").await.ok();
        assert!(names(&own["permissions"]).contains(&"data:sensitive"), "{own}");
        let elsewhere = world.account("labrat").get("projects/{lab}").await.ok();
        assert!(!names(&elsewhere["permissions"]).contains(&"data:sensitive"), "{elsewhere}");
    }

    async fn roles_add_up_and_the_built_in_one_is_shown(world: World) {
        let world = world.with(WORLD).await;
        let reporter = role(&world, "Reporter", &["reports:export"]).await;
        world.account("ada").put("projects/{shop}/workspaces/{eu}/service-accounts/{reader}", json!({ "role": reporter })).await.ok();
        let me = world.account("reader").get("me").await.ok();
        assert_eq!(me["workspaces"][world.id("eu").to_string()]["role"], "analyst");
        world.account("ada").post("organizations/{acme}/teams", json!({ "name": "T" })).await.created();
        let team = world.account("ada").get("organizations/{acme}/teams").await.ok()[0]["id"].as_u64().unwrap();
        world.name("t", team);
        world.account("ada").post("organizations/{acme}/teams/{t}/add-members", json!({ "user_ids": [world.id("reader")] })).await.ok();
        world.account("ada").put("projects/{shop}/teams/{t}", json!({ "role": reporter })).await.ok();
        let seen = world.account("reader").get("projects/{shop}").await.ok();
        assert_eq!((&seen["role"], names(&seen["permissions"])), (&json!("analyst"), vec!["data:read", "data:write", "reports:export"]));
    }

    /// Nobody can put a permission into a role that he does not hold himself.
    async fn nobody_puts_in_what_he_does_not_hold(world: World) {
        let world = world.with(WORLD).await;
        let (bob, exporter) = (world.account("bob"), world.account("exporter"));
        for account in [&bob, &exporter] {
            account.post(ROLES, json!({ "name": "x", "permissions": ["data:read", "project:delete"] })).await.refused(403, "permission_above_own");
            account.post(ROLES, json!({ "name": "x", "copied_from_role_id": "owner" })).await.refused(403, "permission_above_own");
            account.post(ROLES, json!({ "name": "x", "permissions": ["organization:delete"] })).await.refused(403, "permission_above_own");
        }
        let maker = role(&world, "Maker", &["roles:manage", "data:read", "service_accounts:manage"]).await;
        give(&world, "shop", &maker, "mel").await;
        let mel = world.account("mel");
        mel.post(ROLES, json!({ "name": "x", "permissions": ["data:write"] })).await.refused(403, "permission_above_own");
        mel.post(ROLES, json!({ "name": "x", "permissions": ["reports:export"] })).await.refused(403, "permission_above_own");
        mel.put("projects/{shop}/custom-roles/{maker}", json!({ "permissions": ["roles:manage", "members:manage"] })).await.refused(403, "permission_above_own");
        mel.post(ROLES, json!({ "name": "Less", "permissions": ["data:read"] })).await.created();
        // And nobody changes or deletes a role that allows what he may not.
        let ender = world.account("boss").post(ROLES, json!({ "name": "Ender", "permissions": ["project:delete"] })).await.created();
        world.name("ender", ender["role_id"].as_str().unwrap().parse().unwrap());
        for account in [&bob, &exporter, &mel] {
            account.put("projects/{shop}/custom-roles/{ender}", json!({ "permissions": [] })).await.refused(403, "role_above_own");
            account.delete("projects/{shop}/custom-roles/{ender}").await.refused(403, "role_above_own");
        }
        assert_eq!(world.account("ada").get(ROLES).await.ok().as_array().unwrap().len(), 4 + 3);
    }

    async fn deleting_one_moves_its_holders_to_consumer(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let reporter = role(&world, "Reporter", &["reports:export"]).await;
        give(&world, "shop", &reporter, "mel").await;
        ada.put("projects/{shop}/workspaces/{eu}/service-accounts/{nia}", json!({ "role": reporter })).await.ok();
        ada.put("projects/{shop}/default-access", json!({ "role": reporter })).await.ok();
        let before = ada.get("projects/{shop}/custom-roles/{reporter}/holders").await.ok();
        let told: Vec<(&str, u64, Option<u64>)> = before.as_array().unwrap().iter().map(|holder| (holder["kind"].as_str().unwrap(), holder["id"].as_u64().unwrap(), holder["workspace_id"].as_u64())).collect();
        assert_eq!(told, [("everyone", world.id("acme"), None), ("service_account", world.id("mel"), None), ("service_account", world.id("nia"), Some(world.id("eu")))]);
        let deleted = ada.delete("projects/{shop}/custom-roles/{reporter}").await.ok();
        assert_eq!((&deleted["role_id"], &deleted["holders"]), (&json!(reporter), &before));
        for name in ["mel", "nia", "labrat"] {
            assert_eq!(world.account(name).get("projects/{shop}").await.ok()["role"], "consumer", "{name}");
        }
        assert_eq!(world.account("nia").get("me").await.ok()["workspaces"][world.id("eu").to_string()]["role"], "consumer");
        ada.get("projects/{shop}/custom-roles/{reporter}").await.refused(404, "role_not_found");
        ada.delete("projects/{shop}/custom-roles/{reporter}").await.refused(404, "role_not_found");
        let deletions = "SELECT COUNT(*) FROM audit_events WHERE action = 'custom_role.deleted' AND facts_before LIKE '%everyone, user % on workspace %'";
        assert_eq!(world.count(deletions).await, 1, "the record says who was lowered");
        // A role that goes while it is given: what comes later does not find it.
        let projects = json!([{ "id": world.id("shop"), "role": reporter }]);
        ada.post("organizations/{acme}/service-accounts/add-to-project", json!({ "projects": projects, "service_account_ids": [world.id("nia")] })).await.refused(404, "role_not_found");
    }

    /// By path, as the role that is given, and as the role that is copied from.
    async fn a_role_of_another_project_or_organization_is_not_there(world: World) {
        let world = world.with(WORLD).await;
        let (ada, gil, labrat) = (world.account("ada"), world.account("gil"), world.account("labrat"));
        let reporter = role(&world, "Reporter", &["reports:export"]).await;
        let drilling = gil.post("projects/{well}/custom-roles", json!({ "name": "Drill", "permissions": ["data:read"] })).await.created();
        world.name("drilling", drilling["role_id"].as_str().unwrap().parse().unwrap());
        for path in ["projects/{lab}/custom-roles/{reporter}", "projects/{shop}/custom-roles/{drilling}"] {
            ada.get(path).await.refused(404, "role_not_found");
            ada.put(path, json!({ "name": "x" })).await.refused(404, "role_not_found");
            ada.delete(path).await.refused(404, "role_not_found");
        }
        gil.get(ROLES).await.refused(404, "project_not_found");
        for role in [reporter.as_str(), drilling["role_id"].as_str().unwrap(), "999999"] {
            let projects = json!([{ "id": world.id("lab"), "role": role }]);
            ada.post("organizations/{acme}/service-accounts/add-to-project", json!({ "projects": projects, "service_account_ids": [world.id("mel")] })).await.refused(404, "role_not_found");
            labrat.put("projects/{lab}/default-access", json!({ "role": role })).await.refused(404, "role_not_found");
        }
        labrat.post("projects/{lab}/custom-roles", json!({ "name": "x", "copied_from_role_id": reporter })).await.refused(404, "role_not_found");
        gil.post("projects/{well}/custom-roles", json!({ "name": "x", "copied_from_role_id": reporter })).await.refused(404, "role_not_found");
        // Who manages roles in both copies.
        let copied = ada.post("projects/{lab}/custom-roles", json!({ "name": "Reporter", "copied_from_role_id": reporter })).await.created();
        assert_eq!((names(&copied["permissions"]), &copied["copied_from_role_id"]), (vec!["reports:export"], &json!(reporter)));
        let admin = ada.post("projects/{lab}/custom-roles", json!({ "name": "Like an admin", "copied_from_role_id": "admin" })).await.created();
        assert!(names(&admin["permissions"]).contains(&"roles:manage") && !names(&admin["permissions"]).contains(&"reports:export"));
    }

    async fn what_is_no_role_or_no_permission_is_refused(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        role(&world, "Reporter", &[]).await;
        for permission in ["reports", "reports:", ":export", "Reports:export", "reports:export:all", "audit:write", "project:frobnicate", "a b:c", &"x".repeat(101)] {
            ada.post(ROLES, json!({ "name": "x", "permissions": [permission] })).await.refused(400, "permission_invalid");
            ada.put("projects/{shop}/custom-roles/{reporter}", json!({ "permissions": ["data:read", permission] })).await.refused(400, "permission_invalid");
        }
        for name in ["Reporter", "owner", "Admin"] {
            ada.post(ROLES, json!({ "name": name })).await.refused(409, "role_name_taken");
        }
        for name in ["", "a\u{200b}b"] {
            ada.post(ROLES, json!({ "name": name })).await.refused(400, "name_invalid");
        }
        for built_in in ["owner", "consumer"] {
            let path = format!("{ROLES}/{built_in}");
            assert_eq!(ada.get(&path).await.ok()["is_default"], true);
            ada.put(&path, json!({ "name": "x" })).await.refused(409, "role_built_in");
            ada.delete(&path).await.refused(409, "role_built_in");
            world.account("mel").delete(&path).await.refused(403, "permission_missing");
            world.account("gil").delete(&path).await.refused(404, "project_not_found");
        }
        for no_role in ["superuser", "0", "007", "-1", "9007199254740992"] {
            ada.get(&format!("{ROLES}/{no_role}")).await.refused(404, "not_found");
            ada.put("projects/{shop}/default-access", json!({ "role": no_role })).await.refused(400, "body_misfit");
        }
        ada.put("projects/{shop}/default-access", json!({ "role": 7 })).await.refused(400, "body_misfit");
        let many: Vec<String> = (0..101).map(|number| format!("reports:r{number}")).collect();
        ada.post(ROLES, json!({ "name": "x", "permissions": many })).await.refused(409, "limit_reached");
        for name in ["B", "C", "D", "E"] {
            ada.post(ROLES, json!({ "name": name, "permissions": many[1..] })).await.created();
        }
        ada.post(ROLES, json!({ "name": "F" })).await.refused(409, "limit_reached");
    }
}
