//! `claviger-proxy`: the server, and in the same process a reverse proxy in front of an API.
//!
//! The proxy carries requests with an engine that is not ours (pingora); what is here tells it what goes through. A
//! connection's bytes come in by [`connection`], each head is read by [`head`]; [`carrier`] is asked on the way of each
//! request, and asks `claviger::gateway::in_process`; [`forwarded`] says what the upstream gets, [`upstream`] where it is.
//!
//! It is a package of its own since the engine takes cmake to build, which the server does not.

mod carrier;
mod connection;
mod downstream;
mod failure;
mod forwarded;
mod head;
mod options;
mod tunnel;
mod upstream;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use claviger::commands::exit;
use claviger::commands::serve::Serve;
use claviger::commands::serve::beside::{Beside, Surroundings};
use claviger::listener;
use pingora::proxy::http_proxy;
use pingora::server::configuration::ServerConf;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use self::carrier::Carrier;
use self::connection::Doorway;
use self::options::{NoProxy, ProxyOptions};
use self::upstream::health::Health;
use self::upstream::pool::Pool;

/// An upstream is tried twice at most.
const TRIES_MAX: usize = 2;

/// Run the server, and a reverse proxy in front of an API that lets through what the route table does
#[derive(Parser, Debug)]
#[command(name = "claviger-proxy", version, about)]
struct CommandLine {
    #[command(flatten)]
    proxy: ProxyOptions,

    #[command(flatten)]
    serve: Serve,
}

#[tokio::main]
async fn main() -> ExitCode {
    // With one provider named, no dependency can bring a second one in unnoticed.
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        eprintln!("error: another TLS provider was installed before ours");
        return ExitCode::FAILURE;
    }
    let CommandLine { proxy, serve } = CommandLine::parse();
    match run(proxy, serve).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(NoProxy::Server(failed)) => exit::report(Err(failed.into())),
        Err(failed) => {
            eprintln!("error: {failed}");
            ExitCode::from(exit::Exit::Usage as u8)
        }
    }
}

async fn run(proxy: ProxyOptions, serve: Serve) -> Result<(), NoProxy> {
    let conf = ServerConf { ca_file: proxy.authorities()?, max_retries: TRIES_MAX, ..ServerConf::default() };
    let bound = proxy.bind().await?;
    let beside: Beside = Box::new(move |given| Box::pin(carry(proxy, conf, bound, given)));
    Ok(serve.run_beside(beside).await?)
}

/// Carries requests until the end.
async fn carry(options: ProxyOptions, conf: ServerConf, bound: TcpListener, given: Surroundings) {
    // The engine tells its log, at every level, what requests hold. What there is to tell, the proxy tells itself.
    log::set_max_level(log::LevelFilter::Off);
    let Surroundings { checks, tls, limits, connections, stop } = given;
    let address = options.proxy_listen;
    let scheme = if tls.is_some() { "https" } else { "http" };
    if tls.is_none() && !address.ip().is_loopback() {
        tracing::warn!(
            "the proxy listens on {address} without TLS: secrets cross the network in clear, unless a proxy in front carries TLS"
        );
    }
    let patience = options.patience();
    let health = Health::new(options.health_path.clone(), patience, &conf);
    let checked_every = Duration::from_secs(options.health_seconds);
    let pool = Arc::new(Pool::open(options.upstream, health, patience, checked_every).await);
    let looking_after = tokio::spawn(Arc::clone(&pool).look_after(stop.clone()));
    let carrier = Carrier { checks, pool, slowest: limits.idle, stalled: limits.stalled };
    let engine = Arc::new(http_proxy(&Arc::new(conf), carrier));
    let doorway = Doorway { engine, tls: tls.map(http1_alone), limits };
    tracing::info!(%address, scheme, "the proxy listens");
    let speak = |stream, peer, end| doorway.clone().speak(stream, peer, end);
    listener::each_connection(bound, limits, connections, stop, speak).await;
    // It ends with the listener.
    looking_after.abort();
}

/// The engine is given HTTP/1.1, whatever else the certificate is used for.
fn http1_alone(acceptor: TlsAcceptor) -> TlsAcceptor {
    let mut config = rustls::ServerConfig::clone(acceptor.config());
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    TlsAcceptor::from(Arc::new(config))
}
