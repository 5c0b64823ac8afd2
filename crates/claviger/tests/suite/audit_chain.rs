//! The chain of the audit log: what somebody changes who can write the database, and where it shows.

use claviger::audit_chain::mark::{AuditMark, NoMark};
use claviger::audit_chain::series::Series;
use claviger::audit_chain::{ChainDigest, ChainKey, KeyRing, Sealing, key_file};
use claviger::store::verification::{Break, Verified};
use claviger_access::Moment;
use serde_json::json;
use sqlx::Executor;

use crate::world::{World, on_both_stores};

const WORLD: &str = "
acme: ada owner, bob admin
  shop: exporter admin, reader analyst
    eu: reader consumer
";

async fn verified(world: &World, mark: Option<&AuditMark>) -> Verified {
    let store = world.node().store.clone();
    let marks: Vec<AuditMark> = mark.into_iter().cloned().collect();
    store.verify_audit_log(Series::Mutations, &store.audit_keys().unwrap(), &marks, |_, _| {}).await.unwrap()
}

async fn mark(world: &World) -> AuditMark {
    let store = world.node().store.clone();
    let now = Moment::from_seconds(1_800_000_000).unwrap();
    let marks = store.audit_marks(&store.audit_keys().unwrap(), now).await.unwrap();
    marks.into_iter().find(|mark| mark.series() == Series::Mutations).unwrap()
}

async fn run(world: &World, statements: &[String]) {
    for statement in statements {
        world
            .node()
            .store
            .reads()
            .execute(sqlx::AssertSqlSafe(statement.clone()))
            .await
            .unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
}

pub(crate) fn all(statements: &[&str]) -> Vec<String> {
    statements.iter().map(|statement| (*statement).to_owned()).collect()
}

const TABLES: [&str; 4] = ["audit_events", "audit_anchors", "head", "observation_head"];

/// What is seen after a thief with the database in his hands has run these; then all is put back.
pub(crate) async fn tampered<R>(world: &World, statements: &[String], look: impl AsyncFnOnce() -> R) -> R {
    run(world, &TABLES.map(|table| format!("CREATE TABLE saved_{table} AS SELECT * FROM {table}"))).await;
    run(world, statements).await;
    let seen = look().await;
    for table in TABLES {
        run(
            world,
            &[
                format!("DELETE FROM {table}"),
                format!("INSERT INTO {table} SELECT * FROM saved_{table}"),
                format!("DROP TABLE saved_{table}"),
            ],
        )
        .await;
    }
    seen
}

/// Where it shows.
async fn broken_by(world: &World, statements: &[String], mark: Option<&AuditMark>) -> Option<Break> {
    let broken = tampered(world, statements, async || verified(world, mark).await.broken).await;
    assert_eq!(verified(world, mark).await.broken, None, "it was put back");
    broken
}

on_both_stores! {
    async fn an_event_that_was_altered_is_found(world: World) {
        let world = world.with(WORLD).await;
        let altered = |sql: &str| vec![format!("UPDATE audit_events SET {sql} WHERE id = 5")];
        for column in [
            "revision = revision + 1", "made_at = made_at - 1", "actor_kind = 'person'", "actor_id = actor_id + 1", "actor_id = NULL",
            "actor_name = 'mallory'", "actor_name = NULL", "basis = 'operator'", "basis_grant_id = NULL", "permission = 'data:read'",
            "action = 'team.created'", "target_kind = 'team'", "target_id = target_id + 1", "target_name = ''", "organization_id = 999",
            "project_id = 999", "request_id = ''", "address = NULL", "address = ''", "facts_before = '[[]]'", "facts_after = '[]'",
            "chain_digest = 'ab' || substr(chain_digest, 3)", "chain_digest = (SELECT e.chain_digest FROM audit_events e WHERE e.id = 4)",
        ] {
            assert_eq!(broken_by(&world, &altered(column), None).await, Some(Break::Altered { event: 5 }), "{column}");
        }
        for column in ["chain_key = NULL", "chain_digest = NULL", "chain_digest = 'x'"] {
            assert_eq!(broken_by(&world, &altered(column), None).await, Some(Break::NotChained { event: 5 }), "{column}");
        }
    }

    async fn events_that_were_removed_swapped_or_put_in_are_found(world: World) {
        let world = world.with(WORLD).await;
        let last = verified(&world, None).await.last;
        for (what, statements, expected) in [
            ("removed", all(&["DELETE FROM audit_events WHERE id IN (5, 6)"]), Break::Missing { from: 5, to: 6 }),
            ("the first ones removed", all(&["DELETE FROM audit_events WHERE id < 4"]), Break::Missing { from: 1, to: 3 }),
            ("the first ones removed, as if by age", all(&["DELETE FROM audit_events WHERE id < 4", "UPDATE audit_anchors SET removed_to = 3, digest = (SELECT chain_digest FROM audit_events WHERE id = 4) WHERE series = 'mutations'"]), Break::Beginning),
            ("declared as from before the chain", all(&["UPDATE audit_anchors SET begun_after = 4 WHERE series = 'mutations'"]), Break::Beginning),
            ("the beginning removed", all(&["DELETE FROM audit_anchors WHERE series = 'mutations'"]), Break::NoChain),
            ("swapped", all(&["UPDATE audit_events SET id = -5 WHERE id = 5", "UPDATE audit_events SET id = 5 WHERE id = 6", "UPDATE audit_events SET id = 6 WHERE id = -5"]), Break::Altered { event: 5 }),
            ("removed and closed up", all(&["DELETE FROM audit_events WHERE id = 5", "UPDATE audit_events SET id = -id WHERE id > 5", "UPDATE audit_events SET id = -id - 1 WHERE id < 0", "UPDATE head SET next_event = next_event - 1"]), Break::Altered { event: 5 }),
            ("put in", vec![
                "UPDATE audit_events SET id = -id WHERE id > 4".to_owned(), "UPDATE audit_events SET id = 1 - id WHERE id < 0".to_owned(),
                copy_of(4, "5"), "UPDATE head SET next_event = next_event + 1".to_owned(),
            ], Break::Altered { event: 5 }),
            ("put in at the end", vec![copy_of(4, "(SELECT next_event FROM head)")], Break::BehindTheEnd { event: last + 1 }),
            ("put in at the end, with the head moved", vec![copy_of(4, "(SELECT next_event FROM head)"), "UPDATE head SET next_event = next_event + 1".to_owned()], Break::Altered { event: last + 1 }),
            ("put in before all", vec![copy_of(4, "0")], Break::PutIn { event: 0 }),
            ("put in far before all", vec![copy_of(4, "-5")], Break::PutIn { event: -5 }),
            ("the head row changed", all(&["UPDATE head SET chain_digest = (SELECT chain_digest FROM audit_events WHERE id = 3)"]), Break::Head { event: last }),
        ] {
            assert_eq!(broken_by(&world, &statements, None).await, Some(expected), "{what}");
        }
    }

    /// an end that was cut off with care shows against a mark from outside alone
    async fn an_end_that_was_cut_off_is_found(world: World) {
        let world = world.with(WORLD).await;
        let (mark, last) = (mark(&world).await, verified(&world, None).await.last);
        assert_eq!(mark.event, last);
        let cut = format!("DELETE FROM audit_events WHERE id > {}", last - 2);
        assert_eq!(broken_by(&world, std::slice::from_ref(&cut), None).await, Some(Break::CutOff { from: last - 1, to: last }));
        let head = format!("UPDATE head SET next_event = {}, chain_digest = (SELECT chain_digest FROM audit_events WHERE id = {})", last - 1, last - 2);
        assert_eq!(broken_by(&world, &[cut.clone(), head.clone()], None).await, None, "what it cannot show");
        assert_eq!(broken_by(&world, &[cut, head], Some(&mark)).await, Some(Break::BeforeTheMark { last: last - 2, mark: last }));
    }

    async fn a_chain_that_was_made_anew_with_another_key_is_found(world: World) {
        let world = world.with(WORLD).await;
        let (ada, mark, store) = (world.account("ada"), mark(&world).await, world.node().store.clone());
        let (ours, other) = (store.audit_keys().unwrap(), KeyRing::new(vec![ChainKey::new(&[9; 32])]).unwrap());
        let renamed = format!("UPDATE audit_events SET chain_key = '{}' WHERE id >= 3", other.current().id());
        let another = Break::AnotherKey { event: 3, key: other.current().id().to_owned() };
        assert_eq!(broken_by(&world, &[renamed], None).await, Some(another));
        let digest = ChainDigest([7; 32]);
        let unnamed = format!("UPDATE audit_events SET chain_digest = '{digest}' WHERE id >= 3");
        assert_eq!(broken_by(&world, &[unnamed], None).await, Some(Break::Altered { event: 3 }));
        assert_eq!(store.verify_audit_log(Series::Mutations, &other, &[], |_, _| {}).await.unwrap().broken, Some(Break::Beginning), "with another key file");
        assert_eq!(AuditMark::read(&mark.to_string(), &other), Err(NoMark::Key));
        // With the right key in his hands he can make the chain anew: the mark shows it.
        assert_eq!(AuditMark::read(&mark.to_string(), &ours), Ok(vec![mark.clone()]));
        store.forget_chain().await.unwrap();
        store.chain_with(ours).await.unwrap();
        assert_eq!(verified(&world, Some(&mark)).await.broken, Some(Break::MarkDiffers { event: mark.event }));
        assert_eq!(verified(&world, None).await.begun_after, mark.event, "and it says what it does not cover");
        ada.post("organizations/{acme}/projects", json!({ "name": "in the new chain" })).await.created();
    }

    /// a key that follows another: both are needed, the last one is used
    async fn a_new_key_follows_an_old_one(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let old = world.node().store.audit_keys().unwrap();
        let keys = std::fs::read_to_string(world.audit_key()).unwrap();
        std::fs::write(world.audit_key(), format!("{keys}{}\n", "0c".repeat(32))).unwrap();
        world.restart().await;
        ada.post("organizations/{acme}/projects", json!({ "name": "under the new key" })).await.created();
        let both = world.node().store.audit_keys().unwrap();
        assert_ne!(both.current().id(), old.current().id());
        let found = verified(&world, None).await;
        assert_eq!((found.broken, found.whole), (None, found.last));
        let with_old = world.node().store.verify_audit_log(Series::Mutations, &old, &[], |_, _| {}).await.unwrap();
        assert_eq!(with_old.broken, Some(Break::Beginning), "the new key has sealed it");
        // Who has the old key alone cannot say that retention has removed what came before.
        let forged = old.current().seal("claviger audit anchor 1");
        let forged = sealed_anchor(&world, forged, old.current().id(), found.last - 1).await;
        assert_eq!(broken_by(&world, &forged, None).await, Some(Break::Beginning));
        assert!(key_file::read(world.audit_key()).is_ok());
    }

    /// what is removed by age leaves a chain that is whole, and a beginning that nobody else could have written
    async fn what_is_removed_by_age_leaves_a_whole_chain(world: World) {
        let world = world.with(WORLD).await;
        let (ada, store) = (world.account("ada"), world.node().store.clone());
        let early = mark(&world).await;
        assert!(!store.remove_old_events(Moment::from_seconds(1_000).unwrap()).await.unwrap(), "nothing is so old");
        assert_eq!(verified(&world, None).await.removed_to, 0);
        let far = Moment::from_seconds(4_000_000_000).unwrap();
        while store.remove_old_events(far).await.unwrap() {}
        let found = verified(&world, Some(&early)).await;
        assert_eq!((found.broken, found.whole, found.removed_to), (None, 0, found.last));
        assert_eq!(ada.get("organizations/{acme}/audit-log").await.ok(), json!([]));
        for number in 0..3 {
            ada.post("organizations/{acme}/projects", json!({ "name": format!("later {number}") })).await.created();
        }
        let found = verified(&world, Some(&early)).await;
        assert_eq!((found.broken, found.whole), (None, 3));
        assert_eq!(broken_by(&world, &all(&["DELETE FROM audit_events WHERE id = (SELECT removed_to + 1 FROM audit_anchors WHERE series = 'mutations')"]), None).await,
            Some(Break::Missing { from: found.last - 2, to: found.last - 2 }));
        store.remove_old_events(far).await.unwrap();
        assert_eq!(verified(&world, Some(&early)).await.broken, Some(Break::MarkTooOld { mark: early.event }));
        let gone = verified(&world, None).await.removed_to;
        assert_eq!(broken_by(&world, &[copy_of(gone + 1, "2")], None).await, None, "there is nothing to copy");
        ada.post("organizations/{acme}/projects", json!({ "name": "one more" })).await.created();
        assert_eq!(broken_by(&world, &[copy_of(gone + 1, "2")], None).await, Some(Break::PutIn { event: 2 }), "where retention has been");
        world.restart().await;
        ada.post("organizations/{acme}/projects", json!({ "name": "after a restart" })).await.created();
    }

    /// a batch that is refused or rolled back leaves no link
    async fn what_is_not_written_is_not_chained(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let before = mark(&world).await;
        ada.delete("organizations/{acme}/service-accounts/{ada}").await.refused(409, "last_owner");
        ada.patch("projects/{shop}", json!({ "name": "shop" })).await.ok();
        assert_eq!(mark(&world).await, before, "neither a refusal nor what is so already");
        let reads = world.node().store.reads();
        let (next, digest): (i64, String) = sqlx::query_as("SELECT next_event, chain_digest FROM head").fetch_one(&reads).await.unwrap();
        // A row in the way makes the database refuse the batch at its end.
        run(&world, &[copy_of(2, "(SELECT next_event FROM head)")]).await;
        ada.post("organizations/{acme}/projects", json!({ "name": "in vain" })).await.refused(503, "unavailable");
        run(&world, &[format!("DELETE FROM audit_events WHERE id = {next}")]).await;
        let after: (i64, String) = sqlx::query_as("SELECT next_event, chain_digest FROM head").fetch_one(&reads).await.unwrap();
        assert_eq!(after, (next, digest));
        ada.post("organizations/{acme}/projects", json!({ "name": "in the end" })).await.created();
    }
}

/// A statement that puts a copy of an event somewhere else.
fn copy_of(event: i64, id: &str) -> String {
    let columns = "revision, made_at, actor_kind, actor_id, basis, basis_grant_id, permission, action, target_kind, target_id, \
                   organization_id, project_id, request_id, address, facts_before, facts_after, chain_key, chain_digest, \
                   actor_name, target_name";
    format!("INSERT INTO audit_events (id, {columns}) SELECT {id}, {columns} FROM audit_events WHERE id = {event}")
}

/// The beginning as somebody moves it who has this key, with what stood before it taken away.
async fn sealed_anchor(world: &World, mut seal: Sealing, key: &str, removed_to: i64) -> Vec<String> {
    let digest = "SELECT chain_digest FROM audit_events WHERE id = $1";
    let digest: String =
        sqlx::query_scalar(digest).bind(removed_to).fetch_one(&world.node().store.reads()).await.unwrap();
    seal.number(0).number(removed_to).digest(&ChainDigest::parse(&digest).unwrap());
    vec![
        format!("DELETE FROM audit_events WHERE id <= {removed_to}"),
        format!(
            "UPDATE audit_anchors SET removed_to = {removed_to}, digest = '{digest}', key_id = '{key}', mac = '{}' WHERE series = 'mutations'",
            seal.finish()
        ),
    ]
}
