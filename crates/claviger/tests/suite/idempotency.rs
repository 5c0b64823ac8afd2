//! `Idempotency-Key`: repeating a creation makes nothing new.

use reqwest::Method;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::world::{Account, on_both_stores, send};

const WORLD: &str = "
acme: ada owner, bob admin
  shop: exporter admin
";

async fn create(account: &Account, path: &str, key: &str, body: Value) -> Answer {
    send(account.request(Method::POST, path).header("idempotency-key", key).json(&body)).await
}

on_both_stores! {
    /// a creation repeated by a gateway: the same key makes nothing new, and the secret is not shown again
    async fn the_same_key_makes_one_thing(world: World) {
        let world = world.with(WORLD).await;
        let (ada, bob) = (world.account("ada"), world.account("bob"));
        for (path, body) in [
            ("organizations/{acme}/service-accounts", json!({ "username": "once" })),
            ("projects/{shop}/service-accounts", json!({ "username": "once" })),
            ("organizations/{acme}/projects", json!({ "name": "once" })),
            ("projects/{shop}/workspaces", json!({ "name": "once" })),
        ] {
            let key = format!("key for {path}");
            let made = create(&ada, path, &key, body.clone()).await.created();
            let id = made["id"].as_u64().unwrap();
            if made["token"].is_string() {
                world.remember_made("once", &made);
            }
            let revision = world.count("SELECT revision FROM head").await;
            let again = create(&ada, path, &key, body.clone()).await.refused(409, "already_created");
            assert_eq!(again.body["results"], json!({ "id": id }));
            assert!(again.body["error"].as_str().unwrap().contains(&id.to_string()));
            assert!(!again.text.contains("cvg_"));
            assert_eq!(world.count("SELECT revision FROM head").await, revision);
            // Another's key is another key, as is another key of the same caller.
            for (caller, key) in [(&bob, key.clone()), (&ada, format!("{key}!"))] {
                let other = create(caller, path, &key, body.clone()).await.created();
                assert_ne!(other["id"], made["id"]);
                if other["token"].is_string() {
                    world.remember_made("other", &other);
                }
            }
        }
        world.restart().await;
        let again = create(&world.account("ada"), "projects/{shop}/workspaces", "key for projects/{shop}/workspaces", json!({ "name": "x" })).await;
        again.refused(409, "already_created");
    }

    /// each thing is named as its own routes name it, whatever route the key comes to
    async fn a_custom_role_that_was_made_before_is_named_by_its_role_id(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let roles = "projects/{shop}/custom-roles";
        let body = json!({ "name": "Reporter", "permissions": ["data:read"] });
        let made = create(&ada, roles, "k", body.clone()).await.created();
        for (path, body) in [(roles, body), ("projects/{shop}/workspaces", json!({ "name": "once" }))] {
            let again = create(&ada, path, "k", body).await.refused(409, "already_created");
            assert_eq!(again.body["results"], json!({ "id": made["role_id"] }));
        }
        assert!(made["role_id"].is_string());
    }

    /// a button pressed twice, at the same moment
    async fn the_same_key_at_the_same_moment_makes_one_thing(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let path = "organizations/{acme}/service-accounts";
        let body = json!({ "username": "once" });
        let sent = (0..8).map(|_| {
            let (ada, body) = (ada.clone(), body.clone());
            tokio::spawn(async move { create(&ada, path, "pressed", body).await })
        });
        let mut statuses = Vec::new();
        for sent in sent.collect::<Vec<_>>() {
            let answer = sent.await.unwrap();
            if answer.status == 201 {
                world.remember_made("once", &answer.body["results"]);
            }
            statuses.push(answer.status);
        }
        statuses.sort();
        assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
        assert_eq!(world.count("SELECT COUNT(*) FROM principals WHERE username LIKE 'once.%'").await, 1);
    }

    async fn a_refused_creation_uses_up_no_key(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let path = "organizations/{acme}/service-accounts";
        create(&ada, path, "k", json!({ "username": "x", "projects": [{ "id": 999_999 }] })).await.refused(404, "project_not_found");
        let made = create(&ada, path, "k", json!({ "username": "x" })).await.created();
        world.remember_made("x", &made);
        // Who may not create is told that, whatever his key made.
        world.account("ada").patch("organizations/{acme}/service-accounts/{bob}", json!({ "organization_role": "member" })).await.ok();
        create(&world.account("bob"), path, "k", json!({ "username": "x" })).await.refused(403, "permission_missing");
    }

    async fn a_key_is_one_line_of_visible_text(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let path = "organizations/{acme}/service-accounts";
        for key in ["", &"k".repeat(256), "k\tk", "\u{fc}"] {
            create(&ada, path, key, json!({ "username": "x" })).await.refused(400, "idempotency_key_invalid");
        }
        let twice = ada.request(Method::POST, path).header("idempotency-key", "a").header("idempotency-key", "b").json(&json!({ "username": "x" }));
        send(twice).await.refused(400, "idempotency_key_invalid");
    }

    /// the key itself is not kept: clients may put into it what is nobody's business
    async fn the_key_is_kept_as_a_digest(world: World) {
        let world = world.with(WORLD).await;
        let made = create(&world.account("ada"), "organizations/{acme}/projects", "a private matter", json!({ "name": "x" })).await.created();
        assert!(made["id"].is_u64());
        let kept: String = sqlx::query_scalar("SELECT key_digest FROM idempotency_keys").fetch_one(&world.node().store.reads()).await.unwrap();
        assert_eq!(kept.len(), 64);
    }
}
