//! `/api/app/organizations/{org}/service-accounts/{id}/secrets` and `.../rotate`.

use reqwest::Method;
use serde_json::{Value, json};

use crate::raw::Trickle;
use crate::world::{Account, World, on_both_stores, send};

const WORLD: &str = "
acme: ada owner, bob admin, mel member
  shop: exporter admin, boss owner
globex: gil owner
";

const EXPORTER: &str = "organizations/{acme}/service-accounts/{exporter}";
const SECRETS: &str = "organizations/{acme}/service-accounts/{exporter}/secrets";
const ROTATE: &str = "organizations/{acme}/service-accounts/{exporter}/rotate";

fn id(made: &Value) -> u64 {
    made["id"].as_u64().expect("an id")
}

/// The account with the secret that was just made, which gets a name for paths.
fn with_new(world: &World, account: &str, name: &str, made: &Value) -> Account {
    world.name(name, id(made));
    world.remember_secret(account, made)
}

/// The ids of an account's secrets, as they are listed.
async fn ids(asking: &Account, path: &str) -> Vec<u64> {
    asking.get(path).await.ok().as_array().expect("a list").iter().map(id).collect()
}

async fn revision(world: &World) -> i64 {
    world.count("SELECT revision FROM head").await
}

on_both_stores! {
    async fn one_more_secret_is_told_whole_once_and_both_count(world: World) {
        let world = world.with(WORLD).await;
        let (ada, exporter) = (world.account("ada"), world.account("exporter"));
        let body = json!({ "name": " next ", "expires": "2030-01-01T00:00:00Z" });
        let made = ada.post(SECRETS, body).await.created();
        let next = with_new(&world, "exporter", "next", &made);
        assert!(claviger_access::credential::Secret::is_well_formed(&next.secret));
        assert_eq!((&made["name"], &made["expires"], &made["last_used"]), (&json!("next"), &json!("2030-01-01T00:00:00Z"), &Value::Null));
        next.get("me").await.ok();
        let listed = ada.get(SECRETS).await.ok();
        assert!(!listed.to_string().contains("cvg_"));
        assert_eq!(listed.as_array().unwrap().len(), 2);
        assert_eq!((&listed[0]["name"], &listed[0]["expires"], &listed[0]["last_used"]), (&Value::Null, &Value::Null, &Value::Null), "each has its own use");
        let mut shown = listed[1].clone();
        assert!(shown["last_used"].is_string());
        (shown["last_used"], shown["token"]) = (Value::Null, made["token"].clone());
        assert_eq!(shown, made, "the same, but for the secret and its use");
        assert_eq!(ada.get(EXPORTER).await.ok()["expires"], Value::Null, "the account ends when its longest-lived secret does");
        exporter.get("me").await.ok();
        world.restart().await;
        world.account("exporter").get("me").await.ok();
        assert!(ada.get(SECRETS).await.ok().as_array().unwrap().iter().all(|secret| secret["last_used"].is_string()));
    }

    async fn a_replaced_secret_goes_on_for_its_grace_and_no_longer(world: World) {
        let world = world.with(WORLD).await;
        let (ada, exporter) = (world.account("ada"), world.account("exporter"));
        let first = ids(&ada, SECRETS).await[0];
        let made = ada.post(ROTATE, json!({ "name": "second" })).await.created();
        let second = with_new(&world, "exporter", "second", &made);
        assert_eq!((&made["replaced"]["id"], &made["expires"]), (&json!(first), &Value::Null));
        let ends = claviger_wire::time::parse(made["replaced"]["expires"].as_str().unwrap()).unwrap();
        let now = claviger_wire::time::parse(made["created"].as_str().unwrap()).unwrap();
        assert_eq!(ends - now, 24 * 60 * 60);
        exporter.get("me").await.ok();
        second.get("me").await.ok();
        assert_eq!(ada.get(EXPORTER).await.ok()["expires"], Value::Null);
        // Two count already; once the newest is replaced without a grace, two do again.
        ada.post(ROTATE, json!({ "grace_seconds": 60 })).await.refused(409, "too_many_secrets");
        let made = ada.post(ROTATE, json!({ "grace_seconds": 0, "expires_in": 600 })).await.created();
        let third = with_new(&world, "exporter", "third", &made);
        assert_eq!(made["replaced"]["id"], world.id("second"));
        second.get("me").await.refused(401, "not_authenticated");
        exporter.get("me").await.ok();
        third.get("me").await.ok();
        assert_eq!(ids(&ada, SECRETS).await, [first, world.id("second"), world.id("third")], "what has ended is listed");
        // Replacing the one that was named, and clearing away what has ended.
        let made = ada.post(ROTATE, json!({ "grace_seconds": 0, "secret_id": first })).await.created();
        let fourth = with_new(&world, "exporter", "fourth", &made);
        exporter.get("me").await.refused(401, "not_authenticated");
        fourth.get("me").await.ok();
        assert_eq!(ids(&ada, SECRETS).await, [first, world.id("third"), world.id("fourth")]);
        // A shorter life than the grace stays what it is.
        ada.delete(&format!("{SECRETS}/{{fourth}}")).await.ok();
        let made = ada.post(ROTATE, json!({})).await.created();
        with_new(&world, "exporter", "fifth", &made);
        let third = ada.get(SECRETS).await.ok()[0].clone();
        assert_eq!((&made["replaced"]["id"], &made["replaced"]["expires"], &made["expires"]), (&third["id"], &third["expires"], &third["expires"]));
        let events = "SELECT COUNT(*) FROM audit_events WHERE action = 'service_account.secret_rotated'";
        assert_eq!(world.count(events).await, 4);
    }

    async fn revoking_one_takes_that_one_away_at_once(world: World) {
        let world = world.with(WORLD).await;
        let (ada, exporter) = (world.account("ada"), world.account("exporter"));
        let made = ada.post(SECRETS, json!({})).await.created();
        let other = with_new(&world, "exporter", "other", &made);
        ada.delete(&format!("{SECRETS}/{{other}}")).await.ok();
        other.get("me").await.refused(401, "not_authenticated");
        exporter.get("me").await.ok();
        ada.delete(&format!("{SECRETS}/{{other}}")).await.refused(404, "secret_not_found");
        world.name("first", ids(&ada, SECRETS).await[0]);
        ada.delete(&format!("{SECRETS}/{{first}}")).await.ok();
        exporter.get("me").await.refused(401, "not_authenticated");
        assert_eq!(ada.get(SECRETS).await.ok(), json!([]));
        ada.post(ROTATE, json!({})).await.refused(409, "no_secret_to_rotate");
        ada.patch(EXPORTER, json!({ "expires_in": 60 })).await.refused(409, "secret_ended");
        let made = ada.post(SECRETS, json!({})).await.created();
        with_new(&world, "exporter", "anew", &made).get("me").await.ok();
    }

    async fn an_account_holds_two_that_count(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let made = ada.post(SECRETS, json!({ "expires_in": 3_600 })).await.created();
        with_new(&world, "exporter", "second", &made);
        let before = revision(&world).await;
        let refused = ada.post(SECRETS, json!({})).await.refused(409, "too_many_secrets");
        let sentence = refused.body["error"].as_str().unwrap();
        let held = ids(&ada, SECRETS).await;
        assert!(sentence.contains(&format!("revoke one of {}, {}", held[0], held[1])), "{sentence}");
        assert!(sentence.contains(&format!("{} ends in ", held[1])), "{sentence}");
        assert_eq!(revision(&world).await, before);
    }

    async fn an_account_rotates_what_it_came_with_and_nothing_else(world: World) {
        let world = world.with(WORLD).await;
        let (ada, exporter, mel) = (world.account("ada"), world.account("exporter"), world.account("mel"));
        let first = ids(&exporter, SECRETS).await[0];
        exporter.post(SECRETS, json!({})).await.refused(403, "permission_missing");
        world.name("first", first);
        exporter.patch(&format!("{SECRETS}/{{first}}"), json!({ "expires": null })).await.refused(403, "permission_missing");
        let made = ada.post(SECRETS, json!({ "expires_in": 600 })).await.created();
        let brief = with_new(&world, "exporter", "brief", &made);
        // It is not its newest that is replaced by itself, but the one that it came with.
        exporter.post(ROTATE, json!({ "secret_id": world.id("brief"), "grace_seconds": 0 })).await.refused(403, "permission_missing");
        brief.post(ROTATE, json!({ "grace_seconds": 0, "expires": null })).await.refused(403, "expiry_beyond_own");
        brief.post(ROTATE, json!({ "grace_seconds": 0, "expires_in": 6_000 })).await.refused(403, "expiry_beyond_own");
        let rotated = brief.post(ROTATE, json!({ "grace_seconds": 0 })).await.created();
        let next = with_new(&world, "exporter", "next", &rotated);
        assert_eq!((&rotated["replaced"]["id"], &rotated["expires"]), (&made["id"], &made["expires"]));
        brief.get("me").await.refused(401, "not_authenticated");
        next.delete(&format!("{SECRETS}/{{first}}")).await.ok();
        exporter.get("me").await.refused(401, "not_authenticated");
        let rotated = next.post(ROTATE, json!({ "grace_seconds": 0, "expires_in": 60 })).await.created();
        let last = with_new(&world, "exporter", "last", &rotated);
        // Who manages nothing does not look at others.
        for (method, path) in [(Method::GET, SECRETS), (Method::POST, SECRETS), (Method::POST, ROTATE)] {
            send(mel.request(method, path).json(&json!({}))).await.refused(403, "permission_missing");
        }
        mel.delete(&format!("{SECRETS}/{{last}}")).await.refused(403, "permission_missing");
        last.delete(&format!("{SECRETS}/{{last}}")).await.ok();
        last.get("me").await.refused(401, "not_authenticated");
        let basis = "SELECT COUNT(*) FROM audit_events WHERE basis = 'oneself'";
        assert_eq!(world.count(basis).await, 4);
    }

    /// an admin makes a secret for an owner: 403, or he would be one
    async fn nobody_makes_a_secret_for_who_holds_more(world: World) {
        let world = world.with(WORLD).await;
        let (ada, bob) = (world.account("ada"), world.account("bob"));
        for above in ["ada", "boss"] {
            let account = format!("organizations/{{acme}}/service-accounts/{{{above}}}");
            world.name("held", ids(&ada, &format!("{account}/secrets")).await[0]);
            let before = revision(&world).await;
            bob.post(&format!("{account}/secrets"), json!({})).await.refused(403, "account_above_own");
            bob.post(&format!("{account}/rotate"), json!({})).await.refused(403, "account_above_own");
            bob.patch(&format!("{account}/secrets/{{held}}"), json!({ "name": "x" })).await.refused(403, "account_above_own");
            bob.delete(&format!("{account}/secrets/{{held}}")).await.refused(403, "account_above_own");
            assert_eq!(revision(&world).await, before);
        }
        bob.get("organizations/{acme}/service-accounts/{ada}/secrets").await.ok();
    }

    async fn the_last_owner_keeps_a_secret_that_does_not_end(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let (secrets, rotate) = ("organizations/{acme}/service-accounts/{ada}/secrets", "organizations/{acme}/service-accounts/{ada}/rotate");
        world.name("first", ids(&ada, secrets).await[0]);
        let (first, second) = (format!("{secrets}/{{first}}"), format!("{secrets}/{{second}}"));
        ada.delete(&first).await.refused(409, "last_owner");
        ada.patch(&first, json!({ "expires_in": 600 })).await.refused(409, "last_owner");
        ada.post(rotate, json!({ "expires_in": 600 })).await.refused(409, "last_owner");
        let made = ada.post(rotate, json!({ "grace_seconds": 600 })).await.created();
        let anew = with_new(&world, "ada", "second", &made);
        ada.delete(&second).await.refused(409, "last_owner");
        anew.patch(&second, json!({ "expires_in": 600 })).await.refused(409, "last_owner");
        anew.delete(&first).await.ok();
        ada.get("me").await.refused(401, "not_authenticated");
        let other = json!({ "username": "other", "organization_role": "owner" });
        anew.make("organizations/{acme}/service-accounts", other).await;
        anew.delete(&second).await.ok();
        let owner = "organizations/{acme}/service-accounts/{other}";
        world.account("other").patch(owner, json!({ "organization_role": "admin" })).await.refused(409, "last_owner");
    }

    async fn an_end_of_the_account_is_its_newest_secrets_and_lengthens_no_other(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let made = ada.post(ROTATE, json!({ "grace_seconds": 3_600 })).await.created();
        with_new(&world, "exporter", "second", &made);
        let ends = || async {
            let listed = ada.get(SECRETS).await.ok();
            (listed[0]["expires"].clone(), listed[1]["expires"].clone())
        };
        let grace = made["replaced"]["expires"].clone();
        let later = json!("2031-01-01T00:00:00Z");
        assert_eq!(ada.patch(EXPORTER, json!({ "expires": later })).await.ok()["expires"], later);
        assert_eq!(ends().await, (grace.clone(), later.clone()), "what was replaced does not come back");
        assert_eq!(ada.patch(EXPORTER, json!({ "expires": null })).await.ok()["expires"], Value::Null);
        assert_eq!(ends().await, (grace, Value::Null));
        let soon = ada.patch(EXPORTER, json!({ "expires_in": 600 })).await.ok()["expires"].clone();
        assert_eq!(ends().await, (soon.clone(), soon), "none outlives the account");
    }

    /// not even where what replaced it is gone, and the account has nothing else
    async fn an_end_of_the_account_revives_no_secret_that_has_ended(world: World) {
        let world = world.with(WORLD).await;
        let (ada, first) = (world.account("ada"), world.account("exporter"));
        let made = ada.post(ROTATE, json!({ "grace_seconds": 0 })).await.created();
        with_new(&world, "exporter", "second", &made);
        ada.delete(&format!("{SECRETS}/{{second}}")).await.ok();
        for body in [json!({ "expires": null }), json!({ "expires_in": 600 })] {
            let refused = ada.patch(EXPORTER, body).await.refused(409, "secret_ended");
            assert!(refused.text.contains("POST .../secrets"), "{}", refused.text);
            first.get("me").await.refused(401, "not_authenticated");
        }
        // What is not its end is changed all the same.
        ada.patch(EXPORTER, json!({ "description": "ended" })).await.ok();
        let made = ada.post(SECRETS, json!({ "expires_in": 600 })).await.created();
        let third = with_new(&world, "exporter", "third", &made);
        // One that is disabled has not ended.
        ada.patch(&format!("{SECRETS}/{{third}}"), json!({ "disabled": true })).await.ok();
        assert_eq!(ada.patch(EXPORTER, json!({ "expires": null })).await.ok()["expires"], Value::Null);
        ada.patch(&format!("{SECRETS}/{{third}}"), json!({ "disabled": false })).await.ok();
        third.get("me").await.ok();
        first.get("me").await.refused(401, "not_authenticated");
        ada.delete(&format!("{SECRETS}/{{third}}")).await.ok();
        ada.patch(EXPORTER, json!({ "expires": null })).await.refused(409, "secret_ended");
    }

    /// one in its grace has not ended: where what replaced it was revoked, it is the newest
    async fn a_secret_in_its_grace_gets_another_end_once_what_replaced_it_is_gone(world: World) {
        let world = world.with(WORLD).await;
        let (ada, first) = (world.account("ada"), world.account("exporter"));
        let made = ada.post(ROTATE, json!({ "grace_seconds": 3_600 })).await.created();
        with_new(&world, "exporter", "second", &made);
        ada.delete(&format!("{SECRETS}/{{second}}")).await.ok();
        assert_eq!(ada.patch(EXPORTER, json!({ "expires": null })).await.ok()["expires"], Value::Null);
        first.get("me").await.ok();
    }

    async fn a_secret_gets_another_name_and_another_end_until_it_has_ended(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let made = ada.post(SECRETS, json!({ "name": "nightly", "expires_in": 600 })).await.created();
        with_new(&world, "exporter", "second", &made);
        let second = format!("{SECRETS}/{{second}}");
        let changed = ada.patch(&second, json!({ "expires": "2031-01-01T00:00:00Z" })).await.ok();
        assert_eq!((&changed["name"], &changed["expires"]), (&json!("nightly"), &json!("2031-01-01T00:00:00Z")));
        let changed = ada.patch(&second, json!({ "name": null, "expires": null })).await.ok();
        assert_eq!((&changed["name"], &changed["expires"]), (&Value::Null, &Value::Null));
        let before = revision(&world).await;
        assert_eq!(ada.patch(&second, json!({ "expires": "" })).await.ok(), changed);
        assert_eq!(revision(&world).await, before, "what is so already takes no revision");
        let rotated = ada.post(ROTATE, json!({ "grace_seconds": 0 })).await.created();
        with_new(&world, "exporter", "third", &rotated);
        ada.patch(&second, json!({ "expires": null })).await.refused(409, "secret_ended");
        ada.patch(&second, json!({ "name": "ended" })).await.ok();
    }

    /// a creation repeated by a gateway makes no second secret, and shows none again
    async fn the_same_key_makes_one_secret(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        for (path, body) in [(SECRETS, json!({})), (ROTATE, json!({ "grace_seconds": 0 }))] {
            let create = || async { send(ada.request(Method::POST, path).header("idempotency-key", path).json(&body)).await };
            let made = create().await.created();
            with_new(&world, "exporter", "made", &made);
            let again = create().await.refused(409, "already_created");
            assert_eq!(again.body["results"], json!({ "id": made["id"] }));
            assert!(!again.text.contains("cvg_"));
        }
    }

    /// a secret is revoked while the request that came with it waits: refused, nothing written
    async fn a_secret_that_is_revoked_meanwhile_counts_no_more(world: World) {
        let world = world.with(WORLD).await;
        let (ada, bob) = (world.account("ada"), world.account("bob"));
        let secrets = "organizations/{acme}/service-accounts/{bob}/secrets";
        let made = ada.post(secrets, json!({})).await.created();
        let second = with_new(&world, "bob", "second", &made);
        let body = json!({ "username": "sneaked-in" }).to_string();
        let path = world.path("organizations/{acme}/service-accounts");
        let head = format!("POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\nContent-Length: {}\r\n\r\n", second.header(), body.len());
        let (first, rest) = body.split_at(10);
        let trickling = Trickle::begin(world.address(), format!("{head}{first}").as_bytes()).await;
        let mut looked = 0;
        while ada.get(secrets).await.ok()[1]["last_used"].is_null() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            looked += 1;
            assert!(looked < 500, "the request did not arrive");
        }
        ada.delete(&format!("{secrets}/{{second}}")).await.ok();
        let before = revision(&world).await;
        assert_eq!(trickling.end(rest.as_bytes()).await, 401);
        assert_eq!(revision(&world).await, before);
        bob.get("me").await.ok();
    }

    /// anything across organizations or accounts, by any id: 404, nothing changed
    async fn secrets_of_others_are_not_there(world: World) {
        let world = world.with(WORLD).await;
        let (ada, gil) = (world.account("ada"), world.account("gil"));
        world.name("of gil", ids(&gil, "organizations/{globex}/service-accounts/{gil}/secrets").await[0]);
        world.name("of mel", ids(&ada, "organizations/{acme}/service-accounts/{mel}/secrets").await[0]);
        let before = revision(&world).await;
        for account in ["organizations/{globex}/service-accounts/{gil}", "organizations/{acme}/service-accounts/{gil}", "organizations/{globex}/service-accounts/{mel}"] {
            ada.get(&format!("{account}/secrets")).await.is(404);
            ada.post(&format!("{account}/secrets"), json!({})).await.is(404);
            ada.post(&format!("{account}/rotate"), json!({})).await.is(404);
            ada.patch(&format!("{account}/secrets/{{of gil}}"), json!({ "name": "x" })).await.is(404);
            ada.delete(&format!("{account}/secrets/{{of gil}}")).await.is(404);
        }
        for secret in ["{of gil}", "{of mel}", "999999"] {
            ada.patch(&format!("{SECRETS}/{secret}"), json!({ "name": "x" })).await.refused(404, "secret_not_found");
            ada.delete(&format!("{SECRETS}/{secret}")).await.refused(404, "secret_not_found");
        }
        ada.post(ROTATE, json!({ "secret_id": world.id("of mel") })).await.refused(404, "secret_not_found");
        ada.delete(&format!("{SECRETS}/0")).await.refused(404, "not_found");
        // An account of its own in another organization's path is none there.
        let own = "organizations/{globex}/service-accounts/{exporter}";
        world.account("exporter").post(&format!("{own}/rotate"), json!({})).await.refused(404, "organization_not_found");
        assert_eq!(revision(&world).await, before);
    }

    async fn what_cannot_be_is_refused(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let before = revision(&world).await;
        for (body, code) in [
            (json!({ "name": "" }), "name_invalid"),
            (json!({ "name": "a\u{202e}b" }), "name_invalid"),
            (json!({ "name": "x".repeat(201) }), "name_invalid"),
            (json!({ "name": 7 }), "body_misfit"),
            (json!({ "expires": "tomorrow" }), "expires_invalid"),
            (json!({ "expires": "2001-01-01T00:00:00Z" }), "expiry_not_later"),
            (json!({ "expires_in": 0 }), "expiry_not_later"),
            (json!({ "expires_in": u64::MAX }), "expiry_too_far"),
            (json!({ "expires_in": 60, "expires": "2030-01-01T00:00:00Z" }), "expires_twice"),
        ] {
            ada.post(SECRETS, body.clone()).await.refused(400, code);
            ada.post(ROTATE, body).await.refused(400, code);
        }
        for (body, code) in [
            (json!({ "grace_seconds": -1 }), "body_misfit"),
            (json!({ "grace_seconds": "1h" }), "body_misfit"),
            (json!({ "grace_seconds": 7_776_001 }), "grace_too_long"),
            (json!({ "grace_seconds": u64::MAX }), "grace_too_long"),
            (json!({ "secret_id": 0 }), "id_invalid"),
        ] {
            ada.post(ROTATE, body).await.refused(400, code);
        }
        assert_eq!(revision(&world).await, before);
    }
}
