//! The plan of a measurement: how a credential is made, used and revoked at the server that is measured.
//!
//! TOML, with a table a step. A step is a request (`method`, `url`, ...) or a program (`command`). What must stay true: a plan
//! that can be read can be carried out as far as this program knows: each placeholder has a value by the time that its step
//! comes, and no URL holds a credential. No value of the environment or of a file is ever part of a URL: it would be in logs.

mod written;

use reqwest::{Method, Url};

use super::captured::Pointer;
use super::statuses::Statuses;
use super::template::{Outside, Template};

/// How a server is measured.
#[derive(Debug)]
pub struct Plan {
    /// Before all rounds, once.
    pub prepare: Option<Step>,
    /// Makes a credential.
    pub create: Step,
    /// Uses it.
    pub check: Check,
    /// Takes it back.
    pub revoke: Step,
}

/// A step that captures values.
#[derive(Debug)]
pub struct Step {
    /// What is done.
    pub deed: Deed,
    /// What it says is done.
    pub done: Statuses,
    /// What says, of a revocation, that there is nothing to revoke any more.
    pub gone: Statuses,
    /// Which values are taken out of its answer.
    pub capture: Vec<(String, Pointer)>,
}

/// The step that is measured.
#[derive(Debug)]
pub struct Check {
    /// What is done.
    pub deed: Deed,
    /// The credential is accepted.
    pub accepted: Statuses,
    /// It is refused. All else says nothing about it.
    pub refused: Statuses,
}

/// What a step does.
#[derive(Debug)]
pub struct Deed {
    /// Where: the addresses that take part, in turn or, of the check, all of them.
    pub at: Vec<Address>,
    /// How.
    pub how: How,
}

/// A place that is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// As results name it, and as `{at}` stands for it.
    pub name: String,
    /// Its URL, where a request goes there.
    pub url: Option<Url>,
}

/// A text is no address. It is not quoted, since people put passwords in URLs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an address {0}; write it as https://keys.example.com")]
pub struct NoAddress(&'static str);

impl Address {
    /// Reads one that requests go to.
    pub fn parse(text: &str) -> Result<Self, NoAddress> {
        // The parser takes braces for a part of a name, and whoever writes them means a placeholder.
        let url = Url::parse(text).ok().filter(|_| !text.contains(['{', '}'])).ok_or(NoAddress("is no URL"))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(NoAddress("begins with neither https:// nor http://"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(NoAddress("contains a username or a password, which belong in basic or in a header"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(NoAddress("contains a question mark or a number sign"));
        }
        Ok(Self { name: url.as_str().trim_end_matches('/').to_owned(), url: Some(url) })
    }
}

/// A request or a program.
#[derive(Debug)]
pub enum How {
    /// A request over HTTP.
    Http(Box<Request>),
    /// A program and its arguments. Values reach it by its environment: arguments stand in the list of processes.
    Command(Vec<String>),
}

/// What is asked of an address.
#[derive(Debug)]
pub struct Request {
    /// Its method.
    pub method: Method,
    /// The path and the query, behind the address.
    pub path: Template,
    /// Its headers.
    pub headers: Vec<(reqwest::header::HeaderName, Template)>,
    /// Username and password, by HTTP's Basic.
    pub basic: Option<(Template, Template)>,
    /// What is sent.
    pub body: Body,
}

/// What is sent.
#[derive(Debug)]
pub enum Body {
    /// Nothing.
    None,
    /// A value of JSON, in whose strings placeholders are.
    Json(Json),
    /// A form.
    Form(Vec<(String, Template)>),
}

/// JSON with placeholders.
#[derive(Debug)]
pub enum Json {
    /// A string.
    Text(Template),
    /// Neither a string nor made of others.
    Other(serde_json::Value),
    /// A list.
    List(Vec<Json>),
    /// An object.
    Object(Vec<(String, Json)>),
}

/// Why there is no plan to go by.
#[derive(Debug, thiserror::Error)]
pub enum NoPlan {
    /// Not TOML, or not of a plan's form.
    #[error("the plan is not right{}: {reason}", line.map(|line| format!(" in line {line}")).unwrap_or_default())]
    Form {
        /// Where.
        line: Option<usize>,
        /// What the reader says, without the line itself.
        reason: String,
    },
    /// A step cannot be carried out.
    #[error("the plan's step {step}: {reason}")]
    Step {
        /// Which.
        step: &'static str,
        /// Why.
        reason: String,
    },
}

impl Plan {
    /// Reads a plan, and all that it takes from the environment and from files.
    pub fn read(text: &str, outside: Outside<'_>) -> Result<Self, NoPlan> {
        written::read(text, outside)
    }

    /// The servers that a secret reaches unencrypted, over a network.
    pub fn exposed(&self) -> Vec<String> {
        let steps = [self.prepare.as_ref(), Some(&self.create), Some(&self.revoke)];
        let deeds = steps.into_iter().flatten().map(|step| &step.deed).chain([&self.check.deed]);
        let urls = deeds.flat_map(|deed| &deed.at).filter_map(|address| address.url.as_ref());
        let exposed = urls.filter(|url| url.scheme() == "http" && !is_loopback(url));
        let mut exposed: Vec<_> = exposed.map(|url| url.origin().ascii_serialization()).collect();
        exposed.sort();
        exposed.dedup();
        exposed
    }
}

/// Whether this machine alone is asked.
pub fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    host == "localhost" || host.ends_with(".localhost") || address.is_ok_and(|address| address.is_loopback())
}
