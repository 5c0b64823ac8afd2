//! The audit log's chain: where it begins, where it stands, and what retention takes off its beginning.
//!
//! The digest of the last event is in the head row and moves with it, in the transaction that writes the events: a batch
//! that is rolled back leaves no trace. Where the chain begins is the anchor, one row that is sealed with the key.
//! Events from before the chain began are not covered, and the anchor says so.

use claviger_access::Moment;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::statements::statements;
use super::writing::begin_statement;
use super::{Store, StoreError};
use crate::audit_chain::mark::AuditMark;
use crate::audit_chain::{ChainDigest, ChainKey, KeyRing};

statements! {
    READ_CHAIN = "SELECT h.next_event, h.chain_digest, a.begun_after, a.removed_to, a.digest, a.key_id, a.mac \
                  FROM head h LEFT JOIN audit_anchor a ON a.id = 1 WHERE h.id = 1";
    READ_LAST_KEY = "SELECT chain_key FROM audit_events WHERE chain_key IS NOT NULL ORDER BY id DESC LIMIT 1";
    FIRST_EVENT = "SELECT MIN(id) FROM audit_events";
    BEGIN_AT_HEAD = "UPDATE head SET chain_digest = $1 WHERE id = 1";
    INSERT_ANCHOR = "INSERT INTO audit_anchor (id, begun_after, removed_to, digest, key_id, mac) VALUES (1, $1, $2, $3, $4, $5)";
    MOVE_ANCHOR = "UPDATE audit_anchor SET removed_to = $2, digest = $3, key_id = $4, mac = $5 WHERE id = 1 AND begun_after = $1";
    DELETE_ANCHOR = "DELETE FROM audit_anchor";
    READ_OLDEST = "SELECT id, made_at, chain_digest FROM audit_events WHERE id > $1 ORDER BY id LIMIT $2";
    REMOVE_OLDEST = "DELETE FROM audit_events WHERE id <= $1";
}

/// So many old events are removed in one transaction, so that a write that comes meanwhile waits only for these.
pub const REMOVED_A_BATCH: i64 = 500;

/// The chain as the head row and the anchor tell it.
#[derive(Debug, Clone)]
pub(super) struct Chain {
    /// The last event.
    pub last: i64,
    /// Its digest; none where the chain has not begun.
    pub digest: Option<ChainDigest>,
    /// Where it begins.
    pub anchor: Option<Anchor>,
}

/// Where the chain begins.
#[derive(Debug, Clone)]
pub(super) struct Anchor {
    /// The last event from before the chain.
    pub begun_after: i64,
    /// The last event that retention removed.
    pub removed_to: i64,
    /// The digest that the first event which is there, and in the chain, follows.
    pub digest: ChainDigest,
    key_id: String,
    mac: ChainDigest,
}

impl Anchor {
    fn new(key: &ChainKey, begun_after: i64, removed_to: i64, digest: ChainDigest) -> Self {
        let mac = Self::seal(key, begun_after, removed_to, &digest).finish();
        Self { begun_after, removed_to, digest, key_id: key.id().to_owned(), mac }
    }

    fn seal(key: &ChainKey, begun_after: i64, removed_to: i64, digest: &ChainDigest) -> crate::audit_chain::Sealing {
        let mut sealing = key.seal("claviger audit anchor 1");
        sealing.number(begun_after).number(removed_to).digest(digest);
        sealing
    }

    /// Whether it was made with one of these keys.
    pub(super) fn is_genuine(&self, ring: &KeyRing) -> bool {
        let seal = |key| Self::seal(key, self.begun_after, self.removed_to, &self.digest);
        ring.find(&self.key_id).is_some_and(|(_, key)| seal(key).is(&self.mac))
    }

    /// The event after which the chain is there to be followed.
    pub(super) fn after(&self) -> i64 {
        self.begun_after.max(self.removed_to)
    }
}

/// The chain as it stands.
pub(super) async fn read(connection: &mut AnyConnection) -> Result<Chain, StoreError> {
    let row = sqlx::query(READ_CHAIN).fetch_one(connection).await?;
    let digest = row.try_get::<String, _>("chain_digest")?;
    let digest = if digest.is_empty() { None } else { Some(digest_of(&digest, "the head row")?) };
    Ok(Chain { last: row.try_get::<i64, _>("next_event")? - 1, digest, anchor: read_anchor(&row)? })
}

fn read_anchor(row: &AnyRow) -> Result<Option<Anchor>, StoreError> {
    let Some(begun_after) = row.try_get::<Option<i64>, _>("begun_after")? else { return Ok(None) };
    let what = "where the audit log's chain begins";
    Ok(Some(Anchor {
        begun_after,
        removed_to: row.try_get("removed_to")?,
        digest: digest_of(&row.try_get::<String, _>("digest")?, what)?,
        key_id: row.try_get("key_id")?,
        mac: digest_of(&row.try_get::<String, _>("mac")?, what)?,
    }))
}

fn digest_of(text: &str, what: &str) -> Result<ChainDigest, StoreError> {
    ChainDigest::parse(text).ok_or_else(|| StoreError::unreadable(what))
}

impl Store {
    /// The name of a key that the chain cannot be followed without: the last one that was used. None where the chain has
    /// not begun.
    pub async fn chained_with(&self) -> Result<Option<String>, StoreError> {
        let mut connection = self.reads.acquire().await?;
        let chain = self.waited(read(&mut connection)).await?;
        let Some(anchor) = chain.anchor.filter(|_| chain.digest.is_some()) else { return Ok(None) };
        let last = self.answered(sqlx::query(READ_LAST_KEY).fetch_optional(&mut *connection)).await?;
        Ok(Some(last.map(|row| row.try_get(0)).transpose()?.unwrap_or(anchor.key_id)))
    }

    /// Chains what is written from now on with these keys. The caller holds the store's lock.
    pub async fn chain_with(&self, ring: KeyRing) -> Result<(), StoreError> {
        let mut connection = self.connector.begin(begin_statement(self.engine)).await?;
        let chain = self.waited(read(&mut connection)).await?;
        if chain.digest.is_none() {
            let first = self.answered(sqlx::query(FIRST_EVENT).fetch_one(&mut connection)).await?;
            let removed_to = first.try_get::<Option<i64>, _>(0)?.map_or(chain.last, |first| first - 1);
            let key = ring.current();
            let mut beginning = key.seal("claviger audit chain 1");
            beginning.number(chain.last);
            let anchor = Anchor::new(key, chain.last, removed_to, beginning.finish());
            let begin = sqlx::query(BEGIN_AT_HEAD).bind(anchor.digest.to_string());
            self.answered(begin.execute(&mut connection)).await?;
            self.answered(sqlx::query(DELETE_ANCHOR).execute(&mut connection)).await?;
            let insert = bound(sqlx::query(INSERT_ANCHOR), &anchor);
            self.answered(insert.execute(&mut connection)).await?;
            tracing::debug!(after = chain.last, key = key.id(), "the audit log's chain begins");
        }
        self.connector.commit(connection).await?;
        self.set_audit_keys(ring);
        Ok(())
    }

    /// Ends the chain, for a store whose key is lost: the next start begins a new one. The caller holds the lock.
    pub async fn forget_chain(&self) -> Result<(), StoreError> {
        let mut connection = self.connector.begin(begin_statement(self.engine)).await?;
        self.answered(sqlx::query(DELETE_ANCHOR).execute(&mut connection)).await?;
        self.answered(sqlx::query(BEGIN_AT_HEAD).bind(String::new()).execute(&mut connection)).await?;
        self.connector.commit(connection).await
    }

    /// A mark of where the chain stands; none where it has not begun.
    pub async fn audit_mark(&self, ring: &KeyRing, now: Moment) -> Result<Option<AuditMark>, StoreError> {
        let mut connection = self.reads.acquire().await?;
        let chain = self.waited(read(&mut connection)).await?;
        Ok(chain.digest.map(|digest| AuditMark::new(ring.current(), chain.last, digest, now)))
    }

    /// Removes events from before this second off the log's beginning, one batch of them, and says whether there may be
    /// more. The chain goes on from the last one that is gone.
    pub async fn remove_old_events(&self, before: Moment) -> Result<bool, StoreError> {
        let Some(ring) = self.audit_keys() else { return Ok(false) };
        let mut connection = self.connector.begin(begin_statement(self.engine)).await?;
        let chain = self.waited(read(&mut connection)).await?;
        let Some(anchor) = chain.anchor.filter(|anchor| anchor.is_genuine(&ring)) else {
            self.connector.roll_back(connection).await?;
            return Err(StoreError::unreadable("where the audit log's chain begins, which was changed by hand"));
        };
        let oldest = sqlx::query(READ_OLDEST).bind(anchor.removed_to).bind(REMOVED_A_BATCH);
        let oldest = self.answered(oldest.fetch_all(&mut connection)).await?;
        let mut removed = 0;
        let mut last = None;
        for event in &oldest {
            if event.try_get::<i64, _>("made_at")? >= before.seconds() {
                break;
            }
            last = Some(event);
            removed += 1;
        }
        let Some(last) = last else {
            self.connector.roll_back(connection).await?;
            return Ok(false);
        };
        let removed_to = last.try_get::<i64, _>("id")?;
        let digest = match last.try_get::<Option<String>, _>("chain_digest")? {
            Some(digest) if removed_to > anchor.begun_after => digest_of(&digest, "an audit event's digest")?,
            _ => anchor.digest,
        };
        let moved = Anchor::new(ring.current(), anchor.begun_after, removed_to, digest);
        self.answered(sqlx::query(REMOVE_OLDEST).bind(removed_to).execute(&mut connection)).await?;
        self.answered(bound(sqlx::query(MOVE_ANCHOR), &moved).execute(&mut connection)).await?;
        self.connector.commit(connection).await?;
        tracing::debug!(removed, removed_to, "removed old audit events");
        Ok(removed == REMOVED_A_BATCH)
    }
}

fn bound<'q>(statement: super::many::Bound<'q>, anchor: &Anchor) -> super::many::Bound<'q> {
    statement
        .bind(anchor.begun_after)
        .bind(anchor.removed_to)
        .bind(anchor.digest.to_string())
        .bind(anchor.key_id.clone())
        .bind(anchor.mac.to_string())
}
