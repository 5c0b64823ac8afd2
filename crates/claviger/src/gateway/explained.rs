//! How the table decides about one request, in words: for whoever writes it.

use std::fmt;

use axum::http::Method;

use super::request_path::RequestPath;
use super::route::{Demand, Route};
use super::route_table::RouteTable;

/// What is demanded of one request, and by which route.
#[derive(Debug)]
pub struct Explained<'t> {
    method: &'t Method,
    path: &'t RequestPath<'t>,
    decided: Option<(&'t Route, Vec<&'t str>)>,
    /// Those before it that are for its path, but for other methods.
    other_methods: Vec<&'t Route>,
}

impl<'t> Explained<'t> {
    /// Asks the table.
    pub fn of(table: &'t RouteTable, method: &'t Method, path: &'t RequestPath<'t>) -> Self {
        let decided = table.find(method, path);
        let end = decided.as_ref().map_or(usize::MAX, |(route, _)| route.line);
        let before = table.routes().iter().take_while(|route| route.line < end);
        let other_methods = before.filter(|route| route.pattern.matches(path).is_some()).collect();
        Self { method, path, decided, other_methods }
    }
}

impl fmt::Display for Explained<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, path, decided, other_methods } = self;
        writeln!(f, "{method} {path}")?;
        for route in other_methods {
            let Route { line, methods, pattern, .. } = route;
            writeln!(f, "line {line}: {pattern} is for this path, but for {methods} only")?;
        }
        match decided {
            None => f.write_str("denied: no route is for it")?,
            Some((route, named)) => {
                let Route { line, methods, pattern, demand } = route;
                write!(f, "line {line}: {pattern}, {methods}, decides: ")?;
                match demand {
                    Demand::Public => f.write_str("anybody may send it, without a credential")?,
                    Demand::Denied => f.write_str("denied")?,
                    Demand::Authenticated => f.write_str("any credential that counts will do")?,
                    Demand::Access(access) => write!(f, "it takes {}", access.of(named))?,
                }
            }
        }
        Ok(())
    }
}
