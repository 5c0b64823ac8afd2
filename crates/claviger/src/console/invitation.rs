//! The page that an invitation's link opens: who invites to what, and joining.
//!
//! Looking uses nothing up, so that whatever opens links in mails does no harm: joining is a form. Whoever is new names
//! himself and chooses a password; who has an account here shows that it is his. Then he is signed in.
//!
//! The link holds the token. It is in no log (a log line names the route), and no other server is told it by a browser.

use askama::Template;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use claviger_access::administration::invitation::{self, Accepting};
use claviger_access::authorize::OneTimeLink;
use claviger_access::credential::PresentedToken;
use claviger_access::directory::Invitation;
use claviger_access::identity::{InvitationId, PrincipalId};
use claviger_access::password::Password;
use claviger_access::text::DisplayName;
use claviger_access::{Directory, Refusal};
use serde::Deserialize;

use super::cookies::Cookie;
use super::error_page::ErrorPage;
use super::form::{self, Checked, Fields};
use super::mistakes::Mistakes;
use super::page::page;
use super::path::At;
use super::sign_in::{not_hashed, too_many};
use super::signed_in::ComesFrom;
use super::{Console, Transport, session, words};
use crate::api::failure::status_of;
use crate::clock;
use crate::cluster::Held;
use crate::random;
use crate::store::writing::Origin;
use crate::writer::{Request, WriteError};

/// The form can be sent so long after it was shown.
const FORM_LIFETIME_S: u64 = 60 * 60;

#[derive(Template)]
#[template(path = "console/invitation.html")]
struct Page<'p> {
    form_token: &'p str,
    organization: &'p str,
    email: &'p str,
    role: &'static str,
    /// Who answers for it.
    inviter: Option<&'p str>,
    until: String,
    /// Somebody of that address is here already.
    is_known: bool,
    name: &'p str,
    mistakes: Mistakes,
    /// Nobody can sign in where there is no TLS.
    is_open: bool,
}

/// What the form sends. Not to be printed: it holds a password.
#[derive(Deserialize, Default)]
pub(super) struct Typed {
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
}

impl Fields for Typed {
    const BOUND_TO: Cookie = Cookie::Form;
}

/// The page.
pub(super) async fn show(
    State(console): State<Console>,
    ComesFrom(origin): ComesFrom,
    At(once): At<String>,
    headers: HeaderMap,
) -> Result<Response, ErrorPage> {
    let held = held(&console, &origin)?;
    let (_, link) = follow(&held, &once)?;
    shown(&console, &headers, &held, link.invitation(), StatusCode::OK, ("", Mistakes::default()))
}

/// Joins, and signs in.
pub(super) async fn accept(
    State(console): State<Console>,
    ComesFrom(origin): ComesFrom,
    At(once): At<String>,
    headers: HeaderMap,
    Checked { fields: typed, .. }: Checked<Typed>,
) -> Result<Response, ErrorPage> {
    let held = held(&console, &origin)?;
    // Whoever tries links that open nothing uses up nobody's tries but his own.
    let looked = follow(&held, &once);
    let whose = looked.as_ref().map_or(once.as_str(), |(_, link)| link.invitation().email.as_str());
    console.tries.count(origin.address, whose).map_err(too_many)?;
    let (token, link) = looked?;
    let known = link.invitation();
    let again = |status: StatusCode, mistakes: Mistakes| {
        shown(&console, &headers, &held, known, status, (&typed.name, mistakes))
    };
    if console.transport == Transport::Clear {
        return again(StatusCode::FORBIDDEN, Mistakes::default());
    }
    let accepting = match accepting(&console, &origin, link, &held, &typed).await? {
        Ok(accepting) => accepting,
        Err((status, mistakes)) => return again(status, mistakes),
    };
    let (organization, terms) = (known.organization, &known.terms);
    let things = terms.projects.len() + terms.workspaces.len() + terms.teams.len();
    let request = Request { origin: origin.clone(), organization: Some(organization), weight: 1 }.of_many(things);
    let decide = move |draft: &_, moment, _| invitation::accept(draft, &token, &accepting, moment);
    let person = match console.node.writer.perform(request, decide).await {
        Ok(person) => person,
        Err(WriteError::Refused(refusal)) => return Err(not_open(&refusal)),
        Err(error) => return Err(ErrorPage::unwritten(&error, &origin)),
    };
    Ok(signed_in(&console, &origin, &headers, person).await)
}

fn held(console: &Console, origin: &Origin) -> Result<Held, ErrorPage> {
    console.node.cluster.directory().map_err(|error| ErrorPage::not_held(error, origin))
}

/// The invitation of this link.
fn follow<'d>(
    directory: &'d Directory,
    once: &str,
) -> Result<(PresentedToken<InvitationId>, OneTimeLink<'d>), ErrorPage> {
    let token = PresentedToken::read(once).ok_or_else(|| not_open(&Refusal::NoInvitationForToken))?;
    let link = invitation::look_at(directory, &token, clock::now()).map_err(|refusal| not_open(&refusal))?;
    Ok((token, link))
}

/// Why it opens nothing. Whatever is wrong with a token is told the same.
fn not_open(refusal: &Refusal) -> ErrorPage {
    let (strong, more) = match refusal {
        Refusal::InvitationVoid => (
            "Whoever invited you may not give any more what this invitation promises.",
            "Ask the organization for a new one.",
        ),
        Refusal::AlreadyMember { .. } => ("You belong to this organization already.", "Sign in to see it."),
        Refusal::PersonMeanwhile => ("Something about this address has just changed.", "Open the link again."),
        Refusal::LimitReached { .. } => ("The organization is full.", "Ask it to make room, then open the link again."),
        _ => (
            "This link opens no invitation.",
            "It was used, withdrawn or sent anew, or it has expired. Ask whoever invited you for a new one.",
        ),
    };
    ErrorPage::not_done(status_of(refusal), "Invitation", strong, more).leads_to(super::sign_in::PATH, "Go to sign in")
}

/// As whom somebody joins, or what is wrong with what he typed.
async fn accepting(
    console: &Console,
    origin: &Origin,
    link: OneTimeLink<'_>,
    held: &Held,
    typed: &Typed,
) -> Result<Result<Accepting, (StatusCode, Mistakes)>, ErrorPage> {
    let (node, invitation) = (&console.node, link.invitation());
    let mut mistakes = Mistakes::default();
    let Some(person) = held.person_with_email(&invitation.email).map(|person| person.id) else {
        let name = match typed.name.trim() {
            "" => Err("Say what you are called.".to_owned()),
            name => DisplayName::parse(name).map_err(|error| format!("The name {error}.")),
        };
        let name = mistakes.take("name", name);
        let password = Password::parse(&typed.password).map_err(|error| format!("The password {error}."));
        let password = mistakes.take("password", password);
        let (Some(name), Some(password)) = (name, password) else {
            return Ok(Err((StatusCode::BAD_REQUEST, mistakes)));
        };
        let hash = node.passwords.hash(password).await.map_err(not_hashed)?;
        return Ok(Ok(Accepting::New { name, hash }));
    };
    if is_his(console, origin, link, person, typed).await? {
        return Ok(Ok(Accepting::Known(person)));
    }
    node.observations.acceptance_failed(invitation, origin, clock::now());
    mistakes.add("password", "This is not the password of this address. The invitation stays open.");
    Ok(Err((StatusCode::FORBIDDEN, mistakes)))
}

/// Whether it is the person's password. A text that nobody could have chosen is nobody's.
async fn is_his(
    console: &Console,
    origin: &Origin,
    link: OneTimeLink<'_>,
    person: PrincipalId,
    typed: &Typed,
) -> Result<bool, ErrorPage> {
    let Ok(password) = Password::parse(&typed.password) else { return Ok(false) };
    let kept = console.node.store.password(&link.permit(person)).await;
    let kept = kept.map_err(|error| ErrorPage::unread(&error, origin))?;
    console.node.passwords.verify(password, kept).await.map_err(not_hashed)
}

/// On to the console, with a session; to the sign-in page where none could be begun: he has joined all the same.
async fn signed_in(console: &Console, origin: &Origin, headers: &HeaderMap, person: PrincipalId) -> Response {
    let begun = session::begin(&console.node, person, None, origin.clone(), session::place(origin, headers)).await;
    let Ok(token) = begun else { return Redirect::to(super::sign_in::PATH).into_response() };
    super::sign_in::welcome(console, Redirect::to("/console").into_response(), &token)
}

/// The form, bound to the cookie that the browser has or is given.
fn shown(
    console: &Console,
    headers: &HeaderMap,
    directory: &Directory,
    known: &Invitation,
    status: StatusCode,
    (name, mistakes): (&str, Mistakes),
) -> Result<Response, ErrorPage> {
    let kept = Cookie::Form.read(headers, console.transport).map(str::to_owned);
    let bound_to = match kept {
        Some(kept) => kept,
        None => random::form_key().map_err(|_| ErrorPage::without_randomness())?,
    };
    let name: String = name.chars().take(DisplayName::LENGTH_MAX + 1).collect();
    let expires = known.expires.seconds();
    let shown = Page {
        form_token: &form::token(&bound_to),
        organization: directory.organization(known.organization).map_or("", |organization| &organization.name),
        email: known.email.as_str(),
        role: words::role(known.terms.role),
        inviter: known.inviter.and_then(|id| directory.principal(id)).map(|view| view.name()),
        until: format!("{}, {} UTC", words::date(expires), words::time(expires)),
        is_known: directory.person_with_email(&known.email).is_some(),
        name: &name,
        mistakes,
        is_open: console.transport != Transport::Clear,
    };
    let mut response = page(status, &shown);
    if let Some(cookie) = Cookie::Form.set(console.transport, &bound_to, FORM_LIFETIME_S) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::frame::tests::SCRIPT;

    fn rendered(is_known: bool, mistakes: Mistakes) -> String {
        let page = Page {
            form_token: "f",
            organization: SCRIPT,
            email: SCRIPT,
            role: "Member",
            inviter: Some(SCRIPT),
            until: "27 Nov 2026, 14:02:00 UTC".to_owned(),
            is_known,
            name: SCRIPT,
            mistakes,
            is_open: true,
        };
        page.render().expect("a page")
    }

    #[test]
    fn whatever_it_names_is_text() {
        for is_known in [false, true] {
            let text = rendered(is_known, Mistakes::one("password", SCRIPT));
            assert_eq!(text.matches("<script").count(), 1, "the script of the page itself: {text}");
            assert!(text.contains("<title>Error: "), "{text}");
        }
    }

    #[test]
    fn who_is_new_names_himself_and_who_is_known_does_not() {
        let new = rendered(false, Mistakes::default());
        assert!(new.contains("name=\"name\"") && new.contains("autocomplete=\"new-password\""), "{new}");
        let known = rendered(true, Mistakes::default());
        assert!(!known.contains("name=\"name\"") && known.contains("autocomplete=\"current-password\""), "{known}");
        assert!(!new.contains("action="), "the link stays in the address alone");
    }
}
