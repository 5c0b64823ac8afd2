//! Bytes to the server and back, for what no HTTP client sends.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longer than any answer takes, shorter than a server that waits.
const PATIENCE: Duration = Duration::from_secs(10);

/// What came back on one connection.
#[derive(Debug)]
pub(crate) struct Exchange {
    /// The status of each answer, in order.
    pub(crate) statuses: Vec<u16>,
    /// Whether the server closed the connection.
    pub(crate) closed: bool,
    /// All of it.
    pub(crate) text: String,
}

/// Sends bytes and reads until the server closes, or until so many answers are there.
pub(crate) async fn exchange(address: SocketAddr, bytes: &[u8], answers: usize) -> Exchange {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    // The server may close before all is written.
    let _ = stream.write_all(bytes).await;
    let mut read = Vec::new();
    let mut closed = false;
    let reading = async {
        let mut buffer = [0; 4096];
        while !closed && statuses(&read).len() < answers {
            match stream.read(&mut buffer).await {
                Ok(0) | Err(_) => closed = true,
                Ok(count) => read.extend_from_slice(&buffer[..count]),
            }
        }
    };
    let in_time = tokio::time::timeout(PATIENCE, reading).await;
    assert!(in_time.is_ok(), "no answer in time; so far: {}", String::from_utf8_lossy(&read));
    Exchange { statuses: statuses(&read), closed, text: String::from_utf8_lossy(&read).into_owned() }
}

/// A request whose bytes come when the test sends them.
pub(crate) struct Trickle {
    stream: TcpStream,
}

impl Trickle {
    pub(crate) async fn begin(address: SocketAddr, bytes: &[u8]) -> Self {
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        stream.write_all(bytes).await.expect("the first bytes");
        Self { stream }
    }

    /// Reads until the server has ended its side, then sends the piece so many times all the same.
    pub(crate) async fn goes_on_after_the_end(mut self, piece: &[u8], times: usize) -> Exchange {
        let mut read = Vec::new();
        let reading = tokio::time::timeout(PATIENCE, self.stream.read_to_end(&mut read)).await;
        reading.expect("an answer in time").expect("not reset");
        for _ in 0..times {
            self.stream.write_all(piece).await.expect("not reset");
            tokio::task::yield_now().await;
        }
        Exchange { statuses: statuses(&read), closed: true, text: String::from_utf8_lossy(&read).into_owned() }
    }

    /// Sends the rest; the status of the answer.
    pub(crate) async fn end(mut self, bytes: &[u8]) -> u16 {
        self.stream.write_all(bytes).await.expect("the last bytes");
        let mut read = Vec::new();
        let reading = async {
            let mut buffer = [0; 4096];
            while statuses(&read).is_empty() {
                let count = self.stream.read(&mut buffer).await.expect("an answer");
                assert!(count > 0, "closed without an answer");
                read.extend_from_slice(&buffer[..count]);
            }
        };
        tokio::time::timeout(PATIENCE, reading).await.expect("an answer in time");
        statuses(&read)[0]
    }
}

fn statuses(read: &[u8]) -> Vec<u16> {
    let text = String::from_utf8_lossy(read);
    text.match_indices("HTTP/1.1 ").filter_map(|(at, _)| text.get(at + 9..at + 12)?.parse().ok()).collect()
}
