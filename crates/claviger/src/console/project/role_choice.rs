//! Roles to choose from: those of the project that allow no more than who gives them holds there.

use axum::http::StatusCode;
use claviger_access::Directory;
use claviger_access::directory::Project;
use claviger_access::identity::ProjectId;
use claviger_access::permission::PermissionSet;
use claviger_access::role::{ProjectRole, Role};

use super::super::error_page::ErrorPage;
use super::super::place::ProjectPage;
use super::super::project_role;
use super::super::refused::Wanted;
use super::super::signed_in::SignedIn;
use super::super::typed::Typed;
use super::super::words;
use super::refusals::undone;

/// A name in a list of choices is shortened to so many characters.
const LABEL_LENGTH_MAX: usize = 40;

/// A role to choose.
pub(super) struct Choice {
    /// Its `role_id`.
    pub value: String,
    pub label: String,
    pub is_chosen: bool,
}

/// Those that he may give, weakest first, the project's own last.
pub(super) fn choices(
    directory: &Directory,
    project: &Project,
    gives: &PermissionSet,
    chosen: Option<ProjectRole>,
) -> Vec<Choice> {
    let built_in = Role::ALL.into_iter().map(ProjectRole::BuiltIn);
    let roles = built_in.chain(project.custom_roles.iter().copied().map(ProjectRole::Custom));
    let given = roles.filter(|role| may_give(directory, gives, *role));
    let choice = |role| Choice {
        value: role_id(role),
        label: short(&words::project_role(directory, role)),
        is_chosen: chosen == Some(role),
    };
    given.map(choice).collect()
}

/// Whether a role allows no more than what is given from.
pub(super) fn may_give(directory: &Directory, gives: &PermissionSet, role: ProjectRole) -> bool {
    gives.includes(&directory.permissions_of(role))
}

/// The role that a row's form names; 400 where it names none.
pub(super) fn typed(
    signed_in: &SignedIn,
    (project, page): (ProjectId, ProjectPage),
    wanted: &Wanted,
    typed: &Typed,
) -> Result<ProjectRole, ErrorPage> {
    project_role::read(typed.one("role")).ok_or_else(|| {
        undone(signed_in, (project, page), wanted, StatusCode::BAD_REQUEST, "Choose a role.", "Nothing was changed.")
    })
}

/// As forms and the command line name it.
pub(super) fn role_id(role: ProjectRole) -> String {
    role.to_string()
}

/// A name that fits into a list of choices.
pub(super) fn short(name: &str) -> String {
    words::cut(name, LABEL_LENGTH_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_is_cut() {
        assert_eq!(short("Month end"), "Month end");
        assert_eq!(short(&"ü".repeat(200)), format!("{}…", "ü".repeat(40)));
    }
}
