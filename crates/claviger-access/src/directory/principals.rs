//! Principals with their secrets and grants, packed: a million of them must be cheap to hold and one cheap to change.
//!
//! A shard keeps four arrays: fixed-size rows sorted by id, and the names, secrets and grants of all rows end to end.
//! Each row says where its parts end; they begin where those of the row before end. Changing one principal writes the
//! shard anew, which is a few copies of memory and no allocation a row.

use crate::credential::SecretDigest;
use crate::expiry::Expiry;
use crate::grant::Grant;
use crate::identity::{OrganizationId, PrincipalId, PrincipalKind, SecretId};

/// A secret as its holder has it: what a check compares with.
#[derive(Debug, Clone, Copy)]
pub struct HeldSecret {
    /// Its id.
    pub id: SecretId,
    /// When it ends.
    pub expires: Expiry,
    /// What is kept of it.
    pub digest: SecretDigest,
}

impl PartialEq for HeldSecret {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && self.expires == other.expires && self.digest.matches(&other.digest)
    }
}

impl Eq for HeldSecret {}

/// A principal on its own, outside a shard: what is loaded, and what is changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Its id.
    pub id: PrincipalId,
    /// What it is.
    pub kind: PrincipalKind,
    /// The one organization of a service account; `None` for a person.
    pub organization: Option<OrganizationId>,
    /// The username of a service account, the name of a person.
    pub name: String,
    /// Whether it was deleted: it has no secrets and grants then, and its name stays taken.
    pub deleted: bool,
    /// Sorted by id.
    pub secrets: Vec<HeldSecret>,
    /// Sorted by id.
    pub grants: Vec<Grant>,
}

/// A principal in its shard.
#[derive(Debug, Clone, Copy)]
pub struct PrincipalView<'d> {
    row: &'d Row,
    name: &'d str,
    secrets: &'d [HeldSecret],
    grants: &'d [Grant],
}

impl<'d> PrincipalView<'d> {
    /// Its id.
    pub fn id(&self) -> PrincipalId {
        self.row.id
    }

    /// What it is.
    pub fn kind(&self) -> PrincipalKind {
        self.row.kind
    }

    /// The one organization of a service account; `None` for a person.
    pub fn organization(&self) -> Option<OrganizationId> {
        self.row.organization
    }

    /// The username of a service account, the name of a person.
    pub fn name(&self) -> &'d str {
        self.name
    }

    /// Whether it was deleted.
    pub fn is_deleted(&self) -> bool {
        self.row.deleted
    }

    /// When it ends: when its longest-lived secret does. A person has no secret here and does not end.
    pub fn expires(&self) -> Expiry {
        self.secrets.iter().map(|secret| secret.expires).max().unwrap_or(Expiry::NEVER)
    }

    /// Its secrets, by id.
    pub fn secrets(&self) -> &'d [HeldSecret] {
        self.secrets
    }

    /// Its grants, by id.
    pub fn grants(&self) -> &'d [Grant] {
        self.grants
    }

    pub(super) fn to_principal(self) -> Principal {
        Principal {
            id: self.row.id,
            kind: self.row.kind,
            organization: self.row.organization,
            name: self.name.to_owned(),
            deleted: self.row.deleted,
            secrets: self.secrets.to_vec(),
            grants: self.grants.to_vec(),
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Row {
    id: PrincipalId,
    organization: Option<OrganizationId>,
    name_end: u32,
    secrets_end: u32,
    grants_end: u32,
    kind: PrincipalKind,
    deleted: bool,
}

/// Some hundreds of principals.
#[derive(Debug, Clone, Default)]
pub(super) struct PrincipalShard {
    rows: Vec<Row>,
    names: String,
    secrets: Vec<HeldSecret>,
    grants: Vec<Grant>,
}

impl PrincipalShard {
    pub(super) fn find(&self, id: PrincipalId) -> Option<PrincipalView<'_>> {
        let place = self.rows.binary_search_by_key(&id, |row| row.id).ok()?;
        Some(self.view(place))
    }

    fn view(&self, place: usize) -> PrincipalView<'_> {
        let row = &self.rows[place];
        let (name, secrets, grants) = match place.checked_sub(1).map(|before| &self.rows[before]) {
            Some(before) => (before.name_end as usize, before.secrets_end as usize, before.grants_end as usize),
            None => (0, 0, 0),
        };
        PrincipalView {
            row,
            name: &self.names[name..row.name_end as usize],
            secrets: &self.secrets[secrets..row.secrets_end as usize],
            grants: &self.grants[grants..row.grants_end as usize],
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = PrincipalView<'_>> {
        (0..self.rows.len()).map(|place| self.view(place))
    }

    /// Adds one whose id is greater than all before.
    pub(super) fn push(&mut self, principal: PrincipalView<'_>) {
        debug_assert!(self.rows.last().is_none_or(|last| last.id < principal.id()));
        self.names.push_str(principal.name);
        self.secrets.extend_from_slice(principal.secrets);
        self.grants.extend_from_slice(principal.grants);
        self.rows.push(Row {
            name_end: self.names.len() as u32,
            secrets_end: self.secrets.len() as u32,
            grants_end: self.grants.len() as u32,
            ..*principal.row
        });
    }

    /// Adds one, or puts it in the place of the one with its id.
    pub(super) fn put(&mut self, principal: &Principal) {
        let row = Row {
            id: principal.id,
            organization: principal.organization,
            name_end: 0,
            secrets_end: 0,
            grants_end: 0,
            kind: principal.kind,
            deleted: principal.deleted,
        };
        let put =
            PrincipalView { row: &row, name: &principal.name, secrets: &principal.secrets, grants: &principal.grants };
        if self.rows.last().is_none_or(|last| last.id < principal.id) {
            return self.push(put);
        }
        let mut written = Self {
            rows: Vec::with_capacity(self.rows.len() + 1),
            names: String::with_capacity(self.names.len() + principal.name.len()),
            secrets: Vec::with_capacity(self.secrets.len() + principal.secrets.len()),
            grants: Vec::with_capacity(self.grants.len() + principal.grants.len()),
        };
        let place = self.rows.partition_point(|row| row.id < principal.id);
        (0..place).for_each(|before| written.push(self.view(before)));
        written.push(put);
        let after = place + usize::from(self.rows.get(place).is_some_and(|row| row.id == principal.id));
        (after..self.rows.len()).for_each(|after| written.push(self.view(after)));
        *self = written;
    }

    /// Takes away every grant for which `gone` says so.
    pub(super) fn drop_grants(&mut self, gone: impl Fn(&Grant) -> bool) {
        let before = std::mem::take(self);
        for view in before.iter() {
            let grants: Vec<Grant> = view.grants.iter().copied().filter(|grant| !gone(grant)).collect();
            self.push(PrincipalView { grants: &grants, ..view });
        }
    }

    pub(super) fn has_grant(&self, wanted: impl Fn(&Grant) -> bool) -> bool {
        self.grants.iter().any(wanted)
    }

    pub(super) fn shrink(&mut self) {
        self.rows.shrink_to_fit();
        self.names.shrink_to_fit();
        self.secrets.shrink_to_fit();
        self.grants.shrink_to_fit();
    }
}

/// Where service accounts are found by username: sorted by the lower half of the name's hash, the upper half having
/// chosen the shard. The name itself is compared in the principal's row.
#[derive(Debug, Clone, Default)]
pub(super) struct UsernameShard {
    entries: Vec<UsernameEntry>,
}

/// 12 bytes instead of 16: there is one for each account.
#[derive(Debug, Clone, Copy)]
struct UsernameEntry {
    tag: u32,
    id_upper: u32,
    id_lower: u32,
}

impl UsernameEntry {
    fn new(hash: u64, id: PrincipalId) -> Self {
        Self { tag: hash as u32, id_upper: (id.number() >> 32) as u32, id_lower: id.number() as u32 }
    }

    fn id(self) -> Option<PrincipalId> {
        PrincipalId::new(u64::from(self.id_upper) << 32 | u64::from(self.id_lower))
    }
}

impl UsernameShard {
    /// Those whose name may have this hash.
    pub(super) fn tagged(&self, hash: u64) -> impl Iterator<Item = PrincipalId> {
        let tag = hash as u32;
        let first = self.entries.partition_point(|entry| entry.tag < tag);
        self.entries[first..].iter().take_while(move |entry| entry.tag == tag).filter_map(|entry| entry.id())
    }

    pub(super) fn insert(&mut self, hash: u64, id: PrincipalId) {
        let place = self.entries.partition_point(|entry| entry.tag < hash as u32);
        self.entries.insert(place, UsernameEntry::new(hash, id));
    }

    /// Adds one out of order; [`Self::sort`] must follow.
    pub(super) fn push(&mut self, hash: u64, id: PrincipalId) {
        self.entries.push(UsernameEntry::new(hash, id));
    }

    pub(super) fn sort(&mut self) {
        self.entries.sort_unstable_by_key(|entry| entry.tag);
        self.entries.shrink_to_fit();
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = PrincipalId> {
        self.entries.iter().filter_map(|entry| entry.id())
    }
}
