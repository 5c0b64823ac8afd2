//! `/` and `/console`: on to where a person begins.
//!
//! What must stay true: it never leads to itself.

use axum::response::Redirect;
use claviger_access::authorize::see_organization;
use claviger_access::effective;

use super::error_page::ErrorPage;
use super::frame;
use super::place::Place;
use super::refused::{Wanted, refused};
use super::signed_in::{NotSignedIn, SignedIn};

const ENTER: Wanted = Wanted { title: "Console", deed: "see it" };

/// To the first page that he may open of the first of his organizations that has one, or to the sign-in page. Where none
/// has, since they let nobody in from his address, the page that says so.
pub(super) async fn enter(signed_in: Result<SignedIn, NotSignedIn>) -> Result<Redirect, ErrorPage> {
    let signed_in = match signed_in {
        Ok(signed_in) => signed_in,
        Err(NotSignedIn::Nobody(_) | NotSignedIn::Outdated(_)) => return Ok(Redirect::to(super::sign_in::PATH)),
        Err(NotSignedIn::Unavailable(page)) => return Err(page),
    };
    let his = signed_in.view().as_ref().map(effective::organizations).unwrap_or_default();
    if let Some(home) = his.iter().find_map(|organization| frame::home(&signed_in, *organization)) {
        return Ok(Redirect::to(&home));
    }
    let why = his.into_iter().find_map(|organization| {
        see_organization(&signed_in.held, &signed_in.caller, organization, signed_in.now).err()
    });
    let page = match why {
        Some(refusal) => refused(&signed_in, Place::Own, &ENTER, &refusal),
        None => ErrorPage::without_organization(),
    };
    Err(page.inside(&signed_in, Place::Own))
}
