//! The programs that people put in front of their APIs, each with the configuration that its guide shows: nginx, Caddy
//! and HAProxy from Debian's packages, in front of an API that keeps what it was sent.
//!
//! A test says one thing that must be so, and each program is held to it. Each runs on addresses of its own, so that a
//! configuration is used as it stands, with its ports.

mod every_gateway;
mod message;
mod program;
mod scene;
mod stage;
mod stand_in;
mod tap;
mod upstream;

mod bodies;
mod caching;
mod connections;
mod guides;
mod http2;
mod identity;
mod refusals;
mod request_target;

/// Runs tests that take a program on each of them.
macro_rules! through_each_gateway {
    ($($test:ident),+ $(,)?) => {
        through_each_gateway!(@ nginx, Nginx, $($test),+);
        through_each_gateway!(@ caddy, Caddy, $($test),+);
        through_each_gateway!(@ haproxy, HaProxy, $($test),+);
    };
    (@ $module:ident, $program:ident, $($test:ident),+) => {
        mod $module {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    super::$test($crate::gateways::program::Program::$program).await;
                }
            )+
        }
    };
}

use through_each_gateway;
