//! Which accounts of an organization a list shows: `ownerless`, `label`.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use claviger_access::labels::Labels;
use serde::Deserialize;

use super::failure::Failure;
use crate::store::service_accounts::Filter;

#[derive(Deserialize)]
struct Asked {
    ownerless: Option<String>,
    label: Option<String>,
}

/// What was asked for; `None` for all accounts.
pub(super) struct AccountFilter(pub Option<Filter>);

impl<S: Send + Sync> FromRequestParts<S> for AccountFilter {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let unreadable = || {
            let sentence = "give ownerless as true or false and label as key or key:value, each once, percent-encoded";
            Failure::bad_request("query_invalid", sentence)
        };
        let Query(asked) = Query::<Asked>::from_request_parts(parts, state).await.map_err(|_| unreadable())?;
        let ownerless = match asked.ownerless.as_deref() {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => return Err(unreadable()),
        };
        let label = asked.label.as_deref().map(read_label).transpose()?;
        Ok(Self((ownerless || label.is_some()).then_some(Filter { ownerless, label })))
    }
}

/// A key, or a key and a value. Only the first colon parts them: no key has one.
fn read_label(text: &str) -> Result<(String, Option<String>), Failure> {
    let (key, value) = text.split_once(':').map_or((text, None), |(key, value)| (key, Some(value)));
    let label = Labels::parse([(key, value.unwrap_or_default())].into_iter());
    let label = label.map_err(|error| Failure::bad_request("label_invalid", error.to_string()))?;
    // The value in the form in which it is kept.
    let kept = label.iter().next().map(|(_, kept)| kept.to_owned());
    Ok((key.to_owned(), value.and(kept)))
}
