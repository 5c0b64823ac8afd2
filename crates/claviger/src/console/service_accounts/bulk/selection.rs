//! Which accounts something is to be done with: those whose numbers were sent, or all of a view that filters leave.

use std::collections::BTreeSet;

use claviger_access::directory::PrincipalView;
use claviger_access::identity::PrincipalId;

use super::super::account::{self, Account, Sequence};
use super::super::asked::View;
use super::super::filter::{Filter, Sieve};
use super::{Desk, SHOWN_MAX};
use crate::api::ids::read;
use crate::console::Console;
use crate::console::error_page::ErrorPage;
use crate::console::typed::Typed;
use crate::console::words::DAY;

/// Who was used within so long is in use.
const LATELY_S: i64 = 7 * DAY;

/// Accounts that are there, those that were used lately first.
pub(super) struct Selection<'d> {
    pub accounts: Vec<Account<'d>>,
    /// How many of them were used lately.
    pub lately: usize,
    /// How many of the view are not among them: it has more than fit.
    pub left_out: usize,
}

impl<'d> Selection<'d> {
    fn new(mut accounts: Vec<Account<'d>>, now: i64, most: usize) -> Self {
        accounts.sort_by_key(|account| (!is_lately(account, now), account.id));
        // Who was used lately is ticked by hand, so that more of them than are shown stay out.
        let lately = accounts.iter().filter(|account| is_lately(account, now)).count();
        let unseen = lately.saturating_sub(SHOWN_MAX);
        let all = accounts.len();
        accounts.drain(lately - unseen..lately);
        accounts.truncate(most);
        Self { left_out: all - accounts.len(), lately: lately - unseen, accounts }
    }

    /// Takes those out that are protected and would not be shown: nobody could untick them, and all would stay for their
    /// sake. Says how many.
    pub(super) fn spare_protected(&mut self) -> usize {
        let before = self.accounts.len();
        let mut place = 0;
        self.accounts.retain(|account| {
            place += 1;
            place <= SHOWN_MAX || !account.is_protected
        });
        before - self.accounts.len()
    }

    /// Takes those out that somebody unticked and that would not be shown any more: meanwhile others were used, and come
    /// before them. What is not shown goes with the rest.
    pub(super) fn keep_unticked_in_sight(&mut self, ticked: &BTreeSet<PrincipalId>) {
        let mut place = 0;
        self.accounts.retain(|account| {
            place += 1;
            place <= SHOWN_MAX || ticked.contains(&account.id)
        });
    }

    /// Their numbers, for the form.
    pub(super) fn numbers(&self) -> String {
        let numbers: Vec<String> = self.accounts.iter().map(|account| account.id.to_string()).collect();
        numbers.join(",")
    }
}

/// Whether it was used in the last days.
pub(super) fn is_lately(account: &Account<'_>, now: i64) -> bool {
    account.last_used.is_some_and(|used| used > now - LATELY_S)
}

/// The numbers that were sent, in their order: of rows that are ticked, and those that a form carries.
pub(super) fn sent(typed: &Typed) -> Vec<PrincipalId> {
    let carried = typed.one("all").split(',');
    let all = if typed.has("all") {
        carried.filter_map(read).collect()
    } else {
        typed.all("id").filter_map(read).collect::<Vec<_>>()
    };
    let mut seen = BTreeSet::new();
    all.into_iter().filter(|id| seen.insert(*id)).collect()
}

/// Those of the numbers that are accounts of the organization; or else all of the view that the filter leaves: none where
/// it names what is not there, for what was to be spared would come with the others.
pub(super) async fn selection<'d>(
    console: &Console,
    desk: &Desk<'d>,
    typed: &Typed,
    filter: Option<Filter>,
    most: usize,
) -> Result<Selection<'d>, ErrorPage> {
    let ids = sent(typed);
    let name = typed.one("view");
    let view = View::EACH.into_iter().find(|view| !name.is_empty() && view.name() == name);
    let sieve = filter.and_then(|filter| Sieve::new(&desk.signed_in.held, desk.organization, filter));
    let is_left = |view: &PrincipalView<'d>| sieve.as_ref().is_some_and(|sieve| sieve.keeps(view));
    let accounts = match view {
        Some(view) if ids.is_empty() => {
            those(console, desk, |account, known| view.shows(account) && is_left(known)).await?
        }
        _ => {
            let ids: BTreeSet<PrincipalId> = ids.into_iter().take(most).collect();
            those(console, desk, |account, _| ids.contains(&account.id)).await?
        }
    };
    Ok(Selection::new(accounts, desk.signed_in.now.seconds(), most))
}

/// Those accounts of the organization that are wanted.
async fn those<'d>(
    console: &Console,
    desk: &Desk<'d>,
    wanted: impl Fn(&Account<'_>, &PrincipalView<'d>) -> bool + Send + Sync,
) -> Result<Vec<Account<'d>>, ErrorPage> {
    let signed_in = desk.signed_in;
    let mut accounts = Vec::new();
    let keep = |account: Account<'d>, view: &PrincipalView<'d>| {
        if wanted(&account, view) {
            accounts.push(account);
        }
    };
    let read =
        account::each(&console.node, &signed_in.held, &desk.permit, Sequence::OldestFirst, signed_in.now, keep).await;
    read.map_err(|error| ErrorPage::unread(&error, &signed_in.origin))?;
    Ok(accounts)
}

#[cfg(test)]
mod tests {
    use super::super::super::account::tests::{NOW, account};
    use super::*;

    fn many(lately: u64, idle: u64) -> Vec<Account<'static>> {
        let one = |number: u64| {
            let last_used = if number <= lately { Some(NOW - LATELY_S + 1) } else { Some(NOW - LATELY_S) };
            Account { last_used, ..account(number) }
        };
        (1..=lately + idle).rev().map(one).collect()
    }

    #[test]
    fn who_was_used_lately_comes_first_and_no_more_than_can_be_ticked() {
        let some = Selection::new(many(2, 21), NOW, 1_000);
        assert_eq!((some.accounts.len(), some.lately, some.left_out), (23, 2, 0));
        assert!(some.numbers().starts_with("1,2,3,4,"), "{}", some.numbers());
        let busy = Selection::new(many(60, 21), NOW, 1_000);
        assert_eq!((busy.accounts.len(), busy.lately, busy.left_out), (71, 50, 10));
        let full = Selection::new(many(2, 2_000), NOW, 1_000);
        assert_eq!((full.accounts.len(), full.lately, full.left_out), (1_000, 2, 1_002));
    }

    #[test]
    fn who_was_unticked_and_is_not_shown_any_more_stays_out() {
        // 50 of 60 were shown, 3 and 50 were unticked; meanwhile 51 and 60 were used.
        let used = |number: u64| [51, 60].contains(&number).then_some(NOW - 60);
        let accounts = (1..=60).map(|number| Account { last_used: used(number), ..account(number) });
        let mut now = Selection::new(accounts.collect(), NOW, 1_000);
        let ticked = (1..=60).filter(|number| ![3, 50].contains(number)).filter_map(PrincipalId::new).collect();
        assert_eq!(now.accounts[..2].iter().map(|account| account.id.number()).collect::<Vec<_>>(), [51, 60]);
        now.keep_unticked_in_sight(&ticked);
        let left: Vec<u64> = now.accounts.iter().map(|account| account.id.number()).collect();
        assert_eq!(left.len(), 59);
        assert!(left[..SHOWN_MAX].contains(&3), "in sight he is still not ticked");
        assert!(!left.contains(&50), "out of sight he would go with the rest");
        assert!(left[SHOWN_MAX..].contains(&49), "who was ticked goes, shown or not");
    }

    #[test]
    fn numbers_are_read_once_each() {
        let sent = |body: &str| {
            let typed = Typed::parse(body.as_bytes()).expect("a form");
            sent(&typed).into_iter().map(PrincipalId::number).collect::<Vec<_>>()
        };
        assert_eq!(sent("id=3&id=1&id=3&id=x&id=-1&id=0"), [3, 1]);
        assert_eq!(sent("all=5%2C4%2C5%2C&id=9"), [5, 4]);
        assert!(sent("").is_empty());
    }
}
