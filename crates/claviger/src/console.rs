//! The console under `/console`: pages for people, made by the server.
//!
//! A page's address is the API's path with `/console` in its place. Handlers are thin here too: extract, call, answer with
//! a page. Who asks is found by [`signed_in`], which reads the session's cookie and nothing else; what a form sends is
//! looked at by [`form`]; what is refused or missing becomes a page in [`error_page`].
//!
//! What must stay true: no page holds a script or a style of its own, and every text is escaped by its template; what a
//! person may not do is not shown, and is refused by a permit all the same; a form does nothing unless it was sent by a
//! page of ours. Every page works without its script.

mod assets;
mod cookies;
mod entrance;
mod error_page;
mod form;
mod frame;
mod key_bit;
mod notice;
mod once;
mod overview;
mod page;
mod path;
mod place;
mod protection;
mod refused;
mod return_to;
mod service_accounts;
mod session;
mod sign_in;
mod signed_in;
mod submitted;
mod tries;
mod typed;
mod words;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state, map_response};
use axum::routing::{any, get, post};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::csrf::CsrfLayer;

use self::error_page::ErrorPage;
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
}

/// The pages, to be merged beside the API's routes. `trusted` are the proxies that say where a request comes from.
pub fn router(node: Node, transport: Transport, trusted: TrustedProxies) -> Router {
    let console = Console { node, transport, tries: Arc::default() };
    let foreign = CsrfLayer::new().with_rejection_response(|_| ErrorPage::foreign_form().into());
    Router::new()
        .route("/", get(entrance::enter))
        .route("/console", get(entrance::enter))
        .route("/console/", get(entrance::enter))
        .route("/console/assets/{file}", get(assets::serve))
        .route("/console/sign-in", get(sign_in::show).post(sign_in::sign_in))
        .route("/console/sign-out", post(sign_in::sign_out))
        .route("/console/organizations/{org}/overview", get(overview::show))
        .route("/console/organizations/{org}/service-accounts", get(service_accounts::list))
        .route("/console/{*rest}", any(error_page::no_such_page))
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
