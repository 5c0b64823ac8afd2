//! The path of a request as a gateway tells it, read once and in one way only.
//!
//! Gateways and upstreams disagree about paths: some resolve `..`, some merge `//`, some decode `%2f` before they look for
//! slashes, some take `;x=y` off, some read `\` as `/`. Whoever judges one reading while another is acted on lets
//! requests through that nobody meant. So what is read differently anywhere is refused, and what is left is decoded once:
//! `/%61` and `/a` are the same path to all of them (RFC 3986, section 6.2.2).
//!
//! What must stay true: a path that was accepted has no segment `.` or `..`, none that is empty but the last, and no
//! character that ends a segment elsewhere.

use std::borrow::Cow;
use std::fmt;

/// A path without its query, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestPath<'r>(Cow<'r, str>);

/// Why a path is not judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// It does not begin with a slash: a whole URL, `*`, or nothing.
    #[error("does not begin with /: name the path as the request line has it, such as /v1/orders?page=2")]
    NotAPath,
    /// Longer than anybody needs.
    #[error("is longer than {} bytes", RequestPath::LENGTH_MAX)]
    TooLong,
    /// A byte that does not stand in a path, or that some read as the end of a segment.
    #[error("holds {}, which upstreams read in different ways", shown(*.0))]
    Byte(u8),
    /// A percent sign without two hexadecimal digits.
    #[error("holds a % that no two hexadecimal digits follow")]
    Percent,
    /// Encoded twice, so that it depends on how often it is decoded.
    #[error("is encoded twice: %25 with two hexadecimal digits after it")]
    EncodedTwice,
    /// What it decodes to is no text.
    #[error("is not UTF-8 when it is decoded")]
    NotUtf8,
    /// A segment `.` or `..`.
    #[error("holds the segment . or .., which some resolve and some do not")]
    Dots,
    /// Two slashes in a row.
    #[error("holds //, which some take for one slash and some do not")]
    EmptySegment,
}

fn shown(byte: u8) -> String {
    match byte {
        // As it is, it divides segments.
        b'/' => "an encoded slash (%2F)".to_owned(),
        b'!'..=b'~' => char::from(byte).to_string(),
        _ => format!("the byte {byte:#04x}"),
    }
}

impl<'r> RequestPath<'r> {
    /// Most bytes, before decoding and without the query.
    pub const LENGTH_MAX: usize = 4_096;

    /// Reads a request target (RFC 9112, section 3.2.1): a path, and maybe a query, which is not looked at.
    pub fn parse(target: &'r [u8]) -> Result<Self, PathError> {
        let path = target.split(|byte| *byte == b'?').next().unwrap_or_default();
        if path.first() != Some(&b'/') {
            return Err(PathError::NotAPath);
        }
        if path.len() > Self::LENGTH_MAX {
            return Err(PathError::TooLong);
        }
        let decoded = if path.contains(&b'%') { Cow::Owned(decode(path)?) } else { Cow::Borrowed(path) };
        if let Some(byte) = path.iter().find(|byte| !byte.is_ascii_graphic()) {
            return Err(PathError::Byte(*byte));
        }
        if let Some(byte) = decoded.iter().find(|byte| is_refused(**byte)) {
            return Err(PathError::Byte(*byte));
        }
        let text = match decoded {
            Cow::Borrowed(bytes) => str::from_utf8(bytes).map(Cow::Borrowed).map_err(|_| PathError::NotUtf8)?,
            Cow::Owned(bytes) => String::from_utf8(bytes).map(Cow::Owned).map_err(|_| PathError::NotUtf8)?,
        };
        let path = Self(text);
        if path.segments().any(|segment| matches!(segment, "." | "..")) {
            return Err(PathError::Dots);
        }
        if path.0.contains("//") {
            return Err(PathError::EmptySegment);
        }
        Ok(path)
    }

    /// What is between its slashes. The last is empty where it ends with one.
    pub fn segments(&self) -> std::str::Split<'_, char> {
        self.0[1..].split('/')
    }

    /// The same, decoded.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What ends a segment, or begins something else, for some reader, however it was written. A slash that was encoded does
/// not come here.
fn is_refused(byte: u8) -> bool {
    byte.is_ascii_control() || matches!(byte, b'\\' | b';' | b'#')
}

/// Takes the percent signs out. A slash must not come out of one.
fn decode(path: &[u8]) -> Result<Vec<u8>, PathError> {
    let mut decoded = Vec::with_capacity(path.len());
    let mut left = path;
    while let Some((byte, rest)) = left.split_first() {
        if *byte != b'%' {
            decoded.push(*byte);
            left = rest;
            continue;
        }
        let (byte, rest) = hex(rest).ok_or(PathError::Percent)?;
        match byte {
            b'/' => return Err(PathError::Byte(b'/')),
            _ => decoded.push(byte),
        }
        left = rest;
    }
    let is_still_encoded = |text: &[u8]| text[0] == b'%' && hex(&text[1..]).is_some();
    if decoded.windows(3).any(is_still_encoded) { Err(PathError::EncodedTwice) } else { Ok(decoded) }
}

/// The byte that two hexadecimal digits at the front stand for, and what follows them.
fn hex(text: &[u8]) -> Option<(u8, &[u8])> {
    let (digits, rest) = text.split_at_checked(2)?;
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let value = digit(digits[0])? * 16 + digit(digits[1])?;
    u8::try_from(value).ok().map(|byte| (byte, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(target: &str) -> Result<String, PathError> {
        RequestPath::parse(target.as_bytes()).map(|path| path.as_str().to_owned())
    }

    #[test]
    fn what_all_read_alike_is_decoded_once() {
        for (target, path) in [
            ("/", "/"),
            ("/a/b", "/a/b"),
            ("/a/", "/a/"),
            ("/%61/%7Eb", "/a/~b"),
            ("/a?x=../..//;%2f#", "/a"),
            ("/a?", "/a"),
            ("/100%25", "/100%"),
            ("/100%25z9", "/100%z9"),
            ("/caf%C3%A9", "/café"),
            ("/...", "/..."),
            ("/.well-known/x", "/.well-known/x"),
            ("/a%2eb/%2e%2e%2e", "/a.b/..."),
            ("/a:b@c,d=e+f!$&'()*", "/a:b@c,d=e+f!$&'()*"),
            ("/%20a%3Fb", "/ a?b"),
        ] {
            assert_eq!(read(target), Ok(path.to_owned()), "{target}");
        }
    }

    #[test]
    fn what_two_readers_might_read_differently_is_refused() {
        for (target, error) in [
            ("", PathError::NotAPath),
            ("*", PathError::NotAPath),
            ("?a", PathError::NotAPath),
            ("a/b", PathError::NotAPath),
            ("http://h/a", PathError::NotAPath),
            ("/a/../b", PathError::Dots),
            ("/..", PathError::Dots),
            ("/./a", PathError::Dots),
            ("/a/.", PathError::Dots),
            ("/%2e%2e/b", PathError::Dots),
            ("/.%2E", PathError::Dots),
            ("//a", PathError::EmptySegment),
            ("/a//b", PathError::EmptySegment),
            ("/a//", PathError::EmptySegment),
            ("/a%2fb", PathError::Byte(b'/')),
            ("/a%2Fb", PathError::Byte(b'/')),
            ("/a%5cb", PathError::Byte(b'\\')),
            ("/a\\b", PathError::Byte(b'\\')),
            ("/a;x=y", PathError::Byte(b';')),
            ("/a%3bx", PathError::Byte(b';')),
            ("/a#b", PathError::Byte(b'#')),
            ("/a%23b", PathError::Byte(b'#')),
            ("/a%00", PathError::Byte(0)),
            ("/a%0d%0aX: y", PathError::Byte(b' ')),
            ("/a%0d%0aX", PathError::Byte(b'\r')),
            ("/a\tb", PathError::Byte(b'\t')),
            ("/a%7f", PathError::Byte(0x7F)),
            ("/caf\u{e9}", PathError::Byte(0xC3)),
            ("/%252f", PathError::EncodedTwice),
            ("/%25%32%66", PathError::EncodedTwice),
            ("/%2525", PathError::EncodedTwice),
            ("/%252e%252e", PathError::EncodedTwice),
            ("/%", PathError::Percent),
            ("/%4", PathError::Percent),
            ("/%zz", PathError::Percent),
            ("/%+1", PathError::Percent),
            ("/%c3", PathError::NotUtf8),
            ("/%ff%fe", PathError::NotUtf8),
        ] {
            assert_eq!(read(target), Err(error), "{target}");
        }
        let long = format!("/{}", "a".repeat(RequestPath::LENGTH_MAX));
        assert_eq!(read(&long), Err(PathError::TooLong));
        assert!(read(&long[1..]).is_err() && read(&long[..RequestPath::LENGTH_MAX]).is_ok());
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_is_one_path(target in proptest::collection::vec(any::<u8>(), 0..40)) {
            if let Ok(path) = RequestPath::parse(&target) {
                let segments: Vec<&str> = path.segments().collect();
                prop_assert!(path.as_str().starts_with('/'));
                prop_assert!(segments.iter().all(|segment| !matches!(*segment, "." | "..")));
                prop_assert!(segments[..segments.len() - 1].iter().all(|segment| !segment.is_empty()));
                prop_assert!(!path.as_str().contains(['\\', ';', '#', '\0', '\r', '\n']));
            }
        }

        #[test]
        fn a_path_is_the_same_however_it_is_encoded(text in "(/[a-z0-9.~!é-]{1,6}x){1,4}", bits in any::<u64>()) {
            let encoded: String = text.bytes().enumerate().map(|(at, byte)| {
                let is_plain = byte == b'/' || (byte.is_ascii() && bits >> (at % 64) & 1 == 0);
                if is_plain { char::from(byte).to_string() } else { format!("%{byte:02x}") }
            }).collect();
            prop_assert_eq!(read(&encoded), Ok(text));
        }
    }

    #[test]
    fn a_slash_that_is_refused_is_told_as_it_was_written() {
        let sentence = PathError::Byte(b'/').to_string();
        assert_eq!(sentence, "holds an encoded slash (%2F), which upstreams read in different ways");
        assert_eq!(PathError::Byte(b';').to_string(), "holds ;, which upstreams read in different ways");
    }
}
