//! Notices framing that another reader of the same bytes may take otherwise.
//!
//! hyper accepts lines that end in a bare line feed, as RFC 9112 (section 2.2) allows, and takes the same length twice
//! for one (RFC 9110, section 8.6); nothing above it can see either. A gateway in front may read the same bytes
//! otherwise, which is how requests are smuggled. So the connection remembers that it saw one, and each answer from then
//! on closes it: what follows is never run as a second request. A JSON body with line feeds costs its sender a new
//! connection, nothing else.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream that is read through.
pub(super) struct Watched<S> {
    stream: S,
    lines: Lines,
    doubtful: Arc<AtomicBool>,
}

impl<S> Watched<S> {
    /// Sets `doubtful` once it saw what may be read in two ways.
    pub(super) fn new(stream: S, doubtful: Arc<AtomicBool>) -> Self {
        Self { stream, lines: Lines::default(), doubtful }
    }
}

/// The lines of what was read so far. Bodies are read as lines too: a false alarm is harmless.
#[derive(Default)]
struct Lines {
    last: u8,
    /// How much of this line is the name of a length; `None` once it is something else.
    matched: Option<usize>,
    begun: bool,
    lengths: u8,
}

const LENGTH_NAME: &[u8] = b"content-length:";

impl Lines {
    /// Reads on, up to the first thing that is doubtful; whether there was one.
    fn read(&mut self, bytes: &[u8]) -> bool {
        bytes.iter().any(|byte| self.read_byte(*byte))
    }

    fn read_byte(&mut self, byte: u8) -> bool {
        let last = std::mem::replace(&mut self.last, byte);
        if byte == b'\n' {
            if !self.begun {
                self.lengths = 0;
            }
            (self.matched, self.begun) = (Some(0), false);
            return last != b'\r';
        }
        if byte != b'\r' {
            self.begun = true;
        }
        self.matched = match self.matched {
            Some(at) if LENGTH_NAME.get(at) == Some(&byte.to_ascii_lowercase()) => Some(at + 1),
            _ => None,
        };
        if self.matched == Some(LENGTH_NAME.len()) {
            self.lengths = self.lengths.saturating_add(1);
            return self.lengths > 1;
        }
        false
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if let Poll::Ready(Ok(())) = &polled
            && self.lines.read(&buffer.filled()[before..])
        {
            self.doubtful.store(true, Ordering::Relaxed);
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
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
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_doubtful(text: &str) -> bool {
        let mut whole = Lines::default();
        let mut pieces = Lines::default();
        let at_once = whole.read(text.as_bytes());
        let piece_by_piece = text.as_bytes().chunks(3).any(|piece| pieces.read(piece));
        assert_eq!(at_once, piece_by_piece);
        at_once
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_noticed() {
        assert!(is_doubtful("GET / HTTP/1.1\nHost: x\r\n\r\n"));
        assert!(is_doubtful("GET / HTTP/1.1\r\nContent-Length: 0\r\ncontent-length: 0\r\n\r\n"));
        assert!(is_doubtful("GET / HTTP/1.1\r\nCONTENT-LENGTH:0\r\nX: y\r\nContent-Length:0\r\n\r\n"));
    }

    #[test]
    fn honest_requests_one_after_the_other_are_not() {
        let one = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}";
        let chunked = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n";
        assert!(!is_doubtful(&format!(
            "{one}\r\n{chunked}{chunked}GET / HTTP/1.1\r\nX-Content-Length: 1\r\n\r\n{one}"
        )));
        assert!(!is_doubtful(&format!("{one}{chunked}")));
    }
}
