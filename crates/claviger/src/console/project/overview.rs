//! The Overview page of a project: what it is called, what whoever looks at it may do there, how much there is, and who
//! reaches it by default.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use claviger_access::administration::default_access;
use claviger_access::administration::project::{self, ChangeProject};
use claviger_access::authorize::{
    DeleteProject, ManageMembers, ManageRoles, ManageServiceAccounts, Scope, UpdateProject, authorize,
};
use claviger_access::effective;
use claviger_access::identity::{ProjectId, ProjectSlug};
use claviger_access::permission::PermissionSet;
use claviger_access::role::{ProjectRole, Role};
use claviger_access::text::{DisplayName, TextError, TimezoneName};
use claviger_access::{Draft, Refusal};

use super::mistakes::{self, Mistakes};
use super::reached::{Given, Reached};
use super::refusals::unwritten_there;
use super::spot::Spot;
use super::{Shown, organization_of, permit, role_choice, unread, write};
use crate::api::ids::PathId;
use crate::console::error_page::ErrorPage;
use crate::console::frame::{Frame, Link};
use crate::console::notice::Notice;
use crate::console::page::page;
use crate::console::path::At;
use crate::console::place::{OrganizationPage, Place, ProjectPage, may};
use crate::console::refused::Wanted;
use crate::console::service_accounts::account;
use crate::console::signed_in::SignedIn;
use crate::console::submitted::Submitted;
use crate::console::typed::{Field, Typed};
use crate::console::{Console, project_role, project_slug, words};
use crate::writer::WriteError;

const PAGE: ProjectPage = ProjectPage::Overview;

const SEE: Wanted = Wanted { title: "Overview of {}", deed: "see it" };

const CHANGE: Wanted = Wanted { title: "Change {}", deed: "change its name, time zone and slug" };

const OPEN: Wanted = Wanted { title: "Default access to {}", deed: "change its default access" };

/// How many of something there are, with the page that lists them.
struct Count {
    link: Link,
    count: String,
}

#[derive(Template)]
#[template(path = "console/project_overview.html")]
struct Overview<'p> {
    frame: &'p Frame,
    project: &'p str,
    number: ProjectId,
    path: String,
    organization: &'p str,
    projects: Option<String>,
    timezone: &'p str,
    slug: Option<&'p str>,
    row: Standing,
    counts: Vec<Count>,
    /// The form, for who may change them.
    change: Option<Typing>,
    /// The role that everyone has; `None` where he may not see it.
    default_access: Option<DefaultAccess>,
    may_delete: bool,
    mistakes: Mistakes,
    command: String,
}

/// What he may do here himself, and through what.
struct Standing {
    given: Vec<Given>,
    more: usize,
}

struct Typing {
    name: Field,
    timezone: Field,
    slug: Field,
}

struct DefaultAccess {
    role: Option<String>,
    roles: Vec<role_choice::Choice>,
    /// Whether what is given now may be taken by him.
    may_take: bool,
}

/// The page.
pub(in crate::console) async fn show(
    State(console): State<Console>,
    signed_in: SignedIn,
    At(PathId(project)): At<PathId<ProjectId>>,
) -> Result<Response, ErrorPage> {
    shown(&console, &signed_in, project, None, Mistakes::default()).await
}

async fn shown(
    console: &Console,
    signed_in: &SignedIn,
    project: ProjectId,
    typed: Option<&Typed>,
    mistakes: Mistakes,
) -> Result<Response, ErrorPage> {
    let shown = Shown::or_why_not(signed_in, (project, PAGE), &SEE)?;
    let frame = Frame::of(signed_in, Place::Project(project, PAGE));
    let (known, organization) = (shown.project, shown.organization);
    let (given, more) = standing(signed_in, shown);
    let scope = Scope::Project(project);
    let slug = known.slug.as_ref().map(ProjectSlug::as_str);
    let change = may::<UpdateProject>(signed_in, scope).then(|| Typing {
        name: Field::of("name", &known.name, typed),
        timezone: Field::of("timezone", &known.timezone, typed),
        slug: Field::of("slug", slug.unwrap_or_default(), typed),
    });
    let sees = OrganizationPage::Projects.is_open(signed_in, organization.id);
    let status = if mistakes.is_empty() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    let view = Overview {
        frame: &frame,
        project: &known.name,
        number: project,
        path: format!("/console/projects/{project}"),
        organization: &organization.name,
        projects: sees.then(|| OrganizationPage::Projects.path(organization.id)),
        timezone: &known.timezone,
        slug,
        row: Standing { given, more },
        counts: counts(console, signed_in, shown).await?,
        change,
        default_access: may::<ManageMembers>(signed_in, scope).then(|| default(signed_in, shown)),
        may_delete: may::<DeleteProject>(signed_in, scope),
        mistakes,
        command: format!("claviger project show {project}"),
    };
    Ok(page(status, &view))
}

fn standing(signed_in: &SignedIn, shown: Shown<'_>) -> (Vec<Given>, usize) {
    let spot = Spot { project: shown.project.id, workspace: None };
    let Some(view) = signed_in.view() else { return (Vec::new(), 0) };
    Reached::of(&signed_in.held, &view, shown.project, spot).told(&signed_in.held, shown.organization, spot)
}

/// What he may look through, with how many there are.
async fn counts(console: &Console, signed_in: &SignedIn, shown: Shown<'_>) -> Result<Vec<Count>, ErrorPage> {
    let (held, project) = (&signed_in.held, shown.project);
    let scope = Scope::Project(project.id);
    let count = |page: ProjectPage, count: usize| Count {
        link: Link { path: page.path(project.id), text: page.label().to_owned(), is_current: false },
        count: words::count(count),
    };
    let mut counts = Vec::new();
    if may::<ManageMembers>(signed_in, scope) {
        let spot = Spot { project: project.id, workspace: None };
        let people = shown.organization.people.iter().filter_map(|id| held.principal(*id));
        let people = people.filter(|view| !Reached::of(held, view, project, spot).is_empty());
        counts.push(count(ProjectPage::Users, people.count()));
    }
    if let Ok(permit) = authorize::<ManageServiceAccounts>(held, &signed_in.caller, scope, signed_in.now) {
        let mut accounts = 0;
        let counted = account::each_view(&console.node, held, &permit, |_| accounts += 1).await;
        counted.map_err(unread(signed_in, project.id, PAGE))?;
        counts.push(count(ProjectPage::ServiceAccounts, accounts));
    }
    let reached = signed_in.view().map(|view| {
        project.workspaces.iter().filter(|id| effective::workspace_role(held, &view, **id).is_some()).count()
    });
    counts.push(count(ProjectPage::Workspaces, reached.unwrap_or(0)));
    if may::<ManageRoles>(signed_in, scope) {
        counts.push(count(ProjectPage::Roles, Role::ALL.len() + project.custom_roles.len()));
    }
    Ok(counts)
}

fn default_role(shown: Shown<'_>) -> Option<ProjectRole> {
    shown.project.default_access.and_then(|grant| grant.granted().project_role())
}

fn default(signed_in: &SignedIn, shown: Shown<'_>) -> DefaultAccess {
    let (held, gives): (_, PermissionSet) = (&signed_in.held, shown.gives(signed_in));
    let role = default_role(shown);
    DefaultAccess {
        role: role.map(|role| words::project_role(held, role)),
        roles: role_choice::choices(held, shown.project, &gives, role),
        may_take: role.is_none_or(|role| role_choice::may_give(held, &gives, role)),
    }
}

/// Changes the name, the time zone and the slug.
pub(in crate::console) async fn change(
    State(console): State<Console>,
    At(PathId(project)): At<PathId<ProjectId>>,
    Submitted { signed_in, typed }: Submitted,
) -> Result<Response, ErrorPage> {
    permit::<UpdateProject>(&signed_in, project, PAGE, &CHANGE)?;
    let mut mistakes = Mistakes::of("changed");
    let name = DisplayName::parse(typed.one("name")).map_err(|error| mistakes::text(&error));
    let name = mistakes.take("name", name);
    let timezone = TimezoneName::parse(typed.one("timezone").trim()).map_err(|_: TextError| {
        "There is no such time zone. Use an IANA name, such as UTC or Europe/Berlin.".to_owned()
    });
    let timezone = mistakes.take("timezone", timezone);
    let slug = mistakes.take("slug", project_slug::read(typed.one("slug")));
    if !mistakes.is_empty() {
        return shown(&console, &signed_in, project, Some(&typed), mistakes).await;
    }
    let called = name.as_ref().map_or_else(String::new, |name| name.as_str().to_owned());
    let (name, timezone) =
        (name.filter(|_| typed.is_changed("name")), timezone.filter(|_| typed.is_changed("timezone")));
    // A form without the field takes no slug away.
    let slug = slug.filter(|_| typed.has("slug") && typed.is_changed("slug"));
    let (command, caller) = (ChangeProject { project, name, timezone, slug }, signed_in.caller);
    let request = signed_in.write_request(organization_of(&signed_in, project)?);
    let decide = move |draft: &Draft, moment, _| project::change(draft, &caller, &command, moment);
    match console.node.writer.perform(request, decide).await {
        Ok(()) => Ok(Notice::done(format!("{called} was saved."), "").at(&console, &signed_in, &PAGE.path(project))),
        Err(WriteError::Refused(Refusal::SlugTaken { slug })) => {
            let mistakes = mistakes.with("slug", project_slug::taken(&slug));
            let mut page = shown(&console, &signed_in, project, Some(&typed), mistakes).await?;
            *page.status_mut() = StatusCode::CONFLICT;
            Ok(page)
        }
        Err(error) => Err(unwritten_there(&signed_in, (project, PAGE), &CHANGE, &error)),
    }
}

/// Gives everyone of the organization a role, or takes it away.
pub(in crate::console) async fn set_default_access(
    State(console): State<Console>,
    At(PathId(project)): At<PathId<ProjectId>>,
    Submitted { signed_in, typed }: Submitted,
) -> Result<Response, ErrorPage> {
    permit::<ManageMembers>(&signed_in, project, PAGE, &OPEN)?;
    let role = project_role::read(typed.one("role")).filter(|_| !typed.has("clear"));
    if role.is_none() && !typed.has("clear") {
        let mistakes = Mistakes::of("changed").with("default-access", "Choose a role.");
        return shown(&console, &signed_in, project, None, mistakes).await;
    }
    let caller = signed_in.caller;
    let decide = move |draft: &Draft, moment| default_access::set(draft, &caller, project, role, moment);
    write(&console, &signed_in, (project, PAGE), &OPEN, decide).await?;
    let shown = Shown::of(&signed_in, project)?;
    let (organization, project_name) = (&shown.organization.name, &shown.project.name);
    let strong = match role {
        Some(role) => {
            let role = words::project_role(&signed_in.held, role);
            format!("Everyone in {organization} is {role} of {project_name} now.")
        }
        None => format!("Nobody reaches {project_name} by default any more."),
    };
    let notice = Notice::done(strong, super::as_of_now());
    Ok(notice.at(&console, &signed_in, &PAGE.path(project)))
}
