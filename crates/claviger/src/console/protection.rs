//! What every answer of the console carries, and what is refused before a page is looked for.

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{CONTENT_SECURITY_POLICY, HOST, HeaderName, ORIGIN, REFERRER_POLICY, X_FRAME_OPTIONS};
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

/// Marks an answer.
pub(super) async fn protect(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.entry(REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
    response
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
    host(headers).is_some_and(|host| is_loopback(host.host()))
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
