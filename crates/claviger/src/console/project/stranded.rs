//! The accounts that a deletion leaves without access to anything: how many they are, and the first of them by name.

use claviger_access::directory::PrincipalView;
use claviger_access::effective;
use claviger_access::identity::OrganizationId;
use claviger_access::role::OrganizationRole;

use crate::console::service_accounts::row::short;

/// So many are named.
const NAMED_MAX: usize = 50;

#[derive(Default)]
pub(super) struct Stranded {
    pub number: usize,
    pub named: Vec<String>,
}

impl Stranded {
    /// Adds an account that reaches nothing else in the organization. Who is more than a member there keeps what that
    /// allows.
    pub(super) fn add(&mut self, view: &PrincipalView<'_>, organization: OrganizationId) {
        if effective::organization_role(view, organization) != Some(OrganizationRole::Member) {
            return;
        }
        self.number += 1;
        if self.named.len() < NAMED_MAX {
            self.named.push(short(view.name()).to_owned());
        }
    }

    /// How many more there are than are named.
    pub(super) fn unnamed(&self) -> usize {
        self.number.saturating_sub(self.named.len())
    }
}
