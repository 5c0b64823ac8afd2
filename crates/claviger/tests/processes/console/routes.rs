//! The addresses that the console answers when it is asked for a page, as its source lists them, and which of them a browser
//! was at.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Those that [`looked_at`] need not name, and why.
const ELSEWHERE: [(&str, &str); 12] = [
    ("/", "leads on to a page"),
    ("/console", "leads on to a page"),
    ("/console/", "leads on to a page"),
    ("/console/assets/{file}", "what pages are made with"),
    ("/console/setup/{once}", "there is no owner yet: the_first_page_of_all_is_well_made"),
    ("/console/sign-in/code", "asks who has a second factor: signing_in.rs"),
    ("/console/organizations/{org}/audit-log/export", "a file"),
    ("/console/organizations/{org}/audit-log/live", "a stream for the page's script: audit_log.rs"),
    ("/console/organizations/{org}/service-accounts/new/projects", "names for the page's script"),
    (
        "/console/organizations/{org}/service-accounts/{id}/secrets/{secret}/first-request",
        "an answer for the page's script: first_account.rs",
    ),
    ("/console/projects/{project}/audit-log/export", "a file"),
    ("/console/projects/{project}/audit-log/live", "a stream for the page's script"),
];

/// Every page was looked at: each route leads to one of these paths, or says where else it is looked at.
pub(crate) fn are_all_among(looked_at: &BTreeSet<String>) {
    let routes = asked_for();
    let mut unseen: BTreeSet<&str> = routes.iter().map(String::as_str).collect();
    for path in looked_at {
        let fitting = routes.iter().filter(|route| fits(route, path));
        if let Some(route) = fitting.min_by_key(|route| route.matches('{').count()) {
            unseen.remove(route.as_str());
        }
    }
    let elsewhere: BTreeSet<&str> = ELSEWHERE.iter().map(|(route, _)| *route).collect();
    let (missed, needless) = (unseen.difference(&elsewhere), elsewhere.difference(&unseen));
    let (missed, needless): (Vec<_>, Vec<_>) = (missed.collect(), needless.collect());
    assert!(missed.is_empty() && needless.is_empty(), "not looked at: {missed:?}; excepted for nothing: {needless:?}");
}

fn fits(route: &str, path: &str) -> bool {
    let (of_route, of_path): (Vec<&str>, Vec<&str>) = (route.split('/').collect(), path.split('/').collect());
    of_route.len() == of_path.len()
        && of_route.iter().zip(&of_path).all(|(part, given)| part.starts_with('{') || part == given)
}

/// All that is routed to a `get`.
fn asked_for() -> Vec<String> {
    let mut routes = Vec::new();
    for file in files(&sources()) {
        let text = fs::read_to_string(&file).expect("a source");
        for call in text.split(".route(").skip(1) {
            let (address, handlers) = call.split_once(',').expect("two arguments");
            let first = handlers.trim_start().lines().next().unwrap_or_default();
            if first.starts_with("get(") || first.contains(").get(") {
                routes.push(address_of(address.trim(), &text));
            }
        }
    }
    routes
}

/// What an argument says: a text, the end of what `at` makes of it, or the name of a constant.
fn address_of(argument: &str, file: &str) -> String {
    let end = argument.strip_prefix("&at(").and_then(|rest| quoted(rest.trim_end_matches(')')));
    let said = match end {
        Some(end) => {
            let begin = after(file, "let at = |rest: &str| format!(").and_then(|rest| rest.split("{rest}").next());
            begin.map(|begin| format!("{}{end}", begin.trim_start_matches('"').replace("{{", "{").replace("}}", "}")))
        }
        None => quoted(argument).map(str::to_owned).or_else(|| constant(argument)),
    };
    said.filter(|address| address.starts_with('/')).unwrap_or_else(|| panic!("{argument} is not understood"))
}

fn constant(path: &str) -> Option<String> {
    let (module, name) = path.rsplit_once("::")?;
    let text = fs::read_to_string(sources().join(module.replace("::", "/")).with_extension("rs")).ok()?;
    let value = after(&text, &format!("const {name}: &str = "))?;
    quoted(value.split(';').next()?).map(str::to_owned)
}

fn after<'t>(text: &'t str, mark: &str) -> Option<&'t str> {
    text.split_once(mark).map(|(_, rest)| rest)
}

fn quoted(text: &str) -> Option<&str> {
    text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'))
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/console")
}

/// The files in a folder and below.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|entry| if entry.is_dir() { files(&entry) } else { vec![entry] }).collect()
}

#[test]
fn routes_are_read_out_of_the_source() {
    let routes = asked_for();
    for known in [
        "/console/profile/second-factor",
        "/console/organizations/{org}/service-accounts/delete",
        "/console/organizations/{org}/service-accounts/{id}/secrets/{secret}/revoke",
        "/console/projects/{project}/users/teams/add",
    ] {
        assert_eq!(routes.iter().filter(|route| *route == known).count(), 1, "{known} is not among {routes:?}");
    }
    assert!(!routes.iter().any(|route| route.ends_with("/disable")), "what only forms are sent to is no page");
}
