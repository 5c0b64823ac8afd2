//! The API behind the gateway: it keeps what it was sent, to the byte, and answers everything.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha1::{Digest, Sha1};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use super::message::{Incoming, Message};

/// What reached it.
#[derive(Clone, Default)]
pub(crate) struct Upstream {
    requests: Arc<Mutex<Vec<Message>>>,
    connections: Arc<AtomicUsize>,
}

impl Upstream {
    /// Listens until the test ends.
    pub(crate) async fn listen(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.expect("an address of its own");
        let upstream = Self::default();
        let serving = upstream.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                serving.connections.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(serving.clone().answers(stream));
            }
        });
        upstream
    }

    /// All requests so far, those among them whose bodies broke off.
    pub(crate) fn requests(&self) -> Vec<Message> {
        self.requests.lock().expect("not poisoned").clone()
    }

    /// How many connections were made to it.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    async fn answers(self, stream: TcpStream) {
        let (read, mut write) = stream.into_split();
        let mut incoming = Incoming::new(read);
        while let Some(mut request) = incoming.head().await {
            if request.header("expect").is_some() {
                let _ = write.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await;
            }
            let is_whole = incoming.request_body(&mut request).await;
            let protocol = request.header("upgrade").map(str::to_owned);
            let method = request.start.split(' ').next().unwrap_or_default().to_owned();
            let length = request.body.len();
            let accept = request.header("sec-websocket-key").map(accepts).unwrap_or_default();
            self.requests.lock().expect("not poisoned").push(request);
            if !is_whole {
                return;
            }
            // It goes over to whatever it is asked for, as one would that knows the protocol.
            if let Some(protocol) = protocol {
                let switch =
                    format!("HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: {protocol}\r\n{accept}\r\n");
                let _ = write.write_all(switch.as_bytes()).await;
                while let Some(byte) = incoming.bytes(1).await {
                    let _ = write.write_all(&byte).await;
                }
                return;
            }
            let body = if method == "HEAD" { String::new() } else { format!("{length} bytes came") };
            let stated = format!("{length} bytes came").len();
            let answer = format!("HTTP/1.1 200 OK\r\nX-Api: here\r\nContent-Length: {stated}\r\n\r\n{body}");
            if write.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
    }
}

/// That this is a WebSocket, as RFC 6455 wants it said.
fn accepts(key: &str) -> String {
    let digest = Sha1::digest(format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
    format!("Sec-WebSocket-Accept: {}\r\n", BASE64_STANDARD.encode(digest))
}
