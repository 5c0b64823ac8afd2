//! The engine alone, without a check: what `claviger-proxy` is measured against.
//!
//! `cargo run --release -p claviger-proxy --example bare_engine -- 127.0.0.1:8090 127.0.0.1:8080` listens at the first
//! address and passes all on to the second, as it came, until SIGTERM.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use async_trait::async_trait;
use pingora::Result;
use pingora::proxy::{ProxyHttp, Session, http_proxy_service};
use pingora::server::configuration::ServerConf;
use pingora::services::Service;
use pingora::upstreams::peer::HttpPeer;
use tokio::sync::watch;

struct Bare {
    upstream: SocketAddr,
}

#[async_trait]
impl ProxyHttp for Bare {
    type CTX = ();

    fn new_ctx(&self) {}

    async fn upstream_peer(&self, _session: &mut Session, _request: &mut ()) -> Result<Box<HttpPeer>> {
        Ok(Box::new(HttpPeer::new(self.upstream, false, String::new())))
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let mut words = std::env::args().skip(1).map(|word| word.parse::<SocketAddr>());
    let (Some(Ok(listen)), Some(Ok(upstream))) = (words.next(), words.next()) else {
        eprintln!("name two addresses: where to listen, and where the API is");
        return ExitCode::FAILURE;
    };
    let mut service = http_proxy_service(&Arc::new(ServerConf::default()), Bare { upstream });
    service.add_tcp(&listen.to_string());
    let (_stop, stopped) = watch::channel(false);
    service.start_service(None, stopped, 1).await;
    ExitCode::SUCCESS
}
