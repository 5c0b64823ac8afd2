//! What the engine asks on the way of each request: whether it goes through, where to, with which headers, and whether each
//! further piece of it still may.
//!
//! What must stay true: nothing reaches the upstream of a request that no decision let through, nor a piece of it, in either
//! direction, that a decision made with the directory as it is now would not; whatever fails, fails closed; and what the
//! upstream was told of, or where it is, is in no answer of ours and in no line of the log.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use claviger::api::failure::Failure;
use claviger::gateway::InProcess;
use claviger::gateway::in_process::{Carried, Left};
use http::{HeaderMap, Method, Response, StatusCode, header};
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::modules::http::HttpModules;
use pingora::proxy::{FailToProxy, ProxyHttp, Session};
use pingora::upstreams::peer::HttpPeer;
use pingora::{Error, ErrorType, Result};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::connection::CameOn;
use crate::failure;
use crate::forwarded::{self, From};
use crate::tunnel::{self, Tunnel};
use crate::upstream::pool::Pool;

/// The caller is no longer let through.
const CUT_OFF: ErrorType = ErrorType::Custom("CutOff");

/// What comes of a body that is refused is read and dropped for so long, so that the connection can be kept.
const DRAINED_FOR: Duration = Duration::from_secs(5);

/// Carries requests between clients and the upstream.
pub(crate) struct Carrier {
    pub(crate) checks: InProcess,
    pub(crate) pool: Arc<Pool>,
    /// How long a client may take for the next piece of a body.
    pub(crate) slowest: Duration,
    /// How long a client may read nothing of its answer.
    pub(crate) stalled: Duration,
}

/// One request on its way.
#[derive(Default)]
pub(crate) struct OnItsWay {
    came_on: Option<CameOn>,
    carried: Option<Arc<Carried>>,
    /// What the upstream is told of the caller.
    told: HeaderMap,
    /// Which of the upstream's servers, and where.
    upstream: Option<(usize, SocketAddr)>,
    is_tried_again: bool,
    /// What the caller is to be answered in place of the upstream's answer.
    failure: Option<Failure>,
    cut_off: Option<&'static str>,
    /// Ends the look-out over an upgraded connection.
    _over: Option<DropGuard>,
}

impl Carrier {
    /// Whether this piece of a body still goes on.
    fn piece(&self, piece: Option<&Bytes>, request: &mut OnItsWay) -> Result<()> {
        if piece.is_none_or(Bytes::is_empty) { Ok(()) } else { self.goes_on(request) }
    }

    /// Whether what is next still goes on.
    fn goes_on(&self, request: &mut OnItsWay) -> Result<()> {
        let Some(carried) = &request.carried else { return Error::e_explain(ErrorType::InternalError, "not judged") };
        let Err(refused) = self.checks.check_piece(carried) else { return Ok(()) };
        request.cut_off = Some(refused.code());
        request.failure = Some(refused);
        Error::e_explain(CUT_OFF, "the caller is no longer let through")
    }

    /// Answers in place of the upstream.
    async fn answer(session: &mut Session, answer: Response<Bytes>) -> Result<()> {
        let (parts, body) = answer.into_parts();
        let mut head = ResponseHeader::build(parts.status, Some(parts.headers.len() + 1))?;
        for (name, value) in &parts.headers {
            head.append_header(name.clone(), value.clone())?;
        }
        head.insert_header(header::CONTENT_LENGTH, body.len().to_string())?;
        let request = session.req_header();
        let is_head = request.method == Method::HEAD;
        // It would wait to be told to go on, or speak another protocol.
        if request.headers.contains_key(header::EXPECT) || request.headers.contains_key(header::UPGRADE) {
            session.set_keepalive(None);
        }
        session.write_response_header(Box::new(head), is_head).await?;
        if is_head { Ok(()) } else { session.write_response_body(Some(body), true).await }
    }

    /// The answer to what failed, if there is anybody to give it to and nothing of another one was given.
    async fn answer_to(&self, session: &mut Session, error: &Error, request: &mut OnItsWay) -> Option<StatusCode> {
        session.set_keepalive(None);
        let is_begun = session.response_written().is_some_and(|answer| begins_an_answer(answer.status));
        let is_cut_off = matches!(error.etype(), &CUT_OFF);
        let failure = request.failure.take().or_else(|| failure::of(error));
        let (Some(failure), Some(carried), false) = (failure, &request.carried, is_begun) else { return None };
        let answer = if is_cut_off {
            self.checks.refusal(carried, failure).await
        } else {
            self.checks.failed(carried, failure).await
        };
        let status = answer.status();
        Self::answer(session, answer).await.is_ok().then_some(status)
    }
}

/// Whether nothing else can be answered from then on. After 101 another protocol is spoken, and our words would be read as its.
fn begins_an_answer(status: StatusCode) -> bool {
    !status.is_informational() || status == StatusCode::SWITCHING_PROTOCOLS
}

/// The engine encodes what it thinks should be, and drops what it thinks means nothing. What was judged goes on, or nothing.
fn as_it_came(head: &mut RequestHeader, target: &[u8]) -> std::result::Result<(), Failure> {
    let is_alike = head.raw_path() == target || (head.set_raw_path(target).is_ok() && head.raw_path() == target);
    is_alike.then_some(()).ok_or_else(failure::not_passed_on)
}

#[async_trait]
impl ProxyHttp for Carrier {
    type CTX = OnItsWay;

    fn new_ctx(&self) -> OnItsWay {
        OnItsWay::default()
    }

    /// None: bodies go on as they come.
    fn init_downstream_modules(&self, _modules: &mut HttpModules) {}

    /// What the connection has told of itself.
    fn on_connection_reuse(
        &self,
        _session: &mut Session,
        request: &mut OnItsWay,
        told: Box<dyn std::any::Any + Send + Sync>,
    ) {
        request.came_on = told.downcast().ok().map(|came_on| *came_on);
    }

    async fn request_filter(&self, session: &mut Session, request: &mut OnItsWay) -> Result<bool> {
        session.set_read_timeout(Some(self.slowest));
        session.set_write_timeout(Some(self.stalled));
        session.set_total_drain_timeout(Some(DRAINED_FOR));
        let Some(came_on) = &request.came_on else {
            return Error::e_explain(ErrorType::InternalError, "it is not known where this comes from");
        };
        let head = session.req_header_mut();
        let carried = self.checks.arrives(came_on.peer.ip(), &head.method, &came_on.target, &head.headers);
        let carried = Arc::clone(request.carried.insert(Arc::new(carried)));
        match self.checks.check(&carried).and_then(|told| as_it_came(head, &came_on.target).map(|()| told)) {
            Ok(told) => {
                request.told = told;
                Ok(false)
            }
            Err(refused) => {
                let answer = self.checks.refusal(&carried, refused).await;
                Self::answer(session, answer).await?;
                Ok(true)
            }
        }
    }

    async fn upstream_peer(&self, _session: &mut Session, request: &mut OnItsWay) -> Result<Box<HttpPeer>> {
        let tried = request.upstream.map(|(_, address)| address);
        let Some((at, address, peer)) = self.pool.choose(tried) else {
            request.failure = Some(failure::none_is_well());
            return Error::e_explain(ErrorType::ConnectError, "no upstream is well");
        };
        request.upstream = Some((at, address));
        Ok(Box::new(peer))
    }

    async fn upstream_request_filter(
        &self,
        _session: &mut Session,
        head: &mut RequestHeader,
        request: &mut OnItsWay,
    ) -> Result<()> {
        // Connecting may have taken its time.
        self.goes_on(request)?;
        let Some(came_on) = &request.came_on else {
            return Error::e_explain(ErrorType::InternalError, "not judged");
        };
        let peer = came_on.peer.ip();
        let from = From { peer, is_trusted: self.checks.trusts(peer), is_encrypted: came_on.is_encrypted };
        forwarded::prepare(head, &request.told, from, self.checks.credential())
    }

    async fn request_body_filter(
        &self,
        _session: &mut Session,
        piece: &mut Option<Bytes>,
        _is_last: bool,
        request: &mut OnItsWay,
    ) -> Result<()> {
        self.piece(piece.as_ref(), request)
    }

    async fn response_filter(
        &self,
        session: &mut Session,
        head: &mut ResponseHeader,
        request: &mut OnItsWay,
    ) -> Result<()> {
        // A head tells, too: where to go on, and what was made.
        self.goes_on(request)?;
        if head.status != StatusCode::SWITCHING_PROTOCOLS {
            return Ok(());
        }
        if !session.is_upgrade_req() {
            return Err(Error::new_up(ErrorType::InvalidHTTPHeader));
        }
        // A client may listen for hours.
        session.set_read_timeout(None);
        let (Some(carried), Some(came_on)) = (&request.carried, &request.came_on) else {
            return Error::e_explain(ErrorType::InternalError, "not judged");
        };
        let over = CancellationToken::new();
        tokio::spawn(tunnel::look_after(Tunnel {
            checks: self.checks.clone(),
            carried: Arc::clone(carried),
            upstream: request.upstream.map(|(at, _)| at),
            cut: came_on.cut.clone(),
            over: over.clone(),
        }));
        request._over = Some(over.drop_guard());
        Ok(())
    }

    fn response_body_filter(
        &self,
        _session: &mut Session,
        piece: &mut Option<Bytes>,
        _is_last: bool,
        request: &mut OnItsWay,
    ) -> Result<Option<Duration>> {
        self.piece(piece.as_ref(), request).map(|()| None)
    }

    /// Of a request that reached no server, another one may be asked, once: nothing of it was said.
    fn fail_to_connect(
        &self,
        _session: &mut Session,
        _peer: &HttpPeer,
        request: &mut OnItsWay,
        mut error: Box<Error>,
    ) -> Box<Error> {
        let has_another = request.upstream.is_some_and(|(_, address)| self.pool.has_another(address));
        error.set_retry(has_another && !std::mem::replace(&mut request.is_tried_again, true));
        error
    }

    /// A connection that was kept may have ended as the request was sent. Then it is sent again, once, if sending it twice
    /// does what sending it once does, and nothing of a body has gone.
    fn error_while_proxy(
        &self,
        _peer: &HttpPeer,
        session: &mut Session,
        mut error: Box<Error>,
        request: &mut OnItsWay,
        is_kept: bool,
    ) -> Box<Error> {
        let is_repeatable = session.req_header().method.is_idempotent()
            && session.body_bytes_read() == 0
            && session.response_written().is_none();
        if is_repeatable && !std::mem::replace(&mut request.is_tried_again, true) {
            error.retry.decide_reuse(is_kept);
        } else {
            error.set_retry(false);
        }
        error
    }

    async fn fail_to_proxy(&self, session: &mut Session, error: &Error, request: &mut OnItsWay) -> FailToProxy {
        let answered = self.answer_to(session, error, request).await;
        FailToProxy { error_code: answered.map_or(0, |status| status.as_u16()), can_reuse_downstream: false }
    }

    async fn logging(&self, session: &mut Session, _error: Option<&Error>, request: &mut OnItsWay) {
        let Some(carried) = &request.carried else { return };
        let status = session.response_written().map(|answer| answer.status);
        let upstream = request.upstream.map(|(at, _)| at);
        self.checks.leaves(carried, Left { status, upstream, cut_off: request.cut_off });
    }

    fn suppress_error_log(&self, _session: &Session, _request: &OnItsWay, _error: &Error) -> bool {
        true
    }

    /// Nothing of a request is anybody's to read.
    fn request_summary(&self, _session: &Session, _request: &OnItsWay) -> String {
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_answered_after_an_answer_has_begun() {
        for (status, is_begun) in [(100, false), (101, true), (103, false), (200, true), (404, true)] {
            assert_eq!(begins_an_answer(StatusCode::from_u16(status).expect("a status")), is_begun, "{status}");
        }
    }

    #[test]
    fn a_target_goes_on_as_it_came_or_not_at_all() {
        for (target, is_passed_on) in [("/a?b|c", true), ("/a", true), ("/a#b", false), ("/a?<b>", false)] {
            let mut head = RequestHeader::build("GET", b"/another", None).expect("a head");
            let passed_on = as_it_came(&mut head, target.as_bytes()).is_ok();
            assert_eq!(passed_on, is_passed_on, "{target}");
            assert!(!passed_on || head.raw_path() == target.as_bytes(), "{target}");
        }
    }
}
