//! The head of a request, read before the engine sees it, and refused where two readers might read it differently.
//!
//! The engine takes more than one reading allows: lines that end in a bare line feed, a length beside an encoding, the same
//! length twice, a megabyte of headers. What it made of them the upstream would never know. Here a head is a request line
//! and fields as RFC 9112 writes them, and nothing else; bodies are framed anew by the engine.
//!
//! What must stay true: whatever passes has one reading, and is no longer than the server's own limits say.

use std::ops::Range;

use bytes::{Bytes, BytesMut};
use claviger::listener::{HEAD_LENGTH_MAX, HEADERS_MAX};
use http::StatusCode;
use memchr::{memchr, memchr_iter, memmem};
use tokio::io::{AsyncRead, AsyncReadExt};

/// Why there is no head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoHead {
    /// The client went away.
    Closed,
    /// This status is the answer.
    Refused(StatusCode),
}

const END: &[u8] = b"\r\n\r\n";

/// Room for most heads: each connection that waits for its next request holds so much. From a kilobyte on, allocating takes
/// several times as long.
const LENGTH_FIRST: usize = 1_000;

/// A head that was read.
#[derive(Debug)]
pub(crate) struct Head {
    /// Its bytes, and whatever came along with them.
    pub(crate) bytes: BytesMut,
    /// What the request is for, as it came.
    pub(crate) target: Bytes,
}

/// Reads a head, and whatever comes along with it.
pub(crate) async fn read<S: AsyncRead + Unpin>(stream: &mut S) -> Result<Head, NoHead> {
    let mut arrived = BytesMut::with_capacity(LENGTH_FIRST);
    loop {
        // An empty line before a request is none (RFC 9112, section 2.2).
        while arrived.starts_with(b"\r\n") {
            let _ = arrived.split_to(2);
        }
        let mut ends = memchr_iter(b'\n', &arrived).filter(|at| arrived[..=*at].ends_with(END));
        let end = ends.next().map(|at| at + 1 - END.len());
        if end.unwrap_or(arrived.len()) > HEAD_LENGTH_MAX {
            return Err(NoHead::Refused(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE));
        }
        if let Some(end) = end {
            let target = check(&arrived[..end]).map_err(NoHead::Refused)?;
            // A slice of it would have the engine copy the whole.
            return Ok(Head { target: Bytes::copy_from_slice(&arrived[target]), bytes: arrived });
        }
        // An empty line that does not end as one must.
        if memmem::find(&arrived, b"\n\n").or_else(|| memmem::find(&arrived, b"\n\r\n")).is_some() {
            return Err(NoHead::Refused(StatusCode::BAD_REQUEST));
        }
        match stream.read_buf(&mut arrived).await {
            Ok(0) | Err(_) => return Err(NoHead::Closed),
            Ok(_) => {}
        }
    }
}

/// What is told by fields that a head may have once.
#[derive(Default)]
struct Told {
    hosts: usize,
    lengths: usize,
    encodings: usize,
}

/// Checks a head without the empty line at its end; where in it the target is.
fn check(head: &[u8]) -> Result<Range<usize>, StatusCode> {
    // The last line lost its end with the empty one.
    let mut lines = memchr_iter(b'\n', head).map(Some).chain([None]).scan(0, |begin, end| {
        let line = &head[*begin..end.unwrap_or(head.len())];
        *begin += line.len() + 1;
        Some(if end.is_some() { line.strip_suffix(b"\r") } else { Some(line) })
    });
    let first = lines.next().flatten().ok_or(StatusCode::BAD_REQUEST)?;
    let (target, is_1_1) = request_line(first).ok_or(StatusCode::BAD_REQUEST)?;
    let mut told = Told::default();
    for (at, line) in lines.enumerate() {
        if at == HEADERS_MAX {
            return Err(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
        }
        line.and_then(|line| field(line, &mut told)).ok_or(StatusCode::BAD_REQUEST)?;
    }
    let is_one_host = told.hosts == 1 || (told.hosts == 0 && !is_1_1);
    let is_one_length = told.lengths + told.encodings <= 1 && (told.encodings == 0 || is_1_1);
    if is_one_host && is_one_length { Ok(target) } else { Err(StatusCode::BAD_REQUEST) }
}

/// Where its target is, and whether it is one of HTTP/1.1 (or 1.0); nothing where it is none.
fn request_line(line: &[u8]) -> Option<(Range<usize>, bool)> {
    let mut parts = line.split(|byte| *byte == b' ');
    let (method, target, version) = (parts.next()?, parts.next()?, parts.next()?);
    let is_whole = parts.next().is_none() && is_token(method) && method != b"CONNECT";
    if !is_whole || target.is_empty() || !target.iter().all(is_passed_on) {
        return None;
    }
    let place = method.len() + 1..method.len() + 1 + target.len();
    match version {
        b"HTTP/1.1" => Some((place, true)),
        b"HTTP/1.0" => Some((place, false)),
        _ => None,
    }
}

/// What does not stand in a target (RFC 3986), and comes here all the same, goes on as it came, but for what the engine drops
/// or does not take.
fn is_passed_on(byte: &u8) -> bool {
    byte.is_ascii_graphic() && !b"\"#<>`".contains(byte)
}

fn field(line: &[u8], told: &mut Told) -> Option<()> {
    let colon = memchr(b':', line)?;
    let (name, value) = (&line[..colon], trimmed(&line[colon + 1..]));
    // Also what is folded, which begins with a blank.
    if !is_token(name) || value.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') {
        return None;
    }
    if name.eq_ignore_ascii_case(b"host") {
        told.hosts += 1;
        // The engine takes it for somebody's name.
        return (!value.contains(&b'@')).then_some(());
    } else if name.eq_ignore_ascii_case(b"content-length") {
        told.lengths += 1;
        let is_number = !value.is_empty() && value.len() < 19 && value.iter().all(u8::is_ascii_digit);
        return is_number.then_some(());
    } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
        told.encodings += 1;
        return value.eq_ignore_ascii_case(b"chunked").then_some(());
    }
    Some(())
}

/// Without the white space that may stand around a value (RFC 9110, section 5.5).
fn trimmed(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|byte| IN_A_TOKEN[usize::from(*byte)])
}

/// Which bytes a token is made of (RFC 9110, section 5.6.2). Every name of every request is looked at.
const IN_A_TOKEN: [bool; 256] = {
    let (mut table, mut at) = ([false; 256], 0);
    while at < 128 {
        table[at] = (at as u8).is_ascii_alphanumeric();
        at += 1;
    }
    let (others, mut at) = (b"!#$%&'*+-.^_`|~", 0);
    while at < others.len() {
        table[others[at] as usize] = true;
        at += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    async fn answered(text: &str) -> String {
        let mut stream = text.as_bytes();
        match read(&mut stream).await {
            Ok(head) => format!("{} of {}: {}", head.bytes.len(), text.len(), head.target.escape_ascii()),
            Err(NoHead::Closed) => "closed".to_owned(),
            Err(NoHead::Refused(status)) => status.as_u16().to_string(),
        }
    }

    #[tokio::test]
    async fn heads_with_one_reading_pass() {
        for (text, target) in [
            ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", "/"),
            ("GET /?a={b} HTTP/1.1\r\nhost:x\r\nX-A:\ta b\t\r\nX-B:\r\n\r\n", "/?a={b}"),
            ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\na\n", "/"),
            ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n", "/"),
            ("PROPFIND /a HTTP/1.0\r\n\r\n", "/a"),
            ("GET * HTTP/1.1\r\nHost: x\r\nX-A: \u{e9}\r\n\r\nGET /", "*"),
        ] {
            assert_eq!(answered(text).await, format!("{0} of {0}: {target}", text.len()), "{text:?}");
        }
        assert_eq!(answered("\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n").await, "27 of 31: /");
        assert_eq!(answered("GET / HTTP/1.1\r\nHost: x\r\n").await, "closed");
        assert_eq!(answered("").await, "closed");
    }

    #[tokio::test]
    async fn heads_with_two_readings_are_refused() {
        let get = "GET / HTTP/1.1\r\nHost: x\r\n";
        for (text, status) in [
            (format!("{get}X-A: b\n\r\n\r\n"), 400),
            (format!("{get}X-A: b\nX-B: c\r\n\r\n"), 400),
            (format!("{get}X-A: b\rX-B: c\r\n\r\n"), 400),
            (format!("{get}X-A: b\0c\r\n\r\n"), 400),
            (format!("{get}X-A: b\r\n c\r\n\r\n"), 400),
            (format!("{get} X-A: b\r\n\r\n"), 400),
            (format!("{get}X-A : b\r\n\r\n"), 400),
            (format!("{get}: b\r\n\r\n"), 400),
            (format!("{get}b\r\n\r\n"), 400),
            (format!("{get}X-\u{e9}: b\r\n\r\n"), 400),
            (format!("{get}Host: y\r\n\r\n"), 400),
            (format!("{get}Content-Length: 1\r\nContent-Length: 1\r\n\r\n"), 400),
            (format!("{get}Content-Length: 1, 1\r\n\r\n"), 400),
            (format!("{get}Content-Length: +1\r\n\r\n"), 400),
            (format!("{get}Content-Length:\r\n\r\n"), 400),
            (format!("{get}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"), 400),
            (format!("{get}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"), 400),
            (format!("{get}Transfer-Encoding: gzip, chunked\r\n\r\n"), 400),
            (format!("{get}Transfer-Encoding: xchunked\r\n\r\n"), 400),
            (format!("{get}Transfer-Encoding: \u{b}chunked\r\n\r\n"), 400),
            (format!("{get}Transfer-Encoding: \u{c}chunked\r\n\r\n"), 400),
            (format!("{get}Content-Length: \u{c}4\r\n\r\n"), 400),
            (format!("{get}X-A: b\r\r\n\r\n"), 400),
            ("GET / HTTP/1.1\r\nHost: a@b\r\n\r\n".to_owned(), 400),
            ("GET / HTTP/1.1\r\n\r\n".to_owned(), 400),
            ("GET / HTTP/1.1\nHost: x\n\n".to_owned(), 400),
            ("GET / HTTP/1.1\nHost: x\n\r\n".to_owned(), 400),
            ("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned(), 400),
            ("GET /\r\n\r\n".to_owned(), 400),
            ("GET  / HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), 400),
            ("GET / x HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), 400),
            ("GET /#a HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), 400),
            ("GET /?<a> HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), 400),
            ("GET /\u{e9} HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), 400),
            ("GET / HTTP/2.0\r\nHost: x\r\n\r\n".to_owned(), 400),
            ("CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), 400),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), 400),
            (format!("{get}{}\r\n", "X-A: b\r\n".repeat(HEADERS_MAX)), 431),
            (format!("{get}X-A: {}\r\n\r\n", "b".repeat(HEAD_LENGTH_MAX)), 431),
            (format!("{get}X-A: {}", "b".repeat(HEAD_LENGTH_MAX)), 431),
        ] {
            let shown: String = text.chars().take(120).collect();
            assert_eq!(answered(&text).await, status.to_string(), "{shown:?}");
        }
    }
}
