//! The audit log as it is read: newest first, by filters, page by page.
//!
//! Each read asks for a [`Permit`] and takes its scope from it. A page begins after the last event of the page before,
//! by time and number, so what is written meanwhile moves nothing. What must stay true: every combination of filters is
//! read along an index that its strongest filter has, in the order that it is shown in.
//!
//! [`following`] reads what came since; [`newest`] where a log ends; [`spot_check`] holds single events against the chain.

mod following;
mod newest;
mod spot_check;

use claviger_access::Permit;
use claviger_access::authorize::{ReadAuditLog, Scope};
use claviger_access::identity::ProjectId;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::many::Bound;
use super::rows::number;
use super::statements::statements;
use super::{Store, StoreError};

pub use self::following::{LogEnds, Newer};
pub use self::spot_check::{ChainLink, SpotCheck};

pub(super) const FOLLOWING: &[(&str, &str)] = following::STATEMENTS;
pub(super) const NEWEST: &[(&str, &str)] = newest::STATEMENTS;
pub(super) const SPOT_CHECK: &[(&str, &str)] = spot_check::STATEMENTS;

/// What [`recorded`] reads.
macro_rules! events {
    () => {
        "SELECT id, made_at, actor_kind, actor_id, actor_name, action, target_kind, target_id, target_name, \
         organization_id, project_id, request_id, address, facts_before, facts_after FROM audit_events"
    };
}

/// All filters, the strongest of them so that its index is taken. Said by a double negation, the organization keeps its index
/// out of SQLite's way; PostgreSQL reads the same as if it were said plainly, and counts for itself.
macro_rules! events_where {
    ($strongest:literal) => {
        events_where!($strongest, "made_at DESC, id DESC")
    };
    ($strongest:literal, $order:literal) => {
        concat!(
            $crate::store::audit_log::events!(),
            " WHERE ",
            $strongest,
            " AND ($5 = 0 OR project_id = $5) AND ($6 = 0 OR actor_id = $6) AND ($7 = '' OR action = $7) \
             AND ($8 = '' OR substr(action, 1, length($8)) = $8) \
             AND ($9 = '' OR (target_kind = $9 AND target_id = $10)) \
             AND ($11 = '' OR $11 LIKE '%,' || CAST(actor_id AS TEXT) || ',%') \
             AND ($12 = '' OR $12 LIKE '%,' || target_kind || ':' || CAST(target_id AS TEXT) || ',%') \
             ORDER BY ",
            $order,
            " LIMIT $13"
        )
    };
}

pub(in crate::store) use {events, events_where};

statements! {
    LIST = events_where!("organization_id = $1 AND (made_at, id) < ($2, $3) AND made_at >= $4");
    LIST_BY_ACTOR = events_where!(
        "NOT (organization_id <> $1) AND actor_id = $6 AND (made_at, id) < ($2, $3) AND made_at >= $4"
    );
    /// One range of its index: where each column stands alone, SQLite takes the organization's.
    LIST_BY_ACTION = events_where!(
        "(organization_id, action, made_at, id) < ($1, $7, $2, $3) AND (organization_id, action, made_at) >= ($1, $7, $4)",
        "organization_id DESC, action DESC, made_at DESC, id DESC"
    );
    LIST_BY_TARGET = events_where!(
        "NOT (organization_id <> $1) AND target_kind = $9 AND target_id = $10 AND (made_at, id) < ($2, $3) AND made_at >= $4"
    );
    LIST_BY_PROJECT = events_where!(
        "NOT (organization_id <> $1) AND project_id = $5 AND (made_at, id) < ($2, $3) AND made_at >= $4"
    );
    /// The same the other way, from an event to those that come before it in the list.
    BACK = events_where!("organization_id = $1 AND (made_at, id) > ($2, $3) AND made_at < $4", "made_at, id");
    BACK_BY_ACTOR = events_where!(
        "NOT (organization_id <> $1) AND actor_id = $6 AND (made_at, id) > ($2, $3) AND made_at < $4",
        "made_at, id"
    );
    BACK_BY_ACTION = events_where!(
        "(organization_id, action, made_at, id) > ($1, $7, $2, $3) AND (organization_id, action, made_at) < ($1, $7, $4)",
        "organization_id, action, made_at, id"
    );
    BACK_BY_TARGET = events_where!(
        "NOT (organization_id <> $1) AND target_kind = $9 AND target_id = $10 AND (made_at, id) > ($2, $3) AND made_at < $4",
        "made_at, id"
    );
    BACK_BY_PROJECT = events_where!(
        "NOT (organization_id <> $1) AND project_id = $5 AND (made_at, id) > ($2, $3) AND made_at < $4",
        "made_at, id"
    );
    PLACE = "SELECT made_at FROM audit_events WHERE id = $1 AND organization_id = $2 AND ($3 = 0 OR project_id = $3)";
}

/// An event as it is read. Times are seconds since the epoch.
#[derive(Debug, Clone)]
pub struct RecordedEvent {
    /// Its number.
    pub id: i64,
    /// When it happened.
    pub made_at: i64,
    /// `person`, `service_account` or `operator`.
    pub actor_kind: String,
    /// Who; none for the operator.
    pub actor_id: Option<i64>,
    /// His name then.
    pub actor_name: Option<String>,
    /// What happened.
    pub action: String,
    /// What kind of thing it is about.
    pub target_kind: String,
    /// Which.
    pub target_id: i64,
    /// Its name then.
    pub target_name: Option<String>,
    /// Whose log it is in.
    pub organization_id: i64,
    /// The project whose log it is in as well.
    pub project_id: Option<i64>,
    /// The request.
    pub request_id: String,
    /// The peer's address.
    pub address: Option<String>,
    /// Properties as they were.
    pub before: Vec<(String, String)>,
    /// Properties as they are.
    pub after: Vec<(String, String)>,
}

/// Which events. The default is all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Not before this second.
    pub from: Option<i64>,
    /// Before this second.
    pub to: Option<i64>,
    /// Done by one of these people and service accounts; by anybody where none is named.
    pub actors: Vec<u64>,
    /// Of this name, or of these names.
    pub action: Option<ActionFilter>,
    /// About one of these things, each by its kind and its id; about anything where none is named.
    pub targets: Vec<(String, u64)>,
    /// In this project's log as well.
    pub project: Option<ProjectId>,
}

/// Which names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActionFilter {
    /// This one.
    Named(String),
    /// All that begin so, up to and with the dot.
    Beginning(String),
}

/// The place of an event in the order of time, then number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventPlace {
    /// When it happened.
    pub made_at: i64,
    /// Its number.
    pub id: i64,
}

impl RecordedEvent {
    /// Where the next page begins, if this is the last of one.
    pub fn place(&self) -> EventPlace {
        EventPlace { made_at: self.made_at, id: self.id }
    }
}

/// Which way a log is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Newest first.
    Down,
    /// The other way.
    Back,
}

impl EventFilter {
    /// The statement along whose index the fewest events are looked at.
    fn statement(&self, way: Way, in_project: bool) -> &'static str {
        let [by_target, by_actor, by_action, by_project, list] = match way {
            Way::Down => [LIST_BY_TARGET, LIST_BY_ACTOR, LIST_BY_ACTION, LIST_BY_PROJECT, LIST],
            Way::Back => [BACK_BY_TARGET, BACK_BY_ACTOR, BACK_BY_ACTION, BACK_BY_PROJECT, BACK],
        };
        match self {
            Self { targets, .. } if targets.len() == 1 => by_target,
            Self { actors, .. } if actors.len() == 1 => by_actor,
            Self { action: Some(ActionFilter::Named(_)), .. } => by_action,
            _ if in_project => by_project,
            _ => list,
        }
    }

    /// The name and the beginning that are asked for.
    fn action(&self) -> (String, String) {
        match &self.action {
            Some(ActionFilter::Named(name)) => (name.clone(), String::new()),
            Some(ActionFilter::Beginning(beginning)) => (String::new(), beginning.clone()),
            None => (String::new(), String::new()),
        }
    }

    /// The project whose events the permit's log shows with this filter; none where it can show no event.
    fn project_in(&self, scope: Scope) -> Option<Option<ProjectId>> {
        match scope {
            Scope::Project(own) if self.project.is_some_and(|project| project != own) => None,
            Scope::Project(own) => Some(Some(own)),
            Scope::Organization(_) => Some(self.project),
        }
    }
}

impl Store {
    /// At most so many events of the permit's log that come after this one, newest first.
    pub async fn audit_log(
        &self,
        permit: &Permit<ReadAuditLog>,
        filter: &EventFilter,
        after: Option<EventPlace>,
        limit: u32,
    ) -> Result<Vec<RecordedEvent>, StoreError> {
        // Ids are positive: nothing of the second `to` itself comes before its number 0.
        let end = EventPlace { made_at: filter.to.unwrap_or(i64::MAX), id: 0 };
        let begin = match after {
            Some(after) if (after.made_at, after.id) < (end.made_at, end.id) => after,
            _ => end,
        };
        self.read_log(permit, filter, Way::Down, (begin, filter.from.unwrap_or(i64::MIN)), limit).await
    }

    /// At most so many events of the permit's log that come before this one in the list, the nearest first.
    pub async fn audit_log_before(
        &self,
        permit: &Permit<ReadAuditLog>,
        filter: &EventFilter,
        before: EventPlace,
        limit: u32,
    ) -> Result<Vec<RecordedEvent>, StoreError> {
        let begin = EventPlace { made_at: filter.from.unwrap_or(i64::MIN), id: 0 };
        let from = if (before.made_at, before.id) > (begin.made_at, begin.id) { before } else { begin };
        self.read_log(permit, filter, Way::Back, (from, filter.to.unwrap_or(i64::MAX)), limit).await
    }

    async fn read_log(
        &self,
        permit: &Permit<ReadAuditLog>,
        filter: &EventFilter,
        way: Way,
        (begin, end): (EventPlace, i64),
        limit: u32,
    ) -> Result<Vec<RecordedEvent>, StoreError> {
        let Some(project) = filter.project_in(permit.scope()) else { return Ok(Vec::new()) };
        let list = sqlx::query(filter.statement(way, project.is_some()))
            .bind(number(permit.organization().number()))
            .bind(begin.made_at)
            .bind(begin.id)
            .bind(end);
        let list = filtered(list, filter, project).bind(i64::from(limit));
        let rows = self.answered(list.fetch_all(&self.reads())).await?;
        rows.iter().map(recorded).collect()
    }

    /// Where an event of the permit's log stands; none where it is not in it.
    pub async fn place_of_event(
        &self,
        permit: &Permit<ReadAuditLog>,
        id: i64,
    ) -> Result<Option<EventPlace>, StoreError> {
        let project = match permit.scope() {
            Scope::Project(project) => number(project.number()),
            Scope::Organization(_) => 0,
        };
        let place = sqlx::query(PLACE).bind(id).bind(number(permit.organization().number())).bind(project);
        let row = self.answered(place.fetch_optional(&self.reads())).await?;
        Ok(row.map(|row| row.try_get("made_at")).transpose()?.map(|made_at| EventPlace { made_at, id }))
    }
}

/// Numbers or names as one text, in which each stands between commas. Empty where one alone is looked for, for which
/// there are indices.
fn several(each: impl ExactSizeIterator<Item = String>) -> String {
    if each.len() < 2 { String::new() } else { each.fold(",".to_owned(), |all, one| all + &one + ",") }
}

/// The only one.
fn only<T>(each: &[T]) -> Option<&T> {
    each.first().filter(|_| each.len() == 1)
}

/// Binds what is asked for, from `$5` to `$12`.
fn filtered<'q>(query: Bound<'q>, filter: &EventFilter, project: Option<ProjectId>) -> Bound<'q> {
    let (named, beginning) = filter.action();
    let (target_kind, target) = only(&filter.targets).cloned().unwrap_or_default();
    query
        .bind(project.map_or(0, |project| number(project.number())))
        .bind(only(&filter.actors).map_or(0, |actor| number(*actor)))
        .bind(named)
        .bind(beginning)
        .bind(target_kind)
        .bind(number(target))
        .bind(several(filter.actors.iter().map(u64::to_string)))
        .bind(several(filter.targets.iter().map(|(kind, id)| format!("{kind}:{id}"))))
}

fn recorded(row: &AnyRow) -> Result<RecordedEvent, StoreError> {
    let id = row.try_get::<i64, _>("id")?;
    let facts = |column| -> Result<Vec<(String, String)>, StoreError> {
        let text = row.try_get::<String, _>(column)?;
        serde_json::from_str(&text).map_err(|error| StoreError::unreadable(format!("{column} of event {id}: {error}")))
    };
    Ok(RecordedEvent {
        id,
        made_at: row.try_get("made_at")?,
        actor_kind: row.try_get("actor_kind")?,
        actor_id: row.try_get("actor_id")?,
        actor_name: row.try_get("actor_name")?,
        action: row.try_get("action")?,
        target_kind: row.try_get("target_kind")?,
        target_id: row.try_get("target_id")?,
        target_name: row.try_get("target_name")?,
        organization_id: row.try_get("organization_id")?,
        project_id: row.try_get("project_id")?,
        request_id: row.try_get("request_id")?,
        address: row.try_get("address")?,
        before: facts("facts_before")?,
        after: facts("facts_after")?,
    })
}
