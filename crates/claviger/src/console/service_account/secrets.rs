//! The secrets of an account: when each was made, used and ends; and revoking one, which asks first where something would
//! stop working.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use claviger_access::administration::secret;
use claviger_access::identity::{OrganizationId, PrincipalId, SecretId};
use claviger_access::{Moment, Refusal};

use super::super::error_page::ErrorPage;
use super::super::frame::Frame;
use super::super::notice::Notice;
use super::super::page::page;
use super::super::path::At;
use super::super::service_accounts::row::{Told, Tone};
use super::super::signed_in::SignedIn;
use super::super::submitted::Submitted;
use super::super::{Console, words};
use super::history::{Done, History};
use super::{Head, IN_USE_WITHIN_S, Seen, address, as_of, not_done, place, to_change, undone, unread};
use crate::api::ids::PathId;
use crate::last_used::LastUsed;
use crate::store::StoreError;
use crate::store::secrets::ListedSecret;

/// What ends within so long is told with a colour.
const ENDS_SOON_S: i64 = 30 * words::DAY;

pub(super) type OfSecret = At<(PathId<OrganizationId>, PathId<PrincipalId>, PathId<SecretId>)>;

/// A use, and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Used {
    pub when: i64,
    pub from: Option<String>,
}

/// A secret with its latest use, flushed or not.
pub(super) struct KnownSecret {
    listed: ListedSecret,
    pub used: Option<Used>,
}

/// A row of the page.
pub(super) struct Row {
    pub name: String,
    /// Such as `made 24 Nov 2026 by MK`.
    pub made: String,
    pub last_used: Told,
    pub ends: Told,
    pub is_disabled: bool,
    /// Its address; what is done with it is below.
    pub path: String,
    /// Whether it is asked before.
    pub asks: bool,
}

#[derive(Template)]
#[template(path = "console/service_account_revoke.html")]
struct Page<'p> {
    frame: &'p Frame,
    head: &'p Head,
    secret: String,
    used: Option<String>,
    is_in_use: bool,
    is_last: bool,
    path: String,
    command: String,
}

/// All secrets of an account, the newest first.
pub(super) async fn known(console: &Console, seen: &Seen<'_>) -> Result<Vec<KnownSecret>, StoreError> {
    let listed = console.node.store.secrets(&seen.permit, seen.view.id()).await?;
    Ok(listed.into_iter().rev().map(|listed| KnownSecret::of(&console.node.last_used, listed)).collect())
}

/// The latest use of any of them.
pub(super) fn latest_use(secrets: &[KnownSecret]) -> Option<&Used> {
    secrets.iter().filter_map(|secret| secret.used.as_ref()).max_by_key(|used| used.when)
}

impl Used {
    /// `2 minutes ago from 10.20.4.17`.
    pub(super) fn told(&self, now: i64) -> String {
        let from = self.from.as_ref().map_or_else(String::new, |from| format!(" from {from}"));
        format!("{}{from}", words::ago(self.when, now))
    }

    pub(super) fn is_lately(&self, now: i64) -> bool {
        now - self.when <= IN_USE_WITHIN_S
    }
}

impl KnownSecret {
    fn of(last_used: &LastUsed, listed: ListedSecret) -> Self {
        let flushed = listed.last_used.map(|when| Used { when, from: listed.last_used_address.clone() });
        let since = last_used
            .use_since_flush(listed.id)
            .map(|used| Used { when: used.latest.seconds(), from: used.address.map(|address| address.to_string()) });
        let used = since.into_iter().chain(flushed).max_by_key(|used| used.when);
        Self { listed, used }
    }

    pub(super) fn is(&self, secret: SecretId) -> bool {
        self.listed.id == secret
    }

    pub(super) fn name(&self) -> String {
        self.listed.name.clone().unwrap_or_else(|| format!("Secret {}", self.listed.id))
    }

    fn counts(&self, now: i64) -> bool {
        !self.listed.disabled && self.listed.expires.is_none_or(|expires| expires > now)
    }

    /// Whether something may stop working without it, beside `all`.
    fn is_missed(&self, all: &[Self], now: i64) -> bool {
        let is_used = self.used.as_ref().is_some_and(|used| used.is_lately(now));
        self.counts(now) && (is_used || self.is_last(all, now))
    }

    fn is_last(&self, all: &[Self], now: i64) -> bool {
        self.counts(now) && !all.iter().any(|other| other.listed.id != self.listed.id && other.counts(now))
    }

    /// As the page shows it. `creation` is who made the account, and when: with its first secret.
    pub(super) fn row(
        &self,
        (all, path): (&[Self], &str),
        (history, creation): (Option<&History>, &Done),
        now: i64,
    ) -> Row {
        let maker = history.and_then(|history| history.made_secret(self.listed.id));
        let maker = maker.or_else(|| (creation.when == self.listed.created).then(|| creation.clone()));
        let by = maker.map_or_else(String::new, |done| format!(" by {}", done.by));
        Row {
            name: self.name(),
            made: format!("made {}{by}", words::date(self.listed.created)),
            last_used: self.last_used(now),
            ends: ends(self.listed.expires, now),
            is_disabled: self.listed.disabled,
            path: format!("{path}/secrets/{}", self.listed.id),
            asks: self.is_missed(all, now),
        }
    }

    fn last_used(&self, now: i64) -> Told {
        match &self.used {
            Some(Used { when, from }) => {
                let from = from.as_ref().map(|from| format!("from {from}"));
                let sub = from.unwrap_or_else(|| words::date(*when));
                Told { tone: Tone::Plain, text: words::ago(*when, now), sub: Some(sub) }
            }
            None => Told { tone: Tone::Faint, text: "Not yet".to_owned(), sub: None },
        }
    }
}

fn ends(expires: Option<i64>, now: i64) -> Told {
    let Some(expires) = expires else {
        return Told { tone: Tone::Faint, text: "Never".to_owned(), sub: None };
    };
    let time = words::time(expires);
    let sub = Some(format!("{}, {} UTC", words::date(expires), time.get(..5).unwrap_or(&time)));
    let (tone, text) = match expires - now {
        ..=0 => (Tone::Ended, "Ended".to_owned()),
        1..=ENDS_SOON_S => (Tone::Soon, words::ahead(expires, now)),
        _ => (Tone::Plain, words::ahead(expires, now)),
    };
    Told { tone, text, sub }
}

/// The secret, and all others beside it.
pub(super) async fn one_of(
    console: &Console,
    signed_in: &SignedIn,
    seen: &Seen<'_>,
    secret: SecretId,
) -> Result<(KnownSecret, Vec<KnownSecret>), ErrorPage> {
    let (organization, account) = (seen.organization.id, seen.view.id());
    let all = known(console, seen).await.map_err(|error| unread(signed_in, organization, &error))?;
    let (mut one, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|known| known.listed.id == secret);
    let refusal = Refusal::NoSuchSecret { secret, account };
    let one = one.pop().ok_or_else(|| not_done(signed_in, organization, account, &refusal))?;
    Ok((one, others))
}

/// Asks before one is revoked that something may need.
pub(super) async fn ask(
    State(console): State<Console>,
    signed_in: SignedIn,
    At((PathId(organization), PathId(account), PathId(secret))): OfSecret,
) -> Result<Response, ErrorPage> {
    let seen = to_change(&console, &signed_in, organization, account).await?;
    let (one, others) = one_of(&console, &signed_in, &seen, secret).await?;
    let frame = Frame::of(&signed_in, place(organization));
    let now = signed_in.now.seconds();
    let template = Page {
        frame: &frame,
        head: &seen.head(),
        secret: one.name(),
        used: one.used.as_ref().map(|used| used.told(now)),
        is_in_use: one.used.as_ref().is_some_and(|used| used.is_lately(now)) && one.counts(now),
        is_last: one.is_last(&others, now),
        path: format!("{}/secrets/{secret}/revoke", seen.address()),
        command: format!(
            "claviger service-account secret revoke {secret} --account {account}{}",
            seen.on_organization()
        ),
    };
    Ok(page(StatusCode::OK, &template))
}

/// Revokes one; where it is missed, only once that was said.
pub(super) async fn revoke(
    State(console): State<Console>,
    At((PathId(organization), PathId(account), PathId(secret))): OfSecret,
    Submitted { signed_in, typed }: Submitted,
) -> Result<Response, ErrorPage> {
    let seen = super::seen(&console, &signed_in, organization, account, super::NOT_MADE).await?;
    let (one, others) = one_of(&console, &signed_in, &seen, secret).await?;
    if one.is_missed(&others, signed_in.now.seconds()) && !typed.has("confirmed") {
        return Ok(Redirect::to(&format!("{}/secrets/{secret}/revoke", seen.address())).into_response());
    }
    let caller = signed_in.caller;
    let decide =
        move |draft: &_, moment: Moment, _| secret::revoke(draft, &caller, organization, account, secret, moment);
    let revoked = console.node.writer.perform(signed_in.write_request(organization), decide).await;
    if let Err(error) = revoked {
        return Err(undone(&console, &signed_in, (organization, account), &error).await);
    }
    let notice = Notice::done(format!("{} of {} was revoked.", one.name(), seen.name()), as_of("Refused"));
    Ok(notice.at(&console, &signed_in, &address(organization, account)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_551_300;

    fn secret(id: u64, expires: Option<i64>, used: Option<i64>) -> KnownSecret {
        let listed = ListedSecret {
            id: SecretId::new(id).expect("an id"),
            name: None,
            created: NOW - words::DAY,
            expires,
            first_used: None,
            last_used: None,
            last_used_address: None,
            disabled: false,
        };
        KnownSecret { listed, used: used.map(|when| Used { when, from: Some("10.20.4.17".to_owned()) }) }
    }

    #[test]
    fn one_is_missed_if_it_is_in_use_or_the_last_that_counts() {
        let missed = |one: KnownSecret, other: KnownSecret| one.is_missed(&[other], NOW);
        let ended = || secret(2, Some(NOW), None);
        let lately = Some(NOW - 7 * words::DAY);
        assert!(missed(secret(1, None, lately), secret(2, None, None)));
        assert!(!missed(secret(1, None, Some(NOW - 7 * words::DAY - 1)), secret(2, None, None)));
        assert!(missed(secret(1, None, None), ended()));
        assert!(!missed(ended(), secret(1, None, None)), "it has ended");
        assert!(!missed(secret(2, Some(NOW), lately), secret(1, None, None)), "it has ended");
    }

    #[test]
    fn a_row_tells_who_made_it_when_it_is_used_and_when_it_ends() {
        let one = secret(1, Some(NOW + 19 * 3_600), Some(NOW - 120));
        let creation = Done { by: "MK".to_owned(), when: NOW - words::DAY };
        let row = one.row((&[], "/x"), (None, &creation), NOW);
        assert_eq!((row.name.as_str(), row.made.as_str()), ("Secret 1", "made 23 Nov 2026 by MK"));
        assert_eq!(
            (row.last_used.text.as_str(), row.last_used.sub.as_deref()),
            ("2 minutes ago", Some("from 10.20.4.17"))
        );
        assert_eq!((row.ends.tone, row.ends.text.as_str()), (Tone::Soon, "In 19 hours"));
        assert_eq!(row.ends.sub.as_deref(), Some("25 Nov 2026, 15:15 UTC"));
        assert_eq!((row.path.as_str(), row.asks), ("/x/secrets/1", true));
        let other = Done { when: NOW, ..creation };
        assert_eq!(one.row((&[], "/x"), (None, &other), NOW).made, "made 23 Nov 2026");
    }
}
