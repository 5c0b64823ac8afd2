//! What was answered, and what that allows.
//!
//! Whether an account's credential counts is a register: writes set it, checks read it. A check that begins after a write was answered
//! must be decided with it, at any node; one that overlaps a write may go either way. That is what is promised, and no more: between a
//! write's commit and its answer nodes may differ, so two checks in that time may find the one and then the other.
//!
//! A deletion is the last write: what was under way before it and comes later finds nothing.

/// A moment in the order in which things happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Instant(u64);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Set {
    Counts,
    CountsNot,
    Deleted,
}

#[derive(Debug)]
struct Write {
    set: Set,
    sent: Instant,
    /// None while it is not known what became of it, which may be for ever.
    answered: Option<Instant>,
    /// It was said that nothing was done, and nothing will be.
    is_void: bool,
}

#[derive(Debug, Default)]
struct Account {
    authorization: String,
    writes: Vec<Write>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AccountNumber(usize);

#[derive(Debug, Clone, Copy)]
pub(super) struct WriteNumber(usize);

/// Everything that happened.
#[derive(Debug, Default)]
pub(super) struct History {
    happened: u64,
    accounts: Vec<Account>,
    pub(super) violations: Vec<String>,
    pub(super) counts: Counts,
}

#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Counts {
    pub(super) writes: u64,
    pub(super) writes_not_known: u64,
    pub(super) let_in: u64,
    pub(super) refused: u64,
    pub(super) unavailable: u64,
}

impl Counts {
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            writes: self.writes + other.writes,
            writes_not_known: self.writes_not_known + other.writes_not_known,
            let_in: self.let_in + other.let_in,
            refused: self.refused + other.refused,
            unavailable: self.unavailable + other.unavailable,
        }
    }
}

impl History {
    pub(super) fn now(&mut self) -> Instant {
        self.happened += 1;
        Instant(self.happened)
    }

    /// An account was made, and this is its credential.
    pub(super) fn made(&mut self, sent: Instant, authorization: String) -> AccountNumber {
        let answered = Some(self.now());
        self.counts.writes += 1;
        self.accounts
            .push(Account { authorization, writes: vec![Write { set: Set::Counts, sent, answered, is_void: false }] });
        AccountNumber(self.accounts.len() - 1)
    }

    pub(super) fn sent(&mut self, account: AccountNumber, set: Set) -> WriteNumber {
        let sent = self.now();
        let writes = &mut self.accounts[account.0].writes;
        writes.push(Write { set, sent, answered: None, is_void: false });
        WriteNumber(writes.len() - 1)
    }

    pub(super) fn answered(&mut self, account: AccountNumber, write: WriteNumber) {
        let now = self.now();
        self.counts.writes += 1;
        self.accounts[account.0].writes[write.0].answered = Some(now);
    }

    /// It was said that nothing was done, and nothing will be.
    pub(super) fn was_not_done(&mut self, account: AccountNumber, write: WriteNumber) {
        self.counts.writes_not_known += 1;
        self.accounts[account.0].writes[write.0].is_void = true;
    }

    pub(super) fn is_not_known(&mut self) {
        self.counts.writes_not_known += 1;
    }

    pub(super) fn authorization(&self, account: AccountNumber) -> String {
        self.accounts[account.0].authorization.clone()
    }

    /// One of those that were made last, of so many; none before there is any.
    pub(super) fn recent(&self, throw: u64, of: u64) -> Option<AccountNumber> {
        let count = self.accounts.len() as u64;
        let back = throw % of.min(count.max(1));
        Some(AccountNumber(count.checked_sub(back + 1)? as usize))
    }

    pub(super) fn all(&self) -> impl Iterator<Item = AccountNumber> + use<> {
        (0..self.accounts.len()).map(AccountNumber)
    }

    /// A check that was sent then was answered now, with this status.
    pub(super) fn checked(&mut self, account: AccountNumber, sent: Instant, status: u16, at: &str) {
        let now = self.now();
        let found = match status {
            200 => Set::Counts,
            401 => Set::CountsNot,
            // Not connected, or not able to tell.
            0 | 503 => {
                self.counts.unavailable += 1;
                return;
            }
            other => {
                self.violations.push(format!("a check was answered with {other} at {at}"));
                return;
            }
        };
        *(if found == Set::Counts { &mut self.counts.let_in } else { &mut self.counts.refused }) += 1;
        let writes = &self.accounts[account.0].writes;
        let is_allowed = may_be(writes, sent, now).any(|set| (set == Set::Counts) == (found == Set::Counts));
        if !is_allowed {
            self.violations
                .push(format!("a check sent at {sent:?} was answered with {status} at {at}, after {writes:?}"));
        }
    }
}

/// What a check that was sent and answered then may find.
fn may_be(writes: &[Write], sent: Instant, answered: Instant) -> impl Iterator<Item = Set> {
    let is_before = move |write: &&Write| write.answered.is_some_and(|answered| answered < sent);
    let last = writes.iter().filter(is_before).max_by_key(|write| write.answered);
    let is_deleted = last.is_some_and(|last| last.set == Set::Deleted);
    let may_overlap = move |write: &&Write| !write.is_void && write.sent < answered && !is_before(write);
    let overlapping = writes.iter().filter(move |write| !is_deleted && may_overlap(write));
    last.into_iter().chain(overlapping).map(|write| write.set)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_finds_what_was_answered_before_it_or_what_it_overlaps() {
        let mut history = History::default();
        let sent = history.now();
        let account = history.made(sent, String::new());
        let early = history.now();
        let write = history.sent(account, Set::Deleted);
        let during = history.now();
        history.checked(account, during, 200, "a");
        history.checked(account, during, 401, "a");
        history.answered(account, write);
        history.checked(account, early, 401, "it overlaps");
        history.checked(account, during, 200, "it overlaps");
        let late = history.now();
        history.checked(account, late, 401, "a");
        history.checked(account, late, 503, "a");
        assert!(history.violations.is_empty(), "{:?}", history.violations);
        history.checked(account, late, 200, "a");
        assert_eq!(history.violations.len(), 1, "it was deleted");
    }

    #[test]
    fn what_was_not_done_allows_nothing() {
        let mut history = History::default();
        let sent = history.now();
        let account = history.made(sent, String::new());
        let write = history.sent(account, Set::CountsNot);
        history.was_not_done(account, write);
        let late = history.now();
        history.checked(account, late, 200, "a");
        let write = history.sent(account, Set::CountsNot);
        history.answered(account, write);
        assert!(history.violations.is_empty(), "{:?}", history.violations);
        let late = history.now();
        history.checked(account, late, 200, "a");
        history.checked(account, late, 500, "a");
        assert_eq!(history.violations.len(), 2, "it was disabled; and that is no answer");
    }

    #[test]
    fn what_nobody_knows_may_be_for_ever_unless_it_is_deleted() {
        let mut history = History::default();
        let sent = history.now();
        let account = history.made(sent, String::new());
        let early = history.now();
        history.checked(account, early, 401, "a");
        assert_eq!(history.violations.len(), 1, "it was made");
        history.sent(account, Set::CountsNot);
        let write = history.sent(account, Set::Counts);
        history.answered(account, write);
        let late = history.now();
        history.checked(account, late, 200, "a");
        history.checked(account, late, 401, "the one before may come now");
        assert_eq!(history.violations.len(), 1);
        let write = history.sent(account, Set::Deleted);
        history.answered(account, write);
        let late = history.now();
        history.checked(account, late, 200, "a");
        assert_eq!(history.violations.len(), 2, "{:?}", history.violations);
    }
}
