//! What an account reaches, as its row tells it: a line a place, the strongest role first.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use claviger_access::Directory;
use claviger_access::directory::{Organization, PrincipalView};
use claviger_access::effective;
use claviger_access::grant::Granted;
use claviger_access::identity::{ProjectId, WorkspaceId};
use claviger_access::role::{OrganizationRole, ProjectRole};

use crate::console::words;

/// So many lines are shown, and the others counted.
const LINES_MAX: usize = 2;

/// A place with the role there.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub place: String,
    pub role: String,
}

/// The first lines, and how many more there are.
pub(super) struct Access {
    pub lines: Vec<Line>,
    pub more: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Project(ProjectId),
    Workspace(ProjectId, WorkspaceId),
}

impl Access {
    pub(super) fn of(directory: &Directory, organization: &Organization, view: &PrincipalView<'_>) -> Self {
        let mut lines = by_its_role(organization, view);
        let mut places: Vec<(Place, ProjectRole)> = places(directory, organization, view).into_iter().collect();
        places.sort_by_key(|(place, role)| (Reverse(*role), *place));
        let shown = places.iter().take(LINES_MAX.saturating_sub(lines.len()));
        let shown: Vec<Line> = shown.filter_map(|(place, role)| line(directory, *place, *role)).collect();
        let more = (lines.len() + places.len()).saturating_sub(LINES_MAX);
        lines.extend(shown);
        Self { lines, more }
    }
}

/// What an organization's owners and admins reach by being that.
fn by_its_role(organization: &Organization, view: &PrincipalView<'_>) -> Vec<Line> {
    let role = effective::organization_role(view, organization.id);
    let role = role.filter(|role| *role > OrganizationRole::Member);
    let there = role.map(|role| Line { place: "Organization".to_owned(), role: words::role(role).to_owned() });
    let projects = role.and_then(OrganizationRole::in_projects).map(|role| Line {
        place: match organization.projects.len() {
            1 => "Its one project".to_owned(),
            number => format!("All {} projects", words::count(number)),
        },
        role: words::label(role.name()),
    });
    there.into_iter().chain(projects).collect()
}

/// What it is granted itself, through its teams, and as every member is: each place once, with the highest role.
fn places(
    directory: &Directory,
    organization: &Organization,
    view: &PrincipalView<'_>,
) -> BTreeMap<Place, ProjectRole> {
    let open = organization.open_projects.iter().filter_map(|id| directory.project(*id)?.default_access);
    let held = effective::held(directory, view).map(|(grant, _)| grant);
    let mut places = BTreeMap::new();
    for grant in held.chain(open) {
        let (place, role) = match grant.granted() {
            Granted::Organization(..) => continue,
            Granted::Project(project, role) => (Place::Project(project), role),
            Granted::Workspace(workspace, role) => match directory.workspace(workspace) {
                Some(known) => (Place::Workspace(known.project, workspace), role),
                None => continue,
            },
        };
        let highest = places.entry(place).or_insert(role);
        *highest = role.max(*highest);
    }
    places
}

fn line(directory: &Directory, place: Place, role: ProjectRole) -> Option<Line> {
    let place = match place {
        Place::Project(project) => directory.project(project)?.name.clone(),
        Place::Workspace(project, workspace) => {
            format!("{}, {}", directory.project(project)?.name, directory.workspace(workspace)?.name)
        }
    };
    let role = match role {
        ProjectRole::BuiltIn(role) => words::label(role.name()),
        ProjectRole::Custom(id) => directory.custom_role(id)?.properties.name.to_string(),
    };
    Some(Line { place, role })
}
