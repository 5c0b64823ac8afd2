//! An audit event as a row: every column, from the event or the observation that is recorded.

use claviger_access::authorize::{Actor, Basis};
use claviger_access::event::{Event, Fact, Target};
use claviger_access::identity::PrincipalKind;
use claviger_access::{Directory, Moment, Revision};
use serde_json::json;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::many::{Bound, Many};
use super::observed::Observation;
use super::rows::number;
use super::statements::statements;
use super::together::Part;
use super::writing::Origin;
use crate::audit_chain::{ChainDigest, ChainKey, Sealing};

statements! {
    INSERT_EVENT = "INSERT INTO audit_events \
                    (id, revision, made_at, actor_kind, actor_id, actor_name, basis, basis_grant_id, permission, action, \
                     target_kind, target_id, target_name, organization_id, project_id, request_id, address, \
                     facts_before, facts_after, chain_key, chain_digest) \
                    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)";
}

pub(super) static INSERT_EVENTS: Many = Many::of("INSERT_EVENTS", INSERT_EVENT);

/// Reads all columns.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, revision, made_at, actor_kind, actor_id, actor_name, basis, basis_grant_id, permission, action, \
             target_kind, target_id, target_name, organization_id, project_id, request_id, address, facts_before, \
             facts_after, chain_key, chain_digest FROM audit_events ",
            $rest
        )
    };
}

pub(super) use select;

/// Rows that were chained with this key.
pub(super) fn inserted<'r>(rows: &'r [(EventRow, ChainDigest)], key: &'r ChainKey) -> Part<'r> {
    Part::many(&INSERT_EVENTS, rows, |insert, (row, digest)| {
        row.bind(insert).bind(key.id().to_owned()).bind(digest.to_string())
    })
}

/// The columns of an event, in the order of [`INSERT_EVENT`], but for those of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EventRow {
    pub id: i64,
    pub revision: i64,
    pub made_at: i64,
    pub actor_kind: String,
    pub actor_id: Option<i64>,
    pub actor_name: Option<String>,
    pub basis: String,
    pub basis_grant_id: Option<i64>,
    pub permission: String,
    pub action: String,
    pub target_kind: String,
    pub target_id: i64,
    pub target_name: Option<String>,
    pub organization_id: i64,
    pub project_id: Option<i64>,
    pub request_id: String,
    pub address: Option<String>,
    pub facts_before: String,
    pub facts_after: String,
}

impl EventRow {
    /// The row of an event. `after` is the state with the event's decision applied: it knows the names of who did it
    /// and of what it is about, unless that is gone with it.
    pub(super) fn of(
        event: &Event,
        id: i64,
        after: &Directory,
        revision: Revision,
        made: Moment,
        origin: &Origin,
    ) -> Self {
        let (actor_kind, actor_id, actor_name) = match event.actor() {
            Actor::Principal(id, kind) => {
                let name = after.principal(id).map(|view| view.name().to_owned());
                (kind_of(kind), Some(number(id.number())), name)
            }
            Actor::Operator => ("operator", None, None),
        };
        let (basis, basis_grant_id) = match event.through() {
            Basis::Grant(grant) => ("grant", Some(number(grant.number()))),
            Basis::Oneself => ("oneself", None),
            Basis::Operator => ("operator", None),
            Basis::OneTimeLink => ("one_time_link", None),
        };
        let (target_kind, target) = kind_and_id(event.target());
        Self {
            id,
            revision: number(revision.0),
            made_at: made.seconds(),
            actor_kind: actor_kind.to_owned(),
            actor_id,
            actor_name,
            basis: basis.to_owned(),
            basis_grant_id,
            permission: event.permission().name().to_owned(),
            action: event.name().text().to_owned(),
            target_kind: target_kind.to_owned(),
            target_id: number(target),
            target_name: name_of(event.target(), after).or_else(|| name_told(event)),
            organization_id: number(event.organization().number()),
            project_id: event.project().map(|project| number(project.number())),
            request_id: origin.request_id.to_string(),
            address: origin.address.map(|address| address.to_string()),
            facts_before: facts(event.facts_before()),
            facts_after: facts(event.facts_after()),
        }
    }

    /// The row of an observation. It belongs to no revision, and nothing permitted it.
    pub(super) fn of_observation(observation: &Observation, id: i64, directory: &Directory) -> Self {
        let actor = observation.actor.and_then(|actor| directory.principal(actor));
        let (target_kind, target) = kind_and_id(observation.target);
        Self {
            id,
            revision: 0,
            made_at: observation.made.seconds(),
            actor_kind: actor.map_or("stranger", |actor| kind_of(actor.kind())).to_owned(),
            actor_id: observation.actor.map(|actor| number(actor.number())),
            actor_name: actor.map(|actor| actor.name().to_owned()),
            basis: "none".to_owned(),
            basis_grant_id: None,
            permission: "none".to_owned(),
            action: observation.name.text().to_owned(),
            target_kind: target_kind.to_owned(),
            target_id: number(target),
            target_name: name_of(observation.target, directory),
            organization_id: number(observation.organization.number()),
            project_id: observation.project.map(|project| number(project.number())),
            request_id: observation.origin.request_id.to_string(),
            address: observation.origin.address.map(|address| address.to_string()),
            facts_before: facts(&[]),
            facts_after: facts(&observation.facts),
        }
    }

    /// An event out of the store, with the key's name and the digest that stand beside it.
    pub(super) fn read(row: &AnyRow) -> Result<(Self, Option<String>, Option<String>), sqlx::Error> {
        let event = Self {
            id: row.try_get("id")?,
            revision: row.try_get("revision")?,
            made_at: row.try_get("made_at")?,
            actor_kind: row.try_get("actor_kind")?,
            actor_id: row.try_get("actor_id")?,
            actor_name: row.try_get("actor_name")?,
            basis: row.try_get("basis")?,
            basis_grant_id: row.try_get("basis_grant_id")?,
            permission: row.try_get("permission")?,
            action: row.try_get("action")?,
            target_kind: row.try_get("target_kind")?,
            target_id: row.try_get("target_id")?,
            target_name: row.try_get("target_name")?,
            organization_id: row.try_get("organization_id")?,
            project_id: row.try_get("project_id")?,
            request_id: row.try_get("request_id")?,
            address: row.try_get("address")?,
            facts_before: row.try_get("facts_before")?,
            facts_after: row.try_get("facts_after")?,
        };
        Ok((event, row.try_get("chain_key")?, row.try_get("chain_digest")?))
    }

    /// What its digest covers: the digest of the event before it, and every column.
    pub(super) fn seal(&self, key: &ChainKey, before: &ChainDigest) -> Sealing {
        let mut sealing = key.seal("claviger audit event 1");
        sealing
            .digest(before)
            .number(self.id)
            .number(self.revision)
            .number(self.made_at)
            .text(&self.actor_kind)
            .maybe_number(self.actor_id)
            .maybe_text(self.actor_name.as_deref())
            .text(&self.basis)
            .maybe_number(self.basis_grant_id)
            .text(&self.permission)
            .text(&self.action)
            .text(&self.target_kind)
            .number(self.target_id)
            .maybe_text(self.target_name.as_deref())
            .number(self.organization_id)
            .maybe_number(self.project_id)
            .text(&self.request_id)
            .maybe_text(self.address.as_deref())
            .text(&self.facts_before)
            .text(&self.facts_after);
        sealing
    }

    /// Binds its columns to [`INSERT_EVENT`], or to a part of the same for many; those of the chain come after them.
    fn bind<'q>(&self, insert: Bound<'q>) -> Bound<'q> {
        insert
            .bind(self.id)
            .bind(self.revision)
            .bind(self.made_at)
            .bind(self.actor_kind.clone())
            .bind(self.actor_id)
            .bind(self.actor_name.clone())
            .bind(self.basis.clone())
            .bind(self.basis_grant_id)
            .bind(self.permission.clone())
            .bind(self.action.clone())
            .bind(self.target_kind.clone())
            .bind(self.target_id)
            .bind(self.target_name.clone())
            .bind(self.organization_id)
            .bind(self.project_id)
            .bind(self.request_id.clone())
            .bind(self.address.clone())
            .bind(self.facts_before.clone())
            .bind(self.facts_after.clone())
    }
}

fn kind_of(kind: PrincipalKind) -> &'static str {
    match kind {
        PrincipalKind::Person => "person",
        PrincipalKind::ServiceAccount => "service_account",
    }
}

fn kind_and_id(target: Target) -> (&'static str, u64) {
    match target {
        Target::Organization(id) => ("organization", id.number()),
        Target::Project(id) => ("project", id.number()),
        Target::Workspace(id) => ("workspace", id.number()),
        Target::Principal(id) => ("principal", id.number()),
        Target::Team(id) => ("team", id.number()),
        Target::CustomRole(id) => ("custom_role", id.number()),
        Target::Invitation(id) => ("invitation", id.number()),
    }
}

fn name_of(target: Target, directory: &Directory) -> Option<String> {
    match target {
        Target::Organization(id) => directory.organization(id).map(|known| known.name.clone()),
        Target::Project(id) => directory.project(id).map(|known| known.name.clone()),
        Target::Workspace(id) => directory.workspace(id).map(|known| known.name.clone()),
        Target::Principal(id) => directory.principal(id).map(|view| view.name().to_owned()),
        Target::Team(id) => directory.team(id).map(|known| known.name.clone()),
        Target::CustomRole(id) => directory.custom_role(id).map(|known| known.properties.name.clone()),
        Target::Invitation(id) => directory.invitation(id).map(|known| known.email.to_string()),
    }
}

/// What is gone was told by its name as it went, an invitation by its address.
fn name_told(event: &Event) -> Option<String> {
    let told = event.facts_before().iter().chain(event.facts_after());
    told.into_iter().find(|fact| matches!(fact.name, "name" | "email")).map(|fact| fact.value.clone())
}

/// Facts in their order, as pairs: a workspace and its role may both be there more than once.
fn facts(facts: &[Fact]) -> String {
    json!(facts.iter().map(|fact| (fact.name, &fact.value)).collect::<Vec<_>>()).to_string()
}
