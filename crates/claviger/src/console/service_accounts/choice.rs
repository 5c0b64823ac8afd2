//! Choosing one of many, such as a project: a list where they are few; above that a field that searches, whose matches are
//! shown to choose from in the same form. However many there are, a page holds few of them.

use crate::console::words;

/// No list holds more.
const LIST_MAX: usize = 50;

/// So many matches are shown.
const MATCHES_MAX: usize = 20;

/// Something that may be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Thing {
    pub number: u64,
    pub name: String,
}

/// What there is to choose from.
pub(super) struct Things {
    all: Vec<Thing>,
    /// Such as "project".
    kind: &'static str,
    /// Whose they are.
    place: String,
}

/// What was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Typed {
    /// The number of what was chosen.
    pub value: String,
    /// What was searched for.
    pub search: String,
}

/// An entry of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub value: String,
    pub text: String,
    pub is_chosen: bool,
}

/// How it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// As a list of all.
    List,
    /// As what was chosen; another is chosen by removing the row.
    Fixed,
    /// As a field that searches, with its matches.
    Search,
}

/// A choice, as its template shows it.
pub(super) struct Choice {
    /// The field's name, and its id.
    pub name: String,
    /// The name of the field that searches.
    pub search_name: String,
    pub label: &'static str,
    pub kind: Kind,
    pub entries: Vec<Entry>,
    pub search: String,
    /// What was found, where something was searched for.
    pub found: Option<String>,
    /// Whether one goes on here.
    pub is_next: bool,
}

/// What was chosen, and else why nothing was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Chosen {
    Nothing,
    One(Thing),
    /// A sentence that says what to do.
    Unclear(String),
}

impl Chosen {
    pub(super) fn number(&self) -> Option<u64> {
        match self {
            Self::One(thing) => Some(thing.number),
            Self::Nothing | Self::Unclear(_) => None,
        }
    }
}

impl Things {
    /// Sorted by name.
    pub(super) fn new(mut all: Vec<Thing>, kind: &'static str, place: &str) -> Self {
        all.sort_by_key(|thing| (thing.name.to_lowercase(), thing.number));
        Self { all, kind, place: place.to_owned() }
    }

    pub(super) fn are_many(&self) -> bool {
        self.all.len() > LIST_MAX
    }

    /// What was meant. `is_search` where what was searched for counts, whatever was chosen before.
    pub(super) fn meant(&self, typed: &Typed, is_search: bool) -> Chosen {
        let search = typed.search.trim();
        if !typed.value.is_empty() && (!is_search || search.is_empty()) {
            let known = self.all.iter().find(|thing| thing.number.to_string() == typed.value);
            let unknown = || Chosen::Unclear(format!("No {} with this number in {}.", self.kind, self.place));
            return known.cloned().map_or_else(unknown, Chosen::One);
        }
        if search.is_empty() {
            return Chosen::Nothing;
        }
        let lower = search.to_lowercase();
        let is_it = |thing: &&Thing| thing.name.to_lowercase() == lower;
        let mut exact = self.all.iter().filter(is_it);
        match (exact.next(), exact.next()) {
            (Some(one), None) => Chosen::One(one.clone()),
            _ if self.matching(search).next().is_some() => {
                Chosen::Unclear(format!("Choose one of the {}s found.", self.kind))
            }
            _ => Chosen::Unclear(format!("No {} of {} is called “{search}”.", self.kind, self.place)),
        }
    }

    fn matching(&self, search: &str) -> impl Iterator<Item = &Thing> {
        let lower = search.trim().to_lowercase();
        self.all.iter().filter(move |thing| thing.name.to_lowercase().contains(&lower))
    }

    /// As names for a field that is filled as one types.
    pub(super) fn names(&self, search: &str) -> Vec<&str> {
        self.matching(search).take(LIST_MAX).map(|thing| thing.name.as_str()).collect()
    }

    /// As it is shown. `nothing` is what a list calls choosing none of them.
    pub(super) fn choice(
        &self,
        (name, label): (String, &'static str),
        typed: &Typed,
        chosen: &Chosen,
        nothing: &str,
        is_fixed: bool,
    ) -> Choice {
        let entry = |thing: &Thing| Entry {
            value: thing.number.to_string(),
            text: thing.name.clone(),
            is_chosen: chosen.number() == Some(thing.number),
        };
        let search = typed.search.trim();
        let (kind, entries) = match chosen {
            Chosen::One(thing) if is_fixed || self.are_many() => (Kind::Fixed, vec![entry(thing)]),
            _ if self.are_many() => {
                let matches = self.matching(search).filter(|_| !search.is_empty());
                (Kind::Search, matches.take(MATCHES_MAX).map(entry).collect())
            }
            _ => {
                let is_chosen = chosen.number().is_none();
                let none = Entry { value: String::new(), text: nothing.to_owned(), is_chosen };
                (Kind::List, [none].into_iter().chain(self.all.iter().map(entry)).collect())
            }
        };
        let found = (kind == Kind::Search && !search.is_empty()).then(|| {
            let number = self.matching(search).count();
            let told = words::several(i64::try_from(number).unwrap_or(i64::MAX), self.kind);
            let first =
                if number > MATCHES_MAX { format!("; the first {MATCHES_MAX} are shown") } else { String::new() };
            format!("{told} found{first}.")
        });
        let search_name = format!("search_{name}");
        Choice { name, search_name, label, kind, entries, search: search.to_owned(), found, is_next: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn things(count: u64) -> Things {
        let all = (1..=count).map(|number| Thing { number, name: format!("Shop {number}") }).collect();
        Things::new(all, "project", "Acme")
    }

    fn typed(value: &str, search: &str) -> Typed {
        Typed { value: value.to_owned(), search: search.to_owned() }
    }

    fn shown(things: &Things, typed: &Typed, is_search: bool) -> Choice {
        let chosen = things.meant(typed, is_search);
        things.choice(("project1".to_owned(), "Project"), typed, &chosen, "Choose a project", false)
    }

    #[test]
    fn few_are_a_list_and_many_are_searched_for() {
        let few = shown(&things(50), &typed("7", ""), false);
        assert_eq!((few.kind, few.entries.len()), (Kind::List, 51));
        assert_eq!(few.entries.iter().filter(|entry| entry.is_chosen).count(), 1);
        let many = things(2_000);
        let none = shown(&many, &typed("", ""), false);
        assert_eq!((none.kind, none.entries.len(), none.found), (Kind::Search, 0, None));
        let some = shown(&many, &typed("", "shop 19"), true);
        assert_eq!((some.kind, some.entries.len()), (Kind::Fixed, 1), "its very name");
        let some = shown(&many, &typed("7", "hop 19"), true);
        assert_eq!((some.kind, some.entries.len()), (Kind::Search, 20));
        assert_eq!(some.found.as_deref(), Some("111 projects found; the first 20 are shown."));
        let chosen = shown(&many, &typed("7", "hop 19"), false);
        assert_eq!((chosen.kind, chosen.entries[0].text.as_str()), (Kind::Fixed, "Shop 7"));
    }

    #[test]
    fn what_is_meant_is_clear_or_told() {
        let many = things(60);
        let unclear = |told: &str| Chosen::Unclear(told.to_owned());
        assert_eq!(many.meant(&typed("", ""), false), Chosen::Nothing);
        assert_eq!(many.meant(&typed("61", ""), false), unclear("No project with this number in Acme."));
        assert_eq!(many.meant(&typed("07", ""), false), unclear("No project with this number in Acme."));
        assert_eq!(many.meant(&typed("", "shop"), false), unclear("Choose one of the projects found."));
        assert_eq!(many.meant(&typed("", "web"), false), unclear("No project of Acme is called “web”."));
        assert_eq!(many.meant(&typed("", " SHOP 7 "), false).number(), Some(7));
        assert_eq!(many.meant(&typed("", "7"), false).number(), None, "a number is none of the names");
        let two = vec![Thing { number: 1, name: "a".to_owned() }, Thing { number: 2, name: "A".to_owned() }];
        let two = Things::new(two, "project", "Acme");
        assert_eq!(two.meant(&typed("", "a"), false), unclear("Choose one of the projects found."));
    }
}
