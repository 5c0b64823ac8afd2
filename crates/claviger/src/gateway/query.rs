//! What a check asks for in its own query, or in its context extensions where Envoy asks: written by whoever configures
//! the gateway, never by whom it checks.
//!
//! Nothing in it is passed over: a name that is misspelt would ask for less than was meant.

use claviger_access::identity::WorkspaceId;
use claviger_access::permission::PermissionName;
use claviger_access::role::Role;

use super::route::{Asked, ProjectNamed};
use crate::api::failure::Failure;
use crate::api::ids;

/// What was asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Query {
    project: Option<String>,
    workspace: Option<WorkspaceId>,
    role: Option<Role>,
    permission: Option<PermissionName>,
}

impl Query {
    /// Reads a query; `None` where it asks for nothing.
    pub(super) fn parse(query: &str) -> Result<Option<Self>, Failure> {
        let wrong = |sentence: String| Failure::bad_request("check_invalid", sentence);
        let fields: Vec<(String, String)> = serde_urlencoded::from_str(query).map_err(|_| {
            wrong("the query of this check cannot be read; write ?project=...&permission=...".to_owned())
        })?;
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (&**name, &**value)).collect();
        Self::of(&fields)
    }

    /// Reads what is asked for by name; `None` where it is nothing.
    pub(super) fn of(fields: &[(&str, &str)]) -> Result<Option<Self>, Failure> {
        let wrong = |sentence: String| Failure::bad_request("check_invalid", sentence);
        let mut read = Self::default();
        for (at, (name, value)) in fields.iter().enumerate() {
            if fields[..at].iter().any(|(before, _)| before == name) {
                return Err(wrong(format!("the query of this check says {name} twice; say it once")));
            }
            match *name {
                "project" if !value.is_empty() => read.project = Some((*value).to_owned()),
                "workspace" => {
                    let id = ids::read(value);
                    let no_id = || wrong(format!("workspace={value} is no id; name a workspace by its number"));
                    read.workspace = Some(id.ok_or_else(no_id)?);
                }
                "role" => {
                    let none =
                        "name owner, admin, analyst or consumer; for a custom role, ask for one of its permissions";
                    let role = Role::parse(value);
                    read.role = Some(role.ok_or_else(|| wrong(format!("role={value} is no built-in role; {none}")))?);
                }
                "permission" => {
                    let permission = PermissionName::parse(value);
                    read.permission = Some(permission.map_err(|error| wrong(format!("permission={value} {error}")))?);
                }
                "project" => return Err(wrong("project= is empty; name a project by its id or its slug".to_owned())),
                _ => {
                    let known = "a check asks for project, workspace, role and permission";
                    return Err(wrong(format!("{name} is nothing that a check asks for; {known}")));
                }
            }
        }
        let is_placed = read.project.is_some() || read.workspace.is_some();
        if !is_placed && (read.role.is_some() || read.permission.is_some()) {
            return Err(wrong(
                "a role or a permission is held somewhere; name a project or a workspace, too".to_owned(),
            ));
        }
        Ok(is_placed.then_some(read))
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
