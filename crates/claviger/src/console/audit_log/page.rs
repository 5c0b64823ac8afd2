//! What the page's template shows.

use askama::Template;
use claviger_access::Directory;
use claviger_access::authorize::Scope;
use claviger_access::directory::Organization;
use claviger_access::event::EventName;

use super::Found;
use super::asked::{Cursor, Written, Wrong, ends_text};
use super::row::{self, Row, Teller};
use crate::api::audit_export::FileForm;
use crate::api::audit_filter;
use crate::console::frame::Frame;
use crate::console::words;
use crate::store::audit_log::{EventFilter, SpotCheck};

/// No select has more entries.
const SELECT_MAX: usize = 50;

/// What is known of the chain.
pub(super) enum Chain {
    /// No event was looked at.
    Unknown,
    /// All events of the page that the chain covers are what was written; so many are from before it.
    Unbroken { uncovered: usize, at: String },
    /// An event of the page is not what was written behind this one.
    BrokenAfter(String),
}

impl Chain {
    pub(super) fn of(checked: &SpotCheck, now: i64) -> Self {
        match checked.broken.iter().min() {
            Some(broken) => Self::BrokenAfter(row::number(broken - 1)),
            None if checked.whole.is_empty() && checked.uncovered.is_empty() => Self::Unknown,
            None => Self::Unbroken { uncovered: checked.uncovered.len(), at: words::time(now) },
        }
    }
}

/// The events of a page.
pub(super) struct Rows<'f> {
    pub rows: Vec<Row>,
    pub chain: Chain,
    pub found: &'f Found,
}

/// A project that can be chosen.
pub(super) struct Choice {
    id: String,
    name: String,
}

#[derive(Template)]
#[template(path = "console/audit_log.html")]
pub(super) struct Page<'p> {
    frame: &'p Frame,
    /// Whose log it is.
    owner: &'p str,
    path: &'p str,
    written: &'p Written,
    wrong: Vec<Wrong>,
    is_filtered: bool,
    /// Names of events, for the field that takes one.
    actions: Vec<String>,
    /// In the log of an organization: its projects, unless they are more than a select may hold.
    projects: Vec<Choice>,
    asks_project: bool,
    rows: Vec<Row>,
    chain: Chain,
    /// Such as "25 newest events".
    range: String,
    newer: Option<String>,
    older: Option<String>,
    /// None where the filters mean nothing that could be exported.
    exports: Vec<(&'static str, String)>,
    /// Whether it is followed, also where that is paused.
    follows: bool,
    may_follow: bool,
    follow: String,
    unfollow: String,
    /// Where rows come from while the page follows the log.
    live: Option<String>,
    /// The same on the command line; empty where there is none.
    command: String,
}

impl<'p> Page<'p> {
    pub(super) fn of(
        frame: &'p Frame,
        teller: &Teller<'p>,
        known: &'p Organization,
        filter: Option<&EventFilter>,
        wrong: Vec<Wrong>,
        shown: Rows<'_>,
    ) -> Self {
        let Rows { rows, chain, found } = shown;
        let (asked, path) = (teller.asked, teller.path);
        let address = |name: &str, value: &str| asked.address(path, &[(name, value)]);
        let export = |form: FileForm| asked.address(&format!("{path}/export"), &[("format", form.name())]);
        let page = |cursor: Option<Cursor>| cursor.map(|cursor| asked.page(path, Some(cursor)));
        let is_first = !found.has_newer && wrong.is_empty() && filter.is_some();
        let ends = found.ends.filter(|_| asked.follows && is_first && asked.open.is_none()).map(ends_text);
        Self {
            frame,
            owner: owner(teller.directory, known, teller.scope),
            path,
            written: &asked.written,
            wrong,
            is_filtered: asked.written.given().next().is_some(),
            actions: actions(),
            projects: projects(teller, known),
            asks_project: matches!(teller.scope, Scope::Organization(_)),
            range: range(found),
            newer: page(found.first().filter(|_| found.has_newer).map(Cursor::Before)),
            older: page(found.last().filter(|_| found.has_older).map(Cursor::After)),
            exports: match filter {
                Some(_) => vec![("CSV", export(FileForm::Csv)), ("NDJSON", export(FileForm::Ndjson))],
                None => Vec::new(),
            },
            follows: ends.is_some() || (asked.follows && asked.open.is_some()),
            may_follow: filter.is_some(),
            follow: address("follow", "1"),
            unfollow: asked.address(path, &[]),
            live: ends.map(|ends| asked.address(&format!("{path}/live"), &[("since", &ends)])),
            command: filter.map(|filter| command(known, teller.scope, filter)).unwrap_or_default(),
            rows,
            chain,
        }
    }

    /// What is wrong with a field.
    fn wrong_with(&self, field: &str) -> Option<&str> {
        self.wrong.iter().find(|wrong| wrong.field == field).map(|wrong| wrong.sentence.as_str())
    }

    /// Whether fields that are folded away hold something.
    fn is_unfolded(&self) -> bool {
        let folded = [("from", &self.written.from), ("to", &self.written.to), ("project", &self.written.project)];
        folded.iter().any(|(field, text)| !text.is_empty() || self.wrong_with(field).is_some())
    }
}

fn owner<'p>(directory: &'p Directory, known: &'p Organization, scope: Scope) -> &'p str {
    match scope {
        Scope::Organization(_) => &known.name,
        Scope::Project(id) => directory.project(id).map_or("", |project| &project.name),
    }
}

/// All of a kind, then each.
fn actions() -> Vec<String> {
    let names = EventName::ALL.iter().map(|name| name.text());
    let mut kinds: Vec<String> =
        names.clone().filter_map(|name| Some(format!("{}.*", name.split_once('.')?.0))).collect();
    kinds.sort();
    kinds.dedup();
    kinds.into_iter().chain(names.map(str::to_owned)).collect()
}

fn projects(teller: &Teller<'_>, known: &Organization) -> Vec<Choice> {
    let is_asked = matches!(teller.scope, Scope::Organization(_)) && known.projects.len() <= SELECT_MAX;
    let projects = known.projects.iter().filter(|_| is_asked).filter_map(|id| teller.directory.project(*id));
    projects.map(|project| Choice { id: project.id.to_string(), name: project.name.clone() }).collect()
}

fn range(found: &Found) -> String {
    let number = i64::try_from(found.events.len()).unwrap_or(0);
    let events = words::several(number, "event");
    match found.events.first() {
        None => String::new(),
        Some(_) if !found.has_newer && !found.has_older => events,
        Some(_) if !found.has_newer => format!("{number} newest events"),
        Some(first) => format!("{events} from {} on {} back", words::time(first.made_at), words::date(first.made_at)),
    }
}

/// The same on the command line; nothing where it cannot ask so, for several of a name.
fn command(known: &Organization, scope: Scope, filter: &EventFilter) -> String {
    if filter.actors.len() > 1 || filter.targets.len() > 1 {
        return String::new();
    }
    let written = audit_filter::written(filter);
    let project = match scope {
        Scope::Project(id) => Some(id.to_string()),
        Scope::Organization(_) => {
            written.iter().find(|(name, _)| *name == "project").map(|(_, project)| project.clone())
        }
    };
    let whose =
        project.map_or_else(|| format!("--organization {}", known.id), |project| format!("--project {project}"));
    let options = written.into_iter().filter(|(name, _)| *name != "project").map(|(name, value)| {
        let option = if name == "to" { "until" } else { name };
        format!(" --{option} {}", words::shell_word(&value))
    });
    format!("claviger audit list {whose}{}", options.collect::<String>())
}

#[cfg(test)]
mod tests {
    use claviger_access::identity::ProjectId;

    use super::super::asked::Asked;
    use super::super::row::tests::event;
    use super::*;
    use crate::audit_chain::ChainDigest;
    use crate::console::frame::tests::{SCRIPT, frame};
    use crate::store::audit_log::{ActionFilter, ChainLink, EventPlace, LogEnds};

    fn organization() -> Organization {
        crate::console::frame::tests::organization(SCRIPT)
    }

    fn checked(ids: impl Iterator<Item = i64>) -> SpotCheck {
        let digest = ChainDigest([7; 32]);
        let whole = ids.map(|id| (id, ChainLink { digest, follows: digest })).collect();
        SpotCheck { whole, ..SpotCheck::default() }
    }

    /// A page of the newest events, as it is asked for.
    fn rendered(asked: &Asked, events: i64, checked: &SpotCheck) -> String {
        let (directory, known, frame) = (Directory::empty(1), organization(), frame(true));
        let path = "/console/organizations/7/audit-log";
        let scope = Scope::Organization(known.id);
        let teller = Teller { directory: &directory, organization: known.id, scope, opens_accounts: true, path, asked };
        let found = Found {
            events: (0..events).map(|number| event(48_211 - number)).collect(),
            has_newer: asked.cursor.is_some(),
            has_older: events > 0,
            is_first_after_all: false,
            ends: Some(LogEnds { mutations: 48_211, observations: 1_000 }),
        };
        let filter = EventFilter::default();
        let rows = found.rows(&teller, checked);
        let rows = Rows { rows, chain: Chain::of(checked, 1_795_551_303), found: &found };
        Page::of(&frame, &teller, &known, Some(&filter), Vec::new(), rows).render().expect("a page")
    }

    fn all() -> impl Iterator<Item = i64> {
        48_187..=48_211
    }

    #[test]
    fn every_name_is_text_whatever_it_holds() {
        let written = Written {
            target: SCRIPT.to_owned(),
            actor: SCRIPT.to_owned(),
            action: SCRIPT.to_owned(),
            from: SCRIPT.to_owned(),
            to: SCRIPT.to_owned(),
            project: SCRIPT.to_owned(),
        };
        let asked = Asked { written, open: Some(48_211), ..Asked::default() };
        for text in [rendered(&asked, 25, &checked(all())), rendered(&asked, 0, &SpotCheck::default())] {
            assert_eq!(text.matches("<script").count(), 1, "the script of the page itself: {text}");
            assert!(text.contains("&#60;script&#62;alert(&#39;x&#39;)&#60;/script&#62;"), "{text}");
            assert!(!text.contains("style=") && !text.contains("<style"), "{text}");
        }
    }

    #[test]
    fn a_page_of_25_rows_with_one_open_is_below_50_kilobytes() {
        let text = rendered(&Asked { open: Some(48_200), ..Asked::default() }, 25, &checked(all()));
        assert_eq!(text.matches("<tr role=\"row\"").count(), 27);
        assert!(text.len() < 50_000, "{} bytes", text.len());
    }

    #[test]
    fn the_head_says_what_was_checked_and_where_it_breaks() {
        let text = rendered(&Asked::default(), 25, &checked(all()));
        assert!(text.contains("The events on this page are unbroken</span>, checked at 20:15:03."), "{text}");
        let broken = SpotCheck { broken: vec![48_205, 48_204], ..checked(all()) };
        let text = rendered(&Asked::default(), 25, &broken);
        assert!(text.contains("Broken after event 48,203</span>. Run <code>claviger audit verify</code>."), "{text}");
        assert!(!text.contains("unbroken"), "{text}");
        assert_eq!(text.matches("Not what was written here").count(), 2, "{text}");
        let old = SpotCheck { uncovered: vec![48_187], ..checked(all()) };
        let text = rendered(&Asked::default(), 25, &old);
        assert!(text.contains("1 event is from before the chain and is not covered."), "{text}");
        let text = rendered(&Asked::default(), 0, &SpotCheck::default());
        assert!(!text.contains("unbroken") && !text.contains("Broken"), "{text}");
    }

    #[test]
    fn a_page_leads_on_back_and_to_each_events_details() {
        let at = EventPlace { made_at: 1_795_551_303, id: 48_212 };
        let cursor = Some(Cursor::After(at));
        let text = rendered(&Asked { cursor, open: Some(48_210), ..Asked::default() }, 25, &checked(all()));
        let path = "/console/organizations/7/audit-log";
        for part in [
            format!("href=\"{path}?cursor=before.1795551303.48211\">Newer</a>"),
            format!("href=\"{path}?cursor=after.1795551303.48187\">Older</a>"),
            format!("href=\"{path}?cursor=after.1795551303.48212&#38;open=48211#e48211\" aria-expanded=\"false\""),
            format!("href=\"{path}?cursor=after.1795551303.48212#e48210\" aria-expanded=\"true\""),
            format!("href=\"{path}/export?format=csv\""),
            "<code>0707…0707</code>, follows <code>0707…0707</code>".to_owned(),
            "25 events from 20:15:03 on 24 Nov 2026 back".to_owned(),
        ] {
            assert!(text.contains(&part), "{part} is not in {text}");
        }
    }

    #[test]
    fn a_page_that_follows_the_log_reloads_without_a_script_and_waits_while_a_row_is_open() {
        let reload = "<noscript><meta http-equiv=\"refresh\" content=\"5\"></noscript>";
        let follows = Asked { follows: true, ..Asked::default() };
        let text = rendered(&follows, 25, &checked(all()));
        assert!(text.contains(reload), "{text}");
        let live = "data-live=\"/console/organizations/7/audit-log/live?since=48211.1000\"";
        assert!(text.contains(live), "{text}");
        let open = rendered(&Asked { open: Some(48_200), ..follows }, 25, &checked(all()));
        assert!(!open.contains(reload) && !open.contains("data-live") && open.contains("Paused while a row is open"));
        let text = rendered(&Asked::default(), 25, &checked(all()));
        assert!(!text.contains(reload) && !text.contains("data-live") && text.contains("Follow live"), "{text}");
    }

    #[test]
    fn the_command_line_asks_for_the_same() {
        let filter = EventFilter {
            from: Some(1_795_478_400),
            to: Some(1_795_478_401),
            actors: vec![9],
            action: Some(ActionFilter::Beginning("team.".to_owned())),
            targets: vec![("team".to_owned(), 12)],
            project: ProjectId::new(3),
        };
        let (known, scope) = (organization(), Scope::Organization(organization().id));
        assert_eq!(
            command(&known, scope, &filter),
            "claviger audit list --project 3 --from 2026-11-24T00:00:00Z --until 2026-11-24T00:00:01Z --actor 9 \
             --action 'team.*' --target team:12"
        );
        assert_eq!(command(&known, scope, &EventFilter::default()), "claviger audit list --organization 7");
        assert_eq!(command(&known, scope, &EventFilter { actors: vec![9, 10], ..EventFilter::default() }), "");
    }

    #[test]
    fn the_field_for_names_of_events_knows_kinds_and_each() {
        let actions = actions();
        assert!(actions.contains(&"service_account.*".to_owned()) && actions.contains(&"team.created".to_owned()));
        assert!(actions.iter().all(|action| audit_filter::action(action).is_some()), "{actions:?}");
    }
}
