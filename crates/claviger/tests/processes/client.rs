//! Asking a server over HTTP.

use reqwest::redirect::Policy;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use std::time::Duration;

use crate::secrets;

/// Longer than any answer takes, so that a server that hangs is a failure and not a standstill.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// Somebody who asks one server with one credential.
#[derive(Clone)]
pub(crate) struct Caller {
    http: Client,
    url: String,
    pub(crate) username: String,
    pub(crate) secret: String,
}

/// What a server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) request_id: String,
    pub(crate) retry_after: Option<String>,
}

impl Answer {
    /// The results of an answer with this status.
    pub(crate) fn is(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body["results"].clone()
    }

    /// The stable code of a refusal.
    pub(crate) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }
}

impl Caller {
    pub(crate) fn new(url: &str, username: &str, secret: &str) -> Self {
        // All tests but the first find the provider installed.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = Client::builder().redirect(Policy::none()).no_proxy().timeout(ANSWER_WITHIN).build();
        let http = http.expect("a client");
        Self { http, url: url.to_owned(), username: username.to_owned(), secret: secret.to_owned() }
    }

    /// Somebody else, over the same connections.
    pub(crate) fn with(&self, username: &str, secret: &str) -> Self {
        Self { username: username.to_owned(), secret: secret.to_owned(), ..self.clone() }
    }

    /// The same one, asking another server.
    pub(crate) fn at(&self, url: &str) -> Self {
        Self { url: url.to_owned(), ..self.clone() }
    }

    /// Asks; an error is a connection that broke.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        key: Option<&str>,
    ) -> reqwest::Result<Answer> {
        let mut request = self.http.request(method, format!("{}{path}", self.url));
        request = request.basic_auth(&self.username, Some(&self.secret));
        if let Some(body) = body {
            request = request.json(body);
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let response = request.send().await?;
        let status = response.status().as_u16();
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (request_id, retry_after) = (header("x-request-id").unwrap_or_default(), header("retry-after"));
        let body = response.bytes().await?;
        let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
        if let (Some(username), Some(secret)) =
            (body["results"]["username"].as_str(), body["results"]["token"].as_str())
        {
            secrets::handed_out(username, secret);
        }
        Ok(Answer { status, body, request_id, retry_after })
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, None, None).await.expect("an answer")
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::POST, path, Some(&body), None).await.expect("an answer")
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::PUT, path, Some(&body), None).await.expect("an answer")
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::PATCH, path, Some(&body), None).await.expect("an answer")
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.ask(Method::DELETE, path, None, None).await.expect("an answer")
    }

    pub(crate) async fn me(&self) -> Answer {
        self.get("/api/app/me").await
    }

    /// Creates an account without any role, and returns its id and itself as a caller.
    pub(crate) async fn create(&self, organization: u64, name: &str) -> (u64, Caller) {
        let path = format!("/api/app/organizations/{organization}/service-accounts");
        let made = self.post(&path, json!({ "username": name })).await.is(201);
        let (username, secret) = (made["username"].as_str().expect("a username"), made["token"].as_str().expect("one"));
        (made["id"].as_u64().expect("an id"), self.with(username, secret))
    }
}
