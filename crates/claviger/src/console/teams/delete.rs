//! Deleting a team: first who loses what by it.

use axum::extract::State;
use axum::response::Response;
use claviger_access::administration::team;
use claviger_access::directory::{Draft, Organization, Team};
use claviger_access::identity::{OrganizationId, TeamId};

use super::refusals::unwritten_there;
use super::{found, path};
use crate::api::ids::PathId;
use crate::clock;
use crate::console::consequences::{Consequences, FIELD, Lost};
use crate::console::error_page::ErrorPage;
use crate::console::frame::{Frame, Link};
use crate::console::notice::Notice;
use crate::console::path::At;
use crate::console::refused::Wanted;
use crate::console::signed_in::SignedIn;
use crate::console::submitted::Submitted;
use crate::console::typed_name::is_typed;
use crate::console::users_teams::rows::{members, spot};
use crate::console::{Console, users_teams, words};

const DELETE: Wanted = Wanted { title: "Delete {}", deed: "delete teams" };

/// The page before.
pub(in crate::console) async fn show(
    State(_): State<Console>,
    signed_in: SignedIn,
    At((PathId(organization), PathId(id))): At<(PathId<OrganizationId>, PathId<TeamId>)>,
) -> Result<Response, ErrorPage> {
    let (known, team) = deletable(&signed_in, organization, id)?;
    Ok(consequences(&signed_in, known, team, None))
}

/// Deletes it.
pub(in crate::console) async fn delete(
    State(console): State<Console>,
    At((PathId(organization), PathId(id))): At<(PathId<OrganizationId>, PathId<TeamId>)>,
    submitted: Submitted,
) -> Result<Response, ErrorPage> {
    let Submitted { signed_in, typed } = submitted;
    let (known, team) = deletable(&signed_in, organization, id)?;
    if !is_typed(typed.one(FIELD), &team.name) {
        let error = format!("That is not the name. Type {}.", team.name);
        return Ok(consequences(&signed_in, known, team, Some(error)));
    }
    let caller = signed_in.caller;
    let decide = move |draft: &_, moment, _| team::delete(draft, &caller, organization, &[id].into(), moment);
    let request = signed_in.write_request(organization).of_many(team.members.len());
    let done = console.node.writer.perform(request, decide).await;
    done.map_err(|error| unwritten_there(&signed_in, (organization, Some(team)), &DELETE, &error))?;
    let more = format!("What came through it ended as of {} UTC.", words::time(clock::now().seconds()));
    let notice = Notice::done(format!("The team {} was deleted.", team.name), more);
    Ok(notice.at(&console, &signed_in, &users_teams::path(organization)))
}

/// The team, if the rules let it be deleted now.
fn deletable(
    signed_in: &SignedIn,
    organization: OrganizationId,
    id: TeamId,
) -> Result<(&Organization, &Team), ErrorPage> {
    let (known, team) = found(signed_in, organization, id, &DELETE)?;
    let draft = Draft::on(&signed_in.held);
    let may = team::delete(&draft, &signed_in.caller, organization, &[id].into(), signed_in.now);
    may.map_err(|refusal| unwritten_there(signed_in, (organization, Some(team)), &DELETE, &refusal.into()))?;
    Ok((known, team))
}

fn consequences(signed_in: &SignedIn, known: &Organization, team: &Team, error: Option<String>) -> Response {
    let (held, frame) = (&signed_in.held, Frame::of(signed_in, users_teams::place(known.id)));
    let own = path(known.id, team.id);
    let granted = team.grants.iter().filter_map(|grant| spot(held, &grant.granted()));
    let lost: Vec<Lost> = granted.map(|(spot, role)| Lost { place: spot.name(held), role }).collect();
    let link = |path: String, text: String| Link { path, text, is_current: false };
    let told = members(held, team);
    let mut also = vec![match team.members.len() {
        0 => "Nobody is in it.".to_owned(),
        _ => format!("{told} lose what is listed here, where they do not have it otherwise."),
    }];
    also.push("What it owns (service accounts that it looks after) has no owner until somebody is named.".to_owned());
    also.push("Its members stay what they are otherwise, and its history stays in the audit log.".to_owned());
    Consequences {
        frame: &frame,
        organization: &known.name,
        title: format!("Delete {}", team.name),
        sub: told,
        crumbs: vec![
            link(format!("{}?view=teams", users_teams::path(known.id)), "Users & Teams".to_owned()),
            link(own.clone(), team.name.clone()),
        ],
        warning: None,
        lost,
        also,
        action: format!("{own}/delete"),
        asks: format!("Type {} to delete it", team.name),
        error,
        button: "Delete team".to_owned(),
        keep: link(own, format!("Keep {}", team.name)),
        command: format!("claviger team delete {} --organization {}", team.id, known.id),
    }
    .page()
}
