//! A write: one transaction that holds the head row, for as many decisions as wait.
//!
//! Revisions are taken in the order of decisions and without gaps. Each gets its rows, its change and its audit events;
//! the head moves once, at the end. What must stay true: only a [`Decision`] is added, so nothing is written that
//! nobody was permitted to write, and no mutation is without its event.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use claviger_access::identity::PrincipalId;
use claviger_access::{Decision, Directory, Mark, Moment, Revision};
use sqlx::{AnyConnection, Row};

use super::connector::{Connector, Link};
use super::ends::KnownEnds;
use super::gathered::Gathered;
use super::record::Record;
use super::rows::{self, hex, number, unhex};
use super::statements::statements;
use super::together::Part;
use super::wake::CanTell;
use super::{Engine, Store, StoreError};
use crate::audit_chain::ChainDigest;
use crate::audit_chain::series::Series;

statements! {
    /// Locks the row: writers queue here.
    TAKE_HEAD = "UPDATE head SET revision = revision WHERE id = 1 RETURNING revision, mark, next_event, chain_digest, closed, epoch_mark";
    MOVE_HEAD = "UPDATE head SET revision = $1, mark = $2, next_id = $3, next_event = $4, chain_digest = $5 WHERE id = 1";
    FIND_CHANGE = "SELECT mark FROM changes WHERE revision = $1";
    FIND_KEY = "SELECT made_id FROM idempotency_keys WHERE caller_id = $1 AND key_digest = $2 AND made_at > $3";
    FORGET_OLD_KEY = "DELETE FROM idempotency_keys WHERE caller_id = $1 AND key_digest = $2 AND made_at <= $3";
    INSERT_KEY = "INSERT INTO idempotency_keys (caller_id, key_digest, made_id, made_at) VALUES ($1, $2, $3, $4)";
}

/// An idempotency key is remembered for so long.
pub const KEY_KEPT_SECONDS: i64 = 24 * 60 * 60;

/// What became of an unknown outcome must be found out within this.
const FIND_OUT_WITHIN: Duration = Duration::from_secs(10);

/// What is left to be sent before a commit is taken within this.
const MOVED_WITHIN: Duration = Duration::from_secs(5);

/// Whether the store's epoch is one that was begun and not opened yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum IsClosed {
    No,
    Yes,
}

/// A transaction that holds the head.
pub struct Writing {
    /// In a transaction. Dropping it rolls back; it is kept for the next write only where all went well.
    connection: Link,
    connector: Connector,
    revision: Revision,
    mark: Mark,
    /// Of the epoch; none of one that has no mark yet.
    epoch: Option<Mark>,
    /// Rows of its decisions that were not sent yet.
    gathered: Gathered,
    /// What its decisions leave in the logs.
    record: Record,
    ends: KnownEnds,
    can_tell: CanTell,
    next_id: Option<u64>,
}

/// Where a write comes from, for the record.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The request's id, also in its answer and in the log.
    pub request_id: Arc<str>,
    /// The address of the peer; `None` for the command line on the host.
    pub address: Option<IpAddr>,
}

/// What a client names a creation by, so that repeating it makes nothing new. Kept as a digest, for a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// Whose key it is.
    pub caller: PrincipalId,
    /// SHA-256 of the key, in lower-case hex.
    pub digest: String,
}

/// What became of a commit whose reply was not received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is there.
    Committed,
    /// It never will be.
    NotCommitted,
    /// It could not be found out in time.
    Unknown,
}

impl Store {
    /// Begins a transaction and takes the head.
    pub async fn begin_at_head(&self) -> Result<Writing, StoreError> {
        self.begin(IsClosed::No).await
    }

    /// The same in an epoch that is not open yet, for who opens it.
    pub async fn begin_while_closed(&self) -> Result<Writing, StoreError> {
        self.begin(IsClosed::Yes).await
    }

    async fn begin(&self, expected: IsClosed) -> Result<Writing, StoreError> {
        let mut connection = self.connector.begin(begin_statement(self.engine)).await?;
        let head = self.answered(sqlx::query(TAKE_HEAD).fetch_one(&mut *connection)).await?;
        let closed = if head.try_get::<i64, _>("closed")? == 0 { IsClosed::No } else { IsClosed::Yes };
        if closed != expected {
            return Err(StoreError::Closed);
        }
        let (revision, mark) = read_head(&head)?;
        let digest = ChainDigest::parse(&head.try_get::<String, _>("chain_digest")?);
        let (Some(ring), Some(digest)) = (self.audit_keys(), digest) else {
            return Err(StoreError::unreadable("no chain for the audit log to go on with"));
        };
        let next_event = head.try_get("next_event")?;
        if !self.ends.is_ours(Series::Mutations, (revision, mark), (next_event, digest)) {
            return Err(StoreError::AuditLogMoved);
        }
        let record = Record::new(next_event, ring.current().clone(), digest);
        let epoch = unhex(&head.try_get::<String, _>("epoch_mark")?).map(Mark);
        let (connector, ends, can_tell) = (self.connector.clone(), self.ends.clone(), self.can_tell.clone());
        let (gathered, next_id) = (Gathered::new(self.engine), None);
        Ok(Writing { connection, connector, revision, mark, epoch, gathered, record, ends, can_tell, next_id })
    }

    /// Finds out what became of a commit that was not answered: takes the head, which waits until a transaction that
    /// still lives has ended, and looks whether the revision is there with this mark.
    pub async fn outcome_of(&self, revision: Revision, mark: Mark) -> Outcome {
        let look = async {
            loop {
                match self.find_change(revision, mark).await {
                    Ok(found) => return found,
                    Err(error) => {
                        tracing::warn!(%error, %revision, "cannot look up the outcome of a write yet");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                }
            }
        };
        match tokio::time::timeout(FIND_OUT_WITHIN, look).await {
            Ok(true) => Outcome::Committed,
            Ok(false) => Outcome::NotCommitted,
            Err(_) => Outcome::Unknown,
        }
    }

    async fn find_change(&self, revision: Revision, mark: Mark) -> Result<bool, StoreError> {
        let mut writing = self.begin_at_head().await?;
        let find = sqlx::query(FIND_CHANGE).bind(number(revision.0)).fetch_optional(&mut *writing.connection);
        let row = self.answered(find).await?;
        // What lets in whoever comes, and was replaced, lacks what is there: it ends no commit.
        writing.commit().await?;
        Ok(match row {
            Some(row) => row.try_get::<String, _>(0)? == hex(&mark.0),
            None => false,
        })
    }
}

impl Writing {
    /// Where the store stands: the last revision that was added, or that was there.
    pub fn head(&self) -> (Revision, Mark) {
        (self.revision, self.mark)
    }

    /// What tells the epoch that it is written in from others.
    pub fn epoch(&self) -> Option<Mark> {
        self.epoch
    }

    pub(super) fn connection(&mut self) -> &mut AnyConnection {
        &mut self.connection
    }

    /// What this key made within a day, if anything.
    pub async fn made_before(&mut self, key: &IdempotencyKey, now: Moment) -> Result<Option<u64>, StoreError> {
        let row = sqlx::query(FIND_KEY)
            .bind(number(key.caller.number()))
            .bind(key.digest.clone())
            .bind(now.seconds() - KEY_KEPT_SECONDS)
            .fetch_optional(&mut *self.connection)
            .await?;
        Ok(match row {
            Some(row) => u64::try_from(row.try_get::<i64, _>(0)?).ok(),
            None => None,
        })
    }

    /// Remembers what this key made.
    pub async fn remember(&mut self, key: &IdempotencyKey, made: u64, now: Moment) -> Result<(), StoreError> {
        sqlx::query(FORGET_OLD_KEY)
            .bind(number(key.caller.number()))
            .bind(key.digest.clone())
            .bind(now.seconds() - KEY_KEPT_SECONDS)
            .execute(&mut *self.connection)
            .await?;
        sqlx::query(INSERT_KEY)
            .bind(number(key.caller.number()))
            .bind(key.digest.clone())
            .bind(number(made))
            .bind(now.seconds())
            .execute(&mut *self.connection)
            .await?;
        Ok(())
    }

    /// Adds one decision as the next revision. `after` is the directory with the decision applied, at that revision.
    pub async fn add(
        &mut self,
        decision: &Decision,
        after: &Directory,
        origin: &Origin,
        moment: Moment,
    ) -> Result<(), StoreError> {
        rows::write(&mut self.connection, &mut self.gathered, after, decision.changes()).await?;
        (self.revision, self.mark, self.next_id) = (after.revision(), after.mark(), Some(after.next_id()));
        self.record.add(decision, after, origin, moment)?;
        if self.record.is_long() {
            self.send(None).await?;
        }
        Ok(())
    }

    /// Moves the head and commits. An error means that the outcome is not known.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        if self.next_id.is_some() {
            // A host that is gone answers nothing, and nothing is committed yet.
            match tokio::time::timeout(MOVED_WITHIN, self.move_head()).await {
                Ok(moved) => moved?,
                Err(_) => return Err(StoreError::no_answer()),
            }
        }
        match self.can_tell.is_known() {
            true => {
                self.can_tell.tells(self.connection.backend());
                self.connector.commit_and_tell(self.connection).await
            }
            false => self.connector.commit(self.connection).await,
        }
    }

    async fn send(&mut self, head: Option<Part<'_>>) -> Result<(), StoreError> {
        self.gathered.send(&mut self.connection, self.record.parts().into_iter().chain(head)).await?;
        self.record.clear();
        Ok(())
    }

    async fn move_head(&mut self) -> Result<(), StoreError> {
        let Some(next_id) = self.next_id else { return Ok(()) };
        let (revision, mark, end) = (self.revision, self.mark, (self.record.next_event(), self.record.digest()));
        let head = Part::one(MOVE_HEAD, |head| {
            head.bind(number(revision.0)).bind(hex(&mark.0)).bind(number(next_id)).bind(end.0).bind(end.1.to_string())
        });
        self.send(Some(head)).await?;
        self.ends.may_become(Series::Mutations, (revision, mark), end);
        Ok(())
    }

    /// Gives the head back without a trace.
    pub async fn roll_back(self) -> Result<(), StoreError> {
        self.connector.roll_back(self.connection).await
    }
}

/// How a transaction that writes begins.
pub(super) const fn begin_statement(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "BEGIN IMMEDIATE",
        Engine::Postgres => "BEGIN ISOLATION LEVEL READ COMMITTED",
    }
}

/// Revision and mark of a head row.
pub(super) fn read_head(head: &sqlx::any::AnyRow) -> Result<(Revision, Mark), StoreError> {
    let revision = u64::try_from(head.try_get::<i64, _>("revision")?).ok();
    let mark = unhex(&head.try_get::<String, _>("mark")?);
    match (revision, mark) {
        (Some(revision), Some(mark)) => Ok((Revision(revision), Mark(mark))),
        _ => Err(StoreError::unreadable("the head row")),
    }
}
