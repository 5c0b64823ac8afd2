//! Statements that go to the database together.
//!
//! A write waits for each answer while others wait for the head, so what a transaction has to say is said at once: to
//! PostgreSQL as one statement, with all but the last in its `WITH` (its manual, 7.8.4, "Data-Modifying Statements in WITH").
//! Those run side by side, and each sees the rows as they were before, but what the schema asks for is looked at once all
//! are done: rows may refer to rows of another part. What must stay true: no part changes a row that another one makes
//! or changes, nor makes one that another one has to make room for. SQLite, which is in this process, is asked
//! one after another.

use std::ops::Range;

use sqlx::{AnyConnection, AssertSqlSafe};

use super::Engine;
use super::many::{Bound, Many};

/// A part with more rows goes alone: there would be as many statements to prepare as there are numbers of rows.
const ROWS_TOGETHER_MAX: usize = 64;

/// One of them, with its rows.
pub(super) struct Part<'r> {
    statement: Statement,
    rows: usize,
    bind: Box<dyn Fn(Bound<'static>, Range<usize>) -> Bound<'static> + Send + Sync + 'r>,
}

#[derive(Clone, Copy)]
enum Statement {
    One(&'static str),
    Many(&'static Many),
}

impl<'r> Part<'r> {
    /// A statement as it is.
    pub(super) fn one(
        statement: &'static str,
        bind: impl Fn(Bound<'static>) -> Bound<'static> + Send + Sync + 'r,
    ) -> Self {
        Self { statement: Statement::One(statement), rows: 1, bind: Box::new(move |statement, _| bind(statement)) }
    }

    /// Rows alike.
    pub(super) fn many<R: Sync>(
        statement: &'static Many,
        rows: &'r [R],
        bind: impl Fn(Bound<'static>, &R) -> Bound<'static> + Send + Sync + 'r,
    ) -> Self {
        Self::many_with(statement, |statement| statement, rows, bind)
    }

    /// The same, with what all rows have in common.
    pub(super) fn many_with<R: Sync>(
        statement: &'static Many,
        bind_common: impl Fn(Bound<'static>) -> Bound<'static> + Send + Sync + 'r,
        rows: &'r [R],
        bind: impl Fn(Bound<'static>, &R) -> Bound<'static> + Send + Sync + 'r,
    ) -> Self {
        let bind = move |statement, range: Range<usize>| {
            rows.get(range).unwrap_or_default().iter().fold(bind_common(statement), &bind)
        };
        Self { statement: Statement::Many(statement), rows: rows.len(), bind: Box::new(bind) }
    }

    /// Sends it by itself, in as few statements as it takes.
    pub(super) async fn send_alone(&self, connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
        match self.statement {
            Statement::One(one) => self.run(connection, one, 0..self.rows).await,
            Statement::Many(many) => {
                let mut sent = 0;
                while let Some((length, statement)) = many.longest_within(self.rows - sent) {
                    self.run(connection, statement, sent..sent + length).await?;
                    sent += length;
                }
                Ok(())
            }
        }
    }

    async fn run(
        &self,
        connection: &mut AnyConnection,
        statement: &'static str,
        rows: Range<usize>,
    ) -> Result<(), sqlx::Error> {
        (self.bind)(sqlx::query(statement), rows).execute(connection).await.map(|_| ())
    }

    fn text(&self) -> String {
        match self.statement {
            Statement::One(one) => one.to_owned(),
            Statement::Many(many) => many.for_rows(self.rows),
        }
    }
}

/// Sends all of them, whichever way the engine takes them best.
pub(super) async fn send(
    connection: &mut AnyConnection,
    engine: Engine,
    parts: &[Part<'_>],
) -> Result<(), sqlx::Error> {
    let parts: Vec<&Part<'_>> = parts.iter().filter(|part| part.rows > 0).collect();
    let is_short = parts.iter().all(|part| part.rows <= ROWS_TOGETHER_MAX);
    if engine == Engine::Postgres && is_short && parts.len() > 1 {
        let statement = sqlx::query(AssertSqlSafe(as_one(parts.iter().map(|part| part.text()))));
        let bound = parts.iter().fold(statement, |statement, part| (part.bind)(statement, 0..part.rows));
        return bound.execute(connection).await.map(|_| ());
    }
    for part in parts {
        part.send_alone(connection).await?;
    }
    Ok(())
}

/// The last one, with the others before it.
fn as_one(texts: impl Iterator<Item = String>) -> String {
    let (mut together, mut placeholders) = (Vec::new(), 0);
    for text in texts {
        together.push(counted_from(placeholders, &text));
        placeholders += text.matches('$').count();
    }
    let last = together.pop().unwrap_or_default();
    let before = together.iter().enumerate().map(|(number, text)| format!("part_{number} AS (\n{text}\n)"));
    format!("WITH {}\n{last}", before.collect::<Vec<_>>().join(", "))
}

/// The same with its placeholders behind so many others.
fn counted_from(before: usize, text: &str) -> String {
    let mut parts = text.split('$');
    let mut counted = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let (place, rest) = part.split_at(digits);
        counted.push_str(&format!("${}{rest}", before + place.parse::<usize>().unwrap_or_default()));
    }
    counted
}

/// What was put together, one by one: for an engine of tests that has no `WITH` that changes anything.
#[cfg(test)]
pub(crate) fn taken_apart(statement: &str) -> Vec<&str> {
    let Some(together) = statement.strip_prefix("WITH part_0 AS (\n") else { return vec![statement] };
    let Some((before, last)) = together.rsplit_once("\n)\n") else { return vec![statement] };
    before
        .split("\n), part_")
        .map(|text| text.split_once(" AS (\n").map_or(text, |(_, text)| text))
        .chain([last])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_become_one_statement_and_are_taken_apart_again() {
        let parts = [
            "INSERT INTO a VALUES ($1, $2), ($3, $4)",
            "DELETE FROM b WHERE id IN ($1)",
            "UPDATE c SET d = $2 WHERE e = $1",
        ];
        let one = as_one(parts.iter().map(|&part| part.to_owned()));
        assert_eq!(
            one,
            "WITH part_0 AS (\nINSERT INTO a VALUES ($1, $2), ($3, $4)\n), part_1 AS (\nDELETE FROM b WHERE id IN ($5)\n)\n\
             UPDATE c SET d = $7 WHERE e = $6"
        );
        let apart = [
            "INSERT INTO a VALUES ($1, $2), ($3, $4)",
            "DELETE FROM b WHERE id IN ($5)",
            "UPDATE c SET d = $7 WHERE e = $6",
        ];
        assert_eq!(taken_apart(&one), apart);
        assert_eq!(taken_apart("SELECT 1"), ["SELECT 1"]);
    }
}
