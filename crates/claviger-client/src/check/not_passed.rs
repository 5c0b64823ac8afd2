//! Why a request does not go through, told apart by what its caller is answered.

use claviger_wire::envelope::Failure;
use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use reqwest::{Response, StatusCode};

/// The challenge where the server gave none.
const CHALLENGE: HeaderValue = HeaderValue::from_static("Basic realm=\"claviger\", charset=\"UTF-8\"");

/// Longest refusal whose sentence is read.
const SENTENCE_BYTES_MAX: usize = 16 * 1024;

/// Why a request does not go through. Sentences are the server's, where it gave one, and may hold what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotPassed {
    /// 401: no credential that counts, or several.
    #[error("no credential that counts{}", told(sentence))]
    NotAuthenticated {
        /// How to come with one: values of `WWW-Authenticate`, never none.
        challenges: Vec<HeaderValue>,
        /// What the server says.
        sentence: Option<String>,
    },
    /// 403: the credential counts, and this takes more.
    #[error("not allowed{}{}", told(reason), told(sentence))]
    Forbidden {
        /// Its stable name, such as `permission_missing`.
        reason: Option<String>,
        /// What the server says.
        sentence: Option<String>,
    },
    /// 429: too many wrong credentials.
    #[error("too many wrong credentials{}", told(sentence))]
    TooManyAttempts {
        /// How long to wait.
        retry_after_s: Option<u64>,
        /// What the server says.
        sentence: Option<String>,
    },
    /// 400: the check itself is not right. Look at the demand, and whether the server has a route table.
    #[error("the check is not right{}", told(sentence))]
    Misconfigured {
        /// What the server says.
        sentence: Option<String>,
    },
    /// Nothing was decided, however often it was asked.
    #[error("{server} cannot say: {why}")]
    Unavailable {
        /// Who was asked.
        server: String,
        /// What happened at last.
        why: String,
        /// How long to wait.
        retry_after_s: Option<u64>,
    },
    /// An answer that no Claviger gives to this question. Look whether the URL is a server's, and what is in between.
    #[error("{server} answered what no check is answered with: {what}")]
    Unexpected {
        /// Who was asked.
        server: String,
        /// In what way.
        what: String,
    },
}

fn told(words: &Option<String>) -> String {
    words.as_ref().map(|words| format!(": {words}")).unwrap_or_default()
}

impl NotPassed {
    pub(super) fn several_credentials() -> Self {
        let sentence = Some("the credential was sent more than once; send it once".to_owned());
        Self::NotAuthenticated { challenges: vec![CHALLENGE], sentence }
    }

    /// Reads a refusal; none, where the status is not one that a check is refused with.
    pub(super) async fn read(response: Response) -> Option<Self> {
        let (status, headers) = (response.status(), response.headers().clone());
        let statuses =
            [StatusCode::BAD_REQUEST, StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::TOO_MANY_REQUESTS];
        if !statuses.contains(&status) {
            return None;
        }
        let sentence = sentence(response).await;
        match status {
            StatusCode::UNAUTHORIZED => {
                let mut challenges: Vec<_> = headers.get_all(WWW_AUTHENTICATE).iter().cloned().collect();
                if challenges.is_empty() {
                    challenges.push(CHALLENGE);
                }
                Some(Self::NotAuthenticated { challenges, sentence })
            }
            StatusCode::FORBIDDEN => Some(Self::Forbidden { reason: reason(&headers), sentence }),
            StatusCode::TOO_MANY_REQUESTS => {
                Some(Self::TooManyAttempts { retry_after_s: retry_after(&headers), sentence })
            }
            _ => Some(Self::Misconfigured { sentence }),
        }
    }
}

/// In whole seconds.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<u64> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()
}

fn reason(headers: &HeaderMap) -> Option<String> {
    let text = headers.get("x-claviger-reason")?.to_str().ok()?;
    let is_code = !text.is_empty() && text.len() <= 64;
    (is_code && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')).then(|| text.to_owned())
}

/// The envelope's sentence. A refusal whose body cannot be read is a refusal all the same.
async fn sentence(mut response: Response) -> Option<String> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        if body.len() + chunk.len() > SENTENCE_BYTES_MAX {
            return None;
        }
        body.extend_from_slice(&chunk);
    }
    serde_json::from_slice::<Failure>(&body).ok().map(|failure| failure.error)
}
