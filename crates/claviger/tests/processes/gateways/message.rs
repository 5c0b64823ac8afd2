//! HTTP/1.1 as bytes, both ways: for requests that no client sends, and to see each byte that a gateway passes on.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longer than any answer takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A request or an answer. Its text is Latin-1: a character a byte.
#[derive(Debug, Clone, Default)]
pub(crate) struct Message {
    /// The request line, or the status line.
    pub(crate) start: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Message {
    /// Reads a head, up to and with the empty line.
    pub(crate) fn read(head: &[u8]) -> Self {
        let text: String = head.iter().copied().map(char::from).collect();
        let mut lines = text.trim_end_matches("\r\n").split("\r\n");
        let start = lines.next().unwrap_or_default().to_owned();
        let header = |line: &str| {
            let (name, value) = line.split_once(':').unwrap_or((line, ""));
            (name.to_owned(), value.trim().to_owned())
        };
        Self { start, headers: lines.map(header).collect(), body: Vec::new() }
    }

    /// Each value under a name.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let named = self.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str()).collect()
    }

    /// The one value under a name, if there is one.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let all = self.all(name);
        assert!(all.len() <= 1, "{name} is there {} times: {self:?}", all.len());
        all.first().copied()
    }

    /// Of a request: what it asks for.
    pub(crate) fn target(&self) -> &str {
        let (_, rest) = self.start.split_once(' ').expect("a request line");
        rest.rsplit_once(' ').expect("a target").0
    }

    /// Of an answer: its status.
    pub(crate) fn status(&self) -> u16 {
        self.start.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{self:?}"))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The headers that say who comes, sorted, in any way that somebody may read as one of them.
    pub(crate) fn identity(&self) -> Vec<String> {
        let folded = |name: &str| name.to_lowercase().replace('_', "-");
        let ours = self.headers.iter().filter(|(name, _)| folded(name).starts_with("x-claviger-"));
        let mut told: Vec<String> = ours.map(|(name, value)| format!("{}: {value}", name.to_lowercase())).collect();
        told.sort();
        told
    }

    fn is_chunked(&self) -> bool {
        self.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"))
    }

    fn length(&self) -> Option<usize> {
        self.header("content-length").map(|length| length.parse().expect("a length"))
    }
}

/// What arrives on one end of a connection.
pub(crate) struct Incoming<R> {
    stream: R,
    arrived: Vec<u8>,
}

impl<R: AsyncRead + Unpin> Incoming<R> {
    pub(crate) fn new(stream: R) -> Self {
        Self { stream, arrived: Vec::new() }
    }

    /// More bytes; false at the end.
    async fn more(&mut self) -> bool {
        let mut buffer = vec![0; 64 * 1024];
        match self.stream.read(&mut buffer).await {
            Ok(0) | Err(_) => false,
            Ok(count) => {
                self.arrived.extend_from_slice(&buffer[..count]);
                true
            }
        }
    }

    async fn until(&mut self, end: &[u8]) -> Option<Vec<u8>> {
        loop {
            if let Some(at) = memchr::memmem::find(&self.arrived, end) {
                return Some(self.arrived.drain(..at + end.len()).collect());
            }
            if !self.more().await {
                return None;
            }
        }
    }

    /// So many bytes.
    pub(crate) async fn bytes(&mut self, count: usize) -> Option<Vec<u8>> {
        while self.arrived.len() < count {
            if !self.more().await {
                return None;
            }
        }
        Some(self.arrived.drain(..count).collect())
    }

    /// A head; nothing where the other side closed.
    pub(crate) async fn head(&mut self) -> Option<Message> {
        Some(Message::read(&self.until(b"\r\n\r\n").await?))
    }

    /// Reads the body of a request; false where the other side closed before its end.
    pub(crate) async fn request_body(&mut self, of: &mut Message) -> bool {
        let body = if of.is_chunked() { self.chunks().await } else { self.bytes(of.length().unwrap_or(0)).await };
        let is_whole = body.is_some();
        of.body = body.unwrap_or_default();
        is_whole
    }

    async fn chunks(&mut self) -> Option<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = String::from_utf8(self.until(b"\r\n").await?).expect("a length");
            let length = usize::from_str_radix(line.trim().split(';').next()?, 16).expect("a length");
            if length == 0 {
                // Trailers are no headers, and nobody may read them as such.
                while self.until(b"\r\n").await? != b"\r\n" {}
                return Some(body);
            }
            body.extend(self.bytes(length).await?);
            self.until(b"\r\n").await?;
        }
    }

    /// An answer to a request with this method.
    async fn answer(&mut self, method: &str) -> Option<Message> {
        let mut answer = self.head().await?;
        while answer.status() == 100 {
            answer = self.head().await?;
        }
        answer.body = match answer.status() {
            101 | 204 | 304 => Vec::new(),
            _ if method == "HEAD" => Vec::new(),
            _ if answer.is_chunked() => self.chunks().await?,
            _ => match answer.length() {
                Some(length) => self.bytes(length).await?,
                None => {
                    while self.more().await {}
                    std::mem::take(&mut self.arrived)
                }
            },
        };
        Some(answer)
    }
}

/// A connection of a client.
pub(crate) struct Client {
    incoming: Incoming<tokio::net::tcp::OwnedReadHalf>,
    outgoing: tokio::net::tcp::OwnedWriteHalf,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let (read, outgoing) = TcpStream::connect(address).await.expect("a connection").into_split();
        Self { incoming: Incoming::new(read), outgoing }
    }

    /// Sends bytes. A gateway that has answered may have closed meanwhile.
    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        let _ = tokio::time::timeout(PATIENCE, self.outgoing.write_all(bytes)).await.expect("the bytes are taken");
    }

    /// The next answer; nothing where the gateway closes without one.
    pub(crate) async fn answer(&mut self, method: &str) -> Option<Message> {
        tokio::time::timeout(PATIENCE, self.incoming.answer(method)).await.expect("an answer in time")
    }

    /// So many bytes as they come, of a protocol that is no HTTP.
    pub(crate) async fn bytes(&mut self, count: usize) -> Option<Vec<u8>> {
        tokio::time::timeout(PATIENCE, self.incoming.bytes(count)).await.expect("bytes in time")
    }

    /// The next head, also one that says no more than that the body may come.
    pub(crate) async fn head(&mut self) -> Option<Message> {
        tokio::time::timeout(PATIENCE, self.incoming.head()).await.expect("an answer in time")
    }

    /// Says that nothing more comes.
    pub(crate) async fn ends_sending(&mut self) {
        // A gateway may have closed already.
        let _ = self.outgoing.shutdown().await;
    }

    /// Sends a request without a body and reads its answer.
    pub(crate) async fn ask(&mut self, request: &str) -> Option<Message> {
        self.send(request.as_bytes()).await;
        self.answer(request.split(' ').next().unwrap_or_default()).await
    }

    /// Sends a body while it reads the answer.
    pub(crate) async fn upload(self, head: &str, body: &[u8]) -> Option<Message> {
        let Self { mut incoming, mut outgoing } = self;
        let sending = async {
            let _ = outgoing.write_all(head.as_bytes()).await;
            let _ = outgoing.write_all(body).await;
            outgoing
        };
        let method = head.split(' ').next().unwrap_or_default();
        let both = async { tokio::join!(sending, incoming.answer(method)) };
        tokio::time::timeout(PATIENCE, both).await.expect("an answer in time").1
    }
}

/// A request's head. The names and values go out as they stand here.
pub(crate) fn request(method: &str, target: &str, headers: &[(&str, &str)]) -> String {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("{method} {target} HTTP/1.1\r\nHost: api.example\r\n{headers}\r\n")
}
