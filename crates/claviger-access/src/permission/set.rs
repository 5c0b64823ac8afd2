//! Sets of permissions: what a role allows, and what roles add up to.

use std::collections::BTreeSet;

use super::{OwnPermission, Permission, PermissionName};

/// Permissions of the catalogue and of the installation's own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PermissionSet {
    /// One bit for each of the catalogue.
    catalogue: u32,
    /// Owners and admins of a project hold whatever the installation makes up, or nobody could give it.
    every_own: bool,
    own: BTreeSet<OwnPermission>,
}

impl PermissionSet {
    /// Some of the catalogue.
    pub const fn of(permissions: &[Permission]) -> Self {
        let (mut catalogue, mut place) = (0, 0);
        while place < permissions.len() {
            catalogue |= bit(permissions[place]);
            place += 1;
        }
        Self { catalogue, every_own: false, own: BTreeSet::new() }
    }

    /// The same, with whatever the installation makes up.
    pub(crate) const fn with_every_own(mut self) -> Self {
        self.every_own = true;
        self
    }

    /// Whether it holds one of the catalogue.
    pub const fn contains(&self, permission: Permission) -> bool {
        self.catalogue & bit(permission) != 0
    }

    /// Whether it holds the one of that name.
    pub fn allows(&self, permission: &PermissionName) -> bool {
        match permission {
            PermissionName::OfCatalogue(permission) => self.contains(*permission),
            PermissionName::Own(own) => self.every_own || self.own.contains(own),
        }
    }

    /// Whether it holds everything that `other` does.
    pub fn includes(&self, other: &Self) -> bool {
        self.missing(other).is_none() && (self.every_own || !other.every_own)
    }

    /// One that `other` names and that is not in here.
    pub fn missing(&self, other: &Self) -> Option<PermissionName> {
        other.names().find(|name| !self.allows(name))
    }

    /// Adds one.
    pub fn insert(&mut self, permission: PermissionName) {
        match permission {
            PermissionName::OfCatalogue(permission) => self.catalogue |= bit(permission),
            PermissionName::Own(own) => drop(self.own.insert(own)),
        }
    }

    /// Adds all that `other` holds.
    pub fn add(&mut self, other: &Self) {
        self.catalogue |= other.catalogue;
        self.every_own |= other.every_own;
        self.own.extend(other.own.iter().cloned());
    }

    /// Whether it holds whatever the installation makes up.
    pub const fn has_every_own(&self) -> bool {
        self.every_own
    }

    /// Those that are named one by one, the catalogue's first.
    pub fn names(&self) -> impl Iterator<Item = PermissionName> {
        let held = Permission::ALL.iter().copied().filter(|permission| self.contains(*permission));
        let own = self.own.iter().cloned().map(PermissionName::Own);
        held.map(PermissionName::OfCatalogue).chain(own)
    }

    /// How many are named one by one.
    pub fn len(&self) -> usize {
        self.catalogue.count_ones() as usize + self.own.len()
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.catalogue == 0 && !self.every_own && self.own.is_empty()
    }
}

impl FromIterator<PermissionName> for PermissionSet {
    fn from_iter<I: IntoIterator<Item = PermissionName>>(names: I) -> Self {
        let mut set = Self::default();
        names.into_iter().for_each(|name| set.insert(name));
        set
    }
}

const fn bit(permission: Permission) -> u32 {
    1 << permission as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[&str]) -> PermissionSet {
        names.iter().map(|name| PermissionName::parse(name).expect("a permission")).collect()
    }

    #[test]
    fn sets_add_up_and_compare() {
        let (mut sum, other) = (set(&["data:read", "reports:export"]), set(&["data:write"]));
        assert!(!sum.includes(&other));
        assert_eq!(sum.missing(&other), PermissionName::parse("data:write").ok());
        sum.add(&other);
        assert_eq!(sum, set(&["data:read", "data:write", "reports:export"]));
        assert!(sum.includes(&other) && !other.includes(&sum) && sum.includes(&PermissionSet::default()));
        assert_eq!((sum.len(), sum.is_empty(), PermissionSet::default().is_empty()), (3, false, true));
    }

    #[test]
    fn who_holds_every_own_permission_holds_each_that_is_made_up() {
        let every = PermissionSet::of(&[Permission::DataRead]).with_every_own();
        assert!(every.includes(&set(&["data:read", "reports:export"])) && !every.includes(&set(&["data:write"])));
        assert!(!set(&["data:read", "reports:export"]).includes(&every));
    }
}
