//! A typed HTTP client of the App API, on the wire types: the command line's, and anybody's who writes Rust.
//!
//! One [`Client`] holds where the server is and one [`Credential`]; each route is a method that takes and answers wire
//! types, and fails with an [`Error`] that tells apart what a caller does about it. There is no JSON shape here.
//!
//! A [`Checker`] asks whether somebody else's request may go through, as gateways do; with the feature `tower`,
//! `GuardLayer` puts that in front of a service.
//!
//! What must stay true:
//! - The credential goes to the named server alone: no redirect is followed, and a proxy from the environment is not
//!   asked for a server on loopback.
//! - Nothing is sent twice but checks, which change nothing. Whoever wants to repeat a creation gives the same
//!   [`IdempotencyKey`] again.
//! - Without a credential, which one route needs none for, none is sent.
//! - Every wait and every answer is bounded.
//! - No secret is printed by any `Debug` or `Display`, and no error quotes an answer that could hold one.
//!
//! The caller chooses the TLS provider, before it makes a client:
//! `rustls::crypto::ring::default_provider().install_default()`.

mod audit;
mod check;
mod client;
mod credential;
mod error;
mod explain;
#[cfg(feature = "tower")]
mod guard;
mod idempotency;
mod invitations;
mod listing;
mod people;
mod policies;
mod projects;
mod roles;
mod secrets;
mod service_accounts;
mod teams;
mod workspaces;

pub use audit::{AuditFilter, AuditLog, Export, ExportFormat};
pub use check::{Caller, CheckOptions, Checker, Demand, NotPassed, Passage, Permissions};
pub use claviger_wire::roles::RoleName;
pub use client::{Client, Timeouts};
pub use credential::{Credential, NoCredential};
pub use error::{Error, Refusal, SetupError};
pub use explain::{Place, Question};
#[cfg(feature = "tower")]
pub use guard::{GuardLayer, Guarded};
pub use idempotency::{IdempotencyKey, NoKey};
pub use listing::Listing;
