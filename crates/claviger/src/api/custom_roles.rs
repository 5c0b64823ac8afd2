//! The roles that a project knows: the built-in ones, and those that it made for itself.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use claviger_access::Directory;
use claviger_access::administration::custom_role::{self, ChangeRole, CreateRole, Holders};
use claviger_access::authorize::{ManageRoles, Scope, authorize, read_roles};
use claviger_access::directory::CustomRole;
use claviger_access::grant::Holder;
use claviger_access::identity::{CustomRoleId, PrincipalKind, ProjectId};
use claviger_access::role::{ProjectRole, Role};
use claviger_wire::envelope::Success;
use claviger_wire::roles::{self as wire, RoleHolder, RoleHolderKind, RoleName};
use claviger_wire::time::print;
use serde::{Deserialize, Deserializer};

use super::body::Body;
use super::caller::Identified;
use super::failure::Failure;
use super::idempotency::Idempotency;
use super::ids::{Ids, PathId};
use super::reference::Refusals;
use super::requested;
use crate::node::Node;
use crate::writer::Makes;

impl Makes for CustomRoleId {
    fn made(&self) -> u64 {
        self.number()
    }
}

/// A `role_id` as it stands in a path.
pub(super) struct PathRole(RoleName);

impl<'de> Deserialize<'de> for PathRole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        RoleName::deserialize(deserializer).map(Self)
    }
}

impl PathRole {
    /// Of a role that is to be changed. Who may change none is told that first.
    fn custom(&self, identified: &Identified, project: ProjectId) -> Result<CustomRoleId, Failure> {
        match requested::role(self.0)? {
            ProjectRole::Custom(id) => Ok(id),
            ProjectRole::BuiltIn(role) => {
                let Identified { held, caller, now, .. } = identified;
                authorize::<ManageRoles>(held, caller, Scope::Project(project), *now)?;
                let sentence = format!("{role} is a built-in role and cannot be changed; make a custom role instead");
                Err(Failure::new(StatusCode::CONFLICT, "role_built_in", sentence))
            }
        }
    }
}

/// List the roles of a project, the built-in ones first
#[utoipa::path(get, operation_id = "list_roles", path = "/api/app/projects/{project}/custom-roles", tag = "custom roles",
    params(("project" = u64, Path)), responses((status = 200, body = Success<Vec<wire::CustomRole>>), Refusals))]
pub(super) async fn list(
    identified: Identified,
    Ids(PathId(project)): Ids<PathId<ProjectId>>,
) -> Result<Json<Success<Vec<wire::CustomRole>>>, Failure> {
    let Identified { held, caller, now, .. } = &identified;
    read_roles(held, caller, project, *now)?;
    let built_in = Role::ALL.into_iter().rev().map(show_built_in);
    let custom = held.project(project).into_iter().flat_map(|known| &known.custom_roles);
    let custom = custom.filter_map(|id| held.custom_role(*id)).map(show_custom);
    Ok(Json(Success::new(built_in.chain(custom).collect())))
}

/// Create a custom role
///
/// Nobody puts a permission into a role that he does not hold himself.
#[utoipa::path(post, operation_id = "create_role", path = "/api/app/projects/{project}/custom-roles", tag = "custom roles",
    params(("project" = u64, Path), ("Idempotency-Key" = Option<String>, Header)), request_body = wire::CreateRole,
    responses((status = 201, body = Success<wire::CustomRole>), Refusals))]
pub(super) async fn create(
    State(node): State<Node>,
    identified: Identified,
    Ids(PathId(project)): Ids<PathId<ProjectId>>,
    idempotency: Idempotency,
    Body(body): Body<wire::CreateRole>,
) -> Result<(StatusCode, Json<Success<wire::CustomRole>>), Failure> {
    let command = CreateRole {
        project,
        name: requested::name(&body.name)?,
        description: body.description.as_deref().map(requested::description).transpose()?.flatten(),
        permissions: body.permissions.as_deref().map(requested::permissions).transpose()?,
        copied_from: body.copied_from_role_id.map(requested::role).transpose()?,
    };
    let (caller, key) = (identified.caller, idempotency.of(identified.principal));
    let decide = move |draft: &_, moment, _| custom_role::create(draft, &caller, &command, moment);
    let id = node.writer.create(identified.write_request(), key, decide).await?;
    Ok((StatusCode::CREATED, Json(Success::new(as_written(&node, project, id)?))))
}

/// Show a role
#[utoipa::path(get, operation_id = "show_role", path = "/api/app/projects/{project}/custom-roles/{role_id}", tag = "custom roles",
    params(("project" = u64, Path), ("role_id" = RoleName, Path)),
    responses((status = 200, body = Success<wire::CustomRole>), Refusals))]
pub(super) async fn show(
    identified: Identified,
    path: Ids<(PathId<ProjectId>, PathRole)>,
) -> Result<Json<Success<wire::CustomRole>>, Failure> {
    let Ids((PathId(project), PathRole(role))) = path;
    let Identified { held, caller, now, .. } = &identified;
    read_roles(held, caller, project, *now)?;
    Ok(Json(Success::new(match requested::role(role)? {
        ProjectRole::BuiltIn(role) => show_built_in(role),
        ProjectRole::Custom(id) => show_custom(custom_role::find(held, project, id)?),
    })))
}

/// Change a custom role, for whoever holds it
#[utoipa::path(put, operation_id = "change_role", path = "/api/app/projects/{project}/custom-roles/{role_id}", tag = "custom roles",
    params(("project" = u64, Path), ("role_id" = RoleName, Path)), request_body = wire::ChangeRole,
    responses((status = 200, body = Success<wire::CustomRole>), Refusals))]
pub(super) async fn change(
    State(node): State<Node>,
    identified: Identified,
    path: Ids<(PathId<ProjectId>, PathRole)>,
    Body(body): Body<wire::ChangeRole>,
) -> Result<Json<Success<wire::CustomRole>>, Failure> {
    let Ids((PathId(project), role)) = path;
    let id = role.custom(&identified, project)?;
    let command = ChangeRole {
        project,
        role: id,
        name: body.name.as_deref().map(requested::name).transpose()?,
        description: body.description.as_deref().map(requested::description).transpose()?,
        permissions: body.permissions.as_deref().map(requested::permissions).transpose()?,
        copied_from: body.copied_from_role_id.map(requested::role).transpose()?,
    };
    let caller = identified.caller;
    let decide = move |draft: &_, moment, _| custom_role::change(draft, &caller, &command, moment);
    node.writer.perform(identified.write_request(), decide).await?;
    Ok(Json(Success::new(as_written(&node, project, id)?)))
}

/// Delete a custom role
///
/// Whoever held it is a consumer there from now on; the answer says who.
#[utoipa::path(delete, operation_id = "delete_role", path = "/api/app/projects/{project}/custom-roles/{role_id}", tag = "custom roles",
    params(("project" = u64, Path), ("role_id" = RoleName, Path)),
    responses((status = 200, body = Success<wire::DeletedRole>), Refusals))]
pub(super) async fn delete(
    State(node): State<Node>,
    identified: Identified,
    path: Ids<(PathId<ProjectId>, PathRole)>,
) -> Result<Json<Success<wire::DeletedRole>>, Failure> {
    let Ids((PathId(project), role)) = path;
    let (id, caller) = (role.custom(&identified, project)?, identified.caller);
    let decide = move |draft: &_, moment, _| custom_role::delete(draft, &caller, project, id, moment);
    // Looking for holders is work that only who may delete it is worth.
    authorize::<ManageRoles>(&identified.held, &caller, Scope::Project(project), identified.now)?;
    let many = identified.held.holders_of(project, ProjectRole::Custom(id)).len();
    let holders = node.writer.perform(identified.write_request().of_many(many), decide).await?;
    // Those who got the role while this request waited are known by the image that it was decided on.
    let directory = node.cluster.directory().map_err(|error| Failure::from(error).after_write())?;
    let holders = show_holders(&directory, holders);
    Ok(Json(Success::new(wire::DeletedRole { role_id: id.to_string(), holders })))
}

/// List who holds a role directly, on the project or on one of its workspaces
#[utoipa::path(get, operation_id = "list_role_holders", path = "/api/app/projects/{project}/custom-roles/{role_id}/holders",
    tag = "custom roles", params(("project" = u64, Path), ("role_id" = RoleName, Path)),
    responses((status = 200, body = Success<Vec<RoleHolder>>), Refusals))]
pub(super) async fn holders(
    identified: Identified,
    path: Ids<(PathId<ProjectId>, PathRole)>,
) -> Result<Json<Success<Vec<RoleHolder>>>, Failure> {
    let Ids((PathId(project), PathRole(role))) = path;
    let Identified { held, caller, now, .. } = &identified;
    read_roles(held, caller, project, *now)?;
    let role = requested::role(role)?;
    if let ProjectRole::Custom(id) = role {
        custom_role::find(held, project, id)?;
    }
    Ok(Json(Success::new(show_holders(held, held.holders_of(project, role)))))
}

/// A role as it is after this request's own write.
fn as_written(node: &Node, project: ProjectId, id: CustomRoleId) -> Result<wire::CustomRole, Failure> {
    let directory = node.cluster.directory().map_err(|error| Failure::from(error).after_write())?;
    let role = custom_role::find(&directory, project, id).map_err(|gone| Failure::from(gone).after_write())?;
    Ok(show_custom(role))
}

fn show_built_in(role: Role) -> wire::CustomRole {
    let description = match role {
        Role::Owner => "May everything in the project, its deletion included.",
        Role::Admin => "Manages the project, and who has which role in it.",
        Role::Analyst => "Reads and writes.",
        Role::Consumer => "Reads.",
    };
    wire::CustomRole {
        role_id: role.name().to_owned(),
        name: role.name().to_owned(),
        description: description.to_owned(),
        permissions: role.permissions().iter().map(|permission| permission.name().to_owned()).collect(),
        copied_from_role_id: None,
        is_default: true,
        created: None,
        modified: None,
        created_by_user_id: None,
    }
}

fn show_custom(role: &CustomRole) -> wire::CustomRole {
    let properties = &role.properties;
    wire::CustomRole {
        role_id: role.id.to_string(),
        name: properties.name.clone(),
        description: properties.description.clone(),
        permissions: properties.permissions.names().map(|name| name.as_str().to_owned()).collect(),
        copied_from_role_id: properties.copied_from.map(|role| role.to_string()),
        is_default: false,
        created: print(role.created.seconds()),
        modified: print(role.modified.seconds()),
        created_by_user_id: role.creator.map(|creator| creator.number()),
    }
}

fn show_holders(directory: &Directory, holders: Holders) -> Vec<RoleHolder> {
    let shown = holders.into_iter().filter_map(|(holder, workspace)| {
        let (kind, id, name) = match holder {
            Holder::Principal(id) => {
                let view = directory.principal(id)?;
                let kind = match view.kind() {
                    PrincipalKind::Person => RoleHolderKind::User,
                    PrincipalKind::ServiceAccount => RoleHolderKind::ServiceAccount,
                };
                (kind, id.number(), view.name().to_owned())
            }
            Holder::Team(id) => (RoleHolderKind::Team, id.number(), directory.team(id)?.name.clone()),
            Holder::EveryMember(project) => {
                let organization = directory.organization(directory.project(project)?.organization)?;
                (RoleHolderKind::Everyone, organization.id.number(), organization.name.clone())
            }
        };
        Some(RoleHolder { kind, id, name, workspace_id: workspace.map(|workspace| workspace.number()) })
    });
    shown.collect()
}
