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
