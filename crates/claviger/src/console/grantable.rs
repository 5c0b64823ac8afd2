//! Where access may be given, and as what, as a form offers it: projects and their workspaces, with the roles there.
//!
//! No list to choose from is long: above [`CHOICES_MAX`] places are searched for. The rules decide what may be given; here
//! is only what is worth offering.

use claviger_access::Directory;
use claviger_access::directory::{Organization, Project};
use claviger_access::identity::{OrganizationId, ProjectId, WorkspaceId};
use claviger_access::role::{OrganizationRole, ProjectRole, Role};

use super::search::finds;
use super::signed_in::SignedIn;
use super::words;
use crate::api::ids;

/// So many are chosen from at most.
pub(super) const CHOICES_MAX: usize = 50;

/// So many are found at a time.
pub(super) const FOUND_MAX: usize = 20;

/// Something to choose.
pub(super) struct Choice {
    pub value: String,
    pub text: String,
    pub is_chosen: bool,
}

/// The places that are offered.
pub(super) struct Places {
    pub choices: Vec<Choice>,
    /// There are more than are chosen from, so these were searched for.
    pub is_searched: bool,
    /// How many more were found than are offered.
    pub more: usize,
}

/// A place that access is given to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spot {
    Project(ProjectId),
    Workspace(ProjectId, WorkspaceId),
}

impl Spot {
    /// Reads what a form sent. A workspace must be there.
    pub(super) fn read(directory: &Directory, sent: &str) -> Option<Self> {
        if let Some(project) = sent.strip_prefix('p') {
            return ids::read(project).map(Self::Project);
        }
        let workspace = ids::read(sent.strip_prefix('w')?)?;
        directory.workspace(workspace).map(|known| Self::Workspace(known.project, workspace))
    }

    /// As a form sends it.
    pub(super) fn value(self) -> String {
        match self {
            Self::Project(id) => format!("p{id}"),
            Self::Workspace(_, id) => format!("w{id}"),
        }
    }

    pub(super) fn project(self) -> ProjectId {
        match self {
            Self::Project(id) | Self::Workspace(id, _) => id,
        }
    }

    pub(super) fn workspace(self) -> Option<WorkspaceId> {
        match self {
            Self::Project(_) => None,
            Self::Workspace(_, id) => Some(id),
        }
    }

    /// "Web shop", or "Web shop, workspace EU storefront".
    pub(super) fn name(self, directory: &Directory) -> String {
        let project = directory.project(self.project()).map_or("A project that is gone", |known| &known.name);
        match self.workspace().and_then(|id| directory.workspace(id)) {
            Some(workspace) => format!("{project}, workspace {}", workspace.name),
            None => project.to_owned(),
        }
    }
}

impl Places {
    /// Those of an organization: all where there are few, else those whose names are searched for. What is chosen is
    /// always there.
    pub(super) fn of(directory: &Directory, known: &Organization, search: &str, chosen: &str) -> Self {
        let projects = || known.projects.iter().filter_map(|id| directory.project(*id));
        let spots = || projects().flat_map(spots_of);
        let is_searched = spots().take(CHOICES_MAX + 1).count() > CHOICES_MAX;
        let choice = |spot: Spot| {
            let value = spot.value();
            Choice { is_chosen: value == chosen, text: spot.name(directory), value }
        };
        if !is_searched {
            return Self { choices: spots().map(choice).collect(), is_searched, more: 0 };
        }
        let is_wanted = |spot: &Spot| !search.is_empty() && finds(search, &spot.name(directory));
        let is_chosen = |spot: &Spot| spot.value() == chosen;
        let others = spots().filter(|spot| !is_chosen(spot) && is_wanted(spot));
        let found: Vec<Spot> = spots().filter(is_chosen).chain(others).collect();
        let more = found.len().saturating_sub(FOUND_MAX);
        Self { choices: found.into_iter().take(FOUND_MAX).map(choice).collect(), is_searched, more }
    }
}

/// A project, then its workspaces but the one that is all of it.
fn spots_of(project: &Project) -> impl Iterator<Item = Spot> {
    let workspaces = project.workspaces.iter().map(|workspace| Spot::Workspace(project.id, *workspace));
    std::iter::once(Spot::Project(project.id)).chain(workspaces)
}

/// The built-in roles that somebody may give in every project, strongest first.
pub(super) fn roles(signed_in: &SignedIn, organization: OrganizationId, chosen: &str) -> Vec<Choice> {
    let view = signed_in.view();
    let own = view.and_then(|view| claviger_access::effective::organization_role(&view, organization));
    let own = own.and_then(OrganizationRole::in_projects);
    let may = Role::ALL.into_iter().rev().filter(|role| own.is_some_and(|own| *role <= own));
    may.map(|role| Choice {
        value: role.name().to_owned(),
        text: words::label(role.name()),
        is_chosen: role.name() == chosen,
    })
    .collect()
}

/// The same, then the roles that the projects of these places made for themselves.
pub(super) fn roles_with_custom(
    signed_in: &SignedIn,
    organization: OrganizationId,
    places: &Places,
    chosen: &str,
) -> Vec<Choice> {
    let held = &signed_in.held;
    let mut choices = roles(signed_in, organization, chosen);
    let spots = places.choices.iter().filter_map(|choice| Spot::read(held, &choice.value));
    let projects = spots.filter(|spot| spot.workspace().is_none()).filter_map(|spot| held.project(spot.project()));
    let custom = projects
        .flat_map(|project| project.custom_roles.iter().map(move |id| (ProjectRole::Custom(*id), &project.name)));
    let room = CHOICES_MAX.saturating_sub(choices.len());
    choices.extend(custom.take(room).map(|(role, project)| Choice {
        value: role.to_string(),
        text: format!("{}, in {project}", words::project_role(held, role)),
        is_chosen: role.to_string() == chosen,
    }));
    choices
}

/// The roles in an organization that somebody may give, strongest first.
pub(super) fn organization_roles(signed_in: &SignedIn, organization: OrganizationId, chosen: &str) -> Vec<Choice> {
    let view = signed_in.view();
    let own = view.and_then(|view| claviger_access::effective::organization_role(&view, organization));
    let may = OrganizationRole::ALL.into_iter().rev();
    let may = may.filter(|role| *role == OrganizationRole::Member || own.is_some_and(|own| own.may_give(*role)));
    may.map(|role| Choice {
        value: role.name().to_owned(),
        text: words::role(role).to_owned(),
        is_chosen: role.name() == chosen,
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use claviger_access::directory::{Loader, Workspace};
    use claviger_access::{Mark, Moment, Revision};

    use super::*;

    fn organization() -> OrganizationId {
        OrganizationId::new(1).expect("an id")
    }

    /// So many projects "Shop 11", "Shop 12" and so on, and one workspace "EU" of the first.
    fn directory(projects: u64) -> Directory {
        let mut loader = Loader::new(1, 10);
        loader.organization(organization(), "Acme".to_owned());
        let project = |number: u64| ProjectId::new(number).expect("an id");
        for number in 11..11 + projects {
            loader.project(project(number), organization(), format!("Shop {number}"), "UTC".to_owned(), None);
        }
        loader.workspace(Workspace {
            id: WorkspaceId::new(5).expect("an id"),
            project: project(11),
            name: "EU".to_owned(),
            description: None,
            is_default: false,
            is_restricted: false,
            is_visible: true,
            created: Moment::from_seconds(0).expect("a moment"),
            creator: None,
        });
        loader.finish(Revision::ZERO, Mark::ZERO, 1_000)
    }

    /// What is offered among so many projects, each with a star where it is chosen.
    fn offered(projects: u64, search: &str, chosen: &str) -> (Vec<String>, bool, usize) {
        let directory = directory(projects);
        let known = directory.organization(organization()).expect("it");
        let places = Places::of(&directory, known, search, chosen);
        let shown = |choice: &Choice| format!("{}{}", choice.value, if choice.is_chosen { "*" } else { "" });
        (places.choices.iter().map(shown).collect(), places.is_searched, places.more)
    }

    const FEW: u64 = CHOICES_MAX as u64 - 1;

    #[test]
    fn few_places_are_all_offered_and_more_are_searched_for() {
        let (all, is_searched, more) = offered(FEW, "nowhere", "w5");
        assert_eq!((all.len(), is_searched, more), (CHOICES_MAX, false, 0));
        assert_eq!(all[..3], ["p11", "w5*", "p12"], "in their own order");
        assert_eq!(offered(FEW + 1, "", ""), (vec![], true, 0));
        assert_eq!(offered(FEW + 1, "shop 60", ""), (vec!["p60".to_owned()], true, 0));
        let (found, _, more) = offered(FEW + 1, "shop", "");
        assert_eq!((found.len(), more), (FOUND_MAX, CHOICES_MAX + 1 - FOUND_MAX));
    }

    #[test]
    fn among_many_places_the_chosen_one_stands_first_whatever_is_searched_for() {
        let last = "p60*";
        let (found, is_searched, more) = offered(FEW + 1, "shop", "p60");
        assert_eq!((found.len(), is_searched, more), (FOUND_MAX, true, CHOICES_MAX + 1 - FOUND_MAX));
        assert_eq!(found[..3], [last, "p11", "w5"]);
        assert_eq!(found.iter().filter(|value| value.starts_with("p60")).count(), 1, "once: {found:?}");
        assert_eq!(offered(FEW + 1, "", "p60"), (vec![last.to_owned()], true, 0));
        assert_eq!(offered(FEW + 1, "shop 12", "p60"), (vec![last.to_owned(), "p12".to_owned()], true, 0));
        assert_eq!(offered(FEW + 1, "", "p999"), (vec![], true, 0), "what is not there is not offered");
    }
}
