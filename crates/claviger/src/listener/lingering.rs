//! Takes what a peer still sends after its last answer, so that the answer reaches it.
//!
//! A socket that is closed with bytes unread is reset, and a peer that is reset while it sends may lose what had been
//! answered before (RFC 9112, section 9.6): one whose head or body is refused for its length would see a broken
//! connection instead of the reason, and a gateway in between a server that is down. What must stay true: nothing that
//! comes after the last answer is kept, and no peer holds the connection for longer than the time given by it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// A stream whose end waits for the peer's.
pub(super) struct Lingering<S> {
    stream: S,
    within: Duration,
    /// Our side has ended; the peer's must by then.
    ended: Option<Pin<Box<Sleep>>>,
}

impl<S> Lingering<S> {
    pub(super) fn new(stream: S, within: Duration) -> Self {
        Self { stream, within, ended: None }
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
        let ended = this.ended.get_or_insert_with(|| Box::pin(sleep(this.within)));
        loop {
            if ended.as_mut().poll(context).is_ready() {
                return Poll::Ready(Ok(()));
            }
            let mut room = [0; 8 * 1024];
            let mut buffer = ReadBuf::new(&mut room);
            match ready!(Pin::new(&mut this.stream).poll_read(context, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => {}
                Ok(()) | Err(_) => return Poll::Ready(Ok(())),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn what_is_still_sent_is_taken_until_the_peer_ends() {
        let (near, mut far) = tokio::io::duplex(64);
        let ending = tokio::spawn(async move { Lingering::new(near, Duration::from_secs(600)).shutdown().await });
        assert_eq!(far.read(&mut [0; 1]).await.expect("read"), 0, "it ended its side first");
        far.write_all(&[b'x'; 100_000]).await.expect("taken");
        assert!(!ending.is_finished());
        drop(far);
        ending.await.expect("joined").expect("ended");
    }

    #[tokio::test]
    async fn a_peer_that_never_ends_is_left() {
        let (near, mut far) = tokio::io::duplex(64);
        let ending = tokio::spawn(async move { Lingering::new(near, Duration::from_millis(20)).shutdown().await });
        while far.write_all(b"x").await.is_ok() {
            tokio::task::yield_now().await;
        }
        ending.await.expect("joined").expect("ended");
    }
}
