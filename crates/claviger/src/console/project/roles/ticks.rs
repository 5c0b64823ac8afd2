//! The permissions that can be ticked in a role, by group. What the editor does not hold is shown unticked and disabled:
//! nobody gives what he does not hold himself.

use claviger_access::permission::{Permission, PermissionName, PermissionSet};

/// Those of the catalogue that mean something in a project.
const GROUPS: [(&str, &[Permission]); 3] = [
    ("Read", &[Permission::DataRead, Permission::AuditRead]),
    ("Write", &[Permission::DataWrite, Permission::WorkspacesManage, Permission::ProjectUpdate]),
    (
        "Manage",
        &[
            Permission::MembersManage,
            Permission::ServiceAccountsManage,
            Permission::RolesManage,
            Permission::ProjectDelete,
        ],
    ),
];

/// A group.
pub(super) struct Group {
    pub label: &'static str,
    pub ticks: Vec<Tick>,
}

/// One permission to tick.
pub(super) struct Tick {
    pub name: &'static str,
    pub means: &'static str,
    pub is_ticked: bool,
    /// Not his to give.
    pub is_above: bool,
    /// What who edits had chosen, where the role was changed meanwhile and says otherwise.
    pub yours: Option<&'static str>,
}

/// All groups: ticked by `held`, to be given by who holds `gives`; `yours` is what he had ticked before a change of others.
pub(super) fn groups(held: &PermissionSet, gives: &PermissionSet, yours: Option<&PermissionSet>) -> Vec<Group> {
    let tick = |permission: Permission| {
        let is_above = !gives.contains(permission);
        let is_ticked = held.contains(permission) && !is_above;
        let mine = yours.map(|yours| yours.contains(permission)).filter(|mine| *mine != is_ticked);
        Tick {
            name: permission.name(),
            means: means(permission),
            is_ticked,
            is_above,
            yours: mine.map(|mine| if mine { "You had ticked this" } else { "You had not ticked this" }),
        }
    };
    let group = |(label, permissions): (&'static str, &[Permission])| Group {
        label,
        ticks: permissions.iter().copied().map(tick).collect(),
    };
    GROUPS.into_iter().map(group).collect()
}

/// Those of a set that no tick stands for: the installation's own, one a line.
pub(super) fn own_lines(set: &PermissionSet) -> String {
    let is_ticked = |name: &PermissionName| {
        GROUPS.iter().any(|(_, permissions)| permissions.iter().any(|known| known.name() == name.as_str()))
    };
    let lines = set.names().filter(|name| !is_ticked(name)).map(|name| name.as_str().to_owned());
    lines.collect::<Vec<_>>().join("\n")
}

fn means(permission: Permission) -> &'static str {
    match permission {
        Permission::DataRead => "Read whatever the API guards here",
        Permission::DataWrite => "Add and change data",
        Permission::AuditRead => "Read this project’s audit log",
        Permission::WorkspacesManage => "Create, rename and delete workspaces",
        Permission::ProjectUpdate => "Rename the project, change its time zone",
        Permission::MembersManage => "Give people and teams roles, and take them",
        Permission::ServiceAccountsManage => "Create, add and remove service accounts here",
        Permission::RolesManage => "Create, change and delete custom roles",
        Permission::ProjectDelete => "Delete the project",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use claviger_access::role::Role;

    use super::*;

    #[test]
    fn each_permission_of_a_project_can_be_ticked_and_says_what_it_means() {
        let groups = groups(&PermissionSet::default(), &Role::Owner.permission_set(), None);
        let mut names: Vec<_> = groups.iter().flat_map(|group| group.ticks.iter().map(|tick| tick.name)).collect();
        let mut owners: Vec<_> = Role::Owner.permissions().iter().map(|permission| permission.name()).collect();
        names.sort();
        owners.sort();
        assert_eq!(names, owners);
        assert!(groups.iter().flat_map(|group| &group.ticks).all(|tick| !tick.means.is_empty() && !tick.is_above));
    }

    #[test]
    fn what_the_editor_does_not_hold_is_unticked_and_what_he_had_chosen_is_marked() {
        let (admin, owner) = (Role::Admin.permission_set(), Role::Owner.permission_set());
        let yours = PermissionSet::of(&[Permission::DataRead]);
        let groups = groups(&owner, &admin, Some(&yours));
        let tick = |name| groups.iter().flat_map(|group| &group.ticks).find(|tick| tick.name == name).expect(name);
        let delete = tick("project:delete");
        assert_eq!((delete.is_ticked, delete.is_above, delete.yours), (false, true, None));
        assert_eq!((tick("data:read").is_ticked, tick("data:read").yours), (true, None));
        assert_eq!(tick("data:write").yours, Some("You had not ticked this"));
        let named = ["reports:export", "data:read", "cases:close"].map(|name| PermissionName::parse(name).expect(name));
        assert_eq!(own_lines(&named.into_iter().collect()), "cases:close\nreports:export");
    }
}
