//! What is worth tidying: accounts that nobody needs, or nobody looks after.

use std::collections::BTreeMap;

use claviger_access::identity::PrincipalId;

use super::standing::{Standing, view};
use crate::console::service_accounts::account::State;
use crate::console::service_accounts::asked::View;
use crate::console::words;
use crate::store::usage::{Day, NotAdmittedDay};

/// Something to look at.
pub(super) struct Chore {
    /// Such as "23 accounts".
    pub strong: String,
    pub more: String,
    pub path: String,
}

/// What there is to do. `not_admitted` is what was refused lately.
pub(super) fn chores(standing: &Standing<'_>, not_admitted: &[NotAdmittedDay], accounts: &str) -> Vec<Chore> {
    let chore = |count: usize, view_of: View, more: String| {
        let strong = words::several(i64::try_from(count).unwrap_or(i64::MAX), "account");
        (count > 0).then(|| Chore { strong, more, path: view(accounts, view_of) })
    };
    let (unused, expired) = (standing.count(State::Unused), standing.count(State::Expired));
    let was = |count: usize| if count == 1 { "was" } else { "were" };
    let has = |count: usize| if count == 1 { "has" } else { "have" };
    let never = match (standing.never_used, unused) {
        (0, _) => String::new(),
        (_, 1) => ", nor before".to_owned(),
        (never, _) => format!(", {} of them never", words::count(never)),
    };
    let all = [
        chore(unused, View::Of(State::Unused), format!("{} not used for 90 days{never}.", was(unused))),
        chore(expired, View::Of(State::Expired), format!("{} expired.{}", has(expired), tried(standing, not_admitted))),
        chore(standing.ownerless, View::NoOwner, format!("{} no owner.", has(standing.ownerless))),
    ];
    all.into_iter().flatten().collect()
}

/// Those that have expired, and are still tried.
fn tried(standing: &Standing<'_>, not_admitted: &[NotAdmittedDay]) -> String {
    let mut tries: BTreeMap<PrincipalId, (u64, Day)> = BTreeMap::new();
    for one in not_admitted {
        let is_since = standing.expired.get(&one.account).is_some_and(|(ended, _)| one.is_since(*ended));
        if is_since {
            let (requests, first) = tries.entry(one.account).or_insert((0, one.day));
            *requests += one.requests;
            *first = one.day.min(*first);
        }
    }
    let Some((most, (requests, first))) = tries.iter().max_by_key(|(_, (requests, _))| *requests) else {
        return String::new();
    };
    let name = standing.expired.get(most).map_or("", |(_, name)| name);
    let times = words::several(i64::try_from(*requests).unwrap_or(i64::MAX), "time");
    let most = format!("{name}, {times} since {}", words::day(first.begin()));
    match tries.len() {
        1 => format!(" One is still being tried: {most}."),
        number => format!(" {} are still being tried, most of all {most}.", words::count(number)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::service_accounts::account::tests::{NOW, account};

    fn told(standing: &Standing<'_>, not_admitted: &[NotAdmittedDay]) -> Vec<String> {
        let chores = chores(standing, not_admitted, "/x");
        chores.iter().map(|chore| format!("{} {} {}", chore.strong, chore.more, chore.path)).collect()
    }

    #[test]
    fn what_is_unused_or_ended_or_nobodys_is_told_with_how_often_it_is_still_tried() {
        let mut standing = Standing::default();
        assert!(told(&standing, &[]).is_empty());
        let today = NOW / words::DAY;
        let ended = |number: u64, days: i64| {
            let mut one = account(number);
            (one.state, one.expires) = (State::Expired, Some(NOW - days * words::DAY));
            one
        };
        standing.add(ended(1, 5));
        standing.add(ended(2, 5));
        let mut unused = account(3);
        (unused.state, unused.last_used, unused.is_owned) = (State::Unused, None, false);
        standing.add(unused.clone());
        let tried = |number: u64, ago: i64, requests: u64| NotAdmittedDay {
            account: PrincipalId::new(number).expect("an id"),
            day: Day(today - ago),
            requests,
        };
        let one = told(&standing, &[tried(1, 0, 400), tried(1, 5, 12), tried(1, 6, 1_000), tried(3, 0, 9)]);
        assert_eq!(
            one,
            [
                "1 account was not used for 90 days, nor before. /x?view=unused",
                "2 accounts have expired. One is still being tried: bot-1, 412 times since 19 Nov. /x?view=expired",
                "1 account has no owner. /x?view=no-owner",
            ]
        );
        unused.last_used = Some(NOW);
        standing.add(unused);
        let two = told(&standing, &[tried(1, 0, 1), tried(2, 0, 2)]);
        assert_eq!(two[0], "2 accounts were not used for 90 days, 1 of them never. /x?view=unused");
        assert!(two[1].contains(" 2 are still being tried, most of all bot-2, 2 times since 24 Nov."), "{two:?}");
    }
}
