//! `/` and `/console`: on to where a person begins.

use axum::response::Redirect;
use claviger_access::effective;

use super::error_page::ErrorPage;
use super::frame;
use super::place::Place;
use super::signed_in::{NotSignedIn, SignedIn};

/// To the first page that he may open of his first organization, or to the sign-in page.
pub(super) async fn enter(signed_in: Result<SignedIn, NotSignedIn>) -> Result<Redirect, ErrorPage> {
    let signed_in = match signed_in {
        Ok(signed_in) => signed_in,
        Err(NotSignedIn::Nobody(_)) => return Ok(Redirect::to(super::sign_in::PATH)),
        Err(NotSignedIn::Unavailable(page)) => return Err(page),
    };
    let first = signed_in.view().and_then(|view| effective::organizations(&view).into_iter().next());
    match first {
        Some(organization) => Ok(Redirect::to(&frame::home(&signed_in, organization))),
        None => Err(ErrorPage::without_organization().inside(&signed_in, Place::Own)),
    }
}
