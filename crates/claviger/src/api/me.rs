//! `GET /api/app/me`: the caller, and what it can reach.

use std::collections::BTreeMap;

use axum::Json;
use claviger_access::Directory;
use claviger_access::directory::{Organization, PrincipalView};
use claviger_access::effective;
use claviger_access::identity::PrincipalKind;
use claviger_wire::envelope::Success;
use claviger_wire::me::Me;

use super::caller::Identified;
use super::failure::Failure;
use super::reference::Refusals;
use super::show;

/// Who the caller is, and what its grants reach
#[utoipa::path(get, operation_id = "show_me", path = "/api/app/me", tag = "me", responses((status = 200, body = Success<Me>), Refusals))]
pub(super) async fn show(identified: Identified) -> Result<Json<Success<Me>>, Failure> {
    let view = identified.view()?;
    let directory = &identified.held;
    let mut me = Me {
        user_id: view.id().number(),
        user_name: view.name().to_owned(),
        user_email: directory.person(view.id()).map_or_else(|| view.name().to_owned(), |known| known.email.to_string()),
        is_service_account: view.kind() == PrincipalKind::ServiceAccount,
        expires: show::end(view.expires()),
        organizations: BTreeMap::new(),
        projects: BTreeMap::new(),
        workspaces: BTreeMap::new(),
    };
    let organizations = effective::organizations(&view);
    organizations
        .iter()
        .filter_map(|id| directory.organization(*id))
        .for_each(|known| add(&mut me, directory, known, &view));
    Ok(Json(Success::new(me)))
}

/// Adds what the caller reaches of an organization.
fn add(me: &mut Me, directory: &Directory, organization: &Organization, view: &PrincipalView<'_>) {
    me.organizations.insert(organization.id.number(), show::organization(organization, view));
    for (id, reached) in effective::reach(directory, view, organization.id) {
        let Some(project) = directory.project(id) else { continue };
        me.projects.insert(id.number(), show::project(directory, project, &reached));
        for (id, role) in &reached.workspaces {
            if let Some(workspace) = directory.workspace(*id) {
                me.workspaces.insert(id.number(), show::workspace(directory, workspace, Some(*role)));
            }
        }
    }
}
