//! The Service Accounts page of a project: who can reach it, and through what.
//!
//! One pass over those that reach it counts and finds the page. Removing takes away this project alone; what then still
//! reaches it is told.

mod create;
mod grant;
mod row;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use claviger_access::Permit;
use claviger_access::authorize::{ManageServiceAccounts, Scope};
use claviger_access::directory::PrincipalView;
use claviger_access::identity::{PrincipalId, ProjectId};
use claviger_access::permission::PermissionSet;
use claviger_access::role::{ProjectRole, Role};

pub(in crate::console) use self::create::{create, form};
pub(in crate::console) use self::grant::{add_account, change_role, find, remove};
use self::row::Row;
use super::asked::{Asked, Way};
use super::pages::{self, Pages};
use super::reached::Reached;
use super::refusals::refused_there;
use super::spot::{self, Spot};
use super::{Shown, permit, role_choice, unread};
use crate::api::ids::PathId;
use crate::console::Console;
use crate::console::error_page::ErrorPage;
use crate::console::frame::Frame;
use crate::console::page::page;
use crate::console::path::At;
use crate::console::place::{Place, ProjectPage, may};
use crate::console::refused::Wanted;
use crate::console::search::Needle;
use crate::console::service_accounts::account::{self, Account, Sequence};
use crate::console::service_accounts::row::Tone;
use crate::console::signed_in::SignedIn;
use crate::store::StoreError;

const PAGE: ProjectPage = ProjectPage::ServiceAccounts;

const SEE: Wanted = Wanted { title: "Service Accounts of {}", deed: "see its service accounts" };

/// A way to choose in the list's filter.
struct WayChoice {
    name: &'static str,
    label: String,
    is_chosen: bool,
}

#[derive(Template)]
#[template(path = "console/project_service_accounts.html")]
struct List<'p> {
    frame: &'p Frame,
    project: &'p str,
    /// Where: the project, or a workspace of it.
    spot_name: String,
    spot_short: String,
    /// The workspace that is looked at, for hidden fields; nothing for the whole project.
    workspace: String,
    workspaces: Vec<spot::Choice>,
    path: &'p str,
    search: &'p str,
    ways: Vec<WayChoice>,
    is_filtered: bool,
    rows: Vec<Row>,
    range: String,
    previous: Option<String>,
    next: Option<String>,
    unfiltered: String,
    may_create: bool,
    /// Whether he chooses from all accounts of the organization, or must know the username.
    may_search: bool,
}

/// The page.
pub(in crate::console) async fn list(
    State(console): State<Console>,
    signed_in: SignedIn,
    At(PathId(project)): At<PathId<ProjectId>>,
    asked: Asked,
) -> Result<Response, ErrorPage> {
    let permit = permit::<ManageServiceAccounts>(&signed_in, project, PAGE, &SEE)?;
    let shown = Shown::of(&signed_in, project)?;
    let spot = Spot { project, workspace: asked.workspace };
    spot.is_there(&signed_in.held).map_err(|refusal| refused_there(&signed_in, (project, PAGE), &SEE, &refusal))?;
    let found = found(&console, &signed_in, &permit, (shown, spot), &asked).await;
    let found = found.map_err(unread(&signed_in, project, PAGE))?;
    let path = PAGE.path(project);
    if found.is_astray() {
        return Ok(Redirect::to(&asked.address(&path, None)).into_response());
    }
    let frame = Frame::of(&signed_in, Place::Project(project, PAGE));
    let view = List::of(&signed_in, &frame, (shown, spot), &path, &asked, found);
    Ok(page(StatusCode::OK, &view))
}

/// Goes through all that reach the place.
async fn found<'d>(
    console: &Console,
    signed_in: &'d SignedIn,
    permit: &Permit<ManageServiceAccounts>,
    (shown, spot): (Shown<'_>, Spot),
    asked: &Asked,
) -> Result<pages::Page<Account<'d>>, StoreError> {
    let held = &*signed_in.held;
    let name = |id| PrincipalId::new(id).and_then(|id| held.account_ever_of(permit.organization(), id));
    let mut pages = Pages::new(asked.cursor, |id| name(id).map(|view| view.name()));
    let needle = Needle::new(&asked.search);
    let see = |account: Account<'d>, view: &PrincipalView<'d>| {
        if !needle.is_in(account.username) {
            return;
        }
        let is_wanted = |through| asked.through.is_none_or(|way| way == Way::of(through));
        // Nothing else is gone through than what reaches the project.
        let is_any = asked.through.is_none() && spot.workspace.is_none();
        if is_any || Reached::is_by(held, view, shown.project, spot, is_wanted) {
            pages.add(account.username, account.id.number(), account);
        }
    };
    account::each(&console.node, held, permit, Sequence::OldestFirst, signed_in.now, see).await?;
    Ok(pages.end())
}

impl<'p> List<'p> {
    fn of(
        signed_in: &SignedIn,
        frame: &'p Frame,
        (shown, spot): (Shown<'p>, Spot),
        path: &'p str,
        asked: &'p Asked,
        found: pages::Page<Account<'_>>,
    ) -> Self {
        let (held, gives) = (&signed_in.held, shown.gives(signed_in));
        let (range, previous, next) = (found.range(), found.previous, found.next);
        let scope = Scope::Organization(shown.organization.id);
        let seen = row::Seen { signed_in, shown, spot, gives: &gives, asked, path };
        let rows: Vec<Row> = found.rows.into_iter().filter_map(|account| Row::of(&seen, account)).collect();
        let bare = Asked { workspace: asked.workspace, ..Asked::default() };
        Self {
            frame,
            project: &shown.project.name,
            spot_name: spot.name(held),
            spot_short: role_choice::short(&spot.name(held)),
            workspace: spot.workspace_number(),
            workspaces: spot.choices(held, shown.project),
            path,
            search: &asked.search,
            ways: Way::EACH.map(|way| way_choice(way, shown, asked)).into(),
            is_filtered: !asked.search.is_empty() || asked.through.is_some(),
            rows,
            range,
            previous: previous.map(|cursor| asked.address(path, Some(&cursor))),
            next: next.map(|cursor| asked.address(path, Some(&cursor))),
            unfiltered: bare.address(path, None),
            may_create: may_create(signed_in, shown, &gives),
            may_search: may::<ManageServiceAccounts>(signed_in, scope),
        }
    }

    /// How many rows the next page has, at most.
    fn page_length(&self) -> usize {
        pages::LENGTH
    }
}

fn way_choice(way: Way, shown: Shown<'_>, asked: &Asked) -> WayChoice {
    let label = match way {
        Way::Granted => "Granted directly".to_owned(),
        Way::Team => "Team".to_owned(),
        Way::OrganizationRole => "Organization role".to_owned(),
        Way::Everyone => format!("Everyone in {}", role_choice::short(&shown.organization.name)),
    };
    WayChoice { name: way.name(), label, is_chosen: asked.through == Some(way) }
}

/// Whether he may make an account here: one that is admin of the project. The use case asks again.
fn may_create(signed_in: &SignedIn, shown: Shown<'_>, gives: &PermissionSet) -> bool {
    let scope = Scope::Organization(shown.organization.id);
    let is_allowed = shown.organization.policy.project_admins_create || may::<ManageServiceAccounts>(signed_in, scope);
    is_allowed && role_choice::may_give(&signed_in.held, gives, ProjectRole::BuiltIn(Role::Admin))
}
