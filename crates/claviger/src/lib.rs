//! Claviger, the keeper of the keys: the server and the command line.
//!
//! The house, from the street inwards: `main.rs` reads the command line, `commands` runs one command. `serve` opens the
//! house: a [`node`] (store, image, writer) behind a [`listener`] that answers with the [`api`], the
//! checks for gateways ([`gateway`]) and the [`console`].
//!
//! Dependencies point one way: `api`, `gateway`, `console`, `commands` -> `writer` -> `store`, `cluster`; nothing below looks up.

pub mod account_uses;
pub mod api;
pub mod attempts;
pub mod audit_chain;
pub mod clock;
pub mod cluster;
pub mod commands;
pub mod config;
pub mod console;
pub mod gateway;
pub mod last_seen;
pub mod last_used;
pub mod limiter;
pub mod listener;
pub mod lost_history;
pub mod mail;
pub mod metrics;
pub mod metrics_page;
pub mod node;
pub mod nodes_page;
pub mod observations;
pub mod open_exports;
pub mod people;
pub mod places;
mod private_file;
pub mod public_url;
pub mod random;
pub mod refused_requests;
#[cfg(test)]
mod simulation;
pub mod store;
pub mod telemetry;
pub mod writer;
