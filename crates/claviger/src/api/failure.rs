//! The one conversion from what was refused to what is answered.

use std::any::Any;
use std::time::Duration;

use axum::Json;
use axum::extract::Request;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use claviger_access::Refusal;
use claviger_access::refusal::MadeBefore;
use claviger_wire::envelope::{self, Made, MadeId};
use claviger_wire::roles::RoleName;

use crate::cluster::NotHeld;
use crate::limiter::whole_seconds;
use crate::people::password::NotHashed;
use crate::store::StoreError;
use crate::writer::WriteError;

/// The challenge of every 401 (RFC 7617, section 2.1).
const CHALLENGE: HeaderValue = HeaderValue::from_static("Basic realm=\"claviger\", charset=\"UTF-8\"");

/// An answer that says what was refused and what to do.
#[derive(Debug)]
pub struct Failure {
    status: StatusCode,
    code: &'static str,
    sentence: String,
    made: Option<MadeId>,
    /// In whole seconds, where it is known.
    retry_after_s: Option<u64>,
}

impl Failure {
    /// A failure of any status.
    pub fn new(status: StatusCode, code: &'static str, sentence: impl Into<String>) -> Self {
        Self { status, code, sentence: sentence.into(), made: None, retry_after_s: None }
    }

    /// 400.
    pub fn bad_request(code: &'static str, sentence: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, sentence)
    }

    /// The same, told to somebody whose credential is looked for in this header.
    pub fn with_credential_in(self, header: &HeaderName) -> Self {
        if self.status != StatusCode::UNAUTHORIZED || header == AUTHORIZATION {
            return self;
        }
        let sentence =
            format!("no valid credential; send {header}: Basic with username:secret, base64-encoded or as plain text");
        Self { sentence, ..self }
    }

    /// What a program reads.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// 429: too many wrong credentials, from there or under that name; the right one would have passed.
    pub(super) fn too_many_attempts(wait: Duration) -> Self {
        let seconds = whole_seconds(wait);
        let sentence = format!(
            "too many wrong credentials came from your address or under this username; look at yours, and try again in {seconds} s"
        );
        let failure = Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_attempts", sentence);
        Self { retry_after_s: Some(seconds), ..failure }
    }

    /// For what failed after its write was done: "nothing was changed" or "try again" would not be true.
    pub fn after_write(self) -> Self {
        if self.status != StatusCode::SERVICE_UNAVAILABLE {
            return self;
        }
        let sentence = "this was done, but the database went away right after it, so it cannot be shown; look before you send it again";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "outcome_unknown", sentence)
    }

    /// A fault of ours. What it is stands in the log.
    pub(super) fn internal() -> Self {
        let sentence = "a fault of this server; tell its operator the X-Request-Id of this answer";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", sentence)
    }

    /// 404 for a path that leads nowhere, numbers that are no ids included.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "there is nothing at this path; see /api/docs for what there is")
    }

    /// 400 for what is no request.
    pub fn not_http() -> Self {
        let sentence =
            "this cannot be read as a request; send HTTP/1.1, and percent-encode what does not stand in a URL";
        Self::bad_request("not_http", sentence)
    }

    /// What the HTTP parser refuses with this status, before there is a request.
    pub(super) fn of_the_parser(status: StatusCode) -> Option<Self> {
        match status {
            StatusCode::BAD_REQUEST => Some(Self::not_http()),
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
                let sentence = "the head of this request is too large; send fewer and shorter headers, cookies first";
                Some(Self::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "head_too_large", sentence))
            }
            _ => None,
        }
    }

    /// The answer where nothing but bytes can be sent.
    pub(super) fn into_bytes(self) -> Response<Vec<u8>> {
        let status = self.status;
        let body = serde_json::to_vec(&self.into_envelope()).unwrap_or_default();
        let mut response = Response::new(body);
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }

    fn into_envelope(self) -> envelope::Failure {
        let mut body = envelope::Failure::new(self.code, self.sentence);
        body.results = self.made.map(|id| Made { id });
        body
    }
}

/// Why a request was refused, put into the answer for the record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Forbidden {
    /// The code that the client is told.
    pub code: &'static str,
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, code, retry_after_s) = (self.status, self.code, self.retry_after_s);
        let mut response = (status, Json(self.into_envelope())).into_response();
        match status {
            StatusCode::FORBIDDEN => {
                response.extensions_mut().insert(Forbidden { code });
            }
            StatusCode::UNAUTHORIZED => {
                response.headers_mut().insert(WWW_AUTHENTICATE, CHALLENGE);
            }
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(retry_after_s.unwrap_or(1)));
            }
            _ => {}
        }
        response
    }
}

/// The status of what the rules refuse.
pub(crate) fn status_of(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::NotAuthenticated => StatusCode::UNAUTHORIZED,
        Refusal::NoSuchOrganization { .. }
        | Refusal::NoSuchProject { .. }
        | Refusal::NoSuchWorkspace { .. }
        | Refusal::NoWorkspaceOfYours { .. }
        | Refusal::NoSuchRole { .. }
        | Refusal::NoSuchTeam { .. }
        | Refusal::NoTeamOfThatName { .. }
        | Refusal::NoSuchMember { .. }
        | Refusal::NoMemberOfThatAddress { .. }
        | Refusal::NoSuchSecret { .. }
        | Refusal::NoSuchInvitation { .. }
        | Refusal::NoInvitationForToken
        | Refusal::NoSetUpForToken
        | Refusal::NoResetForToken
        | Refusal::NoSuchPerson { .. }
        | Refusal::NoSuchServiceAccount { .. } => StatusCode::NOT_FOUND,
        Refusal::PermissionMissing { .. }
        | Refusal::RoleAboveOwn { .. }
        | Refusal::PermissionAboveOwn { .. }
        | Refusal::TeamAboveOwn { .. }
        | Refusal::AccountAboveOwn { .. }
        | Refusal::CodeNotAccepted
        | Refusal::NotOwnerEverywhere { .. }
        | Refusal::ExpiryBeyondOwn
        | Refusal::ProjectCreationNotAllowed { .. }
        | Refusal::PlainTextNotAllowed { .. }
        | Refusal::AddressNotAllowed { .. } => StatusCode::FORBIDDEN,
        Refusal::LastOwner { .. }
        | Refusal::TooManySecrets { .. }
        | Refusal::Protected { .. }
        | Refusal::SecretEnded { .. }
        | Refusal::AccountEnded { .. }
        | Refusal::NoSecretToRotate { .. }
        | Refusal::DefaultWorkspace { .. }
        | Refusal::TeamNameTaken { .. }
        | Refusal::RoleNameTaken { .. }
        | Refusal::SlugTaken { .. }
        | Refusal::AlreadyCreated { .. }
        | Refusal::AlreadyMember { .. }
        | Refusal::AlreadyInvited { .. }
        | Refusal::InvitationVoid
        | Refusal::PersonMeanwhile
        | Refusal::SecondFactorOn
        | Refusal::SecondFactorOff
        | Refusal::ResetForOneself
        | Refusal::OwnedByPerson { .. }
        | Refusal::EmailTaken { .. }
        | Refusal::NameExhausted { .. }
        | Refusal::AlreadySetUp
        | Refusal::WouldLockOut { .. }
        | Refusal::LimitReached { .. } => StatusCode::CONFLICT,
        Refusal::ExpiryNotLater
        | Refusal::ExpiryTooFar
        | Refusal::GraceTooLong { .. }
        | Refusal::ExpiryRequired { .. }
        | Refusal::LifetimeTooLong { .. }
        | Refusal::LifetimeProlonged { .. }
        | Refusal::NameNotAllowed { .. } => StatusCode::BAD_REQUEST,
        Refusal::Exhausted { .. } => StatusCode::SERVICE_UNAVAILABLE,
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let status = status_of(&refusal);
        let made = match &refusal {
            Refusal::AlreadyCreated { made: MadeBefore::Other(id) } => Some(MadeId::Number(*id)),
            Refusal::AlreadyCreated { made: MadeBefore::CustomRole(role) } => {
                Some(MadeId::Role(RoleName::Custom(role.number())))
            }
            _ => None,
        };
        Self { made, ..Self::new(status, refusal.code(), refusal.to_string()) }
    }
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Self {
        let (status, code) = match error {
            WriteError::Refused(refusal) => return refusal.into(),
            WriteError::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
            WriteError::OutcomeUnknown => (StatusCode::SERVICE_UNAVAILABLE, "outcome_unknown"),
            WriteError::TooManyOfOrganization | WriteError::TooMany => {
                (StatusCode::TOO_MANY_REQUESTS, "too_many_writes")
            }
        };
        Self::new(status, code, error.to_string())
    }
}

impl From<NotHeld> for Failure {
    fn from(not_held: NotHeld) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", not_held.to_string())
    }
}

impl From<NotHashed> for Failure {
    fn from(error: NotHashed) -> Self {
        match error {
            NotHashed::Busy => Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_passwords", error.to_string()),
            NotHashed::NoRandomness => Self::new(StatusCode::SERVICE_UNAVAILABLE, "exhausted", error.to_string()),
            NotHashed::Failed(_) => {
                tracing::error!(%error, "a password could not be hashed");
                Self::internal()
            }
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "a read failed");
        let sentence = "the database does not answer, so this cannot be shown; try again";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", sentence)
    }
}

/// 404 in the contract's envelope.
pub(super) async fn no_such_path() -> Failure {
    Failure::not_found()
}

/// 405 in the contract's envelope; the router adds `Allow`.
pub(super) async fn method_not_allowed(request: Request) -> Response {
    let method = request.method();
    let shown = if is_standard(method) { method.as_str() } else { "this method" };
    let sentence = format!("{shown} is not for this path; the Allow header lists what is");
    Failure::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", sentence).into_response()
}

/// Whether it is one of HTTP's own.
pub(crate) fn is_standard(method: &Method) -> bool {
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS]
        .contains(method)
}

/// 500 in the contract's envelope; a fault of ours, which the log tells.
pub(crate) fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let what = panic.downcast_ref::<&str>().copied().unwrap_or("no message");
    tracing::error!(what, "a handler panicked");
    Failure::internal().into_response()
}
