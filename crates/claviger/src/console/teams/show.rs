//! A team's page: its name, its members, and what they reach through it.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use claviger_access::Directory;
use claviger_access::administration::team;
use claviger_access::authorize::{ManageServiceAccounts, Scope, authorize};
use claviger_access::directory::{Draft, Organization, PrincipalView, Team};
use claviger_access::identity::{OrganizationId, PrincipalId, PrincipalKind, TeamId};

use super::{found, path};
use crate::api::ids::PathId;
use crate::console::above_own::told;
use crate::console::error_page::ErrorPage;
use crate::console::frame::Frame;
use crate::console::grantable::{self, Choice, FOUND_MAX, Places};
use crate::console::listing::{Cut, Listing, PAGE_LENGTH, cut};
use crate::console::mistakes::Mistakes;
use crate::console::page::page;
use crate::console::path::At;
use crate::console::refused::Wanted;
use crate::console::search::finds;
use crate::console::service_accounts::account;
use crate::console::signed_in::SignedIn;
use crate::console::users_teams::rows::{members, spot};
use crate::console::{Console, users_teams, words};

const SEE: Wanted = Wanted { title: "Team", deed: "see its teams" };

/// Somebody who is in it, or may become so.
struct Member {
    id: u64,
    name: String,
    /// A person's address; that it is a service account, of one.
    sub: String,
    /// Where more is told of him.
    path: Option<String>,
}

/// What it holds somewhere.
struct Granted {
    place: String,
    role: String,
    /// As forms send it.
    spot: String,
}

#[derive(Template)]
#[template(path = "console/teams/show.html")]
struct Page<'p> {
    frame: &'p Frame,
    organization: &'p str,
    list: String,
    path: String,
    name: &'p str,
    /// Its name as it was typed.
    typed_name: String,
    mistakes: Mistakes,
    members_told: String,
    members: Cut<Member>,
    /// Who may become a member, and who was searched for.
    candidates: Vec<Member>,
    find: String,
    grants: Cut<Granted>,
    places: Places,
    find_place: String,
    roles: Vec<Choice>,
    /// Why who is signed in cannot change it, if he cannot.
    fixed: Option<String>,
    command: String,
}

/// The page.
pub(in crate::console) async fn show(
    State(console): State<Console>,
    signed_in: SignedIn,
    At((PathId(organization), PathId(id))): At<(PathId<OrganizationId>, PathId<TeamId>)>,
    listing: Listing,
) -> Result<Response, ErrorPage> {
    shown(&console, &signed_in, (organization, id), &listing, StatusCode::OK, None).await
}

/// The page, with what was typed as a name, and what is wrong with it.
pub(super) async fn shown(
    console: &Console,
    signed_in: &SignedIn,
    (organization, id): (OrganizationId, TeamId),
    listing: &Listing,
    status: StatusCode,
    renamed: Option<(String, Mistakes)>,
) -> Result<Response, ErrorPage> {
    let (known, team) = found(signed_in, organization, id, &SEE)?;
    let find = listing.text("find");
    let candidates = candidates(console, signed_in, known, team, &find).await?;
    let frame = Frame::of(signed_in, users_teams::place(organization));
    Ok(page(status, &Page::of(signed_in, &frame, (known, team), listing, candidates, renamed)))
}

impl<'p> Page<'p> {
    fn of(
        signed_in: &'p SignedIn,
        frame: &'p Frame,
        (known, team): (&'p Organization, &'p Team),
        listing: &Listing,
        candidates: Vec<Member>,
        renamed: Option<(String, Mistakes)>,
    ) -> Self {
        let held = &*signed_in.held;
        let path = path(known.id, team.id);
        let (chosen, find_place) = (listing.value("place"), listing.text("find_place"));
        let places = Places::of(held, known, &find_place, chosen);
        let views = team.members.iter().filter_map(|id| held.principal(*id));
        let Cut { rows, pages } =
            cut(listing, &path, "members", PAGE_LENGTH, views.map(|view| (view.id().number(), view)).collect());
        let granted = team.grants.iter().filter_map(|grant| Some((grant.id.number(), granted(held, grant.granted())?)));
        let (typed_name, mistakes) = renamed.unwrap_or_else(|| (team.name.clone(), Mistakes::default()));
        Self {
            frame,
            organization: &known.name,
            list: format!("{}?view=teams", users_teams::path(known.id)),
            name: &team.name,
            typed_name,
            mistakes,
            members_told: members(held, team),
            members: Cut { rows: rows.iter().map(|view| Member::of(held, known.id, view)).collect(), pages },
            candidates,
            find: listing.text("find"),
            grants: cut(listing, &path, "grants", PAGE_LENGTH, granted.collect()),
            roles: grantable::roles_with_custom(signed_in, known.id, &places, "consumer"),
            places,
            find_place,
            fixed: fixed(signed_in, known.id, team.id),
            command: format!("claviger team show {} --organization {}", team.id, known.id),
            path,
        }
    }

    /// How many people or accounts are found at most.
    fn found_max(&self) -> usize {
        FOUND_MAX
    }
}

impl Member {
    fn of(directory: &Directory, organization: OrganizationId, view: &PrincipalView<'_>) -> Self {
        let (sub, path) = match view.kind() {
            PrincipalKind::Person => (
                directory.person(view.id()).map_or(String::new(), |person| person.email.as_str().to_owned()),
                format!("/console/organizations/{organization}/users/{}", view.id()),
            ),
            PrincipalKind::ServiceAccount => (
                "Service account".to_owned(),
                format!("/console/organizations/{organization}/service-accounts/{}", view.id()),
            ),
        };
        Self { id: view.id().number(), name: view.name().to_owned(), sub, path: Some(path) }
    }
}

fn granted(directory: &Directory, granted: claviger_access::grant::Granted) -> Option<Granted> {
    let (spot, role) = spot(directory, &granted)?;
    Some(Granted { place: spot.name(directory), role, spot: spot.value() })
}

/// Why the team is not to be changed by who is signed in: the rules are asked whether he could delete it.
fn fixed(signed_in: &SignedIn, organization: OrganizationId, id: TeamId) -> Option<String> {
    let draft = Draft::on(&signed_in.held);
    let refusal = team::delete(&draft, &signed_in.caller, organization, &[id].into(), signed_in.now).err()?;
    Some(told(signed_in, &refusal).unwrap_or_else(|| words::sentence(&refusal.to_string())))
}

/// Who is found and is not in it: people by name or address, then service accounts by username.
async fn candidates(
    console: &Console,
    signed_in: &SignedIn,
    known: &Organization,
    team: &Team,
    find: &str,
) -> Result<Vec<Member>, ErrorPage> {
    if find.is_empty() {
        return Ok(Vec::new());
    }
    let held = &signed_in.held;
    let is_new = |id: PrincipalId| team.members.binary_search(&id).is_err();
    let people = known.people.iter().filter(|id| is_new(**id)).filter_map(|id| held.principal(*id));
    let is_sought = |view: &PrincipalView<'_>| {
        finds(find, view.name()) || held.person(view.id()).is_some_and(|person| finds(find, person.email.as_str()))
    };
    let mut shown: Vec<Member> =
        people.filter(is_sought).take(FOUND_MAX).map(|view| Member::of(held, known.id, &view)).collect();
    let scope = Scope::Organization(known.id);
    if let Ok(permit) = authorize::<ManageServiceAccounts>(held, &signed_in.caller, scope, signed_in.now) {
        let mut found = Vec::new();
        let see = |view: &PrincipalView<'_>| {
            if found.len() < FOUND_MAX && finds(find, view.name()) && is_new(view.id()) {
                found.push(Member::of(held, known.id, view));
            }
        };
        let read = account::each_view(&console.node, held, &permit, see).await;
        read.map_err(|error| {
            ErrorPage::unread(&error, &signed_in.origin).inside(signed_in, users_teams::place(known.id))
        })?;
        shown.extend(found);
    }
    Ok(shown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::frame::tests::{SCRIPT, frame};

    fn rendered(named: &'static str, fixed: Option<&str>) -> String {
        let frame = frame(true);
        let member = |id: u64| Member {
            id,
            name: named.to_owned(),
            sub: named.to_owned(),
            path: Some(format!("/console/organizations/7/service-accounts/{id}")),
        };
        let granted = || Granted { place: named.to_owned(), role: named.to_owned(), spot: "p1234".to_owned() };
        let choice = || Choice { value: "p1234".to_owned(), text: named.to_owned(), is_chosen: false };
        let choices = || (0..50).map(|_| choice()).collect::<Vec<_>>();
        let path = || "/console/organizations/7/teams/9".to_owned();
        let page = Page {
            frame: &frame,
            organization: named,
            list: path(),
            path: path(),
            name: named,
            typed_name: named.to_owned(),
            mistakes: Mistakes::one("name", named),
            members_told: "10,000 people".to_owned(),
            members: cut(&Listing::default(), &path(), "members", 25, (1..=60).map(|id| (id, member(id))).collect()),
            candidates: (1..=40).map(member).collect(),
            find: named.to_owned(),
            grants: cut(&Listing::default(), &path(), "grants", 25, (1..=60).map(|id| (id, granted())).collect()),
            places: Places { choices: choices(), is_searched: false, more: 0 },
            find_place: named.to_owned(),
            roles: choices(),
            fixed: fixed.map(str::to_owned),
            command: named.to_owned(),
        };
        page.render().expect("a page")
    }

    #[test]
    fn whatever_it_names_is_text() {
        let text = rendered(SCRIPT, None);
        assert_eq!(text.matches("<script").count(), 1, "the script of the page itself: {text}");
        assert!(!text.contains("style="), "{text}");
    }

    #[test]
    fn the_fullest_page_is_below_50_kilobytes() {
        let text = rendered("deploy-bot-17.e41b90.service-account", None);
        assert!(text.len() < 50_000, "{} bytes", text.len());
        assert!(text.contains("1 to 25 of 60"), "{text}");
    }

    #[test]
    fn a_team_above_ones_own_has_no_forms_and_says_why() {
        let text = rendered("Release", Some("Release is Owner of Web shop, which is above your own role there."));
        assert!(
            text.contains("which is above your own role there.")
                && !text.contains("method=\"post\" action=\"/console/organizations"),
            "{text}"
        );
    }
}
