//! Setting a second factor up.
//!
//! The secret waits in the page's own form, sealed for this person and this session: nothing is kept of what is not
//! confirmed, and no form can bring a secret that this server has not made.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use claviger_access::Refusal;
use claviger_access::administration::second_factor::{self, Enable};
use claviger_access::second_factor::{RecoveryCode, SealedSecret};
use serde::Deserialize;

use super::qr_code::{self, Picture};
use super::{WRONG_PASSWORD, codes_shown, not_sealed, recovery_codes, shown, whose};
use crate::clock;
use crate::console::cookies::Cookie;
use crate::console::error_page::ErrorPage;
use crate::console::form::{Checked, Fields};
use crate::console::frame::Frame;
use crate::console::page::page;
use crate::console::password_shown::seals;
use crate::console::place::Place;
use crate::console::sign_in::Nothing;
use crate::console::signed_in::SignedIn;
use crate::console::{Console, password_again, session};
use crate::people::seal::{Purpose, Seals};
use crate::people::totp::TotpSecret;
use crate::writer::WriteError;

/// A secret waits so long to be confirmed.
const WAITS_S: i64 = 60 * 60;

/// Said where it is on already, from another page.
const ALREADY_ON: &str = "Your second factor is on already, so nothing was changed.";

const WRONG_CODE: &str = "This code is not of the secret below. Look whether your phone’s clock is right, and type the code \
                          that the app shows now.";

#[derive(Template)]
#[template(path = "console/second_factor_set_up.html")]
struct Page<'p> {
    frame: &'p Frame,
    picture: Option<Picture>,
    secret: &'p str,
    sealed: &'p str,
    error: Option<&'p str>,
}

/// What the form sends. Not to be printed: it holds a password.
#[derive(Deserialize)]
pub(in crate::console) struct Typed {
    #[serde(default)]
    sealed: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    password: String,
}

impl Fields for Typed {
    const BOUND_TO: Cookie = Cookie::Session;
}

/// Shows a new secret.
pub(in crate::console) async fn begin(
    State(console): State<Console>,
    signed_in: SignedIn,
    _: Checked<Nothing>,
) -> Result<Response, ErrorPage> {
    if signed_in.held.second_factor(signed_in.person).is_some() {
        return Ok(shown(&signed_in, StatusCode::CONFLICT, Some(ALREADY_ON), None));
    }
    let secret = TotpSecret::generate().map_err(|_| ErrorPage::without_randomness())?;
    let ends = signed_in.now.seconds().saturating_add(WAITS_S);
    let clear = zeroize::Zeroizing::new([&ends.to_be_bytes(), secret.expose()].concat());
    let sealed = seals(&console.node)?.seal(Purpose::SettingUp, &bound_to(&signed_in), &clear);
    let sealed = sealed.map_err(not_sealed)?;
    Ok(secret_shown(&signed_in, StatusCode::OK, &secret, &sealed, None))
}

/// Turns it on, if the code is of the secret and the password is right: recovery codes, shown this once.
pub(in crate::console) async fn confirm(
    State(console): State<Console>,
    signed_in: SignedIn,
    Checked { fields: typed, .. }: Checked<Typed>,
) -> Result<Response, ErrorPage> {
    let seals = seals(&console.node)?;
    let secret = waiting(&seals, &signed_in, &typed.sealed).ok_or_else(ErrorPage::stale_form)?;
    let wrong = |said| Ok(secret_shown(&signed_in, StatusCode::FORBIDDEN, &secret, &typed.sealed, Some(said)));
    if !password_again::is_right(&console, &signed_in, &typed.password).await? {
        return wrong(WRONG_PASSWORD);
    }
    let Some(step) = secret.step_of(&typed.code, clock::now()) else { return wrong(WRONG_CODE) };
    let sealed = seals.seal(Purpose::SecondFactor, &[whose(signed_in.person)], secret.expose()).map_err(not_sealed)?;
    let codes = recovery_codes()?;
    let recovery = codes.iter().map(RecoveryCode::digest).collect();
    let (caller, enable) = (signed_in.caller, Enable { sealed: SealedSecret::from_text(sealed), step, recovery });
    let decide = move |draft: &_, moment, _| second_factor::enable(draft, &caller, &enable, moment);
    match session::change_oneself(&console.node, &signed_in, decide).await {
        Ok(()) => Ok(codes_shown(&signed_in, ("Your second factor is on", SAID), &codes)),
        Err(WriteError::Refused(Refusal::SecondFactorOn)) => {
            Ok(shown(&signed_in, StatusCode::CONFLICT, Some(ALREADY_ON), None))
        }
        Err(error) => Err(ErrorPage::unwritten(&error, &signed_in.origin)),
    }
}

const SAID: &str = "From now on signing in asks for a code from your app. These recovery codes are for the day when you have \
                    lost it.";

/// The secret that waits in a form; `None` where it waits too long, or for somebody else.
fn waiting(seals: &Seals, signed_in: &SignedIn, sealed: &str) -> Option<TotpSecret> {
    let clear = seals.open(Purpose::SettingUp, &bound_to(signed_in), sealed)?;
    let (ends, secret) = clear.split_first_chunk()?;
    let waits = signed_in.now.seconds() < i64::from_be_bytes(*ends);
    waits.then(|| TotpSecret::from_bytes(secret))?
}

fn bound_to(signed_in: &SignedIn) -> [String; 2] {
    [whose(signed_in.person), signed_in.session.to_string()]
}

fn secret_shown(
    signed_in: &SignedIn,
    status: StatusCode,
    secret: &TotpSecret,
    sealed: &str,
    error: Option<&str>,
) -> Response {
    let frame = Frame::of(signed_in, Place::Own);
    let picture = qr_code::picture(&secret.uri(&frame.email));
    page(status, &Page { frame: &frame, picture, secret: &secret.in_base32(), sealed, error })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::frame::tests::{SCRIPT, frame};

    #[test]
    fn the_secret_is_text_beside_its_picture() {
        let secret = TotpSecret::from_bytes(b"12345678901234567890").expect("a secret");
        let picture = qr_code::picture(&secret.uri("mk@acme.example"));
        let page =
            Page { frame: &frame(true), picture, secret: &secret.in_base32(), sealed: "\"><u>", error: Some(SCRIPT) };
        let text = page.render().expect("a page");
        assert!(text.contains("GEZD GNBV") && text.contains("<path fill=\"#000\" d=\"M"), "{text}");
        assert!(!text.contains(SCRIPT) && !text.contains("\"><u>") && !text.contains("otpauth:"), "{text}");
        assert!(text.len() < 50_000, "{}", text.len());
    }
}
