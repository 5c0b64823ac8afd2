//! Holds single events against the chain: whether each is the one that was written in its place.
//!
//! A whole chain is followed by `claviger audit verify`, which reads every event. A page of the log can afford to look at
//! its own: an event's digest covers all of its columns and the digest before it, so with the row before it (and, at the
//! beginning, the anchor) it can be made anew. That shows an event that was altered, put in, or swapped, and a gap right
//! before one. It does not show what is missing elsewhere, nor an end that was cut off. All of it is read in one snapshot.

use std::collections::BTreeMap;

use claviger_access::Permit;
use claviger_access::authorize::ReadAuditLog;
use sqlx::AnyConnection;

use crate::audit_chain::series::Series;
use crate::audit_chain::{ChainDigest, KeyRing};
use crate::store::chain::{self, Chain};
use crate::store::event_row::{self, EventRow};
use crate::store::statements::statements;
use crate::store::{Engine, Store, StoreError};

statements! {
    READ_RUN = event_row::select!("WHERE id >= $1 AND id <= $2 ORDER BY id");
}

/// How an event hangs in its chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainLink {
    /// Its own digest.
    pub digest: ChainDigest,
    /// The digest of the event before it.
    pub follows: ChainDigest,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SpotCheck {
    /// The events that are what was written there.
    pub whole: BTreeMap<i64, ChainLink>,
    /// Those from before the chain began, which nothing covers.
    pub uncovered: Vec<i64>,
    /// Those that are not what was written there.
    pub broken: Vec<i64>,
}

enum Found {
    Whole(ChainLink),
    Uncovered,
    Broken,
}

type Row = (EventRow, Option<String>, Option<String>);

impl Store {
    /// Looks at these events, by number; they were read with this permit.
    pub async fn spot_check(&self, _: &Permit<ReadAuditLog>, events: &[i64]) -> Result<SpotCheck, StoreError> {
        let mut checked = SpotCheck::default();
        let Some(ring) = self.audit_keys() else { return Ok(SpotCheck { uncovered: events.to_vec(), ..checked }) };
        let begin = match self.engine {
            Engine::Sqlite => "BEGIN",
            Engine::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        };
        let mut snapshot = self.waited(async { Ok(self.reads().begin_with(begin).await?) }).await?;
        for series in Series::ALL {
            let mut wanted: Vec<i64> = events.iter().copied().filter(|id| Series::of(*id) == series).collect();
            wanted.sort_unstable();
            if wanted.is_empty() {
                continue;
            }
            let chain = self.waited(chain::read(&mut snapshot, series)).await?;
            let rows = self.waited(rows_of(&mut snapshot, &wanted)).await?;
            for id in wanted {
                match judge(&chain, &ring, &rows, id) {
                    Found::Whole(link) => drop(checked.whole.insert(id, link)),
                    Found::Uncovered => checked.uncovered.push(id),
                    Found::Broken => checked.broken.push(id),
                }
            }
        }
        snapshot.rollback().await?;
        Ok(checked)
    }
}

/// The events and those right before them, in as few reads as there are runs of numbers.
async fn rows_of(snapshot: &mut AnyConnection, wanted: &[i64]) -> Result<BTreeMap<i64, Row>, StoreError> {
    let mut rows = BTreeMap::new();
    for run in wanted.chunk_by(|one, next| next - one <= 1) {
        let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
        let read = sqlx::query(READ_RUN).bind(first - 1).bind(last);
        for row in read.fetch_all(&mut *snapshot).await? {
            let row = EventRow::read(&row)?;
            rows.insert(row.0.id, row);
        }
    }
    Ok(rows)
}

fn judge(chain: &Chain, ring: &KeyRing, rows: &BTreeMap<i64, Row>, id: i64) -> Found {
    let Some(anchor) = chain.anchor.as_ref().filter(|anchor| chain.digest.is_some() && anchor.is_genuine(ring)) else {
        return Found::Broken;
    };
    if id > anchor.removed_to && id <= anchor.begun_after {
        return Found::Uncovered;
    }
    let sealed = |row: &Row| Some((ring.find(row.1.as_deref()?)?, ChainDigest::parse(row.2.as_deref()?)?));
    let is_first = id - 1 == anchor.begun_after.max(anchor.removed_to);
    let before = if is_first {
        Some((anchor.key_place(ring).unwrap_or(0), anchor.digest))
    } else {
        rows.get(&(id - 1)).and_then(sealed).map(|((place, _), digest)| (place, digest))
    };
    let row = rows.get(&id);
    let (Some(row), Some((place_before, follows))) = (row, before) else { return Found::Broken };
    let Some(((place, key), digest)) = sealed(row) else { return Found::Broken };
    let is_in_order = id > anchor.removed_to && id <= chain.last && (is_first || place >= place_before);
    match is_in_order && row.0.seal(key, &follows).is(&digest) {
        true => Found::Whole(ChainLink { digest, follows }),
        false => Found::Broken,
    }
}
