//! Everything that a test needs at once: the proxy with a few accounts and a route table, and an API behind it.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use reqwest::Method;
use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::message::{Client, Message, request};
use crate::process::{Ended, Process, wait_until};
use crate::upstream::Upstream;

const ROUTES: &str = r#"
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

/// Longer than any answer takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// An address of this machine that nobody else uses: all of 127.0.0.0/8 is this machine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place(Ipv4Addr);

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

    pub(crate) fn claviger(self) -> SocketAddr {
        self.at(8000)
    }

    pub(crate) fn api(self) -> SocketAddr {
        self.at(8081)
    }

    pub(crate) fn proxy(self) -> SocketAddr {
        self.at(8080)
    }

    pub(crate) fn metrics(self) -> SocketAddr {
        self.at(9000)
    }
}

/// A service account, and its credential as it travels.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) id: u64,
    pub(crate) username: String,
    pub(crate) secret: String,
    pub(crate) credential: String,
}

impl Account {
    fn new(id: u64, username: &str, secret: &str) -> Self {
        let credential = format!("Basic {}", BASE64_STANDARD.encode(format!("{username}:{secret}")));
        Self { id, username: username.to_owned(), secret: secret.to_owned(), credential }
    }
}

pub(crate) struct Scene {
    pub(crate) place: Place,
    pub(crate) upstream: Option<Upstream>,
    pub(crate) organization: u64,
    pub(crate) project: u64,
    pub(crate) owner: Account,
    /// An analyst of the project.
    pub(crate) reader: Account,
    /// Of the organization, and of no project.
    pub(crate) visitor: Account,
    process: Option<Process>,
    home: TempDir,
    http: reqwest::Client,
    scheme: &'static str,
}

/// What is special about a scene.
pub(crate) struct Setting {
    pub(crate) place: Place,
    /// The upstreams, where the API is not the one that every scene has.
    pub(crate) upstreams: Option<String>,
    pub(crate) options: Vec<String>,
    /// Whether the server and the proxy have a certificate; the options name it.
    pub(crate) is_encrypted: bool,
}

impl Default for Setting {
    fn default() -> Self {
        Self { place: Place::own(), upstreams: None, options: Vec::new(), is_encrypted: false }
    }
}

impl Setting {
    pub(crate) fn with(options: &[&str]) -> Self {
        Self { options: options.iter().map(|&option| option.to_owned()).collect(), ..Self::default() }
    }

    /// In front of these servers.
    pub(crate) fn before(place: Place, upstreams: &[SocketAddr]) -> Self {
        let urls: Vec<String> = upstreams.iter().map(|address| format!("http://{address}")).collect();
        Self { place, upstreams: Some(urls.join(",")), ..Self::default() }
    }
}

impl Scene {
    pub(crate) async fn open() -> Self {
        Self::set(Setting::default()).await
    }

    pub(crate) async fn set(setting: Setting) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let home = tempfile::tempdir().expect("a folder");
        fs::write(home.path().join("routes.toml"), ROUTES).expect("written");
        let place = setting.place;
        let upstream = match setting.upstreams {
            Some(_) => None,
            None => Some(Upstream::listen(place.api()).await),
        };
        let process = Process::start(command(home.path(), &setting));
        let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE).danger_accept_invalid_certs(true).build();
        let nobody = Account::new(0, "", "");
        let mut scene = Self {
            place,
            upstream,
            organization: 0,
            project: 0,
            owner: nobody.clone(),
            reader: nobody.clone(),
            visitor: nobody,
            process: Some(process),
            home,
            http: http.expect("a client"),
            scheme: if setting.is_encrypted { "https" } else { "http" },
        };
        scene.wait_for(" ready ");
        scene.wait_for("the proxy listens");
        scene.people().await;
        scene
    }

    async fn people(&mut self) {
        let mut printed = String::new();
        wait_until("the owner to be handed over", || {
            printed = self.process().out();
            printed.contains("/api/app/me")
        });
        let word = printed.split_once("username ").expect("a username").1.split_whitespace().next();
        let secret = fs::read_to_string(self.home.path().join("data/owner-secret")).expect("a secret");
        let numbers = printed.split(['(', ')']).filter_map(|part| part.parse().ok()).collect::<Vec<u64>>();
        (self.organization, self.project) = (numbers[0], numbers[1]);
        self.owner = Account::new(0, word.expect("a username"), secret.trim());
        self.reader = self.create("reader").await;
        self.visitor = self.create("visitor").await;
        let grant = format!("/api/app/organizations/{}/service-accounts/add-to-project", self.organization);
        let analyst = json!([{ "id": self.project, "role": "analyst" }]);
        let body = json!({ "projects": analyst, "service_account_ids": [self.reader.id] });
        self.owner_asks(Method::POST, &grant, Some(body)).await;
    }

    pub(crate) async fn create(&self, name: &str) -> Account {
        let path = format!("/api/app/organizations/{}/service-accounts", self.organization);
        let made = self.owner_asks(Method::POST, &path, Some(json!({ "username": name }))).await;
        let text = |field: &str| made[field].as_str().unwrap_or_else(|| panic!("no {field}")).to_owned();
        Account::new(made["id"].as_u64().expect("an id"), &text("username"), &text("token"))
    }

    /// From the answer on, whoever is deleted is refused.
    pub(crate) async fn delete(&self, account: &Account) {
        let path = format!("/api/app/organizations/{}/service-accounts/{}", self.organization, account.id);
        self.owner_asks(Method::DELETE, &path, None).await;
    }

    async fn owner_asks(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let mut asked = self.http.request(method, format!("{}://{}{path}", self.scheme, self.place.claviger()));
        asked = asked.basic_auth(&self.owner.username, Some(&self.owner.secret));
        if let Some(body) = body {
            asked = asked.json(&body);
        }
        let answer = asked.send().await.expect("an answer");
        let status = answer.status();
        let body: Value = answer.json().await.expect("JSON");
        assert!(status.is_success(), "{status}: {body}");
        body["results"].clone()
    }

    /// What `/auth/check` answers about the same request.
    pub(crate) async fn auth_check(&self, who: Option<&Account>, method: &str, target: &str) -> Message {
        let mut headers = vec![("X-Forwarded-Method", method), ("X-Forwarded-Uri", target)];
        headers.extend(who.iter().map(|account| ("Authorization", account.credential.as_str())));
        let mut client = Client::connect(self.place.claviger()).await;
        client.ask(&request("GET", "/auth/check", &headers)).await.expect("an answer")
    }

    pub(crate) async fn metrics(&self) -> String {
        let page = self.http.get(format!("http://{}/metrics", self.place.metrics())).send().await;
        page.expect("an answer").text().await.expect("text")
    }

    /// A path of the project.
    pub(crate) fn of_project(&self, rest: &str) -> String {
        format!("/v1/projects/{}/{rest}", self.project)
    }

    pub(crate) fn upstream(&self) -> &Upstream {
        self.upstream.as_ref().expect("the scene's own")
    }

    pub(crate) async fn client(&self) -> Client {
        Client::connect(self.place.proxy()).await
    }

    /// What a request on a connection of its own is answered; `None` where the proxy closes without an answer.
    pub(crate) async fn sends(&self, request: &str) -> Option<Message> {
        self.client().await.ask(request).await
    }

    /// The same for a request that anybody could send.
    pub(crate) async fn asks(&self, who: Option<&Account>, method: &str, target: &str) -> Message {
        let credential: Vec<(&str, &str)> =
            who.iter().map(|account| ("Authorization", account.credential.as_str())).collect();
        self.sends(&request(method, target, &credential)).await.expect("an answer")
    }

    /// What the API got, which is one request.
    pub(crate) fn one_at_the_api(&self) -> Message {
        let mut requests = self.upstream().requests();
        assert_eq!(requests.len(), 1, "{requests:#?}");
        requests.remove(0)
    }

    fn process(&self) -> &Process {
        self.process.as_ref().expect("it runs")
    }

    pub(crate) fn log(&self) -> String {
        self.process().err()
    }

    pub(crate) fn wait_for(&mut self, words: &str) {
        let process = self.process.as_mut().expect("it runs");
        wait_until(words, || {
            assert!(!process.has_ended(), "it ended: {}", process.err());
            process.err().contains(words)
        });
    }

    /// Asks it to stop.
    pub(crate) fn ask_to_stop(&self) {
        self.process().signal(Signal::TERM);
    }

    pub(crate) fn ended(&mut self) -> Ended {
        self.process.take().expect("it runs").ended()
    }
}

fn command(home: &Path, setting: &Setting) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_claviger-proxy"));
    let told = |name: &str| ["CLAVIGER_", "PG", "XDG_"].iter().any(|prefix| name.starts_with(prefix));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(told)) {
        command.env_remove(name);
    }
    let place = setting.place;
    let upstreams = setting.upstreams.clone().unwrap_or_else(|| format!("http://{}", place.api()));
    command.env("HOME", home).arg("--data").arg(home.join("data")).arg("--routes").arg(home.join("routes.toml"));
    command.args(["--listen", &place.claviger().to_string(), "--proxy-listen", &place.proxy().to_string()]);
    command.args(["--metrics-listen", &place.metrics().to_string()]);
    command.args(["--upstream", &upstreams]).args(&setting.options);
    if !setting.options.iter().any(|option| option == "--log") {
        command.args(["--log", "debug"]);
    }
    command
}

/// A program that is started with these words, and ends.
pub(crate) fn ends(words: &[&str]) -> Ended {
    let home = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_claviger-proxy"));
    command.env_clear().env("HOME", home.path()).arg("--data").arg(home.path().join("data")).args(words);
    crate::process::run(command)
}
