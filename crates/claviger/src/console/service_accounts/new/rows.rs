//! What a new account is to reach, as rows of the form: a project, a workspace of it or all of it, and the role there.
//!
//! Rows are numbered in the form, so that one can be added or taken away and the others keep what was typed.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use claviger_access::Directory;
use claviger_access::administration::giving::Giving;
use claviger_access::directory::{Organization, Project};
use claviger_access::identity::{ProjectId, WorkspaceId};
use claviger_access::role::{ProjectRole, Role};

use super::super::choice::{self, Choice, Chosen, Entry, Thing, Things};
use crate::console::mistakes::Mistakes;
use crate::console::project_role;
use crate::console::typed::Typed;
use crate::console::words;

/// A form has no more of them: a page holds the lists of each. More is granted on the account's page.
pub(super) const ROWS_MAX: usize = 10;

/// From so many rows on those that name their project keep it.
const LISTS_MAX: usize = 4;

/// What was typed into a row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Row {
    project: choice::Typed,
    workspace: choice::Typed,
    /// The role's name or number; nothing for the one above.
    role: String,
}

/// All rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Rows {
    rows: Vec<Row>,
    /// The field whose search counts.
    looks_for: Option<String>,
    /// The field that one goes on with after a button that turned the form over.
    next: Option<String>,
}

/// What the rows stand for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Granted {
    pub projects: BTreeMap<ProjectId, ProjectRole>,
    pub workspaces: BTreeMap<WorkspaceId, ProjectRole>,
}

/// Where they are: what there is to choose from, and what may be given.
pub(super) struct Offered<'o> {
    pub directory: &'o Directory,
    pub organization: &'o Organization,
    pub giving: Giving<'o>,
    projects: Things,
}

/// A row, as its template shows it.
pub(super) struct Shown {
    pub number: usize,
    pub project: Choice,
    pub workspace: Choice,
    pub role_name: String,
    pub roles: Vec<Entry>,
    /// What taking it away is called.
    pub name: String,
}

impl<'o> Offered<'o> {
    pub(super) fn new(directory: &'o Directory, organization: &'o Organization, giving: Giving<'o>) -> Self {
        let projects = projects(directory, organization);
        Self { directory, organization, giving, projects }
    }

    fn workspaces(&self, project: &Project) -> Things {
        let known = project.workspaces.iter().filter_map(|id| self.directory.workspace(*id));
        let all = known.map(|known| Thing { number: known.id.number(), name: known.name.clone() });
        Things::new(all.collect(), "workspace", &project.name)
    }

    /// The project that a row means.
    fn project(&self, chosen: &Chosen) -> Option<&'o Project> {
        self.directory.project(chosen.number().and_then(ProjectId::new)?)
    }
}

/// The organization's projects, to choose from.
pub(in super::super) fn projects(directory: &Directory, organization: &Organization) -> Things {
    let known = organization.projects.iter().filter_map(|id| directory.project(*id));
    let all = known.map(|known| Thing { number: known.id.number(), name: known.name.clone() });
    Things::new(all.collect(), "project", &organization.name)
}

fn name(field: &str, number: usize) -> String {
    format!("{field}{number}")
}

impl Rows {
    /// As a form sends them, with what one of its buttons does to them.
    pub(super) fn of(typed: &Typed) -> Self {
        let sent = (1..=ROWS_MAX).map_while(|number| {
            let field = |field| name(field, number);
            let is_there = ["project", "search_project", "role"].iter().any(|one| typed.has(&field(one)));
            let asked = |value, search| choice::Typed {
                value: typed.one(&field(value)).to_owned(),
                search: typed.one(&field(search)).to_owned(),
            };
            is_there.then(|| Row {
                project: asked("project", "search_project"),
                workspace: asked("workspace", "search_workspace"),
                role: typed.one(&field("role")).to_owned(),
            })
        });
        let mut rows: Vec<Row> = sent.collect();
        let removed = typed.one("remove").parse::<usize>().ok().filter(|number| (1..=rows.len()).contains(number));
        if let Some(number) = removed {
            rows.remove(number - 1);
        }
        if typed.has("add") && rows.len() < ROWS_MAX {
            rows.push(Row::default());
        }
        let looks_for = Some(typed.one("find")).filter(|field| !field.is_empty()).map(str::to_owned);
        let last = rows.len();
        let next = if typed.has("add") {
            Some(name("project", last))
        } else if typed.has("look") {
            Some(name("workspace", last))
        } else {
            looks_for.clone()
        };
        Self { rows, looks_for, next }
    }

    /// As an address names projects: by their numbers, each with a role if one follows a colon. One empty row for none.
    pub(super) fn linked<'t>(projects: impl Iterator<Item = &'t str>) -> Self {
        let row = |text: &str| {
            let (project, role) = text.split_once(':').unwrap_or((text, ""));
            let project = choice::Typed { value: project.to_owned(), search: String::new() };
            Row { project, role: role.to_owned(), ..Row::default() }
        };
        let mut rows: Vec<Row> = projects.map(row).take(ROWS_MAX).collect();
        if rows.is_empty() {
            rows.push(Row::default());
        }
        Self { rows, looks_for: None, next: None }
    }

    pub(super) fn are_full(&self) -> bool {
        self.rows.len() >= ROWS_MAX
    }

    fn is_looked_for(&self, field: &str) -> bool {
        self.looks_for.as_deref() == Some(field)
    }

    /// What they stand for; what cannot be is added to the mistakes.
    pub(super) fn granted(&self, offered: &Offered<'_>, otherwise: Option<Role>, mistakes: &mut Mistakes) -> Granted {
        let mut granted = Granted::default();
        for (number, row) in (1..).zip(&self.rows) {
            let chosen = offered.projects.meant(&row.project, false);
            let field = name("project", number);
            match (&chosen, offered.project(&chosen)) {
                (Chosen::Unclear(told), _) => mistakes.add(field, told),
                (_, Some(project)) => row.grant(offered, project, (number, otherwise), &mut granted, mistakes),
                (_, None) => {}
            }
        }
        granted
    }

    /// As they are shown.
    pub(super) fn shown(&self, offered: &Offered<'_>, otherwise: &str) -> Vec<Shown> {
        let is_fixed = self.rows.len() > LISTS_MAX;
        let shown = (1..).zip(&self.rows).map(|(number, row)| {
            let field = name("project", number);
            let chosen = offered.projects.meant(&row.project, self.is_looked_for(&field));
            let label = (field, "Project");
            let mut project = offered.projects.choice(label, &row.project, &chosen, "Choose a project", is_fixed);
            let mut workspace = self.workspace(offered, row, number, offered.project(&chosen));
            for choice in [&mut project, &mut workspace] {
                choice.is_next = self.next.as_ref() == Some(&choice.name);
            }
            let known = offered.project(&chosen);
            Shown {
                number,
                project,
                workspace,
                role_name: name("role", number),
                roles: row.roles(offered, known, otherwise),
                name: known.map_or_else(|| format!("row {number}"), |known| known.name.clone()),
            }
        });
        shown.collect()
    }

    fn workspace(&self, offered: &Offered<'_>, row: &Row, number: usize, project: Option<&Project>) -> Choice {
        let field = name("workspace", number);
        let things =
            project.map_or_else(|| Things::new(Vec::new(), "workspace", ""), |known| offered.workspaces(known));
        let chosen = things.meant(&row.workspace, self.is_looked_for(&field));
        things.choice((field, "Workspace"), &row.workspace, &chosen, "Whole project", false)
    }

    /// As options of the command line.
    pub(super) fn as_options(&self, offered: &Offered<'_>, otherwise: Option<Role>) -> String {
        let granted = self.granted(offered, otherwise, &mut Mistakes::default());
        let projects = granted.projects.iter().map(|(project, role)| format!(" --project {project}:{role}"));
        let workspaces = granted.workspaces.iter().map(|(workspace, role)| format!(" --workspace {workspace}:{role}"));
        projects.chain(workspaces).collect()
    }
}

impl Row {
    fn grant(
        &self,
        offered: &Offered<'_>,
        project: &Project,
        (number, otherwise): (usize, Option<Role>),
        granted: &mut Granted,
        mistakes: &mut Mistakes,
    ) {
        let Some(role) = self.chosen_role(otherwise) else {
            mistakes.add(name("role", number), "Choose a role, here or above.");
            return;
        };
        if !offered.giving.may_give(project.id, role) {
            let told = above_own(offered, project, role);
            mistakes.add_with(StatusCode::FORBIDDEN, name("role", number), told);
            return;
        }
        let workspaces = offered.workspaces(project);
        let chosen = workspaces.meant(&self.workspace, false);
        let before = match (&chosen, chosen.number().and_then(WorkspaceId::new)) {
            (Chosen::Unclear(told), _) => {
                mistakes.add(name("workspace", number), told);
                return;
            }
            (_, Some(workspace)) => granted.workspaces.insert(workspace, role),
            (_, None) => granted.projects.insert(project.id, role),
        };
        if before.is_some_and(|before| before != role) {
            let told = format!("{} is there twice, with two roles. Remove one.", project.name);
            mistakes.add(name("project", number), told);
        }
    }

    fn chosen_role(&self, otherwise: Option<Role>) -> Option<ProjectRole> {
        if self.role.is_empty() { otherwise.map(ProjectRole::BuiltIn) } else { project_role::read(&self.role) }
    }

    fn roles(&self, offered: &Offered<'_>, project: Option<&Project>, otherwise: &str) -> Vec<Entry> {
        let above = Entry { value: String::new(), text: otherwise.to_owned(), is_chosen: self.role.is_empty() };
        let given = match project {
            Some(project) => offered.giving.in_project(project.id),
            None => offered.giving.everywhere().into_iter().map(ProjectRole::BuiltIn).collect(),
        };
        [above].into_iter().chain(given.into_iter().map(|role| entry(offered.directory, role, &self.role))).collect()
    }
}

/// A role as an entry of a list.
pub(in super::super) fn entry(directory: &Directory, role: ProjectRole, chosen: &str) -> Entry {
    let value = role.to_string();
    Entry { is_chosen: value == chosen, text: words::project_role(directory, role), value }
}

/// What he is told who may not give a role.
fn above_own(offered: &Offered<'_>, project: &Project, role: ProjectRole) -> String {
    if !project.has_role(role) {
        return format!("{} has no such role. Choose one of its own.", project.name);
    }
    told_above_own(offered.directory, &offered.giving, project)
}

/// “You are Admin of Web shop, so you can give roles up to Admin there.”
pub(in super::super) fn told_above_own(directory: &Directory, giving: &Giving<'_>, project: &Project) -> String {
    match giving.own_role(project.id) {
        Some(own) => {
            let own = words::project_role(directory, own);
            format!("You are {own} of {}, so you can give roles up to {own} there.", project.name)
        }
        None => format!("You have no role in {}, so you can give none there.", project.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(body: &str) -> Rows {
        Rows::of(&Typed::parse(body.as_bytes()).expect("a form"))
    }

    #[test]
    fn a_row_comes_and_goes_and_the_others_keep_what_was_typed() {
        let sent = "project1=101&workspace1=201&role1=admin&search_project2=shop&project2=&role2=";
        let before = rows(sent);
        assert_eq!((before.rows.len(), before.rows[0].role.as_str()), (2, "admin"));
        let added = rows(&format!("{sent}&add=1"));
        assert_eq!((&added.rows[..2], &added.rows[2]), (&before.rows[..], &Row::default()));
        let removed = rows(&format!("{sent}&remove=1"));
        assert_eq!(removed.rows, before.rows[1..]);
        for astray in ["0", "3", "x", "-1"] {
            assert_eq!(rows(&format!("{sent}&remove={astray}")).rows, before.rows, "{astray}");
        }
        let many: String = (1..=40).map(|number| format!("&project{number}=1")).collect();
        assert_eq!(rows(&format!("{}&add=1", &many[1..])).rows.len(), ROWS_MAX);
    }

    #[test]
    fn a_link_names_projects_with_roles() {
        let linked = Rows::linked(["101", "102:admin", "x:<b>"].into_iter());
        let told: Vec<(&str, &str)> =
            linked.rows.iter().map(|row| (row.project.value.as_str(), row.role.as_str())).collect();
        assert_eq!(told, [("101", ""), ("102", "admin"), ("x", "<b>")]);
        assert_eq!(Rows::linked(std::iter::empty()).rows, [Row::default()]);
    }
}
