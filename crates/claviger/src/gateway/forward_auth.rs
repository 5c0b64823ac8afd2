//! `/auth/check`: what a gateway asks before it lets a request through to somebody else's API.
//!
//! The gateway passes the caller's headers on, and what the request is. 200 says that it goes through, and as whom, in
//! headers for the upstream; 401 and 403 that it does not. What is demanded may stand in the check's own query.
//!
//! What must stay true: where there is a table, no query decides, for some gateways pass the client's own on; of two
//! families of headers that name the original request, the configured one alone is read; a body is never waited for.

use std::panic::{AssertUnwindSafe, catch_unwind};

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, Method};
use axum::response::{IntoResponse, Response};

use super::decision::{self, Decider, forbidden};
use super::query::Query;
use crate::api::arrival::{Arrival, Judged};
use crate::api::failure::{self, Failure};
use crate::store::writing::Origin;

/// Where gateways ask.
pub const PATH: &str = "/auth/check";

/// Which headers name the original request. Others that might are the caller's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum OriginalRequest {
    /// X-Forwarded-Method and X-Forwarded-Uri, as Caddy and Traefik send them
    XForwarded,
    /// X-Original-Method and X-Original-URI, as configurations of nginx often have them
    XOriginal,
}

impl OriginalRequest {
    const fn names(self) -> (HeaderName, HeaderName) {
        match self {
            Self::XForwarded => {
                (HeaderName::from_static("x-forwarded-method"), HeaderName::from_static("x-forwarded-uri"))
            }
            Self::XOriginal => {
                (HeaderName::from_static("x-original-method"), HeaderName::from_static("x-original-uri"))
            }
        }
    }

    /// What the gateway says that the request is.
    fn read(self, headers: &HeaderMap) -> Result<(Method, &[u8]), Failure> {
        let (method, target) = self.names();
        let one = |name: &HeaderName| {
            let mut values = headers.get_all(name).iter();
            let value = values.next().filter(|_| values.next().is_none());
            let unnamed = || {
                let sentence =
                    format!("the gateway must say what the request is with one {name} header; see its guide");
                forbidden("request_unnamed", sentence)
            };
            value.map(|value| value.as_bytes()).ok_or_else(unnamed)
        };
        Ok((decision::method(one(&method)?)?, one(&target)?))
    }
}

/// The check alone.
pub(super) struct ForwardAuth {
    pub decider: Decider,
    pub original: OriginalRequest,
    pub arrival: Arrival,
}

impl ForwardAuth {
    /// Answers a check. Its body, where a gateway sends one all the same, is the upstream's.
    pub(super) fn answer(&self, request: &Request) -> Response {
        let mut arrived = self.arrival.begin(request);
        let origin = arrived.origin();
        let mut answer = match arrived.refused.take() {
            Some(refused) => refused.into_response(),
            None => {
                let decided = AssertUnwindSafe(|| self.decider.answer(self.decide(request, &origin)));
                catch_unwind(decided).unwrap_or_else(failure::panicked)
            }
        };
        let judged = Judged::new(&answer, &origin);
        self.arrival.end(&arrived, &mut answer, PATH, Some(judged));
        answer
    }

    fn decide(&self, request: &Request, origin: &Origin) -> Result<HeaderMap, Failure> {
        let query = request.uri().query().unwrap_or_default();
        // Caddy passes the client's own query on, unless it is told not to: he would choose what is asked for.
        if self.decider.routes.is_some() && !query.is_empty() {
            let sentence = "this server decides by its route table, so a check has no query; where it is the client's \
                            own, the gateway must take it off: see its guide";
            return Err(Failure::bad_request("check_invalid", sentence));
        }
        let query = Query::parse(query)?;
        let headers = request.headers();
        self.decider.decide(query, headers, origin, || self.original.read(headers))
    }
}
