//! Histories of secrets: made, rotated, changed, revoked, by those who manage accounts and by the accounts themselves.

use claviger_access::administration::secret::{ChangeSecret, CreateSecret, RotateSecret};
use claviger_access::identity::{OrganizationId, PrincipalId, SecretId};
use claviger_access::policy::SecretsMax;
use claviger_access::text::DisplayName;
use claviger_access::{Basis, Caller, Change, Expiry, Moment};
use proptest::prelude::*;

use crate::command::Command;
use crate::rows::{Rows, SecretRow};
use crate::world::{Outcome, World};

impl World {
    pub(crate) fn any_command_on_secrets(&mut self, organization: OrganizationId) -> Command {
        let account = self.any_account(organization);
        let secret = self.any_secret(account);
        match self.chance.below(12) {
            0..=3 => {
                let (name, expires) = (self.any_secret_name(), self.any_expiry());
                Command::CreateSecret(CreateSecret { organization, account, name, expires })
            }
            4..=7 => Command::RotateSecret(RotateSecret {
                organization,
                account,
                secret: self.chance.one_in(4).then_some(secret),
                grace_seconds: self.chance.one_of(&[0, 30, 300, 86_400, u64::MAX]).unwrap(),
                name: self.any_secret_name(),
                expires: self.chance.one_in(3).then(|| self.any_expiry()),
            }),
            8 | 9 => {
                let name = self.chance.one_in(3).then(|| self.any_secret_name());
                let expires = self.chance.one_in(2).then(|| self.any_expiry());
                let disabled = self.chance.one_in(2).then(|| self.chance.one_in(2));
                Command::ChangeSecret(ChangeSecret { organization, account, secret, name, expires, disabled })
            }
            _ => Command::RevokeSecret { organization, account, secret },
        }
    }

    fn any_secret_name(&mut self) -> Option<DisplayName> {
        self.chance.one_in(2).then(|| self.any_display_name())
    }

    /// Mostly one of that account; at times another's, or a number of something else.
    fn any_secret(&mut self, account: PrincipalId) -> SecretId {
        let any = SecretId::new(1 + self.chance.below(self.rows.next_id as usize) as u64).unwrap();
        let own: Vec<SecretId> = self.secrets_of(account).map(|row| row.id).collect();
        self.chance.one_of(&own).filter(|_| !self.chance.one_in(10)).unwrap_or(any)
    }

    fn secrets_of(&self, account: PrincipalId) -> impl Iterator<Item = &SecretRow> {
        self.rows.secrets.iter().filter(move |row| row.principal == account)
    }

    /// The account that a command is about, half of the time where it may act on itself.
    pub(crate) fn own_account(&mut self, command: &Command) -> Option<Caller> {
        let account = match command {
            Command::RotateSecret(RotateSecret { account, .. }) | Command::RevokeSecret { account, .. } => *account,
            _ => return None,
        };
        let own: Vec<Caller> =
            self.credentials.iter().filter(|own| own.principal == account).map(|own| own.caller()).collect();
        self.chance.one_of(&own).filter(|_| self.chance.one_in(2))
    }
}

fn counts(row: &SecretRow, now: Moment) -> bool {
    row.expires.moment().is_none_or(|end| now.seconds() < end.seconds())
}

fn end_of(rows: &Rows, secret: SecretId) -> Expiry {
    rows.secrets.iter().find(|row| row.id == secret).expect("the secret was there").expires
}

fn history() -> impl Strategy<Value = (u64, usize)> {
    (any::<u64>(), 1_usize..200)
}

fn some_histories() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) }
}

proptest! {
    #![proptest_config(some_histories())]

    #[test]
    fn no_account_holds_more_secrets_than_it_may((seed, length) in history()) {
        let mut world = World::settled(seed);
        for number in 0..length {
            world.step();
            for account in world.rows.principals.iter().map(|row| row.id) {
                let counting = world.secrets_of(account).filter(|row| counts(row, world.now)).count();
                prop_assert!(counting <= SecretsMax::MOST, "step {}: {} of {}", number, counting, account);
            }
        }
    }

    #[test]
    fn a_secret_does_not_prolong_itself((seed, length) in history()) {
        let mut world = World::settled(seed);
        for _ in 0..length {
            let step = world.step();
            let (Outcome::Written(decision, _), Caller::Principal { credential, .. }) = (&step.outcome, step.caller) else {
                continue;
            };
            // Whoever signs in does not come with the caller's credential; people have sessions, and no secrets.
            if matches!(step.command, Command::SignIn(_) | Command::AskForReset(_)) {
                continue;
            }
            let (Basis::Oneself, Some(secret)) = (decision.events()[0].through(), credential.secret()) else {
                continue;
            };
            let limit = end_of(&step.rows_before, secret);
            for change in decision.changes() {
                if let Change::SecretIssued { expires, .. } | Change::SecretExpiryChanged { expires, .. } = change {
                    prop_assert!(*expires <= limit, "{:?} by a secret that ends at {:?}", decision, limit);
                }
            }
        }
    }

    /// Rotating one lengthens none; another end of the account lengthens the newest that has not ended, and of itself a
    /// secret that is named. What has ended gets no other end.
    #[test]
    fn what_was_replaced_does_not_come_back((seed, length) in history()) {
        let mut world = World::settled(seed);
        for _ in 0..length {
            let step = world.step();
            let Outcome::Written(decision, _) = &step.outcome else { continue };
            for change in decision.changes() {
                let Change::SecretExpiryChanged { id, principal, expires } = change else { continue };
                let before = end_of(&step.rows_before, *id);
                let ended = before.moment().is_some_and(|end| end <= step.moment);
                let counting = step.rows_before.secrets.iter().filter(|row| counts(row, step.moment));
                let newest = counting.filter(|row| row.principal == *principal).map(|row| row.id).max();
                let may = match &step.command {
                    Command::ChangeServiceAccount(_) => Some(*id) == newest,
                    Command::ChangeSecret(change) => change.secret == *id,
                    _ => false,
                };
                prop_assert!(!ended && (*expires <= before || may), "{:?}", decision);
            }
        }
    }
}
