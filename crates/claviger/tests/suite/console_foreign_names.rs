//! What the console tells nobody: what things of another organization are called, whatever numbers are typed.

use serde_json::json;

use crate::browser::Browser;
use crate::world::on_both_stores;

const WORLD: &str = "
acme: ada owner, pia@ admin
  shop: alpha admin, zulu analyst
    eu: alpha consumer
globex: gil owner, mel@ member
  forge: milkwort admin, mel analyst
    smithy: milkwort consumer
";

/// Names that are globex's alone.
const FOREIGN: [&str; 5] = ["milkwort", "Quartermaster", "Smelters", "forge", "smithy"];

on_both_stores! {
    /// numbers of another organization's accounts, people and roles are as numbers of nothing
    async fn no_number_tells_what_another_organization_has(world: World) {
        let world = world.with(WORLD).await;
        let gil = world.account("gil");
        let role = gil.post("projects/{forge}/custom-roles", json!({ "name": "Quartermaster", "permissions": ["data:read"] })).await.created();
        let role = role["role_id"].as_str().expect("an id").to_owned();
        let browser = Browser::signs_in(&world, "pia").await;
        let id = |name: &str| world.id(name).to_string();
        let (alpha, milkwort, mel, shop) = (id("alpha"), id("milkwort"), id("mel"), id("shop"));
        browser.page("/console/organizations/{acme}/service-accounts", "Service Accounts · acme").await;
        let of_acme = "/console/organizations/{acme}/service-accounts";
        for (other, told) in [(&milkwort, "was deleted meanwhile."), (&mel, "was deleted meanwhile.")] {
            let all = format!("{alpha},{other}");
            let known = format!("Account {other} {told}");
            for (path, fields) in [
                ("delete", vec![("all", &*all), ("id", &alpha), ("id", other), ("confirm", "2")]),
                ("grant", vec![("all", &*all), ("project", &shop), ("role", "consumer")]),
            ] {
                let answer = browser.submit(&format!("{of_acme}/{path}"), &fields).await;
                let answer = match answer.text.contains("name=\"warned\"") {
                    // It lowers one: pressed again.
                    true => {
                        let warned = browser.hidden("warned");
                        let fields: Vec<_> = fields.iter().copied().chain([("warned", &*warned)]).collect();
                        browser.submit(&format!("{of_acme}/{path}"), &fields).await
                    }
                    false => answer,
                };
                assert!(answer.text.contains(&known), "{path} {other}: {}", answer.text);
                assert!(FOREIGN.iter().all(|name| !answer.text.contains(name)), "{path} {other}: {}", answer.text);
            }
        }
        let all = format!("{alpha},{}", id("zulu"));
        for (path, fields, status) in [
            (format!("{of_acme}/grant"), vec![("all", &*all), ("project", &shop), ("role", &*role), ("look", "1")], 200),
            (format!("{of_acme}/grant"), vec![("all", &*all), ("project", &shop), ("role", &*role)], 400),
            (format!("{of_acme}/{alpha}/grant"), vec![("project", &*shop), ("role", &*role)], 404),
        ] {
            let answer = browser.submit(&path, &fields).await;
            assert_eq!(answer.status, status, "{path} {fields:?}: {}", answer.text);
            assert!(FOREIGN.iter().all(|name| !answer.text.contains(name)), "{path} {fields:?}: {}", answer.text);
            let is_told = answer.text.contains("shop has no such role. Choose one of its own.");
            assert_eq!(is_told, status != 200, "{path} {fields:?}: {}", answer.text);
        }
    }

    /// a page begins after nothing of another organization: by where it would begin, its name could be found out
    async fn no_page_begins_at_a_name_of_another_organization(world: World) {
        let world = world.with(WORLD).await;
        let team = world.account("gil").post("organizations/{globex}/teams", json!({ "name": "Smelters" })).await.created();
        let ada = world.account("ada");
        for name in ["Alpha", "Zulu"] {
            let made = ada.post("organizations/{acme}/teams", json!({ "name": name })).await.created();
            ada.put(&format!("projects/{{shop}}/teams/{}", made["id"]), json!({ "role": "analyst" })).await.ok();
        }
        ada.post("projects/{shop}/workspaces", json!({ "name": "zone" })).await.created();
        let browser = Browser::signs_in(&world, "pia").await;
        let id = |name: &str| world.id(name).to_string();
        for (path, title, other, all) in [
            ("/console/organizations/{acme}/service-accounts?sort=name&cursor=after.0.", "Service Accounts · acme", id("milkwort"), "1 to 3 of 3"),
            ("/console/projects/{shop}/service-accounts?cursor=after.", "Service Accounts · shop", id("milkwort"), "1 to 3 of 3"),
            ("/console/projects/{shop}/users?cursor=after.", "Project Users · shop", id("mel"), "1 to 1 of 1"),
            ("/console/projects/{shop}/users/teams?cursor=after.", "Project Users · shop", team["id"].to_string(), "1 to 2 of 2"),
            ("/console/projects/{shop}/workspaces?cursor=after.", "Workspaces · shop", id("smithy"), "1 to 3 of 3"),
        ] {
            let page = browser.page(&format!("{path}{other}"), title).await;
            assert!(page.contains(&format!("<span>{all}</span>")), "{path}: {page}");
        }
    }
}
