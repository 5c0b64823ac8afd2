//! An installation moves from an embedded store into PostgreSQL: all rows in one transaction, then read back and compared.
//!
//! Rows travel as JSON, some thousand at a time, and each engine turns them into its own types by the columns'. What must stay
//! true: the move is done whole or not at all; it is told to be done only after counts and digests of both sides were equal;
//! no row of another installation is touched.

use sha2::{Digest, Sha256};
use sqlx::{AnyConnection, AssertSqlSafe, Connection, Executor, Row};

use super::tables::TABLES;
use super::writing::read_head;
use super::{Engine, Store, StoreError};

const READ_HEAD: &str = "SELECT revision, mark FROM head WHERE id = 1";
const READ_COLUMNS: &str = "SELECT name FROM pragma_table_info($1) ORDER BY cid";

/// So many rows travel at once.
const ROWS_AT_ONCE: i64 = 5_000;

/// Between the values of a row, between rows, and in place of none: nothing that is stored holds them.
const VALUES_APART: char = '\u{1f}';
const ROWS_APART: char = '\u{1e}';
const NO_VALUE: char = '\u{1a}';

/// How far a move has come.
#[derive(Debug, Clone, Copy)]
pub struct Moving {
    /// Which table.
    pub table: &'static str,
    /// Whether it is read back already.
    pub is_compared: bool,
    /// Rows of it that are done.
    pub rows: u64,
}

/// What was moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    /// Rows of all tables.
    pub rows: u64,
    /// Whether it had been moved before, and nothing was to be done but to compare.
    pub was_there: bool,
}

/// Rows, whatever their order: how many, and the sum of their digests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Summary {
    rows: u64,
    digests: u128,
}

impl Summary {
    fn add(&mut self, rows: &str) {
        for row in rows.split(ROWS_APART).filter(|row| !row.is_empty()) {
            let digest = Sha256::digest(row.as_bytes());
            let mut half = [0; 16];
            half.copy_from_slice(&digest[..16]);
            self.rows += 1;
            self.digests = self.digests.wrapping_add(u128::from_be_bytes(half));
        }
    }
}

impl Store {
    /// Moves everything from this embedded store into an empty one in PostgreSQL. The caller holds the lock of this one. A
    /// second time it compares alone.
    pub async fn move_into(
        &self,
        target: &Store,
        mut progress: impl FnMut(Moving) + Send,
    ) -> Result<Moved, StoreError> {
        if (self.engine, target.engine) != (Engine::Sqlite, Engine::Postgres) {
            return Err(StoreError::Move { why: "it goes from an embedded store into PostgreSQL".to_owned() });
        }
        if !target.is_deserted().await? {
            return Err(StoreError::InUse { store: target.location.to_string() });
        }
        let mut source = self.connector.connect().await?;
        let mut source = source.begin().await?;
        let mut connection = target.connector.connect().await?;
        // A table of millions takes longer than a write may.
        connection.execute("SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0").await?;
        let mut rows = connection.begin().await?;
        let (ours, theirs) = (read(&mut source).await?, read(&mut rows).await?);
        let was_there = ours == theirs;
        if !was_there && theirs.0 > claviger_access::Revision::ZERO {
            let why = format!("{} holds another installation; name an empty database", target.location);
            return Err(StoreError::Move { why });
        }
        if !was_there {
            rows.execute("DELETE FROM head").await?;
            rows.execute("DELETE FROM observation_head").await?;
            for table in TABLES {
                copy(&mut source, &mut rows, table, &mut progress).await?;
            }
        }
        let mut moved = 0;
        for table in TABLES {
            match compare(&mut source, &mut rows, table, &mut progress).await? {
                Ok(rows) => moved += rows,
                Err(differs) => return Err(StoreError::Move { why: explained(differs, was_there) }),
            }
        }
        rows.commit().await?;
        source.commit().await?;
        Ok(Moved { rows: moved, was_there })
    }
}

async fn read(
    connection: &mut AnyConnection,
) -> Result<(claviger_access::Revision, claviger_access::Mark), StoreError> {
    read_head(&connection.fetch_one(READ_HEAD).await?)
}

async fn columns(source: &mut AnyConnection, table: &str) -> Result<Vec<String>, StoreError> {
    let rows = sqlx::query(READ_COLUMNS).bind(table.to_owned()).fetch_all(source).await?;
    Ok(rows.iter().map(|row| row.try_get("name")).collect::<Result<_, _>>()?)
}

async fn copy(
    source: &mut AnyConnection,
    target: &mut AnyConnection,
    table: &'static str,
    progress: &mut impl FnMut(Moving),
) -> Result<(), StoreError> {
    let columns = columns(source, table).await?;
    let pairs: Vec<String> = columns.iter().map(|column| format!("'{column}', {column}")).collect();
    let read = format!(
        "SELECT MAX(place) AS place, COUNT(*) AS rows, json_group_array(json_object({})) AS packed \
         FROM (SELECT rowid AS place, * FROM {table} WHERE rowid > $1 ORDER BY rowid LIMIT $2)",
        pairs.join(", ")
    );
    let list = columns.join(", ");
    let write = format!(
        "INSERT INTO {table} ({list}) SELECT {list} FROM json_populate_recordset(NULL::{table}, CAST($1 AS json))"
    );
    let (mut after, mut rows) = (i64::MIN, 0);
    loop {
        let window = sqlx::query(AssertSqlSafe(read.clone())).bind(after).bind(ROWS_AT_ONCE).fetch_one(&mut *source);
        let window = window.await?;
        let Some(place) = window.try_get::<Option<i64>, _>("place")? else { return Ok(()) };
        sqlx::query(AssertSqlSafe(write.clone()))
            .bind(window.try_get::<String, _>("packed")?)
            .execute(&mut *target)
            .await?;
        after = place;
        rows += window.try_get::<i64, _>("rows")?.unsigned_abs();
        progress(Moving { table, is_compared: false, rows });
    }
}

/// Compares a table on both sides; how many rows it has.
async fn compare(
    source: &mut AnyConnection,
    target: &mut AnyConnection,
    table: &'static str,
    progress: &mut impl FnMut(Moving),
) -> Result<Result<u64, Differs>, StoreError> {
    let columns = columns(source, table).await?;
    let row = |char: &str| {
        let values =
            columns.iter().map(|column| format!("COALESCE(CAST({column} AS TEXT), {char}({}))", u32::from(NO_VALUE)));
        values.collect::<Vec<_>>().join(&format!(" || {char}({}) || ", u32::from(VALUES_APART)))
    };
    let read = format!(
        "SELECT MAX(place) AS place, string_agg({}, char({})) AS packed \
         FROM (SELECT rowid AS place, * FROM {table} WHERE rowid > $1 ORDER BY rowid LIMIT $2)",
        row("char"),
        u32::from(ROWS_APART)
    );
    let (mut ours, mut after) = (Summary::default(), i64::MIN);
    loop {
        let window = sqlx::query(AssertSqlSafe(read.clone())).bind(after).bind(ROWS_AT_ONCE).fetch_one(&mut *source);
        let window = window.await?;
        let Some(place) = window.try_get::<Option<i64>, _>("place")? else { break };
        ours.add(&window.try_get::<String, _>("packed")?);
        after = place;
        progress(Moving { table, is_compared: true, rows: ours.rows });
    }
    let mut theirs = Summary::default();
    let declare = format!("DECLARE moved NO SCROLL CURSOR FOR SELECT {} AS packed FROM {table}", row("chr"));
    target.execute(AssertSqlSafe(declare)).await?;
    loop {
        let rows = target.fetch_all(AssertSqlSafe(format!("FETCH {ROWS_AT_ONCE} FROM moved"))).await?;
        if rows.is_empty() {
            break;
        }
        for row in &rows {
            theirs.add(&row.try_get::<String, _>("packed")?);
        }
    }
    target.execute("CLOSE moved").await?;
    let differs = Differs { table, here: ours.rows, there: theirs.rows };
    Ok(if ours == theirs { Ok(ours.rows) } else { Err(differs) })
}

/// A table that is not the same on both sides.
struct Differs {
    table: &'static str,
    here: u64,
    there: u64,
}

fn explained(differs: Differs, was_there: bool) -> String {
    let Differs { table, here, there } = differs;
    let what = format!("{table} has {here} rows here and {there} there, or they differ");
    match was_there {
        true => format!("it was moved before, and has gone on since: {what}; serve the database, and not the folder"),
        false => format!("{what}; nothing was moved"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_does_not_depend_on_the_order_and_tells_rows_apart() {
        let summary = |rows: &str| {
            let mut summary = Summary::default();
            summary.add(rows);
            summary
        };
        assert_eq!(summary("a\u{1f}b\u{1e}c\u{1f}d"), summary("c\u{1f}d\u{1e}a\u{1f}b"));
        assert_ne!(summary("a\u{1f}b\u{1e}c\u{1f}d"), summary("a\u{1f}d\u{1e}c\u{1f}b"));
        assert_ne!(summary("a"), summary("a\u{1e}a"), "the same row twice is another table");
        assert_eq!(summary(""), Summary::default());
    }
}
