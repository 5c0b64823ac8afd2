//! The page of one person of the organization: what he has, and another role for him.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use claviger_access::administration::membership;
use claviger_access::directory::{Draft, Organization, PrincipalView};
use claviger_access::effective::{self, Through};
use claviger_access::identity::{OrganizationId, PrincipalId};
use claviger_access::role::OrganizationRole;
use claviger_access::{Directory, Refusal};

use super::rows::{last_seen, spot};
use super::signs_in::SignsIn;
use super::{permitted, place};
use crate::api::ids::PathId;
use crate::clock;
use crate::console::above_own::{not_written, told};
use crate::console::error_page::ErrorPage;
use crate::console::frame::{Frame, Link};
use crate::console::grantable::{self, Choice};
use crate::console::listing::{Cut, Listing, PAGE_LENGTH, cut};
use crate::console::notice::Notice;
use crate::console::page::page;
use crate::console::path::At;
use crate::console::place::ProjectPage;
use crate::console::refused::{Wanted, refused};
use crate::console::signed_in::SignedIn;
use crate::console::submitted::Submitted;
use crate::console::{Console, reset_link, words};

const SEE: Wanted = Wanted { title: "User", deed: "see its users" };
const CHANGE: Wanted = Wanted { title: "Change role", deed: "change its users' roles" };

/// So many of his teams are named.
const TEAMS_MAX: usize = 25;

/// Something that he was granted.
struct Granted {
    place: String,
    role: String,
    through: Link,
}

#[derive(Template)]
#[template(path = "console/users_teams/person.html")]
struct Page<'p> {
    frame: &'p Frame,
    organization: &'p str,
    list: String,
    path: String,
    name: &'p str,
    email: &'p str,
    role: &'static str,
    signs_in: SignsIn,
    last_seen: Option<String>,
    created: String,
    access: Cut<Granted>,
    teams: Vec<Link>,
    teams_more: usize,
    roles: Vec<Choice>,
    /// Why his role cannot be changed, if it cannot.
    role_fixed: Option<String>,
    /// Why he cannot be taken out, if he cannot.
    kept: Option<String>,
    is_oneself: bool,
    /// Makes a link by which he chooses another password, for who may.
    reset_link: Option<String>,
    command: String,
}

/// The page.
pub(in crate::console) async fn show(
    State(console): State<Console>,
    signed_in: SignedIn,
    At((PathId(organization), PathId(id))): At<(PathId<OrganizationId>, PathId<PrincipalId>)>,
    listing: Listing,
) -> Result<Response, ErrorPage> {
    let (_, known) = permitted(&signed_in, organization, &SEE)?;
    let view = membership::find(&signed_in.held, organization, id);
    let view = view.map_err(|refusal| refused(&signed_in, place(organization), &SEE, &refusal))?;
    let frame = Frame::of(&signed_in, place(organization));
    Ok(page(StatusCode::OK, &Page::of(&console, &signed_in, &frame, known, &view, &listing)))
}

impl<'p> Page<'p> {
    fn of(
        console: &Console,
        signed_in: &'p SignedIn,
        frame: &'p Frame,
        known: &'p Organization,
        view: &PrincipalView<'p>,
        listing: &Listing,
    ) -> Self {
        let (held, organization, id) = (&*signed_in.held, known.id, view.id());
        let role = effective::organization_role(view, organization).unwrap_or(OrganizationRole::Member);
        let person = held.person(id);
        let path = super::rows::path(organization, view);
        let teams: Vec<Link> = effective::teams(held, view)
            .filter(|team| team.organization == organization)
            .map(|team| Link { path: team_path(organization, team.id), text: team.name.clone(), is_current: false })
            .collect();
        let access = access(held, organization, view);
        Self {
            frame,
            organization: &known.name,
            list: super::path(organization),
            name: view.name(),
            email: person.map_or("", |person| person.email.as_str()),
            role: words::role(role),
            signs_in: SignsIn::of(held, id),
            last_seen: last_seen(held, &console.node.last_seen, view, signed_in.now.seconds()),
            created: person.map_or_else(String::new, |person| words::date(person.created.seconds())),
            access: cut(listing, &path, "cursor", PAGE_LENGTH, access),
            path,
            teams_more: teams.len().saturating_sub(TEAMS_MAX),
            teams: teams.into_iter().take(TEAMS_MAX).collect(),
            roles: grantable::organization_roles(signed_in, organization, role.name()),
            role_fixed: role_fixed(signed_in, organization, id, role),
            kept: kept(signed_in, organization, id),
            is_oneself: id == signed_in.person,
            reset_link: reset_link::may_make(signed_in, organization, id).then(|| reset_link::path(organization, id)),
            command: format!("claviger member show {id} --organization {organization}"),
        }
    }
}

pub(super) fn team_path(organization: OrganizationId, team: claviger_access::identity::TeamId) -> String {
    format!("/console/organizations/{organization}/teams/{team}")
}

/// What he was granted on projects and workspaces, and what his teams were; by the grant's id.
fn access(directory: &Directory, organization: OrganizationId, view: &PrincipalView<'_>) -> Vec<(u64, Granted)> {
    let held = effective::held_in(directory, view, organization);
    let shown = held.into_iter().filter_map(|(grant, through)| {
        let (spot, role) = spot(directory, &grant.granted())?;
        let through = match through {
            Through::Team(id) => Link {
                path: team_path(organization, id),
                text: format!("Team {}", directory.team(id)?.name),
                is_current: false,
            },
            _ => Link {
                path: ProjectPage::Users.path(spot.project()),
                text: "Granted to this user".to_owned(),
                is_current: false,
            },
        };
        Some((grant.id.number(), Granted { place: spot.name(directory), role, through }))
    });
    let mut shown: Vec<_> = shown.collect();
    shown.sort_by_key(|(id, _)| *id);
    shown
}

/// Why his role is not to be changed by who is signed in: the rules are asked whether it could become any other one.
fn role_fixed(
    signed_in: &SignedIn,
    organization: OrganizationId,
    id: PrincipalId,
    is: OrganizationRole,
) -> Option<String> {
    let draft = Draft::on(&signed_in.held);
    let mut others = OrganizationRole::ALL
        .into_iter()
        .filter(|role| *role != is)
        .map(|role| membership::change_role(&draft, &signed_in.caller, organization, id, role, signed_in.now).err());
    let first = others.next()??;
    others.all(|refused| refused.is_some()).then(|| why(signed_in, &first))
}

/// Why he is not to be taken out by who is signed in.
pub(in crate::console) fn kept(signed_in: &SignedIn, organization: OrganizationId, id: PrincipalId) -> Option<String> {
    let draft = Draft::on(&signed_in.held);
    let refused = membership::remove(&draft, &signed_in.caller, organization, id, signed_in.now).err();
    refused.map(|refusal| why(signed_in, &refusal))
}

fn why(signed_in: &SignedIn, refusal: &Refusal) -> String {
    told(signed_in, refusal).unwrap_or_else(|| words::sentence(&refusal.to_string()))
}

/// Gives him another role in the organization.
pub(in crate::console) async fn change_role(
    State(console): State<Console>,
    At((PathId(organization), PathId(id))): At<(PathId<OrganizationId>, PathId<PrincipalId>)>,
    submitted: Submitted,
) -> Result<Response, ErrorPage> {
    let Submitted { signed_in, typed } = submitted;
    permitted(&signed_in, organization, &CHANGE)?;
    let view = membership::find(&signed_in.held, organization, id);
    let view = view.map_err(|refusal| refused(&signed_in, place(organization), &CHANGE, &refusal))?;
    let (name, path) = (view.name().to_owned(), super::rows::path(organization, &view));
    let role = OrganizationRole::parse(typed.one("role")).ok_or_else(|| {
        let strong = "Choose one of the roles.";
        ErrorPage::not_done(StatusCode::BAD_REQUEST, CHANGE.title, strong, "Nothing was changed.")
            .inside(&signed_in, place(organization))
    })?;
    let caller = signed_in.caller;
    let decide = move |draft: &_, moment, _| membership::change_role(draft, &caller, organization, id, role, moment);
    let done = console.node.writer.perform(signed_in.write_request(organization), decide).await;
    done.map_err(|error| not_written(&signed_in, place(organization), &CHANGE, &error))?;
    let more = format!("It counts as of {} UTC.", words::time(clock::now().seconds()));
    Ok(Notice::done(format!("{name} is {} now.", words::role(role)), more).at(&console, &signed_in, &path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::frame::tests::{SCRIPT, frame};

    fn rendered(role_fixed: Option<&str>, kept: Option<&str>) -> String {
        let frame = frame(true);
        let link = || Link { path: "/console/x".to_owned(), text: SCRIPT.to_owned(), is_current: false };
        let granted = || Granted { place: SCRIPT.to_owned(), role: SCRIPT.to_owned(), through: link() };
        let choice = || Choice { value: "owner".to_owned(), text: SCRIPT.to_owned(), is_chosen: true };
        let page = Page {
            frame: &frame,
            organization: SCRIPT,
            list: "/console/x".to_owned(),
            path: "/console/organizations/7/users/9".to_owned(),
            name: SCRIPT,
            email: SCRIPT,
            role: "Owner",
            signs_in: SignsIn::PasswordOnly,
            last_seen: None,
            created: "24 Nov 2026".to_owned(),
            access: cut(&Listing::default(), "/x", "cursor", 25, (0..30).map(|id| (id, granted())).collect()),
            teams: (0..25).map(|_| link()).collect(),
            teams_more: 5,
            roles: vec![choice()],
            role_fixed: role_fixed.map(str::to_owned),
            kept: kept.map(str::to_owned),
            is_oneself: false,
            reset_link: Some("/console/organizations/7/users/9/reset-link".to_owned()),
            command: SCRIPT.to_owned(),
        };
        page.render().expect("a page")
    }

    #[test]
    fn whatever_it_names_is_text_and_the_page_is_small() {
        let text = rendered(None, None);
        assert_eq!(text.matches("<script").count(), 1, "the script of the page itself: {text}");
        assert!(text.len() < 50_000, "{} bytes", text.len());
        assert!(text.contains("Change role") && text.contains("/users/9/remove\""), "{text}");
    }

    #[test]
    fn what_cannot_be_done_has_no_button_and_says_why() {
        let text = rendered(Some("Its role stays."), Some("Acme needs an owner who is a person."));
        assert!(!text.contains("Change role") && !text.contains("/remove\""), "{text}");
        assert!(text.contains("Its role stays.") && text.contains("Acme needs an owner who is a person."), "{text}");
    }
}
