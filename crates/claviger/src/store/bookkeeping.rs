//! What is no mutation: when a secret or a session was last used, and forgetting old idempotency keys.
//!
//! It takes no revision and no head lock, goes in batches, and no check reads it from here. A flood of requests must not slow a
//! deletion. What must stay true: a time never goes back, and a row that was deleted does not come back.

use claviger_access::Moment;
use claviger_access::identity::{SecretId, SessionId};
use sqlx::Row;

use super::rows::number;
use super::statements::statements;
use super::writing::{KEY_KEPT_SECONDS, begin_statement};
use super::{Store, StoreError};

statements! {
    NOTE_USE = "UPDATE secrets SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)";
    NOTE_SEEN = "UPDATE sessions SET seen_at = $2 WHERE id = $1 AND (seen_at IS NULL OR seen_at < $2)";
    READ_SEEN = "SELECT id, seen_at FROM sessions WHERE seen_at IS NOT NULL";
    FORGET_KEYS = "DELETE FROM idempotency_keys WHERE made_at < $1";
}

/// So many uses go in one transaction, so that a write that comes meanwhile waits only for these.
pub const USES_A_BATCH: usize = 500;

impl Store {
    /// Notes when secrets were last used: at most [`USES_A_BATCH`] at a time.
    pub async fn note_uses(&self, uses: &[(SecretId, Moment)]) -> Result<(), StoreError> {
        let mut connection = self.connector.begin(begin_statement(self.engine)).await?;
        for (secret, moment) in uses {
            let note = sqlx::query(NOTE_USE).bind(number(secret.number())).bind(moment.seconds());
            self.answered(note.execute(&mut connection)).await?;
        }
        self.connector.commit(connection).await
    }

    /// Notes when sessions were last used: at most [`USES_A_BATCH`] at a time.
    pub async fn note_seen(&self, seen: &[(SessionId, Moment)]) -> Result<(), StoreError> {
        let mut connection = self.connector.begin(begin_statement(self.engine)).await?;
        for (session, moment) in seen {
            let note = sqlx::query(NOTE_SEEN).bind(number(session.number())).bind(moment.seconds());
            self.answered(note.execute(&mut connection)).await?;
        }
        self.connector.commit(connection).await
    }

    /// When sessions were last used, as far as that was noted.
    pub async fn sessions_seen(&self) -> Result<Vec<(SessionId, Moment)>, StoreError> {
        let rows = self.answered(sqlx::query(READ_SEEN).fetch_all(&self.reads)).await?;
        let read = |row: &sqlx::any::AnyRow| -> Result<_, sqlx::Error> {
            let (id, seen) = (row.try_get::<i64, _>("id")?, row.try_get::<i64, _>("seen_at")?);
            Ok(u64::try_from(id).ok().and_then(SessionId::new).zip(Moment::from_seconds(seen)))
        };
        let seen: Vec<_> = rows.iter().map(read).collect::<Result<_, _>>()?;
        Ok(seen.into_iter().flatten().collect())
    }

    /// Forgets idempotency keys that are older than a day.
    pub async fn forget_old_keys(&self, now: Moment) -> Result<(), StoreError> {
        let before = now.seconds() - KEY_KEPT_SECONDS;
        self.answered(sqlx::query(FORGET_KEYS).bind(before).execute(&self.reads)).await?;
        Ok(())
    }
}
