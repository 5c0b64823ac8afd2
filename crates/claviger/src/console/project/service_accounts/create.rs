//! Making an account from a project's settings: it is admin of this project, and of nothing else.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use claviger_access::Refusal;
use claviger_access::administration::service_account::{self, CreateInProject, NewServiceAccount};
use claviger_access::authorize::ManageServiceAccounts;
use claviger_access::identity::{AccountName, PrincipalId, ProjectId};
use claviger_access::refusal::MadeBefore;
use claviger_access::text::TextError;

use super::super::mistakes::text;
use super::super::refusals::{refused_there, unwritten_there};
use super::super::{Shown, organization_of, permit};
use super::{PAGE, may_create};
use crate::api::ids::PathId;
use crate::console::base_url::BaseUrl;
use crate::console::error_page::ErrorPage;
use crate::console::frame::Frame;
use crate::console::mistakes::Mistakes;
use crate::console::notice::Notice;
use crate::console::page::page;
use crate::console::path::At;
use crate::console::place::{OrganizationPage, Place, may};
use crate::console::refused::Wanted;
use crate::console::secret_once::{self, SecretOnce};
use crate::console::service_account::first_request;
use crate::console::service_accounts::expiry::{self, Rules, Tile, first_date};
use crate::console::service_accounts::row::short;
use crate::console::signed_in::SignedIn;
use crate::console::submitted::Submitted;
use crate::console::typed::Typed;
use crate::console::{Console, once, words};
use crate::writer::WriteError;

const CREATE: Wanted = Wanted { title: "Create a service account in {}", deed: "create service accounts in it" };

#[derive(Template)]
#[template(path = "console/project_service_account_new.html")]
struct Form<'p> {
    frame: &'p Frame,
    project: &'p str,
    organization: &'p str,
    path: String,
    /// Where one with a smaller role is made, for who may.
    in_organization: Option<String>,
    name: &'p str,
    expiry: &'p expiry::Asked,
    tiles: Vec<Tile>,
    first_date: String,
    /// "The rules of Acme allow at most 365 days."
    rule: Option<String>,
    once: String,
    undone: &'static str,
    mistakes: &'p Mistakes,
    command: String,
}

/// The form.
pub(in crate::console) async fn form(
    signed_in: SignedIn,
    At(PathId(project)): At<PathId<ProjectId>>,
) -> Result<Response, ErrorPage> {
    permit::<ManageServiceAccounts>(&signed_in, project, PAGE, &CREATE)?;
    let shown = Shown::of(&signed_in, project)?;
    if !may_create(&signed_in, shown, &shown.gives(&signed_in)) {
        let organization = shown.organization.id;
        let refusal = Refusal::ProjectCreationNotAllowed { organization };
        return Err(refused_there(&signed_in, (project, PAGE), &CREATE, &refusal));
    }
    let expiry = expiry::Asked::first(&rules(&signed_in, shown));
    show(&signed_in, shown, "", &expiry, &Mistakes::default())
}

fn rules<'r>(signed_in: &SignedIn, shown: Shown<'r>) -> Rules<'r> {
    let organization = shown.organization;
    Rules { policy: &organization.policy, organization: organization.id, name: &organization.name, now: signed_in.now }
}

fn show(
    signed_in: &SignedIn,
    shown: Shown<'_>,
    name: &str,
    expiry: &expiry::Asked,
    mistakes: &Mistakes,
) -> Result<Response, ErrorPage> {
    let rules = rules(signed_in, shown);
    let (project, organization) = (shown.project, shown.organization);
    let frame = Frame::of(signed_in, Place::Project(project.id, PAGE));
    let list = OrganizationPage::ServiceAccounts.path(organization.id);
    let example = if name.is_empty() { "NAME" } else { name };
    let view = Form {
        frame: &frame,
        project: &project.name,
        organization: &organization.name,
        path: PAGE.path(project.id),
        in_organization: may_open(signed_in, shown).then(|| format!("{list}/new")),
        name,
        expiry,
        tiles: expiry.tiles(&rules, None),
        first_date: first_date(signed_in.now),
        rule: rules.told(),
        once: once::fresh()?,
        undone: "Nothing was created.",
        mistakes,
        command: format!(
            "claviger service-account create {} --organization {} --project {}:admin{}",
            words::shell_word(example),
            organization.id,
            project.id,
            expiry.as_option(&rules)
        ),
    };
    Ok(page(mistakes.status(), &view))
}

/// Makes it, and shows its secret this once.
pub(in crate::console) async fn create(
    State(console): State<Console>,
    At(PathId(project)): At<PathId<ProjectId>>,
    base_url: BaseUrl,
    Submitted { signed_in, typed }: Submitted,
) -> Result<Response, ErrorPage> {
    permit::<ManageServiceAccounts>(&signed_in, project, PAGE, &CREATE)?;
    let shown = Shown::of(&signed_in, project)?;
    let (mut mistakes, asked) = (Mistakes::default(), expiry::Asked::of(&typed));
    let name = AccountName::parse(typed.one("name")).map_err(|error| named(typed.one("name"), &error));
    let end = asked.requested(&rules(&signed_in, shown));
    let end = end.and_then(|end| end.ok_or_else(|| "Choose when it ends.".to_owned()));
    let (name, expires) = (mistakes.take("name", name), mistakes.take(expiry::FIELD, end));
    let (Some(name), Some(expires)) = (name, expires) else {
        return show(&signed_in, shown, typed.shown("name"), &asked, &mistakes);
    };
    let (command, caller) = (CreateInProject { project, name, expires }, signed_in.caller);
    let request = signed_in.write_request(organization_of(&signed_in, project)?);
    let key = once::key(signed_in.person, &typed)?;
    let decide = move |draft: &claviger_access::Draft, moment, random| {
        service_account::create_in_project(draft, &caller, &command, moment, random)
    };
    match console.node.writer.create(request, Some(key), decide).await {
        Ok(made) => Ok(ready(&signed_in, shown, &made, base_url)),
        Err(WriteError::Refused(Refusal::AlreadyCreated { made: MadeBefore::Other(id) })) => {
            Ok(made_before(&console, &signed_in, shown, id))
        }
        Err(error) => again(&signed_in, shown, &typed, error),
    }
}

/// What is about a field is told in the form; the rest on a page of its own.
fn again(signed_in: &SignedIn, shown: Shown<'_>, typed: &Typed, error: WriteError) -> Result<Response, ErrorPage> {
    let organization = &shown.organization.name;
    let mistake = match &error {
        WriteError::Refused(Refusal::NameNotAllowed { pattern, .. }) => {
            Some(("name", format!("The rules of {organization} ask for names like {pattern}.")))
        }
        WriteError::Refused(Refusal::NameExhausted { .. }) => {
            Some(("name", "Too many accounts have had this name. Choose another.".to_owned()))
        }
        WriteError::Refused(refusal) => {
            rules(signed_in, shown).refused(refusal).map(|message| (expiry::FIELD, message))
        }
        _ => None,
    };
    match mistake {
        Some((field, message)) => {
            let mistakes = Mistakes::one(field, message);
            show(signed_in, shown, typed.shown("name"), &expiry::Asked::of(typed), &mistakes)
        }
        None => Err(unwritten_there(signed_in, (shown.project.id, PAGE), &CREATE, &error)),
    }
}

/// The page with the secret.
fn ready(signed_in: &SignedIn, shown: Shown<'_>, made: &NewServiceAccount, base_url: BaseUrl) -> Response {
    let name = short(made.username.as_str());
    let ends = match made.expires.moment() {
        Some(moment) => format!("It ends on {}.", words::date(moment.seconds())),
        None => "It never expires.".to_owned(),
    };
    let once = SecretOnce {
        title: format!("{name} is ready"),
        lead: format!("It is Admin of {}. {ends}", shown.project.name),
        name,
        username: made.username.as_str(),
        secret: &made.secret,
        lost: match may_open(signed_in, shown) {
            true => secret_once::ROTATE_IT.to_owned(),
            false => format!("ask an owner or admin of {} to rotate it.", shown.organization.name),
        },
        leads_to: PAGE.path(shown.project.id),
        first_request: may_open(signed_in, shown)
            .then(|| first_request::path(shown.organization.id, made.id, made.secret_id)),
        base_url,
    };
    once.page(signed_in, Place::Project(shown.project.id, PAGE))
}

/// Whether he may open the account's page, which is the organization's.
fn may_open(signed_in: &SignedIn, shown: Shown<'_>) -> bool {
    let scope = claviger_access::authorize::Scope::Organization(shown.organization.id);
    may::<ManageServiceAccounts>(signed_in, scope)
}

/// The account's page for who may open it, or else the project's list.
fn leads_to(signed_in: &SignedIn, shown: Shown<'_>, account: PrincipalId) -> String {
    match may_open(signed_in, shown) {
        true => format!("{}/{account}", OrganizationPage::ServiceAccounts.path(shown.organization.id)),
        false => PAGE.path(shown.project.id),
    }
}

fn made_before(console: &Console, signed_in: &SignedIn, shown: Shown<'_>, id: u64) -> Response {
    let account = PrincipalId::new(id);
    let view = account.and_then(|id| signed_in.held.principal(id)).map(|view| short(view.name()).to_owned());
    let strong = format!("{} was created already.", view.unwrap_or_else(|| "It".to_owned()));
    let path = account.map_or_else(|| PAGE.path(shown.project.id), |account| leads_to(signed_in, shown, account));
    let more = "Its secret was shown once and cannot be shown again.";
    Notice::warning(strong, more).at(console, signed_in, &path)
}

/// What to do about a name that was not accepted.
fn named(typed: &str, error: &TextError) -> String {
    match error {
        TextError::NotInName { character } => {
            let shown = match character {
                '/' => "a slash".to_owned(),
                other if other.is_control() || other.is_whitespace() => format!("U+{:04X}", u32::from(*other)),
                other => format!("“{other}”"),
            };
            let typed: String = typed.trim().chars().filter(|c| !c.is_control()).take(128).collect();
            format!("Use letters, digits, spaces and _ - . @ only. “{typed}” contains {shown}.")
        }
        other => text(other),
    }
}
