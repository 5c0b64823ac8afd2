//! Who comes, as headers tell it to the upstream.
//!
//! What must stay true: each header is there at most once, and its value is made of ids and names that cannot hold a
//! line break.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use claviger_access::authorize::Passage;
use claviger_access::directory::PrincipalView;
use claviger_access::permission::PermissionSet;

const PRINCIPAL: HeaderName = HeaderName::from_static("x-claviger-principal");
const USERNAME: HeaderName = HeaderName::from_static("x-claviger-username");
const ORGANIZATION: HeaderName = HeaderName::from_static("x-claviger-organization");
const PROJECT: HeaderName = HeaderName::from_static("x-claviger-project");
const WORKSPACE: HeaderName = HeaderName::from_static("x-claviger-workspace");
const ROLE: HeaderName = HeaderName::from_static("x-claviger-role");
const PERMISSIONS: HeaderName = HeaderName::from_static("x-claviger-permissions");

/// Who it is.
pub(super) fn of(view: &PrincipalView<'_>) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(PRINCIPAL, HeaderValue::from(view.id().number()));
    // Usernames are ASCII that can be seen.
    if let Ok(name) = HeaderValue::from_str(view.name()) {
        headers.insert(USERNAME, name);
    }
    if let Some(organization) = view.organization() {
        headers.insert(ORGANIZATION, HeaderValue::from(organization.number()));
    }
    headers
}

/// Who it is, and what it has where the request goes.
pub(super) fn with_passage(view: &PrincipalView<'_>, passage: &Passage) -> HeaderMap {
    let mut headers = of(view);
    headers.insert(PROJECT, HeaderValue::from(passage.project.number()));
    if let Some(workspace) = passage.workspace {
        headers.insert(WORKSPACE, HeaderValue::from(workspace.number()));
    }
    if let Some(role) = passage.role.and_then(|role| HeaderValue::from_str(&role.to_string()).ok()) {
        headers.insert(ROLE, role);
    }
    if let Ok(permissions) = HeaderValue::from_str(&listed(&passage.permissions)) {
        headers.insert(PERMISSIONS, permissions);
    }
    headers
}

/// With commas between. `*` at the end stands for whatever the installation makes up: owners and admins have all of it.
fn listed(permissions: &PermissionSet) -> String {
    let mut names: Vec<String> = permissions.names().map(|name| name.as_str().to_owned()).collect();
    if permissions.has_every_own() {
        names.push("*".to_owned());
    }
    names.join(",")
}
