//! Inviting somebody to join the organization.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use claviger_access::administration::invitation::{self, Invite};
use claviger_access::change::InvitationTerms;
use claviger_access::directory::Organization;
use claviger_access::email::EmailAddress;
use claviger_access::identity::{OrganizationId, ProjectId};
use claviger_access::role::{OrganizationRole, ProjectRole, Role};
use claviger_access::{Directory, Refusal};

use super::sent::{Sent, shown};
use super::{path, permitted, place};
use crate::api::failure::status_of;
use crate::api::ids::{self, PathId};
use crate::console::base_url::BaseUrl;
use crate::console::error_page::ErrorPage;
use crate::console::frame::Frame;
use crate::console::grantable::{self, CHOICES_MAX, Choice, FOUND_MAX};
use crate::console::mistakes::Mistakes;
use crate::console::notice::Notice;
use crate::console::page::page;
use crate::console::path::At;
use crate::console::refused::{Wanted, unwritten};
use crate::console::search::{finds, sought};
use crate::console::signed_in::SignedIn;
use crate::console::submitted::Submitted;
use crate::console::typed::Typed;
use crate::console::{Console, above_own, once, words};
use crate::writer::WriteError;

const INVITE: Wanted = Wanted { title: "Invite people", deed: "invite people" };

#[derive(Template)]
#[template(path = "console/users_teams/invite.html")]
struct Page<'p> {
    frame: &'p Frame,
    organization: &'p str,
    list: String,
    action: String,
    once: String,
    email: String,
    roles: Vec<Choice>,
    projects: Vec<Choice>,
    /// There are too many projects to show all.
    is_searched: bool,
    find: String,
    /// How many more were found than are shown.
    more: usize,
    project_roles: Vec<Choice>,
    mistakes: Mistakes,
    command: String,
}

/// The form.
pub(in crate::console) async fn show(
    State(_): State<Console>,
    signed_in: SignedIn,
    At(PathId(organization)): At<PathId<OrganizationId>>,
) -> Result<Response, ErrorPage> {
    let (_, known) = permitted(&signed_in, organization, &INVITE)?;
    form(&signed_in, known, StatusCode::OK, &Typed::default(), Mistakes::default())
}

/// Sends it, and shows its link; or finds projects for the form.
pub(in crate::console) async fn send(
    State(console): State<Console>,
    base_url: BaseUrl,
    At(PathId(organization)): At<PathId<OrganizationId>>,
    submitted: Submitted,
) -> Result<Response, ErrorPage> {
    let Submitted { signed_in, typed } = submitted;
    let (_, known) = permitted(&signed_in, organization, &INVITE)?;
    if typed.has("look") {
        return form(&signed_in, known, StatusCode::OK, &typed, Mistakes::default());
    }
    let key = once::key(signed_in.person, &typed)?;
    let command = match read(organization, &typed) {
        Ok(command) => command,
        Err(mistakes) => return form(&signed_in, known, StatusCode::BAD_REQUEST, &typed, mistakes),
    };
    let (caller, things) = (signed_in.caller, command.terms.projects.len());
    let decide = move |draft: &_, moment, random| invitation::send(draft, &caller, &command, moment, random);
    let request = signed_in.write_request(organization).of_many(things);
    match console.node.writer.create(request, Some(key), decide).await {
        Ok(sent) => shown(&console, &signed_in, &Sent { organization, sent, is_again: false, base_url }),
        Err(WriteError::Refused(Refusal::AlreadyCreated { .. })) => {
            let more = "Its link was shown once and cannot be shown again. Send it again to get a new one.";
            let notice = Notice::warning("This invitation was sent already.", more);
            Ok(notice.at(&console, &signed_in, &format!("{}?view=invitations", path(organization))))
        }
        Err(WriteError::Refused(refusal)) => match about_a_field(&signed_in, known, &refusal) {
            Some(mistakes) => form(&signed_in, known, status_of(&refusal), &typed, mistakes),
            None => {
                let error = WriteError::Refused(refusal);
                Err(above_own::not_written(&signed_in, place(organization), &INVITE, &error))
            }
        },
        Err(error) => Err(unwritten(&signed_in, place(organization), &INVITE, &error)),
    }
}

/// What was typed, as a command.
fn read(organization: OrganizationId, typed: &Typed) -> Result<Invite, Mistakes> {
    let mut mistakes = Mistakes::default();
    let email = EmailAddress::parse(typed.one("email"));
    let is_empty = typed.one("email").trim().is_empty();
    let email = email.map_err(|error| match is_empty {
        true => "Give an e-mail address.".to_owned(),
        false => format!("The address {error}."),
    });
    let email = mistakes.take("email", email);
    let role = OrganizationRole::parse(typed.one("role")).ok_or_else(|| "Choose a role.".to_owned());
    let role = mistakes.take("role", role);
    let ticked: Option<BTreeSet<ProjectId>> = typed.all("project").map(ids::read).collect();
    let ticked = ticked.filter(|ticked| ticked.len() <= CHOICES_MAX);
    let too_many = || format!("Tick {CHOICES_MAX} projects at most. More can be granted later.");
    let ticked = mistakes.take("project", ticked.ok_or_else(too_many));
    let given = Role::parse(typed.one("project_role")).map(ProjectRole::BuiltIn);
    let given = match ticked.as_ref().is_some_and(BTreeSet::is_empty) {
        true => Some(Role::Consumer.into()),
        false => mistakes.take("project_role", given.ok_or_else(|| "Choose a role.".to_owned())),
    };
    let (Some(email), Some(role), Some(ticked), Some(given)) = (email, role, ticked, given) else {
        return Err(mistakes);
    };
    let projects: BTreeMap<_, _> = ticked.into_iter().map(|project| (project, given)).collect();
    let terms = InvitationTerms { role, projects, workspaces: BTreeMap::new(), teams: BTreeSet::new() };
    Ok(Invite { organization, email, terms })
}

/// A refusal that the form can be changed for.
fn about_a_field(signed_in: &SignedIn, known: &Organization, refusal: &Refusal) -> Option<Mistakes> {
    let name = &known.name;
    match refusal {
        Refusal::AlreadyMember { email, .. } => {
            Some(Mistakes::one("email", format!("{} belongs to {name} already.", email.as_str())))
        }
        Refusal::AlreadyInvited { email, .. } => {
            let text = format!("{} is invited already. Send that invitation again, or withdraw it.", email.as_str());
            Some(Mistakes::one("email", text))
        }
        Refusal::RoleAboveOwn { scope, .. } => {
            let field = match scope {
                claviger_access::authorize::Scope::Organization(_) => "role",
                claviger_access::authorize::Scope::Project(_) => "project_role",
            };
            Some(Mistakes::one(field, above_own::told(signed_in, refusal)?))
        }
        Refusal::NoSuchProject { .. } => {
            let text = format!("One of these projects is not in {name} any more. Tick those that are meant.");
            Some(Mistakes::one("project", text))
        }
        _ => None,
    }
}

fn form(
    signed_in: &SignedIn,
    known: &Organization,
    status: StatusCode,
    typed: &Typed,
    mistakes: Mistakes,
) -> Result<Response, ErrorPage> {
    let or = |name: &str, usual: &'static str| match typed.one(name) {
        "" => usual.to_owned(),
        sent => sent.to_owned(),
    };
    let (role, given) = (or("role", OrganizationRole::Member.name()), or("project_role", Role::Consumer.name()));
    let (email, find) = (typed.shown("email").chars().take(320).collect::<String>(), sought(typed.one("find")));
    let ticked: BTreeSet<ProjectId> = typed.all("project").filter_map(ids::read).take(CHOICES_MAX).collect();
    let (projects, more) = projects(&signed_in.held, known, &find, &ticked);
    let frame = Frame::of(signed_in, place(known.id));
    let address = if email.is_empty() { "EMAIL".to_owned() } else { words::shell_word(&email) };
    let given_too: String = ticked.iter().map(|id| format!(" --project {id}:{}", words::shell_word(&given))).collect();
    let shown = Page {
        frame: &frame,
        organization: &known.name,
        list: path(known.id),
        action: format!("/console/organizations/{}/invitations", known.id),
        once: once::fresh()?,
        roles: grantable::organization_roles(signed_in, known.id, &role),
        is_searched: known.projects.len() > FOUND_MAX,
        projects,
        more,
        project_roles: grantable::roles(signed_in, known.id, &given),
        mistakes,
        command: format!(
            "claviger invitation send {address} --organization {} --role {}{given_too}",
            known.id,
            words::shell_word(&role)
        ),
        email,
        find,
    };
    Ok(page(status, &shown).into_response())
}

/// The projects to tick: all where they are few, else what was ticked and what is found; and how many more are found.
fn projects(
    directory: &Directory,
    known: &Organization,
    find: &str,
    ticked: &BTreeSet<ProjectId>,
) -> (Vec<Choice>, usize) {
    let all = || known.projects.iter().filter_map(|id| directory.project(*id));
    let choice = |project: &claviger_access::directory::Project| Choice {
        value: project.id.to_string(),
        text: project.name.clone(),
        is_chosen: ticked.contains(&project.id),
    };
    if known.projects.len() <= FOUND_MAX {
        return (all().map(choice).collect(), 0);
    }
    let mut choices: Vec<Choice> = all().filter(|project| ticked.contains(&project.id)).map(choice).collect();
    let is_found = |name: &str| !find.is_empty() && finds(find, name);
    let mut found = all().filter(|project| !ticked.contains(&project.id) && is_found(&project.name));
    choices.extend(found.by_ref().take(FOUND_MAX).map(choice));
    (choices, found.count())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::frame::tests::{SCRIPT, frame};

    #[test]
    fn what_was_typed_is_read_and_told_by_field() {
        let organization = OrganizationId::new(7).expect("an id");
        let read = |text: &str| read(organization, &Typed::parse(text.as_bytes()).expect("a form"));
        let right = read("email=ada%40example.com&role=admin&project=9&project=8&project_role=analyst").ok();
        let right = right.expect("a command");
        assert_eq!((right.email.as_str(), right.terms.role), ("ada@example.com", OrganizationRole::Admin));
        assert_eq!(right.terms.projects.len(), 2);
        assert!(read("email=ada%40example.com&role=member&project_role=").is_ok(), "no project, no role there");
        let wrong = read("email=ada&role=king&project=x&project_role=prince").err().expect("mistakes");
        let fields: Vec<_> = wrong.each().iter().map(|mistake| mistake.field.as_str()).collect();
        assert_eq!(fields, ["email", "role", "project", "project_role"]);
    }

    #[test]
    fn whatever_it_names_is_text() {
        let frame = frame(true);
        let choice = || vec![Choice { value: SCRIPT.to_owned(), text: SCRIPT.to_owned(), is_chosen: true }];
        let text = Page {
            frame: &frame,
            organization: SCRIPT,
            list: "/console/x".to_owned(),
            action: "/console/x".to_owned(),
            once: "0".repeat(32),
            email: SCRIPT.to_owned(),
            roles: choice(),
            projects: choice(),
            is_searched: true,
            find: SCRIPT.to_owned(),
            more: 7,
            project_roles: choice(),
            mistakes: Mistakes::one("email", SCRIPT),
            command: SCRIPT.to_owned(),
        };
        let text = text.render().expect("a page");
        assert_eq!(text.matches("<script").count(), 1, "the script of the page itself: {text}");
        assert!(text.contains("Nobody was invited. One thing needs a change.") && text.contains("id=\"email-e\""));
        assert_eq!(text.matches("aria-invalid").count(), 1, "{text}");
    }
}
