//! Whom the rules would touch today: counted in one pass over the organization's accounts.

use claviger_access::authorize::{ManageServiceAccounts, Scope, authorize};
use claviger_access::directory::{Organization, PrincipalView};

use crate::console::service_accounts::account;
use crate::console::signed_in::SignedIn;
use crate::console::{Console, words};
use crate::store::StoreError;

/// What there is. `None` for who does not see the accounts.
pub(super) struct Today {
    /// Such as "118 of 214 accounts have no expiry."
    pub endless: Option<String>,
    /// Such as "9 of 214 names do not match and stay as they are."; none where there is no pattern.
    pub unmatched: Option<String>,
    /// Such as "3 of 214 accounts hold more than one secret."
    pub several_secrets: Option<String>,
}

impl Today {
    /// Counts.
    pub(super) async fn of(console: &Console, signed_in: &SignedIn, known: &Organization) -> Result<Self, StoreError> {
        let (held, scope) = (&signed_in.held, Scope::Organization(known.id));
        let permit = authorize::<ManageServiceAccounts>(held, &signed_in.caller, scope, signed_in.now);
        let Ok(permit) = permit else {
            return Ok(Self { endless: None, unmatched: None, several_secrets: None });
        };
        let (mut all, mut endless, mut unmatched, mut several) = (0, 0, 0, 0);
        let pattern = known.policy.name_pattern.as_ref();
        let count = |view: &PrincipalView<'_>| {
            all += 1;
            endless += usize::from(view.expires().moment().is_none());
            // The name is what comes before the digits and the suffix.
            let name = || view.name().rsplitn(3, '.').last().unwrap_or_default();
            unmatched += usize::from(pattern.is_some_and(|pattern| !pattern.matches(name())));
            several += usize::from(view.secrets().len() > 1);
        };
        account::each_view(&console.node, held, &permit, count).await?;
        let counted = Self::counted(all, endless, unmatched, several);
        Ok(Self { unmatched: counted.unmatched.filter(|_| pattern.is_some()), ..counted })
    }

    /// In words.
    pub(super) fn counted(all: usize, endless: usize, unmatched: usize, several: usize) -> Self {
        let accounts = if all == 1 { "account" } else { "accounts" };
        let have = if endless == 1 { "has" } else { "have" };
        let hold = if several == 1 { "holds" } else { "hold" };
        let of = |number: usize| format!("{} of {}", words::count(number), words::count(all));
        Self {
            endless: Some(format!("{} {accounts} {have} no expiry.", of(endless))),
            unmatched: Some(match unmatched {
                1 => format!("{} names does not match and stays as it is.", of(1)),
                number => format!("{} names do not match and stay as they are.", of(number)),
            }),
            several_secrets: Some(format!("{} {accounts} {hold} more than one secret.", of(several))),
        }
    }
}
