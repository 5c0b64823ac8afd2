//! What of the list was asked for: view, filters, search, order, and which page. All of it is in the address, so every view
//! can be shared; what cannot be read there is as if it were not.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::convert::Infallible;

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use claviger_access::identity::{PrincipalId, ProjectId};
use serde::Deserialize;

use super::account::{Account, State};
use super::choice::{Chosen, Things, Typed};
use super::filter::{Filter, Sought};
use crate::api::ids;
use crate::console::search::{lower, sought};

/// Which accounts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::console) enum View {
    #[default]
    All,
    Of(State),
    NoExpiry,
    NoOwner,
}

impl View {
    pub(super) const EACH: [Self; 8] = [
        Self::All,
        Self::Of(State::Active),
        Self::Of(State::Expiring),
        Self::Of(State::Expired),
        Self::Of(State::Unused),
        Self::Of(State::Disabled),
        Self::NoExpiry,
        Self::NoOwner,
    ];

    /// In an address; none for all.
    pub(in crate::console) fn name(self) -> &'static str {
        match self {
            Self::All => "",
            Self::Of(state) => state.name(),
            Self::NoExpiry => "no-expiry",
            Self::NoOwner => "no-owner",
        }
    }

    pub(super) fn label(self) -> &'static str {
        match self {
            Self::All => "All",
            Self::Of(State::Active) => "Active",
            Self::Of(State::Expiring) => "Expiring",
            Self::Of(State::Expired) => "Expired",
            Self::Of(State::Unused) => "Unused",
            Self::Of(State::Disabled) => "Disabled",
            Self::NoExpiry => "No expiry",
            Self::NoOwner => "No owner",
        }
    }

    pub(super) fn shows(self, account: &Account<'_>) -> bool {
        match self {
            Self::All => true,
            Self::Of(state) => account.state == state,
            Self::NoExpiry => account.expires.is_none(),
            Self::NoOwner => !account.is_owned,
        }
    }
}

/// What a list is ordered by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Column {
    Name,
    LastUsed,
    Expires,
    #[default]
    Created,
}

impl Column {
    pub(super) const EACH: [Self; 4] = [Self::Name, Self::LastUsed, Self::Expires, Self::Created];

    fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::LastUsed => "last_used",
            Self::Expires => "expires",
            Self::Created => "created",
        }
    }

    /// The order in which one looks first: names from A, what ends soonest, what is newest.
    fn first(self) -> Order {
        Order { column: self, is_descending: matches!(self, Self::LastUsed | Self::Created) }
    }
}

/// An order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Order {
    pub column: Column,
    pub is_descending: bool,
}

impl Default for Order {
    fn default() -> Self {
        Column::default().first()
    }
}

impl Order {
    fn parse(text: &str) -> Option<Self> {
        let (is_descending, name) = text.strip_prefix('-').map_or((false, text), |name| (true, name));
        let column = Column::EACH.into_iter().find(|column| column.name() == name)?;
        Some(Self { column, is_descending })
    }

    fn name(self) -> String {
        format!("{}{}", if self.is_descending { "-" } else { "" }, self.column.name())
    }

    /// For the table's caption.
    pub(super) fn told(self) -> &'static str {
        match (self.column, self.is_descending) {
            (Column::Name, false) => "by name",
            (Column::Name, true) => "by name, from Z",
            (Column::LastUsed, true) => "most recently used first",
            (Column::LastUsed, false) => "longest unused first",
            (Column::Expires, false) => "what ends soonest first",
            (Column::Expires, true) => "what ends last first",
            (Column::Created, true) => "most recently created first",
            (Column::Created, false) => "first created first",
        }
    }

    /// The order that the heading of this column leads to: the other way round where it is this one's.
    pub(super) fn by(self, column: Column) -> Self {
        if self.column == column { Self { is_descending: !self.is_descending, ..self } } else { column.first() }
    }

    /// Where an account stands in it.
    pub(super) fn place<'d>(self, account: &Account<'d>) -> Place<'d> {
        let (name, number) = match self.column {
            Column::Name => (Some(lower(account.username)), 0),
            Column::LastUsed => (None, account.last_used.unwrap_or(i64::MIN)),
            Column::Expires => (None, account.expires.unwrap_or(i64::MAX)),
            Column::Created => (None, account.created),
        };
        self.place_at(name, number, account.id)
    }

    fn place_at(self, name: Option<Cow<'_, str>>, number: i64, id: PrincipalId) -> Place<'_> {
        let at = (name, number, id);
        if self.is_descending { Place::Down(Reverse(at)) } else { Place::Up(at) }
    }
}

/// A place in an order. No two accounts have the same. Where names do not count there is none: comparing two empty texts
/// takes as long as all else that is done for an account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place<'d> {
    Up((Option<Cow<'d, str>>, i64, PrincipalId)),
    Down(Reverse<(Option<Cow<'d, str>>, i64, PrincipalId)>),
}

/// Where a page begins or ends: after an account, or before one. Usernames are in no address, so a name is found again by
/// its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cursor {
    pub is_after: bool,
    number: i64,
    pub id: PrincipalId,
}

impl Cursor {
    #[cfg(test)]
    pub(super) fn new(is_after: bool, number: i64, id: u64) -> Self {
        Self { is_after, number, id: PrincipalId::new(id).expect("an id") }
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let (way, number, id) = (parts.next()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let is_after = match way {
            "after" => true,
            "before" => false,
            _ => return None,
        };
        parts.next().is_none().then_some(Self { is_after, number, id: PrincipalId::new(id)? })
    }

    /// The place that it names, in an order; `name` is the username of its account.
    pub(super) fn place(self, order: Order, name: &str) -> Place<'_> {
        let name = (order.column == Column::Name).then(|| lower(name));
        order.place_at(name, self.number, self.id)
    }
}

impl Place<'_> {
    /// The page after it, or before it.
    pub(super) fn cursor(&self, is_after: bool) -> String {
        let (_, number, id) = match self {
            Self::Up(at) | Self::Down(Reverse(at)) => at,
        };
        format!("{}.{number}.{id}", if is_after { "after" } else { "before" })
    }
}

/// What was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::console) struct Asked {
    pub(super) view: View,
    pub(super) filter: Filter,
    /// What the project of the filter is searched for by, as long as it is not clear which is meant.
    pub(super) project_search: String,
    pub(super) search: String,
    pub(super) order: Order,
    pub(super) cursor: Option<Cursor>,
}

#[derive(Deserialize, Default)]
struct Written {
    view: Option<String>,
    project: Option<String>,
    search_project: Option<String>,
    role: Option<String>,
    search: Option<String>,
    sort: Option<String>,
    cursor: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let written = Query::<Written>::from_request_parts(parts, state).await;
        let written = written.map(|Query(written)| written).unwrap_or_default();
        let view = written.view.and_then(|name| View::EACH.into_iter().find(|view| view.name() == name));
        let project_search = written.search_project.as_deref().map(sought);
        // Whoever empties the field wants any.
        let is_any = project_search.as_deref() == Some("");
        Ok(Self {
            view: view.unwrap_or_default(),
            filter: Filter {
                project: written.project.as_deref().and_then(ids::read).filter(|_| !is_any),
                role: written.role.as_deref().and_then(Sought::parse),
            },
            project_search: project_search.unwrap_or_default(),
            search: sought(&written.search.unwrap_or_default()),
            order: written.sort.as_deref().and_then(Order::parse).unwrap_or_default(),
            cursor: written.cursor.as_deref().and_then(Cursor::parse),
        })
    }
}

impl Asked {
    /// The same with the project that is meant, of these. One that is none of them is as if it were not there.
    pub(super) fn settled(mut self, projects: &Things) -> Self {
        let value = self.filter.project.map(|id| id.to_string()).unwrap_or_default();
        let named = projects.meant(&Typed { value: value.clone(), search: String::new() }, false);
        // A field that shows the project's name says the same as its number, though several may be called so.
        let is_its_name = matches!(&named, Chosen::One(known) if known.name == self.project_search);
        let chosen = match self.project_search.is_empty() || is_its_name {
            true => named,
            false => projects.meant(&Typed { value, search: self.project_search.clone() }, true),
        };
        self.filter.project = chosen.number().and_then(ProjectId::new);
        if self.filter.project.is_some() || !projects.are_many() {
            self.project_search.clear();
        }
        self
    }

    /// The same without filters.
    pub(super) fn unfiltered(&self) -> Self {
        Self { filter: Filter::default(), project_search: String::new(), ..self.clone() }
    }

    /// The address of a list below this path; `cursor` names the page.
    pub(super) fn address(&self, path: &str, cursor: Option<&str>) -> String {
        let order = if self.order == Order::default() { String::new() } else { self.sort() };
        let (project, role) = self.filter.names();
        let all = [
            ("view", self.view.name()),
            ("project", &project),
            ("search_project", &self.project_search),
            ("role", role),
            ("search", &self.search),
            ("sort", &order),
            ("cursor", cursor.unwrap_or("")),
        ];
        let said: Vec<_> = all.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        match serde_urlencoded::to_string(said) {
            Ok(query) if !query.is_empty() => format!("{path}?{query}"),
            _ => path.to_owned(),
        }
    }

    /// Whether the page begins after its cursor, or at the beginning; otherwise it ends before it.
    pub(super) fn is_after(&self) -> bool {
        self.cursor.is_none_or(|cursor| cursor.is_after)
    }

    /// The order, as an address has it.
    pub(super) fn sort(&self) -> String {
        self.order.name()
    }
}

#[cfg(test)]
mod tests {
    use super::super::choice::Thing;
    use super::*;

    async fn asked(query: &str) -> Asked {
        let request = axum::http::Request::builder().uri(format!("/x?{query}")).body(()).expect("a request");
        let Ok(asked) = Asked::from_request_parts(&mut request.into_parts().0, &()).await;
        asked
    }

    #[tokio::test]
    async fn an_address_is_read_back_and_what_it_does_not_hold_is_as_usual() {
        for query in [
            "view=no-owner&search=a%26b&sort=-last_used&cursor=after.-9.7",
            "sort=created",
            "view=expired",
            "view=unused&project=7&role=admin&search=x&sort=name&cursor=after.-9.7",
            "search_project=a%26b&role=custom",
            "project=7",
        ] {
            let read = asked(query).await;
            let cursor = query.contains("cursor").then_some("after.-9.7");
            assert_eq!(read.address("/x", cursor), format!("/x?{query}"));
        }
        for query in [
            "",
            "project=0&role=root",
            "project=07",
            "role=Admin",
            "search_project=+&project=7",
            "project=7&project=8",
            "view=mine",
            "sort=password",
            "cursor=after.1",
            "cursor=past.1.1",
            "view=a&view=b",
            "search=%00",
        ] {
            assert_eq!(asked(query).await, Asked::default(), "{query}");
        }
        assert_eq!(asked("sort=-created").await.address("/x", None), "/x");
    }

    /// So many projects; the last two are called alike.
    fn projects(many: u64) -> Things {
        let name = |number: u64| format!("Shop {}", number.min(many - 1));
        Things::new((1..=many).map(|number| Thing { number, name: name(number) }).collect(), "project", "Acme")
    }

    #[tokio::test]
    async fn a_project_is_meant_by_its_number_or_by_its_name() {
        for (many, query, settled) in [
            (9, "project=7&role=admin&search=x", "project=7&role=admin&search=x"),
            (9, "project=10&role=admin", "role=admin"),
            (9, "search_project=SHOP+7", "project=7"),
            (9, "search_project=shop", ""),
            (90, "project=7", "project=7"),
            (90, "project=91&view=expired", "view=expired"),
            (90, "search_project=shop+7", "project=7"),
            (90, "search_project=Shop+7&project=7", "project=7"),
            (90, "search_project=Shop+9&project=7", "project=9"),
            (90, "search_project=hop&project=7", "search_project=hop"),
            (90, "search_project=nigtly&role=owner", "search_project=nigtly&role=owner"),
            (90, "search_project=shop+89", "search_project=shop+89"),
            (90, "search_project=Shop+89&project=90", "project=90"),
        ] {
            let address = asked(query).await.settled(&projects(many)).address("/x", None);
            assert_eq!(address.trim_start_matches("/x").trim_start_matches('?'), settled, "{query} of {many}");
        }
        let filtered = asked("view=expired&project=7&role=admin&search=x&sort=name").await;
        assert_eq!(filtered.unfiltered().address("/x", None), "/x?view=expired&search=x&sort=name");
    }

    #[test]
    fn a_heading_leads_to_its_own_order_and_then_the_other_way_round() {
        let usual = Order::default();
        assert_eq!(
            (usual.by(Column::Created).name(), usual.by(Column::Name).name()),
            ("created".into(), "name".into())
        );
        assert_eq!(usual.by(Column::LastUsed).name(), "-last_used");
        assert_eq!(usual.by(Column::Name).by(Column::Name).name(), "-name");
    }
}
