//! Deleting a project: what stops working is told first, and its name is typed.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use claviger_access::administration::project;
use claviger_access::authorize::{DeleteProject, ManageServiceAccounts, Permit, Scope, authorize};
use claviger_access::directory::PrincipalView;
use claviger_access::effective;
use claviger_access::grant::Granted;
use claviger_access::identity::ProjectId;

use super::mistakes::Mistakes;
use super::stranded::Stranded;
use super::{Shown, permit, unread, write};
use crate::api::ids::PathId;
use crate::clock;
use crate::console::consequences::{losing, parts};
use crate::console::error_page::ErrorPage;
use crate::console::frame::{Frame, home_or_why_none};
use crate::console::notice::Notice;
use crate::console::page::page;
use crate::console::path::At;
use crate::console::place::{OrganizationPage, Place, ProjectPage};
use crate::console::refused::Wanted;
use crate::console::service_accounts::account;
use crate::console::signed_in::SignedIn;
use crate::console::submitted::Submitted;
use crate::console::typed_name::is_typed;
use crate::console::{Console, words};
use crate::store::StoreError;

const PAGE: ProjectPage = ProjectPage::Overview;

const DELETE: Wanted = Wanted { title: "Delete {}", deed: "delete it" };

#[derive(Template)]
#[template(path = "console/project_delete.html")]
struct Confirm<'p> {
    frame: &'p Frame,
    project: &'p str,
    organization: &'p str,
    path: String,
    overview: String,
    /// What goes with it, as "2 workspaces are".
    deleted: String,
    /// Who holds roles here, as "1 person and 2 teams lose".
    holders: Option<String>,
    /// What becomes of the accounts; `None` for who does not manage them here.
    accounts: Option<Accounts>,
    mistakes: Mistakes,
    command: String,
}

/// Accounts that reach the project.
#[derive(Default)]
struct Accounts {
    reaching: usize,
    /// Those that reach nothing else.
    stranded: Stranded,
}

impl Accounts {
    fn told(&self) -> String {
        words::several(i64::try_from(self.reaching).unwrap_or(i64::MAX), "service account")
    }

    fn stranded_told(&self) -> String {
        words::count(self.stranded.number)
    }
}

/// The page that says what would stop working.
pub(in crate::console) async fn confirm(
    State(console): State<Console>,
    signed_in: SignedIn,
    At(PathId(project)): At<PathId<ProjectId>>,
) -> Result<Response, ErrorPage> {
    permit::<DeleteProject>(&signed_in, project, PAGE, &DELETE)?;
    show(&console, &signed_in, project, Mistakes::default()).await
}

async fn show(
    console: &Console,
    signed_in: &SignedIn,
    project: ProjectId,
    mistakes: Mistakes,
) -> Result<Response, ErrorPage> {
    let shown = Shown::of(signed_in, project)?;
    let scope = Scope::Project(project);
    let permit = authorize::<ManageServiceAccounts>(&signed_in.held, &signed_in.caller, scope, signed_in.now).ok();
    let accounts = match permit {
        Some(permit) => {
            Some(accounts(console, signed_in, &permit, shown).await.map_err(unread(signed_in, project, PAGE))?)
        }
        None => None,
    };
    let (teams, people) = holders(signed_in, shown);
    let frame = Frame::of(signed_in, Place::Project(project, PAGE));
    let status = if mistakes.is_empty() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    let view = Confirm {
        frame: &frame,
        project: &shown.project.name,
        organization: &shown.organization.name,
        path: format!("/console/projects/{project}/delete"),
        overview: PAGE.path(project),
        deleted: parts(shown.project.workspaces.len(), shown.project.custom_roles.len()),
        holders: losing(people, teams),
        accounts,
        mistakes,
        command: format!("claviger project delete {project}"),
    };
    Ok(page(status, &view))
}

/// How many teams and people hold a role here themselves.
fn holders(signed_in: &SignedIn, shown: Shown<'_>) -> (usize, usize) {
    let held = &signed_in.held;
    let is_here = |granted: Granted| match granted {
        Granted::Project(on, _) => on == shown.project.id,
        Granted::Workspace(on, _) => held.workspace(on).is_some_and(|known| known.project == shown.project.id),
        Granted::Organization(..) => false,
    };
    let teams = shown.organization.teams.iter().filter_map(|id| held.team(*id));
    let teams = teams.filter(|team| team.grants.iter().any(|grant| is_here(grant.granted())));
    let people = shown.organization.people.iter().filter_map(|id| held.principal(*id));
    let people = people.filter(|view| view.grants().iter().any(|grant| is_here(grant.granted())));
    (teams.count(), people.count())
}

/// Goes through the accounts that reach the project: which of them reach nothing else.
async fn accounts(
    console: &Console,
    signed_in: &SignedIn,
    permit: &Permit<ManageServiceAccounts>,
    shown: Shown<'_>,
) -> Result<Accounts, StoreError> {
    let (held, mut found) = (&signed_in.held, Accounts::default());
    let see = |view: &PrincipalView<'_>| {
        found.reaching += 1;
        if !effective::reaches_beside(held, view, shown.organization, shown.project.id) {
            found.stranded.add(view, shown.organization.id);
        }
    };
    account::each_view(&console.node, held, permit, see).await?;
    Ok(found)
}

/// Deletes it.
pub(in crate::console) async fn delete(
    State(console): State<Console>,
    At(PathId(id)): At<PathId<ProjectId>>,
    Submitted { signed_in, typed }: Submitted,
) -> Result<Response, ErrorPage> {
    permit::<DeleteProject>(&signed_in, id, PAGE, &DELETE)?;
    let shown = Shown::of(&signed_in, id)?;
    let (name, organization) = (shown.project.name.clone(), shown.organization.id);
    if !is_typed(typed.one("typed"), &name) {
        let message = format!("That is not the name. Type {name}.");
        return show(&console, &signed_in, id, Mistakes::of("deleted").with("typed", message)).await;
    }
    let caller = signed_in.caller;
    let decide = move |draft: &claviger_access::Draft, moment| project::delete(draft, &caller, id, moment);
    write(&console, &signed_in, (id, PAGE), &DELETE, decide).await?;
    let more = format!("Refused as of {} UTC. Every role on it has ended.", words::time(clock::now().seconds()));
    let path = match OrganizationPage::Projects.is_open(&signed_in, organization) {
        true => OrganizationPage::Projects.path(organization),
        false => home_or_why_none(&signed_in, organization),
    };
    Ok(Notice::done(format!("{name} was deleted."), more).at(&console, &signed_in, &path))
}
