//! What an organization demands of its service accounts, and where one of them may call from.

use axum::Json;
use axum::extract::State;
use claviger_access::Refusal;
use claviger_access::administration::policy::{self, ChangePolicy};
use claviger_access::authorize::{ManagePolicies, Scope, authorize, read_service_account};
use claviger_access::identity::{OrganizationId, PrincipalId};
use claviger_access::policy::{Addresses, Lifetime, NamePattern, Policy, SecretsMax};
use claviger_wire::envelope::Success;
use claviger_wire::policies as wire;

use super::body::Body;
use super::caller::Identified;
use super::failure::Failure;
use super::ids::{Ids, PathId};
use super::reference::Refusals;
use crate::node::Node;

/// Show what the organization demands of its service accounts
#[utoipa::path(get, operation_id = "show_policy", path = "/api/app/organizations/{org}/policy", tag = "policies",
    params(("org" = u64, Path)), responses((status = 200, body = Success<wire::Policy>), Refusals))]
pub(super) async fn show(
    identified: Identified,
    Ids(PathId(organization)): Ids<PathId<OrganizationId>>,
) -> Result<Json<Success<wire::Policy>>, Failure> {
    let Identified { held, caller, now, .. } = &identified;
    authorize::<ManagePolicies>(held, caller, Scope::Organization(organization), *now)?;
    Ok(Json(Success::new(show_policy(held.policy_of(organization)))))
}

/// Change what the organization demands of its service accounts
///
/// What it says of secrets and names counts for what is made or changed from then on; what it says of calls counts for
/// each request. Nobody locks himself out.
#[utoipa::path(patch, operation_id = "change_policy", path = "/api/app/organizations/{org}/policy", tag = "policies",
    params(("org" = u64, Path)), request_body = wire::ChangePolicy,
    responses((status = 200, body = Success<wire::Policy>), Refusals))]
pub(super) async fn change(
    State(node): State<Node>,
    identified: Identified,
    Ids(PathId(organization)): Ids<PathId<OrganizationId>>,
    Body(body): Body<wire::ChangePolicy>,
) -> Result<Json<Success<wire::Policy>>, Failure> {
    let command = requested_change(&body)?;
    let caller = identified.caller;
    let decide = move |draft: &_, moment, _| policy::change(draft, &caller, organization, &command, moment);
    node.writer.perform(identified.write_request(), decide).await?;
    let directory = node.cluster.directory().map_err(|error| Failure::from(error).after_write())?;
    Ok(Json(Success::new(show_policy(directory.policy_of(organization)))))
}

/// Show where a service account may call from
#[utoipa::path(get, operation_id = "show_allowed_addresses",
    path = "/api/app/organizations/{org}/service-accounts/{id}/allowed-addresses", tag = "policies",
    params(("org" = u64, Path), ("id" = u64, Path)),
    responses((status = 200, body = Success<wire::AllowedAddresses>), Refusals))]
pub(super) async fn show_addresses(
    identified: Identified,
    path: Ids<(PathId<OrganizationId>, PathId<PrincipalId>)>,
) -> Result<Json<Success<wire::AllowedAddresses>>, Failure> {
    let Ids((PathId(organization), PathId(account))) = path;
    let Identified { held, caller, now, .. } = &identified;
    read_service_account(held, caller, organization, account, *now)?;
    held.service_account(organization, account).ok_or(Refusal::NoSuchServiceAccount { account, organization })?;
    Ok(Json(Success::new(listed(held.addresses_of(account)))))
}

/// Say where a service account may call from, within what its organization allows
#[utoipa::path(put, operation_id = "set_allowed_addresses",
    path = "/api/app/organizations/{org}/service-accounts/{id}/allowed-addresses", tag = "policies",
    params(("org" = u64, Path), ("id" = u64, Path)), request_body = wire::AllowedAddresses,
    responses((status = 200, body = Success<wire::AllowedAddresses>), Refusals))]
pub(super) async fn set_addresses(
    State(node): State<Node>,
    identified: Identified,
    path: Ids<(PathId<OrganizationId>, PathId<PrincipalId>)>,
    Body(body): Body<wire::AllowedAddresses>,
) -> Result<Json<Success<wire::AllowedAddresses>>, Failure> {
    let Ids((PathId(organization), PathId(account))) = path;
    let addresses = requested_addresses(&body.allowed_addresses)?;
    let (caller, answer) = (identified.caller, listed(&addresses));
    let of = (organization, account);
    let decide = move |draft: &_, moment, _| policy::restrict_account(draft, &caller, of, &addresses, moment);
    node.writer.perform(identified.write_request(), decide).await?;
    Ok(Json(Success::new(answer)))
}

fn requested_change(body: &wire::ChangePolicy) -> Result<ChangePolicy, Failure> {
    let lifetime = |seconds| {
        let sentence = "secret_lifetime_max is 60 seconds to 100 years, in seconds, or null";
        Lifetime::from_seconds(seconds).ok_or_else(|| Failure::bad_request("lifetime_invalid", sentence))
    };
    let count = |count| {
        let sentence = format!("secrets_max is 1 to {}", SecretsMax::MOST);
        SecretsMax::new(count).ok_or_else(|| Failure::bad_request("secrets_max_invalid", sentence))
    };
    let pattern = |text: &String| {
        NamePattern::parse(text).map_err(|error| Failure::bad_request("name_pattern_invalid", error.to_string()))
    };
    Ok(ChangePolicy {
        secret_lifetime_max: body.secret_lifetime_max.map(|most| most.map(lifetime).transpose()).transpose()?,
        expiry_required: body.expiry_required,
        secrets_max: body.secrets_max.map(count).transpose()?,
        project_admins_create: body.project_admins_create,
        plain_text_allowed: body.plain_text_basic,
        name_pattern: body.name_pattern.as_ref().map(|text| text.as_ref().map(pattern).transpose()).transpose()?,
        addresses: body.allowed_addresses.as_deref().map(requested_addresses).transpose()?,
    })
}

fn requested_addresses(texts: &[String]) -> Result<Addresses, Failure> {
    let addresses = Addresses::parse(texts.iter().map(String::as_str));
    addresses.map_err(|error| Failure::bad_request("addresses_invalid", error.to_string()))
}

fn show_policy(policy: &Policy) -> wire::Policy {
    let seconds = |most: Lifetime| u64::try_from(most.seconds()).unwrap_or_default();
    wire::Policy {
        secret_lifetime_max: policy.secret_lifetime_max.map(seconds),
        expiry_required: policy.expiry_required,
        secrets_max: policy.secrets_max.count() as u64,
        project_admins_create: policy.project_admins_create,
        plain_text_basic: policy.plain_text_allowed,
        name_pattern: policy.name_pattern.as_ref().map(|pattern| pattern.as_str().to_owned()),
        allowed_addresses: policy.addresses.iter().collect(),
    }
}

fn listed(addresses: &Addresses) -> wire::AllowedAddresses {
    wire::AllowedAddresses { allowed_addresses: addresses.iter().collect() }
}
