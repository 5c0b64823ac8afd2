//! What exports of audit logs tell of a history that is lost: whether they join the store as it is, and whether they are whole.
//!
//! Events are numbered without a gap, over all organizations, so what the store lacks has greater numbers than all that it has.
//! What must stay true: nothing is followed unless an export holds the newest event that the store has of its organization,
//! and each file that tells of what came since tells of its own beginning, without a filter. A part of what was revoked would be
//! taken for all of it.

use std::collections::{BTreeMap, BTreeSet};

use claviger_access::administration::restored::ToldEvent;
use claviger_access::event::{EventName, Target};
use claviger_access::identity::{OrganizationId, ProjectId};
use claviger_wire::audit::{AuditEvent, Fact};

use crate::audit_chain::series::Series;
use crate::store::audit_log::RecordedEvent;

/// Facts of the beginning of an export that left nothing out: what it was written as, and where it began.
const UNFILTERED: [&str; 2] = ["format", "from"];

/// Where the logs of a store end that went back in time.
#[derive(Debug, Clone, Default)]
pub struct RestoredLogs {
    /// None of an organization all of whose events retention has removed.
    newest: BTreeMap<OrganizationId, Option<RecordedEvent>>,
    /// The greatest number that was given to an event.
    last: u64,
}

impl RestoredLogs {
    /// The newest event of each organization, and the greatest number that was given to one.
    pub fn new(newest: BTreeMap<OrganizationId, Option<RecordedEvent>>, last: u64) -> Self {
        Self { newest, last }
    }

    /// Whether both end with the same events.
    pub fn is_as(&self, other: &Self) -> bool {
        let ids = |ends: &Self| -> Vec<_> {
            ends.newest.iter().map(|(of, newest)| (*of, newest.as_ref().map(|newest| newest.id))).collect()
        };
        self.last == other.last && ids(self) == ids(other)
    }
}

/// What was done since, by organization, in the order in which it happened.
#[derive(Debug, Default)]
pub struct LostHistory(BTreeMap<OrganizationId, Vec<ToldEvent>>);

impl LostHistory {
    /// What is told of this organization; none where no export is its.
    pub fn of(&self, organization: OrganizationId) -> Option<&[ToldEvent]> {
        self.0.get(&organization).map(Vec::as_slice)
    }
}

/// Why exports tell too little, or nothing that joins.
#[derive(Debug, thiserror::Error)]
pub enum NotTold {
    /// It is no event.
    #[error("line {line} is no event of an audit log: make the export with claviger audit export --format ndjson")]
    NoEvent {
        /// Counted from one.
        line: usize,
    },
    /// A newer program wrote it.
    #[error(
        "line {line} tells of {action}, which this program does not know: use the one that the export was made with"
    )]
    Unknown {
        /// Counted from one.
        line: usize,
        /// What happened.
        action: String,
    },
    /// Two exports do not tell the same.
    #[error("two exports tell of different things under number {id}: one of them is of another history")]
    Differing {
        /// Of the event.
        id: u64,
    },
    /// It begins too late, is filtered, or is of another history.
    #[error(
        "no export holds event {id} of organization {organization}, the newest that the store has of it: what lies between is not told, or it is another history"
    )]
    DoesNotJoin {
        /// Whose log.
        organization: OrganizationId,
        /// The store's newest.
        id: i64,
    },
    /// It does not reach beyond the restored moment, or is filtered.
    #[error(
        "the export of organization {organization} does not tell of itself: it was made before the moment that the store went back to, or with a filter"
    )]
    NotItself {
        /// Whose log.
        organization: OrganizationId,
    },
    /// It was asked for with a filter.
    #[error("the export of organization {organization} leaves events out: it was made with the filter {filter}")]
    Filtered {
        /// Whose log.
        organization: OrganizationId,
        /// By what.
        filter: String,
    },
    /// No export tells of an organization.
    #[error(
        "no export is of organization {}: add theirs, or say what becomes of the others with --suspend or --revoked-may-return",
        listed(.organizations)
    )]
    NotOfAll {
        /// Those that are in the store.
        organizations: Vec<OrganizationId>,
    },
    /// Something is missing that no organization of the store tells.
    #[error(
        "event {id} is in no export: it was filtered, or is of an organization that was founded since; say what becomes of the others with --suspend or --revoked-may-return"
    )]
    Missing {
        /// Its number.
        id: u64,
    },
}

fn listed(organizations: &[OrganizationId]) -> String {
    organizations.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Exports while they are read, line by line.
pub struct Exports<'s> {
    ends: &'s RestoredLogs,
    /// Those of the store that an export tells of.
    seen: BTreeSet<OrganizationId>,
    joined: BTreeSet<OrganizationId>,
    told: BTreeMap<u64, (u64, ToldEvent)>,
    /// Of the file that is being read, by organization.
    file: BTreeMap<OrganizationId, OfFile>,
    /// The number of the newest whole export of each organization.
    whole: BTreeMap<OrganizationId, u64>,
}

/// What a file tells of exports of one organization's whole log.
#[derive(Default)]
struct OfFile {
    /// The newest that began, and by which request.
    began: Option<(ToldEvent, String)>,
    /// By which requests exports were sent whole: none of them is this file.
    ended: BTreeSet<String>,
}

impl<'s> Exports<'s> {
    /// Nothing was read yet.
    pub fn new(ends: &'s RestoredLogs) -> Self {
        let (seen, joined, told) = (BTreeSet::new(), BTreeSet::new(), BTreeMap::new());
        Self { ends, seen, joined, told, file: BTreeMap::new(), whole: BTreeMap::new() }
    }

    /// Reads an event: NDJSON, as exports write it.
    pub fn read(&mut self, line: usize, text: &[u8]) -> Result<(), NotTold> {
        let event: AuditEvent = serde_json::from_slice(text).map_err(|_| NotTold::NoEvent { line })?;
        let Ok(id) = i64::try_from(event.id) else { return Err(NotTold::NoEvent { line }) };
        if Series::of(id) == Series::Observations {
            return Ok(());
        }
        let organization = OrganizationId::new(event.organization).filter(|of| self.ends.newest.contains_key(of));
        if let Some(of) = organization {
            self.seen.insert(of);
            let newest = self.ends.newest.get(&of).and_then(Option::as_ref);
            if newest.is_none_or(|newest| is_same(newest, &event)) {
                self.joined.insert(of);
            }
        }
        if event.id <= self.ends.last {
            return Ok(());
        }
        let (id, of, request) = (event.id, event.organization, event.request_id.clone());
        let told = told(event, line)?;
        if let Some(organization) = organization {
            self.file.entry(organization).or_default().note(organization, &told, request);
        }
        match self.told.get(&id) {
            Some(known) if *known != (of, told.clone()) => Err(NotTold::Differing { id }),
            _ => {
                self.told.insert(id, (of, told));
                Ok(())
            }
        }
    }

    /// A file was read to its end.
    pub fn end_of_file(&mut self) -> Result<(), NotTold> {
        for (organization, of) in std::mem::take(&mut self.file) {
            let began = of.began.filter(|(_, request)| !of.ended.contains(request));
            let (began, _) = began.ok_or(NotTold::NotItself { organization })?;
            if let Some((name, _)) = began.after.iter().find(|(name, _)| !UNFILTERED.contains(&name.as_str())) {
                return Err(NotTold::Filtered { organization, filter: name.clone() });
            }
            let newest = self.whole.entry(organization).or_default();
            *newest = (*newest).max(began.id);
        }
        Ok(())
    }

    /// All was read. `others` says whether something is said of those that no export tells of.
    pub fn end(self, others: bool) -> Result<LostHistory, NotTold> {
        let mut history = LostHistory::default();
        for (of, event) in self.told.values() {
            // What was founded since is not there, and nothing of it is to be revoked.
            if let Some(of) = OrganizationId::new(*of).filter(|of| self.ends.newest.contains_key(of)) {
                history.0.entry(of).or_default().push(event.clone());
            }
        }
        for &organization in &self.seen {
            let newest = self.ends.newest.get(&organization).and_then(Option::as_ref);
            if let Some(newest) = newest.filter(|_| !self.joined.contains(&organization)) {
                return Err(NotTold::DoesNotJoin { organization, id: newest.id });
            }
            if !self.whole.contains_key(&organization) {
                return Err(NotTold::NotItself { organization });
            }
        }
        if !others {
            let missing: Vec<_> = self.ends.newest.keys().filter(|of| history.of(**of).is_none()).copied().collect();
            if !missing.is_empty() {
                return Err(NotTold::NotOfAll { organizations: missing });
            }
            let (last, up_to) = (self.ends.last, self.whole.values().min().copied().unwrap_or_default());
            if let Some(id) = (last + 1..=up_to).find(|id| !self.told.contains_key(id)) {
                return Err(NotTold::Missing { id });
            }
        }
        Ok(history)
    }
}

impl OfFile {
    fn note(&mut self, organization: OrganizationId, told: &ToldEvent, request: String) {
        if told.target != Target::Organization(organization) {
            return;
        }
        match told.name {
            EventName::AuditLogExportCreated if self.began.as_ref().is_none_or(|(known, _)| known.id < told.id) => {
                self.began = Some((told.clone(), request));
            }
            EventName::AuditLogExportDownloaded => drop(self.ended.insert(request)),
            _ => {}
        }
    }
}

/// A request's id is random: no other history has it under this number.
fn is_same(newest: &RecordedEvent, event: &AuditEvent) -> bool {
    u64::try_from(newest.id) == Ok(event.id)
        && newest.action == event.action
        && newest.request_id == event.request_id
        && (newest.target_kind.as_str(), u64::try_from(newest.target_id))
            == (event.target.kind.as_str(), Ok(event.target.id))
}

fn told(event: AuditEvent, line: usize) -> Result<ToldEvent, NotTold> {
    let Some(name) = EventName::named(&event.action) else {
        return Err(NotTold::Unknown { line, action: event.action });
    };
    let facts = |facts: Vec<Fact>| facts.into_iter().map(|fact| (fact.name, fact.value)).collect();
    let project = event.project.map(|id| ProjectId::new(id).ok_or(NotTold::NoEvent { line })).transpose()?;
    let target = Target::named(&event.target.kind, event.target.id).ok_or(NotTold::NoEvent { line })?;
    Ok(ToldEvent { id: event.id, name, target, project, before: facts(event.before), after: facts(event.after) })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn organization(id: u64) -> OrganizationId {
        OrganizationId::new(id).expect("an id")
    }

    /// An event as an export has it: its number, whose log it is in, what happened, and with what properties.
    fn line(id: u64, of: u64, action: &str, after: &[(&str, &str)]) -> String {
        let after: Vec<_> = after.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
        json!({
            "id": id,
            "time": "2030-01-01T00:00:00Z",
            "actor": { "kind": "operator", "id": null, "name": null },
            "action": action,
            "target": { "kind": "organization", "id": of, "name": null },
            "organization": of,
            "project": null,
            "request_id": format!("request-{id}"),
            "address": null,
            "before": [],
            "after": after,
        })
        .to_string()
    }

    fn exported(id: u64, of: u64) -> String {
        line(id, of, "audit_log_export.created", &[("format", "ndjson")])
    }

    /// A store whose organizations end with these events.
    fn ends(newest: &[(u64, u64)]) -> RestoredLogs {
        let recorded = |id: u64, of: u64| RecordedEvent {
            id: id as i64,
            made_at: 0,
            actor_kind: "operator".to_owned(),
            actor_id: None,
            actor_name: None,
            action: "organization.created".to_owned(),
            target_kind: "organization".to_owned(),
            target_id: of as i64,
            target_name: None,
            organization_id: of as i64,
            project_id: None,
            request_id: format!("request-{id}"),
            address: None,
            before: Vec::new(),
            after: Vec::new(),
        };
        let last = newest.iter().map(|(_, id)| *id).max().unwrap_or_default();
        let newest = newest.iter().map(|(of, id)| (organization(*of), (*id > 0).then(|| recorded(*id, *of))));
        RestoredLogs::new(newest.collect(), last)
    }

    const NEXT_FILE: &str = "another file";

    fn told(ends: &RestoredLogs, lines: &[String], others: bool) -> Result<LostHistory, NotTold> {
        let mut exports = Exports::new(ends);
        for (number, line) in lines.iter().enumerate() {
            match line.as_str() {
                NEXT_FILE => exports.end_of_file()?,
                line => exports.read(number + 1, line.as_bytes())?,
            }
        }
        exports.end_of_file()?;
        exports.end(others)
    }

    fn created(id: u64, of: u64) -> String {
        line(id, of, "organization.created", &[])
    }

    #[test]
    fn what_came_after_the_store_is_told_in_order_whatever_the_order_of_the_lines() {
        let ends = ends(&[(1, 3)]);
        let deleted = line(4, 1, "set_up_link.used", &[]);
        let refused = line(1_000_000_000_000_007, 1, "request.refused", &[]);
        let mut lines = vec![exported(5, 1), refused, deleted.clone(), deleted, created(3, 1), created(1, 1)];
        for _ in 0..lines.len() {
            lines.rotate_left(1);
            let history = told(&ends, &lines, false).expect("whole");
            let ids: Vec<u64> = history.of(organization(1)).expect("told").iter().map(|told| told.id).collect();
            assert_eq!(ids, [4, 5]);
        }
    }

    #[test]
    fn an_export_of_another_history_does_not_join() {
        let ends = ends(&[(1, 3)]);
        let another = created(3, 1).replace("request-3", "request-of-another");
        for lines in [vec![exported(5, 1), created(4, 1)], vec![exported(5, 1), created(4, 1), another]] {
            let refused = told(&ends, &lines, false).expect_err("it does not join");
            assert!(matches!(refused, NotTold::DoesNotJoin { id: 3, .. }), "{refused}");
        }
        let two = [exported(4, 1), created(3, 1), created(4, 1)];
        assert!(matches!(told(&ends, &two, false), Err(NotTold::Differing { id: 4 })));
    }

    #[test]
    fn what_was_left_out_is_noticed() {
        let both = ends(&[(1, 3), (2, 2)]);
        let of_one = || vec![created(3, 1), exported(6, 1)];
        let of_two = [created(2, 2), exported(4, 2)];
        let refused = told(&both, &of_one(), false).expect_err("the other is not told of");
        assert!(refused.to_string().starts_with("no export is of organization 2: "), "{refused}");
        // That of the second was made when the fourth was the newest: what is missing before that is of one of them.
        let whole = [&of_one()[..], &of_two].concat();
        told(&both, &whole, false).expect("5 may be of the second, after its export");
        let lacking = [&[created(3, 1), exported(6, 1), created(2, 2), exported(5, 2)][..]].concat();
        assert!(matches!(told(&both, &lacking, false), Err(NotTold::Missing { id: 4 })));
        told(&both, &lacking, true).expect("something is said of the others");

        let filtered = [created(3, 1), line(4, 1, "audit_log_export.created", &[("format", "csv"), ("actor", "7")])];
        let refused = told(&both, &filtered, true).expect_err("it was filtered");
        assert!(refused.to_string().ends_with("with the filter actor"), "{refused}");
        let from = [created(3, 1), line(4, 1, "audit_log_export.created", &[("format", "ndjson"), ("from", "x")])];
        told(&both, &from, true).expect("it joins");
        assert!(matches!(told(&both, &[created(3, 1)], true), Err(NotTold::NotItself { .. })));
    }

    /// Who asks for a part of the log is not told that he did, where that is not of the part.
    #[test]
    fn an_older_export_does_not_stand_for_the_file_that_tells_of_it() {
        let ends = ends(&[(1, 3)]);
        let downloaded = line(5, 1, "audit_log_export.downloaded", &[("format", "ndjson")]);
        let older = [created(3, 1), exported(4, 1), downloaded.replace("request-5", "request-4")];
        assert!(matches!(told(&ends, &older, true), Err(NotTold::NotItself { .. })));
        // That of another request says nothing of this one.
        told(&ends, &[created(3, 1), exported(4, 1), downloaded], true).expect("whole");
    }

    #[test]
    fn each_file_tells_of_itself() {
        let ends = ends(&[(1, 3)]);
        let part = [created(3, 1), exported(4, 1), NEXT_FILE.to_owned(), line(9, 1, "set_up_link.used", &[])];
        assert!(matches!(told(&ends, &part, true), Err(NotTold::NotItself { .. })));
        let two = [created(3, 1), exported(4, 1), NEXT_FILE.to_owned(), exported(5, 1), exported(4, 1)];
        told(&ends, &two, false).expect("whole");
        let early = [created(3, 1), NEXT_FILE.to_owned(), exported(4, 1), created(3, 1)];
        told(&ends, &early, false).expect("what tells of nothing that is missing does no harm");
    }

    #[test]
    fn what_is_older_than_the_store_is_not_told_where_retention_left_no_event() {
        let newest = [(organization(1), None)].into_iter().collect();
        let ends = RestoredLogs::new(newest, 40);
        let early = [exported(7, 1), line(6, 1, "set_up_link.used", &[])];
        assert!(matches!(told(&ends, &early, true), Err(NotTold::NotItself { .. })));
        told(&ends, &[exported(41, 1)], false).expect("whole");
        assert!(matches!(told(&ends, &[exported(42, 1)], false), Err(NotTold::Missing { id: 41 })));
    }

    #[test]
    fn an_organization_without_events_is_told_of_from_the_stores_end_on() {
        let quiet = ends(&[(1, 3), (2, 0)]);
        let lines = [created(3, 1), line(4, 2, "set_up_link.used", &[]), exported(5, 2), exported(6, 1)];
        let history = told(&quiet, &lines, false).expect("whole");
        assert_eq!(history.of(organization(2)).map(<[ToldEvent]>::len), Some(2));
    }

    #[test]
    fn what_is_no_event_is_named_by_its_line() {
        let ends = ends(&[(1, 3)]);
        for text in ["", "id,time", "{}", "[1]", &created(3, 1).replace("\"id\":3", "\"id\":99999999999999999999")] {
            let refused = told(&ends, &[created(3, 1), text.to_owned()], true).expect_err("no event");
            assert!(refused.to_string().starts_with("line 2 is no event"), "{text}: {refused}");
        }
        let newer = line(4, 1, "service_account.teleported", &[]);
        let refused = told(&ends, &[created(3, 1), newer], true).expect_err("unknown");
        assert!(refused.to_string().contains("tells of service_account.teleported"), "{refused}");
    }
}
