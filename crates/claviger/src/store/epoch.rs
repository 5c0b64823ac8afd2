//! Epochs: what becomes of a store that went back in time, once an operator has accepted it.
//!
//! A new epoch begins closed. Nobody joins or reports, and nothing is changed, until it is opened, after the leases of the history that is
//! lost have run out; so nobody can be answered from both. Each has a random mark, since copies of a store may each begin
//! their own.

use std::time::Duration;

use claviger_access::{Mark, Revision};
use claviger_lease::LeaseLength;
use sqlx::Row;

use super::rows::{hex, unhex};
use super::statements::statements;
use super::writing::begin_statement;
use super::{Store, StoreError, Writing};

statements! {
    READ_EPOCH = "SELECT epoch, epoch_mark, closed, revision FROM head WHERE id = 1";
    NAME_EPOCH = "UPDATE head SET epoch_mark = $1 WHERE id = 1 AND epoch_mark = ''";
    CLOSE = "UPDATE head SET epoch = epoch + 1, epoch_mark = $1, closed = 1 WHERE id = 1";
    LONGEST_LEASE = "SELECT COALESCE(MAX(lease_millis), 0) AS longest FROM nodes";
    FORGET_NODES = "DELETE FROM nodes";
    OPEN = "UPDATE head SET closed = 0 WHERE id = 1 AND epoch_mark = $1 AND closed = 1";
}

/// A history of a store, as far as it goes without a break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Epoch {
    /// So many times the store went back in time, and that was accepted.
    pub number: u64,
    /// What tells it from another of this number.
    pub mark: Mark,
}

impl Store {
    /// The epoch that it is in, and its newest revision. An epoch that has no mark yet gets this one.
    pub async fn epoch(&self, mark: Mark) -> Result<(Epoch, Revision), StoreError> {
        let mut connection = self.connector.connect().await?;
        loop {
            let row = self.answered(sqlx::query(READ_EPOCH).fetch_one(&mut *connection)).await?;
            if row.try_get::<i64, _>("closed")? != 0 {
                return Err(StoreError::Closed);
            }
            let known = row.try_get::<String, _>("epoch_mark")?;
            if known.is_empty() {
                self.done(sqlx::query(NAME_EPOCH).bind(hex(&mark.0))).await?;
                continue;
            }
            let unsigned = |name| Ok::<_, StoreError>(u64::try_from(row.try_get::<i64, _>(name)?).ok());
            return match (unsigned("epoch")?, unsigned("revision")?, unhex(&known)) {
                (Some(number), Some(revision), Some(mark)) => {
                    Ok((Epoch { number, mark: Mark(mark) }, Revision(revision)))
                }
                _ => Err(StoreError::unreadable("the epoch in the head row")),
            };
        }
    }

    /// Begins a new epoch, closed, in which no node reports any more. The longest lease that one of them was known to have: the
    /// rows stay until it is opened, so that whoever has to begin again still finds them.
    pub async fn begin_epoch(&self, mark: Mark) -> Result<Option<LeaseLength>, StoreError> {
        let mut connection = self.connector.begin(begin_statement(self.engine)).await?;
        let work = async {
            sqlx::query(CLOSE).bind(hex(&mark.0)).execute(&mut *connection).await?;
            sqlx::query(LONGEST_LEASE).fetch_one(&mut *connection).await?.try_get::<i64, _>("longest")
        };
        let longest = self.answered(work).await?;
        self.connector.commit(connection).await?;
        Ok(LeaseLength::new(Duration::from_millis(longest.unsigned_abs())).ok())
    }
}

impl Writing {
    /// Opens the epoch with this mark, which no node is a member of, when this commits. It fails where another was begun
    /// meanwhile.
    pub async fn open_epoch(&mut self, mark: Mark) -> Result<(), StoreError> {
        sqlx::query(FORGET_NODES).execute(self.connection()).await?;
        let opened = sqlx::query(OPEN).bind(hex(&mark.0)).execute(self.connection()).await?;
        if opened.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Closed) }
    }
}
