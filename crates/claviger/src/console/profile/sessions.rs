//! A person's own sessions: where he is signed in, and ending what he does not know.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use claviger_access::Moment;
use claviger_access::administration::session::sessions_of;
use claviger_access::authorize::{SESSION_IDLE_S, lies_idle};
use claviger_access::directory::Session;
use claviger_access::identity::SessionId;

use crate::api::ids::PathId;
use crate::console::error_page::ErrorPage;
use crate::console::form::Checked;
use crate::console::frame::Frame;
use crate::console::notice::Notice;
use crate::console::page::page;
use crate::console::path::At;
use crate::console::place::Place;
use crate::console::sign_in::{self, Nothing};
use crate::console::signed_in::SignedIn;
use crate::console::{Console, session, words};

/// Where it is.
const PATH: &str = "/console/profile/sessions";

const HOUR_S: i64 = 60 * 60;

struct Row {
    browser: String,
    /// From which address, where that is known.
    address: Option<String>,
    begun: String,
    begun_on: String,
    last_seen: String,
    is_this: bool,
    /// Where its form is sent.
    end: String,
}

impl Row {
    fn of(session: &Session, seen: Option<Moment>, is_this: bool, now: i64) -> Self {
        let browser = session.from.browser.as_ref().map_or("Unknown browser", |browser| browser.as_str());
        let last_seen = seen.map_or(session.begun, |seen| seen.max(session.begun));
        Self {
            browser: browser.to_owned(),
            address: session.from.address.map(|address| address.to_string()),
            begun: words::ago(session.begun.seconds(), now),
            begun_on: words::date(session.begun.seconds()),
            last_seen: words::ago(last_seen.seconds(), now),
            is_this,
            end: format!("{PATH}/{}/end", session.id),
        }
    }

    /// Which it is, for who hears the button and not the row.
    fn told(&self) -> String {
        let from = self.address.as_ref().map(|address| format!(" from {address}")).unwrap_or_default();
        format!("{}{from}, begun {}", self.browser, self.begun)
    }
}

#[derive(Template)]
#[template(path = "console/profile_sessions.html")]
struct Page<'p> {
    frame: &'p Frame,
    rows: Vec<Row>,
    idle_hours: i64,
    most_hours: i64,
}

/// The sessions that let somebody in: this one first, then the one that was begun last.
pub(in crate::console) async fn show(State(console): State<Console>, signed_in: SignedIn) -> Response {
    let (now, last_seen) = (signed_in.now, &console.node.last_seen);
    let lives = |session: &&Session| !session.has_ended(now) && !lies_idle(session, last_seen.of(session.id), now);
    let mut sessions: Vec<&Session> = sessions_of(&signed_in.held, signed_in.person).filter(lives).collect();
    sessions.sort_by_key(|session| (session.id != signed_in.session, std::cmp::Reverse(session.begun)));
    let row =
        |session: &Session| Row::of(session, last_seen.of(session.id), session.id == signed_in.session, now.seconds());
    let shown = Page {
        frame: &Frame::of(&signed_in, Place::Own),
        rows: sessions.into_iter().map(row).collect(),
        idle_hours: SESSION_IDLE_S / HOUR_S,
        most_hours: session::LIFETIME_S / HOUR_S,
    };
    page(StatusCode::OK, &shown)
}

/// Ends one of his own. One that has ended already, or is none of his, is fine: it lets him in nowhere.
pub(in crate::console) async fn end(
    State(console): State<Console>,
    signed_in: SignedIn,
    At(PathId(id)): At<PathId<SessionId>>,
    _: Checked<Nothing>,
) -> Result<Response, ErrorPage> {
    let was_there = sessions_of(&signed_in.held, signed_in.person).any(|session| session.id == id);
    let ended = session::end(&console.node, &signed_in, id).await;
    ended.map_err(|error| ErrorPage::unwritten(&error, &signed_in.origin))?;
    Ok(match was_there {
        _ if id == signed_in.session => sign_in::farewell(&console),
        true => Notice::done("The session is ended.", "").at(&console, &signed_in, PATH),
        false => Notice::done("That session had ended already.", "").at(&console, &signed_in, PATH),
    })
}

/// Ends all but the one that asks.
pub(in crate::console) async fn end_others(
    State(console): State<Console>,
    signed_in: SignedIn,
    _: Checked<Nothing>,
) -> Result<Response, ErrorPage> {
    let ended = session::end_others(&console.node, &signed_in).await;
    ended.map_err(|error| ErrorPage::unwritten(&error, &signed_in.origin))?;
    Ok(Notice::done("Your other sessions are ended.", "").at(&console, &signed_in, PATH))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::frame::tests::{SCRIPT, frame};

    fn row(is_this: bool) -> Row {
        Row {
            browser: SCRIPT.to_owned(),
            address: Some("192.0.2.7".to_owned()),
            begun: "2 hours ago".to_owned(),
            begun_on: "24 Nov 2026".to_owned(),
            last_seen: "just now".to_owned(),
            is_this,
            end: "/console/profile/sessions/7/end".to_owned(),
        }
    }

    fn shown(rows: Vec<Row>) -> String {
        let page = Page { frame: &frame(false), rows, idle_hours: 2, most_hours: 12 };
        page.render().expect("a page")
    }

    #[test]
    fn each_other_session_can_be_ended() {
        let text = shown(vec![row(true), row(false), row(false)]);
        assert!(!text.contains("<script>alert"), "{text}");
        assert_eq!(text.matches("action=\"/console/profile/sessions/7/end\"").count(), 2, "{text}");
        assert!(text.contains(">End all other sessions</button>") && text.contains(">This session</span>"), "{text}");
        assert!(text.contains("End session, &#60;script"), "who hears it knows which: {text}");
        let alone = shown(vec![row(true)]);
        assert!(!alone.contains("End all other sessions") && !alone.contains("/end\""), "{alone}");
    }
}
