//! How the accounts of an organization stand: how many are in each state, and those that end soonest.

use std::collections::BTreeMap;

use claviger_access::Permit;
use claviger_access::authorize::ManageServiceAccounts;
use claviger_access::identity::PrincipalId;

use crate::console::key_bit;
use crate::console::service_accounts::account::{self, Account, Sequence, State};
use crate::console::service_accounts::asked::View;
use crate::console::service_accounts::row::{self, Told, Tone};
use crate::console::signed_in::SignedIn;
use crate::console::words;
use crate::node::Node;
use crate::store::StoreError;

/// So many of those that end soon are shown.
const SOON_MAX: usize = 5;

/// The view with those.
pub(super) const EXPIRING: View = View::Of(State::Expiring);

/// The bar is so wide, in units of its own.
const BAR_WIDTH: usize = 1_000;

/// No part is narrower.
const WIDTH_MIN: usize = 4;

/// What is between its parts.
const GAP: usize = 2;

/// A part of the bar, and of what is told below it.
pub(super) struct Part {
    /// Of the style sheet.
    pub class: &'static str,
    pub path: String,
    pub text: String,
    pub x: usize,
    pub width: usize,
}

/// An account that ends soon.
pub(super) struct Soon {
    pub name: String,
    pub blade: Option<String>,
    pub path: String,
    pub used: String,
    pub expires: Told,
}

/// What was seen so far.
#[derive(Default)]
pub(super) struct Standing<'d> {
    counts: BTreeMap<State, usize>,
    /// Of those that are unused.
    pub never_used: usize,
    pub ownerless: usize,
    /// By when they end.
    soonest: BTreeMap<(i64, PrincipalId), Account<'d>>,
    /// When those that have expired did, and what they are called.
    pub expired: BTreeMap<PrincipalId, (i64, &'d str)>,
}

impl<'d> Standing<'d> {
    pub(super) async fn read(
        node: &Node,
        signed_in: &'d SignedIn,
        permit: &Permit<ManageServiceAccounts>,
    ) -> Result<Self, StoreError> {
        let mut standing = Self::default();
        account::each(node, &signed_in.held, permit, Sequence::OldestFirst, signed_in.now, |account, _| {
            standing.add(account)
        })
        .await?;
        Ok(standing)
    }

    /// One more account.
    pub(super) fn add(&mut self, account: Account<'d>) {
        *self.counts.entry(account.state).or_insert(0) += 1;
        self.never_used += usize::from(account.state == State::Unused && account.last_used.is_none());
        self.ownerless += usize::from(!account.is_owned);
        match (account.state, account.expires) {
            (State::Expired, Some(expires)) => {
                self.expired.insert(account.id, (expires, row::short(account.username)));
            }
            (State::Expiring, Some(expires)) => {
                let place = (expires, account.id);
                let is_full = self.soonest.len() == SOON_MAX;
                if is_full && self.soonest.last_key_value().is_some_and(|(last, _)| *last < place) {
                    return;
                }
                self.soonest.insert(place, account);
                if is_full {
                    self.soonest.pop_last();
                }
            }
            _ => {}
        }
    }

    pub(super) fn count(&self, state: State) -> usize {
        self.counts.get(&state).copied().unwrap_or(0)
    }

    pub(super) fn all(&self) -> usize {
        self.counts.values().sum()
    }

    pub(super) fn expiring(&self) -> usize {
        self.count(State::Expiring)
    }

    pub(super) fn has_expired(&self) -> bool {
        !self.expired.is_empty()
    }

    /// The parts of the bar, those that are in use first. What there is none of has none.
    pub(super) fn parts(&self, accounts: &str) -> Vec<Part> {
        let order = [State::Active, State::Expiring, State::Unused, State::Disabled, State::Expired];
        let some = order.map(|state| (state, self.count(state))).into_iter().filter(|(_, count)| *count > 0);
        let some: Vec<(State, usize)> = some.collect();
        let room = BAR_WIDTH - GAP * some.len().saturating_sub(1);
        // However few they are, they are seen: at the cost of the widest.
        let mut widths: Vec<usize> = some.iter().map(|(_, count)| (room * count / self.all()).max(WIDTH_MIN)).collect();
        let sum: usize = widths.iter().sum();
        if let Some(widest) = widths.iter_mut().max() {
            *widest = (*widest + room).saturating_sub(sum);
        }
        let mut x = 0;
        let part = |((state, count), width): (&(State, usize), usize)| {
            let part = Part {
                class: class(*state),
                path: view(accounts, View::Of(*state)),
                text: told(*state, *count),
                x,
                width,
            };
            x += width + GAP;
            part
        };
        some.iter().zip(widths).map(part).collect()
    }

    /// Those that end soonest.
    pub(super) fn soon(&self, accounts: &str, now: i64) -> Vec<Soon> {
        let soon = self.soonest.iter().map(|((expires, id), account)| Soon {
            name: row::short(account.username).to_owned(),
            blade: key_bit::blade(account.username),
            path: format!("{accounts}/{id}"),
            used: match account.last_used {
                Some(used) => format!("used {}", words::ago(used, now)),
                None => "not used yet".to_owned(),
            },
            expires: Told { tone: Tone::Soon, text: words::ahead(*expires, now), sub: Some(words::day(*expires)) },
        });
        soon.collect()
    }
}

/// The address of a view of the list.
pub(super) fn view(accounts: &str, view: View) -> String {
    format!("{accounts}?view={}", view.name())
}

fn class(state: State) -> &'static str {
    match state {
        State::Active => "k0",
        State::Expiring => "k1",
        State::Unused => "k2",
        State::Expired => "k3",
        State::Disabled => "k4",
    }
}

fn told(state: State, count: usize) -> String {
    let number = words::count(count);
    match state {
        State::Active => format!("{number} active"),
        State::Expiring if count == 1 => format!("{number} expires within 30 days"),
        State::Expiring => format!("{number} expire within 30 days"),
        State::Unused => format!("{number} unused for 90 days"),
        State::Expired => format!("{number} expired"),
        State::Disabled => format!("{number} disabled"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::service_accounts::account::tests::{NOW, account};

    #[test]
    fn the_bar_is_full_and_the_smallest_part_is_seen() {
        let mut standing = Standing::default();
        assert!(standing.parts("/x").is_empty());
        for number in 1..=10_000 {
            standing.add(account(number));
        }
        for state in [State::Expired, State::Disabled, State::Disabled] {
            standing.add(Account { state, ..account(1) });
        }
        let parts = standing.parts("/x");
        let shown: Vec<_> = parts.iter().map(|part| (part.class, part.x, part.width, &*part.text)).collect();
        assert_eq!(shown, [("k0", 0, 988, "10,000 active"), ("k4", 990, 4, "2 disabled"), ("k3", 996, 4, "1 expired")]);
    }

    #[test]
    fn those_that_end_soonest_come_first() {
        let mut standing = Standing::default();
        for number in 1..=9 {
            let expires = Some(NOW + (10 - i64::try_from(number).expect("small")) * words::DAY);
            standing.add(Account { state: State::Expiring, expires, ..account(number) });
        }
        let soon = standing.soon("/x", NOW);
        let shown: Vec<_> = soon.iter().map(|one| (&*one.name, &*one.expires.text)).collect();
        assert_eq!(shown[..2], [("bot-9", "In 1 day"), ("bot-8", "In 2 days")]);
        assert_eq!((shown.len(), &*soon[0].path, standing.expiring()), (SOON_MAX, "/x/9", 9));
        assert_eq!((&*soon[0].used, soon[0].expires.sub.as_deref()), ("used 1 minute ago", Some("25 Nov")));
    }
}
