//! Rows as a store would keep them, and what they add up to: loops over plain lists, no index, nothing shared with the
//! directory. It follows the same changes, and is as strict as a schema: what refers to nothing, joins two
//! organizations or uses an id twice is a failure.

use std::collections::{BTreeMap, BTreeSet};

use claviger_access::change::WorkspaceProperties;
use claviger_access::credential::SecretDigest;
use claviger_access::directory::{HeldSecret, Loader, Principal, Workspace};
use claviger_access::effective::ReachedProject;
use claviger_access::grant::{Grant, Granted};
use claviger_access::identity::{
    GrantId, OrganizationId, PrincipalId, PrincipalKind, ProjectId, SecretId, UsernameSuffix, WorkspaceId,
};
use claviger_access::role::{OrganizationRole, Role};
use claviger_access::{Change, Directory, Expiry, Mark, Moment, Revision, Scope};

#[derive(Clone)]
pub(crate) struct OrganizationRow {
    pub(crate) id: OrganizationId,
    pub(crate) name: String,
}

#[derive(Clone)]
pub(crate) struct ProjectRow {
    pub(crate) id: ProjectId,
    pub(crate) organization: OrganizationId,
    pub(crate) name: String,
    pub(crate) timezone: String,
}

#[derive(Clone)]
pub(crate) struct WorkspaceRow {
    pub(crate) id: WorkspaceId,
    pub(crate) project: ProjectId,
    pub(crate) is_default: bool,
    properties: WorkspaceProperties,
    created: Moment,
    creator: Option<PrincipalId>,
}

#[derive(Clone)]
pub(crate) struct PrincipalRow {
    pub(crate) id: PrincipalId,
    pub(crate) kind: PrincipalKind,
    pub(crate) organization: Option<OrganizationId>,
    pub(crate) name: String,
    pub(crate) deleted: Option<Moment>,
}

#[derive(Clone)]
pub(crate) struct SecretRow {
    pub(crate) id: SecretId,
    pub(crate) principal: PrincipalId,
    pub(crate) expires: Expiry,
    digest: SecretDigest,
}

#[derive(Clone)]
pub(crate) struct GrantRow {
    pub(crate) id: GrantId,
    pub(crate) principal: PrincipalId,
    pub(crate) granted: Granted,
}

/// All tables.
#[derive(Clone)]
pub(crate) struct Rows {
    pub(crate) suffix: UsernameSuffix,
    pub(crate) next_id: u64,
    pub(crate) organizations: Vec<OrganizationRow>,
    pub(crate) projects: Vec<ProjectRow>,
    pub(crate) workspaces: Vec<WorkspaceRow>,
    pub(crate) principals: Vec<PrincipalRow>,
    pub(crate) secrets: Vec<SecretRow>,
    pub(crate) grants: Vec<GrantRow>,
}

impl Rows {
    pub(crate) fn none() -> Self {
        Self {
            suffix: UsernameSuffix::default(),
            next_id: 1,
            organizations: Vec::new(),
            projects: Vec::new(),
            workspaces: Vec::new(),
            principals: Vec::new(),
            secrets: Vec::new(),
            grants: Vec::new(),
        }
    }

    /// Follows the changes of one mutation.
    pub(crate) fn write(&mut self, changes: &[Change]) {
        for change in changes {
            self.write_place(change);
            self.write_principal(change);
        }
    }

    /// Follows the creation of very many principals at once, without looking at each for all others.
    pub(crate) fn write_many(&mut self, created: &[Change]) {
        let mut names: BTreeSet<String> = self.principals.iter().map(|row| row.name.clone()).collect();
        for change in created {
            let Change::PrincipalCreated { id, kind, organization, name, .. } = change else {
                panic!("only principals come in such numbers")
            };
            self.take_id(id.number());
            assert!(names.insert(name.clone()), "{name} was given out before");
            let (id, kind, organization, name) = (*id, *kind, *organization, name.clone());
            self.principals.push(PrincipalRow { id, kind, organization, name, deleted: None });
        }
    }

    /// Ids come from one counter: each is greater than all before, of whatever kind.
    fn take_id(&mut self, id: u64) {
        assert!(id >= self.next_id, "the id {id} was given out before");
        self.next_id = id + 1;
    }

    fn write_place(&mut self, change: &Change) {
        match change {
            Change::UsernameSuffixChosen { suffix } => self.suffix = suffix.clone(),
            Change::OrganizationFounded { id, name, .. } => {
                self.take_id(id.number());
                self.organizations.push(OrganizationRow { id: *id, name: name.clone() });
            }
            Change::ProjectCreated { id, organization, name, timezone, .. } => {
                self.take_id(id.number());
                assert!(self.organizations.iter().any(|row| row.id == *organization));
                let (name, timezone) = (name.clone(), timezone.clone());
                self.projects.push(ProjectRow { id: *id, organization: *organization, name, timezone });
            }
            Change::ProjectChanged { id, name, timezone } => {
                let row = self.projects.iter_mut().find(|row| row.id == *id).expect("the project is there");
                (row.name, row.timezone) = (name.clone(), timezone.clone());
            }
            Change::ProjectDeleted { id } => {
                assert!(self.projects.iter().any(|row| row.id == *id));
                let workspaces = self.workspaces_of(*id);
                self.grants.retain(|row| match row.granted {
                    Granted::Organization(..) => true,
                    Granted::Project(on, _) => on != *id,
                    Granted::Workspace(on, _) => !workspaces.contains(&on),
                });
                self.workspaces.retain(|row| row.project != *id);
                self.projects.retain(|row| row.id != *id);
            }
            Change::WorkspaceCreated { id, project, properties, is_default, created, creator } => {
                self.take_id(id.number());
                assert!(self.projects.iter().any(|row| row.id == *project));
                self.workspaces.push(WorkspaceRow {
                    id: *id,
                    project: *project,
                    is_default: *is_default,
                    properties: properties.clone(),
                    created: *created,
                    creator: *creator,
                });
            }
            Change::WorkspaceChanged { id, properties } => {
                let row = self.workspaces.iter_mut().find(|row| row.id == *id).expect("the workspace is there");
                row.properties = properties.clone();
            }
            Change::WorkspaceDeleted { id } => {
                assert!(self.workspaces.iter().any(|row| row.id == *id && !row.is_default));
                self.grants.retain(|row| !matches!(row.granted, Granted::Workspace(on, _) if on == *id));
                self.workspaces.retain(|row| row.id != *id);
            }
            _ => {}
        }
    }

    fn write_principal(&mut self, change: &Change) {
        match change {
            Change::PrincipalCreated { id, kind, organization, name, .. } => {
                self.take_id(id.number());
                let is_account = *kind == PrincipalKind::ServiceAccount;
                assert_eq!(organization.is_some(), is_account, "accounts have one organization, people none");
                let taken = |row: &PrincipalRow| row.kind == PrincipalKind::ServiceAccount && row.name == *name;
                assert!(!is_account || !self.principals.iter().any(taken), "{name} was given out before");
                let (id, kind, organization, name) = (*id, *kind, *organization, name.clone());
                self.principals.push(PrincipalRow { id, kind, organization, name, deleted: None });
            }
            Change::PrincipalDeleted { id, deleted } => {
                let row = self.principals.iter_mut().find(|row| row.id == *id).expect("the principal is there");
                assert!(row.deleted.is_none(), "{} was deleted before", row.name);
                row.deleted = Some(*deleted);
                self.secrets.retain(|row| row.principal != *id);
                self.grants.retain(|row| row.principal != *id);
            }
            Change::SecretIssued { id, principal, digest, expires, .. } => {
                self.take_id(id.number());
                assert!(self.is_there(*principal));
                self.secrets.push(SecretRow { id: *id, principal: *principal, expires: *expires, digest: *digest });
            }
            Change::SecretExpiryChanged { id, principal, expires } => {
                let is_it = |row: &&mut SecretRow| row.id == *id && row.principal == *principal;
                self.secrets.iter_mut().find(is_it).expect("the secret is there").expires = *expires;
            }
            Change::GrantGiven { id, principal, granted, .. } => {
                self.take_id(id.number());
                assert!(self.is_there(*principal));
                let organization = self.organization_of_grant(*granted).expect("the scope is there");
                let own = self.principal(*principal).organization;
                assert!(own.is_none_or(|own| own == organization), "a grant joins two organizations");
                self.grants.push(GrantRow { id: *id, principal: *principal, granted: *granted });
            }
            Change::GrantTaken { id, principal } => {
                let is_it = |row: &GrantRow| row.id == *id && row.principal == *principal;
                let place = self.grants.iter().position(is_it).expect("the grant is there");
                self.grants.remove(place);
            }
            _ => {}
        }
    }

    /// Starts a directory from the rows, as a server does.
    pub(crate) fn load(&self, hash_key: u64, expected: usize, revision: Revision, mark: Mark) -> Directory {
        let mut loader = Loader::new(hash_key, expected);
        loader.username_suffix(self.suffix.clone());
        for row in &self.organizations {
            loader.organization(row.id, row.name.clone());
        }
        for row in &self.projects {
            loader.project(row.id, row.organization, row.name.clone(), row.timezone.clone());
        }
        for row in &self.workspaces {
            loader.workspace(row.to_workspace());
        }
        let (mut secrets, mut grants) = (BTreeMap::<_, Vec<_>>::new(), BTreeMap::<_, Vec<_>>::new());
        for row in &self.secrets {
            let held = HeldSecret { id: row.id, expires: row.expires, digest: row.digest };
            secrets.entry(row.principal).or_default().push(held);
        }
        for row in &self.grants {
            grants.entry(row.principal).or_default().push(Grant { id: row.id, granted: row.granted });
        }
        for row in &self.principals {
            loader.principal(&Principal {
                id: row.id,
                kind: row.kind,
                organization: row.organization,
                name: row.name.clone(),
                deleted: row.deleted.is_some(),
                secrets: secrets.remove(&row.id).unwrap_or_default(),
                grants: grants.remove(&row.id).unwrap_or_default(),
            });
        }
        loader.finish(revision, mark, self.next_id)
    }
}

impl WorkspaceRow {
    fn to_workspace(&self) -> Workspace {
        Workspace {
            id: self.id,
            project: self.project,
            name: self.properties.name.clone(),
            description: self.properties.description.clone(),
            is_default: self.is_default,
            is_restricted: self.properties.is_restricted,
            is_visible: self.properties.is_visible,
            created: self.created,
            creator: self.creator,
        }
    }
}

/// What the rows say.
impl Rows {
    pub(crate) fn principal(&self, id: PrincipalId) -> &PrincipalRow {
        self.principals.iter().find(|row| row.id == id).expect("the principal is there")
    }

    /// Whether there is such a principal and it was not deleted.
    pub(crate) fn is_there(&self, id: PrincipalId) -> bool {
        self.principals.iter().any(|row| row.id == id && row.deleted.is_none())
    }

    pub(crate) fn organization_of(&self, project: ProjectId) -> Option<OrganizationId> {
        self.projects.iter().find(|row| row.id == project).map(|row| row.organization)
    }

    pub(crate) fn project_of(&self, workspace: WorkspaceId) -> Option<ProjectId> {
        self.workspaces.iter().find(|row| row.id == workspace).map(|row| row.project)
    }

    fn organization_of_grant(&self, granted: Granted) -> Option<OrganizationId> {
        match granted {
            Granted::Organization(on, _) => self.organizations.iter().find(|row| row.id == on).map(|row| row.id),
            Granted::Project(on, _) => self.organization_of(on),
            Granted::Workspace(on, _) => self.organization_of(self.project_of(on)?),
        }
    }

    pub(crate) fn projects_of(&self, organization: OrganizationId) -> Vec<ProjectId> {
        self.projects.iter().filter(|row| row.organization == organization).map(|row| row.id).collect()
    }

    pub(crate) fn workspaces_of(&self, project: ProjectId) -> Vec<WorkspaceId> {
        self.workspaces.iter().filter(|row| row.project == project).map(|row| row.id).collect()
    }

    pub(crate) fn grants_of(&self, principal: PrincipalId) -> Vec<Granted> {
        self.grants.iter().filter(|row| row.principal == principal).map(|row| row.granted).collect()
    }

    /// The highest role in the organization.
    pub(crate) fn organization_role(
        &self,
        principal: PrincipalId,
        organization: OrganizationId,
    ) -> Option<OrganizationRole> {
        use OrganizationRole::{Admin, BillingAdmin, Member, Owner};
        let grants = self.grants_of(principal);
        let belongs = self.principal(principal).organization == Some(organization);
        [Owner, Admin, BillingAdmin, Member]
            .into_iter()
            .find(|role| grants.contains(&Granted::Organization(organization, *role)) || (belongs && *role == Member))
    }

    /// The highest role on the project.
    pub(crate) fn project_role(&self, principal: PrincipalId, project: ProjectId) -> Option<Role> {
        let organization = self.organization_of(project)?;
        let grants = self.grants_of(principal);
        [Role::Owner, Role::Admin, Role::Analyst, Role::Consumer].into_iter().find(|role| {
            let from_above = match role {
                Role::Owner => grants.contains(&Granted::Organization(organization, OrganizationRole::Owner)),
                Role::Admin => grants.contains(&Granted::Organization(organization, OrganizationRole::Admin)),
                Role::Analyst | Role::Consumer => false,
            };
            from_above || grants.contains(&Granted::Project(project, *role))
        })
    }

    /// The highest role on the workspace.
    pub(crate) fn workspace_role(&self, principal: PrincipalId, workspace: WorkspaceId) -> Option<Role> {
        let on_project = self.project_role(principal, self.project_of(workspace)?);
        let grants = self.grants_of(principal);
        [Role::Owner, Role::Admin, Role::Analyst, Role::Consumer]
            .into_iter()
            .find(|role| on_project == Some(*role) || grants.contains(&Granted::Workspace(workspace, *role)))
    }

    /// What of the organization the principal reaches.
    pub(crate) fn reach(
        &self,
        principal: PrincipalId,
        organization: OrganizationId,
    ) -> BTreeMap<ProjectId, ReachedProject> {
        let mut reached = BTreeMap::new();
        for project in self.projects_of(organization) {
            let role = self.project_role(principal, project);
            let mut workspaces = BTreeMap::new();
            for workspace in self.workspaces_of(project) {
                if let Some(role) = self.workspace_role(principal, workspace) {
                    workspaces.insert(workspace, role);
                }
            }
            if role.is_some() || !workspaces.is_empty() {
                reached.insert(project, ReachedProject { role, workspaces });
            }
        }
        reached
    }

    /// Whether a role of the principal gives the permission in the scope, by the sentences of the contract.
    pub(crate) fn gives(&self, principal: PrincipalId, permission: &str, scope: Scope) -> bool {
        match scope {
            Scope::Organization(on) => {
                self.organization_role(principal, on).is_some_and(|role| in_organization(role).contains(&permission))
            }
            Scope::Project(on) => {
                self.project_role(principal, on).is_some_and(|role| on_project(role).contains(&permission))
            }
        }
    }

    /// Whether a role of `giver` reaches up to the one that is granted.
    pub(crate) fn is_up_to(&self, giver: PrincipalId, granted: Granted) -> bool {
        match granted {
            Granted::Organization(on, role) => match self.organization_role(giver, on) {
                Some(OrganizationRole::Owner) => true,
                Some(OrganizationRole::Admin) => role != OrganizationRole::Owner,
                Some(OrganizationRole::BillingAdmin | OrganizationRole::Member) | None => false,
            },
            Granted::Project(on, role) => weight(self.project_role(giver, on)) >= weight(Some(role)),
            Granted::Workspace(on, role) => {
                let project = self.project_of(on).expect("the workspace is there");
                weight(self.project_role(giver, project)) >= weight(Some(role))
            }
        }
    }

    /// The owners of the organization who are people.
    pub(crate) fn people_who_own(&self, organization: OrganizationId) -> Vec<PrincipalId> {
        let mut owners = self.owners(organization);
        owners.retain(|owner| self.principal(*owner).kind == PrincipalKind::Person);
        owners
    }

    /// Whether an owner can be relied on: a person, or an account without an end.
    pub(crate) fn has_lasting_owner(&self, organization: OrganizationId) -> bool {
        let endless =
            |owner: PrincipalId| self.secrets.iter().any(|row| row.principal == owner && row.expires == Expiry::NEVER);
        let is_person = |owner: PrincipalId| self.principal(owner).kind == PrincipalKind::Person;
        self.owners(organization).into_iter().any(|owner| is_person(owner) || endless(owner))
    }

    fn owners(&self, organization: OrganizationId) -> Vec<PrincipalId> {
        let owner = Granted::Organization(organization, OrganizationRole::Owner);
        self.grants.iter().filter(|row| row.granted == owner).map(|row| row.principal).collect()
    }
}

/// How much a role is, nothing included.
pub(crate) fn weight(role: Option<Role>) -> u8 {
    match role {
        None => 0,
        Some(Role::Consumer) => 1,
        Some(Role::Analyst) => 2,
        Some(Role::Admin) => 3,
        Some(Role::Owner) => 4,
    }
}

/// "Organization owner = admin + ...; organization admin = ...; billing_admin = ...; member = none."
pub(crate) fn in_organization(role: OrganizationRole) -> Vec<&'static str> {
    match role {
        OrganizationRole::Member => vec![],
        OrganizationRole::BillingAdmin => vec!["billing:manage"],
        OrganizationRole::Admin => vec![
            "organization:update",
            "projects:create",
            "service_accounts:manage",
            "members:manage",
            "teams:manage",
            "policies:manage",
            "audit:read",
        ],
        OrganizationRole::Owner => {
            let mut all = in_organization(OrganizationRole::Admin);
            all.extend(["organization:delete", "owners:manage"]);
            all
        }
    }
}

/// "owner = admin + ...; admin = analyst + ...; analyst = consumer + ...; consumer = ..."
pub(crate) fn on_project(role: Role) -> Vec<&'static str> {
    match role {
        Role::Consumer => vec!["data:read"],
        Role::Analyst => vec!["data:read", "data:write"],
        Role::Admin => {
            let mut all = on_project(Role::Analyst);
            all.extend(["project:update", "workspaces:manage", "service_accounts:manage"]);
            all.extend(["members:manage", "roles:manage", "audit:read"]);
            all
        }
        Role::Owner => {
            let mut all = on_project(Role::Admin);
            all.push("project:delete");
            all
        }
    }
}
