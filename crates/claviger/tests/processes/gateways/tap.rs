//! Between a gateway and Claviger: passes every byte on, and keeps what the gateway said.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::message::Message;

/// What gateways said, a buffer a connection.
#[derive(Clone, Default)]
pub(crate) struct Tap {
    said: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Tap {
    /// Listens at one address and passes on to the other until the test ends.
    pub(crate) async fn listen(address: SocketAddr, claviger: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.expect("an address of its own");
        let tap = Self::default();
        let passing = tap.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let connection = {
                    let mut said = passing.said.lock().expect("not poisoned");
                    said.push(Vec::new());
                    said.len() - 1
                };
                tokio::spawn(passing.clone().passes(connection, stream, claviger));
            }
        });
        tap
    }

    async fn passes(self, connection: usize, gateway: TcpStream, claviger: SocketAddr) {
        let claviger = TcpStream::connect(claviger).await.expect("Claviger");
        let (mut from_gateway, mut to_gateway) = gateway.into_split();
        let (mut from_claviger, mut to_claviger) = claviger.into_split();
        let asking = async {
            let mut buffer = vec![0; 64 * 1024];
            while let Ok(count @ 1..) = from_gateway.read(&mut buffer).await {
                self.said.lock().expect("not poisoned")[connection].extend_from_slice(&buffer[..count]);
                if to_claviger.write_all(&buffer[..count]).await.is_err() {
                    break;
                }
            }
            let _ = to_claviger.shutdown().await;
        };
        let answering = async {
            let _ = tokio::io::copy(&mut from_claviger, &mut to_gateway).await;
            let _ = to_gateway.shutdown().await;
        };
        tokio::join!(asking, answering);
    }

    /// How many connections the gateways made.
    pub(crate) fn connections(&self) -> usize {
        self.said.lock().expect("not poisoned").len()
    }

    /// How many bytes they sent.
    pub(crate) fn bytes(&self) -> usize {
        self.said.lock().expect("not poisoned").iter().map(Vec::len).sum()
    }

    /// Every check that was asked for: heads alone, for there must be no bodies.
    pub(crate) fn checks(&self) -> Vec<Message> {
        let said = self.said.lock().expect("not poisoned");
        let heads = said.iter().flat_map(|bytes| {
            let ends: Vec<usize> = memchr::memmem::find_iter(bytes, b"\r\n\r\n").map(|at| at + 4).collect();
            let begins = std::iter::once(0).chain(ends.iter().copied());
            // A head that is too long is answered before its end.
            let rest = &bytes[ends.last().copied().unwrap_or(0)..];
            assert!(rest.is_empty() || rest.starts_with(b"GET /auth/check"), "no body follows");
            begins.zip(ends.clone()).map(|(from, to)| Message::read(&bytes[from..to])).collect::<Vec<_>>()
        });
        heads.collect()
    }
}
