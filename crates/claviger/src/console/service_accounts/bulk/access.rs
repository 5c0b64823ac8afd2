//! Giving several accounts a role on a project, and taking several off one.
//!
//! What each has there is shown before it is taken away, or made less: a press that was not shown it shows it first, and
//! the form then names what was shown, so that it is asked about again where it changed meanwhile.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use claviger_access::Refusal;
use claviger_access::administration::giving::Giving;
use claviger_access::administration::service_account::{self, AddToProjects, RemoveFromProjects};
use claviger_access::directory::Project;
use claviger_access::identity::{OrganizationId, PrincipalId, ProjectId};
use claviger_access::role::{ProjectRole, Role};

use super::super::choice::{Choice, Chosen, Entry, Kind, Things, Typed as Sought};
use super::super::filter::Filter;
use super::super::new::rows::{entry, projects, told_above_own};
use super::held::{Held, losses};
use super::selection::{Selection, selection};
use super::{Desk, SHOWN_MAX, accounts, place};
use crate::api::failure::status_of;
use crate::api::ids::PathId;
use crate::clock;
use crate::console::error_page::ErrorPage;
use crate::console::frame::Frame;
use crate::console::mistakes::Mistakes;
use crate::console::notice::Notice;
use crate::console::page::page;
use crate::console::path::At;
use crate::console::project_role;
use crate::console::refused::{Wanted, unwritten};
use crate::console::signed_in::SignedIn;
use crate::console::submitted::Submitted;
use crate::console::typed::Typed;
use crate::console::{Console, words};
use crate::writer::WriteError;

/// So many accounts are given a role at once, as by the API.
const AT_ONCE_MAX: usize = 200;

const GRANT: Wanted = Wanted { title: "Grant access", deed: "give its service accounts access" };
const REVOKE: Wanted = Wanted { title: "Revoke access", deed: "take access from its service accounts" };

/// What is done with a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    Grant,
    Revoke,
}

/// What was typed.
struct Form {
    project: Sought,
    is_search: bool,
    role: String,
    /// What it was shown with.
    warned: String,
}

#[derive(Template)]
#[template(path = "console/service_accounts_access.html")]
struct Page<'p> {
    frame: &'p Frame,
    list: String,
    path: String,
    deed: Deed,
    title: &'static str,
    undone: &'static str,
    mistakes: &'p Mistakes,
    all: String,
    counted: String,
    /// The first of them, each with what was granted to it in the project, where one was chosen.
    shown: Vec<(String, Option<String>)>,
    /// The project, where one was chosen.
    project: Option<&'p str>,
    /// Who loses what, and what of this the form was shown with.
    warning: Option<Warning>,
    warned: String,
    button: String,
    unseen: Option<String>,
    left_out: Option<String>,
    choice: Choice,
    names: String,
    roles: Vec<Entry>,
    command: Option<String>,
}

/// What is lost, before it is.
struct Warning {
    strong: String,
    more: String,
}

/// What a deed would do to whom.
struct Effect {
    held: Vec<Held>,
    /// Those of them that lose something, or that have anything to take away.
    losing: usize,
    warning: Option<Warning>,
    /// What the form carries of it: the project, the role, and who loses what.
    warned: String,
}

impl Deed {
    fn wanted(self) -> &'static Wanted {
        match self {
            Self::Grant => &GRANT,
            Self::Revoke => &REVOKE,
        }
    }

    fn command(self) -> &'static str {
        match self {
            Self::Grant => "grant",
            Self::Revoke => "revoke",
        }
    }
}

impl Form {
    fn of(typed: &Typed) -> Self {
        let text = |name| typed.one(name).to_owned();
        let project = Sought { value: text("project"), search: text("search_project") };
        Self { project, is_search: typed.has("find"), role: text("role"), warned: text("warned") }
    }

    /// Whether one of its buttons only turns it over.
    fn is_turned(typed: &Typed) -> bool {
        typed.has("find") || typed.has("look")
    }
}

impl<'d> Desk<'d> {
    fn projects(&self) -> Things {
        projects(&self.signed_in.held, self.organization)
    }

    fn giving(&self) -> Giving<'d> {
        Giving::new(&self.signed_in.held, &self.signed_in.caller, self.organization.id)
    }

    fn chosen_project(&self, chosen: &Chosen) -> Option<&'d Project> {
        self.signed_in.held.project(chosen.number().and_then(ProjectId::new)?)
    }

    /// What the deed would do in this project.
    fn effect(&self, deed: Deed, selection: &Selection, project: &Project, role: Option<ProjectRole>) -> Effect {
        let directory = &self.signed_in.held;
        let held = selection.accounts.iter().map(|account| Held::of(directory, project, account.id));
        let held: Vec<Held> = held.collect();
        let loses = |one: &&Held| match deed {
            Deed::Grant => role.is_some_and(|role| one.is_lowered_by(directory, role)),
            Deed::Revoke => !one.is_nothing(),
        };
        let losing: Vec<&Held> = held.iter().filter(loses).collect();
        let each: Vec<String> = losing.iter().map(|one| one.stamp()).collect();
        let role = role.filter(|_| deed == Deed::Grant);
        let warned =
            format!("{}:{}:{}", project.id, role.map(|role| role.to_string()).unwrap_or_default(), each.join(";"));
        let warning = (!losing.is_empty()).then(|| match deed {
            Deed::Grant => Warning {
                strong: format!("{}.", losses(directory, losing.iter().copied())),
                more: format!(
                    "{} is less than that. Choose another role, or go on.",
                    role.map(|role| words::project_role(directory, role)).unwrap_or_default()
                ),
            },
            Deed::Revoke => {
                let lose = if losing.len() == 1 { "loses" } else { "lose" };
                Warning {
                    strong: format!(
                        "{} of {} {lose} what is named below.",
                        words::count(losing.len()),
                        accounts(held.len())
                    ),
                    more: String::new(),
                }
            }
        });
        Effect { losing: losing.len(), warning, warned, held }
    }

    fn accesses(&self, deed: Deed, selection: &Selection, form: &Form, mistakes: &Mistakes) -> Response {
        let held = &self.signed_in.held;
        let things = self.projects();
        let chosen = things.meant(&form.project, form.is_search);
        let known = self.chosen_project(&chosen);
        let giving = self.giving();
        let given = match known {
            Some(known) => giving.in_project(known.id),
            None => giving.everywhere().into_iter().map(ProjectRole::BuiltIn).collect(),
        };
        let role = if form.role.is_empty() { Role::Consumer.name() } else { form.role.as_str() };
        let effect = known.map(|known| self.effect(deed, selection, known, project_role::of(known, role)));
        let ids: Vec<PrincipalId> = selection.accounts.iter().map(|account| account.id).collect();
        let unseen = ids.len().saturating_sub(SHOWN_MAX);
        let has = |place: usize| {
            let told = effect.as_ref()?.held.get(place)?.told(held);
            Some(if told.is_empty() { "nothing granted to it there".to_owned() } else { told })
        };
        let more = |number: usize, told: &str| (number > 0).then(|| format!("{} {told}", words::count(number)));
        let title = deed.wanted().title;
        let lowered = effect.as_ref().filter(|effect| deed == Deed::Grant && effect.losing > 0);
        let shown = Page {
            frame: &Frame::of(self.signed_in, place(self.organization.id)),
            list: self.list(),
            path: format!("{}/{}", self.list(), deed.command()),
            deed,
            title,
            undone: "Nothing was changed.",
            mistakes,
            all: selection.numbers(),
            counted: accounts(ids.len()),
            shown: ids.iter().take(SHOWN_MAX).enumerate().map(|(at, id)| (self.name(*id), has(at))).collect(),
            project: known.map(|known| known.name.as_str()),
            button: lowered
                .map_or_else(|| title.to_owned(), |it| format!("{title} and lower {}", words::count(it.losing))),
            unseen: more(unseen, "more are not shown."),
            left_out: more(selection.left_out, &format!("more stay out: at most {AT_ONCE_MAX} at a time.")),
            choice: things.choice(("project".to_owned(), "Project"), &form.project, &chosen, "Choose a project", false),
            names: format!("{}/new/projects", self.list()),
            roles: given.into_iter().map(|given| entry(held, given, role)).collect(),
            command: known.and_then(|known| self.access_command(deed, &ids, known, role)),
            warned: effect.as_ref().map(|effect| effect.warned.clone()).unwrap_or_default(),
            warning: effect.and_then(|effect| effect.warning),
        };
        page(mistakes.status(), &shown)
    }

    /// What does the same; none for a role that is none.
    fn access_command(&self, deed: Deed, ids: &[PrincipalId], project: &Project, role: &str) -> Option<String> {
        let role = match deed {
            Deed::Grant => format!(":{}", project_role::of(project, role)?),
            Deed::Revoke => String::new(),
        };
        let accounts: Vec<String> = ids.iter().map(PrincipalId::to_string).collect();
        let (deed, accounts, organization) = (deed.command(), accounts.join(" "), self.organization.id);
        Some(format!(
            "claviger service-account {deed} {accounts} --organization {organization} --project {}{role}",
            project.id
        ))
    }

    /// The project and the role that were meant; for revoking the role does not count.
    fn meant(&self, deed: Deed, form: &Form) -> Result<(&'d Project, ProjectRole), Mistakes> {
        let mut mistakes = Mistakes::default();
        let chosen = self.projects().meant(&form.project, false);
        let known = self.chosen_project(&chosen);
        let Some(project) = known else {
            let told = if let Chosen::Unclear(told) = chosen { told } else { "Choose a project.".to_owned() };
            mistakes.add("project", told);
            return Err(mistakes);
        };
        match (deed, project_role::of(project, &form.role)) {
            (Deed::Revoke, _) => Ok((project, Role::Consumer.into())),
            (Deed::Grant, Some(role)) if self.giving().may_give(project.id, role) => Ok((project, role)),
            (Deed::Grant, Some(_)) => {
                let told = told_above_own(&self.signed_in.held, &self.giving(), project);
                mistakes.add_with(axum::http::StatusCode::FORBIDDEN, "role", told);
                Err(mistakes)
            }
            (Deed::Grant, None) => {
                let told = match form.role.is_empty() {
                    true => "Choose a role.".to_owned(),
                    false => format!("{} has no such role. Choose one of its own.", project.name),
                };
                mistakes.add("role", told);
                Err(mistakes)
            }
        }
    }
}

async fn shows(
    deed: Deed,
    console: &Console,
    signed_in: &SignedIn,
    organization: OrganizationId,
    asked: &Typed,
) -> Result<Response, ErrorPage> {
    let desk = Desk::new(signed_in, organization, deed.wanted())?;
    let selection = selection(console, &desk, asked, Some(Filter::default()), AT_ONCE_MAX).await?;
    if selection.accounts.is_empty() {
        return Err(desk.nothing_chosen(deed.wanted().title));
    }
    Ok(desk.accesses(deed, &selection, &Form::of(asked), &Mistakes::default()))
}

async fn does(
    deed: Deed,
    console: &Console,
    signed_in: &SignedIn,
    organization: OrganizationId,
    typed: &Typed,
) -> Result<Response, ErrorPage> {
    if Form::is_turned(typed) {
        return shows(deed, console, signed_in, organization, typed).await;
    }
    let desk = Desk::new(signed_in, organization, deed.wanted())?;
    let (form, selection) =
        (Form::of(typed), selection(console, &desk, typed, Some(Filter::default()), AT_ONCE_MAX).await?);
    if selection.accounts.is_empty() {
        return Err(desk.nothing_chosen(deed.wanted().title));
    }
    let (project, role) = match desk.meant(deed, &form) {
        Ok(meant) => meant,
        Err(mistakes) => return Ok(desk.accesses(deed, &selection, &form, &mistakes)),
    };
    let effect = desk.effect(deed, &selection, project, Some(role));
    if effect.losing > 0 && form.warned != effect.warned {
        return Ok(desk.accesses(deed, &selection, &form, &Mistakes::default()));
    }
    // All that were chosen, also what is gone by now: all or nothing.
    let ids: BTreeSet<PrincipalId> = super::selection::sent(typed).into_iter().take(AT_ONCE_MAX).collect();
    let is_whole = ids.len() == selection.accounts.len();
    if deed == Deed::Revoke && effect.losing == 0 && is_whole {
        let told = format!("Nothing was granted to any of them in {}, so there is nothing to revoke.", project.name);
        return Ok(desk.accesses(deed, &selection, &form, &Mistakes::one("accounts", told)));
    }
    let number = if deed == Deed::Revoke { effect.losing } else { ids.len() };
    let written = write(deed, console, signed_in, organization, (project.id, role), ids).await;
    match written {
        Ok(()) => Ok(done(deed, console, &desk, project, role, number)),
        Err(WriteError::Refused(refusal)) if let Some(told) = desk.blamed(&refusal) => {
            let mut mistakes = Mistakes::default();
            mistakes.add_with(status_of(&refusal), "accounts", told);
            Ok(desk.accesses(deed, &selection, &form, &mistakes))
        }
        Err(WriteError::Refused(refusal @ (Refusal::RoleAboveOwn { .. } | Refusal::NoSuchRole { .. }))) => {
            let mut mistakes = Mistakes::default();
            let told = told_above_own(&signed_in.held, &desk.giving(), project);
            mistakes.add_with(status_of(&refusal), "role", told);
            Ok(desk.accesses(deed, &selection, &form, &mistakes))
        }
        Err(error) => Err(unwritten(signed_in, place(organization), deed.wanted(), &error)),
    }
}

async fn write(
    deed: Deed,
    console: &Console,
    signed_in: &SignedIn,
    organization: OrganizationId,
    (project, role): (ProjectId, ProjectRole),
    accounts: BTreeSet<PrincipalId>,
) -> Result<(), WriteError> {
    let request = signed_in.write_request(organization).of_many(accounts.len());
    let (caller, writer) = (signed_in.caller, &console.node.writer);
    match deed {
        Deed::Grant => {
            let command = AddToProjects { organization, projects: BTreeMap::from([(project, role)]), accounts };
            let decide = move |draft: &_, moment, _| service_account::add_to_projects(draft, &caller, &command, moment);
            writer.perform(request, decide).await
        }
        Deed::Revoke => {
            let command = RemoveFromProjects { organization, projects: BTreeMap::from([(project, accounts)]) };
            let decide =
                move |draft: &_, moment, _| service_account::remove_from_projects(draft, &caller, &command, moment);
            writer.perform(request, decide).await
        }
    }
}

fn done(
    deed: Deed,
    console: &Console,
    desk: &Desk<'_>,
    project: &Project,
    role: ProjectRole,
    number: usize,
) -> Response {
    let (many, name) = (accounts(number), &project.name);
    let (are, they) = if number == 1 { ("is", "It keeps its") } else { ("are", "They keep their") };
    let were = if number == 1 { "was" } else { "were" };
    let at = words::time(clock::now().seconds());
    let notice = match deed {
        Deed::Grant => {
            let role = words::project_role(&desk.signed_in.held, role);
            Notice::done(format!("{many} {are} {role} of {name}."), format!("As of {at} UTC."))
        }
        Deed::Revoke => {
            let more = format!("As of {at} UTC. {they} access elsewhere, and what a team or the organization gives.");
            Notice::done(format!("{many} {were} taken off {name}."), more)
        }
    };
    notice.at(console, desk.signed_in, &desk.list())
}

/// The page that asks for a project and a role.
pub(in crate::console) async fn show_grant(
    State(console): State<Console>,
    signed_in: SignedIn,
    At(PathId(organization)): At<PathId<OrganizationId>>,
    asked: Typed,
) -> Result<Response, ErrorPage> {
    shows(Deed::Grant, &console, &signed_in, organization, &asked).await
}

/// Gives the role.
pub(in crate::console) async fn grant(
    State(console): State<Console>,
    At(PathId(organization)): At<PathId<OrganizationId>>,
    Submitted { signed_in, typed }: Submitted,
) -> Result<Response, ErrorPage> {
    does(Deed::Grant, &console, &signed_in, organization, &typed).await
}

/// The page that asks for a project.
pub(in crate::console) async fn show_revoke(
    State(console): State<Console>,
    signed_in: SignedIn,
    At(PathId(organization)): At<PathId<OrganizationId>>,
    asked: Typed,
) -> Result<Response, ErrorPage> {
    shows(Deed::Revoke, &console, &signed_in, organization, &asked).await
}

/// Takes them off it.
pub(in crate::console) async fn revoke(
    State(console): State<Console>,
    At(PathId(organization)): At<PathId<OrganizationId>>,
    Submitted { signed_in, typed }: Submitted,
) -> Result<Response, ErrorPage> {
    does(Deed::Revoke, &console, &signed_in, organization, &typed).await
}
