//! Rows of a PostgreSQL store into an embedded one, from one snapshot, a thousand at a time.
//!
//! Every column goes as text: the schemas are one text, and SQLite turns it back by the columns' types. The columns are
//! asked from the database, so a table that gets one is copied with it.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Connection, Executor, Row};

use super::super::tables::TABLES;
use super::super::{Store, StoreError, no_connection};

const READ_COLUMNS: &str = "SELECT CAST(column_name AS TEXT) AS name FROM information_schema.columns \
                            WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position";

impl Store {
    /// Fills an embedded store that was just made.
    pub(super) async fn fill(&self, copy: &Store) -> Result<(), StoreError> {
        let snapshot = self.reads().begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await;
        let mut snapshot = snapshot.map_err(|error| no_connection::explained(&self.location, error))?;
        let mut connection = copy.connector.connect().await?;
        let mut rows = connection.begin().await?;
        rows.execute("DELETE FROM head").await?;
        rows.execute("DELETE FROM observation_head").await?;
        for table in TABLES {
            copy_table(&mut snapshot, &mut rows, table).await?;
        }
        rows.commit().await?;
        Ok(snapshot.commit().await?)
    }
}

async fn copy_table(from: &mut AnyConnection, to: &mut AnyConnection, table: &str) -> Result<(), StoreError> {
    let columns = sqlx::query(READ_COLUMNS).bind(table.to_owned()).fetch_all(&mut *from).await?;
    let columns: Vec<String> = columns.iter().map(|row| row.try_get("name")).collect::<Result<_, _>>()?;
    let read: Vec<String> = columns.iter().map(|column| format!("CAST({column} AS TEXT)")).collect();
    let read = format!("DECLARE copied CURSOR FOR SELECT {} FROM {table}", read.join(", "));
    let places: Vec<String> = (1..=columns.len()).map(|place| format!("${place}")).collect();
    let write = format!("INSERT INTO {table} ({}) VALUES ({})", columns.join(", "), places.join(", "));
    from.execute(AssertSqlSafe(read)).await?;
    loop {
        let rows = from.fetch_all("FETCH 1000 FROM copied").await?;
        if rows.is_empty() {
            from.execute("CLOSE copied").await?;
            return Ok(());
        }
        for row in &rows {
            insert(to, &write, row, columns.len()).await?;
        }
    }
}

async fn insert(to: &mut AnyConnection, write: &str, row: &AnyRow, columns: usize) -> Result<(), StoreError> {
    let mut insert = sqlx::query(AssertSqlSafe(write.to_owned()));
    for column in 0..columns {
        insert = insert.bind(row.try_get::<Option<String>, _>(column)?);
    }
    insert.execute(to).await?;
    Ok(())
}
