//! People by their older paths: several in one call, by their addresses, all or none.

use serde_json::{Value, json};

use crate::world::{Account, World, on_both_stores};

const WORLD: &str = "
acme: ada owner, bob admin, mel member, pia@ owner, quy@ member, rio@ member
  shop: exporter admin, boss owner
    eu:
  lab: labrat admin
globex: gil owner, zoe@ member
  well: driller admin
";

const ADD: &str = "/organizations/{acme}/add-users-to-projects/";
const DELETE: &str = "/organizations/{acme}/delete-users/";

/// Who reaches a place, with his role, without those who own the organization.
async fn roles(ada: &Account, path: &str) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let people = ada.get(path).await.ok();
    let below = people.as_array().unwrap().iter().filter(|person| person["organization_role"] != "owner");
    below.map(|person| (text(&person["email"]).replace("@example.com", ""), text(&person["role"]))).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(name, role)| ((*name).to_owned(), (*role).to_owned())).collect()
}

async fn revision(world: &World) -> i64 {
    world.count("SELECT revision FROM head").await
}

fn at(name: &str) -> String {
    format!("{name}@example.com")
}

on_both_stores! {
    async fn people_are_listed_as_below_the_other_path(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let listed = ada.get("/organizations/{acme}/users/").await.ok();
        assert_eq!(listed, ada.get("organizations/{acme}/users").await.ok());
        assert_eq!((&listed[1]["id"], &listed[1]["email"]), (&json!(world.id("quy")), &json!("quy@example.com")));
        assert_eq!(listed.as_array().unwrap().len(), 3);
    }

    async fn the_body_that_added_people_takes_them_off_those_projects_alone(world: World) {
        let world = world.with(WORLD).await;
        let (ada, exporter) = (world.account("ada"), world.account("exporter"));
        let (shop, lab) = (world.id("shop"), world.id("lab"));
        let role = exporter.post("projects/{shop}/custom-roles", json!({ "name": "Reporter", "permissions": ["data:read"] })).await.created()["role_id"].clone();
        let each = json!({ "projects": [
            { "id": shop, "users": [{ "email": " QUY@Example.com", "role": "admin" }, { "email": at("rio"), "role": role }] },
            { "id": lab, "users": [{ "email": at("quy") }] },
        ] });
        let alike = json!({ "users": [at("quy"), at("rio"), "Rio@example.com"], "projects": [shop, lab, lab], "role": "analyst" });
        ada.post(ADD, each.clone()).await.ok();
        assert_eq!(roles(&ada, "projects/{shop}/users").await, [("quy".to_owned(), "admin".to_owned()), ("rio".to_owned(), role.as_str().unwrap().to_owned())]);
        assert_eq!(roles(&ada, "projects/{lab}/users").await, pairs(&[("quy", "consumer")]));
        let before = revision(&world).await;
        ada.post(ADD, each.clone()).await.ok();
        assert_eq!(revision(&world).await, before, "who has the role already changes nothing");
        ada.post(ADD, alike.clone()).await.ok();
        assert_eq!(roles(&ada, "projects/{shop}/users").await, pairs(&[("quy", "analyst"), ("rio", "analyst")]), "adding again sets the role");
        assert_eq!(roles(&ada, "projects/{lab}/users").await, pairs(&[("quy", "analyst"), ("rio", "analyst")]));
        assert_eq!(revision(&world).await, before + 1, "all of it is one decision");

        exporter.put("projects/{shop}/workspaces/{eu}/users/{quy}", json!({ "role": "admin" })).await.ok();
        ada.post(DELETE, each.clone()).await.ok();
        assert_eq!(roles(&ada, "projects/{shop}/workspaces/{eu}/users").await, [], "workspaces included");
        assert_eq!(roles(&ada, "projects/{lab}/users").await, pairs(&[("rio", "analyst")]));
        ada.post(DELETE, alike).await.ok();
        assert_eq!(roles(&ada, "projects/{lab}/users").await, []);
        let before = revision(&world).await;
        ada.post(DELETE, each).await.ok();
        assert_eq!(revision(&world).await, before, "taking off who is not there is fine");
        assert_eq!(ada.get("organizations/{acme}/users").await.ok().as_array().unwrap().len(), 3, "nobody left the organization");
        for (event, count) in [("project.user_added", 4), ("user.role_changed", 3), ("project.user_removed", 4), ("workspace.user_removed", 1), ("organization.user_removed", 0)] {
            let events = ada.get(&format!("organizations/{{acme}}/audit-log?action={event}")).await.ok();
            assert_eq!(events.as_array().unwrap().len(), count, "{event}: one for each person and project");
        }
    }

    async fn without_projects_people_leave_the_organization(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        ada.post(ADD, json!({ "users": [at("quy")], "projects": [world.id("shop")], "role": "analyst" })).await.ok();
        let before = revision(&world).await;
        ada.post(DELETE, json!({ "users": [at("quy"), at("rio"), "QUY@example.com"] })).await.ok();
        assert_eq!(revision(&world).await, before + 1);
        assert_eq!(roles(&ada, "projects/{shop}/users").await, []);
        assert_eq!(ada.get("/organizations/{acme}/users").await.ok().as_array().unwrap().len(), 1);
        assert_eq!(world.count("SELECT COUNT(*) FROM audit_events WHERE action = 'organization.user_removed'").await, 2);
        ada.post(DELETE, json!({ "users": [at("rio")] })).await.refused(404, "user_not_found");
        ada.post(DELETE, json!({ "users": [] })).await.ok();
    }

    /// an empty list of projects, or null in its place, is no request to take anybody out of the organization
    async fn a_body_that_speaks_of_projects_takes_nobody_out_of_the_organization(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let (shop, before) = (world.id("shop"), revision(&world).await);
        for path in [ADD, DELETE] {
            ada.post(path, json!({ "users": [at("quy")], "projects": [] })).await.ok();
            ada.post(path, json!({ "projects": [{ "id": shop, "users": [] }] })).await.ok();
            for odd in [
                json!({ "users": [at("quy")], "projects": null }),
                json!({ "users": [at("quy")], "projects": [{ "id": shop, "users": [] }] }),
                json!({ "users": [at("quy")], "projects": [shop, { "id": shop, "users": [] }] }),
                json!({ "users": at("quy"), "projects": [shop] }),
                json!({ "users": [at("quy")], "projects": [shop], "role": "emperor" }),
                json!({ "projects": [shop] }),
                json!({}),
            ] {
                ada.post(path, odd).await.refused(400, "body_misfit");
            }
            ada.post(path, json!({ "users": ["quy"], "projects": [shop] })).await.refused(400, "email_invalid");
            ada.post(path, json!({ "users": [at("quy")], "projects": [0] })).await.refused(400, "id_invalid");
        }
        ada.post(ADD, json!({ "users": [at("quy")] })).await.refused(400, "body_misfit");
        assert_eq!(revision(&world).await, before);
    }

    async fn one_that_is_wrong_refuses_all_of_it(world: World) {
        let world = world.with(WORLD).await;
        let (ada, bob, exporter) = (world.account("ada"), world.account("bob"), world.account("exporter"));
        let (shop, lab, well) = (world.id("shop"), world.id("lab"), world.id("well"));
        ada.put("projects/{shop}/users/{rio}", json!({ "role": "owner" })).await.ok();
        let before = revision(&world).await;
        let foreign = [json!(well), json!(999_999)];
        for path in [ADD, DELETE] {
            for project in &foreign {
                ada.post(path, json!({ "users": [at("quy")], "projects": [shop, project] })).await.refused(404, "project_not_found");
            }
            let people = |name: &str| json!({ "users": [at("quy"), at(name)], "projects": [shop] });
            let elsewhere = ada.post(path, people("zoe")).await.refused(404, "user_not_found");
            let nobody = ada.post(path, people("nobody")).await.refused(404, "user_not_found");
            assert_eq!(elsewhere.body, nobody.body, "whether somebody is known elsewhere is told to nobody");
            assert!(!nobody.text.contains("nobody"), "what was sent does not come back: {}", nobody.text);
            // Who manages one of the projects alone; and who holds more than an admin of it.
            exporter.post(path, json!({ "users": [at("quy")], "projects": [shop, lab] })).await.refused(403, "permission_missing");
            exporter.post(path, json!({ "users": [at("quy"), at("rio")], "projects": [shop] })).await.refused(403, "account_above_own");
        }
        let elsewhere = ada.post(DELETE, json!({ "users": [at("quy"), at("zoe")] })).await.refused(404, "user_not_found");
        let nobody = ada.post(DELETE, json!({ "users": [at("quy"), at("nobody")] })).await.refused(404, "user_not_found");
        assert_eq!(elsewhere.body, nobody.body);
        bob.post(DELETE, json!({ "users": [at("quy"), at("pia")] })).await.refused(403, "account_above_own");
        exporter.post(ADD, json!({ "projects": [{ "id": shop, "users": [{ "email": at("quy"), "role": "consumer" }, { "email": at("pia"), "role": "owner" }] }] })).await.refused(403, "role_above_own");
        ada.post(ADD, json!({ "users": [at("quy")], "projects": [shop], "role": "999999" })).await.refused(404, "role_not_found");
        let twice = json!({ "projects": [{ "id": shop, "users": [{ "email": at("quy"), "role": "admin" }] }, { "id": shop, "users": [{ "email": "QUY@example.com", "role": "analyst" }] }] });
        let refusal = ada.post(ADD, twice).await.refused(400, "listed_twice");
        assert!(!refusal.text.to_lowercase().contains("quy"), "{}", refusal.text);
        assert_eq!(revision(&world).await, before, "nothing of it was done");
        let same = json!({ "projects": [{ "id": shop, "users": [{ "email": at("quy"), "role": "admin" }] }, { "id": shop, "users": [{ "email": "QUY@example.com", "role": "admin" }] }] });
        ada.post(ADD, same).await.ok();
    }

    async fn so_many_and_no_more_go_into_one_call(world: World) {
        let world = world.with("acme: ada owner, quy@ member").await;
        let ada = world.account("ada");
        let many = |count: usize| (0..count).map(|number| at(&format!("user-{number}"))).collect::<Vec<_>>();
        let project = world.id("acme main");
        for path in [ADD, DELETE] {
            ada.post(path, json!({ "users": many(201), "projects": [project] })).await.refused(400, "too_many_listed");
            ada.post(path, json!({ "users": many(101), "projects": [project, 999_999] })).await.refused(400, "too_many_listed");
            ada.post(path, json!({ "users": many(200), "projects": (1..=9_999).collect::<Vec<_>>() })).await.refused(400, "too_many_listed");
            let each: Vec<Value> = many(201).iter().map(|email| json!({ "email": email })).collect();
            ada.post(path, json!({ "projects": [{ "id": project, "users": each }] })).await.refused(400, "too_many_listed");
            ada.post(path, json!({ "users": many(200), "projects": [project] })).await.refused(404, "user_not_found");
            ada.post(path, json!({ "users": vec![at("quy"); 300], "projects": [project] })).await.ok();
        }
        ada.post(DELETE, json!({ "users": many(201) })).await.refused(400, "too_many_listed");
    }

    /// two owners who are people, named in one call: neither is there to rely on for the other
    async fn the_last_owners_do_not_go_together(world: World) {
        let world = world.with("acme: ada owner, pia@ owner, pau@ owner, rio@ member").await;
        let ada = world.account("ada");
        let before = revision(&world).await;
        let refusal = ada.post(DELETE, json!({ "users": [at("pia"), at("rio"), at("pau")] })).await.refused(409, "last_owner");
        let sentence = refusal.body["error"].as_str().unwrap();
        assert!(sentence.contains(&format!("users {}, {} are the last owners", world.id("pia"), world.id("pau"))), "{sentence}");
        assert_eq!(revision(&world).await, before);
        ada.post(DELETE, json!({ "users": [at("pia"), at("rio")] })).await.ok();
        ada.post(DELETE, json!({ "users": [at("pau")] })).await.refused(409, "last_owner");
    }

    async fn they_open_no_door_of_their_own(world: World) {
        let world = world.with(WORLD).await;
        let (shop, before) = (world.id("shop"), revision(&world).await);
        let bodies = [
            json!({ "users": [at("quy")], "projects": [shop] }),
            json!({ "projects": [{ "id": shop, "users": [{ "email": at("quy") }] }] }),
        ];
        for (path, body) in [(ADD, &bodies[0]), (ADD, &bodies[1]), (DELETE, &bodies[0]), (DELETE, &bodies[1])] {
            world.account("gil").post(path, body.clone()).await.refused(404, "organization_not_found");
            world.account("mel").post(path, body.clone()).await.refused(403, "permission_missing");
        }
        for name in ["mel", "exporter", "boss"] {
            // Whether an address is known is not told to who manages nobody.
            for address in ["quy", "zoe", "nobody"] {
                world.account(name).post(DELETE, json!({ "users": [at(address)] })).await.refused(403, "permission_missing");
            }
            world.account(name).get("/organizations/{acme}/users").await.refused(403, "permission_missing");
        }
        for address in ["zoe", "nobody"] {
            world.account("mel").post(ADD, json!({ "users": [at(address)], "projects": [shop] })).await.refused(403, "permission_missing");
            world.account("mel").post(DELETE, json!({ "users": [at(address)], "projects": [shop] })).await.refused(403, "permission_missing");
        }
        world.account("gil").post(DELETE, json!({ "users": [at("quy")] })).await.refused(404, "organization_not_found");
        assert_eq!(revision(&world).await, before);
    }
}
