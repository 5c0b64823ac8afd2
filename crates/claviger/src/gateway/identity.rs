//! Who comes, as headers tell it to the upstream.
//!
//! What must stay true: each header is there at most once, and its value is made of ids and names that cannot hold a
//! line break.

use std::collections::BTreeSet;

use axum::http::header::AUTHORIZATION;
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

/// How each of them begins, and the header with the reason of a refusal.
const PREFIX: &str = "x-claviger-";

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

/// Which headers a gateway that is told by name takes off, so that the upstream believes none but `told`: ours that are
/// not told now, those that the caller `sent` and that look like ours to somebody who reads `_` as `-`, and the one with
/// the credential, where the operator chose it for being another than the upstream's own.
pub(super) fn to_remove<'s>(
    told: &HeaderMap,
    sent: impl Iterator<Item = &'s str>,
    credential: &HeaderName,
) -> Vec<String> {
    let known = [PRINCIPAL, USERNAME, ORGANIZATION, PROJECT, WORKSPACE, ROLE, PERMISSIONS];
    let mut names: BTreeSet<String> = known.iter().map(|name| name.as_str().to_owned()).collect();
    let sent = sent.map(str::to_ascii_lowercase);
    names.extend(sent.filter(|name| name.replace('_', "-").starts_with(PREFIX)));
    names.retain(|name| !told.contains_key(name));
    if credential != AUTHORIZATION {
        names.insert(credential.as_str().to_owned());
    }
    names.into_iter().collect()
}

/// With commas between. `*` at the end stands for whatever the installation makes up: owners and admins have all of it.
fn listed(permissions: &PermissionSet) -> String {
    let mut names: Vec<String> = permissions.names().map(|name| name.as_str().to_owned()).collect();
    if permissions.has_every_own() {
        names.push("*".to_owned());
    }
    names.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn removed(told: &[HeaderName], sent: &[&str], credential: &str) -> String {
        let told = told.iter().map(|name| (name.clone(), HeaderValue::from_static("x"))).collect();
        to_remove(&told, sent.iter().copied(), &credential.parse().expect("a name")).join(" ")
    }

    #[test]
    fn what_is_not_told_is_taken_off_and_so_is_what_looks_like_it() {
        let told = [PRINCIPAL, USERNAME, ORGANIZATION, PROJECT, ROLE, PERMISSIONS];
        assert_eq!(removed(&told, &["accept", "x-claviger-role"], "authorization"), "x-claviger-workspace");
        let sent = ["X_Claviger_Role", "x-claviger_role", "X-Claviger-Role", "x-claviger-admin", "x-clavigerrole"];
        assert_eq!(
            removed(&told, &sent, "authorization"),
            "x-claviger-admin x-claviger-workspace x-claviger_role x_claviger_role"
        );
        let all = removed(&[], &[], "x-api-credential");
        assert_eq!(all.split(' ').count(), 8);
        assert!(all.starts_with("x-api-credential "), "{all}");
    }
}
