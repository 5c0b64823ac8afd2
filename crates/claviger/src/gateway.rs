//! The checks that other people's gateways ask for: whether a request to somebody else's API goes through.
//!
//! A request is named by its method and its path. The [`RouteTable`] says what such a request must be allowed; the path
//! is read by [`RequestPath`], which refuses whatever two readers might read differently.
//!
//! However a gateway asks ([`forward_auth`], [`ext_authz`], [`envoy_http`], or [`in_process`]), it is answered by one [`decision`].
//!
//! What must stay true: nothing goes through that no route lets through, and the path that is judged is the path that
//! the upstream acts on.

pub mod checks;
mod decision;
mod envoy_http;
pub mod explained;
mod ext_authz;
pub mod forward_auth;
mod identity;
pub mod in_process;
pub mod pattern;
mod query;
mod refusal;
pub mod request_path;
pub mod route;
pub mod route_table;
pub mod watched_table;

pub use self::checks::{Asking, Checks};
pub use self::in_process::InProcess;
pub use self::request_path::RequestPath;
pub use self::route_table::RouteTable;
