//! Lists that are shown a page at a time: what is searched for, and which page.
//!
//! A page begins after an id or ends before one, so that what comes or goes meanwhile moves nothing. All of it is in the
//! address, so that every page can be shared; what cannot be read there is as if it were not.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::search::sought;
use super::typed::Typed;
use super::words;

/// So many rows are on a page.
pub(super) const PAGE_LENGTH: usize = 25;

/// What all pages of a list have in common.
const KEPT: [&str; 4] = ["view", "search", "role", "find"];

/// What the address of a list asks for.
#[derive(Default)]
pub(super) struct Listing(Typed);

impl<S: Send + Sync> FromRequestParts<S> for Listing {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let query = parts.uri.query().unwrap_or_default();
        Ok(Self(Typed::parse(query.as_bytes()).unwrap_or_default()))
    }
}

impl Listing {
    #[cfg(test)]
    pub(super) fn of(query: &str) -> Self {
        Self(Typed::parse(query.as_bytes()).expect("a query"))
    }

    /// What it says of something; nothing where it says nothing.
    pub(super) fn value(&self, name: &str) -> &str {
        self.0.one(name)
    }

    /// A text to search for.
    pub(super) fn text(&self, name: &str) -> String {
        sought(self.value(name))
    }

    fn cursor(&self, name: &str) -> Option<Cursor> {
        let (way, number) = self.value(name).split_once('.')?;
        let number = number.parse().ok()?;
        match way {
            "after" => Some(Cursor::After(number)),
            "before" => Some(Cursor::Before(number)),
            _ => None,
        }
    }

    /// The same list, with this in place of what its address said of it.
    fn address(&self, path: &str, name: &str, value: &str) -> String {
        let kept = KEPT.iter().map(|kept| (*kept, self.value(kept))).filter(|(_, value)| !value.is_empty());
        let all: Vec<_> = kept.chain([(name, value)]).collect();
        format!("{path}?{}", serde_urlencoded::to_string(all).unwrap_or_default())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cursor {
    After(u64),
    Before(u64),
}

/// One page of a list.
pub(super) struct Cut<T> {
    pub rows: Vec<T>,
    pub pages: Pages,
}

/// Where the page is in its list, and where the next ones are.
pub(super) struct Pages {
    /// Such as "1 to 25 of 214".
    pub range: String,
    pub previous: Option<String>,
    pub next: Option<String>,
    /// How many rows the next page has, at most.
    pub length: usize,
}

/// Cuts a page out of everything that was found, by id. `name` is what the address calls this list's pages.
pub(super) fn cut<T>(listing: &Listing, path: &str, name: &str, length: usize, found: Vec<(u64, T)>) -> Cut<T> {
    let matching = found.len();
    let begin = match listing.cursor(name) {
        Some(Cursor::After(id)) => found.partition_point(|(known, _)| *known <= id),
        Some(Cursor::Before(id)) => found.partition_point(|(known, _)| *known < id).saturating_sub(length),
        None => 0,
    };
    // Whatever was on the last page may be gone.
    let begin = if begin < matching { begin } else { matching.saturating_sub(length) };
    let end = matching.min(begin + length);
    let id = |place: usize| found.get(place).map_or(0, |(id, _)| *id);
    let previous = (begin > 0).then(|| listing.address(path, name, &format!("before.{}", id(begin))));
    let next = (end < matching).then(|| listing.address(path, name, &format!("after.{}", id(end.saturating_sub(1)))));
    let range = format!("{} to {} of {}", words::count(begin + 1), words::count(end), words::count(matching));
    let rows = found.into_iter().skip(begin).take(end - begin).map(|(_, row)| row).collect();
    Cut { rows, pages: Pages { range, previous, next, length } }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(query: &str, ids: &[u64]) -> (Vec<u64>, String, Option<String>, Option<String>) {
        let cut = cut(&Listing::of(query), "/x", "cursor", 2, ids.iter().map(|id| (*id, *id)).collect());
        (cut.rows, cut.pages.range, cut.pages.previous, cut.pages.next)
    }

    #[test]
    fn pages_follow_one_another_both_ways() {
        let ids = [3, 5, 7, 9, 11];
        let address = |cursor: &str| Some(format!("/x?search=a%26b&cursor={cursor}"));
        let first = page("search=a%26b&other=1", &ids);
        assert_eq!(first, (vec![3, 5], "1 to 2 of 5".to_owned(), None, address("after.5")));
        let second = page("search=a%26b&cursor=after.5", &ids);
        assert_eq!(second, (vec![7, 9], "3 to 4 of 5".to_owned(), address("before.7"), address("after.9")));
        assert_eq!(page("cursor=after.9", &ids).0, [11]);
        assert_eq!(page("cursor=before.7", &ids).0, [3, 5]);
        assert_eq!(page("cursor=before.4", &ids).0, [3, 5]);
    }

    #[test]
    fn what_is_gone_or_no_page_leads_to_one_that_is_there() {
        assert_eq!(page("cursor=after.99", &[3, 5, 7]).0, [5, 7]);
        assert_eq!(page("cursor=after.6", &[3, 5, 7]).0, [7]);
        for nonsense in ["cursor=7", "cursor=past.7", "cursor=after.x", "cursor=after.-1", "cursor=%00"] {
            assert_eq!(page(nonsense, &[3, 5, 7]).0, [3, 5], "{nonsense}");
        }
        assert_eq!(page("", &[]).0, [] as [u64; 0]);
    }
}
