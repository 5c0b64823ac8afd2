//! How many writes wait, in all and of each organization.
//!
//! What must stay true: what a place takes is given back when it is dropped, whatever became of the write.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use claviger_access::identity::OrganizationId;

use super::{DECISIONS_A_BATCH, WriteError};

/// So many writes wait in all.
pub(super) const WAITING_MAX: usize = 8 * DECISIONS_A_BATCH;

/// So many writes of one organization wait, less than a batch takes.
pub const WAITING_OF_ONE_ORGANIZATION_MAX: usize = DECISIONS_A_BATCH - 56;

/// How many writes wait, and how many places those of each organization take.
#[derive(Default)]
pub(super) struct Waiting {
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    writes: usize,
    places: HashMap<OrganizationId, usize>,
}

/// A place in an organization's queue, until it is decided.
pub(super) struct Place {
    waiting: Arc<Waiting>,
    pub(super) organization: Option<OrganizationId>,
    pub(super) weight: usize,
}

impl Waiting {
    /// Takes so many places for a write of this organization.
    pub(super) fn take_place(
        self: &Arc<Self>,
        organization: Option<OrganizationId>,
        weight: usize,
    ) -> Result<Place, WriteError> {
        let mut counts = self.lock();
        if counts.writes >= WAITING_MAX {
            return Err(WriteError::TooMany);
        }
        if let Some(organization) = organization {
            let places = counts.places.entry(organization).or_insert(0);
            if *places >= WAITING_OF_ONE_ORGANIZATION_MAX {
                return Err(WriteError::TooManyOfOrganization);
            }
            *places += weight;
        }
        counts.writes += 1;
        Ok(Place { waiting: Arc::clone(self), organization, weight })
    }

    /// How many there are.
    pub(super) fn writes(&self) -> usize {
        self.lock().writes
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.waiting.lock();
        counts.writes -= 1;
        let Some(organization) = self.organization else { return };
        if let Some(places) = counts.places.get_mut(&organization) {
            *places -= self.weight;
            if *places == 0 {
                counts.places.remove(&organization);
            }
        }
    }
}
