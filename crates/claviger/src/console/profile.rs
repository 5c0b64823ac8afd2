//! A person's own pages: who he is here, his password, his sessions.
//!
//! All of it is about the person who asks, so no permission is needed but his session.

pub(super) mod password;
pub(super) mod sessions;

use askama::Template;
use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::http::StatusCode;
use axum::response::Response;
use claviger_access::effective;
use serde::Deserialize;

use super::frame::Frame;
use super::page::page;
use super::signed_in::SignedIn;
use super::{frame, words};
use crate::console::place::Place;

/// What was done just before, as the address says it after a form was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Said {
    Password,
    Ended,
    Others,
    Already,
}

impl Said {
    fn text(self) -> &'static str {
        match self {
            Self::Password => "Your password is changed. Your other sessions are ended.",
            Self::Ended => "The session is ended.",
            Self::Others => "Your other sessions are ended.",
            Self::Already => "That session had ended already.",
        }
    }
}

/// The query of these pages. What it cannot say is passed over.
#[derive(Default, Deserialize)]
pub(super) struct Done {
    said: Option<String>,
}

impl Done {
    fn said(&self) -> Option<&'static str> {
        let said = self.said.as_deref()?;
        let read = serde::de::value::StrDeserializer::<serde::de::value::Error>::new(said);
        Said::deserialize(read).ok().map(Said::text)
    }
}

struct Membership {
    organization: String,
    path: String,
    role: &'static str,
}

#[derive(Template)]
#[template(path = "console/profile.html")]
struct Page<'p> {
    frame: &'p Frame,
    said: Option<&'static str>,
    since: String,
    memberships: Vec<Membership>,
    has_second_factor: bool,
}

/// Name, address, organizations and roles.
pub(super) async fn show(signed_in: SignedIn, query: Result<Query<Done>, QueryRejection>) -> Response {
    let held = &signed_in.held;
    let view = signed_in.view();
    let organizations = view.as_ref().map(effective::organizations).unwrap_or_default();
    let membership = |id| {
        let role = effective::organization_role(view.as_ref()?, id)?;
        let (organization, path) = (held.organization(id)?.name.clone(), frame::home_or_why_none(&signed_in, id));
        Some(Membership { organization, path, role: words::role(role) })
    };
    let since = held.person(signed_in.person).map(|person| words::date(person.created.seconds())).unwrap_or_default();
    let said = query.ok().and_then(|Query(done)| done.said());
    let memberships = organizations.into_iter().filter_map(membership).collect();
    let has_second_factor = held.second_factor(signed_in.person).is_some();
    page(
        StatusCode::OK,
        &Page { frame: &Frame::of(&signed_in, Place::Own), said, since, memberships, has_second_factor },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::frame::tests::{SCRIPT, frame};

    #[test]
    fn names_are_text_whatever_they_hold() {
        let membership = Membership { organization: SCRIPT.to_owned(), path: "/console".to_owned(), role: "Owner" };
        let (since, memberships) = ("24 Nov 2026".to_owned(), vec![membership]);
        let page = Page { frame: &frame(false), said: None, since, memberships, has_second_factor: false };
        let text = page.render().expect("a page");
        assert!(!text.contains("<script>alert") && text.contains("mk@acme.example"), "{text}");
    }

    #[test]
    fn what_was_done_is_one_of_a_few_things() {
        let told = |said: &str| Done { said: Some(said.to_owned()) }.said();
        assert_eq!(told("already"), Some("That session had ended already."));
        assert_eq!((told("<b>"), told(""), Done::default().said()), (None, None, None));
    }
}
