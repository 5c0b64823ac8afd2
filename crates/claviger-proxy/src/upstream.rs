//! The API behind the proxy: where it is, and which of its servers carries a request.

pub(crate) mod health;
pub(crate) mod pool;

use std::fmt;
use std::str::FromStr;

use http::Uri;

/// One of its servers, as it is named on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Upstream {
    /// Whether connections to it are encrypted.
    pub(crate) is_encrypted: bool,
    /// A name or an address. It is also the name that its certificate must be for.
    pub(crate) host: String,
    /// Its port.
    pub(crate) port: u16,
}

/// This names no server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoUpstream {
    /// It cannot be read.
    #[error("this is no URL; write http://127.0.0.1:3000 or https://api.internal")]
    NotAUrl,
    /// Another protocol.
    #[error("an upstream is spoken to over http:// or https://")]
    Scheme,
    /// More than a server.
    #[error("an upstream is a server alone: requests go on with the path that they came with, so name none here")]
    MoreThanAServer,
}

impl FromStr for Upstream {
    type Err = NoUpstream;

    fn from_str(text: &str) -> Result<Self, NoUpstream> {
        let url: Uri = text.parse().map_err(|_| NoUpstream::NotAUrl)?;
        let is_encrypted = match url.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(NoUpstream::Scheme),
        };
        let authority = url.authority().ok_or(NoUpstream::NotAUrl)?;
        let is_server_alone = matches!(url.path(), "" | "/") && url.query().is_none();
        if !is_server_alone || authority.as_str().contains('@') {
            return Err(NoUpstream::MoreThanAServer);
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.is_empty() {
            return Err(NoUpstream::NotAUrl);
        }
        let port = authority.port_u16().unwrap_or(if is_encrypted { 443 } else { 80 });
        Ok(Self { is_encrypted, host, port })
    }
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_encrypted { "https" } else { "http" };
        if self.host.contains(':') {
            return write!(f, "{scheme}://[{}]:{}", self.host, self.port);
        }
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upstream_is_a_server_alone() {
        for (text, read) in [
            ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
            ("http://api/", "http://api:80"),
            ("https://api.internal", "https://api.internal:443"),
            ("https://[::1]:8443", "https://[::1]:8443"),
        ] {
            assert_eq!(text.parse::<Upstream>().map(|read| read.to_string()).as_deref(), Ok(read));
        }
        for (text, error) in [
            ("", NoUpstream::NotAUrl),
            ("127.0.0.1:3000", NoUpstream::Scheme),
            ("ftp://api", NoUpstream::Scheme),
            ("http://api/v1", NoUpstream::MoreThanAServer),
            ("http://api/?a", NoUpstream::MoreThanAServer),
            ("http://user:password@api", NoUpstream::MoreThanAServer),
        ] {
            assert_eq!(text.parse::<Upstream>(), Err(error), "{text}");
        }
    }
}
