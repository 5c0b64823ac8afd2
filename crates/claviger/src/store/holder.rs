//! Who may write: the process that took the store's lock last, by a random name in the head row.
//!
//! PostgreSQL frees the lock of a session that it believes dead, and the process behind it may not know yet. It could
//! still write, and the next holder would not see it. So each holder writes its name into the head row, and every write
//! compares it under the row's lock: who was followed cannot write any more. It may still answer checks until it notices,
//! so whoever follows a holder that did not give the lock back waits that long before it serves.

use std::sync::PoisonError;

use claviger_access::Mark;
use sqlx::Row;

use super::lock::NOTICED_WITHIN;
use super::rows::hex;
use super::statements::statements;
use super::writing::begin_statement;
use super::{Engine, Store, StoreError};

statements! {
    READ_HOLDER = "SELECT holder FROM head WHERE id = 1";
    WRITE_HOLDER = "UPDATE head SET holder = $1 WHERE id = 1";
}

impl Store {
    /// Makes this process, by a new random name, the one that writes. The caller has just taken the lock.
    pub async fn claim(&self, name: Mark) -> Result<(), StoreError> {
        let holder = hex(&name.0);
        let own = self.holder();
        self.ends.forget();
        let before = self.set_holder(&holder).await?;
        *self.holder.lock().unwrap_or_else(PoisonError::into_inner) = holder;
        // The embedded store's lock is the kernel's: it ends with its process, not before and not after.
        // Still this process's own name: nobody came in between.
        if !before.is_empty() && before != own && self.engine == Engine::Postgres {
            tracing::info!(
                "the process before this one did not give the store back; waiting until it must have noticed"
            );
            tokio::time::sleep(NOTICED_WITHIN).await;
        }
        Ok(())
    }

    /// Says that nobody writes any more. The caller still has the lock, and answers nothing.
    pub async fn disclaim(&self) {
        if let Err(error) = self.set_holder("").await {
            tracing::warn!(%error, "the store could not be given back; the next process waits a little longer");
        }
    }

    /// Who may write, as this process knows it.
    pub(super) fn holder(&self) -> String {
        self.holder.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn set_holder(&self, holder: &str) -> Result<String, StoreError> {
        let mut connection = self.connector.begin(begin_statement(self.engine)).await?;
        let before = self.answered(sqlx::query(READ_HOLDER).fetch_one(&mut connection)).await?.try_get("holder")?;
        self.answered(sqlx::query(WRITE_HOLDER).bind(holder.to_owned()).execute(&mut connection)).await?;
        self.connector.commit(connection).await?;
        Ok(before)
    }
}
