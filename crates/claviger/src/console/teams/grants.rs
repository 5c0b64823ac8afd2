//! What a team holds on projects and workspaces: given, changed, taken.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use claviger_access::administration::team::{self, SetTeamRole};
use claviger_access::directory::Team;
use claviger_access::identity::{OrganizationId, TeamId};
use claviger_access::role::ProjectRole;

use super::refusals::{undone, unwritten_there};
use super::{found, path};
use crate::api::ids::PathId;
use crate::clock;
use crate::console::error_page::ErrorPage;
use crate::console::grantable::Spot;
use crate::console::notice::Notice;
use crate::console::path::At;
use crate::console::project_role;
use crate::console::refused::Wanted;
use crate::console::signed_in::SignedIn;
use crate::console::submitted::Submitted;
use crate::console::{Console, words};

const GRANT: Wanted = Wanted { title: "Grant {} access", deed: "grant its teams access" };
const REVOKE: Wanted = Wanted { title: "Revoke access of {}", deed: "revoke its teams' access" };

/// Gives it a role somewhere, in place of the one that it had there.
pub(in crate::console) async fn grant(
    State(console): State<Console>,
    At((PathId(organization), PathId(id))): At<(PathId<OrganizationId>, PathId<TeamId>)>,
    submitted: Submitted,
) -> Result<Response, ErrorPage> {
    let Submitted { signed_in, typed } = submitted;
    let (_, team) = found(&signed_in, organization, id, &GRANT)?;
    let spot = spot(&signed_in, team, typed.one("place"), &GRANT)?;
    let role = project_role::read(typed.one("role"));
    let role = role.ok_or_else(|| choose(&signed_in, team, "Choose a role.", &GRANT))?;
    set(&console, &signed_in, team, spot, Some(role), &GRANT).await?;
    let held = &signed_in.held;
    let (role, place) = (words::project_role(held, role), spot.name(held));
    let more = format!("Its members are as of {} UTC.", words::time(clock::now().seconds()));
    let notice = Notice::done(format!("{} is {role} of {place} now.", team.name), more);
    Ok(notice.at(&console, &signed_in, &path(organization, id)))
}

/// Takes its role somewhere away.
pub(in crate::console) async fn revoke(
    State(console): State<Console>,
    At((PathId(organization), PathId(id))): At<(PathId<OrganizationId>, PathId<TeamId>)>,
    submitted: Submitted,
) -> Result<Response, ErrorPage> {
    let Submitted { signed_in, typed } = submitted;
    let (_, team) = found(&signed_in, organization, id, &REVOKE)?;
    let spot = spot(&signed_in, team, typed.one("place"), &REVOKE)?;
    set(&console, &signed_in, team, spot, None, &REVOKE).await?;
    let (place, time) = (spot.name(&signed_in.held), words::time(clock::now().seconds()));
    let more = format!("Its members lost what came through it as of {time} UTC.");
    let notice = Notice::done(format!("{} holds nothing on {place} any more.", team.name), more);
    Ok(notice.at(&console, &signed_in, &path(organization, id)))
}

async fn set(
    console: &Console,
    signed_in: &SignedIn,
    team: &Team,
    spot: Spot,
    role: Option<ProjectRole>,
    wanted: &Wanted,
) -> Result<(), ErrorPage> {
    let command = SetTeamRole { project: spot.project(), workspace: spot.workspace(), team: team.id, role };
    let caller = signed_in.caller;
    let decide = move |draft: &_, moment, _| team::set_role(draft, &caller, &command, moment);
    let done = console.node.writer.perform(signed_in.write_request(team.organization), decide).await;
    done.map_err(|error| unwritten_there(signed_in, (team.organization, Some(team)), wanted, &error))
}

/// The place that was sent. One that is not there is told like another organization's.
fn spot(signed_in: &SignedIn, team: &Team, sent: &str, wanted: &Wanted) -> Result<Spot, ErrorPage> {
    if sent.is_empty() {
        return Err(choose(signed_in, team, "Choose a project or a workspace.", wanted));
    }
    let held = &signed_in.held;
    let is_ours =
        |spot: &Spot| held.project(spot.project()).is_some_and(|known| known.organization == team.organization);
    let spot = Spot::read(held, sent).filter(is_ours);
    spot.ok_or_else(|| {
        let name = held.organization(team.organization).map_or("", |known| &known.name);
        let (strong, more) =
            (format!("No project or workspace with this number in {name}."), "It may have been deleted.");
        undone(signed_in, (team.organization, Some(team)), wanted, StatusCode::NOT_FOUND, &strong, more)
    })
}

fn choose(signed_in: &SignedIn, team: &Team, strong: &str, wanted: &Wanted) -> ErrorPage {
    let whose = (team.organization, Some(team));
    undone(signed_in, whose, wanted, StatusCode::BAD_REQUEST, strong, "Nothing was changed.")
}
