//! What stands around every gateway, other people's and our own: addresses, accounts, the route table, and an API behind.
//!
//! `claviger-proxy`'s tests include this file, so nothing here names a program.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::message::{Client, Message, request};
use super::upstream::Upstream;

pub(crate) const ROUTES: &str = r#"
[[route]]
path = "/open/**"
access = "public"

[[route]]
path = "/v1/me"
access = "authenticated"

[[route]]
path = "/v1/projects/{project}/settings"
project = "{project}"
role = "admin"

[[route]]
path = "/v1/projects/{project}/**"
project = "{project}"
permission = "data:read"

[[route]]
path = "/internal/**"
access = "denied"
"#;

/// An address of this machine that nobody else uses: all of 127.0.0.0/8 is this machine, and ports stay what they are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place(pub(crate) Ipv4Addr);

impl Place {
    pub(crate) fn own() -> Self {
        static TAKEN: AtomicUsize = AtomicUsize::new(1);
        let second = u8::try_from(TAKEN.fetch_add(1, Ordering::Relaxed)).expect("a place is left");
        let [.., third, fourth] = std::process::id().to_be_bytes();
        Self(Ipv4Addr::new(127, second, third, fourth))
    }

    pub(crate) fn at(self, port: u16) -> SocketAddr {
        (self.0, port).into()
    }

    /// Where Claviger is asked.
    pub(crate) fn claviger(self) -> SocketAddr {
        self.at(8000)
    }

    /// Where the API listens.
    pub(crate) fn api(self) -> SocketAddr {
        self.at(8080)
    }

    /// Where the gateway listens.
    pub(crate) fn gateway(self) -> SocketAddr {
        self.at(8090)
    }
}

/// A service account, and its credential as it travels.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) id: u64,
    pub(crate) username: String,
    #[allow(dead_code, reason = "claviger-proxy's tests look for it where it must not be")]
    pub(crate) secret: String,
    pub(crate) credential: String,
}

impl Account {
    pub(crate) fn new(id: u64, username: &str, secret: &str) -> Self {
        let pair = BASE64_STANDARD.encode(format!("{username}:{secret}"));
        let (username, secret) = (username.to_owned(), secret.to_owned());
        Self { id, username, secret, credential: format!("Basic {pair}") }
    }
}

/// What a behaviour is shown on.
pub(crate) struct Stage {
    pub(crate) place: Place,
    pub(crate) upstream: Upstream,
    pub(crate) organization: u64,
    pub(crate) project: u64,
    /// An analyst of the project.
    pub(crate) reader: Account,
    /// Of the organization, and of no project.
    pub(crate) visitor: Account,
}

impl Stage {
    /// A path of the project.
    pub(crate) fn of_project(&self, rest: &str) -> String {
        format!("/v1/projects/{}/{rest}", self.project)
    }

    /// A connection to the gateway.
    pub(crate) async fn client(&self) -> Client {
        Client::connect(self.place.gateway()).await
    }

    /// What a request on a connection of its own is answered; `None` where the gateway closes without an answer.
    pub(crate) async fn sends(&self, request: &str) -> Option<Message> {
        self.client().await.ask(request).await
    }

    /// The same for a request that anybody could send.
    pub(crate) async fn asks(&self, who: Option<&Account>, method: &str, target: &str) -> Message {
        self.sends(&request(method, target, &credential(who))).await.expect("an answer")
    }

    /// What the API got, which is one request.
    pub(crate) fn one_at_the_api(&self) -> Message {
        let mut requests = self.upstream.requests();
        assert_eq!(requests.len(), 1, "{requests:#?}");
        requests.remove(0)
    }

    /// What the API is told about an account where no place was asked about.
    pub(crate) fn who(&self, account: &Account) -> Vec<String> {
        vec![
            format!("x-claviger-organization: {}", self.organization),
            format!("x-claviger-principal: {}", account.id),
            format!("x-claviger-username: {}", account.username),
        ]
    }

    /// The same of the reader, in the project.
    pub(crate) fn the_reader(&self) -> Vec<String> {
        let mut told = self.who(&self.reader);
        told.push("x-claviger-permissions: data:read,data:write".to_owned());
        told.push(format!("x-claviger-project: {}", self.project));
        told.push("x-claviger-role: analyst".to_owned());
        told.sort();
        told
    }
}

/// The header with somebody's credential, or none.
pub(crate) fn credential(who: Option<&Account>) -> Vec<(&str, &str)> {
    who.iter().map(|account| ("Authorization", account.credential.as_str())).collect()
}
