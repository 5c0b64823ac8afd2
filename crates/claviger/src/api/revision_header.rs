//! `X-Claviger-Revision`: the revision that an answer was decided on.

use std::cell::RefCell;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use claviger_access::Revision;

const NAME: HeaderName = HeaderName::from_static("x-claviger-revision");

thread_local! {
    /// The last one that was written here. Very many answers are decided on the same.
    static WRITTEN: RefCell<(Revision, HeaderValue)> =
        const { RefCell::new((Revision::ZERO, HeaderValue::from_static("0"))) };
}

/// Says it.
pub(super) fn add(headers: &mut HeaderMap, revision: Revision) {
    let value = WRITTEN.with_borrow_mut(|written| {
        if written.0 != revision {
            *written = (revision, HeaderValue::from(revision.0));
        }
        written.1.clone()
    });
    headers.insert(NAME, value);
}
