//! How the filters of the list are chosen, and what is said where they leave nothing.

use claviger_access::Directory;

use super::super::asked::{Asked, View};
use super::super::choice::{Choice, Entry, Kind, Things, Typed};
use super::Sought;
use crate::console::frame::Link;
use crate::console::words;

/// A project's name in the list of all is shortened to so many characters: the list is on every page.
const LABEL_LENGTH_MAX: usize = 40;

/// The filters, as the form of the list shows them.
pub(in super::super) struct Bar {
    /// A list of all projects, or a field where they are many.
    pub project: Choice,
    /// Where the names of projects are asked for as one types.
    pub names: String,
    pub roles: Vec<Entry>,
    /// The projects that may be meant, each with the address of the list that it leads to, where it is not clear which is.
    pub meant: Option<Vec<Link>>,
    /// The address without filters, where there are any.
    pub cleared: Option<String>,
}

impl Bar {
    /// `asked` is settled, and these are the projects that it was settled with.
    pub(in super::super) fn of(asked: &Asked, projects: &Things, path: &str) -> Self {
        let (number, role) = asked.filter.names();
        let typed = Typed { value: number, search: asked.project_search.clone() };
        let chosen = projects.meant(&typed, !typed.search.is_empty());
        let mut project = projects.choice(("project".to_owned(), "Project"), &typed, &chosen, "Any project", false);
        if project.kind == Kind::List {
            project.entries.iter_mut().for_each(|entry| entry.text = words::cut(&entry.text, LABEL_LENGTH_MAX));
        }
        let is_unclear = project.kind == Kind::Search && !project.search.is_empty();
        let link = |entry: &Entry| {
            let mut narrowed = asked.unfiltered();
            narrowed.filter.role = asked.filter.role;
            narrowed.filter.project = crate::api::ids::read(&entry.value);
            Link { path: narrowed.address(path, None), text: entry.text.clone(), is_current: false }
        };
        let any = Entry { value: String::new(), text: "Any role".to_owned(), is_chosen: role.is_empty() };
        let roles = Sought::EACH.into_iter().map(|each| Entry {
            value: each.name().to_owned(),
            text: each.label(),
            is_chosen: each.name() == role,
        });
        Self {
            names: format!("{path}/new/projects"),
            roles: std::iter::once(any).chain(roles).collect(),
            meant: is_unclear.then(|| project.entries.iter().map(link).collect()),
            cleared: (asked.filter.is_set() || is_unclear).then(|| asked.unfiltered().address(path, None)),
            project,
        }
    }

    /// What the field has that searches for a project.
    pub(in super::super) fn field(&self) -> &str {
        match (self.project.kind, self.project.entries.first()) {
            (Kind::Fixed, Some(chosen)) => &chosen.text,
            _ => &self.project.search,
        }
    }
}

/// What is said where no account is left.
pub(in super::super) struct Nothing {
    pub said: String,
    pub more: Option<String>,
    /// The address without the search.
    pub unsearched: Option<String>,
    /// The address of all.
    pub all: Option<String>,
}

impl Nothing {
    /// `number` accounts of the view are left by the filters.
    pub(in super::super) fn of(asked: &Asked, directory: &Directory, path: &str, number: usize) -> Self {
        let (one, several) = (asked.filter.clause(directory, false), asked.filter.clause(directory, true));
        let in_view = if asked.view == View::All { "" } else { " in this view" };
        let search = Some(&asked.search).filter(|search| !search.is_empty());
        let that = one.as_ref().map(|one| format!(" that {one}")).unwrap_or_default();
        let said = match (&one, search) {
            (Some(one), search) if number == 0 || search.is_none() => format!("No service account{in_view} {one}"),
            (_, Some(search)) => format!("No service account{that} matches “{search}”"),
            (_, None) => "No service account in this view".to_owned(),
        };
        let several = several.map(|several| format!(" that {several}")).unwrap_or_default();
        let searched = match (asked.view, number, one.is_some()) {
            (View::All, 1, false) => "the only account".to_owned(),
            (View::All, 1, true) => format!("the one account{that}"),
            (View::All, number, false) => format!("all {} accounts", words::count(number)),
            (View::All, number, true) => format!("the {} accounts{several}", words::count(number)),
            (_, 1, _) => format!("the one account of this view{that}"),
            (_, number, _) => format!("the {} accounts of this view{several}", words::count(number)),
        };
        let is_told = search.is_some() && (number > 0 || one.is_none());
        Self {
            said,
            more: is_told.then(|| format!("Search looks at names, usernames and creators, in {searched}.")),
            unsearched: search.map(|_| Asked { search: String::new(), ..asked.clone() }.address(path, None)),
            all: (search.is_none() && one.is_none()).then(|| path.to_owned()),
        }
    }
}
