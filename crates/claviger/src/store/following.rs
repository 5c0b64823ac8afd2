//! What an image follows: the changes after it, from the history that it stands in.

use std::time::Duration;

use claviger_access::{Change, Mark, Revision};
use sqlx::{AnyConnection, Executor, Row};

use super::rows::number;
use super::statements::statements;
use super::writing::{Writing, read_head};
use super::{Store, StoreError, change_format};

statements! {
    /// The change that the image stands at comes first, without what it did.
    READ_AHEAD = "SELECT revision, mark, CASE WHEN revision > $1 THEN body ELSE '' END AS body FROM changes \
                    WHERE revision >= $1 ORDER BY revision LIMIT $2";
    FIND_POSITION = "SELECT mark FROM changes WHERE revision = $1";
}

/// A look at what comes next is answered within this, or its connection is of no use any more.
const READ_WITHIN: Duration = Duration::from_secs(3);

/// So many changes are read at once, with the one that the image stands at.
const CHANGES_AT_ONCE: i64 = 500;

/// Where so many came, there may be more.
pub const AHEAD_MAX: usize = CHANGES_AT_ONCE as usize - 1;

/// One change, as the store has it.
pub struct Followed {
    /// Its revision.
    pub revision: Revision,
    /// Its mark.
    pub mark: Mark,
    /// What it did.
    pub changes: Vec<Change>,
}

/// What comes after a place in a history.
pub enum Ahead {
    /// These, in order; none where nothing does.
    Changes(Vec<Followed>),
    /// The store has another history, or went back in its own.
    AnotherHistory,
}

impl Store {
    /// What comes after this place; not all of it at once.
    pub async fn ahead_of(&self, revision: Revision, mark: Mark) -> Result<Ahead, StoreError> {
        let read = async {
            let mut connection = self.following.take(&self.connector).await?;
            let ahead = read_ahead(&mut connection, revision, mark).await?;
            self.following.keep(connection);
            Ok(ahead)
        };
        tokio::time::timeout(READ_WITHIN, read).await.unwrap_or_else(|_| Err(StoreError::no_answer()))
    }

    /// Whether the store's history goes through this place.
    pub async fn goes_through(&self, revision: Revision, mark: Mark) -> Result<bool, StoreError> {
        if revision == Revision::ZERO {
            return Ok(true);
        }
        let mut connection = self.connector.connect().await?;
        let found = sqlx::query(FIND_POSITION).bind(number(revision.0)).fetch_optional(&mut *connection);
        let found = self.answered(found).await?;
        Ok(match found {
            Some(row) => row.try_get::<String, _>("mark")? == super::rows::hex(&mark.0),
            None => false,
        })
    }
}

impl Writing {
    /// What comes after this place, up to where the head is held.
    pub async fn ahead_of(&mut self, revision: Revision, mark: Mark) -> Result<Ahead, StoreError> {
        read_ahead(self.connection(), revision, mark).await
    }
}

async fn read_ahead(connection: &mut AnyConnection, revision: Revision, mark: Mark) -> Result<Ahead, StoreError> {
    let read = sqlx::query(READ_AHEAD).bind(number(revision.0)).bind(CHANGES_AT_ONCE);
    let rows = connection.fetch_all(read).await?;
    let mut rows = rows.iter().peekable();
    // Before anything was changed there is no change to stand at.
    if revision > Revision::ZERO {
        let Some(row) = rows.next() else { return Ok(Ahead::AnotherHistory) };
        if read_head(row)? != (revision, mark) {
            return Ok(Ahead::AnotherHistory);
        }
    }
    let mut expected = revision;
    let mut ahead = Vec::new();
    for row in rows {
        let (revision, mark) = read_head(row)?;
        expected = expected.next();
        if revision != expected {
            return Err(StoreError::unreadable(format!("the changes, which lack revision {expected}")));
        }
        let changes = change_format::read(&row.try_get::<String, _>("body")?)
            .ok_or_else(|| StoreError::unreadable(format!("the change of revision {revision}")))?;
        ahead.push(Followed { revision, mark, changes });
    }
    Ok(Ahead::Changes(ahead))
}
