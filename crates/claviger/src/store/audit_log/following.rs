//! What came into the log since: for whoever follows it.
//!
//! Numbers grow in the order of commits, in each chain by itself, since whoever takes one holds its end until he has
//! committed. Times do not: what was refused is recorded a moment after it happened. So what is new is read by number,
//! from one end of both chains to the next. What must stay true: nothing is passed over, and a look reads no more rows
//! than came since the last one.

use claviger_access::Permit;
use claviger_access::authorize::ReadAuditLog;
use sqlx::Row;

use super::{EventFilter, RecordedEvent, events_where, filtered, recorded};
use crate::audit_chain::series::Series;
use crate::store::rows::number;
use crate::store::statements::statements;
use crate::store::{Store, StoreError};

statements! {
    READ_ENDS = "SELECT h.next_event AS mutations, o.next_event AS observations FROM head h, observation_head o \
                 WHERE h.id = 1 AND o.id = 1";
    SINCE = events_where!(
        "NOT (organization_id <> $1) AND id > $2 AND id <= $3 AND made_at >= $4 AND made_at < $14",
        "id"
    );
}

/// So many numbers are looked at for what is new, whosever they are. Who is further behind loads the page again.
const LOOKED_AT_MAX: i64 = 10_000;

/// The last events of both chains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogEnds {
    /// Of what was changed.
    pub mutations: i64,
    /// Of what was refused.
    pub observations: i64,
}

/// What came since.
#[derive(Debug)]
pub enum Newer {
    /// These events, in the order in which they were recorded; and up to where they are all. There are more if that is
    /// not the end.
    Events(Vec<RecordedEvent>, LogEnds),
    /// More than is looked at.
    TooMuch,
}

impl LogEnds {
    fn of(self, series: Series) -> i64 {
        match series {
            Series::Mutations => self.mutations,
            Series::Observations => self.observations,
        }
    }

    fn of_mut(&mut self, series: Series) -> &mut i64 {
        match series {
            Series::Mutations => &mut self.mutations,
            Series::Observations => &mut self.observations,
        }
    }
}

impl Store {
    /// Where both chains end now.
    pub async fn audit_log_ends(&self) -> Result<LogEnds, StoreError> {
        let row = self.answered(sqlx::query(READ_ENDS).fetch_one(&self.reads())).await?;
        let last = |column| row.try_get::<i64, _>(column).map(|next| next - 1);
        Ok(LogEnds { mutations: last("mutations")?, observations: last("observations")? })
    }

    /// What came into the permit's log since it ended there: at most so many events of each chain.
    pub async fn audit_log_since(
        &self,
        permit: &Permit<ReadAuditLog>,
        filter: &EventFilter,
        since: LogEnds,
        limit: u32,
    ) -> Result<Newer, StoreError> {
        // Before the rows: what is committed later is for the next look.
        let ends = self.audit_log_ends().await?;
        let (mut events, mut reached) = (Vec::new(), ends);
        for series in Series::ALL {
            let (from, to) = (since.of(series), ends.of(series));
            if to.saturating_sub(from) > LOOKED_AT_MAX {
                return Ok(Newer::TooMuch);
            }
            let Some(project) = filter.project_in(permit.scope()).filter(|_| from < to) else { continue };
            let new = sqlx::query(SINCE)
                .bind(number(permit.organization().number()))
                .bind(from)
                .bind(to)
                .bind(filter.from.unwrap_or(i64::MIN));
            let new = filtered(new, filter, project).bind(i64::from(limit)).bind(filter.to.unwrap_or(i64::MAX));
            let rows = self.answered(new.fetch_all(&self.reads())).await?;
            let new = rows.iter().map(recorded).collect::<Result<Vec<_>, _>>()?;
            if let Some(last) = new.last().filter(|_| new.len() >= limit as usize) {
                *reached.of_mut(series) = last.id;
            }
            events.extend(new);
        }
        Ok(Newer::Events(events, reached))
    }
}
