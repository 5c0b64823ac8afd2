//! Creating a service account in an organization: the form, and what it does.
//!
//! The answer to the form that creates is the page with the secret. Buttons that add a row, take one away or search return
//! the form with all that was typed. Whatever is wrong is told at its field, and everything else is kept.

mod form;
pub(super) mod rows;

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use claviger_access::administration::giving::Giving;
use claviger_access::administration::service_account::{self, CreateServiceAccount, NewServiceAccount};
use claviger_access::authorize::{ManageServiceAccounts, Scope, authorize};
use claviger_access::directory::Organization;
use claviger_access::identity::OrganizationId;
use claviger_access::refusal::MadeBefore;
use claviger_access::role::Role;
use claviger_access::{Permit, Refusal};

use self::form::Form;
use self::rows::{Offered, Shown};
use super::choice::Kind;
use super::expiry::{self, Rules, Tile, first_date};
use super::row::short;
use crate::api::ids::PathId;
use crate::clock;
use crate::console::base_url::BaseUrl;
use crate::console::error_page::ErrorPage;
use crate::console::frame::Frame;
use crate::console::mistakes::Mistakes;
use crate::console::notice::Notice;
use crate::console::page::page;
use crate::console::path::At;
use crate::console::place::{OrganizationPage, Place};
use crate::console::refused::{Wanted, refused, unwritten};
use crate::console::secret_once::{ROTATE_IT, SecretOnce};
use crate::console::service_account::first_request;
use crate::console::signed_in::SignedIn;
use crate::console::submitted::Submitted;
use crate::console::typed::Typed;
use crate::console::{Console, once, words};
use crate::writer::WriteError;

const CREATE: Wanted = Wanted { title: "Create a service account", deed: "create its service accounts" };

/// So many things that a new account reaches are named.
const NAMED_MAX: usize = 3;

/// A role to choose.
struct RoleTile {
    role: Role,
    label: String,
    sub: &'static str,
    is_checked: bool,
}

#[derive(Template)]
#[template(path = "console/service_account_new.html")]
struct Page<'p> {
    frame: &'p Frame,
    /// The list's address, which is the form's as well.
    path: String,
    /// What begins the summary of mistakes.
    undone: &'static str,
    mistakes: &'p Mistakes,
    once: String,
    form: &'p Form,
    roles: Vec<RoleTile>,
    rows: Vec<Shown>,
    /// Whether one more row fits.
    may_add: bool,
    /// Where the names of projects are asked for as one types.
    names: String,
    expiry: &'p expiry::Asked,
    tiles: Vec<Tile>,
    first_date: String,
    /// What the organization demands.
    rule: String,
    command: String,
}

/// Where and for whom the form is.
struct Desk<'d> {
    signed_in: &'d SignedIn,
    organization: &'d Organization,
}

impl<'d> Desk<'d> {
    fn new(
        signed_in: &'d SignedIn,
        organization: OrganizationId,
    ) -> Result<(Self, Permit<ManageServiceAccounts>), ErrorPage> {
        let scope = Scope::Organization(organization);
        let permit = authorize::<ManageServiceAccounts>(&signed_in.held, &signed_in.caller, scope, signed_in.now);
        let permit = permit.map_err(|refusal| refused(signed_in, place(organization), &CREATE, &refusal))?;
        let known = signed_in.held.organization(organization).ok_or_else(ErrorPage::no_such_organization)?;
        Ok((Self { signed_in, organization: known }, permit))
    }

    fn offered(&self) -> Offered<'d> {
        let (held, organization) = (&self.signed_in.held, self.organization);
        Offered::new(held, organization, Giving::new(held, &self.signed_in.caller, organization.id))
    }

    fn rules(&self) -> Rules<'d> {
        let Organization { policy, id, name, .. } = self.organization;
        Rules { policy, organization: *id, name, now: self.signed_in.now }
    }

    fn shown(&self, form: &Form, once: String, mistakes: &Mistakes) -> Response {
        let (offered, rules) = (self.offered(), self.rules());
        let id = self.organization.id;
        let above = form.role().map_or_else(|| "As above".to_owned(), |role| format!("{} (as above)", label(role)));
        let options = format!("{}{}", form.rows.as_options(&offered, form.role()), form.expiry.as_option(&rules));
        let name = if form.name.trim().is_empty() { "NAME" } else { form.name.trim() };
        let path = OrganizationPage::ServiceAccounts.path(id);
        let shown = Page {
            frame: &Frame::of(self.signed_in, place(id)),
            undone: "Nothing was created.",
            mistakes,
            once,
            roles: role_tiles(&offered.giving, &form.role),
            rows: form.rows.shown(&offered, &above),
            may_add: !form.rows.are_full(),
            names: format!("{path}/new/projects"),
            expiry: &form.expiry,
            tiles: form.expiry.tiles(&rules, None),
            first_date: first_date(rules.now),
            rule: rules.told().unwrap_or_default(),
            command: format!(
                "claviger service-account create {} --organization {id}{options}",
                words::shell_word(name)
            ),
            form,
            path,
        };
        page(mistakes.status(), &shown)
    }
}

fn place(organization: OrganizationId) -> Place {
    Place::Organization(organization, OrganizationPage::ServiceAccounts)
}

fn label(role: Role) -> String {
    words::label(role.name())
}

fn role_tiles(giving: &Giving<'_>, chosen: &str) -> Vec<RoleTile> {
    let tile = |role: Role| RoleTile {
        role,
        label: label(role),
        sub: match role {
            Role::Consumer => "Reads",
            Role::Analyst => "Reads and writes",
            Role::Admin => "Also manages access",
            Role::Owner => "Also deletes projects",
        },
        is_checked: role.name() == chosen,
    };
    giving.everywhere().into_iter().map(tile).collect()
}

/// The form; its address may fill it in.
pub(in crate::console) async fn show(
    signed_in: SignedIn,
    At(PathId(organization)): At<PathId<OrganizationId>>,
    asked: Typed,
) -> Result<Response, ErrorPage> {
    let (desk, _) = Desk::new(&signed_in, organization)?;
    let form = Form::linked(&asked, &desk.rules());
    Ok(desk.shown(&form, once::fresh()?, &Mistakes::default()))
}

/// Names of projects, for the script.
pub(in crate::console) async fn names_of_projects(
    signed_in: SignedIn,
    At(PathId(organization)): At<PathId<OrganizationId>>,
    begun: Typed,
) -> Result<Json<Vec<String>>, ErrorPage> {
    let (desk, _) = Desk::new(&signed_in, organization)?;
    let projects = rows::projects(&signed_in.held, desk.organization);
    Ok(Json(projects.names(begun.one("search")).into_iter().map(str::to_owned).collect()))
}

/// Creates what the form asks for, and shows the secret.
pub(in crate::console) async fn create(
    State(console): State<Console>,
    base_url: BaseUrl,
    At(PathId(organization)): At<PathId<OrganizationId>>,
    Submitted { signed_in, typed }: Submitted,
) -> Result<Response, ErrorPage> {
    let (desk, _) = Desk::new(&signed_in, organization)?;
    let key = once::key(signed_in.person, &typed)?;
    let sent_once = typed.one(once::FIELD).to_owned();
    let mut form = Form::of(&typed);
    if Form::is_turned(&typed) {
        return Ok(desk.shown(&form, sent_once, &Mistakes::default()));
    }
    let (offered, rules) = (desk.offered(), desk.rules());
    let command = match form.command(&offered, &rules) {
        Ok(command) => command,
        Err(mistakes) => return Ok(desk.shown(&form, sent_once, &mistakes)),
    };
    let lead = reaches(&desk, &command);
    let request = signed_in.write_request(organization).of_many(command.projects.len() + command.workspaces.len());
    let caller = signed_in.caller;
    let decide = move |draft: &_, moment, random| service_account::create(draft, &caller, &command, moment, random);
    match console.node.writer.create(request, Some(key), decide).await {
        Ok(made) => Ok(ready(&signed_in, organization, &lead, &made, base_url)),
        Err(WriteError::Refused(Refusal::AlreadyCreated { made })) => {
            Ok(already(&console, &signed_in, organization, &made))
        }
        Err(WriteError::Refused(refusal)) if let Some(mistakes) = Form::blamed(&refusal, &offered, &rules) => {
            Ok(desk.shown(&form, sent_once, &mistakes))
        }
        Err(error) => Err(unwritten(&signed_in, place(organization), &CREATE, &error)),
    }
}

/// What a new account may do: "Analyst in Web shop, Consumer in Data warehouse, workspace Finance."
fn reaches(desk: &Desk<'_>, command: &CreateServiceAccount) -> String {
    let directory = &desk.signed_in.held;
    let project = |id| directory.project(id).map_or("", |known| known.name.as_str());
    let on_projects = command
        .projects
        .iter()
        .map(|(id, role)| format!("{} in {}", words::project_role(directory, *role), project(*id)));
    let on_workspaces = command.workspaces.iter().filter_map(|(id, role)| {
        let workspace = directory.workspace(*id)?;
        let (role, project) = (words::project_role(directory, *role), project(workspace.project));
        Some(format!("{role} in {project}, workspace {}", workspace.name))
    });
    let all: Vec<String> = on_projects.chain(on_workspaces).collect();
    match all.len() {
        0 => "It reaches nothing yet.".to_owned(),
        number @ 1..=NAMED_MAX => format!("{}.", all[..number].join(", ")),
        number => format!("{} and {} more.", all[..NAMED_MAX].join(", "), number - NAMED_MAX),
    }
}

fn ready(
    signed_in: &SignedIn,
    organization: OrganizationId,
    reaches: &str,
    made: &NewServiceAccount,
    base_url: BaseUrl,
) -> Response {
    let name = short(made.username.as_str());
    let end = made.expires.moment();
    let ends =
        end.map_or_else(|| "It never expires.".to_owned(), |end| format!("It ends on {}.", words::date(end.seconds())));
    let shown = SecretOnce {
        title: format!("{name} is ready"),
        lead: format!("{reaches} {ends} Accepted as of {} UTC.", words::time(clock::now().seconds())),
        name,
        username: made.username.as_str(),
        secret: &made.secret,
        lost: ROTATE_IT.to_owned(),
        leads_to: super::path_of(organization, made.id),
        first_request: Some(first_request::path(organization, made.id, made.secret_id)),
        base_url,
    };
    shown.page(signed_in, place(organization))
}

/// For who sends the form again.
fn already(console: &Console, signed_in: &SignedIn, organization: OrganizationId, made: &MadeBefore) -> Response {
    let made = match made {
        MadeBefore::Other(number) => claviger_access::identity::PrincipalId::new(*number),
        MadeBefore::CustomRole(_) => None,
    };
    let list = || OrganizationPage::ServiceAccounts.path(organization);
    let path = made.map_or_else(list, |id| super::path_of(organization, id));
    // It may be later than the image that this request began with.
    let held = console.node.cluster.directory().ok();
    let known = held.as_ref().and_then(|held| held.principal(made?)).map(|view| short(view.name()).to_owned());
    let name = known.unwrap_or_else(|| "This account".to_owned());
    let more = "Its secret was shown once and cannot be shown again.";
    Notice::warning(format!("{name} was created already."), more).at(console, signed_in, &path)
}
