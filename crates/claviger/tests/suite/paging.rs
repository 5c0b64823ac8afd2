//! `limit`, `cursor` and `search` on lists.

use serde_json::{Value, json};

use crate::world::{Account, World, on_both_stores};

const WORLD: &str = "
acme: ada owner
  shop: exporter admin
";

/// All pages of a list, as one; each page but the last is full.
async fn all_pages(account: &Account, list: &str, limit: usize) -> Vec<Value> {
    let (mut rows, mut cursor) = (Vec::new(), String::new());
    loop {
        let separator = if list.contains('?') { '&' } else { '?' };
        let page = account.get(&format!("{list}{separator}limit={limit}{cursor}")).await.is(200);
        let results = page.body["results"].as_array().unwrap();
        rows.extend(results.iter().cloned());
        match page.body["next_cursor"].as_str() {
            Some(next) => {
                assert_eq!(results.len(), limit);
                cursor = format!("&cursor={next}");
            }
            None => return rows,
        }
    }
}

async fn fill(world: &World) {
    let ada = world.account("ada");
    for number in 0..7 {
        ada.make(
            "organizations/{acme}/service-accounts",
            json!({ "username": format!("page{number}"), "projects": [{ "id": world.id("shop") }] }),
        )
        .await;
        ada.post("organizations/{acme}/projects", json!({ "name": format!("Page {number}") })).await.created();
        ada.post("projects/{shop}/workspaces", json!({ "name": format!("page {number}") })).await.created();
    }
}

on_both_stores! {
    async fn pages_put_together_are_the_list(world: World) {
        let world = world.with(WORLD).await;
        fill(&world).await;
        let ada = world.account("ada");
        for list in [
            "organizations/{acme}/service-accounts", "organizations/{acme}/service-accounts?search=page",
            "projects/{shop}/service-accounts", "projects/{shop}/workspaces/{shop all}/service-accounts",
            "organizations/{acme}/projects", "organizations/{acme}/projects?search=PAGE",
            "projects/{shop}/workspaces", "projects/{shop}/workspaces/public?search=page",
        ] {
            // When an account was last used is the one thing that changes meanwhile.
            let still = |rows: &[Value]| -> Vec<Value> {
                rows.iter().cloned().map(|mut row| { row["last_used"].take(); row }).collect()
            };
            let whole = ada.get(list).await.is(200);
            assert!(whole.body.get("next_cursor").is_none(), "{list}");
            let whole = still(whole.body["results"].as_array().unwrap());
            assert!(whole.len() >= 7, "{list}");
            for limit in [1, 2, 7, 8, 1_000] {
                assert_eq!(still(&all_pages(&ada, list, limit).await), whole, "{list} by {limit}");
            }
        }
    }

    async fn a_page_goes_on_after_a_row_that_was_deleted(world: World) {
        let world = world.with(WORLD).await;
        fill(&world).await;
        let ada = world.account("ada");
        let list = "organizations/{acme}/service-accounts?search=page&limit=3";
        let page = ada.get(list).await.is(200);
        let last = page.body["results"][2]["id"].as_u64().unwrap();
        world.name("last", last);
        ada.delete("organizations/{acme}/service-accounts/{last}").await.ok();
        let next = page.body["next_cursor"].as_str().unwrap();
        let rest = ada.get(&format!("{list}&cursor={next}")).await.ok();
        assert!(rest[0]["id"].as_u64().unwrap() > last);
        assert_eq!(rest.as_array().unwrap().len(), 3);
    }
}
