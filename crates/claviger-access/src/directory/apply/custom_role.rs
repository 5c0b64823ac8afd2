//! What happens to custom roles.

use super::insert_sorted;
use crate::change::CustomRoleChange;
use crate::directory::{CustomRole, Directory};
use crate::identity::CustomRoleId;
use crate::role::{ProjectRole, Role};

impl Directory {
    pub(super) fn apply_to_custom_role(&mut self, change: &CustomRoleChange) {
        match change {
            CustomRoleChange::Created { id, project, properties, created, creator } => {
                self.count_id(id.number());
                self.put_custom_role(CustomRole {
                    id: *id,
                    project: *project,
                    properties: properties.clone(),
                    created: *created,
                    modified: *created,
                    creator: *creator,
                });
            }
            CustomRoleChange::Changed { id, properties, modified } => self.custom_roles.change(*id, |role| {
                role.properties = properties.clone();
                role.modified = *modified;
            }),
            CustomRoleChange::Deleted { id } => self.delete_custom_role(*id),
        }
    }

    pub(in crate::directory) fn put_custom_role(&mut self, role: CustomRole) {
        let id = role.id;
        self.projects.change(role.project, |project| insert_sorted(&mut project.custom_roles, id));
        self.custom_roles.insert(role);
    }

    fn delete_custom_role(&mut self, id: CustomRoleId) {
        let Some(project) = self.custom_roles.get(id).map(|role| role.project) else { return };
        self.change_roles(project, ProjectRole::Custom(id), Role::Consumer.into());
        self.projects.change(project, |project| project.custom_roles.retain(|role| *role != id));
        self.custom_roles.remove(id);
    }
}
