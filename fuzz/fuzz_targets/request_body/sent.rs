//! What request an input stands for.
//!
//! The first byte chooses a route of [`ROUTES`], the second the rest of the circumstances; then a line, then the body.
//! The line is the query, on the last routes the whole path and query, and always the idempotency key where it can be
//! one. `$` in line and body stands for [`PLANTED`].

use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use axum::http::{HeaderValue, Method, Request, Uri};

/// A secret that somebody put where it does not belong. No error may give it back.
pub const PLANTED: &str = "cvg_PlantedWhereItDoesNotBelong0000000abcd";

/// The one route below `/api/app` that asks for no credential: who calls it has a token.
pub const ACCEPT: &str = "/api/app/invitations/accept";

const LIST_LENGTH_MAX: usize = 512 * 1024;
const LENGTH_MAX: usize = 64 * 1024;

/// Method, path, and the most bytes that a body may have. `None`: the path is the input's.
const ROUTES: &[(Method, Option<&str>, usize)] = &[
    (Method::POST, Some("/api/app/organizations/1/service-accounts"), LIST_LENGTH_MAX),
    (Method::PATCH, Some("/api/app/organizations/1/service-accounts/10"), LENGTH_MAX),
    (Method::POST, Some("/api/app/organizations/1/service-accounts/add-to-project"), LIST_LENGTH_MAX),
    (Method::POST, Some("/api/app/organizations/1/service-accounts/remove-from-project"), LIST_LENGTH_MAX),
    (Method::POST, Some("/api/app/projects/2/service-accounts"), LENGTH_MAX),
    (Method::PUT, Some("/api/app/projects/2/workspaces/3/service-accounts/10"), LENGTH_MAX),
    (Method::POST, Some("/api/app/organizations/1/projects"), LENGTH_MAX),
    (Method::PATCH, Some("/api/app/projects/2"), LENGTH_MAX),
    (Method::POST, Some("/api/app/projects/2/workspaces"), LENGTH_MAX),
    (Method::PATCH, Some("/api/app/projects/2/workspaces/3"), LENGTH_MAX),
    (Method::GET, Some("/api/app/organizations/1/service-accounts"), 0),
    (Method::GET, Some("/api/app/projects/2/service-accounts"), 0),
    (Method::GET, Some("/api/app/projects/2/workspaces/3/service-accounts"), 0),
    (Method::GET, Some("/api/app/organizations/1/projects"), 0),
    (Method::GET, Some("/api/app/projects/2/workspaces"), 0),
    (Method::GET, Some("/api/app/me"), 0),
    (Method::GET, None, 0),
    (Method::POST, None, LIST_LENGTH_MAX),
    (Method::PATCH, None, LENGTH_MAX),
    (Method::PUT, None, LENGTH_MAX),
    (Method::HEAD, None, 0),
    (Method::OPTIONS, None, 0),
    (Method::POST, Some("/api/app/organizations/1/teams"), LENGTH_MAX),
    (Method::PATCH, Some("/api/app/organizations/1/teams/12"), LENGTH_MAX),
    (Method::POST, Some("/api/app/organizations/1/teams/12/add-members"), LIST_LENGTH_MAX),
    (Method::POST, Some("/api/app/organizations/1/teams/12/remove-members"), LIST_LENGTH_MAX),
    (Method::PUT, Some("/api/app/projects/2/teams/12"), LENGTH_MAX),
    (Method::POST, Some("/api/app/projects/2/custom-roles"), LENGTH_MAX),
    (Method::PUT, Some("/api/app/projects/2/custom-roles/13"), LENGTH_MAX),
    (Method::PUT, Some("/api/app/projects/2/default-access"), LENGTH_MAX),
    (Method::GET, Some("/api/app/organizations/1/explain"), 0),
    (Method::POST, Some("/api/app/organizations/1/service-accounts/10/secrets"), LENGTH_MAX),
    (Method::PATCH, Some("/api/app/organizations/1/service-accounts/10/secrets/11"), LENGTH_MAX),
    (Method::POST, Some("/api/app/organizations/1/service-accounts/10/rotate"), LENGTH_MAX),
    (Method::PATCH, Some("/api/app/organizations/1/policy"), LENGTH_MAX),
    (Method::PUT, Some("/api/app/organizations/1/service-accounts/10/allowed-addresses"), LENGTH_MAX),
    (Method::POST, Some("/api/app/organizations/1/create-project"), LENGTH_MAX),
    (Method::POST, Some("/organizations/1/create-projects"), LIST_LENGTH_MAX),
    (Method::POST, Some("/organizations/1/delete-projects"), LIST_LENGTH_MAX),
    (Method::POST, Some("/organizations/1/add-teams"), LIST_LENGTH_MAX),
    (Method::POST, Some("/organizations/1/delete-teams"), LIST_LENGTH_MAX),
    (Method::POST, Some("/organizations/1/teams/Team/update"), LENGTH_MAX),
    (Method::POST, Some("/projects/update/2"), LENGTH_MAX),
    (Method::POST, Some("/api/app/organizations/1/invitations"), LIST_LENGTH_MAX),
    (Method::POST, Some(ACCEPT), LENGTH_MAX),
    (Method::PATCH, Some("/api/app/organizations/1/users/15"), LENGTH_MAX),
    (Method::PUT, Some("/api/app/projects/2/users/15"), LENGTH_MAX),
    (Method::PUT, Some("/api/app/projects/2/workspaces/3/users/15"), LENGTH_MAX),
    (Method::GET, Some("/api/app/organizations/1/users"), 0),
    (Method::GET, Some("/api/app/organizations/1/invitations"), 0),
    (Method::GET, Some("/api/app/organizations/1/audit-log"), 0),
    (Method::GET, Some("/api/app/projects/2/audit-log"), 0),
    (Method::GET, Some("/api/app/organizations/1/audit-log/export"), 0),
    (Method::POST, Some("/organizations/1/add-users-to-projects"), LIST_LENGTH_MAX),
    (Method::POST, Some("/organizations/1/delete-users"), LIST_LENGTH_MAX),
];

/// Who sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    /// The organization's owner.
    Owner,
    /// An account that may read in one project.
    Consumer,
    /// Without a credential.
    Nobody,
    /// The owner's username with another secret.
    Impostor,
}

/// A request.
#[derive(Debug)]
pub struct Sent {
    pub method: Method,
    pub target: Uri,
    /// Whether the path is one of [`ROUTES`] and not the input's.
    pub is_route: bool,
    pub sender: Sender,
    pub body: Vec<u8>,
    pub body_length_max: usize,
    content_type: Option<&'static str>,
    idempotency_key: Option<HeaderValue>,
}

impl Sent {
    /// `None` for what is no request, since no HTTP parser would let it through.
    pub fn read(data: &[u8]) -> Option<Self> {
        let [route, circumstances, rest @ ..] = data else { return None };
        let (method, path, body_length_max) = &ROUTES[usize::from(route.wrapping_sub(b'0')) % ROUTES.len()];
        let mut parts = rest.splitn(2, |byte| *byte == b'\n').map(planted);
        let (line, mut body) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let target = match path {
            Some(path) if line.is_empty() => path.as_bytes().to_vec(),
            Some(path) => [path.as_bytes(), b"?", &line].concat(),
            None => line.clone(),
        };
        let target = Uri::try_from(target).ok().filter(|uri| uri.path().starts_with('/'))?;
        let sender =
            [Sender::Owner, Sender::Consumer, Sender::Nobody, Sender::Impostor][usize::from(circumstances & 3)];
        let padding = [0, LENGTH_MAX, LIST_LENGTH_MAX, 2 * LIST_LENGTH_MAX][usize::from(circumstances >> 4 & 3)];
        body.resize(body.len() + padding, b' ');
        let idempotency_key = (circumstances & 8 != 0).then(|| HeaderValue::from_bytes(&line).ok()).flatten();
        Some(Self {
            method: method.clone(),
            target,
            is_route: path.is_some(),
            sender,
            body,
            body_length_max: *body_length_max,
            content_type: if circumstances & 4 == 0 { Some("application/json") } else { None },
            idempotency_key,
        })
    }

    /// The request without its body.
    pub fn request(&self, authorization: Option<&HeaderValue>) -> Request<()> {
        let mut request = Request::new(());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.target.clone();
        let headers = request.headers_mut();
        headers.insert(HOST, HeaderValue::from_static("localhost"));
        let content_type = self.content_type.map(HeaderValue::from_static);
        let key = self.idempotency_key.clone();
        headers.extend(content_type.map(|value| (CONTENT_TYPE, value)));
        headers.extend(authorization.map(|value| (AUTHORIZATION, value.clone())));
        headers.extend(key.map(|value| (axum::http::HeaderName::from_static("idempotency-key"), value)));
        request
    }

    /// Whether a text stands anywhere in it.
    pub fn says(&self, text: &str) -> bool {
        let key = self.idempotency_key.as_ref().map_or(&b""[..], HeaderValue::as_bytes);
        [self.target.to_string().as_bytes(), &self.body, key].into_iter().any(|part| holds(part, text))
    }

    /// What the query asks for under this name, if it asks once.
    pub fn asks(&self, name: &str) -> Option<String> {
        let pairs = form_urlencoded::parse(self.target.query()?.as_bytes());
        let mut values = pairs.filter(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        values.next().filter(|_| values.next().is_none())
    }
}

pub fn holds(bytes: &[u8], wanted: &str) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted.as_bytes())
}

fn planted(text: &[u8]) -> Vec<u8> {
    let mut planted = Vec::with_capacity(text.len());
    for byte in text {
        match byte {
            b'$' => planted.extend_from_slice(PLANTED.as_bytes()),
            other => planted.push(*other),
        }
    }
    planted
}
