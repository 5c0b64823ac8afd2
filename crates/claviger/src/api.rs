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
use axum::middleware::{from_fn, from_fn_with_state};
use tower::Layer;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::normalize_path::NormalizePathLayer;
use utoipa_axum::router::UtoipaMethodRouter;
use utoipa_axum::routes;

pub use self::arrival::{Arrival, Peer, answer_to_no_request};
pub use self::client_address::TrustedProxies;
pub use self::reference::description;

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

/// Makes one path's answers, each with its description: what is not described cannot be added here.
type Described = fn() -> UtoipaMethodRouter<Node>;

/// The paths of [`older`].
const OLDER: &[Described] = &[
    || routes!(older::timezones::list),
    || routes!(older::projects::list),
    || routes!(older::projects::create),
    || routes!(older::projects::create_several),
    || routes!(older::projects::show),
    || routes!(older::projects::show_settings),
    || routes!(older::projects::update),
    || routes!(older::projects::delete),
    || routes!(older::teams::list),
    || routes!(older::teams::create),
    || routes!(older::teams::delete),
    || routes!(older::teams::rename),
    || routes!(older::members::list),
    || routes!(older::members::add_to_projects),
    || routes!(older::members::delete),
];

/// All other paths.
const PATHS: &[Described] = &[
    || routes!(health::healthz),
    || routes!(health::readyz),
    || routes!(me::show),
    || routes!(organization_accounts::list, organization_accounts::create),
    || routes!(organization_accounts::add_to_project),
    || routes!(organization_accounts::remove_from_project),
    || routes!(organization_accounts::show, organization_accounts::change, organization_accounts::delete),
    || routes!(organization_accounts::grants),
    || routes!(account_secrets::list, account_secrets::create),
    || routes!(account_secrets::change, account_secrets::revoke),
    || routes!(account_secrets::rotate),
    || routes!(project_accounts::list, project_accounts::create),
    || routes!(project_accounts::remove),
    || routes!(workspace_accounts::list),
    || routes!(workspace_accounts::set_role, workspace_accounts::take_role),
    || routes!(projects::list, projects::create),
    || routes!(projects::index),
    || routes!(projects::show, projects::change, projects::delete),
    || routes!(workspaces::list, workspaces::create),
    || routes!(workspaces::list_public),
    || routes!(workspaces::show, workspaces::change, workspaces::delete),
    || routes!(teams::list, teams::create),
    || routes!(teams::show, teams::rename, teams::delete),
    || routes!(teams::add_members),
    || routes!(teams::remove_members),
    || routes!(project_teams::list),
    || routes!(project_teams::set_role, project_teams::take_role),
    || routes!(project_teams::set_workspace_role, project_teams::take_workspace_role),
    || {
        routes!(
            project_teams::show_default_access,
            project_teams::set_default_access,
            project_teams::take_default_access
        )
    },
    || routes!(custom_roles::list, custom_roles::create),
    || routes!(custom_roles::show, custom_roles::change, custom_roles::delete),
    || routes!(custom_roles::holders),
    || routes!(policies::show, policies::change),
    || routes!(policies::show_addresses, policies::set_addresses),
    || routes!(explain::show),
    || routes!(invitations::list, invitations::send),
    || routes!(invitations::resend),
    || routes!(invitations::withdraw),
    || routes!(invitations::accept),
    || routes!(members::list),
    || routes!(members::show, members::change, members::remove),
    || routes!(project_members::list),
    || routes!(project_members::set_role, project_members::take_role),
    || routes!(project_members::list_of_workspace),
    || routes!(project_members::set_workspace_role, project_members::take_workspace_role),
    || routes!(audit_log::list_of_organization),
    || routes!(audit_log::list_of_project),
    || routes!(audit_export::export_organization),
    || routes!(audit_export::export_project),
];

/// All of them, one made after the other.
fn documented() -> impl Iterator<Item = UtoipaMethodRouter<Node>> {
    PATHS.iter().chain(OLDER).map(|described| described())
}

/// What answers. The descriptions are dropped, one after the other: together they would take half of what a server
/// without accounts takes in all.
fn answering() -> Router<Node> {
    documented().fold(Router::new(), |router, (_, paths, methods)| {
        paths.paths.keys().fold(router, |router, path| router.route(path, methods.clone()))
    })
}
