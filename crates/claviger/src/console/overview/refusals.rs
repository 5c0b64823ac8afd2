//! What was refused lately, by reason, with the account that it was refused to most.

use claviger_access::Directory;
use claviger_access::Moment;
use claviger_access::authorize::NoAdmission;
use claviger_access::identity::OrganizationId;

use crate::console::frame::Link;
use crate::console::service_accounts::row::short;
use crate::console::words;
use crate::store::usage::{HOURS_KEPT, MostRefused, Reason, RefusedFor};

/// Refusals by reason.
pub(super) struct Refusals {
    /// Such as "Refused, last 24 hours".
    pub title: String,
    pub rows: Vec<Row>,
}

/// One reason.
pub(super) struct Row {
    pub reason: &'static str,
    pub requests: String,
    pub blame: Option<Blame>,
}

/// Whose requests most of them were.
pub(super) struct Blame {
    /// Such as "41 by".
    pub how_many: String,
    pub account: Link,
    /// Such as ", all from 10.20.7.3".
    pub from: String,
}

impl Refusals {
    /// `since` is when counting began.
    pub(super) fn of(
        directory: &Directory,
        organization: OrganizationId,
        accounts: &str,
        refused: &[RefusedFor],
        since: Moment,
        now: i64,
    ) -> Self {
        let is_whole = since.seconds() <= now - HOURS_KEPT * 60 * 60;
        let row = |one: &RefusedFor| Row {
            reason: told(one.reason),
            requests: words::count(usize::try_from(one.requests).unwrap_or(usize::MAX)),
            blame: one.most.and_then(|most| blame(directory, organization, accounts, one, &most)),
        };
        Self {
            title: match is_whole {
                true => "Refused, last 24 hours".to_owned(),
                false => format!("Refused since {}", &words::time(since.seconds())[..5]),
            },
            rows: refused.iter().map(row).collect(),
        }
    }
}

fn blame(
    directory: &Directory,
    organization: OrganizationId,
    accounts: &str,
    refused: &RefusedFor,
    most: &MostRefused,
) -> Option<Blame> {
    let view = directory.service_account(organization, most.account)?;
    // Who gave a wrong secret need not be the account.
    let by = match refused.reason {
        Reason::NotAdmitted(why) if !why.knew_the_secret() => "for",
        _ => "by",
    };
    let number = words::count(usize::try_from(most.requests).unwrap_or(usize::MAX));
    let all = if most.requests == 1 { "" } else { "all " };
    Some(Blame {
        how_many: format!("{number} {by}"),
        account: Link {
            path: format!("{accounts}/{}", most.account),
            text: short(view.name()).to_owned(),
            is_current: false,
        },
        from: most.address.map(|address| format!(", {all}from {address}")).unwrap_or_default(),
    })
}

fn told(reason: Reason) -> &'static str {
    match reason {
        Reason::NotAdmitted(NoAdmission::UnknownUsername) => "Unknown username",
        Reason::NotAdmitted(NoAdmission::WrongSecret) => "Wrong secret",
        Reason::NotAdmitted(NoAdmission::AccountDeleted) => "Deleted account",
        Reason::NotAdmitted(NoAdmission::AccountDisabled) => "Disabled account",
        Reason::NotAdmitted(NoAdmission::SecretDisabled) => "Disabled secret",
        Reason::NotAdmitted(NoAdmission::SecretExpired) => "Expired",
        Reason::NotAdmitted(NoAdmission::PlainTextNotAllowed) => "Plain text not allowed",
        Reason::NotAdmitted(NoAdmission::AddressNotAllowed) => "Address not allowed",
        Reason::NotPermitted => "Not permitted",
    }
}

#[cfg(test)]
mod tests {
    use claviger_access::change::Change;
    use claviger_access::identity::{PrincipalId, PrincipalKind};
    use claviger_access::{Draft, Mark, Revision};

    use super::*;
    use crate::console::service_accounts::account::tests::{NOW, account};

    const ACCOUNT: u64 = 100;

    fn moment(seconds: i64) -> Moment {
        Moment::from_seconds(seconds).expect("a moment")
    }

    /// What is told, where counting began `since`.
    fn told(refused: &[RefusedFor], since: i64) -> Refusals {
        let organization = OrganizationId::new(7).expect("an id");
        let created = moment(NOW - words::DAY);
        let mut draft = Draft::on(&Directory::empty(1));
        let founded = Change::OrganizationFounded { id: organization, name: "Acme".to_owned(), created };
        let born = Change::PrincipalCreated {
            id: PrincipalId::new(ACCOUNT).expect("an id"),
            kind: PrincipalKind::ServiceAccount,
            organization: Some(organization),
            name: account(ACCOUNT).username.to_owned(),
            email: None,
            created,
            creator: None,
        };
        draft.add(&[founded, born], Revision::ZERO.next(), Mark::ZERO);
        Refusals::of(&draft.into_image(), organization, "/accounts", refused, moment(since), NOW)
    }

    /// The blame for this many requests of an account, from one address or from several.
    fn blamed(id: u64, reason: Reason, requests: u64, address: Option<&str>) -> Option<String> {
        let address = address.map(|address| address.parse().expect("an address"));
        let most = Some(MostRefused { account: PrincipalId::new(id).expect("an id"), requests, address });
        let row = told(&[RefusedFor { reason, requests, most }], NOW).rows.pop().expect("a row");
        row.blame.map(|blame| format!("{} {}{}", blame.how_many, blame.account.text, blame.from))
    }

    #[test]
    fn what_is_not_of_a_whole_day_says_since_when() {
        let begun = NOW - HOURS_KEPT * 60 * 60;
        assert_eq!(told(&[], begun).title, "Refused, last 24 hours");
        assert_eq!(told(&[], begun + 1).title, format!("Refused since {}", &words::time(begun + 1)[..5]));
    }

    #[test]
    fn most_of_them_are_told_by_whom_and_from_where_if_that_is_one_place() {
        let address = Some("10.20.7.3");
        let wrong = Reason::NotAdmitted(NoAdmission::WrongSecret);
        let expired = Reason::NotAdmitted(NoAdmission::SecretExpired);
        for (blame, told) in [
            (blamed(ACCOUNT, wrong, 1_041, address), "1,041 for bot-100, all from 10.20.7.3"),
            (blamed(ACCOUNT, wrong, 1, address), "1 for bot-100, from 10.20.7.3"),
            (blamed(ACCOUNT, expired, 41, address), "41 by bot-100, all from 10.20.7.3"),
            (blamed(ACCOUNT, Reason::NotPermitted, 2, None), "2 by bot-100"),
        ] {
            assert_eq!(blame.as_deref(), Some(told));
        }
        assert_eq!(blamed(ACCOUNT + 1, expired, 41, address), None, "it is gone");
    }
}
