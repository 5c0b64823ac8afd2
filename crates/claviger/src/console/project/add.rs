//! The page that adds somebody of the organization to a project: a service account, a person or a team.
//!
//! Nobody chooses from a list of thousands: one searches, and chooses from what is found. Who does not manage the
//! organization's accounts, people or teams is shown none of them; he names the one that he knows.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use claviger_access::identity::OrganizationId;

use super::mistakes::Mistakes;
use super::role_choice;
use super::spot::{self, Spot};
use super::{Shown, asked};
use crate::console::frame::Frame;
use crate::console::page::page;
use crate::console::place::{Place, ProjectPage};
use crate::console::signed_in::SignedIn;

/// Whom to add.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Account,
    Person,
    Team,
}

impl Kind {
    fn page(self) -> ProjectPage {
        match self {
            Self::Account => ProjectPage::ServiceAccounts,
            Self::Person | Self::Team => ProjectPage::Users,
        }
    }

    /// Where the form goes, below the list's path.
    fn path(self) -> &'static str {
        match self {
            Self::Account | Self::Person => "add",
            Self::Team => "teams/add",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Account => "Add a service account",
            Self::Person => "Add a member",
            Self::Team => "Add a team",
        }
    }

    fn help(self) -> &'static str {
        match self {
            Self::Account => "It gets one more grant; its secret stays the same.",
            Self::Person => "They get a role here, beside what they have already.",
            Self::Team => "Each of its members gets the role here, as long as they are in it.",
        }
    }

    fn placeholder(self, may_search: bool) -> &'static str {
        match (self, may_search) {
            (Self::Account, true) => "Name or username",
            (Self::Account, false) => "Full username",
            (Self::Person, true) => "Name or e-mail",
            (Self::Person, false) => "E-mail",
            (Self::Team, _) => "Name of the team",
        }
    }

    fn things(self) -> &'static str {
        match self {
            Self::Account => "service account",
            Self::Person => "member",
            Self::Team => "team",
        }
    }

    /// The command that does the same.
    fn command(self, id: u64, organization: OrganizationId, spot: Spot, role: &str) -> String {
        let option = spot.option(role);
        match self {
            Self::Account => format!("claviger service-account grant {id} --organization {organization} {option}"),
            Self::Person => format!("claviger project member set {id} {option}"),
            Self::Team => format!("claviger team grant {id} {option}"),
        }
    }
}

/// Somebody who was found.
pub(super) struct Candidate {
    pub id: u64,
    pub name: String,
    pub sub: String,
    /// What he has there already, and through what.
    pub has: Option<String>,
}

impl Candidate {
    /// So many are shown.
    pub(super) const SHOWN_MAX: usize = 25;
}

/// What is shown.
pub(super) struct Adding<'a> {
    pub kind: Kind,
    pub shown: Shown<'a>,
    pub spot: Spot,
    pub find: &'a str,
    pub candidates: Vec<Candidate>,
    /// Whether more were found than are shown.
    pub is_cut: bool,
    pub may_search: bool,
    pub mistakes: Mistakes,
}

#[derive(Template)]
#[template(path = "console/project_add.html")]
struct Add<'p> {
    frame: &'p Frame,
    kind: Kind,
    project: &'p str,
    organization: &'p str,
    spot_name: String,
    list: String,
    list_label: &'static str,
    path: String,
    workspace: String,
    workspaces: Vec<spot::Choice>,
    find: &'p str,
    may_search: bool,
    candidates: &'p [Candidate],
    is_cut: bool,
    roles: Vec<role_choice::Choice>,
    mistakes: &'p Mistakes,
    command: Option<String>,
}

/// What is missing in what was sent.
pub(super) fn mistakes(kind: Kind, is_chosen: bool, has_role: bool) -> Mistakes {
    let mut mistakes = Mistakes::of("added");
    if !is_chosen {
        mistakes.add("found", format!("Choose a {}.", kind.things()));
    }
    if !has_role {
        mistakes.add("role", "Choose a role.");
    }
    mistakes
}

impl Add<'_> {
    fn placeholder(&self) -> &'static str {
        self.kind.placeholder(self.may_search)
    }
}

impl Adding<'_> {
    /// The page; 400 where something was missing.
    pub(super) fn page(&self, signed_in: &SignedIn) -> Response {
        let (list, held) = (self.kind.page(), &signed_in.held);
        let project = self.shown.project;
        let frame = Frame::of(signed_in, Place::Project(project.id, list));
        let path = list.path(project.id);
        let workspace = self.spot.workspace_number();
        let roles = role_choice::choices(held, project, &self.shown.gives(signed_in), None);
        // Of several nobody is meant yet.
        let first = self.candidates.first().filter(|_| self.candidates.len() == 1).zip(roles.first());
        let status = if self.mistakes.is_empty() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
        let view = Add {
            frame: &frame,
            kind: self.kind,
            project: &project.name,
            organization: &self.shown.organization.name,
            spot_name: self.spot.name(held),
            list: asked::address(&path, &[("workspace", &workspace)]),
            list_label: list.label(),
            path: format!("{path}/{}", self.kind.path()),
            workspaces: self.spot.choices(held, project),
            workspace,
            find: self.find,
            may_search: self.may_search,
            candidates: &self.candidates,
            is_cut: self.is_cut,
            command: first
                .map(|(one, role)| self.kind.command(one.id, self.shown.organization.id, self.spot, &role.value)),
            roles,
            mistakes: &self.mistakes,
        };
        page(status, &view)
    }
}
