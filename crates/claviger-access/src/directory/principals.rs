//! Principals with their secrets and grants, packed: a million of them must be cheap to hold and one cheap to change.
//!
//! A shard keeps one bit for each id of its range, which says whether that is a principal and, counted, where its row
//! is; and five arrays: fixed-size rows in the order of their ids, and the names, secrets, grants and teams of all rows
//! end to end. Each row says where its parts end; they begin where those of the row before end. Changing one principal writes
//! the shard anew, which is a few copies of memory and no allocation a row.

use std::fmt;
use std::num::NonZeroU64;
use std::sync::Arc;

use super::ranges::SPAN;
use crate::credential::SecretDigest;
use crate::expiry::{Expiry, Moment};
use crate::grant::Grant;
use crate::identity::{OrganizationId, PrincipalId, PrincipalKind, SecretId, TeamId};
use crate::role::ProjectRole;

/// A secret as its holder has it: what a check compares with.
#[derive(Debug, Clone, Copy)]
pub struct HeldSecret {
    /// Its id, and above it whether it is disabled: no id uses that bit.
    packed: NonZeroU64,
    /// When it ends.
    pub expires: Expiry,
    /// What is kept of it.
    pub digest: SecretDigest,
}

const DISABLED: u64 = 1 << 63;

impl HeldSecret {
    /// A secret that is not disabled.
    pub const fn new(id: SecretId, expires: Expiry, digest: SecretDigest) -> Self {
        Self { packed: id.nonzero(), expires, digest }
    }

    /// The same, disabled or not.
    pub const fn with_disabled(self, disabled: bool) -> Self {
        let id = self.id().nonzero();
        let packed = if disabled { id.saturating_add(DISABLED) } else { id };
        Self { packed, ..self }
    }

    /// Its id.
    pub const fn id(&self) -> SecretId {
        match NonZeroU64::new(self.packed.get() & !DISABLED) {
            Some(id) => SecretId::again(id),
            None => SecretId::again(NonZeroU64::MIN),
        }
    }

    /// Whether it is refused though it has not ended.
    pub const fn is_disabled(&self) -> bool {
        self.packed.get() & DISABLED != 0
    }

    /// Whether a request that comes with it is let in, as far as the secret goes.
    pub const fn counts(&self, now: Moment) -> bool {
        !self.is_disabled() && !self.expires.has_passed(now)
    }
}

impl PartialEq for HeldSecret {
    fn eq(&self, other: &Self) -> bool {
        self.packed == other.packed && self.expires == other.expires && self.digest.matches(&other.digest)
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
    /// Whether it is refused, though it keeps all that it has.
    pub disabled: bool,
    /// Whether it must be unprotected before it is deleted.
    pub protected: bool,
    /// Sorted by id.
    pub secrets: Vec<HeldSecret>,
    /// Sorted by id.
    pub grants: Vec<Grant>,
    /// The teams that it is a member of, sorted by id.
    pub teams: Vec<TeamId>,
}

/// A principal in its shard. Small, since lists go through a hundred thousand: what it has is looked up when it is asked.
#[derive(Clone, Copy)]
pub struct PrincipalView<'d> {
    id: PrincipalId,
    shard: &'d PrincipalShard,
    place: usize,
}

impl fmt::Debug for PrincipalView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_principal().fmt(f)
    }
}

impl<'d> PrincipalView<'d> {
    /// Its id.
    pub fn id(&self) -> PrincipalId {
        self.id
    }

    #[inline]
    fn row(&self) -> &'d Row {
        &self.shard.rows[self.place]
    }

    /// Where a part of its row begins: where the same of the row before ends.
    #[inline]
    fn begin(&self, end: impl FnOnce(&Row) -> usize) -> usize {
        self.place.checked_sub(1).map_or(0, |before| end(&self.shard.rows[before]))
    }

    /// What it is.
    #[inline]
    pub fn kind(&self) -> PrincipalKind {
        self.row().kind
    }

    /// The one organization of a service account; `None` for a person.
    #[inline]
    pub fn organization(&self) -> Option<OrganizationId> {
        self.row().organization
    }

    /// The username of a service account, the name of a person.
    #[inline]
    pub fn name(&self) -> &'d str {
        &self.shard.names[self.begin(|row| row.name_end as usize)..self.row().name_end as usize]
    }

    /// Whether it was deleted.
    pub fn is_deleted(&self) -> bool {
        self.row().flags.has(Flags::DELETED)
    }

    /// Whether it is refused, though it keeps all that it has.
    pub fn is_disabled(&self) -> bool {
        self.row().flags.has(Flags::DISABLED)
    }

    /// Whether it must be unprotected before it is deleted.
    pub fn is_protected(&self) -> bool {
        self.row().flags.has(Flags::PROTECTED)
    }

    /// When it ends: when its longest-lived secret does. Who has no secret here, as a person, does not end.
    pub fn expires(&self) -> Expiry {
        self.secrets().iter().map(|secret| secret.expires).max().unwrap_or(Expiry::NEVER)
    }

    /// Whether it is let in for as long as nobody changes that: by a secret that does not end.
    pub fn lasts(&self) -> bool {
        let lasting = |secret: &HeldSecret| !secret.is_disabled() && secret.expires == Expiry::NEVER;
        !self.is_disabled() && self.secrets().iter().any(lasting)
    }

    /// Whether any of its secrets lets it in now, as far as it and they go.
    pub fn is_let_in(&self, now: Moment) -> bool {
        !self.is_disabled() && self.secrets().iter().any(|secret| secret.counts(now))
    }

    /// The secret of that id, if it is its own.
    pub fn secret(&self, id: SecretId) -> Option<&'d HeldSecret> {
        self.secrets().iter().find(|secret| secret.id() == id)
    }

    /// Its secrets, by id, so the newest last.
    #[inline]
    pub fn secrets(&self) -> &'d [HeldSecret] {
        &self.shard.secrets[self.begin(|row| row.secrets_end.into())..self.row().secrets_end.into()]
    }

    /// The grants that it holds itself, by id; not those of its teams.
    #[inline]
    pub fn grants(&self) -> &'d [Grant] {
        &self.shard.grants[self.begin(|row| row.grants_end as usize)..self.row().grants_end as usize]
    }

    /// The teams that it is a member of, by id.
    #[inline]
    pub fn teams(&self) -> &'d [TeamId] {
        &self.shard.teams[self.begin(|row| row.teams_end as usize)..self.row().teams_end as usize]
    }

    pub(super) fn to_principal(self) -> Principal {
        Principal {
            id: self.id,
            kind: self.kind(),
            organization: self.organization(),
            name: self.name().to_owned(),
            deleted: self.is_deleted(),
            disabled: self.is_disabled(),
            protected: self.is_protected(),
            secrets: self.secrets().to_vec(),
            grants: self.grants().to_vec(),
            teams: self.teams().to_vec(),
        }
    }

    fn parts(self) -> Parts<'d> {
        let (row, name, secrets) = (*self.row(), self.name(), self.secrets());
        Parts { id: self.id, row, name, secrets, grants: self.grants(), teams: self.teams() }
    }
}

/// What is written into a shard for one principal. Where its parts end is not in its row yet.
struct Parts<'a> {
    id: PrincipalId,
    row: Row,
    name: &'a str,
    secrets: &'a [HeldSecret],
    grants: &'a [Grant],
    teams: &'a [TeamId],
}

#[derive(Debug, Clone, Copy)]
struct Row {
    organization: Option<OrganizationId>,
    name_end: u32,
    grants_end: u32,
    teams_end: u32,
    /// Narrow, since there are few of each principal.
    secrets_end: u16,
    kind: PrincipalKind,
    flags: Flags,
}

/// What is so of a principal or not, in one byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Flags(u8);

impl Flags {
    const DELETED: u8 = 1;
    const DISABLED: u8 = 2;
    const PROTECTED: u8 = 4;

    const fn of(principal: &Principal) -> Self {
        let deleted = principal.deleted as u8 * Self::DELETED;
        let disabled = principal.disabled as u8 * Self::DISABLED;
        let protected = principal.protected as u8 * Self::PROTECTED;
        Self(deleted | disabled | protected)
    }

    const fn has(self, flag: u8) -> bool {
        self.0 & flag != 0
    }
}

/// The principals of one range of ids.
#[derive(Debug, Clone, Default)]
pub(super) struct PrincipalShard {
    held: [u64; WORDS],
    /// How many of the rows are those of each word of [`held`](Self::held) and of the words before it.
    counted: [u16; WORDS],
    rows: Vec<Row>,
    names: String,
    secrets: Vec<HeldSecret>,
    grants: Vec<Grant>,
    teams: Vec<TeamId>,
}

/// Words of the bits of one shard.
const WORDS: usize = SPAN as usize / 64;

/// Which word of [`PrincipalShard::held`] an id's bit is in, and that bit.
fn bit(id: PrincipalId) -> (usize, u64) {
    let within = id.number() % SPAN;
    ((within / 64) as usize, 1 << (within % 64))
}

impl PrincipalShard {
    #[inline]
    pub(super) fn find(&self, id: PrincipalId) -> Option<PrincipalView<'_>> {
        let (word, bit) = bit(id);
        (self.held[word] & bit != 0).then(|| PrincipalView { id, shard: self, place: self.place(id) })
    }

    /// How many principals have smaller ids.
    #[inline]
    fn place(&self, id: PrincipalId) -> usize {
        let (word, bit) = bit(id);
        let before = word.checked_sub(1).map_or(0, |before| self.counted[before]);
        usize::from(before) + (self.held[word] & (bit - 1)).count_ones() as usize
    }

    /// All of them. `first` is the first id of the range.
    pub(super) fn iter(&self, first: u64) -> impl Iterator<Item = PrincipalView<'_>> {
        (first..first + SPAN).filter_map(PrincipalId::new).filter_map(|id| self.find(id))
    }

    /// Adds one whose id is greater than all before.
    pub(super) fn push(&mut self, principal: PrincipalView<'_>) {
        self.append(&principal.parts());
    }

    fn append(&mut self, principal: &Parts<'_>) {
        let (word, bit) = bit(principal.id);
        debug_assert!(self.held[word] < bit && self.held[word + 1..].iter().all(|word| *word == 0));
        self.held[word] |= bit;
        self.counted[word..].iter_mut().for_each(|counted| *counted += 1);
        self.names.push_str(principal.name);
        self.secrets.extend_from_slice(principal.secrets);
        self.grants.extend_from_slice(principal.grants);
        self.teams.extend_from_slice(principal.teams);
        self.rows.push(Row {
            name_end: self.names.len() as u32,
            grants_end: self.grants.len() as u32,
            secrets_end: self.secrets.len() as u16,
            teams_end: self.teams.len() as u32,
            ..principal.row
        });
    }

    /// Adds one, or puts it in the place of the one with its id.
    pub(super) fn put(&mut self, principal: &Principal) {
        let row = Row {
            organization: principal.organization,
            name_end: 0,
            grants_end: 0,
            secrets_end: 0,
            teams_end: 0,
            kind: principal.kind,
            flags: Flags::of(principal),
        };
        let put = Parts {
            id: principal.id,
            row,
            name: &principal.name,
            secrets: &principal.secrets,
            grants: &principal.grants,
            teams: &principal.teams,
        };
        let place = self.place(principal.id);
        if place == self.rows.len() {
            return self.append(&put);
        }
        let first = principal.id.number() / SPAN * SPAN;
        let mut written = Self {
            held: [0; WORDS],
            counted: [0; WORDS],
            rows: Vec::with_capacity(self.rows.len() + 1),
            names: String::with_capacity(self.names.len() + principal.name.len()),
            secrets: Vec::with_capacity(self.secrets.len() + principal.secrets.len()),
            grants: Vec::with_capacity(self.grants.len() + principal.grants.len()),
            teams: Vec::with_capacity(self.teams.len() + principal.teams.len()),
        };
        self.iter(first).filter(|view| view.id < put.id).for_each(|view| written.push(view));
        written.append(&put);
        self.iter(first).filter(|view| view.id > put.id).for_each(|view| written.push(view));
        *self = written;
    }

    /// Takes away every grant for which `gone` says so.
    pub(super) fn drop_grants(&mut self, gone: impl Fn(&Grant) -> bool) {
        let (mut kept, mut begin) = (Vec::with_capacity(self.grants.len()), 0);
        for row in &mut self.rows {
            let end = row.grants_end as usize;
            kept.extend(self.grants[begin..end].iter().copied().filter(|grant| !gone(grant)));
            (row.grants_end, begin) = (kept.len() as u32, end);
        }
        self.grants = kept;
    }

    /// Takes everybody out of a team.
    pub(super) fn leave_team(&mut self, team: TeamId) {
        let (mut kept, mut begin) = (Vec::with_capacity(self.teams.len()), 0);
        for row in &mut self.rows {
            let end = row.teams_end as usize;
            kept.extend(self.teams[begin..end].iter().copied().filter(|other| *other != team));
            (row.teams_end, begin) = (kept.len() as u32, end);
        }
        self.teams = kept;
    }

    /// Gives another role wherever `role` says so.
    pub(super) fn change_roles(&mut self, role: impl Fn(&Grant) -> Option<ProjectRole>) {
        for grant in &mut self.grants {
            if let Some(role) = role(grant) {
                *grant = grant.with_role(role);
            }
        }
    }

    pub(super) fn has_grant(&self, wanted: impl Fn(&Grant) -> bool) -> bool {
        self.grants.iter().any(wanted)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Forgets everything but keeps its memory, to be filled anew.
    pub(super) fn clear(&mut self) {
        (self.held, self.counted) = ([0; WORDS], [0; WORDS]);
        self.rows.clear();
        self.names.clear();
        self.secrets.clear();
        self.grants.clear();
        self.teams.clear();
    }
}

/// Where service accounts are found by username: sorted by the lower half of the name's hash, the upper half having
/// chosen the shard. The name itself is compared in the principal's row.
#[derive(Debug, Clone, Default)]
pub(super) struct UsernameShard {
    entries: Arc<[UsernameEntry]>,
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
        self.entries[self.first(tag)..].iter().take_while(move |entry| entry.tag == tag).filter_map(|entry| entry.id())
    }

    /// Who stands where a name with this hash would, or last before.
    pub(super) fn beside(&self, hash: u64) -> Option<PrincipalId> {
        self.entries.get(self.first(hash as u32)).or(self.entries.last()).and_then(|entry| entry.id())
    }

    /// Where the entries of this tag begin, or would. Tags are spread evenly, so it is near where the tag lies among all
    /// numbers of 32 bits: some neighbours are looked at, where halving would look all over the shard.
    fn first(&self, tag: u32) -> usize {
        let entries = &self.entries;
        let mut place = ((entries.len() as u64 * u64::from(tag)) >> 32) as usize;
        while place > 0 && entries[place - 1].tag >= tag {
            place -= 1;
        }
        while place < entries.len() && entries[place].tag < tag {
            place += 1;
        }
        place
    }

    pub(super) fn insert(&mut self, hash: u64, id: PrincipalId) {
        let (before, after) = self.entries.split_at(self.first(hash as u32));
        let entries = before.iter().copied().chain([UsernameEntry::new(hash, id)]).chain(after.iter().copied());
        self.entries = entries.collect();
    }

    /// All at once, by hash and id, in any order.
    pub(super) fn of(named: &mut [(u64, PrincipalId)]) -> Self {
        named.sort_unstable_by_key(|(hash, _)| *hash as u32);
        Self { entries: named.iter().map(|(hash, id)| UsernameEntry::new(*hash, *id)).collect() }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = PrincipalId> {
        self.entries.iter().filter_map(|entry| entry.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::ID_END;

    #[test]
    fn what_is_packed_comes_out_as_it_was() {
        for number in [1, 2, 1 << 40, ID_END - 1] {
            let id = SecretId::new(number).expect("an id");
            let secret = HeldSecret::new(id, Expiry::NEVER, SecretDigest::from_bytes([7; 32]));
            let disabled = secret.with_disabled(true).with_disabled(true);
            assert_eq!((secret.id(), secret.is_disabled()), (id, false));
            assert_eq!((disabled.id(), disabled.is_disabled()), (id, true));
            assert!(disabled != secret && disabled.with_disabled(false) == secret);
        }
    }

    /// There are millions of both.
    #[test]
    fn an_account_and_its_secret_stay_small() {
        assert_eq!((size_of::<Row>(), size_of::<HeldSecret>()), (24, 48));
    }
}
