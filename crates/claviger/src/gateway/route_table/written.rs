//! The table as its file has it, and how each route of the file becomes a [`Route`].

use axum::http::Method;
use claviger_access::identity::ProjectSlug;
use claviger_access::permission::PermissionName;
use claviger_access::role::Role;
use serde::Deserialize;
use toml::{Spanned, Value};

use super::{Mistake, Mistakes, RouteTable, Wrong};
use crate::api::ids;
use crate::gateway::pattern::Pattern;
use crate::gateway::route::{Access, Demand, Methods, ProjectReference, Route, Source, is_read_alike};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenTable {
    #[serde(default)]
    route: Vec<Spanned<WrittenRoute>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRoute {
    path: Spanned<String>,
    methods: Option<Spanned<Vec<Spanned<String>>>>,
    access: Option<Spanned<String>>,
    project: Option<Spanned<Value>>,
    workspace: Option<Spanned<Value>>,
    role: Option<Spanned<String>>,
    permission: Option<Spanned<String>>,
}

/// The mistakes of a file, by where they stand in it.
struct Notes<'t> {
    text: &'t str,
    mistakes: Vec<Mistake>,
}

impl Notes<'_> {
    fn line(&self, at: usize) -> usize {
        let before = self.text.as_bytes().get(..at).unwrap_or(self.text.as_bytes());
        before.iter().filter(|byte| **byte == b'\n').count() + 1
    }

    fn add(&mut self, at: usize, what: Wrong) {
        let line = self.line(at);
        self.mistakes.push(Mistake { line, what });
    }

    /// What was read, or a note of what is wrong with it.
    fn read<T, V>(&mut self, written: &Spanned<T>, read: impl FnOnce(&T) -> Result<V, Wrong>) -> Option<V> {
        match read(written.get_ref()) {
            Ok(value) => Some(value),
            Err(wrong) => {
                self.add(written.span().start, wrong);
                None
            }
        }
    }

    /// The same of what may be left out: nothing is right, too.
    fn read_any<T, V>(
        &mut self,
        written: Option<&Spanned<T>>,
        read: impl FnOnce(&T) -> Result<V, Wrong>,
    ) -> Option<Option<V>> {
        match written {
            Some(written) => self.read(written, read).map(Some),
            None => Some(None),
        }
    }
}

/// Reads the routes of a file.
pub(super) fn read(text: &str) -> Result<Vec<Route>, Mistakes> {
    let mut notes = Notes { text, mistakes: Vec::new() };
    let written: WrittenTable = match toml::from_str(text) {
        Ok(written) => written,
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start);
            notes.add(at, Wrong::Toml(error.message().trim().to_owned()));
            return Err(Mistakes(notes.mistakes));
        }
    };
    if written.route.is_empty() {
        notes.add(0, Wrong::NoRoute);
    }
    if let Some(one_more) = written.route.get(RouteTable::ROUTES_MAX) {
        notes.add(one_more.span().start, Wrong::TooManyRoutes);
        return Err(Mistakes(notes.mistakes));
    }
    let mut routes: Vec<Route> = Vec::with_capacity(written.route.len());
    for written in &written.route {
        let at = written.span().start;
        let Some(route) = route(&mut notes, at, written.get_ref()) else { continue };
        match routes.iter().find(|before| before.covers(&route)) {
            Some(before) => notes.add(at, Wrong::NeverReached { by: before.line }),
            None => routes.push(route),
        }
    }
    notes.mistakes.sort_by_key(|mistake| mistake.line);
    if notes.mistakes.is_empty() { Ok(routes) } else { Err(Mistakes(notes.mistakes)) }
}

fn route(notes: &mut Notes<'_>, at: usize, written: &WrittenRoute) -> Option<Route> {
    let pattern = notes.read(&written.path, |path| Pattern::parse(path).map_err(Wrong::Path));
    let methods = methods(notes, written);
    let demand = demand(notes, at, written, pattern.as_ref());
    Some(Route { line: notes.line(at), methods: methods?, pattern: pattern?, demand: demand? })
}

fn methods(notes: &mut Notes<'_>, written: &WrittenRoute) -> Option<Methods> {
    let Some(written) = &written.methods else { return Some(Methods::Any) };
    if written.get_ref().is_empty() {
        notes.add(written.span().start, Wrong::NoMethod);
        return None;
    }
    let method = |name: &String| {
        Method::from_bytes(name.as_bytes()).ok().filter(is_read_alike).ok_or_else(|| Wrong::Method(name.clone()))
    };
    let read: Vec<Option<Method>> = written.get_ref().iter().map(|name| notes.read(name, method)).collect();
    read.into_iter().collect::<Option<Vec<_>>>().map(Methods::These)
}

fn demand(notes: &mut Notes<'_>, at: usize, written: &WrittenRoute, pattern: Option<&Pattern>) -> Option<Demand> {
    let WrittenRoute { access, project, workspace, role, permission, .. } = written;
    let is_placed = project.is_some() || workspace.is_some();
    if let Some(access) = access {
        if is_placed || role.is_some() || permission.is_some() {
            notes.add(access.span().start, Wrong::AccessWithMore);
            return None;
        }
        return notes.read(access, |word| match word.as_str() {
            "public" => Ok(Demand::Public),
            "authenticated" => Ok(Demand::Authenticated),
            "denied" => Ok(Demand::Denied),
            _ => Err(Wrong::Access(word.clone())),
        });
    }
    match (is_placed, role, permission) {
        (true, ..) => {}
        (false, None, None) => notes.add(at, Wrong::NothingDemanded),
        (false, Some(role), _) => notes.add(role.span().start, Wrong::Nowhere("a role")),
        (false, None, Some(permission)) => notes.add(permission.span().start, Wrong::Nowhere("a permission")),
    }
    let role = notes.read_any(role.as_ref(), |name| Role::parse(name).ok_or_else(|| Wrong::Role(name.clone())));
    let permission = notes.read_any(permission.as_ref(), |name| PermissionName::parse(name).map_err(Wrong::Permission));
    // Whether the path has a segment can be told only of a path that is one.
    let pattern = pattern?;
    let project = notes.read_any(project.as_ref(), |value| source(pattern, "project", value, project_named));
    let workspace = notes.read_any(workspace.as_ref(), |value| {
        source(pattern, "workspace", value, |text| ids::read(text).ok_or(Wrong::Workspace))
    });
    let access = Access { project: project?, workspace: workspace?, role: role?, permission: permission? };
    is_placed.then_some(Demand::Access(access))
}

/// An id, or a text that is either `{name}` or what it names itself.
fn source<T>(
    pattern: &Pattern,
    field: &'static str,
    value: &Value,
    read: impl FnOnce(&str) -> Result<T, Wrong>,
) -> Result<Source<T>, Wrong> {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let Some(name) = text.strip_prefix('{').and_then(|name| name.strip_suffix('}')) else {
        return read(&text).map(Source::Fixed);
    };
    let at = pattern.names().position(|known| known == name);
    at.map(|at| Source::Path { name: name.to_owned(), at })
        .ok_or_else(|| Wrong::NoSegment { field, name: name.to_owned() })
}

fn project_named(text: &str) -> Result<ProjectReference, Wrong> {
    if let Some(id) = ids::read(text) {
        return Ok(ProjectReference::Id(id));
    }
    ProjectSlug::parse(text).map(ProjectReference::Slug).map_err(Wrong::Project)
}
