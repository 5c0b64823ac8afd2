//! Building a directory from the rows of a store.

use std::sync::Arc;

use super::principals::{Principal, PrincipalShard, UsernameShard};
use super::records::{Organization, Project, Records, Workspace};
use super::shelves::Shelves;
use super::{Directory, dummy, hash_id};
use crate::grant::Granted;
use crate::identity::{OrganizationId, PrincipalKind, ProjectId, UsernameSuffix};
use crate::revision::{Mark, Revision};
use crate::role::OrganizationRole;

/// A shard should hold about this many principals: one is written anew at each change to one of them.
const PRINCIPALS_A_SHARD: usize = 256;

/// How many shards suit that many principals, as a power of two.
pub(super) fn suitable_bits(principals: usize) -> u32 {
    (principals / PRINCIPALS_A_SHARD).next_power_of_two().trailing_zeros().clamp(6, 20)
}

/// Takes rows, gives a directory. Organizations come before their projects, projects before their workspaces,
/// principals last and in the order of their ids.
pub struct Loader {
    directory: Directory,
    principals: Vec<PrincipalShard>,
    usernames: Vec<UsernameShard>,
}

impl Loader {
    /// A loader for about that many principals.
    pub fn new(hash_key: u64, expected: usize) -> Self {
        let bits = suitable_bits(expected);
        let shards = 1 << bits;
        Self {
            principals: vec![PrincipalShard::default(); shards],
            usernames: vec![UsernameShard::default(); shards],
            directory: Directory {
                revision: Revision::ZERO,
                mark: Mark::ZERO,
                next_id: 1,
                hash_key,
                username_suffix: Arc::default(),
                count: 0,
                principals: Shelves::new(bits),
                usernames: Shelves::new(bits),
                organizations: Records::new(),
                projects: Records::new(),
                workspaces: Records::new(),
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
    pub fn project(&mut self, id: ProjectId, organization: OrganizationId, name: String, timezone: String) {
        self.directory.put_project(Project { id, organization, name, timezone, workspaces: Vec::new() });
    }

    /// A workspace.
    pub fn workspace(&mut self, workspace: Workspace) {
        self.directory.put_workspace(workspace);
    }

    /// A principal.
    pub fn principal(&mut self, principal: &Principal) {
        let directory = &mut self.directory;
        self.principals[directory.principals.number(hash_id(principal.id.number()))].put(principal);
        directory.count += 1;
        if principal.kind == PrincipalKind::ServiceAccount {
            let hash = directory.hash_name(&principal.name);
            self.usernames[directory.usernames.number(hash)].push(hash, principal.id);
        }
        if let (Some(organization), false) = (principal.organization, principal.deleted) {
            directory.organizations.change(organization, |organization| organization.account_count += 1);
        }
        for grant in &principal.grants {
            if let Granted::Organization(organization, OrganizationRole::Owner) = grant.granted {
                directory.organizations.change(organization, |organization| organization.add_owner(principal.id));
            }
        }
    }

    /// The directory, at this point of its history.
    pub fn finish(self, revision: Revision, mark: Mark, next_id: u64) -> Directory {
        let Self { mut directory, mut principals, mut usernames } = self;
        principals.iter_mut().for_each(PrincipalShard::shrink);
        usernames.iter_mut().for_each(UsernameShard::sort);
        directory.principals = Shelves::from_shards(directory.principals.bits(), principals.into_iter());
        directory.usernames = Shelves::from_shards(directory.usernames.bits(), usernames.into_iter());
        Directory { revision, mark, next_id, ..directory }
    }
}

impl Directory {
    /// Spreads the principals over more shards once there are many more than these were meant for.
    pub(super) fn grow(&mut self) {
        if self.count < (PRINCIPALS_A_SHARD * 4) << self.principals.bits() {
            return;
        }
        let bits = suitable_bits(self.count * 2);
        let mut principals = vec![PrincipalShard::default(); 1 << bits];
        let mut usernames = vec![UsernameShard::default(); 1 << bits];
        let number = |hash: u64| (hash >> (64 - bits)) as usize;
        for view in self.principals.iter().flat_map(PrincipalShard::iter) {
            principals[number(hash_id(view.id().number()))].put(&view.to_principal());
            if view.kind() == PrincipalKind::ServiceAccount {
                let hash = self.hash_name(view.name());
                usernames[number(hash)].push(hash, view.id());
            }
        }
        usernames.iter_mut().for_each(UsernameShard::sort);
        self.principals = Shelves::from_shards(bits, principals.into_iter());
        self.usernames = Shelves::from_shards(bits, usernames.into_iter());
    }
}
