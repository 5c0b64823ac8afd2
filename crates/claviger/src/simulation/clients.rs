//! Who makes, checks, disables and deletes credentials, at any node.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::http::request::Builder;
use axum::http::{Method, Request, StatusCode, Uri, header};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::chance::Chance;
use super::history::{AccountNumber, History, Set};
use super::template::Template;

/// Whoever writes gives up after this, and may still be heard.
const PATIENCE: Duration = Duration::from_secs(15);

/// In the end, who does not answer is asked again after this.
const LOOKED_AGAIN_AFTER: Duration = Duration::from_millis(50);

/// Checks are about so many of the accounts that were made last.
const RECENT: u64 = 6;

/// A request on its way to a node.
pub(super) struct Asked {
    pub(super) node: usize,
    pub(super) request: Request<Body>,
    pub(super) answer: oneshot::Sender<(StatusCode, Value)>,
}

/// What clients share.
#[derive(Clone)]
pub(super) struct Clients {
    shared: Arc<Mutex<Shared>>,
    nodes: usize,
    owner: String,
    organization: u64,
}

#[derive(Default)]
pub(super) struct Shared {
    pub(super) history: History,
    pub(super) asked: Vec<Asked>,
    /// Answers, in their order.
    pub(super) said: Vec<String>,
    pub(super) is_enough: bool,
    pub(super) working: usize,
}

fn request(path: impl TryInto<Uri, Error: Into<axum::http::Error>>) -> Builder {
    Request::builder().uri(path).header(header::HOST, "localhost")
}

/// What became of a write.
#[derive(Debug, PartialEq)]
enum Outcome {
    Done(Value),
    NotDone,
    NotKnown,
}

impl Clients {
    /// Of so many nodes.
    pub(super) fn of(nodes: usize, template: &Template) -> Self {
        let (owner, organization) = (template.owner.clone(), template.organization);
        Self { shared: Arc::default(), nodes, owner, organization }
    }

    pub(super) fn shared<T>(&self, what: impl FnOnce(&mut Shared) -> T) -> T {
        what(&mut self.shared.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn is_enough(&self) -> bool {
        self.shared(|shared| shared.is_enough)
    }

    /// None where the connection broke, or nobody listens.
    async fn ask(&self, node: usize, request: Request<Body>) -> Option<(StatusCode, Value)> {
        let (answer, answered) = oneshot::channel();
        self.shared(|shared| shared.asked.push(Asked { node, request, answer }));
        answered.await.ok()
    }

    async fn write(&self, node: usize, method: Method, path: &str, body: Option<Value>) -> Outcome {
        let path = format!("/api/app/organizations/{}/service-accounts{path}", self.organization);
        let request = request(path).method(method).header(header::AUTHORIZATION, &self.owner);
        let request = match body {
            Some(body) => request.header(header::CONTENT_TYPE, "application/json").body(Body::from(body.to_string())),
            None => request.body(Body::empty()),
        };
        let asked = self.ask(node, request.expect("a request"));
        match tokio::time::timeout(PATIENCE, asked).await {
            Ok(Some((status, body))) if status.is_success() => Outcome::Done(body),
            Ok(Some((StatusCode::NOT_FOUND, _))) => Outcome::Done(Value::Null),
            Ok(Some((_, body))) if body["code"] == "outcome_unknown" => Outcome::NotKnown,
            Ok(Some((status, body))) => {
                // The owner is let in, and may do it: nobody says otherwise who knows anything.
                if status != StatusCode::SERVICE_UNAVAILABLE {
                    let violation = format!("the owner was answered {status} at node {node}: {body}");
                    self.shared(|shared| shared.history.violations.push(violation));
                }
                Outcome::NotDone
            }
            Ok(None) | Err(_) => Outcome::NotKnown,
        }
    }

    /// Makes accounts and undoes them, until it is enough; the last one to its end.
    pub(super) async fn work(self, number: usize, mut chance: Chance) {
        let mut made = 0;
        while !self.is_enough() {
            made += 1;
            let node = chance.below(self.nodes as u64) as usize;
            let body = json!({ "username": format!("worker-{number}-{made}") });
            let sent = self.shared(|shared| shared.history.now());
            match self.write(node, Method::POST, "", Some(body)).await {
                Outcome::Done(body) => {
                    let text = |name: &str| body["results"][name].as_str().unwrap_or_default().to_owned();
                    let authorization = format!("Basic {}:{}", text("username"), text("token"));
                    let id = body["results"]["id"].as_u64().unwrap_or_default();
                    let account = self.shared(|shared| shared.history.made(sent, authorization));
                    self.live(account, id, &mut chance).await;
                }
                Outcome::NotDone | Outcome::NotKnown => {
                    self.shared(|shared| shared.history.is_not_known());
                    tokio::time::sleep(chance.millis(20, 200)).await;
                }
            }
        }
        self.shared(|shared| shared.working -= 1);
    }

    /// The life of an account.
    async fn live(&self, account: AccountNumber, id: u64, chance: &mut Chance) {
        self.check_everywhere(account).await;
        for _ in 0..chance.below(3) {
            for (disabled, set) in [(true, Set::CountsNot), (false, Set::Counts)] {
                let path = format!("/{id}");
                let body = json!({ "disabled": disabled });
                if self.set(account, set, Method::PATCH, &path, Some(body), chance).await {
                    self.check_everywhere(account).await;
                }
            }
        }
        // Some stay, and must be there in the end.
        if !chance.one_in(5) && self.set(account, Set::Deleted, Method::DELETE, &format!("/{id}"), None, chance).await {
            self.check_everywhere(account).await;
        }
    }

    /// Until an answer says that it is so, wherever that comes from; or until it is enough.
    async fn set(
        &self,
        account: AccountNumber,
        set: Set,
        method: Method,
        path: &str,
        body: Option<Value>,
        chance: &mut Chance,
    ) -> bool {
        loop {
            let node = chance.below(self.nodes as u64) as usize;
            let write = self.shared(|shared| shared.history.sent(account, set));
            match self.write(node, method.clone(), path, body.clone()).await {
                Outcome::Done(_) => {
                    self.shared(|shared| shared.history.answered(account, write));
                    return true;
                }
                Outcome::NotDone => self.shared(|shared| shared.history.was_not_done(account, write)),
                Outcome::NotKnown => self.shared(|shared| shared.history.is_not_known()),
            }
            if self.is_enough() {
                return false;
            }
            tokio::time::sleep(chance.millis(20, 200)).await;
        }
    }

    async fn check_everywhere(&self, account: AccountNumber) {
        for node in 0..self.nodes {
            self.check(account, node).await;
        }
    }

    /// What it was answered with; 0 where it was not.
    async fn check(&self, account: AccountNumber, node: usize) -> u16 {
        let (sent, authorization) = self.shared(|shared| (shared.history.now(), shared.history.authorization(account)));
        let request = request("/api/app/me").header(header::AUTHORIZATION, authorization);
        let answered = self.ask(node, request.body(Body::empty()).expect("a request")).await;
        let status = answered.map_or(0, |(status, _)| status.as_u16());
        self.shared(|shared| {
            shared.said.push(format!("node {node} says {status}"));
            shared.history.checked(account, sent, status, &format!("node {node}"));
        });
        status
    }

    /// Asks with what was made last, in whatever state it is, at any node.
    pub(super) async fn watch(self, mut chance: Chance) {
        while !self.is_enough() {
            let (throw, node) = (chance.number(), chance.below(self.nodes as u64) as usize);
            if let Some(account) = self.shared(|shared| shared.history.recent(throw, RECENT)) {
                self.check(account, node).await;
            }
            tokio::time::sleep(chance.millis(1, 30)).await;
        }
        self.shared(|shared| shared.working -= 1);
    }

    /// All accounts, at all nodes, until each was answered: what is there in the end is what was answered.
    pub(super) async fn look_at_all(self) {
        let all = self.shared(|shared| shared.history.all());
        for account in all {
            for node in 0..self.nodes {
                while !matches!(self.check(account, node).await, 200 | 401) {
                    tokio::time::sleep(LOOKED_AGAIN_AFTER).await;
                }
            }
        }
        self.shared(|shared| shared.working -= 1);
    }
}
