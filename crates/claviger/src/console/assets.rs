//! The style sheet, the script and the mark, in the binary.
//!
//! A file's name holds a digest of what is in it, so browsers keep it for ever, and a new version has a new name. A name
//! with another digest leads nowhere.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use super::error_page::ErrorPage;

/// So many bytes of a digest tell versions apart.
const DIGEST_BYTES: usize = 8;

struct Asset {
    path: String,
    kind: &'static str,
    text: &'static str,
}

static ASSETS: LazyLock<[Asset; 3]> = LazyLock::new(|| {
    [
        asset("css", "text/css; charset=utf-8", include_str!("../../assets/console/console.css")),
        asset("js", "text/javascript; charset=utf-8", include_str!("../../assets/console/console.js")),
        asset("svg", "image/svg+xml", include_str!("../../assets/console/mark.svg")),
    ]
});

fn asset(extension: &str, kind: &'static str, text: &'static str) -> Asset {
    let digest = Sha256::digest(text.as_bytes());
    let digest: String = digest.iter().take(DIGEST_BYTES).map(|byte| format!("{byte:02x}")).collect();
    Asset { path: format!("/console/assets/{digest}.{extension}"), kind, text }
}

/// Where the style sheet is.
pub(super) fn style() -> &'static str {
    &ASSETS[0].path
}

/// Where the script is.
pub(super) fn script() -> &'static str {
    &ASSETS[1].path
}

/// Where the mark is.
pub(super) fn mark() -> &'static str {
    &ASSETS[2].path
}

/// One of them, by its name.
pub(super) async fn serve(Path(file): Path<String>) -> Result<Response, ErrorPage> {
    let known = ASSETS.iter().find(|asset| asset.path.rsplit('/').next() == Some(file.as_str()));
    let asset = known.ok_or_else(ErrorPage::not_found)?;
    let mut response = asset.text.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(asset.kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    Ok(response)
}
