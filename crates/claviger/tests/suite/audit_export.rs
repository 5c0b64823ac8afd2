//! `.../audit-log/export`: both forms, who gets how much of it, and what it holds in memory.

use reqwest::Method;
use serde_json::{Value, json};

use crate::looked_through;
use crate::world::{Account, World, on_both_stores, send};

const WORLD: &str = "
acme: ada owner, bob admin
  shop: exporter admin, reader analyst
globex: gil owner
";

const LOG: &str = "organizations/{acme}/audit-log";
const EXPORT: &str = "organizations/{acme}/audit-log/export";

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

/// The cells of a CSV file, as RFC 4180 says.
fn cells(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => cell.extend(characters.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !quoted => assert_eq!(characters.peek(), Some(&'\n'), "a line ends with both"),
            '\n' if !quoted => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            other => cell.push(other),
        }
    }
    assert!(row.is_empty() && cell.is_empty() && !quoted, "the last line is whole");
    rows
}

/// More events than fit anywhere: copies of one, behind all others, taken away again by [`empty`].
pub(crate) async fn fill(world: &World, events: u32) {
    let columns = "revision, made_at, actor_kind, actor_id, basis, basis_grant_id, permission, action, target_kind, target_id, \
                   organization_id, project_id, request_id, address, facts_before, facts_after, actor_name, target_name";
    let acme = world.id("acme");
    let sql = format!(
        "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {events}) \
         INSERT INTO audit_events (id, {columns}) SELECT 1000000 + n, {columns} FROM numbers, audit_events \
         WHERE id = (SELECT MAX(id) FROM audit_events WHERE organization_id = {acme} AND id < 1000000)"
    );
    sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&world.node().store.reads()).await.unwrap();
}

pub(crate) async fn empty(world: &World) {
    sqlx::query("DELETE FROM audit_events WHERE id > 1000000").execute(&world.node().store.reads()).await.unwrap();
}

/// Begins an export, and reads nothing of its body.
pub(crate) async fn begin(account: &Account, path: &str) -> reqwest::Response {
    let response = account.request(Method::GET, path).send().await.expect("an answer");
    assert_eq!(response.status(), 200);
    response
}

/// How many events come, and whether the stream ended well.
async fn drain(mut response: reqwest::Response) -> (usize, bool) {
    let mut events = 0;
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => events += chunk.iter().filter(|byte| **byte == b'\n').count(),
            Ok(None) => return (events, true),
            Err(_) => return (events, false),
        }
    }
}

fn pages_of(request: &str) -> usize {
    looked_through::logged()
        .lines()
        .filter(|line| line.contains("a page of an export") && line.contains(request))
        .count()
}

fn request_id(response: &reqwest::Response) -> String {
    response.headers()["x-request-id"].to_str().unwrap().to_owned()
}

on_both_stores! {
    async fn ndjson_is_the_log_event_by_event(world: World) {
        let world = world.with(WORLD).await;
        let (ada, exporter) = (world.account("ada"), world.account("exporter"));
        for (account, log) in [(&ada, LOG), (&exporter, "projects/{shop}/audit-log")] {
            let answer = account.get(&format!("{log}/export?format=ndjson")).await.is(200);
            assert_eq!(answer.header("content-type"), Some("application/x-ndjson"));
            assert_eq!(answer.header("content-disposition"), Some("attachment; filename=\"claviger-audit-log.ndjson\""));
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
            let whole = account.get(&format!("{log}?limit=1000")).await.ok();
            let (downloaded, exported) = whole.as_array().unwrap().split_first().unwrap();
            assert_eq!(lines(&answer.text), exported, "all but the record of its end");
            assert_eq!((&downloaded["action"], &exported[0]["action"]), (&json!("audit_log_export.downloaded"), &json!("audit_log_export.created")));
            let count = json!({ "name": "events", "value": exported.len().to_string() });
            assert_eq!(downloaded["after"], json!([{ "name": "format", "value": "ndjson" }, count]));
        }
        let answer = ada.get(&format!("{EXPORT}?format=ndjson&action=project.*&project={}", world.id("shop"))).await.is(200);
        assert_eq!(lines(&answer.text), ada.get(&format!("{LOG}?action=project.*&project={}", world.id("shop"))).await.ok().as_array().unwrap()[..]);
    }

    /// names that are formulas, markup, quotes and line breaks of a spreadsheet, other scripts
    async fn csv_is_defused_and_quoted(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let names = [
            "=HYPERLINK(\"http://x\",\"y\")", "+49 170", "-1+1", "@SUM(A1:A9)", "<script>alert(1)</script>", "a,b;c", "\"quoted\"", "'apostrophe",
            "Ελλάδα 会社", "עברית", "../../etc/passwd", "=cmd|' /C calc'!A0",
        ];
        for name in names {
            ada.post("organizations/{acme}/teams", json!({ "name": name })).await.created();
        }
        let answer = ada.get(&format!("{EXPORT}?format=csv&action=team.created")).await.is(200);
        assert_eq!(answer.header("content-type"), Some("text/csv; charset=utf-8; header=present"));
        assert_eq!(answer.header("content-disposition"), Some("attachment; filename=\"claviger-audit-log.csv\""));
        let rows = cells(&answer.text);
        assert_eq!(rows[0], ["id", "time", "actor_kind", "actor_id", "actor_name", "action", "target_kind", "target_id", "target_name",
            "organization", "project", "request_id", "address", "before", "after"]);
        assert!(rows.iter().all(|row| row.len() == 15));
        assert!(rows.iter().flatten().all(|cell| !cell.starts_with(['=', '+', '-', '@', '\t', '\r'])), "{rows:?}");
        let shown: Vec<String> = rows[1..].iter().rev().map(|row| row[8].clone()).collect();
        let expected = names.map(|name| if name.starts_with(['=', '+', '-', '@']) { format!("'{name}") } else { name.to_owned() });
        assert_eq!(shown, expected);
        assert_eq!(rows[1][14], format!("name={}", names[11]));
        let exact = ada.get(&format!("{EXPORT}?format=ndjson&action=team.created")).await.is(200);
        let exact: Vec<Value> = lines(&exact.text).iter().rev().map(|event| event["target"]["name"].clone()).collect();
        assert_eq!(exact, names);
    }

    async fn what_is_no_export_is_refused_and_not_recorded(world: World) {
        let world = world.with(WORLD).await;
        let (ada, gil) = (world.account("ada"), world.account("gil"));
        for query in ["", "?format=", "?format=xlsx", "?format=CSV", "?format=csv&format=csv"] {
            let refused = ada.get(&format!("{EXPORT}{query}")).await.is(400);
            assert!(["format_invalid", "query_invalid"].contains(&refused.body["code"].as_str().unwrap()), "{}", refused.text);
        }
        ada.get(&format!("{EXPORT}?format=csv&actor=x")).await.refused(400, "filter_invalid");
        gil.get(&format!("{EXPORT}?format=csv")).await.refused(404, "organization_not_found");
        world.account("reader").get("projects/{shop}/audit-log/export?format=csv").await.refused(403, "permission_missing");
        assert_eq!(ada.get(&format!("{LOG}?action=audit_log_export.*")).await.ok(), json!([]));
    }

    /// a hundred thousand events: pages are read as the client takes them, and few exports are open at a time
    async fn an_export_is_never_whole_in_memory(world: World) {
        let world = world.with(WORLD).await;
        let (ada, gil) = (world.account("ada"), world.account("gil"));
        fill(&world, 100_000).await;
        let path = format!("{EXPORT}?format=ndjson");
        // Nobody reads these: the server waits, and cuts them in the end.
        let unread = [begin(&ada, &path).await, begin(&ada, &path).await];
        ada.get(&path).await.refused(429, "too_many_exports");
        gil.get("organizations/{globex}/audit-log/export?format=csv").await.is(200);
        let mut waited = 0;
        let read = loop {
            let response = ada.request(Method::GET, &path).send().await.expect("an answer");
            if response.status() == 200 {
                break response;
            }
            waited += 1;
            assert!(waited < 1_000, "unread exports stay open");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        };
        let id = request_id(&read);
        let (events, is_whole) = drain(read).await;
        assert!(is_whole && events > 100_000, "{events}");
        assert_eq!(pages_of(&id), events / 500 + 1);
        for unread in unread {
            // What the sockets hold, and two pages.
            let pages = pages_of(&request_id(&unread));
            assert!(pages < 70, "{pages} pages of {} were read for a client that takes none", events / 500);
        }
        empty(&world).await;
    }

    /// somebody deleted during a long export gets no further page, and can tell
    async fn an_export_breaks_off_when_its_reader_is_deleted(world: World) {
        let world = world.with(WORLD).await;
        let (ada, bob) = (world.account("ada"), world.account("bob"));
        fill(&world, 100_000).await;
        let mut export = begin(&bob, &format!("{EXPORT}?format=ndjson")).await;
        assert!(export.chunk().await.unwrap().is_some(), "it begins");
        let request = request_id(&export);
        ada.delete("organizations/{acme}/service-accounts/{bob}").await.ok();
        let pages = pages_of(&request);
        let (events, is_whole) = drain(export).await;
        assert!(!is_whole, "{events}");
        // One may have been on its way as the deletion was answered.
        assert!(pages_of(&request) <= pages + 1, "{} pages, {pages} of them before", pages_of(&request));
        empty(&world).await;
        let ended = ada.get(&format!("{LOG}?action=audit_log_export.*")).await.ok();
        assert_eq!(ended.as_array().unwrap().len(), 1, "it was begun, and never whole: {ended}");
        send(bob.request(Method::GET, &format!("{EXPORT}?format=csv"))).await.refused(401, "not_authenticated");
    }
}
