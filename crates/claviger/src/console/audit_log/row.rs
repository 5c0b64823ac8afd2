//! A row of the log, as its template shows it: when, what to what, what changed, by whom and from where.
//!
//! Names are those of the time; a link is shown where what is named is still there and its page may be opened. Values are
//! told in words where they have some: a role, a day, a length of time. What is exact is in the row's details.

use std::collections::BTreeSet;

use askama::Template;
use claviger_access::Directory;
use claviger_access::authorize::Scope;
use claviger_access::identity::{
    CustomRoleId, OrganizationId, PrincipalId, PrincipalKind, ProjectId, TeamId, WorkspaceId,
};

use super::asked::Asked;
use crate::console::words;
use crate::store::audit_log::{ChainLink, RecordedEvent};

/// So many properties are told in a row, so many values of each, and so many characters of each value.
const CHANGES_MAX: usize = 3;
const VALUES_MAX: usize = 3;
const CHARACTERS_MAX: usize = 60;

/// A name, and where it leads.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub name: String,
    pub path: Option<String>,
}

/// A property that changed, or that something came or went with.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Change {
    pub name: String,
    pub old: Vec<String>,
    pub new: Vec<String>,
}

/// What is told of an open row.
pub(super) struct Details {
    pub request: String,
    pub address: String,
    pub before: Vec<String>,
    pub after: Vec<String>,
    /// Two digests, shortened; none of an event that is not as it was written, or is from before the chain.
    pub digest: Option<(String, String)>,
    /// The kind and number of what it is about, and all events of that.
    pub target: String,
    pub of_target: String,
    /// All events by the same actor.
    pub of_actor: Option<String>,
}

/// A row.
pub(super) struct Row {
    pub id: i64,
    pub number: String,
    pub time: String,
    pub date: String,
    pub action: String,
    pub target: Named,
    /// The project that it happened in, in the log of an organization.
    pub project: Option<String>,
    pub changes: Vec<Change>,
    pub more: usize,
    pub actor: Named,
    /// What kind of actor, and from where.
    pub from: String,
    /// Opens the details, or closes them.
    pub details_path: String,
    pub details: Option<Details>,
    /// It is not what was written in its place.
    pub is_broken: bool,
}

/// A row that a page did not come with.
#[derive(Template)]
#[template(path = "console/audit_log_row.html")]
pub(super) struct Fragment<'r> {
    pub row: &'r Row,
}

/// What rows of a log are told with.
pub(super) struct Teller<'d> {
    pub directory: &'d Directory,
    pub organization: OrganizationId,
    pub scope: Scope,
    /// Whether the reader may open accounts' pages.
    pub opens_accounts: bool,
    pub path: &'d str,
    pub asked: &'d Asked,
}

impl Teller<'_> {
    /// The row of an event. `toggle` is the address that opens its details or closes them.
    pub(super) fn row(&self, event: &RecordedEvent, toggle: String) -> Row {
        let mut changes = self.changes(event);
        let more = changes.len().saturating_sub(CHANGES_MAX);
        changes.truncate(CHANGES_MAX);
        let in_organization = matches!(self.scope, Scope::Organization(_));
        let project = event.project_id.filter(|_| in_organization && event.target_kind != "project");
        Row {
            id: event.id,
            number: number(event.id),
            time: words::time(event.made_at),
            date: words::date(event.made_at),
            action: event.action.clone(),
            target: self.target(event),
            project: project.map(|id| self.name_of_project(id)),
            changes,
            more,
            actor: self.actor(event),
            from: from(event),
            details_path: toggle,
            details: None,
            is_broken: false,
        }
    }

    /// What its open row tells beside.
    pub(super) fn details(&self, event: &RecordedEvent, link: Option<&ChainLink>) -> Details {
        let facts = |facts: &[(String, String)]| -> Vec<String> {
            facts.iter().map(|(name, value)| format!("{name}: {value}")).collect()
        };
        let target = format!("{}:{}", event.target_kind, event.target_id);
        let all = |name: &str, value: &str| Asked::default().address(self.path, &[(name, value)]);
        Details {
            request: event.request_id.clone(),
            address: event.address.clone().unwrap_or_else(|| "none, on the host".to_owned()),
            before: facts(&event.before),
            after: facts(&event.after),
            digest: link.map(|link| (shortened(&link.digest.to_string()), shortened(&link.follows.to_string()))),
            of_target: all("target", &target),
            target,
            of_actor: event.actor_id.map(|id| all("actor", &id.to_string())),
        }
    }

    fn target(&self, event: &RecordedEvent) -> Named {
        let kind = event.target_kind.replace('_', " ");
        let name = event.target_name.as_deref().map(|name| self.short(name));
        let is_principal = event.target_kind == "principal";
        Named {
            name: name.unwrap_or_else(|| format!("{kind} {}", event.target_id)),
            path: is_principal.then(|| self.path_of_account(event.target_id)).flatten(),
        }
    }

    fn actor(&self, event: &RecordedEvent) -> Named {
        let name = event.actor_name.as_deref().map(|name| self.short(name));
        let path = event.actor_id.and_then(|id| self.path_of_account(id));
        let unnamed = || match event.actor_kind.as_str() {
            "operator" => "The operator".to_owned(),
            "stranger" => "A stranger".to_owned(),
            _ => event.actor_id.map_or_else(String::new, |id| format!("number {id}")),
        };
        Named { name: name.unwrap_or_else(unnamed), path }
    }

    /// The page of a service account that is still there, for who may open it.
    fn path_of_account(&self, id: i64) -> Option<String> {
        let id = PrincipalId::new(u64::try_from(id).ok()?)?;
        let view = self.directory.service_account(self.organization, id).filter(|_| self.opens_accounts)?;
        let is_there = view.kind() == PrincipalKind::ServiceAccount && !view.is_deleted();
        is_there.then(|| format!("/console/organizations/{}/service-accounts/{id}", self.organization))
    }

    /// Without the installation's suffix, which all usernames share.
    fn short(&self, name: &str) -> String {
        let suffix = format!(".{}", self.directory.username_suffix().as_str());
        cut(name.strip_suffix(&suffix).unwrap_or(name))
    }

    /// Properties in the order in which the event has them, those from before first.
    fn changes(&self, event: &RecordedEvent) -> Vec<Change> {
        let mut changes: Vec<Change> = Vec::new();
        for (is_new, facts) in [(false, &event.before), (true, &event.after)] {
            for (name, value) in facts {
                if name == "permissions" {
                    continue;
                }
                // Why something was refused is told by itself.
                let shown = if name == "reason" { String::new() } else { name.replace('_', " ") };
                let at = changes.iter().position(|change| change.name == shown).unwrap_or_else(|| {
                    changes.push(Change { name: shown, ..Change::default() });
                    changes.len() - 1
                });
                let values = if is_new { &mut changes[at].new } else { &mut changes[at].old };
                match values.len() {
                    ..VALUES_MAX => values.push(cut(&self.value(name, value))),
                    VALUES_MAX => values.push("…".to_owned()),
                    _ => {}
                }
            }
        }
        changes.extend(permissions(event));
        changes
    }

    fn value(&self, name: &str, value: &str) -> String {
        let Ok(number) = value.parse::<u64>() else {
            return match name {
                "username" => self.short(value),
                "reason" => value.replace('_', " "),
                "role" | "organization_role" | "holders_are" => words::label(&value.replace('_', " ")),
                _ => value.to_owned(),
            };
        };
        let seconds = i64::try_from(number).unwrap_or(i64::MAX);
        let named = match name {
            "expires" | "replaced_expires" => Some(words::date(seconds)),
            "secret_lifetime_max" if seconds % words::DAY == 0 => Some(words::several(seconds / words::DAY, "day")),
            "secret_lifetime_max" => Some(words::several(seconds, "second")),
            "role" => {
                let role = CustomRoleId::new(number).and_then(|id| self.directory.custom_role(id));
                role.map(|role| role.properties.name.to_string())
            }
            "workspace" => {
                let workspace = WorkspaceId::new(number).and_then(|id| self.directory.workspace(id));
                workspace.map(|workspace| workspace.name.clone())
            }
            "team" => TeamId::new(number).and_then(|id| self.directory.team(id)).map(|team| team.name.clone()),
            _ => None,
        };
        named.unwrap_or_else(|| value.to_owned())
    }

    fn name_of_project(&self, id: i64) -> String {
        let project = u64::try_from(id).ok().and_then(ProjectId::new).and_then(|id| self.directory.project(id));
        project.map_or_else(|| format!("project {id}"), |project| cut(&project.name))
    }
}

/// Of a list of permissions, those that came and those that went.
fn permissions(event: &RecordedEvent) -> Option<Change> {
    let listed = |facts: &[(String, String)]| -> BTreeSet<String> {
        let texts = facts.iter().filter(|(name, _)| name == "permissions").map(|(_, value)| value);
        texts.flat_map(|text| text.split_whitespace().map(str::to_owned)).collect()
    };
    let (before, after) = (listed(&event.before), listed(&event.after));
    let told = |these: &BTreeSet<String>, others: &BTreeSet<String>, sign: &str| -> Vec<String> {
        let differing: Vec<_> = these.difference(others).collect();
        let rest = differing.len().saturating_sub(VALUES_MAX);
        let told = differing.into_iter().take(VALUES_MAX).map(|name| format!("{sign} {}", cut(name)));
        told.chain((rest > 0).then(|| format!("{sign} {rest} more"))).collect()
    };
    let (old, new) = (told(&before, &after, "−"), told(&after, &before, "+"));
    (!old.is_empty() || !new.is_empty()).then(|| Change { name: "permissions".to_owned(), old, new })
}

/// What kind of actor, and from where.
fn from(event: &RecordedEvent) -> String {
    let kind = match event.actor_kind.as_str() {
        "person" => "person",
        "service_account" => "service account",
        "operator" => "on the host",
        "stranger" => "not signed in",
        other => other,
    };
    event.address.as_ref().map_or_else(|| kind.to_owned(), |address| format!("{kind}, {address}"))
}

/// A number of an event, with separators.
pub(super) fn number(id: i64) -> String {
    words::count(usize::try_from(id).unwrap_or(0))
}

fn cut(text: &str) -> String {
    words::cut(text, CHARACTERS_MAX)
}

/// `9f2c…41d7`.
fn shortened(digest: &str) -> String {
    let (begin, end) = (digest.get(..4), digest.get(digest.len().saturating_sub(4)..));
    format!("{}…{}", begin.unwrap_or_default(), end.unwrap_or_default())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::console::frame::tests::SCRIPT;

    pub(in crate::console::audit_log) fn event(id: i64) -> RecordedEvent {
        let fact = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        RecordedEvent {
            id,
            made_at: 1_795_551_303,
            actor_kind: "stranger".to_owned(),
            actor_id: Some(9),
            actor_name: Some(SCRIPT.to_owned()),
            action: "service_account.role_changed".to_owned(),
            target_kind: "principal".to_owned(),
            target_id: 12,
            target_name: Some(format!("{SCRIPT}.b2f9ed.service-account")),
            organization_id: 7,
            project_id: Some(3),
            request_id: "0".repeat(32),
            address: Some("2001:db8:1234:5678:1234:5678:1234:5678".to_owned()),
            before: vec![fact("role", "analyst"), fact(SCRIPT, SCRIPT)],
            after: vec![fact("role", "admin"), fact("expires", "1803000000"), fact(SCRIPT, SCRIPT)],
        }
    }

    fn teller<'d>(directory: &'d Directory, asked: &'d Asked) -> Teller<'d> {
        let organization = OrganizationId::new(7).expect("an id");
        let scope = Scope::Organization(organization);
        Teller { directory, organization, scope, opens_accounts: true, path: "/x", asked }
    }

    fn changes(before: &[(&str, &str)], after: &[(&str, &str)]) -> Vec<(String, String, String)> {
        let facts = |facts: &[(&str, &str)]| facts.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let event = RecordedEvent { before: facts(before), after: facts(after), ..event(1) };
        let (directory, asked) = (Directory::empty(1), Asked::default());
        let changes = teller(&directory, &asked).changes(&event);
        changes.into_iter().map(|change| (change.name, change.old.join("|"), change.new.join("|"))).collect()
    }

    fn told(name: &str, old: &str, new: &str) -> (String, String, String) {
        (name.to_owned(), old.to_owned(), new.to_owned())
    }

    #[test]
    fn a_change_is_told_as_it_was_and_as_it_is() {
        assert_eq!(changes(&[("role", "analyst")], &[("role", "admin")]), [told("role", "Analyst", "Admin")]);
        assert_eq!(
            changes(&[("secret_lifetime_max", "none")], &[("secret_lifetime_max", "7776000")]),
            [told("secret lifetime max", "none", "90 days")]
        );
        assert_eq!(
            changes(&[], &[("username", "x"), ("expires", "never"), ("expires", "1803000000")]),
            [told("username", "", "x"), told("expires", "", "never|19 Feb 2027")]
        );
        assert_eq!(
            changes(&[("permissions", "a:b c:d")], &[("permissions", "c:d e:f g:h i:j k:l")]),
            [told("permissions", "− a:b", "+ e:f|+ g:h|+ i:j|+ 1 more")]
        );
        assert_eq!(
            changes(&[("roles", "1"), ("roles", "2"), ("roles", "3"), ("roles", "4"), ("roles", "5")], &[]),
            [told("roles", "1|2|3|…", "")]
        );
        assert_eq!(changes(&[], &[("reason", "permission_missing")]), [told("", "", "permission missing")]);
        assert_eq!(changes(&[("name", &"ä".repeat(200))], &[]), [told("name", &format!("{}…", "ä".repeat(60)), "")]);
    }

    #[test]
    fn who_did_it_and_from_where_is_told_of_every_kind() {
        let (directory, asked) = (Directory::empty(1), Asked::default());
        let teller = teller(&directory, &asked);
        for (kind, id, name, address, told) in [
            ("person", Some(9), Some("Ada"), Some("192.0.2.44"), ("Ada", "person, 192.0.2.44")),
            ("service_account", Some(9), Some("bot.b2f9ed.service-account"), None, ("bot.b2f9ed", "service account")),
            ("operator", None, None, None, ("The operator", "on the host")),
            ("stranger", None, None, Some("10.20.7.3"), ("A stranger", "not signed in, 10.20.7.3")),
        ] {
            let event = RecordedEvent {
                actor_kind: kind.to_owned(),
                actor_id: id,
                actor_name: name.map(str::to_owned),
                address: address.map(str::to_owned),
                ..event(1)
            };
            let row = teller.row(&event, String::new());
            assert_eq!((row.actor.name.as_str(), row.from.as_str()), told, "{kind}");
            assert_eq!(row.actor.path, None, "nobody of this number is there");
        }
    }

    #[test]
    fn a_row_that_is_sent_is_text_whatever_it_holds() {
        let (directory, asked) = (Directory::empty(1), Asked::default());
        let row = teller(&directory, &asked).row(&event(48_207), "/x?open=48207#e48207".to_owned());
        let text = Fragment { row: &row }.render().expect("a row");
        assert!(!text.contains("<script") && text.contains("&#60;script&#62;"), "{text}");
        assert!(text.starts_with("<tr role=\"row\" id=\"e48207\"") && text.contains("<del>Analyst</del>"), "{text}");
        assert!(text.contains("<ins>Admin</ins>"), "{text}");
    }
}
