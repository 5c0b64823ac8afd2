//! The audit log's chains: where each begins, where it stands, and what retention takes off its beginning.
//!
//! The digest of the last event is in a head row and moves with it, in the transaction that writes the events: a batch
//! that is rolled back leaves no trace. Mutations have the store's head row, observations one of their own. Where a chain
//! begins is its anchor, one row that is sealed with the key. Events from before the chain began are not covered, and the
//! anchor says so.

use claviger_access::Moment;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::statements::statements;
use super::writing::begin_statement;
use super::{Store, StoreError};
use crate::audit_chain::mark::AuditMark;
use crate::audit_chain::series::Series;
use crate::audit_chain::{ChainDigest, ChainKey, KeyRing};

statements! {
    READ_MUTATIONS = "SELECT h.next_event, h.chain_digest, a.begun_after, a.removed_to, a.digest, a.key_id, a.mac \
                      FROM head h LEFT JOIN audit_anchors a ON a.series = 'mutations' WHERE h.id = 1";
    READ_OBSERVATIONS = "SELECT h.next_event, h.chain_digest, a.begun_after, a.removed_to, a.digest, a.key_id, a.mac \
                         FROM observation_head h LEFT JOIN audit_anchors a ON a.series = 'observations' WHERE h.id = 1";
    READ_LAST_KEY = "SELECT chain_key FROM audit_events WHERE id > $1 AND id <= $2 AND chain_key IS NOT NULL \
                     ORDER BY id DESC LIMIT 1";
    FIRST_EVENT = "SELECT MIN(id) FROM audit_events WHERE id > $1 AND id <= $2";
    BEGIN_MUTATIONS = "UPDATE head SET chain_digest = $1 WHERE id = 1";
    BEGIN_OBSERVATIONS = "UPDATE observation_head SET chain_digest = $1 WHERE id = 1";
    INSERT_ANCHOR = "INSERT INTO audit_anchors (series, begun_after, removed_to, digest, key_id, mac) VALUES ($1, $2, $3, $4, $5, $6)";
    MOVE_ANCHOR = "UPDATE audit_anchors SET removed_to = $3, digest = $4, key_id = $5, mac = $6 WHERE series = $1 AND begun_after = $2";
    DELETE_ANCHOR = "DELETE FROM audit_anchors WHERE series = $1";
    /// Locks the row: whoever removes events queues here.
    TAKE_ANCHOR = "UPDATE audit_anchors SET removed_to = removed_to WHERE series = $1";
    READ_OLDEST = "SELECT id, made_at, chain_digest FROM audit_events WHERE id > $1 AND id <= $2 ORDER BY id LIMIT $3";
    REMOVE_OLDEST = "DELETE FROM audit_events WHERE id > $1 AND id <= $2";
}

/// So many old events are removed in one transaction, so that a write that comes meanwhile waits only for these.
pub const REMOVED_A_BATCH: i64 = 500;

/// A chain as its head row and its anchor tell it.
#[derive(Debug, Clone)]
pub(super) struct Chain {
    /// What is chained.
    pub series: Series,
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
    series: Series,
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
    fn new(series: Series, key: &ChainKey, (begun_after, removed_to): (i64, i64), digest: ChainDigest) -> Self {
        let mac = seal(series, key, (begun_after, removed_to), &digest).finish();
        Self { series, begun_after, removed_to, digest, key_id: key.id().to_owned(), mac }
    }

    /// Whether it was made with one of these keys.
    pub(super) fn is_genuine(&self, ring: &KeyRing) -> bool {
        let seal = |key| seal(self.series, key, (self.begun_after, self.removed_to), &self.digest);
        ring.find(&self.key_id).is_some_and(|(_, key)| seal(key).is(&self.mac))
    }

    /// The place of its key in the order of these.
    pub(super) fn key_place(&self, ring: &KeyRing) -> Option<usize> {
        ring.find(&self.key_id).map(|(place, _)| place)
    }
}

fn seal(
    series: Series,
    key: &ChainKey,
    (begun_after, removed_to): (i64, i64),
    digest: &ChainDigest,
) -> crate::audit_chain::Sealing {
    let mut sealing = key.seal(series.anchor_purpose());
    sealing.number(begun_after).number(removed_to).digest(digest);
    sealing
}

/// A chain as it stands.
pub(super) async fn read(connection: &mut AnyConnection, series: Series) -> Result<Chain, StoreError> {
    let read = match series {
        Series::Mutations => READ_MUTATIONS,
        Series::Observations => READ_OBSERVATIONS,
    };
    let row = sqlx::query(read).fetch_one(connection).await?;
    let digest = row.try_get::<String, _>("chain_digest")?;
    let digest = if digest.is_empty() { None } else { Some(digest_of(&digest, "the head row")?) };
    let last = row.try_get::<i64, _>("next_event")? - 1;
    Ok(Chain { series, last, digest, anchor: read_anchor(&row, series)? })
}

fn read_anchor(row: &AnyRow, series: Series) -> Result<Option<Anchor>, StoreError> {
    let Some(begun_after) = row.try_get::<Option<i64>, _>("begun_after")? else { return Ok(None) };
    let what = "where the audit log's chain begins";
    Ok(Some(Anchor {
        series,
        begun_after,
        removed_to: row.try_get("removed_to")?,
        digest: digest_of(&row.try_get::<String, _>("digest")?, what)?,
        key_id: row.try_get("key_id")?,
        mac: digest_of(&row.try_get::<String, _>("mac")?, what)?,
    }))
}

const fn begin_at_head(series: Series) -> &'static str {
    match series {
        Series::Mutations => BEGIN_MUTATIONS,
        Series::Observations => BEGIN_OBSERVATIONS,
    }
}

fn digest_of(text: &str, what: &str) -> Result<ChainDigest, StoreError> {
    ChainDigest::parse(text).ok_or_else(|| StoreError::unreadable(what))
}

impl Store {
    /// The names of keys that the chains cannot be followed without: the last one that was used in each. None where no
    /// chain has begun.
    pub async fn chained_with(&self) -> Result<Vec<String>, StoreError> {
        let mut connection = self.reads().acquire().await?;
        let mut keys = Vec::new();
        for series in Series::ALL {
            let chain = self.waited(read(&mut connection, series)).await?;
            let Some(anchor) = chain.anchor.filter(|_| chain.digest.is_some()) else { continue };
            let last = sqlx::query(READ_LAST_KEY).bind(series.after()).bind(series.up_to());
            let last = self.answered(last.fetch_optional(&mut *connection)).await?;
            keys.push(last.map(|row| row.try_get(0)).transpose()?.unwrap_or(anchor.key_id));
        }
        Ok(keys)
    }

    /// Chains what is written from now on with these keys. The caller holds the store's lock.
    pub async fn chain_with(&self, ring: KeyRing) -> Result<(), StoreError> {
        let mut connection = self.connector.begin(begin_statement(self.engine)).await?;
        for series in Series::ALL {
            self.begin_chain(&mut connection, series, &ring).await?;
        }
        self.connector.commit(connection).await?;
        self.set_audit_keys(ring);
        Ok(())
    }

    /// Begins a chain, if it has not begun. The beginning of one that has is sealed with the key that counts now: one that
    /// was replaced must be good for nothing.
    async fn begin_chain(
        &self,
        connection: &mut AnyConnection,
        series: Series,
        ring: &KeyRing,
    ) -> Result<(), StoreError> {
        let (chain, key) = (self.waited(read(&mut *connection, series)).await?, ring.current());
        if chain.digest.is_some() {
            let sealed = chain.anchor.filter(|anchor| anchor.key_id != key.id() && anchor.is_genuine(ring));
            let Some(anchor) = sealed else { return Ok(()) };
            let anew = Anchor::new(series, key, (anchor.begun_after, anchor.removed_to), anchor.digest);
            self.answered(bound(sqlx::query(MOVE_ANCHOR), &anew).execute(&mut *connection)).await?;
            return Ok(());
        }
        let chained = sqlx::query(READ_LAST_KEY).bind(series.after()).bind(series.up_to());
        if self.answered(chained.fetch_optional(&mut *connection)).await?.is_some() {
            tracing::warn!(
                series = series.text(),
                after = chain.last,
                "the audit log's chain begins anew, and covers nothing of what was chained before; if nobody ran claviger audit restart, the log was changed"
            );
        }
        let first = sqlx::query(FIRST_EVENT).bind(series.after()).bind(series.up_to());
        let first = self.answered(first.fetch_one(&mut *connection)).await?;
        let removed_to = first.try_get::<Option<i64>, _>(0)?.map_or(chain.last, |first| first - 1);
        let mut beginning = key.seal(series.beginning_purpose());
        beginning.number(chain.last);
        let anchor = Anchor::new(series, key, (chain.last, removed_to), beginning.finish());
        let begin = sqlx::query(begin_at_head(series)).bind(anchor.digest.to_string());
        self.answered(begin.execute(&mut *connection)).await?;
        self.answered(sqlx::query(DELETE_ANCHOR).bind(series.text()).execute(&mut *connection)).await?;
        let insert = bound(sqlx::query(INSERT_ANCHOR), &anchor);
        self.answered(insert.execute(&mut *connection)).await?;
        tracing::debug!(series = series.text(), after = chain.last, key = key.id(), "a chain of the audit log begins");
        Ok(())
    }

    /// Ends the chains, for a store whose key is lost: the next start begins new ones. The caller holds the lock.
    pub async fn forget_chain(&self) -> Result<(), StoreError> {
        let mut connection = self.connector.begin(begin_statement(self.engine)).await?;
        for series in Series::ALL {
            self.answered(sqlx::query(DELETE_ANCHOR).bind(series.text()).execute(&mut *connection)).await?;
            let end = sqlx::query(begin_at_head(series)).bind(String::new());
            self.answered(end.execute(&mut *connection)).await?;
        }
        self.ends.forget();
        self.connector.commit(connection).await
    }

    /// Marks of where the chains stand, of each that has an event; none where they have not begun.
    pub async fn audit_marks(&self, ring: &KeyRing, now: Moment) -> Result<Vec<AuditMark>, StoreError> {
        let mut connection = self.reads().acquire().await?;
        let mut marks = Vec::new();
        for series in Series::ALL {
            let chain = self.waited(read(&mut connection, series)).await?;
            let digest = chain.digest.filter(|_| chain.last > series.after());
            marks.extend(digest.map(|digest| AuditMark::new(ring.current(), chain.last, digest, now)));
        }
        Ok(marks)
    }

    /// Removes events from before this second off the log's beginning, one batch of each series, and says whether there
    /// may be more. The chain goes on from the last one that is gone.
    pub async fn remove_old_events(&self, before: Moment) -> Result<bool, StoreError> {
        let mut is_more = false;
        for series in Series::ALL {
            is_more |= self.remove_oldest(series, before).await?;
        }
        Ok(is_more)
    }

    async fn remove_oldest(&self, series: Series, before: Moment) -> Result<bool, StoreError> {
        let Some(ring) = self.audit_keys() else { return Ok(false) };
        let mut connection = self.connector.begin(begin_statement(self.engine)).await?;
        self.answered(sqlx::query(TAKE_ANCHOR).bind(series.text()).execute(&mut *connection)).await?;
        let chain = self.waited(read(&mut connection, series)).await?;
        let Some(anchor) = chain.anchor.filter(|anchor| anchor.is_genuine(&ring)) else {
            self.connector.roll_back(connection).await?;
            return Err(StoreError::unreadable("where the audit log's chain begins, which was changed by hand"));
        };
        let oldest = sqlx::query(READ_OLDEST).bind(anchor.removed_to).bind(series.up_to()).bind(REMOVED_A_BATCH);
        let oldest = self.answered(oldest.fetch_all(&mut *connection)).await?;
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
        let moved = Anchor::new(series, ring.current(), (anchor.begun_after, removed_to), digest);
        let remove = sqlx::query(REMOVE_OLDEST).bind(series.after()).bind(removed_to);
        self.answered(remove.execute(&mut *connection)).await?;
        self.answered(bound(sqlx::query(MOVE_ANCHOR), &moved).execute(&mut *connection)).await?;
        self.connector.commit(connection).await?;
        tracing::debug!(removed, removed_to, "removed old audit events");
        Ok(removed == REMOVED_A_BATCH)
    }
}

fn bound<'q>(statement: super::many::Bound<'q>, anchor: &Anchor) -> super::many::Bound<'q> {
    statement
        .bind(anchor.series.text())
        .bind(anchor.begun_after)
        .bind(anchor.removed_to)
        .bind(anchor.digest.to_string())
        .bind(anchor.key_id.clone())
        .bind(anchor.mac.to_string())
}
