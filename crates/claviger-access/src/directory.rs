//! The in-memory image that every check reads and every decision is made on.
//!
//! One directory is one revision of the whole installation: who there is, what each secret's digest is, who holds which
//! role where. It is a persistent structure: a clone shares everything and costs a few pointers, a change copies the
//! one shard that it touches. So a reader who took an image keeps it whole while the next is made beside it.
//!
//! What must stay true: only [`Directory::apply`] changes it, by what a committed transaction produced; and loading it
//! from the store at a revision gives the same as applying every change up to there
//! ([`Directory::contents`] is what "the same" means).
//!
//! Not here: what only lists show (when an account was made, by whom, when it was last used). The store has that.

mod apply;
mod draft;
mod load;
mod principals;
mod ranges;
mod records;
mod shelves;
mod slugs;

use std::hash::{BuildHasher, Hasher};
use std::hint::black_box;
use std::sync::Arc;

use foldhash::quality::FixedState;

pub use self::draft::{Draft, NewIds};
pub use self::load::Loader;
pub use self::principals::{HeldSecret, Principal, PrincipalView};
pub use self::records::{
    AccountAddresses, AccountRecord, CustomRole, Invitation, Organization, PasswordReset, Person, Project,
    SecondFactor, Session, SetUpLink, Team, Workspace,
};

use self::principals::{PrincipalShard, UsernameShard};
use self::ranges::Ranges;
use self::records::Records;
use self::shelves::Shelves;
use self::slugs::Slugs;
use crate::authorize::{Caller, CredentialId, NoAdmission};
use crate::credential::{Presented, SecretDigest};
use crate::email::EmailAddress;
use crate::expiry::{Expiry, Moment};
use crate::grant::{Grant, Granted, Holder};
use crate::identity::{
    CustomRoleId, InvitationId, OrganizationId, PrincipalId, PrincipalKind, ProjectId, SecretId, SessionId, TeamId,
    UsernameSuffix, WorkspaceId,
};
use crate::ownership::AccountDetails;
use crate::permission::{Permission, PermissionSet};
use crate::policy::{Addresses, Arrival, Policy};
use crate::revision::{Mark, Revision};
use crate::role::ProjectRole;

/// What is demanded where nothing is known to be.
static NO_POLICY: Policy = Policy::DEFAULT;

/// One revision of the installation.
#[derive(Clone)]
pub struct Directory {
    revision: Revision,
    mark: Mark,
    next_id: u64,
    /// Keyed, so that nobody can choose usernames or slugs that meet in one place.
    hash_key: u64,
    username_suffix: Arc<UsernameSuffix>,
    count: usize,
    principals: Ranges<PrincipalShard>,
    /// Service accounts by username, and people by e-mail address.
    usernames: Shelves<UsernameShard>,
    organizations: Records<OrganizationId, Organization>,
    projects: Records<ProjectId, Project>,
    slugs: Slugs,
    workspaces: Records<WorkspaceId, Workspace>,
    teams: Records<TeamId, Team>,
    custom_roles: Records<CustomRoleId, CustomRole>,
    account_addresses: Records<PrincipalId, AccountAddresses>,
    accounts: Records<PrincipalId, AccountRecord>,
    people: Records<PrincipalId, Person>,
    invitations: Records<InvitationId, Invitation>,
    sessions: Records<SessionId, Session>,
    second_factors: Records<PrincipalId, SecondFactor>,
    password_resets: Records<PrincipalId, PasswordReset>,
    dummy: Arc<[HeldSecret; 1]>,
}

/// Who presented a credential that counts.
#[derive(Debug, Clone, Copy)]
pub struct Authenticated<'d> {
    /// The account.
    pub principal: PrincipalView<'d>,
    /// The secret that it came with.
    pub secret: SecretId,
}

/// A credential that does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAuthenticated {
    /// The account that the username names, deleted ones included, with its organization.
    pub account: Option<(PrincipalId, OrganizationId)>,
    /// Why, for the record.
    pub why: NoAdmission,
}

impl Authenticated<'_> {
    /// The account as a caller who comes like this.
    pub fn caller(&self, arrival: Arrival) -> Caller {
        Caller::Principal { principal: self.principal.id(), credential: CredentialId::Secret(self.secret), arrival }
    }
}

impl Directory {
    /// The directory of an empty store. `hash_key` must be random, and may differ from start to start.
    pub fn empty(hash_key: u64) -> Self {
        Loader::new(hash_key, 0).finish(Revision::ZERO, Mark::ZERO, 1)
    }

    /// Where in its history it stands.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// Which history that is.
    pub fn mark(&self) -> Mark {
        self.mark
    }

    /// The number that the next new thing gets as its id.
    pub fn next_id(&self) -> u64 {
        self.next_id
    }

    /// The last part of every username that is given out.
    pub fn username_suffix(&self) -> &UsernameSuffix {
        &self.username_suffix
    }

    /// How many principals there are, deleted ones included.
    pub fn principal_count(&self) -> usize {
        self.count
    }

    /// Who presents this credential, if it counts; else why not, for the record alone.
    ///
    /// The same work whether the username exists or not: one look-up, one digest, one compare. An unknown name meets the
    /// account that stands where it would, whose secrets are compared and count for nothing: so the same memory is
    /// fetched. Where nobody stands, it meets a dummy that no digest matches.
    pub fn authenticate(&self, presented: &Presented<'_>, now: Moment) -> Result<Authenticated<'_>, NotAuthenticated> {
        self.authenticate_observed(presented, now, |_| {})
    }

    /// The same, telling each step to an observer: that it is the same work for everybody is counted, not timed.
    pub fn authenticate_observed(
        &self,
        presented: &Presented<'_>,
        now: Moment,
        mut observe: impl FnMut(AuthenticationStep),
    ) -> Result<Authenticated<'_>, NotAuthenticated> {
        observe(AuthenticationStep::Digest);
        let digest = presented.digest();
        observe(AuthenticationStep::LookUp);
        let met = self.account_met_by(presented.username());
        let held = match &met {
            Some((principal, _)) if !principal.secrets().is_empty() => principal.secrets(),
            _ => &self.dummy[..],
        };
        let mut matching = None;
        for secret in held {
            observe(AuthenticationStep::Compare);
            if secret.digest.matches(&digest) {
                matching = Some(secret);
            }
        }
        let Some((principal, _)) = met.filter(|(_, is_it)| *is_it) else {
            return Err(NotAuthenticated { account: None, why: NoAdmission::UnknownUsername });
        };
        let why = match matching {
            _ if principal.is_deleted() => NoAdmission::AccountDeleted,
            None => NoAdmission::WrongSecret,
            Some(_) if principal.is_disabled() => NoAdmission::AccountDisabled,
            Some(secret) if secret.is_disabled() => NoAdmission::SecretDisabled,
            Some(secret) if !secret.counts(now) => NoAdmission::SecretExpired,
            Some(secret) => return Ok(Authenticated { principal, secret: secret.id() }),
        };
        let account = principal.organization().map(|organization| (principal.id(), organization));
        Err(NotAuthenticated { account, why })
    }

    /// The service account of that username, deleted ones included.
    pub fn service_account_named(&self, username: &str) -> Option<PrincipalView<'_>> {
        let hash = self.hash_name(username);
        let candidates = self.usernames.at(hash).tagged(hash);
        let mut candidates = candidates.filter_map(|id| self.principal(id));
        candidates.find(|known| known.kind() == PrincipalKind::ServiceAccount && known.name() == username)
    }

    /// The person of that address, deleted ones included.
    pub fn person_with_email(&self, email: &EmailAddress) -> Option<&Person> {
        let hash = self.hash_name(email.as_str());
        let candidates = self.usernames.at(hash).tagged(hash);
        candidates.filter_map(|id| self.person(id)).find(|person| person.email == *email)
    }

    /// What the person of that id has beside what any principal has, deleted ones included.
    pub fn person(&self, id: PrincipalId) -> Option<&Person> {
        self.people.get(id)
    }

    /// The invitation of that id, if it was neither accepted nor withdrawn.
    pub fn invitation(&self, id: InvitationId) -> Option<&Invitation> {
        self.invitations.get(id)
    }

    /// The session of that id, if nobody ended it. It may have ended by itself.
    pub fn session(&self, id: SessionId) -> Option<&Session> {
        self.sessions.get(id)
    }

    /// The second factor of this person, if he has one.
    pub fn second_factor(&self, person: PrincipalId) -> Option<&SecondFactor> {
        self.second_factors.get(person)
    }

    /// The link by which this person chooses another password, if one was made and not used. It may have expired.
    pub fn password_reset(&self, person: PrincipalId) -> Option<&PasswordReset> {
        self.password_resets.get(person)
    }

    /// Whom a username leads to, and whether the name is his.
    fn account_met_by(&self, username: &str) -> Option<(PrincipalView<'_>, bool)> {
        let met = match self.service_account_named(username) {
            Some(named) => (named, true),
            None => {
                let hash = self.hash_name(username);
                (self.principal(self.usernames.at(hash).beside(hash)?)?, false)
            }
        };
        // Fetched also where its length alone tells it apart.
        black_box(met.0.name().as_bytes().first());
        Some(met)
    }

    /// The principal of that id, deleted ones included.
    #[inline]
    pub fn principal(&self, id: PrincipalId) -> Option<PrincipalView<'_>> {
        self.principals.at(id.number()).find(id)
    }

    /// The service account of that id if it is in that organization and was not deleted.
    #[inline]
    pub fn service_account(&self, organization: OrganizationId, id: PrincipalId) -> Option<PrincipalView<'_>> {
        self.account_ever_of(organization, id).filter(|account| !account.is_deleted())
    }

    /// The same, deleted or not.
    #[inline]
    pub fn account_ever_of(&self, organization: OrganizationId, id: PrincipalId) -> Option<PrincipalView<'_>> {
        let is_its = |view: &PrincipalView<'_>| view.organization() == Some(organization);
        self.principal(id).filter(|view| view.kind() == PrincipalKind::ServiceAccount && is_its(view))
    }

    /// The service accounts of an organization, by id, deleted ones included. Looks at every principal of the
    /// installation.
    pub fn accounts_ever_of(&self, organization: OrganizationId) -> impl Iterator<Item = PrincipalView<'_>> {
        let accounts = self.views().filter(|view| view.kind() == PrincipalKind::ServiceAccount);
        accounts.filter(move |view| view.organization() == Some(organization))
    }

    /// What is said about a service account, if anything is.
    pub fn account_details(&self, id: PrincipalId) -> Option<&AccountDetails> {
        self.accounts.get(id).map(|record| &record.details)
    }

    /// How many secrets that still count each account of an organization may hold.
    pub fn secrets_max(&self, organization: OrganizationId) -> usize {
        self.policy_of(organization).secrets_max.count()
    }

    /// The organization of that id.
    pub fn organization(&self, id: OrganizationId) -> Option<&Organization> {
        self.organizations.get(id)
    }

    /// All organizations.
    pub fn organizations(&self) -> impl Iterator<Item = &Organization> {
        self.organizations.iter()
    }

    /// The project of that id.
    pub fn project(&self, id: ProjectId) -> Option<&Project> {
        self.projects.get(id)
    }

    /// The project that the platform calls so.
    pub fn project_called(&self, slug: &str) -> Option<&Project> {
        let mut candidates = self.slugs.candidates(self.hash_name(slug)).filter_map(|id| self.project(id));
        candidates.find(|known| known.slug.as_ref().is_some_and(|known| known.as_str() == slug))
    }

    /// The workspace of that id.
    pub fn workspace(&self, id: WorkspaceId) -> Option<&Workspace> {
        self.workspaces.get(id)
    }

    /// The team of that id.
    pub fn team(&self, id: TeamId) -> Option<&Team> {
        self.teams.get(id)
    }

    /// The custom role of that id.
    pub fn custom_role(&self, id: CustomRoleId) -> Option<&CustomRole> {
        self.custom_roles.get(id)
    }

    /// What an organization demands of its service accounts.
    pub fn policy_of(&self, organization: OrganizationId) -> &Policy {
        self.organization(organization).map_or(&NO_POLICY, |known| &known.policy)
    }

    /// Where an account may call from, within what its organization allows.
    pub fn addresses_of(&self, account: PrincipalId) -> &Addresses {
        self.account_addresses.get(account).map_or(&NO_POLICY.addresses, |known| &known.addresses)
    }

    /// What a role allows; nothing where it is a custom one that is gone.
    pub fn permissions_of(&self, role: ProjectRole) -> PermissionSet {
        match role {
            ProjectRole::BuiltIn(role) => role.permission_set(),
            ProjectRole::Custom(id) => {
                self.custom_role(id).map(|role| role.properties.permissions.clone()).unwrap_or_default()
            }
        }
    }

    /// Whether a role allows this.
    pub fn allows(&self, role: ProjectRole, permission: Permission) -> bool {
        match role {
            ProjectRole::BuiltIn(role) => role.permissions().contains(&permission),
            ProjectRole::Custom(id) => {
                self.custom_role(id).is_some_and(|role| role.properties.permissions.contains(permission))
            }
        }
    }

    /// Who holds a role of a project directly, and on which workspace, if not on all of it. Looks at every grant of the
    /// installation: it is asked before and after a role is deleted.
    pub fn holders_of(&self, project: ProjectId, role: ProjectRole) -> Vec<(Holder, Option<WorkspaceId>)> {
        let place = |grant: &Grant| match grant.granted() {
            Granted::Project(on, held) if held == role && on == project => Some(None),
            Granted::Workspace(on, held) if held == role && self.workspace(on)?.project == project => Some(Some(on)),
            _ => None,
        };
        let holds = |holder: Holder, grants: &[Grant]| -> Vec<(Holder, Option<WorkspaceId>)> {
            grants.iter().filter_map(place).map(|workspace| (holder, workspace)).collect()
        };
        let known = self.project(project);
        let open =
            known.map_or_else(Vec::new, |known| holds(Holder::EveryMember(project), known.default_access.as_slice()));
        let organization = known.and_then(|known| self.organization(known.organization));
        let teams = organization.into_iter().flat_map(|organization| &organization.teams);
        let teams = teams.filter_map(|id| self.team(*id)).flat_map(|team| holds(Holder::Team(team.id), &team.grants));
        let holding = self.principals.iter().filter(|(_, shard)| shard.has_grant(|grant| place(grant).is_some()));
        let principals = holding.flat_map(|(first, shard)| shard.iter(first));
        let principals = principals.flat_map(|view| holds(Holder::Principal(view.id()), view.grants()));
        open.into_iter().chain(teams).chain(principals).collect()
    }

    /// All that it holds, in an order of its own: two directories are the same if their contents are.
    pub fn contents(&self) -> Contents {
        let principals = self.views().map(|view| view.to_principal()).collect();
        let mut names: Vec<PrincipalId> = self.usernames.iter().flat_map(UsernameShard::iter).collect();
        names.sort();
        let mut organizations: Vec<Organization> = self.organizations.iter().cloned().collect();
        organizations.sort_by_key(|organization| organization.id);
        let mut projects: Vec<Project> = self.projects.iter().cloned().collect();
        projects.sort_by_key(|project| project.id);
        let mut slugs: Vec<ProjectId> = self.slugs.iter().collect();
        slugs.sort();
        let mut workspaces: Vec<Workspace> = self.workspaces.iter().cloned().collect();
        workspaces.sort_by_key(|workspace| workspace.id);
        let mut teams: Vec<Team> = self.teams.iter().cloned().collect();
        teams.sort_by_key(|team| team.id);
        let mut custom_roles: Vec<CustomRole> = self.custom_roles.iter().cloned().collect();
        custom_roles.sort_by_key(|role| role.id);
        let mut account_addresses: Vec<AccountAddresses> = self.account_addresses.iter().cloned().collect();
        account_addresses.sort_by_key(|known| known.id);
        let mut accounts: Vec<AccountRecord> = self.accounts.iter().cloned().collect();
        accounts.sort_by_key(|record| record.id);
        let mut people: Vec<Person> = self.people.iter().cloned().collect();
        people.sort_by_key(|person| person.id);
        let mut invitations: Vec<Invitation> = self.invitations.iter().cloned().collect();
        invitations.sort_by_key(|invitation| invitation.id);
        let mut sessions: Vec<Session> = self.sessions.iter().cloned().collect();
        sessions.sort_by_key(|session| session.id);
        let mut second_factors: Vec<SecondFactor> = self.second_factors.iter().cloned().collect();
        second_factors.sort_by_key(|factor| factor.id);
        let mut password_resets: Vec<PasswordReset> = self.password_resets.iter().cloned().collect();
        password_resets.sort_by_key(|reset| reset.id);
        Contents {
            revision: self.revision,
            mark: self.mark,
            next_id: self.next_id,
            username_suffix: (*self.username_suffix).clone(),
            principals,
            names,
            organizations,
            projects,
            slugs,
            workspaces,
            teams,
            custom_roles,
            account_addresses,
            accounts,
            people,
            invitations,
            sessions,
            second_factors,
            password_resets,
        }
    }

    /// All principals, by id.
    fn views(&self) -> impl Iterator<Item = PrincipalView<'_>> {
        self.principals.iter().flat_map(|(first, shard)| shard.iter(first))
    }

    fn hash_name(&self, username: &str) -> u64 {
        let mut hasher = FixedState::with_seed(self.hash_key).build_hasher();
        hasher.write(username.as_bytes());
        hasher.finish()
    }
}

/// What authenticating does, step by step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthenticationStep {
    /// The presented secret is digested.
    Digest,
    /// The username is looked up.
    LookUp,
    /// The digest is compared with one that is held, or with the dummy's.
    Compare,
}

/// What a directory holds, for comparing.
#[derive(Debug, PartialEq, Eq)]
pub struct Contents {
    revision: Revision,
    mark: Mark,
    next_id: u64,
    username_suffix: UsernameSuffix,
    principals: Vec<Principal>,
    names: Vec<PrincipalId>,
    organizations: Vec<Organization>,
    projects: Vec<Project>,
    slugs: Vec<ProjectId>,
    workspaces: Vec<Workspace>,
    teams: Vec<Team>,
    custom_roles: Vec<CustomRole>,
    account_addresses: Vec<AccountAddresses>,
    accounts: Vec<AccountRecord>,
    people: Vec<Person>,
    invitations: Vec<Invitation>,
    sessions: Vec<Session>,
    second_factors: Vec<SecondFactor>,
    password_resets: Vec<PasswordReset>,
}

/// Spreads ids over shards. Not keyed: ids come from a counter, nobody chooses them.
fn hash_id(number: u64) -> u64 {
    number.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// A secret that no digest matches, for names that nobody has.
fn dummy() -> Arc<[HeldSecret; 1]> {
    const DUMMY_ID: SecretId = match SecretId::new(1) {
        Some(id) => id,
        None => panic!("1 is an id"),
    };
    Arc::new([HeldSecret::new(DUMMY_ID, Expiry::NEVER, SecretDigest::from_bytes([0; 32]))])
}
