//! Leaving an organization: first what that ends, then it is done.
//!
//! Everybody may, also who manages nobody there; the rules know it, and keep the last owner.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use claviger_access::Refusal;
use claviger_access::administration::membership;
use claviger_access::directory::{Draft, Organization, PrincipalView};
use claviger_access::effective;
use claviger_access::identity::OrganizationId;

use crate::api::failure::status_of;
use crate::api::ids::PathId;
use crate::clock;
use crate::console::above_own::told;
use crate::console::consequences::{Consequences, FIELD};
use crate::console::error_page::ErrorPage;
use crate::console::frame::{Frame, Link};
use crate::console::notice::Notice;
use crate::console::page::page;
use crate::console::path::At;
use crate::console::place::Place;
use crate::console::refused::{Wanted, refused};
use crate::console::signed_in::SignedIn;
use crate::console::submitted::Submitted;
use crate::console::typed_name::is_typed;
use crate::console::users_teams::removal::{lost, teams_left};
use crate::console::{Console, sign_in, users_teams, words};
use crate::writer::WriteError;

const LEAVE: Wanted = Wanted { title: "Leave the organization", deed: "leave it" };

/// Where it is.
pub(in crate::console) fn path(organization: OrganizationId) -> String {
    format!("/console/profile/organizations/{organization}/leave")
}

/// For who has left the last one of his, and is signed in no more.
#[derive(Template)]
#[template(path = "console/profile_left.html")]
struct Left<'p> {
    organization: &'p str,
    at: String,
}

/// The page before.
pub(in crate::console) async fn show(
    State(_): State<Console>,
    signed_in: SignedIn,
    At(PathId(organization)): At<PathId<OrganizationId>>,
) -> Result<Response, ErrorPage> {
    let (known, view) = found(&signed_in, organization)?;
    Ok(consequences(&signed_in, known, &view, None))
}

/// Takes him out.
pub(in crate::console) async fn leave(
    State(console): State<Console>,
    At(PathId(organization)): At<PathId<OrganizationId>>,
    submitted: Submitted,
) -> Result<Response, ErrorPage> {
    let Submitted { signed_in, typed } = submitted;
    let (known, view) = found(&signed_in, organization)?;
    if !is_typed(typed.one(FIELD), &known.name) {
        let error = format!("That is not the name. Type {}.", known.name);
        return Ok(consequences(&signed_in, known, &view, Some(error)));
    }
    let is_last = is_last(&view);
    let (caller, person, things) = (signed_in.caller, view.id(), view.grants().len() + view.teams().len());
    let decide = move |draft: &_, moment, _| membership::remove(draft, &caller, organization, person, moment);
    let request = signed_in.write_request(organization).of_many(things);
    let done = console.node.writer.perform(request, decide).await;
    done.map_err(|error| match &error {
        WriteError::Refused(refusal) => stays(&signed_in, organization, refusal),
        other => ErrorPage::unwritten(other, &signed_in.origin).inside(&signed_in, Place::Own),
    })?;
    let at = words::time(clock::now().seconds());
    if is_last {
        let left = page(StatusCode::OK, &Left { organization: &known.name, at });
        return Ok(sign_in::signed_out(&console, left));
    }
    let more = format!("Every role and team of yours there ended as of {at} UTC.");
    Ok(Notice::done(format!("You have left {}.", known.name), more).at(&console, &signed_in, super::PATH))
}

/// The organization, if he may leave it; why not, otherwise.
fn found(signed_in: &SignedIn, organization: OrganizationId) -> Result<(&Organization, PrincipalView<'_>), ErrorPage> {
    let (draft, person) = (Draft::on(&signed_in.held), signed_in.person);
    membership::remove(&draft, &signed_in.caller, organization, person, signed_in.now)
        .and_then(|_| membership::find(&signed_in.held, organization, person))
        .map_err(|refusal| stays(signed_in, organization, &refusal))
        .and_then(|view| {
            let known = signed_in.held.organization(organization).ok_or_else(ErrorPage::no_such_organization)?;
            Ok((known, view))
        })
}

/// Why he does not leave.
fn stays(signed_in: &SignedIn, organization: OrganizationId, refusal: &Refusal) -> ErrorPage {
    let known = signed_in.held.organization(organization).zip(told(signed_in, refusal));
    let Some((known, strong)) = known else { return refused(signed_in, Place::Own, &LEAVE, refusal) };
    ErrorPage::not_done(status_of(refusal), LEAVE.title, &strong, "Nothing was changed.")
        .in_place_of(format!("Leave {}", known.name), vec![profile()])
        .leads_to(&users_teams::path(organization), "Open Users & Teams")
        .inside(signed_in, Place::Own)
}

fn profile() -> Link {
    Link { path: super::PATH.to_owned(), text: "Profile".to_owned(), is_current: false }
}

fn is_last(view: &PrincipalView<'_>) -> bool {
    effective::organizations(view).len() == 1
}

fn consequences(
    signed_in: &SignedIn,
    known: &Organization,
    view: &PrincipalView<'_>,
    error: Option<String>,
) -> Response {
    let (frame, lost) = (Frame::of(signed_in, Place::Own), lost(signed_in, known, view));
    Consequences {
        frame: &frame,
        organization: &known.name,
        title: format!("Leave {}", known.name),
        sub: "You, and nobody else.".to_owned(),
        crumbs: vec![profile()],
        warning: is_last(view).then(|| "It is the only organization you belong to. You will be signed out.".to_owned()),
        lost,
        also: also(signed_in, known, view),
        action: path(known.id),
        asks: format!("Type {} to leave it", known.name),
        error,
        button: format!("Leave {}", known.name),
        keep: Link { path: super::PATH.to_owned(), text: "Stay".to_owned(), is_current: false },
        // People have no credential for the command line.
        command: String::new(),
    }
    .page()
}

/// What else goes, and what stays.
fn also(signed_in: &SignedIn, known: &Organization, view: &PrincipalView<'_>) -> Vec<String> {
    let teams = teams_left(&signed_in.held, known.id, view).map(|teams| format!("You leave {teams}."));
    let elsewhere = match is_last(view) {
        true => "Every session of yours ends, and nobody signs in with your e-mail address.",
        false => "What you were granted in other organizations stays.",
    };
    let fixed = [
        elsewhere,
        "Service accounts that you created stay, and go on working.",
        "Those that you looked after have no owner until somebody is named.",
        "The history stays in the audit log.",
        "Only an invitation brings you back, and with the roles that it names.",
    ];
    teams.into_iter().chain(fixed.map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::frame::tests::SCRIPT;

    #[test]
    fn what_was_left_is_text_whatever_it_is_called() {
        let text = Left { organization: SCRIPT, at: "20:15:03".to_owned() }.render().expect("a page");
        assert!(!text.contains("<script>alert") && text.contains("20:15:03 UTC"), "{text}");
        assert_eq!(text.matches("<h1").count(), 1, "{text}");
    }
}
