//! The rows of the nodes that may answer: joining, reporting, marking out, leaving.
//!
//! Each statement here is alone in its transaction and commits as a write does. What must stay true: a report finds its row
//! only in the history that it stands in, and never sets it back; it takes no lock on the head, or a writer that is paused
//! would keep all nodes from their leases; whether a silent node goes is judged by the statement that deletes it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use claviger_access::Moment;
use claviger_lease as lease;
use claviger_lease::{Drift, Incarnation, LeaseLength, Report, Row as NodeRow};
use sqlx::Row;

use super::addresses::Turn;
use super::connector::{Connector, Link};
use super::epoch::Epoch;
use super::rows::{hex, number, unhex};
use super::statements::statements;
use super::{Store, StoreError, warnings};

statements! {
    INSERT_NODE = "INSERT INTO nodes (incarnation, applied, lease_millis, reports, name, version, joined_at) \
                   SELECT CAST($1 AS TEXT), CAST($2 AS BIGINT), CAST($3 AS BIGINT), 0, CAST($4 AS TEXT), CAST($5 AS TEXT), \
                   CAST($6 AS BIGINT) FROM head WHERE id = 1 AND closed = 0 AND epoch_mark = $7";
    /// All histories begin with revision 0, which is no change.
    REPORT = "UPDATE nodes SET applied = CASE WHEN applied < $1 THEN $1 ELSE applied END, reports = reports + 1 \
              WHERE incarnation = $2 AND ($1 = 0 OR EXISTS (SELECT 1 FROM changes WHERE revision = $1 AND mark = $3)) \
              AND EXISTS (SELECT 1 FROM head WHERE id = 1 AND closed = 0 AND epoch_mark = $4) \
              RETURNING (SELECT revision FROM head WHERE id = 1) AS head, CAST(CURRENT_TIMESTAMP AS TEXT) AS time, \
              (SELECT string_agg(incarnation || ' ' || applied || ' ' || lease_millis || ' ' || name, ';') FROM nodes) AS members";
    PEEK = "SELECT string_agg(incarnation || ' ' || applied || ' ' || lease_millis || ' ' || name, ';') AS members, \
            (SELECT COUNT(*) FROM changes WHERE revision = $1 AND mark = $2) AS stands FROM nodes";
    MARK_OUT = "DELETE FROM nodes WHERE incarnation = $1 AND applied < $2";
    LEAVE = "DELETE FROM nodes WHERE incarnation = $1";
    READ_NODES = "SELECT n.incarnation, n.applied, n.lease_millis, n.reports, n.name, n.version, n.joined_at, h.revision \
                  FROM nodes n JOIN head h ON h.id = 1 ORDER BY n.name, n.joined_at, n.incarnation";
    READ_REPORTS = "SELECT incarnation, lease_millis, reports FROM nodes";
    DELETE_DEAD = "DELETE FROM nodes WHERE incarnation = $1 AND reports = $2";
}

/// A statement about a row is done within this.
const DONE_WITHIN: Duration = Duration::from_secs(3);

/// What a node says of itself when it joins.
#[derive(Debug, Clone)]
pub struct NodeProperties {
    /// What operators call it.
    pub name: NodeName,
    /// For how long it may answer after a report.
    pub lease: LeaseLength,
}

/// What operators call a node: it stands in rows, in the log and in labels, so it is short and plain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeName(String);

/// It is no such name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a node's name has 1 to {} letters, digits and -_.:", NodeName::LENGTH_MAX)]
pub struct NoNodeName;

impl NodeName {
    const LENGTH_MAX: usize = 100;

    /// Reads one.
    pub fn parse(typed: &str) -> Result<Self, NoNodeName> {
        let is_fit = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
        match (1..=Self::LENGTH_MAX).contains(&typed.len()) && typed.chars().all(is_fit) {
            true => Ok(Self(typed.to_owned())),
            false => Err(NoNodeName),
        }
    }

    /// What the machine is called.
    pub fn of_this_machine() -> Self {
        let system = rustix::system::uname();
        let name = system.nodename().to_str().ok().and_then(|name| Self::parse(name).ok());
        name.unwrap_or_else(|| Self("node".to_owned()))
    }
}

/// A node's row, with its name for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedRow {
    /// What counts.
    pub row: NodeRow,
    /// What operators call it.
    pub name: String,
}

/// What a report found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The newest change.
    pub head: lease::Revision,
    /// The store's time of day.
    pub time: Moment,
    /// The rows of all nodes, as they were when the report was made; its own may be older than the report.
    pub rows: Vec<NamedRow>,
}

/// What a look at the rows found, without a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peeked {
    /// Whether the change that was asked for is in the history that the rows are of.
    pub stands: bool,
    /// The rows of all nodes.
    pub rows: Vec<NamedRow>,
}

/// A node's row, for operators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeRecord {
    /// Its membership, in lower-case hex.
    pub incarnation: String,
    /// What operators call it.
    pub name: String,
    /// The program that it runs.
    pub version: String,
    /// For how long it may answer after a report.
    pub lease: Duration,
    /// The newest revision that it has told of.
    pub applied: u64,
    /// The newest that there is.
    pub head: u64,
    /// How often it has reported.
    pub reports: i64,
    /// When it joined, by its own clock.
    pub joined: Moment,
}

/// A connection for one purpose, so that nothing else is in its way: one that failed, or was given up, is not used again.
#[derive(Clone, Default)]
pub(super) struct OwnConnection(Arc<Mutex<Option<Link>>>);

impl OwnConnection {
    /// The one that was kept, or a new one.
    pub(super) async fn take(&self, connector: &Connector) -> Result<Link, StoreError> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        match kept.filter(|kept| connector.is_good(kept)) {
            Some(connection) => Ok(connection),
            None => connector.connect().await,
        }
    }

    /// All went well with it.
    pub(super) fn keep(&self, connection: Link) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(connection);
    }

    pub(super) async fn close(&self) {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(connection) = kept
            && let Err(error) = connection.close().await
        {
            tracing::debug!(%error, "a connection ended badly");
        }
    }
}

impl Store {
    /// Adds the row of a node whose image stands at this change of this epoch. That gives it no right to answer yet.
    pub async fn join(
        &self,
        incarnation: Incarnation,
        (epoch, applied): (Epoch, lease::Revision),
        properties: &NodeProperties,
        now: Moment,
    ) -> Result<(), StoreError> {
        let millis = i64::try_from(properties.lease.length().as_millis()).unwrap_or(i64::MAX);
        let insert = sqlx::query(INSERT_NODE)
            .bind(name_of(incarnation))
            .bind(number(applied.0))
            .bind(millis)
            .bind(properties.name.0.clone())
            .bind(env!("CARGO_PKG_VERSION"))
            .bind(now.seconds())
            .bind(hex(&epoch.mark.0));
        if self.done(insert).await? == 1 { Ok(()) } else { Err(StoreError::Closed) }
    }

    /// Reports in this epoch; what it found, or none where there is no such row in the history that it stands in.
    ///
    /// Whoever gives the report up drops what this returns, and its connection with it.
    pub async fn report(&self, report: &Report, epoch: Epoch) -> Result<Option<Found>, StoreError> {
        let mut connection = self.reporting.take(&self.connector).await?;
        let asked = sqlx::query(REPORT)
            .bind(number(report.applied.revision.0))
            .bind(name_of(report.incarnation))
            .bind(hex(&report.applied.mark.0.to_be_bytes()))
            .bind(hex(&epoch.mark.0));
        // To the end of what it says: the row may come before it has committed, and what it warns of comes after the row. A lease
        // from a report that may be lost would be of a history that may be lost.
        let answered = warnings::counted_on(asked.fetch_all(&mut *connection)).await?.into_iter().next();
        self.connector.addresses().confirm(connection.turn());
        self.reporting.keep(connection);
        let Some(row) = answered else { return Ok(None) };
        let head = u64::try_from(row.try_get::<i64, _>("head")?).map_err(|_| StoreError::unreadable("the head row"))?;
        let rows = read_rows(&row.try_get::<String, _>("members")?);
        let rows = rows.ok_or_else(|| StoreError::unreadable("the row of a node"))?;
        let time = read_time(&row.try_get::<String, _>("time")?);
        let time = time.ok_or_else(|| StoreError::unreadable("the database's time"))?;
        Ok(Some(Found { head: lease::Revision(head), time, rows }))
    }

    /// In how many places the database may be.
    pub fn places(&self) -> usize {
        self.connector.addresses().count()
    }

    /// Where connections lead.
    pub fn turn(&self) -> Turn {
        self.connector.addresses().turn()
    }

    /// A report in this turn got no answer: where the database may be in several places, the next connection is tried elsewhere
    /// first. A primary that was replaced and still runs lets in whoever comes, and never ends a commit.
    pub fn report_elsewhere(&self, turn: Turn) {
        self.connector.addresses().pass_over(turn);
    }

    /// The rows as they seem to be, and whether this change stands in that history. A database that was replaced answers
    /// this, too: it counts for changes alone that a commit's reply has told to be durable.
    pub async fn peek(&self, revision: lease::Revision, mark: lease::Mark) -> Result<Peeked, StoreError> {
        let mut connection = self.reporting.take(&self.connector).await?;
        let look = sqlx::query(PEEK).bind(number(revision.0)).bind(hex(&mark.0.to_be_bytes()));
        let row = look.fetch_one(&mut *connection).await?;
        self.reporting.keep(connection);
        let stands = row.try_get::<i64, _>("stands")? == 1;
        let members = row.try_get::<Option<String>, _>("members")?;
        let rows = members.map_or(Some(Vec::new()), |members| read_rows(&members));
        Ok(Peeked { stands, rows: rows.ok_or_else(|| StoreError::unreadable("the row of a node"))? })
    }

    /// Marks a silent node out, unless it has reached this change meanwhile; whether it was still there, and behind.
    pub async fn mark_out(&self, incarnation: Incarnation, behind: lease::Revision) -> Result<bool, StoreError> {
        let delete = sqlx::query(MARK_OUT).bind(name_of(incarnation)).bind(number(behind.0));
        Ok(self.done(delete).await? > 0)
    }

    /// Takes the own row away. The node has stopped answering.
    pub async fn leave(&self, incarnation: Incarnation) -> Result<(), StoreError> {
        self.done(sqlx::query(LEAVE).bind(name_of(incarnation))).await.map(|_| ())
    }

    /// One statement on a connection that nobody else waits for; how many rows it was about.
    pub(super) async fn done(&self, statement: super::many::Bound<'_>) -> Result<u64, StoreError> {
        let work = async {
            let mut connection = self.connector.connect().await?;
            let done = warnings::counted_on(statement.execute(&mut *connection)).await?.rows_affected();
            connection.close().await?;
            Ok(done)
        };
        tokio::time::timeout(DONE_WITHIN, work).await.unwrap_or_else(|_| Err(StoreError::no_answer()))
    }

    /// All rows, for operators.
    pub async fn nodes(&self) -> Result<Vec<NodeRecord>, StoreError> {
        let rows = self.answered(sqlx::query(READ_NODES).fetch_all(&self.reads())).await?;
        let unsigned = |number: i64| u64::try_from(number).unwrap_or_default();
        rows.iter()
            .map(|row| {
                let joined = Moment::from_seconds(row.try_get("joined_at")?);
                Ok(NodeRecord {
                    incarnation: row.try_get("incarnation")?,
                    name: row.try_get("name")?,
                    version: row.try_get("version")?,
                    lease: Duration::from_millis(unsigned(row.try_get("lease_millis")?)),
                    applied: unsigned(row.try_get("applied")?),
                    head: unsigned(row.try_get("revision")?),
                    reports: row.try_get("reports")?,
                    joined: joined.ok_or_else(|| StoreError::unreadable("when a node joined"))?,
                })
            })
            .collect()
    }

    /// All rows, and whether each node is alive. Looks twice, half a lease apart: who is alive has reported in between.
    pub async fn nodes_and_whether_alive(&self) -> Result<Vec<(NodeRecord, bool)>, StoreError> {
        let before = self.nodes().await?;
        if let Some(longest) = before.iter().map(|node| node.lease).max() {
            tokio::time::sleep(longest / 2).await;
        }
        let is_alive = |node: &NodeRecord| {
            let earlier = before.iter().find(|earlier| earlier.incarnation == node.incarnation);
            earlier.is_none_or(|earlier| earlier.reports < node.reports)
        };
        let with_life = |node: NodeRecord| {
            let alive = is_alive(&node);
            (node, alive)
        };
        Ok(self.nodes().await?.into_iter().map(with_life).collect())
    }

    /// Whether no node reports any more. It takes as long as a lease where there are rows; those of the dead go.
    pub async fn is_deserted(&self) -> Result<bool, StoreError> {
        let before = self.answered(sqlx::query(READ_REPORTS).fetch_all(&self.reads())).await?;
        let mut longest = 0;
        for row in &before {
            longest = row.try_get::<i64, _>("lease_millis")?.max(longest);
        }
        if let Ok(longest) = LeaseLength::new(Duration::from_millis(u64::try_from(longest).unwrap_or_default())) {
            tokio::time::sleep(Drift::USUAL.outlasts(longest)).await;
        }
        for row in &before {
            let delete = sqlx::query(DELETE_DEAD)
                .bind(row.try_get::<String, _>("incarnation")?)
                .bind(row.try_get::<i64, _>("reports")?);
            self.answered(delete.execute(&self.reads())).await?;
        }
        Ok(self.answered(sqlx::query(READ_REPORTS).fetch_all(&self.reads())).await?.is_empty())
    }
}

fn name_of(incarnation: Incarnation) -> String {
    hex(&incarnation.0.to_be_bytes())
}

/// `2026-11-30 12:00:00`, in UTC, with what comes behind that.
fn read_time(text: &str) -> Option<Moment> {
    let time: jiff::civil::DateTime = text.get(..19)?.parse().ok()?;
    Moment::from_seconds(jiff::tz::Offset::UTC.to_timestamp(time).ok()?.as_second())
}

/// `incarnation applied lease name`, parted by semicolons.
fn read_rows(text: &str) -> Option<Vec<NamedRow>> {
    text.split(';').map(read_row).collect()
}

fn read_row(text: &str) -> Option<NamedRow> {
    let mut fields = text.splitn(4, ' ');
    let incarnation = Incarnation(u128::from_be_bytes(unhex(fields.next()?)?));
    let applied = lease::Revision(fields.next()?.parse().ok()?);
    let lease = LeaseLength::new(Duration::from_millis(fields.next()?.parse().ok()?)).ok()?;
    Some(NamedRow { row: NodeRow { incarnation, applied, lease }, name: fields.next()?.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_read_as_both_engines_tell_it() {
        let seconds = |text| read_time(text).map(|time| time.seconds());
        assert_eq!(seconds("2026-11-30 12:00:00.123456+00"), Some(1_796_040_000));
        assert_eq!(seconds("2026-11-30 12:00:00"), Some(1_796_040_000));
        assert_eq!([seconds("now"), seconds("")], [None; 2]);
    }

    #[test]
    fn rows_are_read_and_what_is_none_is_not_taken_for_one() {
        let text = "0000000000000000000000000000000a 12 3000 a.example:8000;0000000000000000000000000000000b 9 500 b";
        let rows = read_rows(text).expect("rows");
        let told: Vec<_> = rows.iter().map(|one| (one.row.incarnation.0, one.row.applied.0, &*one.name)).collect();
        assert_eq!(told, [(10, 12, "a.example:8000"), (11, 9, "b")]);
        assert_eq!(rows[1].row.lease.length(), Duration::from_millis(500));
        for wrong in
            ["", "xyz 1 3000 a", "0000000000000000000000000000000a -1 3000 a", "0000000000000000000000000000000a 1 1 a"]
        {
            assert_eq!(read_rows(wrong), None, "{wrong}");
        }
    }
}
