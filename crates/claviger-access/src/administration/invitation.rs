//! Invitations: sent, sent anew, withdrawn, accepted.
//!
//! Whoever invites answers for what the invitation gives, and is judged twice: when he sends it, and when it is accepted.
//! If he could not give it then (he left, was lowered, is not let in any more), nothing is given. What of it is gone by then is left
//! out: a project, a workspace, a team, a custom role. Whether a person of the address exists is asked at acceptance alone,
//! so that inviting tells nobody.

use super::holding::{few, joined_with, role_told};
use super::project::creator;
use super::standing::Standing;
use super::{membership, team};
use crate::authorize::{Caller, ManageMembers, OneTimeLink, Permit, Scope, authorize, follow_link};
use crate::change::{Change, InvitationChange, InvitationTerms, PersonChange, TeamChange};
use crate::credential::{InvitationToken, PresentedToken};
use crate::decision::{Decided, Decision};
use crate::directory::{Directory, Draft, Invitation, NewIds};
use crate::effective;
use crate::email::EmailAddress;
use crate::event::{Event, EventName, Target};
use crate::expiry::Moment;
use crate::grant::{Granted, Holder};
use crate::identity::{InvitationId, OrganizationId, PrincipalId, PrincipalKind, ProjectId, WorkspaceId};
use crate::password::PasswordHash;
use crate::permission::Permission;
use crate::random_bytes::RandomBytes;
use crate::refusal::Refusal;
use crate::role::ProjectRole;
use crate::text::DisplayName;

/// Most invitations of one organization that were neither accepted nor withdrawn.
pub const INVITATIONS_MAX: usize = 1_000;

/// Most people of one organization, those among them who are invited.
pub const PEOPLE_MAX: usize = 10_000;

/// An invitation opens for so long: 72 hours.
pub const OPEN_SECONDS: u64 = 72 * 60 * 60;

/// A new invitation.
pub struct Invite {
    /// To join what.
    pub organization: OrganizationId,
    /// Who.
    pub email: EmailAddress,
    /// What it is to give.
    pub terms: InvitationTerms,
}

/// What was sent. The token is in clear here and nowhere else.
#[derive(Debug)]
pub struct SentInvitation {
    /// Its id.
    pub id: InvitationId,
    /// To be shown once.
    pub token: InvitationToken,
}

/// As whom an invitation is accepted.
pub enum Accepting {
    /// As a new person, with the password that he chose.
    New {
        /// What he is called.
        name: DisplayName,
        /// What is kept of his password.
        hash: PasswordHash,
    },
    /// As the person whom the address belongs to already, and who has shown his password.
    Known(PrincipalId),
}

/// Invites an address to join an organization.
pub fn send(
    draft: &Draft,
    caller: &Caller,
    command: &Invite,
    moment: Moment,
    mut random: RandomBytes,
) -> Result<Decided<SentInvitation>, Refusal> {
    let Invite { organization, email, terms } = command;
    let organization = *organization;
    let permit = authorize::<ManageMembers>(draft, caller, Scope::Organization(organization), moment)?;
    draft.refuse_repetition()?;
    is_all_there(draft, organization, terms)?;
    may_give(draft, &Standing::new(draft, caller, organization), terms)?;
    if membership::addressed(draft, organization, email).is_some() {
        return Err(Refusal::AlreadyMember { email: email.clone(), organization });
    }
    let others = invitations(draft, organization);
    let before = others.iter().find(|other| other.email == *email);
    if let Some(open) = before.filter(|other| !other.has_expired(moment)) {
        return Err(Refusal::AlreadyInvited { email: email.clone(), invitation: open.id });
    }
    has_room(draft, organization)?;
    let id = draft.ids().invitation()?;
    let token = InvitationToken::generate(id, &mut random).ok_or(Refusal::Exhausted { what: "randomness" })?;
    let event = told(Event::under(&permit, EventName::InvitationSent, Target::Invitation(id)), email, terms);
    let sent = InvitationChange::Sent {
        id,
        organization,
        email: email.clone(),
        digest: token.digest(),
        created: moment,
        expires: end(moment)?,
        terms: terms.clone(),
        inviter: creator(&permit),
    };
    let decision = match before {
        // One that has expired gives way.
        Some(before) => {
            Decision::new(withdrawn(&permit, before), vec![ended(before.id)]).and(event, [Change::Invitation(sent)])
        }
        None => Decision::new(event, vec![Change::Invitation(sent)]),
    };
    Ok(Decided::Write(decision, SentInvitation { id, token }))
}

/// Gives an invitation a new token and 72 hours more; the token before opens nothing any more. Whoever does it answers for
/// it from now on.
pub fn resend(
    draft: &Draft,
    caller: &Caller,
    organization: OrganizationId,
    id: InvitationId,
    moment: Moment,
    mut random: RandomBytes,
) -> Result<Decided<SentInvitation>, Refusal> {
    let permit = authorize::<ManageMembers>(draft, caller, Scope::Organization(organization), moment)?;
    let invitation = find(draft, organization, id)?;
    may_give(draft, &Standing::new(draft, caller, organization), &still_there(draft, invitation))?;
    let token = InvitationToken::generate(id, &mut random).ok_or(Refusal::Exhausted { what: "randomness" })?;
    let event = Event::under(&permit, EventName::InvitationResent, Target::Invitation(id));
    let event = told(event, &invitation.email, &invitation.terms);
    let (digest, expires, inviter) = (token.digest(), end(moment)?, creator(&permit));
    let change = Change::Invitation(InvitationChange::Resent { id, digest, expires, inviter });
    Ok(Decided::Write(Decision::new(event, vec![change]), SentInvitation { id, token }))
}

/// Takes an invitation back. One that gives more than the caller could is not his to take, unless it has expired: then it
/// gives nothing any more, and gives way to a new one just as well.
pub fn withdraw(
    draft: &Draft,
    caller: &Caller,
    organization: OrganizationId,
    id: InvitationId,
    moment: Moment,
) -> Result<Decided<()>, Refusal> {
    let permit = authorize::<ManageMembers>(draft, caller, Scope::Organization(organization), moment)?;
    let invitation = find(draft, organization, id)?;
    if !invitation.has_expired(moment) {
        may_give(draft, &Standing::new(draft, caller, organization), &still_there(draft, invitation))?;
    }
    Ok(Decided::Write(Decision::new(withdrawn(&permit, invitation), vec![ended(id)]), ()))
}

/// Looks at an invitation before anything is spent on it: whether its token opens it, and whether whoever answers for it
/// still may give what it gives.
pub fn look_at<'d>(
    directory: &'d Directory,
    token: &PresentedToken,
    moment: Moment,
) -> Result<OneTimeLink<'d>, Refusal> {
    let link = follow_link(directory, token, moment)?;
    inviter_may_give(directory, link.invitation(), &still_there(directory, link.invitation()), moment)?;
    Ok(link)
}

/// Accepts an invitation: the person is made where he is new, and has from now on what the invitation gives.
pub fn accept(
    draft: &Draft,
    token: &PresentedToken,
    accepting: &Accepting,
    moment: Moment,
) -> Result<Decided<PrincipalId>, Refusal> {
    let link = look_at(draft, token, moment)?;
    let invitation = link.invitation();
    let (organization, email) = (invitation.organization, &invitation.email);
    let mut ids = draft.ids();
    let (person, name, made) = match (accepting, draft.person_with_email(email)) {
        (Accepting::New { name, hash }, None) => {
            let id = ids.principal()?;
            (id, name.as_str(), made(id, name, hash, invitation, moment))
        }
        (Accepting::Known(id), Some(known)) if known.id == *id => {
            let view = draft.principal(*id).filter(|view| !view.is_deleted()).ok_or(Refusal::NoInvitationForToken)?;
            if effective::is_member(&view, organization) {
                return Err(Refusal::AlreadyMember { email: email.clone(), organization });
            }
            (*id, view.name(), Vec::new())
        }
        _ => return Err(Refusal::PersonMeanwhile),
    };
    let permit = link.permit(person);
    let event = Event::under(&permit, EventName::InvitationAccepted, Target::Invitation(invitation.id));
    let terms = still_there(draft, invitation);
    let granted = Granted::Organization(organization, terms.role);
    let added = Event::under(&permit, EventName::OrganizationUserAdded, Target::Principal(person))
        .after("name", name)
        .after("email", email)
        .after("organization_role", terms.role);
    let mut joining = made;
    joining.push(give(&mut ids, person, granted, moment)?);
    let mut decision = Decision::new(event.after("email", email), vec![ended(invitation.id)]).and(added, joining);
    for (project, granted) in granted_in_projects(draft, &terms) {
        let Some(permit) = link.permit_in_project(person, project) else { continue };
        decision = decision.and(joined_with(&permit, person, &granted), [give(&mut ids, person, granted, moment)?]);
    }
    for id in terms.teams {
        // Whoever has no room for him any more is as good as gone.
        if draft.team(id).is_none_or(|team| team.members.len() >= team::MEMBERS_MAX) {
            continue;
        }
        let event = Event::under(&permit, EventName::TeamUserAdded, Target::Principal(person)).after("team", id);
        let change = TeamChange::MemberAdded { id, member: person, added: moment };
        decision = decision.and(event, [Change::Team(change)]);
    }
    Ok(Decided::Write(decision, person))
}

/// The changes that make a new person.
fn made(
    id: PrincipalId,
    name: &DisplayName,
    hash: &PasswordHash,
    invitation: &Invitation,
    moment: Moment,
) -> Vec<Change> {
    let person = Change::PrincipalCreated {
        id,
        kind: PrincipalKind::Person,
        organization: None,
        name: name.as_str().to_owned(),
        email: Some(invitation.email.clone()),
        created: moment,
        creator: invitation.inviter,
    };
    vec![person, Change::Person(PersonChange::PasswordSet { id, hash: Some(hash.clone()), set: moment })]
}

fn give(ids: &mut NewIds, person: PrincipalId, granted: Granted, moment: Moment) -> Result<Change, Refusal> {
    Ok(Change::GrantGiven { id: ids.grant()?, holder: Holder::Principal(person), granted, created: moment })
}

/// What is granted on projects and workspaces, each with the project that it is or is in.
fn granted_in_projects(draft: &Draft, terms: &InvitationTerms) -> Vec<(ProjectId, Granted)> {
    let projects = terms.projects.iter().map(|(project, role)| (*project, Granted::Project(*project, *role)));
    let workspaces = terms.workspaces.iter().filter_map(|(workspace, role)| {
        Some((draft.workspace(*workspace)?.project, Granted::Workspace(*workspace, *role)))
    });
    projects.chain(workspaces).collect()
}

/// Refuses a third of many: everything an organization has a number of is bounded.
fn has_room(draft: &Draft, organization: OrganizationId) -> Result<(), Refusal> {
    let (invited, people) =
        draft.organization(organization).map_or((0, 0), |known| (known.invitations.len(), known.people.len()));
    if invited >= INVITATIONS_MAX {
        return Err(Refusal::LimitReached { organization, things: "open invitations", limit: INVITATIONS_MAX });
    }
    if invited + people >= PEOPLE_MAX {
        return Err(Refusal::LimitReached { organization, things: "people and invitations", limit: PEOPLE_MAX });
    }
    Ok(())
}

/// The invitation, if it is of that organization.
pub fn find(
    directory: &Directory,
    organization: OrganizationId,
    invitation: InvitationId,
) -> Result<&Invitation, Refusal> {
    let known = directory.invitation(invitation).filter(|known| known.organization == organization);
    known.ok_or(Refusal::NoSuchInvitation { invitation, organization })
}

/// The invitations of an organization, by id.
fn invitations(directory: &Directory, organization: OrganizationId) -> Vec<&Invitation> {
    let ids = directory.organization(organization).into_iter().flat_map(|known| &known.invitations);
    ids.filter_map(|id| directory.invitation(*id)).collect()
}

fn end(moment: Moment) -> Result<Moment, Refusal> {
    moment.plus_seconds(OPEN_SECONDS).ok_or(Refusal::ExpiryTooFar)
}

fn ended(id: InvitationId) -> Change {
    Change::Invitation(InvitationChange::Ended { id })
}

fn withdrawn(permit: &Permit<ManageMembers>, invitation: &Invitation) -> Event {
    Event::under(permit, EventName::InvitationWithdrawn, Target::Invitation(invitation.id))
        .before("email", &invitation.email)
        .before("organization_role", invitation.terms.role)
}

/// Tells who is invited to what.
fn told(event: Event, email: &EmailAddress, terms: &InvitationTerms) -> Event {
    let projects = terms.projects.iter().map(|(on, role)| role_told(&Granted::Project(*on, *role)));
    let workspaces = terms.workspaces.iter().map(|(on, role)| role_told(&Granted::Workspace(*on, *role)));
    let roles: Vec<String> = projects.chain(workspaces).collect();
    event
        .after("email", email)
        .after("organization_role", terms.role)
        .after("roles", few(roles.into_iter()))
        .after("teams", few(terms.teams.iter().map(ToString::to_string).collect::<Vec<_>>().into_iter()))
}

fn project_is_there(
    directory: &Directory,
    organization: OrganizationId,
    project: ProjectId,
    role: ProjectRole,
) -> Result<(), Refusal> {
    if directory.project(project).is_none_or(|known| known.organization != organization) {
        return Err(Refusal::NoSuchProject { project });
    }
    match role {
        ProjectRole::Custom(id) if directory.custom_role(id).is_none_or(|known| known.project != project) => {
            Err(Refusal::NoSuchRole { role: id, project })
        }
        ProjectRole::Custom(_) | ProjectRole::BuiltIn(_) => Ok(()),
    }
}

fn workspace_is_there(
    directory: &Directory,
    organization: OrganizationId,
    workspace: WorkspaceId,
    role: ProjectRole,
) -> Result<(), Refusal> {
    let elsewhere = || Refusal::NoWorkspaceOfYours { workspace };
    let project = directory.workspace(workspace).ok_or_else(elsewhere)?.project;
    match project_is_there(directory, organization, project, role) {
        Err(Refusal::NoSuchProject { .. }) => Err(elsewhere()),
        other => other,
    }
}

/// Refuses terms that speak of what is not in the organization, and more teams than one member may have.
fn is_all_there(directory: &Directory, organization: OrganizationId, terms: &InvitationTerms) -> Result<(), Refusal> {
    for (project, role) in &terms.projects {
        project_is_there(directory, organization, *project, *role)?;
    }
    for (workspace, role) in &terms.workspaces {
        workspace_is_there(directory, organization, *workspace, *role)?;
    }
    for id in &terms.teams {
        team::find(directory, organization, *id)?;
    }
    if terms.teams.len() > team::TEAMS_OF_ONE_MAX {
        let (things, limit) = ("teams of one member", team::TEAMS_OF_ONE_MAX);
        return Err(Refusal::LimitReached { organization, things, limit });
    }
    Ok(())
}

/// The terms without what is gone.
fn still_there(directory: &Directory, invitation: &Invitation) -> InvitationTerms {
    let (organization, mut terms) = (invitation.organization, invitation.terms.clone());
    terms.projects.retain(|project, role| project_is_there(directory, organization, *project, *role).is_ok());
    terms.workspaces.retain(|workspace, role| workspace_is_there(directory, organization, *workspace, *role).is_ok());
    terms.teams.retain(|id| team::find(directory, organization, *id).is_ok());
    terms
}

/// Refuses terms that hold more than the giver does. They must be there.
fn may_give(directory: &Directory, giver: &Standing<'_>, terms: &InvitationTerms) -> Result<(), Refusal> {
    giver.may_give_in_organization(terms.role)?;
    for (project, role) in &terms.projects {
        giver.may_give_in_project(*project, *role)?;
    }
    for (workspace, role) in &terms.workspaces {
        if let Some(known) = directory.workspace(*workspace) {
            giver.may_give_in_project(known.project, *role)?;
        }
    }
    terms.teams.iter().filter_map(|id| directory.team(*id)).try_for_each(|team| team::holds_no_more_than(giver, team))
}

/// Refuses an invitation whose inviter is gone, could not call now, or may not invite any more to what it gives. A person
/// has no secret here, so that he is a member still is enough; from where a call would come is not asked.
fn inviter_may_give(
    directory: &Directory,
    invitation: &Invitation,
    terms: &InvitationTerms,
    moment: Moment,
) -> Result<(), Refusal> {
    let organization = invitation.organization;
    let standing = Standing::of(directory, invitation.inviter, organization);
    if let Some(inviter) = invitation.inviter {
        let there = effective::member(directory, organization, inviter).ok_or(Refusal::InvitationVoid)?;
        let invites = standing.organization_role(organization).permissions().contains(&Permission::MembersManage);
        let could_call = there.kind() == PrincipalKind::Person || there.is_let_in(moment);
        if !could_call || !invites {
            return Err(Refusal::InvitationVoid);
        }
    }
    may_give(directory, &standing, terms).map_err(|_| Refusal::InvitationVoid)
}
