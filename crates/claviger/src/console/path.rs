//! Ids in a page's address.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::Console;
use super::error_page::ErrorPage;

/// The ids of an address, as [`PathId`](crate::api::ids::PathId)s; a number that no id can have leads nowhere.
pub(super) struct At<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<Console> for At<T> {
    type Rejection = ErrorPage;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, ErrorPage> {
        let path = Path::<T>::from_request_parts(parts, console).await;
        path.map(|Path(ids)| Self(ids)).map_err(|_| ErrorPage::not_found())
    }
}
