//! Giving an account a role in the project or one of its workspaces, changing it, and taking it away.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::State;
use axum::response::Response;
use claviger_access::administration::service_account::{self, AddToProjects, SetWorkspaceRole};
use claviger_access::authorize::{ManageServiceAccounts, Scope, authorize};
use claviger_access::directory::PrincipalView;
use claviger_access::effective;
use claviger_access::identity::{PrincipalId, ProjectId};
use claviger_access::role::ProjectRole;
use claviger_access::{Decided, Directory, Refusal};

use super::super::add::{self, Adding, Candidate, Kind};
use super::super::asked::Asked;
use super::super::mistakes::Mistakes;
use super::super::reached::{Reached, others};
use super::super::refusals::there;
use super::super::spot::Spot;
use super::super::{Shown, as_of_now, asked, organization_of, permit, role_choice, unread, write};
use super::PAGE;
use super::row::name_of;
use crate::api::ids::{self, PathId};
use crate::console::error_page::ErrorPage;
use crate::console::notice::Notice;
use crate::console::path::At;
use crate::console::project_role;
use crate::console::refused::Wanted;
use crate::console::search::{finds, sought};
use crate::console::service_accounts::account;
use crate::console::signed_in::SignedIn;
use crate::console::submitted::Submitted;
use crate::console::{Console, words};
use crate::store::StoreError;

const GIVE: Wanted = Wanted { title: "Give a role in {}", deed: "give service accounts roles in it" };

const REMOVE: Wanted = Wanted { title: "Remove from {}", deed: "remove service accounts from it" };

type AccountThere = (PathId<ProjectId>, PathId<PrincipalId>);

/// Takes an account off the project, or off the one workspace that the list was of.
pub(in crate::console) async fn remove(
    State(console): State<Console>,
    At((PathId(project), PathId(account))): At<AccountThere>,
    Submitted { signed_in, typed }: Submitted,
) -> Result<Response, ErrorPage> {
    let spot = there(&signed_in, (project, PAGE), &REMOVE, Spot::typed(project, &typed))?;
    let caller = signed_in.caller;
    let decide = move |draft: &claviger_access::Draft, moment| match spot.workspace {
        None => service_account::remove_from_project(draft, &caller, project, account, moment),
        Some(workspace) => service_account::take_workspace_role(draft, &caller, project, workspace, account, moment),
    };
    write(&console, &signed_in, (project, PAGE), &REMOVE, decide).await?;
    Ok(removed(&console, account, spot).at(&console, &signed_in, &list_of(spot)))
}

/// What is left of an account's access after it was taken off.
fn removed(console: &Console, account: PrincipalId, spot: Spot) -> Notice {
    let Ok(after) = console.node.cluster.directory() else { return Notice::done("It was removed.", "") };
    let (name, place) = (name_of(&after, account), spot.name(&after));
    let known = after.project(spot.project);
    let view = after.principal(account);
    let (Some(known), Some(view)) = (known, view) else { return Notice::done(format!("{name} was removed."), "") };
    let reached = Reached::of(&after, &view, known, spot);
    let organization = after.organization(known.organization);
    if let Some(clause) = organization.and_then(|organization| reached.clause(&after, organization)) {
        let strong = format!("{name} was removed from {place}.");
        return Notice::warning(strong, format!("It still reaches {place} as {clause}."));
    }
    let strong = format!("{name} no longer reaches {place}.");
    Notice::done(strong, format!("It keeps {}.", kept(others(&after, &view, known.organization, known.id))))
}

/// "2 other projects".
pub(super) fn kept(others: usize) -> String {
    match others {
        0 => "no other project".to_owned(),
        1 => "1 other project".to_owned(),
        _ => format!("{} other projects", words::count(others)),
    }
}

/// Changes the role that an account holds itself.
pub(in crate::console) async fn change_role(
    State(console): State<Console>,
    At((PathId(project), PathId(account))): At<AccountThere>,
    Submitted { signed_in, typed }: Submitted,
) -> Result<Response, ErrorPage> {
    permit::<ManageServiceAccounts>(&signed_in, project, PAGE, &GIVE)?;
    let spot = there(&signed_in, (project, PAGE), &GIVE, Spot::typed(project, &typed))?;
    let on = there(&signed_in, (project, PAGE), &GIVE, spot.of_grant(&typed))?;
    let role = role_choice::typed(&signed_in, (project, PAGE), &GIVE, &typed)?;
    let notice = give(&console, &signed_in, on, account, role).await?;
    Ok(notice.at(&console, &signed_in, &list_of(spot)))
}

/// Looks for accounts of the organization to add.
pub(in crate::console) async fn find(
    State(console): State<Console>,
    signed_in: SignedIn,
    At(PathId(project)): At<PathId<ProjectId>>,
    asked: Asked,
) -> Result<Response, ErrorPage> {
    permit::<ManageServiceAccounts>(&signed_in, project, PAGE, &GIVE)?;
    let spot = Spot { project, workspace: asked.workspace };
    adding(&console, &signed_in, spot, &asked.search, Mistakes::default()).await
}

/// Gives an account of the organization a role.
pub(in crate::console) async fn add_account(
    State(console): State<Console>,
    At(PathId(project)): At<PathId<ProjectId>>,
    Submitted { signed_in, typed }: Submitted,
) -> Result<Response, ErrorPage> {
    permit::<ManageServiceAccounts>(&signed_in, project, PAGE, &GIVE)?;
    let spot = there(&signed_in, (project, PAGE), &GIVE, Spot::typed(project, &typed))?;
    let (account, role) = (ids::read::<PrincipalId>(typed.one("id")), project_role::read(typed.one("role")));
    let (Some(account), Some(role)) = (account, role) else {
        let mistakes = add::mistakes(Kind::Account, account.is_some(), role.is_some());
        return adding(&console, &signed_in, spot, &sought(typed.one("find")), mistakes).await;
    };
    let notice = give(&console, &signed_in, spot, account, role).await?;
    Ok(notice.at(&console, &signed_in, &list_of(spot)))
}

async fn give(
    console: &Console,
    signed_in: &SignedIn,
    spot: Spot,
    account: PrincipalId,
    role: ProjectRole,
) -> Result<Notice, ErrorPage> {
    let (caller, project) = (signed_in.caller, spot.project);
    let organization = organization_of(signed_in, project)?;
    let decide = move |draft: &claviger_access::Draft, moment| -> Result<Decided<()>, Refusal> {
        match spot.workspace {
            None => {
                let (projects, accounts) = (BTreeMap::from([(project, role)]), BTreeSet::from([account]));
                let command = AddToProjects { organization, projects, accounts };
                service_account::add_to_projects(draft, &caller, &command, moment)
            }
            Some(workspace) => {
                let command = SetWorkspaceRole { project, workspace, account, role };
                service_account::set_workspace_role(draft, &caller, &command, moment)
            }
        }
    };
    write(console, signed_in, (project, PAGE), &GIVE, decide).await?;
    Ok(given(console, account, spot, role))
}

fn given(console: &Console, account: PrincipalId, spot: Spot, role: ProjectRole) -> Notice {
    let Ok(after) = console.node.cluster.directory() else { return Notice::done("The role was given.", "") };
    let (name, place) = (name_of(&after, account), spot.name(&after));
    let strong = format!("{name} is {} of {place} now.", words::project_role(&after, role));
    Notice::done(strong, above(&after, account, spot, role).unwrap_or_else(as_of_now))
}

/// That it may more there all the same, if so.
fn above(after: &Directory, account: PrincipalId, spot: Spot, role: ProjectRole) -> Option<String> {
    let view = after.principal(account)?;
    let known = after.project(spot.project)?;
    let reached = Reached::of(after, &view, known, spot);
    reached.first().filter(|first| first.role > role)?;
    let clause = reached.clause(after, after.organization(known.organization)?)?;
    Some(format!("It still reaches {} as {clause}.", spot.name(after)))
}

fn list_of(spot: Spot) -> String {
    asked::address(&PAGE.path(spot.project), &[("workspace", &spot.workspace_number())])
}

async fn adding(
    console: &Console,
    signed_in: &SignedIn,
    spot: Spot,
    find: &str,
    mistakes: Mistakes,
) -> Result<Response, ErrorPage> {
    let shown = Shown::of(signed_in, spot.project)?;
    let found = candidates(console, signed_in, shown, spot, find).await;
    let (candidates, is_cut) = found.map_err(unread(signed_in, spot.project, PAGE))?;
    let scope = Scope::Organization(shown.organization.id);
    let may_search =
        authorize::<ManageServiceAccounts>(&signed_in.held, &signed_in.caller, scope, signed_in.now).is_ok();
    let adding = Adding { kind: Kind::Account, shown, spot, find, candidates, is_cut, may_search, mistakes };
    Ok(adding.page(signed_in))
}

/// Who manages the organization's accounts finds them by any part of their names; others must know the username.
async fn candidates<'d>(
    console: &Console,
    signed_in: &'d SignedIn,
    shown: Shown<'_>,
    spot: Spot,
    find: &str,
) -> Result<(Vec<Candidate>, bool), StoreError> {
    let (held, organization) = (&signed_in.held, shown.organization.id);
    let scope = Scope::Organization(organization);
    let permit = authorize::<ManageServiceAccounts>(held, &signed_in.caller, scope, signed_in.now);
    let mut found: Vec<PrincipalView<'_>> = Vec::new();
    match permit {
        _ if find.is_empty() => {}
        Ok(permit) => {
            let see = |view: &PrincipalView<'d>| {
                if found.len() <= Candidate::SHOWN_MAX && finds(find, view.name()) {
                    found.push(*view);
                }
            };
            account::each_view(&console.node, held, &permit, see).await?;
        }
        Err(_) => {
            let named = held.service_account_named(find);
            found.extend(named.filter(|view| !view.is_deleted() && effective::is_member(view, organization)));
        }
    }
    let candidate = |view: PrincipalView<'_>| {
        let reached = Reached::of(held, &view, shown.project, spot);
        Candidate {
            id: view.id().number(),
            name: crate::console::service_accounts::row::short(view.name()).to_owned(),
            sub: view.name().to_owned(),
            has: reached.clause(held, shown.organization),
        }
    };
    let is_cut = found.len() > Candidate::SHOWN_MAX;
    Ok((found.into_iter().take(Candidate::SHOWN_MAX).map(candidate).collect(), is_cut))
}
