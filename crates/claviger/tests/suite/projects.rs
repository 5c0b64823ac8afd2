//! `/api/app/organizations/{org}/projects` and `/api/app/projects`.

use serde_json::{Value, json};

use crate::world::on_both_stores;

const WORLD: &str = "
acme: ada owner, bob admin, mel member
  shop: boss owner, exporter admin, reader analyst
    eu: visitor consumer
  lab: reader consumer
globex: gil owner
";

const PROJECTS: &str = "organizations/{acme}/projects";

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect()
}

on_both_stores! {
    async fn a_new_project_is_born_with_its_workspace(world: World) {
        let world = world.with(WORLD).await;
        let bob = world.account("bob");
        let made = bob.post(PROJECTS, json!({ "name": " Web shop ", "timezone": "europe/berlin" })).await.created();
        assert_eq!((&made["name"], &made["timezone"], &made["timezone_name"]), (&json!("Web shop"), &json!("Europe/Berlin"), &json!("Europe/Berlin")));
        assert_eq!((&made["role"], &made["type"], &made["has_workspaces"]), (&json!("admin"), &json!("PROJECT"), &json!(true)));
        for null in ["domain", "api_key", "token", "secret", "api_secret", "url"] {
            assert!(made.as_object().unwrap()[null].is_null(), "{null}");
        }
        world.name("web", made["id"].as_u64().unwrap());
        let workspaces = bob.get("projects/{web}/workspaces").await.ok();
        assert_eq!(names(&workspaces), ["All Project Data"]);
        assert_eq!((&workspaces[0]["is_global"], &workspaces[0]["is_default"], &workspaces[0]["creator_id"]), (&json!(true), &json!(true), &json!(null)));
        assert_eq!(bob.get("projects/{web}").await.ok(), made);
        bob.post(PROJECTS, json!({ "name": "x", "timezone": "Mars/Olympus" })).await.refused(400, "timezone_invalid");
        assert_eq!(bob.post(PROJECTS, json!({ "name": "x" })).await.created()["timezone"], "UTC");
    }

    async fn a_project_list_holds_what_the_caller_reaches(world: World) {
        let world = world.with(WORLD).await;
        for (name, seen) in [("ada", vec!["acme main", "shop", "lab"]), ("bob", vec!["acme main", "shop", "lab"]), ("reader", vec!["shop", "lab"]), ("exporter", vec!["shop"]), ("visitor", vec!["shop"]), ("mel", vec![])] {
            let list = world.account(name).get(PROJECTS).await.ok();
            assert_eq!(names(&list), seen, "{name}");
        }
        let list = world.account("ada").get("organizations/{acme}/projects?search=SHO").await.ok();
        assert_eq!(names(&list), ["shop"]);
    }

    async fn a_project_is_renamed_by_its_admins(world: World) {
        let world = world.with(WORLD).await;
        let exporter = world.account("exporter");
        let changed = exporter.patch("projects/{shop}", json!({ "name": "Shop 2" })).await.ok();
        assert_eq!((&changed["name"], &changed["timezone"]), (&json!("Shop 2"), &json!("UTC")));
        let changed = exporter.patch("projects/{shop}", json!({ "timezone": "Asia/Tokyo" })).await.ok();
        assert_eq!((&changed["name"], &changed["timezone"]), (&json!("Shop 2"), &json!("Asia/Tokyo")));
        let revision = world.count("SELECT revision FROM head").await;
        exporter.patch("projects/{shop}", json!({ "name": "Shop 2", "unknown": 1 })).await.ok();
        assert_eq!(world.count("SELECT revision FROM head").await, revision);
        world.restart().await;
        assert_eq!(world.account("reader").get("projects/{shop}").await.ok()["name"], "Shop 2");
    }

    async fn deleting_a_project_takes_its_grants_with_it(world: World) {
        let world = world.with(WORLD).await;
        world.account("bob").delete("projects/{shop}").await.refused(403, "permission_missing");
        world.account("boss").delete("projects/{shop}").await.ok();
        for name in ["boss", "exporter", "reader", "visitor"] {
            let me = world.account(name).get("me").await.ok();
            assert!(!me["projects"].as_object().unwrap().contains_key(&world.id("shop").to_string()), "{name}");
            assert!(!me["workspaces"].as_object().unwrap().contains_key(&world.id("eu").to_string()), "{name}");
        }
        assert_eq!(world.account("reader").get("projects/{lab}").await.ok()["role"], "consumer");
        world.account("ada").get("projects/{shop}").await.refused(404, "project_not_found");
        world.account("ada").delete("projects/{shop}").await.refused(404, "project_not_found");
        assert_eq!(world.count("SELECT COUNT(*) FROM grants WHERE project_id IS NOT NULL").await, 1);
        world.account("ada").delete("projects/{lab}").await.ok();
    }

    async fn the_index_holds_projects_with_their_workspaces(world: World) {
        let world = world.with(WORLD).await;
        let index = world.account("visitor").get("projects/metadata/index").await.ok();
        let shop = &index[world.id("shop").to_string()];
        assert_eq!(index.as_object().unwrap().len(), 1);
        assert_eq!(shop["workspaces"].as_object().unwrap().keys().collect::<Vec<_>>(), [&world.id("eu").to_string()]);
        assert_eq!(shop["role"], json!(null));
        assert_eq!(world.account("mel").get("projects/metadata/index/").await.ok(), json!({}));
    }
}
