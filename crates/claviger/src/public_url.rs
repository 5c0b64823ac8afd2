//! The address under which people reach this server, as its operator says it. Links are made from it, and from nothing that
//! a request brings.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use axum::http::Uri;
use axum::http::uri::Authority;

/// A scheme, a host, and a port where it is not the usual one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl {
    is_https: bool,
    host: String,
    port: u16,
}

/// Why a text is no such address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoPublicUrl {
    /// Another kind of text.
    #[error("write it as https://keys.example.com, with a port where it is not 443, and nothing behind it")]
    Form,
    /// A link that opens an account would cross the network in clear.
    #[error("it needs https: links that open an account would cross the network in clear")]
    Clear,
}

impl FromStr for PublicUrl {
    type Err = NoPublicUrl;

    fn from_str(text: &str) -> Result<Self, NoPublicUrl> {
        let uri: Uri = text.parse().map_err(|_| NoPublicUrl::Form)?;
        let is_https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(NoPublicUrl::Form),
        };
        let authority =
            uri.authority().filter(|authority| !authority.as_str().contains('@')).ok_or(NoPublicUrl::Form)?;
        if !["", "/"].contains(&uri.path()) || uri.query().is_some() || text.contains('#') {
            return Err(NoPublicUrl::Form);
        }
        if !is_https && !is_loopback(authority.host()) {
            return Err(NoPublicUrl::Clear);
        }
        let (host, port) = parts(authority, is_https).ok_or(NoPublicUrl::Form)?;
        Ok(Self { is_https, host, port })
    }
}

impl PublicUrl {
    /// The address of a page here.
    pub fn link(&self, path: &str) -> String {
        format!("{self}{path}")
    }

    /// Whether a request's `Host` is this one.
    pub fn is_host(&self, host: &Authority) -> bool {
        let is_plain = !host.as_str().contains('@');
        is_plain && parts(host, self.is_https).is_some_and(|(host, port)| host == self.host && port == self.port)
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, usual) = if self.is_https { ("https", 443) } else { ("http", 80) };
        write!(f, "{scheme}://{}", self.host)?;
        if self.port == usual { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}

/// A host in small letters, and its port.
fn parts(authority: &Authority, is_https: bool) -> Option<(String, u16)> {
    let host = authority.host().to_ascii_lowercase();
    let written = authority.as_str().strip_prefix(authority.host())?;
    let port = match written.strip_prefix(':') {
        None if written.is_empty() => {
            if is_https {
                443
            } else {
                80
            }
        }
        Some(port) => port.parse().ok().filter(|port| *port > 0)?,
        None => return None,
    };
    (!host.is_empty()).then_some((host, port))
}

/// Whether a name is of this machine alone.
pub fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_scheme_a_host_and_a_port() {
        for (text, shown) in [
            ("https://keys.example.com", "https://keys.example.com"),
            ("https://Keys.Example.com/", "https://keys.example.com"),
            ("https://keys.example.com:443", "https://keys.example.com"),
            ("https://keys.example.com:8443", "https://keys.example.com:8443"),
            ("http://localhost:8000", "http://localhost:8000"),
            ("http://127.0.0.1", "http://127.0.0.1"),
            ("http://[::1]:8000", "http://[::1]:8000"),
        ] {
            assert_eq!(text.parse::<PublicUrl>().map(|url| url.to_string()), Ok(shown.to_owned()), "{text}");
        }
        for text in [
            "",
            "keys.example.com",
            "ftp://keys.example.com",
            "https://",
            "https://user@keys.example.com",
            "https://keys.example.com/console",
            "https://keys.example.com?x=1",
            "https://keys.example.com#x",
            "https://keys.example.com:0",
            "https://keys.example.com:99999",
            "https://keys.example.com:",
            "/console",
        ] {
            assert_eq!(text.parse::<PublicUrl>(), Err(NoPublicUrl::Form), "{text}");
        }
        assert_eq!("http://keys.example.com".parse::<PublicUrl>(), Err(NoPublicUrl::Clear));
    }

    #[test]
    fn a_host_is_this_one_or_another() {
        let url: PublicUrl = "https://keys.example.com".parse().expect("an address");
        let is_host = |host: &str| host.parse().is_ok_and(|host| url.is_host(&host));
        for host in ["keys.example.com", "KEYS.example.com", "keys.example.com:443"] {
            assert!(is_host(host), "{host}");
        }
        for host in [
            "example.com",
            "keys.example.com:8443",
            "keys.example.com.evil.example",
            "a@keys.example.com",
            "keys.example.com.",
        ] {
            assert!(!is_host(host), "{host}");
        }
        assert_eq!(url.link("/console"), "https://keys.example.com/console");
    }
}
