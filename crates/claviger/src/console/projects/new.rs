//! Making a project.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use claviger_access::Refusal;
use claviger_access::administration::project::{self, CreateProjects, NewProject};
use claviger_access::authorize::{self, Scope, authorize};
use claviger_access::directory::Organization;
use claviger_access::identity::{OrganizationId, ProjectId};
use claviger_access::refusal::MadeBefore;
use claviger_access::text::{DisplayName, TimezoneName};

use super::place;
use crate::api::ids::PathId;
use crate::console::error_page::ErrorPage;
use crate::console::frame::Frame;
use crate::console::mistakes::Mistakes;
use crate::console::notice::Notice;
use crate::console::page::page;
use crate::console::path::At;
use crate::console::place::{OrganizationPage, ProjectPage};
use crate::console::refused::{Wanted, refused, unwritten};
use crate::console::signed_in::SignedIn;
use crate::console::submitted::Submitted;
use crate::console::typed::Typed;
use crate::console::{Console, once, project_slug, words};
use crate::writer::WriteError;

const CREATE: Wanted = Wanted { title: "Create project", deed: "create projects" };

#[derive(Template)]
#[template(path = "console/projects/new.html")]
struct Page<'p> {
    frame: &'p Frame,
    organization: &'p str,
    list: String,
    once: String,
    name: String,
    timezone: String,
    slug: String,
    mistakes: Mistakes,
    command: String,
}

/// The form.
pub(in crate::console) async fn show(
    State(_): State<Console>,
    signed_in: SignedIn,
    At(PathId(organization)): At<PathId<OrganizationId>>,
) -> Result<Response, ErrorPage> {
    let known = permitted(&signed_in, organization)?;
    form(&signed_in, known, StatusCode::OK, &Typed::default(), Mistakes::default())
}

/// Makes it, and leads to its Overview.
pub(in crate::console) async fn create(
    State(console): State<Console>,
    At(PathId(organization)): At<PathId<OrganizationId>>,
    submitted: Submitted,
) -> Result<Response, ErrorPage> {
    let Submitted { signed_in, typed } = submitted;
    let known = permitted(&signed_in, organization)?;
    let key = once::key(signed_in.person, &typed)?;
    let new = match read(&typed) {
        Ok(new) => new,
        Err(mistakes) => return form(&signed_in, known, StatusCode::BAD_REQUEST, &typed, mistakes),
    };
    let strong = format!("{} is there.", new.name.as_str());
    let (caller, command) = (signed_in.caller, CreateProjects { organization, projects: vec![new] });
    let decide = move |draft: &_, moment, _| project::create(draft, &caller, &command, moment);
    let overview = |id: Option<ProjectId>| {
        let list = || OrganizationPage::Projects.path(organization);
        id.map_or_else(list, |id| ProjectPage::Overview.path(id))
    };
    match console.node.writer.create(signed_in.write_request(organization), Some(key), decide).await {
        Ok(made) => {
            let more =
                "It has one workspace, All Project Data. Owners and admins of the organization reach it already.";
            Ok(Notice::done(strong, more).at(&console, &signed_in, &overview(made.first().copied())))
        }
        Err(WriteError::Refused(Refusal::AlreadyCreated { made })) => {
            let id = match made {
                MadeBefore::Other(id) => ProjectId::new(id),
                MadeBefore::CustomRole(_) => None,
            };
            Ok(Notice::warning("This project was created already.", "").at(&console, &signed_in, &overview(id)))
        }
        Err(WriteError::Refused(Refusal::SlugTaken { slug })) => {
            let mistakes = Mistakes::one("slug", project_slug::taken(&slug));
            form(&signed_in, known, StatusCode::CONFLICT, &typed, mistakes)
        }
        Err(WriteError::Refused(Refusal::LimitReached { limit, .. })) => {
            let strong = format!("{} has {} projects, as many as fit.", known.name, words::count(limit));
            let list = OrganizationPage::Projects.path(organization);
            Err(ErrorPage::not_done(
                StatusCode::CONFLICT,
                CREATE.title,
                &strong,
                "Nothing was created. Delete one first.",
            )
            .inside(&signed_in, place(organization))
            .leads_to(&list, "Back to Projects"))
        }
        Err(error) => Err(unwritten(&signed_in, place(organization), &CREATE, &error)),
    }
}

fn permitted(signed_in: &SignedIn, organization: OrganizationId) -> Result<&Organization, ErrorPage> {
    let scope = Scope::Organization(organization);
    let permit = authorize::<authorize::CreateProjects>(&signed_in.held, &signed_in.caller, scope, signed_in.now);
    permit.map_err(|refusal| refused(signed_in, place(organization), &CREATE, &refusal))?;
    signed_in.held.organization(organization).ok_or_else(ErrorPage::no_such_organization)
}

fn read(typed: &Typed) -> Result<NewProject, Mistakes> {
    let mut mistakes = Mistakes::default();
    let name = match typed.one("name").trim() {
        "" => Err("Give it a name.".to_owned()),
        name => DisplayName::parse(name).map_err(|error| format!("The name {error}.")),
    };
    let name = mistakes.take("name", name);
    let timezone = match typed.one("timezone").trim() {
        "" => Ok(TimezoneName::default()),
        zone => TimezoneName::parse(zone).map_err(|error| format!("This {error}.")),
    };
    let timezone = mistakes.take("timezone", timezone);
    let slug = mistakes.take("slug", project_slug::read(typed.one("slug")));
    match (name, timezone, slug) {
        (Some(name), Some(timezone), Some(slug)) => Ok(NewProject { name, timezone, slug }),
        _ => Err(mistakes),
    }
}

fn form(
    signed_in: &SignedIn,
    known: &Organization,
    status: StatusCode,
    typed: &Typed,
    mistakes: Mistakes,
) -> Result<Response, ErrorPage> {
    let frame = Frame::of(signed_in, place(known.id));
    let short = |name: &str| typed.shown(name).chars().take(DisplayName::LENGTH_MAX + 1).collect::<String>();
    let (name, timezone, slug) = (short("name"), short("timezone"), short("slug"));
    let called = if name.is_empty() { "NAME".to_owned() } else { words::shell_word(&name) };
    let zone = if timezone.is_empty() { "UTC".to_owned() } else { timezone };
    let with_slug = match slug.trim() {
        "" => String::new(),
        slug => format!(" --slug {}", words::shell_word(slug)),
    };
    let shown = Page {
        frame: &frame,
        organization: &known.name,
        list: OrganizationPage::Projects.path(known.id),
        once: once::fresh()?,
        command: format!(
            "claviger project create {called} --organization {} --timezone {}{with_slug}",
            known.id,
            words::shell_word(&zone)
        ),
        name,
        timezone: zone,
        slug,
        mistakes,
    };
    Ok(page(status, &shown))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::frame::tests::{SCRIPT, frame};

    #[test]
    fn a_name_is_asked_for_and_a_zone_and_a_slug_must_be_one() {
        let read = |text: &str| read(&Typed::parse(text.as_bytes()).expect("a form"));
        let right = read("name=+Web+shop+&timezone=europe%2Fberlin").expect("a project");
        assert_eq!((right.name.as_str(), right.timezone.as_str()), ("Web shop", "Europe/Berlin"));
        assert_eq!(right.slug, None);
        let right = read("name=Shop&timezone=&slug=+web-shop").expect("a project");
        assert_eq!(right.slug.map(|slug| slug.to_string()).as_deref(), Some("web-shop"));
        let wrong = read("name=+&timezone=Mars&slug=Web").err().expect("mistakes");
        assert!(wrong.of("slug").is_some_and(|text| text.starts_with("The slug contains")), "{:?}", wrong.each());
        assert_eq!(wrong.of("name"), Some("Give it a name."));
        assert!(
            wrong.of("timezone").is_some_and(|text| text.starts_with("This is no time zone")),
            "{:?}",
            wrong.each()
        );
    }

    #[test]
    fn what_was_typed_is_text_and_stays() {
        let frame = frame(true);
        let text = Page {
            frame: &frame,
            organization: SCRIPT,
            list: "/console/x".to_owned(),
            once: "0".repeat(32),
            name: SCRIPT.to_owned(),
            timezone: SCRIPT.to_owned(),
            slug: SCRIPT.to_owned(),
            mistakes: Mistakes::one("timezone", SCRIPT),
            command: SCRIPT.to_owned(),
        };
        let text = text.render().expect("a page");
        assert_eq!(text.matches("<script").count(), 1, "the script of the page itself: {text}");
        assert!(text.contains("id=\"timezone-e\"") && text.contains("<title>Error: "), "{text}");
    }
}
