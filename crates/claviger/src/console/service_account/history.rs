//! What the audit log tells of an account, for who may read it: its latest events, and who did what its page shows.
//!
//! The latest events are read once, and everything is looked for in them: what lies further back is left out. Only what
//! the page cannot do without is asked for by name.

use claviger_access::Directory;
use claviger_access::authorize::{ReadAuditLog, Scope, authorize};
use claviger_access::event::EventName;
use claviger_access::identity::{OrganizationId, PrincipalId, ProjectId, SecretId, TeamId, WorkspaceId};

use super::super::service_accounts::row::short;
use super::super::signed_in::SignedIn;
use super::super::{Console, words};
use super::words_of_refusals::role_named;
use crate::store::StoreError;
use crate::store::audit_log::{ActionFilter, EventFilter, RecordedEvent};

/// So many events are looked through.
const READ_MAX: u32 = 200;

/// So many are shown.
const SHOWN_MAX: usize = 5;

/// Most characters of an event's details.
const DETAILS_MAX: usize = 200;

/// Somebody did something then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Done {
    pub by: String,
    pub when: i64,
}

/// An account was deleted.
pub(super) struct Deletion {
    /// The name of who did it, and his id.
    pub by: String,
    pub actor: Option<PrincipalId>,
    /// The account's name.
    pub name: String,
    pub when: i64,
}

/// The latest events of an account, newest first.
pub(super) struct History {
    events: Vec<RecordedEvent>,
}

/// A row of the page.
pub(super) struct Row {
    pub time: String,
    pub action: String,
    pub details: String,
    pub by: String,
    /// How often in a row, where it is a refusal: told once, with its latest time.
    pub times: usize,
}

impl Row {
    fn repeats(&self, other: &Self) -> bool {
        let is_refusal = ["refused", "failed"].iter().any(|end| self.action.ends_with(end));
        is_refusal && (&self.action, &self.details, &self.by) == (&other.action, &other.details, &other.by)
    }
}

impl History {
    /// Nothing for who may not read the log.
    pub(super) async fn of(
        console: &Console,
        signed_in: &SignedIn,
        organization: OrganizationId,
        account: PrincipalId,
    ) -> Result<Option<Self>, StoreError> {
        let filter = EventFilter { targets: vec![target(account)], ..EventFilter::default() };
        let events = read(console, signed_in, organization, &filter, READ_MAX).await?;
        Ok(events.map(|events| Self { events }))
    }

    /// Who gave the account the role that it has on a project, or on one workspace of it.
    pub(super) fn given(&self, project: ProjectId, workspace: Option<WorkspaceId>) -> Option<Done> {
        let names = match workspace {
            None => [EventName::ServiceAccountAddedToProject, EventName::ServiceAccountRoleChanged],
            Some(_) => [EventName::ServiceAccountAddedToWorkspace, EventName::ServiceAccountWorkspaceRoleChanged],
        };
        let is_there = |event: &RecordedEvent| {
            event.project_id == i64::try_from(project.number()).ok()
                && workspace.is_none_or(|workspace| has(&event.after, "workspace", &workspace.to_string()))
        };
        self.latest(&names, is_there)
    }

    /// Who made a secret.
    pub(super) fn made_secret(&self, secret: SecretId) -> Option<Done> {
        let names = [EventName::ServiceAccountSecretCreated, EventName::ServiceAccountSecretRotated];
        self.latest(&names, |event| has(&event.after, "secret", &secret.to_string()))
    }

    fn latest(&self, names: &[EventName], is_it: impl Fn(&RecordedEvent) -> bool) -> Option<Done> {
        let named = |event: &&RecordedEvent| names.iter().any(|name| name.text() == event.action);
        self.events.iter().filter(named).find(|event| is_it(event)).map(done)
    }

    /// The latest of them as rows.
    pub(super) fn rows(&self, directory: &Directory) -> Vec<Row> {
        let row = |event: &RecordedEvent| Row {
            time: format!("{}, {}", words::date(event.made_at), words::time(event.made_at)),
            action: event.action.clone(),
            details: details(directory, event),
            by: actor(event),
            times: 1,
        };
        let mut rows: Vec<Row> = Vec::new();
        for event in &self.events {
            let row = row(event);
            if let Some(last) = rows.last_mut().filter(|last| last.repeats(&row)) {
                last.times += 1;
            } else if rows.len() < SHOWN_MAX {
                rows.push(row);
            } else {
                break;
            }
        }
        rows
    }

    /// The words of the link to all of them.
    pub(super) fn all(&self) -> String {
        match self.events.len() {
            0 => "The audit log".to_owned(),
            1 => "Its one event in the audit log".to_owned(),
            number if number < READ_MAX as usize => format!("All {} events in the audit log", words::count(number)),
            _ => "All events in the audit log".to_owned(),
        }
    }
}

/// Who last did a thing of this name to an account.
pub(super) async fn latest(
    console: &Console,
    signed_in: &SignedIn,
    (organization, account): (OrganizationId, PrincipalId),
    name: EventName,
) -> Result<Option<Done>, StoreError> {
    Ok(latest_event(console, signed_in, (organization, account), name).await?.as_ref().map(done))
}

/// Who deleted an account of the organization, if anybody did.
pub(super) async fn deletion(
    console: &Console,
    signed_in: &SignedIn,
    organization: OrganizationId,
    account: PrincipalId,
) -> Result<Option<Deletion>, StoreError> {
    let name = EventName::ServiceAccountDeleted;
    let event = latest_event(console, signed_in, (organization, account), name).await?;
    Ok(event.map(|event| Deletion {
        by: actor(&event),
        actor: event.actor_id.and_then(|id| u64::try_from(id).ok()).and_then(PrincipalId::new),
        name: event
            .target_name
            .as_deref()
            .map_or_else(|| format!("service account {account}"), |name| short(name).to_owned()),
        when: event.made_at,
    }))
}

async fn latest_event(
    console: &Console,
    signed_in: &SignedIn,
    (organization, account): (OrganizationId, PrincipalId),
    name: EventName,
) -> Result<Option<RecordedEvent>, StoreError> {
    let action = Some(ActionFilter::Named(name.text().to_owned()));
    let filter = EventFilter { targets: vec![target(account)], action, ..EventFilter::default() };
    Ok(read(console, signed_in, organization, &filter, 1).await?.and_then(|events| events.into_iter().next()))
}

async fn read(
    console: &Console,
    signed_in: &SignedIn,
    organization: OrganizationId,
    filter: &EventFilter,
    limit: u32,
) -> Result<Option<Vec<RecordedEvent>>, StoreError> {
    let scope = Scope::Organization(organization);
    let permit = authorize::<ReadAuditLog>(&signed_in.held, &signed_in.caller, scope, signed_in.now);
    let Ok(permit) = permit else { return Ok(None) };
    console.node.store.audit_log(&permit, filter, None, limit).await.map(Some)
}

fn target(account: PrincipalId) -> (String, u64) {
    ("principal".to_owned(), account.number())
}

fn done(event: &RecordedEvent) -> Done {
    Done { by: actor(event), when: event.made_at }
}

fn actor(event: &RecordedEvent) -> String {
    match (&event.actor_name, event.actor_kind.as_str()) {
        (Some(name), _) => short(name).to_owned(),
        (None, "operator") => "The operator".to_owned(),
        (None, "stranger") => "A stranger".to_owned(),
        (None, _) => "Somebody".to_owned(),
    }
}

fn has(facts: &[(String, String)], name: &str, value: &str) -> bool {
    facts.iter().any(|(known, is)| known == name && is == value)
}

/// What an event changed, in words: where, and each property with what it was and what it is.
fn details(directory: &Directory, event: &RecordedEvent) -> String {
    let project = event.project_id.and_then(|id| u64::try_from(id).ok()).and_then(ProjectId::new);
    let project = project.and_then(|id| directory.project(id)).map(|known| known.name.clone());
    let was = |name: &str| event.before.iter().find(|(known, _)| known == name).map(|(_, value)| value);
    let is = event.after.iter().map(|(name, value)| {
        if name == "reason" {
            return value.replace('_', " ");
        }
        let is = told(directory, name, value);
        match was(name) {
            Some(was) => format!("{}: {} to {is}", plain(name), told(directory, name, was)),
            None => format!("{}: {is}", plain(name)),
        }
    });
    let lost = event.before.iter().filter(|(name, _)| !event.after.iter().any(|(known, _)| known == name));
    let lost = lost.map(|(name, value)| format!("{} was {}", plain(name), told(directory, name, value)));
    let all: Vec<String> = project.into_iter().chain(is).chain(lost).collect();
    let all = all.join("; ");
    if all.chars().count() <= DETAILS_MAX {
        return all;
    }
    format!("{}…", all.chars().take(DETAILS_MAX).collect::<String>())
}

fn plain(name: &str) -> String {
    name.replace('_', " ")
}

fn told(directory: &Directory, name: &str, value: &str) -> String {
    let number = value.parse::<u64>().ok();
    let named = match name {
        "role" | "organization_role" => Some(role_named(directory, value)),
        "workspace" => {
            number.and_then(WorkspaceId::new).and_then(|id| directory.workspace(id)).map(|known| known.name.clone())
        }
        "team" => number.and_then(TeamId::new).and_then(|id| directory.team(id)).map(|known| known.name.clone()),
        "expires" | "replaced_expires" => value.parse().ok().map(words::date),
        _ => None,
    };
    named.unwrap_or_else(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(action: &str, before: &[(&str, &str)], after: &[(&str, &str)]) -> RecordedEvent {
        let facts = |facts: &[(&str, &str)]| facts.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        RecordedEvent {
            id: 1,
            made_at: 1_795_551_300,
            actor_kind: "person".to_owned(),
            actor_id: Some(9),
            actor_name: Some("MK".to_owned()),
            action: action.to_owned(),
            target_kind: "principal".to_owned(),
            target_id: 43,
            target_name: None,
            organization_id: 7,
            project_id: Some(101),
            request_id: String::new(),
            address: None,
            before: facts(before),
            after: facts(after),
        }
    }

    #[test]
    fn an_event_is_told_with_what_was_and_what_is() {
        let directory = Directory::empty(1);
        let told = |event: &RecordedEvent| details(&directory, event);
        let changed = event("service_account.role_changed", &[("role", "analyst")], &[("role", "admin")]);
        assert_eq!(told(&changed), "role: Analyst to Admin");
        let rotated = event(
            "service_account.secret_rotated",
            &[("secret", "5"), ("expires", "never")],
            &[("secret", "6"), ("replaced_expires", "1795551300")],
        );
        assert_eq!(told(&rotated), "secret: 5 to 6; replaced expires: 24 Nov 2026; expires was never");
        let long = event("service_account.updated", &[], &[("description", &"ä".repeat(2_000))]);
        assert_eq!(told(&long).chars().count(), DETAILS_MAX + 1);
    }

    #[test]
    fn equal_refusals_in_a_row_are_told_once_with_their_number() {
        let refused = || event("request.refused", &[], &[("reason", "permission_missing")]);
        let changed = || event("service_account.role_changed", &[], &[("role", "admin")]);
        let other = event("request.refused", &[], &[("reason", "address_not_allowed")]);
        let events = vec![refused(), refused(), refused(), changed(), changed(), other, refused()];
        let rows = History { events }.rows(&Directory::empty(1));
        let told: Vec<_> = rows.iter().map(|row| (row.details.as_str(), row.times)).collect();
        assert_eq!(
            told,
            [
                ("permission missing", 3),
                ("role: Admin", 1),
                ("role: Admin", 1),
                ("address not allowed", 1),
                ("permission missing", 1)
            ]
        );
        assert_eq!(History { events: Vec::new() }.all(), "The audit log");
    }

    #[test]
    fn the_latest_event_of_a_place_tells_who_gave_the_role() {
        let events = vec![
            event("service_account.removed_from_project", &[("role", "admin")], &[]),
            RecordedEvent { actor_name: Some("AS".to_owned()), ..event("service_account.role_changed", &[], &[]) },
            event("service_account.added_to_project", &[], &[]),
            event("service_account.added_to_workspace", &[], &[("workspace", "201")]),
        ];
        let history = History { events };
        let by = |project: u64, workspace: Option<u64>| {
            let workspace = workspace.and_then(WorkspaceId::new);
            history.given(ProjectId::new(project).expect("an id"), workspace).map(|done| done.by)
        };
        assert_eq!(by(101, None).as_deref(), Some("AS"));
        assert_eq!(by(101, Some(201)).as_deref(), Some("MK"));
        assert_eq!((by(102, None), by(101, Some(202))), (None, None));
    }
}
