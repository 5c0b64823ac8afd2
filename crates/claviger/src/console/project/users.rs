//! The Project Users page: people who reach the project and teams that hold roles in it, through what, and what can be
//! changed here.

mod grant;
mod teams;

use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use claviger_access::authorize::ManageMembers;
use claviger_access::effective;
use claviger_access::identity::{PrincipalId, ProjectId};
use claviger_access::permission::PermissionSet;

pub(in crate::console) use self::grant::{add_member, change_role, find, remove};
pub(in crate::console) use self::teams::{
    add_team, change_role as change_team_role, find as find_team, list as list_teams, remove as remove_team,
};
use super::asked::{self, Asked};
use super::pages::{self, Page, Pages};
use super::reached::{Given, Reached};
use super::refusals::refused_there;
use super::spot::{self, Spot};
use super::{Shown, elsewhere, permit, role_choice};
use crate::api::ids::PathId;
use crate::console::error_page::ErrorPage;
use crate::console::frame::{Frame, Link};
use crate::console::page::page;
use crate::console::path::At;
use crate::console::place::{Place, ProjectPage};
use crate::console::refused::Wanted;
use crate::console::signed_in::SignedIn;
use crate::console::words;

const PAGE: ProjectPage = ProjectPage::Users;

const SEE: Wanted = Wanted { title: "Users of {}", deed: "see its users" };

const GIVE: Wanted = Wanted { title: "Give a role in {}", deed: "give people and teams roles in it" };

const REMOVE: Wanted = Wanted { title: "Remove from {}", deed: "remove people and teams from it" };

/// Whom a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    People,
    Teams,
}

impl Who {
    fn path(self, project: ProjectId) -> String {
        let path = PAGE.path(project);
        match self {
            Self::People => path,
            Self::Teams => format!("{path}/teams"),
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::People => "People",
            Self::Teams => "Teams",
        }
    }

    fn thing(self) -> &'static str {
        match self {
            Self::People => "member",
            Self::Teams => "team",
        }
    }

    /// The command that lists the same; there is none for teams.
    fn command(self, spot: Spot, search: &str) -> Option<String> {
        let place = match spot.workspace {
            Some(workspace) => format!("--workspace {}/{workspace}", spot.project),
            None => format!("--project {}", spot.project),
        };
        let sought = if search.is_empty() { String::new() } else { format!(" --search {}", words::shell_word(search)) };
        matches!(self, Self::People).then(|| format!("claviger project member list {place}{sought}"))
    }
}

/// Somebody who is listed.
struct Listed {
    id: u64,
    name: String,
    sub: String,
    reached: Reached,
    elsewhere: Option<Link>,
    /// Whether it is who looks: each may leave.
    is_self: bool,
}

/// A row of the list.
struct Row {
    id: u64,
    name: String,
    /// For what is read aloud alone.
    short: String,
    sub: String,
    given: Vec<Given>,
    more: usize,
    edit: Option<String>,
    editing: Option<Editing>,
    may_remove: bool,
    is_self: bool,
    elsewhere: Option<Link>,
}

/// How a role is changed on the row itself.
struct Editing {
    on: String,
    on_name: String,
    choices: Vec<role_choice::Choice>,
    keep: String,
}

#[derive(Template)]
#[template(path = "console/project_users.html")]
struct List<'p> {
    frame: &'p Frame,
    project: &'p str,
    organization: &'p str,
    who: Who,
    views: [Link; 2],
    spot_name: String,
    spot_short: String,
    workspace: String,
    workspaces: Vec<spot::Choice>,
    path: String,
    search: &'p str,
    unfiltered: String,
    rows: Vec<Row>,
    range: String,
    previous: Option<String>,
    next: Option<String>,
    add: String,
    command: Option<String>,
}

/// People.
pub(in crate::console) async fn list(
    signed_in: SignedIn,
    At(PathId(project)): At<PathId<ProjectId>>,
    asked: Asked,
) -> Result<Response, ErrorPage> {
    permit::<ManageMembers>(&signed_in, project, PAGE, &SEE)?;
    let (shown, spot) = open(&signed_in, project, &asked)?;
    let held = &signed_in.held;
    let member = |id| PrincipalId::new(id).and_then(|id| effective::member(held, shown.organization.id, id));
    let name = |id| member(id).map(|view| view.name());
    let mut pages = Pages::new(asked.cursor, name);
    for view in shown.organization.people.iter().filter_map(|id| held.principal(*id)) {
        let email = held.person(view.id()).map_or("", |person| person.email.as_str());
        let reached = Reached::of(held, &view, shown.project, spot);
        if reached.is_empty() || !(asked.finds(view.name()) || asked.finds(email)) {
            continue;
        }
        pages.add(view.name(), view.id().number(), (view, reached));
    }
    let found = pages.end().map(|(view, reached)| Listed {
        id: view.id().number(),
        name: view.name().to_owned(),
        sub: held.person(view.id()).map(|person| person.email.to_string()).unwrap_or_default(),
        elsewhere: elsewhere::link(&signed_in, shown, spot, &reached, &view, PAGE),
        reached,
        is_self: view.id() == signed_in.person,
    });
    Ok(answer(&signed_in, Who::People, (shown, spot), &asked, found))
}

/// The project and the place in it that a list is of.
fn open<'s>(signed_in: &'s SignedIn, project: ProjectId, asked: &Asked) -> Result<(Shown<'s>, Spot), ErrorPage> {
    let spot = Spot { project, workspace: asked.workspace };
    spot.is_there(&signed_in.held).map_err(|refusal| refused_there(signed_in, (project, PAGE), &SEE, &refusal))?;
    Ok((Shown::of(signed_in, project)?, spot))
}

fn answer(
    signed_in: &SignedIn,
    who: Who,
    (shown, spot): (Shown<'_>, Spot),
    asked: &Asked,
    found: Page<Listed>,
) -> Response {
    let (project, path) = (shown.project, who.path(shown.project.id));
    if found.is_astray() {
        return Redirect::to(&asked.address(&path, None)).into_response();
    }
    let (held, gives) = (&signed_in.held, shown.gives(signed_in));
    let frame = Frame::of(signed_in, Place::Project(project.id, PAGE));
    let (range, previous, next) = (found.range(), found.previous, found.next);
    let rows: Vec<Row> =
        found.rows.into_iter().map(|listed| row(signed_in, (shown, spot), asked, &path, &gives, listed)).collect();
    let view = |other: Who| Link {
        path: Asked { workspace: asked.workspace, ..Asked::default() }.address(&other.path(project.id), None),
        text: other.label().to_owned(),
        is_current: other == who,
    };
    let list = List {
        frame: &frame,
        project: &project.name,
        organization: &shown.organization.name,
        who,
        views: [view(Who::People), view(Who::Teams)],
        spot_name: spot.name(held),
        spot_short: role_choice::short(&spot.name(held)),
        workspace: spot.workspace_number(),
        workspaces: spot.choices(held, project),
        search: &asked.search,
        unfiltered: Asked { workspace: asked.workspace, ..Asked::default() }.address(&path, None),
        command: who.command(spot, &asked.search),
        rows,
        range,
        previous: previous.map(|cursor| asked.address(&path, Some(&cursor))),
        next: next.map(|cursor| asked.address(&path, Some(&cursor))),
        add: format!("{path}/add"),
        path,
    };
    page(StatusCode::OK, &list)
}

impl List<'_> {
    /// How many rows the next page has, at most.
    fn page_length(&self) -> usize {
        pages::LENGTH
    }
}

fn row(
    signed_in: &SignedIn,
    (shown, spot): (Shown<'_>, Spot),
    asked: &Asked,
    path: &str,
    gives: &PermissionSet,
    listed: Listed,
) -> Row {
    let held = &signed_in.held;
    let (given, more) = listed.reached.told(held, shown.organization, spot);
    let changeable = listed.reached.changeable(held, spot, gives);
    let is_edited = asked.edit == Some(listed.id);
    let here = asked.address(path, asked.cursor.map(|cursor| cursor.text()).as_deref());
    let editing = changeable.filter(|_| is_edited).map(|way| {
        let on = Spot { workspace: way.on, ..spot };
        Editing {
            on: on.workspace_number(),
            on_name: on.name(held),
            choices: role_choice::choices(held, shown.project, gives, Some(way.role)),
            keep: here.clone(),
        }
    });
    let leaves = listed.is_self && listed.reached.own(spot).next().is_some();
    Row {
        id: listed.id,
        name: words::cut(&listed.name, pages::NAME_LENGTH_MAX),
        short: role_choice::short(&listed.name),
        sub: words::cut(&listed.sub, pages::NAME_LENGTH_MAX),
        given,
        more,
        edit: changeable.filter(|_| !is_edited).map(|_| asked::edit(&here, listed.id)),
        editing,
        may_remove: leaves || listed.reached.is_removable(held, spot, gives),
        is_self: listed.is_self,
        elsewhere: listed.elsewhere,
    }
}

/// The list that a form came from.
fn list_of(who: Who, spot: Spot) -> String {
    asked::address(&who.path(spot.project), &[("workspace", &spot.workspace_number())])
}
