//! The one way in which a directory changes.

mod custom_role;
mod grants;
mod invitation;
mod password_reset;
mod policy;
mod project;
mod second_factor;
mod secret;
mod service_account;
mod session;
mod set_up_link;
mod team;

use std::sync::Arc;

use super::principals::Principal;
use super::records::{Organization, Person, Project, Workspace};
use super::{Directory, HeldSecret};
use crate::change::{Change, PersonChange};
use crate::effective::organization_grants;
use crate::grant::{Grant, Granted};
use crate::identity::{OrganizationId, PrincipalId, PrincipalKind};
use crate::revision::{Mark, Revision};
use crate::role::OrganizationRole;

impl Organization {
    pub(super) fn new(id: OrganizationId, name: String) -> Self {
        Self {
            id,
            name,
            projects: Vec::new(),
            owners: Vec::new(),
            account_count: 0,
            teams: Vec::new(),
            open_projects: Vec::new(),
            policy: Arc::default(),
            people: Vec::new(),
            invitations: Vec::new(),
            set_up_link: None,
        }
    }

    /// Takes note of who was given a role.
    pub(super) fn add_member(&mut self, principal: PrincipalId, kind: PrincipalKind, role: OrganizationRole) {
        if role == OrganizationRole::Owner {
            insert_sorted(&mut self.owners, principal);
        }
        if kind == PrincipalKind::Person {
            insert_sorted(&mut self.people, principal);
        }
    }
}

fn insert_sorted<T: Ord>(sorted: &mut Vec<T>, item: T) {
    if let Err(place) = sorted.binary_search(&item) {
        sorted.insert(place, item);
    }
}

impl Directory {
    /// Follows all changes of one revision. What a change refers to and is not there is passed over: the store, which
    /// decided, has it, and comparing with a load shows the difference.
    pub fn apply_all(&mut self, changes: &[Change], revision: Revision, mark: Mark) {
        changes.iter().for_each(|change| self.apply(change));
        self.revision = revision;
        self.mark = mark;
    }

    fn apply(&mut self, change: &Change) {
        match change {
            Change::UsernameSuffixChosen { suffix } => self.username_suffix = Arc::new(suffix.clone()),
            Change::OrganizationFounded { id, name, .. } => {
                self.count_id(id.number());
                self.organizations.insert(Organization::new(*id, name.clone()));
            }
            Change::ProjectCreated { id, organization, name, timezone, slug, .. } => {
                self.count_id(id.number());
                let (name, timezone, slug) = (name.clone(), timezone.clone(), slug.clone());
                self.put_project(Project::new(*id, *organization, name, timezone, slug));
            }
            Change::ProjectChanged { id, name, timezone, slug } => {
                self.change_project(*id, name, timezone, slug.as_ref());
            }
            Change::ProjectDeleted { id } => self.delete_project(*id),
            Change::WorkspaceCreated { id, project, properties, is_default, created, creator } => {
                self.count_id(id.number());
                self.put_workspace(Workspace {
                    id: *id,
                    project: *project,
                    name: properties.name.clone(),
                    description: properties.description.clone(),
                    is_default: *is_default,
                    is_restricted: properties.is_restricted,
                    is_visible: properties.is_visible,
                    created: *created,
                    creator: *creator,
                });
            }
            Change::WorkspaceChanged { id, properties } => self.workspaces.change(*id, |workspace| {
                workspace.name.clone_from(&properties.name);
                workspace.description.clone_from(&properties.description);
                workspace.is_restricted = properties.is_restricted;
                workspace.is_visible = properties.is_visible;
            }),
            Change::WorkspaceDeleted { id } => {
                let Some(project) = self.workspaces.get(*id).map(|workspace| workspace.project) else { return };
                self.projects.change(project, |project| project.workspaces.retain(|workspace| workspace != id));
                self.workspaces.remove(*id);
                self.drop_grants(|grant| matches!(grant.granted(), Granted::Workspace(on, _) if on == *id));
            }
            Change::PrincipalCreated { .. }
            | Change::PrincipalDeleted { .. }
            | Change::SecretIssued { .. }
            | Change::SecretExpiryChanged { .. } => self.apply_to_principal(change),
            Change::GrantGiven { id, holder, granted, .. } => self.give(Grant::new(*id, *granted), *holder),
            Change::GrantTaken { id, holder } => self.take(*id, *holder),
            Change::Secret(change) => self.apply_to_secret(change),
            Change::ServiceAccount(change) => self.apply_to_service_account(change),
            Change::Team(change) => self.apply_to_team(change),
            Change::CustomRole(change) => self.apply_to_custom_role(change),
            Change::Policy(change) => self.apply_to_policy(change),
            Change::Invitation(change) => self.apply_to_invitation(change),
            // A password is the store's alone.
            Change::Person(PersonChange::PasswordSet { .. }) => {}
            Change::Session(change) => self.apply_to_session(change),
            Change::SetUpLink(change) => self.apply_to_set_up_link(change),
            Change::SecondFactor(change) => self.apply_to_second_factor(change),
            Change::PasswordReset(change) => self.apply_to_password_reset(change),
        }
    }

    fn apply_to_principal(&mut self, change: &Change) {
        match change {
            Change::PrincipalCreated { id, kind, organization, name, email, created, .. } => {
                self.create_principal(*id, *kind, *organization, name);
                if let Some(email) = email {
                    self.add_person(Person { id: *id, email: email.clone(), created: *created, sessions: Vec::new() });
                }
            }
            Change::PrincipalDeleted { id, .. } => self.delete_principal(*id),
            Change::SecretIssued { id, principal, digest, expires, .. } => {
                self.count_id(id.number());
                self.change_principal(*principal, |principal| {
                    principal.secrets.push(HeldSecret::new(*id, *expires, *digest));
                    principal.secrets.sort_by_key(HeldSecret::id);
                });
            }
            Change::SecretExpiryChanged { id, principal, expires } => self.change_principal(*principal, |principal| {
                for secret in principal.secrets.iter_mut().filter(|secret| secret.id() == *id) {
                    secret.expires = *expires;
                }
            }),
            Change::UsernameSuffixChosen { .. }
            | Change::OrganizationFounded { .. }
            | Change::ProjectCreated { .. }
            | Change::ProjectChanged { .. }
            | Change::ProjectDeleted { .. }
            | Change::WorkspaceCreated { .. }
            | Change::WorkspaceChanged { .. }
            | Change::WorkspaceDeleted { .. }
            | Change::GrantGiven { .. }
            | Change::GrantTaken { .. }
            | Change::Secret(_)
            | Change::ServiceAccount(_)
            | Change::Team(_)
            | Change::CustomRole(_)
            | Change::Policy(_)
            | Change::Invitation(_)
            | Change::Person(_)
            | Change::Session(_)
            | Change::SetUpLink(_)
            | Change::SecondFactor(_)
            | Change::PasswordReset(_) => {}
        }
    }

    fn count_id(&mut self, number: u64) {
        self.next_id = self.next_id.max(number + 1);
    }

    pub(super) fn put_workspace(&mut self, workspace: Workspace) {
        let id = workspace.id;
        self.projects.change(workspace.project, |project| insert_sorted(&mut project.workspaces, id));
        self.workspaces.insert(workspace);
    }

    fn create_principal(
        &mut self,
        id: PrincipalId,
        kind: PrincipalKind,
        organization: Option<OrganizationId>,
        name: &str,
    ) {
        self.count_id(id.number());
        self.count += 1;
        let principal = Principal {
            id,
            kind,
            organization,
            name: name.to_owned(),
            deleted: false,
            disabled: false,
            protected: false,
            secrets: Vec::new(),
            grants: Vec::new(),
            teams: Vec::new(),
        };
        self.principals.at_mut(id.number()).put(&principal);
        if kind == PrincipalKind::ServiceAccount {
            let hash = self.hash_name(name);
            self.usernames.at_mut(hash).insert(hash, id);
        }
        if let Some(organization) = organization {
            self.organizations.change(organization, |organization| organization.account_count += 1);
        }
        self.grow();
    }

    fn delete_principal(&mut self, id: PrincipalId) {
        let Some(principal) = self.principal(id).map(|view| view.to_principal()) else { return };
        self.accounts.remove(id);
        self.change_principal(id, |principal| {
            principal.deleted = true;
            principal.secrets.clear();
            principal.grants.clear();
            principal.teams.clear();
        });
        self.account_addresses.remove(id);
        for grant in &principal.grants {
            if let Granted::Organization(organization, _) = grant.granted() {
                self.recount_member(id, organization);
            }
        }
        for team in &principal.teams {
            self.teams.change(*team, |team| team.members.retain(|member| *member != id));
        }
        if let (Some(organization), false) = (principal.organization, principal.deleted) {
            self.organizations.change(organization, |organization| organization.account_count -= 1);
        }
    }

    fn change_principal(&mut self, id: PrincipalId, change: impl FnOnce(&mut Principal)) {
        let shard = self.principals.at_mut(id.number());
        let Some(mut principal) = shard.find(id).map(|view| view.to_principal()) else { return };
        change(&mut principal);
        shard.put(&principal);
    }

    fn add_person(&mut self, person: Person) {
        let hash = self.hash_name(person.email.as_str());
        self.usernames.at_mut(hash).insert(hash, person.id);
        self.people.insert(person);
    }

    /// Takes a principal off the owners and the people of an organization if no grant makes it one any more.
    fn recount_member(&mut self, id: PrincipalId, organization: OrganizationId) {
        let roles: Vec<OrganizationRole> = self.principal(id).map_or_else(Vec::new, |principal| {
            organization_grants(&principal, organization).map(|(_, role)| role).collect()
        });
        self.organizations.change(organization, |organization| {
            if !roles.contains(&OrganizationRole::Owner) {
                organization.owners.retain(|owner| *owner != id);
            }
            if roles.is_empty() {
                organization.people.retain(|person| *person != id);
            }
        });
    }
}
