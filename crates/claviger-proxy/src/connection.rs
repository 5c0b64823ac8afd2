//! Connections of clients: each request's head is read here, and the rest of it carried by the engine.
//!
//! What must stay true: a connection is bounded as the server's own are; a request whose head is refused is the last one
//! on its connection, so that what follows is never run as another.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use claviger::api::{Peer, answer_to_no_request};
use claviger::listener::{self, End, Limits};
use http::StatusCode;
use pingora::apps::HttpServerApp;
use pingora::protocols::Shutdown;
use pingora::protocols::http::ServerSession;
use pingora::proxy::HttpProxy;
use pingora::server::ShutdownWatch;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::carrier::Carrier;
use crate::downstream::Downstream;
use crate::head::{self, NoHead};

/// What is still sent after a refusal is read and dropped for so long, and up to so many bytes: closed at once, the
/// connection would end before the refusal is read.
const LINGERS_FOR: Duration = Duration::from_secs(2);
const LINGERS_MAX: u64 = 4 * 1024 * 1024;

/// What the carrier is told of a request, and of the connection that it came on.
#[derive(Debug, Clone)]
pub(crate) struct CameOn {
    /// Who is at its other end.
    pub(crate) peer: SocketAddr,
    /// What the request is for, as it came.
    pub(crate) target: Bytes,
    /// Whether it is encrypted.
    pub(crate) is_encrypted: bool,
    /// Ends it, and whatever is carried on it.
    pub(crate) cut: CancellationToken,
}

/// Carries what comes on connections.
#[derive(Clone)]
pub(crate) struct Doorway {
    pub(crate) engine: Arc<HttpProxy<Carrier>>,
    pub(crate) tls: Option<TlsAcceptor>,
    pub(crate) limits: Limits,
}

impl Doorway {
    /// One connection, until it ends.
    pub(crate) async fn speak(self, stream: TcpStream, peer: SocketAddr, end: End) {
        let target = Bytes::new();
        let came_on = CameOn { peer, target, is_encrypted: self.tls.is_some(), cut: CancellationToken::new() };
        match &self.tls {
            None => self.requests(Downstream::new(stream), came_on, end).await,
            Some(acceptor) => {
                if let Some(stream) = listener::encrypted(stream, peer, acceptor).await {
                    self.requests(Downstream::new(stream), came_on, end).await;
                }
            }
        }
    }

    async fn requests(&self, mut stream: Downstream, mut came_on: CameOn, end: End) {
        // The engine is told of the end by being given no more requests.
        let (_never_sent, shutdown) = watch::channel(false);
        loop {
            let read = tokio::select! {
                read = tokio::time::timeout(self.limits.idle, head::read(&mut stream)) => read,
                () = end.stop().cancelled() => break,
            };
            let head = match read {
                Ok(Ok(head)) => head,
                Ok(Err(NoHead::Refused(status))) => {
                    refuse(&mut stream, status, came_on.peer).await;
                    break;
                }
                // It went away, or said nothing, or not enough.
                Ok(Err(NoHead::Closed)) | Err(_) => break,
            };
            came_on.target = head.target;
            let is_kept = tokio::select! {
                is_kept = self.carry(&stream, head.bytes, &came_on, &shutdown) => is_kept,
                // With it goes everything that is carried, in both directions.
                () = came_on.cut.cancelled() => return,
            };
            if !is_kept {
                return;
            }
        }
        Shutdown::shutdown(&mut stream).await;
    }

    /// Carries one request, of which this was read; whether there may be another one on the connection.
    async fn carry(&self, stream: &Downstream, read: BytesMut, came_on: &CameOn, shutdown: &ShutdownWatch) -> bool {
        let mut session = ServerSession::new_http1(Box::new(stream.clone()));
        session.set_pipelined_prefix(read);
        session.set_keepalive(Some(self.limits.idle.as_secs().max(1)));
        session.set_connection_user_context(Some(Box::new(came_on.clone())));
        let mut carrying = self.engine.process_new_http(session, shutdown);
        let kept = poll_fn(|context| {
            let kept = carrying.as_mut().poll(context);
            if kept.is_pending() {
                // What goes wrong with it, the engine meets as it goes on.
                let _ = stream.poll_send(context);
            }
            kept
        });
        let is_kept = kept.await.is_some();
        // Whoever reads nothing of the rest is not waited for without end.
        let rest = tokio::time::timeout(self.limits.stalled, stream.send()).await;
        is_kept && matches!(rest, Ok(Ok(())))
    }
}

async fn refuse(stream: &mut Downstream, status: StatusCode, peer: SocketAddr) {
    let peer = Peer { address: peer, doubtful: Arc::new(AtomicBool::new(true)) };
    let Some(answer) = answer_to_no_request(status, &peer) else { return };
    let saying = async {
        stream.write_all(&written(answer)).await?;
        AsyncWriteExt::shutdown(stream).await?;
        let mut rest = stream.take(LINGERS_MAX);
        tokio::io::copy(&mut rest, &mut tokio::io::sink()).await
    };
    // Whoever sends such heads may go away before he is answered.
    let _ = tokio::time::timeout(LINGERS_FOR, saying).await;
}

/// As it goes over the wire.
fn written(answer: http::Response<Vec<u8>>) -> Bytes {
    let (parts, body) = answer.into_parts();
    let reason = parts.status.canonical_reason().unwrap_or_default();
    let mut bytes = format!("HTTP/1.1 {} {reason}\r\n", parts.status.as_u16()).into_bytes();
    for (name, value) in &parts.headers {
        bytes.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    bytes.extend(format!("connection: close\r\ncontent-length: {}\r\n\r\n", body.len()).into_bytes());
    bytes.extend(body);
    bytes.into()
}
