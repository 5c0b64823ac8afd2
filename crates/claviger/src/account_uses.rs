//! How accounts came to be and when they were used, kept of those organizations whose lists are looked at.
//!
//! A list is counted and ordered by all accounts of an organization. Reading them takes the store the better part of a
//! second where there are a hundred thousand, so it is done once while somebody looks: from then on only the accounts that
//! are new are read, and the writer tells what it flushes.
//!
//! What must stay true: memory is bounded, and nothing is handed out without a permit. What another process flushed is seen
//! after [`READ_AGAIN_AFTER`]. No check comes here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use claviger_access::authorize::ManageServiceAccounts;
use claviger_access::identity::{OrganizationId, PrincipalId};
use claviger_access::{Moment, Permit};

use crate::store::bookkeeping::SecretUses;
use crate::store::service_accounts::{AccountUse, USES_AT_ONCE};
use crate::store::{Store, StoreError};

/// All is read again after this.
const READ_AGAIN_AFTER: Duration = Duration::from_secs(10 * 60);

/// Where nobody looks for so long, nothing is kept.
const FORGET_AFTER: Duration = Duration::from_secs(5 * 60);

/// So many accounts are kept in all: some 64 MB.
const KEPT_MAX: usize = 2_000_000;

/// What is kept.
#[derive(Default)]
pub struct AccountUses {
    organizations: Mutex<HashMap<OrganizationId, Arc<Slot>>>,
}

/// An organization's.
struct Slot {
    /// One reads, and the others wait for what he reads.
    turn: tokio::sync::Mutex<()>,
    kept: Mutex<Kept>,
}

struct Kept {
    /// By id.
    uses: Arc<Vec<AccountUse>>,
    /// When all of them were.
    read: Option<Instant>,
    /// Flushed since they were handed out last.
    flushed: HashMap<PrincipalId, Moment>,
    asked: Instant,
}

impl Slot {
    fn new(now: Instant) -> Self {
        let kept = Kept { uses: Arc::default(), read: None, flushed: HashMap::new(), asked: now };
        Self { turn: tokio::sync::Mutex::default(), kept: Mutex::new(kept) }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// What is known already, and after which account the others are.
    fn known(&self, now: Instant) -> Option<Arc<Vec<AccountUse>>> {
        let read = self.read?;
        (now.duration_since(read) < READ_AGAIN_AFTER).then(|| Arc::clone(&self.uses))
    }

    fn apply_flushed(&mut self) {
        if self.flushed.is_empty() {
            return;
        }
        let uses = Arc::make_mut(&mut self.uses);
        for (account, moment) in self.flushed.drain() {
            if let Ok(place) = uses.binary_search_by_key(&account, |one| one.id) {
                uses[place].last_used = uses[place].last_used.max(Some(moment.seconds()));
            }
        }
    }
}

impl AccountUses {
    /// All accounts of the permit's organization, by id; deleted ones may be among them.
    pub async fn of(
        &self,
        store: &Store,
        permit: &Permit<ManageServiceAccounts>,
        now: Instant,
    ) -> Result<Arc<Vec<AccountUse>>, StoreError> {
        let slot = self.slot(permit.organization(), now);
        let _turn = slot.turn.lock().await;
        let known = slot.lock().known(now);
        let mut after = known.as_ref().and_then(|uses| uses.last()).map(|last| last.id);
        let mut new = Vec::new();
        loop {
            let some = store.account_uses(permit, after).await?;
            let is_last = some.len() < USES_AT_ONCE;
            after = some.last().map(|last| last.id);
            new.extend(some);
            if is_last {
                break;
            }
        }
        let mut kept = slot.lock();
        match known {
            Some(known) => kept.uses = known,
            None => (kept.uses, kept.read) = (Arc::default(), Some(now)),
        }
        if !new.is_empty() {
            Arc::make_mut(&mut kept.uses).extend(new);
        }
        kept.apply_flushed();
        let uses = Arc::clone(&kept.uses);
        drop(kept);
        self.make_room(permit.organization());
        Ok(uses)
    }

    /// These are in the store now. Told before anybody forgets that they were not.
    pub fn flushed(&self, uses: &[SecretUses]) {
        let organizations = self.lock();
        if organizations.is_empty() {
            return;
        }
        for one in uses {
            let Some(slot) = organizations.get(&one.organization) else { continue };
            let mut kept = slot.lock();
            let latest = kept.flushed.entry(one.account).or_insert(one.latest);
            *latest = one.latest.max(*latest);
        }
    }

    /// Forgets what nobody looks at.
    pub fn forget_idle(&self, now: Instant) {
        self.lock().retain(|_, slot| now.duration_since(slot.lock().asked) < FORGET_AFTER);
    }

    fn slot(&self, organization: OrganizationId, now: Instant) -> Arc<Slot> {
        let mut organizations = self.lock();
        let slot = organizations.entry(organization).or_insert_with(|| Arc::new(Slot::new(now)));
        slot.lock().asked = now;
        Arc::clone(slot)
    }

    /// Too much is kept: the others go, and this one too where it is too much alone.
    fn make_room(&self, organization: OrganizationId) {
        let mut organizations = self.lock();
        let length = |slot: &Arc<Slot>| slot.lock().uses.len();
        if organizations.values().map(length).sum::<usize>() > KEPT_MAX {
            organizations.retain(|id, slot| *id == organization && length(slot) <= KEPT_MAX);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<OrganizationId, Arc<Slot>>> {
        self.organizations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
