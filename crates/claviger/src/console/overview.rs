//! The Overview page of an organization: how its service accounts stand, what their requests come to, what is refused to
//! them, and what is worth tidying.
//!
//! How accounts stand is looked through as the list does it; requests were counted beside the directory
//! ([`usage`](crate::store::usage)). What is not known, as the days before there were counts, is left out.

mod refusals;
mod requests;
mod standing;
mod tidying;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use claviger_access::authorize::{ManageServiceAccounts, Scope, authorize};
use claviger_access::identity::OrganizationId;
use claviger_access::{Moment, Permit};

use self::refusals::Refusals;
use self::requests::Requests;
use self::standing::{Part, Soon, Standing};
use self::tidying::Chore;
use super::error_page::ErrorPage;
use super::frame::Frame;
use super::page::page;
use super::path::At;
use super::place::{OrganizationPage, Place};
use super::refused::{Wanted, refused};
use super::service_accounts::first_command;
use super::service_accounts::row::Tone;
use super::signed_in::SignedIn;
use super::{Console, words};
use crate::api::ids::PathId;
use crate::store::StoreError;
use crate::store::usage::{DayOfRequests, NotAdmittedDay, RefusedFor};

const SEE: Wanted = Wanted { title: "Overview", deed: "see its overview" };

#[derive(Template)]
#[template(path = "console/overview.html")]
struct Page<'p> {
    frame: &'p Frame,
    organization: &'p str,
    /// Such as "24 Nov 2026, 20:15 UTC".
    now: String,
    revision: String,
    /// The Service Accounts page.
    accounts: String,
    /// How many accounts there are.
    all: String,
    parts: Vec<Part>,
    requests: Option<Requests>,
    soon: Vec<Soon>,
    /// How many expire soon, and where all of them are.
    soon_all: String,
    soon_path: String,
    refusals: Option<Refusals>,
    /// Where they are one by one, for who may look.
    audit_log: Option<String>,
    chores: Vec<Chore>,
    /// Makes the first account.
    create: String,
}

/// The page.
pub(super) async fn show(
    State(console): State<Console>,
    signed_in: SignedIn,
    At(PathId(organization)): At<PathId<OrganizationId>>,
) -> Result<Response, ErrorPage> {
    let place = Place::Organization(organization, OrganizationPage::Overview);
    let scope = Scope::Organization(organization);
    let permit = authorize::<ManageServiceAccounts>(&signed_in.held, &signed_in.caller, scope, signed_in.now);
    let permit = permit.map_err(|refusal| refused(&signed_in, place, &SEE, &refusal))?;
    let known = signed_in.held.organization(organization).ok_or_else(ErrorPage::no_such_organization)?;
    let unread = |error| ErrorPage::unread(&error, &signed_in.origin).inside(&signed_in, place);
    let standing = Standing::read(&console.node, &signed_in, &permit).await.map_err(unread)?;
    let read = Read::of(&console, &signed_in, &permit, &standing).await.map_err(unread)?;
    let frame = Frame::of(&signed_in, place);
    let accounts = OrganizationPage::ServiceAccounts.path(organization);
    let may_see_log = OrganizationPage::AuditLog.is_open(&signed_in, organization);
    let (now, directory) = (signed_in.now.seconds(), &signed_in.held);
    let shown = Page {
        frame: &frame,
        organization: &known.name,
        now: format!("{}, {} UTC", words::date(now), &words::time(now)[..5]),
        revision: words::count(usize::try_from(directory.revision().0).unwrap_or(usize::MAX)),
        all: words::several(i64::try_from(standing.all()).unwrap_or(i64::MAX), "service account"),
        parts: standing.parts(&accounts),
        requests: Requests::of(&read.days),
        soon: standing.soon(&accounts, now),
        soon_all: words::count(standing.expiring()),
        soon_path: standing::view(&accounts, standing::EXPIRING),
        refusals: read.since.map(|since| Refusals::of(directory, organization, &accounts, &read.refused, since, now)),
        audit_log: may_see_log.then(|| OrganizationPage::AuditLog.path(organization)),
        chores: tidying::chores(&standing, &read.not_admitted, &accounts),
        create: first_command(known),
        accounts,
    };
    Ok(page(StatusCode::OK, &shown))
}

/// What was counted.
struct Read {
    since: Option<Moment>,
    days: Vec<DayOfRequests>,
    refused: Vec<RefusedFor>,
    not_admitted: Vec<NotAdmittedDay>,
}

impl Read {
    async fn of(
        console: &Console,
        signed_in: &SignedIn,
        permit: &Permit<ManageServiceAccounts>,
        standing: &Standing<'_>,
    ) -> Result<Self, StoreError> {
        let (store, now) = (&console.node.store, signed_in.now);
        Ok(Self {
            since: store.counted_since(permit).await?,
            days: store.requests_of_organization(permit, now).await?,
            refused: store.refused_by_reason(permit, now).await?,
            not_admitted: match standing.has_expired() {
                true => store.not_admitted(permit, now).await?,
                false => Vec::new(),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use claviger_access::Directory;
    use claviger_access::authorize::NoAdmission;

    use super::*;
    use crate::console::frame::tests::{SCRIPT, frame};
    use crate::console::service_accounts::account::State as AccountState;
    use crate::console::service_accounts::account::tests::{NOW, account};
    use crate::store::usage::{Day, Reason};

    const ACCOUNTS: &str = "/console/organizations/7/service-accounts";

    fn rendered(standing: &Standing<'_>, days: &[DayOfRequests], refused: &[RefusedFor]) -> String {
        let frame = frame(true);
        let organization = OrganizationId::new(7).expect("an id");
        let since = Moment::from_seconds(NOW - 40 * words::DAY).expect("a moment");
        let directory = Directory::empty(1);
        let page = Page {
            frame: &frame,
            organization: SCRIPT,
            now: "24 Nov 2026, 20:15 UTC".to_owned(),
            revision: "48,211".to_owned(),
            all: words::several(standing.all() as i64, "service account"),
            parts: standing.parts(ACCOUNTS),
            requests: Requests::of(days),
            soon: standing.soon(ACCOUNTS, NOW),
            soon_all: words::count(standing.expiring()),
            soon_path: standing::view(ACCOUNTS, standing::EXPIRING),
            refusals: Some(Refusals::of(&directory, organization, ACCOUNTS, refused, since, NOW)),
            audit_log: Some("/console/organizations/7/audit-log".to_owned()),
            chores: tidying::chores(standing, &[], ACCOUNTS),
            create: format!("claviger service-account create {SCRIPT}"),
            accounts: ACCOUNTS.to_owned(),
        };
        page.render().expect("a page")
    }

    fn many() -> Standing<'static> {
        let mut standing = Standing::default();
        for number in 1..=200 {
            let state = [AccountState::Active, AccountState::Expiring, AccountState::Expired, AccountState::Unused];
            let mut one = account(number);
            (one.username, one.state) = (SCRIPT, state[number as usize % 4]);
            one.expires = Some(NOW + 6 * words::DAY);
            standing.add(one);
        }
        standing
    }

    fn days() -> Vec<DayOfRequests> {
        let today = NOW / words::DAY;
        let day = |ago: i64| DayOfRequests {
            day: Day(today - ago),
            accepted: 1_000_000 + ago as u64,
            refused: 30 + ago as u64,
        };
        (0..30).rev().map(day).collect()
    }

    #[test]
    fn every_name_is_text_whatever_it_holds_and_a_page_is_below_50_kilobytes() {
        let refused = [RefusedFor { reason: Reason::NotAdmitted(NoAdmission::WrongSecret), requests: 3, most: None }];
        for text in [rendered(&many(), &days(), &refused), rendered(&Standing::default(), &[], &[])] {
            assert_eq!(text.matches("<script").count(), 1, "the script of the page itself: {text}");
            assert!(text.contains("&#60;script&#62;alert(&#39;x&#39;)&#60;/script&#62;"), "{text}");
            assert!(!text.contains("style=") && !text.contains("<style"), "{text}");
            assert!(text.len() < 50_000, "{}", text.len());
            assert_eq!(text.matches("<h1").count(), 1);
        }
    }

    #[test]
    fn a_page_tells_how_accounts_stand_and_leads_to_them() {
        let text = rendered(&many(), &days(), &[]);
        for part in [
            "<h2 id=\"h-st\">200 service accounts</h2>",
            "<a href=\"/console/organizations/7/service-accounts?view=expiring\">50 expire within 30 days</a>",
            "<a href=\"/console/organizations/7/service-accounts?view=expiring\">All 50</a>",
            "<b>50 accounts</b> were not used for 90 days.",
            "30.0 million accepted, 1,335 refused",
            "aria-label=\"Accepted requests per day, 26 Oct to 24 Nov, between 1,000,000 and 1,000,029\"",
            "Nothing was refused.",
            "<summary>Show as table<svg",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        assert!(!text.contains("disabled"), "no part of the bar for what there is none of: {text}");
    }

    #[test]
    fn an_organization_without_accounts_is_told_what_to_do_first() {
        let text = rendered(&Standing::default(), &[], &[]);
        assert!(text.contains("No service accounts yet") && text.contains("claviger service-account create"), "{text}");
        assert!(!text.contains("<svg class=\"states\"") && !text.contains("Refused, last 24 hours"), "{text}");
    }
}
