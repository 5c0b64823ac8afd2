//! The App API under `/api/app`, with its health, description and reference.
//!
//! Handlers are thin: extract, call, answer. What a request goes through before its handler is in [`arrival`]; who asks
//! is found by [`caller`]; a refusal becomes a status in [`failure`]; what is shown is put together in [`show`].
//!
//! What must stay true: every path answers with and without a trailing slash, without a redirect; every answer has the
//! contract's envelope, also where a path, a method or a body is wrong; a write goes through the writer alone.

pub mod arrival;
pub mod client_address;
pub mod failure;

mod account_filter;
mod account_secrets;
pub(crate) mod audit_export;
pub(crate) mod audit_filter;
mod audit_log;
mod body;
pub(crate) mod caller;
mod custom_roles;
mod explain;
mod health;
mod idempotency;
pub(crate) mod ids;
mod invitations;
mod listing;
mod me;
mod members;
mod older;
mod organization_accounts;
mod policies;
mod project_accounts;
mod project_members;
mod project_teams;
mod projects;
mod reference;
mod refusals;
mod requested;
mod revision_header;
mod show;
mod shown_once;
mod teams;
mod workspace_accounts;
mod workspaces;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::MethodRouter;
use pastey::paste;
use tower::Layer;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::normalize_path::NormalizePathLayer;
use utoipa::Path;
use utoipa::openapi::HttpMethod;
use utoipa_axum::PathItemExt;
#[cfg(test)]
use utoipa_axum::router::UtoipaMethodRouter;

pub use self::arrival::{Arrival, Peer, answer_to_no_request};
pub use self::client_address::TrustedProxies;
pub use self::reference::DESCRIPTION;

use crate::node::Node;

/// Everything that this node answers. `trusted` are the proxies that say where a request comes from.
pub fn router(node: Node, trusted: TrustedProxies) -> Router {
    let (answers, cluster) = (Arc::clone(&node.metrics.api), Some(Arc::clone(&node.cluster)));
    let arrival = Arrival { trusted, answers, cluster };
    let app = answering()
        .route_layer(from_fn_with_state(node.clone(), refusals::observe))
        .route_layer(from_fn(arrival::name_route))
        .fallback(failure::no_such_path)
        .method_not_allowed_fallback(failure::method_not_allowed)
        .layer(DefaultBodyLimit::disable())
        .with_state(node);
    Router::new()
        .merge(reference::router())
        .fallback_service(NormalizePathLayer::trim_trailing_slash().layer(app))
        .layer(CatchPanicLayer::custom(failure::panicked))
        .layer(from_fn_with_state(arrival, arrival::arrive))
}

/// A path, and what answers at it. What is not described cannot be added here.
struct Routed {
    path: fn() -> String,
    methods: fn() -> MethodRouter<Node>,
    /// Making a description takes much code, which a server needs not: the file that is served was made from these.
    #[cfg(test)]
    described: fn() -> UtoipaMethodRouter<Node>,
}

/// Handlers of one module, all at the path of the first.
macro_rules! routed {
    ($module:path: $first:ident $(, $other:ident)*) => {
        paste! {{
            use $module as of;
            Routed {
                path: <of::[<__path_ $first>] as Path>::path,
                methods: || {
                    let methods = at(MethodRouter::new(), <of::[<__path_ $first>] as Path>::methods, of::$first);
                    $(let methods = at(methods, <of::[<__path_ $other>] as Path>::methods, of::$other);)*
                    methods
                },
                #[cfg(test)]
                described: || utoipa_axum::routes!(of::$first $(, of::$other)*),
            }
        }}
    };
}

/// Adds a handler at its methods.
fn at<H, T>(methods: MethodRouter<Node>, of: fn() -> Vec<HttpMethod>, handler: H) -> MethodRouter<Node>
where
    H: Handler<T, Node>,
    T: 'static,
{
    of().iter().fold(methods, |methods, method| methods.on(method.to_method_filter(), handler.clone()))
}

/// The paths of [`older`].
const OLDER: &[Routed] = &[
    routed!(older::timezones: list),
    routed!(older::projects: list),
    routed!(older::projects: create),
    routed!(older::projects: create_several),
    routed!(older::projects: show),
    routed!(older::projects: show_settings),
    routed!(older::projects: update),
    routed!(older::projects: delete),
    routed!(older::teams: list),
    routed!(older::teams: create),
    routed!(older::teams: delete),
    routed!(older::teams: rename),
    routed!(older::members: list),
    routed!(older::members: add_to_projects),
    routed!(older::members: delete),
];

/// All other paths.
const PATHS: &[Routed] = &[
    routed!(health: healthz),
    routed!(health: readyz),
    routed!(me: show),
    routed!(organization_accounts: list, create),
    routed!(organization_accounts: add_to_project),
    routed!(organization_accounts: remove_from_project),
    routed!(organization_accounts: show, change, delete),
    routed!(organization_accounts: grants),
    routed!(account_secrets: list, create),
    routed!(account_secrets: change, revoke),
    routed!(account_secrets: rotate),
    routed!(project_accounts: list, create),
    routed!(project_accounts: remove),
    routed!(workspace_accounts: list),
    routed!(workspace_accounts: set_role, take_role),
    routed!(projects: list, create),
    routed!(projects: index),
    routed!(projects: show, change, delete),
    routed!(workspaces: list, create),
    routed!(workspaces: list_public),
    routed!(workspaces: show, change, delete),
    routed!(teams: list, create),
    routed!(teams: show, rename, delete),
    routed!(teams: add_members),
    routed!(teams: remove_members),
    routed!(project_teams: list),
    routed!(project_teams: set_role, take_role),
    routed!(project_teams: set_workspace_role, take_workspace_role),
    routed!(project_teams: show_default_access, set_default_access, take_default_access),
    routed!(custom_roles: list, create),
    routed!(custom_roles: show, change, delete),
    routed!(custom_roles: holders),
    routed!(policies: show, change),
    routed!(policies: show_addresses, set_addresses),
    routed!(explain: show),
    routed!(invitations: list, send),
    routed!(invitations: resend),
    routed!(invitations: withdraw),
    routed!(invitations: accept),
    routed!(members: list),
    routed!(members: show, change, remove),
    routed!(project_members: list),
    routed!(project_members: set_role, take_role),
    routed!(project_members: list_of_workspace),
    routed!(project_members: set_workspace_role, take_workspace_role),
    routed!(audit_log: list_of_organization),
    routed!(audit_log: list_of_project),
    routed!(audit_export: export_organization),
    routed!(audit_export: export_project),
];

/// What answers.
fn answering() -> Router<Node> {
    let all = PATHS.iter().chain(OLDER);
    all.fold(Router::new(), |router, routed| router.route(&(routed.path)(), (routed.methods)()))
}
