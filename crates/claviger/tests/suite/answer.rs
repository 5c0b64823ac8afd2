//! What a server answered, and what a test says of it.

use reqwest::header::HeaderMap;
use serde_json::Value;

/// A whole answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) async fn read(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.expect("a body");
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Self { status, headers, text, body }
    }

    /// It has this status; the answer itself, to go on with.
    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        if status >= 400 {
            assert_eq!(self.body["status"], "error", "{}", self.text);
            assert!(self.body["error"].as_str().is_some_and(|sentence| sentence.len() > 10), "{}", self.text);
        }
        self
    }

    /// It was refused with this status and this code.
    #[track_caller]
    pub(crate) fn refused(self, status: u16, code: &str) -> Self {
        let answer = self.is(status);
        assert_eq!(answer.body["code"], code, "{}", answer.text);
        answer
    }

    /// 200 with the envelope of success; its results.
    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        let answer = self.is(200);
        assert_eq!(answer.body["status"], "ok", "{}", answer.text);
        answer.body["results"].clone()
    }

    /// 201 with the envelope of success; its results.
    #[track_caller]
    pub(crate) fn created(self) -> Value {
        let answer = self.is(201);
        assert_eq!(answer.body["status"], "ok", "{}", answer.text);
        answer.body["results"].clone()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("a visible header"))
    }
}
