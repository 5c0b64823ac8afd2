//! A row of the list, as its template shows it.

use claviger_access::Directory;
use claviger_access::directory::Organization;
use claviger_access::identity::PrincipalId;

use super::access::Access;
use super::account::{Account, State};
use crate::console::{key_bit, words};

/// How something is told: with a word always, and where it matters with a colour and a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::console) enum Tone {
    Plain,
    Faint,
    /// Lies idle.
    Idle,
    /// Ends soon.
    Soon,
    /// Has ended.
    Ended,
}

/// A cell: what is told, and a second line.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::console) struct Told {
    pub tone: Tone,
    pub text: String,
    pub sub: Option<String>,
}

impl Told {
    fn new(tone: Tone, text: impl Into<String>, sub: Option<String>) -> Self {
        Self { tone, text: text.into(), sub }
    }
}

/// A row.
pub(super) struct Row {
    pub id: PrincipalId,
    pub name: String,
    pub username: String,
    /// The key's blade; none where the username has no digits to cut it from.
    pub blade: Option<String>,
    pub is_expired: bool,
    pub is_disabled: bool,
    pub access: Access,
    pub last_used: Told,
    pub expires: Told,
    pub creator: String,
    pub created: String,
}

impl Row {
    pub(super) fn of(directory: &Directory, organization: &Organization, account: &Account<'_>, now: i64) -> Self {
        let view = directory.principal(account.id);
        let access = view.map(|view| Access::of(directory, organization, &view));
        let creator = account.creator.map(|(name, _)| short(name));
        Self {
            id: account.id,
            name: short(account.username).to_owned(),
            blade: key_bit::blade(account.username),
            username: account.username.to_owned(),
            is_expired: account.expires.is_some_and(|expires| expires <= now),
            is_disabled: account.is_disabled,
            access: access.unwrap_or(Access { lines: Vec::new(), more: 0 }),
            last_used: last_used(account, now),
            expires: expires(account, now),
            creator: creator.unwrap_or("The operator").to_owned(),
            created: words::date(account.created),
        }
    }
}

impl Row {
    /// The same, where requests were refused since it ended: it is still tried.
    pub(super) fn with_refused(mut self, requests: u64) -> Self {
        if requests > 0 {
            let number = words::count(usize::try_from(requests).unwrap_or(usize::MAX));
            self.last_used.sub = Some(format!("{number} refused since"));
        }
        self
    }
}

/// A username without its digits and its suffix; a person's name as it is.
pub(in crate::console) fn short(name: &str) -> &str {
    let mut parts = name.rsplitn(3, '.');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(_), Some(_), Some(first)) if key_bit::blade(name).is_some() => first,
        _ => name,
    }
}

pub(in crate::console) fn last_used(account: &Account<'_>, now: i64) -> Told {
    let tone = if account.state == State::Unused { Tone::Idle } else { Tone::Plain };
    match account.last_used {
        Some(used) => Told::new(tone, words::ago(used, now), Some(words::date(used))),
        None if tone == Tone::Idle => {
            let days = (now - account.created) / words::DAY;
            Told::new(tone, "Never", Some(format!("for {}", words::several(days, "day"))))
        }
        None => Told::new(Tone::Faint, "Not yet", None),
    }
}

pub(in crate::console) fn expires(account: &Account<'_>, now: i64) -> Told {
    let Some(expires) = account.expires else { return Told::new(Tone::Faint, "Never", None) };
    let date = Some(words::date(expires));
    match account.state {
        State::Expired => Told::new(Tone::Ended, "Expired", date),
        State::Expiring => Told::new(Tone::Soon, words::ahead(expires, now), date),
        _ if expires <= now => Told::new(Tone::Plain, "Expired", date),
        _ => Told::new(Tone::Plain, words::ahead(expires, now), date),
    }
}

#[cfg(test)]
mod tests {
    use super::super::account::tests::{NOW, account};
    use super::*;
    use crate::console::words::DAY;

    #[test]
    fn a_cell_is_coloured_by_the_one_state_that_the_account_is_in() {
        let cells = |state, used: Option<i64>, ends: Option<i64>| {
            let mut one = Account { state, last_used: used.map(|ago| NOW - ago), ..account(100) };
            one.expires = ends.map(|left| NOW + left);
            let (used, ends) = (last_used(&one, NOW), expires(&one, NOW));
            ((used.tone, used.text, used.sub), (ends.tone, ends.text))
        };
        let text = str::to_owned;
        let date = || Some(text("24 Nov 2026"));
        assert_eq!(
            cells(State::Active, Some(120), Some(90 * DAY)),
            ((Tone::Plain, text("2 minutes ago"), date()), (Tone::Plain, text("In 90 days")))
        );
        assert_eq!(
            cells(State::Expiring, Some(120), Some(6 * DAY)),
            ((Tone::Plain, text("2 minutes ago"), date()), (Tone::Soon, text("In 6 days")))
        );
        assert_eq!(
            cells(State::Expired, None, Some(-DAY)),
            ((Tone::Faint, text("Not yet"), None), (Tone::Ended, text("Expired")))
        );
        assert_eq!(
            cells(State::Unused, None, Some(6 * DAY)),
            ((Tone::Idle, text("Never"), Some(text("for 100 days"))), (Tone::Plain, text("In 6 days")))
        );
        assert_eq!(cells(State::Disabled, Some(120), Some(-DAY)).1, (Tone::Plain, text("Expired")));
        assert_eq!(cells(State::Active, Some(120), None).1, (Tone::Faint, text("Never")));
    }

    #[test]
    fn a_username_is_shortened_and_a_name_is_not() {
        assert_eq!(short("nightly.export.b2f9ed.service-account"), "nightly.export");
        for name in ["Ada B. Lovelace Sr.", "a.b.c", "ada@example.com", ""] {
            assert_eq!(short(name), name);
        }
    }
}
