//! Why an account may do something somewhere, or may not: one sentence, and the grants that it rests on.
//!
//! What gives a role, and what roles allow together, is told by the same rules that decide requests.

use claviger_access::authorize::explain;
use claviger_access::directory::{Directory, Project};
use claviger_access::effective::{self, ReachedProject, Source, Through};
use claviger_access::grant::Granted;
use claviger_access::identity::ProjectId;
use claviger_access::permission::{Permission, PermissionName};
use claviger_access::role::{ProjectRole, Role};

use super::super::typed::Typed;
use super::super::words;
use super::access::Where;
use super::history::History;
use super::{Seen, Viewer};

/// So many places, and so many permissions, are offered.
const OFFERED_MAX: usize = 25;

/// So many reasons are given.
const REASONS_MAX: usize = 10;

/// The question's form, and its answer if it was asked.
pub(super) struct Explained {
    pub places: Vec<Offered>,
    pub permissions: Vec<String>,
    /// What was asked for.
    pub permission: String,
    pub answer: Option<Answer>,
    /// What is wrong with the question.
    pub error: Option<String>,
    pub command: Option<String>,
}

/// A place to choose.
pub(super) struct Offered {
    pub value: String,
    pub name: String,
    pub is_chosen: bool,
}

/// What is answered.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub is_yes: bool,
    pub strong: String,
    pub reasons: Vec<String>,
}

/// One who is asked about, with what the answer names.
struct Asked<'a> {
    directory: &'a Directory,
    seen: &'a Seen<'a>,
    history: Option<&'a History>,
    at: Where,
    place: String,
    is_expired: bool,
}

impl Explained {
    /// `None` for who may not ask.
    pub(super) fn of(
        viewer: Viewer<'_>,
        seen: &Seen<'_>,
        history: Option<&History>,
        reached: &[(ProjectId, ReachedProject)],
        asked: &Typed,
    ) -> Option<Self> {
        let (organization, account) = (seen.organization.id, seen.view.id());
        let directory = viewer.directory;
        explain(directory, viewer.caller, organization, account, viewer.now).ok()?;
        let at = Where::parse(asked.one("where"));
        let permission = asked.one("permission").trim().to_owned();
        let mut explained = Self {
            places: offered(directory, seen, reached, at),
            permissions: permissions(directory, reached),
            answer: None,
            error: None,
            command: None,
            permission,
        };
        if asked.has("permission") {
            let expires = seen.view.expires();
            explained.answer(directory, seen, history, at, expires.has_passed(viewer.now));
        }
        Some(explained)
    }

    fn answer(
        &mut self,
        directory: &Directory,
        seen: &Seen<'_>,
        history: Option<&History>,
        at: Option<Where>,
        is_expired: bool,
    ) {
        let organization = seen.organization.id;
        let named = at.and_then(|at| Some((at, at.name(directory, organization)?)));
        let Some((at, place)) = named else {
            self.error = Some(format!("{} has no such project or workspace. Choose one.", seen.organization.name));
            return;
        };
        let wanted = match PermissionName::parse(&self.permission) {
            Ok(wanted) => wanted,
            Err(_) => {
                self.error = Some("Name a permission: a noun and a verb, such as reports:export.".to_owned());
                return;
            }
        };
        let place_option = match at.workspace {
            Some(workspace) => format!("--workspace {workspace}"),
            None => format!("--project {}", at.project),
        };
        self.command = Some(format!(
            "claviger explain {}{} {place_option} --permission {}",
            seen.view.id(),
            seen.on_organization(),
            wanted.as_str()
        ));
        let asked = Asked { directory, seen, history, at, place, is_expired };
        self.answer = directory.project(at.project).map(|project| asked.answer(project, &wanted));
    }
}

impl Asked<'_> {
    fn answer(&self, project: &Project, wanted: &PermissionName) -> Answer {
        let (directory, view) = (self.directory, &self.seen.view);
        let mut sources: Vec<Source> = match self.at.workspace {
            Some(workspace) => effective::workspace_sources(directory, view, workspace).collect(),
            None => effective::project_sources(directory, view, project).collect(),
        };
        let allows = |role: ProjectRole| directory.permissions_of(role).allows(wanted);
        sources.sort_by_key(|source| (!allows(source.role), source.through, std::cmp::Reverse(source.role)));
        let is_yes = effective::add_up(directory, sources.iter().copied()).allows(wanted);
        let (name, place, wanted_name) = (self.seen.name(), &self.place, wanted.as_str());
        let strong = match (is_yes, sources.len()) {
            (true, _) => format!("Yes. {name} may {wanted_name} in {place}."),
            (false, 0) => format!("No. {name} has no grant in {place}.{}", self.would(project, wanted)),
            (false, 1) => {
                format!("No. Its one grant in {place} does not have {wanted_name}.{}", self.would(project, wanted))
            }
            (false, number) => {
                let number = words::count(number);
                format!("No. None of its {number} grants in {place} has {wanted_name}.{}", self.would(project, wanted))
            }
        };
        Answer { is_yes, strong, reasons: self.reasons(&sources, allows) }
    }

    /// The role that would do and allows least.
    fn would(&self, project: &Project, wanted: &PermissionName) -> String {
        let custom = project.custom_roles.iter().map(|id| ProjectRole::Custom(*id));
        let built_in = Role::ALL.into_iter().map(ProjectRole::BuiltIn);
        let roles = built_in.chain(custom).filter(|role| self.directory.permissions_of(*role).allows(wanted));
        let allowed = |role: &ProjectRole| self.directory.permissions_of(*role);
        // Whatever the installation makes up is more than any number of permissions that are named.
        let least = roles.min_by_key(|role| (allowed(role).has_every_own(), allowed(role).len()));
        let role = least.map(|role| words::project_role(self.directory, role));
        role.map_or_else(|| " No role of a project has it.".to_owned(), |role| format!(" {role} would."))
    }

    fn reasons(&self, sources: &[Source], allows: impl Fn(ProjectRole) -> bool) -> Vec<String> {
        let mut reasons = Vec::new();
        let first = sources.iter().find(|source| allows(source.role));
        let mut is_first = true;
        for source in sources.iter().take(REASONS_MAX) {
            let told = format!("{}, {},", self.role(source), self.through(source));
            reasons.push(match (allows(source.role), first) {
                (false, _) => format!("{told} does not have it."),
                (true, Some(first)) if !is_first => {
                    format!("{told} has it too. Revoking {} alone would change nothing here.", self.role(first))
                }
                (true, _) => format!("{told} has this permission."),
            });
            is_first &= !allows(source.role);
        }
        let more = sources.len().saturating_sub(REASONS_MAX);
        reasons.extend((more > 0).then(|| format!("{} grants more are not listed here.", words::count(more))));
        let refused = "so its requests are refused all the same.";
        reasons.extend(self.seen.view.is_disabled().then(|| format!("It is disabled, {refused}")));
        reasons.extend(self.is_expired.then(|| format!("It has expired, {refused}")));
        reasons
    }

    fn role(&self, source: &Source) -> String {
        words::project_role(self.directory, source.role)
    }

    fn through(&self, source: &Source) -> String {
        let by = || {
            let workspace = match source.grant.granted() {
                Granted::Workspace(workspace, _) => Some(workspace),
                Granted::Organization(..) | Granted::Project(..) => None,
            };
            self.history.and_then(|history| history.given(self.at.project, workspace))
        };
        match source.through {
            Through::Individual => {
                let by = by().map(|done| format!(" by {} on {}", done.by, words::date(done.when)));
                format!("granted to it{}", by.unwrap_or_default())
            }
            Through::Team(team) => {
                format!("through team {}", self.directory.team(team).map_or("", |team| &team.name))
            }
            Through::Organization(role) => format!("by its organization role {}", words::role(role)),
            Through::EveryMember => format!("as everyone in {}", self.seen.organization.name),
        }
    }
}

/// What it reaches, then what else there is, up to what a list holds.
fn offered(
    directory: &Directory,
    seen: &Seen<'_>,
    reached: &[(ProjectId, ReachedProject)],
    at: Option<Where>,
) -> Vec<Offered> {
    let own = seen.view.grants().iter().filter_map(|grant| match grant.granted() {
        Granted::Workspace(id, _) => {
            directory.workspace(id).map(|known| Where { project: known.project, workspace: Some(id) })
        }
        Granted::Organization(..) | Granted::Project(..) => None,
    });
    let whole = |project: ProjectId| Where { project, workspace: None };
    let projects = reached.iter().map(|(project, _)| whole(*project));
    let others = seen.organization.projects.iter().map(|project| whole(*project));
    let mut places: Vec<Where> = Vec::new();
    for place in at.into_iter().chain(projects.take(OFFERED_MAX / 2)).chain(own).chain(others) {
        if places.len() == OFFERED_MAX {
            break;
        }
        if !places.contains(&place) {
            places.push(place);
        }
    }
    let named = places.into_iter().filter_map(|place| {
        let name = place.name(directory, seen.organization.id)?;
        Some(Offered { value: place.text(), name, is_chosen: at == Some(place) })
    });
    let mut named: Vec<Offered> = named.collect();
    named.sort_by(|one, other| one.name.cmp(&other.name));
    named
}

/// Those of the catalogue that a project's roles know, and those that roles of what it reaches made up.
fn permissions(directory: &Directory, reached: &[(ProjectId, ReachedProject)]) -> Vec<String> {
    let known = Role::Owner.permissions().iter().map(|permission: &Permission| permission.name().to_owned());
    let mut all: Vec<String> = known.collect();
    let projects = reached.iter().take(OFFERED_MAX).filter_map(|(project, _)| directory.project(*project));
    let roles = projects.flat_map(|project| &project.custom_roles).filter_map(|role| directory.custom_role(*role));
    for name in roles.flat_map(|role| role.properties.permissions.names()) {
        if all.len() == OFFERED_MAX {
            break;
        }
        if !all.iter().any(|known| known == name.as_str()) {
            all.push(name.as_str().to_owned());
        }
    }
    all
}
