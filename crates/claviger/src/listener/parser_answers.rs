//! Puts an answer of ours in the place of the one that the HTTP parser gives by itself.
//!
//! hyper answers a head that it cannot read with a bare status and closes. That happens below the service, so it has
//! neither an `X-Request-Id` nor the contract's envelope, and nothing above can give it them: only the stream sees it.
//!
//! What must stay true: no byte of an answer of ours is ever replaced. It holds without looking at the bytes, by two
//! habits of hyper's: it flushes the stream only when nothing waits in its own buffer, and it lets go of the body of an
//! answer only when the rest of it is in that buffer. So a flush that meets no unfinished request finds that all answers
//! have passed, and what is written after it, without a request in between, is the parser's own. Where that cannot be
//! told, since a peer reads slowly and an answer still waits, the parser's answer stays as it is.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes};
use axum::http::header::{CONNECTION, CONTENT_LENGTH};
use axum::http::{HeaderValue, Response, StatusCode};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The requests of one connection: the service counts, the stream compares.
#[derive(Default)]
pub(super) struct Requests {
    begun: AtomicU64,
    finished: AtomicU64,
}

/// A request that the service has got, until hyper has all of its answer.
pub(super) struct Unfinished(Arc<Requests>);

impl Requests {
    /// Counts a request.
    pub(super) fn begin(self: &Arc<Self>) -> Unfinished {
        self.begun.fetch_add(1, Ordering::Relaxed);
        Unfinished(Arc::clone(self))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        self.0.finished.fetch_add(1, Ordering::Relaxed);
    }
}

impl Unfinished {
    /// The body of its answer: hyper drops it when it has all of it.
    pub(super) fn until_taken(self, body: Body) -> Taken {
        Taken { body, _unfinished: self }
    }
}

/// The body of an answer that is unfinished until hyper has taken it.
pub(super) struct Taken {
    body: Body,
    _unfinished: Unfinished,
}

impl HttpBody for Taken {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A stream on which the parser's own answers are replaced. `answer` says by what; for other statuses it says nothing.
pub(super) struct Replacing<S, A> {
    stream: S,
    requests: Arc<Requests>,
    answer: A,
    /// How many requests there had been when all answers had passed.
    passed: u64,
    /// Ours, in place of what hyper believes to be written.
    waiting: Bytes,
}

impl<S, A> Replacing<S, A>
where
    S: AsyncWrite + Unpin,
    A: FnMut(StatusCode) -> Option<Response<Vec<u8>>> + Unpin,
{
    pub(super) fn new(stream: S, requests: Arc<Requests>, answer: A) -> Self {
        Self { stream, requests, answer, passed: 0, waiting: Bytes::new() }
    }

    /// Whether these bytes were replaced. They must be written otherwise.
    fn replace(&mut self, bytes: &[u8]) -> bool {
        if self.requests.begun.load(Ordering::Relaxed) != self.passed {
            return false;
        }
        let Some((head, status)) = bare_answer(bytes) else { return false };
        let Some(answer) = (self.answer)(status) else { return false };
        self.waiting = written(head, answer).into();
        true
    }

    /// Writes what waits.
    fn poll_waiting(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.waiting.is_empty() {
            let count = ready!(Pin::new(&mut self.stream).poll_write(context, &self.waiting))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            drop(self.waiting.split_to(count));
        }
        Poll::Ready(Ok(()))
    }
}

/// The head and the status, where this is one head and nothing else.
fn bare_answer(bytes: &[u8]) -> Option<(&str, StatusCode)> {
    let head = std::str::from_utf8(bytes).ok()?.strip_suffix("\r\n\r\n")?;
    let status = head.strip_prefix("HTTP/1.")?.get(2..5)?;
    if head.contains("\r\n\r\n") {
        return None;
    }
    Some((head, status.parse().ok()?))
}

/// The answer as it goes over the wire, with the status line and the date of the head that it replaces.
fn written(head: &str, mut answer: Response<Vec<u8>>) -> Vec<u8> {
    let length = answer.body().len();
    answer.headers_mut().insert(CONTENT_LENGTH, length.into());
    answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    let mut lines = head.split("\r\n");
    let mut bytes = lines.next().unwrap_or_default().as_bytes().to_vec();
    if let Some(date) = lines.find(|line| line.starts_with("date: ")) {
        bytes.extend([b"\r\n", date.as_bytes()].concat());
    }
    for (name, value) in answer.headers() {
        bytes.extend([b"\r\n", name.as_str().as_bytes(), b": ", value.as_bytes()].concat());
    }
    bytes.extend(b"\r\n\r\n");
    bytes.extend(answer.into_body());
    bytes
}

impl<S: AsyncRead + Unpin, A: Unpin> AsyncRead for Replacing<S, A> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S, A> AsyncWrite for Replacing<S, A>
where
    S: AsyncWrite + Unpin,
    A: FnMut(StatusCode) -> Option<Response<Vec<u8>>> + Unpin,
{
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_waiting(context))?;
        if self.replace(bytes) {
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_waiting(context))?;
        if let [bytes] = slices
            && self.replace(bytes)
        {
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_waiting(context))?;
        let begun = self.requests.begun.load(Ordering::Relaxed);
        if begun == self.requests.finished.load(Ordering::Relaxed) {
            self.passed = begun;
        }
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_waiting(context))?;
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;

    const BARE: &str = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\ndate: Tue, 24 Nov 2026 17:00:00 GMT\r\n\r\n";
    const REPLACED: &str = "HTTP/1.1 400 Bad Request\r\ndate: Tue, 24 Nov 2026 17:00:00 GMT\r\n\
                            content-length: 4\r\nconnection: close\r\n\r\nours";

    fn ours(status: StatusCode) -> Option<Response<Vec<u8>>> {
        (status == StatusCode::BAD_REQUEST).then(|| Response::new(b"ours".to_vec()))
    }

    #[tokio::test]
    async fn a_bare_head_is_ours_until_all_answers_have_passed() {
        let requests = Arc::<Requests>::default();
        let mut stream = Replacing::new(Vec::new(), Arc::clone(&requests), ours);
        let unfinished = requests.begin();
        stream.write_all(BARE.as_bytes()).await.expect("written");
        stream.flush().await.expect("flushed");
        stream.write_all(BARE.as_bytes()).await.expect("written");
        drop(unfinished);
        stream.write_all(BARE.as_bytes()).await.expect("written");
        assert_eq!(String::from_utf8_lossy(&stream.stream), BARE.repeat(3), "it may have waited for the peer");
        stream.flush().await.expect("flushed");
        stream.stream.clear();
        stream.write_all(BARE.as_bytes()).await.expect("written");
        stream.flush().await.expect("flushed");
        assert_eq!(String::from_utf8_lossy(&stream.stream), REPLACED);
    }

    #[tokio::test]
    async fn what_is_no_bare_answer_is_left_as_it_is() {
        for bytes in
            [&format!("{BARE}{BARE}"), &format!("{BARE}x"), &BARE.replace("400", "414"), "", "\r\n\r\n", "HTTP/1."]
        {
            let mut stream = Replacing::new(Vec::new(), Arc::default(), ours);
            stream.write_all(bytes.as_bytes()).await.expect("written");
            stream.flush().await.expect("flushed");
            assert_eq!(String::from_utf8_lossy(&stream.stream), bytes);
        }
    }

    #[tokio::test]
    async fn a_peer_that_takes_little_at_a_time_gets_all_of_it() {
        let (near, mut far) = tokio::io::duplex(7);
        let mut stream = Replacing::new(near, Arc::default(), ours);
        let sending = tokio::spawn(async move {
            stream.write_all(BARE.as_bytes()).await.expect("written");
            stream.shutdown().await.expect("shut down");
        });
        let mut read = String::new();
        tokio::io::AsyncReadExt::read_to_string(&mut far, &mut read).await.expect("read");
        sending.await.expect("sent");
        assert_eq!(read, REPLACED);
    }
}
