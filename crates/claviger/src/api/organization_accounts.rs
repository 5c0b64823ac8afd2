//! The service accounts of an organization.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use claviger_access::administration::service_account::{
    self, AddToProjects, ChangeServiceAccount, CreateServiceAccount, NewServiceAccount, RemoveFromProjects,
};
use claviger_access::authorize::{ManageServiceAccounts, Scope, authorize, read_service_account};
use claviger_access::identity::{OrganizationId, PrincipalId, ProjectId, WorkspaceId};
use claviger_access::ownership::{AccountDetails, Owner};
use claviger_access::role::OrganizationRole;
use claviger_access::{Directory, Expiry, Refusal};
use claviger_wire::envelope::{Done, Page, Success};
use claviger_wire::roles::RoleName;
use claviger_wire::service_accounts as wire;

use super::account_filter::AccountFilter;
use super::body::{Body, LIST_LENGTH_MAX};
use super::caller::Identified;
use super::failure::Failure;
use super::idempotency::Idempotency;
use super::ids::{Ids, PathId, in_body};
use super::listing::{List, Listing};
use super::reference::Refusals;
use super::{requested, show, shown_once};
use crate::node::Node;
use crate::store::service_accounts::{ListedAccount, Window};
use crate::writer::Makes;

impl Makes for NewServiceAccount {
    fn made(&self) -> u64 {
        self.id.number()
    }
}

/// List the service accounts of an organization
#[utoipa::path(get, operation_id = "list_service_accounts", path = "/api/app/organizations/{org}/service-accounts", tag = "service accounts",
    params(("org" = u64, Path), ("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query), ("search" = Option<String>, Query),
        ("ownerless" = Option<bool>, Query), ("label" = Option<String>, Query)),
    responses((status = 200, body = Page<wire::ServiceAccount>), Refusals))]
pub(super) async fn list(
    State(node): State<Node>,
    identified: Identified,
    Ids(PathId(organization)): Ids<PathId<OrganizationId>>,
    AccountFilter(filter): AccountFilter,
    listing: Listing,
) -> Result<Json<Page<wire::ServiceAccount>>, Failure> {
    let Identified { held, caller, now, .. } = &identified;
    let permit = authorize::<ManageServiceAccounts>(held, caller, Scope::Organization(organization), *now)?;
    let list = List { name: "organization-accounts", scope: organization.number() };
    let window = window(&listing, list)?;
    let mut rows = match &filter {
        Some(filter) => node.store.filtered_service_accounts(&permit, filter, &window).await?,
        None => node.store.service_accounts(&permit, &window).await?,
    };
    let next = listing.cut(list, &mut rows, |row| row.id.number());
    let shown = rows.into_iter().map(|row| show::account(held, &node.last_used, row));
    Ok(Json(Page::new(shown.collect(), next)))
}

/// Create a service account in an organization
///
/// The secret is in `token`, this once.
#[utoipa::path(post, operation_id = "create_service_account", path = "/api/app/organizations/{org}/service-accounts", tag = "service accounts",
    params(("org" = u64, Path), ("Idempotency-Key" = Option<String>, Header)), request_body = wire::CreateServiceAccount,
    responses((status = 201, body = Success<wire::NewServiceAccount>), Refusals))]
pub(super) async fn create(
    State(node): State<Node>,
    identified: Identified,
    Ids(PathId(organization)): Ids<PathId<OrganizationId>>,
    idempotency: Idempotency,
    Body(body): Body<wire::CreateServiceAccount, LIST_LENGTH_MAX>,
) -> Result<(StatusCode, Json<Success<wire::NewServiceAccount>>), Failure> {
    let command = create_command(organization, body)?;
    let (caller, key) = (identified.caller, idempotency.of(identified.principal));
    let request = identified.write_request().of_many(command.projects.len() + command.workspaces.len());
    let decide = move |draft: &_, moment, random| service_account::create(draft, &caller, &command, moment, random);
    let made = node.writer.create(request, key, decide).await?;
    Ok((StatusCode::CREATED, Json(Success::new(show_new(made)))))
}

fn create_command(
    organization: OrganizationId,
    body: wire::CreateServiceAccount,
) -> Result<CreateServiceAccount, Failure> {
    let name = requested::account_name(&body.username)?;
    let otherwise = body.role.unwrap_or(RoleName::Consumer);
    let projects = body.projects.unwrap_or_default();
    let projects = projects.iter().map(|listed| (listed.id, listed.role.unwrap_or(otherwise)));
    let workspaces = body.workspaces.unwrap_or_default();
    let workspaces = workspaces.iter().map(|listed| (listed.id, listed.role.unwrap_or(otherwise)));
    Ok(CreateServiceAccount {
        organization,
        name,
        organization_role: body.organization_role.map_or(OrganizationRole::Member, requested::organization_role),
        projects: requested::roles::<ProjectId>(projects, "project")?,
        workspaces: requested::roles::<WorkspaceId>(workspaces, "workspace")?,
        expires: requested::expiry(body.expires.as_deref(), body.expires_in)?,
        details: AccountDetails {
            owner: body.owner.map(requested::owner).transpose()?.unwrap_or_default(),
            description: body
                .description
                .as_deref()
                .map(requested::description)
                .transpose()?
                .flatten()
                .map(|text| text.as_str().to_owned()),
            labels: body.labels.as_ref().map(requested::labels).transpose()?.unwrap_or_default(),
        },
    })
}

/// Show a service account
#[utoipa::path(get, operation_id = "show_service_account", path = "/api/app/organizations/{org}/service-accounts/{id}", tag = "service accounts",
    params(("org" = u64, Path), ("id" = u64, Path)),
    responses((status = 200, body = Success<wire::ServiceAccount>), Refusals))]
pub(super) async fn show(
    State(node): State<Node>,
    identified: Identified,
    path: Ids<(PathId<OrganizationId>, PathId<PrincipalId>)>,
) -> Result<Json<Success<wire::ServiceAccount>>, Failure> {
    let Ids((PathId(organization), PathId(account))) = path;
    shown(&node, &identified, &identified.held, organization, account).await
}

/// Change a service account: its role in the organization, its end, whether it is disabled, whether it is protected,
/// its owner, its description, its labels
#[utoipa::path(patch, operation_id = "change_service_account", path = "/api/app/organizations/{org}/service-accounts/{id}", tag = "service accounts",
    params(("org" = u64, Path), ("id" = u64, Path)), request_body = wire::ChangeServiceAccount,
    responses((status = 200, body = Success<wire::ServiceAccount>), Refusals))]
pub(super) async fn change(
    State(node): State<Node>,
    identified: Identified,
    path: Ids<(PathId<OrganizationId>, PathId<PrincipalId>)>,
    Body(body): Body<wire::ChangeServiceAccount>,
) -> Result<Json<Success<wire::ServiceAccount>>, Failure> {
    let Ids((PathId(organization), PathId(account))) = path;
    let expires = requested::other_expiry(body.expires, body.expires_in)?;
    let organization_role = body.organization_role.map(requested::organization_role);
    let owner = body.owner.map(|owner| owner.map_or(Ok(Owner::Nobody), requested::owner)).transpose()?;
    let description = body.description.map(|text| requested::description(&text.unwrap_or_default())).transpose()?;
    let command = ChangeServiceAccount {
        organization,
        account,
        organization_role,
        expires,
        disabled: body.disabled,
        protected: body.protected,
        owner,
        description,
        labels: body.labels.as_ref().map(requested::labels).transpose()?,
    };
    let caller = identified.caller;
    let decide = move |draft: &_, moment, _| service_account::change(draft, &caller, &command, moment);
    node.writer.perform(identified.write_request(), decide).await?;
    // Whoever lowers himself sees himself all the same: he was permitted when it was decided.
    let image = node.cluster.directory().map_err(|error| Failure::from(error).after_write())?;
    shown(&node, &identified, &image, organization, account).await.map_err(Failure::after_write)
}

/// Delete a service account from its organization
///
/// When this is answered, no request with its secret is accepted any more.
#[utoipa::path(delete, operation_id = "delete_service_account", path = "/api/app/organizations/{org}/service-accounts/{id}", tag = "service accounts",
    params(("org" = u64, Path), ("id" = u64, Path)), responses((status = 200, body = Done), Refusals))]
pub(super) async fn delete(
    State(node): State<Node>,
    identified: Identified,
    path: Ids<(PathId<OrganizationId>, PathId<PrincipalId>)>,
) -> Result<Json<Done>, Failure> {
    let Ids((PathId(organization), PathId(account))) = path;
    let caller = identified.caller;
    let decide = move |draft: &_, moment, _| service_account::delete(draft, &caller, organization, account, moment);
    node.writer.perform(identified.write_request(), decide).await?;
    Ok(Json(Done::default()))
}

/// List the grants of a service account
#[utoipa::path(get, operation_id = "list_service_account_grants", path = "/api/app/organizations/{org}/service-accounts/{id}/grants", tag = "service accounts",
    params(("org" = u64, Path), ("id" = u64, Path)),
    responses((status = 200, body = Success<Vec<wire::Grant>>), Refusals))]
pub(super) async fn grants(
    identified: Identified,
    path: Ids<(PathId<OrganizationId>, PathId<PrincipalId>)>,
) -> Result<Json<Success<Vec<wire::Grant>>>, Failure> {
    let Ids((PathId(organization), PathId(account))) = path;
    let Identified { held, caller, now, .. } = &identified;
    read_service_account(held, caller, organization, account, *now)?;
    let view = held.service_account(organization, account);
    let view = view.ok_or(Refusal::NoSuchServiceAccount { account, organization })?;
    Ok(Json(Success::new(show::grants(held, &view))))
}

/// Give service accounts roles on projects
///
/// All or nothing. Giving again sets the role.
#[utoipa::path(post, operation_id = "add_to_projects", path = "/api/app/organizations/{org}/service-accounts/add-to-project", tag = "service accounts",
    params(("org" = u64, Path)), request_body = wire::AddToProjects,
    responses((status = 200, body = Done), Refusals))]
pub(super) async fn add_to_project(
    State(node): State<Node>,
    identified: Identified,
    Ids(PathId(organization)): Ids<PathId<OrganizationId>>,
    Body(body): Body<wire::AddToProjects, LIST_LENGTH_MAX>,
) -> Result<Json<Done>, Failure> {
    let projects = body.projects.iter().map(|listed| (listed.id, listed.role.unwrap_or(RoleName::Consumer)));
    let command = AddToProjects {
        organization,
        projects: requested::roles(projects, "project")?,
        accounts: requested::ids(&body.service_account_ids, "service account")?,
    };
    let pairs = command.projects.len() * command.accounts.len();
    requested::few(pairs, "project and account")?;
    let caller = identified.caller;
    let decide = move |draft: &_, moment, _| service_account::add_to_projects(draft, &caller, &command, moment);
    node.writer.perform(identified.write_request().of_many(pairs), decide).await?;
    Ok(Json(Done::default()))
}

/// Take service accounts off projects
///
/// All or nothing. Taking off what is not there is fine.
#[utoipa::path(post, operation_id = "remove_from_projects", path = "/api/app/organizations/{org}/service-accounts/remove-from-project", tag = "service accounts",
    params(("org" = u64, Path)), request_body = wire::RemoveFromProjects,
    responses((status = 200, body = Done), Refusals))]
pub(super) async fn remove_from_project(
    State(node): State<Node>,
    identified: Identified,
    Ids(PathId(organization)): Ids<PathId<OrganizationId>>,
    Body(body): Body<wire::RemoveFromProjects, LIST_LENGTH_MAX>,
) -> Result<Json<Done>, Failure> {
    let mut projects: BTreeMap<ProjectId, BTreeSet<PrincipalId>> = BTreeMap::new();
    for listed in &body.projects {
        let project = in_body(listed.id, "project")?;
        if projects.insert(project, requested::ids(&listed.service_account_ids, "service account")?).is_some() {
            let sentence = format!("project {project} is listed twice; list it once");
            return Err(Failure::bad_request("listed_twice", sentence));
        }
    }
    let pairs = projects.values().map(|accounts| accounts.len().max(1)).sum();
    requested::few(pairs, "project and account")?;
    let command = RemoveFromProjects { organization, projects };
    let caller = identified.caller;
    let decide = move |draft: &_, moment, _| service_account::remove_from_projects(draft, &caller, &command, moment);
    node.writer.perform(identified.write_request().of_many(pairs), decide).await?;
    Ok(Json(Done::default()))
}

/// An account as the store and this image have it: the image after this request's own write, if there was one.
async fn shown(
    node: &Node,
    identified: &Identified,
    image: &Directory,
    organization: OrganizationId,
    account: PrincipalId,
) -> Result<Json<Success<wire::ServiceAccount>>, Failure> {
    let permit = read_service_account(&identified.held, &identified.caller, organization, account, identified.now)?;
    let listed = node.store.service_account(&permit, account).await?;
    let listed = listed.ok_or(Refusal::NoSuchServiceAccount { account, organization })?;
    Ok(Json(Success::new(show::account(image, &node.last_used, listed))))
}

/// Which rows to fetch.
pub(super) fn window(listing: &Listing, list: List) -> Result<Window, Failure> {
    Ok(Window {
        after: listing.after(list)?.and_then(PrincipalId::new),
        limit: listing.fetch_limit(),
        search: listing.search.clone(),
    })
}

/// A new account with its secret.
pub(super) fn show_new(made: NewServiceAccount) -> wire::NewServiceAccount {
    let creator = made.creator.as_ref();
    let seconds = |expires: Expiry| expires.moment().map(claviger_access::Moment::seconds);
    let listed = ListedAccount {
        id: made.id,
        username: made.username.as_str().to_owned(),
        created: made.created.seconds(),
        creator: creator.map(|creator| creator.id),
        creator_name: creator.map(|creator| creator.name.clone()),
        creator_email: creator.map(|creator| creator.email.clone()),
        last_used: None,
        expires: seconds(made.expires),
        disabled: false,
        protected: false,
    };
    let about = show::about(&made.details, made.owner.as_ref());
    wire::NewServiceAccount { account: show::listed(None, about, listed), token: shown_once::token(&made.secret) }
}
