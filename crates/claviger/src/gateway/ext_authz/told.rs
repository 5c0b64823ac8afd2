//! The caller's request, as Envoy tells it.
//!
//! Envoy tells the headers in one of two forms: a map of text, where values of the same name are joined with commas and
//! what is no UTF-8 was replaced, or, by `encode_raw_headers`, each as it came. Method and path are among them once more.
//!
//! What must stay true: what is told in two ways that do not agree is no request; two credentials are never read as one.

use std::collections::HashMap;
use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use claviger_access::Refusal;
use envoy_types::ext_authz::v3::CheckRequestExt;
use envoy_types::ext_authz::v3::pb::CheckRequest;
use envoy_types::pb::envoy::service::auth::v3::attribute_context::HttpRequest;

use crate::api::failure::Failure;
use crate::gateway::decision::{self, forbidden};
use crate::gateway::query::Query;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// What stands for a value that no header can have: no address, and nothing that one is looked for behind.
const UNREADABLE: HeaderValue = HeaderValue::from_static("unknown");

/// What is read of a message.
#[derive(Debug)]
pub(super) struct Told<'r> {
    request: &'r HttpRequest,
    sent: Vec<(&'r str, &'r [u8])>,
    /// Those that are looked at: the credential's, and the addresses of proxies.
    headers: HeaderMap,
    source: Option<IpAddr>,
    extensions: &'r HashMap<String, String>,
}

impl<'r> Told<'r> {
    /// Reads a message. The caller's credential is in the header of this name.
    pub(super) fn read(message: &'r CheckRequest, credential: &HeaderName) -> Result<Self, Failure> {
        let attributes = message.attributes.as_ref();
        let request = attributes.and_then(|attributes| attributes.request.as_ref()?.http.as_ref());
        let (Some(attributes), Some(request)) = (attributes, request) else {
            return Err(unnamed("attributes.request.http is missing; let the HTTP filter ask, not the network filter"));
        };
        let sent = sent(request)?;
        for (name, told) in [(":path", &request.path), (":method", &request.method)] {
            if sent.iter().any(|(key, value)| *key == name && *value != told.as_bytes()) {
                return Err(unnamed("it tells a method or a path, and another one in its headers"));
            }
        }
        let mut headers = HeaderMap::new();
        for (name, value) in &sent {
            if name.eq_ignore_ascii_case(credential.as_str()) {
                // No credential of ours has a comma: it stands between two of them.
                let parts = value.split(|byte| *byte == b',' && request.header_map.is_none());
                for part in parts {
                    append(&mut headers, credential, HeaderValue::from_bytes(part).map_err(|_| no_credential())?)?;
                }
            } else if name.eq_ignore_ascii_case(FORWARDED_FOR.as_str()) {
                append(&mut headers, &FORWARDED_FOR, HeaderValue::from_bytes(value).unwrap_or(UNREADABLE))?;
            }
        }
        let source = message.get_client_address().and_then(|address| address.parse().ok());
        Ok(Self { request, sent, headers, source, extensions: &attributes.context_extensions })
    }

    /// What the gateway's configuration asks for.
    pub(super) fn query(&self) -> Result<Option<Query<'r>>, Failure> {
        let mut fields: Vec<(&str, &str)> = self.extensions.iter().map(|(name, value)| (&**name, &**value)).collect();
        fields.sort_unstable();
        Query::of(fields.into_iter().map(|(name, value)| (name.into(), value.into())))
    }

    /// The credential and the addresses of proxies.
    pub(super) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The names of all headers that the caller sent.
    pub(super) fn names(&self) -> impl Iterator<Item = &'r str> {
        self.sent.iter().map(|(name, _)| *name)
    }

    /// Who is at the other end of Envoy's connection.
    pub(super) fn source(&self) -> Option<IpAddr> {
        self.source
    }

    /// The method, and the path with its query.
    pub(super) fn original(&self) -> Result<(Method, &'r [u8]), Failure> {
        Ok((decision::method(self.request.method.as_bytes())?, self.request.path.as_bytes()))
    }
}

/// All headers, in the one form that they are told in.
fn sent(request: &HttpRequest) -> Result<Vec<(&str, &[u8])>, Failure> {
    let Some(raw) = &request.header_map else {
        return Ok(request.headers.iter().map(|(name, value)| (&**name, value.as_bytes())).collect());
    };
    let is_twice = !request.headers.is_empty()
        || raw.headers.iter().any(|header| !header.value.is_empty() && !header.raw_value.is_empty());
    if is_twice {
        return Err(unnamed("it tells headers in two forms at once"));
    }
    let told = raw.headers.iter().map(|header| {
        let value = if header.raw_value.is_empty() { header.value.as_bytes() } else { &header.raw_value };
        (&*header.key, value)
    });
    Ok(told.collect())
}

fn append(headers: &mut HeaderMap, name: &HeaderName, value: HeaderValue) -> Result<(), Failure> {
    headers.try_append(name, value).map(drop).map_err(|_| unnamed("it tells too many headers"))
}

fn unnamed(why: &str) -> Failure {
    forbidden("request_unnamed", format!("what the gateway tells of this request cannot be read: {why}"))
}

fn no_credential() -> Failure {
    Refusal::NotAuthenticated.into()
}

#[cfg(test)]
mod tests {
    use envoy_types::pb::envoy::config::core::v3 as core;
    use envoy_types::pb::envoy::service::auth::v3::AttributeContext;
    use envoy_types::pb::envoy::service::auth::v3::attribute_context::Request;

    use super::*;

    const CREDENTIAL: HeaderName = HeaderName::from_static("x-api-credential");

    fn message(request: HttpRequest) -> CheckRequest {
        let request = Some(Request { http: Some(request), ..Request::default() });
        CheckRequest { attributes: Some(AttributeContext { request, ..AttributeContext::default() }) }
    }

    fn mapped(headers: &[(&str, &str)]) -> CheckRequest {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        message(HttpRequest { method: "GET".to_owned(), path: "/a".to_owned(), headers, ..HttpRequest::default() })
    }

    fn raw(headers: &[(&str, &str, &[u8])]) -> CheckRequest {
        let header = |(key, value, raw): &(&str, &str, &[u8])| core::HeaderValue {
            key: (*key).to_owned(),
            value: (*value).to_owned(),
            raw_value: raw.to_vec(),
        };
        let header_map = Some(core::HeaderMap { headers: headers.iter().map(header).collect() });
        message(HttpRequest { method: "GET".to_owned(), path: "/a".to_owned(), header_map, ..HttpRequest::default() })
    }

    /// The credentials that are found, or the code of a refusal.
    fn credentials(message: &CheckRequest) -> String {
        match Told::read(message, &CREDENTIAL) {
            Ok(told) => {
                let values = told.headers().get_all(&CREDENTIAL).iter();
                values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect::<Vec<_>>().join("|")
            }
            Err(failure) => failure.code().to_owned(),
        }
    }

    #[test]
    fn credentials_are_found_in_either_form_and_two_are_two() {
        let name = "x-api-credential";
        for (message, expected) in [
            (mapped(&[(name, "Basic a:b"), ("authorization", "Basic c:d")]), "Basic a:b"),
            (mapped(&[("X-API-Credential", "Basic a:b")]), "Basic a:b"),
            (mapped(&[(name, "Basic a:b,Basic a:b")]), "Basic a:b|Basic a:b"),
            (mapped(&[(name, "Basic a:b,")]), "Basic a:b|"),
            (mapped(&[(name, "Basic a:\n")]), "not_authenticated"),
            (raw(&[(name, "", b"Basic a:b")]), "Basic a:b"),
            (raw(&[(name, "Basic a:b", b"")]), "Basic a:b"),
            (raw(&[(name, "", b"Basic a:b"), (name, "", b"Basic a:b")]), "Basic a:b|Basic a:b"),
            (raw(&[(name, "", b"Basic a:b,c")]), "Basic a:b,c"),
            (raw(&[(name, "Basic a:b", b"Basic c:d")]), "request_unnamed"),
            (raw(&[(name, "", b"\0")]), "not_authenticated"),
            (mapped(&[]), ""),
            (raw(&[]), ""),
            (CheckRequest::default(), "request_unnamed"),
            (CheckRequest { attributes: Some(AttributeContext::default()) }, "request_unnamed"),
        ] {
            assert_eq!(credentials(&message), expected, "{message:?}");
        }
        let mut both = raw(&[(name, "", b"Basic a:b")]);
        let http = both.attributes.as_mut().and_then(|all| all.request.as_mut()?.http.as_mut());
        http.expect("a request").headers.insert("accept".to_owned(), "*/*".to_owned());
        assert_eq!(credentials(&both), "request_unnamed");
    }

    #[test]
    fn a_path_or_a_method_that_is_told_in_two_ways_is_none() {
        for (message, is_read) in [
            (mapped(&[(":path", "/a"), (":method", "GET")]), true),
            (mapped(&[(":path", "/b")]), false),
            (mapped(&[(":method", "POST")]), false),
            (raw(&[(":path", "", b"/a")]), true),
            (raw(&[(":path", "", b"/\xff")]), false),
            (raw(&[(":path", "", b"/a"), (":path", "", b"/b")]), false),
        ] {
            assert_eq!(Told::read(&message, &CREDENTIAL).is_ok(), is_read, "{message:?}");
        }
    }
}
