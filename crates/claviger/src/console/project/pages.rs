//! Pages of a list that is ordered by name: one pass counts what matches and finds the page.
//!
//! A cursor names the thing that a page begins after or ends before, by its number: names are in no address.

use std::borrow::Cow;

use crate::console::search::lower;
use crate::console::shortlist::Shortlist;

/// A name on a row is cut after so many characters, so that a page stays small whatever things are called.
pub(super) const NAME_LENGTH_MAX: usize = 80;

/// Rows of a page.
pub(super) const LENGTH: usize = 25;

/// Where a page begins or ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cursor {
    is_after: bool,
    pub id: u64,
}

impl Cursor {
    /// As it stands in an address.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (way, id) = text.split_once('.')?;
        let is_after = match way {
            "after" => true,
            "before" => false,
            _ => return None,
        };
        Some(Self { is_after, id: id.parse().ok()? })
    }

    /// The same for an address.
    pub(super) fn text(self) -> String {
        format!("{}.{}", if self.is_after { "after" } else { "before" }, self.id)
    }
}

/// Where something stands: by its name in any case, then by its number. No two have the same.
type Key<'n> = (Cow<'n, str>, u64);

/// What was gone through so far.
pub(super) struct Pages<'n, T> {
    edge: Option<(bool, Key<'n>)>,
    matching: usize,
    /// How many come before the edge, the edge itself included where the page is after it.
    before: usize,
    page: Shortlist<Key<'n>, T>,
}

impl<'n, T> Pages<'n, T> {
    /// The page that a cursor leads to; `name` is what that thing is called, if it is known.
    pub(super) fn new(cursor: Option<Cursor>, name: impl FnOnce(u64) -> Option<&'n str>) -> Self {
        let edge = cursor.and_then(|cursor| Some((cursor.is_after, (lower(name(cursor.id)?), cursor.id))));
        let page = Shortlist::new(LENGTH, edge.as_ref().is_none_or(|(is_after, _)| *is_after));
        Self { edge, matching: 0, before: 0, page }
    }

    /// One more that matches.
    pub(super) fn add(&mut self, name: &'n str, id: u64, row: T) {
        self.matching += 1;
        let key = (lower(name), id);
        let is_after = self.is_after();
        if let Some((_, edge)) = &self.edge {
            let is_before = if is_after { key <= *edge } else { key < *edge };
            self.before += usize::from(is_before);
            if is_before == is_after {
                return;
            }
        }
        self.page.add(key, row);
    }

    fn is_after(&self) -> bool {
        self.edge.as_ref().is_none_or(|(is_after, _)| *is_after)
    }

    /// The page.
    pub(super) fn end(self) -> Page<T> {
        let is_after = self.is_after();
        let page = self.page.end();
        let begin = if is_after { self.before } else { self.before.saturating_sub(page.len()) };
        let end = begin + page.len();
        let previous = page.first().filter(|_| begin > 0).map(|((_, id), _)| cursor(false, *id));
        let next = page.last().filter(|_| end < self.matching).map(|((_, id), _)| cursor(true, *id));
        Page { matching: self.matching, begin, previous, next, rows: page.into_iter().map(|(_, row)| row).collect() }
    }
}

fn cursor(is_after: bool, id: u64) -> String {
    Cursor { is_after, id }.text()
}

/// A page of a list.
pub(super) struct Page<T> {
    /// How many match in all.
    pub matching: usize,
    /// How many of those come before the page.
    pub begin: usize,
    pub previous: Option<String>,
    pub next: Option<String>,
    pub rows: Vec<T>,
}

impl<T> Page<T> {
    /// The same page of something else.
    pub(super) fn map<R>(self, change: impl FnMut(T) -> R) -> Page<R> {
        let Self { matching, begin, previous, next, rows } = self;
        Page { matching, begin, previous, next, rows: rows.into_iter().map(change).collect() }
    }

    /// Such as "1 to 25 of 214".
    pub(super) fn range(&self) -> String {
        let count = super::super::words::count;
        format!("{} to {} of {}", count(self.begin + 1), count(self.begin + self.rows.len()), count(self.matching))
    }

    /// Whether things went so that the cursor leads past all that there is.
    pub(super) fn is_astray(&self) -> bool {
        self.rows.is_empty() && self.matching > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> impl Iterator<Item = (String, u64)> {
        (1..=60).map(|id| (format!("Bot {}", id % 7), id))
    }

    fn page(cursor: Option<&str>) -> Page<u64> {
        let names: Vec<(String, u64)> = names().collect();
        let name = |id| names.iter().find(|(_, known)| *known == id).map(|(name, _)| &**name);
        let mut pages = Pages::new(cursor.and_then(Cursor::parse), name);
        names.iter().for_each(|(name, id)| pages.add(name, *id, *id));
        pages.end()
    }

    #[test]
    fn each_is_shown_once_forwards_and_back() {
        let (mut seen, mut cursor, mut befores) = (Vec::new(), None::<String>, Vec::new());
        loop {
            let shown = page(cursor.as_deref());
            assert_eq!((shown.begin, shown.matching), (seen.len(), 60));
            seen.extend(shown.rows.clone());
            befores.push((shown.rows, shown.previous));
            match shown.next {
                Some(next) => cursor = Some(next),
                None => break,
            }
        }
        let mut expected: Vec<(String, u64)> = names().collect();
        expected.sort();
        assert_eq!(seen, expected.into_iter().map(|(_, id)| id).collect::<Vec<_>>());
        for number in [2, 1] {
            let back = page(befores[number].1.as_deref());
            assert_eq!((&back.rows, back.begin), (&befores[number - 1].0, (number - 1) * LENGTH));
        }
        assert_eq!(befores[0].1, None);
        assert_eq!(page(None).range(), "1 to 25 of 60");
    }

    #[test]
    fn a_cursor_that_nothing_has_leads_to_the_beginning() {
        for cursor in ["after.999", "past.1", "after", "after.x", ""] {
            assert_eq!(page(Some(cursor)).begin, 0, "{cursor}");
        }
    }
}
