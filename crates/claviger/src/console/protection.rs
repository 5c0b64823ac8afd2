//! What every answer of the console carries, and what is refused before a page is looked for.

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{
    CONTENT_SECURITY_POLICY, HOST, HeaderName, ORIGIN, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_FRAME_OPTIONS,
};
use axum::http::uri::{Authority, PathAndQuery};
use axum::http::{HeaderMap, HeaderValue, Uri};
use axum::middleware::Next;
use axum::response::Response;

use super::error_page::ErrorPage;
use super::{Console, Transport};
use crate::public_url::is_loopback;

/// Styles, scripts and pictures of our own alone, in files of their own; no page of ours inside another.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; \
     base-uri 'none'; frame-ancestors 'none'",
);

/// A browser's word on where a request comes from.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Where other windows may hold on to one of ours.
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// Marks an answer.
pub(super) async fn protect(State(transport): State<Transport>, request: Request, next: Next) -> Response {
    let is_of_a_link = is_of_a_link(request.uri().path());
    let mut response = next.run(request).await;
    mark(response.headers_mut(), transport, is_of_a_link);
    response
}

fn mark(headers: &mut HeaderMap, transport: Transport, is_of_a_link: bool) {
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(OPENER_POLICY, HeaderValue::from_static("same-origin"));
    if transport == Transport::Encrypted {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    if is_of_a_link {
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("strict-origin"));
    }
    headers.entry(REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
}

/// Whether an address holds a token, or may have been meant to. Whatever answers there, what is loaded or led to from it
/// learns where it is from, and not the address. A form of it still says where it comes from: where browsers are told to say
/// nothing, older ones send `Origin: null`.
fn is_of_a_link(path: &str) -> bool {
    ["/console/reset/", "/console/setup/", "/console/invitations/"].iter().any(|folder| path.starts_with(folder))
}

/// Takes a link's token out of the address, for all that looks at the address from now on: it may write it down. Handlers
/// have the token from the route.
pub(super) async fn hide_token(route: Option<MatchedPath>, mut request: Request, next: Next) -> Response {
    if let Some(folder) = route.as_ref().and_then(|route| route.as_str().strip_suffix("{once}")) {
        let mut parts = request.uri().clone().into_parts();
        parts.path_and_query = PathAndQuery::try_from(format!("{folder}-")).ok();
        if let Ok(uri) = Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
    }
    next.run(request).await
}

/// Whatever changes something must say where it comes from, as every browser does; whether that is here is looked at
/// next.
pub(super) async fn says_where_from(request: Request, next: Next) -> Response {
    let headers = request.headers();
    let says = headers.contains_key(FETCH_SITE) || headers.contains_key(ORIGIN);
    if !request.method().is_safe() && !says {
        return ErrorPage::foreign_form().into();
    }
    next.run(request).await
}

/// Only names of this server lead here: the one that its operator has given it, and on loopback those of this machine.
/// Another name was made to point at it, so that its pages could read ours. Where the operator has given none, any name will
/// do but on loopback.
pub(super) async fn is_our_host(State(console): State<Console>, request: Request, next: Next) -> Response {
    let is_local = console.transport == Transport::Loopback;
    if is_local && is_this_machine(request.headers()) {
        return next.run(request).await;
    }
    match &console.public_url {
        Some(url) if host(request.headers()).is_some_and(|host| url.is_host(&host)) => next.run(request).await,
        Some(_) => ErrorPage::not_the_public_host().into(),
        None if is_local => ErrorPage::wrong_host().into(),
        None => next.run(request).await,
    }
}

fn host(headers: &HeaderMap) -> Option<Authority> {
    headers.get(HOST).and_then(|host| host.to_str().ok()?.parse().ok())
}

fn is_this_machine(headers: &HeaderMap) -> bool {
    host(headers).is_some_and(|host| !host.as_str().contains('@') && is_loopback(host.host()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_its_own() {
        for (host, own) in [
            ("localhost", true),
            ("LocalHost:8000", true),
            ("127.0.0.1:8000", true),
            ("[::1]:8000", true),
            ("keys.example.com", false),
            ("localhost.example.com:8000", false),
            ("127.0.0.1.example.com", false),
            ("10.0.0.1:8000", false),
            ("user@localhost@example.com", false),
            ("user@127.0.0.1", false),
            ("keys.example.com@localhost:8000", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_static(host));
            assert_eq!(is_this_machine(&headers), own, "{host}");
        }
        assert!(!is_this_machine(&HeaderMap::new()));
    }

    #[test]
    fn browsers_are_told_to_stay_with_tls_where_there_is_any() {
        for (transport, told) in
            [(Transport::Encrypted, Some("max-age=31536000")), (Transport::Loopback, None), (Transport::Clear, None)]
        {
            let mut headers = HeaderMap::new();
            mark(&mut headers, transport, false);
            let said = headers.get(STRICT_TRANSPORT_SECURITY).map(|value| value.to_str().expect("text"));
            assert_eq!(said, told, "{transport:?}");
        }
    }
}
