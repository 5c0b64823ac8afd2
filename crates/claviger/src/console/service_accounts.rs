//! The Service Accounts page of an organization: is it in use, what can it reach, when does it end, who made it.
//!
//! One pass over all accounts counts the views and finds the page; see [`account`] and [`survey`]. What a row reaches is
//! looked up for the rows that are shown alone, or for all where the list is narrowed to it ([`filter`]). Then the views
//! count what is left, so that each opens as many as it says.

mod access;
pub(super) mod account;
pub(super) mod asked;
pub(super) mod bulk;
mod choice;
pub(super) mod expiry;
mod filter;
pub(super) mod new;
mod refused_since;
pub(super) mod rotate;
pub(super) mod row;
mod survey;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use claviger_access::authorize::{ManageServiceAccounts, Scope, authorize};
use claviger_access::directory::{Organization, PrincipalView};
use claviger_access::identity::{OrganizationId, PrincipalId};
use claviger_access::{Directory, Permit};

use self::account::Account;
use self::account::Sequence;
use self::asked::{Asked, Column, Order, View};
use self::choice::Kind;
use self::filter::Sieve;
use self::filter::bar::{Bar, Nothing};
use self::new::rows::projects;
use self::refused_since::refused_since;
use self::row::{Row, Tone};
use self::survey::{Found, PAGE_LENGTH, Survey};
use super::error_page::ErrorPage;
use super::frame::{Frame, Link};
use super::page::page;
use super::path::At;
use super::place::{OrganizationPage, Place};
use super::refused::{Wanted, refused};
use super::signed_in::SignedIn;
use super::{Console, words};
use crate::api::ids::PathId;
use crate::store::StoreError;

const SEE: Wanted = Wanted { title: "Service Accounts", deed: "see its service accounts" };

/// A view with how many accounts it has.
struct ViewLink {
    link: Link,
    count: String,
    title: &'static str,
}

/// A heading that orders by its column.
struct Heading {
    path: String,
    text: &'static str,
    /// `ascending`, `descending`, or nothing.
    sort: &'static str,
}

#[derive(Template)]
#[template(path = "console/service_accounts.html")]
struct Page<'p> {
    frame: &'p Frame,
    organization: &'p str,
    path: &'p str,
    /// Whether there is any account.
    has_any: bool,
    views: Vec<ViewLink>,
    /// The view that is shown and the order, where they are not as usual, for the search form.
    view: &'static str,
    sort: Option<String>,
    search: &'p str,
    bar: Bar,
    headings: [Heading; 4],
    /// What the filters leave, such as "that reach Web shop", with a blank before it; and the order.
    narrowed: String,
    order: &'static str,
    rows: Vec<Row>,
    /// Such as "1 to 25 of 214".
    range: String,
    previous: Option<String>,
    next: Option<String>,
    nothing: Nothing,
    /// Empty where the command line has no such list.
    command: String,
    /// The same that makes the first account.
    create: String,
    /// Where all of the view is reviewed, to be deleted, with how many it has.
    review: Option<(String, String)>,
}

/// The address of an account's page.
fn path_of(organization: OrganizationId, account: PrincipalId) -> String {
    format!("{}/{account}", OrganizationPage::ServiceAccounts.path(organization))
}

/// The command that makes an organization's first account, as every page says it that has none to show.
pub(super) fn first_command(organization: &Organization) -> String {
    let project = organization.projects.first().map(|project| format!(" --project {project}:analyst"));
    let (id, project) = (organization.id, project.unwrap_or_default());
    format!("claviger service-account create nightly-export --organization {id}{project} --expires-in 90d")
}

/// The page.
pub(super) async fn list(
    State(console): State<Console>,
    signed_in: SignedIn,
    At(PathId(organization)): At<PathId<OrganizationId>>,
    asked: Asked,
) -> Result<Response, ErrorPage> {
    let place = Place::Organization(organization, OrganizationPage::ServiceAccounts);
    let scope = Scope::Organization(organization);
    let permit = authorize::<ManageServiceAccounts>(&signed_in.held, &signed_in.caller, scope, signed_in.now);
    let permit = permit.map_err(|refusal| refused(&signed_in, place, &SEE, &refusal))?;
    let known = signed_in.held.organization(organization).ok_or_else(ErrorPage::no_such_organization)?;
    let unread = |error| ErrorPage::unread(&error, &signed_in.origin).inside(&signed_in, place);
    let projects = projects(&signed_in.held, known);
    let asked = asked.settled(&projects);
    let found = found(&console, &signed_in, &permit, known, &asked).await.map_err(unread)?;
    let path = OrganizationPage::ServiceAccounts.path(organization);
    if found.is_astray(&asked) {
        return Ok(Redirect::to(&asked.address(&path, None)).into_response());
    }
    let frame = Frame::of(&signed_in, place);
    let has_expired = found.page.iter().any(|account| account.state == account::State::Expired);
    let not_admitted = match has_expired {
        true => console.node.store.not_admitted(&permit, signed_in.now).await.map_err(unread)?,
        false => Vec::new(),
    };
    let rows = found.page.iter().map(|account| {
        let row = Row::of(&signed_in.held, known, account, signed_in.now.seconds());
        row.with_refused(refused_since(account, &not_admitted))
    });
    let rows = rows.collect();
    let bar = Bar::of(&asked, &projects, &path);
    Ok(page(StatusCode::OK, &Page::of(&frame, (&signed_in.held, known), &path, &asked, bar, &found, rows)))
}

/// Goes through all accounts.
async fn found<'d>(
    console: &Console,
    signed_in: &'d SignedIn,
    permit: &Permit<ManageServiceAccounts>,
    known: &'d Organization,
    asked: &Asked,
) -> Result<Found<'d>, StoreError> {
    let held = &signed_in.held;
    // Who was deleted keeps his username.
    let edge = asked.cursor.map(|cursor| {
        let name = held.account_ever_of(permit.organization(), cursor.id).map_or("", |view| view.name());
        cursor.place(asked.order, name)
    });
    let mut survey = Survey::new(asked, edge);
    let sieve = Sieve::new(held, known, asked.filter);
    let keep = |account: Account<'d>, view: &PrincipalView<'d>| {
        if sieve.as_ref().is_none_or(|sieve| sieve.keeps(view)) {
            survey.add(account);
        }
    };
    // What comes nearest first to where the page begins need not be put aside for what comes nearer.
    let sequence = match asked.order.is_descending == asked.is_after() {
        true => Sequence::NewestFirst,
        false => Sequence::OldestFirst,
    };
    account::each(&console.node, held, permit, sequence, signed_in.now, keep).await?;
    Ok(survey.end())
}

impl<'p> Page<'p> {
    fn of(
        frame: &'p Frame,
        (directory, known): (&Directory, &'p Organization),
        path: &'p str,
        asked: &'p Asked,
        bar: Bar,
        found: &Found<'_>,
        rows: Vec<Row>,
    ) -> Self {
        let number = |view: View| {
            let shown = View::EACH.into_iter().zip(found.counts).find(|(each, _)| *each == view);
            shown.map_or(0, |(_, count)| count)
        };
        let count = |view: View| words::count(number(view));
        let (first, last) = (found.begin + 1, found.begin + rows.len());
        let narrowed = asked.filter.clause(directory, true).map(|clause| format!(" that {clause}"));
        Self {
            frame,
            organization: &known.name,
            path,
            review: asked.review(path).map(|review| (review, count(asked.view))),
            has_any: number(View::All) > 0 || bar.cleared.is_some(),
            views: View::EACH.into_iter().map(|view| asked.view_link(path, view, count(view))).collect(),
            view: asked.view.name(),
            sort: (asked.order != Order::default()).then(|| asked.sort()),
            search: &asked.search,
            command: asked.command(known).filter(|_| bar.cleared.is_none()).unwrap_or_default(),
            bar,
            headings: Column::EACH.map(|column| asked.heading(path, column)),
            narrowed: narrowed.unwrap_or_default(),
            order: asked.order.told(),
            rows,
            range: format!("{} to {} of {}", words::count(first), words::count(last), words::count(found.matching)),
            previous: found.previous.as_ref().map(|cursor| asked.address(path, Some(cursor))),
            next: found.next.as_ref().map(|cursor| asked.address(path, Some(cursor))),
            nothing: Nothing::of(asked, directory, path, number(asked.view)),
            create: first_command(known),
        }
    }

    /// How many rows the next page has, at most.
    fn page_length(&self) -> usize {
        PAGE_LENGTH
    }
}

impl Asked {
    /// Where all of the view that the filters leave is reviewed, to be deleted. Nowhere while some are searched for: they
    /// are not all.
    fn review(&self, path: &str) -> Option<String> {
        let is_tidied =
            matches!(self.view, View::Of(account::State::Expired | account::State::Unused | account::State::Disabled));
        let those = Self { view: self.view, filter: self.filter, ..Self::default() };
        (is_tidied && self.search.is_empty()).then(|| those.address(&format!("{path}/delete"), None))
    }

    /// The same list on the command line, which has no other views, no filters, and an order of its own.
    fn command(&self, organization: &Organization) -> Option<String> {
        let ownerless = match self.view {
            View::All => "",
            View::NoOwner => " --ownerless",
            View::Of(_) | View::NoExpiry => return None,
        };
        let search = (!self.search.is_empty()).then(|| format!(" --search {}", words::shell_word(&self.search)));
        let (id, search) = (organization.id, search.unwrap_or_default());
        let is_listed = self.order == Order::default() && !self.filter.is_set();
        is_listed.then(|| format!("claviger service-account list --organization {id}{search}{ownerless}"))
    }

    fn view_link(&self, path: &str, view: View, count: String) -> ViewLink {
        let title = match view {
            View::Of(account::State::Expiring) => "Expire within 30 days",
            View::Of(account::State::Unused) => "Not used for 90 days",
            _ => "",
        };
        let address = Asked { view, ..self.clone() }.address(path, None);
        ViewLink {
            link: Link { path: address, text: view.label().to_owned(), is_current: view == self.view },
            count,
            title,
        }
    }

    fn heading(&self, path: &str, column: Column) -> Heading {
        let text = match column {
            Column::Name => "Name",
            Column::LastUsed => "Last used",
            Column::Expires => "Expires",
            Column::Created => "Created",
        };
        let sort = match (self.order.column == column, self.order.is_descending) {
            (false, _) => "",
            (true, false) => "ascending",
            (true, true) => "descending",
        };
        Heading { path: Asked { order: self.order.by(column), ..self.clone() }.address(path, None), text, sort }
    }
}

#[cfg(test)]
mod tests {
    use super::access::{Access, Line};
    use super::account::tests::{NOW, account};
    use super::choice::{Thing, Things};
    use super::filter::{Filter, Sought};
    use super::*;
    use crate::console::frame::tests::{SCRIPT, frame};
    use claviger_access::identity::ProjectId;

    /// An organization, its projects and its accounts' creators may be called so.
    fn organization() -> Organization {
        Organization { account_count: 214, ..crate::console::frame::tests::organization(SCRIPT) }
    }

    fn path() -> String {
        OrganizationPage::ServiceAccounts.path(organization().id)
    }

    fn row(number: u64) -> Row {
        let mut account = account(number);
        account.creator = Some((SCRIPT, None));
        account.expires = Some(NOW + 6 * words::DAY);
        let line = || Line { place: format!("{SCRIPT}, EU storefront"), role: SCRIPT.to_owned() };
        let access = Access { lines: vec![line(), line()], more: 4 };
        Row { access, ..Row::of(&Directory::empty(1), &organization(), &account, NOW) }
    }

    fn rendered(asked: &Asked, rows: u64) -> String {
        rendered_of(asked, rows, &things(3))
    }

    /// So many projects of that name.
    fn things(number: u64) -> Things {
        let all = (1..=number).map(|number| Thing { number, name: SCRIPT.to_owned() }).collect();
        Things::new(all, "project", SCRIPT)
    }

    fn rendered_of(asked: &Asked, rows: u64, things: &Things) -> String {
        let (organization, frame, path) = (organization(), frame(true), path());
        let found = Found {
            counts: [214, 174, 6, 9, 23, 2, 118, 3],
            matching: if rows == 0 { 0 } else { 214 },
            begin: if rows == 0 { 0 } else { 25 },
            page: Vec::new(),
            previous: (rows > 0).then(|| "before.1.1".to_owned()),
            next: (rows > 0).then(|| "after.1.1".to_owned()),
        };
        let rows = (1..=rows).map(row).collect();
        let bar = Bar::of(asked, things, &path);
        let directory = Directory::empty(1);
        Page::of(&frame, (&directory, &organization), &path, asked, bar, &found, rows).render().expect("a page")
    }

    #[test]
    fn every_name_is_text_whatever_it_holds() {
        let searched = Asked { search: SCRIPT.to_owned(), ..Asked::default() };
        for text in [rendered(&searched, 25), rendered(&searched, 0), rendered(&Asked::default(), 25)] {
            assert_eq!(text.matches("<script").count(), 1, "the script of the page itself: {text}");
            assert!(text.contains("&#60;script&#62;alert(&#39;x&#39;)&#60;/script&#62;"), "{text}");
            assert!(!text.contains("style=") && !text.contains("<style"), "{text}");
        }
    }

    #[test]
    fn a_page_of_25_rows_is_below_50_kilobytes() {
        let text = rendered(&Asked::default(), 25);
        assert_eq!(text.matches("<tr role=\"row\">").count(), 26);
        assert!(text.len() < 50_000, "{} bytes", text.len());
    }

    #[test]
    fn a_page_says_where_it_is_and_what_each_view_holds() {
        let text = rendered(&Asked::default(), 25);
        let path = path();
        for part in [
            "26 to 50 of 214",
            &format!("<a class=\"btn s\" href=\"{path}?cursor=before.1.1\">Previous 25</a>"),
            &format!("<a class=\"btn s\" href=\"{path}?cursor=after.1.1\">Next 25</a>"),
            &format!("<a href=\"{path}\" aria-current=\"page\">All <span>214</span></a>"),
            &format!("<a href=\"{path}?view=expired\">Expired <span>9</span></a>"),
            &format!("<a href=\"{path}?view=no-owner\">No owner <span>3</span></a>"),
            "aria-sort=\"descending\"><a href=\"/console/organizations/7/service-accounts?sort=created\">Created ↓</a>",
            "<code class=\"sub\">bot-1.000001.service-account</code>",
            "claviger service-account list --organization 7</pre>",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
    }

    #[test]
    fn nothing_found_says_where_it_was_searched_and_leads_back() {
        let asked = Asked { search: "nigtly".to_owned(), ..Asked::default() };
        let text = rendered(&asked, 0);
        for part in [
            "No service account matches “nigtly”",
            "in all 214 accounts.",
            ">Clear search</a>",
            "service-account list --organization 7 --search nigtly</pre>",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        assert!(!text.contains("<table"), "{text}");
    }

    fn narrowed(project: Option<u64>, role: &str) -> Asked {
        let filter = Filter { project: project.and_then(ProjectId::new), role: Sought::parse(role) };
        Asked { filter, ..Asked::default() }
    }

    #[test]
    fn filters_are_chosen_kept_and_cleared() {
        let asked = Asked { view: View::Of(account::State::Expired), ..narrowed(Some(2), "custom") };
        let (text, path) = (rendered(&asked, 25), path());
        for part in [
            "<option value=\"\">Any project</option>",
            "<option value=\"2\" selected>",
            "<option value=\"\">Any role</option><option value=\"owner\">Owner</option>",
            "<option value=\"custom\" selected>Custom roles</option>",
            &format!("<a href=\"{path}?project=2&#38;role=custom\">All <span>214</span></a>"),
            &format!("<a href=\"{path}?view=expired&#38;project=2&#38;role=custom&#38;sort=name\">Name</a>"),
            &format!(
                "<a class=\"btn s\" href=\"{path}?view=expired&#38;project=2&#38;role=custom&#38;cursor=after.1.1\">Next 25</a>"
            ),
            &format!(
                "<a class=\"btn s\" href=\"{path}/delete?view=expired&#38;project=2&#38;role=custom\">Review all 9</a>"
            ),
            &format!("<a class=\"btn s\" href=\"{path}?view=expired\">Clear filters</a>"),
            " with a custom role, most recently created first</caption>",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        assert!(!text.contains("claviger service-account list"), "{text}");
        let searched = Asked { search: "x".to_owned(), ..asked };
        assert!(!rendered(&searched, 25).contains("Review all"), "not all of them are shown");
        assert!(!rendered(&Asked::default(), 25).contains("Clear filters"));
    }

    #[test]
    fn many_projects_are_searched_for_and_the_page_stays_small() {
        let many = things(2_000);
        let shown = |asked: Asked| rendered_of(&asked.settled(&many), 25, &many);
        let any = shown(Asked::default());
        assert!(any.contains("<input name=\"search_project\" value=\"\" placeholder=\"Any project\""), "{any}");
        let chosen = shown(narrowed(Some(1_999), ""));
        assert!(chosen.contains("<input type=\"hidden\" name=\"project\" value=\"1999\">"), "{chosen}");
        let unclear = shown(Asked { project_search: "script".to_owned(), ..narrowed(None, "admin") });
        for part in [
            "<h2>Choose a project</h2>",
            "<p>2,000 projects found; the first 20 are shown.</p>",
            &format!("<a class=\"btn s\" href=\"{}?project=20&#38;role=admin\">&#60;script", path()),
            "name=\"search_project\" value=\"script\"",
            ">Clear filters</a>",
        ] {
            assert!(unclear.contains(part), "{part} is not in {unclear}");
        }
        assert!(!unclear.contains("<table") && !unclear.contains("project=21&"), "{unclear}");
        let none = shown(Asked { project_search: "nigtly".to_owned(), ..Asked::default() });
        assert!(none.contains("No project matches “nigtly”") && !none.contains("<table"), "{none}");
        let long = (1..=50).map(|number| Thing { number, name: "W".repeat(128) }).collect();
        let full = rendered_of(&Asked::default(), 25, &Things::new(long, "project", SCRIPT));
        assert!(full.contains(&format!("<option value=\"50\">{}…</option>", "W".repeat(40))), "{full}");
        for text in [any, chosen, unclear, full] {
            assert!(text.len() < 50_000, "{} bytes", text.len());
            assert_eq!(text.matches("<script").count(), 1, "the script of the page itself: {text}");
        }
    }

    #[test]
    fn what_is_left_of_nothing_is_told_with_what_was_filtered() {
        let said = |asked: Asked, part: &str| {
            let text = rendered(&asked, 0);
            assert!(text.contains(part), "{part} is not in {text}");
            text
        };
        let none = said(narrowed(None, "analyst"), "<h2>No service account has the role Analyst</h2>");
        assert!(none.contains(">Clear filters</a>") && !none.contains("Show all"), "{none}");
        let disabled = View::Of(account::State::Disabled);
        let searched = Asked { search: "nigtly".to_owned(), view: disabled, ..narrowed(None, "custom") };
        let both = said(searched, "<h2>No service account that has a custom role matches “nigtly”</h2>");
        assert!(both.contains("in the 2 accounts of this view that have a custom role."), "{both}");
        assert!(both.contains("?view=disabled&#38;role=custom\">Clear search</a>"), "{both}");
        assert!(both.contains("?view=disabled&#38;search=nigtly\">Clear filters</a>"), "{both}");
    }

    #[test]
    fn a_view_that_the_command_line_has_not_shows_no_command() {
        let has = |asked: Asked| rendered(&asked, 3).contains("claviger service-account list");
        let of = |view| Asked { view, ..Asked::default() };
        assert!(has(of(View::All)) && has(of(View::NoOwner)));
        assert!(!has(of(View::NoExpiry)) && !has(of(View::Of(account::State::Expired))));
        let order = Order { is_descending: false, ..Order::default() };
        assert!(!has(Asked { order, ..Asked::default() }));
    }

    #[test]
    fn the_first_account_is_made_in_the_first_project() {
        let projects = [8, 9].into_iter().filter_map(ProjectId::new).collect();
        let command = first_command(&Organization { projects, ..organization() });
        assert!(
            command.ends_with(" nightly-export --organization 7 --project 8:analyst --expires-in 90d"),
            "{command}"
        );
    }

    #[test]
    fn an_organization_without_accounts_is_told_what_one_is_for() {
        let (organization, frame, path) = (organization(), frame(true), path());
        let asked = Asked::default();
        let (bar, directory) = (Bar::of(&asked, &things(0), &path), Directory::empty(1));
        let found = Survey::new(&asked, None).end();
        let text = Page::of(&frame, (&directory, &organization), &path, &asked, bar, &found, Vec::new());
        let text = text.render().expect("a page");
        assert!(text.contains("No service accounts yet") && !text.contains("class=\"views\""), "{text}");
        assert!(
            text.contains("claviger service-account create nightly-export --organization 7 --expires-in 90d</pre>"),
            "{text}"
        );
    }
}
