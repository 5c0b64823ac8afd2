//! Deleting a role: who holds it is told first, and its name is typed.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use claviger_access::Draft;
use claviger_access::administration::custom_role;
use claviger_access::authorize::ManageRoles;
use claviger_access::directory::CustomRole;
use claviger_access::identity::ProjectId;
use claviger_access::role::ProjectRole;

use super::super::mistakes::Mistakes;
use super::super::refusals::unwritten_there;
use super::super::{Shown, as_of_now, organization_of, permit};
use super::edit::{RoleThere, known};
use super::holders::Holders;
use super::{MANAGE, PAGE};
use crate::api::ids::PathId;
use crate::console::Console;
use crate::console::error_page::ErrorPage;
use crate::console::frame::Frame;
use crate::console::notice::Notice;
use crate::console::page::page;
use crate::console::path::At;
use crate::console::place::Place;
use crate::console::signed_in::SignedIn;
use crate::console::submitted::Submitted;
use crate::console::typed_name::is_typed;

#[derive(Template)]
#[template(path = "console/project_role_delete.html")]
struct Confirm<'p> {
    frame: &'p Frame,
    role: &'p str,
    project: &'p str,
    list: String,
    back: String,
    holders: Holders,
    mistakes: Mistakes,
    command: String,
}

impl Confirm<'_> {
    /// "Its 5 holders become Consumer of Billing."
    fn consequence(&self) -> String {
        match self.holders.count() {
            0 => "Nobody holds it, so nobody loses anything.".to_owned(),
            1 => format!("Its one holder becomes Consumer of {}.", self.project),
            number => format!("Its {number} holders become Consumer of {}.", self.project),
        }
    }
}

/// The page that says who holds it.
pub(in crate::console) async fn confirm(
    signed_in: SignedIn,
    At((PathId(project), PathId(id))): At<RoleThere>,
) -> Result<Response, ErrorPage> {
    permit::<ManageRoles>(&signed_in, project, PAGE, &MANAGE)?;
    show(&signed_in, project, known(&signed_in, project, id)?, Mistakes::default())
}

fn show(
    signed_in: &SignedIn,
    project: ProjectId,
    role: &CustomRole,
    mistakes: Mistakes,
) -> Result<Response, ErrorPage> {
    let shown = Shown::of(signed_in, project)?;
    let frame = Frame::of(signed_in, Place::Project(project, PAGE));
    let status = if mistakes.is_empty() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    let list = PAGE.path(project);
    let view = Confirm {
        frame: &frame,
        role: &role.properties.name,
        project: &shown.project.name,
        back: format!("{list}/{}", role.id),
        list,
        holders: Holders::of(&signed_in.held, project, ProjectRole::Custom(role.id)),
        mistakes,
        command: format!("claviger role delete {} --project {project}", role.id),
    };
    Ok(page(status, &view))
}

/// Deletes it. Whoever held it is a consumer from now on.
pub(in crate::console) async fn delete(
    State(console): State<Console>,
    At((PathId(project), PathId(id))): At<RoleThere>,
    Submitted { signed_in, typed }: Submitted,
) -> Result<Response, ErrorPage> {
    permit::<ManageRoles>(&signed_in, project, PAGE, &MANAGE)?;
    let role = known(&signed_in, project, id)?;
    let name = role.properties.name.clone();
    if !is_typed(typed.one("typed"), &name) {
        let mistakes = Mistakes::of("deleted").with("typed", format!("That is not the name. Type {name}."));
        return show(&signed_in, project, role, mistakes);
    }
    let caller = signed_in.caller;
    let many = signed_in.held.holders_of(project, ProjectRole::Custom(id)).len();
    let request = signed_in.write_request(organization_of(&signed_in, project)?).of_many(many);
    let decide = move |draft: &Draft, moment, _| custom_role::delete(draft, &caller, project, id, moment);
    match console.node.writer.perform(request, decide).await {
        Ok(holders) => {
            let more = match holders.len() {
                0 => "Nobody held it.".to_owned(),
                _ => format!("Whoever held it is Consumer now. {}", as_of_now()),
            };
            Ok(Notice::done(format!("{name} was deleted."), more).at(&console, &signed_in, &PAGE.path(project)))
        }
        Err(error) => Err(unwritten_there(&signed_in, (project, PAGE), &MANAGE, &error)),
    }
}
