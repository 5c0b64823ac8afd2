//! Statements for many rows at once: what a round trip costs is more than what a row does.
//!
//! They are made of the statement for one row, and come in a few lengths, so that each is prepared once a connection.

use std::sync::OnceLock;

use sqlx::any::AnyArguments;
use sqlx::query::Query;

/// A statement and its values, as they are bound.
pub(super) type Bound<'q> = Query<'q, sqlx::Any, AnyArguments>;

/// So many rows a statement has, the longest first. What is left over goes one by one. The short ones are close together: a
/// write waits for each statement, and few writers leave few rows.
const LENGTHS: [usize; 7] = [64, 32, 16, 8, 4, 3, 2];

/// A statement that ends with the placeholders of one row, `VALUES ($1, $2)` or `IN ($1)`, and the same for many. Placeholders
/// before those are there once.
pub(super) struct Many {
    name: &'static str,
    one: &'static str,
    longer: OnceLock<[String; LENGTHS.len()]>,
}

impl Many {
    pub(super) const fn of(name: &'static str, one: &'static str) -> Self {
        Self { name, one, longer: OnceLock::new() }
    }

    fn longer(&'static self) -> impl Iterator<Item = (usize, &'static str)> {
        let longer = self.longer.get_or_init(|| LENGTHS.map(|rows| for_rows(self.one, rows)));
        LENGTHS.into_iter().zip(longer.iter().map(String::as_str))
    }

    /// The longer statements, to be prepared by a test.
    pub(super) fn statements(&'static self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.longer().map(|(_, statement)| (self.name, statement))
    }

    /// The longest statement for at most so many rows, and for how many it is; none for no rows.
    pub(super) fn longest_within(&'static self, rows: usize) -> Option<(usize, &'static str)> {
        self.longer().chain([(1, self.one)]).find(|(length, _)| *length <= rows)
    }

    /// The statement for just so many.
    pub(super) fn for_rows(&self, rows: usize) -> String {
        for_rows(self.one, rows)
    }
}

fn for_rows(one: &str, rows: usize) -> String {
    let (before, row) = one.split_at(one.rfind('(').unwrap_or_default());
    let (common, columns) = (before.matches('$').count(), row.matches('$').count());
    let places: Vec<String> = (1..=columns * rows).map(|place| format!("${}", common + place)).collect();
    // A list of values is one, however long.
    let of_one = if before.ends_with("IN ") { places.len() } else { columns };
    let rows: Vec<String> = places.chunks(of_one).map(|places| format!("({})", places.join(", "))).collect();
    format!("{before}{}", rows.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_for_one_row_becomes_one_for_many() {
        let insert = for_rows("INSERT INTO grants (id, role) VALUES ($1, $2)", 3);
        assert_eq!(insert, "INSERT INTO grants (id, role) VALUES ($1, $2), ($3, $4), ($5, $6)");
        assert_eq!(for_rows("DELETE FROM grants WHERE id IN ($1)", 3), "DELETE FROM grants WHERE id IN ($1, $2, $3)");
        let update = for_rows("UPDATE grants SET role = $1 WHERE id IN ($2)", 3);
        assert_eq!(update, "UPDATE grants SET role = $1 WHERE id IN ($2, $3, $4)");
    }
}
