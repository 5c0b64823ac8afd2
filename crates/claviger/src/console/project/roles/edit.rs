//! Making a role and changing one. What somebody else changed meanwhile is not overwritten: the form is shown again with
//! what the role says now.

use axum::extract::State;
use axum::response::Response;
use claviger_access::administration::custom_role::{self, ChangeRole, CreateRole};
use claviger_access::authorize::{ManageRoles, ReadAuditLog, Scope, authorize};
use claviger_access::directory::CustomRole;
use claviger_access::identity::{CustomRoleId, ProjectId};
use claviger_access::permission::PermissionSet;
use claviger_access::refusal::MadeBefore;
use claviger_access::role::ProjectRole;
use claviger_access::{Decided, Draft, Refusal};

use super::super::mistakes::Mistakes;
use super::super::refusals::{refused_there, unwritten_there};
use super::super::{Shown, as_of_now, organization_of, permit};
use super::form::{Shape, fields};
use super::holders::Holders;
use super::sent::{Read, Sent};
use super::{MANAGE, PAGE, stamp, ticks};
use crate::api::ids::PathId;
use crate::clock;
use crate::console::error_page::ErrorPage;
use crate::console::notice::Notice;
use crate::console::path::At;
use crate::console::project_role;
use crate::console::signed_in::SignedIn;
use crate::console::submitted::Submitted;
use crate::console::typed::Typed;
use crate::console::{Console, once, words};
use crate::store::audit_log::EventFilter;
use crate::writer::WriteError;

pub(super) type RoleThere = (PathId<ProjectId>, PathId<CustomRoleId>);

/// What became of a change.
enum Saved {
    Done,
    /// It says something else by now.
    Stale,
}

/// The form of a new role.
pub(in crate::console) async fn new(
    signed_in: SignedIn,
    At(PathId(project)): At<PathId<ProjectId>>,
) -> Result<Response, ErrorPage> {
    permit::<ManageRoles>(&signed_in, project, PAGE, &MANAGE)?;
    again(&signed_in, project, None, &Sent::default(), &Mistakes::default())
}

/// The form of a role.
pub(in crate::console) async fn show(
    signed_in: SignedIn,
    At((PathId(project), PathId(id))): At<RoleThere>,
) -> Result<Response, ErrorPage> {
    permit::<ManageRoles>(&signed_in, project, PAGE, &MANAGE)?;
    let role = known(&signed_in, project, id)?;
    again(&signed_in, project, Some(role), &fields(role), &Mistakes::default())
}

/// The role, if it is that project's.
pub(super) fn known(signed_in: &SignedIn, project: ProjectId, id: CustomRoleId) -> Result<&CustomRole, ErrorPage> {
    let role = custom_role::find(&signed_in.held, project, id);
    role.map_err(|refusal| refused_there(signed_in, (project, PAGE), &MANAGE, &refusal))
}

fn again(
    signed_in: &SignedIn,
    project: ProjectId,
    role: Option<&CustomRole>,
    fields: &Sent,
    mistakes: &Mistakes,
) -> Result<Response, ErrorPage> {
    let (shown, fields) = (Shown::of(signed_in, project)?, &fields.shown());
    Shape { shown, role, fields, stale: None, mistakes }.page(signed_in)
}

/// The form with the ticks of another role in place of its own; nothing is written.
fn copied(
    signed_in: &SignedIn,
    project: ProjectId,
    role: Option<&CustomRole>,
    mut sent: Sent,
    typed: &Typed,
) -> Result<Response, ErrorPage> {
    let (shown, held) = (Shown::of(signed_in, project)?, &signed_in.held);
    let from = project_role::of(shown.project, typed.one("copy"));
    let gives = shown.gives(signed_in);
    let set = from.map(|from| held.permissions_of(from)).unwrap_or_default();
    sent.permissions = set.names().filter(|name| gives.allows(name)).collect();
    sent.own = ticks::own_lines(&sent.permissions);
    again(signed_in, project, role, &sent, &Mistakes::default())
}

/// Makes a role.
pub(in crate::console) async fn create(
    State(console): State<Console>,
    At(PathId(project)): At<PathId<ProjectId>>,
    Submitted { signed_in, typed }: Submitted,
) -> Result<Response, ErrorPage> {
    permit::<ManageRoles>(&signed_in, project, PAGE, &MANAGE)?;
    let mut mistakes = Mistakes::of("created");
    let sent = Sent::of(&typed, &mut mistakes);
    if typed.one("do") == "copy" {
        return copied(&signed_in, project, None, sent, &typed);
    }
    let Some(Read { name, description }) = sent.read(&mut mistakes) else {
        return again(&signed_in, project, None, &sent, &mistakes);
    };
    let permissions = Some(sent.permissions.clone());
    let called = name.as_str().to_owned();
    let command = CreateRole { project, name, description, permissions, copied_from: None };
    let (caller, key) = (signed_in.caller, once::key(signed_in.person, &typed)?);
    let request = signed_in.write_request(organization_of(&signed_in, project)?);
    let decide = move |draft: &Draft, moment, _| custom_role::create(draft, &caller, &command, moment);
    let path = PAGE.path(project);
    match console.node.writer.create(request, Some(key), decide).await {
        Ok(_) => {
            Ok(Notice::done(format!("{called} was created."), "Nobody holds it yet.").at(&console, &signed_in, &path))
        }
        Err(WriteError::Refused(Refusal::AlreadyCreated { made: MadeBefore::CustomRole(id) })) => {
            let notice = Notice::warning(format!("{called} was created already."), "");
            Ok(notice.at(&console, &signed_in, &format!("{path}/{id}")))
        }
        Err(error) => unsaved(&signed_in, project, None, &sent, mistakes, error),
    }
}

/// Changes a role, for whoever holds it.
pub(in crate::console) async fn change(
    State(console): State<Console>,
    At((PathId(project), PathId(id))): At<RoleThere>,
    Submitted { signed_in, typed }: Submitted,
) -> Result<Response, ErrorPage> {
    permit::<ManageRoles>(&signed_in, project, PAGE, &MANAGE)?;
    let role = known(&signed_in, project, id)?;
    let mut mistakes = Mistakes::of("changed");
    let sent = Sent::of(&typed, &mut mistakes);
    if typed.one("do") == "copy" {
        return copied(&signed_in, project, Some(role), sent, &typed);
    }
    let Some(Read { name, description }) = sent.read(&mut mistakes) else {
        return again(&signed_in, project, Some(role), &sent, &mistakes);
    };
    let called = name.as_str().to_owned();
    let command = ChangeRole {
        project,
        role: id,
        name: Some(name),
        description: Some(description),
        permissions: Some(sent.permissions.clone()),
        copied_from: None,
    };
    let (caller, seen) = (signed_in.caller, typed.one("stamp").to_owned());
    let request = signed_in.write_request(organization_of(&signed_in, project)?);
    // Looked at where it is decided: what is written between the form and here is not lost.
    let decide = move |draft: &Draft, moment, _| {
        if custom_role::find(draft, project, id).is_ok_and(|role| stamp::of(&role.properties) != seen) {
            return Ok(Decided::Nothing(Saved::Stale));
        }
        custom_role::change(draft, &caller, &command, moment).map(|decided| match decided {
            Decided::Write(decision, ()) => Decided::Write(decision, Saved::Done),
            Decided::Nothing(()) => Decided::Nothing(Saved::Done),
        })
    };
    match console.node.writer.perform(request, decide).await {
        Ok(Saved::Done) => Ok(saved(&console, project, id, &called).at(&console, &signed_in, &PAGE.path(project))),
        Ok(Saved::Stale) => stale(&console, signed_in, project, id, &sent).await,
        Err(error) => unsaved(&signed_in, project, Some(role), &sent, mistakes, error),
    }
}

fn saved(console: &Console, project: ProjectId, id: CustomRoleId, called: &str) -> Notice {
    let held = console.node.cluster.directory().ok();
    let holders = held.map(|held| Holders::of(&held, project, ProjectRole::Custom(id)));
    let more = match holders.filter(|holders| holders.count() > 0) {
        Some(holders) => format!("{}. {}", holders.sentence(), as_of_now()),
        None => "Nobody holds it yet.".to_owned(),
    };
    Notice::done(format!("{called} was saved."), more)
}

/// The form with what the role says now, and what was ticked in the one that was sent.
async fn stale(
    console: &Console,
    mut signed_in: SignedIn,
    project: ProjectId,
    id: CustomRoleId,
    sent: &Sent,
) -> Result<Response, ErrorPage> {
    let who = changed_by(console, &signed_in, project, id).await;
    let held = console.node.cluster.directory();
    signed_in.held = held.map_err(|error| ErrorPage::not_held(error, &signed_in.origin))?;
    let role = known(&signed_in, project, id)?;
    let ago = words::ago(role.modified.seconds(), clock::now().seconds());
    let told = format!("{who} changed this role {ago}.");
    let (fields, mistakes) = (fields(role), Mistakes::default());
    let shown = Shown::of(&signed_in, project)?;
    Shape { shown, role: Some(role), fields: &fields, stale: Some((told, sent)), mistakes: &mistakes }.page(&signed_in)
}

/// Who changed it last, as far as he who asks may read that.
async fn changed_by(console: &Console, signed_in: &SignedIn, project: ProjectId, id: CustomRoleId) -> String {
    let permit = authorize::<ReadAuditLog>(&signed_in.held, &signed_in.caller, Scope::Project(project), signed_in.now);
    let filter = EventFilter { targets: vec![("custom_role".to_owned(), id.number())], ..EventFilter::default() };
    let event = match permit {
        Ok(permit) => console.node.store.audit_log(&permit, &filter, None, 1).await.ok(),
        Err(_) => None,
    };
    let name = event.and_then(|events| events.into_iter().next()).and_then(|event| event.actor_name);
    name.unwrap_or_else(|| "Somebody".to_owned())
}

/// What is about a field is told in the form; the rest on a page of its own.
fn unsaved(
    signed_in: &SignedIn,
    project: ProjectId,
    role: Option<&CustomRole>,
    sent: &Sent,
    mut mistakes: Mistakes,
    error: WriteError,
) -> Result<Response, ErrorPage> {
    match &error {
        WriteError::Refused(Refusal::RoleNameTaken { name, .. }) => {
            mistakes.add("name", format!("There is a role called {name} already. Choose another name."));
        }
        WriteError::Refused(Refusal::PermissionAboveOwn { permission, .. }) => {
            let is_line =
                !PermissionSet::from_iter([permission.clone()]).is_empty() && sent.own.contains(permission.as_str());
            let field = if is_line { "own" } else { "permissions" };
            mistakes.add(field, format!("You do not hold {}, so you cannot give it.", permission.as_str()));
        }
        WriteError::Refused(Refusal::LimitReached { things: "permissions in one role", limit, .. }) => {
            mistakes.add("own", format!("A role holds at most {limit} permissions."));
        }
        _ => return Err(unwritten_there(signed_in, (project, PAGE), &MANAGE, &error)),
    }
    again(signed_in, project, role, sent, &mistakes)
}
