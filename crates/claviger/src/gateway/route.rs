//! One route: which requests it is for, and what they must be allowed.

use std::fmt;

use axum::http::Method;
use claviger_access::identity::{ProjectId, ProjectSlug, WorkspaceId};
use claviger_access::permission::PermissionName;
use claviger_access::role::Role;

use super::pattern::Pattern;
use super::request_path::RequestPath;
use crate::api::ids;

/// A route of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The line of the file that it begins on.
    pub line: usize,
    /// Which methods.
    pub methods: Methods,
    /// Which paths.
    pub pattern: Pattern,
    /// What is demanded.
    pub demand: Demand,
}

/// Which methods a route is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Methods {
    /// All that there are.
    Any,
    /// These. HEAD goes where GET goes (RFC 9110, section 9.3.2).
    These(Vec<Method>),
}

/// What a route demands of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Demand {
    /// Nothing: anybody may send it, without a credential.
    Public,
    /// Nobody may send it.
    Denied,
    /// A credential that counts, and no more.
    Authenticated,
    /// Access to a place.
    Access(Access),
}

/// Access to a project or a workspace, which a route demands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// Which project.
    pub project: Option<Source<ProjectReference>>,
    /// Which workspace.
    pub workspace: Option<Source<WorkspaceId>>,
    /// At least this role there.
    pub role: Option<Role>,
    /// And this permission.
    pub permission: Option<PermissionName>,
}

/// Where something that is demanded is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source<T> {
    /// In the table: always the same.
    Fixed(T),
    /// In the path: by the segment of this name, which is so many names from the left.
    Path {
        /// What the pattern calls it.
        name: String,
        /// Which of the pattern's names it is, from 0.
        at: usize,
    },
}

/// A project as people name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProjectReference {
    /// By its id.
    Id(ProjectId),
    /// By what the platform calls it.
    Slug(ProjectSlug),
}

/// The same, as a request names it: text that is no slug is nobody's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProjectNamed<'r> {
    /// By its id.
    Id(ProjectId),
    /// By what may be a slug.
    Slug(&'r str),
}

/// What one request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked<'r> {
    /// In this project.
    pub project: Option<ProjectNamed<'r>>,
    /// In this workspace; an error where what stands in the path is no number of one.
    pub workspace: Option<Result<WorkspaceId, NoWorkspace<'r>>>,
    /// At least this role there.
    pub role: Option<Role>,
    /// And this permission.
    pub permission: Option<&'r PermissionName>,
}

/// Text where the number of a workspace should stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoWorkspace<'r>(pub &'r str);

/// Whether everybody takes a method for the same one. They are told apart by case (RFC 9110, section 9.1), and there are
/// frameworks that run `delete` as DELETE.
pub fn is_read_alike(method: &Method) -> bool {
    !method.as_str().bytes().any(|byte| byte.is_ascii_lowercase())
}

impl Methods {
    /// Whether this is one of them.
    pub fn has(&self, method: &Method) -> bool {
        match self {
            Self::Any => true,
            Self::These(these) => these.contains(method) || (method == Method::HEAD && these.contains(&Method::GET)),
        }
    }

    fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, _) => true,
            (Self::These(_), Self::Any) => false,
            (Self::These(_), Self::These(theirs)) => theirs.iter().all(|method| self.has(method)),
        }
    }
}

impl Route {
    /// What its names stand for, where it is for such a request.
    pub fn matches<'p>(&self, method: &Method, path: &'p RequestPath<'_>) -> Option<Vec<&'p str>> {
        if self.methods.has(method) { self.pattern.matches(path) } else { None }
    }

    /// Whether it leaves nothing to another that comes after it.
    pub fn covers(&self, other: &Self) -> bool {
        self.methods.covers(&other.methods) && self.pattern.covers(&other.pattern)
    }
}

impl Access {
    /// What is asked for where the names of the pattern stand for these.
    pub fn of<'r>(&'r self, named: &[&'r str]) -> Asked<'r> {
        let text = |at: usize| named.get(at).copied().unwrap_or_default();
        Asked {
            project: self.project.as_ref().map(|project| match project {
                Source::Fixed(ProjectReference::Id(id)) => ProjectNamed::Id(*id),
                Source::Fixed(ProjectReference::Slug(slug)) => ProjectNamed::Slug(slug.as_str()),
                Source::Path { at, .. } => ProjectNamed::read(text(*at)),
            }),
            workspace: self.workspace.as_ref().map(|workspace| match workspace {
                Source::Fixed(id) => Ok(*id),
                Source::Path { at, .. } => ids::read(text(*at)).ok_or(NoWorkspace(text(*at))),
            }),
            role: self.role,
            permission: self.permission.as_ref(),
        }
    }
}

impl<'r> ProjectNamed<'r> {
    /// A number is an id, anything else may be a slug.
    pub fn read(text: &'r str) -> Self {
        ids::read(text).map_or(Self::Slug(text), Self::Id)
    }
}

impl fmt::Display for ProjectNamed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Slug(slug) => f.write_str(slug),
        }
    }
}

impl fmt::Display for Methods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any method"),
            Self::These(these) => {
                let names: Vec<&str> = these.iter().map(Method::as_str).collect();
                f.write_str(&names.join(", "))
            }
        }
    }
}

/// As a sentence goes on: "the permission reports:export in project shop".
impl fmt::Display for Asked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.role, self.permission) {
            (None, None) => f.write_str("any access")?,
            (Some(role), None) => write!(f, "the role {} or a higher one", role.name())?,
            (None, Some(permission)) => write!(f, "the permission {}", permission.as_str())?,
            (Some(role), Some(permission)) => {
                write!(f, "the role {} or a higher one, and the permission {},", role.name(), permission.as_str())?;
            }
        }
        match self.workspace {
            Some(Ok(workspace)) => write!(f, " in workspace {workspace}")?,
            Some(Err(NoWorkspace(text))) => write!(f, " in a workspace {text}, which is no id")?,
            None => {}
        }
        match (self.project, self.workspace) {
            (Some(project), None) => write!(f, " in project {project}"),
            (Some(project), Some(Ok(_))) => write!(f, " of project {project}"),
            (Some(project), Some(Err(_))) => write!(f, ", of project {project}"),
            (None, _) => Ok(()),
        }
    }
}
