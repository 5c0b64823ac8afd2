//! Asks a server whether somebody else's request may go through: what a gateway asks, for services in Rust.
//!
//! A [`Checker`] is made once and shared; each check is one request over connections that are kept. Who comes is a
//! [`Caller`], what it takes a [`Demand`]; the answer is a [`Passage`], or the reason why there is none.
//!
//! What must stay true: nothing is a success but a 200 that says, in headers that can be read in one way, who comes, and
//! that has what was demanded. An answer is final: only where none came, or 503, is the question asked again, a few
//! times, within one deadline. Answers are not kept: who was deleted would go through. The caller's credential goes to
//! the server as it came, and is printed nowhere.

mod caller;
mod demand;
mod not_passed;
mod passage;

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Response, StatusCode, Url};

pub use self::caller::Caller;
pub use self::demand::Demand;
pub use self::not_passed::NotPassed;
pub use self::passage::{Passage, Permissions};
use crate::client::{Timeouts, http, reason, url_below};
use crate::error::SetupError;

/// Where a server answers checks.
const PATH: &str = "/auth/check";

/// What the caller's request is, for a server that decides by a route table.
const FORWARDED_METHOD: HeaderName = HeaderName::from_static("x-forwarded-method");
const FORWARDED_URI: HeaderName = HeaderName::from_static("x-forwarded-uri");

/// Before the question is asked for the second time; four times as long before each one after that.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// How a server is asked.
#[derive(Debug, Clone)]
pub struct CheckOptions {
    /// The header with the caller's credential, in his request as in the check: the server's
    /// `--check-credential-header`.
    pub credential_header: HeaderName,
    /// How long is waited for a connection, TLS included.
    pub connect: Duration,
    /// How long one question may take, its connection included.
    pub attempt: Duration,
    /// How long a check may take as a whole.
    pub total: Duration,
    /// How often the question is asked again where no answer came, or 503.
    pub retries: u8,
}

impl Default for CheckOptions {
    /// `Authorization`; 1 s, 2 s and 5 s; asked at most three times.
    fn default() -> Self {
        Self {
            credential_header: AUTHORIZATION,
            connect: Duration::from_secs(1),
            attempt: Duration::from_secs(2),
            total: Duration::from_secs(5),
            retries: 2,
        }
    }
}

/// One server, asked about everybody. Cheap to clone; clones share connections.
#[derive(Debug, Clone)]
pub struct Checker {
    http: reqwest::Client,
    url: Url,
    server: String,
    options: CheckOptions,
}

/// What came of one question.
enum Attempt {
    Decided(Result<Passage, NotPassed>),
    /// Nothing was decided, so it may be asked again.
    Undecided(NotPassed),
}

impl Checker {
    /// Asks the server at `base_url`, such as `https://keys.example.com`.
    ///
    /// # Panics
    /// If the process has no TLS provider yet: see the crate's documentation.
    pub fn new(base_url: &str) -> Result<Self, SetupError> {
        Self::with_options(base_url, CheckOptions::default())
    }

    /// The same in another way.
    ///
    /// # Panics
    /// As [`Checker::new`].
    pub fn with_options(base_url: &str, options: CheckOptions) -> Result<Self, SetupError> {
        let url = url_below(base_url, PATH)?;
        let http = http(&url, Timeouts { connect: options.connect, total: options.attempt })?;
        Ok(Self { http, server: url.origin().ascii_serialization(), url, options })
    }

    /// The header with the caller's credential.
    pub fn credential_header(&self) -> &HeaderName {
        &self.options.credential_header
    }

    /// Who comes with these headers.
    pub fn caller(&self, headers: &HeaderMap) -> Caller {
        Caller::from_headers(headers, self.credential_header())
    }

    /// Whether the caller has what is demanded. The server must run without a route table: with one it answers
    /// [`NotPassed::Misconfigured`], or, where any credential will do, [`NotPassed::Forbidden`].
    pub async fn check(&self, caller: &Caller, demand: &Demand) -> Result<Passage, NotPassed> {
        if demand.is_for_nobody() {
            return Err(NotPassed::Forbidden { reason: Some("route_denied".to_owned()), sentence: None });
        }
        let passage = self.ask(caller, demand.question(&self.url), HeaderMap::new()).await?;
        match demand.unmet_by(&passage) {
            None => Ok(passage),
            Some(what) => Err(self.unexpected(what)),
        }
    }

    /// Whether the server's route table lets this request through. `path_and_query` is as the caller sent it.
    ///
    /// The server must run with `--routes`: without a table it lets every credential through that counts; see
    /// [`Checker::has_route_table`]. A route that is public there tells nobody's name, so here it is [`NotPassed::Unexpected`].
    pub async fn check_request(
        &self,
        caller: &Caller,
        method: &Method,
        path_and_query: &str,
    ) -> Result<Passage, NotPassed> {
        let told = (HeaderValue::from_str(method.as_str()), HeaderValue::from_str(path_and_query));
        let (Ok(method), Ok(path_and_query)) = told else {
            return Err(NotPassed::Forbidden { reason: Some("path_refused".to_owned()), sentence: None });
        };
        let headers = [(FORWARDED_METHOD, method), (FORWARDED_URI, path_and_query)];
        self.ask(caller, self.url.clone(), headers.into_iter().collect()).await
    }

    /// Whether the server decides by a route table, for a service that relies on one to look at its start.
    pub async fn has_route_table(&self) -> Result<bool, NotPassed> {
        // With a table no question may have a query, whoever asks.
        let question = Demand::project(1).question(&self.url);
        match self.ask(&Caller::nobody(), question, HeaderMap::new()).await {
            Err(NotPassed::Misconfigured { .. }) => Ok(true),
            Err(NotPassed::NotAuthenticated { .. }) => Ok(false),
            Err(other) => Err(other),
            Ok(_) => Err(self.unexpected("a 200 for nobody")),
        }
    }

    /// Asks until there is an answer, within the deadline.
    async fn ask(&self, caller: &Caller, url: Url, mut headers: HeaderMap) -> Result<Passage, NotPassed> {
        caller.write(&self.options.credential_header, &mut headers)?;
        let asked = tokio::time::timeout(self.options.total, async {
            let mut pause = FIRST_PAUSE;
            for _ in 0..self.options.retries {
                if let Attempt::Decided(decided) = self.attempt(&url, &headers).await {
                    return decided;
                }
                tokio::time::sleep(pause).await;
                pause = pause.saturating_mul(4);
            }
            match self.attempt(&url, &headers).await {
                Attempt::Decided(decided) => decided,
                Attempt::Undecided(why) => Err(why),
            }
        });
        let late = || format!("no answer within {} ms", self.options.total.as_millis());
        asked.await.unwrap_or_else(|_| Err(self.unavailable(late(), None)))
    }

    async fn attempt(&self, url: &Url, headers: &HeaderMap) -> Attempt {
        match self.http.get(url.clone()).headers(headers.clone()).send().await {
            Ok(response) => self.read(response).await,
            Err(error) => Attempt::Undecided(self.no_answer(&error)),
        }
    }

    async fn read(&self, response: Response) -> Attempt {
        match response.status() {
            StatusCode::OK => self.read_passage(response).await,
            StatusCode::SERVICE_UNAVAILABLE => {
                let wait = not_passed::retry_after(response.headers());
                Attempt::Undecided(self.unavailable("it answered 503".to_owned(), wait))
            }
            status => Attempt::Decided(Err(match NotPassed::read(response).await {
                Some(refusal) => refusal,
                None => self.unexpected(format!("the status {}", status.as_u16())),
            })),
        }
    }

    /// A 200 says who comes in its headers, and is whole: it has no body.
    async fn read_passage(&self, mut response: Response) -> Attempt {
        match response.chunk().await {
            Ok(None) => {}
            Ok(Some(_)) => return Attempt::Decided(Err(self.unexpected("a 200 with a body"))),
            Err(error) => return Attempt::Undecided(self.no_answer(&error)),
        }
        let read = Passage::read(response.headers());
        Attempt::Decided(read.map_err(|what| self.unexpected(format!("a 200 {what}"))))
    }

    fn no_answer(&self, error: &reqwest::Error) -> NotPassed {
        let why = match error.is_timeout() {
            true => format!("no answer within {} ms", self.options.attempt.as_millis()),
            false => reason(error),
        };
        self.unavailable(why, None)
    }

    fn unavailable(&self, why: String, retry_after_s: Option<u64>) -> NotPassed {
        NotPassed::Unavailable { server: self.server.clone(), why, retry_after_s }
    }

    fn unexpected(&self, what: impl Into<String>) -> NotPassed {
        NotPassed::Unexpected { server: self.server.clone(), what: what.into() }
    }
}
