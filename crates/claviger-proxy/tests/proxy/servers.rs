//! Servers that do one thing each: what an API may do that is not well, or slow, or another one.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::message::Incoming;

/// Longer than any piece takes to come.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server that can be ended, and counts its requests.
pub(crate) struct Running {
    answered: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Running {
    pub(crate) fn answered(&self) -> usize {
        self.answered.load(Ordering::SeqCst)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Answers each request with these bytes, and keeps the connection; with none, it never answers.
pub(crate) async fn saying(address: SocketAddr, answer: &str) -> Running {
    let listener = TcpListener::bind(address).await.expect("an address of its own");
    let (answered, answer) = (Arc::new(AtomicUsize::new(0)), answer.to_owned());
    let counted = Arc::clone(&answered);
    let task = tokio::spawn(async move {
        let mut connections = tokio::task::JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            let (answer, counted) = (answer.clone(), Arc::clone(&counted));
            connections.spawn(says(stream, answer, counted));
        }
    });
    Running { answered, task }
}

pub(crate) async fn says<S: AsyncRead + AsyncWrite + Unpin>(stream: S, answer: String, counted: Arc<AtomicUsize>) {
    let (read, mut write) = tokio::io::split(stream);
    let mut incoming = Incoming::new(read);
    while let Some(mut request) = incoming.head().await {
        if !incoming.request_body(&mut request).await {
            return;
        }
        // The proxy's own question whether it is well is none of those that are counted.
        counted.fetch_add(usize::from(request.target() != "/well"), Ordering::SeqCst);
        let body = answer.split_once("\r\n\r\n").map_or(0, |(_, body)| body.len());
        if write.write_all(answer.as_bytes()).await.is_err() || (body == 0 && answer.contains("close")) {
            return;
        }
    }
}

/// An answer of an API that is well.
pub(crate) fn well(name: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{name}", name.len())
}

/// A connection to the API, played by the test: it sees each byte that comes, and says which go.
pub(crate) struct Played {
    listener: TcpListener,
}

pub(crate) struct Connection {
    coming: mpsc::Receiver<Vec<u8>>,
    going: tokio::net::tcp::OwnedWriteHalf,
}

impl Played {
    pub(crate) async fn listen(address: SocketAddr) -> Self {
        Self { listener: TcpListener::bind(address).await.expect("an address of its own") }
    }

    /// The next connection on which something is said.
    pub(crate) async fn connection(&self) -> (Connection, String) {
        loop {
            let accepted = tokio::time::timeout(PATIENCE, self.listener.accept()).await.expect("a connection in time");
            let (mut read, going) = accepted.expect("a connection").0.into_split();
            let (sender, coming) = mpsc::channel(64);
            tokio::spawn(async move {
                let mut buffer = vec![0; 64 * 1024];
                while let Ok(count @ 1..) = read.read(&mut buffer).await {
                    if sender.send(buffer[..count].to_vec()).await.is_err() {
                        return;
                    }
                }
            });
            let mut connection = Connection { coming, going };
            // The proxy looks whether connections are taken, and says nothing on those.
            let mut head = String::new();
            while !head.contains("\r\n\r\n") {
                let Some(piece) = connection.piece().await else { break };
                head.push_str(&String::from_utf8_lossy(&piece));
            }
            if !head.is_empty() {
                return (connection, head);
            }
        }
    }
}

impl Connection {
    /// The next bytes that come; nothing at the end.
    pub(crate) async fn piece(&mut self) -> Option<Vec<u8>> {
        tokio::time::timeout(PATIENCE, self.coming.recv()).await.expect("bytes or an end in time")
    }

    /// All bytes until the end.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        while let Some(piece) = self.piece().await {
            rest.extend(piece);
        }
        rest
    }

    /// Says something. Whoever has gone away hears nothing.
    pub(crate) async fn say(&mut self, bytes: &[u8]) {
        let _ = tokio::time::timeout(PATIENCE, self.going.write_all(bytes)).await.expect("bytes are taken in time");
    }
}
