//! `/api/app/projects/{project}/workspaces`.

use serde_json::{Value, json};

use crate::world::on_both_stores;

const WORLD: &str = "
acme: ada owner, mel member
  shop: exporter admin, reader analyst
    eu: visitor consumer
    us: reader admin
  lab: reader consumer
";

const WORKSPACES: &str = "projects/{shop}/workspaces";

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect()
}

on_both_stores! {
    async fn a_workspace_is_created_shown_changed_and_deleted(world: World) {
        let world = world.with(WORLD).await;
        let exporter = world.account("exporter");
        let made = exporter.post(WORKSPACES, json!({ "name": "Asia", "description": "East\nand south", "is_restricted": true, "is_visible": false })).await.created();
        world.name("asia", made["id"].as_u64().unwrap());
        assert_eq!((&made["is_restricted"], &made["is_visible"], &made["is_default"]), (&json!(true), &json!(false), &json!(false)));
        assert_eq!((&made["creator_id"], &made["creator_name"]), (&json!(exporter.id), &json!(exporter.username)));
        let path = "projects/{shop}/workspaces/{asia}";
        assert_eq!(exporter.get(path).await.ok(), made);
        let changed = exporter.patch(path, json!({ "name": "APAC", "description": null })).await.ok();
        assert_eq!((&changed["name"], &changed["description"], &changed["is_restricted"]), (&json!("APAC"), &json!(null), &json!(true)));
        let changed = exporter.patch(path, json!({ "description": "again", "is_visible": true })).await.ok();
        assert_eq!((&changed["description"], &changed["is_visible"], &changed["name"]), (&json!("again"), &json!(true), &json!("APAC")));
        world.restart().await;
        let exporter = world.account("exporter");
        assert_eq!(exporter.get(path).await.ok(), changed);
        exporter.delete(path).await.ok();
        exporter.get(path).await.refused(404, "workspace_not_found");
        exporter.delete(path).await.refused(404, "workspace_not_found");
    }

    async fn the_default_workspace_stays(world: World) {
        let world = world.with(WORLD).await;
        let exporter = world.account("exporter");
        exporter.delete("projects/{shop}/workspaces/{shop all}").await.refused(409, "default_workspace");
        exporter.patch("projects/{shop}/workspaces/{shop all}", json!({ "name": "Everything" })).await.ok();
    }

    async fn a_workspace_list_holds_what_the_caller_reaches(world: World) {
        let world = world.with(WORLD).await;
        for list in [WORKSPACES, "projects/{shop}/workspaces/public"] {
            for (name, seen) in [("ada", vec!["All Project Data", "eu", "us"]), ("reader", vec!["All Project Data", "eu", "us"]), ("visitor", vec!["eu"])] {
                assert_eq!(names(&world.account(name).get(list).await.ok()), seen, "{name}");
            }
            world.account("mel").get(list).await.refused(403, "permission_missing");
        }
        world.account("visitor").get("projects/{shop}/workspaces/{us}").await.refused(403, "permission_missing");
        assert_eq!(world.account("visitor").get("projects/{shop}/workspaces/{eu}").await.ok()["role"], "consumer");
    }

    async fn deleting_a_workspace_takes_its_grants_with_it(world: World) {
        let world = world.with(WORLD).await;
        world.account("exporter").delete("projects/{shop}/workspaces/{eu}").await.ok();
        assert_eq!(world.account("visitor").get("me").await.ok()["projects"], json!({}));
        assert_eq!(world.account("reader").get("projects/{shop}/workspaces/{us}").await.ok()["role"], "admin");
        assert_eq!(world.count("SELECT COUNT(*) FROM grants WHERE workspace_id IS NOT NULL").await, 1);
    }

    async fn a_workspace_of_another_project_is_not_there(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        ada.get("projects/{lab}/workspaces/{eu}").await.refused(404, "workspace_not_found");
        ada.patch("projects/{lab}/workspaces/{eu}", json!({ "name": "x" })).await.refused(404, "workspace_not_found");
        ada.delete("projects/{lab}/workspaces/{eu}").await.refused(404, "workspace_not_found");
        ada.get("projects/{lab}/workspaces/{eu}/service-accounts").await.refused(404, "workspace_not_found");
    }
}
