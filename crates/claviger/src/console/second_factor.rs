//! `/console/profile/second-factor`: a person's second factor, turned on and off by himself.
//!
//! Off, it is set up: the page shows a new secret, as a picture and as text, and asks for a code of it and for the password.
//! On, its recovery codes are made anew, or it is turned off, each with the password. What must stay true: nothing is on
//! before a code of it was right; the secret and recovery codes are shown by the answer to a POST, once, and are in no
//! address, title or log.

mod change;
mod qr_code;
mod set_up;

pub(super) use self::change::{remove, renew};
pub(super) use self::set_up::{begin, confirm};

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use claviger_access::directory::SecondFactor;
use claviger_access::identity::PrincipalId;
use claviger_access::second_factor::{RECOVERY_CODES, RecoveryCode};

use super::error_page::ErrorPage;
use super::frame::Frame;
use super::page::page;
use super::signed_in::SignedIn;
use super::words;
use crate::console::place::Place;
use crate::people::seal::{NotSealed, Purpose, Seals};
use crate::people::totp::TotpSecret;
use crate::random;

/// Where it is.
pub(super) const PATH: &str = "/console/profile/second-factor";

#[derive(Template)]
#[template(path = "console/second_factor.html")]
struct Page<'p> {
    frame: &'p Frame,
    /// Since when it is on, and how many recovery codes are left.
    on: Option<On>,
    error: Option<&'p str>,
    /// What was done just now.
    done: Option<&'p str>,
}

struct On {
    since: String,
    left: usize,
}

impl On {
    /// Whether recovery codes should be made anew soon.
    fn is_low(&self) -> bool {
        self.left <= FEW
    }
}

/// So few recovery codes are told as few.
const FEW: usize = 3;

#[derive(Template)]
#[template(path = "console/recovery_codes.html")]
struct Codes<'p> {
    frame: &'p Frame,
    title: &'static str,
    /// Said above them.
    said: &'static str,
    codes: &'p [String],
}

/// The page.
pub(super) async fn show(signed_in: SignedIn) -> Response {
    shown(&signed_in, StatusCode::OK, None, None)
}

fn shown(signed_in: &SignedIn, status: StatusCode, error: Option<&str>, done: Option<&str>) -> Response {
    let known = signed_in.held.second_factor(signed_in.person);
    let on = known.map(|known| On { since: words::date(known.enabled.seconds()), left: known.recovery.len() });
    page(status, &Page { frame: &Frame::of(signed_in, Place::Own), on, error, done })
}

/// Said where the password is not the person's.
const WRONG_PASSWORD: &str = "This is not your password. Nothing was changed.";

/// New recovery codes.
fn recovery_codes() -> Result<[RecoveryCode; RECOVERY_CODES], ErrorPage> {
    let bytes = random::recovery_codes().map_err(|_| ErrorPage::without_randomness())?;
    Ok(bytes.each_ref().map(RecoveryCode::of_bytes))
}

/// The answer that shows recovery codes, this once.
fn codes_shown(signed_in: &SignedIn, (title, said): (&'static str, &'static str), codes: &[RecoveryCode]) -> Response {
    let codes: Vec<String> = codes.iter().map(|code| code.reveal().to_string()).collect();
    page(StatusCode::OK, &Codes { frame: &Frame::of(signed_in, Place::Own), title, said, codes: &codes })
}

/// The secret that a person's codes are computed from; `None` where the key that sealed it is gone.
pub(super) fn opened(seals: &Seals, factor: &SecondFactor) -> Option<TotpSecret> {
    let opened = seals.open(Purpose::SecondFactor, &[whose(factor.id)], factor.sealed.as_text());
    let secret = opened.and_then(|clear| TotpSecret::from_bytes(&clear));
    if secret.is_none() {
        tracing::error!(person = %factor.id, "the secret of a second factor cannot be opened: its key is not in the key file");
    }
    secret
}

/// What a sealed secret belongs to.
fn whose(person: PrincipalId) -> String {
    person.to_string()
}

fn not_sealed(error: NotSealed) -> ErrorPage {
    match error {
        NotSealed::NoRandomness(_) => ErrorPage::without_randomness(),
        NotSealed::Failed => {
            tracing::error!(%error, "nothing could be sealed");
            ErrorPage::fault()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::frame::tests::{SCRIPT, frame};

    #[test]
    fn what_may_be_done_follows_from_what_is() {
        let text = |on| Page { frame: &frame(true), on, error: None, done: None }.render().expect("a page");
        let off = text(None);
        assert!(off.contains(">Set up a second factor</button>") && !off.contains("type=\"password\""), "{off}");
        let on = text(Some(On { since: "24 Nov 2026".to_owned(), left: 3 }));
        assert!(on.contains("3 recovery codes are left") && on.contains("On since 24 Nov 2026"), "{on}");
        assert_eq!((on.matches("type=\"password\"").count(), on.matches("<h1").count()), (2, 1), "{on}");
        assert!(!on.contains("Set up a second factor"), "{on}");
    }

    #[test]
    fn names_are_text_and_codes_are_in_no_title() {
        let codes = ["abcd-efgh".to_owned()];
        let page = Codes { frame: &frame(true), title: "T", said: "S", codes: &codes };
        let text = page.render().expect("a page");
        assert!(!text.contains(SCRIPT) && text.matches("abcd-efgh").count() == 1, "{text}");
        let title = text.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next()).expect("a title");
        assert!(!title.contains("abcd"), "{title}");
    }
}
