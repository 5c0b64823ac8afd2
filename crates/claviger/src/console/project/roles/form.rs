//! The form of a role, new or there already: name, description, ticks by group, permissions of the installation's own as
//! lines.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use claviger_access::administration::custom_role::CUSTOM_ROLES_MAX;
use claviger_access::directory::CustomRole;
use claviger_access::permission::PermissionSet;
use claviger_access::role::{ProjectRole, Role};

use super::super::mistakes::Mistakes;
use super::super::{Shown, role_choice};
use super::holders::Holders;
use super::sent::Sent;
use super::ticks::{self, Group};
use super::{PAGE, stamp};
use crate::console::error_page::ErrorPage;
use crate::console::frame::Frame;
use crate::console::page::page;
use crate::console::place::Place;
use crate::console::signed_in::SignedIn;
use crate::console::{once, words};

#[derive(Template)]
#[template(path = "console/project_role.html")]
struct Form<'p> {
    frame: &'p Frame,
    project: &'p str,
    /// The role's name; `None` for a new one.
    role: Option<&'p str>,
    title: &'p str,
    list: String,
    action: String,
    number: usize,
    most: usize,
    name: &'p str,
    description: &'p str,
    copies: Vec<role_choice::Choice>,
    groups: Vec<Group>,
    own: String,
    given: usize,
    once: String,
    stamp: String,
    holders: Option<Holders>,
    stale: Option<String>,
    /// What who edits had typed, where the role was changed meanwhile.
    yours: Option<&'p Sent>,
    may_edit: bool,
    mistakes: &'p Mistakes,
    command: String,
}

/// What is shown.
pub(super) struct Shape<'a> {
    pub shown: Shown<'a>,
    /// The role as it is; `None` for a new one.
    pub role: Option<&'a CustomRole>,
    /// What stands in the fields.
    pub fields: &'a Sent,
    /// Who changed it meanwhile, and what he who edits had typed.
    pub stale: Option<(String, &'a Sent)>,
    pub mistakes: &'a Mistakes,
}

/// A role as its form shows it.
pub(super) fn fields(role: &CustomRole) -> Sent {
    let properties = &role.properties;
    Sent {
        name: properties.name.clone(),
        description: properties.description.clone(),
        own: ticks::own_lines(&properties.permissions),
        permissions: properties.permissions.clone(),
    }
}

impl Shape<'_> {
    /// The page: 409 where it was changed meanwhile, 400 where something is wrong.
    pub(super) fn page(&self, signed_in: &SignedIn) -> Result<Response, ErrorPage> {
        let (project, gives) = (self.shown.project, self.shown.gives(signed_in));
        let frame = Frame::of(signed_in, Place::Project(project.id, PAGE));
        let list = PAGE.path(project.id);
        let name = self.role.map(|role| &*role.properties.name);
        let status = match (&self.stale, self.mistakes.is_empty()) {
            (Some(_), _) => StatusCode::CONFLICT,
            (None, false) => StatusCode::BAD_REQUEST,
            (None, true) => StatusCode::OK,
        };
        let set = &self.fields.permissions;
        let form = Form {
            frame: &frame,
            project: &project.name,
            role: name,
            title: name.unwrap_or("New role"),
            action: self.role.map_or_else(|| list.clone(), |role| format!("{list}/{}", role.id)),
            number: project.custom_roles.len(),
            most: CUSTOM_ROLES_MAX,
            name: &self.fields.name,
            description: &self.fields.description,
            copies: copies(signed_in, self.shown, self.role),
            groups: ticks::groups(set, &gives, self.stale.as_ref().map(|(_, yours)| &yours.permissions)),
            own: self.fields.own.clone(),
            given: set.len(),
            once: once::fresh()?,
            stamp: self.role.map_or_else(String::new, |role| stamp::of(&role.properties)),
            holders: self.role.map(|role| Holders::of(&signed_in.held, project.id, ProjectRole::Custom(role.id))),
            stale: self.stale.as_ref().map(|(who, _)| who.clone()),
            yours: self.stale.as_ref().map(|(_, yours)| *yours),
            may_edit: self.role.is_none_or(|role| gives.includes(&role.properties.permissions)),
            mistakes: self.mistakes,
            command: self.command(set),
            list,
        };
        Ok(page(status, &form))
    }

    fn command(&self, set: &PermissionSet) -> String {
        let project = self.shown.project.id;
        let permissions: String = set.names().map(|name| format!(" --permission {}", name.as_str())).collect();
        match self.role {
            Some(role) => format!("claviger role change {} --project {project}{permissions}", role.id),
            None => {
                let name = if self.fields.name.is_empty() { "NAME" } else { &self.fields.name };
                format!("claviger role create {} --project {project}{permissions}", words::shell_word(name))
            }
        }
    }
}

/// Roles to begin from: the built-in ones and the project's others.
fn copies(signed_in: &SignedIn, shown: Shown<'_>, role: Option<&CustomRole>) -> Vec<role_choice::Choice> {
    let held = &signed_in.held;
    let custom = shown.project.custom_roles.iter().copied().filter(|id| role.is_none_or(|role| role.id != *id));
    let all = Role::ALL.into_iter().map(ProjectRole::BuiltIn).chain(custom.map(ProjectRole::Custom));
    let choice = |role| role_choice::Choice {
        value: role_choice::role_id(role),
        label: role_choice::short(&words::project_role(held, role)),
        is_chosen: false,
    };
    all.map(choice).collect()
}
