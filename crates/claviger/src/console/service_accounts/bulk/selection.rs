//! Which accounts something is to be done with: those whose numbers were sent, or all of a view.

use std::collections::BTreeSet;

use claviger_access::authorize::read_service_account;
use claviger_access::identity::PrincipalId;

use super::super::READ_AT_ONCE;
use super::super::account::Account;
use super::super::asked::View;
use super::{Desk, SHOWN_MAX};
use crate::api::ids::read;
use crate::console::Console;
use crate::console::error_page::ErrorPage;
use crate::console::typed::Typed;
use crate::console::words::DAY;
use crate::store::service_accounts::Window;

/// Who was used within so long is in use.
const LATELY_S: i64 = 7 * DAY;

/// Accounts that are there, those that were used lately first.
pub(super) struct Selection {
    pub accounts: Vec<Account>,
    /// How many of them were used lately.
    pub lately: usize,
    /// How many of the view are not among them: it has more than fit.
    pub left_out: usize,
}

impl Selection {
    fn new(mut accounts: Vec<Account>, now: i64, most: usize) -> Self {
        accounts.sort_by_key(|account| (!is_lately(account, now), account.listed.id));
        // Who was used lately is ticked by hand, so that more of them than are shown stay out.
        let lately = accounts.iter().filter(|account| is_lately(account, now)).count();
        let unseen = lately.saturating_sub(SHOWN_MAX);
        let all = accounts.len();
        accounts.drain(lately - unseen..lately);
        accounts.truncate(most);
        Self { left_out: all - accounts.len(), lately: lately - unseen, accounts }
    }

    /// Their numbers, for the form.
    pub(super) fn numbers(&self) -> String {
        let numbers: Vec<String> = self.accounts.iter().map(|account| account.listed.id.to_string()).collect();
        numbers.join(",")
    }
}

/// Whether it was used in the last days.
pub(super) fn is_lately(account: &Account, now: i64) -> bool {
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

/// Those of the numbers that are accounts of the organization; or else all of the view.
pub(super) async fn selection(
    console: &Console,
    desk: &Desk<'_>,
    typed: &Typed,
    most: usize,
) -> Result<Selection, ErrorPage> {
    let ids = sent(typed);
    let name = typed.one("view");
    let view = View::EACH.into_iter().find(|view| !name.is_empty() && view.name() == name);
    let accounts = match view {
        Some(view) if ids.is_empty() => of_view(console, desk, view).await?,
        _ => numbered(console, desk, &ids[..ids.len().min(most)]).await?,
    };
    Ok(Selection::new(accounts, desk.signed_in.now.seconds(), most))
}

async fn of_view(console: &Console, desk: &Desk<'_>, view: View) -> Result<Vec<Account>, ErrorPage> {
    let (signed_in, node) = (desk.signed_in, &console.node);
    let mut window = Window { after: None, limit: Some(READ_AT_ONCE), search: None };
    let mut accounts = Vec::new();
    loop {
        let rows = node.store.service_accounts(&desk.permit, &window).await;
        let rows = rows.map_err(|error| ErrorPage::unread(&error, &signed_in.origin))?;
        let is_last = rows.len() < READ_AT_ONCE as usize;
        window.after = rows.last().map(|row| row.id);
        let organization = desk.organization.id;
        let read =
            rows.into_iter().map(|row| Account::of(&signed_in.held, &node.last_used, organization, row, signed_in.now));
        accounts.extend(read.filter(|account| view.shows(account)));
        if is_last {
            return Ok(accounts);
        }
    }
}

async fn numbered(console: &Console, desk: &Desk<'_>, ids: &[PrincipalId]) -> Result<Vec<Account>, ErrorPage> {
    let (signed_in, node, organization) = (desk.signed_in, &console.node, desk.organization.id);
    let mut accounts = Vec::new();
    for id in ids {
        let permit = read_service_account(&signed_in.held, &signed_in.caller, organization, *id, signed_in.now);
        let Ok(permit) = permit else { continue };
        let row = node.store.service_account(&permit, *id).await;
        let row = row.map_err(|error| ErrorPage::unread(&error, &signed_in.origin))?;
        accounts.extend(row.map(|row| Account::of(&signed_in.held, &node.last_used, organization, row, signed_in.now)));
    }
    Ok(accounts)
}

#[cfg(test)]
mod tests {
    use super::super::super::account::tests::{NOW, account};
    use super::*;

    fn many(lately: u64, idle: u64) -> Vec<Account> {
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
