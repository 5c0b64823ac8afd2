//! Rows as a store would keep them, and what they add up to: loops over plain lists, no index, nothing shared with the
//! directory. It follows the same changes, and is as strict as a schema: what refers to nothing, joins two
//! organizations or uses an id twice is a failure.

use std::collections::{BTreeMap, BTreeSet};

use claviger_access::change::{
    CustomRoleChange, CustomRoleProperties, InvitationChange, PolicyChange, SecretChange, ServiceAccountChange,
    SessionChange, SetUpLinkChange, TeamChange, WorkspaceProperties,
};
use claviger_access::credential::{BasicForm, SecretDigest};
use claviger_access::directory::{
    AccountAddresses, CustomRole, HeldSecret, Invitation, Loader, PasswordReset, Person, Principal, SecondFactor,
    Session, SetUpLink, Workspace,
};
use claviger_access::effective::ReachedProject;
use claviger_access::email::EmailAddress;
use claviger_access::grant::{Grant, Granted, Holder};
use claviger_access::identity::{
    CustomRoleId, GrantId, OrganizationId, PrincipalId, PrincipalKind, ProjectId, ProjectSlug, SecretId, TeamId,
    UsernameSuffix, WorkspaceId,
};
use claviger_access::ownership::AccountDetails;
use claviger_access::permission::{PermissionName, PermissionSet};
use claviger_access::policy::{Addresses, Arrival, Policy};
use claviger_access::role::{OrganizationRole, ProjectRole, Role};
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
    pub(crate) slug: Option<ProjectSlug>,
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
    pub(crate) email: Option<EmailAddress>,
    pub(crate) created: Moment,
    pub(crate) deleted: Option<Moment>,
    pub(crate) disabled: bool,
    pub(crate) protected: bool,
}

#[derive(Clone)]
pub(crate) struct SecretRow {
    pub(crate) id: SecretId,
    pub(crate) principal: PrincipalId,
    pub(crate) expires: Expiry,
    pub(crate) disabled: bool,
    digest: SecretDigest,
}

#[derive(Clone, Copy)]
pub(crate) struct GrantRow {
    pub(crate) id: GrantId,
    pub(crate) holder: Holder,
    pub(crate) granted: Granted,
}

#[derive(Clone)]
pub(crate) struct TeamRow {
    pub(crate) id: TeamId,
    pub(crate) organization: OrganizationId,
    pub(crate) name: String,
}

#[derive(Clone)]
pub(crate) struct CustomRoleRow {
    pub(crate) id: CustomRoleId,
    pub(crate) project: ProjectId,
    pub(crate) properties: CustomRoleProperties,
    created: Moment,
    modified: Moment,
    creator: Option<PrincipalId>,
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
    pub(crate) teams: Vec<TeamRow>,
    /// Each member of each team.
    pub(crate) memberships: Vec<(TeamId, PrincipalId)>,
    pub(crate) custom_roles: Vec<CustomRoleRow>,
    pub(crate) policies: BTreeMap<OrganizationId, Policy>,
    pub(crate) account_addresses: BTreeMap<PrincipalId, Addresses>,
    /// What is said about accounts, the newest last.
    pub(crate) details: Vec<(PrincipalId, AccountDetails)>,
    pub(crate) invitations: Vec<Invitation>,
    pub(crate) sessions: Vec<Session>,
    pub(crate) set_up_links: BTreeMap<OrganizationId, SetUpLink>,
    pub(crate) second_factors: Vec<SecondFactor>,
    pub(crate) password_resets: Vec<PasswordReset>,
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
            teams: Vec::new(),
            memberships: Vec::new(),
            custom_roles: Vec::new(),
            policies: BTreeMap::new(),
            account_addresses: BTreeMap::new(),
            details: Vec::new(),
            invitations: Vec::new(),
            sessions: Vec::new(),
            set_up_links: BTreeMap::new(),
            second_factors: Vec::new(),
            password_resets: Vec::new(),
        }
    }

    /// Follows the changes of one mutation.
    pub(crate) fn write(&mut self, changes: &[Change]) {
        for change in changes {
            self.write_place(change);
            self.write_principal(change);
            match change {
                Change::Team(change) => self.write_team(change),
                Change::CustomRole(change) => self.write_custom_role(change),
                Change::Policy(change) => self.write_policy(change),
                Change::Invitation(change) => self.write_invitation(change),
                Change::Session(change) => self.write_session(change),
                Change::SetUpLink(change) => self.write_set_up_link(change),
                Change::SecondFactor(change) => self.write_second_factor(change),
                Change::PasswordReset(change) => self.write_password_reset(change),
                _ => {}
            }
        }
        for (team, member) in &self.memberships {
            let organization = self.teams.iter().find(|row| row.id == *team).expect("the team is there").organization;
            assert!(
                self.organization_role(*member, organization).is_some(),
                "{member} is in team {team} and no member"
            );
        }
    }

    fn write_policy(&mut self, change: &PolicyChange) {
        match change {
            PolicyChange::Set { organization, policy } => {
                assert!(self.organizations.iter().any(|row| row.id == *organization));
                self.policies.insert(*organization, policy.clone());
            }
            PolicyChange::AccountAddressesSet { account, addresses } => {
                assert!(self.is_there(*account));
                self.account_addresses.insert(*account, addresses.clone());
            }
        }
    }

    /// Whether a service account may call so, by its organization's policy and its own ranges.
    pub(crate) fn lets_in(&self, principal: PrincipalId, arrival: Arrival) -> bool {
        let row = self.principals.iter().find(|row| row.id == principal).expect("it is there");
        let Some(organization) = row.organization else { return true };
        let policy = self.policies.get(&organization).cloned().unwrap_or_default();
        let of_account = self.account_addresses.get(&principal).cloned().unwrap_or_default();
        let has = |ranges: &Addresses| {
            let address = arrival.address.map(|address| address.to_string()).unwrap_or_default();
            ranges.are_all() || ranges.iter().any(|range| range == "10.0.0.0/8" && address.starts_with("10."))
        };
        (policy.plain_text_allowed || arrival.form != Some(BasicForm::PlainText))
            && has(&policy.addresses)
            && has(&of_account)
    }

    fn write_team(&mut self, change: &TeamChange) {
        match change {
            TeamChange::Created { id, organization, name, .. } => {
                self.take_id(id.number());
                let taken = |row: &TeamRow| row.organization == *organization && row.name == *name;
                assert!(!self.teams.iter().any(taken), "two teams are called {name}");
                self.teams.push(TeamRow { id: *id, organization: *organization, name: name.clone() });
            }
            TeamChange::Renamed { id, name } => {
                self.teams.iter_mut().find(|row| row.id == *id).expect("the team is there").name = name.clone();
            }
            TeamChange::Deleted { id } => {
                assert!(self.teams.iter().any(|row| row.id == *id));
                self.teams.retain(|row| row.id != *id);
                self.memberships.retain(|(team, _)| team != id);
                self.grants.retain(|row| row.holder != Holder::Team(*id));
            }
            TeamChange::MemberAdded { id, member, .. } => {
                let team = self.teams.iter().find(|row| row.id == *id).expect("the team is there");
                assert!(self.organization_role(*member, team.organization).is_some(), "{member} is no member");
                assert!(!self.memberships.contains(&(*id, *member)), "{member} is in team {id} already");
                self.memberships.push((*id, *member));
            }
            TeamChange::MemberRemoved { id, member } => {
                let place = self.memberships.iter().position(|row| *row == (*id, *member));
                self.memberships.remove(place.expect("the member is there"));
            }
        }
    }

    fn write_invitation(&mut self, change: &InvitationChange) {
        match change {
            InvitationChange::Sent { id, organization, email, digest, created, expires, terms, inviter } => {
                self.take_id(id.number());
                assert!(self.organizations.iter().any(|row| row.id == *organization));
                let same = |row: &Invitation| row.organization == *organization && row.email == *email;
                assert!(!self.invitations.iter().any(same), "{email} is invited twice");
                self.invitations.push(Invitation {
                    id: *id,
                    organization: *organization,
                    email: email.clone(),
                    digest: *digest,
                    created: *created,
                    expires: *expires,
                    terms: terms.clone(),
                    inviter: *inviter,
                });
            }
            InvitationChange::Resent { id, digest, expires, inviter } => {
                let row = self.invitations.iter_mut().find(|row| row.id == *id).expect("the invitation is there");
                (row.digest, row.expires, row.inviter) = (*digest, *expires, *inviter);
            }
            InvitationChange::Ended { id } => {
                let place = self.invitations.iter().position(|row| row.id == *id);
                self.invitations.remove(place.expect("the invitation is there"));
            }
        }
    }

    fn write_session(&mut self, change: &SessionChange) {
        match change {
            SessionChange::Begun { id, person, digest, begun, ends, from } => {
                self.take_id(id.number());
                assert_eq!(self.principal(*person).kind, PrincipalKind::Person);
                let (id, person, digest, from) = (*id, *person, *digest, from.clone());
                self.sessions.push(Session { id, person, digest, begun: *begun, ends: *ends, from });
            }
            SessionChange::Ended { id } => {
                let place = self.sessions.iter().position(|row| row.id == *id);
                self.sessions.remove(place.expect("the session is there"));
            }
        }
    }

    fn write_set_up_link(&mut self, change: &SetUpLinkChange) {
        match change {
            SetUpLinkChange::Made { organization, digest, expires, .. } => {
                assert!(self.organizations.iter().any(|row| row.id == *organization));
                self.set_up_links.insert(*organization, SetUpLink { digest: *digest, expires: *expires });
            }
            SetUpLinkChange::Ended { organization } => {
                assert!(self.set_up_links.remove(organization).is_some(), "the link is there");
            }
        }
    }

    /// The person of that address.
    pub(crate) fn person_with(&self, email: &EmailAddress) -> Option<PrincipalId> {
        self.principals.iter().find(|row| row.email.as_ref() == Some(email)).map(|row| row.id)
    }

    fn write_custom_role(&mut self, change: &CustomRoleChange) {
        match change {
            CustomRoleChange::Created { id, project, properties, created, creator } => {
                self.take_id(id.number());
                assert!(self.projects.iter().any(|row| row.id == *project));
                self.custom_roles.push(CustomRoleRow {
                    id: *id,
                    project: *project,
                    properties: properties.clone(),
                    created: *created,
                    modified: *created,
                    creator: *creator,
                });
            }
            CustomRoleChange::Changed { id, properties, modified } => {
                let row = self.custom_roles.iter_mut().find(|row| row.id == *id).expect("the role is there");
                (row.properties, row.modified) = (properties.clone(), *modified);
            }
            CustomRoleChange::Deleted { id } => {
                assert!(self.custom_roles.iter().any(|row| row.id == *id));
                self.custom_roles.retain(|row| row.id != *id);
                let gone = ProjectRole::Custom(*id);
                for row in &mut self.grants {
                    row.granted = match row.granted {
                        Granted::Project(on, role) if role == gone => Granted::Project(on, Role::Consumer.into()),
                        Granted::Workspace(on, role) if role == gone => Granted::Workspace(on, Role::Consumer.into()),
                        other => other,
                    };
                }
            }
        }
    }

    /// Follows the creation of very many principals at once, without looking at each for all others.
    pub(crate) fn write_many(&mut self, created: &[Change]) {
        let mut names: BTreeSet<String> = self.principals.iter().map(|row| row.name.clone()).collect();
        for change in created {
            let Change::PrincipalCreated { id, kind, organization, name, created, .. } = change else {
                panic!("only principals come in such numbers")
            };
            self.take_id(id.number());
            assert!(names.insert(name.clone()), "{name} was given out before");
            let (id, kind, organization, name) = (*id, *kind, *organization, name.clone());
            self.principals.push(PrincipalRow {
                id,
                kind,
                organization,
                name,
                email: None,
                created: *created,
                deleted: None,
                disabled: false,
                protected: false,
            });
        }
    }

    /// Ids come from one counter: each is greater than all before, of whatever kind.
    fn take_id(&mut self, id: u64) {
        assert!(id >= self.next_id, "the id {id} was given out before");
        self.next_id = id + 1;
    }

    /// As a unique index has it.
    fn slugs_are_unique(&self) {
        let mut slugs = BTreeSet::new();
        assert!(self.projects.iter().flat_map(|row| &row.slug).all(|slug| slugs.insert(slug)), "{slugs:?}");
    }

    fn write_place(&mut self, change: &Change) {
        match change {
            Change::UsernameSuffixChosen { suffix } => self.suffix = suffix.clone(),
            Change::OrganizationFounded { id, name, .. } => {
                self.take_id(id.number());
                self.organizations.push(OrganizationRow { id: *id, name: name.clone() });
            }
            Change::ProjectCreated { id, organization, name, timezone, slug, .. } => {
                self.take_id(id.number());
                assert!(self.organizations.iter().any(|row| row.id == *organization));
                let (id, organization, name) = (*id, *organization, name.clone());
                let (timezone, slug) = (timezone.clone(), slug.clone());
                self.projects.push(ProjectRow { id, organization, name, timezone, slug });
                self.slugs_are_unique();
            }
            Change::ProjectChanged { id, name, timezone, slug } => {
                let row = self.projects.iter_mut().find(|row| row.id == *id).expect("the project is there");
                (row.name, row.timezone, row.slug) = (name.clone(), timezone.clone(), slug.clone());
                self.slugs_are_unique();
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
                self.custom_roles.retain(|row| row.project != *id);
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
            Change::PrincipalCreated { id, kind, organization, name, email, created, .. } => {
                self.take_id(id.number());
                let is_account = *kind == PrincipalKind::ServiceAccount;
                assert_eq!(organization.is_some(), is_account, "accounts have one organization, people none");
                let taken = |row: &PrincipalRow| row.kind == PrincipalKind::ServiceAccount && row.name == *name;
                assert!(!is_account || !self.principals.iter().any(taken), "{name} was given out before");
                assert_eq!(email.is_some(), !is_account, "people have addresses, accounts none");
                let same = |email: &EmailAddress| self.person_with(email).is_some();
                assert!(!email.as_ref().is_some_and(same), "two people have one address");
                self.principals.push(PrincipalRow {
                    id: *id,
                    kind: *kind,
                    organization: *organization,
                    name: name.clone(),
                    email: email.clone(),
                    created: *created,
                    deleted: None,
                    disabled: false,
                    protected: false,
                });
            }
            Change::PrincipalDeleted { id, deleted } => {
                self.account_addresses.remove(id);
                let row = self.principals.iter_mut().find(|row| row.id == *id).expect("the principal is there");
                assert!(row.deleted.is_none(), "{} was deleted before", row.name);
                assert!(!row.protected, "{} was protected", row.name);
                row.deleted = Some(*deleted);
                self.secrets.retain(|row| row.principal != *id);
                self.grants.retain(|row| row.holder != Holder::Principal(*id));
                self.memberships.retain(|(_, member)| member != id);
                self.details.retain(|(of, _)| of != id);
            }
            Change::SecretIssued { id, principal, digest, expires, .. } => {
                self.take_id(id.number());
                assert!(self.is_there(*principal));
                let (id, principal, expires, digest) = (*id, *principal, *expires, *digest);
                self.secrets.push(SecretRow { id, principal, expires, disabled: false, digest });
            }
            Change::SecretExpiryChanged { id, principal, expires } => {
                let is_it = |row: &&mut SecretRow| row.id == *id && row.principal == *principal;
                self.secrets.iter_mut().find(is_it).expect("the secret is there").expires = *expires;
            }
            Change::Secret(change) => self.write_secret(change),
            Change::ServiceAccount(change) => self.write_service_account(change),
            Change::GrantGiven { id, holder, granted, .. } => {
                self.take_id(id.number());
                let organization = self.organization_of_grant(*granted).expect("the scope is there");
                let own = self.organization_of_holder(*holder, *granted);
                assert!(own.is_none_or(|own| own == organization), "a grant joins two organizations");
                self.grants.push(GrantRow { id: *id, holder: *holder, granted: *granted });
            }
            Change::GrantTaken { id, holder } => {
                let is_it = |row: &GrantRow| row.id == *id && row.holder == *holder;
                let place = self.grants.iter().position(is_it).expect("the grant is there");
                self.grants.remove(place);
            }
            _ => {}
        }
    }

    fn write_secret(&mut self, change: &SecretChange) {
        let (SecretChange::Named { id, principal, .. }
        | SecretChange::Disabled { id, principal, .. }
        | SecretChange::Revoked { id, principal }) = change;
        let is_it = |row: &SecretRow| row.id == *id && row.principal == *principal;
        let place = self.secrets.iter().position(is_it).expect("the secret is there");
        match change {
            SecretChange::Named { .. } => {}
            SecretChange::Disabled { disabled, .. } => {
                assert!(self.secrets[place].disabled != *disabled, "it is so already");
                self.secrets[place].disabled = *disabled;
            }
            SecretChange::Revoked { .. } => drop(self.secrets.remove(place)),
        }
    }

    fn write_service_account(&mut self, change: &ServiceAccountChange) {
        let (ServiceAccountChange::Disabled { id, .. }
        | ServiceAccountChange::Protected { id, .. }
        | ServiceAccountChange::Described { id, .. }) = change;
        let row = self.principals.iter_mut().find(|row| row.id == *id).expect("the account is there");
        assert!(row.kind == PrincipalKind::ServiceAccount && row.deleted.is_none());
        match change {
            ServiceAccountChange::Disabled { disabled, .. } => row.disabled = *disabled,
            ServiceAccountChange::Protected { protected, .. } => row.protected = *protected,
            ServiceAccountChange::Described { details, .. } => {
                self.details.retain(|(of, _)| of != id);
                self.details.push((*id, details.clone()));
            }
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
            loader.project(row.id, row.organization, row.name.clone(), row.timezone.clone(), row.slug.clone());
        }
        for row in &self.workspaces {
            loader.workspace(row.to_workspace());
        }
        for (organization, policy) in &self.policies {
            loader.policy(*organization, policy.clone());
        }
        for (account, addresses) in self.account_addresses.iter().filter(|(_, addresses)| !addresses.are_all()) {
            loader.account_addresses(AccountAddresses { id: *account, addresses: addresses.clone() });
        }
        for row in &self.custom_roles {
            loader.custom_role(row.to_custom_role());
        }
        for row in &self.invitations {
            loader.invitation(row.clone());
        }
        for (organization, link) in &self.set_up_links {
            loader.set_up_link(*organization, link.clone());
        }
        for row in &self.teams {
            loader.team(row.id, row.organization, row.name.clone(), self.held_by(Holder::Team(row.id)));
        }
        for row in &self.projects {
            if let [grant] = self.held_by(Holder::EveryMember(row.id))[..] {
                loader.default_access(row.id, grant);
            }
        }
        for (id, details) in &self.details {
            loader.account_details(*id, details.clone());
        }
        let (mut secrets, mut grants) = (BTreeMap::<_, Vec<_>>::new(), BTreeMap::<_, Vec<_>>::new());
        for row in &self.secrets {
            let held = HeldSecret::new(row.id, row.expires, row.digest).with_disabled(row.disabled);
            secrets.entry(row.principal).or_default().push(held);
        }
        for row in &self.grants {
            grants.entry(row.holder).or_default().push(Grant::new(row.id, row.granted));
        }
        for row in &self.principals {
            if let Some(email) = row.email.clone() {
                loader.person(Person { id: row.id, email, created: row.created, sessions: Vec::new() });
            }
            loader.principal(&Principal {
                id: row.id,
                kind: row.kind,
                organization: row.organization,
                name: row.name.clone(),
                deleted: row.deleted.is_some(),
                disabled: row.disabled,
                protected: row.protected,
                secrets: secrets.remove(&row.id).unwrap_or_default(),
                grants: grants.remove(&Holder::Principal(row.id)).unwrap_or_default(),
                teams: self.teams_of(row.id),
            });
        }
        for row in &self.sessions {
            loader.session(row.clone());
        }
        self.second_factors.iter().for_each(|row| loader.second_factor(row.clone()));
        self.password_resets.iter().for_each(|row| loader.password_reset(row.clone()));
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

impl CustomRoleRow {
    fn to_custom_role(&self) -> CustomRole {
        CustomRole {
            id: self.id,
            project: self.project,
            properties: self.properties.clone(),
            created: self.created,
            modified: self.modified,
            creator: self.creator,
        }
    }
}

/// What the rows say.
impl Rows {
    /// By id.
    fn held_by(&self, holder: Holder) -> Vec<Grant> {
        let held = self.grants.iter().filter(|row| row.holder == holder);
        held.map(|row| Grant::new(row.id, row.granted)).collect()
    }

    /// Whether the grant gives the principal something, whoever holds it.
    pub(crate) fn reaches(&self, grant: &GrantRow, principal: PrincipalId) -> bool {
        match grant.holder {
            Holder::Principal(id) => id == principal,
            Holder::Team(team) => self.memberships.contains(&(team, principal)),
            Holder::EveryMember(project) => {
                let organization = self.organization_of(project).expect("the project is there");
                self.organization_role(principal, organization).is_some()
            }
        }
    }

    /// Whether a role allows this.
    pub(crate) fn allows(&self, role: ProjectRole, permission: &str) -> bool {
        self.allowed_by(role).0.contains(permission)
    }

    pub(crate) fn grants_of_team(&self, team: TeamId) -> Vec<Granted> {
        self.held_by(Holder::Team(team)).iter().map(Grant::granted).collect()
    }

    pub(crate) fn teams_of(&self, principal: PrincipalId) -> Vec<TeamId> {
        let mut teams: Vec<TeamId> =
            self.memberships.iter().filter(|(_, member)| *member == principal).map(|(team, _)| *team).collect();
        teams.sort();
        teams
    }

    pub(crate) fn teams_in(&self, organization: OrganizationId) -> Vec<TeamId> {
        self.teams.iter().filter(|row| row.organization == organization).map(|row| row.id).collect()
    }

    pub(crate) fn custom_roles_of(&self, project: ProjectId) -> Vec<CustomRoleId> {
        self.custom_roles.iter().filter(|row| row.project == project).map(|row| row.id).collect()
    }

    fn organization_of_holder(&self, holder: Holder, granted: Granted) -> Option<OrganizationId> {
        match holder {
            Holder::Principal(id) => {
                assert!(self.is_there(id));
                self.principal(id).organization
            }
            Holder::Team(id) => {
                assert!(!matches!(granted, Granted::Organization(..)), "a team has no role in an organization");
                Some(self.teams.iter().find(|row| row.id == id).expect("the team is there").organization)
            }
            Holder::EveryMember(project) => {
                assert!(matches!(granted, Granted::Project(on, _) if on == project));
                assert!(!self.grants.iter().any(|row| row.holder == holder), "two default accesses");
                self.organization_of(project)
            }
        }
    }

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

    pub(crate) fn organization_of_grant(&self, granted: Granted) -> Option<OrganizationId> {
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

    /// What the principal holds itself.
    pub(crate) fn grants_of(&self, principal: PrincipalId) -> Vec<Granted> {
        let holder = Holder::Principal(principal);
        self.grants.iter().filter(|row| row.holder == holder).map(|row| row.granted).collect()
    }

    /// What the principal holds itself or through a team.
    pub(crate) fn grants_with_teams(&self, principal: PrincipalId) -> Vec<Granted> {
        let reaches = |holder| match holder {
            Holder::Principal(id) => id == principal,
            Holder::Team(team) => self.memberships.contains(&(team, principal)),
            Holder::EveryMember(_) => false,
        };
        self.grants.iter().filter(|row| reaches(row.holder)).map(|row| row.granted).collect()
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

    /// Every role that the principal has on the project, however it came by it.
    fn project_roles(&self, principal: PrincipalId, project: ProjectId) -> Vec<ProjectRole> {
        let Some(organization) = self.organization_of(project) else { return Vec::new() };
        let mut roles = Vec::new();
        for granted in self.grants_with_teams(principal) {
            match granted {
                Granted::Organization(on, OrganizationRole::Owner) if on == organization => {
                    roles.push(Role::Owner.into());
                }
                Granted::Organization(on, OrganizationRole::Admin) if on == organization => {
                    roles.push(Role::Admin.into());
                }
                Granted::Project(on, role) if on == project => roles.push(role),
                _ => {}
            }
        }
        if self.organization_role(principal, organization).is_some() {
            for row in self.grants.iter().filter(|row| row.holder == Holder::EveryMember(project)) {
                roles.extend(row.granted.project_role());
            }
        }
        roles
    }

    fn workspace_roles(&self, principal: PrincipalId, workspace: WorkspaceId) -> Vec<ProjectRole> {
        let Some(project) = self.project_of(workspace) else { return Vec::new() };
        let mut roles = self.project_roles(principal, project);
        for granted in self.grants_with_teams(principal) {
            match granted {
                Granted::Workspace(on, role) if on == workspace => roles.push(role),
                _ => {}
            }
        }
        roles
    }

    /// The highest role on the project.
    pub(crate) fn project_role(&self, principal: PrincipalId, project: ProjectId) -> Option<ProjectRole> {
        highest(&self.project_roles(principal, project))
    }

    /// The highest role on the workspace.
    pub(crate) fn workspace_role(&self, principal: PrincipalId, workspace: WorkspaceId) -> Option<ProjectRole> {
        highest(&self.workspace_roles(principal, workspace))
    }

    /// The names of what a role allows, and whether it allows whatever the installation makes up.
    fn allowed_by(&self, role: ProjectRole) -> (BTreeSet<String>, bool) {
        match role {
            ProjectRole::BuiltIn(role) => {
                let every_own = matches!(role, Role::Owner | Role::Admin);
                (on_project(role).into_iter().map(str::to_owned).collect(), every_own)
            }
            ProjectRole::Custom(id) => {
                let row = self.custom_roles.iter().find(|row| row.id == id).expect("the role is there");
                (row.properties.permissions.names().map(|name| name.as_str().to_owned()).collect(), false)
            }
        }
    }

    fn allowed_by_all(&self, roles: &[ProjectRole]) -> (BTreeSet<String>, bool) {
        let mut all = (BTreeSet::new(), false);
        for role in roles {
            let (names, every_own) = self.allowed_by(*role);
            all.0.extend(names);
            all.1 |= every_own;
        }
        all
    }

    /// Whether the roles allow all that another one does.
    fn reach_up_to(&self, roles: &[ProjectRole], role: ProjectRole) -> bool {
        let (held, held_every_own) = self.allowed_by_all(roles);
        let (wanted, wanted_every_own) = self.allowed_by(role);
        let is_own = |name: &String| matches!(PermissionName::parse(name), Ok(PermissionName::Own(_)));
        (held_every_own || !wanted_every_own)
            && wanted.iter().all(|name| held.contains(name) || (held_every_own && is_own(name)))
    }

    /// What the principal may do on the project and was not able to before, by another state's rows: a name for it.
    pub(crate) fn project_allowance(&self, principal: PrincipalId, project: ProjectId) -> (BTreeSet<String>, bool) {
        self.allowed_by_all(&self.project_roles(principal, project))
    }

    /// The same on a workspace.
    pub(crate) fn workspace_allowance(
        &self,
        principal: PrincipalId,
        workspace: WorkspaceId,
    ) -> (BTreeSet<String>, bool) {
        self.allowed_by_all(&self.workspace_roles(principal, workspace))
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
                let roles = self.project_roles(principal, project);
                let permissions = roles.iter().fold(PermissionSet::default(), |mut all, role| {
                    all.add(&self.set_of(*role));
                    all
                });
                reached.insert(project, ReachedProject { role, permissions, workspaces });
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
            Scope::Project(on) => self.project_allowance(principal, on).0.contains(permission),
        }
    }

    fn set_of(&self, role: ProjectRole) -> PermissionSet {
        match role {
            ProjectRole::BuiltIn(role) => role.permission_set(),
            ProjectRole::Custom(id) => {
                let row = self.custom_roles.iter().find(|row| row.id == id).expect("the role is there");
                row.properties.permissions.clone()
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
            Granted::Project(on, role) => self.reach_up_to(&self.project_roles(giver, on), role),
            Granted::Workspace(on, role) => {
                let project = self.project_of(on).expect("the workspace is there");
                self.reach_up_to(&self.project_roles(giver, project), role)
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
        let lasting = |row: &SecretRow| row.expires == Expiry::NEVER && !row.disabled;
        let endless = |owner: PrincipalId| {
            !self.principal(owner).disabled && self.secrets.iter().any(|row| row.principal == owner && lasting(row))
        };
        let is_person = |owner: PrincipalId| self.principal(owner).kind == PrincipalKind::Person;
        self.owners(organization).into_iter().any(|owner| is_person(owner) || endless(owner))
    }

    fn owners(&self, organization: OrganizationId) -> Vec<PrincipalId> {
        let owner = Granted::Organization(organization, OrganizationRole::Owner);
        let owners = self.grants.iter().filter(|row| row.granted == owner).filter_map(|row| match row.holder {
            Holder::Principal(id) => Some(id),
            Holder::Team(_) | Holder::EveryMember(_) => None,
        });
        owners.collect()
    }
}

/// Built-in roles by their strength, then custom ones, the oldest first.
fn highest(roles: &[ProjectRole]) -> Option<ProjectRole> {
    let built_in = [Role::Owner, Role::Admin, Role::Analyst, Role::Consumer].map(ProjectRole::BuiltIn);
    let mut custom: Vec<CustomRoleId> = Vec::new();
    for role in roles {
        if let ProjectRole::Custom(id) = role {
            custom.push(*id);
        }
    }
    custom.sort();
    built_in.into_iter().chain(custom.into_iter().map(ProjectRole::Custom)).find(|role| roles.contains(role))
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
