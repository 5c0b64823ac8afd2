//! The secrets of a service account.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use claviger_access::administration::secret::{self, ChangeSecret, CreateSecret, NewSecret, RotateSecret, Rotated};
use claviger_access::authorize::read_service_account;
use claviger_access::identity::{OrganizationId, PrincipalId, SecretId};
use claviger_access::{Moment, Refusal};
use claviger_wire::envelope::{Done, Success};
use claviger_wire::secrets as wire;

use super::body::Body;
use super::caller::Identified;
use super::failure::Failure;
use super::idempotency::Idempotency;
use super::ids::{Ids, PathId, in_body};
use super::reference::Refusals;
use super::{requested, show, shown_once};
use crate::node::Node;
use crate::store::secrets::ListedSecret;
use crate::writer::Makes;

/// So long a replaced secret goes on where nothing is said.
const GRACE_SECONDS: u64 = 24 * 60 * 60;

impl Makes for NewSecret {
    fn made(&self) -> u64 {
        self.id.number()
    }
}

impl Makes for Rotated {
    fn made(&self) -> u64 {
        self.new.made()
    }
}

type OfAccount = Ids<(PathId<OrganizationId>, PathId<PrincipalId>)>;
type OfSecret = Ids<(PathId<OrganizationId>, PathId<PrincipalId>, PathId<SecretId>)>;

/// List the secrets of a service account
#[utoipa::path(get, operation_id = "list_secrets", path = "/api/app/organizations/{org}/service-accounts/{id}/secrets", tag = "service accounts",
    params(("org" = u64, Path), ("id" = u64, Path)), responses((status = 200, body = Success<Vec<wire::Secret>>), Refusals))]
pub(super) async fn list(
    State(node): State<Node>,
    identified: Identified,
    path: OfAccount,
) -> Result<Json<Success<Vec<wire::Secret>>>, Failure> {
    let Ids((PathId(organization), PathId(account))) = path;
    Ok(Json(Success::new(listed(&node, &identified, organization, account).await?)))
}

/// Make one more secret for a service account
///
/// It is in `token`, this once.
#[utoipa::path(post, operation_id = "create_secret", path = "/api/app/organizations/{org}/service-accounts/{id}/secrets", tag = "service accounts",
    params(("org" = u64, Path), ("id" = u64, Path), ("Idempotency-Key" = Option<String>, Header)), request_body = wire::CreateSecret,
    responses((status = 201, body = Success<wire::NewSecret>), Refusals))]
pub(super) async fn create(
    State(node): State<Node>,
    identified: Identified,
    path: OfAccount,
    idempotency: Idempotency,
    Body(body): Body<wire::CreateSecret>,
) -> Result<(StatusCode, Json<Success<wire::NewSecret>>), Failure> {
    let Ids((PathId(organization), PathId(account))) = path;
    let name = body.name.as_deref().map(requested::name).transpose()?;
    let expires = requested::expiry(body.expires.as_deref(), body.expires_in)?;
    let command = CreateSecret { organization, account, name, expires };
    let (caller, key) = (identified.caller, idempotency.of(identified.principal));
    let decide = move |draft: &_, moment, random| secret::create(draft, &caller, &command, moment, random);
    let made = node.writer.create(identified.write_request(), key, decide).await?;
    Ok((StatusCode::CREATED, Json(Success::new(show_new(made)))))
}

/// Change the name of a secret, its end, or whether it is disabled
#[utoipa::path(patch, operation_id = "change_secret", path = "/api/app/organizations/{org}/service-accounts/{id}/secrets/{secret}", tag = "service accounts",
    params(("org" = u64, Path), ("id" = u64, Path), ("secret" = u64, Path)), request_body = wire::ChangeSecret,
    responses((status = 200, body = Success<wire::Secret>), Refusals))]
pub(super) async fn change(
    State(node): State<Node>,
    identified: Identified,
    path: OfSecret,
    Body(body): Body<wire::ChangeSecret>,
) -> Result<Json<Success<wire::Secret>>, Failure> {
    let Ids((PathId(organization), PathId(account), PathId(secret))) = path;
    let name = body.name.map(|name| name.as_deref().map(requested::name).transpose()).transpose()?;
    let expires = requested::other_expiry(body.expires, body.expires_in)?;
    let command = ChangeSecret { organization, account, secret, name, expires, disabled: body.disabled };
    let caller = identified.caller;
    let decide = move |draft: &_, moment, _| secret::change(draft, &caller, &command, moment);
    node.writer.perform(identified.write_request(), decide).await?;
    let secrets = listed(&node, &identified, organization, account).await.map_err(Failure::after_write)?;
    let changed = secrets.into_iter().find(|known| known.id == secret.number());
    let changed = changed.ok_or(Refusal::NoSuchSecret { secret, account }).map_err(Failure::from)?;
    Ok(Json(Success::new(changed)))
}

/// Revoke a secret of a service account
///
/// When this is answered, no request with it is accepted any more.
#[utoipa::path(delete, operation_id = "revoke_secret", path = "/api/app/organizations/{org}/service-accounts/{id}/secrets/{secret}", tag = "service accounts",
    params(("org" = u64, Path), ("id" = u64, Path), ("secret" = u64, Path)), responses((status = 200, body = Done), Refusals))]
pub(super) async fn revoke(
    State(node): State<Node>,
    identified: Identified,
    path: OfSecret,
) -> Result<Json<Done>, Failure> {
    let Ids((PathId(organization), PathId(account), PathId(secret))) = path;
    let caller = identified.caller;
    let decide = move |draft: &_, moment, _| secret::revoke(draft, &caller, organization, account, secret, moment);
    node.writer.perform(identified.write_request(), decide).await?;
    Ok(Json(Done::default()))
}

/// Make a secret in place of another, which goes on for a while
///
/// The new one is in `token`, this once.
#[utoipa::path(post, operation_id = "rotate_secret", path = "/api/app/organizations/{org}/service-accounts/{id}/rotate", tag = "service accounts",
    params(("org" = u64, Path), ("id" = u64, Path), ("Idempotency-Key" = Option<String>, Header)), request_body = wire::RotateSecret,
    responses((status = 201, body = Success<wire::RotatedSecret>), Refusals))]
pub(super) async fn rotate(
    State(node): State<Node>,
    identified: Identified,
    path: OfAccount,
    idempotency: Idempotency,
    Body(body): Body<wire::RotateSecret>,
) -> Result<(StatusCode, Json<Success<wire::RotatedSecret>>), Failure> {
    let Ids((PathId(organization), PathId(account))) = path;
    let command = RotateSecret {
        organization,
        account,
        secret: body.secret_id.map(|number| in_body(number, "secret")).transpose()?,
        grace_seconds: body.grace_seconds.unwrap_or(GRACE_SECONDS),
        name: body.name.as_deref().map(requested::name).transpose()?,
        expires: requested::other_expiry(body.expires, body.expires_in)?,
    };
    let (caller, key) = (identified.caller, idempotency.of(identified.principal));
    let decide = move |draft: &_, moment, random| secret::rotate(draft, &caller, &command, moment, random);
    let Rotated { new, replaced, replaced_expires } =
        node.writer.create(identified.write_request(), key, decide).await?;
    let replaced = wire::ReplacedSecret { id: replaced.number(), expires: show::end(replaced_expires) };
    Ok((StatusCode::CREATED, Json(Success::new(wire::RotatedSecret { new: show_new(new), replaced }))))
}

/// The secrets of an account, as they are after this request's own write, if any.
async fn listed(
    node: &Node,
    identified: &Identified,
    organization: OrganizationId,
    account: PrincipalId,
) -> Result<Vec<wire::Secret>, Failure> {
    let Identified { held, caller, now, .. } = identified;
    let permit = read_service_account(held, caller, organization, account, *now)?;
    held.service_account(organization, account).ok_or(Refusal::NoSuchServiceAccount { account, organization })?;
    let rows = node.store.secrets(&permit, account).await?;
    Ok(rows.into_iter().map(|row| show::secret(&node.last_used, row)).collect())
}

/// A new secret with its text.
fn show_new(made: NewSecret) -> wire::NewSecret {
    let listed = ListedSecret {
        id: made.id,
        name: made.name,
        created: made.created.seconds(),
        expires: made.expires.moment().map(Moment::seconds),
        first_used: None,
        last_used: None,
        last_used_address: None,
        disabled: false,
    };
    wire::NewSecret { secret: show::listed_secret(None, listed), token: shown_once::token(&made.secret) }
}
