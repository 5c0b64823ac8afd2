//! Invitations to join an organization: sent and withdrawn by who manages its members, accepted by whoever holds the
//! token.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use claviger_access::administration::invitation::{self, Accepting, Invite, SentInvitation};
use claviger_access::authorize::{ManageMembers, OneTimeLink, Scope, authorize};
use claviger_access::change::InvitationTerms;
use claviger_access::credential::PresentedToken;
use claviger_access::directory::Invitation;
use claviger_access::effective;
use claviger_access::identity::{InvitationId, OrganizationId, PrincipalId, ProjectId, WorkspaceId};
use claviger_access::password::Password;
use claviger_access::role::OrganizationRole;
use claviger_access::{Directory, Moment, Refusal};
use claviger_wire::envelope::{Done, Page, Success};
use claviger_wire::invitations as wire;
use claviger_wire::roles::{ProjectRole, RoleName, WorkspaceRole};
use claviger_wire::time::print;
use claviger_wire::token::Token;

use super::body::{Body, LIST_LENGTH_MAX};
use super::caller::{Identified, Stranger};
use super::failure::Failure;
use super::idempotency::Idempotency;
use super::ids::{Ids, PathId};
use super::listing::{List, Listing};
use super::reference::Refusals;
use super::{requested, show};
use crate::clock;
use crate::node::Node;
use crate::writer::{self, Makes};

impl Makes for SentInvitation {
    fn made(&self) -> u64 {
        self.id.number()
    }
}

/// List the invitations of an organization that were neither accepted nor withdrawn
#[utoipa::path(get, operation_id = "list_invitations", path = "/api/app/organizations/{org}/invitations", tag = "invitations",
    params(("org" = u64, Path), ("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query), ("search" = Option<String>, Query)),
    responses((status = 200, body = Page<wire::Invitation>), Refusals))]
pub(super) async fn list(
    identified: Identified,
    Ids(PathId(organization)): Ids<PathId<OrganizationId>>,
    listing: Listing,
) -> Result<Json<Page<wire::Invitation>>, Failure> {
    let Identified { held, caller, now, .. } = &identified;
    authorize::<ManageMembers>(held, caller, Scope::Organization(organization), *now)?;
    let list = List { name: "invitations", scope: organization.number() };
    let after = listing.after(list)?.unwrap_or(0);
    let ids = held.organization(organization).into_iter().flat_map(|known| &known.invitations);
    let found = ids.filter(|id| id.number() > after).filter_map(|id| held.invitation(*id));
    let found = found.filter(|invitation| listing.finds(invitation.email.as_str()));
    let fetched = found.take(listing.fetch_limit().map_or(usize::MAX, |limit| limit as usize));
    let mut rows: Vec<wire::Invitation> = fetched.map(|invitation| shown(held, invitation, *now)).collect();
    let next = listing.cut(list, &mut rows, |row| row.id);
    Ok(Json(Page::new(rows, next)))
}

/// Invite somebody to join an organization
///
/// The token is in `token`, this once: hand it to who is invited. It opens for 72 hours, once. Whether somebody has that
/// address already is not told.
#[utoipa::path(post, operation_id = "send_invitation", path = "/api/app/organizations/{org}/invitations", tag = "invitations",
    params(("org" = u64, Path), ("Idempotency-Key" = Option<String>, Header)), request_body = wire::Invite,
    responses((status = 201, body = Success<wire::SentInvitation>), Refusals))]
pub(super) async fn send(
    State(node): State<Node>,
    identified: Identified,
    Ids(PathId(organization)): Ids<PathId<OrganizationId>>,
    idempotency: Idempotency,
    Body(body): Body<wire::Invite, LIST_LENGTH_MAX>,
) -> Result<(StatusCode, Json<Success<wire::SentInvitation>>), Failure> {
    let command = Invite { organization, email: requested::email(&body.email)?, terms: terms(&body)? };
    let (caller, key) = (identified.caller, idempotency.of(identified.principal));
    let decide = move |draft: &_, moment, random| invitation::send(draft, &caller, &command, moment, random);
    let sent = node.writer.create(identified.write_request(), key, decide).await?;
    Ok((StatusCode::CREATED, show_sent(&node, organization, &sent)?))
}

fn terms(body: &wire::Invite) -> Result<InvitationTerms, Failure> {
    let consumer = |role: Option<RoleName>| role.unwrap_or(RoleName::Consumer);
    let projects = body.projects.iter().flatten().map(|listed| (listed.id, consumer(listed.role)));
    let workspaces = body.workspaces.iter().flatten().map(|listed| (listed.id, consumer(listed.role)));
    Ok(InvitationTerms {
        role: body.role.map_or(OrganizationRole::Member, requested::organization_role),
        projects: requested::roles::<ProjectId>(projects, "project")?,
        workspaces: requested::roles::<WorkspaceId>(workspaces, "workspace")?,
        teams: requested::ids(body.teams.as_deref().unwrap_or_default(), "team")?,
    })
}

/// Send an invitation again
///
/// It gets a new token, in `token` this once, and 72 hours from now; the token before opens nothing any more.
#[utoipa::path(post, operation_id = "resend_invitation", path = "/api/app/organizations/{org}/invitations/{id}/resend", tag = "invitations",
    params(("org" = u64, Path), ("id" = u64, Path)), responses((status = 200, body = Success<wire::SentInvitation>), Refusals))]
pub(super) async fn resend(
    State(node): State<Node>,
    identified: Identified,
    path: Ids<(PathId<OrganizationId>, PathId<InvitationId>)>,
) -> Result<Json<Success<wire::SentInvitation>>, Failure> {
    let Ids((PathId(organization), PathId(id))) = path;
    let caller = identified.caller;
    let decide = move |draft: &_, moment, random| invitation::resend(draft, &caller, organization, id, moment, random);
    let sent = node.writer.perform(identified.write_request(), decide).await?;
    show_sent(&node, organization, &sent)
}

/// Withdraw an invitation
#[utoipa::path(delete, operation_id = "withdraw_invitation", path = "/api/app/organizations/{org}/invitations/{id}", tag = "invitations",
    params(("org" = u64, Path), ("id" = u64, Path)), responses((status = 200, body = Done), Refusals))]
pub(super) async fn withdraw(
    State(node): State<Node>,
    identified: Identified,
    path: Ids<(PathId<OrganizationId>, PathId<InvitationId>)>,
) -> Result<Json<Done>, Failure> {
    let Ids((PathId(organization), PathId(id))) = path;
    let caller = identified.caller;
    let decide = move |draft: &_, moment, _| invitation::withdraw(draft, &caller, organization, id, moment);
    node.writer.perform(identified.write_request(), decide).await?;
    Ok(Json(Done::default()))
}

/// Accept an invitation
///
/// Needs no credential. Whoever is new gives a name and chooses a password (201). Who is a person of this installation
/// already, under the invited address, gives the password that he has (200); a wrong one does not use the token up.
#[utoipa::path(post, operation_id = "accept_invitation", path = "/api/app/invitations/accept", tag = "invitations",
    security(()), request_body = wire::AcceptInvitation,
    responses((status = 201, body = Success<wire::Joined>), (status = 200, body = Success<wire::Joined>), Refusals))]
pub(super) async fn accept(
    State(node): State<Node>,
    stranger: Stranger,
    Body(body): Body<wire::AcceptInvitation>,
) -> Result<(StatusCode, Json<Success<wire::Joined>>), Failure> {
    let held = node.cluster.directory()?;
    let token = PresentedToken::read(body.token.reveal()).ok_or(Refusal::NoInvitationForToken)?;
    // Before anything is hashed: who has no token costs nothing.
    let link = invitation::look_at(&held, &token, clock::now())?;
    let invitation = link.invitation();
    let (organization, things) = (invitation.organization, things_given(&invitation.terms));
    let password = requested::password(body.password.reveal())?;
    // Looked at whether or not it is needed: what is wrong with a name does not tell who is known.
    let name = body.name.as_deref().map(requested::name).transpose()?;
    let (status, accepting) = match held.person_with_email(&invitation.email) {
        Some(person) => (StatusCode::OK, known(&node, &stranger, link, (person.id, password)).await?),
        None => {
            let name = name.map_or_else(|| requested::name(""), Ok)?;
            (StatusCode::CREATED, Accepting::New { name, hash: node.passwords.hash(password).await? })
        }
    };
    let request = writer::Request { origin: stranger.origin, organization: Some(organization), weight: 1 };
    let decide = move |draft: &_, moment, _| invitation::accept(draft, &token, &accepting, moment);
    let person = node.writer.perform(request.of_many(things), decide).await?;
    let directory = node.cluster.directory().map_err(|error| Failure::from(error).after_write())?;
    let joined = joined(&directory, organization, person).ok_or_else(|| Failure::not_found().after_write())?;
    Ok((status, Json(Success::new(joined))))
}

/// Accepts as a person who is there, if it is his password.
async fn known(
    node: &Node,
    stranger: &Stranger,
    link: OneTimeLink<'_>,
    (person, password): (PrincipalId, Password),
) -> Result<Accepting, Failure> {
    let invitation = link.invitation();
    let kept = node.store.password(&link.permit(person)).await?;
    if node.passwords.verify(password, kept).await? {
        return Ok(Accepting::Known(person));
    }
    node.observations.acceptance_failed(invitation, &stranger.origin, clock::now());
    let sentence = "this is not the password that the person of this address has; the invitation stays open, try again";
    Err(Failure::new(StatusCode::FORBIDDEN, "wrong_password", sentence))
}

fn things_given(terms: &InvitationTerms) -> usize {
    terms.projects.len() + terms.workspaces.len() + terms.teams.len()
}

fn joined(directory: &Directory, organization: OrganizationId, person: PrincipalId) -> Option<wire::Joined> {
    let view = directory.principal(person)?;
    Some(wire::Joined {
        id: person.number(),
        name: view.name().to_owned(),
        email: directory.person(person)?.email.to_string(),
        organization_id: organization.number(),
        organization_name: directory.organization(organization)?.name.clone(),
        role: show::organization_role(effective::organization_role(&view, organization)?),
    })
}

fn shown(directory: &Directory, invitation: &Invitation, now: Moment) -> wire::Invitation {
    let role = |role: claviger_access::role::ProjectRole| RoleName::parse(&role.to_string());
    let terms = &invitation.terms;
    let projects = terms.projects.iter().map(|(id, given)| ProjectRole { id: id.number(), role: role(*given) });
    let workspaces = terms.workspaces.iter().map(|(id, given)| WorkspaceRole { id: id.number(), role: role(*given) });
    let inviter = invitation.inviter.and_then(|inviter| directory.principal(inviter));
    wire::Invitation {
        id: invitation.id.number(),
        email: invitation.email.to_string(),
        role: show::organization_role(terms.role),
        projects: projects.collect(),
        workspaces: workspaces.collect(),
        teams: terms.teams.iter().map(|team| team.number()).collect(),
        status: match invitation.has_expired(now) {
            true => wire::InvitationStatus::Expired,
            false => wire::InvitationStatus::Open,
        },
        created: print(invitation.created.seconds()).unwrap_or_default(),
        expires: print(invitation.expires.seconds()).unwrap_or_default(),
        inviter: invitation.inviter.map(PrincipalId::number),
        inviter_name: inviter.map(|inviter| inviter.name().to_owned()),
    }
}

/// An invitation with its token: the one place where one goes to the wire.
fn show_sent(
    node: &Node,
    organization: OrganizationId,
    sent: &SentInvitation,
) -> Result<Json<Success<wire::SentInvitation>>, Failure> {
    let directory = node.cluster.directory().map_err(|error| Failure::from(error).after_write())?;
    let known =
        invitation::find(&directory, organization, sent.id).map_err(|gone| Failure::from(gone).after_write())?;
    let invitation = shown(&directory, known, clock::now());
    Ok(Json(Success::new(wire::SentInvitation { invitation, token: Token::new(sent.token.reveal()) })))
}
