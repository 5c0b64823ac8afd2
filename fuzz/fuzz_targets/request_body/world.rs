//! The node that answers: one organization with a project, its owner, a consumer and a third account.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Method, Request};
use claviger::api::TrustedProxies;
use claviger::node::{House, Node, Running};
use claviger::random::RequestId;
use claviger::store::Location;
use claviger::store::writing::Origin;
use claviger::writer;
use claviger_access::Caller;
use claviger_access::administration::organization::{self, Found};
use claviger_access::grant::Grant;
use claviger_access::identity::{AccountName, PrincipalId, UsernameSuffix};
use claviger_access::text::DisplayName;
use http_body::Frame;
use http_body_util::BodyExt;
use tokio::runtime::Runtime;
use tower::ServiceExt;
use tracing_subscriber::EnvFilter;

use crate::answer::Answer;
use crate::sent::{Sender, Sent};

/// After so many writes a new world takes the place of the old one: lists must not grow without end.
const WRITES_OF_A_WORLD: usize = 1_000;

/// Bodies come in frames of so many bytes.
pub const FRAME_LENGTH: usize = 16 * 1024;

pub struct World {
    runtime: Runtime,
    folder: PathBuf,
    node: Node,
    running: Option<Running>,
    app: Router,
    owner: Credential,
    consumer: Credential,
    consumer_id: PrincipalId,
    consumer_grants: Vec<Grant>,
    writes: usize,
}

struct Credential {
    secret: String,
    header: HeaderValue,
    forged: HeaderValue,
}

impl World {
    pub fn new() -> Self {
        begin_to_log();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let folder = empty_folder();
        let (node, running, owner) = runtime.block_on(found(&folder));
        let app = claviger::api::router(node.clone(), TrustedProxies::default());
        let made = runtime.block_on(async {
            let consumer = make(&app, &owner, r#"{"username": "consumer", "projects": [{"id": 2}]}"#).await;
            // The seeds know it by its number, 10.
            make(&app, &owner, r#"{"username": "third"}"#).await;
            // And its secret, the team and the custom role by theirs, 11, 12 and 13.
            post(&app, &owner, "/api/app/organizations/1/teams", r#"{"name": "Team"}"#).await;
            post(&app, &owner, "/api/app/projects/2/custom-roles", r#"{"name": "Role", "permissions": ["data:read"]}"#)
                .await;
            // And a person by his, 15; 14 was his invitation.
            join(&app, &owner).await;
            consumer
        });
        let (consumer_id, consumer) = made;
        let directory = node.cluster.directory().expect("an image");
        let consumer_grants = directory.principal(consumer_id).expect("the consumer").grants().to_vec();
        let running = Some(running);
        Self { runtime, folder, node, running, app, owner, consumer, consumer_id, consumer_grants, writes: 0 }
    }

    pub fn answer(&self, sent: &Sent) -> Answer {
        log().clear();
        let authorization = match sent.sender {
            Sender::Owner => Some(&self.owner.header),
            Sender::Consumer => Some(&self.consumer.header),
            Sender::Impostor => Some(&self.owner.forged),
            Sender::Nobody => None,
        };
        let taken = Arc::new(AtomicUsize::new(0));
        let frames = sent.body.chunks(FRAME_LENGTH).map(Bytes::copy_from_slice).collect();
        let body = Frames { frames, taken: Arc::clone(&taken) };
        let request = sent.request(authorization).map(|()| Body::new(body));
        self.runtime.block_on(async {
            let Ok(response) = self.app.clone().oneshot(request).await;
            let (parts, body) = response.into_parts();
            let body = body.collect().await.expect("a whole answer").to_bytes();
            Answer { status: parts.status, headers: parts.headers, body, taken: taken.load(Ordering::Relaxed) }
        })
    }

    /// The secrets that no answer and no log line may hold.
    pub fn secrets(&self) -> [&str; 2] {
        [&self.owner.secret, &self.consumer.secret]
    }

    /// Whether the consumer still has what it was made with, and so may write nothing.
    pub fn consumer_is_as_made(&self) -> bool {
        let directory = self.node.cluster.directory().expect("an image");
        directory.principal(self.consumer_id).is_some_and(|view| view.grants() == self.consumer_grants)
    }

    /// Whether a path is of the consumer's own secrets.
    pub fn is_of_consumers_secrets(&self, path: &str) -> bool {
        let account = format!("/api/app/organizations/1/service-accounts/{}/", self.consumer_id);
        path.strip_prefix(&account)
            .is_some_and(|rest| rest == "rotate" || rest == "rotate/" || rest.starts_with("secrets"))
    }

    /// Whether the owner's secret still counts: whoever rotates it makes the world deaf.
    fn owner_is_heard(&self) -> bool {
        let directory = self.node.cluster.directory().expect("an image");
        let header = std::iter::once(self.owner.header.as_bytes());
        let presented = claviger_access::credential::present(header).expect("a credential");
        directory.authenticate(&presented, claviger::clock::now()).is_ok()
    }

    /// Counts writes. An old world is started once more, to see that its store holds what its image held.
    pub fn age(&mut self, sent: &Sent, answer: &Answer) {
        self.writes += usize::from(sent.method != Method::GET && answer.status.is_success());
        if self.writes >= WRITES_OF_A_WORLD
            || (sent.target.path().contains("service-accounts/4/") && !self.owner_is_heard())
        {
            self.start_again();
            self.stop();
            *self = Self::new();
        }
    }

    fn start_again(&mut self) {
        let applied = self.node.cluster.directory().expect("an image").contents();
        self.stop();
        let (node, running) = self.runtime.block_on(start(&self.folder));
        let loaded = node.cluster.directory().expect("an image").contents();
        assert_eq!(applied, loaded, "what was loaded is not what was applied");
        (self.node, self.running) = (node, Some(running));
    }

    fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            self.runtime.block_on(running.stop());
        }
    }
}

async fn start(folder: &Path) -> (Node, Running) {
    let (location, audit_key) = (Location::Folder(folder.to_owned()), folder.join("audit.key"));
    Node::start(House::at(location, audit_key), |_| {}).await.expect("a node")
}

async fn found(folder: &Path) -> (Node, Running, Credential) {
    let (node, running) = start(folder).await;
    let name = |text| DisplayName::parse(text).expect("a name");
    let command = Found {
        organization: name("Seeds"),
        project: name("Soil"),
        owner: AccountName::parse("owner").expect("a name"),
        first: Some(UsernameSuffix::default()),
    };
    let origin = Origin { request_id: RequestId::new().shared(), address: None };
    let request = writer::Request { origin, organization: None, weight: 1 };
    let decide =
        move |draft: &_, moment, random| organization::found(draft, &Caller::Operator, &command, moment, random);
    let founded = node.writer.perform(request, decide).await.expect("an organization");
    assert_eq!([founded.organization.number(), founded.project.number(), founded.workspace.number()], [1, 2, 3]);
    let owner = Credential::new(founded.owner.username.as_str(), founded.owner.secret.reveal());
    (node, running, owner)
}

/// Makes an account through the API itself.
async fn make(app: &Router, owner: &Credential, body: &'static str) -> (PrincipalId, Credential) {
    let made = post(app, owner, "/api/app/organizations/1/service-accounts", body).await;
    let text = |field: &str| made["results"][field].as_str().expect("a text").to_owned();
    let id = made["results"]["id"].as_u64().and_then(PrincipalId::new).expect("an id");
    (id, Credential::new(&text("username"), &text("token")))
}

async fn post(app: &Router, owner: &Credential, path: &str, body: impl Into<Body>) -> serde_json::Value {
    let mut request = Request::post(path).body(body.into()).expect("one");
    request.headers_mut().insert("host", HeaderValue::from_static("localhost"));
    request.headers_mut().insert("authorization", owner.header.clone());
    let Ok(response) = app.clone().oneshot(request).await;
    let body = response.into_body().collect().await.expect("a whole answer").to_bytes();
    serde_json::from_slice(&body).expect("JSON")
}

/// Invites a person, who accepts.
async fn join(app: &Router, owner: &Credential) {
    let path = "/api/app/organizations/1/invitations";
    let sent = post(app, owner, path, r#"{"email": "pia@example.com"}"#).await;
    let token = sent["results"]["token"].as_str().expect("a token");
    let body = format!(r#"{{"token": "{token}", "name": "Pia", "password": "long enough to be one"}}"#);
    let joined = post(app, owner, "/api/app/invitations/accept", body).await;
    assert_eq!(joined["results"]["id"], 15);
}

impl Credential {
    fn new(username: &str, secret: &str) -> Self {
        let header = |secret: &str| HeaderValue::try_from(format!("Basic {username}:{secret}")).expect("a value");
        let forged = format!("{}~", &secret[..secret.len() - 1]);
        Self { header: header(secret), forged: header(&forged), secret: secret.to_owned() }
    }
}

/// A body that counts what is taken of it.
struct Frames {
    frames: VecDeque<Bytes>,
    taken: Arc<AtomicUsize>,
}

impl http_body::Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let frame = self.frames.pop_front();
        self.taken.fetch_add(frame.as_ref().map_or(0, Bytes::len), Ordering::Relaxed);
        Poll::Ready(frame.map(|frame| Ok(Frame::data(frame))))
    }
}

/// A folder for a store, in memory where the machine has such files; what ended runs left there is removed.
fn empty_folder() -> PathBuf {
    let memory = Path::new("/dev/shm");
    let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    let prefix = "claviger-fuzz-";
    for entry in std::fs::read_dir(&parent).expect("a folder").flatten() {
        let name = entry.file_name();
        let Some(owner) = name.to_str().and_then(|name| name.strip_prefix(prefix)) else { continue };
        let lives = owner != std::process::id().to_string() && Path::new("/proc").join(owner).exists();
        if !lives {
            std::fs::remove_dir_all(entry.path()).expect("an old world can be removed");
        }
    }
    parent.join(format!("{prefix}{}", std::process::id()))
}

type Log = Arc<Mutex<Vec<u8>>>;

static LOG: OnceLock<Log> = OnceLock::new();

/// What was logged since the last request.
pub fn log() -> MutexGuard<'static, Vec<u8>> {
    LOG.get_or_init(Log::default).lock().unwrap_or_else(PoisonError::into_inner)
}

struct Lines;

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        log().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn begin_to_log() {
    let filter = EnvFilter::new("debug,sqlx=warn");
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(|| Lines);
    // Later worlds find the first one's subscriber in place.
    let _ = lines.try_init();
}
