//! The accounts that benchmarks are made with: each is its number, so that nobody needs a list of their secrets.
//!
//! `bench/account.lua` makes the same credentials; its groups of three digits rest on the lengths here.

pub mod counting;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use claviger_access::credential::SecretDigest;
use sha2::{Digest, Sha256};

/// Accounts of one organization.
pub const ACCOUNTS_OF_AN_ORGANIZATION: u64 = 1_000;

/// Projects of one organization. Each has its default workspace.
pub const PROJECTS_OF_AN_ORGANIZATION: u64 = 10;

/// Where things have their ids: the places first, then four for each account.
#[derive(Debug, Clone, Copy)]
pub struct Ids {
    organizations: u64,
}

impl Ids {
    /// The ids of an installation with so many accounts.
    pub fn of(accounts: u64) -> Self {
        Self { organizations: accounts.div_ceil(ACCOUNTS_OF_AN_ORGANIZATION).max(1) }
    }

    /// How many organizations there are.
    pub fn organizations(self) -> u64 {
        self.organizations
    }

    /// How many projects there are; as many workspaces.
    pub fn projects(self) -> u64 {
        self.organizations * PROJECTS_OF_AN_ORGANIZATION
    }

    /// An organization's id.
    pub fn organization(self, number: u64) -> u64 {
        1 + number
    }

    /// A project's id; projects are numbered through all organizations.
    pub fn project(self, number: u64) -> u64 {
        1 + self.organizations + number
    }

    /// The id of that project's workspace.
    pub fn workspace(self, number: u64) -> u64 {
        self.project(self.projects() + number)
    }

    /// An account's id; those of its secret and its two grants follow.
    pub fn account(self, number: u64) -> u64 {
        self.workspace(self.projects()) + 4 * number
    }

    /// The organization of an account, by its number.
    pub fn organization_of(self, account: u64) -> u64 {
        account / ACCOUNTS_OF_AN_ORGANIZATION
    }

    /// The two projects that an account is granted a role on, by their numbers.
    pub fn projects_of(self, account: u64) -> [u64; 2] {
        let first = self.organization_of(account) * PROJECTS_OF_AN_ORGANIZATION;
        let within = account % PROJECTS_OF_AN_ORGANIZATION;
        [first + within, first + (within + 1) % PROJECTS_OF_AN_ORGANIZATION]
    }
}

/// An account's username, of 47 characters.
pub fn username(account: u64) -> String {
    format!("nightly-export-{account:09}.b0b0b0.service-account")
}

/// An account's secret: as long as a real one, without its randomness.
pub fn secret(account: u64) -> String {
    format!("cvg_{account:038}")
}

/// The header that an account comes with.
pub fn authorization(account: u64) -> String {
    format!("Basic {}", STANDARD.encode(format!("{}:{}", username(account), secret(account))))
}

/// What is kept of that secret.
pub fn digest(account: u64) -> SecretDigest {
    SecretDigest::from_bytes(Sha256::digest(secret(account)).into())
}
