//! Grants given and taken, whoever holds them.

use super::insert_sorted;
use crate::directory::Directory;
use crate::grant::{Grant, Granted, Holder};
use crate::identity::{GrantId, ProjectId};
use crate::role::ProjectRole;

impl Directory {
    pub(super) fn give(&mut self, grant: Grant, holder: Holder) {
        self.count_id(grant.id.number());
        match holder {
            Holder::Principal(id) => {
                if let Granted::Organization(organization, role) = grant.granted()
                    && let Some(kind) = self.principal(id).map(|view| view.kind())
                {
                    self.organizations.change(organization, |known| known.add_member(id, kind, role));
                }
                self.change_principal(id, |principal| insert_sorted(&mut principal.grants, grant));
            }
            Holder::Team(id) => self.teams.change(id, |team| insert_sorted(&mut team.grants, grant)),
            Holder::EveryMember(project) => self.open_project(project, grant),
        }
    }

    pub(super) fn take(&mut self, id: GrantId, holder: Holder) {
        match holder {
            Holder::Principal(principal) => {
                let held = self.principal(principal);
                let held = held.and_then(|view| view.grants().iter().find(|grant| grant.id == id).copied());
                self.change_principal(principal, |principal| principal.grants.retain(|grant| grant.id != id));
                if let Some(Granted::Organization(organization, _)) = held.map(|held| held.granted()) {
                    self.recount_member(principal, organization);
                }
            }
            Holder::Team(team) => self.teams.change(team, |team| team.grants.retain(|grant| grant.id != id)),
            Holder::EveryMember(project) => self.close_project(project, |grant| grant.id == id),
        }
    }

    /// Gives each member of the organization a role on a project.
    pub(in crate::directory) fn open_project(&mut self, id: ProjectId, grant: Grant) {
        let Some(organization) = self.projects.get(id).map(|project| project.organization) else { return };
        self.projects.change(id, |project| project.default_access = Some(grant));
        self.organizations.change(organization, |organization| insert_sorted(&mut organization.open_projects, id));
    }

    fn close_project(&mut self, id: ProjectId, gone: impl Fn(&Grant) -> bool) {
        let Some(project) = self.projects.get(id) else { return };
        if project.default_access.as_ref().is_some_and(gone) {
            let organization = project.organization;
            self.projects.change(id, |project| project.default_access = None);
            self.organizations
                .change(organization, |organization| organization.open_projects.retain(|open| *open != id));
        }
    }

    /// Looks at every grant of the installation: deleting a project or a workspace is rare, and an index would cost
    /// each account memory. Default access goes with its project.
    pub(super) fn drop_grants(&mut self, gone: impl Fn(&Grant) -> bool) {
        self.principals.change_where(|shard| shard.has_grant(&gone), |shard| shard.drop_grants(&gone));
        self.teams.change_where(|team| team.grants.iter().any(&gone), |team| team.grants.retain(|grant| !gone(grant)));
    }

    /// Gives whoever holds one role of a project another one, in the same way.
    pub(super) fn change_roles(&mut self, project: ProjectId, was: ProjectRole, becomes: ProjectRole) {
        let has_it = |grant: &Grant| grant.granted().project_role() == Some(was);
        let other = |grant: &Grant| has_it(grant).then_some(becomes);
        self.principals.change_where(|shard| shard.has_grant(has_it), |shard| shard.change_roles(other));
        let change = |grant: &mut Grant| *grant = other(grant).map_or(*grant, |role| grant.with_role(role));
        self.teams.change_where(|team| team.grants.iter().any(has_it), |team| team.grants.iter_mut().for_each(change));
        self.projects.change(project, |project| project.default_access.iter_mut().for_each(change));
    }
}
