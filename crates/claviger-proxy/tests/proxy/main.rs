//! The program as it is run: a real process, in front of real servers, asked by clients that send what strangers send.
//!
//! What other people's gateways are held to ([`every_gateway`]), this one is held to as well, in the same words; what is said
//! here besides is this one's alone. What the decision does is shown on both stores.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../../../claviger/tests/processes/gateways/every_gateway.rs"]
mod every_gateway;
#[path = "../../../claviger/tests/processes/gateways/message.rs"]
#[allow(dead_code)]
mod message;
#[path = "../../../claviger/tests/support/postgres.rs"]
mod postgres;
#[path = "../../../claviger/tests/processes/process.rs"]
#[allow(dead_code)]
mod process;
#[path = "../../../claviger/tests/processes/gateways/stage.rs"]
mod stage;
#[path = "../../../claviger/tests/support/stores.rs"]
mod stores;
#[path = "../../../claviger/tests/processes/gateways/upstream.rs"]
#[allow(dead_code)]
mod upstream;

mod scene;
mod servers;

mod bodies;
mod identity;
mod log;
mod long_ones;
mod nodes;
mod refusals;
mod request_target;
mod stopping;
mod tls;
mod upstreams;
