//! A connection that speaks HTTP/2, as gateways do that ask over gRPC.
//!
//! What is asked for here is answered at once and is short, so one rule bounds what a peer may hold: who asks for nothing
//! within the idle time is told to go, and who does not go is cut off. That covers heads that never end, bodies that
//! never come, and answers that nobody reads, which HTTP/2 lets wait without a write.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::{App, HEAD_LENGTH_MAX, Limits};
use crate::api::Peer;
use crate::clock;

/// Most requests at once on one connection; a gateway that has more opens another.
const STREAMS_MAX: u32 = 200;

/// Most bytes of a request's body that wait to be read.
const STREAM_WINDOW: u32 = 128 * 1024;

/// Most bytes of all bodies of one connection that wait to be read.
const CONNECTION_WINDOW: u32 = 256 * 1024;

/// Answers until the peer goes, or `stop`.
pub(super) async fn speak<S>(stream: S, address: SocketAddr, app: impl App, limits: Limits, stop: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let peer = Peer { address, doubtful: Arc::new(AtomicBool::new(false)) };
    let asked = Arc::new(Notify::new());
    let service = service_fn({
        let asked = Arc::clone(&asked);
        move |request: hyper::Request<Incoming>| {
            asked.notify_one();
            let mut request: Request = request.map(Body::new);
            request.extensions_mut().insert(peer.clone());
            app.clone().oneshot(request)
        }
    });
    let connection = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(HEAD_LENGTH_MAX as u32)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let mut idles = pin!(sleep(limits.idle));
    let mut is_ending = false;
    let ended = loop {
        tokio::select! {
            ended = connection.as_mut() => break ended,
            () = asked.notified(), if !is_ending => idles.as_mut().reset(after(limits.idle)),
            () = idles.as_mut() => {
                if is_ending {
                    tracing::debug!(peer = %address.ip(), "a connection that was to end did not, and was cut off");
                    return;
                }
                is_ending = true;
            }
            () = stop.cancelled(), if !is_ending => is_ending = true,
        }
        if is_ending {
            connection.as_mut().graceful_shutdown();
            idles.as_mut().reset(after(limits.stalled));
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, peer = %address.ip(), "a connection ended badly");
    }
}

fn after(time: Duration) -> Instant {
    Instant::from_std(clock::instant()) + time
}
