//! Disabling one secret of an account and enabling it again: one press each, since each is taken back by the other.

use axum::extract::State;
use axum::response::Response;
use claviger_access::Moment;
use claviger_access::administration::secret::{self, ChangeSecret};
use claviger_access::identity::{OrganizationId, PrincipalId, SecretId};

use super::super::Console;
use super::super::error_page::ErrorPage;
use super::super::notice::Notice;
use super::super::path::At;
use super::super::signed_in::SignedIn;
use super::super::submitted::Submitted;
use super::secrets::{OfSecret, one_of};
use super::{NOT_MADE, address, as_of, seen, undone};
use crate::api::ids::PathId;

/// From now on requests with it are refused.
pub(super) async fn disable(
    State(console): State<Console>,
    At((PathId(organization), PathId(account), PathId(secret))): OfSecret,
    Submitted { signed_in, .. }: Submitted,
) -> Result<Response, ErrorPage> {
    change(&console, &signed_in, (organization, account, secret), true).await
}

/// From now on they are let in again, as far as the account is.
pub(super) async fn enable(
    State(console): State<Console>,
    At((PathId(organization), PathId(account), PathId(secret))): OfSecret,
    Submitted { signed_in, .. }: Submitted,
) -> Result<Response, ErrorPage> {
    change(&console, &signed_in, (organization, account, secret), false).await
}

async fn change(
    console: &Console,
    signed_in: &SignedIn,
    (organization, account, secret): (OrganizationId, PrincipalId, SecretId),
    disabled: bool,
) -> Result<Response, ErrorPage> {
    let seen = seen(console, signed_in, organization, account, NOT_MADE).await?;
    let (one, _) = one_of(console, signed_in, &seen, secret).await?;
    let command = ChangeSecret { organization, account, secret, name: None, expires: None, disabled: Some(disabled) };
    let caller = signed_in.caller;
    let decide = move |draft: &_, moment: Moment, _| secret::change(draft, &caller, &command, moment);
    if let Err(error) = console.node.writer.perform(signed_in.write_request(organization), decide).await {
        return Err(undone(console, signed_in, (organization, account), &error).await);
    }
    let (was, then) = if disabled { ("disabled", "Refused") } else { ("enabled", "Let in") };
    let notice = Notice::done(format!("{} of {} was {was}.", one.name(), seen.name()), as_of(then));
    Ok(notice.at(console, signed_in, &address(organization, account)))
}
