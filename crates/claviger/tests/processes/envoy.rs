//! A real Envoy in front of an API, with the files of its guide, over gRPC and over HTTP.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::client::Caller;
use crate::process::{Process, wait_until};
use crate::server::{On, Server, Store};

const TABLE: &str = r#"
[[route]]
path = "/health"
access = "public"

[[route]]
path = "/v1/projects/{project}/orders"
project = "{project}"
permission = "data:read"

[[route]]
path = "/v1/projects/{project}"
project = "{project}"

[[route]]
path = "/v1/reports/**"
project = "web-shop"
permission = "reports:export"

[[route]]
path = "/v1/me"
access = "authenticated"

[[route]]
path = "/internal/**"
access = "denied"
"#;

/// An API that answers with the head of the request that it got, and keeps all of them.
#[derive(Clone)]
struct Api {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Api {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let api = Self { address: listener.local_addr().expect("an address"), heads: Arc::default() };
        tokio::spawn(api.clone().serve(listener));
        api
    }

    async fn serve(self, listener: TcpListener) {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(self.clone().answer(stream));
        }
    }

    async fn answer(self, mut stream: TcpStream) {
        let mut read = Vec::new();
        while !read.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                Ok(byte) => read.push(byte),
                Err(_) => return,
            }
        }
        let head = String::from_utf8_lossy(&read).into_owned();
        self.heads.lock().unwrap().push(head.clone());
        if head.to_lowercase().contains("upgrade: websocket") {
            let opened = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhello";
            let _ = stream.write_all(opened.as_bytes()).await;
            return;
        }
        let length = head.len();
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{head}");
        let _ = stream.write_all(answer.as_bytes()).await;
    }

    /// How many requests it got.
    fn count(&self) -> usize {
        self.heads.lock().unwrap().len()
    }
}

/// An Envoy that runs.
struct Envoy {
    address: SocketAddr,
    _process: Process,
}

impl Envoy {
    /// With this file of the guide, of which addresses are changed, and what `without` says is left out.
    async fn start(store: &Store, file: &str, without: &[(&str, &str)], server: &Server, api: &Api) -> Self {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
        let text = fs::read_to_string(root.join("docs/gateways/envoy").join(file)).expect("the guide's file");
        let claviger = server.url().rsplit(':').next().expect("a port");
        let mut config = text;
        for (from, to) in without {
            let (begin, end) = (config.find(from).expect(from), config.find(to).expect(to));
            config.replace_range(begin..end, "");
        }
        for (from, to) in [
            ("address: 127.0.0.1, port_value: 8090", "address: 127.0.0.1, port_value: 0".to_owned()),
            ("port_value: 8000", format!("port_value: {claviger}")),
            ("port_value: 8080", format!("port_value: {}", api.address.port())),
        ] {
            assert_eq!(config.matches(from).count(), 1, "{from}");
            config = config.replace(from, &to);
        }
        config.push_str("admin: { address: { socket_address: { address: 127.0.0.1, port_value: 0 } } }\n");
        let (config_file, admin_file) = (store.home().join(file), store.home().join("envoy-admin"));
        fs::write(&config_file, config).expect("written");
        let mut command = Command::new(root.join("target/tools/envoy"));
        command.args(["--disable-hot-restart", "--concurrency", "1", "--log-level", "warning", "--config-path"]);
        command.arg(&config_file).arg("--admin-address-path").arg(&admin_file);
        let mut process = Process::start(command);
        let mut admin = String::new();
        wait_until("Envoy to listen", || {
            assert!(!process.has_ended(), "{}", process.err());
            admin = fs::read_to_string(&admin_file).unwrap_or_default();
            !admin.is_empty()
        });
        Self { address: Self::listens(&admin).await, _process: process }
    }

    /// Where it takes requests, as soon as it does.
    async fn listens(admin: &str) -> SocketAddr {
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        loop {
            let told = client.get(format!("http://{admin}/listeners?format=json")).send().await;
            let told: Value = match told {
                Ok(answer) => serde_json::from_slice(&answer.bytes().await.expect("a body")).expect("JSON"),
                Err(_) => Value::Null,
            };
            let port = &told["listener_statuses"][0]["local_address"]["socket_address"]["port_value"];
            let Some(port) = port.as_u64().and_then(|port| u16::try_from(port).ok()) else {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                continue;
            };
            return (Ipv4Addr::LOCALHOST, port).into();
        }
    }

    /// What comes back for a head, which needs no blank line.
    async fn answers(&self, head: &[u8]) -> Answered {
        self.answers_from(Ipv4Addr::LOCALHOST.into(), head).await
    }

    /// All that comes back for a head that asks for another protocol.
    async fn upgrades(&self, head: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.expect("a connection");
        stream.write_all(&[head, b"Host: api.example.com\r\n\r\n"].concat()).await.expect("sent");
        let mut read = Vec::new();
        while !is_whole(&read) && matches!(stream.read_buf(&mut read).await, Ok(1..)) {}
        String::from_utf8_lossy(&read).into_owned()
    }

    async fn answers_from(&self, from: IpAddr, head: &[u8]) -> Answered {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind((from, 0).into()).expect("an address of this machine");
        let mut stream = socket.connect(self.address).await.expect("a connection");
        stream.write_all(&[head, b"Host: api.example.com\r\nConnection: close\r\n\r\n"].concat()).await.expect("sent");
        let mut read = Vec::new();
        // Envoy takes its time to close where it refuses by itself.
        while !is_whole(&read) {
            if !matches!(stream.read_buf(&mut read).await, Ok(1..)) {
                break;
            }
        }
        let text = String::from_utf8_lossy(&read).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status =
            head.get(9..12).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("no answer: {text}"));
        Answered { status, head: head.to_owned(), body: body.to_owned() }
    }
}

/// Whether this is an answer with all of its body, as far as its length is told.
fn is_whole(read: &[u8]) -> bool {
    let text = String::from_utf8_lossy(read);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
    length.is_some_and(|length| body.len() >= length)
}

#[derive(Debug)]
struct Answered {
    status: u16,
    head: String,
    /// The head that the API got, or the words of a refusal.
    body: String,
}

impl Answered {
    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    /// The code of a refusal by Claviger, which has all that it has without a gateway.
    fn code(&self) -> String {
        let body: Value = serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{self:?}"));
        let code = body["code"].as_str().expect("a code").to_owned();
        assert_eq!(self.header("content-type"), Some("application/json"), "{self:?}");
        assert_eq!(self.header("cache-control"), Some("no-store"), "{self:?}");
        assert_eq!(self.header("x-claviger-reason"), Some(&*code), "{self:?}");
        assert_eq!(self.header("www-authenticate").is_some(), self.status == 401, "{self:?}");
        code
    }

    /// Names and values of what the API was told about who comes, and of whatever it might take for it. The credential is
    /// not among what it was told.
    fn told(&self) -> Vec<(String, String)> {
        assert_eq!(self.status, 200, "{self:?}");
        assert!(!self.body.to_lowercase().contains("\nauthorization:"), "{self:?}");
        let headers = self.body.lines().skip(1).filter_map(|line| line.split_once(':'));
        let alike = |name: &str| name.to_lowercase().replace(['_', '.'], "-");
        let ours = headers.filter(|(name, _)| alike(name).starts_with("x-claviger"));
        let mut told: Vec<_> = ours.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect();
        told.sort();
        told
    }
}

/// A server, somebody's API, and Envoy between it and its clients.
struct Scene {
    store: Store,
    server: Server,
    api: Api,
    envoy: Envoy,
    owner: Caller,
    organization: u64,
    project: u64,
}

impl Scene {
    async fn with(file: &str, without: &[(&str, &str)]) -> Self {
        let store = Store::new(On::Sqlite);
        let founded = store.init();
        let routes = store.home().join("routes.toml");
        fs::write(&routes, TABLE).expect("written");
        let options = ["--routes", routes.to_str().expect("text"), "--trusted-proxy", "127.0.0.1"];
        let server = store.serve_with(&options);
        let owner = founded.at(&server);
        owner.patch(&format!("/api/app/projects/{}", founded.project), json!({ "slug": "web-shop" })).await.is(200);
        let api = Api::start().await;
        let envoy = Envoy::start(&store, file, without, &server, &api).await;
        let (organization, project) = (founded.organization, founded.project);
        Self { store, server, api, envoy, owner, organization, project }
    }

    /// A new account with a role in the project, or without.
    async fn account(&self, name: &str, role: Option<&str>) -> (u64, Caller) {
        let (id, caller) = self.owner.create(self.organization, name).await;
        if let Some(role) = role {
            let path = format!("/api/app/organizations/{}/service-accounts/add-to-project", self.organization);
            let projects = json!([{ "id": self.project, "role": role }]);
            self.owner.post(&path, json!({ "projects": projects, "service_account_ids": [id] })).await.is(200);
        }
        (id, caller)
    }
}

fn credential(caller: &Caller) -> String {
    BASE64_STANDARD.encode(format!("{}:{}", caller.username, caller.secret))
}

fn get(path: &str, caller: Option<&Caller>) -> Vec<u8> {
    let authorization = caller.map(|caller| format!("Authorization: Basic {}\r\n", credential(caller)));
    format!("GET {path} HTTP/1.1\r\n{}", authorization.unwrap_or_default()).into_bytes()
}

/// Who goes through and who does not, and what either is told.
async fn decides(scene: &Scene) {
    let (_, reader) = scene.account("reader", Some("analyst")).await;
    let (_, stranger) = scene.account("stranger", None).await;
    let orders = "/v1/projects/web-shop/orders?page=2";
    let forged = "X-Claviger-Role: owner\r\nx_claviger_role: owner\r\nX-Claviger-Workspace: 1\r\nX-Claviger-Admin: 1\r\n\
                  X-Claviger-Principal: 1\r\nx-claviger-principal: 2\r\nX.Claviger.Role: owner\r\n\
                  X.Claviger.Workspace: 1\r\n";
    let passes = scene.envoy.answers(&[&*get(orders, Some(&reader)), forged.as_bytes()].concat()).await;
    assert!(passes.body.starts_with("GET /v1/projects/web-shop/orders?page=2 HTTP/1.1\r\n"), "{passes:?}");
    let told = passes.told();
    let names: Vec<&str> = told.iter().map(|(name, _)| &**name).collect();
    let all = ["organization", "permissions", "principal", "project", "role", "username"];
    assert_eq!(names, all.map(|name| format!("x-claviger-{name}")), "{passes:?}");
    assert_eq!((&*told[4].1, &*told[5].1), ("analyst", &*reader.username));
    let open = scene.envoy.answers(&[&*get("/health", None), forged.as_bytes()].concat()).await;
    assert_eq!(open.told(), [], "{open:?}");

    let before = scene.api.count();
    for (path, caller, status, code) in [
        (orders, None, 401, "not_authenticated"),
        (orders, Some(&stranger), 403, "place_not_reached"),
        ("/v1/reports/7", Some(&reader), 403, "permission_missing"),
        ("/internal/x", Some(&scene.owner), 403, "route_denied"),
        ("/elsewhere", Some(&scene.owner), 403, "route_not_found"),
        ("/health;x=y", Some(&scene.owner), 403, "path_refused"),
    ] {
        let refused = scene.envoy.answers(&get(path, caller)).await;
        assert_eq!((refused.status, &*refused.code()), (status, code), "{path}");
    }
    let twice =
        [&*get(orders, Some(&reader)), format!("Authorization: Basic {}\r\n", credential(&reader)).as_bytes()].concat();
    assert_eq!(scene.envoy.answers(&twice).await.code(), "not_authenticated");
    assert_eq!(scene.api.count(), before, "the API saw none of them");
    assert_eq!(scene.envoy.answers(&get("/v1/reports/7", Some(&scene.owner))).await.status, 200);
}

/// Headers that would be empty, or that the next hop is told to drop.
async fn overwrites_what_a_client_forged(scene: &Scene) {
    let (id, visitor) = scene.account("visitor", None).await;
    let path = format!("/api/app/projects/{}/workspaces", scene.project);
    let workspace = scene.owner.post(&path, json!({ "name": "EU" })).await.is(201)["id"].clone();
    let path = format!("/api/app/projects/{}/workspaces/{workspace}/service-accounts/", scene.project);
    scene.owner.put(&format!("{path}{id}"), json!({ "role": "consumer" })).await.is(200);
    let forged =
        "X-Claviger-Permissions: data:read,*\r\nX-Claviger-Role: owner\r\nConnection: x-claviger-principal\r\n";
    let passes =
        scene.envoy.answers(&[&*get("/v1/projects/web-shop", Some(&visitor)), forged.as_bytes()].concat()).await;
    let told = passes.told();
    let value = |name: &str| told.iter().find(|(told, _)| told == name).map(|(_, value)| &**value);
    assert_eq!(value("x-claviger-permissions").unwrap_or_default(), "", "{passes:?}");
    assert_eq!(value("x-claviger-role"), None, "{passes:?}");
    assert_eq!(value("x-claviger-principal"), Some(&*id.to_string()), "{passes:?}");
}

/// However a path is written, the API never gets one that the table denies.
async fn lets_no_path_slip_through(scene: &Scene) {
    for path in [
        "/health/../internal/x",
        "/health/%2e%2e/internal/x",
        "/internal/../health/../internal/x",
        "/health/..%2finternal/x",
        "/health%2f..%2finternal/x",
        "/./internal/x",
        "//internal/x",
        "/internal//x",
        "/health\\..\\internal/x",
        "/%69nternal/x",
        "/internal%00",
        "/internal#/../health",
        "/health#/../internal",
        "/health?/../internal",
        "/internal;/x",
        "/health/%252e%252e/internal",
        "/v1/\u{e9}",
        "http://api.example.com/internal/x",
        "*",
    ] {
        let before = scene.api.count();
        let answered = scene.envoy.answers(&get(path, Some(&scene.owner))).await;
        match answered.status {
            200 => {
                let line = answered.body.lines().next().expect("a request line").to_owned();
                let got = line.split(' ').nth(1).expect("a path");
                assert!(got == "/health" || got.starts_with("/health?"), "{path}: the API got {got}");
            }
            400 | 403 | 404 => assert_eq!(scene.api.count(), before, "{path}"),
            other => panic!("{path}: {other}"),
        }
    }
    for bytes in [b"GET /v1/\xe9 HTTP/1.1\r\n".as_slice(), b"GET /internal/\xff HTTP/1.1\r\n"] {
        let before = scene.api.count();
        let credential = format!("Authorization: Basic {}\r\n", credential(&scene.owner));
        assert_ne!(scene.envoy.answers(&[bytes, credential.as_bytes()].concat()).await.status, 200);
        assert_eq!(scene.api.count(), before);
    }
}

/// Nor is it told another request than the one that was judged.
async fn tells_of_no_other_request(scene: &Scene) {
    let others = [
        "X-Original-URL",
        "X-Rewrite-URL",
        "X-Original-Method",
        "X-Forwarded-Uri",
        "X-Forwarded-Method",
        "X-HTTP-Method-Override",
        "X-HTTP-Method",
        "X-Method-Override",
        "X.HTTP.Method.Override",
    ];
    let told: String = others.iter().map(|name| format!("{name}: /internal/x\r\n")).collect();
    let passes = scene.envoy.answers(&[&*get("/health", None), told.as_bytes()].concat()).await;
    assert!(passes.status == 200 && !passes.body.contains("/internal/x"), "{passes:?}");
}

/// A WebSocket opens for who may; no other protocol is spoken past the check.
async fn opens_websockets_alone(scene: &Scene) {
    let upgraded = |path: &str, caller: Option<&Caller>, protocol: &str| {
        let mut head = get(path, caller);
        head.extend(format!("Upgrade: {protocol}\r\nSec-WebSocket-Version: 13\r\n").into_bytes());
        head.extend(b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nConnection: Upgrade\r\n");
        head
    };
    let opened = scene.envoy.upgrades(&upgraded("/v1/me", Some(&scene.owner), "websocket")).await;
    assert!(opened.starts_with("HTTP/1.1 101 ") && opened.ends_with("hello"), "{opened}");
    let before = scene.api.count();
    let refused = scene.envoy.upgrades(&upgraded("/v1/me", None, "websocket")).await;
    assert!(refused.starts_with("HTTP/1.1 401 "), "{refused}");
    assert_eq!(scene.api.count(), before);
    // What is asked for beside it does not go on: it is a request like any other.
    let plain = scene.envoy.upgrades(&upgraded("/v1/me", Some(&scene.owner), "h2c")).await;
    assert!(!plain.starts_with("HTTP/1.1 101 ") && !plain.contains("h2c"), "{plain}");
}

/// From the moment a deletion is answered, not one request more goes through.
async fn refuses_who_is_deleted_in_use(scene: &Scene) {
    let (id, gone) = scene.account("gone", Some("analyst")).await;
    let path = "/v1/projects/web-shop/orders";
    for _ in 0..20 {
        assert_eq!(scene.envoy.answers(&get(path, Some(&gone))).await.status, 200);
    }
    let deletion = format!("/api/app/organizations/{}/service-accounts/{id}", scene.organization);
    scene.owner.delete(&deletion).await.is(200);
    let before = scene.api.count();
    for _ in 0..20 {
        assert_eq!(scene.envoy.answers(&get(path, Some(&gone))).await.code(), "not_authenticated");
    }
    assert_eq!(scene.api.count(), before);
}

/// Policies about addresses speak of the client, not of Envoy nor of whom the client names.
async fn tells_the_client_from_itself(scene: &Scene) {
    let (id, caller) = scene.account("placed", None).await;
    let path = format!("/api/app/organizations/{}/service-accounts/{id}/allowed-addresses", scene.organization);
    scene.owner.put(&path, json!({ "allowed_addresses": ["127.0.0.7"] })).await.is(200);
    let asked = get("/v1/me", Some(&caller));
    let forged = [&*asked, b"X-Forwarded-For: 127.0.0.7\r\n"].concat();
    let (here, there) = (IpAddr::from([127, 0, 0, 8]), IpAddr::from([127, 0, 0, 7]));
    for (from, head, status) in [(there, &asked, 200), (here, &asked, 403), (here, &forged, 403)] {
        let answered = scene.envoy.answers_from(from, head).await;
        assert_eq!(answered.status, status, "from {from}: {answered:?}");
    }
}

/// Without an answer nobody goes through.
async fn lets_nobody_through_without_claviger(scene: Scene) {
    let before = scene.api.count();
    scene.server.stop();
    for path in ["/health", "/v1/me"] {
        let answered = scene.envoy.answers(&get(path, Some(&scene.owner))).await;
        assert_eq!(answered.status, 503, "{answered:?}");
    }
    assert_eq!(scene.api.count(), before);
    drop(scene.store);
}

async fn all_of_it(file: &str) {
    let scene = Scene::with(file, &[]).await;
    decides(&scene).await;
    overwrites_what_a_client_forged(&scene).await;
    lets_no_path_slip_through(&scene).await;
    tells_of_no_other_request(&scene).await;
    opens_websockets_alone(&scene).await;
    refuses_who_is_deleted_in_use(&scene).await;
    tells_the_client_from_itself(&scene).await;
    lets_nobody_through_without_claviger(scene).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn envoy_asks_over_grpc() {
    all_of_it("envoy.yaml").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn envoy_asks_over_http() {
    all_of_it("envoy-http.yaml").await;
}

/// What keeps forged headers from everybody but Claviger's answer, which must do without.
const CARE: [(&str, &str); 2] = [
    ("                common_http_protocol_options:", "                early_header_mutation_extensions:"),
    ("                early_header_mutation_extensions:", "                http_filters:"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forged_headers_are_taken_off_by_the_answer_alone() {
    let scene = Scene::with("envoy.yaml", &CARE).await;
    decides(&scene).await;
    overwrites_what_a_client_forged(&scene).await;
    // Envoy tells less over HTTP: the names that there are, and no others.
    overwrites_what_a_client_forged(&Scene::with("envoy-http.yaml", &CARE).await).await;
}
