//! Whether a new secret was used yet: the page that shows it asks every two seconds for some minutes, so that whoever tries
//! it sees the request arrive.
//!
//! What must stay true: the answer and its address name the secret by its number alone.

use axum::Json;
use axum::extract::State;
use claviger_access::identity::{OrganizationId, PrincipalId, SecretId};

use super::super::error_page::ErrorPage;
use super::super::path::At;
use super::super::signed_in::SignedIn;
use super::super::{Console, words};
use super::secrets::{self, KnownSecret, OfSecret};
use super::{address, seen, unread};
use crate::api::ids::PathId;

/// Where it is asked for.
pub(in crate::console) fn path(organization: OrganizationId, account: PrincipalId, secret: SecretId) -> String {
    format!("{}/secrets/{secret}/first-request", address(organization, account))
}

/// `First request: 20:15:03 UTC from 10.20.4.17, accepted.`; null as long as there was none.
pub(super) async fn show(
    State(console): State<Console>,
    signed_in: SignedIn,
    At((PathId(organization), PathId(account), PathId(secret))): OfSecret,
) -> Result<Json<Option<String>>, ErrorPage> {
    let seen = seen(&console, &signed_in, organization, account, None).await?;
    let known = secrets::known(&console, &seen).await;
    let known = known.map_err(|error| unread(&signed_in, organization, &error))?;
    Ok(Json(known.iter().find(|known| known.is(secret)).and_then(told)))
}

fn told(known: &KnownSecret) -> Option<String> {
    let used = known.used.as_ref()?;
    let from = used.from.as_ref().map_or_else(String::new, |from| format!(" from {from}"));
    Some(format!("First request: {} UTC{from}, accepted.", words::time(used.when)))
}
