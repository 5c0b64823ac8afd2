//! Organizations, projects, workspaces, teams, custom roles, invitations, sessions, what is said about accounts, and what
//! people have beside other principals: few beside service accounts, so each is a value of its own.

use std::sync::Arc;

use super::hash_id;
use super::shelves::Shelves;
use crate::change::{CustomRoleProperties, InvitationTerms, ResetLinkMaker, SignedInFrom};
use crate::credential::SecretDigest;
use crate::email::EmailAddress;
use crate::expiry::Moment;
use crate::grant::Grant;
use crate::identity::{
    CustomRoleId, InvitationId, OrganizationId, PrincipalId, ProjectId, ProjectSlug, SessionId, TeamId, WorkspaceId,
};
use crate::ownership::AccountDetails;
use crate::policy::{Addresses, Policy};
use crate::role::ProjectRole;
use crate::second_factor::{SealedSecret, TimeStep};

/// An organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// Its id.
    pub id: OrganizationId,
    /// Its name.
    pub name: String,
    /// Its projects, by id.
    pub projects: Vec<ProjectId>,
    /// Who is its owner, by id: people and service accounts.
    pub owners: Vec<PrincipalId>,
    /// How many service accounts it has that were not deleted.
    pub account_count: usize,
    /// Its teams, by id.
    pub teams: Vec<TeamId>,
    /// Its projects with default access, by id.
    pub open_projects: Vec<ProjectId>,
    /// What it demands of its service accounts.
    pub policy: Arc<Policy>,
    /// The people who are its members, by id.
    pub people: Vec<PrincipalId>,
    /// The invitations to join it that were neither accepted nor withdrawn, by id.
    pub invitations: Vec<InvitationId>,
    /// The link for its first owner who is a person, if one was made and not used.
    pub set_up_link: Option<SetUpLink>,
}

/// What is kept of a link by which an organization gets its first owner who is a person.
#[derive(Debug, Clone)]
pub struct SetUpLink {
    /// What is kept of its token.
    pub digest: SecretDigest,
    /// From when on it opens nothing.
    pub expires: Moment,
}

impl PartialEq for SetUpLink {
    fn eq(&self, other: &Self) -> bool {
        self.expires == other.expires && self.digest.matches(&other.digest)
    }
}

impl Eq for SetUpLink {}

impl SetUpLink {
    /// Whether it opens nothing any more: from the very instant on.
    pub fn has_expired(&self, now: Moment) -> bool {
        now >= self.expires
    }
}

/// A project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Its id.
    pub id: ProjectId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// Its name.
    pub name: String,
    /// An IANA name.
    pub timezone: String,
    /// What the platform calls it, which no other project of the installation has.
    pub slug: Option<ProjectSlug>,
    /// Its workspaces, by id.
    pub workspaces: Vec<WorkspaceId>,
    /// The roles that it made for itself, by id.
    pub custom_roles: Vec<CustomRoleId>,
    /// What each member of the organization is granted here, if anything.
    pub default_access: Option<Grant>,
}

impl Project {
    /// Whether a role is a built-in one or one of its own.
    pub fn has_role(&self, role: ProjectRole) -> bool {
        match role {
            ProjectRole::BuiltIn(_) => true,
            ProjectRole::Custom(id) => self.custom_roles.contains(&id),
        }
    }
}

/// A team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    /// Its id.
    pub id: TeamId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// Its name, no other team's of the organization.
    pub name: String,
    /// Its members, by id.
    pub members: Vec<PrincipalId>,
    /// What each member is granted through it, by id.
    pub grants: Vec<Grant>,
}

/// Where one service account may call from, of those that may not call from everywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountAddresses {
    /// Which account.
    pub id: PrincipalId,
    /// From where.
    pub addresses: Addresses,
}

/// A role that one project made for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomRole {
    /// Its id.
    pub id: CustomRoleId,
    /// Whose it is.
    pub project: ProjectId,
    /// What it is.
    pub properties: CustomRoleProperties,
    /// When it was made.
    pub created: Moment,
    /// When it was changed last.
    pub modified: Moment,
    /// Who made it; `None` for the operator.
    pub creator: Option<PrincipalId>,
}

/// What a person has beside what any principal has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// His id.
    pub id: PrincipalId,
    /// His address, which no other person of the installation has.
    pub email: EmailAddress,
    /// When he came to be.
    pub created: Moment,
    /// His sessions, by id, also those that have ended by themselves.
    pub sessions: Vec<SessionId>,
}

/// A person who has signed in, on one browser.
#[derive(Debug, Clone)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Whose.
    pub person: PrincipalId,
    /// What is kept of its token.
    pub digest: SecretDigest,
    /// When he signed in.
    pub begun: Moment,
    /// From when on it lets nobody in.
    pub ends: Moment,
    /// Where.
    pub from: SignedInFrom,
}

impl PartialEq for Session {
    fn eq(&self, other: &Self) -> bool {
        let told = |one: &Self| (one.id, one.person, one.begun, one.ends);
        told(self) == told(other) && self.from == other.from && self.digest.matches(&other.digest)
    }
}

impl Eq for Session {}

impl Session {
    /// Whether it lets nobody in any more: from the very instant on.
    pub fn has_ended(&self, now: Moment) -> bool {
        now >= self.ends
    }
}

/// What a person shows beside his password.
#[derive(Debug, Clone)]
pub struct SecondFactor {
    /// Whose.
    pub id: PrincipalId,
    /// What an app computes codes from.
    pub sealed: SealedSecret,
    /// The latest step of which a code was used.
    pub last_step: TimeStep,
    /// What is kept of the recovery codes that were not used, in order.
    pub recovery: Vec<SecretDigest>,
    /// When it was turned on.
    pub enabled: Moment,
}

impl PartialEq for SecondFactor {
    fn eq(&self, other: &Self) -> bool {
        let told = |one: &Self| (one.id, one.last_step, one.enabled, one.recovery.len());
        told(self) == told(other)
            && self.sealed == other.sealed
            && self.recovery.iter().zip(&other.recovery).all(|(one, other)| one.matches(other))
    }
}

impl Eq for SecondFactor {}

impl SecondFactor {
    /// One that was turned on just now, or is read from the store.
    pub fn new(
        id: PrincipalId,
        sealed: SealedSecret,
        last_step: TimeStep,
        recovery: &[SecretDigest],
        enabled: Moment,
    ) -> Self {
        let mut factor = Self { id, sealed, last_step, recovery: Vec::new(), enabled };
        factor.set_recovery(recovery);
        factor
    }

    pub(super) fn set_recovery(&mut self, recovery: &[SecretDigest]) {
        self.recovery = recovery.to_vec();
        self.recovery.sort_by_key(|digest| *digest.as_bytes());
    }
}

/// A link by which a person chooses another password, not used yet.
#[derive(Debug, Clone)]
pub struct PasswordReset {
    /// Whose password.
    pub id: PrincipalId,
    /// What is kept of its token.
    pub digest: SecretDigest,
    /// When it was made.
    pub made: Moment,
    /// From when on it opens nothing.
    pub expires: Moment,
    /// Who answers for it.
    pub maker: ResetLinkMaker,
}

impl PartialEq for PasswordReset {
    fn eq(&self, other: &Self) -> bool {
        let told = |one: &Self| (one.id, one.made, one.expires, one.maker);
        told(self) == told(other) && self.digest.matches(&other.digest)
    }
}

impl Eq for PasswordReset {}

impl PasswordReset {
    /// Whether it opens nothing any more: from the very instant on.
    pub fn has_expired(&self, now: Moment) -> bool {
        now >= self.expires
    }
}

/// An invitation to join an organization, neither accepted nor withdrawn.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// To join what.
    pub organization: OrganizationId,
    /// Who is invited.
    pub email: EmailAddress,
    /// What is kept of its token.
    pub digest: SecretDigest,
    /// When it was made.
    pub created: Moment,
    /// From when on it opens nothing.
    pub expires: Moment,
    /// What it gives.
    pub terms: InvitationTerms,
    /// Who answers for what it gives; `None` for the operator.
    pub inviter: Option<PrincipalId>,
}

impl PartialEq for Invitation {
    fn eq(&self, other: &Self) -> bool {
        let told = |one: &Self| (one.id, one.organization, one.created, one.expires, one.inviter);
        told(self) == told(other)
            && self.email == other.email
            && self.terms == other.terms
            && self.digest.matches(&other.digest)
    }
}

impl Eq for Invitation {}

impl Invitation {
    /// Whether it opens nothing any more: from the very instant on.
    pub fn has_expired(&self, now: Moment) -> bool {
        now >= self.expires
    }
}

/// A workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    /// Its id.
    pub id: WorkspaceId,
    /// Whose it is.
    pub project: ProjectId,
    /// Its name.
    pub name: String,
    /// A longer text, if any.
    pub description: Option<String>,
    /// The one that came with the project and holds all of its data.
    pub is_default: bool,
    /// Kept for clients.
    pub is_restricted: bool,
    /// Kept for clients.
    pub is_visible: bool,
    /// When it was made.
    pub created: Moment,
    /// Who made it; `None` where the project came with it.
    pub creator: Option<PrincipalId>,
}

/// What is said about a service account. There is none for an account about which nothing is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRecord {
    /// Which account.
    pub id: PrincipalId,
    /// What is said.
    pub details: AccountDetails,
}

/// Something with an id.
pub(super) trait Record<I> {
    fn id(&self) -> I;
}

/// An id as a number.
pub(super) trait RecordId: Copy + Ord {
    fn as_number(self) -> u64;
}

macro_rules! records {
    ($($record:ident by $id:ident),*) => {$(
        impl Record<$id> for $record {
            fn id(&self) -> $id {
                self.id
            }
        }

    )*};
}

macro_rules! record_ids {
    ($($id:ident),*) => {$(
        impl RecordId for $id {
            fn as_number(self) -> u64 {
                self.number()
            }
        }
    )*};
}

record_ids!(OrganizationId, ProjectId, WorkspaceId, TeamId, CustomRoleId, PrincipalId, InvitationId, SessionId);

records!(
    Organization by OrganizationId,
    Project by ProjectId,
    Workspace by WorkspaceId,
    Team by TeamId,
    CustomRole by CustomRoleId,
    AccountRecord by PrincipalId,
    AccountAddresses by PrincipalId,
    Person by PrincipalId,
    Invitation by InvitationId,
    Session by SessionId,
    SecondFactor by PrincipalId,
    PasswordReset by PrincipalId
);

/// Records by id.
pub(super) struct Records<I, T> {
    shelves: Shelves<Arc<Shard<I, T>>>,
}

struct Shard<I, T> {
    /// Sorted by id.
    rows: Vec<(I, Arc<T>)>,
}

impl<I, T> Default for Shard<I, T> {
    fn default() -> Self {
        Self { rows: Vec::new() }
    }
}

impl<I: Copy, T> Clone for Shard<I, T> {
    fn clone(&self) -> Self {
        Self { rows: self.rows.clone() }
    }
}

impl<I, T> Clone for Records<I, T> {
    fn clone(&self) -> Self {
        Self { shelves: self.shelves.clone() }
    }
}

impl<I: RecordId, T: Record<I> + Clone> Records<I, T> {
    pub(super) fn new() -> Self {
        Self { shelves: Shelves::new(8) }
    }

    pub(super) fn get(&self, id: I) -> Option<&T> {
        let rows = &self.shelves.at(hash_id(id.as_number())).rows;
        let place = rows.binary_search_by_key(&id, |row| row.0).ok()?;
        Some(&rows[place].1)
    }

    pub(super) fn insert(&mut self, record: T) {
        let id = record.id();
        let rows = &mut Arc::make_mut(self.shelves.at_mut(hash_id(id.as_number()))).rows;
        match rows.binary_search_by_key(&id, |row| row.0) {
            Ok(place) => rows[place].1 = Arc::new(record),
            Err(place) => rows.insert(place, (id, Arc::new(record))),
        }
    }

    pub(super) fn change(&mut self, id: I, change: impl FnOnce(&mut T)) {
        let rows = &mut Arc::make_mut(self.shelves.at_mut(hash_id(id.as_number()))).rows;
        if let Ok(place) = rows.binary_search_by_key(&id, |row| row.0) {
            change(Arc::make_mut(&mut rows[place].1));
        }
    }

    /// Changes every record for which `wants` says so.
    pub(super) fn change_where(&mut self, wants: impl Fn(&T) -> bool, mut change: impl FnMut(&mut T)) {
        let ids: Vec<I> = self.iter().filter(|record| wants(record)).map(Record::id).collect();
        ids.into_iter().for_each(|id| self.change(id, &mut change));
    }

    pub(super) fn remove(&mut self, id: I) {
        let rows = &mut Arc::make_mut(self.shelves.at_mut(hash_id(id.as_number()))).rows;
        if let Ok(place) = rows.binary_search_by_key(&id, |row| row.0) {
            rows.remove(place);
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.shelves.iter().flat_map(|shard| shard.rows.iter()).map(|row| &*row.1)
    }
}
