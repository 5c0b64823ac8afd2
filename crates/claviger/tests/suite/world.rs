//! A server on a store of its own, and who lives there.
//!
//! ```text
//! acme: ada owner, bob admin, mel member
//!   shop: exporter admin, reader analyst
//!     eu: reader consumer
//! globex: gil owner
//! ```
//!
//! An organization, its accounts with their organization roles; a project with project roles; a workspace with
//! workspace roles. Names that end with `@` are people's: they are invited by an owner, and accept. The first account of an organization must be an owner: it is founded with it. In paths, `{name}`
//! stands for the id.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use claviger::api::{self, TrustedProxies};
use claviger::console::{self, Outside, Transport};
use claviger::gateway::forward_auth::OriginalRequest;
use claviger::gateway::watched_table::WatchedTable;
use claviger::gateway::{Asking, Checks as Answered};
use claviger::listener::{self, Apps, Limits};
use claviger::node::{House, Node, Running};
use claviger::store::Location;
use claviger::store::writing::Origin;
use claviger::writer::Request;
use claviger_access::Caller;
use claviger_access::administration::organization::{self, Found};
use claviger_access::identity::{AccountName, UsernameSuffix};
use claviger_access::text::DisplayName;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::answer::Answer;
use crate::looked_through::{self, Log};
use crate::postgres::Cluster;

/// A proxy in front: requests from this address may say where they come from.
pub(crate) const PROXY: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 3));

/// Which store a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum On {
    Sqlite,
    Postgres,
}

/// Writes a test once and runs it on both stores.
macro_rules! on_both_stores {
    ($($(#[$meta:meta])* async fn $name:ident($world:ident: World) $body:block)*) => {$(
        $(#[$meta])*
        mod $name {
            use super::*;

            async fn test($world: $crate::world::World) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                $crate::world::World::run($crate::world::On::Sqlite, test).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                $crate::world::World::run($crate::world::On::Postgres, test).await;
            }
        }
    )*};
}

pub(crate) use on_both_stores;

/// Somebody with a credential.
#[derive(Clone)]
pub(crate) struct Account {
    pub(crate) id: u64,
    pub(crate) username: String,
    pub(crate) secret: String,
    world: World,
}

/// A server and who lives there. Cheap to clone.
#[derive(Clone)]
pub(crate) struct World {
    inner: Arc<Inner>,
}

struct Inner {
    pub(crate) on: On,
    /// The URL of its PostgreSQL database, where it is one.
    database: Option<String>,
    node: Mutex<Node>,
    address: Mutex<SocketAddr>,
    running: Mutex<Option<Serving>>,
    house: House,
    client: Client,
    ids: Mutex<BTreeMap<String, u64>>,
    accounts: Mutex<BTreeMap<String, Account>>,
    secrets: Mutex<Vec<(String, String)>>,
    log_begin: usize,
    /// Kept for as long as the world is: its end removes the store.
    _folder: TempDir,
}

struct Serving {
    running: Running,
    stop: CancellationToken,
    served: JoinHandle<()>,
}

impl World {
    /// Runs a test in an empty world, then looks it through.
    pub(crate) async fn run<F: Future<Output = ()>>(on: On, test: impl FnOnce(World) -> F) {
        let world = Self::start(on).await;
        test(world.clone()).await;
        looked_through::world(&world).await;
        world.stop().await;
        looked_through::store_at_rest(&world);
        // Accounts hold their world: forgetting them lets it go, and its folder with it.
        world.inner.accounts.lock().unwrap().clear();
        if let Some(url) = world.inner.database.clone() {
            tokio::task::spawn_blocking(move || Cluster::shared().remove(&url)).await.expect("removed");
        }
    }

    async fn start(on: On) -> Self {
        // A second test of this process finds the provider installed.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Log::start();
        let log_begin = Log::position();
        let folder = tempfile::tempdir().expect("a folder");
        let database = match on {
            On::Sqlite => None,
            On::Postgres => {
                Some(tokio::task::spawn_blocking(|| Cluster::shared().database()).await.expect("a database"))
            }
        };
        let location = match &database {
            None => Location::Folder(folder.path().join("data")),
            Some(url) => Location::from_url(url).expect("an address"),
        };
        let audit_key = folder.path().join("audit.key");
        let house = House::at(location, audit_key);
        let (node, address, serving) = serve(house.clone(), Outside::default(), Checks::default()).await;
        // No connection is used again that the server is about to close: it lies idle there for two seconds at most.
        let idle = std::time::Duration::from_secs(1);
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().pool_idle_timeout(idle);
        let client = client.build().expect("a client");
        let inner = Inner {
            on,
            database,
            node: Mutex::new(node),
            address: Mutex::new(address),
            running: Mutex::new(Some(serving)),
            house,
            client,
            ids: Mutex::default(),
            accounts: Mutex::default(),
            secrets: Mutex::default(),
            log_begin,
            _folder: folder,
        };
        Self { inner: Arc::new(inner) }
    }

    async fn stop(&self) {
        let serving = self.inner.running.lock().unwrap().take();
        if let Some(serving) = serving {
            serving.stop.cancel();
            serving.served.await.expect("the listener ended well");
            serving.running.stop().await;
        }
    }

    /// Stops the server and starts it again on the same store.
    pub(crate) async fn restart(&self) {
        self.restart_with(Outside::default()).await;
    }

    /// The same, with what the operator says of the world outside.
    pub(crate) async fn restart_with(&self, outside: Outside) {
        self.start_again(outside, Checks::default()).await;
    }

    /// The same, with what the operator says of checks.
    pub(crate) async fn restart_checking(&self, checks: Checks) {
        self.start_again(Outside::default(), checks).await;
    }

    async fn start_again(&self, outside: Outside, checks: Checks) {
        self.stop().await;
        let (node, address, serving) = serve(self.inner.house.clone(), outside, checks).await;
        *self.inner.node.lock().unwrap() = node;
        *self.inner.address.lock().unwrap() = address;
        *self.inner.running.lock().unwrap() = Some(serving);
    }

    /// Makes what the text says; see the module's description.
    pub(crate) async fn with(self, text: &str) -> Self {
        let (mut organization, mut project) = (String::new(), String::new());
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let (name, members) = line.split_once(':').expect("a colon in each line");
            let depth = name.len() - name.trim_start().len();
            let name = name.trim();
            let members: Vec<(&str, &str)> =
                members.split(',').filter_map(|member| member.trim().split_once(' ')).collect();
            let least_depth = text
                .lines()
                .filter(|line| !line.trim().is_empty())
                .map(|line| line.len() - line.trim_start().len())
                .min();
            match (depth - least_depth.unwrap_or(0)) / 2 {
                0 => {
                    organization = name.to_owned();
                    self.found(name, &members).await;
                }
                1 => {
                    project = name.to_owned();
                    self.make_project(&organization, name, &members).await;
                }
                _ => self.make_workspace(&organization, &project, name, &members).await,
            }
        }
        self
    }

    async fn found(&self, name: &str, members: &[(&str, &str)]) {
        let (owner, role) = members.first().expect("an owner first");
        assert_eq!(*role, "owner", "the first account of an organization is its owner");
        let first = self.node().cluster.directory().expect("an image").organizations().next().is_none();
        let command = Found {
            organization: DisplayName::parse(name).expect("a name"),
            project: DisplayName::parse(&format!("{name} main")).expect("a name"),
            owner: AccountName::parse(owner).expect("a name"),
            first: first.then(UsernameSuffix::default),
        };
        let origin = Origin { request_id: "founding".into(), address: None };
        let request = Request { origin, organization: None, weight: 1 };
        let founded = self
            .node()
            .writer
            .perform(request, move |draft, moment, random| {
                organization::found(draft, &Caller::Operator, &command, moment, random)
            })
            .await
            .expect("a founding");
        self.name(name, founded.organization.number());
        self.name(&format!("{name} main"), founded.project.number());
        self.name(&format!("{name} all"), founded.workspace.number());
        let made = &founded.owner;
        self.remember(owner, made.id.number(), made.username.as_str(), made.secret.reveal());
        for (member, role) in &members[1..] {
            if let Some(person) = member.strip_suffix('@') {
                self.make_person(name, person, role).await;
                continue;
            }
            let body = json!({ "username": member, "organization_role": role });
            self.make_account(name, member, body).await;
        }
    }

    async fn make_project(&self, organization: &str, name: &str, members: &[(&str, &str)]) {
        let owner = self.owner_of(organization).await;
        let path = format!("organizations/{{{organization}}}/projects");
        let made = owner.post(&path, json!({ "name": name })).await.created();
        self.name(name, made["id"].as_u64().expect("an id"));
        for (member, role) in members {
            self.give(organization, member, json!([{ "id": self.id(name), "role": role }]), None).await;
        }
        self.name(&format!("{name} all"), made["workspaces"][0].as_u64().expect("a default workspace"));
    }

    async fn make_workspace(&self, organization: &str, project: &str, name: &str, members: &[(&str, &str)]) {
        let owner = self.owner_of(organization).await;
        let path = format!("projects/{{{project}}}/workspaces");
        let made = owner.post(&path, json!({ "name": name })).await.created();
        self.name(name, made["id"].as_u64().expect("an id"));
        for (member, role) in members {
            self.give(organization, member, json!([]), Some((project, name, role))).await;
        }
    }

    /// Invites a person, lets him accept, and remembers him by his name.
    pub(crate) async fn make_person(&self, organization: &str, name: &str, role: &str) -> u64 {
        let owner = self.owner_of(organization).await;
        let body = json!({ "email": email(name), "role": role });
        let invited = owner.post(&format!("organizations/{{{organization}}}/invitations"), body).await.created();
        let joined = self.accept(&invited, name).await;
        let id = if joined.status == 201 { joined.created() } else { joined.ok() }["id"].as_u64().expect("an id");
        self.name(name, id);
        id
    }

    /// Accepts an invitation, as the person of that name with his own password.
    pub(crate) async fn accept(&self, invited: &Value, name: &str) -> Answer {
        let token = self.remember_token(invited);
        let (password, called) = (self.password_of(name), format!("{name} of the world"));
        let body = json!({ "token": token, "name": called, "password": password });
        self.post("invitations/accept", body).await
    }

    /// The password of the person of that name. Nothing that was written may hold it.
    pub(crate) fn password_of(&self, name: &str) -> String {
        let password = format!("{name} has chosen this password");
        self.keep_secret(name, &password);
        password
    }

    /// The token of an invitation, which nothing that was written may hold.
    pub(crate) fn remember_token(&self, invited: &Value) -> String {
        let token = invited["token"].as_str().expect("a token").to_owned();
        self.keep_secret("invitation", &token);
        token
    }

    /// The token of a session, which nothing that was written may hold.
    pub(crate) fn remember_session(&self, token: &str) {
        self.keep_secret("session", token);
    }

    /// What nothing that was written may hold.
    pub(crate) fn keep_secret(&self, whose: &str, secret: &str) {
        let mut secrets = self.inner.secrets.lock().unwrap();
        if !secrets.iter().any(|(_, known)| known == secret) {
            secrets.push((whose.to_owned(), secret.to_owned()));
        }
    }

    /// POST without a credential.
    pub(crate) async fn post(&self, template: &str, body: Value) -> Answer {
        send(self.request(Method::POST, template).json(&body)).await
    }

    /// Makes the account where it is new, and gives it the roles.
    async fn give(&self, organization: &str, member: &str, projects: Value, workspace: Option<(&str, &str, &str)>) {
        if let Some(person) = member.strip_suffix('@') {
            return self.give_person(organization, person, &projects, workspace).await;
        }
        if !self.inner.accounts.lock().unwrap().contains_key(member) {
            self.make_account(organization, member, json!({ "username": member })).await;
        }
        let owner = self.owner_of(organization).await;
        if projects.as_array().is_some_and(|projects| !projects.is_empty()) {
            let path = format!("organizations/{{{organization}}}/service-accounts/add-to-project");
            let body = json!({ "projects": projects, "service_account_ids": [self.id(member)] });
            owner.post(&path, body).await.ok();
        }
        if let Some((project, workspace, role)) = workspace {
            let path = format!("projects/{{{project}}}/workspaces/{{{workspace}}}/service-accounts/{{{member}}}");
            owner.put(&path, json!({ "role": role })).await.ok();
        }
    }

    async fn give_person(
        &self,
        organization: &str,
        person: &str,
        projects: &Value,
        workspace: Option<(&str, &str, &str)>,
    ) {
        if !self.inner.ids.lock().unwrap().contains_key(person) {
            self.make_person(organization, person, "member").await;
        }
        let owner = self.owner_of(organization).await;
        for project in projects.as_array().into_iter().flatten() {
            let path = format!("projects/{}/users/{{{person}}}", project["id"]);
            owner.put(&path, json!({ "role": project["role"] })).await.ok();
        }
        if let Some((project, workspace, role)) = workspace {
            let path = format!("projects/{{{project}}}/workspaces/{{{workspace}}}/users/{{{person}}}");
            owner.put(&path, json!({ "role": role })).await.ok();
        }
    }

    async fn make_account(&self, organization: &str, name: &str, body: Value) {
        let owner = self.owner_of(organization).await;
        let path = format!("organizations/{{{organization}}}/service-accounts");
        let made = owner.post(&path, body).await.created();
        self.remember_made(name, &made);
    }

    async fn owner_of(&self, organization: &str) -> Account {
        let id = self.id(organization);
        let directory = self.node().cluster.directory().expect("an image");
        let accounts = self.inner.accounts.lock().unwrap().clone();
        let owners = directory.organizations().find(|known| known.id.number() == id).expect("it").owners.clone();
        let owner = accounts.values().find(|account| owners.iter().any(|owner| owner.number() == account.id));
        owner.expect("an owner").clone()
    }

    /// Remembers an account that a test made, from the answer of its creation.
    pub(crate) fn remember_made(&self, name: &str, made: &Value) -> Account {
        let id = made["id"].as_u64().expect("an id");
        self.remember(
            name,
            id,
            made["username"].as_str().expect("a username"),
            made["token"].as_str().expect("a token"),
        )
    }

    /// Remembers one more secret of an account, from the answer that made it: the account, with that secret.
    pub(crate) fn remember_secret(&self, name: &str, made: &Value) -> Account {
        let secret = made["token"].as_str().expect("a token").to_owned();
        let account = Account { secret, ..self.account(name) };
        self.inner.secrets.lock().unwrap().push((account.username.clone(), account.secret.clone()));
        account
    }

    fn remember(&self, name: &str, id: u64, username: &str, secret: &str) -> Account {
        self.name(name, id);
        let account = Account { id, username: username.to_owned(), secret: secret.to_owned(), world: self.clone() };
        self.inner.secrets.lock().unwrap().push((username.to_owned(), secret.to_owned()));
        self.inner.accounts.lock().unwrap().insert(name.to_owned(), account.clone());
        account
    }

    /// Gives an id a name, for paths.
    pub(crate) fn name(&self, name: &str, id: u64) {
        self.inner.ids.lock().unwrap().insert(name.to_owned(), id);
    }

    /// The id behind a name.
    #[track_caller]
    pub(crate) fn id(&self, name: &str) -> u64 {
        let ids = self.inner.ids.lock().unwrap();
        *ids.get(name).unwrap_or_else(|| panic!("nothing is called {name}"))
    }

    /// The account of that name.
    #[track_caller]
    pub(crate) fn account(&self, name: &str) -> Account {
        let accounts = self.inner.accounts.lock().unwrap();
        accounts.get(name).unwrap_or_else(|| panic!("no account is called {name}")).clone()
    }

    /// A path with names for ids, below the API unless it begins with a slash.
    pub(crate) fn path(&self, template: &str) -> String {
        let mut path = template.to_owned();
        for (name, id) in self.inner.ids.lock().unwrap().iter() {
            path = path.replace(&format!("{{{name}}}"), &id.to_string());
        }
        assert!(!path.contains('{'), "{path} holds a name that nothing has");
        if path.starts_with('/') { path } else { format!("/api/app/{path}") }
    }

    pub(crate) fn url(&self, template: &str) -> String {
        format!("http://{}{}", self.address(), self.path(template))
    }

    /// A request without a credential.
    pub(crate) fn request(&self, method: Method, template: &str) -> RequestBuilder {
        self.inner.client.request(method, self.url(template))
    }

    /// GET with exactly these `Authorization` values.
    pub(crate) async fn get_with(&self, template: &str, authorization: &[&[u8]]) -> Answer {
        let mut request = self.request(Method::GET, template);
        for value in authorization {
            let value = reqwest::header::HeaderValue::from_bytes(value).expect("a header that can be sent");
            request = request.header("authorization", value);
        }
        send(request).await
    }

    pub(crate) fn address(&self) -> SocketAddr {
        *self.inner.address.lock().unwrap()
    }

    pub(crate) fn node(&self) -> Node {
        self.inner.node.lock().unwrap().clone()
    }

    pub(crate) fn on(&self) -> On {
        self.inner.on
    }

    pub(crate) fn location(&self) -> &Location {
        &self.inner.house.location
    }

    /// The file with the audit log's keys.
    pub(crate) fn audit_key(&self) -> &Path {
        &self.inner.house.audit_key
    }

    /// Waits until the server may answer again.
    pub(crate) async fn becomes_ready(&self) {
        let mut waited = 0;
        while send(self.request(Method::GET, "/readyz")).await.status != 200 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            waited += 1;
            assert!(waited < 1_000, "it does not become ready");
        }
    }

    /// Where the log stood when this world began.
    pub(crate) fn log_begin(&self) -> usize {
        self.inner.log_begin
    }

    /// What the node shows its operators.
    pub(crate) fn metrics(&self) -> String {
        let mut shown = String::new();
        let registry = claviger::metrics_page::registry(&self.node(), None);
        prometheus_client::encoding::text::encode(&mut shown, &registry).expect("text");
        shown
    }

    /// One of its numbers: of the line that begins so, or 0 where there is none.
    pub(crate) fn metric(&self, begins: &str) -> u64 {
        let shown = self.metrics();
        let line = shown.lines().find_map(|line| line.strip_prefix(begins)?.strip_prefix(' '));
        line.map_or(0, |number| number.parse().expect("a number"))
    }

    /// Username and secret of everything that was made.
    pub(crate) fn secrets(&self) -> Vec<(String, String)> {
        self.inner.secrets.lock().unwrap().clone()
    }

    /// Does something to the rows behind the server's back.
    pub(crate) async fn execute(&self, sql: &str) {
        let done = sqlx::query(sqlx::AssertSqlSafe(sql.to_owned())).execute(&self.node().store.reads()).await;
        done.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// How many rows a question finds.
    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.node().store.reads()).await.expect("a count")
    }
}

impl Account {
    pub(crate) fn header(&self) -> String {
        format!("Basic {}", BASE64_STANDARD.encode(format!("{}:{}", self.username, self.secret)))
    }

    pub(crate) fn plain(&self) -> String {
        format!("Basic {}:{}", self.username, self.secret)
    }

    pub(crate) fn request(&self, method: Method, template: &str) -> RequestBuilder {
        self.world.request(method, template).header("authorization", self.header())
    }

    pub(crate) async fn get(&self, template: &str) -> Answer {
        send(self.request(Method::GET, template)).await
    }

    /// The events of a log, newest first, once there are so many: what is observed comes a moment later.
    pub(crate) async fn events_of(&self, log: &str, count: usize) -> Vec<Value> {
        loop {
            let events = self.get(log).await.ok().as_array().expect("a list").clone();
            assert!(events.len() <= count, "{events:?}");
            if events.len() == count {
                return events;
            }
            tokio::task::yield_now().await;
        }
    }

    pub(crate) async fn delete(&self, template: &str) -> Answer {
        send(self.request(Method::DELETE, template)).await
    }

    pub(crate) async fn post(&self, template: &str, body: Value) -> Answer {
        send(self.request(Method::POST, template).json(&body)).await
    }

    pub(crate) async fn put(&self, template: &str, body: Value) -> Answer {
        send(self.request(Method::PUT, template).json(&body)).await
    }

    pub(crate) async fn patch(&self, template: &str, body: Value) -> Answer {
        send(self.request(Method::PATCH, template).json(&body)).await
    }

    /// Makes an account, and remembers it by its name.
    pub(crate) async fn make(&self, template: &str, body: Value) -> Account {
        let name = body["username"].as_str().expect("a name").to_owned();
        let made = self.post(template, body).await.created();
        self.world.remember_made(&name, &made)
    }
}

/// The address of the person of that name.
pub(crate) fn email(name: &str) -> String {
    format!("{name}@example.com")
}

/// Sends, and reads the whole answer.
pub(crate) async fn send(request: RequestBuilder) -> Answer {
    Answer::read(request.send().await.expect("an answer")).await
}

/// How checks are answered.
pub(crate) struct Checks {
    /// The text of a route table.
    pub(crate) routes: Option<String>,
    pub(crate) asking: Asking,
}

impl Default for Checks {
    fn default() -> Self {
        let asking = Asking { original: OriginalRequest::XForwarded, credential: reqwest::header::AUTHORIZATION };
        Self { routes: None, asking }
    }
}

async fn serve(house: House, outside: Outside, checks: Checks) -> (Node, SocketAddr, Serving) {
    let (node, running) = Node::start(house, |_| {}).await.expect("a node");
    let bound = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = bound.local_addr().expect("an address");
    let stop = CancellationToken::new();
    let trusted: TrustedProxies = [PROXY.into()].into_iter().collect();
    let pages = console::router(node.clone(), Transport::Loopback, outside, trusted.clone(), stop.clone());
    let table = checks.routes.map(|text| {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), text).expect("written");
        Arc::new(WatchedTable::open(file.path().to_owned()).expect("a table"))
    });
    let checks = Answered::new(node.clone(), trusted.clone(), table, checks.asking);
    let connections = node.metrics.connections.clone();
    let http1 = checks.over_http1(api::router(node.clone(), trusted).merge(pages));
    let apps = Apps { http1, http2: checks.over_http2() };
    let served = tokio::spawn(listener::serve(bound, None, apps, limits(), connections, stop.clone()));
    (node, address, Serving { running, stop, served })
}

/// Short enough for a test to see a slow client cut.
fn limits() -> Limits {
    static LIMITS: OnceLock<Limits> = OnceLock::new();
    *LIMITS.get_or_init(|| Limits {
        idle: std::time::Duration::from_secs(2),
        stalled: std::time::Duration::from_secs(1),
        connections_max: 1_000,
        connections_of_one_address_max: 200,
    })
}
