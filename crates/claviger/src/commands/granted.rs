//! Grants as tables show them: what they are on, and through whom they come.

use claviger_wire::service_accounts::{GrantScope, Through, ThroughKind};

/// What a grant is on; a workspace is named with its project, as it is written on a command line.
pub(super) fn on(scope: GrantScope, id: u64, project: Option<u64>) -> String {
    match (scope, project) {
        (GrantScope::Organization, _) => format!("organization {id}"),
        (GrantScope::Project, _) => format!("project {id}"),
        (GrantScope::Workspace, Some(project)) => format!("workspace {project}/{id}"),
        (GrantScope::Workspace, None) => format!("workspace {id}"),
    }
}

/// Whom it was given to.
pub(super) fn through(through: &Through) -> String {
    match through.kind {
        ThroughKind::Individual => "itself".to_owned(),
        ThroughKind::Team => format!("team {}", through.name),
        ThroughKind::Organization => "its role in the organization".to_owned(),
        ThroughKind::Everyone => "everyone in the organization".to_owned(),
    }
}
