//! The page of an account: whether it is in use, what it reaches and through what, its secrets, and what happened to it.

use askama::Template;
use axum::extract;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use claviger_access::Refusal;
use claviger_access::directory::Directory;
use claviger_access::event::EventName;
use claviger_access::ownership::{AccountDetails, owner_of};

use super::super::error_page::ErrorPage;
use super::super::frame::Frame;
use super::super::page::page;
use super::super::path::At;
use super::super::place::OrganizationPage;
use super::super::service_accounts::account::{Account, State as AccountState};
use super::super::service_accounts::row::{self, Told, Tone, short};
use super::super::signed_in::SignedIn;
use super::super::typed::Typed;
use super::super::{Console, words};
use super::access::{self, Access};
use super::explained::Explained;
use super::history::{self, Done, History};
use super::requests::Requests;
use super::secrets::{self, KnownSecret, latest_use};
use super::{Head, OfAccount, Seen, asked, gone, owner, place, seen, unread, words_of_refusals};
use crate::api::ids::PathId;
use crate::store::StoreError;
use crate::store::usage::DayOfRequests;

/// What the store and the log know of it.
struct Read {
    account: Account,
    secrets: Vec<KnownSecret>,
    days: Vec<DayOfRequests>,
    history: Option<History>,
    /// Who disabled it, and who protected it, where it is so and the log tells.
    disabled: Option<Done>,
    protected: Option<Done>,
}

/// What is said about it at its head.
struct Facts {
    last_used: Told,
    requests: Option<Requests>,
    expires: Told,
    /// Who looks after it.
    owner: Option<String>,
    created: String,
    creator: String,
    description: Option<String>,
    labels: Vec<String>,
    /// Where it may call from, if not from everywhere.
    addresses: Option<String>,
}

/// Its state, as its end says it.
struct State {
    is_disabled: bool,
    is_expired: bool,
    is_protected: bool,
    /// Such as `Disabled by MK on 20 Nov 2026. Every request is refused.`
    disabled: String,
    protected: String,
}

#[derive(Template)]
#[template(path = "console/service_account.html")]
struct Page<'p> {
    frame: &'p Frame,
    head: &'p Head,
    facts: Facts,
    state: State,
    /// Why he may not change it, where he may not.
    unchangeable: Option<String>,
    secrets: Vec<secrets::Row>,
    rotate: String,
    access: Access,
    grant: String,
    explained: Option<Explained>,
    activity: Option<Activity>,
}

/// What happened to it last.
struct Activity {
    rows: Vec<history::Row>,
    all: String,
    path: String,
}

pub(super) async fn show(
    extract::State(console): extract::State<Console>,
    signed_in: SignedIn,
    At((PathId(organization), PathId(account))): OfAccount,
    uri: Uri,
) -> Result<Response, ErrorPage> {
    let seen = seen(&console, &signed_in, organization, account, None).await?;
    let read = Read::of(&console, &signed_in, &seen).await;
    let read = read.map_err(|error| unread(&signed_in, organization, &error))?;
    // Deleted in the same moment.
    let Some(read) = read else { return Err(gone(&console, &signed_in, organization, account, None).await) };
    let frame = Frame::of(&signed_in, place(organization));
    let head = seen.head();
    Ok(page(StatusCode::OK, &Page::of(&frame, &head, &signed_in, &seen, &read, &asked(&uri))))
}

impl Read {
    async fn of(console: &Console, signed_in: &SignedIn, seen: &Seen<'_>) -> Result<Option<Self>, StoreError> {
        let (store, permit, account) = (&console.node.store, &seen.permit, seen.view.id());
        let organization = seen.organization.id;
        let Some(listed) = store.service_account(permit, account).await? else { return Ok(None) };
        let of = (organization, account);
        let (mut disabled, mut protected) = (None, None);
        if seen.view.is_disabled() {
            disabled = history::latest(console, signed_in, of, EventName::ServiceAccountDisabled).await?;
        }
        if seen.view.is_protected() {
            protected = history::latest(console, signed_in, of, EventName::ServiceAccountProtected).await?;
        }
        Ok(Some(Self {
            account: Account::of(&signed_in.held, &console.node.last_used, organization, listed, signed_in.now),
            secrets: secrets::known(console, seen).await?,
            days: store.requests_of_account(permit, account, signed_in.now).await?,
            history: History::of(console, signed_in, organization, account).await?,
            disabled,
            protected,
        }))
    }
}

impl Facts {
    fn of(directory: &Directory, seen: &Seen<'_>, read: &Read, now: i64) -> Self {
        let listed = &read.account.listed;
        let details: AccountDetails = directory.account_details(listed.id).cloned().unwrap_or_default();
        let owner = owner_of(directory, seen.organization.id, details.owner, listed.creator);
        let addresses = directory.addresses_of(listed.id);
        let from = latest_use(&read.secrets).and_then(|used| used.from.as_ref());
        let last_used = row::last_used(&read.account, now);
        let sub = from.map(|from| format!("from {from}")).or(last_used.sub);
        Self {
            last_used: Told { sub, ..last_used },
            requests: Requests::of(&read.days),
            expires: row::expires(&read.account, now),
            owner: owner.map(|owner| owner::told(owner.id, &owner.name)),
            created: words::date(listed.created),
            creator: creator(listed.creator_name.as_deref()),
            description: details.description,
            labels: details.labels.iter().map(|(key, value)| format!("{key}: {value}")).collect(),
            addresses: (!addresses.are_all()).then(|| addresses.iter().collect::<Vec<_>>().join(", ")),
        }
    }
}

fn creator(name: Option<&str>) -> String {
    name.map_or("The operator", short).to_owned()
}

impl State {
    fn of(seen: &Seen<'_>, read: &Read, now: i64) -> Self {
        let by = |done: Option<&Done>| {
            done.map_or_else(String::new, |done| format!(" by {} on {}", done.by, words::date(done.when)))
        };
        let protected = read.protected.as_ref().map_or_else(String::new, |done| format!(" by {}", done.by));
        Self {
            is_disabled: seen.view.is_disabled(),
            is_expired: read.account.state == AccountState::Expired
                || read.account.listed.expires.is_some_and(|expires| expires <= now),
            is_protected: seen.view.is_protected(),
            disabled: format!("Disabled{}. Every request is refused.", by(read.disabled.as_ref())),
            protected: format!("Protected{protected}. Unprotect it to delete it."),
        }
    }
}

impl<'p> Page<'p> {
    fn of(frame: &'p Frame, head: &'p Head, signed_in: &SignedIn, seen: &Seen<'_>, read: &Read, asked: &Typed) -> Self {
        let directory: &Directory = &signed_in.held;
        let (organization, account) = (seen.organization.id, seen.view.id());
        let now = signed_in.now.seconds();
        let history = read.history.as_ref();
        let reached = access::reached(signed_in, seen);
        let listed = &read.account.listed;
        let creation = Done { by: creator(listed.creator_name.as_deref()), when: listed.created };
        let rows = read.secrets.iter().map(|secret| secret.row((&read.secrets, &head.path), (history, &creation), now));
        let why = |refusal: &Refusal| {
            let words = words_of_refusals::of(directory, organization, account, refusal);
            words.map_or_else(|| words::sentence(&refusal.to_string()), |(strong, _)| strong)
        };
        Self {
            frame,
            head,
            facts: Facts::of(directory, seen, read, now),
            state: State::of(seen, read, now),
            unchangeable: seen.unchangeable.as_ref().map(why),
            secrets: rows.collect(),
            rotate: format!("claviger service-account rotate {account}{} --grace 24h", seen.on_organization()),
            access: Access::of(signed_in, seen, history, &reached),
            grant: format!("claviger service-account grants {account}{}", seen.on_organization()),
            explained: Explained::of(signed_in, seen, history, &reached, asked),
            activity: history.map(|history| Activity {
                rows: history.rows(directory),
                all: history.all(),
                path: format!("{}?target=principal:{account}", OrganizationPage::AuditLog.path(organization)),
            }),
        }
    }
}
