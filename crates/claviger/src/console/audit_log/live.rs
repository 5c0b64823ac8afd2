//! New rows for a page that follows the log, as server-sent events: each is the row as the page's own template makes it.
//!
//! A stream waits for news of the writer's task, of whatever it published or recorded, and then looks once, by number,
//! for what came since; nobody asks the database over and over. Authority is asked on the image of that moment, with the
//! session, before each look and again before each row is handed on, and every few seconds where nothing happens. Whoever
//! was signed out, lowered or deleted gets nothing more, and his stream ends; so do all at shutdown.
//!
//! What must stay true: streams are few, and each holds one page of rows at most; one that is far behind is told to load
//! its page again rather than to read on and on.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use askama::Template;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, HeaderName};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use claviger_access::authorize::{ManageServiceAccounts, ReadAuditLog, Scope, authorize, lies_idle};
use claviger_access::identity::{OrganizationId, PrincipalId, ProjectId, SessionId};
use claviger_access::{Caller, Directory, Moment, Permit};
use hyper::body::Frame;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::asked::{Asked, ends_text, read_ends};
use super::row::{Fragment, Teller};
use super::{Log, TITLE};
use crate::api::ids::PathId;
use crate::clock;
use crate::cluster::Held;
use crate::console::Console;
use crate::console::error_page::ErrorPage;
use crate::console::path::At;
use crate::console::signed_in::SignedIn;
use crate::node::Node;
use crate::store::audit_log::{EventFilter, LogEnds, Newer, RecordedEvent};

/// So many streams are open of one person, of all his browsers, and in all. Browsers open six connections to a server.
const STREAMS_OF_ONE_PERSON_MAX: usize = 3;
const STREAMS_MAX: usize = 100;

/// Authority is asked, and the connection tried, so often where nothing happens.
const BEAT: Duration = Duration::from_secs(5);

/// What comes within this is looked for at once.
const GATHER: Duration = Duration::from_millis(200);

/// So many rows of each chain are read at a time.
const ROWS_A_LOOK: u32 = 25;

/// Events that are ready before the browser takes them.
const PIECES_WAITING: usize = 1;

/// Where a browser that lost its connection goes on.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Proxies pass on what comes as it comes.
const UNBUFFERED: HeaderName = HeaderName::from_static("x-accel-buffering");

/// The streams that are open.
#[derive(Default)]
pub(in crate::console) struct OpenStreams {
    of: Mutex<HashMap<PrincipalId, usize>>,
}

/// A place among them, until it is dropped.
struct OpenStream {
    open: Arc<OpenStreams>,
    person: PrincipalId,
}

impl OpenStreams {
    fn take_place(self: &Arc<Self>, person: PrincipalId) -> Option<OpenStream> {
        let mut of = self.lock();
        let in_all: usize = of.values().sum();
        let his = of.entry(person).or_insert(0);
        let is_room = *his < STREAMS_OF_ONE_PERSON_MAX && in_all < STREAMS_MAX;
        if is_room {
            *his += 1;
        }
        of.retain(|_, open| *open > 0);
        is_room.then(|| OpenStream { open: Arc::clone(self), person })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PrincipalId, usize>> {
        self.of.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        let mut of = self.open.lock();
        if let Some(open) = of.get_mut(&self.person) {
            *open -= 1;
        }
        of.retain(|_, open| *open > 0);
    }
}

/// The stream of an organization's log.
pub(in crate::console) async fn of_organization(
    State(console): State<Console>,
    signed_in: SignedIn,
    At(PathId(organization)): At<PathId<OrganizationId>>,
    asked: Asked,
    headers: HeaderMap,
) -> Result<Response, ErrorPage> {
    follow(console, &signed_in, Log::of_organization(organization), asked, &headers).await
}

/// The stream of a project's log.
pub(in crate::console) async fn of_project(
    State(console): State<Console>,
    signed_in: SignedIn,
    At(PathId(project)): At<PathId<ProjectId>>,
    asked: Asked,
    headers: HeaderMap,
) -> Result<Response, ErrorPage> {
    follow(console, &signed_in, Log::of_project(project), asked, &headers).await
}

async fn follow(
    console: Console,
    signed_in: &SignedIn,
    log: Log,
    asked: Asked,
    headers: &HeaderMap,
) -> Result<Response, ErrorPage> {
    let permit = log.admit(signed_in)?;
    let known = signed_in.held.organization(permit.organization()).ok_or_else(ErrorPage::no_such_organization)?;
    let filter = log.filter(signed_in, known, &asked)?;
    let Some(place) = console.streams.take_place(signed_in.person) else {
        let strong = "Too many pages follow an audit log.";
        let more = "Close one that you no longer need, then load this one again.";
        let page = ErrorPage::not_done(StatusCode::TOO_MANY_REQUESTS, TITLE, strong, more);
        return Err(page.leads_to(&log.path(), "Back to the audit log").inside(signed_in, log.place));
    };
    let gone_on = headers.get(LAST_EVENT_ID).and_then(|id| read_ends(id.to_str().ok()?));
    let since = match gone_on.or(asked.since) {
        Some(since) => since,
        None => {
            let ends = console.node.store.audit_log_ends().await;
            ends.map_err(|error| log.unread(signed_in, &error))?
        }
    };
    let (sender, pieces) = mpsc::channel(PIECES_WAITING);
    let stream = Stream {
        node: console.node,
        closing: console.closing,
        caller: signed_in.caller,
        session: signed_in.session,
        scope: log.scope,
        path: log.path(),
        // Details of a row lead to a page that follows the log again once they are closed.
        asked: Asked { follows: true, ..asked },
        filter,
        since,
        _place: place,
    };
    tokio::spawn(stream.run(sender));
    let headers =
        [(CONTENT_TYPE, HeaderValue::from_static("text/event-stream")), (UNBUFFERED, HeaderValue::from_static("no"))];
    Ok((headers, Body::new(Pieces(pieces))).into_response())
}

/// A stream that is open.
struct Stream {
    node: Node,
    closing: CancellationToken,
    caller: Caller,
    session: SessionId,
    scope: Scope,
    path: String,
    asked: Asked,
    filter: EventFilter,
    since: LogEnds,
    _place: OpenStream,
}

/// The stream is over.
struct Ended;

impl Stream {
    async fn run(mut self, sender: mpsc::Sender<Bytes>) {
        let (closing, mut news) = (self.closing.clone(), self.node.cluster.news());
        let following = async {
            sender.send(Bytes::from_static(b"retry: 3000\n\n")).await.map_err(|_| Ended)?;
            loop {
                let mut has_looked = self.look(&sender).await?;
                loop {
                    match tokio::time::timeout(BEAT, news.changed()).await {
                        Ok(Ok(())) => break tokio::time::sleep(GATHER).await,
                        Ok(Err(_)) => return Err::<(), Ended>(Ended),
                        Err(_) if !has_looked => has_looked = self.look(&sender).await?,
                        Err(_) => self.beat(&sender).await?,
                    }
                }
            }
        };
        tokio::select! {
            _ = following => {}
            () = closing.cancelled() => {}
            () = sender.closed() => {}
        }
    }

    /// Says that it goes on, and from where. Whoever may not read it any more hears nothing, not even that.
    async fn beat(&self, sender: &mpsc::Sender<Bytes>) -> Result<(), Ended> {
        self.reader()?;
        let here = format!(": here\nid: {}\n\n", ends_text(self.since));
        sender.send(Bytes::from(here)).await.map_err(|_| Ended)
    }

    /// Sends what came since the last look; whether it could look.
    async fn look(&mut self, sender: &mpsc::Sender<Bytes>) -> Result<bool, Ended> {
        loop {
            // Without an image nothing can be asked, and nothing is sent.
            let Some((_, permit)) = self.reader()? else { return Ok(false) };
            let newer = self.node.store.audit_log_since(&permit, &self.filter, self.since, ROWS_A_LOOK).await;
            let (events, reached) = match newer {
                Ok(Newer::Events(events, reached)) => (events, reached),
                Ok(Newer::TooMuch) => {
                    drop(sender.send(Bytes::from_static(b"event: reload\ndata: .\n\n")).await);
                    return Err(Ended);
                }
                Err(error) => {
                    tracing::warn!(%error, "a stream of the audit log could not be read; trying again");
                    return Ok(false);
                }
            };
            let rows = events.len();
            for (at, event) in events.iter().enumerate() {
                let Some((held, permit)) = self.reader()? else { return Ok(false) };
                let row = self.row(&held, permit.organization(), event)?;
                // A browser that goes on after a row goes on before those that it may have missed.
                let id = if at + 1 == rows { format!("id: {}\n", ends_text(reached)) } else { String::new() };
                let piece = format!("{id}event: row\ndata: {row}\n\n");
                sender.send(Bytes::from(piece)).await.map_err(|_| Ended)?;
            }
            self.since = reached;
            if rows < ROWS_A_LOOK as usize {
                return Ok(true);
            }
        }
    }

    /// What the reader may see now; nothing where that cannot be told.
    fn reader(&self) -> Result<Option<(Held, Permit<ReadAuditLog>)>, Ended> {
        let Ok(held) = self.node.cluster.directory() else { return Ok(None) };
        let (now, last_seen) = (clock::now(), self.node.last_seen.of(self.session));
        let permit = still_reads(&held, (&self.caller, self.session), self.scope, last_seen, now)?;
        Ok(Some((held, permit)))
    }

    /// A row in one line, as the format wants it.
    fn row(&self, held: &Held, organization: OrganizationId, event: &RecordedEvent) -> Result<String, Ended> {
        let accounts = Scope::Organization(organization);
        let teller = Teller {
            directory: held,
            organization,
            scope: self.scope,
            opens_accounts: authorize::<ManageServiceAccounts>(held, &self.caller, accounts, clock::now()).is_ok(),
            path: &self.path,
            asked: &self.asked,
        };
        let row = teller.row(event, self.asked.toggle(&self.path, event.id, None, false));
        let text = Fragment { row: &row }.render().map_err(|_| Ended)?;
        Ok(text.replace(['\r', '\n'], " "))
    }
}

/// Proof that somebody may go on reading by his session. A stream is no use of it: left alone, it ends with the session.
fn still_reads(
    directory: &Directory,
    (caller, session): (&Caller, SessionId),
    scope: Scope,
    last_seen: Option<Moment>,
    now: Moment,
) -> Result<Permit<ReadAuditLog>, Ended> {
    if directory.session(session).is_none_or(|session| lies_idle(session, last_seen, now)) {
        return Err(Ended);
    }
    authorize::<ReadAuditLog>(directory, caller, scope, now).map_err(|_| Ended)
}

/// The body of a stream's answer.
struct Pieces(mpsc::Receiver<Bytes>);

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.get_mut().0.poll_recv(context).map(|piece| piece.map(|bytes| Ok(Frame::data(bytes))))
    }
}

#[cfg(test)]
mod tests {
    use claviger_access::authorize::{CredentialId, SESSION_IDLE_S};
    use claviger_access::change::SignedInFrom;
    use claviger_access::credential::SecretDigest;
    use claviger_access::directory::{Loader, Person, Principal, Session};
    use claviger_access::email::EmailAddress;
    use claviger_access::grant::{Grant, Granted};
    use claviger_access::identity::{GrantId, PrincipalKind};
    use claviger_access::policy::Arrival;
    use claviger_access::role::OrganizationRole;
    use claviger_access::{Mark, Revision};

    use super::*;

    /// When the session of [`directory`] began.
    const BEGUN: i64 = 1_795_551_300;

    fn at(seconds: i64) -> Moment {
        Moment::from_seconds(BEGUN + seconds).expect("a moment")
    }

    fn organization() -> OrganizationId {
        OrganizationId::new(1).expect("an id")
    }

    fn pia() -> PrincipalId {
        PrincipalId::new(101).expect("an id")
    }

    fn session(number: u64) -> SessionId {
        SessionId::new(number).expect("an id")
    }

    /// Pia has this role in the organization, and session 7, which lasts for twelve hours if it is used.
    fn directory(role: OrganizationRole) -> Directory {
        let mut loader = Loader::new(1, 10);
        loader.organization(organization(), "Acme".to_owned());
        let grant = Grant::new(GrantId::new(51).expect("an id"), Granted::Organization(organization(), role));
        loader.principal(&Principal {
            id: pia(),
            kind: PrincipalKind::Person,
            organization: None,
            name: "Pia".to_owned(),
            deleted: false,
            disabled: false,
            protected: false,
            secrets: Vec::new(),
            grants: vec![grant],
            teams: Vec::new(),
        });
        let email = EmailAddress::parse("pia@example.com").expect("an address");
        loader.person(Person { id: pia(), email, created: at(0), sessions: Vec::new() });
        loader.session(Session {
            id: session(7),
            person: pia(),
            digest: SecretDigest::from_bytes([0; 32]),
            begun: at(0),
            ends: at(12 * 60 * 60),
            from: SignedInFrom::default(),
        });
        loader.finish(Revision::ZERO, Mark::ZERO, 200)
    }

    fn goes_on(role: OrganizationRole, by: u64, last_seen: Option<i64>, now: i64) -> bool {
        let (credential, arrival) = (CredentialId::Session(session(by)), Arrival { address: None, form: None });
        let caller = Caller::Principal { principal: pia(), credential, arrival };
        let scope = Scope::Organization(organization());
        still_reads(&directory(role), (&caller, session(by)), scope, last_seen.map(at), at(now)).is_ok()
    }

    #[test]
    fn a_stream_ends_when_its_session_lies_idle() {
        let admin = OrganizationRole::Admin;
        assert!(goes_on(admin, 7, None, SESSION_IDLE_S - 1));
        assert!(!goes_on(admin, 7, None, SESSION_IDLE_S), "not used since it was begun");
        assert!(goes_on(admin, 7, Some(600), SESSION_IDLE_S + 599));
        assert!(!goes_on(admin, 7, Some(600), SESSION_IDLE_S + 600), "not used for as long");
    }

    #[test]
    fn a_stream_ends_with_its_session_and_with_the_right_to_it() {
        let (admin, lately) = (OrganizationRole::Admin, Some(12 * 60 * 60 - 60));
        assert!(goes_on(admin, 7, lately, 12 * 60 * 60 - 1));
        assert!(!goes_on(admin, 7, lately, 12 * 60 * 60), "used or not, a session has an end");
        assert!(!goes_on(admin, 8, None, 1), "signed out");
        assert!(!goes_on(OrganizationRole::Member, 7, None, 1), "lowered");
    }

    #[test]
    fn places_are_few_and_come_back() {
        let open = Arc::<OpenStreams>::default();
        let person = |id| PrincipalId::new(id).expect("an id");
        let mut his: Vec<_> = (0..STREAMS_OF_ONE_PERSON_MAX).map(|_| open.take_place(person(1))).collect();
        assert!(his.iter().all(Option::is_some) && open.take_place(person(1)).is_none());
        his.pop();
        assert!(open.take_place(person(1)).is_some(), "dropped at once, so it is there again");
        let left = STREAMS_MAX - his.len();
        let others: Vec<_> = (0..left as u64).filter_map(|id| open.take_place(person(10 + id))).collect();
        assert_eq!(others.len(), left);
        assert!(open.take_place(person(9_999)).is_none());
        drop((his, others));
        assert!(open.lock().is_empty(), "nothing is kept of who has none open");
    }
}
