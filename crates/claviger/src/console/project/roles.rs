//! The Roles page of a project: what each built-in role may do, and the roles that the project made for itself with how
//! many hold them.

mod delete;
mod edit;
mod form;
mod holders;
mod sent;
mod stamp;
mod ticks;

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use claviger_access::administration::custom_role::CUSTOM_ROLES_MAX;
use claviger_access::authorize::ManageRoles;
use claviger_access::directory::CustomRole;
use claviger_access::identity::ProjectId;
use claviger_access::role::{ProjectRole, Role};

pub(in crate::console) use self::delete::{confirm, delete};
pub(in crate::console) use self::edit::{change, create, new, show};
use self::holders::Holders;
use super::{Shown, permit, role_choice};
use crate::api::ids::PathId;
use crate::console::error_page::ErrorPage;
use crate::console::frame::Frame;
use crate::console::page::page;
use crate::console::path::At;
use crate::console::place::{Place, ProjectPage};
use crate::console::refused::Wanted;
use crate::console::signed_in::SignedIn;
use crate::console::words;

const PAGE: ProjectPage = ProjectPage::Roles;

const SEE: Wanted = Wanted { title: "Roles of {}", deed: "see its roles" };

const MANAGE: Wanted = Wanted { title: "Change the roles of {}", deed: "change its roles" };

/// A role that is the same in every project.
struct BuiltIn {
    label: String,
    means: &'static str,
    permissions: Vec<&'static str>,
}

/// A role that the project made.
struct Custom {
    name: String,
    path: String,
    description: String,
    permissions: String,
    holders: String,
}

#[derive(Template)]
#[template(path = "console/project_roles.html")]
struct List<'p> {
    frame: &'p Frame,
    project: &'p str,
    path: &'p str,
    built_in: Vec<BuiltIn>,
    custom: Vec<Custom>,
    most: usize,
    command: String,
}

/// The page.
pub(in crate::console) async fn list(
    signed_in: SignedIn,
    At(PathId(project)): At<PathId<ProjectId>>,
) -> Result<Response, ErrorPage> {
    permit::<ManageRoles>(&signed_in, project, PAGE, &SEE)?;
    let shown = Shown::of(&signed_in, project)?;
    let held = &signed_in.held;
    let frame = Frame::of(&signed_in, Place::Project(project, PAGE));
    let path = PAGE.path(project);
    let roles = shown.project.custom_roles.iter().filter_map(|id| held.custom_role(*id));
    let list = List {
        frame: &frame,
        project: &shown.project.name,
        built_in: Role::ALL.into_iter().rev().map(built_in).collect(),
        custom: roles.map(|role| custom(&signed_in, &path, role)).collect(),
        path: &path,
        most: CUSTOM_ROLES_MAX,
        command: format!("claviger role list --project {project}"),
    };
    Ok(page(StatusCode::OK, &list))
}

impl List<'_> {
    /// Whether there is room for one more.
    fn has_room(&self) -> bool {
        self.custom.len() < self.most
    }
}

fn built_in(role: Role) -> BuiltIn {
    let means = match role {
        Role::Owner => "May everything here, deleting the project included.",
        Role::Admin => "Manages the project, and who has which role in it.",
        Role::Analyst => "Reads and writes.",
        Role::Consumer => "Reads.",
    };
    let permissions = role.permissions().iter().map(|permission| permission.name()).collect();
    BuiltIn { label: words::label(role.name()), means, permissions }
}

fn custom(signed_in: &SignedIn, path: &str, role: &CustomRole) -> Custom {
    let properties = &role.properties;
    let number = i64::try_from(properties.permissions.len()).unwrap_or(i64::MAX);
    Custom {
        name: properties.name.clone(),
        path: format!("{path}/{}", role.id),
        description: role_choice::short(&properties.description),
        permissions: words::several(number, "permission"),
        holders: Holders::of(&signed_in.held, role.project, ProjectRole::Custom(role.id)).sentence(),
    }
}
