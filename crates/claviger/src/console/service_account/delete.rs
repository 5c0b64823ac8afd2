//! Deleting an account: what stops working is seen first, in numbers, and its name is typed.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use claviger_access::administration::service_account;
use claviger_access::directory::Directory;
use claviger_access::effective;
use claviger_access::grant::Granted;
use claviger_access::identity::{OrganizationId, PrincipalId};
use claviger_access::permission::Permission;
use claviger_access::role::OrganizationRole;
use claviger_access::{Moment, Refusal};

use super::super::error_page::ErrorPage;
use super::super::frame::{Frame, Link};
use super::super::notice::Notice;
use super::super::page::page;
use super::super::path::At;
use super::super::place::OrganizationPage;
use super::super::signed_in::SignedIn;
use super::super::submitted::Submitted;
use super::super::{Console, words};
use super::secrets::latest_use;
use super::{
    Head, NOT_MADE, OfAccount, Seen, access, history, place, requests, secrets, seen, to_change, to_list, undone,
    unread,
};
use crate::api::ids::PathId;
use crate::clock;
use crate::store::StoreError;
use crate::writer::WriteError;

/// So many places, and so many teams, are listed.
const PLACES_SHOWN: usize = 50;
const TEAMS_SHOWN: usize = 10;

/// A place that is lost.
struct Lost {
    place: String,
    role: String,
}

/// What is lost with an account.
struct Consequences {
    /// `Some` where it is in use: when, from where, and how many requests would have been refused.
    in_use: Option<String>,
    /// How long it has not been used.
    calm: String,
    places: Vec<Lost>,
    more: Option<String>,
    others: Vec<String>,
}

#[derive(Template)]
#[template(path = "console/service_account_delete.html")]
struct Page<'p> {
    frame: &'p Frame,
    head: &'p Head,
    consequences: Consequences,
    /// What was typed that is not the name.
    mistyped: Option<&'p str>,
    is_disabled: bool,
    command: String,
}

impl Consequences {
    async fn of(console: &Console, signed_in: &SignedIn, seen: &Seen<'_>) -> Result<Self, StoreError> {
        let known = secrets::known(console, seen).await?;
        let days = console.node.store.requests_of_account(&seen.permit, seen.view.id(), signed_in.now).await?;
        let now = signed_in.now.seconds();
        let used = latest_use(&known);
        let in_use = used.filter(|used| used.is_lately(now)).map(|used| {
            let week = usize::try_from(requests::of_a_week(&days)).unwrap_or(usize::MAX);
            let requests = match week {
                0 => String::new(),
                1 => " 1 request in the last 7 days would have been refused.".to_owned(),
                _ => format!(" {} requests in the last 7 days would have been refused.", words::count(week)),
            };
            format!("Last request {}.{requests}", used.told(now))
        });
        let calm = match used {
            Some(used) => {
                let days = (now - used.when) / words::DAY;
                format!("Not used for {}.", words::several(days, "day"))
            }
            None => "Not used yet.".to_owned(),
        };
        let mut places = lost(signed_in, seen);
        let more = places.len().saturating_sub(PLACES_SHOWN);
        places.truncate(PLACES_SHOWN);
        let more = (more > 0).then(|| words::count(more));
        Ok(Self { in_use, calm, places, more, others: others(signed_in, seen, known.len()) })
    }
}

/// Each project or workspace that it reaches, with its role there.
fn lost(signed_in: &SignedIn, seen: &Seen<'_>) -> Vec<Lost> {
    let directory: &Directory = &signed_in.held;
    let told = |role| words::project_role(directory, role);
    let role = effective::organization_role(&seen.view, seen.organization.id);
    let role = role.filter(|role| *role > OrganizationRole::Member);
    let mut lost: Vec<Lost> = role
        .map(|role| Lost {
            place: format!("{}, the organization", seen.organization.name),
            role: words::role(role).to_owned(),
        })
        .into_iter()
        .collect();
    for (project, reached) in access::reached(directory, seen) {
        let Some(project) = directory.project(project) else { continue };
        lost.extend(reached.role.map(|role| Lost { place: project.name.clone(), role: told(role) }));
        let higher = reached.workspaces.iter().filter(|(_, role)| Some(**role) > reached.role);
        let workspaces = higher.filter_map(|(id, role)| Some((directory.workspace(*id)?, *role)));
        lost.extend(workspaces.map(|(workspace, role)| Lost {
            place: format!("{}, workspace {}", project.name, workspace.name),
            role: told(role),
        }));
    }
    lost
}

fn others(signed_in: &SignedIn, seen: &Seen<'_>, secrets: usize) -> Vec<String> {
    let ends = match secrets {
        0 => None,
        1 => Some("Its secret ends.".to_owned()),
        2 => Some("Both of its secrets end.".to_owned()),
        number => Some(format!("Its {} secrets end.", words::count(number))),
    };
    let teams: Vec<&str> = effective::teams(&signed_in.held, &seen.view).map(|team| team.name.as_str()).collect();
    let more = teams.len().saturating_sub(TEAMS_SHOWN);
    let named = teams.iter().take(TEAMS_SHOWN).map(|name| (*name).to_owned());
    let named = named.chain((more > 0).then(|| format!("{} more", words::count(more))));
    let leaves = match teams.len() {
        0 => None,
        1 => Some(format!("It leaves the team {}.", words::listed(named))),
        _ => Some(format!("It leaves the teams {}.", words::listed(named))),
    };
    // Only who may give roles somewhere could make anything.
    let manages = seen.view.grants().iter().any(|grant| match grant.granted() {
        Granted::Organization(_, role) => role > OrganizationRole::Member,
        Granted::Project(_, role) | Granted::Workspace(_, role) => {
            signed_in.held.allows(role, Permission::ServiceAccountsManage)
        }
    });
    let made = manages.then(|| format!("What it created stays, with {} named as its creator.", seen.name()));
    let stays = Some("Its history stays in the audit log.".to_owned());
    [ends, leaves, made, stays].into_iter().flatten().collect()
}

async fn asking(
    console: &Console,
    signed_in: &SignedIn,
    seen: &Seen<'_>,
    mistyped: Option<&str>,
) -> Result<Response, ErrorPage> {
    let organization = seen.organization.id;
    let consequences = Consequences::of(console, signed_in, seen).await;
    let consequences = consequences.map_err(|error| unread(signed_in, organization, &error))?;
    let frame = Frame::of(signed_in, place(organization));
    let template = Page {
        frame: &frame,
        head: &seen.head(),
        consequences,
        mistyped,
        is_disabled: seen.view.is_disabled(),
        command: format!("claviger service-account delete {}{}", seen.view.id(), seen.on_organization()),
    };
    let status = if mistyped.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    Ok(page(status, &template))
}

/// The page that asks.
pub(super) async fn ask(
    State(console): State<Console>,
    signed_in: SignedIn,
    At((PathId(organization), PathId(account))): OfAccount,
) -> Result<Response, ErrorPage> {
    let seen = to_change(&console, &signed_in, organization, account).await?;
    if seen.view.is_protected() {
        let refused = WriteError::Refused(Refusal::Protected { account });
        return Err(deletes(&seen, undone(&console, &signed_in, (organization, account), &refused).await));
    }
    asking(&console, &signed_in, &seen, None).await
}

/// Deletes it. When this is answered, no request with its secrets is accepted any more.
pub(super) async fn delete(
    State(console): State<Console>,
    At((PathId(organization), PathId(account))): OfAccount,
    Submitted { signed_in, typed }: Submitted,
) -> Result<Response, ErrorPage> {
    let list = OrganizationPage::ServiceAccounts.path(organization);
    let seen = match seen(&console, &signed_in, organization, account, NOT_MADE).await {
        Ok(seen) => seen,
        Err(page) => return pressed_again(&console, &signed_in, (organization, account), &list).await.ok_or(page),
    };
    let confirmed = typed.one("confirm").trim();
    if confirmed != seen.name() && confirmed != seen.view.name() {
        return asking(&console, &signed_in, &seen, Some(confirmed)).await;
    }
    let caller = signed_in.caller;
    let decide =
        move |draft: &_, moment: Moment, _| service_account::delete(draft, &caller, organization, account, moment);
    match console.node.writer.perform(signed_in.write_request(organization), decide).await {
        Ok(()) => Ok(deleted(seen.name(), clock::now().seconds()).at(&console, &signed_in, &list)),
        Err(error) => {
            let again = match error {
                WriteError::Refused(Refusal::NoSuchServiceAccount { .. }) => {
                    pressed_again(&console, &signed_in, (organization, account), &list).await
                }
                _ => None,
            };
            match again {
                Some(answer) => Ok(answer),
                None => {
                    let is_gone = matches!(error, WriteError::Refused(Refusal::NoSuchServiceAccount { .. }));
                    let page = undone(&console, &signed_in, (organization, account), &error).await;
                    Err(if is_gone { page } else { deletes(&seen, page) })
                }
            }
        }
    }
}

/// The page that says why, in place of the one that asks.
fn deletes(seen: &Seen<'_>, page: ErrorPage) -> ErrorPage {
    let to_account = Link { path: seen.address(), text: seen.name().to_owned(), is_current: false };
    page.in_place_of(format!("Delete {}", seen.name()), vec![to_list(seen.organization.id), to_account])
}

fn deleted(name: &str, when: i64) -> Notice {
    Notice::done(format!("{name} was deleted."), format!("Refused as of {} UTC.", words::time(when)))
}

/// Who presses twice sees what the first press did.
async fn pressed_again(
    console: &Console,
    signed_in: &SignedIn,
    (organization, account): (OrganizationId, PrincipalId),
    list: &str,
) -> Option<Response> {
    let deletion = history::deletion(console, signed_in, organization, account).await.ok()??;
    let is_his = deletion.actor == Some(signed_in.person);
    is_his.then(|| deleted(&deletion.name, deletion.when).at(console, signed_in, list).into_response())
}
