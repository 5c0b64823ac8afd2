//! What was granted to accounts in a project: shown beside each before it changes, and counted where it becomes less.

use std::collections::BTreeMap;

use claviger_access::Directory;
use claviger_access::directory::Project;
use claviger_access::grant::Granted;
use claviger_access::identity::{PrincipalId, WorkspaceId};
use claviger_access::role::ProjectRole;

use crate::console::words;

/// What an account has there by grants of its own.
pub(super) struct Held {
    pub account: PrincipalId,
    /// On the project as a whole.
    role: Option<ProjectRole>,
    /// On single workspaces of it.
    on_workspaces: Vec<(WorkspaceId, ProjectRole)>,
}

impl Held {
    pub(super) fn of(directory: &Directory, project: &Project, account: PrincipalId) -> Self {
        let mut held = Self { account, role: None, on_workspaces: Vec::new() };
        for grant in directory.principal(account).map_or(&[][..], |view| view.grants()) {
            match grant.granted() {
                Granted::Project(on, role) if on == project.id => held.role = Some(role),
                Granted::Workspace(on, role) if project.workspaces.contains(&on) => held.on_workspaces.push((on, role)),
                _ => {}
            }
        }
        held
    }

    pub(super) fn is_nothing(&self) -> bool {
        self.role.is_none() && self.on_workspaces.is_empty()
    }

    /// Whether this role on the project would take something away.
    pub(super) fn is_lowered_by(&self, directory: &Directory, role: ProjectRole) -> bool {
        self.role.is_some_and(|now| !directory.permissions_of(role).includes(&directory.permissions_of(now)))
    }

    /// All of it in ids, to be compared.
    pub(super) fn stamp(&self) -> String {
        let on_project = self.role.map(|role| role.to_string()).unwrap_or_default();
        let on_workspaces = self.on_workspaces.iter().map(|(id, role)| format!("+{id}.{role}"));
        format!("{}={on_project}{}", self.account, on_workspaces.collect::<String>())
    }

    /// "Admin", "Consumer on workspace EU"; empty where it has nothing.
    pub(super) fn told(&self, directory: &Directory) -> String {
        let on_project = self.role.map(|role| words::project_role(directory, role));
        let on_workspaces = self.on_workspaces.iter().map(|(id, role)| {
            let name = directory.workspace(*id).map_or("", |known| known.name.as_str());
            format!("{} on workspace {name}", words::project_role(directory, *role))
        });
        on_project.into_iter().chain(on_workspaces).collect::<Vec<_>>().join(", ")
    }
}

/// How many lose which role: "1 loses Admin, 2 lose Analyst".
pub(super) fn losses<'h>(directory: &Directory, lowered: impl Iterator<Item = &'h Held>) -> String {
    let mut by_role: BTreeMap<String, usize> = BTreeMap::new();
    for role in lowered.filter_map(|held| held.role) {
        *by_role.entry(words::project_role(directory, role)).or_default() += 1;
    }
    let told = by_role.into_iter().map(|(role, number)| {
        let lose = if number == 1 { "loses" } else { "lose" };
        format!("{} {lose} {role}", words::count(number))
    });
    told.collect::<Vec<_>>().join(", ")
}
