//! Which part of a list: `limit`, `cursor`, `search`.
//!
//! A cursor names its list, the list's scope and the last row that was shown, with a checksum: bent, or of another list
//! or another organization, it is refused. It is no secret and no permission: rows come only by a permit.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use claviger_access::identity::ID_END;
use serde::Deserialize;

use super::failure::Failure;

/// Most rows of a page.
const LIMIT_MAX: u32 = 1_000;

/// Most characters to search for: longer than any username.
const SEARCH_LENGTH_MAX: usize = 256;

#[derive(Deserialize)]
struct Asked {
    limit: Option<String>,
    cursor: Option<String>,
    search: Option<String>,
}

/// What was asked for.
pub(super) struct Listing {
    pub limit: Option<u32>,
    pub search: Option<String>,
    cursor: Option<String>,
}

/// A list in its scope, such as `("organization-accounts", 7)`.
#[derive(Clone, Copy)]
pub(super) struct List {
    pub name: &'static str,
    pub scope: u64,
}

impl<S: Send + Sync> FromRequestParts<S> for Listing {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let Query(asked) = Query::<Asked>::from_request_parts(parts, state).await.map_err(|_| {
            let sentence = "the query cannot be read; give limit, cursor and search at most once each, percent-encoded";
            Failure::bad_request("query_invalid", sentence)
        })?;
        let limit = asked.limit.as_deref().map(read_limit).transpose()?;
        let search = asked.search.filter(|search| !search.is_empty());
        if search.as_ref().is_some_and(|search| search.chars().count() > SEARCH_LENGTH_MAX) {
            let sentence = format!("search is longer than {SEARCH_LENGTH_MAX} characters, as no name is; shorten it");
            return Err(Failure::bad_request("search_too_long", sentence));
        }
        // What was not UTF-8 arrives as the replacement character.
        if search.as_ref().is_some_and(|search| search.contains(['\0', char::REPLACEMENT_CHARACTER])) {
            let sentence = "search holds a NUL character or is not UTF-8; percent-encode the text itself";
            return Err(Failure::bad_request("search_invalid", sentence));
        }
        Ok(Self { limit, search, cursor: asked.cursor })
    }
}

/// A `limit` as it stands in a query.
pub(super) fn read_limit(text: &str) -> Result<u32, Failure> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let limit = plain.then(|| text.parse().ok()).flatten().filter(|limit| (1..=LIMIT_MAX).contains(limit));
    limit.ok_or_else(|| {
        Failure::bad_request("limit_invalid", format!("limit must be a whole number from 1 to {LIMIT_MAX}"))
    })
}

impl Listing {
    /// The last row that was shown before, by the cursor.
    pub(super) fn after(&self, list: List) -> Result<Option<u64>, Failure> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let last = cursor.rsplit('-').nth(1).and_then(|last| last.parse().ok());
        match last {
            Some(last) if last < ID_END && *cursor == list.cursor(last) => Ok(Some(last)),
            _ => {
                let sentence = "this cursor is not of this list; take next_cursor from the page before, unchanged";
                Err(Failure::bad_request("cursor_invalid", sentence))
            }
        }
    }

    /// Cuts rows that were fetched with one more than the limit, and names where the next page begins.
    pub(super) fn cut<T>(&self, list: List, rows: &mut Vec<T>, id: impl Fn(&T) -> u64) -> Option<String> {
        let limit = self.limit? as usize;
        if rows.len() <= limit {
            return None;
        }
        rows.truncate(limit);
        rows.last().map(|last| list.cursor(id(last)))
    }

    /// One row more than asked for tells whether there is a next page.
    pub(super) fn fetch_limit(&self) -> Option<u32> {
        self.limit.map(|limit| limit + 1)
    }

    /// Whether a name holds what is searched for, in any case.
    pub(super) fn finds(&self, name: &str) -> bool {
        self.search.as_ref().is_none_or(|search| name.to_lowercase().contains(&search.to_lowercase()))
    }
}

impl List {
    fn cursor(self, last: u64) -> String {
        let text = format!("{}-{}-{last}", self.name, self.scope);
        format!("{text}-{:08x}", crc32fast::hash(text.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(cursor: &str) -> Listing {
        Listing { limit: Some(2), search: None, cursor: Some(cursor.to_owned()) }
    }

    #[test]
    fn a_cursor_is_of_its_list_and_scope_alone() {
        let list = List { name: "organization-accounts", scope: 7 };
        let cursor = list.cursor(42);
        assert_eq!(listing(&cursor).after(list).ok(), Some(Some(42)));
        assert!(listing(&cursor).after(List { scope: 8, ..list }).is_err());
        assert!(listing(&cursor).after(List { name: "projects", ..list }).is_err());
        for bent in [cursor.replace("-42-", "-43-"), cursor.to_uppercase(), format!("{cursor}0"), String::new()] {
            assert!(listing(&bent).after(list).is_err(), "{bent}");
        }
    }

    #[test]
    fn one_row_more_names_the_next_page() {
        let list = List { name: "projects", scope: 7 };
        let mut rows = vec![1_u64, 2, 3];
        assert_eq!(listing("").cut(list, &mut rows, |row| *row), Some(list.cursor(2)));
        assert_eq!(rows, [1, 2]);
        assert_eq!(listing("").cut(list, &mut rows, |row| *row), None);
    }
}
