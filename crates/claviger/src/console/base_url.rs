//! The address that this installation is called at, for what a page gives to be copied: a request to try a secret with.
//!
//! It is the one that the operator says, or else the one that the browser itself used.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::header::HOST;
use axum::http::request::Parts;
use axum::http::uri::Authority;

use super::{Console, Transport};
use crate::public_url::PublicUrl;

/// Such as `https://claviger.acme.example`.
pub(super) struct BaseUrl(String);

impl BaseUrl {
    fn of(public: Option<&PublicUrl>, host: Option<&str>, transport: Transport) -> Self {
        if let Some(public) = public {
            return Self(public.to_string());
        }
        let scheme = match transport {
            Transport::Encrypted => "https",
            Transport::Loopback | Transport::Clear => "http",
        };
        let authority = host.and_then(|host| host.parse::<Authority>().ok());
        Self(format!("{scheme}://{}", authority.as_ref().map_or("localhost", Authority::as_str)))
    }

    /// The address of a path of the API.
    pub(super) fn with(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }
}

impl FromRequestParts<Console> for BaseUrl {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, Infallible> {
        // Over HTTP/2 the name is in the address.
        let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
        let host = host.or_else(|| parts.uri.authority().map(Authority::as_str));
        Ok(Self::of(console.public_url.as_ref(), host, console.transport))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::console) fn base_url(host: &str) -> BaseUrl {
        BaseUrl::of(None, Some(host), Transport::Encrypted)
    }

    #[test]
    fn it_is_the_one_that_the_browser_used_unless_the_operator_says_one() {
        for (host, transport, url) in [
            (Some("claviger.acme.example"), Transport::Encrypted, "https://claviger.acme.example/x"),
            (Some("localhost:8080"), Transport::Loopback, "http://localhost:8080/x"),
            (Some("[::1]:8080"), Transport::Loopback, "http://[::1]:8080/x"),
            (Some("a b'\"$(x)"), Transport::Encrypted, "https://localhost/x"),
            (None, Transport::Encrypted, "https://localhost/x"),
        ] {
            assert_eq!(BaseUrl::of(None, host, transport).with("/x"), url);
        }
        let public = "https://keys.example.com".parse().expect("an address");
        let said = BaseUrl::of(Some(&public), Some("localhost:8080"), Transport::Loopback);
        assert_eq!(said.with("/x"), "https://keys.example.com/x");
    }
}
