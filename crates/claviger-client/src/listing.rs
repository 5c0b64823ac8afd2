//! Lists that come in pages.

use claviger_wire::envelope::Page;
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde::de::DeserializeOwned;

use crate::client::Client;
use crate::error::Error;

/// Which rows of a list.
#[derive(Debug, Clone, Copy, Default)]
pub struct Listing<'a> {
    /// Only those whose name holds it.
    pub search: Option<&'a str>,
    /// At most so many; without it the server answers with all.
    pub limit: Option<u32>,
    /// Go on where the last page ended: its `next_cursor`.
    pub cursor: Option<&'a str>,
}

/// Rows that are asked for at once where all are wanted.
const PAGE_ROWS: u32 = 500;

impl Client {
    pub(crate) async fn page<T: DeserializeOwned>(&self, path: &str, listing: Listing<'_>) -> Result<Page<T>, Error> {
        self.filtered_page(path, &[], listing).await
    }

    async fn filtered_page<T: DeserializeOwned>(
        &self,
        path: &str,
        filter: &[(&str, &str)],
        listing: Listing<'_>,
    ) -> Result<Page<T>, Error> {
        let mut url = self.url(path);
        for (name, value) in filter {
            url.query_pairs_mut().append_pair(name, value);
        }
        let limit = listing.limit.map(|limit| limit.to_string());
        for (name, value) in [("search", listing.search), ("limit", limit.as_deref()), ("cursor", listing.cursor)] {
            if let Some(value) = value {
                url.query_pairs_mut().append_pair(name, value);
            }
        }
        self.answer(self.request(Method::GET, url)).await
    }

    /// All rows, page by page.
    pub(crate) async fn every_page<T: DeserializeOwned>(
        &self,
        path: &str,
        search: Option<&str>,
    ) -> Result<Vec<T>, Error> {
        self.every_filtered_page(path, &[], search).await
    }

    /// All rows that a filter lets through, page by page.
    pub(crate) async fn every_filtered_page<T: DeserializeOwned>(
        &self,
        path: &str,
        filter: &[(&str, &str)],
        search: Option<&str>,
    ) -> Result<Vec<T>, Error> {
        let mut rows = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let listing = Listing { search, limit: Some(PAGE_ROWS), cursor: cursor.as_deref() };
            let page = self.filtered_page(path, filter, listing).await?;
            rows.extend(page.results);
            match page.next_cursor {
                None => return Ok(rows),
                // It would go on for ever.
                same if same == cursor => {
                    let reason = "it points to the same page again".to_owned();
                    return Err(self.unreadable(&HeaderMap::new(), reason));
                }
                next => cursor = next,
            }
        }
    }
}
