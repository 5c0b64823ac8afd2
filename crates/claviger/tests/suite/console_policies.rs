//! The rules of an organization in the console: saved, bound by, and kept from locking out who saves them.

use serde_json::json;

use crate::answer::Answer;
use crate::browser::Browser;
use crate::console::is_page;
use crate::world::on_both_stores;

const WORLD: &str = "
acme: ada owner, pia@ admin, oda@ owner, mel@ member
  shop: exporter admin
";

const RULES: &str = "/console/organizations/{acme}/access-security";
const ACCOUNTS: &str = "organizations/{acme}/service-accounts";
const POLICY: &str = "organizations/{acme}/policy";

/// The form as the page shows it for an organization that demands nothing, with these fields in place of its own.
async fn saves(browser: &Browser<'_>, changed: &[(&str, &str)]) -> Answer {
    let seen = browser.hidden("seen");
    let usual = [
        ("seen", seen.as_str()),
        ("lifetime", ""),
        ("days", ""),
        ("project_admins_create", "yes"),
        ("plain_text", "yes"),
        ("pattern", ""),
        ("secrets", "2"),
        ("ranges", ""),
    ];
    let kept = usual.iter().filter(|(name, _)| !changed.iter().any(|(other, _)| other == name));
    let fields: Vec<(&str, &str)> = kept.chain(changed).copied().collect();
    browser.submit(RULES, &fields).await
}

on_both_stores! {
    /// a rule that is saved binds what is made next; the others stay, and who saved it is told
    async fn a_rule_binds_from_then_on(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        ada.patch(POLICY, json!({ "name_pattern": "(ci|exporter)[a-z-]*" })).await.ok();
        ada.make(ACCOUNTS, json!({ "username": "ci-ends", "expires_in": 1_000 })).await;
        let pia = Browser::signs_in(&world, "pia").await;
        let page = pia.page(RULES, "Access Security · acme").await;
        // Three accounts: ada, exporter, ci-ends; ada's name does not match.
        for shown in ["2 of 3 accounts have no expiry. A limit binds new secrets only.", "1 of 3 names does not match and stays as it is.", "0 of 3 accounts hold more than one secret.", "You come from 127.0.0.1.", "Last changed by ada", "value=\"(ci|exporter)[a-z-]*\"", "claviger policy set --organization "] {
            assert!(page.contains(shown), "{shown} is not in {page}");
        }
        let saved = saves(&pia, &[("pattern", "(ci|exporter)[a-z-]*"), ("expiry_required", "yes"), ("lifetime", "other"), ("days", "2")]).await;
        assert_eq!(saved.status, 303, "{}", saved.text);
        let page = pia.page(RULES, "Access Security · acme").await;
        assert!(page.contains("The rules were saved.") && page.contains("Last changed by pia of the world"), "{page}");
        assert!(page.contains("<option value=\"172800\" selected>2 days</option>"), "{page}");
        ada.post(ACCOUNTS, json!({ "username": "ci-x" })).await.refused(400, "expiry_required");
        ada.post(ACCOUNTS, json!({ "username": "ci-x", "expires_in": 200_000 })).await.refused(400, "lifetime_too_long");
        ada.post(ACCOUNTS, json!({ "username": "x", "expires_in": 1_000 })).await.refused(400, "name_not_allowed");
        let policy = ada.get(POLICY).await.ok();
        assert_eq!((&policy["secret_lifetime_max"], &policy["secrets_max"], &policy["plain_text_basic"]), (&json!(172_800), &json!(2), &json!(true)));
        // What is saved as it is changes nothing.
        let before = world.count("SELECT COUNT(*) FROM changes").await;
        let same = saves(&pia, &[("pattern", "(ci|exporter)[a-z-]*"), ("expiry_required", "yes"), ("lifetime", "172800")]).await;
        assert_eq!((same.status, world.count("SELECT COUNT(*) FROM changes").await), (303, before));
        // Plain text is refused from the next request on.
        let plain = world.account("exporter").plain();
        world.get_with("me", &[plain.as_bytes()]).await.ok();
        pia.page(RULES, "Access Security · acme").await;
        let seen = pia.hidden("seen");
        let fields = [("seen", seen.as_str()), ("lifetime", ""), ("project_admins_create", "no"), ("secrets", "3"), ("pattern", ""), ("ranges", "127.0.0.0/8, 10.0.0.0/8")];
        assert_eq!(pia.submit(RULES, &fields).await.status, 303);
        world.get_with("me", &[plain.as_bytes()]).await.refused(403, "plain_text_not_allowed");
        let policy = ada.get(POLICY).await.ok();
        assert_eq!(policy, json!({ "secret_lifetime_max": null, "expiry_required": false, "secrets_max": 3, "project_admins_create": false, "plain_text_basic": false, "name_pattern": null, "allowed_addresses": ["10.0.0.0/8", "127.0.0.0/8"] }));
    }

    /// ranges that do not hold who saves them are refused, with his address, and nothing is saved
    async fn nobody_locks_himself_out(world: World) {
        let world = world.with(WORLD).await;
        let pia = Browser::signs_in(&world, "pia").await;
        pia.page(RULES, "Access Security · acme").await;
        let answer = saves(&pia, &[("ranges", "10.0.0.0/8"), ("secrets", "5")]).await;
        is_page(&answer, 409, "Error: Access Security · acme");
        assert!(answer.text.contains("This would lock you out: you come from 127.0.0.1, which is in none of these ranges."), "{}", answer.text);
        assert!(answer.text.contains("value=\"10.0.0.0/8\"") && answer.text.contains("<option value=\"5\" selected>"), "{}", answer.text);
        let policy = world.account("ada").get(POLICY).await.ok();
        assert_eq!((&policy["allowed_addresses"], &policy["secrets_max"]), (&json!([]), &json!(2)));
        assert_eq!(saves(&pia, &[("ranges", "10.0.0.0/8 127.0.0.1")]).await.status, 303);
        pia.page(RULES, "Access Security · acme").await;
    }

    /// what cannot be read is told at its field, all at once, and what was typed stays
    async fn what_cannot_be_read_is_told_at_its_field(world: World) {
        let world = world.with(WORLD).await;
        let pia = Browser::signs_in(&world, "pia").await;
        pia.page(RULES, "Access Security · acme").await;
        let wrong = [("lifetime", "other"), ("days", "many"), ("secrets", "11"), ("pattern", "(\"><script>"), ("ranges", "10.0.0.1/8")];
        let answer = saves(&pia, &wrong).await;
        is_page(&answer, 400, "Error: Access Security · acme");
        for said in ["Nothing was saved. Four things need a change.", "id=\"lifetime-e\"", "id=\"secrets-e\"", "id=\"pattern-e\"", "id=\"ranges-e\"", "value=\"10.0.0.1/8\"", "value=\"many\"", "write 10.0.0.0/8"] {
            assert!(answer.text.contains(said), "{said} is not in {}", answer.text);
        }
        assert_eq!(world.count("SELECT COUNT(*) FROM policies").await, 0);
    }

    /// of two who change the rules at once, the second is told, and undoes nothing
    async fn what_was_changed_meanwhile_is_told(world: World) {
        let world = world.with(WORLD).await;
        let (pia, oda) = (Browser::signs_in(&world, "pia").await, Browser::signs_in(&world, "oda").await);
        pia.page(RULES, "Access Security · acme").await;
        oda.page(RULES, "Access Security · acme").await;
        assert_eq!(saves(&oda, &[("secrets", "4")]).await.status, 303);
        let answer = saves(&pia, &[("expiry_required", "yes")]).await;
        is_page(&answer, 409, "Error: Access Security · acme");
        assert!(answer.text.contains("The rules were changed meanwhile.") && answer.text.contains("<option value=\"4\" selected>"), "{}", answer.text);
        let policy = world.account("ada").get(POLICY).await.ok();
        assert_eq!((&policy["secrets_max"], &policy["expiry_required"]), (&json!(4), &json!(false)));
        assert_eq!(saves(&pia, &[("expiry_required", "yes"), ("secrets", "4")]).await.status, 303);
    }
}
