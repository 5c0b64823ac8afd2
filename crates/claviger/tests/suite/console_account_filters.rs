//! The filters of the console's list of service accounts: who reaches a project, and as what.

use serde_json::json;

use crate::browser::Browser;
use crate::console::is_page;
use crate::console_project_accounts::says;
use crate::world::{World, on_both_stores};

const WORLD: &str = "
acme: ada owner, pia@ owner, bot admin, idle member
  shop: exporter admin, reader analyst
    eu: visitor consumer
  lab: exporter consumer, labrat owner
globex: gil owner
  forge: miner admin
";

const LIST: &str = "/console/organizations/{acme}/service-accounts";
const TITLE: &str = "Service Accounts · acme";
const ALL: [&str; 7] = ["ada", "bot", "idle", "exporter", "reader", "visitor", "labrat"];

/// Those of the accounts that are on the page.
fn listed<'n>(world: &World, page: &str, names: &[&'n str]) -> Vec<&'n str> {
    let is_there = |name: &str| page.contains(&format!("name=\"id\" value=\"{}\"", world.id(name)));
    names.iter().copied().filter(|name| is_there(name)).collect()
}

/// How many accounts a view says that it has.
#[track_caller]
fn count(page: &str, view: &str) -> String {
    let begin = page.find(&format!(">{view} <span>")).unwrap_or_else(|| panic!("no view {view} in {page}"));
    page[begin..].split("<span>").nth(1).and_then(|rest| rest.split('<').next()).expect("a number").to_owned()
}

on_both_stores! {
    /// a list is narrowed to those that reach a project and to those that have a role, through whatever
    async fn a_list_is_narrowed_to_a_project_and_a_role(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let team = ada.post("organizations/{acme}/teams", json!({ "name": "Data platform" })).await.created()["id"].as_u64().unwrap();
        world.name("team", team);
        let taxi = ada.make("organizations/{acme}/service-accounts", json!({ "username": "taxi" })).await;
        world.name("taxi", taxi.id);
        ada.post("organizations/{acme}/teams/{team}/add-members", json!({ "user_ids": [taxi.id] })).await.ok();
        ada.put("projects/{shop}/teams/{team}", json!({ "role": "analyst" })).await.ok();
        let browser = Browser::signs_in(&world, "pia").await;
        let all = [&ALL[..], &["taxi", "miner"]].concat();
        for (query, accounts) in [
            ("", &["ada", "bot", "idle", "exporter", "reader", "visitor", "labrat", "taxi"][..]),
            ("project={shop}", &["ada", "bot", "exporter", "reader", "visitor", "taxi"]),
            ("project={shop}&role=owner", &["ada"]),
            ("project={shop}&role=admin", &["bot", "exporter"]),
            ("project={shop}&role=analyst", &["reader", "taxi"]),
            ("project={shop}&role=consumer", &["visitor"]),
            ("project={lab}&role=owner", &["ada", "labrat"]),
            ("role=owner", &["ada", "labrat"]),
            ("role=consumer", &["exporter", "visitor"]),
            ("search_project=SHOP&role=owner", &["ada"]),
            ("project={shop}&role=analyst&search=read", &["reader"]),
            // What is not there, or cannot be read, narrows nothing.
            ("project={forge}&role=consumer", &["exporter", "visitor"]),
            ("project={shop}&role=root", &["ada", "bot", "exporter", "reader", "visitor", "taxi"]),
            ("project=x&role=%00", &["ada", "bot", "idle", "exporter", "reader", "visitor", "labrat", "taxi"]),
        ] {
            let page = browser.page(&format!("{LIST}?{query}"), TITLE).await;
            assert_eq!(listed(&world, &page, &all), accounts, "{query}");
            assert!(!page.contains("forge") && !page.contains("miner"), "{page}");
            if !query.contains("search=") {
                assert_eq!(count(&page, "All"), accounts.len().to_string(), "{query}");
            }
        }
        ada.put("projects/{lab}/default-access", json!({ "role": "consumer" })).await.ok();
        let open = browser.page(&format!("{LIST}?project={{lab}}&role=consumer"), TITLE).await;
        assert_eq!(listed(&world, &open, &all), ["idle", "exporter", "reader", "visitor", "taxi"]);
    }

    /// custom roles are one choice, whatever else their holders have
    async fn custom_roles_are_looked_for_together(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let role = ada.post("projects/{shop}/custom-roles", json!({ "name": "Reviewer", "permissions": ["data:read"] })).await.created()["role_id"].clone();
        let shop = json!({ "id": world.id("shop"), "role": role });
        ada.post("organizations/{acme}/service-accounts/add-to-project", json!({ "projects": [shop], "service_account_ids": [world.id("idle")] })).await.ok();
        let browser = Browser::signs_in(&world, "pia").await;
        for (query, accounts) in [
            ("role=custom", &["idle"][..]),
            ("project={shop}&role=custom", &["idle"]),
            ("project={lab}&role=custom", &[]),
        ] {
            let page = browser.page(&format!("{LIST}?{query}"), TITLE).await;
            assert_eq!(listed(&world, &page, &ALL), accounts, "{query}");
        }
        let none = browser.page(&format!("{LIST}?project={{lab}}&role=custom&view=active"), TITLE).await;
        says(&none, "<h2>No service account in this view reaches lab with a custom role</h2>");
        says(&none, &format!("<a class=\"btn\" href=\"{}?view=active\">Clear filters</a>", world.path(LIST)));
        assert!(!none.contains("claviger service-account list"), "{none}");
    }

    /// all of a view that is left by filters is deleted, and what they hide stays, whatever happened meanwhile
    async fn what_filters_hide_is_not_deleted(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        for name in ["reader", "visitor", "labrat", "idle"] {
            ada.patch(&format!("organizations/{{acme}}/service-accounts/{{{name}}}"), json!({ "disabled": true })).await.ok();
        }
        let browser = Browser::signs_in(&world, "pia").await;
        let page = browser.page(&format!("{LIST}?view=disabled&project={{shop}}&role=analyst&sort=name"), TITLE).await;
        assert_eq!((count(&page, "All"), count(&page, "Disabled")), ("1".to_owned(), "1".to_owned()));
        let review = format!("{LIST}/delete?view=disabled&project={{shop}}&role=analyst");
        says(&page, &format!("href=\"{}\">Review all 1</a>", world.path(&review).replace('&', "&#38;")));
        assert!(!browser.page(&format!("{LIST}?view=disabled&search=i"), TITLE).await.contains("Review all"));
        let asked = browser.page(&review, "Delete service accounts · acme").await;
        assert_eq!(listed(&world, &asked, &ALL), ["reader"]);
        assert_eq!(browser.hidden("all"), world.id("reader").to_string());
        let of_shop = browser.page(&format!("{LIST}/delete?view=disabled&project={{shop}}"), "Delete service accounts · acme").await;
        assert_eq!(listed(&world, &of_shop, &ALL), ["reader", "visitor"]);
        for gone in ["project={forge}", "project=999999", "project=x", "role=root", "project={shop}&role=root"] {
            let answer = browser.get(&format!("{LIST}/delete?view=disabled&{gone}")).await;
            is_page(&answer, 400, "Delete service accounts · acme");
            says(&answer.text, "No service account was chosen.");
        }
        let reader = world.id("reader").to_string();
        let told = browser.submit_to(&format!("{LIST}/delete"), &[("all", &reader), ("id", &reader), ("confirm", "1")], TITLE).await;
        says(&told, "1 service account was deleted.");
        assert_eq!(listed(&world, &told, &ALL), ["ada", "bot", "idle", "exporter", "visitor", "labrat"]);
    }

    /// pages go on within the filters, in every order
    async fn pages_keep_the_filters(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        for number in 0..60 {
            let project = if number % 2 == 0 { "lab" } else { "shop" };
            let projects = json!([{ "id": world.id(project), "role": "analyst" }]);
            ada.make("organizations/{acme}/service-accounts", json!({ "username": format!("page-{number}"), "projects": projects })).await;
        }
        let browser = Browser::signs_in(&world, "pia").await;
        for sort in ["name", "-created", "expires", "last_used"] {
            let mut page = browser.page(&format!("{LIST}?project={{lab}}&role=analyst&view=active&sort={sort}"), TITLE).await;
            says(&page, "1 to 25 of 30");
            let next = page.split("<a class=\"btn s\" href=\"").skip(1).find(|rest| rest.contains(">Next 25<")).expect("a next page");
            page = browser.page(&next.split('"').next().expect("an address").replace("&#38;", "&"), TITLE).await;
            says(&page, "26 to 30 of 30");
            says(&page, "view=active&#38;project=");
            assert_eq!(page.matches("name=\"id\"").count(), 5, "{page}");
        }
    }

    /// many projects are searched for by name, on a page that stays small
    async fn one_of_many_projects_is_found_by_its_name(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        for number in 0..60 {
            ada.post("organizations/{acme}/projects", json!({ "name": format!("Depot {number}") })).await.created();
        }
        let browser = Browser::signs_in(&world, "pia").await;
        let page = browser.page(LIST, TITLE).await;
        says(&page, "name=\"search_project\" value=\"\" placeholder=\"Any project\"");
        assert!(page.len() < 50_000 && !page.contains("<select name=\"project\""), "{page}");
        let many = browser.page(&format!("{LIST}?search_project=depot&role=admin"), TITLE).await;
        says(&many, "<p>60 projects found; the first 20 are shown.</p>");
        let first = many.split("<a class=\"btn s\" href=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a project");
        let chosen = browser.page(&first.replace("&#38;", "&"), TITLE).await;
        says(&chosen, "name=\"search_project\" value=\"Depot 0\"");
        assert_eq!(listed(&world, &chosen, &ALL), ["bot"]);
        let shop = format!("search_project=shop&project={}&role=consumer", first.split("project=").nth(1).and_then(|rest| rest.split('&').next()).expect("a number"));
        let turned = browser.page(&format!("{LIST}?{shop}"), TITLE).await;
        assert_eq!(listed(&world, &turned, &ALL), ["visitor"], "what was typed counts");
        says(&browser.page(&format!("{LIST}?search_project=forge"), TITLE).await, "<h2>No project matches “forge”</h2>");
        let any = browser.page(&format!("{LIST}?search_project=&project={{shop}}"), TITLE).await;
        assert_eq!(listed(&world, &any, &ALL), ALL);
    }

    /// an organization without accounts is told the same command on every page
    async fn the_first_account_is_made_by_one_command(world: World) {
        let world = world.with("acme: ada owner, pia@ owner\n").await;
        let browser = Browser::signs_in(&world, "pia").await;
        let ada = world.id("ada").to_string();
        browser.page(&format!("{LIST}/delete?id={ada}"), "Delete service accounts · acme").await;
        let done = browser.submit_to(&format!("{LIST}/delete"), &[("all", &ada), ("id", &ada), ("confirm", "1")], TITLE).await;
        let project = world.count("SELECT MIN(id) FROM projects").await;
        let command = format!("<pre id=\"cmd\">claviger service-account create nightly-export --organization {} --project {project}:analyst --expires-in 90d</pre>", world.id("acme"));
        says(&done, &command);
        says(&browser.page("/console/organizations/{acme}/overview", "Overview · acme").await, &command);
    }
}
