//! Making an account from a project's settings: it is admin of this project, and of nothing else.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use claviger_access::Refusal;
use claviger_access::administration::service_account::{self, CreateInProject, NewServiceAccount};
use claviger_access::authorize::ManageServiceAccounts;
use claviger_access::identity::{AccountName, PrincipalId, ProjectId};
use claviger_access::refusal::MadeBefore;
use claviger_access::text::TextError;

use super::super::mistakes::{self, Mistakes};
use super::super::refusals::unwritten_there;
use super::super::{Shown, organization_of, permit};
use super::{PAGE, expiry, may_create};
use crate::api::ids::PathId;
use crate::console::base_url::BaseUrl;
use crate::console::error_page::ErrorPage;
use crate::console::frame::Frame;
use crate::console::notice::Notice;
use crate::console::page::page;
use crate::console::path::At;
use crate::console::place::{OrganizationPage, Place, may};
use crate::console::refused::{Wanted, refused};
use crate::console::secret_once::SecretOnce;
use crate::console::service_accounts::row::short;
use crate::console::signed_in::SignedIn;
use crate::console::submitted::Submitted;
use crate::console::typed::Typed;
use crate::console::{Console, once, words};
use crate::writer::WriteError;

const CREATE: Wanted = Wanted { title: "Create service account", deed: "create service accounts in it" };

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
    ends: Vec<expiry::Choice>,
    date: &'p str,
    /// "The rules of Acme allow at most 365 days."
    rule: Option<String>,
    once: String,
    mistakes: Mistakes,
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
        return Err(refused(&signed_in, Place::Project(project, PAGE), &CREATE, &refusal));
    }
    show(&signed_in, shown, &Typed::default(), Mistakes::default(), StatusCode::OK)
}

fn show(
    signed_in: &SignedIn,
    shown: Shown<'_>,
    typed: &Typed,
    mistakes: Mistakes,
    status: StatusCode,
) -> Result<Response, ErrorPage> {
    let (project, organization) = (shown.project, shown.organization);
    let frame = Frame::of(signed_in, Place::Project(project.id, PAGE));
    let ends = expiry::choices(&organization.policy, signed_in.now, typed.one("expires"));
    let chosen = ends.iter().find(|choice| choice.is_chosen).map_or("", |choice| choice.value);
    let name = typed.one("name");
    let scope = claviger_access::authorize::Scope::Organization(organization.id);
    let list = OrganizationPage::ServiceAccounts.path(organization.id);
    let rule = organization.policy.secret_lifetime_max;
    let example = if name.is_empty() { "nightly-export" } else { name };
    let view = Form {
        frame: &frame,
        project: &project.name,
        organization: &organization.name,
        path: PAGE.path(project.id),
        in_organization: may::<ManageServiceAccounts>(signed_in, scope).then(|| format!("{list}/new")),
        name,
        date: typed.one("date"),
        rule: rule.map(|most| format!("The rules of {} allow at most {most}.", organization.name)),
        once: once::fresh()?,
        mistakes,
        command: format!(
            "claviger service-account create {} --project {}:admin{}",
            words::shell_word(example),
            project.id,
            expiry::option(chosen)
        ),
        ends,
    };
    Ok(page(status, &view))
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
    let mut mistakes = Mistakes::of("created");
    let name = AccountName::parse(typed.one("name")).map_err(|error| named(typed.one("name"), &error));
    let (name, expires) = (mistakes.take("name", name), mistakes.take("expires", expiry::read(&typed)));
    let (Some(name), Some(expires)) = (name, expires) else {
        return show(&signed_in, shown, &typed, mistakes, StatusCode::BAD_REQUEST);
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
            expiry::refused(refusal, organization, signed_in.now).map(|message| ("expires", message))
        }
        _ => None,
    };
    match mistake {
        Some((field, message)) => {
            let mistakes = Mistakes::of("created").with(field, message);
            show(signed_in, shown, typed, mistakes, StatusCode::BAD_REQUEST)
        }
        None => Err(unwritten_there(signed_in, (shown.project.id, PAGE), &CREATE, &error)),
    }
}

/// The page with the secret.
fn ready(signed_in: &SignedIn, shown: Shown<'_>, made: &NewServiceAccount, base_url: BaseUrl) -> Response {
    let name = short(made.username.as_str());
    let ends = match made.expires.moment() {
        Some(moment) => format!("It ends on {}.", words::date(moment.seconds())),
        None => "It does not end by itself.".to_owned(),
    };
    let once = SecretOnce {
        title: format!("{name} is ready"),
        lead: format!("It is Admin of {}. {ends}", shown.project.name),
        name,
        username: made.username.as_str(),
        secret: &made.secret,
        leads_to: leads_to(signed_in, shown, made.id),
        base_url,
    };
    once.page(signed_in, Place::Project(shown.project.id, PAGE))
}

/// The account's page for who may open it, or else the project's list.
fn leads_to(signed_in: &SignedIn, shown: Shown<'_>, account: PrincipalId) -> String {
    let organization = shown.organization.id;
    match may::<ManageServiceAccounts>(signed_in, claviger_access::authorize::Scope::Organization(organization)) {
        true => format!("{}/{account}", OrganizationPage::ServiceAccounts.path(organization)),
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
        other => mistakes::text(other),
    }
}
