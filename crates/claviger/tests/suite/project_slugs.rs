//! What a platform calls its projects by, through the API: one project of the installation a slug.

use reqwest::Method;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::world::{World, on_both_stores, send};

const WORLD: &str = "
acme: ada owner, bob admin, mel member
  shop: exporter admin, reader analyst
    eu: visitor consumer
  lab: labrat admin
globex: gil owner
  well: driller admin
";

const PROJECTS: &str = "organizations/{acme}/projects";

async fn sets(world: &World, who: &str, project: &str, slug: Value) -> Answer {
    world.account(who).patch(&format!("projects/{{{project}}}"), json!({ "slug": slug })).await
}

/// 409, and nothing that leads to whoever has it.
#[track_caller]
fn is_taken(answer: Answer, slug: &str) {
    let answer = answer.refused(409, "slug_taken");
    let told = json!({ "status": "error", "code": "slug_taken", "error": format!("the slug {slug} is taken; choose another") });
    assert_eq!(answer.body, told);
}

fn slug_in(facts: &Value) -> Option<&str> {
    let slug = facts.as_array().expect("facts").iter().find(|fact| fact["name"] == "slug")?;
    slug["value"].as_str()
}

on_both_stores! {
    async fn a_slug_is_set_changed_and_taken_away(world: World) {
        let world = world.with(WORLD).await;
        let bob = world.account("bob");
        let made = bob.post(PROJECTS, json!({ "name": "Web", "slug": "web-shop" })).await.created();
        assert_eq!(made["slug"], "web-shop");
        world.name("web", made["id"].as_u64().unwrap());
        for without in [json!({ "name": "A" }), json!({ "name": "B", "slug": null }), json!({ "name": "C", "slug": "" })] {
            assert_eq!(bob.post(PROJECTS, without).await.created()["slug"], Value::Null);
        }
        let changed = sets(&world, "exporter", "shop", json!("eu.shop_2")).await.ok();
        assert_eq!((&changed["slug"], &changed["name"], &changed["timezone"]), (&json!("eu.shop_2"), &json!("shop"), &json!("UTC")));
        let renamed = world.account("exporter").patch("projects/{shop}", json!({ "name": "Shop 2" })).await.ok();
        assert_eq!((&renamed["name"], &renamed["slug"]), (&json!("Shop 2"), &json!("eu.shop_2")));
        let revision = world.count("SELECT revision FROM head").await;
        sets(&world, "exporter", "shop", json!("eu.shop_2")).await.ok();
        assert_eq!(world.count("SELECT revision FROM head").await, revision, "it has it already");
        world.restart().await;
        let visitor = world.account("visitor");
        let (shop, me) = (world.id("shop").to_string(), visitor.get("me").await.ok());
        let index = visitor.get("projects/metadata/index").await.ok();
        for shown in [&me["projects"][&shop], &index[&shop], &visitor.get("projects/{shop}").await.ok()] {
            assert_eq!(shown["slug"], "eu.shop_2", "{shown}");
        }
        let listed = bob.get(PROJECTS).await.ok();
        let slugs: Vec<&Value> = listed.as_array().unwrap().iter().map(|row| &row["slug"]).filter(|slug| !slug.is_null()).collect();
        assert_eq!(slugs, [&json!("eu.shop_2"), &json!("web-shop")]);
        for cleared in [Value::Null, json!("")] {
            sets(&world, "bob", "web", json!("web-shop")).await.ok();
            assert_eq!(sets(&world, "bob", "web", cleared).await.ok()["slug"], Value::Null);
        }
        assert_eq!(world.count("SELECT COUNT(*) FROM projects WHERE slug IS NOT NULL").await, 1);
    }

    /// whose it is, is told neither at home nor elsewhere; who may not ask is told nothing of slugs
    async fn a_slug_that_another_has_is_taken_and_no_more_is_said(world: World) {
        let world = world.with(WORLD).await;
        sets(&world, "driller", "well", json!("web-shop")).await.ok();
        is_taken(sets(&world, "exporter", "shop", json!("web-shop")).await, "web-shop");
        is_taken(world.account("ada").post(PROJECTS, json!({ "name": "x", "slug": "web-shop" })).await, "web-shop");
        sets(&world, "exporter", "shop", json!("shop")).await.ok();
        is_taken(sets(&world, "labrat", "lab", json!("shop")).await, "shop");
        is_taken(world.account("ada").post(PROJECTS, json!({ "name": "x", "slug": "shop" })).await, "shop");
        is_taken(sets(&world, "driller", "well", json!("shop")).await, "shop");
        for (who, project, status, code) in [
            ("reader", "shop", 403, "permission_missing"), ("visitor", "shop", 403, "permission_missing"), ("exporter", "lab", 403, "permission_missing"),
            ("mel", "lab", 403, "permission_missing"), ("gil", "lab", 404, "project_not_found"), ("driller", "shop", 404, "project_not_found"),
        ] {
            for named in ["web-shop", "free"] {
                sets(&world, who, project, json!(named)).await.refused(status, code);
            }
        }
        world.account("exporter").post(PROJECTS, json!({ "name": "x", "slug": "web-shop" })).await.refused(403, "permission_missing");
        assert_eq!(world.account("labrat").get("projects/{lab}").await.ok()["slug"], Value::Null);
    }

    async fn a_slug_is_free_again_once_no_project_has_it(world: World) {
        let world = world.with(WORLD).await;
        sets(&world, "ada", "shop", json!("one")).await.ok();
        sets(&world, "ada", "shop", json!("two")).await.ok();
        sets(&world, "driller", "well", json!("one")).await.ok();
        is_taken(sets(&world, "ada", "shop", json!("one")).await, "one");
        sets(&world, "driller", "well", Value::Null).await.ok();
        sets(&world, "labrat", "lab", json!("one")).await.ok();
        world.account("ada").delete("projects/{shop}").await.ok();
        sets(&world, "driller", "well", json!("two")).await.ok();
        world.restart().await;
        world.account("ada").delete("projects/{lab}").await.ok();
        is_taken(world.account("ada").post(PROJECTS, json!({ "name": "x", "slug": "two" })).await, "two");
        world.account("ada").post(PROJECTS, json!({ "name": "x", "slug": "one" })).await.created();
    }

    /// whoever asks at the same moment: one project has it, and the others are told that it is taken
    async fn of_many_who_want_a_slug_one_gets_it(world: World) {
        let world = world.with(WORLD).await;
        for round in 0..8 {
            let slug = json!(format!("shop-{round}"));
            let create = json!({ "name": "x", "slug": slug });
            let ada = world.account("ada");
            let (first, second, third, fourth) = tokio::join!(
                sets(&world, "exporter", "shop", slug.clone()),
                sets(&world, "driller", "well", slug.clone()),
                ada.post(PROJECTS, create.clone()),
                ada.post(PROJECTS, create),
            );
            let mut statuses = [first, second, third, fourth].map(|answer| answer.status);
            statuses.sort();
            assert!(matches!(statuses, [200 | 201, 409, 409, 409]), "{statuses:?}");
        }
    }

    async fn what_is_no_slug_is_refused(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        for (slug, why) in [
            ("Web", "slug contains “W”; use lower case ASCII letters, digits, - _ and . only"),
            (" web", "slug contains U+0020"), ("web shop", "slug contains U+0020"), ("a/b", "slug contains “/”"), ("é", "slug contains “é”"),
            ("-web", "slug begins with “-”"), (".", "slug begins with “.”"), ("17", "slug is a number"), ("007", "slug is a number"),
            (&*"a".repeat(64), "slug is longer than 63 characters"),
        ] {
            for answer in [sets(&world, "ada", "shop", json!(slug)).await, ada.post(PROJECTS, json!({ "name": "x", "slug": slug })).await] {
                let answer = answer.refused(400, "slug_invalid");
                assert!(answer.body["error"].as_str().unwrap().starts_with(why), "{}", answer.text);
            }
        }
        for no_text in [json!(17), json!(["web"]), json!({ "slug": "web" }), json!(true)] {
            sets(&world, "ada", "shop", no_text).await.is(400);
        }
        sets(&world, "ada", "shop", json!("a".repeat(63))).await.ok();
        assert_eq!(world.count("SELECT COUNT(*) FROM projects WHERE slug IS NOT NULL").await, 1);
    }

    /// an older client changes what it knows of and leaves the slug as it is
    async fn the_audit_log_tells_what_became_of_a_slug(world: World) {
        let world = world.with(WORLD).await;
        sets(&world, "exporter", "shop", json!("one")).await.ok();
        let ada = world.account("ada");
        let form = ada.request(Method::POST, "/projects/update/{shop}").header("content-type", "application/x-www-form-urlencoded");
        send(form.body("name=Store")).await.ok();
        let shown = ada.get("projects/{shop}").await.ok();
        assert_eq!((&shown["name"], &shown["slug"]), (&json!("Store"), &json!("one")));
        sets(&world, "exporter", "shop", Value::Null).await.ok();
        let told = ada.get("projects/{shop}/audit-log?action=project.updated").await.ok();
        let slugs: Vec<_> = told.as_array().unwrap().iter().map(|event| (slug_in(&event["before"]), slug_in(&event["after"]))).collect();
        assert_eq!(slugs, [(Some("one"), Some("")), (None, None), (Some(""), Some("one"))]);
    }
}
