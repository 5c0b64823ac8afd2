//! The page that shows a new secret: once, as the answer to the form that made it.
//!
//! No redirect leads here, for a redirect would have to keep the secret somewhere. The secret is text in one place of the
//! page: in no attribute, no field, no title; what copies or downloads it reads it there.
//!
//! Going back to it shows nothing: it is not to be stored, and browsers keep no answer to a form to go back to. Loading it
//! anew sends the form again, which makes nothing and leads to the account.

use askama::Template;
use axum::http::header::REFERRER_POLICY;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use claviger_access::credential::Secret;

use super::base_url::BaseUrl;
use super::frame::{Frame, Link};
use super::page::page;
use super::place::Place;
use super::signed_in::SignedIn;
use super::words;

/// What is shown in place of each character.
const MASK: &str = "•";

/// What who may rotate it does if it is lost.
pub(super) const ROTATE_IT: &str = "rotate it on the account’s page.";

/// So many of them where the length does not matter.
const SHORT_MASK: usize = 8;

/// A secret that was just made, and what is said with it.
pub(super) struct SecretOnce<'s> {
    /// The heading, such as "nightly-export is ready".
    pub title: String,
    /// One line that repeats what was made: what it may do, when it ends.
    pub lead: String,
    /// What the account is called for short: in the way back, and as the name of a file.
    pub name: &'s str,
    pub username: &'s str,
    pub secret: &'s Secret,
    /// What to do if it is lost: [`ROTATE_IT`], for who may open the account's page.
    pub lost: String,
    /// Where one goes on once it is stored: the account's page, or the list that it was made in.
    pub leads_to: String,
    /// Where the page asks whether it was used yet, for who may know.
    pub first_request: Option<String>,
    /// Where a request to try it with is sent.
    pub base_url: BaseUrl,
}

#[derive(Template)]
#[template(path = "console/secret_once.html")]
struct Page<'p> {
    frame: &'p Frame,
    title: &'p str,
    lead: &'p str,
    name: &'p str,
    username: &'p str,
    secret: &'p str,
    lost: &'p str,
    leads_to: &'p str,
    /// The list that the account is in.
    list: Link,
    /// The file's name.
    file: String,
    /// The server's address, for the file.
    server: String,
    masked: String,
    /// A request to try it with, masked.
    request: String,
    first_request: Option<&'p str>,
}

impl SecretOnce<'_> {
    /// The page, on a page there.
    pub(super) fn page(&self, signed_in: &SignedIn, place: Place) -> Response {
        let frame = Frame::of(signed_in, place);
        let mut response = page(StatusCode::OK, &self.shown(&frame, place));
        response.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        response
    }

    fn shown<'p>(&'p self, frame: &'p Frame, place: Place) -> Page<'p> {
        let dots = |number| format!("{}{}", Secret::PREFIX, MASK.repeat(number));
        let url = words::shell_word(&self.base_url.with("/api/app/me"));
        Page {
            frame,
            title: &self.title,
            lead: &self.lead,
            name: self.name,
            username: self.username,
            secret: self.secret.reveal(),
            lost: &self.lost,
            leads_to: &self.leads_to,
            list: list(place),
            file: format!("{}.env", self.name.trim_start_matches('.')),
            server: self.base_url.with(""),
            masked: dots(Secret::LENGTH - Secret::PREFIX.len()),
            request: format!(" curl --user '{}:{}' {url}", self.username, dots(SHORT_MASK)),
            first_request: self.first_request.as_deref(),
        }
    }
}

fn list(place: Place) -> Link {
    let (path, text) = match place {
        Place::Organization(id, page) => (page.path(id), page.label()),
        Place::Project(id, page) => (page.path(id), page.label()),
        Place::Own => ("/console".to_owned(), "Console"),
    };
    Link { path, text: text.to_owned(), is_current: false }
}

#[cfg(test)]
mod tests {
    use claviger_access::RandomBytes;
    use claviger_access::identity::OrganizationId;

    use super::*;
    use crate::console::base_url::tests::base_url;
    use crate::console::frame::tests::{SCRIPT, frame};
    use crate::console::place::OrganizationPage;

    fn rendered() -> (String, String) {
        let secret = Secret::generate(&mut RandomBytes::new([7; 96])).expect("enough bytes");
        let once = SecretOnce {
            title: format!("{SCRIPT} is ready"),
            lead: format!("Analyst in {SCRIPT}."),
            name: "nightly-export",
            username: "nightly-export.b2f9ed.service-account",
            secret: &secret,
            lost: ROTATE_IT.to_owned(),
            leads_to: "/console/organizations/7/service-accounts/9".to_owned(),
            first_request: Some("/console/organizations/7/service-accounts/9/secrets/10/first-request".to_owned()),
            base_url: base_url("claviger.acme.example"),
        };
        let organization = OrganizationId::new(7).expect("an id");
        let place = Place::Organization(organization, OrganizationPage::ServiceAccounts);
        (once.shown(&frame(true), place).render().expect("a page"), secret.reveal().to_owned())
    }

    #[test]
    fn the_secret_is_on_the_page_once_as_text() {
        let (text, secret) = rendered();
        assert_eq!(text.matches(&secret).count(), 1, "{text}");
        assert!(text.contains(&format!("<code class=\"val\" id=\"s\">{secret}</code>")), "{text}");
        let title = text.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next()).expect("a title");
        assert!(title.starts_with("Copy the secret now"), "{title}");
        let masked = format!("cvg_{}", "•".repeat(38));
        assert_eq!(masked.chars().count(), secret.len());
        for part in [
            &format!("<code class=\"val\" aria-hidden=\"true\">{masked}</code>"),
            "Copy the secret now. It will not be shown again.",
            "data-once=\"/console/organizations/7/service-accounts/9\"",
            "data-env=\"nightly-export.env\" data-url=\"https://claviger.acme.example\"",
            "> curl --user &#39;nightly-export.b2f9ed.service-account:cvg_••••••••&#39; https://claviger.acme.example/api/app/me<",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
    }

    #[test]
    fn names_are_text_whatever_they_hold() {
        let (text, _) = rendered();
        assert_eq!(text.matches("<script").count(), 1, "{text}");
        assert!(!text.contains("style=") && !text.contains("onclick="), "{text}");
    }
}
