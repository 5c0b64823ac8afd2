//! The Projects page of an organization: those that who is signed in reaches, with his role on each.

pub(super) mod new;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use claviger_access::Directory;
use claviger_access::authorize::{CreateProjects, Scope, see_organization};
use claviger_access::directory::{Organization, Project};
use claviger_access::effective::{self, ReachedProject};
use claviger_access::identity::OrganizationId;

use super::error_page::ErrorPage;
use super::frame::Frame;
use super::listing::{Cut, Listing, PAGE_LENGTH, cut};
use super::page::page;
use super::path::At;
use super::place::{OrganizationPage, Place, ProjectPage, may};
use super::refused::{Wanted, refused};
use super::search::finds;
use super::signed_in::SignedIn;
use super::{Console, words};
use crate::api::ids::PathId;

const SEE: Wanted = Wanted { title: "Projects", deed: "see its projects" };

fn place(organization: OrganizationId) -> Place {
    Place::Organization(organization, OrganizationPage::Projects)
}

/// A project.
struct Row {
    path: String,
    name: String,
    /// His role on all of it; `None` where he reaches some of its workspaces alone.
    role: Option<String>,
    workspaces: String,
    /// The role that every member of the organization has.
    default_access: Option<String>,
}

impl Row {
    fn of(directory: &Directory, project: &Project, reached: &ReachedProject) -> Self {
        let number = i64::try_from(reached.workspaces.len()).unwrap_or(i64::MAX);
        let open = project.default_access.and_then(|grant| grant.granted().project_role());
        Self {
            path: ProjectPage::Overview.path(project.id),
            name: project.name.clone(),
            role: reached.role.map(|role| words::project_role(directory, role)),
            workspaces: words::several(number, "workspace"),
            default_access: open.map(|role| words::project_role(directory, role)),
        }
    }
}

#[derive(Template)]
#[template(path = "console/projects.html")]
struct Page<'p> {
    frame: &'p Frame,
    organization: &'p str,
    path: &'p str,
    /// How many he reaches.
    all: String,
    search: String,
    projects: Cut<Row>,
    may_create: bool,
    command: String,
}

/// The page.
pub(super) async fn list(
    State(_): State<Console>,
    signed_in: SignedIn,
    At(PathId(organization)): At<PathId<OrganizationId>>,
    listing: Listing,
) -> Result<Response, ErrorPage> {
    let (held, now) = (&signed_in.held, signed_in.now);
    let permit = see_organization(held, &signed_in.caller, organization, now);
    permit.map_err(|refusal| refused(&signed_in, place(organization), &SEE, &refusal))?;
    let known = held.organization(organization).ok_or_else(ErrorPage::no_such_organization)?;
    let path = OrganizationPage::Projects.path(organization);
    let frame = Frame::of(&signed_in, place(organization));
    Ok(page(StatusCode::OK, &Page::of(&signed_in, &frame, known, &path, &listing)))
}

impl<'p> Page<'p> {
    fn of(
        signed_in: &'p SignedIn,
        frame: &'p Frame,
        known: &'p Organization,
        path: &'p str,
        listing: &Listing,
    ) -> Self {
        let (held, search) = (&signed_in.held, listing.text("search"));
        // The command line searches no projects.
        let has_search = !search.is_empty();
        let view = signed_in.view();
        let reached = view.map(|view| effective::reach(held, &view, known.id)).unwrap_or_default();
        let rows = reached.iter().filter_map(|(id, reached)| Some((held.project(*id)?, reached)));
        let is_called = |project: &Project| project.slug.as_ref().is_some_and(|slug| finds(&search, slug.as_str()));
        let found = rows.filter(|(project, _)| finds(&search, &project.name) || is_called(project));
        let found = found.map(|(project, reached)| (project.id.number(), (project, reached))).collect();
        let Cut { rows, pages } = cut(listing, path, "cursor", PAGE_LENGTH, found);
        Self {
            frame,
            organization: &known.name,
            path,
            all: words::count(reached.len()),
            search,
            projects: Cut {
                rows: rows.into_iter().map(|(project, reached)| Row::of(held, project, reached)).collect(),
                pages,
            },
            may_create: may::<CreateProjects>(signed_in, Scope::Organization(known.id)),
            command: match has_search {
                true => String::new(),
                false => format!("claviger project list --organization {}", known.id),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::frame::tests::{SCRIPT, frame};

    fn rendered(named: &'static str, number: u64, may_create: bool) -> String {
        let frame = frame(true);
        let row = |id: u64| Row {
            path: format!("/console/projects/{id}/overview"),
            name: named.to_owned(),
            role: id.is_multiple_of(2).then(|| named.to_owned()),
            workspaces: "12 workspaces".to_owned(),
            default_access: Some(named.to_owned()),
        };
        let path = "/console/organizations/7/projects";
        let rows = (1..=number).map(|id| (id, row(id))).collect();
        let page = Page {
            frame: &frame,
            organization: named,
            path,
            all: words::count(number as usize),
            search: named.to_owned(),
            projects: cut(&Listing::default(), path, "cursor", PAGE_LENGTH, rows),
            may_create,
            command: named.to_owned(),
        };
        page.render().expect("a page")
    }

    #[test]
    fn whatever_it_names_is_text_and_thousands_are_small() {
        for number in [0, 3, 10_000] {
            let text = rendered(SCRIPT, number, true);
            assert_eq!(text.matches("<script").count(), 1, "the script of the page itself: {text}");
            assert!(text.len() < 50_000, "{number}: {} bytes", text.len());
        }
        assert!(rendered(SCRIPT, 10_000, true).contains("1 to 25 of 10,000"));
    }

    #[test]
    fn who_may_not_create_sees_no_button() {
        assert!(rendered("Acme", 3, true).contains("Create project"));
        assert!(!rendered("Acme", 3, false).contains("Create project"));
    }
}
