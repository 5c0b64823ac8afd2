//! Connections: accepting them, bounding them, TLS, and ending them gracefully.
//!
//! Our own loop over hyper, since what a stranger may hold open must be bounded: a head that does not arrive, a
//! connection that idles, header bytes, connections in all and of one address. What must stay true: nothing that a
//! stranger sends or does not send keeps memory or a descriptor for longer than these limits say.

mod doubtful_framing;
mod http2;
mod lingering;
mod parser_answers;
mod preface;
mod received;
mod tls;
mod write_deadline;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use axum::extract::Request;
use axum::http::HeaderValue;
use axum::http::header::CONNECTION;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use prometheus_client::metrics::gauge::Gauge;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower::{Service, ServiceExt};

use self::doubtful_framing::Watched;
use self::lingering::{Lingering, Unread};
use self::parser_answers::{Replacing, Requests};
use self::preface::{Begun, Spoken};
use self::received::Received;
pub use self::tls::{TlsError, acceptor};
use self::write_deadline::Progressing;
use crate::api::{Peer, answer_to_no_request};
use crate::metrics::Connections;
use crate::places::Places;

/// What is answered, by what a connection speaks.
#[derive(Debug, Clone)]
pub struct Apps<One, Two> {
    /// Over HTTP/1.1.
    pub http1: One,
    /// Over HTTP/2. Its requests must be answered soon: a connection on which none begins for the idle time ends.
    pub http2: Two,
}

/// What answers requests, of many connections at once.
pub trait App:
    Service<Request, Response = Response, Error = Infallible, Future: Send + 'static> + Clone + Send + Sync + 'static
{
}

impl<S> App for S where
    S: Service<Request, Response = Response, Error = Infallible, Future: Send + 'static>
        + Clone
        + Send
        + Sync
        + 'static
{
}

/// Limits on what strangers may hold.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// A connection must begin within this, a head must arrive within this, and a connection may idle for so long. Gateways pool connections: keep it above
    /// their own (nginx: 60 s).
    pub idle: Duration,
    /// A client must read some of its answer within this.
    pub stalled: Duration,
    /// Open connections in all.
    pub connections_max: usize,
    /// Open connections of one address.
    pub connections_of_one_address_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(75),
            stalled: Duration::from_secs(30),
            connections_max: 10_000,
            connections_of_one_address_max: 2_000,
        }
    }
}

/// Most headers of a request.
pub const HEADERS_MAX: usize = 64;

/// Most bytes of a request's head: gateways forward cookies.
pub const HEAD_LENGTH_MAX: usize = 24 * 1024;

/// A TLS handshake must be done by then.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);

/// Running requests are finished within this at shutdown.
const FINISH_WITHIN: Duration = Duration::from_secs(30);

/// Where accepting fails (no descriptors left), it is tried again after this.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// Accepts connections until it is stopped; then finishes what runs.
pub async fn serve(
    listener: TcpListener,
    tls: Option<tokio_rustls::TlsAcceptor>,
    apps: Apps<impl App, impl App>,
    limits: Limits,
    counted: Connections,
    stop: CancellationToken,
) {
    let speak = |stream, address, end| connection(stream, address, tls.clone(), apps.clone(), limits, end);
    each_connection(listener, limits, counted, stop, speak).await;
}

/// Accepts connections within their limits until it is stopped; then waits for what still runs on them.
pub async fn each_connection<S, F>(
    listener: TcpListener,
    limits: Limits,
    counted: Connections,
    stop: CancellationToken,
    speak: S,
) where
    S: Fn(TcpStream, SocketAddr, End) -> F,
    F: Future<Output = ()> + Send + 'static,
{
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(limits.connections_max));
    let addresses = Places::new(limits.connections_of_one_address_max);
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = accept(&listener, &places) => accepted,
        };
        let (stream, address, place) = match accepted {
            Ok(accepted) => accepted,
            // The client went away before it was let in: no reason to let others wait.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => continue,
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection; trying again");
                tokio::time::sleep(ACCEPT_AGAIN_AFTER).await;
                continue;
            }
        };
        let Some(address_place) = addresses.take(address.ip()) else {
            counted.turned_away.inc();
            continue;
        };
        let open = Open::new(&counted.open);
        let end = End { watcher: graceful.watcher(), stop: stop.clone() };
        let connection = speak(stream, address, end);
        tokio::spawn(async move {
            connection.await;
            drop((place, address_place, open));
        });
    }
    drop(listener);
    if tokio::time::timeout(FINISH_WITHIN, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests were still running at the end of the grace period");
    }
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, address) = listener.accept().await?;
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, peer = %address.ip(), "a connection ended as it began");
    }
    Ok((stream, address, place))
}

/// How a connection is told that it is to end.
pub struct End {
    /// The end of all waits as long as this is there.
    watcher: Watcher,
    stop: CancellationToken,
}

impl End {
    /// When no further request is to begin. What runs may be finished, for as long as this is kept.
    pub fn stop(&self) -> &CancellationToken {
        &self.stop
    }
}

/// The same connection, encrypted. One that does not come to be is told in the log.
pub async fn encrypted(
    stream: TcpStream,
    address: SocketAddr,
    acceptor: &tokio_rustls::TlsAcceptor,
) -> Option<tokio_rustls::server::TlsStream<TcpStream>> {
    match tokio::time::timeout(HANDSHAKE_WITHIN, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => return Some(stream),
        Ok(Err(error)) => tracing::debug!(%error, peer = %address.ip(), "a TLS handshake failed"),
        Err(_) => tracing::debug!(peer = %address.ip(), "a TLS handshake took too long"),
    }
    None
}

async fn connection(
    stream: TcpStream,
    address: SocketAddr,
    tls: Option<tokio_rustls::TlsAcceptor>,
    apps: Apps<impl App, impl App>,
    limits: Limits,
    end: End,
) {
    match tls {
        None => speak(stream, address, apps, limits, end).await,
        Some(acceptor) => {
            if let Some(stream) = encrypted(stream, address, &acceptor).await {
                speak(stream, address, apps, limits, end).await;
            }
        }
    }
}

async fn speak<S>(stream: S, address: SocketAddr, apps: Apps<impl App, impl App>, limits: Limits, end: End)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let begun = tokio::select! {
        begun = tokio::time::timeout(limits.idle, preface::begin(stream)) => begun,
        () = end.stop.cancelled() => return,
    };
    match begun {
        Ok(Ok((Spoken::Http1, stream))) => speak_http1(stream, address, apps.http1, limits, end.watcher).await,
        Ok(Ok((Spoken::Http2, stream))) => {
            http2::speak(Progressing::new(stream, limits.stalled), address, apps.http2, limits, end.stop).await;
            drop(end.watcher);
        }
        Ok(Err(error)) => tracing::debug!(%error, peer = %address.ip(), "a connection ended as it began"),
        Err(_) => tracing::debug!(peer = %address.ip(), "a connection said nothing"),
    }
}

async fn speak_http1<S>(stream: Begun<S>, address: SocketAddr, app: impl App, limits: Limits, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let peer = Peer { address, doubtful: Arc::new(AtomicBool::new(false)) };
    let unread = Unread::default();
    let stream = Lingering::new(Progressing::new(stream, limits.stalled), unread.clone());
    let stream = Watched::new(stream, Arc::clone(&peer.doubtful));
    let requests = Arc::<Requests>::default();
    let stream = Replacing::new(stream, Arc::clone(&requests), {
        let (peer, unread) = (peer.clone(), unread.clone());
        move |status| {
            unread.is_left();
            answer_to_no_request(status, &peer)
        }
    });
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let unfinished = requests.begin();
        let (request, received) = Received::of(request);
        let mut request: Request = request;
        request.extensions_mut().insert(peer.clone());
        let answered = app.clone().oneshot(request);
        let unread = unread.clone();
        async move {
            let mut response = answered.await?;
            // A client must not send its next request there: what it still sends of this one is not read.
            let is_refused = response.status().is_client_error() || response.status().is_server_error();
            if is_refused && !received.is_whole() {
                unread.is_left();
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(response.map(|body| unfinished.until_taken(body)))
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.idle)
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEAD_LENGTH_MAX)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%error, peer = %address.ip(), "a connection ended badly");
    }
}

/// A connection that is open, counted for the operators.
struct Open(Gauge);

impl Open {
    fn new(open: &Gauge) -> Self {
        open.inc();
        Self(open.clone())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}
