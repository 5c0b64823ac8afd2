//! The console under `/console`: pages for people, made by the server.
//!
//! A page's address is the API's path with `/console` in its place. Handlers are thin here too: extract, call, answer with
//! a page. Who asks is found by [`signed_in`], which reads the session's cookie and nothing else; what a form sends is
//! looked at by [`form`]; what is refused or missing becomes a page in [`error_page`].
//!
//! What must stay true: no page holds a script or a style of its own, and every text is escaped by its template; what a
//! person may not do is not shown, and is refused by a permit all the same; a form does nothing unless it was sent by a
//! page of ours. Every page works without its script.

mod above_own;
mod access_security;
mod assets;
mod audit_log;
mod base_url;
mod consequences;
mod cookies;
mod entrance;
mod error_page;
mod field_errors;
mod form;
mod frame;
mod grantable;
mod invitation;
mod key_bit;
mod listing;
mod mistakes;
mod notice;
mod once;
mod page;
mod path;
mod place;
mod project;
mod projects;
mod protection;
mod refused;
mod return_to;
mod secret_once;
mod service_account;
mod service_accounts;
mod session;
mod sign_in;
mod signed_in;
mod submitted;
mod teams;
mod tries;
mod typed;
mod users_teams;
mod words;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state, map_response};
use axum::routing::{any, get, post};
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::csrf::CsrfLayer;

use self::audit_log::live::OpenStreams;
use self::error_page::ErrorPage;
use self::project::service_accounts as accounts;
use self::tries::Tries;
use crate::api::TrustedProxies;
use crate::api::arrival;
use crate::node::Node;

/// Most bytes of a form.
const FORM_LENGTH_MAX: usize = 64 * 1024;

/// How browsers reach this server, which decides what its cookies are like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// With TLS, here or in a proxy in front.
    Encrypted,
    /// Without, from this machine alone.
    Loopback,
    /// Without, from elsewhere: nobody can sign in.
    Clear,
}

/// What the pages work with.
#[derive(Clone)]
struct Console {
    node: Node,
    transport: Transport,
    tries: Arc<Tries>,
    streams: Arc<OpenStreams>,
    /// Cancelled at shutdown: answers that have no end of their own end then.
    closing: CancellationToken,
}

/// The pages, to be merged beside the API's routes. `trusted` are the proxies that say where a request comes from; once
/// `closing` is cancelled, streams end.
pub fn router(node: Node, transport: Transport, trusted: TrustedProxies, closing: CancellationToken) -> Router {
    let console = Console { node, transport, tries: Arc::default(), streams: Arc::default(), closing };
    let foreign = CsrfLayer::new().with_rejection_response(|_| ErrorPage::foreign_form().into());
    Router::new()
        .route("/", get(entrance::enter))
        .route("/console", get(entrance::enter))
        .route("/console/", get(entrance::enter))
        .route("/console/assets/{file}", get(assets::serve))
        .route("/console/invitations/{once}", get(invitation::show).post(invitation::accept))
        .route("/console/organizations/{org}/access-security", get(access_security::show).post(access_security::save))
        .route("/console/organizations/{org}/audit-log", get(audit_log::of_organization))
        .route("/console/organizations/{org}/audit-log/export", get(audit_log::export::of_organization))
        .route("/console/organizations/{org}/audit-log/live", get(audit_log::live::of_organization))
        .route("/console/organizations/{org}/invitations", post(users_teams::invite::send))
        .route("/console/organizations/{org}/invitations/new", get(users_teams::invite::show))
        .route("/console/organizations/{org}/invitations/{id}/resend", post(users_teams::invitations::resend))
        .route("/console/organizations/{org}/invitations/{id}/withdraw", post(users_teams::invitations::withdraw))
        .route("/console/organizations/{org}/projects", get(projects::list).post(projects::new::create))
        .route("/console/organizations/{org}/projects/new", get(projects::new::show))
        .route(
            "/console/organizations/{org}/service-accounts",
            get(service_accounts::list).post(service_accounts::new::create),
        )
        .route("/console/organizations/{org}/service-accounts/new", get(service_accounts::new::show))
        .route(
            "/console/organizations/{org}/service-accounts/new/projects",
            get(service_accounts::new::names_of_projects),
        )
        .route(
            "/console/organizations/{org}/service-accounts/{id}/rotate",
            get(service_accounts::rotate::show).post(service_accounts::rotate::rotate),
        )
        .route("/console/organizations/{org}/teams", post(teams::new::create))
        .route("/console/organizations/{org}/teams/new", get(teams::new::show))
        .route("/console/organizations/{org}/teams/{team}", get(teams::show::show))
        .route("/console/organizations/{org}/teams/{team}/add-members", post(teams::members::add))
        .route("/console/organizations/{org}/teams/{team}/delete", get(teams::delete::show).post(teams::delete::delete))
        .route("/console/organizations/{org}/teams/{team}/grant", post(teams::grants::grant))
        .route("/console/organizations/{org}/teams/{team}/remove-members", post(teams::members::remove))
        .route("/console/organizations/{org}/teams/{team}/rename", post(teams::rename::rename))
        .route("/console/organizations/{org}/teams/{team}/revoke", post(teams::grants::revoke))
        .route("/console/organizations/{org}/users-teams", get(users_teams::list))
        .route("/console/organizations/{org}/users/{id}", get(users_teams::person::show))
        .route(
            "/console/organizations/{org}/users/{id}/remove",
            get(users_teams::removal::show).post(users_teams::removal::remove),
        )
        .route("/console/organizations/{org}/users/{id}/role", post(users_teams::person::change_role))
        .route("/console/projects/{project}/audit-log", get(audit_log::of_project))
        .route("/console/projects/{project}/audit-log/export", get(audit_log::export::of_project))
        .route("/console/projects/{project}/audit-log/live", get(audit_log::live::of_project))
        .route("/console/projects/{project}/service-accounts", get(accounts::list).post(accounts::create))
        .route("/console/projects/{project}/service-accounts/add", get(accounts::find).post(accounts::add_account))
        .route("/console/projects/{project}/service-accounts/new", get(accounts::form))
        .route("/console/projects/{project}/service-accounts/{id}/remove", post(accounts::remove))
        .route("/console/projects/{project}/service-accounts/{id}/role", post(accounts::change_role))
        .route("/console/sign-in", get(sign_in::show).post(sign_in::sign_in))
        .route("/console/sign-out", post(sign_in::sign_out))
        .route("/console/{*rest}", any(error_page::no_such_page))
        .merge(service_account::pages())
        .route_layer(from_fn(arrival::name_route))
        .method_not_allowed_fallback(error_page::method_not_allowed)
        .layer(from_fn_with_state(console.clone(), notice::forget))
        .layer(DefaultBodyLimit::max(FORM_LENGTH_MAX))
        .layer(foreign)
        .layer(from_fn(protection::says_where_from))
        .layer(from_fn_with_state(console.clone(), protection::is_our_host))
        .layer(CatchPanicLayer::custom(error_page::panicked))
        .layer(map_response(protection::protect))
        .layer(from_fn_with_state(trusted, arrival::arrive))
        .with_state(console)
}
