//! Making a team.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use claviger_access::Refusal;
use claviger_access::administration::team::{self, CreateTeams};
use claviger_access::directory::Organization;
use claviger_access::identity::{OrganizationId, TeamId};
use claviger_access::refusal::MadeBefore;
use claviger_access::text::DisplayName;

use super::refusals::unwritten_there;
use super::{path, permitted};
use crate::api::failure::status_of;
use crate::api::ids::PathId;
use crate::console::error_page::ErrorPage;
use crate::console::frame::Frame;
use crate::console::mistakes::Mistakes;
use crate::console::notice::Notice;
use crate::console::page::page;
use crate::console::path::At;
use crate::console::refused::Wanted;
use crate::console::signed_in::SignedIn;
use crate::console::submitted::Submitted;
use crate::console::typed::Typed;
use crate::console::{Console, once, users_teams, words};
use crate::writer::WriteError;

const CREATE: Wanted = Wanted { title: "Create team", deed: "create teams" };

#[derive(Template)]
#[template(path = "console/teams/new.html")]
struct Page<'p> {
    frame: &'p Frame,
    organization: &'p str,
    list: String,
    action: String,
    once: String,
    name: String,
    mistakes: Mistakes,
    command: String,
}

/// The form.
pub(in crate::console) async fn show(
    State(_): State<Console>,
    signed_in: SignedIn,
    At(PathId(organization)): At<PathId<OrganizationId>>,
) -> Result<Response, ErrorPage> {
    let (_, known) = permitted(&signed_in, organization, &CREATE)?;
    form(&signed_in, known, StatusCode::OK, &Typed::default(), Mistakes::default())
}

/// Makes it, and leads to its page.
pub(in crate::console) async fn create(
    State(console): State<Console>,
    At(PathId(organization)): At<PathId<OrganizationId>>,
    submitted: Submitted,
) -> Result<Response, ErrorPage> {
    let Submitted { signed_in, typed } = submitted;
    let (_, known) = permitted(&signed_in, organization, &CREATE)?;
    let key = once::key(signed_in.person, &typed)?;
    let name = match read(typed.one("name")) {
        Ok(name) => name,
        Err(text) => {
            let mistakes = Mistakes::one("name", text);
            return form(&signed_in, known, StatusCode::BAD_REQUEST, &typed, mistakes);
        }
    };
    let (caller, command) = (signed_in.caller, CreateTeams { organization, names: vec![name.clone()] });
    let decide = move |draft: &_, moment, _| team::create(draft, &caller, &command, moment);
    match console.node.writer.create(signed_in.write_request(organization), Some(key), decide).await {
        Ok(made) => {
            let to = made.first().map_or_else(|| users_teams::path(organization), |id| path(organization, *id));
            let notice = Notice::done(format!("{} is there.", name.as_str()), "Add members, and grant it access.");
            Ok(notice.at(&console, &signed_in, &to))
        }
        Err(WriteError::Refused(Refusal::AlreadyCreated { made })) => {
            let id = match made {
                MadeBefore::Other(id) => TeamId::new(id),
                MadeBefore::CustomRole(_) => None,
            };
            let to = id.map_or_else(|| users_teams::path(organization), |id| path(organization, id));
            Ok(Notice::warning("This team was created already.", "").at(&console, &signed_in, &to))
        }
        Err(WriteError::Refused(refusal)) if is_about_the_name(&refusal) => {
            let mistakes = Mistakes::one("name", taken(&known.name, name.as_str()));
            form(&signed_in, known, status_of(&refusal), &typed, mistakes)
        }
        Err(error) => Err(unwritten_there(&signed_in, (organization, None), &CREATE, &error)),
    }
}

/// A name for a team, or what is wrong with it.
pub(super) fn read(typed: &str) -> Result<DisplayName, String> {
    match typed.trim() {
        "" => Err("Give it a name.".to_owned()),
        typed => DisplayName::parse(typed).map_err(|error| format!("The name {error}.")),
    }
}

pub(super) fn is_about_the_name(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::TeamNameTaken { .. })
}

pub(super) fn taken(organization: &str, name: &str) -> String {
    format!("{organization} has a team called {name}. Choose another name.")
}

fn form(
    signed_in: &SignedIn,
    known: &Organization,
    status: StatusCode,
    typed: &Typed,
    mistakes: Mistakes,
) -> Result<Response, ErrorPage> {
    let frame = Frame::of(signed_in, users_teams::place(known.id));
    let name: String = typed.shown("name").chars().take(DisplayName::LENGTH_MAX + 1).collect();
    let shown = if name.is_empty() { "NAME".to_owned() } else { words::shell_word(&name) };
    let page_shown = Page {
        frame: &frame,
        organization: &known.name,
        list: format!("{}?view=teams", users_teams::path(known.id)),
        action: format!("/console/organizations/{}/teams", known.id),
        once: once::fresh()?,
        name,
        mistakes,
        command: format!("claviger team create {shown} --organization {}", known.id),
    };
    Ok(page(status, &page_shown))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::frame::tests::{SCRIPT, frame};

    #[test]
    fn what_was_typed_is_text_and_stays() {
        let frame = frame(true);
        let text = Page {
            frame: &frame,
            organization: SCRIPT,
            list: "/console/x".to_owned(),
            action: "/console/x".to_owned(),
            once: "0".repeat(32),
            name: SCRIPT.to_owned(),
            mistakes: Mistakes::one("name", taken(SCRIPT, SCRIPT)),
            command: SCRIPT.to_owned(),
        };
        let text = text.render().expect("a page");
        assert_eq!(text.matches("<script").count(), 1, "the script of the page itself: {text}");
        assert!(text.contains("value=\"&#60;script&#62;") && text.contains("Nothing was created. One thing"), "{text}");
        assert_eq!(read("  "), Err("Give it a name.".to_owned()));
        assert!(read("a\u{202e}b").is_err() && read(" Data ").is_ok());
    }
}
