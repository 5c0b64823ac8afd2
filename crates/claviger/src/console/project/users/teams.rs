//! Teams that hold roles in the project: listed, given a role, and taken off.

use axum::extract::State;
use axum::response::Response;
use claviger_access::administration::team::{self, SetTeamRole};
use claviger_access::authorize::{ManageMembers, ManageTeams, Scope};
use claviger_access::directory::Team;
use claviger_access::identity::{ProjectId, TeamId};
use claviger_access::role::ProjectRole;
use claviger_access::text::DisplayName;
use claviger_access::{Draft, effective};

use super::super::add::{self, Adding, Candidate, Kind};
use super::super::asked::Asked;
use super::super::mistakes::Mistakes;
use super::super::pages::Pages;
use super::super::reached::Reached;
use super::super::refusals::there;
use super::super::spot::Spot;
use super::super::{Shown, as_of_now, permit, role_choice, write};
use super::{GIVE, Listed, PAGE, REMOVE, SEE, Who, answer, list_of, open};
use crate::api::ids::{self, PathId};
use crate::console::error_page::ErrorPage;
use crate::console::frame::Link;
use crate::console::notice::Notice;
use crate::console::path::At;
use crate::console::place::may;
use crate::console::project_role;
use crate::console::search::{finds, sought};
use crate::console::signed_in::SignedIn;
use crate::console::submitted::Submitted;
use crate::console::{Console, words};

type TeamThere = (PathId<ProjectId>, PathId<TeamId>);

/// Those with a role in the place.
pub(in crate::console) async fn list(
    signed_in: SignedIn,
    At(PathId(project)): At<PathId<ProjectId>>,
    asked: Asked,
) -> Result<Response, ErrorPage> {
    permit::<ManageMembers>(&signed_in, project, PAGE, &SEE)?;
    let (shown, spot) = open(&signed_in, project, &asked)?;
    let held = &signed_in.held;
    let known = |id| TeamId::new(id).and_then(|id| held.team(id));
    let its = |id| known(id).filter(|team| team.organization == shown.organization.id);
    let name = |id| its(id).map(|team| &*team.name);
    let mut pages = Pages::new(asked.cursor, name);
    for team in shown.organization.teams.iter().filter_map(|id| held.team(*id)) {
        let reached = Reached::of_team(held, team, spot);
        if !reached.is_empty() && asked.finds(&team.name) {
            pages.add(&team.name, team.id.number(), (team, reached));
        }
    }
    let organization = shown.organization.id;
    let opens = may::<ManageTeams>(&signed_in, Scope::Organization(organization));
    let found = pages.end().map(|(team, reached)| Listed {
        id: team.id.number(),
        name: team.name.clone(),
        sub: members(team),
        elsewhere: opens.then(|| Link {
            path: format!("/console/organizations/{organization}/teams/{}", team.id),
            text: "Open team".to_owned(),
            is_current: false,
        }),
        reached,
        is_self: false,
    });
    Ok(answer(&signed_in, Who::Teams, (shown, spot), &asked, found))
}

fn members(team: &Team) -> String {
    words::several(i64::try_from(team.members.len()).unwrap_or(i64::MAX), "member")
}

/// Takes a team off the project, or off the one workspace that the list was of.
pub(in crate::console) async fn remove(
    State(console): State<Console>,
    At((PathId(project), PathId(id))): At<TeamThere>,
    Submitted { signed_in, typed }: Submitted,
) -> Result<Response, ErrorPage> {
    let spot = there(&signed_in, (project, PAGE), &REMOVE, Spot::typed(project, &typed))?;
    let notice = set(&console, &signed_in, spot, id, None).await?;
    Ok(notice.at(&console, &signed_in, &list_of(Who::Teams, spot)))
}

/// Changes the role that a team holds.
pub(in crate::console) async fn change_role(
    State(console): State<Console>,
    At((PathId(project), PathId(id))): At<TeamThere>,
    Submitted { signed_in, typed }: Submitted,
) -> Result<Response, ErrorPage> {
    permit::<ManageMembers>(&signed_in, project, PAGE, &GIVE)?;
    let spot = there(&signed_in, (project, PAGE), &GIVE, Spot::typed(project, &typed))?;
    let on = there(&signed_in, (project, PAGE), &GIVE, spot.of_grant(&typed))?;
    let role = role_choice::typed(&signed_in, (project, PAGE), &GIVE, &typed)?;
    let notice = set(&console, &signed_in, on, id, Some(role)).await?;
    Ok(notice.at(&console, &signed_in, &list_of(Who::Teams, spot)))
}

async fn set(
    console: &Console,
    signed_in: &SignedIn,
    spot: Spot,
    id: TeamId,
    role: Option<ProjectRole>,
) -> Result<Notice, ErrorPage> {
    let (caller, project, workspace) = (signed_in.caller, spot.project, spot.workspace);
    let command = SetTeamRole { project, workspace, team: id, role };
    let decide = move |draft: &Draft, moment| team::set_role(draft, &caller, &command, moment);
    let wanted = if role.is_some() { &GIVE } else { &REMOVE };
    write(console, signed_in, (project, PAGE), wanted, decide).await?;
    let held = &signed_in.held;
    let (name, place) = (held.team(id).map_or("", |team| &team.name), spot.name(held));
    let strong = match role {
        Some(role) => format!("Team {name} is {} of {place} now.", words::project_role(held, role)),
        None => format!("Team {name} holds no role in {place} any more."),
    };
    Ok(Notice::done(strong, as_of_now()))
}

/// Looks for teams of the organization to add.
pub(in crate::console) async fn find(
    signed_in: SignedIn,
    At(PathId(project)): At<PathId<ProjectId>>,
    asked: Asked,
) -> Result<Response, ErrorPage> {
    permit::<ManageMembers>(&signed_in, project, PAGE, &GIVE)?;
    let spot = Spot { project, workspace: asked.workspace };
    adding(&signed_in, spot, &asked.search, Mistakes::default())
}

/// Gives a team of the organization a role.
pub(in crate::console) async fn add_team(
    State(console): State<Console>,
    At(PathId(project)): At<PathId<ProjectId>>,
    Submitted { signed_in, typed }: Submitted,
) -> Result<Response, ErrorPage> {
    permit::<ManageMembers>(&signed_in, project, PAGE, &GIVE)?;
    let spot = there(&signed_in, (project, PAGE), &GIVE, Spot::typed(project, &typed))?;
    let (id, role) = (ids::read::<TeamId>(typed.one("id")), project_role::read(typed.one("role")));
    let (Some(id), Some(role)) = (id, role) else {
        let mistakes = add::mistakes(Kind::Team, id.is_some(), role.is_some());
        return adding(&signed_in, spot, &sought(typed.one("find")), mistakes);
    };
    let notice = set(&console, &signed_in, spot, id, Some(role)).await?;
    Ok(notice.at(&console, &signed_in, &list_of(Who::Teams, spot)))
}

/// Who manages the organization's teams finds them by any part of their names, and so does who is in one; others must know
/// the name.
fn adding(signed_in: &SignedIn, spot: Spot, find: &str, mistakes: Mistakes) -> Result<Response, ErrorPage> {
    let shown = Shown::of(signed_in, spot.project)?;
    let (held, organization) = (&signed_in.held, shown.organization);
    let may_search = may::<ManageTeams>(signed_in, Scope::Organization(organization.id));
    let own: Vec<TeamId> =
        signed_in.view().map(|view| effective::teams(held, &view).map(|team| team.id).collect()).unwrap_or_default();
    let named = DisplayName::parse(find).ok().and_then(|name| team::named(held, organization.id, &name));
    let is_found = |team: &&Team| {
        let may_see = may_search || own.contains(&team.id);
        (may_see && finds(find, &team.name)) || named.is_some_and(|named| named.id == team.id)
    };
    let teams = organization.teams.iter().filter(|_| !find.is_empty()).filter_map(|id| held.team(*id));
    let mut candidates: Vec<Candidate> = teams
        .filter(is_found)
        .take(Candidate::SHOWN_MAX + 1)
        .map(|team| Candidate {
            id: team.id.number(),
            name: team.name.clone(),
            sub: members(team),
            has: Reached::of_team(held, team, spot).clause(held, organization),
        })
        .collect();
    let is_cut = candidates.len() > Candidate::SHOWN_MAX;
    candidates.truncate(Candidate::SHOWN_MAX);
    let adding = Adding { kind: Kind::Team, shown, spot, find, candidates, is_cut, may_search, mistakes };
    Ok(adding.page(signed_in))
}
