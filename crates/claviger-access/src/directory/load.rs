//! Building a directory from the rows of a store.

use std::sync::Arc;

use super::principals::{Principal, PrincipalShard, UsernameShard};
use super::ranges::{Ranges, SPAN};
use super::records::{
    AccountAddresses, CustomRole, Invitation, Organization, PasswordReset, Person, Project, Records, SecondFactor,
    Session, SetUpLink, Team, Workspace,
};
use super::shelves::Shelves;
use super::slugs::Slugs;
use super::{Directory, dummy};
use crate::grant::{Grant, Granted};
use crate::identity::{OrganizationId, PrincipalId, PrincipalKind, ProjectId, ProjectSlug, TeamId, UsernameSuffix};
use crate::ownership::AccountDetails;
use crate::policy::Policy;
use crate::revision::{Mark, Revision};

/// A shard should hold about this many usernames: one is written anew at each change to one of them.
const USERNAMES_A_SHARD: usize = 256;

/// How many shards suit that many usernames, as a power of two.
fn suitable_bits(usernames: usize) -> u32 {
    (usernames / USERNAMES_A_SHARD).next_power_of_two().trailing_zeros().clamp(6, 20)
}

/// Takes rows, gives a directory. Organizations come before their projects and teams, projects before their workspaces
/// and custom roles, principals last and in the order of their ids.
pub struct Loader {
    directory: Directory,
    /// The shard that is being filled, and the first id of its range. Copied once it is full: a copy has no room to
    /// spare, and full shards lie close to each other.
    filling: (u64, PrincipalShard),
    usernames: Vec<(u64, PrincipalId)>,
}

impl Loader {
    /// A loader for about that many principals.
    pub fn new(hash_key: u64, expected: usize) -> Self {
        Self {
            filling: (0, PrincipalShard::default()),
            usernames: Vec::with_capacity(expected),
            directory: Directory {
                revision: Revision::ZERO,
                mark: Mark::ZERO,
                next_id: 1,
                hash_key,
                username_suffix: Arc::default(),
                count: 0,
                principals: Ranges::new(),
                usernames: Shelves::new(suitable_bits(expected)),
                organizations: Records::new(),
                projects: Records::new(),
                slugs: Slugs::new(),
                workspaces: Records::new(),
                teams: Records::new(),
                custom_roles: Records::new(),
                account_addresses: Records::new(),
                accounts: Records::new(),
                people: Records::new(),
                invitations: Records::new(),
                sessions: Records::new(),
                second_factors: Records::new(),
                password_resets: Records::new(),
                dummy: dummy(),
            },
        }
    }

    /// The last part of every username that is given out.
    pub fn username_suffix(&mut self, suffix: UsernameSuffix) {
        self.directory.username_suffix = Arc::new(suffix);
    }

    /// An organization; its projects, owners and counts follow from the rows to come.
    pub fn organization(&mut self, id: OrganizationId, name: String) {
        self.directory.organizations.insert(Organization::new(id, name));
    }

    /// A project; its workspaces follow from the rows to come.
    pub fn project(
        &mut self,
        id: ProjectId,
        organization: OrganizationId,
        name: String,
        timezone: String,
        slug: Option<ProjectSlug>,
    ) {
        self.directory.put_project(Project::new(id, organization, name, timezone, slug));
    }

    /// What each member of the organization is granted on a project.
    pub fn default_access(&mut self, project: ProjectId, grant: Grant) {
        self.directory.open_project(project, grant);
    }

    /// A team with its grants; its members follow from the rows to come.
    pub fn team(&mut self, id: TeamId, organization: OrganizationId, name: String, grants: Vec<Grant>) {
        self.directory.put_team(Team { id, organization, name, members: Vec::new(), grants });
    }

    /// A custom role.
    pub fn custom_role(&mut self, role: CustomRole) {
        self.directory.put_custom_role(role);
    }

    /// What an organization demands of its accounts.
    pub fn policy(&mut self, organization: OrganizationId, policy: Policy) {
        self.directory.organizations.change(organization, |known| known.policy = Arc::new(policy));
    }

    /// Where an account may call from.
    pub fn account_addresses(&mut self, addresses: AccountAddresses) {
        self.directory.account_addresses.insert(addresses);
    }

    /// What is said about a service account.
    pub fn account_details(&mut self, id: PrincipalId, details: AccountDetails) {
        self.directory.describe(id, &details);
    }

    /// An invitation; its organization is in already.
    pub fn invitation(&mut self, invitation: Invitation) {
        self.directory.put_invitation(invitation);
    }

    /// A set-up link; its organization is in already.
    pub fn set_up_link(&mut self, organization: OrganizationId, link: SetUpLink) {
        self.directory.put_set_up_link(organization, link);
    }

    /// What a person has beside what any principal has.
    pub fn person(&mut self, person: Person) {
        self.usernames.push((self.directory.hash_name(person.email.as_str()), person.id));
        self.directory.people.insert(person);
    }

    /// A session; its person is in already.
    pub fn session(&mut self, session: Session) {
        self.directory.put_session(session);
    }

    /// A person's second factor.
    pub fn second_factor(&mut self, factor: SecondFactor) {
        self.directory.second_factors.insert(factor);
    }

    /// A link by which a person chooses another password.
    pub fn password_reset(&mut self, reset: PasswordReset) {
        self.directory.password_resets.insert(reset);
    }

    /// A workspace.
    pub fn workspace(&mut self, workspace: Workspace) {
        self.directory.put_workspace(workspace);
    }

    /// A principal.
    pub fn principal(&mut self, principal: &Principal) {
        let first = principal.id.number() / SPAN * SPAN;
        debug_assert!(first >= self.filling.0, "principals come in the order of their ids");
        if first != self.filling.0 {
            self.put_away();
            self.filling.0 = first;
        }
        self.filling.1.put(principal);
        let directory = &mut self.directory;
        directory.count += 1;
        if principal.kind == PrincipalKind::ServiceAccount {
            self.usernames.push((directory.hash_name(&principal.name), principal.id));
        }
        if let (Some(organization), false) = (principal.organization, principal.deleted) {
            directory.organizations.change(organization, |organization| organization.account_count += 1);
        }
        for grant in &principal.grants {
            if let Granted::Organization(organization, role) = grant.granted() {
                let change =
                    |organization: &mut Organization| organization.add_member(principal.id, principal.kind, role);
                directory.organizations.change(organization, change);
            }
        }
        for team in &principal.teams {
            directory.teams.change(*team, |team| team.members.push(principal.id));
        }
    }

    fn put_away(&mut self) {
        let (first, shard) = &mut self.filling;
        if !shard.is_empty() {
            *self.directory.principals.at_mut(*first) = shard.clone();
            shard.clear();
        }
    }

    /// The directory, at this point of its history.
    pub fn finish(mut self, revision: Revision, mark: Mark, next_id: u64) -> Directory {
        self.put_away();
        let Self { mut directory, mut usernames, .. } = self;
        directory.usernames = shelved(&mut usernames, directory.usernames.bits());
        Directory { revision, mark, next_id, ..directory }
    }
}

/// Usernames, by hash and id, on 2 to the `bits` shards.
fn shelved(usernames: &mut [(u64, PrincipalId)], bits: u32) -> Shelves<UsernameShard> {
    usernames.sort_unstable_by_key(|(hash, _)| *hash);
    let shards = (0..1_u64 << bits).scan(usernames, |rest, number| {
        let count = rest.partition_point(|(hash, _)| hash >> (64 - bits) <= number);
        let (shard, later) = std::mem::take(rest).split_at_mut(count);
        *rest = later;
        Some(UsernameShard::of(shard))
    });
    Shelves::from_shards(bits, shards)
}

impl Directory {
    /// Spreads the usernames over more shards once there are many more than these were meant for.
    pub(super) fn grow(&mut self) {
        if self.count < (USERNAMES_A_SHARD * 4) << self.usernames.bits() {
            return;
        }
        let accounts = self.views().filter(|view| view.kind() == PrincipalKind::ServiceAccount);
        let mut usernames: Vec<_> = accounts.map(|view| (self.hash_name(view.name()), view.id())).collect();
        usernames.extend(self.people.iter().map(|person| (self.hash_name(person.email.as_str()), person.id)));
        self.usernames = shelved(&mut usernames, suitable_bits(self.count * 2));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::present;
    use crate::directory::HeldSecret;
    use crate::expiry::Expiry;
    use crate::identity::{OrganizationId, SecretId};

    fn account(number: u64) -> Principal {
        Principal {
            id: PrincipalId::new(number).expect("an id"),
            kind: PrincipalKind::ServiceAccount,
            organization: OrganizationId::new(1),
            name: format!("account-{number}"),
            deleted: false,
            disabled: false,
            protected: false,
            secrets: Vec::new(),
            grants: Vec::new(),
            teams: Vec::new(),
        }
    }

    fn found(directory: &Directory, numbers: impl Iterator<Item = u64>) {
        for number in numbers {
            let by_name = directory.service_account_named(&format!("account-{number}"));
            assert_eq!(by_name.map(|view| view.id().number()), Some(number));
            assert_eq!(directory.principal(account(number).id).map(|view| view.to_principal()), Some(account(number)));
        }
    }

    /// Ids with gaps of all sizes, also of whole ranges.
    #[test]
    fn each_account_is_found_by_name_and_by_id() {
        let numbers = || (1..2_000_u64).map(|number| number * number / 7 + number);
        let mut loader = Loader::new(7, 10);
        numbers().for_each(|number| loader.principal(&account(number)));
        let directory = loader.finish(Revision::ZERO, Mark::ZERO, 1_000_000);
        assert_eq!(directory.principal_count(), 1_999);
        found(&directory, numbers());
        assert!(directory.principal(account(5_000_000).id).is_none());
        assert!(directory.service_account_named("account-0").is_none());
    }

    /// Whoever stands beside an unknown name lends it nothing, whichever secret is shown.
    #[test]
    fn an_unknown_name_is_nobody_with_any_secret() {
        let header = |name: &str| format!("Basic {name}:the-secret-of-all");
        let now = crate::expiry::Moment::from_seconds(1).expect("a moment");
        let mut loader = Loader::new(7, 10);
        for number in 1..500 {
            let header = header("any");
            let presented = present(std::iter::once(header.as_bytes())).expect("a credential");
            let id = SecretId::new(number + 1_000).expect("an id");
            let secret = HeldSecret::new(id, Expiry::NEVER, presented.digest());
            loader.principal(&Principal { secrets: vec![secret], ..account(number) });
        }
        let directory = loader.finish(Revision::ZERO, Mark::ZERO, 2_000);
        for number in 1..2_000 {
            let header = header(&format!("account-{number}"));
            let presented = present(std::iter::once(header.as_bytes())).expect("a credential");
            assert_eq!(directory.authenticate(&presented, now).is_ok(), number < 500, "{number}");
        }
    }

    #[test]
    fn more_accounts_than_expected_are_spread_over_more_shards() {
        let last = 70_000;
        let mut loader = Loader::new(7, 0);
        (1..=last).for_each(|number| loader.principal(&account(number)));
        let mut directory = loader.finish(Revision::ZERO, Mark::ZERO, last + 1);
        let bits = directory.usernames.bits();
        directory.grow();
        assert!(directory.usernames.bits() > bits);
        found(&directory, (1..=last).step_by(37));
    }
}
