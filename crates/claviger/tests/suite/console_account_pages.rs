//! The console's list of service accounts, page by page, where there are many.

use claviger::clock;
use sqlx::{AssertSqlSafe, Executor};

use crate::browser::Browser;
use crate::world::{World, on_both_stores};

const WORLD: &str = "
acme: ada owner, pia@ admin
  shop: ada admin
";

/// The server founds them, the test adds as many as it wants below this id.
const FIRST_ID: i64 = 100_000;

const DAY: i64 = 86_400;

/// An account that is in the store without having been made by the API: there it would take too long.
#[derive(Clone)]
struct Stored {
    id: i64,
    username: String,
    created: i64,
    is_disabled: bool,
    expires: Option<i64>,
    last_used: Option<i64>,
    is_owned: bool,
}

/// So many, of all kinds; many of them alike in what they are ordered by.
fn accounts(many: i64, now: i64) -> Vec<Stored> {
    let one = |n: i64| Stored {
        id: FIRST_ID + 2 * n,
        username: format!(
            "{}-{n}.{:06x}.service-account",
            ["bot", "Job", "a"][(n % 3) as usize],
            n * 7_919 % 0xff_ffff
        ),
        created: now - 200 * DAY + n % 211 * DAY / 2,
        is_disabled: n % 13 == 0,
        expires: [None, Some(now - n % 40 * DAY - 1), Some(now + (1 + n % 60) * DAY), None][(n * 3 % 4) as usize],
        last_used: [None, Some(now - n % 150 * DAY), Some(now - 100 * DAY)][(n * 5 % 7 % 3) as usize],
        is_owned: n % 5 != 0,
    };
    (0..many).map(one).collect()
}

/// Puts them into the store behind the server's back, and starts it again.
async fn put(world: &World, accounts: &[Stored]) {
    let (acme, pia) = (world.id("acme"), world.id("pia"));
    let number = |number: Option<i64>| number.map_or("NULL".to_owned(), |number| number.to_string());
    let reads = world.node().store.reads();
    for some in accounts.chunks(500) {
        let principals = some.iter().map(|one| {
            let Stored { id, username, created, is_disabled, is_owned, .. } = one;
            let creator = number(is_owned.then_some(pia as i64));
            format!("({id}, 2, {acme}, '{username}', {created}, {creator}, {})", i16::from(*is_disabled))
        });
        let secrets = some.iter().map(|one| {
            let Stored { id, created, expires, last_used, .. } = one;
            let digest = format!("{id:064}");
            format!("({}, {id}, 'sha256', '{digest}', {created}, {}, {})", id + 1, number(*expires), number(*last_used))
        });
        let principals: Vec<String> = principals.collect();
        let secrets: Vec<String> = secrets.collect();
        for sql in [
            format!(
                "INSERT INTO principals (id, kind, organization_id, username, created_at, creator_id, is_disabled) VALUES {}",
                principals.join(", ")
            ),
            format!(
                "INSERT INTO secrets (id, principal_id, digest_kind, digest, created_at, expires_at, last_used_at) VALUES {}",
                secrets.join(", ")
            ),
        ] {
            reads.execute(AssertSqlSafe(sql)).await.unwrap();
        }
    }
    let next = FIRST_ID + 2 * accounts.len() as i64;
    reads.execute(AssertSqlSafe(format!("UPDATE head SET next_id = next_id + {next}"))).await.unwrap();
    world.restart().await;
}

/// Takes them out again: no history knows of them.
async fn take_out(world: &World, accounts: &[Stored]) {
    let next = FIRST_ID + 2 * accounts.len() as i64;
    let reads = world.node().store.reads();
    for sql in [
        format!("DELETE FROM secrets WHERE principal_id >= {FIRST_ID}"),
        format!("DELETE FROM principals WHERE id >= {FIRST_ID}"),
        format!("UPDATE head SET next_id = next_id - {next}"),
    ] {
        reads.execute(AssertSqlSafe(sql)).await.unwrap();
    }
    world.restart().await;
}

/// The ids on a page, which its usernames end with, and where a button leads.
fn shown(page: &str) -> Vec<&str> {
    page.split("<code class=\"sub\">").skip(1).map(|rest| rest.split("</code>").next().unwrap()).collect()
}

fn leads(page: &str, button: &str) -> Option<String> {
    let link = page
        .split("href=\"")
        .find(|rest| rest.contains(&format!("\">{button} 25</a>")) && !rest.contains("</nav>\n<"))?;
    Some(link.split('"').next().unwrap().replace("&#38;", "&"))
}

/// All pages from there on, and how many a view is said to have.
async fn all_pages(browser: &Browser<'_>, first: &str) -> Vec<String> {
    let (mut path, mut all) = (first.to_owned(), Vec::new());
    loop {
        let page = browser.page(&path, "Service Accounts · acme").await;
        let before = all.len();
        all.extend(shown(&page).into_iter().map(str::to_owned));
        match leads(&page, "Next") {
            Some(next) => path = next,
            None => return all,
        }
        assert_eq!(all.len() - before, 25, "{path}");
    }
}

/// Which of them a view has.
fn is_in(view: &str, one: &Stored, now: i64) -> bool {
    let state = match one {
        one if one.is_disabled => "disabled",
        one if one.expires.is_some_and(|expires| expires <= now) => "expired",
        one if one.last_used.unwrap_or(one.created) <= now - 90 * DAY => "unused",
        one if one.expires.is_some_and(|expires| expires <= now + 30 * DAY) => "expiring",
        _ => "active",
    };
    match view {
        "" => true,
        "no-expiry" => one.expires.is_none(),
        "no-owner" => !one.is_owned,
        view => view == state,
    }
}

fn in_order(mut accounts: Vec<Stored>, sort: &str) -> Vec<String> {
    accounts.sort_by_key(|one| {
        let (name, number) = match sort.trim_start_matches('-') {
            "name" => (one.username.to_lowercase(), 0),
            "last_used" => (String::new(), one.last_used.unwrap_or(i64::MIN)),
            "expires" => (String::new(), one.expires.unwrap_or(i64::MAX)),
            _ => (String::new(), one.created),
        };
        (name, number, one.id)
    });
    if sort.starts_with('-') {
        accounts.reverse();
    }
    accounts.into_iter().map(|one| one.username).collect()
}

const SORTS: [&str; 8] = ["name", "-name", "last_used", "-last_used", "expires", "-expires", "created", "-created"];

const VIEWS: [&str; 8] = ["", "active", "expiring", "expired", "unused", "disabled", "no-expiry", "no-owner"];

on_both_stores! {
    /// thousands of accounts: in every order and every view each is shown once, where it belongs
    async fn pages_hold_each_account_once_in_every_order_and_view(world: World) {
        let world = world.with(WORLD).await;
        // What happens at a second's edge is not what this looks at.
        let now = clock::now().seconds();
        let mut all = accounts(2_000, now + DAY / 2);
        let browser = Browser::signs_in(&world, "pia").await;
        put(&world, &all).await;
        // Whoever founded the world is listed too.
        let ada = world.account("ada");
        all.push(Stored { id: ada.id as i64, username: ada.username.clone(), created: now, is_disabled: false, expires: None, last_used: Some(now + 1), is_owned: false });
        for (number, view) in VIEWS.into_iter().enumerate() {
            let those: Vec<Stored> = all.iter().filter(|one| is_in(view, one, now)).cloned().collect();
            assert!(those.len() > 25, "{view}: {}", those.len());
            // All of them in each order; of the others one order each.
            let sorts = SORTS.into_iter().enumerate().filter(|(sort, _)| number == 0 || number == *sort);
            for (_, sort) in sorts {
                let path = format!("/console/organizations/{{acme}}/service-accounts?view={view}&sort={sort}");
                assert_eq!(all_pages(&browser, &path).await, in_order(those.clone(), sort), "{view} by {sort}");
            }
        }
        take_out(&world, &all[..all.len() - 1]).await;
    }
}
