//! How often accounts that have expired are still tried.

use super::account::{Account, State};
use crate::store::usage::NotAdmittedDay;

/// How many requests of an expired account were not let in from the day of its end on, as far as days are kept.
pub(super) fn refused_since(account: &Account<'_>, days: &[NotAdmittedDay]) -> u64 {
    let Some(ended) = account.expires.filter(|_| account.state == State::Expired) else { return 0 };
    let since = days.iter().filter(|day| day.account == account.id && day.is_since(ended));
    since.map(|day| day.requests).sum()
}

#[cfg(test)]
mod tests {
    use super::super::account::tests::{NOW, account};
    use super::*;
    use crate::console::words::DAY;
    use crate::store::usage::Day;

    #[test]
    fn only_what_came_after_its_end_and_to_itself_counts() {
        let today = Day(NOW.div_euclid(DAY));
        let day = |number: u64, back: i64, requests: u64| NotAdmittedDay {
            account: account(number).id,
            day: Day(today.0 - back),
            requests,
        };
        let days = [day(1, 0, 5), day(1, 2, 7), day(1, 3, 100), day(2, 0, 1_000)];
        let ended = Account { state: State::Expired, expires: Some(NOW - 2 * DAY), ..account(1) };
        assert_eq!(refused_since(&ended, &days), 12);
        assert_eq!(refused_since(&Account { state: State::Disabled, ..ended }, &days), 0);
        assert_eq!(refused_since(&account(1), &days), 0);
    }
}
