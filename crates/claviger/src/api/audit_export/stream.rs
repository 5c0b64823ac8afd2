//! The audit log as a stream that is read page by page, and never whole in memory.
//!
//! Authority is asked anew on the current image before each page: who loses it meanwhile gets no further one, and the
//! stream breaks off, which a client tells from its end by the missing last chunk. A page is read when the one before
//! it was taken. What must stay true: a stream ends well only after all of it was sent and recorded.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use claviger_access::administration::audit_export::{self, ExportAuditLog};
use claviger_access::authorize::{ReadAuditLog, Scope, authorize};
use claviger_access::identity::OrganizationId;
use claviger_access::{Caller, Refusal};
use hyper::body::Frame;
use tokio::sync::mpsc;

use super::form::FileForm;
use crate::api::audit_filter;
use crate::api::audit_log::shown;
use crate::clock;
use crate::cluster::NotHeld;
use crate::node::Node;
use crate::open_exports::{EXPORTS_OF_ONE_ORGANIZATION_MAX, OpenExport};
use crate::store::StoreError;
use crate::store::audit_log::{EventFilter, EventPlace, RecordedEvent};
use crate::store::writing::Origin;
use crate::writer::{Request, WriteError};

/// So many events a page: what an export holds in memory is three of them.
const PAGE_EVENTS: u32 = 500;

/// Pages that are ready before the client takes them.
const PAGES_WAITING: usize = 1;

/// Who wants which part of which log, and how.
pub(crate) struct Wanted {
    /// Looked at again before each page.
    pub caller: Caller,
    pub scope: Scope,
    pub filter: EventFilter,
    pub form: FileForm,
}

/// Why an export did not begin.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotBegun {
    #[error(transparent)]
    NotHeld(#[from] NotHeld),
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    NotWritten(#[from] WriteError),
    #[error("your organization has {max} exports of its audit log open, which is the limit; wait until one has ended")]
    TooMany { max: usize },
}

/// Records that it begins, and answers with the stream. `request` is the write that records it.
pub(crate) async fn begin(node: Node, wanted: Wanted, request: Request) -> Result<Response, NotBegun> {
    let Wanted { caller, scope, filter, form } = wanted;
    let permit = authorize::<ReadAuditLog>(&*node.cluster.directory()?, &caller, scope, clock::now())?;
    let organization = permit.organization();
    let Some(place) = node.open_exports.take_place(organization) else {
        return Err(NotBegun::TooMany { max: EXPORTS_OF_ONE_ORGANIZATION_MAX });
    };
    let command = ExportAuditLog { scope, format: form.name(), filters: audit_filter::written(&filter) };
    let (origin, begin) = (request.origin.clone(), command.clone());
    let decide = move |draft: &_, moment, _| audit_export::begin(draft, &caller, &begin, moment);
    node.writer.perform(request, decide).await?;
    log_mark(&node).await;
    let (sender, pieces) = mpsc::channel(PAGES_WAITING);
    let export = Export { node, caller, scope, organization, filter, form, command, origin, _place: place };
    tokio::spawn(export.run(sender));
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(form.content_type())),
        (CONTENT_DISPOSITION, HeaderValue::from_static(form.disposition())),
    ];
    Ok((headers, Body::new(Streamed { pieces, has_ended: false })).into_response())
}

/// What is taken away can be held against the chain later.
async fn log_mark(node: &Node) {
    let Some(ring) = node.store.audit_keys() else { return };
    match node.store.audit_marks(&ring, clock::now()).await {
        Ok(marks) => marks.iter().for_each(|mark| tracing::info!("{mark}")),
        Err(error) => tracing::warn!(%error, "the audit log could not be marked"),
    }
}

/// An export that is under way.
struct Export {
    node: Node,
    caller: Caller,
    scope: Scope,
    organization: OrganizationId,
    filter: EventFilter,
    form: FileForm,
    command: ExportAuditLog,
    origin: Origin,
    _place: OpenExport,
}

/// Why an export has no further page.
#[derive(Debug, thiserror::Error)]
enum BrokenOff {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    NotHeld(#[from] NotHeld),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("its end could not be recorded: {0}")]
    NotRecorded(#[from] WriteError),
    #[error(transparent)]
    NotWritten(#[from] serde_json::Error),
    #[error("the part of the server that sends it failed")]
    Failed,
}

/// A part of the stream.
enum Piece {
    Bytes(Bytes),
    /// All was sent, and recorded.
    End,
    Broken(BrokenOff),
}

impl Export {
    async fn run(self, sender: mpsc::Sender<Piece>) {
        let last = match self.send_all(&sender).await {
            Ok(()) => Piece::End,
            Err(broken) => {
                tracing::warn!(request = %self.origin.request_id, reason = %broken, "an export of the audit log breaks off");
                Piece::Broken(broken)
            }
        };
        // Who went away hears nothing.
        drop(sender.send(last).await);
    }

    async fn send_all(&self, sender: &mpsc::Sender<Piece>) -> Result<(), BrokenOff> {
        let (mut after, mut events, mut piece) = (None, 0_u64, self.form.head());
        loop {
            let page = self.page(after).await?;
            tracing::trace!(request = %self.origin.request_id, events = page.len(), "a page of an export");
            let is_last = page.len() < PAGE_EVENTS as usize;
            after = page.last().map(RecordedEvent::place).or(after);
            events += page.len() as u64;
            for event in page {
                self.form.write(&shown(event), &mut piece)?;
            }
            if sender.send(Piece::Bytes(Bytes::from(std::mem::take(&mut piece)))).await.is_err() {
                tracing::info!(request = %self.origin.request_id, events, "the client of an export went away");
                return Ok(());
            }
            if is_last {
                return self.record_end(events).await;
            }
        }
    }

    /// The next page, if the caller may read it now.
    async fn page(&self, after: Option<EventPlace>) -> Result<Vec<RecordedEvent>, BrokenOff> {
        let held = self.node.cluster.directory()?;
        let permit = authorize::<ReadAuditLog>(&held, &self.caller, self.scope, clock::now())?;
        Ok(self.node.store.audit_log(&permit, &self.filter, after, PAGE_EVENTS).await?)
    }

    async fn record_end(&self, events: u64) -> Result<(), BrokenOff> {
        let (caller, command) = (self.caller, self.command.clone());
        let request = Request { origin: self.origin.clone(), organization: Some(self.organization), weight: 1 };
        let decide = move |draft: &_, moment, _| audit_export::end(draft, &caller, &command, events, moment);
        Ok(self.node.writer.perform(request, decide).await?)
    }
}

/// The body of an export's answer.
struct Streamed {
    pieces: mpsc::Receiver<Piece>,
    has_ended: bool,
}

impl hyper::body::Body for Streamed {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        let this = self.get_mut();
        if this.has_ended {
            return Poll::Ready(None);
        }
        this.pieces.poll_recv(context).map(|piece| match piece {
            Some(Piece::Bytes(bytes)) => Some(Ok(Frame::data(bytes))),
            Some(Piece::End) => {
                this.has_ended = true;
                None
            }
            Some(Piece::Broken(broken)) => Some(Err(broken)),
            // It went without saying that this is the end.
            None => Some(Err(BrokenOff::Failed)),
        })
    }
}
