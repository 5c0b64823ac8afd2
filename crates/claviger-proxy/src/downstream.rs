//! A client's connection, as the engine takes one.
//!
//! The engine writes an answer's head, each piece of its body and what frames it one by one. Here they are gathered for as
//! long as the engine goes on without waiting for anything, and go out together.
//!
//! What must stay true: whoever carries a request sends what was gathered ([`Downstream::poll_send`]) each time that the
//! engine waits, so that nothing is kept back for longer; bytes go out in the order in which they were written.

use std::fmt;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use async_trait::async_trait;
use pingora::protocols::raw_connect::ProxyDigest;
use pingora::protocols::{
    GetProxyDigest, GetSocketDigest, GetTimingDigest, Peek, Shutdown, SocketDigest, Ssl, TimingDigest, UniqueID,
    UniqueIDType,
};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};

/// A peer that does not read how the connection ends is not waited for.
const CLOSES_WITHIN: Duration = Duration::from_secs(2);

/// So many bytes are gathered at most. More would be copied for nothing: a send of its own costs less.
const GATHERED_MAX: usize = 4 * 1024;

/// Room for most answers' heads with a small body. From a kilobyte on, allocating takes several times as long.
const GATHERED_FIRST: usize = 1_000;

/// What carries bytes both ways.
pub(crate) trait Bytewise: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Bytewise for S {}

/// The connection. The engine has one hold of it while it carries a request, and whoever gave it that has another; both are
/// of one task.
#[derive(Clone)]
pub(crate) struct Downstream(Arc<Mutex<Connection>>);

struct Connection {
    stream: Box<dyn Bytewise>,
    /// Written, and not sent yet.
    gathered: Vec<u8>,
    /// Whether the stream may hold what it was given.
    is_flushed: bool,
}

impl Downstream {
    pub(crate) fn new(stream: impl Bytewise + 'static) -> Self {
        let connection = Connection { stream: Box::new(stream), gathered: Vec::new(), is_flushed: true };
        Self(Arc::new(Mutex::new(connection)))
    }

    /// Sends what was gathered.
    pub(crate) fn poll_send(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.connection().poll_send(context)
    }

    /// Waits until what was gathered is sent.
    pub(crate) async fn send(&self) -> io::Result<()> {
        poll_fn(|context| self.poll_send(context)).await
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection {
    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.gathered.is_empty() {
            let mut sent = 0;
            let sending = loop {
                if sent == self.gathered.len() {
                    break Poll::Ready(Ok(()));
                }
                match Pin::new(&mut self.stream).poll_write(context, &self.gathered[sent..]) {
                    Poll::Ready(Ok(0)) => break Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                    Poll::Ready(Ok(count)) => sent += count,
                    Poll::Ready(Err(error)) => break Poll::Ready(Err(error)),
                    Poll::Pending => break Poll::Pending,
                }
            };
            self.forget(sent);
            ready!(sending)?;
        }
        if !self.is_flushed {
            ready!(Pin::new(&mut self.stream).poll_flush(context))?;
            self.is_flushed = true;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_write(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.is_flushed = false;
        if self.gathered.len() + bytes.len() <= GATHERED_MAX {
            self.gather(bytes);
            return Poll::Ready(Ok(bytes.len()));
        }
        while !self.gathered.is_empty() {
            let both = [IoSlice::new(&self.gathered), IoSlice::new(bytes)];
            let sent = ready!(Pin::new(&mut self.stream).poll_write_vectored(context, &both))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            let of_gathered = sent.min(self.gathered.len());
            self.forget(of_gathered);
            if sent > of_gathered {
                return Poll::Ready(Ok(sent - of_gathered));
            }
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn gather(&mut self, bytes: &[u8]) {
        if self.gathered.capacity() == 0 {
            self.gathered.reserve_exact(bytes.len().max(GATHERED_FIRST));
        }
        self.gathered.extend_from_slice(bytes);
    }

    /// A connection on which nothing is said takes no memory for what might be.
    fn forget(&mut self, sent: usize) {
        if sent == self.gathered.len() {
            self.gathered = Vec::new();
        } else {
            self.gathered.drain(..sent);
        }
    }
}

impl AsyncRead for Downstream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection().stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Downstream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.connection().poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut connection = self.connection();
        let length: usize = slices.iter().map(|slice| slice.len()).sum();
        if connection.gathered.len() + length <= GATHERED_MAX {
            connection.is_flushed = false;
            slices.iter().for_each(|slice| connection.gather(slice));
            return Poll::Ready(Ok(length));
        }
        ready!(connection.poll_send(context))?;
        connection.is_flushed = false;
        Pin::new(&mut connection.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// The engine flushes after each piece; what is sent as it waits is sent soon enough.
    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut connection = self.connection();
        ready!(connection.poll_send(context))?;
        Pin::new(&mut connection.stream).poll_shutdown(context)
    }
}

#[async_trait]
impl Shutdown for Downstream {
    async fn shutdown(&mut self) {
        // Whoever went away hears nothing of it.
        let _ = tokio::time::timeout(CLOSES_WITHIN, AsyncWriteExt::shutdown(self)).await;
    }
}

// Nothing below is asked for here: the carrier is told of the connection in another way.

impl UniqueID for Downstream {
    fn id(&self) -> UniqueIDType {
        0
    }
}

impl Ssl for Downstream {}

impl Peek for Downstream {}

impl GetTimingDigest for Downstream {
    fn get_timing_digest(&self) -> Vec<Option<TimingDigest>> {
        Vec::new()
    }
}

impl GetProxyDigest for Downstream {
    fn get_proxy_digest(&self) -> Option<Arc<ProxyDigest>> {
        None
    }
}

impl GetSocketDigest for Downstream {
    fn get_socket_digest(&self) -> Option<Arc<SocketDigest>> {
        None
    }
}

impl fmt::Debug for Downstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a client's connection")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes so many bytes at once, and keeps what it was given each time.
    struct Taking {
        at_once: usize,
        taken: Arc<Mutex<Vec<Vec<u8>>>>,
    }

    impl AsyncRead for Taking {
        fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    impl AsyncWrite for Taking {
        fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
            let taken = &bytes[..bytes.len().min(self.at_once)];
            self.taken.lock().expect("not poisoned").push(taken.to_vec());
            Poll::Ready(Ok(taken.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    fn taking(at_once: usize) -> (Downstream, impl Fn() -> Vec<Vec<u8>>) {
        let taken = Arc::new(Mutex::new(Vec::new()));
        let stream = Taking { at_once, taken: Arc::clone(&taken) };
        (Downstream::new(stream), move || taken.lock().expect("not poisoned").clone())
    }

    #[tokio::test]
    async fn a_head_and_its_body_go_out_together() {
        let (mut stream, taken) = taking(usize::MAX);
        let engine = &mut stream.clone();
        engine.write_all(b"head ").await.expect("taken");
        engine.flush().await.expect("taken");
        let both = engine.write_vectored(&[IoSlice::new(b"of "), IoSlice::new(b"two")]).await;
        assert_eq!(both.expect("taken"), 6);
        assert_eq!(taken(), Vec::<Vec<u8>>::new());
        stream.send().await.expect("sent");
        assert_eq!(taken(), [b"head of two".to_vec()]);
        stream.send().await.expect("sent");
        assert_eq!(taken().len(), 1, "nothing is sent twice");
        engine.write_all(b"last").await.expect("taken");
        AsyncWriteExt::shutdown(&mut stream).await.expect("closed");
        assert_eq!(taken()[1..], [b"last".to_vec()]);
    }

    #[tokio::test]
    async fn bytes_go_out_in_the_order_in_which_they_came() {
        for at_once in [1, 7, 1_000, 4_096, usize::MAX] {
            let (stream, taken) = taking(at_once);
            let engine = &mut stream.clone();
            let mut written = Vec::new();
            for (at, length) in [3, 0, 5_000, 10, 4_096, 4_000, 97, 20_000, 1].into_iter().enumerate() {
                let piece: Vec<u8> = (0..length).map(|place: usize| (place * 31 + at) as u8).collect();
                if at % 3 == 2 {
                    let (one, other) = piece.split_at(length / 3);
                    let count = engine.write_vectored(&[IoSlice::new(one), IoSlice::new(other)]).await.expect("taken");
                    engine.write_all(&piece[count..]).await.expect("taken");
                } else {
                    engine.write_all(&piece).await.expect("taken");
                }
                written.extend(piece);
                if at % 4 == 3 {
                    stream.send().await.expect("sent");
                }
            }
            stream.send().await.expect("sent");
            assert!(taken().concat() == written, "{at_once} at once");
        }
    }
}
