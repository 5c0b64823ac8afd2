//! The Audit Log page of an organization and of a project: who did what to what, newest first, a page at a time.
//!
//! What the head says of the chain is what was looked at: the events that the page shows are held against the chain each
//! time that it is shown, in one snapshot, with the rows right before them. To follow a chain as a whole reads every event
//! there is, which no page view may; a check in the background would say "unbroken" of rows that may have been changed
//! since. So the words are of this page and this moment, and name the command that follows the whole log.
//!
//! A page begins after an event or ends before one, so nothing is lost or shown twice however much is written meanwhile.
//! An open row is in the address (`open`), with the page that it is on. [`live`] sends rows to a page that follows the log,
//! [`export`] the log as a file; both ask for the permit by themselves.

mod asked;
pub(super) mod export;
pub(super) mod live;
mod page;
mod row;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use claviger_access::Permit;
use claviger_access::authorize::{ManageServiceAccounts, ReadAuditLog, Scope, authorize};
use claviger_access::directory::Organization;
use claviger_access::identity::{OrganizationId, ProjectId};

use self::asked::{Asked, Cursor, Meant};
use self::page::{Chain, Page, Rows};
use self::row::{Row, Teller};
use super::Console;
use super::error_page::ErrorPage;
use super::frame::Frame;
use super::page::page;
use super::path::At;
use super::place::{OrganizationPage, Place, ProjectPage, may};
use super::refused::{Wanted, refused};
use super::signed_in::SignedIn;
use crate::api::ids::PathId;
use crate::store::StoreError;
use crate::store::audit_log::{EventFilter, EventPlace, RecordedEvent, SpotCheck};

const TITLE: &str = "Audit Log";

const READ: Wanted = Wanted { title: TITLE, deed: "read its audit log" };

/// So many events are on a page.
const PAGE_LENGTH: usize = 25;

/// Whose log.
#[derive(Clone, Copy)]
struct Log {
    scope: Scope,
    place: Place,
}

impl Log {
    fn of_organization(id: OrganizationId) -> Self {
        let place = Place::Organization(id, OrganizationPage::AuditLog);
        Self { scope: Scope::Organization(id), place }
    }

    fn of_project(id: ProjectId) -> Self {
        Self { scope: Scope::Project(id), place: Place::Project(id, ProjectPage::AuditLog) }
    }

    fn path(self) -> String {
        match self.scope {
            Scope::Organization(id) => OrganizationPage::AuditLog.path(id),
            Scope::Project(id) => ProjectPage::AuditLog.path(id),
        }
    }

    /// Lets in who may read it.
    fn admit(self, signed_in: &SignedIn) -> Result<Permit<ReadAuditLog>, ErrorPage> {
        let permit = authorize::<ReadAuditLog>(&signed_in.held, &signed_in.caller, self.scope, signed_in.now);
        permit.map_err(|refusal| refused(signed_in, self.place, &READ, &refusal))
    }

    /// What the filters mean, where they lead to a page or to nothing: elsewhere than on the page itself, where they are
    /// shown beside what is wrong with them.
    fn filter(self, signed_in: &SignedIn, known: &Organization, asked: &Asked) -> Result<EventFilter, ErrorPage> {
        let said = match asked.written.meant(&signed_in.held, known, self.scope) {
            Ok(Meant::Events(filter)) => return Ok(filter),
            Ok(Meant::Nobody) => "Nothing in this log is called so.".to_owned(),
            Err(wrong) => wrong.into_iter().map(|wrong| wrong.sentence).collect::<Vec<_>>().join(" "),
        };
        let back = asked.address(&self.path(), &[]);
        let page =
            ErrorPage::not_done(StatusCode::BAD_REQUEST, TITLE, &said, "").leads_to(&back, "Back to the filters");
        Err(page.inside(signed_in, self.place))
    }

    fn unread(self, signed_in: &SignedIn, error: &StoreError) -> ErrorPage {
        ErrorPage::unread(error, &signed_in.origin).inside(signed_in, self.place)
    }
}

/// The page of an organization's log.
pub(super) async fn of_organization(
    State(console): State<Console>,
    signed_in: SignedIn,
    At(PathId(organization)): At<PathId<OrganizationId>>,
    asked: Asked,
) -> Result<Response, ErrorPage> {
    show(&console, &signed_in, Log::of_organization(organization), &asked).await
}

/// The page of a project's log.
pub(super) async fn of_project(
    State(console): State<Console>,
    signed_in: SignedIn,
    At(PathId(project)): At<PathId<ProjectId>>,
    asked: Asked,
) -> Result<Response, ErrorPage> {
    show(&console, &signed_in, Log::of_project(project), &asked).await
}

async fn show(console: &Console, signed_in: &SignedIn, log: Log, asked: &Asked) -> Result<Response, ErrorPage> {
    let permit = log.admit(signed_in)?;
    let held = &signed_in.held;
    let known = held.organization(permit.organization()).ok_or_else(ErrorPage::no_such_organization)?;
    let path = log.path();
    let frame = Frame::of(signed_in, log.place);
    let (filter, wrong) = match asked.written.meant(held, known, log.scope) {
        Ok(Meant::Events(filter)) => (Some(filter), Vec::new()),
        Ok(Meant::Nobody) => (None, Vec::new()),
        Err(wrong) => (None, wrong),
    };
    let status = if wrong.is_empty() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    let found = match &filter {
        Some(filter) => found(console, &permit, filter, asked).await,
        None => Ok(Found::default()),
    };
    let found = found.map_err(|error| log.unread(signed_in, &error))?;
    if found.events.is_empty() && asked.cursor.is_some() || found.is_first_after_all {
        let open = asked.open.map(|open| open.to_string());
        let open: Vec<_> = open.iter().map(|open| ("open", open.as_str())).collect();
        return Ok(Redirect::to(&asked.address(&path, &open)).into_response());
    }
    if let Some(elsewhere) = elsewhere(console, signed_in, &permit, log, asked, &found).await? {
        return Ok(elsewhere);
    }
    let shown: Vec<i64> = found.events.iter().map(|event| event.id).collect();
    let checked = console.node.store.spot_check(&permit, &shown).await;
    let checked = checked.map_err(|error| log.unread(signed_in, &error))?;
    let teller = Teller {
        directory: held,
        organization: known.id,
        scope: log.scope,
        opens_accounts: may::<ManageServiceAccounts>(signed_in, Scope::Organization(known.id)),
        path: &path,
        asked,
    };
    let rows = found.rows(&teller, &checked);
    let chain = Chain::of(&checked, signed_in.now.seconds());
    Ok(page(status, &Page::of(&frame, &teller, known, filter.as_ref(), wrong, Rows { rows, chain, found: &found })))
}

/// Where an event that is to be open is, if it is not on this page; an error where it is in no page of this log.
async fn elsewhere(
    console: &Console,
    signed_in: &SignedIn,
    permit: &Permit<ReadAuditLog>,
    log: Log,
    asked: &Asked,
    found: &Found,
) -> Result<Option<Response>, ErrorPage> {
    let Some(open) = asked.open.filter(|open| found.events.iter().all(|event| event.id != *open)) else {
        return Ok(None);
    };
    let place = console.node.store.place_of_event(permit, open).await;
    let place = place.map_err(|error| log.unread(signed_in, &error))?;
    let Some(place) = place else {
        let strong = "No event with this number in this log.";
        let page = ErrorPage::not_done(StatusCode::NOT_FOUND, TITLE, strong, "It may be older than events are kept.");
        return Err(page.leads_to(&log.path(), "Back to the audit log").inside(signed_in, log.place));
    };
    // The filters hide it, or newer events have moved it on: its own page shows it.
    let (open, cursor) = (open.to_string(), Cursor::beginning_with(place).text());
    let address = Asked::default().address(&log.path(), &[("cursor", &cursor), ("open", &open)]);
    Ok(Some(Redirect::to(&address).into_response()))
}

/// A page of events.
#[derive(Default)]
struct Found {
    events: Vec<RecordedEvent>,
    /// Whether there are newer ones, and older ones.
    has_newer: bool,
    has_older: bool,
    /// It ends before an event, and is less than a page: it is the first one.
    is_first_after_all: bool,
    /// Where the log ended before it was read, for who follows it.
    ends: Option<crate::store::audit_log::LogEnds>,
}

async fn found(
    console: &Console,
    permit: &Permit<ReadAuditLog>,
    filter: &EventFilter,
    asked: &Asked,
) -> Result<Found, StoreError> {
    let (store, limit) = (&console.node.store, PAGE_LENGTH + 1);
    // Before the rows: what comes between is sent, and shown once.
    let ends = Some(store.audit_log_ends().await?);
    let limit = u32::try_from(limit).unwrap_or(u32::MAX);
    let is_more = |events: &mut Vec<RecordedEvent>| {
        let is_more = events.len() > PAGE_LENGTH;
        events.truncate(PAGE_LENGTH);
        is_more
    };
    let after = match asked.cursor {
        Some(Cursor::Before(place)) => {
            let mut events = store.audit_log_before(permit, filter, place, limit).await?;
            let has_newer = is_more(&mut events);
            events.reverse();
            return Ok(Found { events, has_newer, has_older: true, is_first_after_all: !has_newer, ends });
        }
        Some(Cursor::After(place)) => Some(place),
        None => None,
    };
    let mut events = store.audit_log(permit, filter, after, limit).await?;
    let has_older = is_more(&mut events);
    Ok(Found { events, has_newer: after.is_some(), has_older, is_first_after_all: false, ends })
}

impl Found {
    fn first(&self) -> Option<EventPlace> {
        self.events.first().map(RecordedEvent::place)
    }

    fn last(&self) -> Option<EventPlace> {
        self.events.last().map(RecordedEvent::place)
    }

    /// The page as it is, whatever comes before it meanwhile.
    fn pinned(&self) -> Option<Cursor> {
        self.first().map(Cursor::beginning_with)
    }

    fn rows(&self, teller: &Teller<'_>, checked: &SpotCheck) -> Vec<Row> {
        let asked = teller.asked;
        let row = |event: &RecordedEvent| {
            let is_open = asked.open == Some(event.id);
            let mut row = teller.row(event, asked.toggle(teller.path, event.id, self.pinned(), is_open));
            row.is_broken = checked.broken.contains(&event.id);
            row.details = is_open.then(|| teller.details(event, checked.whole.get(&event.id)));
            row
        };
        self.events.iter().map(row).collect()
    }
}

impl Asked {
    /// The address that opens an event's row on this page, or closes it.
    fn toggle(&self, path: &str, id: i64, pinned: Option<Cursor>, is_open: bool) -> String {
        let number = id.to_string();
        // Who follows the log goes on with it when he closes the row.
        let cursor = pinned.filter(|_| !self.follows).map(Cursor::text);
        let mut more: Vec<(&str, &str)> = cursor.iter().map(|cursor| ("cursor", cursor.as_str())).collect();
        if self.follows {
            more.push(("follow", "1"));
        }
        if !is_open {
            more.push(("open", &number));
        }
        format!("{}#e{id}", self.address(path, &more))
    }
}
