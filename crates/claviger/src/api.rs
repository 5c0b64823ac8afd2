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
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use self::arrival::{Arrival, Peer, answer_to_no_request};
pub use self::client_address::TrustedProxies;
pub use self::reference::description;

use crate::node::Node;

/// Everything that this node answers. `trusted` are the proxies that say where a request comes from.
pub fn router(node: Node, trusted: TrustedProxies) -> Router {
    let arrival = Arrival { trusted, answers: Arc::clone(&node.metrics.api) };
    let (routes, description) = documented().split_for_parts();
    let app = routes
        .route_layer(from_fn_with_state(node.clone(), refusals::observe))
        .route_layer(from_fn(arrival::name_route))
        .fallback(failure::no_such_path)
        .method_not_allowed_fallback(failure::method_not_allowed)
        .layer(DefaultBodyLimit::disable())
        .with_state(node);
    Router::new()
        .merge(reference::router(description))
        .fallback_service(NormalizePathLayer::trim_trailing_slash().layer(app))
        .layer(CatchPanicLayer::custom(failure::panicked))
        .layer(from_fn_with_state(arrival, arrival::arrive))
}

/// The paths of [`older`].
fn older() -> OpenApiRouter<Node> {
    OpenApiRouter::new()
        .routes(routes!(older::timezones::list))
        .routes(routes!(older::projects::list))
        .routes(routes!(older::projects::create))
        .routes(routes!(older::projects::create_several))
        .routes(routes!(older::projects::show))
        .routes(routes!(older::projects::show_settings))
        .routes(routes!(older::projects::update))
        .routes(routes!(older::projects::delete))
        .routes(routes!(older::teams::list))
        .routes(routes!(older::teams::create))
        .routes(routes!(older::teams::delete))
        .routes(routes!(older::teams::rename))
        .routes(routes!(older::members::list))
        .routes(routes!(older::members::add_to_projects))
        .routes(routes!(older::members::delete))
}

/// The routes with their descriptions: a route that is not described cannot be added here.
fn documented() -> OpenApiRouter<Node> {
    OpenApiRouter::with_openapi(reference::preface())
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(me::show))
        .routes(routes!(organization_accounts::list, organization_accounts::create))
        .routes(routes!(organization_accounts::add_to_project))
        .routes(routes!(organization_accounts::remove_from_project))
        .routes(routes!(organization_accounts::show, organization_accounts::change, organization_accounts::delete))
        .routes(routes!(organization_accounts::grants))
        .routes(routes!(account_secrets::list, account_secrets::create))
        .routes(routes!(account_secrets::change, account_secrets::revoke))
        .routes(routes!(account_secrets::rotate))
        .routes(routes!(project_accounts::list, project_accounts::create))
        .routes(routes!(project_accounts::remove))
        .routes(routes!(workspace_accounts::list))
        .routes(routes!(workspace_accounts::set_role, workspace_accounts::take_role))
        .routes(routes!(projects::list, projects::create))
        .routes(routes!(projects::index))
        .routes(routes!(projects::show, projects::change, projects::delete))
        .routes(routes!(workspaces::list, workspaces::create))
        .routes(routes!(workspaces::list_public))
        .routes(routes!(workspaces::show, workspaces::change, workspaces::delete))
        .routes(routes!(teams::list, teams::create))
        .routes(routes!(teams::show, teams::rename, teams::delete))
        .routes(routes!(teams::add_members))
        .routes(routes!(teams::remove_members))
        .routes(routes!(project_teams::list))
        .routes(routes!(project_teams::set_role, project_teams::take_role))
        .routes(routes!(project_teams::set_workspace_role, project_teams::take_workspace_role))
        .routes(routes!(
            project_teams::show_default_access,
            project_teams::set_default_access,
            project_teams::take_default_access
        ))
        .routes(routes!(custom_roles::list, custom_roles::create))
        .routes(routes!(custom_roles::show, custom_roles::change, custom_roles::delete))
        .routes(routes!(custom_roles::holders))
        .routes(routes!(policies::show, policies::change))
        .routes(routes!(policies::show_addresses, policies::set_addresses))
        .routes(routes!(explain::show))
        .routes(routes!(invitations::list, invitations::send))
        .routes(routes!(invitations::resend))
        .routes(routes!(invitations::withdraw))
        .routes(routes!(invitations::accept))
        .routes(routes!(members::list))
        .routes(routes!(members::show, members::change, members::remove))
        .routes(routes!(project_members::list))
        .routes(routes!(project_members::set_role, project_members::take_role))
        .routes(routes!(project_members::list_of_workspace))
        .routes(routes!(project_members::set_workspace_role, project_members::take_workspace_role))
        .routes(routes!(audit_log::list_of_organization))
        .routes(routes!(audit_log::list_of_project))
        .routes(routes!(audit_export::export_organization))
        .routes(routes!(audit_export::export_project))
        .merge(older())
}
