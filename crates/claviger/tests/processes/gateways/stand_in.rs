//! In Claviger's place: whatever a gateway may be answered, and does not expect.

use std::net::SocketAddr;

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use super::message::Incoming;

/// Answers every check with these bytes and closes; with none, it never answers.
pub(crate) async fn listen(address: SocketAddr, answer: &'static str) {
    let listener = TcpListener::bind(address).await.expect("an address of its own");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answers(stream, answer));
        }
    });
}

async fn answers(stream: TcpStream, answer: &'static str) {
    let (read, mut write) = stream.into_split();
    let mut incoming = Incoming::new(read);
    if incoming.head().await.is_none() {
        return;
    }
    if answer.is_empty() {
        // Until the gateway has had enough.
        let _ = incoming.head().await;
        return;
    }
    let _ = write.write_all(answer.as_bytes()).await;
}
