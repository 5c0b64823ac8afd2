//! Disabling and enabling an account, protecting and unprotecting it: one press each, since each is taken back by another.

use axum::extract::State;
use axum::response::Response;
use claviger_access::Moment;
use claviger_access::administration::service_account::{self, ChangeServiceAccount};
use claviger_access::identity::{OrganizationId, PrincipalId};

use super::super::Console;
use super::super::error_page::ErrorPage;
use super::super::notice::Notice;
use super::super::path::At;
use super::super::signed_in::SignedIn;
use super::super::submitted::Submitted;
use super::{NOT_MADE, OfAccount, address, as_of, seen, undone};
use crate::api::ids::PathId;

/// Nothing is to be different.
pub(super) fn unchanged(organization: OrganizationId, account: PrincipalId) -> ChangeServiceAccount {
    ChangeServiceAccount {
        organization,
        account,
        organization_role: None,
        expires: None,
        disabled: None,
        protected: None,
        owner: None,
        description: None,
        labels: None,
    }
}

/// Changes an account, and leads to its page, which tells it.
pub(super) async fn change(
    console: &Console,
    signed_in: &SignedIn,
    command: ChangeServiceAccount,
    told: impl Fn(&str) -> (String, String),
) -> Result<Response, ErrorPage> {
    let (organization, account) = (command.organization, command.account);
    let seen = seen(console, signed_in, organization, account, NOT_MADE).await?;
    let caller = signed_in.caller;
    let decide = move |draft: &_, moment: Moment, _| service_account::change(draft, &caller, &command, moment);
    match console.node.writer.perform(signed_in.write_request(organization), decide).await {
        Ok(()) => {
            let (strong, more) = told(seen.name());
            Ok(Notice::done(strong, more).at(console, signed_in, &address(organization, account)))
        }
        Err(error) => Err(undone(console, signed_in, (organization, account), &error).await),
    }
}

/// From now on its requests are refused.
pub(super) async fn disable(
    State(console): State<Console>,
    At((PathId(organization), PathId(account))): OfAccount,
    Submitted { signed_in, .. }: Submitted,
) -> Result<Response, ErrorPage> {
    let command = ChangeServiceAccount { disabled: Some(true), ..unchanged(organization, account) };
    change(&console, &signed_in, command, |name| (format!("{name} was disabled."), as_of("Refused"))).await
}

/// From now on they are let in again.
pub(super) async fn enable(
    State(console): State<Console>,
    At((PathId(organization), PathId(account))): OfAccount,
    Submitted { signed_in, .. }: Submitted,
) -> Result<Response, ErrorPage> {
    let command = ChangeServiceAccount { disabled: Some(false), ..unchanged(organization, account) };
    change(&console, &signed_in, command, |name| (format!("{name} was enabled."), as_of("Let in"))).await
}

/// It cannot be deleted.
pub(super) async fn protect(
    State(console): State<Console>,
    At((PathId(organization), PathId(account))): OfAccount,
    Submitted { signed_in, .. }: Submitted,
) -> Result<Response, ErrorPage> {
    let command = ChangeServiceAccount { protected: Some(true), ..unchanged(organization, account) };
    let told =
        |name: &str| (format!("{name} was protected."), "Nobody can delete it until it is unprotected.".to_owned());
    change(&console, &signed_in, command, told).await
}

/// It can.
pub(super) async fn unprotect(
    State(console): State<Console>,
    At((PathId(organization), PathId(account))): OfAccount,
    Submitted { signed_in, .. }: Submitted,
) -> Result<Response, ErrorPage> {
    let command = ChangeServiceAccount { protected: Some(false), ..unchanged(organization, account) };
    change(&console, &signed_in, command, |name| (format!("{name} was unprotected."), "It can be deleted.".to_owned()))
        .await
}
