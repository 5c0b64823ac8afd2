//! `/api/app/organizations/{org}/service-accounts`.

use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{on_both_stores, send};

const WORLD: &str = "
acme: ada owner, bob admin, mel member
  shop: exporter admin
    eu: exporter consumer
  lab: exporter analyst
";

const ACCOUNTS: &str = "organizations/{acme}/service-accounts";

on_both_stores! {
    async fn a_new_account_is_told_whole_with_its_secret_once(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let made = ada.post(ACCOUNTS, json!({ "username": " nightly export " })).await.created();
        let account = world.remember_made("nightly", &made);
        assert!(account.username.starts_with("nightly_export.") && account.username.ends_with(".service-account"));
        assert!(claviger_access::credential::Secret::is_well_formed(&account.secret));
        let fields: Vec<&String> = made.as_object().unwrap().keys().collect();
        assert_eq!(fields, ["created", "creator", "creator_email", "creator_name", "description", "expires", "id", "is_disabled", "is_protected", "labels", "last_used", "owner", "token", "user", "username"]);
        assert_eq!((&made["user"], &made["creator"], &made["creator_name"]), (&made["id"], &json!(ada.id), &json!(ada.username)));
        assert_eq!((&made["expires"], &made["last_used"]), (&Value::Null, &Value::Null));
        let mut shown = ada.get("organizations/{acme}/service-accounts/{nightly}").await.ok();
        shown["token"] = made["token"].clone();
        assert_eq!(shown, made, "the same, but for the secret");
        account.get("me").await.ok();
        for path in [ACCOUNTS, "organizations/{acme}/service-accounts/{nightly}", "organizations/{acme}/service-accounts/{nightly}/grants", "projects/{shop}/service-accounts"] {
            assert!(!ada.get(path).await.text.contains(&account.secret), "{path}");
        }
    }

    async fn the_same_name_may_be_used_twice(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let one = ada.make(ACCOUNTS, json!({ "username": "twin" })).await;
        let two = ada.make(ACCOUNTS, json!({ "username": "twin" })).await;
        assert_ne!(one.username, two.username);
        one.get("me").await.ok();
        two.get("me").await.ok();
    }

    async fn roles_are_given_as_the_body_says(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let (shop, lab, eu) = (world.id("shop"), world.id("lab"), world.id("eu"));
        let role_in = |me: &Value, kind: &str, id: u64| me[kind][id.to_string()]["role"].clone();
        let mixed = ada.make(ACCOUNTS, json!({ "username": "mixed", "role": "analyst", "projects": [{ "id": shop }, { "id": lab, "role": "admin" }] })).await;
        let me = mixed.get("me").await.ok();
        assert_eq!((role_in(&me, "projects", shop), role_in(&me, "projects", lab)), (json!("analyst"), json!("admin")));
        let silent = ada.make(ACCOUNTS, json!({ "username": "silent", "projects": [{ "id": shop }], "workspaces": [{ "id": eu, "role": "admin" }] })).await;
        let me = silent.get("me").await.ok();
        assert_eq!((role_in(&me, "projects", shop), role_in(&me, "workspaces", eu)), (json!("consumer"), json!("admin")));
        let alone = ada.make(ACCOUNTS, json!({ "username": "alone", "role": "owner" })).await;
        assert_eq!(alone.get("me").await.ok()["projects"], json!({}));
        let empty = ada.make(ACCOUNTS, json!({ "username": "empty", "role": null, "projects": [], "workspaces": null, "expires": "" })).await;
        assert_eq!(empty.get("me").await.ok()["projects"], json!({}));
        let admin = ada.make(ACCOUNTS, json!({ "username": "admin", "organization_role": "admin" })).await;
        admin.get(ACCOUNTS).await.ok();
        for role in ["Owner", "manager", "", "billing_admin"] {
            ada.post(ACCOUNTS, json!({ "username": "x", "role": role })).await.refused(400, "body_misfit");
        }
        let twice = json!({ "username": "x", "projects": [{ "id": shop, "role": "admin" }, { "id": shop, "role": "consumer" }] });
        ada.post(ACCOUNTS, twice).await.refused(400, "listed_twice");
    }

    async fn names_that_no_username_can_hold_are_refused(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        for name in ["", "  ", "a/b", "a:b", "n\u{e4}chtlich", "a\tb", "a\u{0}b", &"x".repeat(129), "a,b", "\u{4f1a}"] {
            ada.post(ACCOUNTS, json!({ "username": name })).await.refused(400, "name_invalid");
        }
        ada.post(ACCOUNTS, json!({})).await.refused(400, "body_misfit");
        for name in ["a.b", "a@b", "A-b_c.9", &"x".repeat(128)] {
            let made = ada.post(ACCOUNTS, json!({ "username": name })).await.created();
            world.remember_made(name, &made);
        }
    }

    async fn an_end_comes_back_as_it_was_sent(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        for (sent, told) in [("2030-01-01T00:00:00Z", "2030-01-01T00:00:00Z"), ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"), ("2030-01-01T01:00:00.75+01:00", "2030-01-01T00:00:00Z")] {
            let made = ada.post(ACCOUNTS, json!({ "username": "brief", "expires": sent })).await.created();
            let account = world.remember_made("brief", &made);
            assert_eq!(made["expires"], told);
            assert_eq!(account.get("me").await.ok()["expires"], told);
            let path = "organizations/{acme}/service-accounts/{brief}";
            assert_eq!(ada.get(path).await.ok()["expires"], told);
            assert_eq!(ada.patch(path, json!({ "expires": null })).await.ok()["expires"], Value::Null);
            assert_eq!(ada.patch(path, json!({ "expires": "2031-05-06T07:08:09Z" })).await.ok()["expires"], "2031-05-06T07:08:09Z");
            assert_eq!(ada.patch(path, json!({ "expires": "" })).await.ok()["expires"], Value::Null);
            assert_eq!(ada.patch(path, json!({})).await.ok()["expires"], Value::Null);
        }
    }

    async fn deleting_revokes_everything_at_once(world: World) {
        let world = world.with(WORLD).await;
        let (ada, exporter) = (world.account("ada"), world.account("exporter"));
        ada.delete("organizations/{acme}/service-accounts/{exporter}/").await.ok();
        exporter.get("me").await.refused(401, "not_authenticated");
        let path = "organizations/{acme}/service-accounts/{exporter}";
        ada.get(path).await.refused(404, "service_account_not_found");
        ada.delete(path).await.refused(404, "service_account_not_found");
        ada.patch(path, json!({ "expires_in": 60 })).await.refused(404, "service_account_not_found");
        assert!(!ada.get(ACCOUNTS).await.text.contains(&exporter.username));
        assert!(!ada.get("projects/{shop}/service-accounts").await.text.contains(&exporter.username));
        world.restart().await;
        exporter.get("me").await.refused(401, "not_authenticated");
        world.account("ada").get("me").await.ok();
    }

    async fn what_an_account_created_stays_when_it_goes(world: World) {
        let world = world.with(WORLD).await;
        let (ada, bob) = (world.account("ada"), world.account("bob"));
        let child = bob.make(ACCOUNTS, json!({ "username": "child" })).await;
        ada.delete("organizations/{acme}/service-accounts/{bob}").await.ok();
        child.get("me").await.ok();
        let shown = ada.get("organizations/{acme}/service-accounts/{child}").await.ok();
        assert_eq!((&shown["creator"], &shown["creator_name"]), (&json!(bob.id), &json!(bob.username)));
    }

    async fn accounts_are_added_to_projects_and_adding_again_sets_the_role(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let add = "organizations/{acme}/service-accounts/add-to-project";
        let (shop, lab, mel) = (world.id("shop"), world.id("lab"), world.account("mel"));
        ada.post(add, json!({ "projects": [{ "id": shop, "role": "analyst" }, { "id": lab }], "service_account_ids": [mel.id, world.id("exporter")] })).await.ok();
        let me = mel.get("me").await.ok();
        assert_eq!((&me["projects"][shop.to_string()]["role"], &me["projects"][lab.to_string()]["role"]), (&json!("analyst"), &json!("consumer")));
        let revision = world.count("SELECT revision FROM head").await;
        ada.post(add, json!({ "projects": [{ "id": shop, "role": "analyst" }], "service_account_ids": [mel.id, mel.id] })).await.ok();
        assert_eq!(world.count("SELECT revision FROM head").await, revision, "what is so already takes no revision");
        ada.post(add, json!({ "projects": [{ "id": shop, "role": "consumer" }], "service_account_ids": [mel.id] })).await.ok();
        assert_eq!(mel.get("me").await.ok()["projects"][shop.to_string()]["role"], "consumer");
        assert_eq!(world.count("SELECT COUNT(*) FROM audit_events WHERE action = 'service_account.role_changed'").await, 3);
        for body in [json!({ "projects": [{ "id": shop }] }), json!({ "service_account_ids": [mel.id] }), json!({ "projects": {}, "service_account_ids": [] })] {
            ada.post(add, body).await.refused(400, "body_misfit");
        }
    }

    async fn accounts_are_removed_from_projects_and_keep_the_others(world: World) {
        let world = world.with(WORLD).await;
        let (ada, exporter) = (world.account("ada"), world.account("exporter"));
        let remove = "organizations/{acme}/service-accounts/remove-from-project";
        let body = json!({ "projects": [{ "id": world.id("shop"), "service_account_ids": [exporter.id] }] });
        ada.post(remove, body.clone()).await.ok();
        let me = exporter.get("me").await.ok();
        assert_eq!(me["projects"].as_object().unwrap().keys().collect::<Vec<_>>(), [&world.id("lab").to_string()]);
        assert!(!me["workspaces"].as_object().unwrap().contains_key(&world.id("eu").to_string()), "its workspaces included");
        ada.post(remove, body).await.ok();
        let twice = json!({ "projects": [{ "id": world.id("lab"), "service_account_ids": [] }, { "id": world.id("lab"), "service_account_ids": [exporter.id] }] });
        ada.post(remove, twice).await.refused(400, "listed_twice");
        ada.post(remove, json!({})).await.refused(400, "body_misfit");
    }

    async fn grants_are_listed_as_they_are_held(world: World) {
        let world = world.with(WORLD).await;
        let exporter = world.account("exporter");
        let grants = exporter.get("organizations/{acme}/service-accounts/{exporter}/grants").await.ok();
        let through = json!({ "kind": "individual", "id": exporter.id, "name": exporter.username });
        assert_eq!(grants, json!([
            { "scope": "project", "id": world.id("shop"), "name": "shop", "project_id": world.id("shop"), "role": "admin", "through": through },
            { "scope": "workspace", "id": world.id("eu"), "name": "eu", "project_id": world.id("shop"), "role": "consumer", "through": through },
            { "scope": "project", "id": world.id("lab"), "name": "lab", "project_id": world.id("lab"), "role": "analyst", "through": through },
        ]));
        let grants = world.account("ada").get("organizations/{acme}/service-accounts/{bob}/grants").await.ok();
        assert_eq!((&grants[0]["scope"], &grants[0]["project_id"], &grants[0]["role"]), (&json!("organization"), &json!(null), &json!("admin")));
    }

    async fn lists_that_are_too_long_for_one_transaction_are_refused(world: World) {
        let world = world.with(WORLD).await;
        let ids: Vec<u64> = (1..=201).collect();
        let body = json!({ "projects": [{ "id": world.id("shop") }], "service_account_ids": ids });
        world.account("ada").post("organizations/{acme}/service-accounts/add-to-project", body).await.refused(400, "too_many_listed");
    }

    async fn every_route_answers_with_a_slash_for_every_method(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        ada.get("organizations/{acme}/service-accounts/").await.ok();
        let made = ada.post("organizations/{acme}/service-accounts/", json!({ "username": "slashed" })).await.created();
        world.remember_made("slashed", &made);
        ada.get("organizations/{acme}/service-accounts/{slashed}/").await.ok();
        ada.patch("organizations/{acme}/service-accounts/{slashed}/", json!({ "expires_in": 600 })).await.ok();
        ada.post("organizations/{acme}/service-accounts/add-to-project/", json!({ "projects": [{ "id": world.id("shop") }], "service_account_ids": [world.id("slashed")] })).await.ok();
        send(ada.request(Method::DELETE, "organizations/{acme}/service-accounts/{slashed}/")).await.ok();
    }
}
