//! Taking a person out of the organization: first what that ends. Who would take himself out is led to
//! [`leave`](crate::console::profile::leave).

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use claviger_access::Directory;
use claviger_access::administration::membership;
use claviger_access::directory::{Organization, PrincipalView};
use claviger_access::effective::{self, Through};
use claviger_access::identity::{OrganizationId, PrincipalId};

use super::person::kept;
use super::rows::{spot, teams};
use super::{path, permitted, place};
use crate::api::ids::PathId;
use crate::clock;
use crate::console::above_own::not_written;
use crate::console::consequences::{Consequences, FIELD, Lost};
use crate::console::error_page::ErrorPage;
use crate::console::frame::{Frame, Link};
use crate::console::notice::Notice;
use crate::console::path::At;
use crate::console::profile::leave;
use crate::console::refused::{Wanted, refused};
use crate::console::signed_in::SignedIn;
use crate::console::submitted::Submitted;
use crate::console::{Console, words};

const REMOVE: Wanted = Wanted { title: "Remove from the organization", deed: "remove users" };

/// So many teams are named.
const NAMED_MAX: usize = 5;

/// The page before.
pub(in crate::console) async fn show(
    State(_): State<Console>,
    signed_in: SignedIn,
    At((PathId(organization), PathId(id))): At<(PathId<OrganizationId>, PathId<PrincipalId>)>,
) -> Result<Response, ErrorPage> {
    let (known, view) = found(&signed_in, organization, id)?;
    if id == signed_in.person {
        return Ok(Redirect::to(&leave::path(organization)).into_response());
    }
    Ok(consequences(&signed_in, known, &view, None))
}

/// Takes him out.
pub(in crate::console) async fn remove(
    State(console): State<Console>,
    At((PathId(organization), PathId(id))): At<(PathId<OrganizationId>, PathId<PrincipalId>)>,
    submitted: Submitted,
) -> Result<Response, ErrorPage> {
    let Submitted { signed_in, typed } = submitted;
    let (known, view) = found(&signed_in, organization, id)?;
    if id == signed_in.person {
        return Ok(Redirect::to(&leave::path(organization)).into_response());
    }
    let email = signed_in.held.person(id).map_or("", |person| person.email.as_str());
    if !typed.one(FIELD).trim().eq_ignore_ascii_case(email) {
        let error = format!("That is not the address. Type {email}.");
        return Ok(consequences(&signed_in, known, &view, Some(error)));
    }
    let (caller, things) = (signed_in.caller, view.grants().len() + view.teams().len());
    let decide = move |draft: &_, moment, _| membership::remove(draft, &caller, organization, id, moment);
    let request = signed_in.write_request(organization).of_many(things);
    let done = console.node.writer.perform(request, decide).await;
    done.map_err(|error| not_written(&signed_in, place(organization), &REMOVE, &error))?;
    let strong = format!("{} does not belong to {} any more.", view.name(), known.name);
    let more = format!("Every role and team there ended as of {} UTC.", words::time(clock::now().seconds()));
    Ok(Notice::done(strong, more).at(&console, &signed_in, &path(organization)))
}

/// The person, if he may be taken out; why not, otherwise.
fn found(
    signed_in: &SignedIn,
    organization: OrganizationId,
    id: PrincipalId,
) -> Result<(&Organization, PrincipalView<'_>), ErrorPage> {
    let (_, known) = permitted(signed_in, organization, &REMOVE)?;
    let view = membership::find(&signed_in.held, organization, id);
    let view = view.map_err(|refusal| refused(signed_in, place(organization), &REMOVE, &refusal))?;
    match kept(signed_in, organization, id) {
        None => Ok((known, view)),
        Some(_) => Err(not_removable(signed_in, organization, id)),
    }
}

/// The page that says why: the rules are asked once more for their own words and status.
fn not_removable(signed_in: &SignedIn, organization: OrganizationId, id: PrincipalId) -> ErrorPage {
    let draft = claviger_access::directory::Draft::on(&signed_in.held);
    match membership::remove(&draft, &signed_in.caller, organization, id, signed_in.now) {
        Err(refusal) => not_written(signed_in, place(organization), &REMOVE, &refusal.into()),
        Ok(_) => ErrorPage::fault(),
    }
}

fn consequences(
    signed_in: &SignedIn,
    known: &Organization,
    view: &PrincipalView<'_>,
    error: Option<String>,
) -> Response {
    let (held, frame, name) = (&signed_in.held, Frame::of(signed_in, place(known.id)), view.name());
    let email = held.person(view.id()).map_or("", |person| person.email.as_str());
    let path_of = super::rows::path(known.id, view);
    let lost = lost(signed_in, known, view);
    let link = |path: String, text: String| Link { path, text, is_current: false };
    Consequences {
        frame: &frame,
        organization: &known.name,
        title: format!("Remove {name} from {}", known.name),
        sub: email.to_owned(),
        crumbs: vec![link(path(known.id), "Users & Teams".to_owned()), link(path_of.clone(), name.to_owned())],
        warning: None,
        lost,
        also: also(signed_in, known, view),
        action: format!("{path_of}/remove"),
        asks: format!("Type {email} to remove {name}"),
        error,
        button: format!("Remove from {}", known.name),
        keep: link(path_of, format!("Keep {name}")),
        command: format!("claviger member remove {} --organization {}", view.id(), known.id),
    }
    .page()
}

/// His role in the organization, and what he was granted himself.
pub(in crate::console) fn lost(signed_in: &SignedIn, known: &Organization, view: &PrincipalView<'_>) -> Vec<Lost> {
    let held = &signed_in.held;
    let role = effective::organization_role(view, known.id).map(words::role).unwrap_or_default();
    let own = Lost { place: known.name.clone(), role: role.to_owned() };
    let granted = effective::held_in(held, view, known.id).into_iter();
    let granted = granted.filter(|(_, through)| *through == Through::Individual);
    let granted = granted.filter_map(|(grant, _)| spot(held, &grant.granted()));
    std::iter::once(own).chain(granted.map(|(spot, role)| Lost { place: spot.name(held), role })).collect()
}

/// "the team Crew", "the teams Crew and Night shift", "7 teams"; nothing where he is in none.
pub(in crate::console) fn teams_left(
    held: &Directory,
    organization: OrganizationId,
    view: &PrincipalView<'_>,
) -> Option<String> {
    let teams: Vec<String> = teams(held, organization, view).map(str::to_owned).collect();
    match teams.len() {
        0 => None,
        1 => Some(format!("the team {}", teams[0])),
        number if number <= NAMED_MAX => Some(format!("the teams {}", words::listed(teams.into_iter()))),
        number => Some(format!("{} teams", words::count(number))),
    }
}

fn also(signed_in: &SignedIn, known: &Organization, view: &PrincipalView<'_>) -> Vec<String> {
    let (held, name) = (&signed_in.held, view.name());
    let teams = teams_left(held, known.id, view).map(|teams| format!("{name} leaves {teams}."));
    let mut also: Vec<String> = teams.into_iter().collect();
    if effective::organizations(view).len() == 1 {
        also.push(format!(
            "{name} belongs nowhere else here, so every session ends and nobody signs in with this address."
        ));
    } else {
        also.push("What was granted in other organizations stays.".to_owned());
    }
    also.push(format!("Service accounts that {name} created stay, and go on working."));
    also.push(format!("Those that {name} looked after have no owner until somebody is named."));
    also.push("The history stays in the audit log.".to_owned());
    also
}
