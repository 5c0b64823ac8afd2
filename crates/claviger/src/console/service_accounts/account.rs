//! An account of the list, and the one state that it is in.

use claviger_access::identity::OrganizationId;
use claviger_access::ownership::owner_of;
use claviger_access::{Directory, Moment};

use crate::console::words::DAY;
use crate::last_used::LastUsed;
use crate::store::service_accounts::ListedAccount;

/// Who was not used for so long, or not yet since it was made, is unused.
const UNUSED_AFTER_S: i64 = 90 * DAY;

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
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Expired => "expired",
            Self::Unused => "unused",
            Self::Expiring => "expiring",
            Self::Active => "active",
        }
    }

    fn of(listed: &ListedAccount, last_used: Option<i64>, now: i64) -> Self {
        let ends_before = |moment: i64| listed.expires.is_some_and(|expires| expires <= moment);
        if listed.disabled {
            Self::Disabled
        } else if ends_before(now) {
            Self::Expired
        } else if last_used.unwrap_or(listed.created) <= now - UNUSED_AFTER_S {
            Self::Unused
        } else if ends_before(now + EXPIRING_WITHIN_S) {
            Self::Expiring
        } else {
            Self::Active
        }
    }
}

/// An account as the store lists it, with what the directory knows of it.
#[derive(Debug, Clone)]
pub(in crate::console) struct Account {
    pub listed: ListedAccount,
    /// Uses that were not flushed yet count.
    pub last_used: Option<i64>,
    pub state: State,
    pub is_owned: bool,
}

impl Account {
    pub(in crate::console) fn of(
        directory: &Directory,
        last_used: &LastUsed,
        organization: OrganizationId,
        listed: ListedAccount,
        now: Moment,
    ) -> Self {
        let secrets = directory.principal(listed.id).map_or(&[][..], |view| view.secrets());
        let since_flush = last_used.latest_since_flush(secrets.iter().map(|secret| secret.id()));
        let last_used = listed.last_used.max(since_flush.map(Moment::seconds));
        let said = directory.account_details(listed.id).map(|details| details.owner).unwrap_or_default();
        Self {
            state: State::of(&listed, last_used, now.seconds()),
            is_owned: owner_of(directory, organization, said, listed.creator).is_some(),
            last_used,
            listed,
        }
    }
}

#[cfg(test)]
pub(in crate::console) mod tests {
    use claviger_access::identity::PrincipalId;

    use super::*;

    /// 24 Nov 2026, 20:15:00.
    pub(in crate::console) const NOW: i64 = 1_795_551_300;

    /// An active account, made by nobody that is known a day ago for each number.
    pub(in crate::console) fn account(number: u64) -> Account {
        let created = NOW - i64::try_from(number).expect("small") * DAY;
        let listed = ListedAccount {
            id: PrincipalId::new(number).expect("an id"),
            username: format!("bot-{number}.{number:06x}.service-account"),
            created,
            creator: None,
            creator_name: None,
            creator_email: None,
            last_used: None,
            expires: None,
            disabled: false,
            protected: false,
        };
        Account { listed, last_used: Some(NOW - 60), state: State::Active, is_owned: true }
    }

    #[test]
    fn an_account_is_in_the_first_state_that_fits() {
        let state = |disabled: bool, expires: Option<i64>, used: Option<i64>, age: i64| {
            let listed = ListedAccount { disabled, expires, created: NOW - age, ..account(1).listed };
            State::of(&listed, used, NOW)
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
