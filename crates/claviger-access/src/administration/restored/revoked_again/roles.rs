//! Roles in the organization, on projects and on workspaces; teams, and the places themselves.

use super::super::told::{At, ToldEvent, number};
use super::{NotRevokedAgain, RevokedAgain};
use crate::administration::custom_role::{self, ChangeRole};
use crate::administration::holding::{Gathered, Holding};
use crate::administration::project::ChangeProject;
use crate::administration::standing::Standing;
use crate::administration::{project, workspace};
use crate::authorize::{ManageMembers, Scope, authorize};
use crate::change::{Change, TeamChange};
use crate::decision::Decided;
use crate::directory::{Directory, Draft, PrincipalView};
use crate::effective;
use crate::event::{EventName, Target};
use crate::grant::{Grant, Granted, Holder};
use crate::identity::{CustomRoleId, ProjectId, WorkspaceId};
use crate::permission::{PermissionName, PermissionSet};
use crate::refusal::Refusal;
use crate::role::{OrganizationRole, ProjectRole, Role};

/// What becomes of a role that was changed to another.
enum Becomes<R> {
    /// What is held is no more.
    Stays,
    /// What was told is no more.
    Is(R),
    /// Neither holds the other.
    Nothing,
}

impl RevokedAgain<'_> {
    /// Brings down the role in the organization.
    pub(super) fn organization_role(
        &self,
        draft: &Draft,
        holder: &PrincipalView<'_>,
        told: OrganizationRole,
        name: EventName,
        done: &mut Gathered,
    ) -> Result<(), Refusal> {
        let was = effective::organization_role(holder, self.organization).unwrap_or(OrganizationRole::Member);
        let role = match lower(&in_organization(was), told, &in_organization(told)) {
            Becomes::Stays => return Ok(()),
            Becomes::Is(role) => role,
            Becomes::Nothing => OrganizationRole::Member,
        };
        let (id, own) = (holder.id(), Holder::Principal(holder.id()));
        let taken = effective::organization_grants(holder, self.organization);
        let taken = taken.map(|(id, _)| Change::GrantTaken { id, holder: own });
        let granted = Granted::Organization(self.organization, role);
        let given = Change::GrantGiven { id: draft.ids().grant()?, holder: own, granted, created: self.moment };
        let event = self.event(draft, name, Target::Principal(id))?;
        done.add(event.before("organization_role", was).after("organization_role", role), taken.chain([given]));
        Ok(())
    }

    /// Takes a role on a project or on a workspace, or brings it down.
    pub(super) fn role(&self, draft: &Draft, told: &ToldEvent, done: &mut Gathered) -> Result<(), NotRevokedAgain> {
        let project = told.project.ok_or_else(|| told.unclear("in which project"))?;
        let Some(known) = draft.project(project).filter(|known| known.organization == self.organization) else {
            return Ok(());
        };
        let place = Place { project, workspace: told.workspace()? };
        let (holding, grants): (_, &[Grant]) = match told.target {
            Target::Principal(id) => match effective::member(draft, self.organization, id) {
                Some(member) => (Holding::of_principal(&member), member.grants()),
                None => return Ok(()),
            },
            Target::Team(id) => match draft.team(id).filter(|team| team.organization == self.organization) {
                Some(team) => (Holding::of_team(team), &team.grants),
                None => return Ok(()),
            },
            Target::Project(_) => (Holding::of_every_member(known), known.default_access.as_slice()),
            _ => return Err(told.unclear("whose role it is").into()),
        };
        let held = grants.iter().map(Grant::granted).find(|granted| place.is_of(granted));
        let Some(held) = held.and_then(|granted| granted.project_role()) else { return Ok(()) };
        let permit = authorize::<ManageMembers>(draft, self.caller, Scope::Project(project), self.moment)?;
        let becomes = match told.may_say(At::After, "role").map(|text| role_there(draft, project, text)) {
            Some(Some(role)) => lower(&draft.permissions_of(held), role, &draft.permissions_of(role)),
            // Taken, or a role that was made later.
            Some(None) | None => Becomes::Nothing,
        };
        match becomes {
            Becomes::Stays => {}
            Becomes::Is(role) => {
                let standing = Standing::new(draft, self.caller, self.organization);
                holding.set(&permit, &standing, place.granted(role), &mut draft.ids(), self.moment, done)?;
            }
            Becomes::Nothing => holding.give_up(&permit, |granted| place.is_of(granted), done),
        }
        Ok(())
    }

    pub(super) fn team(&self, draft: &Draft, told: &ToldEvent, done: &mut Gathered) -> Result<(), NotRevokedAgain> {
        let id = match told.target {
            Target::Team(id) => id,
            _ => told.team(At::Before)?,
        };
        let Some(team) = draft.team(id).filter(|team| team.organization == self.organization) else { return Ok(()) };
        if told.name == EventName::TeamDeleted {
            let event = self.event(draft, told.name, Target::Team(id))?.before("name", &team.name);
            done.add(event, [Change::Team(TeamChange::Deleted { id })]);
            return Ok(());
        }
        let member = told.principal()?;
        if team.members.contains(&member) {
            let event = self.event(draft, told.name, Target::Principal(member))?.before("team", id);
            done.add(event, [Change::Team(TeamChange::MemberRemoved { id, member })]);
        }
        Ok(())
    }

    pub(super) fn place(&self, draft: &Draft, told: &ToldEvent) -> Result<Decided<()>, NotRevokedAgain> {
        let is_here =
            |project: ProjectId| draft.project(project).is_some_and(|known| known.organization == self.organization);
        match told.target {
            Target::Project(id) if is_here(id) && told.name == EventName::ProjectUpdated => self.slug(draft, id, told),
            Target::Project(id) if is_here(id) => Ok(project::delete(draft, self.caller, id, self.moment)?),
            Target::Workspace(id) => match draft.workspace(id).map(|known| known.project) {
                Some(project) if is_here(project) => {
                    Ok(workspace::delete(draft, self.caller, project, id, self.moment)?)
                }
                _ => Ok(Decided::Nothing(())),
            },
            Target::Project(_) => Ok(Decided::Nothing(())),
            _ => Err(told.unclear("what was deleted").into()),
        }
    }

    /// Gateways ask for a project by its slug: one that was taken from a project leads there no more.
    fn slug(&self, draft: &Draft, id: ProjectId, told: &ToldEvent) -> Result<Decided<()>, NotRevokedAgain> {
        let is = draft.project(id).and_then(|known| known.slug.as_ref());
        let was = told.may_say(At::Before, "slug");
        if is.is_none_or(|is| was != Some(is.as_str())) {
            return Ok(Decided::Nothing(()));
        }
        let change = ChangeProject { project: id, name: None, timezone: None, slug: Some(None) };
        Ok(project::change(draft, self.caller, &change, self.moment)?)
    }

    /// One that was changed allows what it allowed both before and after.
    pub(super) fn custom_role(&self, draft: &Draft, told: &ToldEvent) -> Result<Decided<()>, NotRevokedAgain> {
        let Target::CustomRole(id) = told.target else { return Err(told.unclear("which role").into()) };
        let Some(role) = draft.custom_role(id) else { return Ok(Decided::Nothing(())) };
        let project = role.project;
        if draft.project(project).is_none_or(|known| known.organization != self.organization) {
            return Ok(Decided::Nothing(()));
        }
        if told.name == EventName::CustomRoleDeleted {
            return Ok(match custom_role::delete(draft, self.caller, project, id, self.moment)? {
                Decided::Write(decision, _) => Decided::Write(decision, ()),
                Decided::Nothing(_) => Decided::Nothing(()),
            });
        }
        let Some(told_of) = told.may_say(At::After, "permissions") else { return Ok(Decided::Nothing(())) };
        // One of the installation's own stays what it was when the catalogue grows.
        let read = |name| PermissionName::parse(name).ok().or_else(|| PermissionName::own_as_stored(name));
        let names: Option<Vec<PermissionName>> = told_of.split_whitespace().map(read).collect();
        let told_of: PermissionSet = names.ok_or_else(|| told.unclear("which permissions"))?.into_iter().collect();
        let both = role.properties.permissions.names().filter(|name| told_of.allows(name)).collect();
        let change =
            ChangeRole { project, role: id, name: None, description: None, permissions: Some(both), copied_from: None };
        Ok(custom_role::change(draft, self.caller, &change, self.moment)?)
    }
}

/// A project, or one workspace of it.
#[derive(Clone, Copy)]
struct Place {
    project: ProjectId,
    workspace: Option<WorkspaceId>,
}

impl Place {
    fn granted(self, role: ProjectRole) -> Granted {
        match self.workspace {
            Some(workspace) => Granted::Workspace(workspace, role),
            None => Granted::Project(self.project, role),
        }
    }

    fn is_of(self, granted: &Granted) -> bool {
        granted.is_in_scope_of(&self.granted(Role::Consumer.into()))
    }
}

/// The project's role of that name or number; none where it is not there.
fn role_there(directory: &Directory, project: ProjectId, text: &str) -> Option<ProjectRole> {
    let custom = || number(text).and_then(CustomRoleId::new).filter(|id| is_of(directory, project, *id));
    Role::parse(text).map(ProjectRole::BuiltIn).or_else(|| custom().map(ProjectRole::Custom))
}

fn is_of(directory: &Directory, project: ProjectId, role: CustomRoleId) -> bool {
    directory.custom_role(role).is_some_and(|known| known.project == project)
}

/// All that a role in the organization allows, in its projects as well.
fn in_organization(role: OrganizationRole) -> PermissionSet {
    let mut all = PermissionSet::of(role.permissions());
    if let Some(role) = role.in_projects() {
        all.add(&role.permission_set());
    }
    all
}

fn lower<R>(held: &PermissionSet, told: R, of_told: &PermissionSet) -> Becomes<R> {
    match (of_told.includes(held), held.includes(of_told)) {
        (true, _) => Becomes::Stays,
        (false, true) => Becomes::Is(told),
        (false, false) => Becomes::Nothing,
    }
}
