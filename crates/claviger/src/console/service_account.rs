//! The page of one service account, and what is done from it: one file a part of the page, or a deed.
//!
//! Every deed is decided by the rules that decide it for the API. What must stay true: an account of another organization
//! is not there, as one that never was; what the page does not offer somebody is refused to him all the same; and whoever
//! comes too late is told who was first, if he may read the audit log.

mod access;
mod delete;
mod edit;
mod expiry;
mod explained;
pub(super) mod first_request;
mod grant;
mod history;
mod owner;
mod page;
mod requests;
mod secret_state;
mod secrets;
mod state;
mod words_of_refusals;

use axum::Router;
use axum::http::{StatusCode, Uri};
use axum::routing::{get, post};
use claviger_access::administration::service_account;
use claviger_access::authorize::{ManageServiceAccounts, ReadServiceAccount, Scope, authorize, read_service_account};
use claviger_access::directory::{Directory, Organization, PrincipalView};
use claviger_access::identity::{OrganizationId, PrincipalId};
use claviger_access::{Caller, Moment, Permit, Refusal};

use super::error_page::ErrorPage;
use super::frame::Link;
use super::path::At;
use super::place::{OrganizationPage, Place};
use super::refused::{Wanted, refused, unwritten};
use super::service_accounts::row::short;
use super::signed_in::SignedIn;
use super::typed::Typed;
use super::{Console, key_bit, words};
use crate::api::failure::status_of;
use crate::api::ids::PathId;
use crate::clock;
use crate::store::StoreError;
use crate::writer::WriteError;

const SEE: Wanted = Wanted { title: "Service account", deed: "see its service accounts" };
const CHANGE: Wanted = Wanted { title: "Service account", deed: "change its service accounts" };

/// What was used within so long is in use.
const IN_USE_WITHIN_S: i64 = 7 * words::DAY;

/// The ids in the address of an account's page.
type OfAccount = At<(PathId<OrganizationId>, PathId<PrincipalId>)>;

/// The pages and deeds of an account.
pub(super) fn pages() -> Router<Console> {
    let at = |rest: &str| format!("/console/organizations/{{org}}/service-accounts/{{id}}{rest}");
    Router::new()
        .route(&at(""), get(page::show))
        .route(&at("/addresses"), post(edit::addresses))
        .route(&at("/delete"), get(delete::ask).post(delete::delete))
        .route(&at("/disable"), post(state::disable))
        .route(&at("/edit"), get(edit::show).post(edit::edit))
        .route(&at("/enable"), post(state::enable))
        .route(&at("/expiry"), get(expiry::show).post(expiry::set))
        .route(&at("/grant"), get(grant::show).post(grant::grant))
        .route(&at("/owner"), get(owner::show).post(owner::hand_over))
        .route(&at("/protect"), post(state::protect))
        .route(&at("/revoke"), post(access::revoke))
        .route(&at("/secrets/{secret}/disable"), post(secret_state::disable))
        .route(&at("/secrets/{secret}/enable"), post(secret_state::enable))
        .route(&at("/secrets/{secret}/first-request"), get(first_request::show))
        .route(&at("/secrets/{secret}/revoke"), get(secrets::ask).post(secrets::revoke))
        .route(&at("/unprotect"), post(state::unprotect))
}

fn place(organization: OrganizationId) -> Place {
    Place::Organization(organization, OrganizationPage::ServiceAccounts)
}

fn address(organization: OrganizationId, account: PrincipalId) -> String {
    format!("{}/{account}", OrganizationPage::ServiceAccounts.path(organization))
}

/// The query of an address. What cannot be read asks for nothing.
fn asked(uri: &Uri) -> Typed {
    Typed::parse(uri.query().unwrap_or_default().as_bytes()).unwrap_or_default()
}

/// Who looks, at what image, and when.
#[derive(Clone, Copy)]
struct Viewer<'v> {
    directory: &'v Directory,
    caller: &'v Caller,
    now: Moment,
}

impl<'v> Viewer<'v> {
    fn of(signed_in: &'v SignedIn) -> Self {
        Self { directory: &signed_in.held, caller: &signed_in.caller, now: signed_in.now }
    }
}

/// An account that somebody may see.
struct Seen<'s> {
    organization: &'s Organization,
    view: PrincipalView<'s>,
    permit: Permit<ReadServiceAccount>,
    /// Why he may not change it, where it holds more than he does.
    unchangeable: Option<Refusal>,
}

/// What stands at the head of every page of an account.
struct Head {
    /// The address of the list.
    list: String,
    /// The address of the account's page.
    path: String,
    organization: String,
    /// Its name without digits and suffix.
    name: String,
    username: String,
    /// The key's blade; none where the username has no digits to cut it from.
    blade: Option<String>,
}

impl Seen<'_> {
    fn name(&self) -> &str {
        short(self.view.name())
    }

    fn address(&self) -> String {
        address(self.organization.id, self.view.id())
    }

    fn head(&self) -> Head {
        Head {
            list: OrganizationPage::ServiceAccounts.path(self.organization.id),
            path: self.address(),
            organization: self.organization.name.clone(),
            name: self.name().to_owned(),
            username: self.view.name().to_owned(),
            blade: key_bit::blade(self.view.name()),
        }
    }

    /// The end of a command line that is about this organization.
    fn on_organization(&self) -> String {
        format!(" --organization {}", self.organization.id)
    }
}

/// The account, on the image of the request. Where it is not there: what is to be said of what was wanted, if anything was.
async fn seen<'s>(
    console: &Console,
    signed_in: &'s SignedIn,
    organization: OrganizationId,
    account: PrincipalId,
    wanted: Option<&str>,
) -> Result<Seen<'s>, ErrorPage> {
    let SignedIn { held, caller, now, .. } = signed_in;
    let why = if wanted.is_some() { &CHANGE } else { &SEE };
    let refuse = |refusal: Refusal| refused(signed_in, place(organization), why, &refusal);
    authorize::<ManageServiceAccounts>(held, caller, Scope::Organization(organization), *now).map_err(refuse)?;
    let permit = read_service_account(held, caller, organization, account, *now).map_err(refuse)?;
    match (held.organization(organization), held.service_account(organization, account)) {
        (Some(organization), Some(view)) => {
            let unchangeable = service_account::may_change(held, caller, organization.id, &view).err();
            Ok(Seen { organization, view, permit, unchangeable })
        }
        _ => Err(gone(console, signed_in, organization, account, wanted).await),
    }
}

/// The same for a form that changes it: it is shown to nobody who may not.
async fn to_change<'s>(
    console: &Console,
    signed_in: &'s SignedIn,
    organization: OrganizationId,
    account: PrincipalId,
) -> Result<Seen<'s>, ErrorPage> {
    let seen = seen(console, signed_in, organization, account, None).await?;
    match &seen.unchangeable {
        Some(refusal) => Err(not_done(signed_in, organization, account, refusal)),
        None => Ok(seen),
    }
}

/// What is said where a deed came too late.
pub(super) const NOT_MADE: Option<&str> = Some("Your change was not made.");

/// The account is not there: who deleted it, and when, for who may read that; and what became of what was wanted.
pub(super) async fn gone(
    console: &Console,
    signed_in: &SignedIn,
    organization: OrganizationId,
    account: PrincipalId,
    wanted: Option<&str>,
) -> ErrorPage {
    let deletion = history::deletion(console, signed_in, organization, account).await;
    let page = match deletion {
        Ok(Some(deletion)) => {
            let since = words::ago(deletion.when, clock::now().seconds());
            let strong = format!("{} deleted {} {since}.", deletion.by, deletion.name);
            let status = if wanted.is_some() { StatusCode::CONFLICT } else { StatusCode::NOT_FOUND };
            ErrorPage::not_done(status, SEE.title, &strong, wanted.unwrap_or("The username is not given out again."))
        }
        Ok(None) => {
            let name = signed_in.held.organization(organization).map_or("", |known| &known.name);
            let strong = format!("No service account with this number in {name}.");
            let more = "It may have been deleted, or belong to another organization of yours.";
            let more = wanted.map_or_else(|| more.to_owned(), |wanted| format!("{more} {wanted}"));
            ErrorPage::not_done(StatusCode::NOT_FOUND, SEE.title, &strong, &more)
        }
        Err(error) => ErrorPage::unread(&error, &signed_in.origin),
    };
    let list = OrganizationPage::ServiceAccounts.path(organization);
    page.inside(signed_in, place(organization)).leads_to(&list, "Back to Service Accounts")
}

/// A deed that was not done: the page that says why.
async fn undone(
    console: &Console,
    signed_in: &SignedIn,
    (organization, account): (OrganizationId, PrincipalId),
    error: &WriteError,
) -> ErrorPage {
    match error {
        WriteError::Refused(Refusal::NoSuchServiceAccount { .. }) => {
            gone(console, signed_in, organization, account, NOT_MADE).await
        }
        WriteError::Refused(refusal) => not_done(signed_in, organization, account, refusal),
        other => unwritten(signed_in, place(organization), &CHANGE, other),
    }
}

/// The page that says why the rules do not let it be done.
fn not_done(signed_in: &SignedIn, organization: OrganizationId, account: PrincipalId, refusal: &Refusal) -> ErrorPage {
    let place = place(organization);
    match words_of_refusals::of(&signed_in.held, organization, account, refusal) {
        Some((strong, more)) => {
            let page = ErrorPage::not_done(status_of(refusal), CHANGE.title, &strong, &more)
                .inside(signed_in, place)
                .leads_to(&address(organization, account), "Back to the service account");
            match signed_in.held.service_account(organization, account) {
                Some(view) => page.in_place_of(short(view.name()).to_owned(), vec![to_list(organization)]),
                None => page,
            }
        }
        None => refused(signed_in, place, &CHANGE, refusal),
    }
}

fn to_list(organization: OrganizationId) -> Link {
    let page = OrganizationPage::ServiceAccounts;
    Link { path: page.path(organization), text: page.label().to_owned(), is_current: false }
}

/// A read that failed.
fn unread(signed_in: &SignedIn, organization: OrganizationId, error: &StoreError) -> ErrorPage {
    ErrorPage::unread(error, &signed_in.origin).inside(signed_in, place(organization))
}

/// What a deed's answer says of when it holds: `Refused as of 20:15:03 UTC.`
fn as_of(what: &str) -> String {
    format!("{what} as of {} UTC.", words::time(clock::now().seconds()))
}
