//! Deleting a workspace: what stops working is told first, and its name is typed. The one that came with the project stays.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use claviger_access::administration::workspace;
use claviger_access::authorize::{ManageServiceAccounts, ManageWorkspaces, Permit, Scope, authorize};
use claviger_access::directory::PrincipalView;
use claviger_access::effective;
use claviger_access::grant::{Grant, Granted};
use claviger_access::identity::{ProjectId, WorkspaceId};
use claviger_access::{Draft, Refusal};

use super::super::mistakes::Mistakes;
use super::super::refusals::refused_there;
use super::super::stranded::Stranded;
use super::super::{Shown, permit, unread, write};
use super::edit::{WorkspaceThere, known};
use super::{MANAGE, PAGE};
use crate::api::ids::PathId;
use crate::clock;
use crate::console::consequences::losing;
use crate::console::error_page::ErrorPage;
use crate::console::frame::Frame;
use crate::console::notice::Notice;
use crate::console::page::page;
use crate::console::path::At;
use crate::console::place::Place;
use crate::console::service_accounts::account;
use crate::console::signed_in::SignedIn;
use crate::console::submitted::Submitted;
use crate::console::typed_name::is_typed;
use crate::console::{Console, words};
use crate::store::StoreError;

#[derive(Template)]
#[template(path = "console/project_workspace_delete.html")]
struct Confirm<'p> {
    frame: &'p Frame,
    workspace: &'p str,
    project: &'p str,
    list: String,
    path: String,
    /// Who holds roles on it, as "1 person and 2 teams lose".
    holders: Option<String>,
    /// How many accounts hold a role on it, and those of them that reach nothing else; none for who may not see them.
    accounts: Option<Accounts>,
    mistakes: Mistakes,
    command: String,
}

#[derive(Default)]
struct Accounts {
    holding: usize,
    /// Those of them that reach nothing else.
    stranded: Stranded,
}

impl Accounts {
    fn told(&self) -> String {
        let (lose, theirs) = if self.holding == 1 { ("loses", "its role") } else { ("lose", "their roles") };
        let holding = several(self.holding, "service account");
        match (self.stranded.number, self.holding) {
            (0, _) => format!("{holding} {lose} {theirs} on it."),
            (1, 1) => format!("{holding} {lose} {theirs} on it and reaches nothing else."),
            (1, _) => format!("{holding} {lose} {theirs} on it; 1 of them reaches nothing else."),
            (some, _) => format!("{holding} {lose} {theirs} on it; {some} of them reach nothing else."),
        }
    }
}

fn several(number: usize, thing: &str) -> String {
    words::several(i64::try_from(number).unwrap_or(i64::MAX), thing)
}

/// The page that says what would stop working.
pub(in crate::console) async fn confirm(
    State(console): State<Console>,
    signed_in: SignedIn,
    At((PathId(project), PathId(id))): At<WorkspaceThere>,
) -> Result<Response, ErrorPage> {
    permit::<ManageWorkspaces>(&signed_in, project, PAGE, &MANAGE)?;
    show(&console, &signed_in, project, id, Mistakes::default()).await
}

async fn show(
    console: &Console,
    signed_in: &SignedIn,
    project: ProjectId,
    id: WorkspaceId,
    mistakes: Mistakes,
) -> Result<Response, ErrorPage> {
    let (shown, known, held) = (Shown::of(signed_in, project)?, known(signed_in, project, id)?, &signed_in.held);
    if known.is_default {
        let refusal = Refusal::DefaultWorkspace { workspace: id };
        return Err(refused_there(signed_in, (project, PAGE), &MANAGE, &refusal));
    }
    let permit =
        authorize::<ManageServiceAccounts>(held, &signed_in.caller, Scope::Project(project), signed_in.now).ok();
    let accounts = match permit {
        Some(permit) => {
            let accounts = accounts(console, signed_in, &permit, shown, id).await;
            Some(accounts.map_err(unread(signed_in, project, PAGE))?)
        }
        None => None,
    };
    let people = shown.organization.people.iter().filter_map(|id| held.principal(*id));
    let people = people.filter(|view| view.grants().iter().any(|grant| is_on(grant, id))).count();
    let teams = shown.organization.teams.iter().filter_map(|id| held.team(*id));
    let teams = teams.filter(|team| team.grants.iter().any(|grant| is_on(grant, id))).count();
    let frame = Frame::of(signed_in, Place::Project(project, PAGE));
    let status = if mistakes.is_empty() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    let view = Confirm {
        frame: &frame,
        workspace: &known.name,
        project: &shown.project.name,
        list: PAGE.path(project),
        path: format!("{}/{id}/delete", PAGE.path(project)),
        holders: losing(people, teams),
        accounts,
        mistakes,
        command: format!("claviger workspace delete {project}/{id}"),
    };
    Ok(page(status, &view))
}

fn is_on(grant: &Grant, workspace: WorkspaceId) -> bool {
    matches!(grant.granted(), Granted::Workspace(on, _) if on == workspace)
}

/// Goes through the accounts that reach the workspace: which hold a role on it, and which of those reach nothing else.
async fn accounts(
    console: &Console,
    signed_in: &SignedIn,
    permit: &Permit<ManageServiceAccounts>,
    shown: Shown<'_>,
    id: WorkspaceId,
) -> Result<Accounts, StoreError> {
    let (held, mut found) = (&signed_in.held, Accounts::default());
    let see = |view: &PrincipalView<'_>| {
        if !effective::held(held, view).any(|(grant, _)| is_on(&grant, id)) {
            return;
        }
        found.holding += 1;
        let is_there = |grant: &Grant| match grant.granted() {
            Granted::Workspace(on, _) => on != id && shown.project.workspaces.contains(&on),
            Granted::Project(on, _) => on == shown.project.id,
            Granted::Organization(..) => false,
        };
        let is_all = shown.project.default_access.is_none()
            && !effective::held(held, view).any(|(grant, _)| is_there(&grant))
            && !effective::reaches_beside(held, view, shown.organization, shown.project.id);
        if is_all {
            found.stranded.add(view, shown.organization.id);
        }
    };
    account::each_view(&console.node, held, permit, see).await?;
    Ok(found)
}

/// Deletes it.
pub(in crate::console) async fn delete(
    State(console): State<Console>,
    At((PathId(project), PathId(id))): At<WorkspaceThere>,
    Submitted { signed_in, typed }: Submitted,
) -> Result<Response, ErrorPage> {
    permit::<ManageWorkspaces>(&signed_in, project, PAGE, &MANAGE)?;
    let name = known(&signed_in, project, id)?.name.clone();
    if !is_typed(typed.one("typed"), &name) {
        let mistakes = Mistakes::of("deleted").with("typed", format!("That is not the name. Type {name}."));
        return show(&console, &signed_in, project, id, mistakes).await;
    }
    let caller = signed_in.caller;
    let decide = move |draft: &Draft, moment| workspace::delete(draft, &caller, project, id, moment);
    write(&console, &signed_in, (project, PAGE), &MANAGE, decide).await?;
    let notice = Notice::done(
        format!("{name} was deleted."),
        format!("Refused as of {} UTC. Every role on it has ended.", words::time(clock::now().seconds())),
    );
    Ok(notice.at(&console, &signed_in, &PAGE.path(project)))
}
