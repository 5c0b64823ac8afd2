//! Carrying out a step: a request over a connection of its own, or a program.
//!
//! What must stay true: nothing is sent twice by itself, no redirect is followed, every wait and every answer is bounded, and what
//! went wrong is told without the answer and without a value, since either may be a secret. A request's whole answer is read
//! before it counts as answered.

use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Client, RequestBuilder, Url};
use tokio::io::AsyncReadExt;
use tokio::process::Command;

use super::captured;
use super::plan::{Address, Body, Check, Deed, How, Json, Request, Step, is_loopback};
use super::tally::{Came, NoAnswer, Use};
use super::template::Unfit;
use super::values::Values;
use crate::clock;

/// Longer answers are of another kind.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// A program of a check that was not let in ends with this; with 0 if it was.
const REFUSED_CODE: i32 = 1;

/// How long is waited.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For a connection, TLS included.
    pub connect: Duration,
    /// For a step or a use as a whole.
    pub total: Duration,
}

/// The system's certificates cannot be read, or something of that kind.
#[derive(Debug, thiserror::Error)]
#[error(
    "connections cannot be set up: {0}; install the system's CA certificates, or name a file of them in SSL_CERT_FILE"
)]
pub struct NoConnections(String);

/// A connection to one address, kept for as long as the server keeps it; used by one at a time, it is one.
#[derive(Debug, Clone)]
pub struct Connection {
    http: Option<Client>,
    patience: Patience,
}

/// Why a step is not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotDone {
    /// A value cannot be written where the plan has it. Nothing was sent.
    #[error("{0}")]
    Unfit(#[from] Unfit),
    /// Another status than the plan takes for done.
    #[error("it was answered with status {0}")]
    Status(u16),
    /// There is nothing to revoke.
    #[error("it was answered with status {0}: there is nothing to revoke")]
    Gone(u16),
    /// No answer that can be understood.
    #[error("{address}: {what}")]
    NoAnswer {
        /// Who.
        address: String,
        /// What came instead.
        what: NoAnswer,
    },
    /// The program said so.
    #[error("the program {0}")]
    Program(String),
    /// It was done, and a value is missing.
    #[error("{0}")]
    NotCaptured(#[from] captured::NotCaptured),
}

impl NotDone {
    /// Whether the server cannot have heard of it.
    pub fn was_not_sent(&self) -> bool {
        matches!(self, Self::Unfit(_) | Self::NoAnswer { what: NoAnswer::CannotConnect, .. })
    }

    /// Whether the server has said that it did nothing: by a status of the caller's fault.
    pub fn was_declined(&self) -> bool {
        matches!(self, Self::Status(400..=407 | 409..=428 | 430..=499) | Self::Gone(_))
    }
}

impl Connection {
    /// One to this address. Nothing is sent yet.
    pub fn to(address: &Address, patience: Patience) -> Result<Self, NoConnections> {
        let http = address.url.as_ref().map(|url| client(url, patience)).transpose()?;
        Ok(Self { http, patience })
    }

    /// Carries a step out; takes what it captures, and tells when the whole answer was there.
    pub async fn carry_out(&self, step: &Step, at: &Address, values: &mut Values) -> Result<Instant, NotDone> {
        let (answer, when) = match &step.deed.how {
            How::Http(request) => {
                let (status, body, when) = self.exchange(request, at, values).await?;
                if step.gone.contain(status) {
                    return Err(NotDone::Gone(status));
                }
                if !step.done.contain(status) {
                    return Err(NotDone::Status(status));
                }
                (body, when)
            }
            How::Command(words) => {
                let command = program(words, &step.deed, at, values);
                let (status, printed) = self.run(command, Stdio::inherit(), Stdio::piped()).await;
                let when = clock::instant();
                match status {
                    Ok(status) if status.success() => (printed, when),
                    Ok(status) => return Err(NotDone::Program(format!("ended with {status}"))),
                    Err(what) => return Err(NotDone::Program(what)),
                }
            }
        };
        captured::capture(&answer, &step.capture, values)?;
        Ok(when)
    }

    /// Uses a credential once.
    pub async fn use_once(&self, check: &Check, at: &Address, values: &Values) -> Use {
        let sent = clock::instant();
        let came = match &check.deed.how {
            How::Http(request) => match self.exchange(request, at, values).await {
                Ok((status, ..)) if check.accepted.contain(status) => Came::Accepted,
                Ok((status, ..)) if check.refused.contain(status) => Came::Refused,
                Ok((status, ..)) => Came::Nothing(NoAnswer::Status(status)),
                Err(NotDone::NoAnswer { what, .. }) => Came::Nothing(what),
                Err(_) => Came::Nothing(NoAnswer::Unfit),
            },
            How::Command(words) => {
                let command = program(words, &check.deed, at, values);
                match self.run(command, Stdio::null(), Stdio::null()).await.0.map(|status| status.code()) {
                    Ok(Some(0)) => Came::Accepted,
                    Ok(Some(REFUSED_CODE)) => Came::Refused,
                    _ => Came::Nothing(NoAnswer::Program),
                }
            }
        };
        Use { sent, ended: clock::instant(), came }
    }

    /// A request, and its whole answer.
    async fn exchange(
        &self,
        request: &Request,
        at: &Address,
        values: &Values,
    ) -> Result<(u16, Vec<u8>, Instant), NotDone> {
        let no_answer = |what| NotDone::NoAnswer { address: at.name.clone(), what };
        let (Some(http), Some(_)) = (&self.http, &at.url) else { return Err(no_answer(NoAnswer::Unfit)) };
        let request = written(http, request, at, values)?;
        let failed = |error: reqwest::Error| no_answer(what_failed(&error));
        let mut response = request.send().await.map_err(failed)?;
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(no_answer(NoAnswer::Interrupted));
            }
            body.extend_from_slice(&chunk);
        }
        Ok((status, body, clock::instant()))
    }

    /// A program to its end, and what it printed.
    async fn run(&self, mut command: Command, stderr: Stdio, stdout: Stdio) -> (Result<ExitStatus, String>, Vec<u8>) {
        let mut printed = Vec::new();
        let running = async {
            let spawned = command.stdin(Stdio::null()).stdout(stdout).stderr(stderr).kill_on_drop(true).spawn();
            let mut child = spawned.map_err(|error| format!("cannot be run: {error}"))?;
            if let Some(stdout) = child.stdout.take() {
                let read = stdout.take(ANSWER_BYTES_MAX as u64).read_to_end(&mut printed).await;
                read.map_err(|error| format!("cannot be read: {error}"))?;
            }
            child.wait().await.map_err(|error| format!("cannot be waited for: {error}"))
        };
        let ended = tokio::time::timeout(self.patience.total, running).await;
        let timed_out = format!("did not end within {:?}", self.patience.total);
        (ended.unwrap_or(Err(timed_out)), printed)
    }
}

/// One connection: as the client of the command line makes them, with room for one that is idle.
fn client(url: &Url, patience: Patience) -> Result<Client, NoConnections> {
    let mut builder = Client::builder()
        .user_agent(concat!("claviger-meter/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .http1_only()
        .pool_max_idle_per_host(1)
        .connect_timeout(patience.connect)
        .timeout(patience.total);
    if url.scheme() == "http" {
        // Nothing is encrypted, so a machine without CA certificates will do.
        builder = builder.tls_certs_only([]);
    }
    if is_loopback(url) {
        // A proxy could not reach it, and would see the credential.
        builder = builder.no_proxy();
    }
    builder.build().map_err(|error| NoConnections(error.without_url().to_string()))
}

fn written(http: &Client, request: &Request, at: &Address, values: &Values) -> Result<RequestBuilder, Unfit> {
    let url = Url::parse(&format!("{}{}", at.name, request.path.path(values)?));
    let url = url.map_err(|_| Unfit::NoSegment("of the url".to_owned()))?;
    let mut builder = http.request(request.method.clone(), url);
    for (name, value) in &request.headers {
        let text = value.header(name.as_str(), values)?;
        let mut value = HeaderValue::from_str(&text).map_err(|_| Unfit::Header(name.to_string()))?;
        value.set_sensitive(true);
        builder = builder.header(name, value);
    }
    if let Some((username, password)) = &request.basic {
        let (username, password) = (username.plain(values)?, password.plain(values)?);
        if username.contains(':') {
            return Err(Unfit::Colon);
        }
        builder = builder.basic_auth(username, Some(password));
    }
    match &request.body {
        Body::None => Ok(builder),
        Body::Json(json) => {
            Ok(builder.header(CONTENT_TYPE, "application/json").body(filled(json, values)?.to_string()))
        }
        Body::Form(fields) => {
            let mut form = form_urlencoded::Serializer::new(String::new());
            for (name, value) in fields {
                form.append_pair(name, &value.plain(values)?);
            }
            Ok(builder.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form.finish()))
        }
    }
}

/// JSON's own writer escapes what stands in its strings.
fn filled(json: &Json, values: &Values) -> Result<serde_json::Value, Unfit> {
    Ok(match json {
        Json::Text(text) => text.plain(values)?.into(),
        Json::Other(value) => value.clone(),
        Json::List(list) => list.iter().map(|json| filled(json, values)).collect::<Result<Vec<_>, _>>()?.into(),
        Json::Object(members) => {
            let members = members.iter().map(|(name, json)| Ok((name.clone(), filled(json, values)?)));
            serde_json::Value::Object(members.collect::<Result<_, Unfit>>()?)
        }
    })
}

fn what_failed(error: &reqwest::Error) -> NoAnswer {
    if error.is_connect() {
        NoAnswer::CannotConnect
    } else if error.is_timeout() {
        NoAnswer::TimedOut
    } else {
        NoAnswer::Interrupted
    }
}

/// A program with the round's values in its environment: `METER_NAME`, `METER_SECRET`, ..., and `METER_AT` where addresses are given.
fn program(words: &[String], deed: &Deed, at: &Address, values: &Values) -> Command {
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]);
    for (name, value) in values.each() {
        command.env(format!("METER_{}", name.to_ascii_uppercase()), value);
    }
    // Without addresses, the one that there is names the program.
    if deed.at.len() > 1 || at.name != words[0] {
        command.env("METER_AT", &at.name);
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Template;

    #[test]
    fn a_value_stays_a_string_of_its_json() {
        let text = Template::parse("-{value}-", &|_| Err(String::new())).expect("a template");
        let json =
            Json::Object(vec![("username".to_owned(), Json::List(vec![Json::Text(text), Json::Other(7.into())]))]);
        let mut values = Values::default();
        values.set("value", "\", \"admin\": true, \"x\\".to_owned());
        let written = filled(&json, &values).expect("JSON").to_string();
        let read: serde_json::Value = serde_json::from_str(&written).expect("JSON");
        assert_eq!(read, serde_json::json!({"username": ["-\", \"admin\": true, \"x\\-", 7]}));
    }

    #[test]
    fn what_may_have_been_made_is_told_from_what_was_not() {
        let no_answer = |what| NotDone::NoAnswer { address: String::new(), what };
        let told = |failed: NotDone| (failed.was_not_sent(), failed.was_declined());
        assert_eq!(told(no_answer(NoAnswer::CannotConnect)), (true, false));
        for unknown in [no_answer(NoAnswer::TimedOut), NotDone::Status(503), NotDone::Status(408), NotDone::Status(429)]
        {
            assert_eq!(told(unknown), (false, false));
        }
        assert_eq!(told(NotDone::Status(403)), (false, true));
    }
}
