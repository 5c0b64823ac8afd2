//! A workspace's own page: its name and description, and where to see who reaches it.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use claviger_access::Draft;
use claviger_access::administration::workspace::{self, ChangeWorkspace};
use claviger_access::authorize::ManageWorkspaces;
use claviger_access::directory::Workspace;
use claviger_access::identity::{ProjectId, WorkspaceId};

use super::super::mistakes::Mistakes;
use super::super::refusals::refused_there;
use super::super::{Shown, permit, write};
use super::{MANAGE, PAGE, reached_by, read};
use crate::api::ids::PathId;
use crate::console::Console;
use crate::console::error_page::ErrorPage;
use crate::console::frame::{Frame, Link};
use crate::console::notice::Notice;
use crate::console::page::page;
use crate::console::path::At;
use crate::console::place::Place;
use crate::console::signed_in::SignedIn;
use crate::console::submitted::Submitted;
use crate::console::typed::{Field, Typed};
use crate::console::words;

pub(super) type WorkspaceThere = (PathId<ProjectId>, PathId<WorkspaceId>);

#[derive(Template)]
#[template(path = "console/project_workspace.html")]
struct Form<'p> {
    frame: &'p Frame,
    workspace: &'p str,
    project: &'p str,
    list: String,
    path: String,
    is_default: bool,
    name: Field,
    description: Field,
    reached_by: Vec<Link>,
    mistakes: Mistakes,
    command: String,
}

/// The page.
pub(in crate::console) async fn form(
    signed_in: SignedIn,
    At((PathId(project), PathId(id))): At<WorkspaceThere>,
) -> Result<Response, ErrorPage> {
    permit::<ManageWorkspaces>(&signed_in, project, PAGE, &MANAGE)?;
    show(&signed_in, project, id, None, Mistakes::default())
}

/// The workspace, if it is in that project.
pub(super) fn known(signed_in: &SignedIn, project: ProjectId, id: WorkspaceId) -> Result<&Workspace, ErrorPage> {
    let known = workspace::find(&signed_in.held, project, id);
    known.map_err(|refusal| refused_there(signed_in, (project, PAGE), &MANAGE, &refusal))
}

fn show(
    signed_in: &SignedIn,
    project: ProjectId,
    id: WorkspaceId,
    typed: Option<&Typed>,
    mistakes: Mistakes,
) -> Result<Response, ErrorPage> {
    let (shown, known) = (Shown::of(signed_in, project)?, known(signed_in, project, id)?);
    let frame = Frame::of(signed_in, Place::Project(project, PAGE));
    let name = Field::of("name", &known.name, typed);
    let status = if mistakes.is_empty() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    let view = Form {
        frame: &frame,
        workspace: &known.name,
        project: &shown.project.name,
        list: PAGE.path(project),
        path: format!("{}/{id}", PAGE.path(project)),
        is_default: known.is_default,
        command: format!("claviger workspace change {project}/{id} --name {}", words::shell_word(&name.text)),
        name,
        description: Field::of("description", known.description.as_deref().unwrap_or_default(), typed),
        reached_by: reached_by(signed_in, known),
        mistakes,
    };
    Ok(page(status, &view))
}

/// Changes name and description.
pub(in crate::console) async fn change(
    State(console): State<Console>,
    At((PathId(project), PathId(id))): At<WorkspaceThere>,
    Submitted { signed_in, typed }: Submitted,
) -> Result<Response, ErrorPage> {
    permit::<ManageWorkspaces>(&signed_in, project, PAGE, &MANAGE)?;
    let mut mistakes = Mistakes::of("changed");
    let Some((name, description)) = read(&typed, &mut mistakes) else {
        return show(&signed_in, project, id, Some(&typed), mistakes);
    };
    let (called, caller) = (name.as_str().to_owned(), signed_in.caller);
    let command = ChangeWorkspace {
        project,
        workspace: id,
        name: Some(name).filter(|_| typed.is_changed("name")),
        description: Some(description).filter(|_| typed.is_changed("description")),
        is_restricted: None,
        is_visible: None,
    };
    let decide = move |draft: &Draft, moment| workspace::change(draft, &caller, &command, moment);
    write(&console, &signed_in, (project, PAGE), &MANAGE, decide).await?;
    Ok(Notice::done(format!("{called} was saved."), "").at(&console, &signed_in, &PAGE.path(project)))
}
