//! Teams: create, rename, delete; their members; their roles on projects and workspaces.
//!
//! Whoever becomes a member gets all that the team holds, so who adds one must hold as much himself.

use std::collections::BTreeSet;

use super::holding::{Gathered, Holding, few, is_in, role_told};
use super::project::creator;
use super::standing::Standing;
use super::workspace;
use crate::authorize::{Caller, ManageMembers, ManageTeams, Permit, Scope, authorize};
use crate::change::{Change, TeamChange};
use crate::decision::{Decided, Decision};
use crate::directory::{Directory, Draft, PrincipalView, Team};
use crate::effective;
use crate::event::{Event, EventName, Target};
use crate::expiry::Moment;
use crate::grant::{Granted, Holder};
use crate::identity::{OrganizationId, PrincipalId, PrincipalKind, ProjectId, TeamId, WorkspaceId};
use crate::refusal::Refusal;
use crate::role::ProjectRole;
use crate::text::DisplayName;

/// Most teams of one organization.
pub const TEAMS_MAX: usize = 1_000;

/// Most members of one team.
pub const MEMBERS_MAX: usize = 10_000;

/// Most roles of one team: what a member holds through its teams is looked at whenever it asks for something.
pub const ROLES_MAX: usize = 1_000;

/// Most teams of one member in one organization.
pub const TEAMS_OF_ONE_MAX: usize = 100;

/// New teams, all or nothing.
pub struct CreateTeams {
    /// Whose.
    pub organization: OrganizationId,
    /// Their names, each of which no other team of the organization has.
    pub names: Vec<DisplayName>,
}

/// Members that come or go, all or nothing.
pub struct ChangeMembers {
    /// Whose.
    pub organization: OrganizationId,
    /// Which team.
    pub team: TeamId,
    /// Who.
    pub members: BTreeSet<PrincipalId>,
}

/// A role of a team, on a project or a workspace of it.
pub struct SetTeamRole {
    /// The project.
    pub project: ProjectId,
    /// One workspace of it; `None` for all of it.
    pub workspace: Option<WorkspaceId>,
    /// Which team.
    pub team: TeamId,
    /// The role; `None` takes it away, and without a workspace also what the team holds on the project's workspaces.
    pub role: Option<ProjectRole>,
}

/// Creates teams, without members.
pub fn create(
    draft: &Draft,
    caller: &Caller,
    command: &CreateTeams,
    moment: Moment,
) -> Result<Decided<Vec<TeamId>>, Refusal> {
    let organization = command.organization;
    let permit = authorize::<ManageTeams>(draft, caller, Scope::Organization(organization), moment)?;
    draft.refuse_repetition()?;
    let there = draft.organization(organization).map_or(0, |known| known.teams.len());
    if there + command.names.len() > TEAMS_MAX {
        return Err(Refusal::LimitReached { organization, things: "teams", limit: TEAMS_MAX });
    }
    let (mut ids, mut made, mut done) = (draft.ids(), Vec::new(), Gathered::default());
    for (place, name) in command.names.iter().enumerate() {
        if command.names[..place].contains(name) {
            return Err(Refusal::TeamNameTaken { name: name.as_str().to_owned(), organization });
        }
        name_is_free(draft, organization, name, None)?;
        let id = ids.team()?;
        let event = Event::under(&permit, EventName::TeamCreated, Target::Team(id)).after("name", name.as_str());
        let (name, creator) = (name.as_str().to_owned(), creator(&permit));
        let change = Change::Team(TeamChange::Created { id, organization, name, created: moment, creator });
        made.push(id);
        done.add(event, [change]);
    }
    Ok(done.replying(made))
}

/// The team of that name, if there is one.
pub fn named<'d>(directory: &'d Directory, organization: OrganizationId, name: &DisplayName) -> Option<&'d Team> {
    let teams = directory.organization(organization).into_iter().flat_map(|known| &known.teams);
    teams.filter_map(|id| directory.team(*id)).find(|team| team.name == name.as_str())
}

/// Renames a team.
pub fn rename(
    draft: &Draft,
    caller: &Caller,
    organization: OrganizationId,
    id: TeamId,
    name: &DisplayName,
    moment: Moment,
) -> Result<Decided<()>, Refusal> {
    let permit = authorize::<ManageTeams>(draft, caller, Scope::Organization(organization), moment)?;
    let team = find(draft, organization, id)?;
    if team.name == name.as_str() {
        return Ok(Decided::Nothing(()));
    }
    holds_no_more_than(&Standing::new(draft, caller, organization), team)?;
    name_is_free(draft, organization, name, Some(id))?;
    let event = Event::under(&permit, EventName::TeamUpdated, Target::Team(id))
        .before("name", &team.name)
        .after("name", name.as_str());
    let change = Change::Team(TeamChange::Renamed { id, name: name.as_str().to_owned() });
    Ok(Decided::Write(Decision::new(event, vec![change]), ()))
}

/// Deletes teams, all or nothing: their members lose exactly what came through them.
pub fn delete(
    draft: &Draft,
    caller: &Caller,
    organization: OrganizationId,
    teams: &BTreeSet<TeamId>,
    moment: Moment,
) -> Result<Decided<()>, Refusal> {
    let permit = authorize::<ManageTeams>(draft, caller, Scope::Organization(organization), moment)?;
    let (standing, mut done) = (Standing::new(draft, caller, organization), Gathered::default());
    for id in teams {
        let team = find(draft, organization, *id)?;
        holds_no_more_than(&standing, team)?;
        let event = Event::under(&permit, EventName::TeamDeleted, Target::Team(*id))
            .before("name", &team.name)
            .before("members", few(team.members.iter().map(PrincipalId::to_string)))
            .before("roles", few(team.grants.iter().map(|grant| role_told(&grant.granted()))));
        done.add(event, [Change::Team(TeamChange::Deleted { id: *id })]);
    }
    Ok(done.decided())
}

/// Makes people and service accounts of the organization members of a team.
pub fn add_members(
    draft: &Draft,
    caller: &Caller,
    command: &ChangeMembers,
    moment: Moment,
) -> Result<Decided<()>, Refusal> {
    let (organization, id) = (command.organization, command.team);
    let permit = authorize::<ManageTeams>(draft, caller, Scope::Organization(organization), moment)?;
    let team = find(draft, organization, id)?;
    holds_no_more_than(&Standing::new(draft, caller, organization), team)?;
    let mut done = Gathered::default();
    let mut count = team.members.len();
    for member in &command.members {
        let member = find_member(draft, organization, *member)?;
        if team.members.binary_search(&member.id()).is_ok() {
            continue;
        }
        count += 1;
        if count > MEMBERS_MAX {
            return Err(Refusal::LimitReached { organization, things: "members in one team", limit: MEMBERS_MAX });
        }
        let own =
            member.teams().iter().filter(|team| draft.team(**team).is_some_and(|of| of.organization == organization));
        if own.count() >= TEAMS_OF_ONE_MAX {
            let things = "teams of one member";
            return Err(Refusal::LimitReached { organization, things, limit: TEAMS_OF_ONE_MAX });
        }
        let change = TeamChange::MemberAdded { id, member: member.id(), added: moment };
        let event = member_event(&permit, &member, EventName::TeamUserAdded, EventName::TeamServiceAccountAdded);
        done.add(event.after("team", id), [Change::Team(change)]);
    }
    Ok(done.decided())
}

/// Takes members out of a team. Taking out who is not in it changes nothing.
pub fn remove_members(
    draft: &Draft,
    caller: &Caller,
    command: &ChangeMembers,
    moment: Moment,
) -> Result<Decided<()>, Refusal> {
    let (organization, id) = (command.organization, command.team);
    let permit = authorize::<ManageTeams>(draft, caller, Scope::Organization(organization), moment)?;
    let team = find(draft, organization, id)?;
    holds_no_more_than(&Standing::new(draft, caller, organization), team)?;
    let mut done = Gathered::default();
    for member in &command.members {
        let member = find_member(draft, organization, *member)?;
        if team.members.binary_search(&member.id()).is_err() {
            continue;
        }
        let change = TeamChange::MemberRemoved { id, member: member.id() };
        let event = member_event(&permit, &member, EventName::TeamUserRemoved, EventName::TeamServiceAccountRemoved);
        done.add(event.before("team", id), [Change::Team(change)]);
    }
    Ok(done.decided())
}

/// Gives a team a role on a project or a workspace, or takes it away there. Giving again sets the role.
pub fn set_role(draft: &Draft, caller: &Caller, command: &SetTeamRole, moment: Moment) -> Result<Decided<()>, Refusal> {
    let project = command.project;
    let permit = authorize::<ManageMembers>(draft, caller, Scope::Project(project), moment)?;
    let organization = permit.organization();
    let workspace = command.workspace.map(|id| workspace::find(draft, project, id)).transpose()?;
    let team = find(draft, organization, command.team)?;
    let standing = Standing::new(draft, caller, organization);
    let mut done = Gathered::default();
    let Some(role) = command.role else {
        let is_there = is_in(draft, project, command.workspace);
        Holding::of_team(team).take(&permit, &standing, is_there, &mut done)?;
        return Ok(done.decided());
    };
    standing.may_give_in_project(project, role)?;
    let granted = match workspace {
        Some(workspace) => Granted::Workspace(workspace.id, role),
        None => Granted::Project(project, role),
    };
    let is_new = !team.grants.iter().any(|grant| grant.granted().is_in_scope_of(&granted));
    if is_new && team.grants.len() >= ROLES_MAX {
        return Err(Refusal::LimitReached { organization, things: "roles of one team", limit: ROLES_MAX });
    }
    Holding::of_team(team).set(&permit, &standing, granted, &mut draft.ids(), moment, &mut done)?;
    Ok(done.decided())
}

/// Refuses to touch who gets a team's roles where one of them is above the caller's own.
pub(super) fn holds_no_more_than(standing: &Standing<'_>, team: &Team) -> Result<(), Refusal> {
    team.grants.iter().try_for_each(|grant| standing.may_take(Holder::Team(team.id), grant))
}

fn name_is_free(
    draft: &Draft,
    organization: OrganizationId,
    name: &DisplayName,
    except: Option<TeamId>,
) -> Result<(), Refusal> {
    let teams = draft.organization(organization).into_iter().flat_map(|known| &known.teams);
    let mut others = teams.filter(|id| Some(**id) != except).filter_map(|id| draft.team(*id));
    match others.any(|team| team.name == name.as_str()) {
        true => Err(Refusal::TeamNameTaken { name: name.as_str().to_owned(), organization }),
        false => Ok(()),
    }
}

/// The team, if it is in that organization.
pub fn find(directory: &Directory, organization: OrganizationId, team: TeamId) -> Result<&Team, Refusal> {
    let known = directory.team(team).filter(|known| known.organization == organization);
    known.ok_or(Refusal::NoSuchTeam { team, organization })
}

fn find_member(draft: &Draft, organization: OrganizationId, member: PrincipalId) -> Result<PrincipalView<'_>, Refusal> {
    effective::member(draft, organization, member).ok_or(Refusal::NoSuchMember { member, organization })
}

fn member_event(
    permit: &Permit<ManageTeams>,
    member: &PrincipalView<'_>,
    of_person: EventName,
    of_account: EventName,
) -> Event {
    let name = match member.kind() {
        PrincipalKind::Person => of_person,
        PrincipalKind::ServiceAccount => of_account,
    };
    Event::under(permit, name, Target::Principal(member.id()))
}
