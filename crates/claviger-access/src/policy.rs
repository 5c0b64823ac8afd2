//! What an organization demands of its service accounts: how long secrets live, how accounts are named, who makes them,
//! and where and how they call from.
//!
//! A policy narrows what roles allow and never widens it. What it says of secrets and names counts for what is made or
//! changed from then on; what it says of calls counts for each request, on the state that the request is decided with.
//! The operator on the host is not bound: founding an organization and recovering an owner must always work.

mod addresses;
mod name_pattern;

use std::fmt;
use std::net::IpAddr;

pub use self::addresses::{Addresses, NoAddresses, NoNetwork, network};
pub use self::name_pattern::{NamePattern, NoPattern};

use crate::credential::BasicForm;
use crate::expiry::{Expiry, Moment};
use crate::identity::{AccountName, OrganizationId};
use crate::refusal::Refusal;

/// A policy of one organization. The default demands nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The longest that a secret lives, from its making on.
    pub secret_lifetime_max: Option<Lifetime>,
    /// Whether each secret must have an end. A longest lifetime demands one as well.
    pub expiry_required: bool,
    /// How many secrets an account holds at most.
    pub secrets_max: SecretsMax,
    /// Whether owners and admins of a project make service accounts in its settings.
    pub project_admins_create: bool,
    /// Whether `username:secret` counts as plain text, or in base64 alone.
    pub plain_text_allowed: bool,
    /// What names of service accounts look like.
    pub name_pattern: Option<NamePattern>,
    /// Where calls may come from.
    pub addresses: Addresses,
}

impl Default for Policy {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Policy {
    /// Demands nothing.
    pub const DEFAULT: Self = Self {
        secret_lifetime_max: None,
        expiry_required: false,
        secrets_max: SecretsMax::DEFAULT,
        project_admins_create: true,
        plain_text_allowed: true,
        name_pattern: None,
        addresses: Addresses::ALL,
    };

    /// May a secret that is made now end then?
    pub fn permits_end(&self, expires: Expiry, now: Moment, organization: OrganizationId) -> Result<(), Refusal> {
        let Some(end) = expires.moment() else {
            return match (self.secret_lifetime_max, self.expiry_required) {
                (None, false) => Ok(()),
                (lifetime, _) => Err(Refusal::ExpiryRequired { organization, lifetime }),
            };
        };
        match self.secret_lifetime_max {
            Some(lifetime) if end.seconds() - now.seconds() > lifetime.seconds() => {
                Err(Refusal::LifetimeTooLong { organization, lifetime })
            }
            _ => Ok(()),
        }
    }

    /// The end, or the longest that a secret may live from now on, if that comes first.
    pub fn bounded(&self, expires: Expiry, now: Moment) -> Expiry {
        let longest = self.secret_lifetime_max.and_then(|most| now.plus_seconds(most.seconds().unsigned_abs()));
        longest.map_or(expires, |longest| expires.min(Expiry::at(longest)))
    }

    /// May the end of a secret be moved? Under a longest lifetime it is only brought forward: put off again and again,
    /// it would live for ever.
    pub fn permits_change(
        &self,
        (was, becomes): (Expiry, Expiry),
        now: Moment,
        organization: OrganizationId,
    ) -> Result<(), Refusal> {
        self.permits_end(becomes, now, organization)?;
        match self.secret_lifetime_max {
            Some(lifetime) if becomes > was => Err(Refusal::LifetimeProlonged { organization, lifetime }),
            _ => Ok(()),
        }
    }

    /// May an account be called so?
    pub fn permits_name(&self, name: &AccountName, organization: OrganizationId) -> Result<(), Refusal> {
        match &self.name_pattern {
            Some(pattern) if !pattern.matches(name.as_str()) => {
                Err(Refusal::NameNotAllowed { organization, pattern: pattern.as_str().to_owned() })
            }
            _ => Ok(()),
        }
    }

    /// May somebody call so?
    pub fn permits_arrival(&self, arrival: Arrival, organization: OrganizationId) -> Result<(), Refusal> {
        if arrival.form == Some(BasicForm::PlainText) && !self.plain_text_allowed {
            return Err(Refusal::PlainTextNotAllowed { organization });
        }
        self.addresses.permit(arrival.address)
    }
}

/// How a caller came: what policies look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// From where; `None` where that is not known, which no range holds.
    pub address: Option<IpAddr>,
    /// How the credential was written; `None` where it came by a session.
    pub form: Option<BasicForm>,
}

/// How long a secret lives at most: a minute to a hundred years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lifetime(i64);

impl Lifetime {
    const MIN: i64 = 60;
    const MAX: i64 = 100 * 366 * 24 * 60 * 60;

    /// `None` where it is shorter or longer than a policy may say.
    pub fn from_seconds(seconds: u64) -> Option<Self> {
        let seconds = i64::try_from(seconds).ok()?;
        (Self::MIN..=Self::MAX).contains(&seconds).then_some(Self(seconds))
    }

    /// In seconds.
    pub const fn seconds(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Lifetime {
    /// In the largest unit that says it exactly.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, name) = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")]
            .into_iter()
            .find(|(unit, _)| self.0 % unit == 0)
            .unwrap_or((1, "second"));
        let number = self.0 / unit;
        write!(f, "{number} {name}{}", if number == 1 { "" } else { "s" })
    }
}

/// How many secrets an account holds at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecretsMax(u8);

impl SecretsMax {
    /// Where a policy says nothing: one in use, and one that follows it.
    pub const DEFAULT: SecretsMax = SecretsMax(2);
    /// What no policy goes beyond: each is compared at each check.
    pub const MOST: usize = 10;

    /// `None` for none, and for more than [`Self::MOST`].
    pub fn new(count: u64) -> Option<Self> {
        let count = u8::try_from(count).ok().filter(|count| (1..=Self::MOST).contains(&usize::from(*count)))?;
        Some(Self(count))
    }

    /// As a number.
    pub fn count(self) -> usize {
        usize::from(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_000_000;

    fn at(seconds: i64) -> Expiry {
        Expiry::at(Moment::from_seconds(NOW + seconds).expect("a moment"))
    }

    fn ends(policy: &Policy, expires: Expiry) -> Result<(), &'static str> {
        let (now, organization) = (Moment::from_seconds(NOW).expect("a moment"), organization());
        policy.permits_end(expires, now, organization).map_err(|refusal| refusal.code())
    }

    fn changes(policy: &Policy, was: Expiry, becomes: Expiry) -> Result<(), &'static str> {
        let (now, organization) = (Moment::from_seconds(NOW).expect("a moment"), organization());
        policy.permits_change((was, becomes), now, organization).map_err(|refusal| refusal.code())
    }

    fn organization() -> OrganizationId {
        OrganizationId::new(7).expect("an id")
    }

    #[test]
    fn an_end_is_demanded_and_not_too_far() {
        let open = Policy::default();
        assert_eq!((ends(&open, Expiry::NEVER), ends(&open, at(1))), (Ok(()), Ok(())));
        let required = Policy { expiry_required: true, ..Policy::default() };
        assert_eq!(ends(&required, Expiry::NEVER), Err("expiry_required"));
        assert_eq!(ends(&required, at(1_000_000_000)), Ok(()));
        let bounded = Policy { secret_lifetime_max: Lifetime::from_seconds(3_600), ..Policy::default() };
        assert_eq!(ends(&bounded, Expiry::NEVER), Err("expiry_required"));
        assert_eq!(ends(&bounded, at(3_600)), Ok(()));
        assert_eq!(ends(&bounded, at(3_601)), Err("lifetime_too_long"));
    }

    #[test]
    fn an_end_is_not_put_off_under_a_longest_lifetime() {
        let bounded = Policy { secret_lifetime_max: Lifetime::from_seconds(3_600), ..Policy::default() };
        assert_eq!(changes(&bounded, at(100), at(99)), Ok(()));
        assert_eq!(changes(&bounded, at(100), at(101)), Err("lifetime_prolonged"));
        assert_eq!(changes(&bounded, Expiry::NEVER, at(3_600)), Ok(()));
        assert_eq!(changes(&bounded, Expiry::NEVER, at(3_601)), Err("lifetime_too_long"));
        let required = Policy { expiry_required: true, ..Policy::default() };
        assert_eq!(changes(&required, at(100), at(101)), Ok(()));
        assert_eq!(changes(&required, at(100), Expiry::NEVER), Err("expiry_required"));
    }

    #[test]
    fn lifetimes_and_counts_have_bounds_and_are_told_in_fitting_units() {
        let told = |seconds| Lifetime::from_seconds(seconds).map(|lifetime| lifetime.to_string());
        assert_eq!(told(90 * 86_400).as_deref(), Some("90 days"));
        assert_eq!(told(36 * 3_600).as_deref(), Some("36 hours"));
        assert_eq!((told(3_600).as_deref(), told(60).as_deref()), (Some("1 hour"), Some("1 minute")));
        assert_eq!(told(61).as_deref(), Some("61 seconds"));
        assert_eq!((told(59), told(u64::MAX)), (None, None));
        assert_eq!((SecretsMax::new(0), SecretsMax::new(11)), (None, None));
        assert_eq!(SecretsMax::new(10).map(SecretsMax::count), Some(SecretsMax::MOST));
    }

    #[test]
    fn a_call_is_judged_by_its_form_and_its_address() {
        let arrival = |form, address: Option<&str>| Arrival {
            form: Some(form),
            address: address.map(|address| address.parse().expect("an address")),
        };
        let judged = |policy: &Policy, arrival| {
            policy.permits_arrival(arrival, organization()).map_err(|refusal| refusal.code())
        };
        let base64 = Policy { plain_text_allowed: false, ..Policy::default() };
        assert_eq!(judged(&base64, arrival(BasicForm::PlainText, None)), Err("plain_text_not_allowed"));
        assert_eq!(judged(&base64, arrival(BasicForm::Base64, None)), Ok(()));
        let near = Policy { addresses: Addresses::parse(["10.0.0.0/8"]).expect("addresses"), ..Policy::default() };
        assert_eq!(judged(&near, arrival(BasicForm::Base64, Some("10.9.8.7"))), Ok(()));
        assert_eq!(judged(&near, arrival(BasicForm::Base64, Some("192.0.2.1"))), Err("address_not_allowed"));
        assert_eq!(judged(&near, arrival(BasicForm::Base64, None)), Err("address_not_allowed"));
    }
}
