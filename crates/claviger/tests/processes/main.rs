//! The program as it is run: real processes, real signals, real files, real clients, on both stores.
//!
//! What one process does inside is the business of `suite`. Here is what only a process can show: what it prints and
//! where, what it leaves on the disk, how it is stopped and killed, what comes back afterwards, and that everything
//! which every server wrote holds none of the secrets that were handed out ([`secrets`]).

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../support/chance.rs"]
mod chance;
#[path = "../support/postgres.rs"]
mod postgres;
#[path = "../support/stores.rs"]
mod stores;
#[path = "../support/totp.rs"]
mod totp;

mod audit_chain;
mod client;
mod desk;
mod machine;
mod process;
mod secrets;
mod server;

mod account_state;
mod command_line;
mod command_line_access;
mod command_line_people;
mod command_line_places;
mod console;
mod crash;
mod envoy;
mod fail_over;
mod faults;
mod first_owner;
mod gateways;
mod host_commands;
mod loading;
mod meter;
mod metrics;
mod moving;
mod network;
mod nodes;
mod on_the_disk;
mod operators_guide;
mod packaging;
mod postgres_connection;
mod real_clients;
mod restore;
mod revoked_again;
mod rolling_upgrade;
mod rotation;
mod route_table;
mod rust_service;
mod shell;
mod shutdown;
mod start_up;
