//! The one conversion from what was refused, or is missing, to a page that says so and leads on.

use std::any::Any;
use std::borrow::Cow;
use std::time::Duration;

use askama::Template;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use super::frame::{Frame, Link};
use super::page::page;
use super::place::Place;
use super::signed_in::SignedIn;
use super::words;
use crate::cluster::NotHeld;
use crate::limiter::whole_seconds;
use crate::store::StoreError;
use crate::store::writing::Origin;
use crate::writer::WriteError;

const TRY_AGAIN: &str = "Try again in a moment.";

/// The picture beside what is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Not for this person.
    NotAllowed,
    /// Not there.
    NotFound,
    /// Something must be done otherwise.
    Otherwise,
    /// It does not work now.
    Fault,
}

/// A page instead of the one that was asked for.
pub(super) struct ErrorPage(Box<Said>);

struct Said {
    status: StatusCode,
    kind: Kind,
    title: Cow<'static, str>,
    /// The way back to the page that it stands for.
    crumbs: Vec<Link>,
    strong: String,
    more: String,
    /// Where one goes on; none where the frame leads on.
    lead: Option<Link>,
    retry_after: Option<u64>,
    frame: Option<Frame>,
}

#[derive(Template)]
#[template(path = "console/error_gate.html")]
struct Outside<'s> {
    said: &'s Said,
}

#[derive(Template)]
#[template(path = "console/error.html")]
struct Inside<'s> {
    said: &'s Said,
    frame: &'s Frame,
}

impl ErrorPage {
    fn new(status: StatusCode, kind: Kind, title: &'static str, strong: &str, more: &str) -> Self {
        let lead = Some(Link { path: "/console".to_owned(), text: "Go to the console".to_owned(), is_current: false });
        let (strong, more) = (strong.to_owned(), more.to_owned());
        let (title, crumbs) = (Cow::Borrowed(title), Vec::new());
        Self(Box::new(Said { status, kind, title, crumbs, strong, more, lead, retry_after: None, frame: None }))
    }

    /// With the frame of a page there.
    pub(super) fn inside(mut self, signed_in: &SignedIn, place: Place) -> Self {
        self.0.frame = Some(Frame::of(signed_in, place));
        self
    }

    /// What was asked for was not done, and why.
    pub(super) fn not_done(status: StatusCode, title: &'static str, strong: &str, more: &str) -> Self {
        let kind = if status == StatusCode::NOT_FOUND { Kind::NotFound } else { Kind::Otherwise };
        Self::new(status, kind, title, strong, more)
    }

    /// With the title and the crumbs of the page that it stands for.
    pub(super) fn in_place_of(mut self, title: String, crumbs: Vec<Link>) -> Self {
        (self.0.title, self.0.crumbs) = (Cow::Owned(title), crumbs);
        self
    }

    /// Leads on there in place of the console's entrance.
    pub(super) fn leads_to(mut self, path: &str, text: &str) -> Self {
        self.0.lead = Some(Link { path: path.to_owned(), text: text.to_owned(), is_current: false });
        self
    }

    /// 404 for an address that leads nowhere.
    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, Kind::NotFound, "Not found", "There is no page at this address.", "")
    }

    /// 404, the same for an organization that is not there and for one that is another's.
    pub(super) fn no_such_organization() -> Self {
        let strong = "No organization of yours with this number.";
        let more = "It may have been deleted, or you no longer belong to it.";
        Self::new(StatusCode::NOT_FOUND, Kind::NotFound, "Not found", strong, more)
    }

    /// 404, the same for a project that is not there and for one that is another's.
    pub(super) fn no_such_project() -> Self {
        let strong = "No project of yours with this number.";
        let more = "It may have been deleted, or you no longer reach it.";
        Self::new(StatusCode::NOT_FOUND, Kind::NotFound, "Not found", strong, more)
    }

    /// 403: the organization lets nobody in from there.
    pub(super) fn not_from_here() -> Self {
        let more = "Use the network that it allows, or ask one of its owners.";
        Self::not_allowed("Not from here", "This organization lets nobody in from your address.", more)
    }

    /// 404, the same whatever is wrong with a link for the first owner.
    pub(super) fn no_set_up_link() -> Self {
        let strong = "This link opens nothing.";
        let more = "It opens once, for an hour, and until there is a newer one or an owner. The server prints a new one when \
                    it starts, and when its process is sent SIGUSR1; claviger set-up-link makes one while it is stopped.";
        Self::new(StatusCode::NOT_FOUND, Kind::NotFound, "Link not valid", strong, more)
            .leads_to(super::sign_in::PATH, "Go to sign in")
    }

    /// 404: nobody of this number in this organization.
    pub(super) fn no_such_user() -> Self {
        let strong = "Nobody with this number in this organization.";
        let more = "They may have left it.";
        Self::new(StatusCode::NOT_FOUND, Kind::NotFound, "Not found", strong, more)
    }

    /// 404: a link that opens nothing, whatever is wrong with it.
    pub(super) fn no_such_link() -> Self {
        let strong = "This link opens nothing.";
        let more = "It was used, gave way to a newer one, or is older than an hour. Ask for a new one.";
        Self::new(StatusCode::NOT_FOUND, Kind::NotFound, "Link not valid", strong, more)
            .leads_to(super::sign_in::PATH, "Go to sign in")
    }

    /// 403 for who belongs nowhere.
    pub(super) fn without_organization() -> Self {
        let (strong, more) = ("You belong to no organization.", "Ask an owner of one to invite you.");
        Self::new(StatusCode::FORBIDDEN, Kind::NotAllowed, "No organization", strong, more)
            .leads_to("/api/docs/", "Read the API reference")
    }

    /// 403: who may see it are others.
    pub(super) fn not_allowed(title: &'static str, strong: &str, more: &str) -> Self {
        let mut page = Self::new(StatusCode::FORBIDDEN, Kind::NotAllowed, title, strong, more);
        // The console's entrance may lead here again.
        page.0.lead = None;
        page
    }

    /// 403 for what a page of ours has not sent.
    pub(super) fn foreign_form() -> Self {
        let strong = "This form was sent by another site, so nothing was changed.";
        let more = "Open the page here and send it again.";
        Self::new(StatusCode::FORBIDDEN, Kind::Otherwise, "Not sent from here", strong, more)
    }

    /// 403 for a form without the token that it should have.
    pub(super) fn stale_form() -> Self {
        let strong = "This form is no longer valid, so nothing was changed.";
        let more = "You have signed in or out since, or the page is older than an hour. Go back and copy what you typed, \
                    load the page again, then send it.";
        Self::new(StatusCode::FORBIDDEN, Kind::Otherwise, "Form no longer valid", strong, more)
    }

    /// 403 for a form of somebody whose role has changed since his session began.
    pub(super) fn outdated() -> Self {
        let strong = "Your role has changed since you signed in, so nothing was changed.";
        let more = "Load the page again, then send it.";
        Self::new(StatusCode::FORBIDDEN, Kind::Otherwise, "Your role has changed", strong, more)
    }

    /// 403 for a form that this person's session showed before it went on under another token.
    pub(super) fn earlier_form() -> Self {
        let strong = "Your role or your password has changed since this form was opened, so nothing was changed.";
        let more = "Load the page again, then send it.";
        Self::new(StatusCode::FORBIDDEN, Kind::Otherwise, "Form opened earlier", strong, more)
    }

    /// 400 for what is no form.
    pub(super) fn unreadable_form() -> Self {
        let strong = "This form cannot be read, so nothing was changed.";
        let more = "Load the page again, then send it.";
        Self::new(StatusCode::BAD_REQUEST, Kind::Otherwise, "Not a form of ours", strong, more)
    }

    /// 421: the name in the address is not this server's.
    pub(super) fn not_the_public_host() -> Self {
        let strong = "This server does not answer under this name.";
        let more = "Use the address that its operator has given it with --public-url.";
        let mut page = Self::new(StatusCode::MISDIRECTED_REQUEST, Kind::Otherwise, "Another name", strong, more);
        page.0.lead = None;
        page
    }

    /// 421: the name in the address is none of this machine's.
    pub(super) fn wrong_host() -> Self {
        let strong = "This server does not answer under this name.";
        let more = "It listens on this machine alone, as localhost. With a proxy in front that carries TLS, start it \
                    with --behind-tls.";
        Self::new(StatusCode::MISDIRECTED_REQUEST, Kind::Otherwise, "Another name", strong, more)
    }

    /// 429.
    pub(super) fn too_many(strong: &str, wait: Duration) -> Self {
        let seconds = whole_seconds(wait);
        let shown = words::several(i64::try_from(seconds).unwrap_or(i64::MAX), "second");
        let strong = format!("{strong} Try again in {shown}.");
        let mut page = Self::new(StatusCode::TOO_MANY_REQUESTS, Kind::Otherwise, "Too many attempts", &strong, "");
        page.0.retry_after = Some(seconds);
        page.leads_to(super::sign_in::PATH, "Back to sign in")
    }

    /// 429: others' changes are before this one.
    fn busy() -> Self {
        let (strong, more) = ("Too many changes are waiting, so nothing was changed.", TRY_AGAIN);
        let mut page = Self::new(StatusCode::TOO_MANY_REQUESTS, Kind::Otherwise, "Busy", strong, more);
        page.0.retry_after = Some(1);
        page
    }

    /// 503: there is no image to answer from.
    pub(super) fn not_held(_: NotHeld, origin: &Origin) -> Self {
        Self::unavailable("The directory is being loaded, or the database is out of reach.", TRY_AGAIN, origin)
    }

    /// 503: a read failed.
    pub(super) fn unread(error: &StoreError, origin: &Origin) -> Self {
        tracing::error!(%error, "a read for a page failed");
        let strong = "The database does not answer, so nothing was changed.";
        Self::unavailable(strong, &format!("Checks of existing accounts go on. {TRY_AGAIN}"), origin)
    }

    /// A write that was not done, or may have been.
    pub(super) fn unwritten(error: &WriteError, origin: &Origin) -> Self {
        match error {
            WriteError::OutcomeUnknown => {
                let strong = "The database went away, so it is not known whether this was done.";
                Self::unavailable(strong, "Look at the page that shows it before you send it again.", origin)
            }
            WriteError::TooMany | WriteError::TooManyOfOrganization => Self::busy(),
            WriteError::Refused(_) => Self::stale_form(),
            WriteError::Unavailable => {
                Self::unavailable("The database does not answer, so nothing was changed.", TRY_AGAIN, origin)
            }
        }
    }

    /// 503: the system gives no random bytes.
    pub(super) fn without_randomness() -> Self {
        let strong = "The installation has run out of randomness, so nothing was changed.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, Kind::Fault, "Not available", strong, TRY_AGAIN)
    }

    /// 500; the log tells more.
    pub(super) fn fault() -> Self {
        let more = "Tell its operator the X-Request-Id of this answer.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, Kind::Fault, "A fault", "A fault of this server.", more)
    }

    fn unavailable(strong: &str, more: &str, origin: &Origin) -> Self {
        let more = format!("{more} Request {}.", origin.request_id);
        let mut page = Self::new(StatusCode::SERVICE_UNAVAILABLE, Kind::Fault, "Not available", strong, &more);
        page.0.retry_after = Some(1);
        page
    }
}

impl From<ErrorPage> for Response {
    fn from(error_page: ErrorPage) -> Self {
        let said = *error_page.0;
        let mut response = match &said.frame {
            Some(frame) => page(said.status, &Inside { said: &said, frame }),
            None => page(said.status, &Outside { said: &said }),
        };
        if let Some(seconds) = said.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl IntoResponse for ErrorPage {
    fn into_response(self) -> Response {
        self.into()
    }
}

/// 404 for all other addresses.
pub(super) async fn no_such_page() -> ErrorPage {
    ErrorPage::not_found()
}

/// 405; the router adds `Allow`.
pub(super) async fn method_not_allowed() -> ErrorPage {
    let strong = "This address is not for that.";
    ErrorPage::new(StatusCode::METHOD_NOT_ALLOWED, Kind::Otherwise, "Not for that", strong, "")
}

/// 500; a fault of ours, which the log tells.
pub(super) fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let what = panic.downcast_ref::<&str>().copied().unwrap_or("no message");
    tracing::error!(what, "a page's handler panicked");
    ErrorPage::fault().into()
}

#[cfg(test)]
mod tests {
    use claviger_access::Refusal;

    use super::*;
    use crate::console::frame::tests::frame;

    #[test]
    fn what_is_said_is_text_whatever_it_holds() {
        let page = ErrorPage::not_allowed("Service Accounts", "Only owners of <script>alert(1)</script> see it.", "");
        let text = Outside { said: &page.0 }.render().expect("a page");
        assert!(!text.contains("<script>alert"), "{text}");
        assert!(text.contains("&#60;script&#62;alert(1)&#60;/script&#62;"), "{text}");
    }

    #[test]
    fn who_may_open_no_page_is_led_to_none_and_can_sign_out() {
        let page = ErrorPage::not_allowed("Service Accounts", "Only owners and admins of Acme see it.", "");
        let said = &page.0;
        let text = Inside { said, frame: &frame(false) }.render().expect("a page");
        assert!(!text.contains("Organization settings") && text.contains(">Sign out</button>"), "{text}");
        assert!(text.contains(&format!("name=\"form_token\" value=\"{}\"", "f".repeat(64))), "{text}");
        assert_eq!((text.matches("<script").count(), text.matches("<main").count()), (1, 1), "{text}");
        assert!(!text.contains("href=\"/console\""), "it would lead here again: {text}");
        let text = Inside { said, frame: &frame(true) }.render().expect("a page");
        assert_eq!(text.matches("<p>Organization settings</p>").count(), 2, "{text}");
    }

    #[test]
    fn the_wait_is_told_in_whole_seconds() {
        let page = ErrorPage::too_many("Too many attempts from your address.", Duration::from_millis(39_001));
        assert_eq!(page.0.strong, "Too many attempts from your address. Try again in 40 seconds.");
        assert_eq!(Response::from(page).headers()[RETRY_AFTER], "40");
    }

    #[test]
    fn a_write_that_was_not_done_says_so_and_when_to_try_again() {
        let origin = Origin { request_id: "7b2e".into(), address: None };
        for error in [
            WriteError::Refused(Refusal::NotAuthenticated),
            WriteError::Unavailable,
            WriteError::OutcomeUnknown,
            WriteError::TooManyOfOrganization,
            WriteError::TooMany,
        ] {
            let (status, wait, title, strong) = match &error {
                WriteError::Refused(_) => {
                    (403, None, "Form no longer valid", "This form is no longer valid, so nothing was changed.")
                }
                WriteError::Unavailable => {
                    (503, Some("1"), "Not available", "The database does not answer, so nothing was changed.")
                }
                WriteError::OutcomeUnknown => {
                    let strong = "The database went away, so it is not known whether this was done.";
                    (503, Some("1"), "Not available", strong)
                }
                WriteError::TooMany | WriteError::TooManyOfOrganization => {
                    (429, Some("1"), "Busy", "Too many changes are waiting, so nothing was changed.")
                }
            };
            let page = ErrorPage::unwritten(&error, &origin);
            assert_eq!((&*page.0.title, &*page.0.strong), (title, strong), "{error}");
            let is_known = !matches!(error, WriteError::OutcomeUnknown);
            let may_try_again = is_known && wait.is_some();
            assert_eq!(page.0.more.contains("Try again in a moment."), may_try_again, "{error}: {}", page.0.more);
            assert_eq!(page.0.more.contains("before you send it again"), !is_known, "{error}: {}", page.0.more);
            assert_eq!(page.0.more.contains("Request 7b2e."), status == 503, "{error}: {}", page.0.more);
            let answer = Response::from(page);
            let told = answer.headers().get(RETRY_AFTER).map(|seconds| seconds.to_str().expect("text"));
            assert_eq!((answer.status().as_u16(), told), (status, wait), "{error}");
        }
    }
}
