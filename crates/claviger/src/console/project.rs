//! A project's settings: who reaches it and through what, what it is called, its workspaces and its roles.
//!
//! One file a page. What several of them need lies beside: [`spot`] is where access is looked at, [`reached`] through what
//! somebody comes there, [`role_choice`] which roles may be given, [`stranded`] whom a deletion leaves without access,
//! [`asked`] and [`pages`] which part of a list is shown, [`mistakes`] what is wrong in a form, [`refusals`] what the rules
//! refuse, in the pages' words.
//!
//! What must stay true: nothing here says who may do what. Pages ask for a permit, forms go to the use cases, and what is
//! left out for somebody is left out by the same rules.

mod add;
mod asked;
mod delete;
mod elsewhere;
mod mistakes;
mod overview;
mod pages;
mod reached;
mod refusals;
mod role_choice;
mod roles;
mod service_accounts;
mod spot;
mod stranded;
mod users;
mod workspaces;

use axum::Router;
use axum::routing::{get, post};
use claviger_access::administration::giving::Giving;
use claviger_access::authorize::{Action, Permit, Scope, authorize, see_project};
use claviger_access::directory::{Organization, Project};
use claviger_access::effective;
use claviger_access::identity::{OrganizationId, ProjectId};
use claviger_access::permission::PermissionSet;
use claviger_access::{Decided, Draft, Moment, Refusal};

use self::refusals::refused_there;
use self::service_accounts as accounts;
use super::Console;
use super::error_page::ErrorPage;
use super::place::{Place, ProjectPage};
use super::refused::Wanted;
use super::signed_in::SignedIn;
use super::words;
use crate::clock;
use crate::store::StoreError;

/// The addresses of a project's settings, sorted.
pub(super) fn routes() -> Router<Console> {
    Router::new()
        .route("/console/projects/{project}/default-access", post(overview::set_default_access))
        .route("/console/projects/{project}/delete", get(delete::confirm).post(delete::delete))
        .route("/console/projects/{project}/overview", get(overview::show).post(overview::change))
        .route("/console/projects/{project}/roles", get(roles::list).post(roles::create))
        .route("/console/projects/{project}/roles/new", get(roles::new))
        .route("/console/projects/{project}/roles/{id}", get(roles::show).post(roles::change))
        .route("/console/projects/{project}/roles/{id}/delete", get(roles::confirm).post(roles::delete))
        .route("/console/projects/{project}/service-accounts", get(accounts::list).post(accounts::create))
        .route("/console/projects/{project}/service-accounts/add", get(accounts::find).post(accounts::add_account))
        .route("/console/projects/{project}/service-accounts/new", get(accounts::form))
        .route("/console/projects/{project}/service-accounts/{id}/remove", post(accounts::remove))
        .route("/console/projects/{project}/service-accounts/{id}/role", post(accounts::change_role))
        .route("/console/projects/{project}/users", get(users::list))
        .route("/console/projects/{project}/users/add", get(users::find).post(users::add_member))
        .route("/console/projects/{project}/users/teams", get(users::list_teams))
        .route("/console/projects/{project}/users/teams/add", get(users::find_team).post(users::add_team))
        .route("/console/projects/{project}/users/teams/{team}/remove", post(users::remove_team))
        .route("/console/projects/{project}/users/teams/{team}/role", post(users::change_team_role))
        .route("/console/projects/{project}/users/{id}/remove", post(users::remove))
        .route("/console/projects/{project}/users/{id}/role", post(users::change_role))
        .route("/console/projects/{project}/workspaces", get(workspaces::list).post(workspaces::create))
        .route("/console/projects/{project}/workspaces/{id}", get(workspaces::form).post(workspaces::change))
        .route("/console/projects/{project}/workspaces/{id}/delete", get(workspaces::confirm).post(workspaces::delete))
}

/// A project whose page is shown, with its organization.
#[derive(Clone, Copy)]
struct Shown<'s> {
    project: &'s Project,
    organization: &'s Organization,
}

impl<'s> Shown<'s> {
    /// To whoever may see it; to others it is not there.
    fn of(signed_in: &'s SignedIn, id: ProjectId) -> Result<Self, ErrorPage> {
        Self::find(signed_in, id).map_err(|_| ErrorPage::no_such_project().inside(signed_in, Place::Own))
    }

    /// The same, but others are told who may, as far as it is there for them.
    fn or_why_not(
        signed_in: &'s SignedIn,
        (id, page): (ProjectId, ProjectPage),
        wanted: &Wanted,
    ) -> Result<Self, ErrorPage> {
        Self::find(signed_in, id).map_err(|refusal| refused_there(signed_in, (id, page), wanted, &refusal))
    }

    fn find(signed_in: &'s SignedIn, id: ProjectId) -> Result<Self, Refusal> {
        see_project(&signed_in.held, &signed_in.caller, id, signed_in.now)?;
        let project = signed_in.held.project(id);
        let organization = project.and_then(|project| signed_in.held.organization(project.organization));
        let found = project.zip(organization).map(|(project, organization)| Self { project, organization });
        found.ok_or(Refusal::NoSuchProject { project: id })
    }

    /// What the person's roles here allow, so which roles he may give and take.
    fn gives(&self, signed_in: &SignedIn) -> PermissionSet {
        let (held, caller) = (&signed_in.held, &signed_in.caller);
        Giving::new(held, caller, self.organization.id).permissions_on(self.project.id)
    }
}

/// Proof that he may do `A` in the project, or the page that says who may.
fn permit<A: Action>(
    signed_in: &SignedIn,
    project: ProjectId,
    page: ProjectPage,
    wanted: &Wanted,
) -> Result<Permit<A>, ErrorPage> {
    let permit = authorize::<A>(&signed_in.held, &signed_in.caller, Scope::Project(project), signed_in.now);
    permit.map_err(|refusal| refused_there(signed_in, (project, page), wanted, &refusal))
}

/// The organization in whose queue a write to a project waits: one that he is a member of.
fn organization_of(signed_in: &SignedIn, project: ProjectId) -> Result<OrganizationId, ErrorPage> {
    let organization = signed_in.held.project(project).map(|known| known.organization);
    let is_his = |id: &OrganizationId| signed_in.view().is_some_and(|view| effective::is_member(&view, *id));
    organization.filter(is_his).ok_or_else(|| ErrorPage::no_such_project().inside(signed_in, Place::Own))
}

/// Writes what a form of a project's page asks for.
async fn write<R, D>(
    console: &Console,
    signed_in: &SignedIn,
    (project, page): (ProjectId, ProjectPage),
    wanted: &Wanted,
    decide: D,
) -> Result<R, ErrorPage>
where
    R: Send + 'static,
    D: FnOnce(&Draft, Moment) -> Result<Decided<R>, Refusal> + Send + 'static,
{
    let request = signed_in.write_request(organization_of(signed_in, project)?);
    let done = console.node.writer.perform(request, move |draft, moment, _| decide(draft, moment)).await;
    done.map_err(|error| refusals::unwritten_there(signed_in, (project, page), wanted, &error))
}

/// When what was just written began to hold.
fn as_of_now() -> String {
    format!("Every request is decided so as of {} UTC.", words::time(clock::now().seconds()))
}

/// A read of the store that failed, as a page of the project.
fn unread(signed_in: &SignedIn, project: ProjectId, page: ProjectPage) -> impl FnOnce(StoreError) -> ErrorPage {
    move |error| ErrorPage::unread(&error, &signed_in.origin).inside(signed_in, Place::Project(project, page))
}
