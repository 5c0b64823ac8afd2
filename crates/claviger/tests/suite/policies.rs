//! What an organization demands of its service accounts: counted on every path, and said in the error.

use serde_json::{Value, json};

use crate::world::{PROXY, World, on_both_stores, send};

const WORLD: &str = "
acme: ada owner, bob admin
  shop: exporter admin
globex: gil owner
";

const ACCOUNTS: &str = "organizations/{acme}/service-accounts";
const IN_PROJECT: &str = "projects/{shop}/service-accounts";
const POLICY: &str = "organizations/{acme}/policy";

async fn set(world: &World, change: Value) -> Value {
    world.account("ada").patch(POLICY, change).await.ok()
}

/// `GET me` of this account as a proxy forwards it for somebody at that address.
async fn me_from(world: &World, account: &str, address: &str) -> crate::answer::Answer {
    let proxy = reqwest::Client::builder().local_address(PROXY).no_proxy().build().expect("a client");
    let request = proxy.get(world.url("me")).header("authorization", world.account(account).header());
    send(request.header("x-forwarded-for", address)).await
}

on_both_stores! {
    async fn secrets_end_as_the_policy_says(world: World) {
        let world = world.with(WORLD).await;
        let (ada, exporter) = (world.account("ada"), world.account("exporter"));
        let before = ada.make(ACCOUNTS, json!({ "username": "before", "expires_in": 100_000 })).await;
        set(&world, json!({ "expiry_required": true })).await;
        ada.post(ACCOUNTS, json!({ "username": "x" })).await.refused(400, "expiry_required");
        exporter.post(IN_PROJECT, json!({ "username": "x" })).await.refused(400, "expiry_required");
        ada.make(ACCOUNTS, json!({ "username": "required", "expires": "2099-01-01T00:00:00Z" })).await;
        set(&world, json!({ "secret_lifetime_max": 3_600, "expiry_required": false })).await;
        for body in [json!({ "username": "x" }), json!({ "username": "x", "expires": null }), json!({ "username": "x", "expires": "" })] {
            ada.post(ACCOUNTS, body.clone()).await.refused(400, "expiry_required");
            exporter.post(IN_PROJECT, body).await.refused(400, "expiry_required");
        }
        let refusal = ada.post(ACCOUNTS, json!({ "username": "x", "expires_in": 3_602 })).await.refused(400, "lifetime_too_long");
        assert!(refusal.body["error"].as_str().unwrap().contains("1 hour at most"), "{}", refusal.text);
        exporter.post(IN_PROJECT, json!({ "username": "x", "expires": "2099-01-01T00:00:00Z" })).await.refused(400, "lifetime_too_long");
        let bounded = ada.make(ACCOUNTS, json!({ "username": "bounded", "expires_in": 1_800 })).await;
        world.name("bounded", bounded.id);
        let path = "organizations/{acme}/service-accounts/{bounded}";
        ada.patch(path, json!({ "expires_in": 3_000 })).await.refused(400, "lifetime_prolonged");
        ada.patch(path, json!({ "expires": null })).await.refused(400, "expiry_required");
        ada.patch(path, json!({ "expires_in": 900 })).await.ok();
        // What was made before goes on as it is.
        before.get("me").await.ok();
        assert_eq!(world.count("SELECT COUNT(*) FROM principals WHERE username LIKE 'x.%'").await, 0);
        // Another organization is not bound, and neither is the operator.
        world.account("gil").make("organizations/{globex}/service-accounts", json!({ "username": "free" })).await;
    }

    async fn names_match_the_pattern_and_projects_may_be_kept_from_making_accounts(world: World) {
        let world = world.with(WORLD).await;
        let (ada, exporter) = (world.account("ada"), world.account("exporter"));
        set(&world, json!({ "name_pattern": "(ci|etl)-[a-z]+" })).await;
        let refusal = ada.post(ACCOUNTS, json!({ "username": "ci-1" })).await.refused(400, "name_not_allowed");
        assert!(refusal.body["error"].as_str().unwrap().contains("(ci|etl)-[a-z]+"), "{}", refusal.text);
        exporter.post(IN_PROJECT, json!({ "username": "xci-a" })).await.refused(400, "name_not_allowed");
        exporter.make(IN_PROJECT, json!({ "username": "etl-a" })).await;
        set(&world, json!({ "project_admins_create": false })).await;
        exporter.post(IN_PROJECT, json!({ "username": "etl-b" })).await.refused(403, "project_creation_not_allowed");
        ada.make(IN_PROJECT, json!({ "username": "etl-c" })).await;
        set(&world, json!({ "project_admins_create": true, "name_pattern": null })).await;
        exporter.make(IN_PROJECT, json!({ "username": "anything" })).await;
    }

    async fn plain_text_counts_unless_the_policy_says_no(world: World) {
        let world = world.with(WORLD).await;
        let exporter = world.account("exporter");
        let plain = exporter.plain();
        let presented = [plain.as_bytes()];
        let as_plain_text = || world.get_with("me", &presented);
        as_plain_text().await.ok();
        set(&world, json!({ "plain_text_basic": false })).await;
        as_plain_text().await.refused(403, "plain_text_not_allowed");
        exporter.get("me").await.ok();
        // A wrong secret is told nothing of policies.
        let wrong = format!("Basic {}:cvg_wrong", exporter.username);
        world.get_with("me", &[wrong.as_bytes()]).await.refused(401, "not_authenticated");
        let write = world.request(reqwest::Method::POST, IN_PROJECT).header("authorization", exporter.plain());
        send(write.json(&json!({ "username": "x" }))).await.refused(403, "plain_text_not_allowed");
        // Whoever comes as plain text does not shut the door behind himself.
        set(&world, json!({ "plain_text_basic": true })).await;
        let ada = world.account("ada");
        let change = world.request(reqwest::Method::PATCH, POLICY).header("authorization", ada.plain());
        send(change.json(&json!({ "plain_text_basic": false }))).await.refused(409, "would_lock_out");
        as_plain_text().await.ok();
    }

    async fn calls_come_from_allowed_addresses_alone(world: World) {
        let world = world.with(WORLD).await;
        let (ada, bob) = (world.account("ada"), world.account("bob"));
        ada.patch(POLICY, json!({ "allowed_addresses": ["198.51.100.0/24"] })).await.refused(409, "would_lock_out");
        set(&world, json!({ "allowed_addresses": ["127.0.0.0/8", "198.51.100.0/24", "2001:db8::/32"] })).await;
        for address in ["198.51.100.7", "198.51.100.7:80", "2001:db8::1", "::ffff:198.51.100.9"] {
            me_from(&world, "exporter", address).await.ok();
        }
        let refusal = me_from(&world, "exporter", "203.0.113.9").await.refused(403, "address_not_allowed");
        assert!(refusal.body["error"].as_str().unwrap().contains("203.0.113.9"), "{}", refusal.text);
        // An account's own ranges narrow its organization's, and widen nothing.
        let own = "organizations/{acme}/service-accounts/{exporter}/allowed-addresses";
        let listed = bob.put(own, json!({ "allowed_addresses": ["198.51.100.7", "203.0.113.0/24"] })).await.ok();
        assert_eq!(listed["allowed_addresses"], json!(["198.51.100.7/32", "203.0.113.0/24"]));
        me_from(&world, "exporter", "198.51.100.7").await.ok();
        me_from(&world, "exporter", "198.51.100.8").await.refused(403, "address_not_allowed");
        me_from(&world, "exporter", "203.0.113.9").await.refused(403, "address_not_allowed");
        me_from(&world, "bob", "198.51.100.8").await.ok();
        world.account("exporter").get(own).await.refused(403, "address_not_allowed");
        world.restart().await;
        me_from(&world, "exporter", "198.51.100.8").await.refused(403, "address_not_allowed");
        let bobs = "organizations/{acme}/service-accounts/{bob}/allowed-addresses";
        bob.put(bobs, json!({ "allowed_addresses": ["10.0.0.0/8"] })).await.refused(409, "would_lock_out");
        bob.put("organizations/{acme}/service-accounts/{ada}/allowed-addresses", json!({ "allowed_addresses": ["10.0.0.0/8"] })).await.refused(403, "account_above_own");
        bob.put(own, json!({ "allowed_addresses": [] })).await.ok();
        world.account("exporter").get(own).await.ok();
        // An account that is deleted leaves nothing behind.
        bob.put(own, json!({ "allowed_addresses": ["10.0.0.0/8"] })).await.ok();
        bob.delete("organizations/{acme}/service-accounts/{exporter}").await.ok();
        assert_eq!(world.count("SELECT COUNT(*) FROM account_addresses").await, 0);
    }

    async fn what_is_no_policy_is_refused(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let before = ada.get(POLICY).await.ok();
        let (many, long) = (vec!["10.0.0.1"; 65], "a".repeat(201));
        let different: Vec<String> = (0..65).map(|last| format!("10.0.0.{last}")).collect();
        for (change, code) in [
            (json!({ "secret_lifetime_max": 59 }), "lifetime_invalid"),
            (json!({ "secret_lifetime_max": 4_000_000_000_u64 }), "lifetime_invalid"),
            (json!({ "secrets_max": 0 }), "secrets_max_invalid"),
            (json!({ "secrets_max": 11 }), "secrets_max_invalid"),
            (json!({ "name_pattern": "(" }), "name_pattern_invalid"),
            (json!({ "name_pattern": "a)(b" }), "name_pattern_invalid"),
            (json!({ "name_pattern": "" }), "name_pattern_invalid"),
            (json!({ "name_pattern": long }), "name_pattern_invalid"),
            (json!({ "allowed_addresses": ["10.0.0.1/8"] }), "addresses_invalid"),
            (json!({ "allowed_addresses": ["localhost"] }), "addresses_invalid"),
            (json!({ "allowed_addresses": different }), "addresses_invalid"),
            (json!({ "expiry_required": "yes" }), "body_misfit"),
            (json!({ "secret_lifetime_max": -1 }), "body_misfit"),
        ] {
            ada.patch(POLICY, change).await.refused(400, code);
        }
        assert_eq!(ada.get(POLICY).await.ok(), before);
        let own = "organizations/{acme}/service-accounts/{exporter}/allowed-addresses";
        assert_eq!(ada.put(own, json!({ "allowed_addresses": many })).await.ok()["allowed_addresses"], json!(["10.0.0.1/32"]));
        ada.put(own, json!({})).await.refused(400, "body_misfit");
        ada.get("organizations/{acme}/service-accounts/999999/allowed-addresses").await.refused(404, "service_account_not_found");
        ada.put("organizations/{acme}/service-accounts/{gil}/allowed-addresses", json!({ "allowed_addresses": [] })).await.refused(404, "service_account_not_found");
        world.account("gil").patch(POLICY, json!({ "secrets_max": 3 })).await.refused(404, "organization_not_found");
    }

    async fn what_changed_is_recorded_and_nothing_else(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        // Nothing changes twice, and what is not named stays.
        let is = set(&world, json!({ "secrets_max": 3, "name_pattern": "[a-z]+" })).await;
        assert_eq!((set(&world, json!({ "secrets_max": 3 })).await, set(&world, json!({})).await), (is.clone(), is));
        assert_eq!(world.count("SELECT COUNT(*) FROM audit_events WHERE action = 'organization.policy_updated'").await, 1);
        let facts = "SELECT COUNT(*) FROM audit_events WHERE action = 'organization.policy_updated' AND facts_before = '[[\"secrets_max\",\"2\"],[\"name_pattern\",\"none\"]]' AND facts_after = '[[\"secrets_max\",\"3\"],[\"name_pattern\",\"[a-z]+\"]]'";
        assert_eq!(world.count(facts).await, 1);
        ada.get(POLICY).await.ok();
    }
}
