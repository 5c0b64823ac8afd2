//! What a request takes: written by whoever writes the service, never by whom it checks.

use claviger_wire::roles::RoleName;
use reqwest::Url;

use super::Passage;

/// What the caller must have. A role or a permission is held somewhere, so there is none without a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demand(Demanded);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Demanded {
    Credential,
    Nobody,
    Access { project: Option<String>, workspace: Option<u64>, role: Option<RoleName>, permission: Option<String> },
}

impl Demand {
    /// Any credential that counts.
    pub fn any_credential() -> Self {
        Self(Demanded::Credential)
    }

    /// Nobody goes through: for a request that fits no rule.
    pub fn nobody() -> Self {
        Self(Demanded::Nobody)
    }

    /// Access to a project, by its id or its slug.
    pub fn project(id_or_slug: impl ToString) -> Self {
        let project = Some(id_or_slug.to_string());
        Self(Demanded::Access { project, workspace: None, role: None, permission: None })
    }

    /// Access to a workspace.
    pub fn workspace(id: u64) -> Self {
        Self(Demanded::Access { project: None, workspace: Some(id), role: None, permission: None })
    }

    /// Access to a workspace, which must be one of this project.
    pub fn workspace_of(id_or_slug: impl ToString, workspace: u64) -> Self {
        let project = Some(id_or_slug.to_string());
        Self(Demanded::Access { project, workspace: Some(workspace), role: None, permission: None })
    }

    /// And at least this built-in role there. Where no place is demanded, nobody goes through.
    #[must_use]
    pub fn role(self, at_least: RoleName) -> Self {
        match self.0 {
            Demanded::Access { project, workspace, permission, .. } => {
                Self(Demanded::Access { project, workspace, role: Some(at_least), permission })
            }
            Demanded::Credential | Demanded::Nobody => Self::nobody(),
        }
    }

    /// And this permission there, such as `reports:export`. Where no place is demanded, nobody goes through.
    #[must_use]
    pub fn permission(self, name: impl Into<String>) -> Self {
        match self.0 {
            Demanded::Access { project, workspace, role, .. } => {
                Self(Demanded::Access { project, workspace, role, permission: Some(name.into()) })
            }
            Demanded::Credential | Demanded::Nobody => Self::nobody(),
        }
    }

    pub(super) fn is_for_nobody(&self) -> bool {
        self.0 == Demanded::Nobody
    }

    /// The address that asks for it.
    pub(super) fn question(&self, check: &Url) -> Url {
        let mut url = check.clone();
        if let Demanded::Access { project, workspace, role, permission } = &self.0 {
            let workspace = workspace.map(|id| id.to_string());
            let role = role.map(|role| role.to_string());
            let fields = [("project", project), ("workspace", &workspace), ("role", &role), ("permission", permission)];
            let fields = fields.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
            url.query_pairs_mut().extend_pairs(fields);
        }
        url
    }

    /// What a success lacks, if it is the answer to another question than this one.
    pub(super) fn unmet_by(&self, passage: &Passage) -> Option<&'static str> {
        let Demanded::Access { project, workspace, permission, .. } = &self.0 else { return None };
        let id = |text: &String| text.parse::<u64>().ok();
        if passage.project.is_none() {
            return Some("a 200 that names no project, though one place was asked about");
        }
        if project.as_ref().and_then(id).is_some_and(|id| passage.project != Some(id)) {
            return Some("a 200 for another project");
        }
        if *workspace != passage.workspace {
            return Some("a 200 for another workspace");
        }
        let held = |name: &String| passage.permissions.holds_own(name);
        if permission.as_ref().is_some_and(|name| !held(name)) {
            return Some("a 200 without the permission that was asked for");
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(demand: Demand) -> String {
        let check = Url::parse("http://keys/auth/check").expect("a URL");
        demand.question(&check).as_str().trim_start_matches("http://keys/auth/check").to_owned()
    }

    #[test]
    fn a_demand_is_asked_for_by_name_and_no_value_adds_another() {
        for (demand, asked) in [
            (Demand::any_credential(), ""),
            (Demand::project("shop"), "?project=shop"),
            (Demand::project(17).permission("reports:export"), "?project=17&permission=reports%3Aexport"),
            (Demand::workspace(21).role(RoleName::Analyst), "?workspace=21&role=analyst"),
            (Demand::workspace_of("shop", 21), "?project=shop&workspace=21"),
            (Demand::project("a&role=b c#?%"), "?project=a%26role%3Db+c%23%3F%25"),
            (Demand::project(""), "?project="),
        ] {
            assert_eq!(question(demand), asked);
        }
    }

    #[test]
    fn a_role_or_a_permission_nowhere_is_for_nobody() {
        assert!(Demand::any_credential().role(RoleName::Consumer).is_for_nobody());
        assert!(Demand::any_credential().permission("data:read").is_for_nobody());
        assert!(Demand::nobody().permission("data:read").role(RoleName::Consumer).is_for_nobody());
        assert!(!Demand::any_credential().is_for_nobody());
    }
}
