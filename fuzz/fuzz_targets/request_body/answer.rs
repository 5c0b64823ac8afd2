//! What must be true of every answer.

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode};
use claviger_wire::envelope::Failure;
use serde_json::Value;

use crate::sent::{ACCEPT, PLANTED, Sender, Sent, holds};
use crate::world::{FRAME_LENGTH, World, log};

/// So much of a body that is too long is read all the same.
const THROWN_AWAY_LENGTH: usize = 4 * 1024 * 1024;

/// Every code that an answer of this node may carry while its store is well. `unavailable`, `outcome_unknown`,
/// `too_many_writes`, `too_many_exports`, `exhausted` and `internal` are not among them.
const CODES: &[&str] = &[
    "account_above_own",
    "address_not_allowed",
    "addresses_invalid",
    "already_created",
    "already_invited",
    "already_member",
    "body_misfit",
    "body_not_json",
    "body_not_object",
    "body_too_deep",
    "body_too_large",
    "cursor_invalid",
    "default_workspace",
    "email_invalid",
    "expires_invalid",
    "expires_twice",
    "expiry_beyond_own",
    "expiry_not_later",
    "expiry_required",
    "expiry_too_far",
    "filter_invalid",
    "form_misfit",
    "format_invalid",
    "grace_too_long",
    "id_invalid",
    "idempotency_key_invalid",
    "invitation_not_found",
    "invitation_void",
    "label_invalid",
    "last_owner",
    "lifetime_invalid",
    "lifetime_prolonged",
    "lifetime_too_long",
    "limit_invalid",
    "limit_reached",
    "listed_twice",
    "method_not_allowed",
    "name_exhausted",
    "name_invalid",
    "name_not_allowed",
    "name_pattern_invalid",
    "no_secret_to_rotate",
    "not_authenticated",
    "not_form_type",
    "not_found",
    "not_json_type",
    "organization_not_found",
    "password_invalid",
    "permission_above_own",
    "permission_invalid",
    "permission_missing",
    "person_meanwhile",
    "plain_text_not_allowed",
    "project_creation_not_allowed",
    "project_not_found",
    "protected",
    "query_invalid",
    "role_above_own",
    "role_built_in",
    "role_name_taken",
    "role_not_found",
    "search_invalid",
    "search_too_long",
    "secret_ended",
    "secret_not_found",
    "secrets_max_invalid",
    "service_account_not_found",
    "slug_invalid",
    "slug_taken",
    "team_above_own",
    "team_name_taken",
    "team_not_found",
    "timezone_invalid",
    "too_many_attempts",
    "too_many_listed",
    "too_many_secrets",
    "user_not_found",
    "workspace_not_found",
    "would_lock_out",
    "wrong_password",
];

#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// Bytes of the request's body that were read.
    pub taken: usize,
}

impl Answer {
    pub fn check(&self, sent: &Sent, world: &World) {
        assert!(!self.status.is_server_error(), "{} {self:?}", self.status);
        assert!(self.headers.contains_key("x-request-id") && self.headers.contains_key("cache-control"), "{self:?}");
        if self.status.as_u16() >= 400 && sent.method != Method::HEAD {
            self.check_failure();
        }
        self.check_secrets(world);
        self.check_limits(sent);
        self.check_authority(sent, world);
    }

    fn check_failure(&self) {
        let failure: Failure = serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"));
        assert!(CODES.contains(&failure.code.as_str()), "{self:?}");
        assert!(!failure.error.is_empty(), "{self:?}");
        let header = match self.status {
            StatusCode::UNAUTHORIZED => "www-authenticate",
            StatusCode::METHOD_NOT_ALLOWED => "allow",
            StatusCode::TOO_MANY_REQUESTS => "retry-after",
            _ => "content-type",
        };
        assert!(self.headers.contains_key(header), "{self:?}");
        // A pattern is the organization's own, whatever its owner put into it.
        let shows_a_pattern = failure.code == "name_not_allowed";
        assert!(shows_a_pattern || !holds(&self.body, PLANTED), "an error gives back what was sent: {self:?}");
    }

    fn check_secrets(&self, world: &World) {
        let log = log();
        for secret in world.secrets() {
            assert!(!holds(&self.body, secret), "the caller's secret comes back: {self:?}");
            assert!(!holds(&log, secret), "the caller's secret is logged");
        }
        assert!(!holds(&log, PLANTED), "what was sent is logged");
        let in_headers = self.headers.values().any(|value| holds(value.as_bytes(), PLANTED));
        // The reference redirects to its own address with a slash, and a redirect keeps the query.
        assert!(!in_headers || self.status.is_redirection(), "what was sent is in a header: {self:?}");
    }

    fn check_limits(&self, sent: &Sent) {
        let (length, max) = (sent.body.len(), sent.body_length_max);
        // What is too long is read a little further and thrown away, so that the refusal arrives.
        let read_max = max + THROWN_AWAY_LENGTH + FRAME_LENGTH;
        assert!(self.taken <= read_max, "{} bytes were read where {read_max} are the most", self.taken);
        let refused = self.status == StatusCode::PAYLOAD_TOO_LARGE;
        assert!(self.taken <= max + FRAME_LENGTH || refused, "{} bytes were read for {self:?}", self.taken);
        let too_long = max > 0 && length > max;
        assert!(!too_long || !self.status.is_success(), "a body of {length} bytes was accepted: {self:?}");
        let listed = serde_json::from_slice::<Value>(&self.body).ok();
        let listed = listed.as_ref().and_then(|answer| answer["results"].as_array());
        if let (true, Some(rows), Some(limit)) = (self.status.is_success(), listed, sent.asks("limit")) {
            let limit: usize = limit.parse().unwrap_or_else(|_| panic!("a limit of {limit} was accepted"));
            assert!((1..=1_000).contains(&limit) && rows.len() <= limit, "{} rows for {limit}", rows.len());
        }
    }

    fn check_authority(&self, sent: &Sent, world: &World) {
        let unknown = matches!(sent.sender, Sender::Nobody | Sender::Impostor);
        let asks_for_a_credential = sent.target.path() != ACCEPT;
        // Who presents wrong credentials again and again is slowed. Who presents none is only asked for one.
        let slowed = self.status == StatusCode::TOO_MANY_REQUESTS;
        assert!(!(slowed && sent.sender == Sender::Nobody), "slowed without a credential: {self:?}");
        if unknown && sent.is_route && asks_for_a_credential && !slowed {
            assert_eq!(self.status, StatusCode::UNAUTHORIZED, "{self:?}");
        }
        let in_app = sent.target.path().starts_with("/api/app");
        assert!(!(unknown && in_app && self.status.is_success()), "a stranger was let in: {self:?}");
        let writes = ![Method::GET, Method::HEAD, Method::OPTIONS].contains(&sent.method);
        let may_not = sent.sender == Sender::Consumer && world.consumer_is_as_made();
        // An account replaces and revokes its own secrets, whatever it may besides.
        let of_its_own = world.is_of_consumers_secrets(sent.target.path());
        assert!(!(writes && may_not && !of_its_own && self.status.is_success()), "a consumer wrote: {self:?}");
    }
}
