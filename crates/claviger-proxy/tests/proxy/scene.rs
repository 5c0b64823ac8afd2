//! Everything that a test needs at once: the proxy with a few accounts and a route table, and an API behind it.

use std::fs;
use std::net::SocketAddr;
use std::ops::Deref;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use reqwest::Method;
use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::message::{Client, Message, request};
use crate::postgres::Cluster;
use crate::process::{Ended, Process, wait_until};
use crate::stage::{Account, Place, ROUTES, Stage};
pub(crate) use crate::stores::{On, on_both_stores};
use crate::upstream::Upstream;

/// The file in the scene's home with the owner's secret.
const OWNER_SECRET: &str = "owner-secret";

/// Longer than any answer takes.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Scene {
    stage: Stage,
    pub(crate) owner: Account,
    process: Option<Process>,
    home: TempDir,
    /// Where the store is PostgreSQL.
    database: Option<String>,
    http: reqwest::Client,
    scheme: &'static str,
}

impl Deref for Scene {
    type Target = Stage;

    fn deref(&self) -> &Stage {
        &self.stage
    }
}

/// What is special about a scene.
pub(crate) struct Setting {
    pub(crate) on: On,
    pub(crate) place: Place,
    /// The upstreams, where the API is not the one that every scene has.
    pub(crate) upstreams: Option<String>,
    pub(crate) options: Vec<String>,
    /// Whether the server and the proxy have a certificate; the options name it.
    pub(crate) is_encrypted: bool,
}

impl Default for Setting {
    fn default() -> Self {
        Self { on: On::Sqlite, place: Place::own(), upstreams: None, options: Vec::new(), is_encrypted: false }
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

    pub(crate) async fn open_on(on: On) -> Self {
        Self::set(Setting { on, ..Setting::default() }).await
    }

    pub(crate) async fn set(setting: Setting) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let home = tempfile::tempdir().expect("a folder");
        fs::write(home.path().join("routes.toml"), ROUTES).expect("written");
        let place = setting.place;
        let upstream = match setting.upstreams {
            // Nothing ever reaches this one.
            Some(_) => Upstream::default(),
            None => Upstream::listen(place.api()).await,
        };
        let database = (setting.on == On::Postgres).then(|| Cluster::shared().database());
        let process = Process::start(command(home.path(), &setting, database.as_deref()));
        let nobody = Account::new(0, "", "");
        let (reader, visitor) = (nobody.clone(), nobody.clone());
        let mut scene = Self {
            stage: Stage { place, upstream, organization: 0, project: 0, reader, visitor },
            owner: nobody,
            process: Some(process),
            home,
            database,
            http: http(),
            scheme: if setting.is_encrypted { "https" } else { "http" },
        };
        scene.wait_for(" ready ");
        scene.wait_for("the proxy listens");
        scene.people().await;
        scene
    }

    /// One more proxy on the same database, in front of the same API.
    pub(crate) fn beside(other: &Self) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        fs::copy(other.home.path().join("routes.toml"), home.path().join("routes.toml")).expect("the routes");
        let key = ".local/share/claviger/audit.key";
        fs::create_dir_all(home.path().join(".local/share/claviger")).expect("a folder");
        fs::copy(other.home.path().join(key), home.path().join(key)).expect("the audit log's key");
        let setting = Setting { on: On::Postgres, ..Setting::before(Place::own(), &[other.place.api()]) };
        let process = Process::start(command(home.path(), &setting, other.database.as_deref()));
        let (reader, visitor) = (other.reader.clone(), other.visitor.clone());
        let (organization, project) = (other.organization, other.project);
        let upstream = Upstream::default();
        let mut scene = Self {
            stage: Stage { place: setting.place, upstream, organization, project, reader, visitor },
            owner: other.owner.clone(),
            process: Some(process),
            home,
            database: other.database.clone(),
            http: http(),
            scheme: "http",
        };
        scene.wait_for(" ready ");
        scene.wait_for("the proxy listens");
        scene
    }

    async fn people(&mut self) {
        let mut printed = String::new();
        wait_until("the owner to be handed over", || {
            printed = self.process().out();
            printed.contains("/api/app/me")
        });
        let word = printed.split_once("username ").expect("a username").1.split_whitespace().next();
        let secret = fs::read_to_string(self.home.path().join(OWNER_SECRET)).expect("a secret");
        let numbers = printed.split(['(', ')']).filter_map(|part| part.parse().ok()).collect::<Vec<u64>>();
        (self.stage.organization, self.stage.project) = (numbers[0], numbers[1]);
        self.owner = Account::new(0, word.expect("a username"), secret.trim());
        self.stage.reader = self.create("reader").await;
        self.stage.visitor = self.create("visitor").await;
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
        let page = self.http.get(format!("http://{}/metrics", metrics(self.place))).send().await;
        page.expect("an answer").text().await.expect("text")
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

fn metrics(place: Place) -> SocketAddr {
    place.at(9000)
}

fn http() -> reqwest::Client {
    let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE).danger_accept_invalid_certs(true).build();
    http.expect("a client")
}

fn command(home: &Path, setting: &Setting, database: Option<&str>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_claviger-proxy"));
    let told = |name: &str| ["CLAVIGER_", "PG", "XDG_"].iter().any(|prefix| name.starts_with(prefix));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(told)) {
        command.env_remove(name);
    }
    let place = setting.place;
    let upstreams = setting.upstreams.clone().unwrap_or_else(|| format!("http://{}", place.api()));
    command.env("HOME", home).arg("--routes").arg(home.join("routes.toml"));
    match database {
        None => command.arg("--data").arg(home.join("data")),
        Some(url) => command.args(["--database", url]),
    };
    command.arg("--secret-file").arg(home.join(OWNER_SECRET));
    command.args(["--listen", &place.claviger().to_string(), "--proxy-listen", &place.gateway().to_string()]);
    command.args(["--metrics-listen", &metrics(place).to_string()]);
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
