//! Who looks after an account: handed over to a person or a team of its organization, or to nobody. It gives no permission.

use askama::Template;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use claviger_access::administration::service_account::ChangeServiceAccount;
use claviger_access::directory::Directory;
use claviger_access::identity::{OrganizationId, PrincipalId};
use claviger_access::ownership::{Owner, OwnerId, known, owner_of};

use super::super::error_page::ErrorPage;
use super::super::frame::Frame;
use super::super::page::page;
use super::super::path::At;
use super::super::search::{finds, sought};
use super::super::signed_in::SignedIn;
use super::super::submitted::Submitted;
use super::super::{Console, words};
use super::state::{change, unchanged};
use super::{Head, NOT_MADE, OfAccount, Seen, asked, place, seen, to_change, unread};
use crate::api::ids::{self, PathId};

/// So many are in a list to choose from.
const LIST_MAX: usize = 50;

/// Somebody to choose.
struct Candidate {
    value: String,
    name: String,
    /// A person's address, or what else tells him apart.
    sub: String,
    is_chosen: bool,
}

#[derive(Template)]
#[template(path = "console/service_account_owner.html")]
struct Page<'p> {
    frame: &'p Frame,
    head: &'p Head,
    find: &'p str,
    candidates: Vec<Candidate>,
    more: Option<String>,
    is_searched: bool,
    is_nobody: bool,
    errors: Vec<(&'static str, String)>,
    command: String,
}

/// The name of who looks after it, as its page says it.
pub(super) fn told(id: OwnerId, name: &str) -> String {
    match id {
        OwnerId::Person(_) => name.to_owned(),
        OwnerId::Team(_) => format!("Team {name}"),
    }
}

fn value(id: OwnerId) -> String {
    match id {
        OwnerId::Person(id) => format!("person-{id}"),
        OwnerId::Team(id) => format!("team-{id}"),
    }
}

fn read(text: &str) -> Option<Owner> {
    Some(match text.split_once('-') {
        None if text == "nobody" => Owner::Nobody,
        Some(("person", id)) => Owner::Chosen(OwnerId::Person(ids::read(id)?)),
        Some(("team", id)) => Owner::Chosen(OwnerId::Team(ids::read(id)?)),
        _ => return None,
    })
}

/// Teams, then people, by name.
fn candidates(directory: &Directory, seen: &Seen<'_>, find: &str, owner: Option<OwnerId>) -> Vec<Candidate> {
    let organization = seen.organization;
    let teams = organization.teams.iter().map(|id| OwnerId::Team(*id));
    let people = organization.people.iter().map(|id| OwnerId::Person(*id));
    let there = teams.chain(people).filter_map(|id| {
        let name = known(directory, organization.id, id)?.name;
        let sub = match id {
            OwnerId::Person(id) => directory.person(id)?.email.as_str().to_owned(),
            OwnerId::Team(id) => {
                let members = directory.team(id)?.members.len();
                format!("Team, {}", words::several(i64::try_from(members).unwrap_or(i64::MAX), "member"))
            }
        };
        Some((id, name, sub))
    });
    let mut found: Vec<_> = there.filter(|(_, name, sub)| finds(find, name) || finds(find, sub)).collect();
    found.sort_by_cached_key(|(id, name, _)| (matches!(id, OwnerId::Person(_)), name.clone(), *id));
    let candidate = |(id, name, sub)| Candidate { value: value(id), name, sub, is_chosen: owner == Some(id) };
    found.into_iter().map(candidate).collect()
}

async fn form(
    console: &Console,
    signed_in: &SignedIn,
    seen: &Seen<'_>,
    find: &str,
    errors: Vec<(&'static str, String)>,
) -> Result<Response, ErrorPage> {
    let directory: &Directory = &signed_in.held;
    let (organization, account) = (seen.organization, seen.view.id());
    let listed = console.node.store.service_account(&seen.permit, account).await;
    let listed = listed.map_err(|error| unread(signed_in, organization.id, &error))?;
    let said = directory.account_details(account).map(|details| details.owner).unwrap_or_default();
    let owner = owner_of(directory, organization.id, said, listed.and_then(|listed| listed.creator));
    let mut candidates = candidates(directory, seen, find, owner.as_ref().map(|owner| owner.id));
    let more = candidates.len().saturating_sub(LIST_MAX);
    candidates.truncate(LIST_MAX);
    let option = match owner.as_ref().map(|owner| owner.id) {
        Some(OwnerId::Person(id)) => format!("--owner-person {id}"),
        Some(OwnerId::Team(id)) => format!("--owner-team {id}"),
        None => "--no-owner".to_owned(),
    };
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    let template = Page {
        frame: &Frame::of(signed_in, place(organization.id)),
        head: &seen.head(),
        find,
        candidates,
        more: (more > 0).then(|| words::count(more)),
        is_searched: organization.teams.len() + organization.people.len() > LIST_MAX,
        is_nobody: owner.is_none(),
        errors,
        command: format!("claviger service-account set {account}{} {option}", seen.on_organization()),
    };
    Ok(page(status, &template))
}

pub(super) async fn show(
    State(console): State<Console>,
    signed_in: SignedIn,
    At((PathId(organization), PathId(account))): OfAccount,
    uri: Uri,
) -> Result<Response, ErrorPage> {
    let seen = to_change(&console, &signed_in, organization, account).await?;
    form(&console, &signed_in, &seen, &sought(asked(&uri).one("find")), Vec::new()).await
}

/// From now on it is somebody else's.
pub(super) async fn hand_over(
    State(console): State<Console>,
    At((PathId(organization), PathId(account))): OfAccount,
    Submitted { signed_in, typed }: Submitted,
) -> Result<Response, ErrorPage> {
    let owner = read(typed.one("owner"));
    let there = |id| known(&signed_in.held, organization, id);
    let (owner, by) = match owner {
        Some(Owner::Chosen(id)) => match there(id) {
            Some(known) => (Owner::Chosen(id), Some(told(id, &known.name))),
            None => {
                return not_one(
                    &console,
                    &signed_in,
                    (organization, account),
                    "Whoever you chose is gone. Choose another.",
                )
                .await;
            }
        },
        Some(owner) => (owner, None),
        None => {
            return not_one(&console, &signed_in, (organization, account), "Choose a team, a person, or nobody.").await;
        }
    };
    let command = ChangeServiceAccount { owner: Some(owner), ..unchanged(organization, account) };
    let told = |name: &str| match &by {
        Some(by) => (format!("{by} looks after {name}."), "It gives no permission.".to_owned()),
        None => (format!("Nobody looks after {name}."), "It is listed under “No owner”.".to_owned()),
    };
    change(&console, &signed_in, command, told).await
}

async fn not_one(
    console: &Console,
    signed_in: &SignedIn,
    (organization, account): (OrganizationId, PrincipalId),
    text: &str,
) -> Result<Response, ErrorPage> {
    let seen = seen(console, signed_in, organization, account, NOT_MADE).await?;
    form(console, signed_in, &seen, "", vec![("owner", text.to_owned())]).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_is_read_as_it_was_written() {
        for text in ["person-9", "team-12"] {
            let Some(Owner::Chosen(id)) = read(text) else { panic!("{text}") };
            assert_eq!(value(id), text);
        }
        assert_eq!(read("nobody"), Some(Owner::Nobody));
        for none in ["", "person", "person-", "person-0", "team-x", "creator", "nobody-1"] {
            assert_eq!(read(none), None, "{none}");
        }
    }
}
