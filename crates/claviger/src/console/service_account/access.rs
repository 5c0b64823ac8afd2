//! What an account reaches: by project, the role that is in effect, and beneath it every grant with where it comes from.
//!
//! What the account is granted itself comes first, and can be revoked here; the rest leads to where it can be changed.
//! However many grants there are, the page holds so many of them, and counts the others.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::response::Response;
use claviger_access::administration::giving::Giving;
use claviger_access::administration::service_account;
use claviger_access::directory::{Directory, Project};
use claviger_access::effective::{self, ReachedProject, Source, Through};
use claviger_access::grant::{Grant, Granted};
use claviger_access::identity::{OrganizationId, ProjectId, WorkspaceId};
use claviger_access::permission::PermissionSet;
use claviger_access::role::{OrganizationRole, ProjectRole};
use claviger_access::{Decided, Draft, Moment, Refusal};

use super::super::error_page::ErrorPage;
use super::super::notice::Notice;
use super::super::path::At;
use super::super::place::ProjectPage;
use super::super::submitted::Submitted;
use super::super::{Console, words};
use super::history::History;
use super::{NOT_MADE, OfAccount, Seen, Viewer, as_of, seen, undone};
use crate::api::ids::{self, PathId};

/// So many projects are shown.
const PROJECTS_SHOWN: usize = 40;

/// So many grants of one project, and so many roles on single workspaces.
const LINES_OF_PROJECT: usize = 8;
const TAGS_OF_PROJECT: usize = 4;

/// So many grants in all; each project is shown with one at least.
const LINES_SHOWN: usize = 50;

/// With more projects than this, a line says how to revoke it alone: roles are changed by granting others.
const PROJECTS_WITH_LINKS: usize = 20;

/// A project, or a workspace of one: `101`, `101/201`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Where {
    pub project: ProjectId,
    pub workspace: Option<WorkspaceId>,
}

/// What the page shows of it.
pub(super) struct Access {
    pub groups: Vec<Group>,
    /// How many projects more there are.
    pub more: Option<String>,
}

/// A project, or the organization itself.
pub(super) struct Group {
    pub name: String,
    /// Such as `Admin in effect`.
    pub in_effect: Vec<String>,
    pub lines: Vec<Line>,
    /// How many grants more there are.
    pub more: usize,
}

/// A grant.
pub(super) struct Line {
    pub place: String,
    pub role: String,
    pub from: String,
    pub sub: Option<String>,
    pub is_own: bool,
    /// Where its role is changed.
    pub lead: Option<Lead>,
    /// What revokes it, and what the button says.
    pub revoke: Option<(String, String)>,
}

/// A link: its address, what it says, and to what it leads.
pub(super) struct Lead {
    pub path: String,
    pub text: &'static str,
    pub object: String,
}

impl Where {
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text.split_once('/') {
            Some((project, workspace)) => {
                Some(Self { project: ids::read(project)?, workspace: Some(ids::read(workspace)?) })
            }
            None => Some(Self { project: ids::read(text)?, workspace: None }),
        }
    }

    pub(super) fn text(self) -> String {
        match self.workspace {
            Some(workspace) => format!("{}/{workspace}", self.project),
            None => self.project.to_string(),
        }
    }

    /// `Data warehouse, Finance`; `None` where it is not in that organization.
    pub(super) fn name(self, directory: &Directory, organization: OrganizationId) -> Option<String> {
        let project = directory.project(self.project).filter(|known| known.organization == organization)?;
        match self.workspace {
            None => Some(project.name.clone()),
            Some(workspace) => {
                let workspace = directory.workspace(workspace).filter(|known| known.project == project.id)?;
                Some(format!("{}, {}", project.name, workspace.name))
            }
        }
    }
}

/// Looks up what the lines of a page need.
struct Reader<'r> {
    viewer: Viewer<'r>,
    /// What he may give, gathered once for all projects.
    giving: Giving<'r>,
    seen: &'r Seen<'r>,
    history: Option<&'r History>,
    path: String,
    /// Many projects make a long page.
    is_long: bool,
}

/// The projects that an account reaches, those first in which it is granted something itself.
pub(super) fn reached(directory: &Directory, seen: &Seen<'_>) -> Vec<(ProjectId, ReachedProject)> {
    let own: BTreeSet<ProjectId> = seen.view.grants().iter().filter_map(|grant| project_of(directory, grant)).collect();
    let reached = effective::reach(directory, &seen.view, seen.organization.id);
    let mut reached: Vec<(ProjectId, ReachedProject)> = reached.into_iter().collect();
    reached.sort_by_key(|(project, _)| (!own.contains(project), *project));
    reached
}

fn project_of(directory: &Directory, grant: &Grant) -> Option<ProjectId> {
    match grant.granted() {
        Granted::Organization(..) => None,
        Granted::Project(project, _) => Some(project),
        Granted::Workspace(workspace, _) => directory.workspace(workspace).map(|known| known.project),
    }
}

impl Access {
    pub(super) fn of(
        viewer: Viewer<'_>,
        seen: &Seen<'_>,
        history: Option<&History>,
        reached: &[(ProjectId, ReachedProject)],
    ) -> Self {
        let giving = Giving::new(viewer.directory, viewer.caller, seen.organization.id);
        let is_long = reached.len() > PROJECTS_WITH_LINKS;
        let reader = Reader { viewer, giving, seen, history, path: seen.address(), is_long };
        let mut groups: Vec<Group> = reader.organization().into_iter().collect();
        // Beside the one that each project is shown with.
        let mut room = LINES_SHOWN - reached.len().min(PROJECTS_SHOWN);
        for (project, reached) in reached.iter().take(PROJECTS_SHOWN) {
            let Some(project) = viewer.directory.project(*project) else { continue };
            let group = reader.group(project, reached, (room + 1).min(LINES_OF_PROJECT));
            room = (room + 1).saturating_sub(group.lines.len().max(1));
            groups.push(group);
        }
        let more = reached.len().saturating_sub(PROJECTS_SHOWN);
        Self { groups, more: (more > 0).then(|| words::count(more)) }
    }
}

impl Reader<'_> {
    fn directory(&self) -> &Directory {
        self.viewer.directory
    }

    fn may_change(&self) -> bool {
        self.seen.unchangeable.is_none()
    }

    /// Its role in the organization, where it is more than a member.
    fn organization(&self) -> Option<Group> {
        let organization = self.seen.organization;
        let role = effective::organization_role(&self.seen.view, organization.id)?;
        if role == OrganizationRole::Member {
            return None;
        }
        let object = format!("role in {}", organization.name);
        let lead = Lead { path: format!("{}/edit", self.path), text: "Change", object };
        let line = Line {
            place: "Whole organization".to_owned(),
            role: words::role(role).to_owned(),
            from: "Granted to it".to_owned(),
            sub: None,
            is_own: true,
            lead: Some(lead).filter(|_| self.may_change()),
            revoke: None,
        };
        let in_effect = vec![format!("{} in effect", words::role(role))];
        Some(Group { name: organization.name.clone(), in_effect, lines: vec![line], more: 0 })
    }

    fn group(&self, project: &Project, reached: &ReachedProject, room: usize) -> Group {
        let (directory, view) = (self.directory(), &self.seen.view);
        let mut on_project: Vec<Source> = effective::project_sources(directory, view, project).collect();
        on_project.sort_by_key(|source| source.through);
        let on_workspaces: Vec<(Grant, Through)> =
            effective::workspace_grants_in(directory, view, project.id).collect();
        let to_give = self.giving.permissions_on(project.id);
        let has_more_than_project = on_workspaces.iter().any(|(_, through)| *through == Through::Individual);
        let lines = on_project.iter().map(|source| self.on_project(project, source, &to_give, has_more_than_project));
        let workspaces = on_workspaces.iter().filter_map(|held| self.on_workspace(project, *held, &to_give));
        let number = on_project.len() + on_workspaces.len();
        let lines: Vec<Line> = lines.chain(workspaces).take(room).collect();
        let in_effect = self.in_effect(reached, &on_workspaces);
        Group { name: project.name.clone(), in_effect, more: number - lines.len(), lines }
    }

    fn in_effect(&self, reached: &ReachedProject, on_workspaces: &[(Grant, Through)]) -> Vec<String> {
        let role_told = |role: ProjectRole| words::project_role(self.directory(), role);
        let mut tags: Vec<String> = reached.role.iter().map(|role| format!("{} in effect", role_told(*role))).collect();
        let granted: BTreeSet<WorkspaceId> =
            on_workspaces.iter().filter_map(|(grant, _)| workspace_of(grant)).collect();
        let higher = granted.iter().filter_map(|id| Some((*id, *reached.workspaces.get(id)?)));
        let higher = higher.filter(|(_, role)| Some(*role) > reached.role);
        let only = if reached.role.is_none() { " only" } else { "" };
        let told = higher.filter_map(|(id, role)| {
            Some(format!("{} in {}{only}", role_told(role), self.directory().workspace(id)?.name))
        });
        let told: Vec<String> = told.collect();
        let more = told.len().saturating_sub(TAGS_OF_PROJECT);
        tags.extend(told.into_iter().take(TAGS_OF_PROJECT));
        tags.extend((more > 0).then(|| format!("and {} workspaces more", words::count(more))));
        tags
    }

    fn on_project(&self, project: &Project, source: &Source, to_give: &PermissionSet, with_workspaces: bool) -> Line {
        let at = Where { project: project.id, workspace: None };
        let line = self.line(at, "Whole project".to_owned(), source.role, source.through, to_give);
        match &line.revoke {
            Some(_) if with_workspaces => Line { sub: Some("revoked with its workspaces".to_owned()), ..line },
            _ => line,
        }
    }

    fn on_workspace(
        &self,
        project: &Project,
        (grant, through): (Grant, Through),
        to_give: &PermissionSet,
    ) -> Option<Line> {
        let id = workspace_of(&grant)?;
        let place = format!("Workspace {}", self.directory().workspace(id)?.name);
        let at = Where { project: project.id, workspace: Some(id) };
        Some(self.line(at, place, grant.granted().project_role()?, through, to_give))
    }

    fn line(&self, at: Where, place: String, role: ProjectRole, through: Through, to_give: &PermissionSet) -> Line {
        let directory = self.directory();
        let told = words::project_role(directory, role);
        let is_own = through == Through::Individual;
        let may_take = is_own && to_give.includes(&directory.permissions_of(role));
        let by = self.history.filter(|_| is_own).and_then(|history| history.given(at.project, at.workspace));
        let name = match at.workspace {
            Some(workspace) => directory.workspace(workspace).map(|known| known.name.as_str()),
            None => directory.project(at.project).map(|known| known.name.as_str()),
        }
        .unwrap_or_default();
        Line {
            place,
            from: self.from(through),
            sub: by.map(|by| format!("by {}, {}", by.by, words::date(by.when))),
            is_own,
            lead: self.leads(at, through, name).filter(|_| may_take || !is_own),
            revoke: may_take.then(|| (at.text(), format!("Revoke {told} in {name}"))),
            role: told,
        }
    }

    fn from(&self, through: Through) -> String {
        match through {
            Through::Individual => "Granted to it".to_owned(),
            Through::Team(team) => format!("Team {}", self.directory().team(team).map_or("", |team| &team.name)),
            Through::Organization(role) => format!("Organization role {}", words::role(role)),
            Through::EveryMember => format!("Everyone in {}", self.seen.organization.name),
        }
    }

    /// Where it can be changed.
    fn leads(&self, at: Where, through: Through, name: &str) -> Option<Lead> {
        let organization = self.seen.organization;
        let role_in = |name: &str| format!("role in {name}");
        match through {
            Through::Individual => {
                let workspace = at.workspace.map_or_else(String::new, |workspace| format!("&workspace={workspace}"));
                let path = format!("{}/grant?project={}{workspace}", self.path, at.project);
                (!self.is_long).then(|| Lead { path, text: "Change", object: role_in(name) })
            }
            Through::Team(team) => {
                let object = self.directory().team(team)?.name.clone();
                let path = format!("/console/organizations/{}/teams/{team}", organization.id);
                Some(Lead { path, text: "Open team", object })
            }
            Through::Organization(_) => {
                let lead =
                    Lead { path: format!("{}/edit", self.path), text: "Change", object: role_in(&organization.name) };
                Some(lead).filter(|_| self.may_change())
            }
            Through::EveryMember => {
                let object = self.directory().project(at.project)?.name.clone();
                Some(Lead { path: ProjectPage::Users.path(at.project), text: "Open project", object })
            }
        }
    }
}

fn workspace_of(grant: &Grant) -> Option<WorkspaceId> {
    match grant.granted() {
        Granted::Workspace(workspace, _) => Some(workspace),
        Granted::Organization(..) | Granted::Project(..) => None,
    }
}

/// Takes what the account is granted itself on a project, its workspaces included, or on one workspace.
pub(super) async fn revoke(
    State(console): State<Console>,
    At((PathId(organization), PathId(account))): OfAccount,
    Submitted { signed_in, typed }: Submitted,
) -> Result<Response, ErrorPage> {
    let seen = seen(&console, &signed_in, organization, account, NOT_MADE).await?;
    let at = Where::parse(typed.one("grant")).ok_or_else(ErrorPage::unreadable_form)?;
    let path = seen.address();
    let grants = seen.view.grants();
    let held = grants.iter().find(|grant| match (grant.granted(), at.workspace) {
        (Granted::Project(project, _), None) => project == at.project,
        (Granted::Workspace(on, _), Some(workspace)) => on == workspace,
        _ => false,
    });
    let place = at.name(&signed_in.held, organization);
    let (Some(role), Some(place)) = (held.and_then(|held| held.granted().project_role()), place) else {
        let notice = Notice::warning(format!("{} has no such grant any more.", seen.name()), "Nothing was changed.");
        return Ok(notice.at(&console, &signed_in, &path));
    };
    let role = words::project_role(&signed_in.held, role);
    let caller = signed_in.caller;
    let decide = move |draft: &Draft, moment: Moment, _| -> Result<Decided<()>, Refusal> {
        match at.workspace {
            None => service_account::remove_from_project(draft, &caller, at.project, account, moment),
            Some(workspace) => {
                service_account::take_workspace_role(draft, &caller, at.project, workspace, account, moment)
            }
        }
    };
    if let Err(error) = console.node.writer.perform(signed_in.write_request(organization), decide).await {
        return Err(undone(&console, &signed_in, (organization, account), &error).await);
    }
    let more = still(&console, &seen, at, &place);
    Ok(Notice::done(format!("{role} in {place} was revoked."), more).at(&console, &signed_in, &path))
}

/// What of the place it still reaches, on the image after the deed.
fn still(console: &Console, seen: &Seen<'_>, at: Where, place: &str) -> String {
    let name = seen.name();
    let Ok(held) = console.node.cluster.directory() else { return String::new() };
    let (Some(view), Some(project)) = (held.principal(seen.view.id()), held.project(at.project)) else {
        return String::new();
    };
    let highest = match at.workspace {
        None => effective::project_sources(&held, &view, project).max_by_key(|source| source.role),
        Some(workspace) => effective::workspace_sources(&held, &view, workspace).max_by_key(|source| source.role),
    };
    let Some(source) = highest else {
        return as_of(&format!("{name} does not reach {place}"));
    };
    let through = match source.through {
        Through::Individual => "granted to it".to_owned(),
        Through::Team(team) => format!("through team {}", held.team(team).map_or("", |team| &team.name)),
        Through::Organization(role) => format!("by its role {} in {}", words::role(role), seen.organization.name),
        Through::EveryMember => format!("as everyone in {}", seen.organization.name),
    };
    format!("{name} still reaches {place} as {}, {through}.", words::project_role(&held, source.role))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_written_as_on_the_command_line() {
        let project = ProjectId::new(101).expect("an id");
        let at = Where { project, workspace: WorkspaceId::new(201) };
        assert_eq!(Where::parse("101/201"), Some(at));
        assert_eq!(at.text(), "101/201");
        assert_eq!(Where::parse("101").map(Where::text).as_deref(), Some("101"));
        for none in ["", "/", "101/", "/201", "101/201/3", "0", "x", "-1"] {
            assert_eq!(Where::parse(none), None, "{none}");
        }
    }
}
