//! What every answer of the console carries, and what is refused before a page is looked for.

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{CONTENT_SECURITY_POLICY, HOST, HeaderName, ORIGIN, REFERRER_POLICY, X_FRAME_OPTIONS};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;

use super::error_page::ErrorPage;
use super::{Console, Transport};

/// Styles, scripts and pictures of our own alone, in files of their own; no page of ours inside another.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; \
     base-uri 'none'; frame-ancestors 'none'",
);

/// A browser's word on where a request comes from.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Marks an answer.
pub(super) async fn protect(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.entry(REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
    response
}

/// A route whose addresses hold a token has it in this place.
const ONCE: &str = "{once}";

/// Whoever comes after the routing has got the token of such an address from it, and sees the address without: some layers
/// write addresses into the log.
pub(super) async fn hide_once(mut request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().and_then(|route| route.as_str().strip_suffix(ONCE));
    if let Some(uri) = route.and_then(|route| route.parse().ok()) {
        *request.uri_mut() = uri;
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

/// On loopback, only names of this machine lead here: another name was made to point at it, so that its pages could read
/// ours.
pub(super) async fn is_our_host(State(console): State<Console>, request: Request, next: Next) -> Response {
    if console.transport == Transport::Loopback && !is_this_machine(request.headers()) {
        return ErrorPage::wrong_host().into();
    }
    next.run(request).await
}

fn is_this_machine(headers: &HeaderMap) -> bool {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()?.parse::<Authority>().ok());
    host.is_some_and(|host| {
        let name = host.host();
        let address = name.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
        name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
    })
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
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_static(host));
            assert_eq!(is_this_machine(&headers), own, "{host}");
        }
        assert!(!is_this_machine(&HeaderMap::new()));
    }
}
