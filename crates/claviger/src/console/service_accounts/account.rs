//! An account of a list, and the one state that it is in.
//!
//! What there is to know of an account is in the directory, but for how it came to be and when it was used, which is read
//! from the store once and then kept: so all accounts of an organization are looked through in memory.

use claviger_access::authorize::{ManageServiceAccounts, Scope};
use claviger_access::directory::PrincipalView;
use claviger_access::identity::{OrganizationId, PrincipalId};
use claviger_access::ownership::{Owner, is_owned};
use claviger_access::{Directory, Moment, Permit, effective};

use crate::clock;
use crate::console::words::DAY;
use crate::last_used::LastUsed;
use crate::node::Node;
use crate::store::StoreError;
use crate::store::service_accounts::AccountUse;

/// Who was not used for so long, or not yet since it was made, is unused.
const UNUSED_AFTER_S: i64 = 90 * DAY;

/// So many accounts are looked through in one go.
const SEEN_AT_ONCE: usize = 10_000;

/// What ends within so long is expiring.
const EXPIRING_WITHIN_S: i64 = 30 * DAY;

/// The first that fits. So all of them add up to all accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::console) enum State {
    Disabled,
    Expired,
    Unused,
    Expiring,
    Active,
}

impl State {
    pub(in crate::console) fn name(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Expired => "expired",
            Self::Unused => "unused",
            Self::Expiring => "expiring",
            Self::Active => "active",
        }
    }

    /// `alive` is when the account was used last, or else made.
    fn of(is_disabled: bool, expires: Option<i64>, alive: i64, now: i64) -> Self {
        let ends_before = |moment: i64| expires.is_some_and(|expires| expires <= moment);
        if is_disabled {
            Self::Disabled
        } else if ends_before(now) {
            Self::Expired
        } else if alive <= now - UNUSED_AFTER_S {
            Self::Unused
        } else if ends_before(now + EXPIRING_WITHIN_S) {
            Self::Expiring
        } else {
            Self::Active
        }
    }
}

/// The name of who made an account, and a person's e-mail address.
type Creator<'d> = (&'d str, Option<&'d str>);

/// Who made an account, and whether somebody looks after it.
#[derive(Clone, Copy)]
struct People<'d> {
    creator: Option<Creator<'d>>,
    is_owned: bool,
}

impl<'d> People<'d> {
    fn of(directory: &'d Directory, organization: OrganizationId, creator: Option<PrincipalId>, owner: Owner) -> Self {
        let known = creator.and_then(|id| directory.principal(id));
        let email = |id| directory.person(id).map(|person| person.email.as_str());
        Self {
            creator: known.map(|known| (known.name(), email(known.id()))),
            is_owned: is_owned(directory, organization, owner, creator),
        }
    }
}

fn said_owner(directory: &Directory, account: PrincipalId) -> Owner {
    directory.account_details(account).map(|details| details.owner).unwrap_or_default()
}

/// In which order accounts are looked through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::console) enum Sequence {
    OldestFirst,
    NewestFirst,
}

/// An account of an organization. Times are seconds since the epoch.
#[derive(Debug, Clone)]
pub(in crate::console) struct Account<'d> {
    pub id: PrincipalId,
    pub username: &'d str,
    pub created: i64,
    /// Who made it.
    pub made_by: Option<PrincipalId>,
    pub creator: Option<Creator<'d>>,
    pub expires: Option<i64>,
    pub is_disabled: bool,
    pub is_protected: bool,
    /// Uses that were not flushed yet count.
    pub last_used: Option<i64>,
    pub state: State,
    pub is_owned: bool,
}

impl<'d> Account<'d> {
    /// `None` where the directory does not have it, or no longer.
    pub(in crate::console) fn of(
        directory: &'d Directory,
        noted: &LastUsed,
        organization: OrganizationId,
        stored: impl Into<AccountUse>,
        now: Moment,
    ) -> Option<Self> {
        let stored = stored.into();
        let view = directory.service_account(organization, stored.id)?;
        let since_flush = noted.latest_since_flush(view.secrets().iter().map(|secret| secret.id()));
        let owner = said_owner(directory, stored.id);
        let people = People::of(directory, organization, stored.creator, owner);
        Some(Self::known(&view, stored, since_flush, people, now))
    }

    fn known(
        view: &PrincipalView<'d>,
        stored: AccountUse,
        since_flush: Option<Moment>,
        people: People<'d>,
        now: Moment,
    ) -> Self {
        let (is_disabled, expires) = (view.is_disabled(), view.expires().moment().map(Moment::seconds));
        let last_used = stored.last_used.max(since_flush.map(Moment::seconds));
        let alive = last_used.unwrap_or(stored.created);
        Self {
            id: stored.id,
            username: view.name(),
            created: stored.created,
            made_by: stored.creator,
            creator: people.creator,
            expires,
            is_disabled,
            is_protected: view.is_protected(),
            last_used,
            state: State::of(is_disabled, expires, alive, now.seconds()),
            is_owned: people.is_owned,
        }
    }
}

/// Shows each account of the permit's scope: of a project, those alone that reach it or a workspace of it.
pub(in crate::console) async fn each<'d>(
    node: &Node,
    directory: &'d Directory,
    permit: &Permit<ManageServiceAccounts>,
    sequence: Sequence,
    now: Moment,
    mut see: impl FnMut(Account<'d>, &PrincipalView<'d>) + Send,
) -> Result<(), StoreError> {
    let organization = permit.organization();
    let since_flush = node.last_used.latest_of_each(organization);
    // One person or one script often made many, one after the other.
    let mut last = ((None, Owner::Nobody), People::of(directory, organization, None, Owner::Nobody));
    let known = |view: &PrincipalView<'d>, stored: &AccountUse| {
        let (creator, owner) = (stored.creator, said_owner(directory, stored.id));
        if last.0 != (creator, owner) {
            last = ((creator, owner), People::of(directory, organization, creator, owner));
        }
        let people = last.1;
        see(Account::known(view, *stored, since_flush.get(&stored.id).copied(), people, now), view);
    };
    each_with_use(node, directory, permit, sequence, known).await
}

/// The same, oldest first, for whoever needs no more than what the directory holds.
pub(in crate::console) async fn each_view<'d>(
    node: &Node,
    directory: &'d Directory,
    permit: &Permit<ManageServiceAccounts>,
    mut see: impl FnMut(&PrincipalView<'d>) + Send,
) -> Result<(), StoreError> {
    each_with_use(node, directory, permit, Sequence::OldestFirst, |view, _| see(view)).await
}

async fn each_with_use<'d>(
    node: &Node,
    directory: &'d Directory,
    permit: &Permit<ManageServiceAccounts>,
    sequence: Sequence,
    mut see: impl FnMut(&PrincipalView<'d>, &AccountUse) + Send,
) -> Result<(), StoreError> {
    let uses = node.account_uses.of(&node.store, permit, clock::instant()).await?;
    let project = match permit.scope() {
        Scope::Organization(_) => None,
        Scope::Project(id) => Some(directory.project(id)),
    };
    let is_seen = |view: &PrincipalView<'_>| {
        project.is_none_or(|project| project.is_some_and(|project| effective::reaches(directory, view, project)))
    };
    let mut look = |stored: &AccountUse| {
        let view = directory.service_account(permit.organization(), stored.id);
        if let Some(view) = view.filter(is_seen) {
            see(&view, stored);
        }
    };
    for at in 0..uses.len().div_ceil(SEEN_AT_ONCE) {
        match sequence {
            Sequence::OldestFirst => uses.chunks(SEEN_AT_ONCE).skip(at).take(1).flatten().for_each(&mut look),
            Sequence::NewestFirst => {
                uses.rchunks(SEEN_AT_ONCE).skip(at).take(1).flat_map(|some| some.iter().rev()).for_each(&mut look)
            }
        }
        // Whoever else this thread serves need not wait for all of them.
        tokio::task::yield_now().await;
    }
    Ok(())
}

#[cfg(test)]
pub(in crate::console) mod tests {
    use super::*;

    /// 24 Nov 2026, 20:15:00.
    pub(in crate::console) const NOW: i64 = 1_795_551_300;

    /// An active account, made by nobody that is known a day ago for each number.
    pub(in crate::console) fn account(number: u64) -> Account<'static> {
        Account {
            id: PrincipalId::new(number).expect("an id"),
            username: format!("bot-{number}.{number:06x}.service-account").leak(),
            created: NOW - i64::try_from(number).expect("small") * DAY,
            made_by: None,
            creator: None,
            expires: None,
            is_disabled: false,
            is_protected: false,
            last_used: Some(NOW - 60),
            state: State::Active,
            is_owned: true,
        }
    }

    #[test]
    fn an_account_is_in_the_first_state_that_fits() {
        let state = |is_disabled: bool, expires: Option<i64>, last_used: Option<i64>, age: i64| {
            State::of(is_disabled, expires, last_used.unwrap_or(NOW - age), NOW)
        };
        let (long_ago, lately) = (Some(NOW - 90 * DAY), Some(NOW - 90 * DAY + 1));
        assert_eq!(state(true, Some(NOW), long_ago, 0), State::Disabled);
        assert_eq!(state(false, Some(NOW), long_ago, 0), State::Expired);
        assert_eq!(state(false, Some(NOW + 1), long_ago, 0), State::Unused);
        assert_eq!(state(false, None, None, 90 * DAY), State::Unused, "not yet used");
        assert_eq!(state(false, Some(NOW + 30 * DAY), lately, 0), State::Expiring);
        assert_eq!(state(false, Some(NOW + 30 * DAY + 1), lately, 0), State::Active);
        assert_eq!(state(false, None, None, 90 * DAY - 1), State::Active);
    }
}
