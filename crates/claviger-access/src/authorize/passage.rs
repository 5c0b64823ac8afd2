//! Whether a request to somebody else's API goes through: what its caller must have, and where.
//!
//! This gives no permit: nothing of ours is read or changed with it. It tells a gateway, and through it the API, who
//! comes and as what. Roles add up here as everywhere; what is asked for must be had in the one place that is named.

use crate::directory::{Directory, PrincipalView};
use crate::effective::{self, Source};
use crate::identity::{ProjectId, WorkspaceId};
use crate::permission::{PermissionName, PermissionSet};
use crate::role::{ProjectRole, Role};

/// What a request must have.
#[derive(Debug, Clone, Copy)]
pub struct Demanded<'r> {
    /// Where.
    pub place: Place,
    /// At least this role there. No custom role is above or below it.
    pub role: Option<Role>,
    /// And this permission there.
    pub permission: Option<&'r PermissionName>,
}

/// Where something is demanded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// On a project as a whole.
    Project(ProjectId),
    /// On a workspace, there or through its project.
    Workspace(WorkspaceId),
}

/// A request that goes through: where, and with what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// The project that was named, or that the workspace is in.
    pub project: ProjectId,
    /// The workspace that was named.
    pub workspace: Option<WorkspaceId>,
    /// The highest role there; `None` where a project is reached through a workspace of it alone.
    pub role: Option<ProjectRole>,
    /// All that its roles allow there.
    pub permissions: PermissionSet,
}

/// Why a request does not go through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoPassage {
    /// The place is not there, is another organization's, or is not reached: the three are told the same.
    NotReached,
    /// The roles there are lower.
    RoleTooLow,
    /// None of the roles there gives it.
    PermissionMissing,
}

/// Lets a principal through that was [admitted](super::admit) on this directory, or says why not.
pub fn pass(directory: &Directory, view: &PrincipalView<'_>, demanded: &Demanded<'_>) -> Result<Passage, NoPassage> {
    let (project, workspace) = match demanded.place {
        Place::Project(project) => (project, None),
        Place::Workspace(workspace) => {
            let known = directory.workspace(workspace).ok_or(NoPassage::NotReached)?;
            (known.project, Some(workspace))
        }
    };
    let known = directory.project(project).ok_or(NoPassage::NotReached)?;
    if !effective::is_member(view, known.organization) {
        return Err(NoPassage::NotReached);
    }
    let mut passage = Passage { project, workspace, role: None, permissions: PermissionSet::default() };
    let mut is_strong = demanded.role.is_none();
    let mut see = |source: Source| {
        passage.role = passage.role.max(Some(source.role));
        passage.permissions.add(&directory.permissions_of(source.role));
        is_strong |= matches!((source.role, demanded.role), (ProjectRole::BuiltIn(has), Some(least)) if has >= least);
    };
    match workspace {
        Some(workspace) => effective::workspace_sources(directory, view, workspace).for_each(&mut see),
        None => effective::project_sources(directory, view, known).for_each(&mut see),
    }
    let is_reached = passage.role.is_some()
        || (workspace.is_none() && effective::workspace_grants_in(directory, view, project).next().is_some());
    if !is_reached {
        return Err(NoPassage::NotReached);
    }
    if !is_strong {
        return Err(NoPassage::RoleTooLow);
    }
    if demanded.permission.is_some_and(|wanted| !passage.permissions.allows(wanted)) {
        return Err(NoPassage::PermissionMissing);
    }
    Ok(passage)
}
