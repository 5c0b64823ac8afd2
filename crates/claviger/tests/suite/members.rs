//! People of an organization: their roles in it, on projects and workspaces; leaving; the last owner.

use serde_json::{Value, json};

use crate::world::{Account, on_both_stores};

const WORLD: &str = "
acme: ada owner, bob admin, pia@ owner, quy@ admin, rio@ member
  shop: exporter admin, boss owner, rio@ analyst
    eu: sam@ consumer
  lab: labrat admin
globex: gil owner, zoe@ member
  well: driller admin
";

const USERS: &str = "organizations/{acme}/users";

fn named(people: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    people.as_array().unwrap().iter().map(|person| (text(&person["email"]), text(&person["role"]))).collect()
}

async fn roles(ada: &Account, path: &str) -> Vec<(String, String)> {
    named(&ada.get(path).await.ok())
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(name, role)| (format!("{name}@example.com"), (*role).to_owned())).collect()
}

on_both_stores! {
    async fn people_are_listed_changed_and_removed(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let all = pairs(&[("pia", "owner"), ("quy", "admin"), ("rio", "member"), ("sam", "member")]);
        assert_eq!(roles(&ada, USERS).await, all);
        assert_eq!(roles(&ada, "organizations/{acme}/users/").await, all);
        let first = ada.get(&format!("{USERS}?limit=3")).await.is(200);
        assert_eq!(named(&first.body["results"]), all[..3]);
        let next = first.body["next_cursor"].as_str().unwrap();
        assert_eq!(roles(&ada, &format!("{USERS}?limit=3&cursor={next}")).await, all[3..]);
        ada.get(&format!("organizations/{{globex}}/users?cursor={next}")).await.is(404);
        assert_eq!(roles(&ada, &format!("{USERS}?search=QUY%40")).await, all[1..2]);
        assert_eq!(ada.patch("organizations/{acme}/users/{rio}", json!({ "role": "billing_admin" })).await.ok()["role"], "billing_admin");
        let revision = world.count("SELECT revision FROM head").await;
        ada.patch("organizations/{acme}/users/{rio}", json!({ "role": "billing_admin" })).await.ok();
        assert_eq!(world.count("SELECT revision FROM head").await, revision, "who has it already changes nothing");
        ada.patch("organizations/{acme}/users/{rio}", json!({ "role": "analyst" })).await.refused(400, "body_misfit");
        ada.delete("organizations/{acme}/users/{rio}").await.ok();
        ada.delete("organizations/{acme}/users/{rio}").await.refused(404, "user_not_found");
        ada.get("organizations/{acme}/users/{rio}").await.refused(404, "user_not_found");
        assert_eq!(roles(&ada, "projects/{shop}/users").await, pairs(&[("pia", "owner"), ("quy", "admin")]));
        assert_eq!(world.count("SELECT COUNT(*) FROM principals WHERE kind = 1 AND deleted_at IS NULL").await, 5, "he stays a person");
        // Invited again, he has his password still.
        world.make_person("acme", "rio", "member").await;
        assert_eq!(world.count("SELECT COUNT(*) FROM principals WHERE kind = 1").await, 5);
        for (event, count) in [("organization.user_added", 6), ("organization.user_removed", 1), ("user.organization_role_changed", 1), ("project.user_added", 1), ("workspace.user_added", 1)] {
            let found = world.count(match event {
                "organization.user_added" => "SELECT COUNT(*) FROM audit_events WHERE action = 'organization.user_added'",
                "organization.user_removed" => "SELECT COUNT(*) FROM audit_events WHERE action = 'organization.user_removed'",
                "user.organization_role_changed" => "SELECT COUNT(*) FROM audit_events WHERE action = 'user.organization_role_changed'",
                "project.user_added" => "SELECT COUNT(*) FROM audit_events WHERE action = 'project.user_added'",
                _ => "SELECT COUNT(*) FROM audit_events WHERE action = 'workspace.user_added'",
            }).await;
            assert_eq!(found, count, "{event}");
        }
    }

    async fn an_admin_does_not_touch_an_owner_nor_make_one(world: World) {
        let world = world.with(WORLD).await;
        let bob = world.account("bob");
        bob.delete("organizations/{acme}/users/{pia}").await.refused(403, "account_above_own");
        bob.patch("organizations/{acme}/users/{pia}", json!({ "role": "member" })).await.refused(403, "account_above_own");
        bob.patch("organizations/{acme}/users/{rio}", json!({ "role": "owner" })).await.refused(403, "role_above_own");
        bob.patch("organizations/{acme}/users/{rio}", json!({ "role": "admin" })).await.ok();
        bob.delete("organizations/{acme}/users/{rio}").await.ok();
        world.account("ada").put("projects/{lab}/users/{quy}", json!({ "role": "owner" })).await.ok();
        bob.delete("organizations/{acme}/users/{quy}").await.refused(403, "account_above_own");
        bob.delete("projects/{lab}/users/{quy}").await.refused(403, "account_above_own");
        for name in ["exporter", "boss", "labrat"] {
            let one = world.account(name);
            one.get(USERS).await.refused(403, "permission_missing");
            one.patch("organizations/{acme}/users/{sam}", json!({ "role": "member" })).await.refused(403, "permission_missing");
            one.delete("organizations/{acme}/users/{sam}").await.refused(403, "permission_missing");
        }
    }

    async fn people_of_another_organization_are_not_there(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        for stranger in ["{zoe}", "{gil}", "{shop}", "{ada}", "999999"] {
            let path = format!("{USERS}/{stranger}");
            ada.get(&path).await.refused(404, "user_not_found");
            ada.patch(&path, json!({ "role": "member" })).await.refused(404, "user_not_found");
            ada.delete(&path).await.refused(404, "user_not_found");
            ada.put(&format!("projects/{{shop}}/users/{stranger}"), json!({ "role": "consumer" })).await.refused(404, "user_not_found");
            ada.put(&format!("projects/{{shop}}/workspaces/{{eu}}/users/{stranger}"), json!({ "role": "consumer" })).await.refused(404, "user_not_found");
        }
        ada.get("organizations/{globex}/users").await.refused(404, "organization_not_found");
        ada.get("projects/{well}/users").await.refused(404, "project_not_found");
        ada.put("projects/{well}/users/{rio}", json!({ "role": "consumer" })).await.refused(404, "project_not_found");
        ada.get("projects/{shop}/workspaces/{well all}/users").await.refused(404, "workspace_not_found");
        ada.put("projects/{shop}/workspaces/{well all}/users/{rio}", json!({ "role": "consumer" })).await.refused(404, "workspace_not_found");
    }

    async fn roles_on_projects_and_workspaces_are_given_shown_and_taken(world: World) {
        let world = world.with(WORLD).await;
        let (ada, exporter) = (world.account("ada"), world.account("exporter"));
        let there = pairs(&[("pia", "owner"), ("quy", "admin"), ("rio", "analyst")]);
        assert_eq!(roles(&ada, "projects/{shop}/users").await, there);
        let mut on_workspace = there.clone();
        on_workspace.extend(pairs(&[("sam", "consumer")]));
        assert_eq!(roles(&ada, "projects/{shop}/workspaces/{eu}/users").await, on_workspace);
        let listed = ada.get("projects/{shop}/users").await.ok();
        assert_eq!((&listed[0]["target_type"], &listed[0]["role_order"], &listed[0]["organization_role"]), (&json!("organization"), &json!(1), &json!("owner")));
        assert_eq!((&listed[2]["target_type"], &listed[2]["role_order"]), (&json!("individual"), &json!(3)));
        exporter.put("projects/{shop}/users/{sam}", json!({ "role": "owner" })).await.refused(403, "role_above_own");
        let role = json!({ "name": "Reporter", "permissions": ["data:read", "data:sensitive"] });
        let role = exporter.post("projects/{shop}/custom-roles", role).await.created()["role_id"].clone();
        world.name("reporter", role.as_str().unwrap().parse().unwrap());
        exporter.put("projects/{shop}/users/{sam}", json!({ "role": role })).await.ok();
        let sam = ada.get("projects/{shop}/users?search=sam").await.ok();
        assert_eq!((&sam[0]["role"], &sam[0]["hasSensitiveAccess"], &sam[0]["role_order"]), (&role, &json!(true), &json!(5)));
        let holders = exporter.get("projects/{shop}/custom-roles/{reporter}/holders").await.ok();
        assert_eq!((&holders[0]["kind"], &holders[0]["name"]), (&json!("user"), &json!("sam of the world")));
        let explained = ada.get("organizations/{acme}/explain?principal={sam}&project={shop}&permission=data:read").await.ok();
        assert_eq!((&explained["principal_name"], &explained["allowed"]), (&json!("sam of the world"), &json!(true)));
        exporter.put("projects/{shop}/workspaces/{eu}/users/{rio}", json!({ "role": "admin" })).await.ok();
        exporter.delete("projects/{shop}/workspaces/{eu}/users/{sam}").await.ok();
        exporter.delete("projects/{shop}/users/{sam}").await.ok();
        exporter.delete("projects/{shop}/users/{rio}").await.ok();
        assert_eq!(roles(&ada, "projects/{shop}/workspaces/{eu}/users").await, there[..2], "workspaces included");
        exporter.put("projects/{lab}/users/{sam}", json!({ "role": "consumer" })).await.refused(403, "permission_missing");
        ada.put("projects/{lab}/default-access", json!({ "role": "consumer" })).await.ok();
        let everyone = pairs(&[("pia", "owner"), ("quy", "admin"), ("rio", "consumer"), ("sam", "consumer")]);
        assert_eq!(roles(&ada, "projects/{lab}/users").await, everyone);
    }

    async fn teams_take_people_and_lose_them_with_the_organization(world: World) {
        let world = world.with(WORLD).await;
        let (ada, gil) = (world.account("ada"), world.account("gil"));
        for (organization, owner) in [("acme", &ada), ("globex", &gil)] {
            let made = owner.post(&format!("organizations/{{{organization}}}/teams"), json!({ "name": "Data" })).await.created();
            world.name(&format!("{organization} data"), made["id"].as_u64().unwrap());
        }
        ada.post("organizations/{acme}/teams/{acme data}/add-members", json!({ "user_ids": [world.id("rio"), world.id("zoe")] })).await.refused(404, "user_not_found");
        ada.post("organizations/{acme}/teams/{acme data}/add-members", json!({ "user_ids": [world.id("rio"), world.id("exporter")] })).await.ok();
        let invited = gil.post("organizations/{globex}/invitations", json!({ "email": "rio@example.com", "teams": [world.id("globex data")] })).await.created();
        world.accept(&invited, "rio").await.ok();
        ada.put("projects/{lab}/teams/{acme data}", json!({ "role": "admin" })).await.ok();
        assert_eq!(ada.get("projects/{lab}/users?search=rio").await.ok()[0]["target_type"], "team");
        let members = ada.get("organizations/{acme}/teams/{acme data}").await.ok()["members"].clone();
        let kinds: Vec<_> = members.as_array().unwrap().iter().map(|member| member["is_service_account"].as_bool().unwrap()).collect();
        assert_eq!(kinds.iter().filter(|is_account| !**is_account).count(), 1);
        ada.delete("organizations/{acme}/users/{rio}").await.ok();
        assert_eq!(ada.get("organizations/{acme}/teams/{acme data}").await.ok()["member_count"], 1);
        assert_eq!(gil.get("organizations/{globex}/teams/{globex data}").await.ok()["members"][0]["id"], world.id("rio"));
        assert_eq!(world.count("SELECT COUNT(*) FROM audit_events WHERE action IN ('team.user_added', 'team.service_account_added')").await, 3);
        gil.post("organizations/{globex}/teams/{globex data}/remove-members", json!({ "user_ids": [world.id("rio")] })).await.ok();
        assert_eq!(world.count("SELECT COUNT(*) FROM audit_events WHERE action = 'team.user_removed'").await, 1);
    }

    /// once there has been an owner who is a person, there is always one who is a person: accounts beside him do not count
    async fn the_last_owner_who_is_a_person_stays(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        ada.delete("organizations/{acme}/users/{pia}").await.refused(409, "last_owner");
        ada.patch("organizations/{acme}/users/{pia}", json!({ "role": "admin" })).await.refused(409, "last_owner");
        ada.patch("organizations/{acme}/users/{quy}", json!({ "role": "owner" })).await.ok();
        ada.patch("organizations/{acme}/users/{pia}", json!({ "role": "admin" })).await.ok();
        ada.delete("organizations/{acme}/users/{quy}").await.refused(409, "last_owner");
        ada.delete("organizations/{acme}/service-accounts/{ada}").await.ok();
    }

    /// two owners are removed and lowered at the same time, by many requests at once: one wins, and one owner stays
    async fn of_two_owners_who_are_removed_at_once_one_stays(world: World) {
        let world = world.with("acme: ada owner, pia@ owner, pau@ owner").await;
        let ada = world.account("ada");
        for round in 0..12 {
            let mut asked = Vec::new();
            for number in 0..16 {
                let ada = ada.clone();
                asked.push(tokio::spawn(async move {
                    let path = format!("organizations/{{acme}}/users/{{{}}}", ["pia", "pau"][number % 2]);
                    match (number / 2 + round) % 3 {
                        0 => ada.delete(&path).await,
                        1 => ada.patch(&path, json!({ "role": "member" })).await,
                        _ => ada.patch(&path, json!({ "role": "admin" })).await,
                    }
                }));
            }
            for one in asked {
                let answer = one.await.unwrap();
                assert!([200, 404, 409].contains(&answer.status), "{}", answer.text);
                assert!(answer.status != 409 || answer.body["code"] == "last_owner", "{}", answer.text);
            }
            let people = roles(&ada, USERS).await;
            let owners: Vec<_> = people.iter().filter(|(_, role)| role == "owner").collect();
            assert_eq!(owners.len(), 1, "round {round}: {people:?}");
            for name in ["pia", "pau"] {
                let email = format!("{name}@example.com");
                match people.iter().find(|(known, _)| *known == email) {
                    Some((_, role)) if role == "owner" => {}
                    Some(_) => drop(ada.patch(&format!("{USERS}/{{{name}}}"), json!({ "role": "owner" })).await.ok()),
                    None => drop(world.make_person("acme", name, "owner").await),
                }
            }
        }
    }
}
