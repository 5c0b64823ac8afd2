//! How many exports of the audit log of each organization are open, by whatever way they were asked for. One that is open reads from the database for as long as its client
//! likes, so they are few.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use claviger_access::identity::OrganizationId;

/// So many of one organization are open at a time.
pub(crate) const EXPORTS_OF_ONE_ORGANIZATION_MAX: usize = 2;

/// Those that are open.
#[derive(Clone, Default)]
pub struct OpenExports {
    of: Arc<Mutex<HashMap<OrganizationId, usize>>>,
}

/// A place among them, until it is dropped.
pub(crate) struct OpenExport {
    open: OpenExports,
    organization: OrganizationId,
}

impl OpenExports {
    /// A place, if there is one.
    pub(crate) fn take_place(&self, organization: OrganizationId) -> Option<OpenExport> {
        let mut of = self.lock();
        let open = of.entry(organization).or_insert(0);
        if *open >= EXPORTS_OF_ONE_ORGANIZATION_MAX {
            return None;
        }
        *open += 1;
        Some(OpenExport { open: self.clone(), organization })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<OrganizationId, usize>> {
        self.of.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for OpenExport {
    fn drop(&mut self) {
        let mut of = self.open.lock();
        if let Some(open) = of.get_mut(&self.organization) {
            *open -= 1;
            if *open == 0 {
                of.remove(&self.organization);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_organization_has_a_few_places_which_come_back() {
        let open = OpenExports::default();
        let [one, other] = [1, 2].map(|id| OrganizationId::new(id).expect("an id"));
        let first = open.take_place(one).expect("a place");
        let _second = open.take_place(one).expect("a place");
        assert!(open.take_place(one).is_none());
        assert!(open.take_place(other).is_some());
        drop(first);
        assert!(open.take_place(one).is_some());
        assert_eq!(open.lock().len(), 1, "nothing is kept of who has none open");
    }
}
