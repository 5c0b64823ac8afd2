//! What requests came to: counted by day and account, and what was refused by hour and reason.
//!
//! It is bookkeeping, as when a secret was last used: added in batches by the writer's task, without a revision or the
//! head. What must stay true: numbers are added, never set, so that several nodes may flush; what is of an account that was
//! deleted does not come back; and what is not known is no number at all.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use claviger_access::authorize::{ManageServiceAccounts, NoAdmission, ReadServiceAccount};
use claviger_access::identity::{OrganizationId, PrincipalId};
use claviger_access::{Moment, Permit};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::rows::number;
use super::statements::statements;
use super::writing::begin_statement;
use super::{Store, StoreError};

statements! {
    BEGIN_COUNTING = "INSERT INTO counting (id, begun_at) VALUES (1, $1) ON CONFLICT (id) DO NOTHING";
    ADD_TO_ACCOUNT = "INSERT INTO account_days (principal_id, day, organization_id, admitted, not_admitted, not_permitted) \
                      SELECT p.id, CAST($2 AS BIGINT), p.organization_id, CAST($3 AS BIGINT), CAST($4 AS BIGINT), \
                      CAST($5 AS BIGINT) FROM principals p WHERE p.id = $1 AND p.kind = 2 AND p.deleted_at IS NULL \
                      ON CONFLICT (principal_id, day) DO UPDATE SET admitted = account_days.admitted + excluded.admitted, \
                      not_admitted = account_days.not_admitted + excluded.not_admitted, \
                      not_permitted = account_days.not_permitted + excluded.not_permitted";
    ADD_TO_ORGANIZATION = "INSERT INTO organization_days (organization_id, day, admitted, not_admitted, not_permitted) \
                           VALUES ($1, $2, $3, $4, $5) ON CONFLICT (organization_id, day) DO UPDATE SET \
                           admitted = organization_days.admitted + excluded.admitted, \
                           not_admitted = organization_days.not_admitted + excluded.not_admitted, \
                           not_permitted = organization_days.not_permitted + excluded.not_permitted";
    ADD_REFUSED = "INSERT INTO refused_hours (principal_id, organization_id, reason, hour, requests, address) \
                   SELECT CAST($1 AS BIGINT), o.id, CAST($3 AS TEXT), CAST($4 AS BIGINT), CAST($5 AS BIGINT), CAST($6 AS TEXT) \
                   FROM organizations o WHERE o.id = $2 AND ($1 = 0 OR EXISTS ( \
                       SELECT 1 FROM principals p WHERE p.id = $1 AND p.deleted_at IS NULL)) \
                   ON CONFLICT (principal_id, organization_id, reason, hour) DO UPDATE SET \
                   requests = refused_hours.requests + excluded.requests, \
                   address = CASE WHEN refused_hours.address = excluded.address THEN refused_hours.address ELSE '' END";
    FORGET_ACCOUNT_DAYS = "DELETE FROM account_days WHERE day < $1 AND principal_id IN ( \
                           SELECT d.principal_id FROM account_days d WHERE d.day < $1 ORDER BY d.day LIMIT $2)";
    FORGET_ORGANIZATION_DAYS = "DELETE FROM organization_days WHERE day < $1";
    FORGET_REFUSED = "DELETE FROM refused_hours WHERE hour < $1 AND principal_id IN ( \
                      SELECT r.principal_id FROM refused_hours r WHERE r.hour < $1 ORDER BY r.hour LIMIT $2)";
    ACCOUNT_KNOWN_SINCE = "SELECT CASE WHEN p.created_at > c.begun_at THEN p.created_at ELSE c.begun_at END AS since \
                           FROM counting c JOIN principals p ON p.organization_id = $1 AND p.id = $2 AND p.deleted_at IS NULL";
    ACCOUNT_DAYS = "SELECT day, admitted, not_admitted, not_permitted FROM account_days \
                    WHERE organization_id = $1 AND principal_id = $2 AND day >= $3";
    ORGANIZATION_KNOWN_SINCE = "SELECT CASE WHEN o.created_at > c.begun_at THEN o.created_at ELSE c.begun_at END AS since \
                                FROM counting c JOIN organizations o ON o.id = $1";
    ORGANIZATION_DAYS = "SELECT day, admitted, not_admitted, not_permitted FROM organization_days \
                         WHERE organization_id = $1 AND day >= $2";
    /// Each reason with the account that was refused most.
    REFUSED_BY_REASON = "SELECT reason, principal_id, requests, address, total FROM ( \
            SELECT reason, principal_id, CAST(SUM(requests) AS BIGINT) AS requests, \
            CASE WHEN MIN(address) = MAX(address) THEN MIN(address) ELSE '' END AS address, \
            CAST(SUM(SUM(requests)) OVER (PARTITION BY reason) AS BIGINT) AS total, \
            ROW_NUMBER() OVER (PARTITION BY reason ORDER BY SUM(requests) DESC, principal_id) AS place \
            FROM refused_hours WHERE organization_id = $1 AND hour > $2 GROUP BY reason, principal_id \
        ) ranked WHERE place = 1 ORDER BY total DESC, reason";
    NOT_ADMITTED = "SELECT principal_id, day, not_admitted FROM account_days \
                    WHERE organization_id = $1 AND not_admitted > 0 AND day >= $2 ORDER BY day DESC LIMIT $3";
}

const HOUR_SECONDS: i64 = 60 * 60;
const DAY_SECONDS: i64 = 24 * HOUR_SECONDS;

/// Days are kept, and told, so many: today is one of them.
pub const DAYS_KEPT: i64 = 30;

/// Refusals are told by reason for so many hours: this one is one of them.
pub const HOURS_KEPT: i64 = 24;

/// So many rows go in one transaction, so that a write that comes meanwhile waits only for these.
pub const COUNTS_A_BATCH: usize = 500;

/// So many days of accounts that were refused are looked at, the latest first.
const NOT_ADMITTED_MAX: i64 = 5_000;

/// A day in UTC, by its number since 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i64);

impl Day {
    /// The day of a moment.
    pub const fn of(moment: Moment) -> Self {
        Self(moment.seconds().div_euclid(DAY_SECONDS))
    }

    /// Its first second, since the epoch.
    pub const fn begin(self) -> i64 {
        self.0 * DAY_SECONDS
    }
}

/// An hour, by its number since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hour(i64);

impl Hour {
    /// The hour of a moment.
    pub const fn of(moment: Moment) -> Self {
        Self(moment.seconds().div_euclid(HOUR_SECONDS))
    }

    /// The day that it is of.
    pub const fn day(self) -> Day {
        Day(self.0.div_euclid(DAY_SECONDS / HOUR_SECONDS))
    }
}

/// Why a request was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// Its credential was not let in.
    NotAdmitted(NoAdmission),
    /// It was let in, and asked for what it may not do.
    NotPermitted,
}

impl Reason {
    const ALL: [Self; 8] = [
        Self::NotAdmitted(NoAdmission::WrongSecret),
        Self::NotAdmitted(NoAdmission::AccountDeleted),
        Self::NotAdmitted(NoAdmission::AccountDisabled),
        Self::NotAdmitted(NoAdmission::SecretDisabled),
        Self::NotAdmitted(NoAdmission::SecretExpired),
        Self::NotAdmitted(NoAdmission::PlainTextNotAllowed),
        Self::NotAdmitted(NoAdmission::AddressNotAllowed),
        Self::NotPermitted,
    ];

    const fn text(self) -> &'static str {
        match self {
            Self::NotAdmitted(why) => why.text(),
            Self::NotPermitted => "not_permitted",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

/// Requests of one account on one day that are to be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Admitted {
    /// Whose.
    pub account: PrincipalId,
    /// Of which organization the account is.
    pub organization: OrganizationId,
    /// When.
    pub day: Day,
    /// How many were let in.
    pub requests: u64,
}

/// Refusals of one hour that are to be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// Whose; `None` for those beyond what is told by account.
    pub account: Option<PrincipalId>,
    /// Of which organization the account is.
    pub organization: OrganizationId,
    /// Why.
    pub reason: Reason,
    /// When.
    pub hour: Hour,
    /// How many.
    pub requests: u64,
    /// Where all of them came from; `None` where that is not one address.
    pub address: Option<IpAddr>,
}

/// The requests of one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayOfRequests {
    /// Which.
    pub day: Day,
    /// Those whose credential was let in, and that were permitted.
    pub accepted: u64,
    /// Those whose credential was not let in, or that were not permitted.
    pub refused: u64,
}

/// How often requests were refused for one reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefusedFor {
    /// Why.
    pub reason: Reason,
    /// How many.
    pub requests: u64,
    /// The account that most of them are of, where it is told.
    pub most: Option<MostRefused>,
}

/// The account that was refused most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MostRefused {
    /// Which.
    pub account: PrincipalId,
    /// How many of its requests.
    pub requests: u64,
    /// Where all of those came from; `None` where that is not one address.
    pub address: Option<IpAddr>,
}

/// How many requests of an account were not let in on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAdmittedDay {
    /// Whose.
    pub account: PrincipalId,
    /// When.
    pub day: Day,
    /// How many.
    pub requests: u64,
}

impl NotAdmittedDay {
    /// Whether it may have been refused for an end that came then: what was refused before that day was refused for
    /// something else.
    pub fn is_since(&self, ended: i64) -> bool {
        self.day.begin() + DAY_SECONDS > ended
    }
}

#[derive(Default, Clone, Copy)]
struct Counts {
    admitted: u64,
    not_admitted: u64,
    not_permitted: u64,
}

impl Counts {
    fn add(&mut self, other: Self) {
        self.admitted += other.admitted;
        self.not_admitted += other.not_admitted;
        self.not_permitted += other.not_permitted;
    }
}

impl Store {
    /// Requests are counted from now on, unless they were before.
    pub async fn begin_counting(&self, now: Moment) -> Result<(), StoreError> {
        self.answered(sqlx::query(BEGIN_COUNTING).bind(now.seconds()).execute(&self.reads())).await?;
        Ok(())
    }

    /// Adds refusals: at most [`COUNTS_A_BATCH`] at a time.
    pub async fn add_refused(&self, refused: &[Refused]) -> Result<(), StoreError> {
        let mut connection = self.connector.begin(begin_statement(self.engine)).await?;
        let (mut accounts, mut organizations) = (BTreeMap::new(), BTreeMap::new());
        for one in refused {
            let counts = match one.reason {
                Reason::NotAdmitted(_) => Counts { not_admitted: one.requests, ..Counts::default() },
                Reason::NotPermitted => Counts { not_permitted: one.requests, ..Counts::default() },
            };
            let day = one.hour.day();
            if let Some(account) = one.account {
                accounts.entry((account, day)).or_insert_with(Counts::default).add(counts);
            }
            organizations.entry((one.organization, day)).or_insert_with(Counts::default).add(counts);
            let add = sqlx::query(ADD_REFUSED)
                .bind(one.account.map_or(0, |account| number(account.number())))
                .bind(number(one.organization.number()))
                .bind(one.reason.text())
                .bind(one.hour.0)
                .bind(number(one.requests))
                .bind(one.address.map(|address| address.to_string()).unwrap_or_default());
            self.answered(add.execute(&mut *connection)).await?;
        }
        self.add_days(&mut connection, accounts, organizations).await?;
        self.connector.commit(connection).await
    }

    /// Adds requests that were let in, in a transaction of bookkeeping.
    pub(super) async fn add_admitted(
        &self,
        connection: &mut AnyConnection,
        admitted: &[Admitted],
    ) -> Result<(), StoreError> {
        let (mut accounts, mut organizations) = (BTreeMap::new(), BTreeMap::new());
        for one in admitted {
            let counts = Counts { admitted: one.requests, ..Counts::default() };
            accounts.entry((one.account, one.day)).or_insert_with(Counts::default).add(counts);
            organizations.entry((one.organization, one.day)).or_insert_with(Counts::default).add(counts);
        }
        self.add_days(connection, accounts, organizations).await
    }

    /// In the order of ids, so that nodes that flush the same rows do not wait for each other in a ring.
    async fn add_days(
        &self,
        connection: &mut AnyConnection,
        accounts: BTreeMap<(PrincipalId, Day), Counts>,
        organizations: BTreeMap<(OrganizationId, Day), Counts>,
    ) -> Result<(), StoreError> {
        let accounts = accounts.into_iter().map(|((id, day), counts)| (ADD_TO_ACCOUNT, id.number(), day, counts));
        let organizations =
            organizations.into_iter().map(|((id, day), counts)| (ADD_TO_ORGANIZATION, id.number(), day, counts));
        for (statement, id, day, counts) in accounts.chain(organizations) {
            let add = sqlx::query(statement)
                .bind(number(id))
                .bind(day.0)
                .bind(number(counts.admitted))
                .bind(number(counts.not_admitted))
                .bind(number(counts.not_permitted));
            self.answered(add.execute(&mut *connection)).await?;
        }
        Ok(())
    }

    /// Removes one batch of what is older than it is kept; whether there may be more.
    pub async fn forget_old_counts(&self, now: Moment) -> Result<bool, StoreError> {
        let (day, hour) = (Day::of(now).0 - DAYS_KEPT + 1, Hour::of(now).0 - HOURS_KEPT + 1);
        let mut forgotten = 0;
        for (statement, before) in [(FORGET_ACCOUNT_DAYS, day), (FORGET_REFUSED, hour)] {
            let forget = sqlx::query(statement).bind(before).bind(number(COUNTS_A_BATCH as u64));
            forgotten = forgotten.max(self.answered(forget.execute(&self.reads())).await?.rows_affected());
        }
        self.answered(sqlx::query(FORGET_ORGANIZATION_DAYS).bind(day).execute(&self.reads())).await?;
        Ok(forgotten >= COUNTS_A_BATCH as u64)
    }

    /// The requests of an account of the permit's organization, day by day up to today, the oldest first: the last
    /// [`DAYS_KEPT`], or fewer where it is younger, or was not counted yet.
    pub async fn requests_of_account(
        &self,
        permit: &Permit<ReadServiceAccount>,
        account: PrincipalId,
        now: Moment,
    ) -> Result<Vec<DayOfRequests>, StoreError> {
        let organization = number(permit.organization().number());
        let account = number(account.number());
        let reads = self.reads();
        let since = sqlx::query(ACCOUNT_KNOWN_SINCE).bind(organization).bind(account).fetch_optional(&reads);
        let Some(since) = self.answered(since).await? else { return Ok(Vec::new()) };
        let days = sqlx::query(ACCOUNT_DAYS).bind(organization).bind(account).bind(oldest_day(now).0);
        let rows = self.answered(days.fetch_all(&self.reads())).await?;
        day_by_day(&since, &rows, now)
    }

    /// The requests of all service accounts of the permit's organization, in the same way; those of accounts that were
    /// deleted since included.
    pub async fn requests_of_organization(
        &self,
        permit: &Permit<ManageServiceAccounts>,
        now: Moment,
    ) -> Result<Vec<DayOfRequests>, StoreError> {
        let organization = number(permit.organization().number());
        let reads = self.reads();
        let since = sqlx::query(ORGANIZATION_KNOWN_SINCE).bind(organization).fetch_optional(&reads);
        let Some(since) = self.answered(since).await? else { return Ok(Vec::new()) };
        let days = sqlx::query(ORGANIZATION_DAYS).bind(organization).bind(oldest_day(now).0);
        let rows = self.answered(days.fetch_all(&self.reads())).await?;
        day_by_day(&since, &rows, now)
    }

    /// Since when the requests of the permit's organization are counted; `None` where they are not yet.
    pub async fn counted_since(&self, permit: &Permit<ManageServiceAccounts>) -> Result<Option<Moment>, StoreError> {
        let organization = number(permit.organization().number());
        let reads = self.reads();
        let since = sqlx::query(ORGANIZATION_KNOWN_SINCE).bind(organization).fetch_optional(&reads);
        let since = self.answered(since).await?;
        since.map(|row| Ok(Moment::from_seconds(row.try_get("since")?))).transpose().map(Option::flatten)
    }

    /// What was refused to the accounts of the permit's organization in the last [`HOURS_KEPT`] hours, by reason, the most
    /// frequent first.
    pub async fn refused_by_reason(
        &self,
        permit: &Permit<ManageServiceAccounts>,
        now: Moment,
    ) -> Result<Vec<RefusedFor>, StoreError> {
        let organization = number(permit.organization().number());
        let read = sqlx::query(REFUSED_BY_REASON).bind(organization).bind(Hour::of(now).0 - HOURS_KEPT);
        let rows = self.answered(read.fetch_all(&self.reads())).await?;
        rows.iter().map(refused_for).collect()
    }

    /// Days on which accounts of the permit's organization were not let in, the latest first.
    pub async fn not_admitted(
        &self,
        permit: &Permit<ManageServiceAccounts>,
        now: Moment,
    ) -> Result<Vec<NotAdmittedDay>, StoreError> {
        let organization = number(permit.organization().number());
        let read = sqlx::query(NOT_ADMITTED).bind(organization).bind(oldest_day(now).0).bind(NOT_ADMITTED_MAX);
        let rows = self.answered(read.fetch_all(&self.reads())).await?;
        let day = |row: &AnyRow| {
            Ok(NotAdmittedDay {
                account: account(row)?.ok_or_else(|| StoreError::unreadable("a day of no account"))?,
                day: Day(row.try_get("day")?),
                requests: counted(row, "not_admitted")?,
            })
        };
        rows.iter().map(day).collect()
    }
}

fn oldest_day(now: Moment) -> Day {
    Day(Day::of(now).0 - DAYS_KEPT + 1)
}

/// Every day from when it is known, also those without a row: nothing came then.
fn day_by_day(since: &AnyRow, rows: &[AnyRow], now: Moment) -> Result<Vec<DayOfRequests>, StoreError> {
    let since = Moment::from_seconds(since.try_get("since")?).map_or(Day::of(now), Day::of);
    let mut counted_days = BTreeMap::new();
    for row in rows {
        let (admitted, not_permitted) = (counted(row, "admitted")?, counted(row, "not_permitted")?);
        let refused = counted(row, "not_admitted")? + not_permitted;
        let day = Day(row.try_get("day")?);
        // A refusal may be flushed before the use that it belongs to.
        counted_days.insert(day, DayOfRequests { day, accepted: admitted.saturating_sub(not_permitted), refused });
    }
    let days = (since.max(oldest_day(now)).0..=Day::of(now).0).map(Day);
    Ok(days
        .map(|day| counted_days.get(&day).copied().unwrap_or(DayOfRequests { day, accepted: 0, refused: 0 }))
        .collect())
}

fn refused_for(row: &AnyRow) -> Result<RefusedFor, StoreError> {
    let text: String = row.try_get("reason")?;
    let reason = Reason::ALL.into_iter().find(|reason| reason.text() == text);
    let requests = counted(row, "requests")?;
    let address = row.try_get::<String, _>("address")?.parse().ok();
    Ok(RefusedFor {
        reason: reason.ok_or_else(|| StoreError::unreadable(format!("a refusal for {text}")))?,
        requests: counted(row, "total")?,
        most: account(row)?.map(|account| MostRefused { account, requests, address }),
    })
}

fn account(row: &AnyRow) -> Result<Option<PrincipalId>, StoreError> {
    Ok(u64::try_from(row.try_get::<i64, _>("principal_id")?).ok().and_then(PrincipalId::new))
}

fn counted(row: &AnyRow, column: &str) -> Result<u64, StoreError> {
    let count = row.try_get::<i64, _>(column)?;
    u64::try_from(count).map_err(|_| StoreError::unreadable(format!("{column} {count}")))
}
