//! Teams, what comes through them, and default access.

use serde_json::{Value, json};

use crate::raw::Trickle;
use crate::world::{World, on_both_stores};

const WORLD: &str = "
acme: ada owner, bob admin, mel member, nia member
  shop: exporter admin, boss owner
    eu:
  lab: labrat admin
globex: gil owner
  well: driller admin
";

const TEAMS: &str = "organizations/{acme}/teams";

/// A team that is called so, and known by its small name.
async fn team(world: &World, name: &str, members: &[&str]) -> u64 {
    let ada = world.account("ada");
    let id = ada.post(TEAMS, json!({ "name": name })).await.created()["id"].as_u64().unwrap();
    world.name(&name.to_lowercase(), id);
    let members: Vec<u64> = members.iter().map(|member| world.id(member)).collect();
    if !members.is_empty() {
        let path = format!("{TEAMS}/{{{}}}/add-members", name.to_lowercase());
        ada.post(&path, json!({ "user_ids": members })).await.ok();
    }
    id
}

/// The projects and workspaces that an account reaches, each with its role.
async fn reach(world: &World, name: &str) -> (Value, Value) {
    let me = world.account(name).get("me").await.ok();
    let roles = |things: &Value| -> Value {
        things
            .as_object()
            .unwrap()
            .iter()
            .map(|(id, thing)| (id.clone(), thing["role"].clone()))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    (roles(&me["projects"]), roles(&me["workspaces"]))
}

on_both_stores! {
    async fn a_member_has_what_its_team_holds_as_long_as_it_is_one(world: World) {
        let world = world.with(WORLD).await;
        let (ada, exporter) = (world.account("ada"), world.account("exporter"));
        team(&world, "Data", &["mel"]).await;
        assert_eq!(reach(&world, "mel").await, (json!({}), json!({})));
        exporter.put("projects/{shop}/teams/{data}", json!({ "role": "analyst" })).await.ok();
        let (shop, all, eu) = (world.id("shop").to_string(), world.id("shop all").to_string(), world.id("eu").to_string());
        let on_both = json!({ all.as_str(): "analyst", eu.as_str(): "analyst" });
        assert_eq!(reach(&world, "mel").await, (json!({ shop.as_str(): "analyst" }), on_both));
        exporter.put("projects/{shop}/workspaces/{eu}/teams/{data}", json!({ "role": "admin" })).await.ok();
        assert_eq!(reach(&world, "mel").await.1[&eu], "admin");
        exporter.put("projects/{shop}/workspaces/{eu}/service-accounts/{mel}", json!({ "role": "consumer" })).await.ok();
        exporter.delete("projects/{shop}/teams/{data}").await.ok();
        let own = (json!({ shop.as_str(): null }), json!({ eu.as_str(): "consumer" }));
        assert_eq!(reach(&world, "mel").await, own, "its workspaces included, and what is one's own stays");
        exporter.put("projects/{shop}/workspaces/{eu}/teams/{data}", json!({ "role": "admin" })).await.ok();
        ada.post("organizations/{acme}/teams/{data}/add-members", json!({ "user_ids": [world.id("nia")] })).await.ok();
        assert_eq!(reach(&world, "nia").await.1, json!({ eu.as_str(): "admin" }));
        ada.post("organizations/{acme}/teams/{data}/remove-members", json!({ "user_ids": [world.id("nia"), world.id("bob")] })).await.ok();
        assert_eq!(reach(&world, "nia").await, (json!({}), json!({})));
    }

    async fn a_deleted_team_takes_exactly_what_came_through_it(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        for name in ["Data", "Operations"] {
            team(&world, name, &["mel"]).await;
        }
        ada.put("projects/{shop}/teams/{data}", json!({ "role": "admin" })).await.ok();
        ada.put("projects/{shop}/teams/{operations}", json!({ "role": "consumer" })).await.ok();
        let own = json!({ "projects": [{ "id": world.id("lab"), "role": "analyst" }], "service_account_ids": [world.id("mel")] });
        ada.post("organizations/{acme}/service-accounts/add-to-project", own).await.ok();
        world.account("mel").get("projects/{shop}/service-accounts").await.ok();
        ada.delete("organizations/{acme}/teams/{data}").await.ok();
        world.account("mel").get("projects/{shop}/service-accounts").await.refused(403, "permission_missing");
        let roles = json!({ world.id("shop").to_string(): "consumer", world.id("lab").to_string(): "analyst" });
        assert_eq!(reach(&world, "mel").await.0, roles);
        ada.delete("organizations/{acme}/teams/{data}").await.refused(404, "team_not_found");
        ada.get("organizations/{acme}/teams/{data}").await.refused(404, "team_not_found");
        ada.put("projects/{shop}/teams/{data}", json!({ "role": "consumer" })).await.refused(404, "team_not_found");
        assert_eq!(world.count("SELECT COUNT(*) FROM team_members").await, 1);
    }

    async fn a_team_is_shown_with_its_members_and_roles(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let data = team(&world, "Data", &["mel", "exporter"]).await;
        ada.put("projects/{shop}/teams/{data}", json!({ "role": "consumer" })).await.ok();
        ada.put("projects/{shop}/workspaces/{eu}/teams/{data}", json!({ "role": "admin" })).await.ok();
        let shown = ada.get("organizations/{acme}/teams/{data}").await.ok();
        assert_eq!(shown["members"].as_array().unwrap().len(), 2);
        assert_eq!((&shown["members"][0]["id"], &shown["members"][0]["is_service_account"]), (&json!(world.id("mel")), &json!(true)));
        assert_eq!(shown["projects"], json!([{ "id": world.id("shop"), "name": "shop", "project_id": world.id("shop"), "role": "consumer" }]));
        assert_eq!(shown["workspaces"], json!([{ "id": world.id("eu"), "name": "eu", "project_id": world.id("shop"), "role": "admin" }]));
        let there = ada.get("projects/{shop}/teams").await.ok();
        assert_eq!(there, json!([{ "id": data, "name": "Data", "organization_id": world.id("acme"), "member_count": 2, "role": "consumer" }]));
        assert_eq!(ada.get("projects/{lab}/teams").await.ok(), json!([]));
        let listed = ada.get("projects/{shop}/service-accounts?search=mel").await.ok();
        assert_eq!((&listed[0]["role"], &listed[0]["target_type"]), (&json!("consumer"), &json!("team")));
        let there = ada.get("projects/{shop}/workspaces/{eu}/service-accounts?search=mel").await.ok();
        assert_eq!((&there[0]["role"], &there[0]["target_type"]), (&json!("admin"), &json!("team")));
        let grants = ada.get("organizations/{acme}/service-accounts/{mel}/grants").await.ok();
        assert_eq!(grants[0]["through"], json!({ "kind": "team", "id": data, "name": "Data" }));
    }

    async fn names_are_of_one_team_of_the_organization(world: World) {
        let world = world.with(WORLD).await;
        let (ada, gil) = (world.account("ada"), world.account("gil"));
        for name in ["Data", "Ops"] {
            team(&world, name, &[]).await;
        }
        ada.post(TEAMS, json!({ "name": " Data " })).await.refused(409, "team_name_taken");
        ada.patch("organizations/{acme}/teams/{ops}", json!({ "name": "Data" })).await.refused(409, "team_name_taken");
        ada.patch("organizations/{acme}/teams/{data}", json!({ "name": "Data" })).await.ok();
        gil.post("organizations/{globex}/teams", json!({ "name": "Data" })).await.created();
        for name in ["<b>Data</b>", "=2+5", "../x", "Δεδομένα", &"x".repeat(200)] {
            assert_eq!(ada.patch("organizations/{acme}/teams/{ops}", json!({ "name": name })).await.ok()["name"], name);
        }
        for name in ["", "  ", "a\u{202e}b", &"x".repeat(201)] {
            ada.patch("organizations/{acme}/teams/{ops}", json!({ "name": name })).await.refused(400, "name_invalid");
        }
        let found = ada.get("organizations/{acme}/teams?search=DAT").await.ok();
        assert_eq!(found.as_array().unwrap().len(), 1);
    }

    /// Unknown, foreign and deleted members, one in a list refuses the whole call; the same one twice is meant once.
    async fn members_are_of_the_organization(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        team(&world, "Data", &[]).await;
        let add = "organizations/{acme}/teams/{data}/add-members";
        for stranger in [world.id("gil"), world.id("shop"), 999_999] {
            ada.post(add, json!({ "user_ids": [world.id("mel"), stranger] })).await.refused(404, "user_not_found");
        }
        ada.post(add, json!({ "user_ids": [0] })).await.refused(400, "id_invalid");
        ada.post(add, json!({ "user_ids": "all" })).await.refused(400, "body_misfit");
        assert_eq!(ada.get("organizations/{acme}/teams/{data}").await.ok()["members"], json!([]));
        ada.post(add, json!({ "user_ids": [world.id("mel"), world.id("mel")] })).await.ok();
        let revision = world.count("SELECT revision FROM head").await;
        ada.post(add, json!({ "user_ids": [world.id("mel")] })).await.ok();
        assert_eq!(world.count("SELECT revision FROM head").await, revision, "who is a member already changes nothing");
        ada.delete("organizations/{acme}/service-accounts/{mel}").await.ok();
        assert_eq!(ada.get("organizations/{acme}/teams/{data}").await.ok()["members"], json!([]));
        ada.post(add, json!({ "user_ids": [world.id("mel")] })).await.refused(404, "user_not_found");
    }

    /// Who becomes a member gets all that the team holds: nobody raises himself or others by it.
    async fn a_team_that_holds_more_is_not_the_callers_to_change(world: World) {
        let world = world.with(WORLD).await;
        let (ada, bob) = (world.account("ada"), world.account("bob"));
        team(&world, "Owners", &["nia"]).await;
        world.account("boss").put("projects/{shop}/teams/{owners}", json!({ "role": "owner" })).await.ok();
        let add = "organizations/{acme}/teams/{owners}/add-members";
        bob.post(add, json!({ "user_ids": [bob.id] })).await.refused(403, "team_above_own");
        bob.post("organizations/{acme}/teams/{owners}/remove-members", json!({ "user_ids": [world.id("nia")] })).await.refused(403, "team_above_own");
        bob.delete("organizations/{acme}/teams/{owners}").await.refused(403, "team_above_own");
        bob.patch("organizations/{acme}/teams/{owners}", json!({ "name": "Mine" })).await.refused(403, "team_above_own");
        bob.put("projects/{shop}/teams/{owners}", json!({ "role": "consumer" })).await.refused(403, "team_above_own");
        bob.delete("projects/{shop}/teams/{owners}").await.refused(403, "team_above_own");
        bob.delete("organizations/{acme}/service-accounts/{nia}").await.refused(403, "team_above_own");
        bob.delete("projects/{shop}").await.refused(403, "permission_missing");
        ada.post(add, json!({ "user_ids": [bob.id] })).await.ok();
        bob.delete("projects/{shop}").await.ok();
        bob.delete("organizations/{acme}/teams/{owners}").await.ok();
    }

    async fn teams_of_another_organization_are_not_there(world: World) {
        let world = world.with(WORLD).await;
        let (ada, gil) = (world.account("ada"), world.account("gil"));
        team(&world, "Data", &["mel"]).await;
        let drill = gil.post("organizations/{globex}/teams", json!({ "name": "Drill" })).await.created()["id"].as_u64().unwrap();
        world.name("drill", drill);
        for path in ["organizations/{globex}/teams", "organizations/{globex}/teams/{drill}", "organizations/{acme}/teams/{drill}"] {
            ada.get(path).await.is(404);
        }
        ada.delete("organizations/{acme}/teams/{drill}").await.refused(404, "team_not_found");
        ada.post("organizations/{acme}/teams/{drill}/add-members", json!({ "user_ids": [world.id("mel")] })).await.refused(404, "team_not_found");
        ada.put("projects/{shop}/teams/{drill}", json!({ "role": "consumer" })).await.refused(404, "team_not_found");
        gil.put("projects/{well}/teams/{data}", json!({ "role": "consumer" })).await.refused(404, "team_not_found");
        ada.put("projects/{well}/teams/{data}", json!({ "role": "consumer" })).await.refused(404, "project_not_found");
        ada.put("projects/{shop}/workspaces/{well all}/teams/{data}", json!({ "role": "consumer" })).await.refused(404, "workspace_not_found");
    }

    async fn default_access_reaches_every_member_and_nobody_else(world: World) {
        let world = world.with(WORLD).await;
        let (ada, labrat) = (world.account("ada"), world.account("labrat"));
        let path = "projects/{lab}/default-access";
        assert_eq!(ada.get(path).await.ok(), json!({ "role": null }));
        for role in ["consumer", "analyst", "analyst"] {
            labrat.put(path, json!({ "role": role })).await.ok();
            assert_eq!(ada.get(path).await.ok(), json!({ "role": role }));
            assert_eq!(world.account("mel").get("projects/{lab}").await.ok()["role"], role);
        }
        assert_eq!(reach(&world, "mel").await.0, json!({ world.id("lab").to_string(): "analyst" }));
        world.account("gil").get("projects/{lab}").await.refused(404, "project_not_found");
        let listed = labrat.get("projects/{lab}/service-accounts?search=mel").await.ok();
        assert_eq!((&listed[0]["role"], &listed[0]["target_type"]), (&json!("analyst"), &json!("organization")));
        let born = ada.make("organizations/{acme}/service-accounts", json!({ "username": "born" })).await;
        assert_eq!(born.get("projects/{lab}").await.ok()["role"], "analyst", "also who comes later");
        labrat.put(path, json!({ "role": "owner" })).await.refused(403, "role_above_own");
        labrat.delete(path).await.ok();
        labrat.delete(path).await.ok();
        world.account("mel").get("projects/{lab}").await.refused(403, "permission_missing");
        assert_eq!(reach(&world, "mel").await, (json!({}), json!({})));
        ada.put(path, json!({ "role": "owner" })).await.ok();
        labrat.delete(path).await.ok();
        ada.put(path, json!({ "role": "consumer" })).await.ok();
        ada.delete("projects/{lab}").await.ok();
        assert_eq!(reach(&world, "mel").await, (json!({}), json!({})));
    }

    /// A team is deleted while a member's request waits for its turn: authority is judged on the state that the write is
    /// added to.
    async fn a_team_that_goes_takes_its_authority_along(world: World) {
        let world = world.with(WORLD).await;
        let (ada, mel) = (world.account("ada"), world.account("mel"));
        team(&world, "Crew", &["mel"]).await;
        ada.put("projects/{shop}/teams/{crew}", json!({ "role": "admin" })).await.ok();
        let body = json!({ "username": "late" }).to_string();
        let head = format!("POST /api/app/projects/{}/service-accounts HTTP/1.1\r\nHost: localhost\r\nAuthorization: {}\r\nContent-Length: {}\r\n\r\n", world.id("shop"), mel.header(), body.len());
        let (first, rest) = body.split_at(5);
        let trickling = Trickle::begin(world.address(), format!("{head}{first}").as_bytes()).await;
        // The credential was looked at on arrival: wait until it was.
        let mut looked = 0;
        while ada.get("organizations/{acme}/service-accounts/{mel}").await.ok()["last_used"].is_null() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            looked += 1;
            assert!(looked < 500, "the request did not arrive");
        }
        ada.delete("organizations/{acme}/teams/{crew}").await.ok();
        assert_eq!(trickling.end(rest.as_bytes()).await, 403);
        assert_eq!(ada.get("organizations/{acme}/service-accounts?search=late").await.ok(), json!([]));
    }
}
