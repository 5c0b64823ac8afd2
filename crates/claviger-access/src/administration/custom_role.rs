//! Custom roles of a project: create, change, copy, delete.
//!
//! Nobody puts a permission into a role that he does not hold himself, and nobody changes a role that allows what he
//! may not: he would lower others above him.

use super::holding::few;
use super::project::creator;
use super::standing::Standing;
use crate::authorize::{Caller, ManageRoles, Permit, Scope, authorize};
use crate::change::{Change, CustomRoleChange, CustomRoleProperties};
use crate::decision::{Decided, Decision};
use crate::directory::{CustomRole, Directory, Draft};
use crate::event::{Event, EventName, Target};
use crate::expiry::Moment;
use crate::grant::Holder;
use crate::identity::{CustomRoleId, ProjectId, WorkspaceId};
use crate::permission::PermissionSet;
use crate::refusal::Refusal;
use crate::role::{ProjectRole, Role};
use crate::text::{Description, DisplayName};

/// Most custom roles of one project.
pub const CUSTOM_ROLES_MAX: usize = 5;

/// Most permissions of one custom role.
pub const PERMISSIONS_MAX: usize = 100;

/// A new role.
pub struct CreateRole {
    /// Of which project.
    pub project: ProjectId,
    /// Its name, which no other role of the project has.
    pub name: DisplayName,
    /// A longer text, if any.
    pub description: Option<Description>,
    /// What it allows; `None` for all that the role allows which it is copied from.
    pub permissions: Option<PermissionSet>,
    /// The role to begin from: a built-in one, or a custom one of any project that the caller manages roles in.
    pub copied_from: Option<ProjectRole>,
}

/// What is to be different; what is `None` stays.
pub struct ChangeRole {
    /// Of which project.
    pub project: ProjectId,
    /// Which.
    pub role: CustomRoleId,
    /// Its name.
    pub name: Option<DisplayName>,
    /// A longer text; `Some(None)` takes it away.
    pub description: Option<Option<Description>>,
    /// What it allows.
    pub permissions: Option<PermissionSet>,
    /// The role that it is said to be copied from; its permissions come only by being named.
    pub copied_from: Option<ProjectRole>,
}

/// Creates a custom role.
pub fn create(
    draft: &Draft,
    caller: &Caller,
    command: &CreateRole,
    moment: Moment,
) -> Result<Decided<CustomRoleId>, Refusal> {
    let project = command.project;
    let permit = authorize::<ManageRoles>(draft, caller, Scope::Project(project), moment)?;
    draft.refuse_repetition()?;
    if draft.project(project).map_or(0, |known| known.custom_roles.len()) >= CUSTOM_ROLES_MAX {
        let (organization, things) = (permit.organization(), "custom roles in one project");
        return Err(Refusal::LimitReached { organization, things, limit: CUSTOM_ROLES_MAX });
    }
    name_is_free(draft, project, &command.name, None)?;
    let begun_from = command.copied_from.map(|role| copied(draft, caller, project, role, moment)).transpose()?;
    let permissions = command.permissions.clone().or(begun_from).unwrap_or_default();
    may_put(draft, caller, &permit, &permissions, project)?;
    let id = draft.ids().custom_role()?;
    let properties = CustomRoleProperties {
        name: command.name.as_str().to_owned(),
        description: command.description.as_ref().map_or_else(String::new, |text| text.as_str().to_owned()),
        permissions,
        copied_from: command.copied_from,
    };
    let event = Event::under(&permit, EventName::CustomRoleCreated, Target::CustomRole(id))
        .after("name", &properties.name)
        .after("description", &properties.description)
        .after("permissions", listed(&properties.permissions));
    let creator = creator(&permit);
    let change = CustomRoleChange::Created { id, project, properties, created: moment, creator };
    Ok(Decided::Write(Decision::new(event, vec![Change::CustomRole(change)]), id))
}

/// Changes a custom role, for whoever holds it.
pub fn change(draft: &Draft, caller: &Caller, command: &ChangeRole, moment: Moment) -> Result<Decided<()>, Refusal> {
    let (project, id) = (command.project, command.role);
    let permit = authorize::<ManageRoles>(draft, caller, Scope::Project(project), moment)?;
    let is = &find(draft, project, id)?.properties;
    Standing::new(draft, caller, permit.organization()).may_give_in_project(project, ProjectRole::Custom(id))?;
    if let Some(name) = &command.name {
        name_is_free(draft, project, name, Some(id))?;
    }
    let to_be = CustomRoleProperties {
        name: command.name.as_ref().map_or(is.name.clone(), |name| name.as_str().to_owned()),
        description: match &command.description {
            Some(text) => text.as_ref().map_or_else(String::new, |text| text.as_str().to_owned()),
            None => is.description.clone(),
        },
        permissions: command.permissions.clone().unwrap_or_else(|| is.permissions.clone()),
        copied_from: command.copied_from.or(is.copied_from),
    };
    command.copied_from.map(|role| copied(draft, caller, project, role, moment)).transpose()?;
    if *is == to_be {
        return Ok(Decided::Nothing(()));
    }
    may_put(draft, caller, &permit, &to_be.permissions, project)?;
    let mut event = Event::under(&permit, EventName::CustomRoleUpdated, Target::CustomRole(id));
    for (property, was, becomes) in [
        ("name", is.name.clone(), to_be.name.clone()),
        ("description", is.description.clone(), to_be.description.clone()),
        ("permissions", listed(&is.permissions), listed(&to_be.permissions)),
    ] {
        if was != becomes {
            event = event.before(property, was).after(property, becomes);
        }
    }
    let change = CustomRoleChange::Changed { id, properties: to_be, modified: moment };
    Ok(Decided::Write(Decision::new(event, vec![Change::CustomRole(change)]), ()))
}

/// Who held a role, and on which workspace, if not on all of the project.
pub type Holders = Vec<(Holder, Option<WorkspaceId>)>;

/// Deletes a custom role. Whoever held it is a consumer there from now on; the reply says who.
pub fn delete(
    draft: &Draft,
    caller: &Caller,
    project: ProjectId,
    id: CustomRoleId,
    moment: Moment,
) -> Result<Decided<Holders>, Refusal> {
    let permit = authorize::<ManageRoles>(draft, caller, Scope::Project(project), moment)?;
    let role = find(draft, project, id)?;
    let standing = Standing::new(draft, caller, permit.organization());
    standing.may_give_in_project(project, ProjectRole::Custom(id))?;
    standing.may_give_in_project(project, Role::Consumer.into())?;
    let holders = draft.holders_of(project, ProjectRole::Custom(id));
    let event = Event::under(&permit, EventName::CustomRoleDeleted, Target::CustomRole(id))
        .before("name", &role.properties.name)
        .before("permissions", listed(&role.properties.permissions))
        .before("holders", few(holders.iter().map(holder_told)))
        .after("holders_are", Role::Consumer);
    let change = Change::CustomRole(CustomRoleChange::Deleted { id });
    Ok(Decided::Write(Decision::new(event, vec![change]), holders))
}

/// What a role that is copied allows. One of another project is read only by who manages roles there.
fn copied(
    draft: &Draft,
    caller: &Caller,
    project: ProjectId,
    role: ProjectRole,
    moment: Moment,
) -> Result<PermissionSet, Refusal> {
    let ProjectRole::Custom(id) = role else { return Ok(named(&draft.permissions_of(role))) };
    let known = draft.custom_role(id).ok_or(Refusal::NoSuchRole { role: id, project })?;
    let may_read = authorize::<ManageRoles>(draft, caller, Scope::Project(known.project), moment);
    may_read.map_err(|refused| match refused {
        Refusal::NotAuthenticated => refused,
        _ => Refusal::NoSuchRole { role: id, project },
    })?;
    Ok(known.properties.permissions.clone())
}

/// Those that are named: whatever else the installation makes up is not copied.
fn named(permissions: &PermissionSet) -> PermissionSet {
    permissions.names().collect()
}

fn may_put(
    draft: &Draft,
    caller: &Caller,
    permit: &Permit<ManageRoles>,
    permissions: &PermissionSet,
    project: ProjectId,
) -> Result<(), Refusal> {
    if permissions.len() > PERMISSIONS_MAX {
        let (organization, things) = (permit.organization(), "permissions in one role");
        return Err(Refusal::LimitReached { organization, things, limit: PERMISSIONS_MAX });
    }
    let own = Standing::new(draft, caller, permit.organization()).permissions_on(project);
    match own.missing(permissions) {
        Some(permission) => Err(Refusal::PermissionAboveOwn { permission, project }),
        None => Ok(()),
    }
}

fn name_is_free(
    draft: &Draft,
    project: ProjectId,
    name: &DisplayName,
    except: Option<CustomRoleId>,
) -> Result<(), Refusal> {
    let roles = draft.project(project).into_iter().flat_map(|known| &known.custom_roles);
    let mut others = roles.filter(|id| Some(**id) != except).filter_map(|id| draft.custom_role(*id));
    let is_built_in = Role::parse(&name.as_str().to_lowercase()).is_some();
    if is_built_in || others.any(|role| role.properties.name == name.as_str()) {
        return Err(Refusal::RoleNameTaken { name: name.as_str().to_owned(), project });
    }
    Ok(())
}

/// The role, if it is that project's.
pub fn find(directory: &Directory, project: ProjectId, role: CustomRoleId) -> Result<&CustomRole, Refusal> {
    let known = directory.custom_role(role).filter(|known| known.project == project);
    known.ok_or(Refusal::NoSuchRole { role, project })
}

fn holder_told((holder, workspace): &(Holder, Option<WorkspaceId>)) -> String {
    let holder = match holder {
        Holder::Principal(id) => format!("user {id}"),
        Holder::Team(id) => format!("team {id}"),
        Holder::EveryMember(_) => "everyone".to_owned(),
    };
    workspace.map_or(holder.clone(), |workspace| format!("{holder} on workspace {workspace}"))
}

fn listed(permissions: &PermissionSet) -> String {
    permissions.names().map(|name| name.as_str().to_owned()).collect::<Vec<_>>().join(" ")
}
