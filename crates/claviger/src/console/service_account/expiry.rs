//! When an account is to end: another end for its newest secret that has not ended yet. An end that has come does not go
//! away: a new secret does what is wanted then.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use claviger_access::administration::service_account::{ChangeServiceAccount, RequestedExpiry};

use super::super::error_page::ErrorPage;
use super::super::frame::Frame;
use super::super::mistakes::Mistakes;
use super::super::page::page;
use super::super::path::At;
use super::super::service_accounts::expiry::{self, Rules, Tile, first_date};
use super::super::signed_in::SignedIn;
use super::super::submitted::Submitted;
use super::super::{Console, words};
use super::state::{change, unchanged};
use super::{Head, NOT_MADE, OfAccount, Seen, as_of, place, seen, to_change};
use crate::api::ids::PathId;

#[derive(Template)]
#[template(path = "console/service_account_expiry.html")]
struct Page<'p> {
    frame: &'p Frame,
    head: &'p Head,
    /// Such as `It ends on 5 Dec 2026, 09:22 UTC.`
    now: String,
    /// Whether its end has come.
    has_ended: bool,
    expiry: &'p expiry::Asked,
    tiles: Vec<Tile>,
    first_date: String,
    rule: String,
    mistakes: &'p Mistakes,
    command: String,
}

fn rules<'s>(signed_in: &SignedIn, seen: &Seen<'s>) -> Rules<'s> {
    let known = seen.organization;
    Rules { policy: &known.policy, organization: known.id, name: &known.name, now: signed_in.now }
}

fn shown(signed_in: &SignedIn, seen: &Seen<'_>, asked: &expiry::Asked, mistakes: &Mistakes) -> Response {
    let (rules, end) = (rules(signed_in, seen), seen.view.expires());
    let has_ended = end.has_passed(signed_in.now);
    let status = match has_ended {
        true => StatusCode::CONFLICT,
        false => mistakes.status(),
    };
    let template = Page {
        frame: &Frame::of(signed_in, place(seen.organization.id)),
        head: &seen.head(),
        now: match end.moment().map(|moment| words::date(moment.seconds())) {
            Some(date) if has_ended => format!("It ended on {date}."),
            Some(date) => format!("It ends on {date}."),
            None => "It never expires.".to_owned(),
        },
        has_ended,
        expiry: asked,
        tiles: asked.tiles(&rules, None),
        first_date: first_date(signed_in.now),
        rule: rules.told().unwrap_or_default(),
        mistakes,
        command: command(signed_in, seen, asked),
    };
    page(status, &template)
}

/// Of the secret that it is about.
fn command(signed_in: &SignedIn, seen: &Seen<'_>, asked: &expiry::Asked) -> String {
    let rules = rules(signed_in, seen);
    let living = seen.view.secrets().iter().filter(|secret| !secret.expires.has_passed(signed_in.now));
    let newest = living.map(|secret| secret.id()).max();
    let Some(newest) = newest else { return String::new() };
    let end = match asked.requested(&rules) {
        Ok(Some(RequestedExpiry::Never)) => " --expires never".to_owned(),
        Ok(_) => asked.as_option(&rules),
        Err(_) => expiry::Asked::example(&rules).as_option(&rules),
    };
    let (account, organization) = (seen.view.id(), seen.on_organization());
    format!("claviger service-account secret change {newest} --account {account}{organization}{end}")
}

pub(super) async fn show(
    State(console): State<Console>,
    signed_in: SignedIn,
    At((PathId(organization), PathId(account))): OfAccount,
) -> Result<Response, ErrorPage> {
    let seen = to_change(&console, &signed_in, organization, account).await?;
    // Whoever only looks and presses must not take an end away: nothing is chosen for him.
    Ok(shown(&signed_in, &seen, &expiry::Asked::default(), &Mistakes::default()))
}

/// Gives it another end.
pub(super) async fn set(
    State(console): State<Console>,
    At((PathId(organization), PathId(account))): OfAccount,
    Submitted { signed_in, typed }: Submitted,
) -> Result<Response, ErrorPage> {
    let seen = seen(&console, &signed_in, organization, account, NOT_MADE).await?;
    let (asked, mut mistakes) = (expiry::Asked::of(&typed), Mistakes::default());
    let end = asked.requested(&rules(&signed_in, &seen));
    let end = mistakes.take(expiry::FIELD, end.and_then(|end| end.ok_or_else(|| "Choose when it ends.".to_owned())));
    let Some(end) = end.filter(|_| !seen.view.expires().has_passed(signed_in.now)) else {
        return Ok(shown(&signed_in, &seen, &asked, &mistakes));
    };
    let command = ChangeServiceAccount { expires: Some(end), ..unchanged(organization, account) };
    change(&console, &signed_in, command, |name| (format!("The end of {name} was changed."), as_of("In effect"))).await
}
