//! The Audit Log page: who sees what, filters and pages, open rows, exports, and rows that come while it is followed.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::audit_chain::{all, tampered};
use crate::audit_export;
use crate::browser::Browser;
use crate::console::is_page;
use crate::world::{Account, email, on_both_stores, send};

const WORLD: &str = "
acme: ada owner, pia@ admin, mel@ member, nell@ member, idle member
  shop: exporter admin, reader analyst, mel@ admin
    eu: reader consumer
  lab: exporter analyst
globex: gil owner
  well: driller admin
";

const PAGE: &str = "/console/organizations/{acme}/audit-log";
const LOG: &str = "organizations/{acme}/audit-log";
const TITLE: &str = "Audit Log · acme";

/// What is waited for comes within this, or never.
const WITHIN: Duration = Duration::from_secs(20);

const SCRIPT: &str = "<script>alert(1)</script>";

async fn makes_teams(account: &Account, names: impl Iterator<Item = String>) {
    for name in names {
        account.post("organizations/{acme}/teams", json!({ "name": name })).await.created();
    }
}

/// The numbers of the events on a page, in their order.
fn ids(page: &str) -> Vec<u64> {
    let rows = page.split("<tr role=\"row\" id=\"e").skip(1);
    rows.map(|row| row.split('"').next().unwrap().parse().unwrap()).collect()
}

fn ids_of(events: &Value) -> Vec<u64> {
    events.as_array().unwrap().iter().map(|event| event["id"].as_u64().unwrap()).collect()
}

/// Where the link with this text leads.
fn link(page: &str, text: &str) -> Option<String> {
    let before = page.split(&format!(">{text}</a>")).next().filter(|before| before.len() < page.len())?;
    let path = before.rsplit("href=\"").next()?.split('"').next()?;
    Some(path.replace("&#38;", "&"))
}

/// A stream of rows, as it comes.
struct Followed {
    response: reqwest::Response,
    text: String,
}

impl Followed {
    async fn of(browser: &Browser<'_>, path: &str) -> Self {
        let response = browser.opens(path).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        Self { response, text: String::new() }
    }

    /// The next piece; none at the end.
    async fn piece(&mut self) -> Option<String> {
        loop {
            if let Some((piece, rest)) = self.text.split_once("\n\n") {
                let (piece, rest) = (piece.to_owned(), rest.to_owned());
                self.text = rest;
                return Some(piece);
            }
            let chunk = tokio::time::timeout(WITHIN, self.response.chunk()).await.expect("in time").expect("a stream");
            self.text.push_str(std::str::from_utf8(&chunk?).unwrap());
        }
    }

    /// The next row.
    async fn row(&mut self) -> String {
        loop {
            let piece = self.piece().await.expect("a row, and the stream ended");
            if let Some(row) = piece.lines().find_map(|line| line.strip_prefix("data: ")) {
                assert!(piece.contains("event: row"), "{piece}");
                return row.to_owned();
            }
        }
    }

    /// The rows until it ends.
    async fn rest(mut self) -> Vec<String> {
        let rows = async {
            let mut rows = Vec::new();
            while let Some(piece) = self.piece().await {
                rows.extend(piece.contains("data:").then_some(piece));
            }
            rows
        };
        tokio::time::timeout(WITHIN, rows).await.expect("it ends")
    }
}

/// The address that a page which follows the log takes its rows from.
fn live(page: &str) -> String {
    let path = page.split("data-live=\"").nth(1).expect("a page that follows").split('"').next().unwrap();
    path.replace("&#38;", "&")
}

async fn follows(browser: &Browser<'_>, path: &str, title: &str) -> Followed {
    let sign = if path.contains('?') { '&' } else { '?' };
    let page = browser.page(&format!("{path}{sign}follow=1"), title).await;
    Followed::of(browser, &live(&page)).await
}

#[track_caller]
fn says(answer: &Answer, status: u16, words: &str) {
    assert_eq!(answer.status, status, "{}", answer.text);
    assert!(answer.text.contains(words), "{}", answer.text);
}

on_both_stores! {
    /// older, older, and back: each event is shown once, whatever is written meanwhile
    async fn pages_show_each_event_once_forwards_and_back(world: World) {
        let world = world.with(WORLD).await;
        let (ada, pia) = (world.account("ada"), Browser::signs_in(&world, "pia").await);
        makes_teams(&ada, (0..55).map(|number| format!("Team {number}"))).await;
        for (query, filter) in [("", ""), ("?action=team.created", "?action=team.created"), ("?action=team.*&from=2020-01-01", "?action=team.*"),
            (&*format!("?actor={}", ada.username), &*format!("?actor={}", ada.id)), (&*format!("?target=principal%3A{}", world.id("exporter")), &*format!("?target=principal:{}", world.id("exporter")))] {
            let sign = if filter.is_empty() { '?' } else { '&' };
            let expected = ids_of(&ada.get(&format!("{LOG}{filter}{sign}limit=1000")).await.ok());
            assert!(!expected.is_empty());
            let mut pages = vec![pia.page(&format!("{PAGE}{query}"), TITLE).await];
            while let Some(older) = link(pages.last().unwrap(), "Older") {
                makes_teams(&ada, std::iter::once(format!("Meanwhile {query} {}", pages.len()))).await;
                pages.push(pia.page(&older, TITLE).await);
            }
            let shown: Vec<Vec<u64>> = pages.iter().map(|page| ids(page)).collect();
            assert_eq!(shown.concat(), expected, "{query}");
            assert!(shown.iter().rev().skip(1).all(|page| page.len() == 25), "{query}");
            assert!(pages.iter().all(|page| page.len() < 50_000));
            for number in (1..pages.len()).rev() {
                let back = pia.get(&link(&pages[number], "Newer").expect("a page before")).await;
                // What was written meanwhile comes before the first page, which is less than a page of its own.
                let text = if back.status == 303 { pia.page(back.header("location").unwrap(), TITLE).await } else { back.text };
                let is_first = number == 1 && link(&text, "Newer").is_none();
                assert!(is_first || ids(&text) == shown[number - 1], "{query} {number}");
            }
        }
    }

    /// by names that people know: a username, an address, a team, a project; and what is called nothing is nothing
    async fn filters_know_names(world: World) {
        let world = world.with(WORLD).await;
        let (ada, pia) = (world.account("ada"), Browser::signs_in(&world, "pia").await);
        let team = ada.post("organizations/{acme}/teams", json!({ "name": "Data platform" })).await.created();
        let (reader, shop) = (world.account("reader"), world.id("shop"));
        for (query, filter) in [
            ("target=data+PLATFORM".to_owned(), format!("target=team:{}", team["id"])),
            ("target=shop".to_owned(), format!("target=project:{shop}")),
            (format!("target={}", reader.username), format!("target=principal:{}", reader.id)),
            (format!("target={}", email("pia").replace('@', "%40")), format!("target=principal:{}", world.id("pia"))),
            (format!("actor={}", email("pia")), format!("actor={}", world.id("pia"))),
            ("target=acme".to_owned(), format!("target=organization:{}", world.id("acme"))),
            ("target=READER".to_owned(), format!("target=principal:{}", reader.id)),
            (format!("target={}", reader.username.trim_end_matches(".service-account")), format!("target=principal:{}", reader.id)),
            ("target=Pia+of+the+world".to_owned(), format!("target=principal:{}", world.id("pia"))),
            ("actor=ada".to_owned(), format!("actor={}", ada.id)),
            (format!("project={shop}"), format!("project={shop}")),
            ("from=2020-01-01&to=2021-01-01".to_owned(), "to=2021-01-01T00:00:00Z".to_owned()),
        ] {
            let expected = ids_of(&ada.get(&format!("{LOG}?{filter}")).await.ok());
            assert_eq!(ids(&pia.page(&format!("{PAGE}?{query}"), TITLE).await), expected, "{query}");
        }
        // Another of the same name, and a team that is called so: all of them, whichever way the log is read.
        let twin = ada.make("organizations/{acme}/service-accounts", json!({ "username": "reader" })).await.id;
        let team = ada.post("organizations/{acme}/teams", json!({ "name": "Reader" })).await.created();
        let mut expected = Vec::new();
        for of in [format!("principal:{}", reader.id), format!("principal:{twin}"), format!("team:{}", team["id"])] {
            expected.extend(ids_of(&ada.get(&format!("{LOG}?target={of}")).await.ok()));
        }
        expected.sort_unstable_by(|one, other| other.cmp(one));
        assert!(expected.len() >= 3);
        let page = pia.page(&format!("{PAGE}?target=reader"), TITLE).await;
        assert_eq!(ids(&page), expected);
        assert!(!page.contains("claviger audit list"), "the command line asks for one: {page}");
        let exported = pia.get(&format!("{PAGE}/export?format=ndjson&target=reader")).await;
        assert_eq!(exported.text.lines().count(), expected.len(), "{}", exported.text);
        for query in ["target=nobody", "actor=nobody@example.com", &format!("target={}", world.account("gil").username), "target=well", "target=globex"] {
            let page = pia.page(&format!("{PAGE}?{query}"), TITLE).await;
            assert!(page.contains("No event matches") && page.contains("Clear filters") && !page.contains("<table"), "{query}: {page}");
        }
        for (query, words) in [("from=yesterday", "Write a day such as"), ("action=team.exploded", "Write the name of an event"), ("project=x", "Write the number of a project")] {
            let refused = pia.get(&format!("{PAGE}?{query}")).await;
            is_page(&refused, 400, "Error: Audit Log · acme");
            says(&refused, 400, words);
            assert!(refused.text.contains("aria-invalid=\"true\""), "{query}: {}", refused.text);
        }
        says(&pia.get(&format!("{PAGE}?actor=1&actor=2")).await, 400, "Give each of them once.");
    }

    /// details of a row, in place, by an address that stays right; links to what is still there
    async fn a_row_opens_in_place(world: World) {
        let world = world.with(WORLD).await;
        let (ada, pia) = (world.account("ada"), Browser::signs_in(&world, "pia").await);
        ada.put("projects/{lab}/users/{mel}", json!({ "role": "analyst" })).await.ok();
        ada.put("projects/{lab}/users/{mel}", json!({ "role": "admin" })).await.ok();
        let event = ada.get(&format!("{LOG}?action=user.role_changed")).await.ok()[0].clone();
        let id = event["id"].as_u64().unwrap();
        let page = pia.page(PAGE, TITLE).await;
        assert!(page.contains("<del>Analyst</del> <ins>Admin</ins>"), "{page}");
        assert!(page.contains("The events on this page are unbroken</span>"), "{page}");
        let details = page.split("href=\"").map(|rest| rest.split('"').next().unwrap()).find(|path| path.contains(&format!("open={id}#"))).unwrap();
        let open = pia.page(&details.replace("&#38;", "&"), TITLE).await;
        for shown in ["<dt>Request</dt>", event["request_id"].as_str().unwrap(), "role: admin", "</code>, follows <code>", "aria-expanded=\"true\"", "127.0.0.1"] {
            assert!(open.contains(shown), "{shown} is not in {open}");
        }
        makes_teams(&ada, (0..30).map(|number| format!("Later {number}"))).await;
        let open = pia.page(&details.replace("&#38;", "&"), TITLE).await;
        assert!(open.contains("role: admin"), "the address is of the page as it was");
        let elsewhere = pia.get(&format!("{PAGE}?open={id}")).await;
        assert_eq!(elsewhere.status, 303);
        let open = pia.page(elsewhere.header("location").unwrap(), TITLE).await;
        assert!(open.contains("role: admin") && ids(&open).first() == Some(&id), "{open}");
        let account = world.path("/console/organizations/{acme}/service-accounts/{reader}");
        let of_reader = format!("{PAGE}?target=principal:{}", world.id("reader"));
        assert!(pia.page(&of_reader, TITLE).await.contains(&format!("<a href=\"{account}\">reader.")));
        ada.delete("organizations/{acme}/service-accounts/{reader}").await.ok();
        let page = pia.page(&of_reader, TITLE).await;
        assert!(!page.contains(&account) && page.contains("service_account.deleted") && page.contains("<del>reader."), "{page}");
    }

    /// members read no organization's log, a project's admin reads his own project's alone; others' are not there
    async fn each_reads_what_he_may(world: World) {
        let world = world.with(WORLD).await;
        let (ada, mel, pia) = (world.account("ada"), Browser::signs_in(&world, "mel").await, Browser::signs_in(&world, "pia").await);
        let of_project = "/console/projects/{shop}/audit-log";
        for what in ["", "/export?format=csv", "/live"] {
            says(&mel.get(&format!("{PAGE}{what}")).await, 403, "Only owners and admins of acme read its audit log.");
            for path in ["/console/organizations/{globex}/audit-log", "/console/organizations/999999/audit-log", "/console/projects/{well}/audit-log", "/console/projects/999999/audit-log"] {
                let answer = pia.get(&format!("{path}{what}")).await;
                assert_eq!(answer.status, 404, "{path}{what}");
                assert!(!answer.text.contains("globex") && !answer.text.contains("well"), "{}", answer.text);
            }
            says(&mel.get(&format!("/console/projects/{{lab}}/audit-log{what}")).await, 403, "read its audit log.");
        }
        let page = mel.page(of_project, "Audit Log · shop").await;
        let own = ada.get("projects/{shop}/audit-log").await.ok();
        assert_eq!(ids(&page), ids_of(&own));
        assert!(page.contains(&format!("claviger audit list --project {}<", world.id("shop"))), "{page}");
        assert!(!page.contains("/service-accounts/"), "he may open no account's page");
        // What is not in his log is not in it by its number either, nor by a name that it would tell.
        let others = ids_of(&ada.get(&format!("{LOG}?action=organization.created")).await.ok());
        says(&mel.get(&format!("{of_project}?open={}", others[0])).await, 404, "No event with this number in this log.");
        let globex = ids_of(&world.account("gil").get("organizations/{globex}/audit-log").await.ok());
        says(&pia.get(&format!("{PAGE}?open={}", globex[0])).await, 404, "No event with this number in this log.");
        let nothing = mel.page(&format!("{of_project}?target=nothing"), "Audit Log · shop").await;
        for hidden in [&*world.account("idle").username, &email("nell"), "acme main"] {
            let page = mel.page(&format!("{of_project}?target={hidden}"), "Audit Log · shop").await;
            assert!(page.contains("No event matches"), "{page}");
            assert_eq!(page.replace(hidden, "nothing"), nothing, "as if it were not");
        }
    }

    /// names are text in every place of the page, and in rows that are sent
    async fn names_are_text(world: World) {
        let world = world.with(WORLD).await;
        let (ada, pia) = (world.account("ada"), Browser::signs_in(&world, "pia").await);
        let mut followed = follows(&pia, PAGE, TITLE).await;
        let team = ada.post("organizations/{acme}/teams", json!({ "name": SCRIPT })).await.created();
        let row = followed.row().await;
        assert!(!row.contains("<script") && row.contains("&#60;script&#62;alert(1)"), "{row}");
        ada.patch(&format!("organizations/{{acme}}/teams/{}", team["id"]), json!({ "name": "\"><img src=x onerror=alert(1)>" })).await.ok();
        ada.post("organizations/{acme}/projects", json!({ "name": SCRIPT })).await.created();
        // A stranger's own words are in no log.
        for username in [SCRIPT, &world.account("reader").username] {
            let header = format!("Basic {username}:<script>alert(2)</script>");
            world.get_with("me", &[header.as_bytes()]).await.refused(401, "not_authenticated");
        }
        let failed = ada.events_of(&format!("{LOG}?action=service_account.authentication_failed"), 1).await;
        let open = failed[0]["id"].as_u64().unwrap();
        for query in [format!("?open={open}"), format!("?target={}", SCRIPT.replace('<', "%3C")), format!("?actor={SCRIPT}&action=*")] {
            let answer = pia.get(&format!("{PAGE}{query}")).await;
            assert!([200, 400].contains(&answer.status), "{}", answer.text);
            assert_eq!(answer.text.matches("<script").count(), 1, "{}", answer.text);
            assert!(!answer.text.contains("<img") && !answer.text.contains("alert(2)"), "{}", answer.text);
        }
        let page = pia.page(&format!("{PAGE}?action=service_account.authentication_failed"), TITLE).await;
        assert!(page.contains("A stranger<span class=\"sub\">not signed in, 127.0.0.1</span>"), "{page}");
    }

    /// what was changed by hand shows where it is shown, and nowhere is more said than was looked at
    async fn a_page_says_whether_its_events_are_what_was_written(world: World) {
        let world = world.with(WORLD).await;
        let (ada, pia) = (world.account("ada"), Browser::signs_in(&world, "pia").await);
        makes_teams(&ada, (0..30).map(|number| format!("Team {number}"))).await;
        let page = async |query: &str| pia.page(&format!("{PAGE}{query}"), TITLE).await;
        let newest = ids(&page("").await);
        let (id, oldest) = (newest[3], newest[24]);
        let older = link(&page("").await, "Older").unwrap();
        let looked = async |statement: String| {
            tampered(&world, &[statement], async || (page("").await, pia.page(&older, TITLE).await)).await
        };
        for column in ["target_name = 'another'", "address = NULL", "facts_after = '[]'", "chain_digest = NULL", "chain_key = 'x'", "revision = 1"] {
            let (first, second) = looked(format!("UPDATE audit_events SET {column} WHERE id = {id}")).await;
            let broken = format!("Broken after event {}</span>. Run <code>claviger audit verify</code>.", id - 1);
            assert!(first.contains(&broken) && !first.contains("are unbroken"), "{column}: {first}");
            assert!(second.contains("The events on this page are unbroken"), "{column}: {second}");
        }
        let (first, _) = looked(format!("DELETE FROM audit_events WHERE id = {id}")).await;
        assert!(first.contains(&format!("Broken after event {id}<")), "the one behind the gap: {first}");
        // The first of the older page is what the last of this one follows.
        let (first, second) = looked(format!("UPDATE audit_events SET chain_digest = '{}' WHERE id = {}", "ab".repeat(32), oldest - 1)).await;
        assert!(first.contains(&format!("Broken after event {}<", oldest - 1)) && second.contains(&format!("Broken after event {}<", oldest - 2)));
        let (first, second) = looked("UPDATE audit_anchors SET removed_to = 1 WHERE series = 'mutations'".to_owned()).await;
        assert!(first.contains("Broken after event") && second.contains("Broken after event"), "the beginning was moved");
        let (first, second) = tampered(&world, &all(&["UPDATE head SET next_event = next_event - 1"]), async || (page("").await, pia.page(&older, TITLE).await)).await;
        assert!(first.contains(&format!("Broken after event {}<", newest[0] - 1)) && second.contains("are unbroken"));
        assert!(page("").await.contains("The events on this page are unbroken"), "it was put back");
    }

    /// the same bytes as the API's, under a session; and the same few places
    async fn exports_are_the_apis(world: World) {
        let world = world.with(WORLD).await;
        let (ada, pia, mel) = (world.account("ada"), Browser::signs_in(&world, "pia").await, Browser::signs_in(&world, "mel").await);
        makes_teams(&ada, ["=1+1", "a,b;@c", SCRIPT].map(str::to_owned).into_iter()).await;
        for form in ["csv", "ndjson"] {
            for (query, filter) in [("action=team.*&target=%3D1%2B1", "action=team.*&target=team:"), ("action=team.*&from=2020-01-01", "action=team.*&from=2020-01-01T00:00:00Z"), (&*format!("actor={}&action=project.*", ada.username), &*format!("actor={}&action=project.*", ada.id))] {
                let first = ada.get(&format!("{LOG}?action=team.created")).await.ok();
                let filter = if filter.ends_with(':') { format!("{filter}{}", first[2]["target"]["id"]) } else { filter.to_owned() };
                let of_api = ada.get(&format!("{LOG}/export?format={form}&{filter}")).await.is(200);
                let ours = pia.get(&format!("{PAGE}/export?format={form}&{query}")).await;
                assert_eq!((ours.status, &ours.text), (200, &of_api.text), "{query}");
                assert!(ours.text.lines().count() > 1 || form == "ndjson");
                for header in ["content-type", "content-disposition", "x-content-type-options"] {
                    assert_eq!(ours.header(header), of_api.header(header), "{header}");
                }
                assert_eq!((ours.header("cache-control"), ours.header("x-frame-options")), (Some("no-store"), Some("DENY")));
            }
            let of_api = ada.get(&format!("projects/{{shop}}/audit-log/export?format={form}&action=workspace.*")).await.is(200);
            assert_eq!(mel.get(&format!("/console/projects/{{shop}}/audit-log/export?format={form}&action=workspace.*")).await.text, of_api.text);
        }
        let told = ada.get(&format!("{LOG}?action=audit_log_export.created&actor={}", world.id("pia"))).await.ok();
        assert_eq!(told[0]["after"], json!([{ "name": "format", "value": "ndjson" }, { "name": "actor", "value": ada.id.to_string() }, { "name": "action", "value": "project.*" }]));
        for (query, words) in [("format=xlsx", "An export is csv or ndjson."), ("format=csv&from=x", "Write a day such as"), ("format=csv&target=nobody", "Nothing in this log is called so."), ("format=csv&actor=1&actor=2", "Give each of them once.")] {
            says(&pia.get(&format!("{PAGE}/export?{query}")).await, 400, words);
        }
        let foreign = world.request(Method::GET, &format!("{PAGE}/export?format=csv")).header("cookie", format!("claviger={}", pia.session()));
        let foreign = send(foreign.header("sec-fetch-site", "cross-site")).await;
        assert_eq!((foreign.status, foreign.header("location")), (303, Some(&*world.path(PAGE))));
        audit_export::fill(&world, 100_000).await;
        let unread = [audit_export::begin(&ada, &format!("{LOG}/export?format=csv")).await, audit_export::begin(&ada, &format!("{LOG}/export?format=csv")).await];
        says(&pia.get(&format!("{PAGE}/export?format=csv")).await, 429, "acme has 2 exports of its audit log open, as many as it may.");
        drop(unread);
        audit_export::empty(&world).await;
        // What nobody reads is cut, and its place comes back.
        let comes_back = async {
            while pia.get(&format!("{PAGE}/export?format=csv&action=team.*")).await.status != 200 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(WITHIN, comes_back).await.expect("the place comes back");
    }

    /// what others do, and what is refused, comes to a page that follows the log, as its own rows
    async fn rows_come_as_they_happen(world: World) {
        let world = world.with(WORLD).await;
        let (ada, pia, mel) = (world.account("ada"), Browser::signs_in(&world, "pia").await, Browser::signs_in(&world, "mel").await);
        let page = pia.page(&format!("{PAGE}?follow=1"), TITLE).await;
        // Between the page and its stream.
        ada.post("organizations/{acme}/teams", json!({ "name": "Between" })).await.created();
        let mut followed = Followed::of(&pia, &live(&page)).await;
        assert!(followed.row().await.contains("Between"));
        let mut filtered = follows(&pia, &format!("{PAGE}?action=project.updated"), TITLE).await;
        let mut of_project = follows(&mel, "/console/projects/{shop}/audit-log", "Audit Log · shop").await;
        world.account("gil").post("organizations/{globex}/teams", json!({ "name": "Others" })).await.created();
        makes_teams(&ada, (0..60).map(|number| format!("Many {number}"))).await;
        for number in 0..60 {
            let row = followed.row().await;
            assert!(row.contains(&format!("<ins>Many {number}</ins>")), "{row}");
        }
        ada.put("projects/{shop}/users/{pia}", json!({ "role": "analyst" })).await.ok();
        let row = followed.row().await;
        assert!(row.contains("project.user_added") && row.contains("<ins>Analyst</ins>") && row.contains("ada"), "{row}");
        let row = of_project.row().await;
        assert!(row.contains("project.user_added"), "the project's own alone: {row}");
        ada.patch("projects/{shop}", json!({ "name": "Web shop" })).await.ok();
        for followed in [&mut followed, &mut filtered, &mut of_project] {
            let row = followed.row().await;
            assert!(row.contains("<del>shop</del> <ins>Web shop</ins>") && row.contains("follow=1&#38;open="), "{row}");
        }
        // What was refused is recorded a moment later, with a number of another series.
        world.get_with("me", &[format!("Basic {}:wrong", world.account("reader").username).as_bytes()]).await.refused(401, "not_authenticated");
        let row = followed.row().await;
        assert!(row.contains("id=\"e1000000000000001\"") && row.contains("service_account.authentication_failed"), "{row}");
        ada.post("organizations/{acme}/teams", json!({ "name": "Last" })).await.created();
        assert!(followed.row().await.contains("Last"), "and the first series goes on");
    }

    /// a connection that was lost goes on where it was, and one that is far behind loads its page again
    async fn a_lost_connection_loses_nothing(world: World) {
        let world = world.with(WORLD).await;
        let (ada, pia) = (world.account("ada"), Browser::signs_in(&world, "pia").await);
        let mut followed = follows(&pia, PAGE, TITLE).await;
        makes_teams(&ada, std::iter::once("One".to_owned())).await;
        let id = loop {
            let piece = followed.piece().await.unwrap();
            if piece.contains("<ins>One</ins>") {
                break piece.lines().find_map(|line| line.strip_prefix("id: ")).expect("where to go on").to_owned();
            }
        };
        drop(followed);
        makes_teams(&ada, ["Two", "Three"].map(str::to_owned).into_iter()).await;
        let again = world.request(Method::GET, &format!("{PAGE}/live?since=0.0")).header("cookie", format!("claviger={}", pia.session()));
        let response = again.header("last-event-id", &id).send().await.unwrap();
        let mut again = Followed { response, text: String::new() };
        assert!(again.row().await.contains("<ins>Two</ins>") && again.row().await.contains("<ins>Three</ins>"));
        let behind = Followed::of(&pia, &format!("{PAGE}/live?since=0.0")).await.rest().await;
        assert!(behind.len() == 1 && behind[0].starts_with("event: reload"), "{behind:?}");
        for bent in ["since=x", "since=9.9", "since=-1.-1"] {
            let mut followed = Followed::of(&pia, &format!("{PAGE}/live?{bent}")).await;
            assert!(followed.piece().await.is_some(), "{bent}");
        }
    }

    /// signed out, lowered, removed: nothing more comes, and the stream is over
    async fn a_stream_ends_with_the_right_to_it(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        for (number, how) in ["signed out", "lowered", "removed"].iter().enumerate() {
            let name = format!("person{number}");
            world.make_person("acme", &name, "admin").await;
            let person = Browser::signs_in(&world, &name).await;
            let mut followed = follows(&person, PAGE, TITLE).await;
            makes_teams(&ada, std::iter::once(format!("Before {number}"))).await;
            assert!(followed.row().await.contains(&format!("Before {number}")));
            let user = format!("organizations/{{acme}}/users/{}", world.id(&name));
            match *how {
                "signed out" => assert_eq!(person.submit("/console/sign-out", &[]).await.status, 303),
                "lowered" => drop(ada.patch(&user, json!({ "role": "member" })).await.ok()),
                _ => drop(ada.delete(&user).await.ok()),
            }
            makes_teams(&ada, std::iter::once(format!("After {number}"))).await;
            let rest = followed.rest().await;
            assert!(rest.is_empty(), "{how}: {rest:?}");
            let again = person.opens(&format!("{PAGE}/live")).await;
            assert_ne!(again.status(), 200, "{how}");
        }
    }

    /// a page that is only left open is no use of the session: its stream ends when that lies idle
    async fn a_stream_ends_when_its_session_lies_idle(world: World) {
        let world = world.with(WORLD).await;
        let (ada, pia) = (world.account("ada"), Browser::signs_in(&world, "pia").await);
        pia.page(PAGE, TITLE).await;
        world.restart().await;
        // Begun so long ago that its last use alone keeps it.
        world.execute("UPDATE sessions SET begun_at = begun_at - 7200").await;
        world.restart().await;
        let mut followed = follows(&pia, PAGE, TITLE).await;
        makes_teams(&ada, std::iter::once("Before".to_owned())).await;
        assert!(followed.row().await.contains("Before"));
        // As if two hours had passed since: following it was no use that would be known again now.
        world.node().last_seen.keep(|_| false);
        makes_teams(&ada, std::iter::once("After".to_owned())).await;
        assert!(followed.rest().await.is_empty());
        assert_ne!(pia.opens(&format!("{PAGE}/live")).await.status(), 200);
        // As it was decided, for whoever looks the world through.
        world.restart().await;
        world.execute("UPDATE sessions SET begun_at = begun_at + 7200").await;
        world.restart().await;
    }

    /// a person has few streams, and gets a place back when one is closed
    async fn streams_are_few(world: World) {
        let world = world.with(WORLD).await;
        let (pia, mel) = (Browser::signs_in(&world, "pia").await, Browser::signs_in(&world, "mel").await);
        let mut open = Vec::new();
        for _ in 0..3 {
            open.push(Followed::of(&pia, &format!("{PAGE}/live")).await);
        }
        let refused = pia.get(&format!("{PAGE}/live")).await;
        is_page(&refused, 429, TITLE);
        says(&refused, 429, "Too many pages follow an audit log. Close one that you no longer need, then load this one again.".split(". ").next().unwrap());
        Followed::of(&mel, "/console/projects/{shop}/audit-log/live").await;
        open.pop();
        let comes_back = async {
            while pia.opens(&format!("{PAGE}/live")).await.status() != 200 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(WITHIN, comes_back).await.expect("the place comes back");
    }

    /// at shutdown streams end at once, and nobody waits for them
    async fn streams_end_at_shutdown(world: World) {
        let world = world.with(WORLD).await;
        let pia = Browser::signs_in(&world, "pia").await;
        let followed = follows(&pia, PAGE, TITLE).await;
        tokio::time::timeout(Duration::from_secs(15), world.restart()).await.expect("nobody waits for it");
        assert!(followed.rest().await.is_empty());
        let mut followed = follows(&pia, PAGE, TITLE).await;
        makes_teams(&world.account("ada"), std::iter::once("Anew".to_owned())).await;
        assert!(followed.row().await.contains("Anew"));
    }
}
