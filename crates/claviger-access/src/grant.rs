//! A grant: one role, in one scope, held by one principal.

use crate::identity::{GrantId, OrganizationId, ProjectId, WorkspaceId};
use crate::role::{OrganizationRole, Role};

/// What is granted: a scope together with a role that exists there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Granted {
    /// A role in the whole organization. A service account that has none is a member.
    Organization(OrganizationId, OrganizationRole),
    /// A role on a project, which reaches all of its workspaces.
    Project(ProjectId, Role),
    /// A role on this workspace alone; lets its holder see the project's name.
    Workspace(WorkspaceId, Role),
}

/// A grant as its holder has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// The scope and the role.
    pub granted: Granted,
}
