//! The Access Security page: what the organization demands of its service accounts, and where and how calls come; one rule
//! a row, with whom it would touch today.
//!
//! What a rule allows is judged by the rules themselves, also that nobody locks himself out. Only what was changed on the
//! page is sent on, so that of two people who save at once neither undoes what the other did.

mod form;
mod today;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use claviger_access::administration::policy;
use claviger_access::authorize::{ManagePolicies, ReadAuditLog, Scope, authorize};
use claviger_access::directory::Organization;
use claviger_access::identity::OrganizationId;
use claviger_access::policy::{Addresses, NamePattern, Policy, SecretsMax};
use claviger_access::{Permit, Refusal};

use self::form::Form;
use self::today::Today;
use super::error_page::ErrorPage;
use super::frame::Frame;
use super::grantable::Choice;
use super::mistakes::Mistakes;
use super::notice::Notice;
use super::page::page;
use super::path::At;
use super::place::{OrganizationPage, Place};
use super::refused::{Wanted, refused, unwritten};
use super::signed_in::SignedIn;
use super::submitted::Submitted;
use super::{Console, words};
use crate::api::failure::status_of;
use crate::api::ids::PathId;
use crate::clock;
use crate::store::audit_log::{ActionFilter, EventFilter};
use crate::writer::WriteError;

const SEE: Wanted = Wanted { title: "Access Security", deed: "see and change its rules" };

/// What is recorded when rules were changed.
const CHANGED: &str = "organization.policy_updated";

#[derive(Template)]
#[template(path = "console/access_security.html")]
struct Page<'p> {
    frame: &'p Frame,
    organization: &'p str,
    path: String,
    accounts: String,
    form: Form,
    lifetimes: Vec<Choice>,
    secrets: Vec<Choice>,
    today: Today,
    /// Who changed the rules last, and when.
    changed: Option<String>,
    /// Where who is signed in comes from.
    from: Option<String>,
    /// A refusal that is about the rules together.
    refused: Option<String>,
    mistakes: Mistakes,
    command: String,
}

/// The page.
pub(super) async fn show(
    State(console): State<Console>,
    signed_in: SignedIn,
    At(PathId(organization)): At<PathId<OrganizationId>>,
) -> Result<Response, ErrorPage> {
    let (_, known) = permitted(&signed_in, organization)?;
    let form = Form::of(&known.policy);
    shown(&console, &signed_in, known, StatusCode::OK, form, Said::default()).await
}

/// What is wrong with what was sent.
#[derive(Default)]
struct Said {
    mistakes: Mistakes,
    refused: Option<String>,
}

/// Saves the rules.
pub(super) async fn save(
    State(console): State<Console>,
    At(PathId(organization)): At<PathId<OrganizationId>>,
    submitted: Submitted,
) -> Result<Response, ErrorPage> {
    let Submitted { signed_in, typed } = submitted;
    let (_, known) = permitted(&signed_in, organization)?;
    let seen = &known.policy;
    let form = Form::typed(&typed);
    if form.seen != form::mark(seen) {
        let strong = "The rules were changed meanwhile. Here is what they say now; nothing of yours was saved.";
        let said = Said { refused: Some(strong.to_owned()), ..Said::default() };
        return shown(&console, &signed_in, known, StatusCode::CONFLICT, Form::of(seen), said).await;
    }
    let change = match form.change(seen) {
        Ok(change) => change,
        Err(mistakes) => {
            let said = Said { mistakes, ..Said::default() };
            return shown(&console, &signed_in, known, StatusCode::BAD_REQUEST, form, said).await;
        }
    };
    let caller = signed_in.caller;
    let decide = move |draft: &_, moment, _| policy::change(draft, &caller, organization, &change, moment);
    match console.node.writer.perform(signed_in.write_request(organization), decide).await {
        Ok(()) => {
            let more = format!("They count as of {} UTC.", words::time(clock::now().seconds()));
            let path = OrganizationPage::AccessSecurity.path(organization);
            Ok(Notice::done("The rules were saved.", more).at(&console, &signed_in, &path))
        }
        Err(WriteError::Refused(refusal @ Refusal::WouldLockOut { .. })) => {
            let said = Said { mistakes: Mistakes::one("ranges", locked_out(&signed_in)), refused: None };
            shown(&console, &signed_in, known, status_of(&refusal), form, said).await
        }
        Err(error) => Err(unwritten(&signed_in, place(organization), &SEE, &error)),
    }
}

/// Only the addresses can lock out who comes by a session.
fn locked_out(signed_in: &SignedIn) -> String {
    let from =
        signed_in.origin.address.map_or_else(|| "an address that is not known".to_owned(), |from| from.to_string());
    format!(
        "This would lock you out: you come from {from}, which is in none of these ranges. Add a range that holds it."
    )
}

fn place(organization: OrganizationId) -> Place {
    Place::Organization(organization, OrganizationPage::AccessSecurity)
}

fn permitted(
    signed_in: &SignedIn,
    organization: OrganizationId,
) -> Result<(Permit<ManagePolicies>, &Organization), ErrorPage> {
    let scope = Scope::Organization(organization);
    let permit = authorize::<ManagePolicies>(&signed_in.held, &signed_in.caller, scope, signed_in.now);
    let permit = permit.map_err(|refusal| refused(signed_in, place(organization), &SEE, &refusal))?;
    let known = signed_in.held.organization(organization).ok_or_else(ErrorPage::no_such_organization)?;
    Ok((permit, known))
}

async fn shown(
    console: &Console,
    signed_in: &SignedIn,
    known: &Organization,
    status: StatusCode,
    form: Form,
    said: Said,
) -> Result<Response, ErrorPage> {
    let organization = known.id;
    let unread = |error| ErrorPage::unread(&error, &signed_in.origin).inside(signed_in, place(organization));
    let today = Today::of(console, signed_in, known).await.map_err(unread)?;
    let changed = changed(console, signed_in, organization).await.map_err(unread)?;
    let show = || format!("claviger policy show --organization {organization}");
    let command = form.command(organization).unwrap_or_else(show);
    let frame = Frame::of(signed_in, place(organization));
    let path = OrganizationPage::AccessSecurity.path(organization);
    let shown = Page {
        frame: &frame,
        organization: &known.name,
        accounts: format!("/console/organizations/{organization}/service-accounts"),
        path,
        lifetimes: form.lifetimes(),
        secrets: form.secrets_choices(),
        form,
        today,
        changed,
        from: signed_in.origin.address.map(|address| address.to_string()),
        refused: said.refused,
        mistakes: said.mistakes,
        command,
    };
    Ok(page(status, &shown))
}

/// Who changed the rules last, if the audit log still tells, and he may read it.
async fn changed(
    console: &Console,
    signed_in: &SignedIn,
    organization: OrganizationId,
) -> Result<Option<String>, crate::store::StoreError> {
    let scope = Scope::Organization(organization);
    let permit = authorize::<ReadAuditLog>(&signed_in.held, &signed_in.caller, scope, signed_in.now);
    let Ok(permit) = permit else { return Ok(None) };
    let filter = EventFilter { action: Some(ActionFilter::Named(CHANGED.to_owned())), ..EventFilter::default() };
    let events = console.node.store.audit_log(&permit, &filter, None, 1).await?;
    Ok(events.first().map(|event| {
        let who = event.actor_name.as_deref().unwrap_or("the operator");
        let ago = words::ago(event.made_at, signed_in.now.seconds());
        format!("Last changed by {who}, {ago}, on {}.", words::date(event.made_at))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::frame::tests::{SCRIPT, frame};

    fn rendered(form: Form, mistakes: Mistakes) -> String {
        let frame = frame(true);
        let page = Page {
            frame: &frame,
            organization: SCRIPT,
            path: "/console/organizations/7/access-security".to_owned(),
            accounts: "/console/organizations/7/service-accounts".to_owned(),
            lifetimes: form.lifetimes(),
            secrets: form.secrets_choices(),
            form,
            today: Today::counted(214, 118, 9, 3),
            changed: Some(format!("Last changed by {SCRIPT}, today.")),
            from: Some("10.20.4.17".to_owned()),
            refused: Some(SCRIPT.to_owned()),
            mistakes,
            command: SCRIPT.to_owned(),
        };
        page.render().expect("a page")
    }

    #[test]
    fn whatever_was_typed_is_text_and_each_rule_says_whom_it_touches() {
        let mut form = Form::of(&Policy::default());
        (form.pattern, form.ranges, form.days) = (SCRIPT.to_owned(), SCRIPT.to_owned(), SCRIPT.to_owned());
        let text = rendered(form, Mistakes::one("ranges", SCRIPT));
        assert_eq!(text.matches("<script").count(), 1, "the script of the page itself: {text}");
        assert!(text.len() < 50_000);
        for part in [
            "118 of 214 accounts have no expiry. A limit binds new secrets only.",
            "9 of 214 names do not match and stay as they are.",
            "3 of 214 accounts hold more than one secret.",
            "You come from 10.20.4.17.",
            "aria-describedby=\"ranges-e\"",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        assert_eq!(text.matches("<button class=\"btn go\">").count(), 1, "one Save");
    }
}
