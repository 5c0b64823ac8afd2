//! What the stores themselves must do.

use claviger::store::lock::StoreLock;
use claviger::store::{StoreError, all_statements};
use sqlx::{Executor, SqlSafeStr};

use crate::world::{On, on_both_stores};

const WORLD: &str = "
acme: ada owner
  shop: exporter admin
    eu: reader consumer
globex: gil owner
  well: driller admin
    deep: diver analyst
";

on_both_stores! {
    /// `Any` checks nothing when it compiles, so every statement is prepared on both engines
    async fn every_statement_can_be_prepared(world: World) {
        let node = world.node();
        let mut count = 0;
        for (name, sql) in all_statements() {
            let prepared = node.store.reads().acquire().await.unwrap().prepare(sql.into_sql_str()).await;
            assert!(prepared.is_ok(), "{name}: {:?}", prepared.err());
            count += 1;
        }
        assert!(count > 45, "{count} statements, those for many rows among them");
    }

    /// the schema refuses a row that joins two organizations, too
    async fn no_row_joins_two_organizations(world: World) {
        let world = world.with(WORLD).await;
        let (acme, globex) = (world.id("acme"), world.id("globex"));
        let (shop, eu, deep) = (world.id("shop"), world.id("eu"), world.id("deep"));
        let (exporter, driller, well) = (world.id("exporter"), world.id("driller"), world.id("well"));
        let ada = world.account("ada");
        let crew = ada.post("organizations/{acme}/teams", serde_json::json!({ "name": "Crew" })).await.created()["id"].clone();
        let reporter = ada.post("projects/{shop}/custom-roles", serde_json::json!({ "name": "Reporter" })).await.created();
        let reporter = reporter["role_id"].as_str().unwrap();
        let grant = |home: String, organization: u64, project: String, workspace: String, kind: u8, holder: u64| {
            format!("INSERT INTO grants (id, principal_id, principal_kind, home_organization_id, organization_id, project_id, workspace_id, role, created_at) VALUES (900000, {holder}, {kind}, {home}, {organization}, {project}, {workspace}, 'admin', 0)")
        };
        let null = || "NULL".to_owned();
        for (what, sql) in [
            ("another's account on one's project", grant(acme.to_string(), acme, shop.to_string(), null(), 2, driller)),
            ("an account with no home", grant(null(), acme, shop.to_string(), null(), 2, driller)),
            ("an account at home elsewhere", grant(globex.to_string(), acme, shop.to_string(), null(), 2, driller)),
            ("an account that claims to be a person", grant(null(), acme, shop.to_string(), null(), 1, driller)),
            ("one's account on another's project", grant(globex.to_string(), globex, shop.to_string(), null(), 2, driller)),
            ("a workspace of another project", grant(acme.to_string(), acme, shop.to_string(), deep.to_string(), 2, exporter)),
            ("a workspace without its project", grant(acme.to_string(), acme, null(), eu.to_string(), 2, exporter)),
            ("one's custom role on another's project", format!("INSERT INTO grants (id, principal_id, principal_kind, home_organization_id, organization_id, project_id, role, custom_role_id, created_at) VALUES (900000, {driller}, 2, {globex}, {globex}, {well}, 'custom', {reporter}, 0)")),
            ("a custom role by no name", format!("INSERT INTO grants (id, principal_id, principal_kind, home_organization_id, organization_id, project_id, role, created_at) VALUES (900000, {exporter}, 2, {acme}, {acme}, {shop}, 'custom', 0)")),
            ("one's team on another's project", format!("INSERT INTO grants (id, team_id, organization_id, project_id, role, created_at) VALUES (900000, {crew}, {acme}, {well}, 'admin', 0)")),
            ("one's team in another's organization", format!("INSERT INTO grants (id, team_id, organization_id, project_id, role, created_at) VALUES (900000, {crew}, {globex}, {well}, 'admin', 0)")),
            ("a team with a role in the organization", format!("INSERT INTO grants (id, team_id, organization_id, role, created_at) VALUES (900000, {crew}, {acme}, 'admin', 0)")),
            ("a grant of a team and an account", format!("INSERT INTO grants (id, team_id, principal_id, principal_kind, home_organization_id, organization_id, project_id, role, created_at) VALUES (900000, {crew}, {exporter}, 2, {acme}, {acme}, {shop}, 'admin', 0)")),
            ("default access to one workspace", format!("INSERT INTO grants (id, organization_id, project_id, workspace_id, role, created_at) VALUES (900000, {acme}, {shop}, {eu}, 'admin', 0)")),
            ("another's account in a team", format!("INSERT INTO team_members (team_id, organization_id, principal_id, principal_kind, home_organization_id, added_at) VALUES ({crew}, {acme}, {driller}, 2, {globex}, 0)")),
            ("another's account in a team, as if at home", format!("INSERT INTO team_members (team_id, organization_id, principal_id, principal_kind, home_organization_id, added_at) VALUES ({crew}, {acme}, {driller}, 2, {acme}, 0)")),
            ("a team of another organization", format!("INSERT INTO team_members (team_id, organization_id, principal_id, principal_kind, home_organization_id, added_at) VALUES ({crew}, {globex}, {driller}, 2, {globex}, 0)")),
            ("an account without an organization", "INSERT INTO principals (id, kind, username, created_at) VALUES (900001, 2, 'x', 0)".to_owned()),
            ("a second head", "INSERT INTO head (id, revision, mark, next_id, next_event, epoch, username_suffix) VALUES (2, 0, '', 1, 1, 1, 'x')".to_owned()),
        ] {
            let written = world.node().store.reads().execute(sqlx::AssertSqlSafe(sql)).await;
            assert!(written.is_err(), "{what} was written");
        }
        // The same shape within one organization is written: the test can tell.
        let right = grant(acme.to_string(), acme, shop.to_string(), eu.to_string(), 2, exporter);
        world.node().store.reads().execute(sqlx::AssertSqlSafe(right)).await.unwrap();
        world.node().store.reads().execute("DELETE FROM grants WHERE id = 900000").await.unwrap();
    }

    /// second process on the same embedded store refused with a clear message
    async fn a_second_one_on_the_same_store_is_refused(world: World) {
        let world = world.with(WORLD).await;
        match (world.on(), StoreLock::take(world.location())) {
            (On::Sqlite, Err(StoreError::InUse { store })) => assert_eq!(store, world.location().to_string()),
            (On::Sqlite, Err(other)) => panic!("{other}"),
            (On::Sqlite, Ok(_)) => panic!("two processes hold one store"),
            (On::Postgres, taken) => assert!(taken.is_ok(), "several nodes share it"),
        }
    }

    /// a store that moved on without this process is not written to, and the image is loaded anew
    async fn a_store_that_moved_on_is_noticed(world: World) {
        if world.on() == On::Postgres {
            // There others may write, and each change tells who goes on from where.
            return;
        }
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        world.node().store.reads().execute("UPDATE head SET mark = 'ffffffffffffffffffffffffffffffff' WHERE id = 1").await.unwrap();
        let body = serde_json::json!({ "name": "x" });
        ada.post("organizations/{acme}/projects", body.clone()).await.refused(503, "unavailable");
        let mut waited = 0;
        while ada.post("organizations/{acme}/projects", body.clone()).await.status != 201 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            waited += 1;
            assert!(waited < 500, "it did not come back");
        }
        assert_eq!(world.count("SELECT COUNT(*) FROM projects WHERE name = 'x'").await, 1);
        // The history was rewritten by hand; put the mark of the change before where the replay looks for it.
        world.node().store.reads().execute("UPDATE changes SET mark = (SELECT mark FROM head) WHERE revision = (SELECT revision FROM head)").await.unwrap();
    }

    /// a store that went back in time, or took another turn, is not answered from: a node decides nothing by itself
    async fn lost_history_is_not_answered_from(world: World) {
        if world.on() == On::Sqlite {
            return;
        }
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let reads = world.node().store.reads();
        let mark: String = sqlx::query_scalar("SELECT mark FROM head").fetch_one(&reads).await.unwrap();
        let rewrite = "WITH a AS (UPDATE head SET mark = $1 RETURNING revision) UPDATE changes SET mark = $1 WHERE revision = (SELECT revision FROM a)";
        sqlx::query(rewrite).bind("f".repeat(32)).execute(&reads).await.unwrap();
        let mut waited = 0;
        while !crate::looked_through::logged().contains("the store has lost history") {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            waited += 1;
            assert!(waited < 1_000, "it was not noticed");
        }
        let body = serde_json::json!({ "name": "x" });
        ada.post("organizations/{acme}/projects", body.clone()).await.refused(503, "unavailable");
        assert_eq!(world.count("SELECT COUNT(*) FROM nodes").await, 0, "it takes no part");
        sqlx::query(rewrite).bind(mark).execute(&reads).await.unwrap();
        world.becomes_ready().await;
        ada.post("organizations/{acme}/projects", body).await.created();
    }

    async fn files_are_for_their_owner_alone(world: World) {
        use std::os::unix::fs::PermissionsExt;
        let world = world.with(WORLD).await;
        if world.on() == On::Sqlite {
            let folder = world.location().folder().unwrap();
            assert_eq!(folder.metadata().unwrap().permissions().mode() & 0o777, 0o700);
            let mut names = Vec::new();
            for entry in std::fs::read_dir(folder).unwrap() {
                let entry = entry.unwrap();
                assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.file_name());
                names.push(entry.file_name().into_string().unwrap());
            }
            names.sort();
            assert_eq!(names, ["claviger.db", "claviger.db-shm", "claviger.db-wal", "claviger.lock"]);
        }
    }
}
