//! The table that says what each request to somebody else's API must be allowed: one TOML file.
//!
//! ```toml
//! [[route]]
//! methods = ["GET"]
//! path = "/v1/projects/{project}/export"
//! project = "{project}"
//! permission = "reports:export"
//!
//! [[route]]
//! path = "/health"
//! access = "public"
//! ```
//!
//! Routes are tried from the top, and the first that matches decides; what none matches is denied. A table with a mistake
//! is no table: each mistake is told with its line, all of them at once.

mod written;

use std::fmt;

use axum::http::Method;
use claviger_access::permission::PermissionError;
use claviger_access::text::TextError;

use super::pattern::PatternError;
use super::request_path::RequestPath;
use super::route::Route;

/// Routes, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteTable(Vec<Route>);

/// What is wrong with a table: each mistake, from the top.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Mistakes(pub Vec<Mistake>);

/// A mistake, and the line that it stands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// From 1.
    pub line: usize,
    /// What it is.
    pub what: Wrong,
}

/// What is wrong on a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// Not TOML, or not what a table is made of.
    #[error("{0}")]
    Toml(String),
    /// The end of the file may be missing, and so may whatever its last line went on with.
    #[error("the file does not end with a line feed, so it may have been cut off; end its last line")]
    NoEnd,
    /// There is none, so that everything would be denied.
    #[error("there is no route; begin each with [[route]]")]
    NoRoute,
    /// So many would be tried for each request.
    #[error("there are more than {} routes; write patterns for more of them", RouteTable::ROUTES_MAX)]
    TooManyRoutes,
    /// Of the path.
    #[error("path {0}")]
    Path(PatternError),
    /// What is no method, as requests have it.
    #[error("methods: {0} is no method; write it as requests have it, such as GET")]
    Method(String),
    /// None at all.
    #[error("methods is empty; leave it out for any method, or deny the route with access = \"denied\"")]
    NoMethod,
    /// Nothing says who is let through.
    #[error(
        "the route does not say who is let through; name a project or a workspace, or say access = \"authenticated\", \"public\" or \"denied\""
    )]
    NothingDemanded,
    /// Both ways at once.
    #[error(
        "access stands alone; leave it out where there is a project, a workspace, a role or a permission: these are demanded anyway"
    )]
    AccessWithMore,
    /// A word that it is not.
    #[error("access: {0} is none of \"authenticated\", \"public\" and \"denied\"")]
    Access(String),
    /// Where would it have to be held?
    #[error("{0} is held in a project or a workspace; name one, such as project = \"{{project}}\"")]
    Nowhere(&'static str),
    /// A name that no segment has.
    #[error("{field}: the path has no segment {{{name}}}")]
    NoSegment {
        /// Which key.
        field: &'static str,
        /// What it names.
        name: String,
    },
    /// Neither an id nor a slug.
    #[error("project {0}; give its id, its slug, or a segment of the path such as {{project}}")]
    Project(TextError),
    /// No id.
    #[error("workspace is no id; give its number, or a segment of the path such as {{workspace}}")]
    Workspace,
    /// None of the built-in roles.
    #[error(
        "role: {0} is none of owner, admin, analyst and consumer; for a custom role, demand one of its permissions"
    )]
    Role(String),
    /// No permission.
    #[error("permission {0}")]
    Permission(PermissionError),
    /// All that it is for was decided before.
    #[error("the route is never reached: the one on line {by} is for every such request and comes first")]
    NeverReached {
        /// Which one comes first.
        by: usize,
    },
}

impl RouteTable {
    /// Most routes.
    pub const ROUTES_MAX: usize = 1_000;

    /// Reads a table.
    pub fn parse(text: &str) -> Result<Self, Mistakes> {
        written::read(text).map(Self)
    }

    /// All routes, from the top.
    pub fn routes(&self) -> &[Route] {
        &self.0
    }

    /// The route that decides, with what its names stand for; `None` where the request is denied.
    pub fn find<'t, 'p>(&'t self, method: &Method, path: &'p RequestPath<'_>) -> Option<(&'t Route, Vec<&'p str>)> {
        self.0.iter().find_map(|route| route.matches(method, path).map(|named| (route, named)))
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, mistake) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            write!(f, "line {}: {}", mistake.line, mistake.what)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::explained::Explained;

    const TABLE: &str = r#"# What our API asks for.
[[route]]
path = "/health"
access = "public"

[[route]]
methods = ["GET"]
path = "/v1/projects/{project}/export"
project = "{project}"
permission = "reports:export"

[[route]]
methods = ["PUT", "DELETE"]
path = "/v1/workspaces/{workspace}/**"
project = "web-shop"
workspace = "{workspace}"
role = "analyst"
permission = "data:write"

[[route]]
path = "/v1/me"
access = "authenticated"

[[route]]
path = "/internal/**"
access = "denied"

[[route]]
path = "/v1/lab"
project = 17
"#;

    fn explained(method: &str, path: &str) -> String {
        let table = RouteTable::parse(TABLE).expect("a table");
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let path = RequestPath::parse(path.as_bytes()).expect("a path");
        Explained::of(&table, &method, &path).to_string()
    }

    #[test]
    fn the_first_route_that_matches_decides_and_what_none_matches_is_denied() {
        for (method, path, told) in [
            ("GET", "/health", "line 2: /health, any method, decides: anybody may send it, without a credential"),
            (
                "HEAD",
                "/v1/projects/shop/export?x",
                "line 6: /v1/projects/{project}/export, GET, decides: it takes the permission reports:export in project shop",
            ),
            (
                "DELETE",
                "/v1/workspaces/21/a/b",
                "line 12: /v1/workspaces/{workspace}/**, PUT, DELETE, decides: it takes the role analyst or a higher one, \
                 and the permission data:write, in workspace 21 of project web-shop",
            ),
            (
                "PUT",
                "/v1/workspaces/eu",
                "line 12: /v1/workspaces/{workspace}/**, PUT, DELETE, decides: it takes the role analyst or a higher one, \
                 and the permission data:write, in a workspace eu, which is no id, of project web-shop",
            ),
            ("GET", "/v1/me", "line 20: /v1/me, any method, decides: any credential that counts will do"),
            ("GET", "/internal", "line 24: /internal/**, any method, decides: denied"),
            ("GET", "/v1/lab", "line 28: /v1/lab, any method, decides: it takes any access in project 17"),
            ("GET", "/", "denied: no route is for it"),
            ("GET", "/HEALTH", "denied: no route is for it"),
            (
                "POST",
                "/v1/projects/shop/export",
                "line 6: /v1/projects/{project}/export is for this path, but for GET only\ndenied: no route is for it",
            ),
        ] {
            let told_path = path.split('?').next().unwrap_or_default();
            assert_eq!(explained(method, path), format!("{method} {told_path}\n{told}"));
        }
    }

    fn mistakes(text: &str) -> String {
        RouteTable::parse(text).expect_err(text).to_string()
    }

    #[test]
    fn each_mistake_is_told_with_its_line_and_all_of_them_at_once() {
        let table = r#"[[route]]
path = "/a/../b"
methods = ["get", "POST"]
access = "private"

[[route]]
path = "/v1/{project}"
project = "{projekt}"
role = "viewer"
permission = "export"

[[route]]
path = "/v1/all/**"
role = "admin"

[[route]]
path = "/v1/open"
access = "public"
project = "shop"

[[route]]
path = "/v1/none"

[[route]]
path = "/v2/{id}"
methods = []
workspace = "eu"
project = "Shop"

[[route]]
path = "/search?q=secret"
access = "denied"

[[route]]
path = "v1/x"
access = "denied"
"#;
        insta::assert_snapshot!(mistakes(table));
    }

    #[test]
    fn a_route_that_is_never_reached_is_a_mistake() {
        let route = |path: &str, methods: &str| format!("[[route]]\npath = \"{path}\"\n{methods}access = \"denied\"\n");
        let two = |first: (&str, &str), second: (&str, &str)| {
            RouteTable::parse(&(route(first.0, first.1) + &route(second.0, second.1)))
        };
        let (any, get, both) = ("", "methods = [\"GET\"]\n", "methods = [\"GET\", \"HEAD\"]\n");
        for (first, second, is_reached) in [
            (("/a/**", any), ("/a/b", get), false),
            (("/a/*", get), ("/a/{x}", both), false),
            (("/a/*", get), ("/a/b", any), true),
            (("/a/b", any), ("/a/*", any), true),
        ] {
            let read = two(first, second);
            assert_eq!(read.is_ok(), is_reached, "{first:?} {second:?}: {read:?}");
            let by = |mistakes: Mistakes| mistakes.0.iter().all(|one| one.what == Wrong::NeverReached { by: 1 });
            assert!(read.map_or_else(by, |_| true));
        }
    }

    #[test]
    fn what_is_no_table_is_told_with_its_line() {
        for (text, told) in [
            ("", "line 1: there is no route; begin each with [[route]]"),
            ("\n[[route]]\npath = 7\naccess = \"public\"", "line 3: "),
            ("[[route]]\naccess = \"public\"", "line 1: missing field `path`"),
            ("[[route]]\npath = \"/a\"\naccess = \"public\"\nrole_min = \"x\"", "line 4: unknown field `role_min`"),
            ("[[routes]]\npath = \"/a\"", "line 1: unknown field `routes`"),
            ("[[route]]\npath = \"/a\npath", "line 3: "),
        ] {
            let said = mistakes(text);
            assert!(said.starts_with(told), "{said}");
        }
        let route = "[[route]]\npath = \"/a\"\naccess = \"public\"\n";
        let many = mistakes(&route.repeat(RouteTable::ROUTES_MAX + 1));
        assert_eq!(many, "line 3001: there are more than 1000 routes; write patterns for more of them");
    }
}
