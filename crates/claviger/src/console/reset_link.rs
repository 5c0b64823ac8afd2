//! `/console/organizations/{org}/users/{id}/reset-link`: a link that an owner hands over to somebody who has forgotten his
//! password.
//!
//! The page says first what it does; the POST answers with the link, once. The link is in no address here, no title and no
//! log. Who may make one is the rules' business: an owner of every organization that the person belongs to.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use claviger_access::administration::password_reset;
use claviger_access::identity::{OrganizationId, PrincipalId};
use claviger_access::{Refusal, effective};

use super::error_page::ErrorPage;
use super::form::Checked;
use super::frame::Frame;
use super::page::page;
use super::path::At;
use super::place::{OrganizationPage, Place};
use super::sign_in::Nothing;
use super::signed_in::SignedIn;
use super::{Console, reset, session};
use crate::api::ids::PathId;
use crate::writer::WriteError;

const TITLE: &str = "Reset link";

#[derive(Template)]
#[template(path = "console/reset_link.html")]
struct Page<'p> {
    frame: &'p Frame,
    organization: &'p str,
    name: &'p str,
    email: &'p str,
    path: &'p str,
    /// The person's page.
    back: &'p str,
    has_second_factor: bool,
}

#[derive(Template)]
#[template(path = "console/reset_link_made.html")]
struct Made<'p> {
    frame: &'p Frame,
    organization: &'p str,
    name: &'p str,
    /// The person's page.
    back: &'p str,
    link: &'p str,
    /// Where this server does not know under which address it is reached, the link lacks it.
    is_whole: bool,
}

/// Says what a link does, to who may make one.
pub(super) async fn show(
    signed_in: SignedIn,
    At((PathId(organization), PathId(person))): At<(PathId<OrganizationId>, PathId<PrincipalId>)>,
) -> Result<Response, ErrorPage> {
    let may = password_reset::may_make(&signed_in.held, &signed_in.caller, organization, person, signed_in.now);
    may.map_err(|refusal| refused(&signed_in, organization, &refusal))?;
    let frame = Frame::of(&signed_in, Place::Organization(organization, OrganizationPage::UsersAndTeams));
    let held = &signed_in.held;
    let (name, email) = called(&signed_in, person);
    let template = Page {
        frame: &frame,
        organization: held.organization(organization).map_or("", |known| &known.name),
        name: &name,
        email: &email,
        path: &path(organization, person),
        back: &back(organization, person),
        has_second_factor: held.second_factor(person).is_some(),
    };
    Ok(page(StatusCode::OK, &template))
}

/// Makes one, and shows it this once.
pub(super) async fn make(
    State(console): State<Console>,
    signed_in: SignedIn,
    At((PathId(organization), PathId(person))): At<(PathId<OrganizationId>, PathId<PrincipalId>)>,
    _: Checked<Nothing>,
) -> Result<Response, ErrorPage> {
    let caller = signed_in.caller;
    let decide =
        move |draft: &_, moment, random| password_reset::make(draft, &caller, organization, person, moment, random);
    let request = session::request(&console.node, signed_in.person, signed_in.origin.clone());
    let made = console.node.writer.perform(request, decide).await.map_err(|error| match error {
        WriteError::Refused(refusal) => refused(&signed_in, organization, &refusal),
        error => ErrorPage::unwritten(&error, &signed_in.origin),
    })?;
    let link = reset::path(&made);
    let whole = console.public_url.as_ref().map(|url| url.link(&link));
    let frame = Frame::of(&signed_in, Place::Organization(organization, OrganizationPage::UsersAndTeams));
    let template = Made {
        frame: &frame,
        organization: signed_in.held.organization(organization).map_or("", |known| &known.name),
        name: &called(&signed_in, person).0,
        back: &back(organization, person),
        link: whole.as_deref().unwrap_or(&link),
        is_whole: whole.is_some(),
    };
    Ok(page(StatusCode::OK, &template))
}

/// Whether he may make one: for what is shown, never for what is done.
pub(super) fn may_make(signed_in: &SignedIn, organization: OrganizationId, person: PrincipalId) -> bool {
    password_reset::may_make(&signed_in.held, &signed_in.caller, organization, person, signed_in.now).is_ok()
}

/// Where one is made.
pub(super) fn path(organization: OrganizationId, person: PrincipalId) -> String {
    format!("/console/organizations/{organization}/users/{person}/reset-link")
}

fn back(organization: OrganizationId, person: PrincipalId) -> String {
    format!("/console/organizations/{organization}/users/{person}")
}

/// A person's name and address.
fn called(signed_in: &SignedIn, person: PrincipalId) -> (String, String) {
    let held = &signed_in.held;
    let name = held.principal(person).map(|view| view.name().to_owned());
    let email = held.person(person).map(|known| known.email.to_string());
    (name.unwrap_or_default(), email.unwrap_or_default())
}

/// What is said to who may not make one.
fn refused(signed_in: &SignedIn, organization: OrganizationId, refusal: &Refusal) -> ErrorPage {
    let is_member = signed_in.view().is_some_and(|view| effective::is_member(&view, organization));
    let name = signed_in.held.organization(organization).map_or("", |known| &known.name);
    let said = match refusal {
        _ if !is_member => return ErrorPage::no_such_organization().inside(signed_in, Place::Own),
        Refusal::NoSuchMember { .. } => ErrorPage::no_such_user(),
        Refusal::PermissionMissing { .. } => {
            ErrorPage::not_allowed(TITLE, &format!("Only owners of {name} make such links."), "Ask one of them.")
        }
        Refusal::NotOwnerEverywhere { .. } => ErrorPage::not_allowed(
            TITLE,
            "This person belongs to organizations whose owner you are not.",
            "A link for them takes an owner of all of their organizations, or the operator of this server.",
        ),
        Refusal::ResetForOneself => ErrorPage::not_allowed(
            TITLE,
            "Nobody makes such a link for themselves.",
            "Change your password on your profile.",
        ),
        Refusal::AddressNotAllowed { .. } => ErrorPage::not_allowed(
            "Not from here",
            "This organization lets nobody in from your address.",
            "Use the network that it allows.",
        ),
        _ => ErrorPage::stale_form(),
    };
    said.inside(signed_in, Place::Organization(organization, OrganizationPage::UsersAndTeams))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::frame::tests::{SCRIPT, frame};

    #[test]
    fn the_link_is_text_and_names_are() {
        let made = Made {
            frame: &frame(true),
            organization: SCRIPT,
            name: SCRIPT,
            back: "/console/x",
            link: "/console/reset/cvr_1_x",
            is_whole: false,
        };
        let text = made.render().expect("a page");
        assert!(!text.contains(SCRIPT) && text.matches("cvr_1_x").count() == 1, "{text}");
        assert!(!text.contains("href=\"/console/reset"), "nobody opens it by mistake: {text}");
        let page = Page {
            frame: &frame(true),
            organization: SCRIPT,
            name: SCRIPT,
            email: SCRIPT,
            path: "/console/x",
            back: "/console/x",
            has_second_factor: true,
        };
        let text = page.render().expect("a page");
        assert!(!text.contains(SCRIPT) && text.contains("second factor stays on"), "{text}");
    }
}
