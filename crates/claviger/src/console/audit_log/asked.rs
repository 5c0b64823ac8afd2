//! What of a log was asked for: filters, which page, which row is open. All of it is in the address, so that every view can
//! be shared; filters have the API's names.
//!
//! Where the API takes numbers, a page takes what people know as well: a day, a username or what rows show of it, an
//! e-mail address, a name. Several may be called so: all of them are meant. What is found by a name is what the log's
//! reader may see: in a project's log, who and what is in the project.
//!
//! What must stay true: a filter that cannot be read is refused, never passed over, for an export would hold more than was
//! asked for.

use axum::extract::{FromRequestParts, Query};
use axum::http::StatusCode;
use axum::http::request::Parts;
use claviger_access::authorize::Scope;
use claviger_access::directory::{Organization, PrincipalView};
use claviger_access::email::EmailAddress;
use claviger_access::identity::{OrganizationId, ProjectId};
use claviger_access::{Directory, effective};
use claviger_wire::time;
use serde::Deserialize;

use super::TITLE;
use crate::api::audit_export::FileForm;
use crate::api::audit_filter;
use crate::console::error_page::ErrorPage;
use crate::console::service_accounts::row::short;
use crate::store::audit_log::{EventFilter, EventPlace, LogEnds};

/// Most characters of a filter: longer than any username.
const LENGTH_MAX: usize = 256;

/// So many may be called as a filter says.
const CALLED_SO_MAX: usize = 50;

/// Where a page begins or ends: after an event in the list, or before one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cursor {
    After(EventPlace),
    Before(EventPlace),
}

impl Cursor {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let (way, made_at, id) = (parts.next()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let place = EventPlace { made_at, id };
        match (way, parts.next()) {
            ("after", None) => Some(Self::After(place)),
            ("before", None) => Some(Self::Before(place)),
            _ => None,
        }
    }

    pub(super) fn text(self) -> String {
        let (way, EventPlace { made_at, id }) = match self {
            Self::After(place) => ("after", place),
            Self::Before(place) => ("before", place),
        };
        format!("{way}.{made_at}.{id}")
    }

    /// The page that begins with this event.
    pub(super) fn beginning_with(place: EventPlace) -> Self {
        Self::After(EventPlace { id: place.id.saturating_add(1), ..place })
    }
}

/// The filters, as they were typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Written {
    pub from: String,
    pub to: String,
    pub actor: String,
    pub action: String,
    pub target: String,
    pub project: String,
}

/// A filter that cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub field: &'static str,
    pub sentence: String,
}

/// What filters mean.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meant {
    Events(EventFilter),
    /// Nothing is called so.
    Nobody,
}

/// What was asked for.
#[derive(Debug, Clone, Default)]
pub(in crate::console) struct Asked {
    pub(super) written: Written,
    pub(super) cursor: Option<Cursor>,
    /// The event whose details are shown.
    pub(super) open: Option<i64>,
    pub(super) follows: bool,
    /// Where the log ended on the page that follows it.
    pub(super) since: Option<LogEnds>,
    pub(super) form: Option<FileForm>,
}

#[derive(Deserialize)]
struct Text {
    from: Option<String>,
    to: Option<String>,
    actor: Option<String>,
    action: Option<String>,
    target: Option<String>,
    project: Option<String>,
    cursor: Option<String>,
    open: Option<String>,
    follow: Option<String>,
    since: Option<String>,
    format: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = ErrorPage;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ErrorPage> {
        let Query(text) = Query::<Text>::from_request_parts(parts, state).await.map_err(|_| {
            let strong = "These filters cannot be read. Give each of them once.";
            ErrorPage::not_done(StatusCode::BAD_REQUEST, TITLE, strong, "")
        })?;
        let plain = |text: Option<String>| {
            let text = text.unwrap_or_default();
            text.trim().chars().filter(|c| !c.is_control()).take(LENGTH_MAX).collect::<String>()
        };
        Ok(Self {
            written: Written {
                from: plain(text.from),
                to: plain(text.to),
                actor: plain(text.actor),
                action: plain(text.action),
                target: plain(text.target),
                project: plain(text.project),
            },
            cursor: text.cursor.as_deref().and_then(Cursor::parse),
            open: text.open.and_then(|open| open.parse().ok()),
            follows: text.follow.as_deref() == Some("1"),
            since: text.since.as_deref().and_then(read_ends),
            form: text.format.as_deref().and_then(FileForm::named),
        })
    }
}

/// Both ends of a log, as an address and a stream have them.
pub(super) fn ends_text(ends: LogEnds) -> String {
    format!("{}.{}", ends.mutations, ends.observations)
}

/// Reads them back.
pub(super) fn read_ends(text: &str) -> Option<LogEnds> {
    let (mutations, observations) = text.split_once('.')?;
    let number = |text: &str| text.parse::<i64>().ok().filter(|number| *number >= 0);
    Some(LogEnds { mutations: number(mutations)?, observations: number(observations)? })
}

impl Written {
    /// Those that were given, by name.
    pub(super) fn given(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("target", self.target.as_str()),
            ("action", &self.action),
            ("actor", &self.actor),
            ("from", &self.from),
            ("to", &self.to),
            ("project", &self.project),
        ]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
    }

    /// What they mean in a log of this organization.
    pub(super) fn meant(
        &self,
        directory: &Directory,
        organization: &Organization,
        scope: Scope,
    ) -> Result<Meant, Vec<Wrong>> {
        let names = Names { directory, organization, scope };
        let mut wrong = Vec::new();
        let mut refuse = |field: &'static str, sentence: &str| {
            wrong.push(Wrong { field, sentence: sentence.to_owned() });
        };
        let day = "Write a day such as 2026-11-24, or a moment with its zone such as 2026-11-24T20:15:00Z.";
        let mut filter = EventFilter::default();
        for (field, text, to) in [("from", &self.from, &mut filter.from), ("to", &self.to, &mut filter.to)] {
            *to = moment(text);
            if to.is_none() && !text.is_empty() {
                refuse(field, day);
            }
        }
        filter.action = audit_filter::action(&self.action);
        if filter.action.is_none() && !self.action.is_empty() {
            refuse("action", "Write the name of an event, or service_account.* for all of a kind.");
        }
        filter.project = audit_filter::id(&self.project).and_then(ProjectId::new);
        if filter.project.is_none() && !self.project.is_empty() {
            refuse("project", "Write the number of a project.");
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        filter.actors = audit_filter::id(&self.actor).map_or_else(|| names.principals(&self.actor), |id| vec![id]);
        filter.targets = audit_filter::target(&self.target).map_or_else(|| names.targets(&self.target), |it| vec![it]);
        for (field, number) in [("actor", filter.actors.len()), ("target", filter.targets.len())] {
            if number > CALLED_SO_MAX {
                let sentence = format!("More than {CALLED_SO_MAX} are called so. Write a whole username.");
                wrong.push(Wrong { field, sentence });
            }
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let is_nobody = (filter.actors.is_empty() && !self.actor.is_empty())
            || (filter.targets.is_empty() && !self.target.is_empty());
        Ok(if is_nobody { Meant::Nobody } else { Meant::Events(filter) })
    }
}

/// A day as its first second, or a moment.
fn moment(text: &str) -> Option<i64> {
    let is_day = text.len() == 10;
    time::parse(&if is_day { format!("{text}T00:00:00Z") } else { text.to_owned() }).ok()
}

/// What can be found by a name in a log.
struct Names<'d> {
    directory: &'d Directory,
    organization: &'d Organization,
    scope: Scope,
}

impl Names<'_> {
    /// Somebody by his username or his address, or all that are called so for short.
    fn principals(&self, text: &str) -> Vec<u64> {
        if text.is_empty() {
            return Vec::new();
        }
        let account = self.directory.service_account_named(text);
        let account = account.filter(|view| view.organization() == Some(self.organization.id));
        let person = || {
            let person = self.directory.person_with_email(&EmailAddress::parse(text).ok()?)?;
            let view = self.directory.principal(person.id)?;
            effective::is_member(&view, self.organization.id).then_some(view)
        };
        let found = account.or_else(person).map_or_else(|| self.called(text), |one| vec![one]);
        found.into_iter().filter(|view| self.is_seen(view)).map(|view| view.id().number()).collect()
    }

    /// Accounts by the start of their username, with its digits, as rows show it, or without; and people by their name.
    fn called(&self, text: &str) -> Vec<PrincipalView<'_>> {
        let wanted = text.to_lowercase();
        let suffix = format!(".{}", self.directory.username_suffix().as_str());
        let is_called = |view: &PrincipalView<'_>| {
            let shown = view.name().strip_suffix(&suffix).unwrap_or(view.name());
            [short(view.name()), shown].iter().any(|name| name.to_lowercase() == wanted)
        };
        let people = self.organization.people.iter().filter_map(|id| self.directory.principal(*id));
        let people = people.filter(|view| view.name().to_lowercase() == wanted);
        let accounts = self.directory.accounts_ever_of(self.organization.id);
        accounts.filter(is_called).chain(people).collect()
    }

    fn is_seen(&self, view: &PrincipalView<'_>) -> bool {
        match self.scope {
            Scope::Organization(_) => true,
            Scope::Project(project) => effective::project_role(self.directory, view, project).is_some(),
        }
    }

    /// Those people and accounts, projects, teams, roles of a project that are called so, and the organization itself.
    fn targets(&self, text: &str) -> Vec<(String, u64)> {
        if text.is_empty() {
            return Vec::new();
        }
        let of = |kind: &str, number: u64| (kind.to_owned(), number);
        let wanted = text.to_lowercase();
        let is_called = |name: &str| name.to_lowercase() == wanted;
        let projects = || {
            let seen = self.organization.projects.iter().filter_map(|id| self.directory.project(*id));
            seen.filter(|project| [Scope::Project(project.id), self.organization_scope()].contains(&self.scope))
        };
        let teams = self.organization.teams.iter().filter_map(|id| self.directory.team(*id));
        let teams = teams.filter(|_| self.scope == self.organization_scope());
        let roles = projects().flat_map(|project| &project.custom_roles);
        let roles = roles.filter(|id| {
            self.directory.custom_role(**id).is_some_and(|role| is_called(&role.properties.name.to_string()))
        });
        let mut found: Vec<_> = self.principals(text).into_iter().map(|number| of("principal", number)).collect();
        found.extend(
            projects().filter(|project| is_called(&project.name)).map(|project| of("project", project.id.number())),
        );
        found.extend(teams.filter(|team| is_called(&team.name)).map(|team| of("team", team.id.number())));
        found.extend(roles.map(|role| of("custom_role", role.number())));
        found.extend(is_called(&self.organization.name).then(|| of("organization", self.organization.id.number())));
        found
    }

    fn organization_scope(&self) -> Scope {
        let id: OrganizationId = self.organization.id;
        Scope::Organization(id)
    }
}

impl Asked {
    /// An address below this path with the same filters, and what is given.
    pub(super) fn address(&self, path: &str, more: &[(&str, &str)]) -> String {
        let mut given: Vec<(&str, &str)> = self.written.given().collect();
        given.extend_from_slice(more);
        match serde_urlencoded::to_string(given) {
            Ok(query) if !query.is_empty() => format!("{path}?{query}"),
            _ => path.to_owned(),
        }
    }

    /// The page at this cursor, followed or not as this one is.
    pub(super) fn page(&self, path: &str, cursor: Option<Cursor>) -> String {
        let cursor = cursor.map(Cursor::text);
        let more: Vec<_> = cursor.iter().map(|cursor| ("cursor", cursor.as_str())).collect();
        self.address(path, &more)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::audit_log::ActionFilter;

    async fn asked(query: &str) -> Option<Asked> {
        let request = axum::http::Request::builder().uri(format!("/x?{query}")).body(()).expect("a request");
        Asked::from_request_parts(&mut request.into_parts().0, &()).await.ok()
    }

    fn organization() -> Organization {
        crate::console::frame::tests::organization("Acme")
    }

    fn meant(written: &Written) -> Result<Meant, Vec<Wrong>> {
        let known = organization();
        written.meant(&Directory::empty(1), &known, Scope::Organization(known.id))
    }

    #[tokio::test]
    async fn an_address_is_read_back() {
        let query =
            "target=team%3A12&action=service_account.*&actor=9&from=2026-11-24&to=2026-11-25T00%3A00%3A00Z&project=3";
        let read =
            asked(&format!("{query}&cursor=after.-9.7&open=48207&follow=1&since=5.1000")).await.expect("filters");
        let place = EventPlace { made_at: -9, id: 7 };
        assert_eq!((read.cursor, read.open, read.follows), (Some(Cursor::After(place)), Some(48_207), true));
        assert_eq!(read.since, Some(LogEnds { mutations: 5, observations: 1_000 }));
        assert_eq!(read.address("/x", &[]), format!("/x?{query}"));
        assert_eq!(read.page("/x", read.cursor), format!("/x?{query}&cursor=after.-9.7"));
        let nothing = asked("cursor=past.1.1&open=x&follow=0&since=1&format=xlsx&limit=5").await.expect("filters");
        assert!(
            nothing.cursor.is_none() && nothing.open.is_none() && nothing.since.is_none() && nothing.form.is_none()
        );
        assert_eq!(nothing.address("/x", &[]), "/x");
        assert!(asked("actor=1&actor=2").await.is_none(), "never more than was asked for");
    }

    #[test]
    fn days_and_names_mean_what_the_api_has_numbers_for() {
        let written = Written {
            from: "2026-11-24".to_owned(),
            to: "2026-11-24T20:15:03+01:00".to_owned(),
            action: "team.*".to_owned(),
            target: "acme".to_owned(),
            actor: "9".to_owned(),
            project: "3".to_owned(),
        };
        let filter = EventFilter {
            from: Some(1_795_478_400),
            to: Some(1_795_547_703),
            actors: vec![9],
            action: Some(ActionFilter::Beginning("team.".to_owned())),
            targets: vec![("organization".to_owned(), 7)],
            project: ProjectId::new(3),
        };
        assert_eq!(meant(&written), Ok(Meant::Events(filter)));
        assert_eq!(meant(&Written::default()), Ok(Meant::Events(EventFilter::default())));
        for unknown in ["nightly", "team:x", "=1", "nobody@example.com"] {
            let target = Written { target: unknown.to_owned(), ..Written::default() };
            let actor = Written { actor: unknown.to_owned(), ..Written::default() };
            assert_eq!([meant(&target), meant(&actor)], [Ok(Meant::Nobody), Ok(Meant::Nobody)], "{unknown}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused_field_by_field() {
        let written = Written {
            from: "yesterday".to_owned(),
            to: "2026-13-01".to_owned(),
            action: "team.exploded".to_owned(),
            project: "shop".to_owned(),
            ..Written::default()
        };
        let fields: Vec<_> = meant(&written).expect_err("wrong").iter().map(|wrong| wrong.field).collect();
        assert_eq!(fields, ["from", "to", "action", "project"]);
    }
}
