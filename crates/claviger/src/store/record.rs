//! What is recorded of decisions: the change of each revision, and its audit events.
//!
//! They are gathered over the decisions of a transaction and sent many at once.

use claviger_access::authorize::{Actor, Basis};
use claviger_access::event::{Event, Fact, Target};
use claviger_access::identity::PrincipalKind;
use claviger_access::{Decision, Mark, Moment, Revision};
use serde_json::json;
use sqlx::AnyConnection;

use super::many::{Bound, Many};
use super::rows::{hex, number};
use super::statements::statements;
use super::writing::Origin;
use super::{StoreError, change_format};

statements! {
    INSERT_CHANGE = "INSERT INTO changes (revision, mark, request_id, made_at, body) VALUES ($1, $2, $3, $4, $5)";
    INSERT_EVENT = "INSERT INTO audit_events \
                    (id, revision, made_at, actor_kind, actor_id, basis, basis_grant_id, permission, action, target_kind, \
                     target_id, organization_id, project_id, request_id, address, facts_before, facts_after) \
                    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";
}

pub(super) static INSERT_CHANGES: Many = Many::of("INSERT_CHANGES", INSERT_CHANGE);
pub(super) static INSERT_EVENTS: Many = Many::of("INSERT_EVENTS", INSERT_EVENT);

/// So many rows are gathered at most, or those of one decision more.
const GATHERED_MAX: usize = 128;

/// Changes and events that were not sent yet.
pub(super) struct Record {
    changes: Vec<ChangeRow>,
    events: Vec<EventRow>,
    next_event: i64,
}

struct ChangeRow {
    revision: Revision,
    mark: Mark,
    request_id: String,
    made: Moment,
    body: String,
}

struct EventRow {
    id: i64,
    revision: Revision,
    made: Moment,
    event: Event,
    origin: Origin,
}

impl Record {
    pub(super) fn new(next_event: i64) -> Self {
        Self { changes: Vec::new(), events: Vec::new(), next_event }
    }

    /// The id of the event that comes next.
    pub(super) fn next_event(&self) -> i64 {
        self.next_event
    }

    /// Takes down one decision under its revision.
    pub(super) fn add(
        &mut self,
        decision: &Decision,
        (revision, mark): (Revision, Mark),
        origin: &Origin,
        made: Moment,
    ) -> Result<(), StoreError> {
        let body = change_format::write(decision.changes())
            .map_err(|error| StoreError::unreadable(format!("a change of revision {revision}: {error}")))?;
        self.changes.push(ChangeRow { revision, mark, request_id: origin.request_id.clone(), made, body });
        for event in decision.events() {
            let id = self.next_event;
            self.events.push(EventRow { id, revision, made, event: event.clone(), origin: origin.clone() });
            self.next_event += 1;
        }
        Ok(())
    }

    pub(super) fn is_long(&self) -> bool {
        self.changes.len() + self.events.len() >= GATHERED_MAX
    }

    /// Sends what was gathered.
    pub(super) async fn send(&mut self, connection: &mut AnyConnection) -> Result<(), StoreError> {
        INSERT_CHANGES.run(connection, &self.changes, bind_change).await?;
        self.changes.clear();
        INSERT_EVENTS.run(connection, &self.events, bind_event).await?;
        self.events.clear();
        Ok(())
    }
}

fn bind_change<'q>(insert: Bound<'q>, change: &ChangeRow) -> Bound<'q> {
    insert
        .bind(number(change.revision.0))
        .bind(hex(&change.mark.0))
        .bind(change.request_id.clone())
        .bind(change.made.seconds())
        .bind(change.body.clone())
}

fn bind_event<'q>(insert: Bound<'q>, row: &EventRow) -> Bound<'q> {
    let EventRow { event, origin, .. } = row;
    let (actor_kind, actor_id) = match event.actor() {
        Actor::Principal(id, PrincipalKind::Person) => ("person", Some(number(id.number()))),
        Actor::Principal(id, PrincipalKind::ServiceAccount) => ("service_account", Some(number(id.number()))),
        Actor::Operator => ("operator", None),
    };
    let (basis, grant) = match event.through() {
        Basis::Grant(grant) => ("grant", Some(number(grant.number()))),
        Basis::Oneself => ("oneself", None),
        Basis::Operator => ("operator", None),
        Basis::OneTimeLink => ("one_time_link", None),
    };
    let (target_kind, target) = match event.target() {
        Target::Organization(id) => ("organization", id.number()),
        Target::Project(id) => ("project", id.number()),
        Target::Workspace(id) => ("workspace", id.number()),
        Target::Principal(id) => ("principal", id.number()),
        Target::Team(id) => ("team", id.number()),
        Target::CustomRole(id) => ("custom_role", id.number()),
        Target::Invitation(id) => ("invitation", id.number()),
    };
    insert
        .bind(row.id)
        .bind(number(row.revision.0))
        .bind(row.made.seconds())
        .bind(actor_kind)
        .bind(actor_id)
        .bind(basis)
        .bind(grant)
        .bind(event.permission().name())
        .bind(event.name().text())
        .bind(target_kind)
        .bind(number(target))
        .bind(number(event.organization().number()))
        .bind(event.project().map(|project| number(project.number())))
        .bind(origin.request_id.clone())
        .bind(origin.address.map(|address| address.to_string()))
        .bind(facts(event.facts_before()))
        .bind(facts(event.facts_after()))
}

/// Facts in their order, as pairs: a workspace and its role may both be there more than once.
fn facts(facts: &[Fact]) -> String {
    json!(facts.iter().map(|fact| (fact.name, &fact.value)).collect::<Vec<_>>()).to_string()
}
