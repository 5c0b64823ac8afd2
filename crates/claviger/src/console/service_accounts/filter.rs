//! Which accounts a list is narrowed to: those that reach a project, those that have a role, or those that have the role
//! in the project.
//!
//! What counts is what an account has in the end, through whatever it comes by it: its own grants, its teams, its role in
//! the organization, default access. A project is reached also by who reaches a workspace of it alone. A built-in role is
//! had where none above it is; a custom role beside whatever else there is, since it may allow what they do not.

pub(super) mod bar;

use claviger_access::Directory;
use claviger_access::directory::{Organization, PrincipalView, Project};
use claviger_access::effective;
use claviger_access::grant::Granted;
use claviger_access::identity::{ProjectId, WorkspaceId};
use claviger_access::role::{OrganizationRole, ProjectRole, Role};

use crate::api::ids;
use crate::console::words;

/// A role that is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sought {
    BuiltIn(Role),
    /// Any that a project made for itself.
    Custom,
}

impl Sought {
    /// As they are offered.
    pub(super) const EACH: [Self; 5] = [
        Self::BuiltIn(Role::Owner),
        Self::BuiltIn(Role::Admin),
        Self::BuiltIn(Role::Analyst),
        Self::BuiltIn(Role::Consumer),
        Self::Custom,
    ];

    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::EACH.into_iter().find(|role| role.name() == name)
    }

    /// In an address.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::BuiltIn(role) => role.name(),
            Self::Custom => "custom",
        }
    }

    pub(super) fn label(self) -> String {
        match self {
            Self::BuiltIn(role) => words::label(role.name()),
            Self::Custom => "Custom roles".to_owned(),
        }
    }

    fn is(self, role: ProjectRole) -> bool {
        match (self, role) {
            (Self::BuiltIn(sought), ProjectRole::BuiltIn(role)) => sought == role,
            (Self::Custom, ProjectRole::Custom(_)) => true,
            (Self::BuiltIn(_), ProjectRole::Custom(_)) | (Self::Custom, ProjectRole::BuiltIn(_)) => false,
        }
    }

    /// Whether it is had where these roles are.
    fn is_had(self, mut roles: impl Iterator<Item = ProjectRole>) -> bool {
        match self {
            Self::BuiltIn(_) => roles.max().is_some_and(|highest| self.is(highest)),
            Self::Custom => roles.any(|role| self.is(role)),
        }
    }
}

/// What an account must have to be listed. Nothing, as long as none is set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Filter {
    pub project: Option<ProjectId>,
    pub role: Option<Sought>,
}

impl Filter {
    /// As an address has it; `None` where it names what cannot be read: what is done with those that are left must not
    /// be done with all.
    pub(super) fn named(project: &str, role: &str) -> Option<Self> {
        let project = if project.is_empty() { None } else { Some(ids::read(project)?) };
        let role = if role.is_empty() { None } else { Some(Sought::parse(role)?) };
        Some(Self { project, role })
    }

    pub(super) fn is_set(self) -> bool {
        self.project.is_some() || self.role.is_some()
    }

    /// As addresses have it, the project and the role.
    pub(super) fn names(self) -> (String, &'static str) {
        (self.project.map(|id| id.to_string()).unwrap_or_default(), self.role.map_or("", Sought::name))
    }

    /// What it demands of one account, or of several: "reaches Web shop as Admin". `None` where it is not set.
    pub(super) fn clause(self, directory: &Directory, are_several: bool) -> Option<String> {
        let (reaches, has) = if are_several { ("reach", "have") } else { ("reaches", "has") };
        let project =
            self.project.map(|id| directory.project(id).map_or("a project that is gone", |known| &known.name));
        Some(match (project, self.role) {
            (None, None) => return None,
            (Some(project), None) => format!("{reaches} {project}"),
            (Some(project), Some(Sought::Custom)) => format!("{reaches} {project} with a custom role"),
            (Some(project), Some(role)) => format!("{reaches} {project} as {}", role.label()),
            (None, Some(Sought::Custom)) => format!("{has} a custom role"),
            (None, Some(role)) => format!("{has} the role {}", role.label()),
        })
    }
}

/// Keeps the accounts of an organization that a filter leaves. All are passed over for a page, so what is the same for
/// each is found out once.
pub(super) struct Sieve<'d> {
    directory: &'d Directory,
    organization: &'d Organization,
    project: Option<&'d Project>,
    role: Option<Sought>,
    /// The projects where default access gives every account the role.
    open: Vec<&'d Project>,
}

impl<'d> Sieve<'d> {
    /// `None` where the project is none of the organization's.
    pub(super) fn new(directory: &'d Directory, organization: &'d Organization, filter: Filter) -> Option<Self> {
        let project = match filter.project {
            Some(id) => Some(directory.project(id).filter(|known| known.organization == organization.id)?),
            None => None,
        };
        let gives = |project: &Project| {
            let given = project.default_access.and_then(|grant| grant.granted().project_role());
            given.zip(filter.role).is_some_and(|(given, role)| role.is(given))
        };
        let open = organization.open_projects.iter().filter_map(|id| directory.project(*id));
        Some(Self {
            directory,
            organization,
            project,
            role: filter.role,
            open: open.filter(|known| gives(known)).collect(),
        })
    }

    pub(super) fn keeps(&self, account: &PrincipalView<'d>) -> bool {
        match (self.project, self.role) {
            (None, None) => true,
            (Some(project), None) => effective::reaches(self.directory, account, project),
            (Some(project), Some(role)) => self.has(account, project, role),
            (None, Some(role)) => self.has_somewhere(account, role),
        }
    }

    fn has(&self, view: &PrincipalView<'d>, project: &'d Project, role: Sought) -> bool {
        self.has_on_project(view, project, role)
            || effective::workspace_grants_in(self.directory, view, project.id).any(|(grant, _)| {
                let Granted::Workspace(workspace, given) = grant.granted() else { return false };
                role.is(given) && self.has_on_workspace(view, workspace, role)
            })
    }

    /// In the organization, or on any project or workspace of it.
    fn has_somewhere(&self, view: &PrincipalView<'d>, role: Sought) -> bool {
        let everywhere =
            effective::organization_role(view, self.organization.id).and_then(OrganizationRole::in_projects);
        if let (Some(everywhere), Sought::BuiltIn(sought)) = (everywhere, role)
            && everywhere >= sought
        {
            return everywhere == sought;
        }
        let is_had = |granted: Granted| match granted {
            Granted::Project(id, given) if role.is(given) => {
                self.directory.project(id).is_some_and(|known| self.has_on_project(view, known, role))
            }
            Granted::Workspace(id, given) if role.is(given) => self.has_on_workspace(view, id, role),
            Granted::Organization(..) | Granted::Project(..) | Granted::Workspace(..) => false,
        };
        effective::held(self.directory, view).any(|(grant, _)| is_had(grant.granted()))
            || self.open.iter().any(|known| self.has_on_project(view, known, role))
    }

    fn has_on_project(&self, view: &PrincipalView<'d>, project: &'d Project, role: Sought) -> bool {
        role.is_had(effective::project_sources(self.directory, view, project).map(|source| source.role))
    }

    fn has_on_workspace(&self, view: &PrincipalView<'d>, workspace: WorkspaceId, role: Sought) -> bool {
        role.is_had(effective::workspace_sources(self.directory, view, workspace).map(|source| source.role))
    }
}

#[cfg(test)]
mod tests {
    use claviger_access::directory::{Loader, Principal, Workspace};
    use claviger_access::grant::Grant;
    use claviger_access::identity::{CustomRoleId, GrantId, OrganizationId, PrincipalId, PrincipalKind, TeamId};
    use claviger_access::{Mark, Moment, Revision};

    use super::*;

    const SHOP: u64 = 11;
    const LAB: u64 = 12;
    /// Another organization's.
    const FORGE: u64 = 13;
    const EU: u64 = 21;
    const TEAM: u64 = 31;
    const REVIEWER: u64 = 41;

    fn organization(number: u64) -> OrganizationId {
        OrganizationId::new(number).expect("an id")
    }

    fn project(number: u64) -> ProjectId {
        ProjectId::new(number).expect("an id")
    }

    fn on(number: u64, role: impl Into<ProjectRole>) -> Granted {
        Granted::Project(project(number), role.into())
    }

    fn in_eu(role: Role) -> Granted {
        Granted::Workspace(WorkspaceId::new(EU).expect("an id"), role.into())
    }

    fn grants(granted: &[Granted]) -> Vec<Grant> {
        granted.iter().map(|granted| Grant::new(GrantId::new(51).expect("an id"), *granted)).collect()
    }

    fn account(number: u64, granted: &[Granted], teams: &[u64]) -> Principal {
        Principal {
            id: PrincipalId::new(number).expect("an id"),
            kind: PrincipalKind::ServiceAccount,
            organization: Some(organization(1)),
            name: format!("bot-{number}"),
            deleted: false,
            disabled: false,
            protected: false,
            secrets: Vec::new(),
            grants: grants(granted),
            teams: teams.iter().filter_map(|id| TeamId::new(*id)).collect(),
        }
    }

    /// Every member is a consumer of the lab.
    fn directory() -> Directory {
        let mut loader = Loader::new(1, 10);
        for (owner, project_number, name) in [(1, SHOP, "Web shop"), (1, LAB, "Lab"), (2, FORGE, "Forge")] {
            if project_number != LAB {
                loader.organization(organization(owner), format!("Organization {owner}"));
            }
            loader.project(project(project_number), organization(owner), name.to_owned(), "UTC".to_owned(), None);
        }
        loader.workspace(Workspace {
            id: WorkspaceId::new(EU).expect("an id"),
            project: project(SHOP),
            name: "EU".to_owned(),
            description: None,
            is_default: false,
            is_restricted: false,
            is_visible: true,
            created: Moment::from_seconds(0).expect("a moment"),
            creator: None,
        });
        loader.default_access(project(LAB), grants(&[on(LAB, Role::Consumer)])[0]);
        let team = TeamId::new(TEAM).expect("an id");
        loader.team(team, organization(1), "Team".to_owned(), grants(&[on(SHOP, Role::Analyst)]));
        let reviewer = ProjectRole::Custom(CustomRoleId::new(REVIEWER).expect("an id"));
        let in_all = |role| Granted::Organization(organization(1), role);
        for (number, granted, teams) in [
            (101, vec![on(SHOP, Role::Admin)], &[][..]),
            (102, vec![], &[TEAM]),
            (103, vec![in_eu(Role::Consumer)], &[]),
            (104, vec![in_all(OrganizationRole::Owner)], &[TEAM]),
            (105, vec![in_all(OrganizationRole::Admin), on(SHOP, Role::Owner)], &[]),
            (106, vec![on(SHOP, reviewer), on(SHOP, Role::Analyst)], &[]),
            (107, vec![], &[]),
            (108, vec![on(LAB, Role::Admin)], &[]),
            (109, vec![on(SHOP, Role::Analyst), in_eu(Role::Consumer)], &[]),
            (110, vec![in_all(OrganizationRole::Admin), on(SHOP, Role::Analyst)], &[]),
        ] {
            loader.principal(&account(number, &granted, teams));
        }
        loader.finish(Revision::ZERO, Mark::ZERO, 200)
    }

    fn kept(project_number: Option<u64>, role: &str) -> Vec<u64> {
        let directory = directory();
        let known = directory.organization(organization(1)).expect("it");
        let filter = Filter { project: project_number.map(project), role: Sought::parse(role) };
        assert_eq!(filter.role.is_some(), !role.is_empty(), "{role}");
        let sieve = Sieve::new(&directory, known, filter).expect("its own project");
        let view = |number| PrincipalId::new(number).and_then(|id| directory.principal(id)).expect("an account");
        let accounts = (101..=110).filter(|number| sieve.keeps(&view(*number)));
        accounts.collect()
    }

    #[test]
    fn a_project_is_reached_through_whatever() {
        assert_eq!(kept(None, ""), (101..=110).collect::<Vec<_>>());
        assert_eq!(kept(Some(SHOP), ""), [101, 102, 103, 104, 105, 106, 109, 110]);
        assert_eq!(kept(Some(LAB), ""), (101..=110).collect::<Vec<_>>(), "by default access");
    }

    #[test]
    fn a_role_in_a_project_is_the_highest_there_or_any_that_it_made() {
        for (role, accounts) in [
            ("owner", &[104, 105][..]),
            ("admin", &[101, 110]),
            ("analyst", &[102, 106, 109]),
            ("consumer", &[103]),
            ("custom", &[106]),
        ] {
            assert_eq!(kept(Some(SHOP), role), accounts, "{role}");
        }
        assert_eq!(kept(Some(LAB), "consumer"), [101, 102, 103, 106, 107, 109]);
        assert_eq!(kept(Some(LAB), "admin"), [105, 108, 110]);
    }

    #[test]
    fn a_role_anywhere_is_had_in_the_organization_or_in_one_place() {
        for (role, accounts) in [
            ("owner", &[104, 105][..]),
            ("admin", &[101, 105, 108, 110]),
            ("analyst", &[102, 106, 109]),
            ("consumer", &[101, 102, 103, 106, 107, 109]),
            ("custom", &[106]),
        ] {
            assert_eq!(kept(None, role), accounts, "{role}");
        }
    }

    #[test]
    fn what_an_address_names_is_there_or_nothing_is_left() {
        let directory = directory();
        let known = directory.organization(organization(1)).expect("it");
        let is_there = |project: &str, role: &str| {
            Filter::named(project, role).is_some_and(|filter| Sieve::new(&directory, known, filter).is_some())
        };
        assert!(is_there("", "") && is_there("11", "") && is_there("12", "custom") && is_there("", "owner"));
        for (project, role) in [("13", ""), ("99", ""), ("x", ""), ("011", ""), ("11", "root"), ("", "Owner")] {
            assert!(!is_there(project, role), "{project} {role}");
        }
    }

    #[test]
    fn a_filter_is_told_as_the_end_of_a_sentence() {
        let directory = directory();
        let told = |project: &str, role: &str, are_several| {
            Filter::named(project, role).expect("a filter").clause(&directory, are_several)
        };
        let told = |project: &str, role: &str| (told(project, role, false), told(project, role, true));
        let both = |one: &str, several: &str| (Some(one.to_owned()), Some(several.to_owned()));
        assert_eq!(told("", ""), (None, None));
        assert_eq!(told("11", ""), both("reaches Web shop", "reach Web shop"));
        assert_eq!(told("11", "admin"), both("reaches Web shop as Admin", "reach Web shop as Admin"));
        assert_eq!(told("11", "custom").0.as_deref(), Some("reaches Web shop with a custom role"));
        assert_eq!(told("", "owner"), both("has the role Owner", "have the role Owner"));
        assert_eq!(told("", "custom"), both("has a custom role", "have a custom role"));
    }
}
