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
use super::super::service_accounts::rotate;
use super::super::service_accounts::row::{self, Told, Tone, short};
use super::super::signed_in::SignedIn;
use super::super::typed::Typed;
use super::super::{Console, words};
use super::access::{self, Access};
use super::explained::Explained;
use super::history::{self, Done, History};
use super::requests::Requests;
use super::secrets::{self, KnownSecret, latest_use};
use super::{Head, OfAccount, Seen, Viewer, asked, gone, owner, place, seen, unread, words_of_refusals};
use crate::api::ids::PathId;
use crate::store::StoreError;
use crate::store::usage::DayOfRequests;

/// What the store and the log know of it.
struct Read<'d> {
    account: Account<'d>,
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
    /// Why it cannot be rotated now.
    full: Option<String>,
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
    Ok(page(StatusCode::OK, &Page::of(&frame, &head, Viewer::of(&signed_in), &seen, &read, &asked(&uri))))
}

impl<'d> Read<'d> {
    async fn of(console: &Console, signed_in: &'d SignedIn, seen: &Seen<'_>) -> Result<Option<Self>, StoreError> {
        let (store, permit, account) = (&console.node.store, &seen.permit, seen.view.id());
        let organization = seen.organization.id;
        let Some(listed) = store.service_account(permit, account).await? else { return Ok(None) };
        let of_account = Account::of(&signed_in.held, &console.node.last_used, organization, &listed, signed_in.now);
        let Some(of_account) = of_account else { return Ok(None) };
        let of = (organization, account);
        let (mut disabled, mut protected) = (None, None);
        if seen.view.is_disabled() {
            disabled = history::latest(console, signed_in, of, EventName::ServiceAccountDisabled).await?;
        }
        if seen.view.is_protected() {
            protected = history::latest(console, signed_in, of, EventName::ServiceAccountProtected).await?;
        }
        Ok(Some(Self {
            account: of_account,
            secrets: secrets::known(console, seen).await?,
            days: store.requests_of_account(permit, account, signed_in.now).await?,
            history: History::of(console, signed_in, organization, account).await?,
            disabled,
            protected,
        }))
    }
}

impl Facts {
    fn of(directory: &Directory, seen: &Seen<'_>, read: &Read<'_>, now: i64) -> Self {
        let account = &read.account;
        let details: AccountDetails = directory.account_details(account.id).cloned().unwrap_or_default();
        let owner = owner_of(directory, seen.organization.id, details.owner, account.made_by);
        let addresses = directory.addresses_of(account.id);
        let from = latest_use(&read.secrets).and_then(|used| used.from.as_ref());
        let last_used = row::last_used(&read.account, now);
        let sub = from.map(|from| format!("from {from}")).or(last_used.sub);
        Self {
            last_used: Told { sub, ..last_used },
            requests: Requests::of(&read.days, read.account.last_used),
            expires: row::expires(&read.account, now),
            owner: owner.map(|owner| owner::told(owner.id, &owner.name)),
            created: words::date(account.created),
            creator: creator(account),
            description: details.description,
            labels: details.labels.iter().map(|(key, value)| format!("{key}: {value}")).collect(),
            addresses: (!addresses.are_all()).then(|| addresses.iter().collect::<Vec<_>>().join(", ")),
        }
    }
}

fn creator(account: &Account<'_>) -> String {
    account.creator.map_or("The operator", |(name, _)| short(name)).to_owned()
}

impl State {
    fn of(seen: &Seen<'_>, read: &Read<'_>, now: i64) -> Self {
        let by = |done: Option<&Done>| {
            done.map_or_else(String::new, |done| format!(" by {} on {}", done.by, words::date(done.when)))
        };
        let protected = read.protected.as_ref().map_or_else(String::new, |done| format!(" by {}", done.by));
        Self {
            is_disabled: seen.view.is_disabled(),
            is_expired: read.account.state == AccountState::Expired
                || read.account.expires.is_some_and(|expires| expires <= now),
            is_protected: seen.view.is_protected(),
            disabled: format!("Disabled{}. Every request is refused.", by(read.disabled.as_ref())),
            protected: format!("Protected{protected}. Unprotect it to delete it."),
        }
    }
}

impl<'p> Page<'p> {
    fn of(
        frame: &'p Frame,
        head: &'p Head,
        viewer: Viewer<'_>,
        seen: &Seen<'_>,
        read: &Read<'_>,
        asked: &Typed,
    ) -> Self {
        let directory = viewer.directory;
        let (organization, account) = (seen.organization.id, seen.view.id());
        let now = viewer.now.seconds();
        let history = read.history.as_ref();
        let reached = access::reached(directory, seen);
        let creation = Done { by: creator(&read.account), when: read.account.created };
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
            full: rotate::full(directory, seen.organization, &seen.view, viewer.now),
            rotate: format!("claviger service-account rotate {account}{} --grace 24h", seen.on_organization()),
            access: Access::of(viewer, seen, history, &reached),
            grant: format!("claviger service-account grants {account}{}", seen.on_organization()),
            explained: Explained::of(viewer, seen, history, &reached, asked),
            activity: history.map(|history| Activity {
                rows: history.rows(directory),
                all: history.all(),
                path: format!("{}?target=principal:{account}", OrganizationPage::AuditLog.path(organization)),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use claviger_access::authorize::{Scope, authorize};
    use claviger_access::change::{Change, TeamChange, WorkspaceProperties};
    use claviger_access::grant::{Granted, Holder};
    use claviger_access::identity::{
        GrantId, OrganizationId, PrincipalId, PrincipalKind, ProjectId, TeamId, WorkspaceId,
    };
    use claviger_access::role::Role;
    use claviger_access::{Caller, Draft, Mark, Moment, Revision};

    use super::super::super::frame::tests::{SCRIPT, frame};
    use super::super::super::service_accounts::account::tests::{NOW, account};
    use super::*;

    const ACCOUNT: u64 = 100;
    const PROJECTS: u64 = 1_000;

    /// An account with three grants in each of a thousand projects, where everything is called so.
    fn directory() -> Directory {
        let (organization, member, team) = (OrganizationId::new(7), PrincipalId::new(ACCOUNT), TeamId::new(12));
        let (organization, member, team) = (organization.expect("an id"), member.expect("an id"), team.expect("an id"));
        let (name, created) = (SCRIPT.to_owned(), Moment::from_seconds(NOW).expect("a moment"));
        let username = account(ACCOUNT).username.to_owned();
        let mut changes = vec![
            Change::OrganizationFounded { id: organization, name: name.clone(), created },
            Change::PrincipalCreated {
                id: member,
                kind: PrincipalKind::ServiceAccount,
                organization: Some(organization),
                name: username,
                email: None,
                created,
                creator: None,
            },
            Change::Team(TeamChange::Created { id: team, organization, name: name.clone(), created, creator: None }),
            Change::Team(TeamChange::MemberAdded { id: team, member, added: created }),
        ];
        for number in 0..PROJECTS {
            let id = |kind: u64| 1_000 + number * 10 + kind;
            let project = ProjectId::new(id(0)).expect("an id");
            let workspace = WorkspaceId::new(id(1)).expect("an id");
            let timezone = "UTC".to_owned();
            changes.push(Change::ProjectCreated {
                id: project,
                organization,
                name: name.clone(),
                timezone,
                slug: None,
                created,
                creator: None,
            });
            let properties =
                WorkspaceProperties { name: name.clone(), description: None, is_restricted: false, is_visible: true };
            changes.push(Change::WorkspaceCreated {
                id: workspace,
                project,
                properties,
                is_default: true,
                created,
                creator: None,
            });
            for (kind, holder, granted) in [
                (2, Holder::Principal(member), Granted::Project(project, Role::Consumer.into())),
                (3, Holder::Principal(member), Granted::Workspace(workspace, Role::Analyst.into())),
                (4, Holder::Team(team), Granted::Project(project, Role::Admin.into())),
            ] {
                changes.push(Change::GrantGiven {
                    id: GrantId::new(id(kind)).expect("an id"),
                    holder,
                    granted,
                    created,
                });
            }
        }
        let mut draft = Draft::on(&Directory::empty(1));
        draft.add(&changes, Revision::ZERO.next(), Mark::ZERO);
        draft.into_image()
    }

    fn rendered(directory: &Directory) -> String {
        let (organization, id) = (OrganizationId::new(7).expect("an id"), PrincipalId::new(ACCOUNT).expect("an id"));
        let now = Moment::from_seconds(NOW).expect("a moment");
        let permit = authorize(directory, &Caller::Operator, Scope::Organization(organization), now).expect("a permit");
        let seen = Seen {
            organization: directory.organization(organization).expect("it"),
            view: directory.principal(id).expect("it"),
            permit,
            unchangeable: None,
        };
        let mut account = account(ACCOUNT);
        account.creator = Some((SCRIPT, None));
        let read =
            Read { account, secrets: Vec::new(), days: Vec::new(), history: None, disabled: None, protected: None };
        let viewer = Viewer { directory, caller: &Caller::Operator, now };
        let asked = Typed::parse(b"where=1000&permission=data%3Aread").expect("a query");
        let (frame, head) = (frame(true), seen.head());
        Page::of(&frame, &head, viewer, &seen, &read, &asked).render().expect("a page")
    }

    #[test]
    fn with_3_000_grants_the_page_is_below_50_kilobytes_and_counts_the_others() {
        let text = rendered(&directory());
        // Names are longer here than most, for secrets, activity and the menus of the frame, which are not on it.
        assert!(text.len() < 47_000, "{} bytes", text.len());
        assert_eq!(text.matches("class=\"grp\"").count(), 40);
        assert!(text.contains("960 more projects are not listed here."), "{text}");
        assert!(text.contains("and 2 grants more"), "each project counts what it does not list: {text}");
        assert_eq!((text.matches("<script").count(), text.contains("style=")), (1, false), "{text}");
        assert!(text.contains("<strong>Yes. bot-100 may data:read in &#60;script&#62;"), "{text}");
    }
}
