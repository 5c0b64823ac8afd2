//! The Service Accounts page of an organization: is it in use, what can it reach, when does it end, who made it.
//!
//! One pass over all accounts counts the views and finds the page; see [`survey`]. What the directory knows of a row
//! (what it reaches) is looked up for the rows that are shown alone.

mod access;
mod account;
mod asked;
mod row;
mod survey;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use claviger_access::authorize::{ManageServiceAccounts, Scope, authorize};
use claviger_access::directory::Organization;
use claviger_access::effective;
use claviger_access::identity::OrganizationId;
use claviger_access::role::OrganizationRole;
use claviger_access::{Permit, Refusal};

use self::account::Account;
use self::asked::{Asked, Column, Order, View};
use self::row::{Row, Tone};
use self::survey::{Found, PAGE_LENGTH, Survey};
use super::error_page::ErrorPage;
use super::frame::{Frame, Link};
use super::page::page;
use super::signed_in::SignedIn;
use super::{Console, words};
use crate::store::StoreError;
use crate::store::service_accounts::Window;

const TITLE: &str = "Service Accounts";

/// So many rows are read at a time.
const READ_AT_ONCE: u32 = 1_000;

/// So many are named of those who may see what somebody may not.
const NAMED_MAX: usize = 5;

/// The page's address.
pub(super) fn path(organization: OrganizationId) -> String {
    format!("/console/organizations/{organization}/service-accounts")
}

/// A view with how many accounts it has.
struct ViewLink {
    link: Link,
    count: String,
    title: &'static str,
}

/// A heading that orders by its column.
struct Heading {
    path: String,
    text: &'static str,
    /// `ascending`, `descending`, or nothing.
    sort: &'static str,
}

#[derive(Template)]
#[template(path = "console/service_accounts.html")]
struct Page<'p> {
    frame: &'p Frame,
    organization: &'p str,
    path: &'p str,
    /// How many accounts there are.
    all: String,
    views: Vec<ViewLink>,
    /// The view that is shown and the order, where they are not as usual, for the search form.
    view: &'static str,
    sort: Option<String>,
    search: &'p str,
    headings: [Heading; 4],
    order: &'static str,
    rows: Vec<Row>,
    /// Such as "1 to 25 of 214".
    range: String,
    previous: Option<String>,
    next: Option<String>,
    /// The address without the search.
    unsearched: String,
    /// How many accounts were searched.
    searched: String,
    command: String,
    /// The same that makes the first account.
    create: String,
}

/// The page.
pub(super) async fn list(
    State(console): State<Console>,
    signed_in: SignedIn,
    Path(organization): Path<String>,
    asked: Asked,
) -> Result<Response, ErrorPage> {
    let organization = organization_of(&organization).ok_or_else(|| nowhere(&signed_in))?;
    let scope = Scope::Organization(organization);
    let permit = authorize::<ManageServiceAccounts>(&signed_in.held, &signed_in.caller, scope, signed_in.now);
    let permit = permit.map_err(|refusal| refused(&signed_in, organization, &refusal))?;
    let known = signed_in.held.organization(organization).ok_or_else(|| nowhere(&signed_in))?;
    let found = found(&console, &signed_in, &permit, &asked).await;
    let found = found.map_err(|error| ErrorPage::unread(&error, &signed_in.origin).inside(&signed_in, Some(organization)))?;
    let path = path(organization);
    if found.is_astray(&asked) {
        return Ok(Redirect::to(&asked.address(&path, None)).into_response());
    }
    let frame = Frame::of(&signed_in, Some(organization));
    let rows = found.page.iter().map(|account| Row::of(&signed_in.held, known, account, signed_in.now.seconds()));
    let rows = rows.collect();
    Ok(page(StatusCode::OK, &Page::of(&frame, known, &path, &asked, &found, rows)))
}

/// The id in the path, which is written in one way alone.
fn organization_of(text: &str) -> Option<OrganizationId> {
    text.parse().ok().and_then(OrganizationId::new).filter(|id| id.to_string() == text)
}

/// Goes through all accounts.
async fn found(
    console: &Console,
    signed_in: &SignedIn,
    permit: &Permit<ManageServiceAccounts>,
    asked: &Asked,
) -> Result<Found, StoreError> {
    let (held, node) = (&signed_in.held, &console.node);
    // Who was deleted keeps his username.
    let edge = asked.cursor.map(|cursor| {
        let name = held.principal(cursor.id).map_or("", |view| view.name());
        cursor.place(asked.order, name)
    });
    let mut survey = Survey::new(asked, edge);
    let mut window = Window { after: None, limit: Some(READ_AT_ONCE), search: None };
    loop {
        let rows = node.store.service_accounts(permit, &window).await?;
        let is_last = rows.len() < READ_AT_ONCE as usize;
        window.after = rows.last().map(|row| row.id);
        for row in rows {
            survey.add(Account::of(held, &node.last_used, permit.organization(), row, signed_in.now));
        }
        if is_last {
            return Ok(survey.end());
        }
    }
}

impl<'p> Page<'p> {
    fn of(
        frame: &'p Frame,
        known: &'p Organization,
        path: &'p str,
        asked: &'p Asked,
        found: &Found,
        rows: Vec<Row>,
    ) -> Self {
        let shown = |view: View| View::EACH.into_iter().zip(found.counts).find(|(each, _)| *each == view);
        let count = |view: View| words::count(shown(view).map_or(0, |(_, count)| count));
        let (first, last) = (found.begin + 1, found.begin + rows.len());
        let search = (!asked.search.is_empty()).then(|| format!(" --search {}", words::shell_word(&asked.search)));
        let ownerless = if asked.view == View::NoOwner { " --ownerless" } else { "" };
        Self {
            frame,
            organization: &known.name,
            path,
            all: count(View::All),
            views: View::EACH.into_iter().map(|view| asked.view_link(path, view, count(view))).collect(),
            view: asked.view.name(),
            sort: (asked.order != Order::default()).then(|| asked.sort()),
            search: &asked.search,
            headings: Column::EACH.map(|column| asked.heading(path, column)),
            order: asked.order.told(),
            rows,
            range: format!("{} to {} of {}", words::count(first), words::count(last), words::count(found.matching)),
            previous: found.previous.as_ref().map(|cursor| asked.address(path, Some(cursor))),
            next: found.next.as_ref().map(|cursor| asked.address(path, Some(cursor))),
            unsearched: Asked { search: String::new(), ..asked.clone() }.address(path, None),
            searched: count(asked.view),
            command: format!(
                "claviger service-account list --organization {}{}{ownerless}",
                known.id,
                search.unwrap_or_default()
            ),
            create: format!(
                "claviger service-account create nightly-export --organization {}{} --expires-in 90d",
                known.id,
                known.projects.first().map(|project| format!(" --project {project}:analyst")).unwrap_or_default()
            ),
        }
    }

    /// How many rows the next page has, at most.
    fn page_length(&self) -> usize {
        PAGE_LENGTH
    }
}

impl Asked {
    fn view_link(&self, path: &str, view: View, count: String) -> ViewLink {
        let title = match view {
            View::Of(account::State::Expiring) => "Expire within 30 days",
            View::Of(account::State::Unused) => "Not used for 90 days",
            _ => "",
        };
        let address = Asked { view, ..self.clone() }.address(path, None);
        ViewLink { link: Link { path: address, text: view.label().to_owned(), is_current: view == self.view }, count, title }
    }

    fn heading(&self, path: &str, column: Column) -> Heading {
        let text = match column {
            Column::Name => "Name",
            Column::LastUsed => "Last used",
            Column::Expires => "Expires",
            Column::Created => "Created",
        };
        let sort = match (self.order.column == column, self.order.is_descending) {
            (false, _) => "",
            (true, false) => "ascending",
            (true, true) => "descending",
        };
        Heading { path: Asked { order: self.order.by(column), ..self.clone() }.address(path, None), text, sort }
    }
}

fn nowhere(signed_in: &SignedIn) -> ErrorPage {
    ErrorPage::no_such_organization().inside(signed_in, None)
}

/// What is said to who may not see the page.
fn refused(signed_in: &SignedIn, organization: OrganizationId, refusal: &Refusal) -> ErrorPage {
    let held = &signed_in.held;
    let role = signed_in.view().and_then(|view| effective::organization_role(&view, organization));
    match (refusal, held.organization(organization), role) {
        (Refusal::PermissionMissing { .. }, Some(known), Some(role)) => {
            let strong = format!("Only owners and admins of {} see its service accounts.", known.name);
            let more = format!("You are a {}.{}", words::role(role).to_lowercase(), whom_to_ask(signed_in, known));
            ErrorPage::not_allowed(TITLE, &strong, &more).inside(signed_in, Some(organization))
        }
        (Refusal::NotAuthenticated, ..) => ErrorPage::stale_form(),
        _ => nowhere(signed_in),
    }
}

/// People of the organization who may see it.
fn whom_to_ask(signed_in: &SignedIn, known: &Organization) -> String {
    let people = known.people.iter().filter_map(|id| signed_in.held.principal(*id));
    let may = people.filter(|view| {
        effective::organization_role(view, known.id).is_some_and(|role| role >= OrganizationRole::Admin)
    });
    let names: Vec<&str> = may.take(NAMED_MAX).map(|view| view.name()).collect();
    if names.is_empty() { String::new() } else { format!(" Ask one of them: {}.", names.join(", ")) }
}
