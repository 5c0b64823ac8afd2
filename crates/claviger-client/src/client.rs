//! Where the server is, and one exchange with it.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use claviger_wire::envelope::{Failure, Success};
use claviger_wire::me::Me;
use reqwest::header::{ACCEPT, HeaderMap, LOCATION, RETRY_AFTER};
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};
use serde::de::DeserializeOwned;

use crate::credential::Credential;
use crate::error::{Error, Refusal, SetupError};

/// Largest answer that is read: a whole organization's accounts come in pages, far below it.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// One server, asked by one caller, or by nobody in particular. Cheap to clone; clones share connections.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    server: String,
    credential: Option<Credential>,
    timeouts: Timeouts,
}

/// How long is waited.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// For a connection, TLS included.
    pub connect: Duration,
    /// For one call as a whole.
    pub total: Duration,
}

impl Default for Timeouts {
    /// A server looks up the outcome of a write for up to 10 s before it gives up, so a call may take longer than that.
    fn default() -> Self {
        Self { connect: Duration::from_secs(10), total: Duration::from_secs(30) }
    }
}

impl Client {
    /// A client of the server at `base_url`; `https://keys.example.com` and `https://keys.example.com/api/app` mean
    /// the same.
    ///
    /// # Panics
    /// If the process has no TLS provider yet: see the crate's documentation.
    pub fn new(base_url: &str, credential: Credential) -> Result<Self, SetupError> {
        Self::with_timeouts(base_url, credential, Timeouts::default())
    }

    /// A client without a credential, for what needs none.
    ///
    /// # Panics
    /// As [`Client::new`].
    pub fn without_credential(base_url: &str) -> Result<Self, SetupError> {
        Self::build(base_url, None, Timeouts::default())
    }

    /// The same with other time-outs.
    ///
    /// # Panics
    /// As [`Client::new`].
    pub fn with_timeouts(base_url: &str, credential: Credential, timeouts: Timeouts) -> Result<Self, SetupError> {
        Self::build(base_url, Some(credential), timeouts)
    }

    fn build(base_url: &str, credential: Option<Credential>, timeouts: Timeouts) -> Result<Self, SetupError> {
        let base = api_url(base_url)?;
        let http = http(&base, timeouts)?;
        Ok(Self { http, server: base.origin().ascii_serialization(), base, credential, timeouts })
    }

    /// Whether the credential travels unencrypted over a network.
    pub fn is_exposed(&self) -> bool {
        self.base.scheme() == "http" && !is_loopback(&self.base)
    }

    /// The server's scheme, host and port, as error sentences name it.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// The caller, and what it can reach.
    pub async fn me(&self) -> Result<Me, Error> {
        let answer: Success<Me> = self.answer(self.request(Method::GET, self.url("me"))).await?;
        Ok(answer.results)
    }

    /// The URL of a path below `/api/app`. Paths are made of numbers and fixed words, so nothing needs escaping.
    pub(crate) fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}/{path}", self.base.path()));
        url
    }

    pub(crate) fn request(&self, method: Method, url: Url) -> RequestBuilder {
        let request = self.http.request(method, url).header(ACCEPT, "application/json");
        match &self.credential {
            Some(credential) => request.basic_auth(credential.username(), Some(credential.secret())),
            None => request,
        }
    }

    /// Sends once, and reads what this route answers.
    pub(crate) async fn answer<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Error> {
        let response = self.success(request).await?;
        let headers = response.headers().clone();
        let body = self.body(response).await?;
        serde_json::from_slice(&body).map_err(|error| {
            // The library's own sentence may quote a value of the answer, which may be a secret.
            let (line, column) = (error.line(), error.column());
            let reason = format!("it is not what was expected at line {line}, column {column}");
            self.unreadable(&headers, reason)
        })
    }

    /// Sends once; the answer if it is a success, and its body not read yet.
    pub(crate) async fn success(&self, request: RequestBuilder) -> Result<Response, Error> {
        let response = request.send().await.map_err(|error| self.failed_exchange(&error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        if status.is_redirection() {
            return Err(Error::Redirected { server: self.server.clone(), location: text(&headers, LOCATION.as_str()) });
        }
        if status.is_success() {
            return Ok(response);
        }
        let body = self.body(response).await?;
        Err(refused(status, &headers, &body))
    }

    async fn body(&self, mut response: Response) -> Result<Vec<u8>, Error> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.failed_exchange(&error))? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                let reason = format!("it is longer than {ANSWER_BYTES_MAX} bytes");
                return Err(self.unreadable(response.headers(), reason));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    pub(crate) fn unreadable(&self, headers: &HeaderMap, reason: String) -> Error {
        Error::Unreadable { server: self.server.clone(), reason, request_id: text(headers, "x-request-id") }
    }

    /// What a failure below HTTP means. Whatever failed after the connection stood may have reached the server.
    pub(crate) fn failed_exchange(&self, error: &reqwest::Error) -> Error {
        let server = self.server.clone();
        if let Some(tls) = tls_cause(error) {
            return Error::Tls { server, reason: tls.to_string() };
        }
        match (error.is_connect(), error.is_timeout()) {
            (true, true) => {
                let reason = format!("no connection within {} ms", self.timeouts.connect.as_millis());
                Error::CannotConnect { server, reason }
            }
            (true, false) => Error::CannotConnect { server, reason: reason(error) },
            (false, true) => Error::TimedOut { server, within_ms: self.timeouts.total.as_millis() },
            (false, false) => Error::Interrupted { server, reason: reason(error) },
        }
    }
}

/// Connections to one server: what is sent goes there alone, once.
pub(crate) fn http(server: &Url, timeouts: Timeouts) -> Result<reqwest::Client, SetupError> {
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("claviger-client/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(timeouts.connect)
        .timeout(timeouts.total);
    if server.scheme() == "http" {
        // Nothing is encrypted, so a machine without CA certificates will do.
        builder = builder.tls_certs_only([]);
    }
    if is_loopback(server) {
        // A proxy could not reach it, and would see the credential.
        builder = builder.no_proxy();
    }
    builder.build().map_err(|error| SetupError::Tls { reason: reason(&error) })
}

/// The URL of the API of a server.
fn api_url(base_url: &str) -> Result<Url, SetupError> {
    url_below(base_url, "/api/app")
}

/// The URL of what is at this path of a server, which is named by itself or by its API.
pub(crate) fn url_below(base_url: &str, path: &str) -> Result<Url, SetupError> {
    let mut url = Url::parse(base_url.trim()).map_err(|_| SetupError::Url("is none"))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(SetupError::Url("begins with neither https:// nor http://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(SetupError::Url("contains a username or a password, which belong elsewhere"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(SetupError::Url("contains a question mark or a number sign"));
    }
    let base = url.path().trim_end_matches('/');
    let whole = format!("{}{path}", base.strip_suffix("/api/app").unwrap_or(base));
    url.set_path(&whole);
    Ok(url)
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    host == "localhost" || host.ends_with(".localhost") || address.is_ok_and(|address| address.is_loopback())
}

fn refused(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Error {
    // What is no envelope of ours comes from something in between: the status alone counts.
    let failure = serde_json::from_slice::<Failure>(body).ok();
    let refusal = Refusal {
        status: status.as_u16(),
        code: failure.as_ref().map(|failure| failure.code.clone()),
        made: failure.as_ref().and_then(|failure| failure.results).map(|made| made.id),
        sentence: failure.map(|failure| failure.error),
        request_id: text(headers, "x-request-id"),
        retry_after_s: text(headers, RETRY_AFTER.as_str()).and_then(|seconds| seconds.parse().ok()),
    };
    match status {
        StatusCode::UNAUTHORIZED => Error::NotAuthenticated(refusal),
        StatusCode::FORBIDDEN => Error::NotAllowed(refusal),
        StatusCode::NOT_FOUND => Error::NotFound(refusal),
        StatusCode::CONFLICT => Error::Conflict(refusal),
        StatusCode::TOO_MANY_REQUESTS => Error::TooManyRequests(refusal),
        StatusCode::SERVICE_UNAVAILABLE => Error::Unavailable(refusal),
        _ => Error::Refused(refusal),
    }
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// The innermost cause: the others only say that it happened while connecting or sending.
pub(crate) fn reason(error: &reqwest::Error) -> String {
    let mut innermost: &dyn StdError = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    innermost.to_string()
}

/// The TLS library's error, if one is the cause.
fn tls_cause<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a rustls::Error> {
    if let Some(tls) = error.downcast_ref() {
        return Some(tls);
    }
    // An I/O error's source is that of the error which it wraps, so the wrapped one is looked at by itself.
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(wrapped) => tls_cause(wrapped),
        None => tls_cause(error.source()?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api(base_url: &str) -> Result<String, String> {
        api_url(base_url).map(|url| url.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_api_is_found_from_the_server_or_from_itself() {
        for (base, expected) in [
            ("https://keys.example.com", "https://keys.example.com/api/app"),
            ("https://keys.example.com/", "https://keys.example.com/api/app"),
            ("https://keys.example.com/api/app/", "https://keys.example.com/api/app"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/api/app"),
            ("https://example.com/keys", "https://example.com/keys/api/app"),
        ] {
            assert_eq!(api(base).as_deref(), Ok(expected), "{base}");
        }
    }

    #[test]
    fn what_is_no_server_is_refused_without_quoting_it() {
        for base in [
            "",
            "keys.example.com",
            "ftp://keys.example.com",
            "https://ada:hush@keys.example.com",
            "https://keys.example.com?token=hush",
            "https://keys.example.com#hush",
        ] {
            let error = api(base).expect_err(base);
            assert!(error.starts_with("the server's URL ") && !error.contains("hush"), "{error}");
        }
    }

    #[test]
    fn loopback_is_an_address_or_localhost() {
        let loopback = |url: &str| is_loopback(&Url::parse(url).expect("a URL"));
        assert!(["http://127.9.9.9:1", "http://[::1]:8080", "http://localhost"].into_iter().all(loopback));
        assert!(!["http://10.0.0.1", "http://localhost.example.com", "http://[fe80::1]"].into_iter().any(loopback));
    }
}
