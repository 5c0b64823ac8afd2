//! The console under `/console`: pages for people, made by the server.
//!
//! A page's address names things by their ids as the API's do, below `/console`. Handlers are thin here too: extract, call, answer with
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
mod browser;
mod consequences;
mod cookies;
mod earlier_forms;
mod entrance;
mod error_page;
mod forgotten;
mod form;
mod form_body;
mod form_outside;
mod frame;
mod grantable;
mod invitation;
mod key_bit;
mod listing;
mod mistakes;
mod new_password;
mod notice;
mod once;
mod onward;
mod overview;
mod page;
mod password_again;
mod password_rules;
mod password_shown;
mod path;
mod place;
mod profile;
mod project;
mod project_role;
mod project_slug;
mod projects;
mod protection;
mod refused;
mod renewal;
mod reset;
mod reset_link;
mod return_to;
mod routes;
mod search;
mod second_factor;
mod secret_once;
mod service_account;
mod service_accounts;
mod session;
mod set_up;
mod shortlist;
mod sign_in;
mod sign_in_code;
mod signed_in;
mod submitted;
mod teams;
mod tries;
mod typed;
mod typed_name;
mod users_teams;
mod words;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::csrf::CsrfLayer;

use self::audit_log::live::OpenStreams;
use self::error_page::ErrorPage;
use self::tries::Tries;
use crate::api::TrustedProxies;
use crate::api::arrival::{self, Arrival};
use crate::mail::Mailer;
use crate::node::Node;
use crate::public_url::PublicUrl;

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

/// What the operator says of the world outside.
#[derive(Debug, Clone, Default)]
pub struct Outside {
    /// Under which address people reach this server. Links are made from it, and other names get no page.
    pub public_url: Option<PublicUrl>,
    /// What sends letters.
    pub mailer: Option<Mailer>,
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
    public_url: Option<PublicUrl>,
    mailer: Option<Mailer>,
}

impl Console {
    /// What letters are sent with. None are without an address that their links can be made from.
    fn letters(&self) -> Option<(&Mailer, &PublicUrl)> {
        self.mailer.as_ref().zip(self.public_url.as_ref())
    }
}

/// The pages, to be merged beside the API's routes. `trusted` are the proxies that say where a request comes from; once
/// `closing` is cancelled, streams end.
pub fn router(
    node: Node,
    transport: Transport,
    outside: Outside,
    trusted: TrustedProxies,
    closing: CancellationToken,
) -> Router {
    let Outside { public_url, mailer } = outside;
    let (answers, cluster) = (Arc::clone(&node.metrics.console), Some(Arc::clone(&node.cluster)));
    let arrival = Arrival { trusted, answers, cluster };
    let (tries, streams) = (Arc::default(), Arc::default());
    let console = Console { node, transport, tries, streams, closing, public_url, mailer };
    let foreign = CsrfLayer::new().with_rejection_response(|_| ErrorPage::foreign_form().into());
    routes::of_the_signed_in()
        .route_layer(from_fn_with_state(console.clone(), renewal::renew))
        .merge(routes::for_everybody())
        .route_layer(from_fn(arrival::name_route))
        .method_not_allowed_fallback(error_page::method_not_allowed)
        .layer(from_fn_with_state(console.clone(), notice::forget))
        .layer(DefaultBodyLimit::max(FORM_LENGTH_MAX))
        .layer(foreign)
        .layer(from_fn(protection::says_where_from))
        .layer(from_fn(protection::hide_token))
        .layer(from_fn_with_state(console.clone(), protection::is_our_host))
        .layer(CatchPanicLayer::custom(error_page::panicked))
        .layer(from_fn_with_state(transport, protection::protect))
        .layer(from_fn_with_state(arrival, arrival::arrive))
        .with_state(console)
}
