//! Projects: create, change, delete.

use std::collections::BTreeSet;

use super::holding::Gathered;
use crate::authorize::{
    self, Action, Actor, Caller, DeleteProject, Permit, Scope, UpdateProject, authorize, see_organization,
};
use crate::change::{Change, WorkspaceProperties};
use crate::decision::{Decided, Decision};
use crate::directory::{Directory, Draft, NewIds, Project};
use crate::event::{Event, EventName, Target};
use crate::expiry::Moment;
use crate::identity::{OrganizationId, PrincipalId, ProjectId, ProjectSlug, WorkspaceId};
use crate::refusal::Refusal;
use crate::text::{DisplayName, TimezoneName};

/// Most projects of one organization.
pub const PROJECTS_MAX: usize = 10_000;

/// The name of the workspace that each project is born with.
pub const DEFAULT_WORKSPACE_NAME: &str = "All Project Data";

/// New projects, all or nothing.
pub struct CreateProjects {
    /// Whose.
    pub organization: OrganizationId,
    /// What they are to be.
    pub projects: Vec<NewProject>,
}

/// A new project.
pub struct NewProject {
    /// Its name.
    pub name: DisplayName,
    /// Its time zone.
    pub timezone: TimezoneName,
    /// What the platform calls it, if anything.
    pub slug: Option<ProjectSlug>,
}

/// What is to be different; what is `None` stays.
pub struct ChangeProject {
    /// Which.
    pub project: ProjectId,
    /// Its name.
    pub name: Option<DisplayName>,
    /// Its time zone.
    pub timezone: Option<TimezoneName>,
    /// What the platform calls it; `Some(None)` takes that away.
    pub slug: Option<Option<ProjectSlug>>,
}

/// Creates projects, each with its default workspace.
pub fn create(
    draft: &Draft,
    caller: &Caller,
    command: &CreateProjects,
    moment: Moment,
) -> Result<Decided<Vec<ProjectId>>, Refusal> {
    let organization = command.organization;
    let permit = authorize::<authorize::CreateProjects>(draft, caller, Scope::Organization(organization), moment)?;
    draft.refuse_repetition()?;
    let there = draft.organization(organization).map_or(0, |known| known.projects.len());
    if there + command.projects.len() > PROJECTS_MAX {
        return Err(Refusal::LimitReached { organization, things: "projects", limit: PROJECTS_MAX });
    }
    let (mut ids, mut made, mut done) = (draft.ids(), Vec::new(), Gathered::default());
    let mut slugs = BTreeSet::new();
    for new in &command.projects {
        if let Some(slug) = &new.slug {
            if !slugs.insert(slug) {
                return Err(Refusal::SlugTaken { slug: slug.clone() });
            }
            refuse_taken(draft, slug)?;
        }
        let (id, _, changes) = make(&mut ids, organization, new, moment, creator(&permit))?;
        let mut event = Event::under(&permit, EventName::ProjectCreated, Target::Project(id))
            .after("name", new.name.as_str())
            .after("timezone", new.timezone.as_str());
        if let Some(slug) = &new.slug {
            event = event.after("slug", slug);
        }
        made.push(id);
        done.add(event, changes);
    }
    Ok(done.replying(made))
}

/// Changes a project's own properties.
pub fn change(draft: &Draft, caller: &Caller, command: &ChangeProject, moment: Moment) -> Result<Decided<()>, Refusal> {
    let id = command.project;
    let permit = authorize::<UpdateProject>(draft, caller, Scope::Project(id), moment)?;
    let project = draft.project(id).ok_or(Refusal::NoSuchProject { project: id })?;
    let name = command.name.as_ref().map_or(project.name.as_str(), DisplayName::as_str);
    let timezone = command.timezone.as_ref().map_or(project.timezone.as_str(), |timezone| timezone.as_str());
    let slug = command.slug.as_ref().unwrap_or(&project.slug);
    let mut event = Event::under(&permit, EventName::ProjectUpdated, Target::Project(id));
    if name != project.name {
        event = event.before("name", &project.name).after("name", name);
    }
    if timezone != project.timezone {
        event = event.before("timezone", &project.timezone).after("timezone", timezone);
    }
    if *slug != project.slug {
        slug.iter().try_for_each(|slug| refuse_taken(draft, slug))?;
        let text = |slug: &Option<ProjectSlug>| slug.as_ref().map_or_else(String::new, ProjectSlug::to_string);
        event = event.before("slug", text(&project.slug)).after("slug", text(slug));
    }
    if event.facts_after().is_empty() {
        return Ok(Decided::Nothing(()));
    }
    let (name, timezone, slug) = (name.to_owned(), timezone.to_owned(), slug.clone());
    Ok(Decided::Write(Decision::new(event, vec![Change::ProjectChanged { id, name, timezone, slug }]), ()))
}

/// A slug names one project of the installation. Whoever asks may know no more than that it does.
fn refuse_taken(draft: &Draft, slug: &ProjectSlug) -> Result<(), Refusal> {
    match draft.project_called(slug.as_str()) {
        Some(_) => Err(Refusal::SlugTaken { slug: slug.clone() }),
        None => Ok(()),
    }
}

/// Deletes a project with its workspaces and every grant on it or on them.
pub fn delete(draft: &Draft, caller: &Caller, id: ProjectId, moment: Moment) -> Result<Decided<()>, Refusal> {
    let permit = authorize::<DeleteProject>(draft, caller, Scope::Project(id), moment)?;
    let event = deleted(draft, &permit, id);
    Ok(Decided::Write(Decision::new(event, vec![Change::ProjectDeleted { id }]), ()))
}

/// Deletes projects of one organization, all or nothing.
pub fn delete_several(
    draft: &Draft,
    caller: &Caller,
    organization: OrganizationId,
    projects: &BTreeSet<ProjectId>,
    moment: Moment,
) -> Result<Decided<()>, Refusal> {
    see_organization(draft, caller, organization, moment)?;
    let mut done = Gathered::default();
    for id in projects {
        let permit = authorize_in(draft, caller, organization, *id, moment)?;
        done.add(deleted(draft, &permit, *id), [Change::ProjectDeleted { id: *id }]);
    }
    Ok(done.decided())
}

fn deleted(draft: &Draft, permit: &Permit<DeleteProject>, id: ProjectId) -> Event {
    let project = draft.project(id);
    let name = project.map_or("", |project| &project.name);
    let event = Event::under(permit, EventName::ProjectDeleted, Target::Project(id)).before("name", name);
    match project.and_then(|project| project.slug.as_ref()) {
        Some(slug) => event.before("slug", slug),
        None => event,
    }
}

/// The project, if it is in the organization that the request names.
pub(super) fn find_in(
    directory: &Directory,
    organization: OrganizationId,
    project: ProjectId,
) -> Result<&Project, Refusal> {
    let known = directory.project(project).filter(|known| known.organization == organization);
    known.ok_or(Refusal::NoSuchProject { project })
}

/// A permit for a project that must be in the organization that the request names.
pub(super) fn authorize_in<A: Action>(
    draft: &Draft,
    caller: &Caller,
    organization: OrganizationId,
    project: ProjectId,
    moment: Moment,
) -> Result<Permit<A>, Refusal> {
    find_in(draft, organization, project)?;
    authorize(draft, caller, Scope::Project(project), moment)
}

/// The changes that make a project with its default workspace.
pub(super) fn make(
    ids: &mut NewIds,
    organization: OrganizationId,
    new: &NewProject,
    moment: Moment,
    creator: Option<PrincipalId>,
) -> Result<(ProjectId, WorkspaceId, [Change; 2]), Refusal> {
    let (project, workspace) = (ids.project()?, ids.workspace()?);
    let changes = [
        Change::ProjectCreated {
            id: project,
            organization,
            name: new.name.as_str().to_owned(),
            timezone: new.timezone.as_str().to_owned(),
            slug: new.slug.clone(),
            created: moment,
            creator,
        },
        Change::WorkspaceCreated {
            id: workspace,
            project,
            properties: WorkspaceProperties {
                name: DEFAULT_WORKSPACE_NAME.to_owned(),
                description: None,
                is_restricted: false,
                is_visible: true,
            },
            is_default: true,
            created: moment,
            creator: None,
        },
    ];
    Ok((project, workspace, changes))
}

pub(super) fn creator<A>(permit: &Permit<A>) -> Option<PrincipalId> {
    match permit.by() {
        Actor::Principal(principal, _) => Some(principal),
        Actor::Operator => None,
    }
}
