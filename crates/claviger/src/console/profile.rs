//! A person's own pages: who he is here, what he leaves, his password, his sessions.
//!
//! All of it is about the person who asks, so no permission is needed but his session.

pub(super) mod leave;
pub(super) mod password;
pub(super) mod sessions;

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use claviger_access::effective;

use super::frame::Frame;
use super::page::page;
use super::signed_in::SignedIn;
use super::users_teams::person::kept as why_kept;
use super::{frame, words};
use crate::console::place::Place;

/// Where it is.
pub(super) const PATH: &str = "/console/profile";

struct Membership {
    organization: String,
    path: String,
    role: &'static str,
    leave: String,
    /// Why he cannot leave it, if he cannot.
    stays: Option<String>,
}

#[derive(Template)]
#[template(path = "console/profile.html")]
struct Page<'p> {
    frame: &'p Frame,
    since: String,
    memberships: Vec<Membership>,
    has_second_factor: bool,
}

/// Name, address, organizations and roles.
pub(super) async fn show(signed_in: SignedIn) -> Response {
    let held = &signed_in.held;
    let view = signed_in.view();
    let organizations = view.as_ref().map(effective::organizations).unwrap_or_default();
    let membership = |id| {
        let role = effective::organization_role(view.as_ref()?, id)?;
        let (organization, path) = (held.organization(id)?.name.clone(), frame::home_or_why_none(&signed_in, id));
        let (leave, stays) = (leave::path(id), why_kept(&signed_in, id, signed_in.person));
        Some(Membership { organization, path, role: words::role(role), leave, stays })
    };
    let since = held.person(signed_in.person).map(|person| words::date(person.created.seconds())).unwrap_or_default();
    let memberships = organizations.into_iter().filter_map(membership).collect();
    let has_second_factor = held.second_factor(signed_in.person).is_some();
    page(StatusCode::OK, &Page { frame: &Frame::of(&signed_in, Place::Own), since, memberships, has_second_factor })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::frame::tests::{SCRIPT, frame};

    #[test]
    fn names_are_text_whatever_they_hold() {
        let membership = |stays: Option<&str>| Membership {
            organization: SCRIPT.to_owned(),
            path: "/console".to_owned(),
            role: "Owner",
            leave: "/console/profile/organizations/7/leave".to_owned(),
            stays: stays.map(str::to_owned),
        };
        let (since, memberships) = ("24 Nov 2026".to_owned(), vec![membership(Some(SCRIPT)), membership(None)]);
        let page = Page { frame: &frame(false), since, memberships, has_second_factor: false };
        let text = page.render().expect("a page");
        assert!(!text.contains("<script>alert") && text.contains("mk@acme.example"), "{text}");
        assert_eq!(text.matches("/leave\"").count(), 1, "none where he cannot: {text}");
    }
}
