//! Who looks after an account, what it is for, and its labels.

use serde_json::{Value, json};

use crate::world::{Account, World, on_both_stores};

const WORLD: &str = "
acme: ada owner, bob admin, mel member
  shop: boss owner
globex: gil owner
";

const ACCOUNTS: &str = "organizations/{acme}/service-accounts";

async fn team(asking: &Account, world: &World, organization: &str, name: &str) -> Value {
    let made = asking.post(&format!("organizations/{{{organization}}}/teams"), json!({ "name": name })).await.created();
    world.name(name, made["id"].as_u64().expect("an id"));
    json!({ "kind": "team", "id": made["id"] })
}

async fn revision(world: &World) -> i64 {
    world.count("SELECT revision FROM head").await
}

/// The names in a list, without what follows the first dot.
fn names(listed: &Value) -> Vec<String> {
    let name = |row: &Value| row["username"].as_str().expect("a username").split('.').next().unwrap().to_owned();
    listed.as_array().expect("a list").iter().map(name).collect()
}

on_both_stores! {
    async fn what_is_said_of_an_account_is_kept_and_replaced_whole(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let keepers = team(&ada, &world, "acme", "Keepers").await;
        let body = json!({ "username": "export", "owner": keepers, "description": " nightly\nexport ", "labels": { "team": "data", "tier": "" } });
        let made = ada.post(ACCOUNTS, body).await.created();
        world.remember_made("export", &made);
        let export = format!("{ACCOUNTS}/{{export}}");
        let owner = json!({ "kind": "team", "id": world.id("Keepers"), "name": "Keepers" });
        assert_eq!((&made["owner"], &made["description"]), (&owner, &json!("nightly\nexport")));
        assert_eq!(made["labels"], json!({ "team": "data", "tier": "" }));
        let shown = ada.get(&export).await.ok();
        assert_eq!((&shown["owner"], &shown["labels"]), (&owner, &made["labels"]));
        world.restart().await;
        let ada = world.account("ada");
        assert_eq!(ada.get(&export).await.ok(), shown);
        let before = revision(&world).await;
        ada.patch(&export, json!({ "owner": keepers, "description": "nightly\nexport", "labels": { "tier": "", "team": "data" } })).await.ok();
        assert_eq!(revision(&world).await, before, "what is so already takes no revision");
        let changed = ada.patch(&export, json!({ "labels": { "tier": "1" } })).await.ok();
        assert_eq!((&changed["labels"], &changed["owner"], &changed["description"]), (&json!({ "tier": "1" }), &owner, &shown["description"]));
        let changed = ada.patch(&export, json!({ "owner": null, "description": null, "labels": {} })).await.ok();
        assert_eq!((&changed["labels"], &changed["owner"], &changed["description"]), (&json!({}), &Value::Null, &Value::Null));
        // A person made none of these, so without a word there is no owner.
        assert_eq!(ada.make(ACCOUNTS, json!({ "username": "plain" })).await.get("me").await.status, 200);
        assert_eq!(ada.get(&format!("{ACCOUNTS}/{{plain}}")).await.ok()["owner"], Value::Null);
        let told = |action: &'static str| world.count(action);
        assert_eq!(told("SELECT COUNT(*) FROM audit_events WHERE action = 'service_account.owner_changed'").await, 1);
        assert_eq!(told("SELECT COUNT(*) FROM audit_events WHERE action = 'service_account.updated'").await, 2);
        ada.delete(&export).await.ok();
        assert_eq!(world.count("SELECT (SELECT COUNT(*) FROM account_details) + (SELECT COUNT(*) FROM account_labels)").await, 0);
    }

    /// when the owner leaves, the account goes on, is listed as ownerless, and can be handed over
    async fn an_account_outlives_its_owner_and_is_handed_over(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let (first, second) = (team(&ada, &world, "acme", "First").await, team(&ada, &world, "acme", "Second").await);
        for name in ["one", "two", "three"] {
            ada.make(ACCOUNTS, json!({ "username": name, "owner": first })).await;
        }
        ada.patch(&format!("{ACCOUNTS}/{{two}}"), json!({ "owner": second })).await.ok();
        let ownerless = || async { names(&ada.get(&format!("{ACCOUNTS}?ownerless=true")).await.ok()) };
        assert_eq!(ownerless().await, ["ada", "bob", "mel", "boss"]);
        ada.delete("organizations/{acme}/teams/{First}").await.ok();
        world.account("one").get("me").await.ok();
        assert_eq!(ada.get(&format!("{ACCOUNTS}/{{one}}")).await.ok()["owner"], Value::Null);
        assert_eq!(ownerless().await, ["ada", "bob", "mel", "boss", "one", "three"]);
        ada.patch(&format!("{ACCOUNTS}/{{one}}"), json!({ "owner": second })).await.ok();
        assert_eq!(ownerless().await, ["ada", "bob", "mel", "boss", "three"]);
        let handed_over = "SELECT COUNT(*) FROM audit_events WHERE action = 'service_account.owner_changed'";
        assert_eq!(world.count(handed_over).await, 2, "nothing is rewritten when an owner leaves");
    }

    async fn lists_are_filtered_by_labels_page_by_page(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        for number in 0..7 {
            let labels = if number % 2 == 0 { json!({ "team": "data", "tier": number.to_string() }) } else { json!({ "team": "web: shop" }) };
            ada.make(ACCOUNTS, json!({ "username": format!("n{number}"), "labels": labels })).await;
        }
        let list = |query: &'static str| {
            let ada = ada.clone();
            async move { names(&ada.get(&format!("{ACCOUNTS}?{query}")).await.ok()) }
        };
        assert_eq!(list("label=team:data").await, ["n0", "n2", "n4", "n6"]);
        assert_eq!(list("label=team:web%3A%20shop").await, ["n1", "n3", "n5"]);
        assert_eq!(list("label=tier").await, ["n0", "n2", "n4", "n6"]);
        assert_eq!(list("label=tier:4&search=n&ownerless=true").await, ["n4"]);
        assert_eq!(list("label=tier:").await, Vec::<String>::new());
        assert_eq!(list("label=nothing").await, Vec::<String>::new());
        assert_eq!(list("ownerless=false&label=team:data&limit=3").await, ["n0", "n2", "n4"]);
        let page = ada.get(&format!("{ACCOUNTS}?label=team:data&limit=3")).await.is(200);
        let cursor = page.body["next_cursor"].as_str().unwrap().to_owned();
        // A row that comes meanwhile is at the end.
        ada.make(ACCOUNTS, json!({ "username": "late", "labels": { "team": "data" } })).await;
        let page = ada.get(&format!("{ACCOUNTS}?label=team:data&limit=3&cursor={cursor}")).await.is(200);
        assert_eq!(names(&page.body["results"]), ["n6", "late"]);
        assert!(page.body["next_cursor"].is_null());
        for query in ["ownerless=yes", "ownerless=true&ownerless=true", "label=a&label=b"] {
            ada.get(&format!("{ACCOUNTS}?{query}")).await.refused(400, "query_invalid");
        }
        for query in ["label=Team", "label=", "label=:x", "label=a%20b", "label=a:%E2%80%AE"] {
            ada.get(&format!("{ACCOUNTS}?{query}")).await.refused(400, "label_invalid");
        }
    }

    /// owners of another organization, people who are accounts; who may not change the account: nothing changed
    async fn an_owner_is_of_the_organization(world: World) {
        let world = world.with(WORLD).await;
        let (ada, bob, gil) = (world.account("ada"), world.account("bob"), world.account("gil"));
        let foreign = team(&gil, &world, "globex", "Foreign").await;
        let own = team(&ada, &world, "acme", "Own").await;
        let before = revision(&world).await;
        let (mel, boss) = (format!("{ACCOUNTS}/{{mel}}"), format!("{ACCOUNTS}/{{boss}}"));
        let account = json!({ "kind": "person", "id": world.id("bob") });
        for (owner, code) in [(&foreign, "team_not_found"), (&account, "user_not_found")] {
            ada.patch(&mel, json!({ "owner": owner })).await.refused(404, code);
            ada.post(ACCOUNTS, json!({ "username": "x", "owner": owner })).await.refused(404, code);
        }
        for body in [json!({ "owner": own }), json!({ "description": "x" }), json!({ "labels": { "a": "b" } })] {
            bob.patch(&boss, body.clone()).await.refused(403, "account_above_own");
            world.account("mel").patch(&mel, body.clone()).await.refused(403, "permission_missing");
            gil.patch(&mel, body).await.refused(404, "organization_not_found");
        }
        for wrong in [json!({ "kind": "nobody", "id": 1 }), json!({ "kind": "team" }), json!("team"), json!({ "id": 7 })] {
            ada.patch(&mel, json!({ "owner": wrong })).await.refused(400, "body_misfit");
        }
        ada.patch(&mel, json!({ "owner": { "kind": "team", "id": 0 } })).await.refused(400, "id_invalid");
        let many: serde_json::Map<String, Value> = (0..21).map(|number| (format!("k{number}"), json!("v"))).collect();
        for labels in [json!({ "Team": "x" }), json!({ "": "x" }), json!({ "a": "x".repeat(129) }), json!({ "a": "b\u{200b}" }), Value::Object(many)] {
            ada.patch(&mel, json!({ "labels": labels })).await.refused(400, "label_invalid");
            ada.post(ACCOUNTS, json!({ "username": "x", "labels": labels })).await.refused(400, "label_invalid");
        }
        ada.patch(&mel, json!({ "labels": { "a": 1 } })).await.refused(400, "body_misfit");
        ada.patch(&mel, json!({ "description": "x".repeat(2_001) })).await.refused(400, "name_invalid");
        assert_eq!(revision(&world).await, before);
        let markup = json!({ "a": "<script>", "b": "=1+1", "c": "'; DROP TABLE x" });
        assert_eq!(ada.patch(&mel, json!({ "labels": markup })).await.ok()["labels"], markup);
    }
}
