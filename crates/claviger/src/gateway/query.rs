//! What a check asks for in its own query, or in its context extensions where Envoy asks: written by whoever configures
//! the gateway, never by whom it checks.
//!
//! Nothing in it is passed over: a name that is misspelt would ask for less than was meant.

use std::borrow::Cow;

use claviger_access::identity::WorkspaceId;
use claviger_access::permission::PermissionName;
use claviger_access::role::Role;

use super::route::{Asked, ProjectNamed};
use crate::api::failure::Failure;
use crate::api::ids;

/// What was asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Query<'q> {
    project: Option<Cow<'q, str>>,
    workspace: Option<WorkspaceId>,
    role: Option<Role>,
    permission: Option<PermissionName>,
}

/// A name, and what is asked for under it.
type Field<'q> = (Cow<'q, str>, Cow<'q, str>);

impl<'q> Query<'q> {
    /// Reads a query; `None` where it asks for nothing.
    pub(super) fn parse(query: &'q str) -> Result<Option<Self>, Failure> {
        Self::of(form_urlencoded::parse(query.as_bytes()))
    }

    /// Reads what is asked for by name; `None` where it is nothing.
    pub(super) fn of(fields: impl Iterator<Item = Field<'q>>) -> Result<Option<Self>, Failure> {
        let mut read = Self::default();
        for (name, value) in fields {
            read.add(&name, value).map_err(wrong)?;
        }
        let is_placed = read.project.is_some() || read.workspace.is_some();
        if !is_placed && (read.role.is_some() || read.permission.is_some()) {
            return Err(wrong(
                "a role or a permission is held somewhere; name a project or a workspace, too".to_owned(),
            ));
        }
        Ok(is_placed.then_some(read))
    }

    fn add(&mut self, name: &str, value: Cow<'q, str>) -> Result<(), String> {
        match name {
            "project" if value.is_empty() => Err("project= is empty; name a project by its id or its slug".to_owned()),
            "project" => once(&mut self.project, name, value),
            "workspace" => {
                let id = ids::read(&value);
                let id = id.ok_or_else(|| format!("workspace={value} is no id; name a workspace by its number"))?;
                once(&mut self.workspace, name, id)
            }
            "role" => {
                let none = "name owner, admin, analyst or consumer; for a custom role, ask for one of its permissions";
                let role = Role::parse(&value).ok_or_else(|| format!("role={value} is no built-in role; {none}"))?;
                once(&mut self.role, name, role)
            }
            "permission" => {
                let permission =
                    PermissionName::parse(&value).map_err(|error| format!("permission={value} {error}"))?;
                once(&mut self.permission, name, permission)
            }
            _ => Err(format!(
                "{name} is nothing that a check asks for; a check asks for project, workspace, role and permission"
            )),
        }
    }

    /// The same, to be looked for.
    pub(super) fn asked(&self) -> Asked<'_> {
        Asked {
            project: self.project.as_deref().map(ProjectNamed::read),
            workspace: self.workspace.map(Ok),
            role: self.role,
            permission: self.permission.as_ref(),
        }
    }
}

fn once<T>(place: &mut Option<T>, name: &str, value: T) -> Result<(), String> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(format!("the query of this check says {name} twice; say it once")),
    }
}

fn wrong(sentence: String) -> Failure {
    Failure::bad_request("check_invalid", sentence)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(query: &str) -> String {
        match Query::parse(query) {
            Ok(None) => "nothing".to_owned(),
            Ok(Some(read)) => read.asked().to_string(),
            Err(failure) => format!("{failure:?}"),
        }
    }

    #[test]
    fn what_is_asked_for_is_read_and_nothing_is_passed_over() {
        for (query, asked) in [
            ("", "nothing"),
            ("project=shop", "any access in project shop"),
            ("project=17&permission=reports%3Aexport", "the permission reports:export in project 17"),
            ("workspace=21&role=analyst", "the role analyst or a higher one in workspace 21"),
            ("workspace=21&project=shop", "any access in workspace 21 of project shop"),
        ] {
            assert_eq!(told(query), asked, "{query}");
        }
        for (query, why) in [
            ("permision=data:read&project=7", "permision is nothing that a check asks for"),
            ("project=7&project=8", "says project twice"),
            ("project=", "project= is empty"),
            ("workspace=eu", "workspace=eu is no id"),
            ("workspace=021", "workspace=021 is no id"),
            ("project=7&role=viewer", "role=viewer is no built-in role"),
            ("project=7&permission=export", "permission=export is no permission"),
            ("role=admin", "held somewhere"),
            ("permission=data:read", "held somewhere"),
            ("=", " is nothing that a check asks for"),
        ] {
            let told = told(query);
            assert!(told.contains(why) && told.contains("check_invalid"), "{query}: {told}");
        }
    }
}
