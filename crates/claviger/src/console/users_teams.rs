//! The Users & Teams page of an organization: its people, its teams, and who is invited.
//!
//! The page shows the first of each; a view shows all of one kind, page by page. What is done from here has files of its
//! own: inviting, the page of one person, taking him out. A team's page is in [`teams`](super::teams).

pub(super) mod invitations;
pub(super) mod invite;
pub(super) mod person;
pub(super) mod removal;
pub(super) mod rows;
mod sent;
mod signs_in;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use claviger_access::Permit;
use claviger_access::authorize::{ManageMembers, ManageTeams, Scope, authorize};
use claviger_access::directory::{Draft, Organization};
use claviger_access::identity::OrganizationId;
use claviger_access::role::OrganizationRole;

use self::rows::{Invited, Person, Team};
use super::error_page::ErrorPage;
use super::frame::Frame;
use super::grantable::Choice;
use super::listing::{Cut, Listing, PAGE_LENGTH, cut};
use super::page::page;
use super::path::At;
use super::place::{OrganizationPage, Place, may};
use super::refused::{Wanted, refused};
use super::search::finds;
use super::signed_in::SignedIn;
use super::{Console, words};
use crate::api::ids::PathId;

const SEE: Wanted = Wanted { title: "Users & Teams", deed: "see its users and teams" };

/// So many teams and invitations are on the page that shows all three.
const FIRST: usize = 10;

/// Which of the three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum View {
    All,
    Teams,
    Invitations,
}

impl View {
    fn read(name: &str) -> Self {
        match name {
            "teams" => Self::Teams,
            "invitations" => Self::Invitations,
            _ => Self::All,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::All => "",
            Self::Teams => "teams",
            Self::Invitations => "invitations",
        }
    }
}

/// Where the page is.
pub(super) fn place(organization: OrganizationId) -> Place {
    Place::Organization(organization, OrganizationPage::UsersAndTeams)
}

pub(super) fn path(organization: OrganizationId) -> String {
    OrganizationPage::UsersAndTeams.path(organization)
}

/// Who may see and do what is here, with the organization.
fn permitted<'s>(
    signed_in: &'s SignedIn,
    organization: OrganizationId,
    wanted: &Wanted,
) -> Result<(Permit<ManageMembers>, &'s Organization), ErrorPage> {
    let scope = Scope::Organization(organization);
    let permit = authorize::<ManageMembers>(&signed_in.held, &signed_in.caller, scope, signed_in.now);
    let permit = permit.map_err(|refusal| refused(signed_in, place(organization), wanted, &refusal))?;
    let known = signed_in.held.organization(organization).ok_or_else(ErrorPage::no_such_organization)?;
    Ok((permit, known))
}

#[derive(Template)]
#[template(path = "console/users_teams.html")]
struct Page<'p> {
    frame: &'p Frame,
    organization: &'p str,
    path: &'p str,
    /// Where what is made and changed from here is sent.
    base: String,
    view: View,
    people_count: String,
    team_count: String,
    invited_count: String,
    search: String,
    /// The roles that the list of people can be narrowed to.
    roles: Vec<Choice>,
    people: Option<Cut<Person>>,
    /// `None` also for who does not manage teams.
    teams: Option<Cut<Team>>,
    manages_teams: bool,
    invited: Option<Cut<Invited>>,
    command: String,
}

/// The page.
pub(super) async fn list(
    State(console): State<Console>,
    signed_in: SignedIn,
    At(PathId(organization)): At<PathId<OrganizationId>>,
    listing: Listing,
) -> Result<Response, ErrorPage> {
    let (_, known) = permitted(&signed_in, organization, &SEE)?;
    let frame = Frame::of(&signed_in, place(organization));
    Ok(page(StatusCode::OK, &Page::of(&console, &signed_in, &frame, known, &path(organization), &listing)))
}

impl<'p> Page<'p> {
    fn of(
        console: &Console,
        signed_in: &'p SignedIn,
        frame: &'p Frame,
        known: &'p Organization,
        path: &'p str,
        listing: &Listing,
    ) -> Self {
        let view = View::read(listing.value("view"));
        let search = listing.text("search");
        let role = OrganizationRole::parse(listing.value("role"));
        let manages_teams = may::<ManageTeams>(signed_in, Scope::Organization(known.id));
        let shows = |asked: View| view == View::All || view == asked;
        let teams = (manages_teams && shows(View::Teams)).then(|| teams(signed_in, known, path, listing, view));
        let command = match view {
            View::All => "member list",
            View::Teams => "team list",
            View::Invitations => "invitation list",
        };
        let sought =
            if search.is_empty() { String::new() } else { format!(" --search {}", words::shell_word(&search)) };
        Self {
            frame,
            organization: &known.name,
            path,
            base: format!("/console/organizations/{}", known.id),
            view,
            people_count: words::count(known.people.len()),
            team_count: words::count(known.teams.len()),
            invited_count: words::count(known.invitations.len()),
            roles: narrowing(role),
            people: (view == View::All).then(|| people(console, signed_in, known, path, listing, role)),
            teams,
            manages_teams,
            invited: shows(View::Invitations).then(|| invited(signed_in, known, path, listing, view)),
            // It narrows to no role.
            command: match role {
                Some(_) => String::new(),
                None => format!("claviger {command} --organization {}{sought}", known.id),
            },
            search,
        }
    }

    /// Whether the list of one kind is all that is shown.
    fn is_of(&self, name: &str) -> bool {
        self.view.name() == name
    }

    /// How many of a kind are on the page that shows all three.
    fn first(&self) -> usize {
        FIRST
    }
}

fn narrowing(role: Option<OrganizationRole>) -> Vec<Choice> {
    let each = OrganizationRole::ALL.into_iter().rev().map(|each| Choice {
        value: each.name().to_owned(),
        text: words::role(each).to_owned(),
        is_chosen: Some(each) == role,
    });
    each.collect()
}

fn people(
    console: &Console,
    signed_in: &SignedIn,
    known: &Organization,
    path: &str,
    listing: &Listing,
    role: Option<OrganizationRole>,
) -> Cut<Person> {
    let (held, search) = (&signed_in.held, listing.text("search"));
    let views = known.people.iter().filter_map(|id| held.principal(*id));
    let found = views.filter(|view| rows::is_sought(held, known.id, view, &search, role));
    let found = found.map(|view| (view.id().number(), view)).collect();
    let Cut { rows, pages } = cut(listing, path, "cursor", PAGE_LENGTH, found);
    let shown =
        rows.iter().map(|view| Person::of(held, &console.node.last_seen, known.id, view, signed_in.now.seconds()));
    Cut { rows: shown.collect(), pages }
}

fn teams(signed_in: &SignedIn, known: &Organization, path: &str, listing: &Listing, view: View) -> Cut<Team> {
    let held = &signed_in.held;
    let (length, search) = match view {
        View::Teams => (PAGE_LENGTH, listing.text("search")),
        _ => (FIRST, String::new()),
    };
    let found = known.teams.iter().filter_map(|id| held.team(*id)).filter(|team| finds(&search, &team.name));
    let found = found.map(|team| (team.id.number(), team)).collect();
    let listing = if view == View::All { &Listing::default() } else { listing };
    let Cut { rows, pages } = cut(listing, path, "cursor", length, found);
    Cut { rows: rows.into_iter().map(|team| Team::of(held, team)).collect(), pages }
}

fn invited(signed_in: &SignedIn, known: &Organization, path: &str, listing: &Listing, view: View) -> Cut<Invited> {
    let held = &signed_in.held;
    let (length, search) = match view {
        View::Invitations => (PAGE_LENGTH, listing.text("search")),
        _ => (FIRST, String::new()),
    };
    let found = known.invitations.iter().filter_map(|id| held.invitation(*id));
    let found = found.filter(|invitation| finds(&search, invitation.email.as_str()));
    let found = found.map(|invitation| (invitation.id.number(), invitation)).collect();
    let listing = if view == View::All { &Listing::default() } else { listing };
    let Cut { rows, pages } = cut(listing, path, "cursor", length, found);
    let draft = Draft::on(held);
    Cut { rows: rows.into_iter().map(|invitation| Invited::of(signed_in, &draft, invitation)).collect(), pages }
}

#[cfg(test)]
mod tests {
    use super::signs_in::SignsIn;
    use super::*;
    use crate::console::frame::tests::{SCRIPT, frame};
    use crate::console::listing::Pages;

    fn pages() -> Pages {
        let address = || Some("/console/organizations/7/users-teams?cursor=after.12345".to_owned());
        Pages { range: "26 to 50 of 1,031".to_owned(), previous: address(), next: address(), length: 25 }
    }

    fn person(number: usize) -> Person {
        Person {
            path: format!("/console/organizations/7/users/{number}"),
            name: format!("Ada Lovelace the {number}th"),
            initials: "AL".to_owned(),
            sub: format!("ada.lovelace.{number}@acme.example · Data platform, On call and 3 more"),
            role: "Owner",
            is_high: true,
            signs_in: SignsIn::PasswordOnly,
            last_seen: Some("5 minutes ago".to_owned()),
        }
    }

    fn team(number: usize) -> Team {
        Team {
            path: format!("/console/organizations/7/teams/{number}"),
            name: format!("Data platform {number}"),
            members: "6 people, 11 service accounts".to_owned(),
            grants: "Web shop Analyst, Data warehouse Admin, and 2 more".to_owned(),
        }
    }

    fn invited(number: u64) -> Invited {
        Invited {
            id: number,
            email: format!("tn.{number}@acme.example"),
            invited: "invited by Ada Lovelace 24 Nov 2026".to_owned(),
            role: "Member",
            until: "27 Nov 2026, 14:02 UTC".to_owned(),
            has_lapsed: number.is_multiple_of(2),
            may_be_sent_again: true,
            may_be_withdrawn: true,
        }
    }

    fn rendered(view: View, rows: usize, named: Option<&'static str>) -> String {
        let frame = frame(true);
        let or = |text: String| named.map_or(text, str::to_owned);
        let people = (1..=rows).map(person).map(|row| Person { name: or(row.name), sub: or(row.sub), ..row });
        let teams = (1..=rows).map(team).map(|row| Team { name: or(row.name), grants: or(row.grants), ..row });
        let mails = (1..=rows as u64).map(invited).map(|row| Invited { email: or(row.email), ..row });
        let text = Page {
            frame: &frame,
            organization: named.unwrap_or("Acme"),
            path: "/console/organizations/7/users-teams",
            base: "/console/organizations/7".to_owned(),
            view,
            people_count: "1,031".to_owned(),
            team_count: "1,000".to_owned(),
            invited_count: "1,000".to_owned(),
            search: named.unwrap_or_default().to_owned(),
            roles: narrowing(None),
            people: (view == View::All).then(|| Cut { rows: people.collect(), pages: pages() }),
            teams: (view != View::Invitations).then(|| Cut {
                rows: teams.take(if view == View::All { FIRST } else { rows }).collect(),
                pages: pages(),
            }),
            manages_teams: true,
            invited: (view != View::Teams).then(|| Cut {
                rows: mails.take(if view == View::All { FIRST } else { rows }).collect(),
                pages: pages(),
            }),
            command: format!("claviger member list --organization 7 --search '{}'", named.unwrap_or("ada")),
        };
        text.render().expect("a page")
    }

    #[test]
    fn every_name_is_text_whatever_it_holds() {
        for view in [View::All, View::Teams, View::Invitations] {
            for rows in [0, 25] {
                let text = rendered(view, rows, Some(SCRIPT));
                assert_eq!(text.matches("<script").count(), 1, "the script of the page itself: {text}");
                assert!(text.contains("&#60;script&#62;alert(&#39;x&#39;)&#60;/script&#62;"), "{text}");
                assert!(!text.contains("style="), "{text}");
            }
        }
    }

    #[test]
    fn each_view_is_below_50_kilobytes_and_has_labelled_tables() {
        for (view, tables) in [(View::All, 3), (View::Teams, 1), (View::Invitations, 1)] {
            let text = rendered(view, 25, None);
            assert!(text.len() < 50_000, "{view:?}: {} bytes", text.len());
            assert_eq!((text.matches("role=\"table\"").count(), text.matches("<caption").count()), (tables, tables));
        }
    }

    #[test]
    fn a_page_of_all_leads_to_the_rest_of_each() {
        let text = rendered(View::All, 25, None);
        for part in [
            "<span class=\"st warn\">",
            "Password only",
            "href=\"/console/organizations/7/users-teams?view=teams\">All 1,000 teams</a>",
            "href=\"/console/organizations/7/users-teams?view=invitations\">All 1,000 invitations</a>",
            "formaction=\"/console/organizations/7/invitations/1/withdraw\"",
            "Lapsed 27 Nov 2026",
            "26 to 50 of 1,031",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
    }
}
