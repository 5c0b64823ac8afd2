//! The Workspaces page of a project: those that whoever looks reaches, and who reaches each; making, changing and deleting
//! them for who may.

mod delete;
mod edit;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use claviger_access::administration::workspace::{self, CreateWorkspace};
use claviger_access::authorize::{ManageMembers, ManageServiceAccounts, ManageWorkspaces, Scope};
use claviger_access::directory::Workspace;
use claviger_access::effective;
use claviger_access::identity::{ProjectId, WorkspaceId};
use claviger_access::refusal::MadeBefore;
use claviger_access::role::ProjectRole;
use claviger_access::text::{Description, DisplayName};
use claviger_access::{Draft, Refusal};

pub(in crate::console) use self::delete::{confirm, delete};
pub(in crate::console) use self::edit::{change, form};
use super::asked::Asked;
use super::mistakes::{self, Mistakes};
use super::pages::{self, Pages};
use super::refusals::unwritten_there;
use super::{Shown, organization_of, permit, role_choice};
use crate::api::ids::PathId;
use crate::console::error_page::ErrorPage;
use crate::console::frame::{Frame, Link};
use crate::console::notice::Notice;
use crate::console::page::page;
use crate::console::path::At;
use crate::console::place::{Place, ProjectPage, may};
use crate::console::refused::Wanted;
use crate::console::signed_in::SignedIn;
use crate::console::submitted::Submitted;
use crate::console::typed::Typed;
use crate::console::{Console, once, words};
use crate::writer::WriteError;

const PAGE: ProjectPage = ProjectPage::Workspaces;

const SEE: Wanted = Wanted { title: "Workspaces of {}", deed: "see it" };

const MANAGE: Wanted = Wanted { title: "Change the workspaces of {}", deed: "change its workspaces" };

/// A description on a row is cut after so many characters.
const TOLD_LENGTH_MAX: usize = 60;

/// A row.
struct Row {
    name: String,
    /// For what is read aloud alone.
    short: String,
    /// Its own page, for who may change it.
    page: Option<String>,
    is_default: bool,
    description: String,
    role: String,
    /// Lists of who reaches it.
    reached_by: Vec<Link>,
}

#[derive(Template)]
#[template(path = "console/project_workspaces.html")]
struct List<'p> {
    frame: &'p Frame,
    project: &'p str,
    path: &'p str,
    search: &'p str,
    rows: Vec<Row>,
    range: String,
    previous: Option<String>,
    next: Option<String>,
    /// The form that makes one, for who may.
    new: Option<New>,
    mistakes: Mistakes,
    command: String,
}

struct New {
    once: String,
    name: String,
    description: String,
}

/// The page.
pub(in crate::console) async fn list(
    signed_in: SignedIn,
    At(PathId(project)): At<PathId<ProjectId>>,
    asked: Asked,
) -> Result<Response, ErrorPage> {
    show(&signed_in, project, &asked, &Typed::default(), Mistakes::default())
}

fn show(
    signed_in: &SignedIn,
    project: ProjectId,
    asked: &Asked,
    typed: &Typed,
    mistakes: Mistakes,
) -> Result<Response, ErrorPage> {
    let (held, place) = (&signed_in.held, Place::Project(project, PAGE));
    let shown = Shown::or_why_not(signed_in, (project, PAGE), &SEE)?;
    let known = |id| WorkspaceId::new(id).and_then(|id| held.workspace(id));
    let name = |id| known(id).filter(|known| known.project == project).map(|known| &*known.name);
    let mut pages = Pages::new(asked.cursor, name);
    let view = signed_in.view();
    let role = |id: WorkspaceId| view.as_ref().and_then(|view| effective::workspace_role(held, view, id));
    for known in shown.project.workspaces.iter().filter_map(|id| held.workspace(*id)) {
        if let Some(role) = role(known.id).filter(|_| asked.finds(&known.name)) {
            pages.add(&known.name, known.id.number(), (known, role));
        }
    }
    let (found, path) = (pages.end(), PAGE.path(project));
    if found.is_astray() {
        return Ok(Redirect::to(&asked.address(&path, None)).into_response());
    }
    let manages = may::<ManageWorkspaces>(signed_in, Scope::Project(project));
    let new = match manages {
        true => Some(New {
            once: once::fresh()?,
            name: typed.shown("name").to_owned(),
            description: typed.shown("description").to_owned(),
        }),
        false => None,
    };
    let frame = Frame::of(signed_in, place);
    let status = if mistakes.is_empty() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    let list = List {
        frame: &frame,
        project: &shown.project.name,
        search: &asked.search,
        range: found.range(),
        previous: found.previous.as_deref().map(|cursor| asked.address(&path, Some(cursor))),
        next: found.next.as_deref().map(|cursor| asked.address(&path, Some(cursor))),
        rows: found.rows.into_iter().map(|(known, role)| row(signed_in, known, role, manages)).collect(),
        path: &path,
        new,
        mistakes,
        // The command line searches no workspaces.
        command: match asked.search.is_empty() {
            true => format!("claviger workspace list --project {project}"),
            false => String::new(),
        },
    };
    Ok(page(status, &list))
}

impl List<'_> {
    /// How many rows the next page has, at most.
    fn page_length(&self) -> usize {
        pages::LENGTH
    }
}

fn row(signed_in: &SignedIn, known: &Workspace, role: ProjectRole, manages: bool) -> Row {
    let description = known.description.as_deref().unwrap_or_default();
    Row {
        name: words::cut(&known.name, pages::NAME_LENGTH_MAX),
        short: role_choice::short(&known.name),
        page: manages.then(|| format!("{}/{}", PAGE.path(known.project), known.id)),
        is_default: known.is_default,
        description: words::cut(description, TOLD_LENGTH_MAX),
        role: words::project_role(&signed_in.held, role),
        reached_by: reached_by(signed_in, known),
    }
}

/// The lists of who reaches a workspace, as far as he may see them.
fn reached_by(signed_in: &SignedIn, known: &Workspace) -> Vec<Link> {
    let scope = Scope::Project(known.project);
    let link = |page: ProjectPage, text: &str| Link {
        path: format!("{}?workspace={}", page.path(known.project), known.id),
        text: text.to_owned(),
        is_current: false,
    };
    let accounts =
        may::<ManageServiceAccounts>(signed_in, scope).then(|| link(ProjectPage::ServiceAccounts, "Service accounts"));
    let people = may::<ManageMembers>(signed_in, scope).then(|| link(ProjectPage::Users, "People"));
    accounts.into_iter().chain(people).collect()
}

/// A name and a description that were typed, or what is wrong with them.
fn read(typed: &Typed, mistakes: &mut Mistakes) -> Option<(DisplayName, Option<Description>)> {
    let name = DisplayName::parse(typed.one("name")).map_err(|error| mistakes::text(&error));
    // Browsers send line breaks in two characters.
    let description = Description::parse(&typed.one("description").replace("\r\n", "\n"));
    let description = description.map_err(|error| mistakes::text(&error));
    let (name, description) = (mistakes.take("name", name), mistakes.take("description", description));
    name.zip(description)
}

/// Makes one.
pub(in crate::console) async fn create(
    State(console): State<Console>,
    At(PathId(project)): At<PathId<ProjectId>>,
    Submitted { signed_in, typed }: Submitted,
) -> Result<Response, ErrorPage> {
    permit::<ManageWorkspaces>(&signed_in, project, PAGE, &MANAGE)?;
    let mut mistakes = Mistakes::of("created");
    let Some((name, description)) = read(&typed, &mut mistakes) else {
        return show(&signed_in, project, &Asked::default(), &typed, mistakes);
    };
    let called = name.as_str().to_owned();
    let command = CreateWorkspace { project, name, description, is_restricted: false, is_visible: true };
    let (caller, key) = (signed_in.caller, once::key(signed_in.person, &typed)?);
    let request = signed_in.write_request(organization_of(&signed_in, project)?);
    let decide = move |draft: &Draft, moment, _| workspace::create(draft, &caller, &command, moment);
    let path = PAGE.path(project);
    match console.node.writer.create(request, Some(key), decide).await {
        Ok(_) => {
            let more = "Who has a role on the whole project reaches it.";
            Ok(Notice::done(format!("{called} was created."), more).at(&console, &signed_in, &path))
        }
        Err(WriteError::Refused(Refusal::AlreadyCreated { made: MadeBefore::Other(_) })) => {
            Ok(Notice::warning(format!("{called} was created already."), "").at(&console, &signed_in, &path))
        }
        Err(error) => Err(unwritten_there(&signed_in, (project, PAGE), &MANAGE, &error)),
    }
}
