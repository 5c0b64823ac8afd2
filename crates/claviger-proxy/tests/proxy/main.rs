//! The program as it is run: a real process, in front of real servers, asked by clients that send what strangers send.
//!
//! A request and an answer are bytes here ([`message`]), as they are in the tests of other people's gateways; what those are
//! held to, this one is held to as well.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../../../claviger/tests/processes/gateways/message.rs"]
#[allow(dead_code)]
mod message;
#[path = "../../../claviger/tests/processes/process.rs"]
#[allow(dead_code)]
mod process;
#[path = "../../../claviger/tests/processes/gateways/upstream.rs"]
#[allow(dead_code)]
mod upstream;

mod scene;
mod servers;

mod bodies;
mod identity;
mod log;
mod long_ones;
mod refusals;
mod request_target;
mod stopping;
mod tls;
mod upstreams;
