//! Through what somebody reaches a project or a workspace, as rows and sentences tell it.

use std::cmp::Reverse;

use claviger_access::Directory;
use claviger_access::directory::{Organization, PrincipalView, Project, Team};
use claviger_access::effective::{self, Through};
use claviger_access::grant::{Grant, Granted};
use claviger_access::identity::{OrganizationId, ProjectId, WorkspaceId};
use claviger_access::permission::PermissionSet;
use claviger_access::role::{ProjectRole, Role};

use super::role_choice;
use super::spot::Spot;
use crate::console::words;

/// So many ways are told on a row, and the others counted.
const TOLD_MAX: usize = 2;

/// One role that reaches a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Way {
    pub role: ProjectRole,
    pub through: Through,
    /// The workspace that it is granted on; `None` for the whole project.
    pub on: Option<WorkspaceId>,
}

/// All that lets somebody reach a place, what counts first at the front. Empty for who does not reach it.
pub(super) struct Reached(Vec<Way>);

impl Reached {
    /// A project is reached also by who reaches a workspace of it alone.
    pub(super) fn of(directory: &Directory, view: &PrincipalView<'_>, known: &Project, spot: Spot) -> Self {
        let on = |grant: &Grant| match grant.granted() {
            Granted::Workspace(on, _) => Some(on),
            Granted::Project(..) | Granted::Organization(..) => None,
        };
        let ways: Vec<Way> = match spot.workspace {
            Some(workspace) => effective::workspace_sources(directory, view, workspace)
                .map(|source| Way { role: source.role, through: source.through, on: on(&source.grant) })
                .collect(),
            None => {
                let on_project = effective::project_sources(directory, view, known).map(|source| Way {
                    role: source.role,
                    through: source.through,
                    on: None,
                });
                let on_workspaces =
                    effective::workspace_grants_in(directory, view, known.id).filter_map(|(grant, through)| {
                        Some(Way { role: grant.granted().project_role()?, through, on: on(&grant) })
                    });
                on_project.chain(on_workspaces).collect()
            }
        };
        Self::sorted(ways, spot)
    }

    /// Whether somebody reaches a place, in a way that is wanted: without collecting what lets him.
    pub(super) fn is_by(
        directory: &Directory,
        view: &PrincipalView<'_>,
        known: &Project,
        spot: Spot,
        is_wanted: impl Fn(Through) -> bool,
    ) -> bool {
        match spot.workspace {
            Some(workspace) => {
                effective::workspace_sources(directory, view, workspace).any(|source| is_wanted(source.through))
            }
            None => {
                effective::project_sources(directory, view, known).any(|source| is_wanted(source.through))
                    || effective::workspace_grants_in(directory, view, known.id).any(|(_, through)| is_wanted(through))
            }
        }
    }

    /// What a team holds in a place, as if each grant were its own.
    pub(super) fn of_team(directory: &Directory, team: &Team, spot: Spot) -> Self {
        let ways = team.grants.iter().filter_map(|grant| {
            let on = match grant.granted() {
                Granted::Project(on, _) if on == spot.project => None,
                Granted::Workspace(on, _) if spot.workspace.is_none_or(|workspace| workspace == on) => {
                    directory.workspace(on).filter(|known| known.project == spot.project)?;
                    Some(on)
                }
                _ => return None,
            };
            Some(Way { role: grant.granted().project_role()?, through: Through::Individual, on })
        });
        Self::sorted(ways.collect(), spot)
    }

    fn sorted(mut ways: Vec<Way>, spot: Spot) -> Self {
        let is_elsewhere = |way: &Way| spot.workspace.is_none() && way.on.is_some();
        ways.sort_by_key(|way| (is_elsewhere(way), Reverse(way.role), way.through, way.on));
        Self(ways)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The one that counts.
    pub(super) fn first(&self) -> Option<&Way> {
        self.0.first()
    }

    /// What it holds itself in the place: on the project and its workspaces, or on the one workspace.
    pub(super) fn own(&self, spot: Spot) -> impl Iterator<Item = &Way> {
        self.0.iter().filter(move |way| {
            way.through == Through::Individual && (spot.workspace.is_none() || way.on == spot.workspace)
        })
    }

    /// The one role that can be changed here, if somebody who gives so much may: on the place itself, or else on the only
    /// workspace of it.
    pub(super) fn changeable(&self, directory: &Directory, spot: Spot, gives: &PermissionSet) -> Option<Way> {
        let own: Vec<&Way> = self.own(spot).collect();
        let there = own.iter().find(|way| way.on == spot.workspace);
        let way = there.or_else(|| own.first().filter(|_| own.len() == 1))?;
        role_choice::may_give(directory, gives, way.role).then_some(**way)
    }

    /// Whether all that it holds itself there may be taken by somebody who gives so much.
    pub(super) fn is_removable(&self, directory: &Directory, spot: Spot, gives: &PermissionSet) -> bool {
        let mut own = self.own(spot).peekable();
        own.peek().is_some() && own.all(|way| role_choice::may_give(directory, gives, way.role))
    }

    /// As a row tells it, and how many ways more there are.
    pub(super) fn told(&self, directory: &Directory, organization: &Organization, spot: Spot) -> (Vec<Given>, usize) {
        let told = self.0.iter().take(TOLD_MAX).map(|way| Given {
            role: role_choice::short(&words::project_role(directory, way.role)),
            is_high: way.role >= ProjectRole::BuiltIn(Role::Admin),
            through: self.through(directory, organization, spot, way),
        });
        (told.collect(), self.0.len().saturating_sub(TOLD_MAX))
    }

    fn through(&self, directory: &Directory, organization: &Organization, spot: Spot, way: &Way) -> String {
        let workspace =
            way.on.and_then(|id| directory.workspace(id)).map(|workspace| role_choice::short(&workspace.name));
        let alone = if self.first().is_some_and(|first| first.on.is_some()) { " only" } else { "" };
        let base = match (way.through, &workspace, spot.workspace) {
            (Through::Individual, Some(name), None) => return format!("Workspace {name}{alone}"),
            (Through::Individual, None, Some(_)) => "Granted on the whole project".to_owned(),
            (Through::Individual, ..) => "Granted directly".to_owned(),
            (Through::Team(id), ..) => {
                format!("Team {}", role_choice::short(directory.team(id).map_or("", |team| &team.name)))
            }
            (Through::Organization(role), ..) => format!("Organization role {}", words::role(role)),
            (Through::EveryMember, ..) => format!("Everyone in {}", role_choice::short(&organization.name)),
        };
        match (workspace, spot.workspace) {
            (Some(name), None) => format!("{base}, workspace {name}"),
            _ => base,
        }
    }

    /// The end of a sentence: "Analyst, through team Data platform".
    pub(super) fn clause(&self, directory: &Directory, organization: &Organization) -> Option<String> {
        let way = self.first()?;
        let role = words::project_role(directory, way.role);
        let through = match way.through {
            Through::Individual => "granted directly".to_owned(),
            Through::Team(id) => format!("through team {}", directory.team(id).map_or("", |team| &team.name)),
            Through::Organization(role) => format!("by the organization role {}", words::role(role)),
            Through::EveryMember => format!("like everyone in {}", organization.name),
        };
        let on = way.on.and_then(|id| directory.workspace(id));
        let on = on.map_or_else(String::new, |workspace| format!(", on workspace {} alone", workspace.name));
        Some(format!("{role}, {through}{on}"))
    }
}

/// A role on a row, with where it comes from.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Given {
    pub role: String,
    pub is_high: bool,
    pub through: String,
}

/// How many other projects of the organization somebody reaches.
pub(super) fn others(
    directory: &Directory,
    view: &PrincipalView<'_>,
    organization: OrganizationId,
    project: ProjectId,
) -> usize {
    effective::reach(directory, view, organization).keys().filter(|id| **id != project).count()
}
