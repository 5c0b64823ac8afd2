//! The role on a project or a workspace that a form or an address names: a built-in one by its name, a project's own by its
//! number.
//!
//! Whatever number is typed, no page says anything of a role that the project has not: what is shown of it, and what it
//! allows, is asked of [`of`] alone. The rules judge what [`read`] gives.

use claviger_access::directory::Project;
use claviger_access::role::{ProjectRole, Role};

use crate::api::ids;

/// The role that is named, of whichever project.
pub(super) fn read(text: &str) -> Option<ProjectRole> {
    Role::parse(text).map(ProjectRole::BuiltIn).or_else(|| ids::read(text).map(ProjectRole::Custom))
}

/// The role that is named, if the project has it.
pub(super) fn of(project: &Project, text: &str) -> Option<ProjectRole> {
    read(text).filter(|role| project.has_role(*role))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_read_as_it_is_written() {
        for text in ["owner", "admin", "analyst", "consumer", "9"] {
            assert_eq!(read(text).map(|role| role.to_string()).as_deref(), Some(text));
        }
        for text in ["", "Owner", "root", "0", "-1", "09", "9007199254740992"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
