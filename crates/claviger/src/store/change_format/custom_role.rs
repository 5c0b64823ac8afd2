//! What happens to custom roles, written down.

use claviger_access::change::{CustomRoleChange, CustomRoleProperties};
use claviger_access::identity::{CustomRoleId, PrincipalId, ProjectId};
use serde::{Deserialize, Serialize};

use super::super::grants::read_role;
use super::super::rows::custom_role::{print_permissions, read_permissions};
use super::moment;

#[derive(Serialize, Deserialize)]
#[serde(tag = "custom_role", rename_all = "snake_case")]
pub(super) enum Stored {
    Created { id: u64, project: u64, properties: StoredProperties, created: i64, creator: Option<u64> },
    Changed { id: u64, properties: StoredProperties, modified: i64 },
    Deleted { id: u64 },
}

#[derive(Serialize, Deserialize)]
pub(super) struct StoredProperties {
    name: String,
    description: String,
    permissions: String,
    copied_from: Option<String>,
}

pub(super) fn stored(change: &CustomRoleChange) -> Stored {
    match change {
        CustomRoleChange::Created { id, project, properties, created, creator } => Stored::Created {
            id: id.number(),
            project: project.number(),
            properties: stored_properties(properties),
            created: created.seconds(),
            creator: creator.map(PrincipalId::number),
        },
        CustomRoleChange::Changed { id, properties, modified } => {
            Stored::Changed { id: id.number(), properties: stored_properties(properties), modified: modified.seconds() }
        }
        CustomRoleChange::Deleted { id } => Stored::Deleted { id: id.number() },
    }
}

fn stored_properties(properties: &CustomRoleProperties) -> StoredProperties {
    StoredProperties {
        name: properties.name.clone(),
        description: properties.description.clone(),
        permissions: print_permissions(&properties.permissions),
        copied_from: properties.copied_from.map(|role| role.to_string()),
    }
}

pub(super) fn read(stored: Stored) -> Option<CustomRoleChange> {
    Some(match stored {
        Stored::Created { id, project, properties, created, creator } => CustomRoleChange::Created {
            id: CustomRoleId::new(id)?,
            project: ProjectId::new(project)?,
            properties: read_properties(properties)?,
            created: moment(created)?,
            creator: creator.and_then(PrincipalId::new),
        },
        Stored::Changed { id, properties, modified } => CustomRoleChange::Changed {
            id: CustomRoleId::new(id)?,
            properties: read_properties(properties)?,
            modified: moment(modified)?,
        },
        Stored::Deleted { id } => CustomRoleChange::Deleted { id: CustomRoleId::new(id)? },
    })
}

fn read_properties(stored: StoredProperties) -> Option<CustomRoleProperties> {
    Some(CustomRoleProperties {
        name: stored.name,
        description: stored.description,
        permissions: read_permissions(&stored.permissions)?,
        copied_from: match stored.copied_from {
            Some(role) => Some(read_role(&role)?),
            None => None,
        },
    })
}
