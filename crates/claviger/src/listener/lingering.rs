//! Takes what a peer still sends after a refusal, so that the refusal reaches it.
//!
//! A socket that is closed with bytes unread is reset, and a peer that is reset while it sends may lose what had been
//! answered before (RFC 9112, section 9.6): one whose head or body is refused for its length would see a broken
//! connection instead of the reason, and a gateway in between a server that is down. What must stay true: nothing that
//! comes after the last answer is kept; no peer holds the connection by it for longer, or sends more, than is said here;
//! and a connection on which nothing is left unread ends at once.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// A peer must have ended its side by then.
const WITHIN: Duration = Duration::from_secs(5);

/// Most bytes that are taken.
const BYTES_MAX: usize = 4 * 1024 * 1024;

/// Whether something that the peer sends was refused before it was read.
#[derive(Debug, Clone, Default)]
pub(super) struct Unread(Arc<AtomicBool>);

impl Unread {
    /// It is.
    pub(super) fn is_left(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A stream whose end waits for the peer's, where something is left unread.
pub(super) struct Lingering<S> {
    stream: S,
    unread: Unread,
    within: Duration,
    /// Our side has ended; the peer's must by then.
    ended: Option<Pin<Box<Sleep>>>,
    taken: usize,
}

impl<S> Lingering<S> {
    pub(super) fn new(stream: S, unread: Unread) -> Self {
        Self { stream, unread, within: WITHIN, ended: None, taken: 0 }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Lingering<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Lingering<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.ended.is_none() {
            ready!(Pin::new(&mut this.stream).poll_shutdown(context))?;
        }
        if !this.unread.0.load(Ordering::Relaxed) {
            return Poll::Ready(Ok(()));
        }
        let ended = this.ended.get_or_insert_with(|| Box::pin(sleep(this.within)));
        loop {
            if this.taken > BYTES_MAX || ended.as_mut().poll(context).is_ready() {
                return Poll::Ready(Ok(()));
            }
            let mut room = [0; 8 * 1024];
            let mut buffer = ReadBuf::new(&mut room);
            match ready!(Pin::new(&mut this.stream).poll_read(context, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => this.taken += buffer.filled().len(),
                Ok(()) | Err(_) => return Poll::Ready(Ok(())),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

    use super::*;

    /// One end of a stream on which something is left unread, and the peer's.
    fn refused(within: Duration) -> (Lingering<DuplexStream>, DuplexStream) {
        let (near, far) = tokio::io::duplex(64);
        let unread = Unread::default();
        unread.is_left();
        (Lingering { within, ..Lingering::new(near, unread) }, far)
    }

    const NEVER: Duration = Duration::from_secs(600);

    #[tokio::test]
    async fn what_is_still_sent_is_taken_until_the_peer_ends() {
        let (mut near, mut far) = refused(NEVER);
        let ending = tokio::spawn(async move { near.shutdown().await });
        assert_eq!(far.read(&mut [0; 1]).await.expect("read"), 0, "it ended its side first");
        far.write_all(&[b'x'; 100_000]).await.expect("taken");
        assert!(!ending.is_finished());
        drop(far);
        ending.await.expect("joined").expect("ended");
    }

    #[tokio::test]
    async fn a_peer_that_never_ends_is_left() {
        let (mut near, mut far) = refused(Duration::from_millis(20));
        let ending = tokio::spawn(async move { near.shutdown().await });
        while far.write_all(b"x").await.is_ok() {
            tokio::task::yield_now().await;
        }
        ending.await.expect("joined").expect("ended");
    }

    #[tokio::test]
    async fn a_peer_that_sends_without_end_is_left() {
        let (mut near, mut far) = refused(NEVER);
        let ending = tokio::spawn(async move { near.shutdown().await });
        let mut sent = 0;
        while far.write_all(&[b'x'; 1024]).await.is_ok() {
            sent += 1024;
        }
        assert!((BYTES_MAX..BYTES_MAX + 16 * 1024).contains(&sent), "{sent}");
        ending.await.expect("joined").expect("ended");
    }

    #[tokio::test]
    async fn where_nothing_is_left_unread_it_ends_at_once() {
        let (near, _far) = tokio::io::duplex(64);
        Lingering { within: NEVER, ..Lingering::new(near, Unread::default()) }.shutdown().await.expect("ended");
    }
}
