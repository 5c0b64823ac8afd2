//! Which HTTP a connection speaks, told from its first bytes: HTTP/2 begins with a preface that is no request of
//! HTTP/1.1 (RFC 9113, section 3.4).
//!
//! Nothing is negotiated and nothing upgraded: who speaks HTTP/2 knows beforehand that it is spoken here, as gRPC does.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spoken {
    Http1,
    Http2,
}

/// A stream whose first bytes were looked at, and are read again.
pub(super) struct Begun<S> {
    stream: S,
    first: [u8; PREFACE.len()],
    read: usize,
    length: usize,
}

/// Waits until it is told: most often for one byte.
pub(super) async fn begin<S: AsyncRead + Unpin>(mut stream: S) -> io::Result<(Spoken, Begun<S>)> {
    let (mut first, mut length) = ([0; PREFACE.len()], 0);
    while length < PREFACE.len() && first[..length] == PREFACE[..length] {
        match stream.read(&mut first[length..]).await? {
            0 => break,
            count => length += count,
        }
    }
    let spoken = if first == *PREFACE { Spoken::Http2 } else { Spoken::Http1 };
    Ok((spoken, Begun { stream, first, read: 0, length }))
}

impl<S: AsyncRead + Unpin> AsyncRead for Begun<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.read == self.length {
            return Pin::new(&mut self.stream).poll_read(context, buffer);
        }
        let count = (self.length - self.read).min(buffer.remaining());
        buffer.put_slice(&self.first[self.read..self.read + count]);
        self.read += count;
        // With whatever is there: how much comes at once decides how large the parser lets a head become.
        match Pin::new(&mut self.stream).poll_read(context, buffer) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Ready(Ok(())),
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Begun<S> {
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
    use tokio::io::AsyncWriteExt;

    use super::*;

    /// What is told of these pieces, and what is read then.
    async fn told(pieces: &[&[u8]]) -> (Spoken, Vec<u8>) {
        let (mut client, server) = tokio::io::duplex(8);
        let sending = async {
            for piece in pieces {
                client.write_all(piece).await.expect("a piece");
            }
            drop(client);
        };
        let reading = async {
            let (spoken, mut begun) = begin(server).await.expect("a beginning");
            let mut all = Vec::new();
            begun.read_to_end(&mut all).await.expect("the rest");
            (spoken, all)
        };
        tokio::join!(sending, reading).1
    }

    #[tokio::test]
    async fn the_preface_tells_and_no_byte_is_lost() {
        let preface = PREFACE.as_slice();
        for (pieces, spoken) in [
            (&[preface, b"frames"][..], Spoken::Http2),
            (&[&preface[..3], &preface[3..23], &preface[23..]], Spoken::Http2),
            (&[b"GET / HTTP/1.1\r\n\r\n"], Spoken::Http1),
            (&[b"P", b"OST / HTTP/1.1\r\n\r\n"], Spoken::Http1),
            (&[b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r", b"x and more"], Spoken::Http1),
            (&[b"PRI * HTTP/2.0"], Spoken::Http1),
            (&[], Spoken::Http1),
        ] {
            assert_eq!(told(pieces).await, (spoken, pieces.concat()), "{pieces:?}");
        }
    }
}
