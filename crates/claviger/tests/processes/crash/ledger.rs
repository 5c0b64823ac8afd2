//! The history as the database holds it: revisions, changes and audit events, without a gap and without a stranger.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{AnyPool, Row};

use super::worker::Acknowledged;

/// How far the history was looked at.
pub(super) struct Ledger {
    pub(super) revision: i64,
    pub(super) next_event: i64,
}

impl Ledger {
    /// Looks at what was added since: exactly what was acknowledged, and so many writes that landed unheard.
    pub(super) async fn follow(&mut self, rows: &AnyPool, acknowledged: &[Acknowledged], landed: usize) {
        let changes =
            sqlx::query("SELECT revision, mark, request_id FROM changes WHERE revision > $1 ORDER BY revision");
        let changes = changes.bind(self.revision).fetch_all(rows).await.expect("changes");
        let events = sqlx::query(
            "SELECT id, revision, request_id, target_id FROM audit_events WHERE id >= $1 AND id <= 1000000000000000 ORDER BY id",
        );
        let events = events.bind(self.next_event).fetch_all(rows).await.expect("events");
        let head = sqlx::query("SELECT revision, mark, next_event FROM head").fetch_one(rows).await.expect("the head");

        let mut requests = BTreeMap::new();
        for (expected, change) in (self.revision + 1..).zip(&changes) {
            assert_eq!(change.get::<i64, _>("revision"), expected, "a revision is missing");
            requests.insert(expected, change.get::<String, _>("request_id"));
        }
        let mut recorded: BTreeMap<&str, BTreeSet<i64>> = BTreeMap::new();
        let mut revision = self.revision;
        for (expected, event) in (self.next_event..).zip(&events) {
            assert_eq!(event.get::<i64, _>("id"), expected, "an audit event is missing");
            let of = event.get::<i64, _>("revision");
            assert!(of == revision || of == revision + 1, "event {expected} is of revision {of}, after {revision}");
            revision = of;
            let request = event.get::<String, _>("request_id");
            let request_of_change =
                requests.get(&of).unwrap_or_else(|| panic!("revision {of} has an event and no change"));
            assert_eq!(*request_of_change, request, "revision {of}");
            recorded.entry(request_of_change).or_default().insert(event.get("target_id"));
        }
        assert_eq!(recorded.len(), requests.len(), "a change without its event");
        for Acknowledged { request_id, account } in acknowledged {
            let targets = recorded.get(request_id.as_str());
            let targets = targets.unwrap_or_else(|| panic!("the acknowledged write {request_id} is lost"));
            assert_eq!(*targets, BTreeSet::from([*account as i64]), "{request_id}");
        }
        assert_eq!(requests.len(), acknowledged.len() + landed, "a write that nobody asked for, or that was refused");

        self.revision += changes.len() as i64;
        self.next_event += events.len() as i64;
        let (revision, next_event) = (head.get::<i64, _>("revision"), head.get::<i64, _>("next_event"));
        assert_eq!((revision, next_event), (self.revision, self.next_event), "the head is not where the history ends");
        if let Some(last) = changes.last() {
            assert_eq!(head.get::<String, _>("mark"), last.get::<String, _>("mark"));
        }
    }

    /// The history from its beginning, and the rows against it.
    pub(super) async fn whole(&self, rows: &AnyPool) {
        for (what, wrong) in [
            ("revisions that are missing", "SELECT (SELECT revision FROM head) - (SELECT COUNT(*) FROM changes)"),
            (
                "events that are missing",
                "SELECT (SELECT next_event FROM head) - 1 - (SELECT COUNT(*) FROM audit_events WHERE id <= 1000000000000000)",
            ),
            (
                "accounts that are not told in the audit log once",
                "SELECT COUNT(*) FROM principals p JOIN \
                 (SELECT target_id, SUM(CASE WHEN action = 'service_account.created' THEN 1 ELSE 0 END) AS made, \
                 SUM(CASE WHEN action = 'service_account.deleted' THEN 1 ELSE 0 END) AS deleted \
                 FROM audit_events WHERE target_kind = 'principal' GROUP BY target_id) e ON e.target_id = p.id \
                 WHERE e.made <> 1 OR e.deleted <> CASE WHEN p.deleted_at IS NULL THEN 0 ELSE 1 END",
            ),
            (
                "accounts with no secret, or deleted ones with one",
                "SELECT COUNT(*) FROM principals p LEFT JOIN secrets s ON s.principal_id = p.id \
                 WHERE (s.id IS NULL AND p.deleted_at IS NULL) OR (s.id IS NOT NULL AND p.deleted_at IS NOT NULL)",
            ),
            (
                "grants of deleted accounts",
                "SELECT COUNT(*) FROM grants g JOIN principals p ON p.id = g.principal_id WHERE p.deleted_at IS NOT NULL",
            ),
        ] {
            let count: i64 = sqlx::query_scalar(wrong).fetch_one(rows).await.expect("a number");
            assert_eq!(count, 0, "{what}");
        }
    }
}
