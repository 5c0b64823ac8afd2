//! What is no mutation: when a secret was last used, and forgetting old idempotency keys.
//!
//! It takes no revision and no head lock, goes in batches, and no check reads it. A flood of requests must not slow a
//! deletion. What must stay true: a time never goes back, and a row that was deleted does not come back.

use claviger_access::Moment;
use claviger_access::identity::SecretId;

use super::rows::number;
use super::statements::statements;
use super::writing::{KEY_KEPT_SECONDS, begin_statement};
use super::{Store, StoreError};

statements! {
    NOTE_USE = "UPDATE secrets SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)";
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

    /// Forgets idempotency keys that are older than a day.
    pub async fn forget_old_keys(&self, now: Moment) -> Result<(), StoreError> {
        let before = now.seconds() - KEY_KEPT_SECONDS;
        self.answered(sqlx::query(FORGET_KEYS).bind(before).execute(&self.reads)).await?;
        Ok(())
    }
}
