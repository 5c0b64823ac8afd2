//! Who comes to a team, and who leaves it.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use claviger_access::administration::team::{self, ChangeMembers};
use claviger_access::identity::{OrganizationId, PrincipalId, TeamId};
use claviger_access::{Caller, Decided, Draft, Moment, Refusal};

use super::refusals::{undone, unwritten_there};
use super::{found, path};
use crate::api::ids::{self, PathId};
use crate::clock;
use crate::console::error_page::ErrorPage;
use crate::console::grantable::CHOICES_MAX;
use crate::console::notice::Notice;
use crate::console::path::At;
use crate::console::refused::Wanted;
use crate::console::submitted::Submitted;
use crate::console::{Console, words};

const ADD: Wanted = Wanted { title: "Add members to {}", deed: "add members to its teams" };
const REMOVE: Wanted = Wanted { title: "Remove members from {}", deed: "remove members from its teams" };

type Changes = fn(&Draft, &Caller, &ChangeMembers, Moment) -> Result<Decided<()>, Refusal>;

/// Makes those who are ticked members.
pub(in crate::console) async fn add(
    State(console): State<Console>,
    At((PathId(organization), PathId(id))): At<(PathId<OrganizationId>, PathId<TeamId>)>,
    submitted: Submitted,
) -> Result<Response, ErrorPage> {
    change(&console, (organization, id), &submitted, &ADD, team::add_members).await
}

/// Takes somebody out.
pub(in crate::console) async fn remove(
    State(console): State<Console>,
    At((PathId(organization), PathId(id))): At<(PathId<OrganizationId>, PathId<TeamId>)>,
    submitted: Submitted,
) -> Result<Response, ErrorPage> {
    change(&console, (organization, id), &submitted, &REMOVE, team::remove_members).await
}

async fn change(
    console: &Console,
    (organization, id): (OrganizationId, TeamId),
    Submitted { signed_in, typed }: &Submitted,
    wanted: &'static Wanted,
    changes: Changes,
) -> Result<Response, ErrorPage> {
    let (_, team) = found(signed_in, organization, id, wanted)?;
    let members: Option<BTreeSet<PrincipalId>> = typed.all("member").map(ids::read).collect();
    let members = members.filter(|members| !members.is_empty() && members.len() <= CHOICES_MAX).ok_or_else(|| {
        let strong = match typed.all("member").count() {
            0 => "Tick somebody first.".to_owned(),
            number if number > CHOICES_MAX => format!("Tick at most {CHOICES_MAX} at a time."),
            _ => "What was ticked is no number of anybody.".to_owned(),
        };
        let status = StatusCode::BAD_REQUEST;
        undone(signed_in, (organization, Some(team)), wanted, status, &strong, "Nothing was changed.")
    })?;
    let told = named(signed_in, &members);
    let (caller, request) = (signed_in.caller, signed_in.write_request(organization).of_many(members.len()));
    let is_one = members.len() == 1;
    let command = ChangeMembers { organization, team: id, members };
    let done = console.node.writer.perform(request, move |draft, moment, _| changes(draft, &caller, &command, moment));
    done.await.map_err(|error| unwritten_there(signed_in, (organization, Some(team)), wanted, &error))?;
    let time = words::time(clock::now().seconds());
    let (is, has) = if is_one { ("is", "has") } else { ("are", "have") };
    let notice = match wanted.title == ADD.title {
        true => Notice::done(
            format!("{told} {is} in {} now.", team.name),
            format!("What the team reaches counts as of {time} UTC."),
        ),
        false => Notice::done(
            format!("{told} left {}.", team.name),
            format!("What came through the team ended as of {time} UTC; what each {has} otherwise stays."),
        ),
    };
    Ok(notice.at(console, signed_in, &path(organization, id)))
}

/// "Ada", or how many they are.
fn named(signed_in: &crate::console::signed_in::SignedIn, members: &BTreeSet<PrincipalId>) -> String {
    match members.first().filter(|_| members.len() == 1).and_then(|id| signed_in.held.principal(*id)) {
        Some(view) => view.name().to_owned(),
        None => format!("{} members", words::count(members.len())),
    }
}
