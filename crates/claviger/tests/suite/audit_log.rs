//! `/api/app/organizations/{org}/audit-log` and `/api/app/projects/{project}/audit-log`: who reads what, filters, pages.

use serde_json::{Value, json};

use crate::world::{Account, On, World, on_both_stores};

const WORLD: &str = "
acme: ada owner, bob admin
  shop: exporter admin, reader analyst
    eu: reader consumer
  lab: exporter analyst
globex: gil owner
  well: driller admin
";

const LOG: &str = "organizations/{acme}/audit-log";

async fn names(account: &Account, path: &str) -> Vec<String> {
    let events = account.get(path).await.ok();
    events.as_array().unwrap().iter().map(|event| event["action"].as_str().unwrap().to_owned()).collect()
}

/// Every page of a log, as one.
async fn all_pages(account: &Account, log: &str, limit: usize) -> Vec<Value> {
    let (mut events, mut cursor) = (Vec::new(), String::new());
    loop {
        let sign = if log.contains('?') { '&' } else { '?' };
        let page = account.get(&format!("{log}{sign}limit={limit}{cursor}")).await.is(200);
        let results = page.body["results"].as_array().unwrap();
        events.extend(results.iter().cloned());
        match page.body["next_cursor"].as_str() {
            Some(next) => {
                assert_eq!(results.len(), limit);
                cursor = format!("&cursor={next}");
            }
            None => return events,
        }
    }
}

on_both_stores! {
    async fn an_event_tells_who_did_what_to_what(world: World) {
        let world = world.with(WORLD).await;
        let (ada, nightly) = (world.account("ada"), json!({ "username": "nightly", "projects": [{ "id": world.id("shop"), "role": "analyst" }] }));
        let made = ada.make("organizations/{acme}/service-accounts", nightly).await;
        let answer = ada.delete("organizations/{acme}/service-accounts/{nightly}").await.is(200);
        let log = ada.get(LOG).await.ok();
        let (deleted, added, created) = (&log[0], &log[1], &log[2]);
        assert_eq!(deleted["action"], "service_account.deleted");
        assert_eq!(deleted["request_id"].as_str(), answer.header("x-request-id"));
        assert_eq!(deleted["actor"], json!({ "kind": "service_account", "id": ada.id, "name": ada.username }));
        assert_eq!(deleted["target"], json!({ "kind": "principal", "id": made.id, "name": made.username }));
        assert_eq!((&deleted["organization"], &deleted["project"]), (&json!(world.id("acme")), &Value::Null));
        assert_eq!((&deleted["before"], &deleted["after"]), (&json!([{ "name": "username", "value": made.username }]), &json!([])));
        assert_eq!(deleted["address"], "127.0.0.1");
        assert!(claviger_wire::time::parse(deleted["time"].as_str().unwrap()).is_ok());
        assert_eq!((&added["action"], &added["project"]), (&json!("service_account.added_to_project"), &json!(world.id("shop"))));
        assert_eq!(added["after"], json!([{ "name": "role", "value": "analyst" }]));
        assert_eq!((&created["action"], &created["project"]), (&json!("service_account.created"), &Value::Null));
    }

    /// names are those of the time: what is gone, and who is gone, stays readable
    async fn names_stay_readable_when_their_bearers_are_gone(world: World) {
        let world = world.with(WORLD).await;
        let (ada, bob) = (world.account("ada"), world.account("bob"));
        let team = bob.post("organizations/{acme}/teams", json!({ "name": "Night" })).await.created();
        world.name("night", team["id"].as_u64().unwrap());
        bob.patch("organizations/{acme}/teams/{night}", json!({ "name": "Day" })).await.ok();
        bob.delete("organizations/{acme}/teams/{night}").await.ok();
        ada.delete("organizations/{acme}/service-accounts/{bob}").await.ok();
        let events = ada.get(&format!("{LOG}?actor={}", bob.id)).await.ok();
        let told: Vec<_> = events.as_array().unwrap().iter().map(|event| (event["actor"]["name"].clone(), event["target"]["name"].clone())).collect();
        assert_eq!(told, [(json!(bob.username), json!("Day")), (json!(bob.username), json!("Day")), (json!(bob.username), json!("Night"))]);
    }

    /// the project's log holds what happened in the project, and nothing of its organization alone
    async fn a_projects_log_is_what_happened_in_it(world: World) {
        let world = world.with(WORLD).await;
        let (ada, exporter) = (world.account("ada"), world.account("exporter"));
        exporter.post("projects/{shop}/service-accounts", json!({ "username": "inner" })).await.created();
        let mut names = names(&exporter, "projects/{shop}/audit-log").await;
        names.sort();
        assert_eq!(names, [
            "project.created", "service_account.added_to_project", "service_account.added_to_project",
            "service_account.added_to_project", "service_account.added_to_workspace", "workspace.created",
        ]);
        let own = exporter.get("projects/{shop}/audit-log").await.ok();
        let of_shop = ada.get(&format!("{LOG}?project={}", world.id("shop"))).await.ok();
        assert_eq!(own, of_shop, "the organization's log of the project is the same");
        assert!(own.as_array().unwrap().iter().all(|event| event["project"] == json!(world.id("shop"))));
        let other = exporter.get(&format!("projects/{{shop}}/audit-log?project={}", world.id("lab"))).await.ok();
        assert_eq!(other, json!([]), "another project's events are not in it");
    }

    async fn another_organizations_events_are_nowhere(world: World) {
        let world = world.with(WORLD).await;
        let gil = world.account("gil");
        gil.get(LOG).await.refused(404, "organization_not_found");
        gil.get("projects/{shop}/audit-log").await.refused(404, "project_not_found");
        let acme = world.id("acme");
        for filter in [format!("actor={}", world.account("ada").id), format!("project={}", world.id("shop")), format!("target=organization:{acme}")] {
            assert_eq!(gil.get(&format!("organizations/{{globex}}/audit-log?{filter}")).await.ok(), json!([]), "{filter}");
        }
        let cursor = world.account("ada").get(&format!("{LOG}?limit=1")).await.is(200).body["next_cursor"].as_str().unwrap().to_owned();
        gil.get(&format!("organizations/{{globex}}/audit-log?cursor={cursor}")).await.refused(400, "cursor_invalid");
    }

    async fn filters_choose(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let whole = ada.get(LOG).await.ok();
        let whole = whole.as_array().unwrap();
        let times: Vec<&str> = whole.iter().map(|event| event["time"].as_str().unwrap()).collect();
        let (first, last) = (times.last().unwrap(), times[0]);
        let chosen = |wanted: &dyn Fn(&Value) -> bool| whole.iter().filter(|event| wanted(event)).cloned().collect::<Vec<_>>();
        let exporter = world.id("exporter");
        for (filter, expected) in [
            (format!("actor={}", ada.id), chosen(&|event| event["actor"]["id"] == json!(ada.id))),
            ("action=service_account.created".to_owned(), chosen(&|event| event["action"] == "service_account.created")),
            ("action=service_account.*".to_owned(), chosen(&|event| event["action"].as_str().unwrap().starts_with("service_account."))),
            (format!("target=principal:{exporter}"), chosen(&|event| event["target"]["id"] == json!(exporter))),
            (format!("target=principal:{exporter}&project={}", world.id("lab")), chosen(&|event| event["target"]["id"] == json!(exporter) && event["project"] == json!(world.id("lab")))),
            (format!("from={first}"), whole.clone()),
            (format!("to={first}"), Vec::new()),
            (format!("from={last}"), chosen(&|event| event["time"] == last)),
            (format!("to={last}"), chosen(&|event| event["time"] != last)),
            ("from=2000-01-01T00:00:00%2B02:00&to=2001-01-01T00:00:00Z".to_owned(), Vec::new()),
        ] {
            assert_eq!(ada.get(&format!("{LOG}?{filter}")).await.ok(), json!(expected), "{filter}");
            assert_eq!(json!(all_pages(&ada, &format!("{LOG}?{filter}"), 2).await), json!(expected), "{filter}, by pages");
        }
    }

    async fn what_is_no_filter_is_refused(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        for filter in [
            "from=yesterday", "to=2030-01-01", "from=2030-01-01T00:00:60Z", "actor=ada", "actor=0", "actor=-1", "project=x",
            "action=service_account.exploded", "action=service_account", "action=*", "action=%25", "action=nothing.*", "action=",
            "target=12", "target=team:", "target=team:x", "target=planet:1", "target=team%3A1'--",
        ] {
            ada.get(&format!("{LOG}?{filter}")).await.refused(400, "filter_invalid");
        }
        for limit in ["0", "-1", "1000000000000", "1001", "x"] {
            ada.get(&format!("{LOG}?limit={limit}")).await.refused(400, "limit_invalid");
        }
        ada.get(&format!("{LOG}?actor=1&actor=2")).await.refused(400, "query_invalid");
    }

    async fn pages_are_stable_under_writes(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let whole = all_pages(&ada, LOG, 1_000).await;
        for limit in [1, 2, 7] {
            assert_eq!(all_pages(&ada, LOG, limit).await, whole, "by {limit}");
        }
        let page = ada.get(&format!("{LOG}?limit=3")).await.is(200);
        ada.post("organizations/{acme}/projects", json!({ "name": "meanwhile" })).await.created();
        let cursor = page.body["next_cursor"].as_str().unwrap();
        let next = ada.get(&format!("{LOG}?limit=3&cursor={cursor}")).await.ok();
        assert_eq!(next.as_array().unwrap()[..], whole[3..6], "what was written meanwhile moves nothing");
    }

    async fn a_cursor_is_of_its_log_and_filters_alone(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let page = ada.get(&format!("{LOG}?limit=1&action=project.*")).await.is(200);
        let cursor = page.body["next_cursor"].as_str().unwrap().to_owned();
        ada.get(&format!("{LOG}?limit=5&action=project.*&cursor={cursor}")).await.ok();
        for (log, bent) in [
            (LOG, cursor.clone()),
            ("organizations/{acme}/audit-log?action=project.created", cursor.clone()),
            ("projects/{shop}/audit-log?action=project.*", cursor.clone()),
            ("organizations/{acme}/audit-log?action=project.*", cursor.replacen("-1", "-2", 1)),
            ("organizations/{acme}/audit-log?action=project.*", format!("{cursor}0")),
            ("organizations/{acme}/audit-log?action=project.*", "audit-1-1-0000000000000000".to_owned()),
            ("organizations/{acme}/audit-log?action=project.*", String::new()),
        ] {
            let sign = if log.contains('?') { '&' } else { '?' };
            ada.get(&format!("{log}{sign}cursor={bent}")).await.refused(400, "cursor_invalid");
        }
    }

    /// who lost the role reads no further page, whatever cursor he has
    async fn authority_is_asked_anew_at_each_page(world: World) {
        let world = world.with(WORLD).await;
        let (ada, bob) = (world.account("ada"), world.account("bob"));
        let page = bob.get(&format!("{LOG}?limit=1")).await.is(200);
        let cursor = page.body["next_cursor"].as_str().unwrap();
        ada.patch("organizations/{acme}/service-accounts/{bob}", json!({ "organization_role": "member" })).await.ok();
        bob.get(&format!("{LOG}?limit=1&cursor={cursor}")).await.refused(403, "permission_missing");
    }

    /// a page of ten million events is read along an index, in its order: nothing is sorted, nothing is scanned
    async fn each_page_is_read_along_its_own_index(world: World) {
        let world = world.with(WORLD).await;
        let lists: Vec<_> = claviger::store::all_statements().filter(|(name, sql)| sql.contains("made_at DESC, id DESC") || name.starts_with("BACK")).collect();
        assert_eq!(lists.len(), 10);
        match world.on() {
            On::Sqlite => along_an_index_of_sqlite(&world, &lists).await,
            On::Postgres => along_an_index_of_postgres(&world, &lists).await,
        }
    }
}

async fn along_an_index_of_sqlite(world: &World, lists: &[(&str, &str)]) {
    let node = world.node();
    for (name, sql) in lists {
        let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
        let plan = sqlx::query(explain).fetch_all(&node.store.reads()).await.unwrap();
        let plan: Vec<String> = plan.iter().map(|row| sqlx::Row::get(row, "detail")).collect();
        let range = match *name {
            "LIST" => "by_organization (organization_id=? AND made_at>? AND (made_at,id)<(?,?))",
            "BACK" => "by_organization (organization_id=? AND (made_at,id)>(?,?) AND made_at<?)",
            "BACK_BY_ACTOR" => "by_actor (actor_id=? AND (made_at,id)>(?,?) AND made_at<?)",
            "BACK_BY_ACTION" => {
                "by_action ((organization_id,action,made_at,id)>(?,?,?,?) AND (organization_id,action,made_at)<(?,?,?))"
            }
            "BACK_BY_TARGET" => "by_target (target_kind=? AND target_id=? AND (made_at,id)>(?,?) AND made_at<?)",
            "BACK_BY_PROJECT" => "by_project (project_id=? AND (made_at,id)>(?,?) AND made_at<?)",
            "LIST_BY_ACTOR" => "by_actor (actor_id=? AND made_at>? AND (made_at,id)<(?,?))",
            "LIST_BY_ACTION" => {
                "by_action ((organization_id,action,made_at)>(?,?,?) AND (organization_id,action,made_at,id)<(?,?,?,?))"
            }
            "LIST_BY_TARGET" => "by_target (target_kind=? AND target_id=? AND made_at>? AND (made_at,id)<(?,?))",
            _ => "by_project (project_id=? AND made_at>? AND (made_at,id)<(?,?))",
        };
        assert_eq!(plan, [format!("SEARCH audit_events USING INDEX audit_events_{range}")], "{name}");
    }
    let (_, since) = claviger::store::all_statements().find(|(name, _)| *name == "SINCE").unwrap();
    let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {since}"));
    let plan = sqlx::query(explain).fetch_all(&node.store.reads()).await.unwrap();
    let plan: Vec<String> = plan.iter().map(|row| sqlx::Row::get(row, "detail")).collect();
    assert!(
        plan.len() == 1 && plan[0].contains("(id>? AND id<?)") || plan[0].contains("(rowid>? AND rowid<?)"),
        "{plan:?}"
    );
}

/// With a few rows it would scan them whatever there is, so there are many: of several organizations, actors, projects and
/// targets. Asked with the values that a list sends, often enough for a plan that is kept.
async fn along_an_index_of_postgres(world: &World, lists: &[(&str, &str)]) {
    use sqlx::Executor;
    let node = world.node();
    let mut connection = node.store.reads().acquire().await.unwrap();
    connection.execute("BEGIN").await.unwrap();
    connection
        .execute(
            "INSERT INTO audit_events (id, revision, made_at, actor_kind, actor_id, basis, permission, action, target_kind, target_id, \
             organization_id, project_id, request_id, facts_before, facts_after) \
             SELECT 1000000 + n, 1, 1700000000 + n, 'person', n % 11, 'grant', 'p', 'a.' || n % 13, 'team', n % 17, n % 7, n % 19, 'r', '[]', '[]' \
             FROM generate_series(1, 30000) n",
        )
        .await
        .unwrap();
    connection.execute("ANALYZE audit_events").await.unwrap();
    for (name, sql) in lists {
        let types = "bigint, bigint, bigint, bigint, bigint, bigint, text, text, text, bigint, text, text, bigint";
        let prepare = format!("PREPARE {name} ({types}) AS {sql}");
        connection.execute(sqlx::AssertSqlSafe(prepare)).await.unwrap();
        let (is_back, name) = (name.starts_with("BACK"), *name);
        let (index, filters) = match name.replace("BACK", "LIST").as_str() {
            "LIST" => ("by_organization", "0, 0, '', '', '', 0"),
            "LIST_BY_ACTOR" => ("by_actor", "0, 5, '', '', '', 0"),
            "LIST_BY_ACTION" => ("by_action", "0, 0, 'a.5', '', '', 0"),
            "LIST_BY_TARGET" => ("by_target", "0, 0, '', '', 'team', 5"),
            _ => ("by_project", "5, 0, '', '', '', 0"),
        };
        let execute =
            format!("EXECUTE {name} (3, 1700020000, 5, {}, {filters}, '', '', 11)", if is_back { i64::MAX } else { 0 });
        for _ in 0..6 {
            connection.fetch_all(sqlx::AssertSqlSafe(execute.clone())).await.unwrap();
        }
        let plan = connection.fetch_all(sqlx::AssertSqlSafe(format!("EXPLAIN {execute}"))).await.unwrap();
        let plan: Vec<String> = plan.iter().map(|row| sqlx::Row::get(row, 0)).collect();
        let way = if is_back { "" } else { "Backward " };
        let along = format!("Index Scan {way}using audit_events_{index} on audit_events");
        assert!(plan.iter().any(|line| line.contains(&along)), "{name}: {plan:#?}");
        let is_sorted = plan.iter().any(|line| line.contains("Sort") || line.contains("Seq Scan"));
        assert!(!is_sorted, "{name}: {plan:#?}");
    }
    connection.execute("ROLLBACK").await.unwrap();
}
