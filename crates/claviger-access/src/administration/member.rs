//! People in a project: their roles on it and on its workspaces.
//!
//! One person is named by his id, several in one decision by their addresses. Each may take away his own roles: who leaves
//! a project keeps what he reaches through teams, the organization and default access.

use std::collections::{BTreeMap, BTreeSet};

use super::holding::{Gathered, Holding, is_in};
use super::standing::Standing;
use super::{membership, project, workspace};
use crate::authorize::{
    Caller, ManageMembers, Permit, RemoveMember, Scope, authorize, remove_member, see_organization,
};
use crate::decision::Decided;
use crate::directory::{Draft, PrincipalView};
use crate::email::EmailAddress;
use crate::expiry::Moment;
use crate::grant::Granted;
use crate::identity::{OrganizationId, PrincipalId, ProjectId, WorkspaceId};
use crate::refusal::Refusal;
use crate::role::ProjectRole;

/// A role of a person, on a project or a workspace of it.
pub struct SetMemberRole {
    /// The project.
    pub project: ProjectId,
    /// One workspace of it; `None` for all of it.
    pub workspace: Option<WorkspaceId>,
    /// Who.
    pub member: PrincipalId,
    /// The role; `None` takes it away, and without a workspace also what the person holds on the project's workspaces.
    pub role: Option<ProjectRole>,
}

/// Roles on projects for people: all or nothing.
pub struct AddToProjects {
    /// Whose people and projects.
    pub organization: OrganizationId,
    /// The projects, each with the role that each person gets there.
    pub projects: BTreeMap<ProjectId, BTreeMap<EmailAddress, ProjectRole>>,
}

/// People to be taken off projects: all or nothing.
pub struct RemoveFromProjects {
    /// Whose people and projects.
    pub organization: OrganizationId,
    /// The projects, each with the people to take off.
    pub projects: BTreeMap<ProjectId, BTreeSet<EmailAddress>>,
}

/// Gives a person a role on a project or a workspace, or takes it away there. Giving again sets the role.
pub fn set_role(
    draft: &Draft,
    caller: &Caller,
    command: &SetMemberRole,
    moment: Moment,
) -> Result<Decided<()>, Refusal> {
    let Some(role) = command.role else { return take_role(draft, caller, command, moment) };
    let project = command.project;
    let permit = authorize::<ManageMembers>(draft, caller, Scope::Project(project), moment)?;
    let organization = permit.organization();
    let workspace = command.workspace.map(|id| workspace::find(draft, project, id)).transpose()?;
    let person = membership::find(draft, organization, command.member)?;
    let standing = Standing::new(draft, caller, organization);
    standing.may_give_in_project(project, role)?;
    let granted = match workspace {
        Some(workspace) => Granted::Workspace(workspace.id, role),
        None => Granted::Project(project, role),
    };
    let mut done = Gathered::default();
    Holding::of_principal(&person).set(&permit, &standing, granted, &mut draft.ids(), moment, &mut done)?;
    Ok(done.decided())
}

/// Gives people roles on projects. Giving again sets the role.
pub fn add_to_projects(
    draft: &Draft,
    caller: &Caller,
    command: &AddToProjects,
    moment: Moment,
) -> Result<Decided<()>, Refusal> {
    let organization = command.organization;
    see_organization(draft, caller, organization, moment)?;
    let standing = Standing::new(draft, caller, organization);
    let (mut ids, mut done) = (draft.ids(), Gathered::default());
    for (project, people) in &command.projects {
        let permit = project::authorize_in::<ManageMembers>(draft, caller, organization, *project, moment)?;
        for (email, role) in people {
            let person = membership::addressed(draft, organization, email);
            let person = person.ok_or(Refusal::NoMemberOfThatAddress { organization })?;
            standing.may_give_in_project(*project, *role)?;
            let granted = Granted::Project(*project, *role);
            Holding::of_principal(&person).set(&permit, &standing, granted, &mut ids, moment, &mut done)?;
        }
    }
    Ok(done.decided())
}

/// Takes people off projects, the projects' workspaces included. Taking off who is not there changes nothing.
pub fn remove_from_projects(
    draft: &Draft,
    caller: &Caller,
    command: &RemoveFromProjects,
    moment: Moment,
) -> Result<Decided<()>, Refusal> {
    let organization = command.organization;
    see_organization(draft, caller, organization, moment)?;
    let (standing, mut done) = (Standing::new(draft, caller, organization), Gathered::default());
    for (project, people) in &command.projects {
        project::find_in(draft, organization, *project)?;
        for email in people {
            let person = membership::addressed(draft, organization, email);
            let id = person.as_ref().map(PrincipalView::id);
            let permit = remove_member(draft, caller, Scope::Project(*project), id, moment)?;
            let person = person.ok_or(Refusal::NoMemberOfThatAddress { organization })?;
            take(draft, caller, &permit, &standing, &person, (*project, None), &mut done)?;
        }
    }
    Ok(done.decided())
}

fn take_role(draft: &Draft, caller: &Caller, command: &SetMemberRole, moment: Moment) -> Result<Decided<()>, Refusal> {
    let (project, member) = (command.project, command.member);
    let permit = remove_member(draft, caller, Scope::Project(project), Some(member), moment)?;
    command.workspace.map(|id| workspace::find(draft, project, id)).transpose()?;
    let person = membership::find(draft, permit.organization(), member)?;
    let (standing, mut done) = (Standing::new(draft, caller, permit.organization()), Gathered::default());
    take(draft, caller, &permit, &standing, &person, (project, command.workspace), &mut done)?;
    Ok(done.decided())
}

/// Takes every grant that a person holds himself in a place. Whoever leaves gives up whatever he holds there.
fn take(
    draft: &Draft,
    caller: &Caller,
    permit: &Permit<RemoveMember>,
    standing: &Standing<'_>,
    person: &PrincipalView<'_>,
    (project, workspace): (ProjectId, Option<WorkspaceId>),
    done: &mut Gathered,
) -> Result<(), Refusal> {
    let (holding, is_there) = (Holding::of_principal(person), is_in(draft, project, workspace));
    if caller.is(person.id()) {
        holding.give_up(permit, is_there, done);
        return Ok(());
    }
    holding.take(permit, standing, is_there, done)
}
