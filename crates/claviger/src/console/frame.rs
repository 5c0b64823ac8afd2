//! What is round every page of somebody who is signed in: the mark, the menus of organizations and projects, the side
//! navigation, his own menu, and what became of what he did last.
//!
//! Only pages that he may open are in it.

use claviger_access::directory::{Organization, Project};
use claviger_access::effective;
use claviger_access::identity::{OrganizationId, ProjectId};

use super::notice::Notice;
use super::place::{Icon, OrganizationPage, Place, ProjectPage};
use super::signed_in::SignedIn;
use super::words;

/// So many are in a menu; a page lists all.
const MENU_MAX: usize = 12;

/// A link of a menu.
pub(super) struct Link {
    pub path: String,
    pub text: String,
    pub is_current: bool,
}

/// A menu that leads to what lies beside: the name of what is shown, some of its kind, and the page with all of them.
pub(super) struct Menu {
    pub current: String,
    pub links: Vec<Link>,
    /// Where more are than the menu holds.
    pub all: Option<Link>,
}

/// A link of the side navigation.
pub(super) struct Item {
    pub link: Link,
    pub icon: Icon,
    /// How many are on that page, where that is known without looking.
    pub count: Option<String>,
}

/// The side navigation.
pub(super) struct Side {
    pub title: &'static str,
    pub items: Vec<Item>,
}

impl Side {
    /// The page that is shown.
    pub(super) fn current(&self) -> Option<&Item> {
        self.items.iter().find(|item| item.link.is_current)
    }
}

/// What templates show of it.
pub(super) struct Frame {
    /// Where the mark leads.
    pub home: String,
    /// The organization whose page it is, or whose project's.
    pub organization: Option<String>,
    /// His organizations.
    pub organizations: Option<Menu>,
    /// What he reaches of its projects.
    pub projects: Option<Menu>,
    pub side: Option<Side>,
    /// His name, and two letters of it.
    pub name: String,
    pub initials: String,
    pub email: String,
    /// Such as "Owner of Acme".
    pub standing: Option<String>,
    /// What became of what he did last.
    pub notice: Option<Notice>,
    /// For the form that signs out.
    pub form_token: String,
}

impl Frame {
    /// On a page there. What is not his is as if it were not.
    pub(super) fn of(signed_in: &SignedIn, place: Place) -> Self {
        let held = &signed_in.held;
        let view = signed_in.view();
        let his = view.as_ref().map(effective::organizations).unwrap_or_default();
        let project = match place {
            Place::Project(id, _) => held.project(id).filter(|project| his.contains(&project.organization)),
            Place::Own | Place::Organization(..) => None,
        };
        let organization = match place {
            Place::Organization(id, _) => Some(id).filter(|id| his.contains(id)),
            Place::Own | Place::Project(..) => project.map(|project| project.organization),
        };
        let organization = organization.and_then(|id| held.organization(id));
        let role = organization
            .zip(view.as_ref())
            .and_then(|(organization, view)| effective::organization_role(view, organization.id));
        let name = view.as_ref().map(|view| view.name().to_owned()).unwrap_or_default();
        Self {
            home: organization.and_then(|known| home(signed_in, known.id)).unwrap_or_else(|| "/console".to_owned()),
            organization: organization.map(|known| known.name.clone()),
            organizations: (!his.is_empty()).then(|| organizations(signed_in, his.iter().copied(), organization)),
            projects: organization.and_then(|known| projects(signed_in, known, project)),
            side: side(signed_in, place, organization, project).filter(|side| !side.items.is_empty()),
            initials: words::initials(&name),
            name,
            email: held.person(signed_in.person).map(|person| person.email.as_str().to_owned()).unwrap_or_default(),
            standing: organization.zip(role).map(|(known, role)| format!("{} of {}", words::role(role), known.name)),
            notice: signed_in.notice.clone(),
            form_token: signed_in.form_token().to_owned(),
        }
    }
}

/// Where he begins in an organization: the first of its pages that he may open. `None` where he may open none, such as where
/// it lets nobody in from his address.
pub(super) fn home(signed_in: &SignedIn, organization: OrganizationId) -> Option<String> {
    let page = OrganizationPage::EACH.iter().find(|page| page.is_open(signed_in, organization));
    page.map(|page| page.path(organization))
}

/// The same for a link: where he may open no page, one that says why.
pub(super) fn home_or_why_none(signed_in: &SignedIn, organization: OrganizationId) -> String {
    home(signed_in, organization).unwrap_or_else(|| OrganizationPage::Projects.path(organization))
}

fn organizations(
    signed_in: &SignedIn,
    his: impl ExactSizeIterator<Item = OrganizationId>,
    current: Option<&Organization>,
) -> Menu {
    let number = his.len();
    let known = his.filter_map(|id| signed_in.held.organization(id)).take(MENU_MAX);
    let links = known.map(|known| Link {
        path: home_or_why_none(signed_in, known.id),
        text: known.name.clone(),
        is_current: current.is_some_and(|current| current.id == known.id),
    });
    Menu {
        current: current.map_or_else(|| "Organizations".to_owned(), |current| current.name.clone()),
        links: links.collect(),
        all: (number > MENU_MAX).then(|| Link {
            path: "/console/profile".to_owned(),
            text: format!("All {} organizations", words::count(number)),
            is_current: false,
        }),
    }
}

/// The current project first, then others, up to what a menu holds.
fn projects(signed_in: &SignedIn, organization: &Organization, current: Option<&Project>) -> Option<Menu> {
    let reached = effective::reach(&signed_in.held, &signed_in.view()?, organization.id);
    if reached.is_empty() {
        return None;
    }
    let current_id = current.map(|current| current.id);
    let others = reached.keys().copied().filter(|id| Some(*id) != current_id);
    let shown = current_id.into_iter().chain(others).take(MENU_MAX);
    let links = shown.filter_map(|id| signed_in.held.project(id)).map(|known| Link {
        path: ProjectPage::Overview.path(known.id),
        text: known.name.clone(),
        is_current: Some(known.id) == current_id,
    });
    Some(Menu {
        current: current.map_or_else(|| "Projects".to_owned(), |current| current.name.clone()),
        links: links.collect(),
        all: (reached.len() > MENU_MAX).then(|| Link {
            path: OrganizationPage::Projects.path(organization.id),
            text: format!("All {} projects", words::count(reached.len())),
            is_current: false,
        }),
    })
}

fn side(
    signed_in: &SignedIn,
    place: Place,
    organization: Option<&Organization>,
    project: Option<&Project>,
) -> Option<Side> {
    match place {
        Place::Own => None,
        Place::Organization(_, current) => organization
            .map(|known| Side { title: "Organization settings", items: of_organization(signed_in, known, current) }),
        Place::Project(_, current) => {
            project.map(|known| Side { title: "Project settings", items: of_project(signed_in, known, current) })
        }
    }
}

fn of_organization(signed_in: &SignedIn, known: &Organization, current: OrganizationPage) -> Vec<Item> {
    let open = OrganizationPage::EACH.iter().filter(|page| page.is_open(signed_in, known.id));
    let item = |page: &OrganizationPage| Item {
        link: Link { path: page.path(known.id), text: page.label().to_owned(), is_current: *page == current },
        icon: page.icon(),
        count: (*page == OrganizationPage::ServiceAccounts).then(|| words::count(known.account_count)),
    };
    open.map(item).collect()
}

fn of_project(signed_in: &SignedIn, known: &Project, current: ProjectPage) -> Vec<Item> {
    let open = ProjectPage::EACH.iter().filter(|page| page.is_open(signed_in, known.id));
    let item = |page: &ProjectPage| Item {
        link: Link { path: page.path(known.id), text: page.label().to_owned(), is_current: *page == current },
        icon: page.icon(),
        count: (*page == ProjectPage::Workspaces).then(|| words::count(known.workspaces.len())),
    };
    open.map(item).collect()
}

/// The project's own organization.
pub(super) fn organization_of(signed_in: &SignedIn, project: ProjectId) -> Option<OrganizationId> {
    signed_in.held.project(project).map(|known| known.organization)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Whatever has a name may be called so.
    pub(in crate::console) const SCRIPT: &str = "<script>alert('x')</script>";

    /// An organization that has nothing.
    pub(in crate::console) fn organization(name: &str) -> Organization {
        Organization {
            id: OrganizationId::new(7).expect("an id"),
            name: name.to_owned(),
            projects: Vec::new(),
            owners: Vec::new(),
            account_count: 0,
            teams: Vec::new(),
            open_projects: Vec::new(),
            policy: std::sync::Arc::default(),
            people: Vec::new(),
            invitations: Vec::new(),
            set_up_link: None,
        }
    }

    /// The frame of somebody who may open the organization's pages, or may not.
    pub(in crate::console) fn frame(may_open: bool) -> Frame {
        let path = "/console/organizations/7/service-accounts";
        let link = || Link { path: path.to_owned(), text: SCRIPT.to_owned(), is_current: true };
        let menu = || Menu { current: SCRIPT.to_owned(), links: vec![link(), link()], all: Some(link()) };
        let items = || vec![Item { link: link(), icon: Icon::Key, count: Some("214".to_owned()) }];
        Frame {
            home: path.to_owned(),
            organization: Some(SCRIPT.to_owned()),
            organizations: Some(menu()),
            projects: Some(menu()),
            side: may_open.then(|| Side { title: "Organization settings", items: items() }),
            name: SCRIPT.to_owned(),
            initials: "MK".to_owned(),
            email: "mk@acme.example".to_owned(),
            standing: Some(format!("Owner of {SCRIPT}")),
            notice: Some(Notice::done(SCRIPT, SCRIPT)),
            form_token: "f".repeat(64),
        }
    }
}
