//! The page before somebody or something is taken away: what that ends, in numbers, and a name to type.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::frame::{Frame, Link};
use super::page::page;
use super::words;

/// So much of what is lost is listed; the rest is counted.
const LISTED_MAX: usize = 50;

/// The field that holds what was typed.
pub(super) const FIELD: &str = "confirm";

/// Access that is lost.
pub(super) struct Lost {
    pub place: String,
    pub role: String,
}

/// What the page says.
#[derive(Template)]
#[template(path = "console/consequences.html")]
pub(super) struct Consequences<'p> {
    pub frame: &'p Frame,
    /// Whose settings it is in.
    pub organization: &'p str,
    pub title: String,
    /// A second line below it.
    pub sub: String,
    /// The way back.
    pub crumbs: Vec<Link>,
    /// What matters most, if anything does.
    pub warning: Option<String>,
    pub lost: Vec<Lost>,
    /// Sentences on what else goes, and what stays.
    pub also: Vec<String>,
    /// Where the form is sent.
    pub action: String,
    /// Asks for the name to be typed.
    pub asks: String,
    pub error: Option<String>,
    pub button: String,
    pub keep: Link,
    pub command: String,
}

impl Consequences<'_> {
    fn listed(&self) -> impl Iterator<Item = &Lost> {
        self.lost.iter().take(LISTED_MAX)
    }

    /// How much more is lost than is listed.
    fn unlisted(&self) -> usize {
        self.lost.len().saturating_sub(LISTED_MAX)
    }

    /// The page; told again where something else was typed.
    pub(super) fn page(&self) -> Response {
        page(if self.error.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK }, self)
    }
}

fn several(number: usize, thing: &str) -> Option<String> {
    (number > 0).then(|| words::several(i64::try_from(number).unwrap_or(i64::MAX), thing))
}

/// "1 person and 2 teams lose", "1 team loses"; nothing where nobody does.
pub(super) fn losing(people: usize, teams: usize) -> Option<String> {
    let persons = match people {
        0 => None,
        1 => Some("1 person".to_owned()),
        more => Some(format!("{} people", words::count(more))),
    };
    let who: Vec<String> = persons.into_iter().chain(several(teams, "team")).collect();
    let lose = if people + teams == 1 { "loses" } else { "lose" };
    (!who.is_empty()).then(|| format!("{} {lose}", who.join(" and ")))
}

/// "2 workspaces and 1 custom role are", "1 workspace is".
pub(super) fn parts(workspaces: usize, custom_roles: usize) -> String {
    let all: Vec<String> =
        several(workspaces, "workspace").into_iter().chain(several(custom_roles, "custom role")).collect();
    format!("{} {}", all.join(" and "), if workspaces + custom_roles == 1 { "is" } else { "are" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::frame::tests::{SCRIPT, frame};

    #[test]
    fn what_goes_is_counted_and_what_there_is_none_of_is_left_out() {
        assert_eq!(losing(0, 0), None);
        assert_eq!(losing(1, 0).as_deref(), Some("1 person loses"));
        assert_eq!(losing(0, 1).as_deref(), Some("1 team loses"));
        assert_eq!(losing(1, 1).as_deref(), Some("1 person and 1 team lose"));
        assert_eq!(losing(1_200, 2).as_deref(), Some("1,200 people and 2 teams lose"));
        assert_eq!((parts(1, 0), parts(2, 1)), ("1 workspace is".into(), "2 workspaces and 1 custom role are".into()));
    }

    #[test]
    fn whatever_it_names_is_text() {
        let frame = frame(true);
        let link = || Link { path: "/console/x".to_owned(), text: SCRIPT.to_owned(), is_current: false };
        let text = Consequences {
            frame: &frame,
            organization: SCRIPT,
            title: SCRIPT.to_owned(),
            sub: SCRIPT.to_owned(),
            crumbs: vec![link()],
            warning: Some(SCRIPT.to_owned()),
            lost: (0..LISTED_MAX + 3).map(|_| Lost { place: SCRIPT.to_owned(), role: SCRIPT.to_owned() }).collect(),
            also: vec![SCRIPT.to_owned()],
            action: "/console/x".to_owned(),
            asks: SCRIPT.to_owned(),
            error: Some(SCRIPT.to_owned()),
            button: SCRIPT.to_owned(),
            keep: link(),
            command: SCRIPT.to_owned(),
        };
        let text = text.render().expect("a page");
        assert_eq!(text.matches("<script").count(), 1, "the script of the page itself: {text}");
        assert_eq!(text.matches("<h1").count(), 1, "{text}");
        assert!(text.contains("and 3 more") && text.contains("<title>Error: "), "{text}");
    }
}
