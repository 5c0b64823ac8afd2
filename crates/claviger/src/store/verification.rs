//! Follows a chain of the audit log from its beginning to its end, and says where it breaks.
//!
//! It reads one snapshot, a page of events at a time, beside whoever writes. What must stay true: an event counts as
//! whole only if its digest, made anew from its own columns and the digest before it, is the one that is stored.

use sqlx::{AnyConnection, Row};

use super::chain::{self, Chain};
use super::event_row::{self, EventRow};
use super::statements::statements;
use super::{Engine, Store, StoreError};
use crate::audit_chain::mark::AuditMark;
use crate::audit_chain::series::Series;
use crate::audit_chain::{ChainDigest, KeyRing};

statements! {
    READ_EVENTS = event_row::select!("WHERE id > $1 AND id <= $2 ORDER BY id LIMIT $3");
    FIRST_IN_RANGE = "SELECT MIN(id) FROM audit_events WHERE id > $1 AND id <= $2";
    COUNT_EVENTS = "SELECT COUNT(*) FROM audit_events WHERE id > $1 AND id <= $2";
}

/// So many events are in memory at a time.
const PAGE_EVENTS: i64 = 1_000;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// So many events were found whole.
    pub whole: i64,
    /// The last event from before the chain; they are not covered.
    pub begun_after: i64,
    /// The last event that retention removed.
    pub removed_to: i64,
    /// The last event as the head row tells it.
    pub last: i64,
    /// Where the chain breaks first.
    pub broken: Option<Break>,
}

/// Where and how the chain breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Break {
    /// There is none.
    #[error("the chain has not begun, or where it begins was removed")]
    NoChain,
    /// The anchor is not the one that was written with the key.
    #[error("where the chain begins was changed, or written with another key")]
    Beginning,
    /// Events are not there.
    #[error("events {from} to {to} are missing: they were removed")]
    Missing {
        /// The first of them.
        from: i64,
        /// The last of them.
        to: i64,
    },
    /// The last events are not there.
    #[error("events {from} to {to} are missing: the end was cut off")]
    CutOff {
        /// The first of them.
        from: i64,
        /// The last of them.
        to: i64,
    },
    /// An event's digest is not its own.
    #[error("event {event} is not the one that was written here: it was altered, put in, or swapped with another")]
    Altered {
        /// Which.
        event: i64,
    },
    /// An event has no digest.
    #[error("event {event} was put in by hand: it is not chained")]
    NotChained {
        /// Which.
        event: i64,
    },
    /// An event stands where there is none any more, or never was.
    #[error("event {event} stands before the first one of the log: it was put in by hand")]
    PutIn {
        /// Which.
        event: i64,
    },
    /// The chain began after a mark of it was made.
    #[error(
        "a mark was made at event {mark}, and the chain begins anew after event {begun_after}: either claviger audit restart was run since, or the log was changed. Marks from before a restart prove nothing any more; keep those from after it apart"
    )]
    BegunAnew {
        /// The event of the mark.
        mark: i64,
        /// The last event that the chain does not cover.
        begun_after: i64,
    },
    /// An event was chained with a key that is not in the file.
    #[error(
        "event {event} is chained with the key {key}, which the key file does not hold: from here the chain was made anew with another key, or the file is not the right one"
    )]
    AnotherKey {
        /// Which.
        event: i64,
        /// The key's name.
        key: String,
    },
    /// An event was chained with a key that had been followed by another.
    #[error("event {event} is chained with a key that a later one had followed: it was made with an old key")]
    OldKey {
        /// Which.
        event: i64,
    },
    /// There are events that the head row does not know.
    #[error(
        "event {event} is behind the end that the head row tells: it was put in by hand, or the head row was changed"
    )]
    BehindTheEnd {
        /// Which.
        event: i64,
    },
    /// The head row has another digest than the last event.
    #[error("the head row does not end in event {event}: it was changed by hand")]
    Head {
        /// The last event.
        event: i64,
    },
    /// The chain does not come to what the mark says.
    #[error("event {event} is another one than when the mark was made: the chain was made anew before it")]
    MarkDiffers {
        /// The event of the mark.
        event: i64,
    },
    /// The chain ends before the mark.
    #[error("the log ends at event {last}, and the mark was made at event {mark}: the end was cut off")]
    BeforeTheMark {
        /// The last event.
        last: i64,
        /// The event of the mark.
        mark: i64,
    },
    /// The event of the mark is no longer there to be compared.
    #[error("the mark is of event {mark}, which retention has removed; take a later mark")]
    MarkTooOld {
        /// The event of the mark.
        mark: i64,
    },
}

impl Break {
    /// Its kind, for programs.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NoChain => "no_chain",
            Self::Beginning => "beginning",
            Self::Missing { .. } => "missing",
            Self::CutOff { .. } => "cut_off",
            Self::Altered { .. } => "altered",
            Self::NotChained { .. } => "not_chained",
            Self::PutIn { .. } => "put_in",
            Self::BegunAnew { .. } => "begun_anew",
            Self::AnotherKey { .. } => "another_key",
            Self::OldKey { .. } => "old_key",
            Self::BehindTheEnd { .. } => "behind_the_end",
            Self::Head { .. } => "head",
            Self::MarkDiffers { .. } => "mark_differs",
            Self::BeforeTheMark { .. } => "before_the_mark",
            Self::MarkTooOld { .. } => "mark_too_old",
        }
    }

    /// The first event that is not as it was written, where it is one.
    pub fn event(&self) -> Option<i64> {
        match self {
            Self::NoChain | Self::Beginning | Self::Head { .. } | Self::MarkTooOld { .. } | Self::BegunAnew { .. } => {
                None
            }
            Self::Missing { from, .. } | Self::CutOff { from, .. } => Some(*from),
            Self::Altered { event }
            | Self::NotChained { event }
            | Self::PutIn { event }
            | Self::AnotherKey { event, .. }
            | Self::OldKey { event }
            | Self::BehindTheEnd { event }
            | Self::MarkDiffers { event } => Some(*event),
            Self::BeforeTheMark { last, .. } => Some(last + 1),
        }
    }
}

/// How far the chain was followed.
struct Walk<'r> {
    ring: &'r KeyRing,
    /// Those that were not come to yet, by event.
    marks: &'r [AuditMark],
    last: i64,
    event: i64,
    digest: ChainDigest,
    key: usize,
    begun_after: i64,
    whole: i64,
}

impl Store {
    /// Follows a chain. With marks of it, by event, it must also come to what each of them says.
    pub async fn verify_audit_log(
        &self,
        series: Series,
        ring: &KeyRing,
        marks: &[AuditMark],
        mut progress: impl FnMut(i64, i64),
    ) -> Result<Verified, StoreError> {
        let begin = match self.engine {
            Engine::Sqlite => "BEGIN",
            Engine::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        };
        let mut snapshot = self.reads().begin_with(begin).await?;
        let chain = chain::read(&mut snapshot, series).await?;
        let anchor = chain.anchor.clone();
        let (begun_after, removed_to) =
            anchor.as_ref().map_or((0, 0), |anchor| (anchor.begun_after, anchor.removed_to));
        let count = sqlx::query_scalar(COUNT_EVENTS).bind(series.after()).bind(series.up_to());
        let of: i64 = count.fetch_one(&mut *snapshot).await?;
        let (whole, broken) = follow(&mut snapshot, &chain, (ring, marks), |done| progress(done, of)).await?;
        snapshot.rollback().await?;
        Ok(Verified { whole, begun_after, removed_to, last: chain.last, broken })
    }
}

async fn follow(
    snapshot: &mut AnyConnection,
    chain: &Chain,
    (ring, marks): (&KeyRing, &[AuditMark]),
    mut progress: impl FnMut(i64),
) -> Result<(i64, Option<Break>), StoreError> {
    let (Some(anchor), Some(head)) = (&chain.anchor, chain.digest) else { return Ok((0, Some(Break::NoChain))) };
    if !anchor.is_genuine(ring) {
        return Ok((0, Some(Break::Beginning)));
    }
    let before = if chain.series == Series::Mutations { i64::MIN } else { chain.series.after() };
    let first = sqlx::query(FIRST_IN_RANGE).bind(before).bind(anchor.removed_to).fetch_one(&mut *snapshot).await?;
    if let Some(event) = first.try_get::<Option<i64>, _>(0)? {
        return Ok((0, Some(Break::PutIn { event })));
    }
    if let Some(mark) = marks.iter().find(|mark| mark.event < anchor.begun_after) {
        return Ok((0, Some(Break::BegunAnew { mark: mark.event, begun_after: anchor.begun_after })));
    }
    let too_old = marks.partition_point(|mark| mark.event < anchor.removed_to);
    if let Some(mark) = marks.last().filter(|_| too_old == marks.len()) {
        return Ok((0, Some(Break::MarkTooOld { mark: mark.event })));
    }
    let mut walk = Walk {
        ring,
        marks: &marks[too_old..],
        last: chain.last,
        event: anchor.removed_to,
        digest: anchor.digest,
        key: 0,
        begun_after: anchor.begun_after,
        whole: 0,
    };
    if let Err(broken) = walk.compare_with_marks() {
        return Ok((0, Some(broken)));
    }
    let mut seen = 0;
    loop {
        let page = sqlx::query(READ_EVENTS).bind(walk.event).bind(chain.series.up_to()).bind(PAGE_EVENTS);
        let page = page.fetch_all(&mut *snapshot).await?;
        if page.is_empty() {
            return Ok((walk.whole, walk.end(head, anchor.key_place(ring)).err()));
        }
        for row in &page {
            let (event, key, digest) = EventRow::read(row)?;
            if let Err(broken) = walk.step(&event, key.as_deref(), digest.as_deref()) {
                return Ok((walk.whole, Some(broken)));
            }
        }
        seen += page.len() as i64;
        progress(seen);
    }
}

impl Walk<'_> {
    fn step(&mut self, row: &EventRow, key: Option<&str>, digest: Option<&str>) -> Result<(), Break> {
        let event = row.id;
        if event > self.event + 1 {
            return Err(Break::Missing { from: self.event + 1, to: event - 1 });
        }
        if event > self.last {
            return Err(Break::BehindTheEnd { event });
        }
        self.event = event;
        if event < self.begun_after {
            return Ok(());
        }
        if event == self.begun_after {
            return self.compare_with_marks();
        }
        let (Some(key), Some(stored)) = (key, digest.and_then(ChainDigest::parse)) else {
            return Err(Break::NotChained { event });
        };
        let (place, key) = self.ring.find(key).ok_or_else(|| Break::AnotherKey { event, key: key.to_owned() })?;
        if row.seal(key, &self.digest).finish() != stored {
            return Err(Break::Altered { event });
        }
        if place < self.key {
            return Err(Break::OldKey { event });
        }
        (self.key, self.digest) = (place, stored);
        self.whole += 1;
        self.compare_with_marks()
    }

    fn compare_with_marks(&mut self) -> Result<(), Break> {
        let here = self.marks.partition_point(|mark| mark.event <= self.event);
        let (here, later) = self.marks.split_at(here);
        self.marks = later;
        match here.iter().all(|mark| mark.digest == self.digest) {
            true => Ok(()),
            false => Err(Break::MarkDiffers { event: self.event }),
        }
    }

    /// All events were seen. Whoever has a key that was replaced must not move the beginning with it.
    fn end(&self, head: ChainDigest, anchor_key: Option<usize>) -> Result<(), Break> {
        if anchor_key.is_none_or(|place| place < self.key) {
            return Err(Break::Beginning);
        }
        if self.event < self.last {
            return Err(Break::CutOff { from: self.event + 1, to: self.last });
        }
        if self.digest != head {
            return Err(Break::Head { event: self.event });
        }
        match self.marks.last() {
            Some(mark) => Err(Break::BeforeTheMark { last: self.event, mark: mark.event }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit_chain::ChainKey;

    fn event(id: i64) -> EventRow {
        let text = || "x".to_owned();
        EventRow {
            id,
            revision: id,
            made_at: 1,
            actor_kind: text(),
            actor_id: None,
            actor_name: None,
            basis: text(),
            basis_grant_id: None,
            permission: text(),
            action: text(),
            target_kind: text(),
            target_id: 1,
            target_name: None,
            organization_id: 1,
            project_id: None,
            request_id: text(),
            address: None,
            facts_before: text(),
            facts_after: text(),
        }
    }

    /// who has a key that was replaced since goes on with it: it is not that key's turn any more
    #[test]
    fn an_old_key_does_not_come_back() {
        let (old, new) = (ChainKey::new(&[1; 32]), ChainKey::new(&[2; 32]));
        let ring = KeyRing::new(vec![old.clone(), new.clone()]).expect("keys");
        let digest = ChainDigest([0; 32]);
        let mut walk = Walk { ring: &ring, marks: &[], last: 3, event: 0, digest, key: 0, begun_after: 0, whole: 0 };
        let mut step = |id, key: &ChainKey| {
            let (row, before) = (event(id), walk.digest);
            let stored = row.seal(key, &before).finish().to_string();
            walk.step(&row, Some(key.id()), Some(&stored))
        };
        assert_eq!([step(1, &old), step(2, &new)], [Ok(()), Ok(())]);
        assert_eq!(step(3, &old), Err(Break::OldKey { event: 3 }));
    }
}
