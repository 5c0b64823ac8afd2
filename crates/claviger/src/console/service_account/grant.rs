//! Giving an account a role on a project or on one workspace of it; giving again changes the role.
//!
//! Which project is chosen first, unless the address says so, since its workspaces and its roles are what is chosen from.
//! No list holds more than fifty: where there are more, a search finds them.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use claviger_access::administration::giving::Giving;
use claviger_access::administration::service_account::{self, AddToProjects, SetWorkspaceRole};
use claviger_access::directory::{Directory, Project};
use claviger_access::grant::Granted;
use claviger_access::identity::{OrganizationId, PrincipalId, ProjectId, WorkspaceId};
use claviger_access::role::{ProjectRole, Role};
use claviger_access::{Decided, Draft, Moment, Refusal};

use super::super::error_page::ErrorPage;
use super::super::frame::{Frame, Link};
use super::super::notice::Notice;
use super::super::page::page;
use super::super::path::At;
use super::super::project_role;
use super::super::search::{finds, sought};
use super::super::signed_in::SignedIn;
use super::super::submitted::Submitted;
use super::super::typed::Typed;
use super::super::{Console, words};
use super::access::Where;
use super::{Head, NOT_MADE, OfAccount, Seen, as_of, asked, place, seen, undone, words_of_refusals};
use crate::api::failure::status_of;
use crate::api::ids::{self, PathId};
use crate::writer::WriteError;

/// So many are in a list to choose from.
const LIST_MAX: usize = 50;

/// Which project: a link each.
#[derive(Template)]
#[template(path = "console/service_account_grant_where.html")]
struct Chooser<'p> {
    frame: &'p Frame,
    head: &'p Head,
    find: &'p str,
    projects: Vec<Link>,
    /// How many match that are not shown.
    more: Option<String>,
    /// Whether there are more than a list holds.
    is_searched: bool,
}

/// A workspace to choose.
struct WorkspaceOption {
    value: String,
    name: String,
    is_chosen: bool,
}

/// A role to choose.
struct RoleOption {
    value: String,
    name: String,
    /// What it allows, in a word or two.
    told: String,
    is_chosen: bool,
}

/// Which workspace and which role.
#[derive(Template)]
#[template(path = "console/service_account_grant.html")]
struct Page<'p> {
    frame: &'p Frame,
    head: &'p Head,
    project: &'p Project,
    /// More projects than this one.
    has_others: bool,
    workspaces: Vec<WorkspaceOption>,
    find: &'p str,
    /// Whether there are more workspaces than a list holds.
    is_searched: bool,
    roles: Vec<RoleOption>,
    /// The role that it is granted there itself, if any.
    current: Option<String>,
    errors: Vec<(&'static str, String)>,
    command: String,
}

impl Page<'_> {
    fn is_wrong(&self, field: &str) -> bool {
        self.errors.iter().any(|(wrong, _)| *wrong == field)
    }
}

/// What was chosen, or is suggested.
struct Chosen<'c> {
    at: Where,
    find: &'c str,
    role: Option<String>,
}

pub(super) async fn show(
    State(console): State<Console>,
    signed_in: SignedIn,
    At((PathId(organization), PathId(account))): OfAccount,
    uri: Uri,
) -> Result<Response, ErrorPage> {
    let seen = seen(&console, &signed_in, organization, account, None).await?;
    let asked = asked(&uri);
    let only = match seen.organization.projects.as_slice() {
        [only] => Some(*only),
        _ => None,
    };
    let project = ids::read(asked.one("project")).or(only);
    let project = project.and_then(|id| signed_in.held.project(id)).filter(|known| known.organization == organization);
    match project {
        Some(project) => {
            let at = Where { project: project.id, workspace: ids::read(asked.one("workspace")) };
            let find = sought(asked.one("find"));
            let chosen = Chosen { at, find: &find, role: None };
            Ok(form(&signed_in, &seen, project, &chosen, Vec::new(), StatusCode::OK))
        }
        None => Ok(chooser(&signed_in, &seen, &sought(asked.one("find")))),
    }
}

fn chooser(signed_in: &SignedIn, seen: &Seen<'_>, find: &str) -> Response {
    let all = seen.organization.projects.iter().filter_map(|id| signed_in.held.project(*id));
    let mut found: Vec<&Project> = all.filter(|project| finds(find, &project.name)).collect();
    found.sort_by_key(|project| (&project.name, project.id));
    let more = found.len().saturating_sub(LIST_MAX);
    let path = format!("{}/grant", seen.address());
    let links = found.iter().take(LIST_MAX).map(|project| Link {
        path: format!("{path}?project={}", project.id),
        text: project.name.clone(),
        is_current: false,
    });
    let template = Chooser {
        frame: &Frame::of(signed_in, place(seen.organization.id)),
        head: &seen.head(),
        find,
        projects: links.collect(),
        more: (more > 0).then(|| words::count(more)),
        is_searched: seen.organization.projects.len() > LIST_MAX,
    };
    page(StatusCode::OK, &template)
}

/// The role that the account is granted itself in exactly that place.
fn direct(seen: &Seen<'_>, at: Where) -> Option<ProjectRole> {
    seen.view.grants().iter().find_map(|grant| match (grant.granted(), at.workspace) {
        (Granted::Project(project, role), None) if project == at.project => Some(role),
        (Granted::Workspace(on, role), Some(workspace)) if on == workspace => Some(role),
        _ => None,
    })
}

fn form(
    signed_in: &SignedIn,
    seen: &Seen<'_>,
    project: &Project,
    chosen: &Chosen<'_>,
    errors: Vec<(&'static str, String)>,
    status: StatusCode,
) -> Response {
    let directory: &Directory = &signed_in.held;
    let current = direct(seen, chosen.at);
    let role =
        chosen.role.clone().or(current.map(|role| role.to_string())).unwrap_or_else(|| Role::Consumer.to_string());
    let all = project.workspaces.iter().filter_map(|id| directory.workspace(*id));
    let is_chosen = |id: WorkspaceId| chosen.at.workspace == Some(id);
    let found = all.filter(|known| is_chosen(known.id) || finds(chosen.find, &known.name));
    let found = found.take(LIST_MAX - 1).map(|known| WorkspaceOption {
        value: known.id.to_string(),
        name: known.name.clone(),
        is_chosen: is_chosen(known.id),
    });
    let command = match chosen.at.workspace {
        Some(workspace) => format!("--workspace {}/{workspace}:{role}", project.id),
        None => format!("--project {}:{role}", project.id),
    };
    let template = Page {
        frame: &Frame::of(signed_in, place(seen.organization.id)),
        head: &seen.head(),
        project,
        has_others: seen.organization.projects.len() > 1,
        workspaces: found.collect(),
        find: chosen.find,
        is_searched: project.workspaces.len() >= LIST_MAX,
        roles: roles(signed_in, seen.organization.id, project, &role),
        current: current.map(|role| words::project_role(directory, role)),
        errors,
        command: format!("claviger service-account grant {}{} {command}", seen.view.id(), seen.on_organization()),
    };
    page(status, &template)
}

/// The roles of a project that he may give: none allows more than his own.
fn roles(signed_in: &SignedIn, organization: OrganizationId, project: &Project, chosen: &str) -> Vec<RoleOption> {
    let directory: &Directory = &signed_in.held;
    let mine = Giving::new(directory, &signed_in.caller, organization).in_project(project.id);
    let option = |role: ProjectRole| RoleOption {
        value: role.to_string(),
        name: words::project_role(directory, role),
        told: told(directory, role),
        is_chosen: role.to_string() == chosen,
    };
    mine.into_iter().map(option).collect()
}

fn told(directory: &Directory, role: ProjectRole) -> String {
    match role {
        ProjectRole::BuiltIn(Role::Consumer) => "Reads".to_owned(),
        ProjectRole::BuiltIn(Role::Analyst) => "Reads and writes".to_owned(),
        ProjectRole::BuiltIn(Role::Admin) => "Also manages access".to_owned(),
        ProjectRole::BuiltIn(Role::Owner) => "Also deletes projects".to_owned(),
        ProjectRole::Custom(_) => {
            let number = directory.permissions_of(role).len();
            words::several(i64::try_from(number).unwrap_or(i64::MAX), "permission")
        }
    }
}

/// What was typed, where it can be a grant.
fn wanted(typed: &Typed) -> Result<(Where, ProjectRole), &'static str> {
    let project = ids::read(typed.one("project")).ok_or("project")?;
    let workspace = match typed.one("workspace") {
        "" => None,
        text => Some(ids::read(text).ok_or("workspace")?),
    };
    let role = project_role::read(typed.one("role")).ok_or("role")?;
    Ok((Where { project, workspace }, role))
}

/// Gives the role.
pub(super) async fn grant(
    State(console): State<Console>,
    At((PathId(organization), PathId(account))): OfAccount,
    Submitted { signed_in, typed }: Submitted,
) -> Result<Response, ErrorPage> {
    let seen = seen(&console, &signed_in, organization, account, NOT_MADE).await?;
    let project = ids::read::<ProjectId>(typed.one("project")).and_then(|id| signed_in.held.project(id));
    let project = project.filter(|known| known.organization == organization);
    let project = project.ok_or_else(|| ErrorPage::no_such_project().inside(&signed_in, place(organization)))?;
    let chosen = Chosen {
        at: Where { project: project.id, workspace: ids::read(typed.one("workspace")) },
        find: "",
        role: Some(typed.one("role").to_owned()),
    };
    let again = |status, field: &'static str, text: String| {
        Ok(form(&signed_in, &seen, project, &chosen, vec![(field, text)], status))
    };
    let (at, role) = match wanted(&typed) {
        Ok(wanted) => wanted,
        Err("role") => return again(StatusCode::BAD_REQUEST, "role", "Choose a role.".to_owned()),
        Err(field) => return again(StatusCode::BAD_REQUEST, field, "Choose one of the list.".to_owned()),
    };
    match given(&console, &signed_in, &seen, at, role).await {
        Ok(()) => {
            let held = &signed_in.held;
            let (name, role) = (seen.name(), words::project_role(held, role));
            let place = at.name(held, organization).unwrap_or_default();
            let notice = Notice::done(format!("{name} is {role} in {place}."), as_of("In effect"));
            Ok(notice.at(&console, &signed_in, &seen.address()))
        }
        Err(error) => match &error {
            WriteError::Refused(refusal) => match words_of(&signed_in.held, project, account, refusal) {
                Some((field, text)) => again(status_of(refusal), field, text),
                None => Err(undone(&console, &signed_in, (organization, account), &error).await),
            },
            _ => Err(undone(&console, &signed_in, (organization, account), &error).await),
        },
    }
}

async fn given(
    console: &Console,
    signed_in: &SignedIn,
    seen: &Seen<'_>,
    at: Where,
    role: ProjectRole,
) -> Result<(), WriteError> {
    let (organization, account, caller): (OrganizationId, PrincipalId, _) =
        (seen.organization.id, seen.view.id(), signed_in.caller);
    let decide = move |draft: &Draft, moment: Moment, _| -> Result<Decided<()>, Refusal> {
        match at.workspace {
            Some(workspace) => {
                let command = SetWorkspaceRole { project: at.project, workspace, account, role };
                service_account::set_workspace_role(draft, &caller, &command, moment)
            }
            None => {
                let (projects, accounts) = (BTreeMap::from([(at.project, role)]), BTreeSet::from([account]));
                service_account::add_to_projects(
                    draft,
                    &caller,
                    &AddToProjects { organization, projects, accounts },
                    moment,
                )
            }
        }
    };
    console.node.writer.perform(signed_in.write_request(organization), decide).await
}

/// What is wrong with what was chosen: the field, and what is said there.
fn words_of(
    directory: &Directory,
    project: &Project,
    account: PrincipalId,
    refusal: &Refusal,
) -> Option<(&'static str, String)> {
    Some(match refusal {
        Refusal::RoleAboveOwn { .. } => {
            ("role", words_of_refusals::of(directory, project.organization, account, refusal)?.0)
        }
        Refusal::NoSuchRole { .. } => ("role", format!("{} has no such role. Choose one of its own.", project.name)),
        Refusal::NoSuchWorkspace { .. } => {
            ("workspace", format!("{} has no such workspace any more. Choose another.", project.name))
        }
        _ => return None,
    })
}
