//! The page that shows an invitation's link: once, as the answer to the form that sent it.
//!
//! No redirect leads here, for a redirect would have to keep the link somewhere. The link is text in one place of the page:
//! in no attribute, no field, no title. This is the one place of the console that reveals an invitation's token.

use askama::Template;
use axum::http::header::REFERRER_POLICY;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use claviger_access::administration::invitation::{self, SentInvitation};
use claviger_access::identity::OrganizationId;

use super::{path, place, rows};
use crate::console::base_url::BaseUrl;
use crate::console::error_page::ErrorPage;
use crate::console::frame::Frame;
use crate::console::page::page;
use crate::console::signed_in::SignedIn;
use crate::console::{Console, words};

/// What is shown in place of what must not be seen by who looks over a shoulder.
const MASK: &str = "••••••••••••";

/// An invitation that was just sent.
pub(super) struct Sent {
    pub organization: OrganizationId,
    pub sent: SentInvitation,
    /// Another link opened it before.
    pub is_again: bool,
    pub base_url: BaseUrl,
}

#[derive(Template)]
#[template(path = "console/users_teams/sent.html")]
struct Page<'p> {
    frame: &'p Frame,
    organization: &'p str,
    email: &'p str,
    role: &'static str,
    is_again: bool,
    until: String,
    link: String,
    masked: String,
    list: String,
}

/// The page.
pub(super) fn shown(console: &Console, signed_in: &SignedIn, shown: &Sent) -> Result<Response, ErrorPage> {
    let Sent { organization, sent, is_again, base_url } = shown;
    // The image that his request came with does not hold it yet.
    let held = console.node.cluster.directory().map_err(|error| ErrorPage::not_held(error, &signed_in.origin))?;
    let known = invitation::find(&held, *organization, sent.id).map_err(|_| ErrorPage::not_found())?;
    let name = held.organization(*organization).map_or("", |known| &known.name);
    let frame = Frame::of(signed_in, place(*organization));
    let mut response = page(
        StatusCode::OK,
        &Page {
            frame: &frame,
            organization: name,
            email: known.email.as_str(),
            role: words::role(known.terms.role),
            is_again: *is_again,
            until: rows::until(known.expires.seconds()),
            link: base_url.with(&format!("/console/invitations/{}", sent.token.reveal())),
            masked: base_url.with(&format!("/console/invitations/{MASK}")),
            list: format!("{}?view=invitations", path(*organization)),
        },
    );
    response.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::frame::tests::{SCRIPT, frame};

    #[test]
    fn the_link_is_text_in_one_place_and_names_are_text() {
        let frame = frame(true);
        let text = Page {
            frame: &frame,
            organization: SCRIPT,
            email: SCRIPT,
            role: "Member",
            is_again: true,
            until: "27 Nov 2026, 14:02 UTC".to_owned(),
            link: "http://localhost/console/invitations/cvi_secret".to_owned(),
            masked: format!("http://localhost/console/invitations/{MASK}"),
            list: "/console/x".to_owned(),
        };
        let text = text.render().expect("a page");
        assert_eq!(text.matches("<script").count(), 1, "the script of the page itself: {text}");
        assert_eq!(text.matches("cvi_secret").count(), 1);
        assert!(text.contains("invitations/cvi_secret</code>"), "{text}");
        assert!(text.contains("The link before opens nothing any more."), "{text}");
    }
}
