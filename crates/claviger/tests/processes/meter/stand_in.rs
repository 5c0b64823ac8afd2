//! A server that is small enough to be seen through, and that does what a test tells it to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use claviger::clock;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::secrets;

/// What it does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// What it says.
    Honest,
    /// It accepts what it has revoked for this long.
    Lies(Duration),
    /// It accepts what it has revoked for ever.
    NeverRevokes,
    /// It does not answer so that one knows, once it has revoked.
    SilentAfterwards,
    /// It makes nothing, and says that something broke.
    BreaksAtCreating,
    /// It makes a credential, and answers rubbish that holds it.
    AnswersRubbish,
    /// It answers the first two times that something is to be revoked with 503, once before it has revoked and once after.
    RevokesAtTheThirdTry,
    /// It revokes nothing, ever.
    CannotRevoke,
    /// It refuses the first uses of a new credential.
    AcceptsLate,
}

/// A server that stands in for one.
pub(crate) struct StandIn {
    pub(crate) url: String,
    known: Arc<Mutex<Known>>,
}

struct Known {
    manner: Manner,
    made: u64,
    accounts: HashMap<u64, Account>,
    tries: u32,
}

struct Account {
    secret: String,
    uses: u64,
    revoked: Option<Instant>,
}

type Shared = State<Arc<Mutex<Known>>>;

impl StandIn {
    pub(crate) async fn start(manner: Manner) -> Self {
        let known = Arc::new(Mutex::new(Known { manner, made: 0, accounts: HashMap::new(), tries: 0 }));
        let app = Router::new()
            .route("/accounts", post(create))
            .route("/accounts/{id}", delete(revoke))
            .route("/me", get(me))
            .with_state(Arc::clone(&known));
        let bound = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", bound.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(bound, app).await });
        Self { url, known }
    }

    /// How many were made, and how many of them are not revoked.
    pub(crate) fn made_and_valid(&self) -> (u64, usize) {
        let known = lock(&self.known);
        (known.made, known.accounts.values().filter(|account| account.revoked.is_none()).count())
    }

    /// How many uses of the newest one there were.
    pub(crate) fn uses_of_the_newest(&self) -> u64 {
        let known = lock(&self.known);
        known.accounts.get(&known.made).map_or(0, |account| account.uses)
    }

    /// A plan for it. Its administrator's token is in the environment variable `TOKEN`.
    pub(crate) fn plan(&self) -> String {
        let url = &self.url;
        format!(
            r#"
[create]
method = "POST"
url = "{url}/accounts"
headers = {{ Authorization = "Bearer {{env:TOKEN}}" }}
json = {{ name = "{{name}}" }}
capture = {{ id = "/id", secret = "/secret" }}

[check]
at = ["{url}"]
url = "{{at}}/me?as={{secret}}"
headers = {{ Authorization = "Bearer {{secret}}" }}

[revoke]
method = "DELETE"
url = "{url}/accounts/{{id}}"
headers = {{ Authorization = "Bearer {{env:TOKEN}}" }}
"#
        )
    }
}

/// The token of its administrator: nobody may see it.
pub(crate) fn token() -> String {
    secret_of("the administrator")
}

/// As long as ours, and nobody else's.
fn secret_of(of: &str) -> String {
    let digest = Sha256::digest(format!("{} {of}", std::process::id()));
    let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let secret = format!("cvg_{}", &digits[..38]);
    secrets::handed_out(of, &secret);
    secret
}

fn lock(known: &Mutex<Known>) -> MutexGuard<'_, Known> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

fn bearer(headers: &HeaderMap) -> &str {
    let header = headers.get("authorization").and_then(|value| value.to_str().ok());
    header.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default()
}

async fn create(State(known): Shared, headers: HeaderMap, Json(body): Json<serde_json::Value>) -> Response {
    if bearer(&headers) != token() || !body["name"].as_str().is_some_and(|name| name.starts_with("meter-")) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let mut known = lock(&known);
    if known.manner == Manner::BreaksAtCreating {
        return (StatusCode::INTERNAL_SERVER_ERROR, "no").into_response();
    }
    known.made += 1;
    let id = known.made;
    // Two servers of one test process make other ones.
    let secret = secret_of(&format!("{id} at {:p}", &raw const *known));
    known.accounts.insert(id, Account { secret: secret.clone(), uses: 0, revoked: None });
    match known.manner {
        Manner::AnswersRubbish => (StatusCode::CREATED, format!("<p>{secret}</p>")).into_response(),
        _ => (StatusCode::CREATED, Json(json!({ "id": id, "secret": secret }))).into_response(),
    }
}

async fn me(State(known): Shared, headers: HeaderMap) -> StatusCode {
    let mut known = lock(&known);
    let manner = known.manner;
    let Some(account) = known.accounts.values_mut().find(|account| account.secret == bearer(&headers)) else {
        return StatusCode::UNAUTHORIZED;
    };
    account.uses += 1;
    let is_accepted = match (account.revoked, manner) {
        (Some(_), Manner::SilentAfterwards) => return StatusCode::SERVICE_UNAVAILABLE,
        (None, Manner::AcceptsLate) => account.uses > 7,
        (None, _) | (Some(_), Manner::NeverRevokes) => true,
        (Some(revoked), Manner::Lies(length)) => claviger::clock::since(revoked) < length,
        (Some(_), _) => false,
    };
    if is_accepted { StatusCode::OK } else { StatusCode::UNAUTHORIZED }
}

async fn revoke(State(known): Shared, headers: HeaderMap, Path(id): Path<u64>) -> StatusCode {
    let mut known = lock(&known);
    if bearer(&headers) != token() {
        return StatusCode::UNAUTHORIZED;
    }
    let manner = known.manner;
    known.tries += 1;
    let tries = known.tries;
    let Some(account) = known.accounts.get_mut(&id) else { return StatusCode::NOT_FOUND };
    match manner {
        Manner::CannotRevoke => return StatusCode::SERVICE_UNAVAILABLE,
        Manner::RevokesAtTheThirdTry if tries == 1 => return StatusCode::SERVICE_UNAVAILABLE,
        _ if account.revoked.is_some() => return StatusCode::NOT_FOUND,
        _ => account.revoked = Some(clock::instant()),
    }
    match manner {
        Manner::RevokesAtTheThirdTry => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::NO_CONTENT,
    }
}
