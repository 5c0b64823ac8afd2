//! What is done with a second factor that is on: recovery codes made anew, and turning it off.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use claviger_access::Refusal;
use claviger_access::administration::second_factor;
use claviger_access::second_factor::RecoveryCode;
use serde::Deserialize;

use super::{WRONG_PASSWORD, codes_shown, recovery_codes, shown};
use crate::console::cookies::Cookie;
use crate::console::error_page::ErrorPage;
use crate::console::form::{Checked, Fields};
use crate::console::signed_in::SignedIn;
use crate::console::{Console, password_again, session};
use crate::writer::WriteError;

/// What both forms send. Not to be printed: it is a password.
#[derive(Deserialize)]
pub(in crate::console) struct Typed {
    #[serde(default)]
    password: String,
}

impl Fields for Typed {
    const BOUND_TO: Cookie = Cookie::Session;
}

const OFF: &str = "Your second factor is off, so there is nothing to change.";

/// Other recovery codes, shown this once; those before no longer work.
pub(in crate::console) async fn renew(
    State(console): State<Console>,
    signed_in: SignedIn,
    Checked { fields: typed, .. }: Checked<Typed>,
) -> Result<Response, ErrorPage> {
    if !password_again::is_right(&console, &signed_in, &typed.password).await? {
        return Ok(shown(&signed_in, StatusCode::FORBIDDEN, Some(WRONG_PASSWORD), None));
    }
    let codes = recovery_codes()?;
    let (caller, recovery) = (signed_in.caller, codes.iter().map(RecoveryCode::digest).collect());
    let decide = move |draft: &_, moment, _| second_factor::renew_recovery_codes(draft, &caller, recovery, moment);
    match session::change_oneself(&console.node, &signed_in, decide).await {
        Ok(()) => Ok(codes_shown(&signed_in, ("You have new recovery codes", SAID), &codes)),
        Err(error) => refused(&signed_in, &error),
    }
}

const SAID: &str = "Those that you had before no longer work.";

/// Turns it off.
pub(in crate::console) async fn remove(
    State(console): State<Console>,
    signed_in: SignedIn,
    Checked { fields: typed, .. }: Checked<Typed>,
) -> Result<Response, ErrorPage> {
    if !password_again::is_right(&console, &signed_in, &typed.password).await? {
        return Ok(shown(&signed_in, StatusCode::FORBIDDEN, Some(WRONG_PASSWORD), None));
    }
    let caller = signed_in.caller;
    let decide = move |draft: &_, moment, _| second_factor::remove(draft, &caller, moment);
    match session::change_oneself(&console.node, &signed_in, decide).await {
        Ok(()) => {
            let held = console.node.cluster.directory();
            let held = held.map_err(|error| ErrorPage::not_held(error, &signed_in.origin))?;
            let done = Some("Your second factor is off. Signing in asks for your password alone.");
            Ok(shown(&signed_in.on(held), StatusCode::OK, None, done))
        }
        Err(error) => refused(&signed_in, &error),
    }
}

fn refused(signed_in: &SignedIn, error: &WriteError) -> Result<Response, ErrorPage> {
    match error {
        WriteError::Refused(Refusal::SecondFactorOff) => Ok(shown(signed_in, StatusCode::CONFLICT, Some(OFF), None)),
        error => Err(ErrorPage::unwritten(error, &signed_in.origin)),
    }
}
