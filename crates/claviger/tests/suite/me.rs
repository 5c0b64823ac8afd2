//! `GET /api/app/me`.

use serde_json::json;

use crate::world::on_both_stores;

const WORLD: &str = "
acme: ada owner, bob admin, mel member, bil billing_admin
  shop: exporter admin, reader analyst
    eu: reader consumer, visitor analyst
  lab: exporter consumer
globex: gil owner
";

on_both_stores! {
    async fn a_member_without_grants_sees_its_organization_alone(world: World) {
        let world = world.with(WORLD).await;
        let me = world.account("mel").get("me").await.ok();
        assert_eq!(me["organizations"].as_object().unwrap().len(), 1);
        assert_eq!(me["organizations"][world.id("acme").to_string()]["role"], "member");
        assert_eq!(me["organizations"][world.id("acme").to_string()]["permissions"], json!([]));
        assert_eq!(me["projects"], json!({}));
        assert_eq!(me["workspaces"], json!({}));
    }

    async fn grants_reach_what_they_say_and_no_more(world: World) {
        let world = world.with(WORLD).await;
        let me = world.account("exporter").get("me").await.ok();
        let shop = &me["projects"][world.id("shop").to_string()];
        assert_eq!(shop["role"], "admin");
        assert_eq!(shop["workspaces"], json!([world.id("shop all"), world.id("eu")]));
        assert_eq!(me["projects"][world.id("lab").to_string()]["role"], "consumer");
        assert_eq!(me["projects"].as_object().unwrap().len(), 2);
        assert_eq!(me["workspaces"].as_object().unwrap().len(), 3);
    }

    async fn a_project_seen_through_a_workspace_alone_has_no_role(world: World) {
        let world = world.with(WORLD).await;
        let me = world.account("visitor").get("me").await.ok();
        let shop = &me["projects"][world.id("shop").to_string()];
        assert_eq!((&shop["role"], &shop["permissions"]), (&json!(null), &json!([])));
        assert_eq!(shop["name"], "shop");
        assert_eq!(shop["workspaces"], json!([world.id("eu")]));
        assert_eq!(me["workspaces"][world.id("eu").to_string()]["role"], "analyst");
    }

    async fn roles_add_up(world: World) {
        let world = world.with(WORLD).await;
        let me = world.account("reader").get("me").await.ok();
        assert_eq!(me["workspaces"][world.id("eu").to_string()]["role"], "analyst");
        let path = "projects/{shop}/workspaces/{eu}/service-accounts/{reader}";
        world.account("ada").put(path, json!({ "role": "admin" })).await.ok();
        let me = world.account("reader").get("me").await.ok();
        assert_eq!(me["workspaces"][world.id("eu").to_string()]["role"], "admin");
        assert_eq!(me["workspaces"][world.id("shop all").to_string()]["role"], "analyst");
        assert_eq!(me["projects"][world.id("shop").to_string()]["role"], "analyst");
    }

    async fn organization_roles_reach_all_projects(world: World) {
        let world = world.with(WORLD).await;
        for (name, role) in [("ada", "owner"), ("bob", "admin")] {
            let me = world.account(name).get("me").await.ok();
            assert_eq!(me["projects"].as_object().unwrap().len(), 3, "{name}");
            assert!(me["projects"].as_object().unwrap().values().all(|project| project["role"] == role), "{name}");
        }
        let me = world.account("bil").get("me").await.ok();
        assert_eq!(me["projects"], json!({}));
        assert_eq!(me["organizations"][world.id("acme").to_string()]["permissions"], json!(["billing:manage"]));
    }

    async fn another_organization_is_not_there(world: World) {
        let world = world.with(WORLD).await;
        let me = world.account("gil").get("me").await.ok();
        assert_eq!(me["organizations"].as_object().unwrap().keys().collect::<Vec<_>>(), [&world.id("globex").to_string()]);
        assert!(!me["projects"].as_object().unwrap().contains_key(&world.id("shop").to_string()));
    }

    async fn with_a_slash_and_with_the_documented_query_it_is_the_same(world: World) {
        let world = world.with(WORLD).await;
        let me = world.account("exporter").get("me").await;
        for same in ["me/", "me?include_workspace_users=false", "me/?unknown=1&unknown=2"] {
            let other = world.account("exporter").get(same).await;
            assert_eq!((other.status, other.text), (200, me.text.clone()), "{same}");
        }
    }
}
