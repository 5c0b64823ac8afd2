//! Accounts and secrets that are disabled without being deleted, and accounts that are protected from deletion.

use serde_json::{Value, json};

use crate::raw::Trickle;
use crate::world::{World, on_both_stores};

const WORLD: &str = "
acme: ada owner, bob admin, mel member
  shop: exporter admin, boss owner
globex: gil owner
";

const EXPORTER: &str = "organizations/{acme}/service-accounts/{exporter}";
const SECRETS: &str = "organizations/{acme}/service-accounts/{exporter}/secrets";

async fn revision(world: &World) -> i64 {
    world.count("SELECT revision FROM head").await
}

on_both_stores! {
    /// a disabled account is refused as an expired one: 401, the same body; it keeps what it has
    async fn a_disabled_account_is_refused_and_keeps_what_it_has(world: World) {
        let world = world.with(WORLD).await;
        let (ada, exporter) = (world.account("ada"), world.account("exporter"));
        let grants = ada.get(&format!("{EXPORTER}/grants")).await.ok();
        let disabled = ada.patch(EXPORTER, json!({ "disabled": true })).await.ok();
        assert_eq!((&disabled["is_disabled"], &disabled["is_protected"], &disabled["expires"]), (&json!(true), &json!(false), &Value::Null));
        let refused = exporter.get("me").await.refused(401, "not_authenticated");
        let wrong = world.get_with("me", &[b"Basic nobody:cvg_nothing"]).await;
        assert_eq!((refused.text, refused.headers.get("www-authenticate").cloned()), (wrong.text, wrong.headers.get("www-authenticate").cloned()));
        assert_eq!(ada.get(&format!("{EXPORTER}/grants")).await.ok(), grants);
        let explained = ada.get("organizations/{acme}/explain?principal={exporter}&project={shop}").await.ok();
        assert_eq!((&explained["role"], &explained["is_disabled"]), (&json!("admin"), &json!(true)));
        let listed = ada.get("organizations/{acme}/service-accounts?search=exporter").await.ok();
        assert_eq!(listed[0]["is_disabled"], true);
        // One more secret changes nothing about it, nor does a start.
        let made = ada.post(SECRETS, json!({})).await.created();
        let second = world.remember_secret("exporter", &made);
        second.get("me").await.refused(401, "not_authenticated");
        world.restart().await;
        world.account("exporter").get("me").await.refused(401, "not_authenticated");
        let before = revision(&world).await;
        ada.patch(EXPORTER, json!({ "disabled": true })).await.ok();
        assert_eq!(revision(&world).await, before, "what is so already takes no revision");
        assert_eq!(ada.patch(EXPORTER, json!({ "disabled": false })).await.ok()["is_disabled"], false);
        world.account("exporter").get("me").await.ok();
        second.get("projects/{shop}/service-accounts").await.ok();
        let told = "SELECT COUNT(*) FROM audit_events WHERE action IN ('service_account.disabled', 'service_account.enabled')";
        assert_eq!(world.count(told).await, 2);
    }

    /// a disabled secret is refused; the account's others count
    async fn a_disabled_secret_is_refused_and_the_others_count(world: World) {
        let world = world.with(WORLD).await;
        let (ada, exporter) = (world.account("ada"), world.account("exporter"));
        let made = ada.post(SECRETS, json!({})).await.created();
        let second = world.remember_secret("exporter", &made);
        world.name("second", made["id"].as_u64().unwrap());
        let path = format!("{SECRETS}/{{second}}");
        let changed = ada.patch(&path, json!({ "disabled": true })).await.ok();
        assert_eq!((&changed["is_disabled"], &changed["expires"]), (&json!(true), &Value::Null));
        second.get("me").await.refused(401, "not_authenticated");
        exporter.get("me").await.ok();
        world.restart().await;
        second.get("me").await.refused(401, "not_authenticated");
        let listed = ada.get(SECRETS).await.ok();
        assert_eq!((&listed[0]["is_disabled"], &listed[1]["is_disabled"]), (&json!(false), &json!(true)));
        // It may count again, so it takes one of the places.
        ada.post(SECRETS, json!({})).await.refused(409, "too_many_secrets");
        ada.patch(&path, json!({ "disabled": false, "name": "again" })).await.ok();
        second.get("me").await.ok();
        let told = "SELECT COUNT(*) FROM audit_events WHERE action IN ('service_account.secret_disabled', 'service_account.secret_enabled')";
        assert_eq!(world.count(told).await, 2);
    }

    /// a protected account must be unprotected first, by somebody who may delete it: 409 for everybody
    async fn a_protected_account_is_not_deleted(world: World) {
        let world = world.with(WORLD).await;
        let (ada, bob) = (world.account("ada"), world.account("bob"));
        assert_eq!(bob.patch(EXPORTER, json!({ "protected": true })).await.ok()["is_protected"], true);
        let before = revision(&world).await;
        ada.delete(EXPORTER).await.refused(409, "protected");
        bob.delete(EXPORTER).await.refused(409, "protected");
        world.account("mel").delete(EXPORTER).await.refused(403, "permission_missing");
        assert_eq!(revision(&world).await, before);
        world.restart().await;
        ada.delete(EXPORTER).await.refused(409, "protected");
        // Only its deletion is meant.
        bob.delete("projects/{shop}/service-accounts/{exporter}").await.ok();
        world.account("exporter").get("me").await.ok();
        // Who may not delete it may not unprotect it.
        let boss = "organizations/{acme}/service-accounts/{boss}";
        ada.patch(boss, json!({ "protected": true })).await.ok();
        bob.patch(boss, json!({ "protected": false })).await.refused(403, "account_above_own");
        bob.delete(boss).await.refused(403, "account_above_own");
        ada.delete(boss).await.refused(409, "protected");
        ada.patch(boss, json!({ "protected": false })).await.ok();
        ada.delete(boss).await.ok();
        let told = "SELECT COUNT(*) FROM audit_events WHERE action IN ('service_account.protected', 'service_account.unprotected')";
        assert_eq!(world.count(told).await, 3);
    }

    /// an admin disables an owner; an account disables or enables itself, its secrets; anything across organizations
    async fn nobody_disables_who_holds_more_or_is_elsewhere(world: World) {
        let world = world.with(WORLD).await;
        let (ada, bob, exporter) = (world.account("ada"), world.account("bob"), world.account("exporter"));
        world.name("of boss", ada.get("organizations/{acme}/service-accounts/{boss}/secrets").await.ok()[0]["id"].as_u64().unwrap());
        world.name("own", exporter.get(SECRETS).await.ok()[0]["id"].as_u64().unwrap());
        let before = revision(&world).await;
        for body in [json!({ "disabled": true }), json!({ "protected": true })] {
            bob.patch("organizations/{acme}/service-accounts/{boss}", body.clone()).await.refused(403, "account_above_own");
            exporter.patch(EXPORTER, body.clone()).await.refused(403, "permission_missing");
            ada.patch("organizations/{acme}/service-accounts/{gil}", body.clone()).await.refused(404, "service_account_not_found");
            ada.patch("organizations/{globex}/service-accounts/{gil}", body).await.refused(404, "organization_not_found");
        }
        bob.patch("organizations/{acme}/service-accounts/{boss}/secrets/{of boss}", json!({ "disabled": true })).await.refused(403, "account_above_own");
        exporter.patch(&format!("{SECRETS}/{{own}}"), json!({ "disabled": true })).await.refused(403, "permission_missing");
        for wrong in [json!({ "disabled": "yes" }), json!({ "protected": 1 })] {
            ada.patch(EXPORTER, wrong).await.refused(400, "body_misfit");
        }
        assert_eq!(revision(&world).await, before);
    }

    /// the last owner is disabled, or his lasting secret is: 409
    async fn the_last_owner_is_not_disabled(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let (path, secrets) = ("organizations/{acme}/service-accounts/{ada}", "organizations/{acme}/service-accounts/{ada}/secrets");
        ada.patch(path, json!({ "disabled": true })).await.refused(409, "last_owner");
        world.name("first", ada.get(secrets).await.ok()[0]["id"].as_u64().unwrap());
        let first = format!("{secrets}/{{first}}");
        ada.patch(&first, json!({ "disabled": true })).await.refused(409, "last_owner");
        let second = ada.post(secrets, json!({ "expires_in": 600 })).await.created();
        world.remember_secret("ada", &second);
        ada.patch(&first, json!({ "disabled": true })).await.refused(409, "last_owner");
        // A disabled owner is none to rely on.
        let other = ada.make("organizations/{acme}/service-accounts", json!({ "username": "other", "organization_role": "owner" })).await;
        ada.patch("organizations/{acme}/service-accounts/{other}", json!({ "disabled": true })).await.ok();
        ada.delete(path).await.refused(409, "last_owner");
        ada.patch("organizations/{acme}/service-accounts/{other}", json!({ "disabled": false })).await.ok();
        ada.patch(path, json!({ "disabled": true })).await.ok();
        other.patch(path, json!({ "disabled": false })).await.ok();
        ada.get("me").await.ok();
    }

    /// somebody is disabled while the body of his request trickles in: refused, nothing written
    async fn who_is_disabled_meanwhile_is_refused(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        for of_secret in [false, true] {
            let name = format!("trickler-{of_secret}");
            let body = json!({ "username": name, "organization_role": "admin" });
            let trickler = ada.make("organizations/{acme}/service-accounts", body).await;
            let account = format!("organizations/{{acme}}/service-accounts/{{{name}}}");
            world.name("its secret", ada.get(&format!("{account}/secrets")).await.ok()[0]["id"].as_u64().unwrap());
            let body = json!({ "username": "sneaked-in" }).to_string();
            let path = world.path("organizations/{acme}/service-accounts");
            let head = format!("POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\nContent-Length: {}\r\n\r\n", trickler.header(), body.len());
            let (first, rest) = body.split_at(10);
            let trickling = Trickle::begin(world.address(), format!("{head}{first}").as_bytes()).await;
            let mut looked = 0;
            while ada.get(&account).await.ok()["last_used"].is_null() {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                looked += 1;
                assert!(looked < 500, "the request did not arrive");
            }
            let target = if of_secret { format!("{account}/secrets/{{its secret}}") } else { account };
            ada.patch(&target, json!({ "disabled": true })).await.ok();
            let before = revision(&world).await;
            assert_eq!(trickling.end(rest.as_bytes()).await, 401);
            assert_eq!(revision(&world).await, before);
        }
        assert_eq!(world.count("SELECT COUNT(*) FROM principals WHERE username LIKE 'sneaked-in%'").await, 0);
    }
}
