//! What is no mutation: when a secret or a session was last used, and forgetting old idempotency keys.
//!
//! It takes no revision and no head lock, goes in batches, and no check reads it from here. A flood of requests must not slow a
//! deletion. What must stay true: a time never goes back, and a row that was deleted does not come back.

use std::net::IpAddr;

use claviger_access::Moment;
use claviger_access::identity::{OrganizationId, PrincipalId, SecretId, SessionId};
use sqlx::Row;

use super::rows::number;
use super::statements::statements;
use super::usage::{Admitted, Day};
use super::writing::{KEY_KEPT_SECONDS, begin_statement};
use super::{Store, StoreError};

statements! {
    /// What was used before first uses were noted has none that is known.
    NOTE_USE = "UPDATE secrets SET \
                first_used_at = CASE WHEN last_used_at IS NULL OR first_used_at > $2 THEN $2 ELSE first_used_at END, \
                last_used_address = CASE WHEN last_used_at > $3 THEN last_used_address ELSE CAST($4 AS TEXT) END, \
                last_used_at = CASE WHEN last_used_at > $3 THEN last_used_at ELSE $3 END WHERE id = $1";
    NOTE_SEEN = "UPDATE sessions SET seen_at = $2 WHERE id = $1 AND (seen_at IS NULL OR seen_at < $2)";
    READ_SEEN = "SELECT id, seen_at FROM sessions WHERE seen_at IS NOT NULL";
    FORGET_KEYS = "DELETE FROM idempotency_keys WHERE made_at < $1";
}

/// So many uses go in one transaction, so that a write that comes meanwhile waits only for these.
pub const USES_A_BATCH: usize = 500;

/// The same where other nodes write: a write of theirs that meets one of these rows holds the head while it waits.
pub const USES_A_BATCH_AMONG_OTHERS: usize = 100;

/// What one secret was used for since the last flush.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecretUses {
    /// Which.
    pub secret: SecretId,
    /// Whose.
    pub account: PrincipalId,
    /// Of which organization the account is.
    pub organization: OrganizationId,
    /// The first time.
    pub first: Moment,
    /// The last time.
    pub latest: Moment,
    /// Where that one came from.
    pub address: Option<IpAddr>,
    /// Requests on the day of the latest.
    pub today: u32,
    /// Requests on the day of the first, where that is another.
    pub before: u32,
}

impl SecretUses {
    fn days(&self) -> impl Iterator<Item = Admitted> {
        let (account, organization) = (self.account, self.organization);
        let days = [(self.first, self.before), (self.latest, self.today)];
        days.into_iter().filter(|(_, requests)| *requests > 0).map(move |(moment, requests)| Admitted {
            account,
            organization,
            day: Day::of(moment),
            requests: u64::from(requests),
        })
    }
}

impl Store {
    /// Notes when, from where and how often secrets were used: at most [`USES_A_BATCH`] at a time.
    pub async fn note_uses(&self, uses: &[SecretUses]) -> Result<(), StoreError> {
        let mut connection = self.connector.begin(begin_statement(self.engine)).await?;
        // In the order of ids, so that nodes that flush the same rows do not wait for each other in a ring.
        let mut in_order: Vec<&SecretUses> = uses.iter().collect();
        in_order.sort_unstable_by_key(|uses| uses.secret);
        for uses in in_order {
            let note = sqlx::query(NOTE_USE)
                .bind(number(uses.secret.number()))
                .bind(uses.first.seconds())
                .bind(uses.latest.seconds())
                .bind(uses.address.map(|address| address.to_string()));
            self.answered(note.execute(&mut *connection)).await?;
        }
        let admitted: Vec<Admitted> = uses.iter().flat_map(SecretUses::days).collect();
        self.add_admitted(&mut connection, &admitted).await?;
        self.connector.commit(connection).await
    }

    /// Notes when sessions were last used: at most [`USES_A_BATCH`] at a time.
    pub async fn note_seen(&self, seen: &[(SessionId, Moment)]) -> Result<(), StoreError> {
        let mut connection = self.connector.begin(begin_statement(self.engine)).await?;
        let mut in_order = seen.to_vec();
        in_order.sort_unstable();
        for (session, moment) in &in_order {
            let note = sqlx::query(NOTE_SEEN).bind(number(session.number())).bind(moment.seconds());
            self.answered(note.execute(&mut *connection)).await?;
        }
        self.connector.commit(connection).await
    }

    /// When sessions were last used, as far as that was noted.
    pub async fn sessions_seen(&self) -> Result<Vec<(SessionId, Moment)>, StoreError> {
        // Asked for before the first report.
        let mut connection = self.connector.connect().await?;
        let rows = self.answered(sqlx::query(READ_SEEN).fetch_all(&mut *connection)).await?;
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
        self.answered(sqlx::query(FORGET_KEYS).bind(before).execute(&self.reads())).await?;
        Ok(())
    }
}
