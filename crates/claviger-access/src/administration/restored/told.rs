//! An event as an export of the audit log tells it, which is text.
//!
//! What must stay true: what cannot be read is an error, never nothing: a revocation would be left out.

use crate::event::{EventName, Target};
use crate::expiry::{Expiry, Moment};
use crate::identity::{
    CustomRoleId, InvitationId, OrganizationId, PrincipalId, ProjectId, SecretId, TeamId, WorkspaceId,
};
use crate::role::OrganizationRole;

/// A property's name and its value.
pub type ToldFact = (String, String);

/// Something that happened in a history that is lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldEvent {
    /// Its number.
    pub id: u64,
    /// What happened.
    pub name: EventName,
    /// What it is about.
    pub target: Target,
    /// The project whose log it is in as well.
    pub project: Option<ProjectId>,
    /// Properties as they were.
    pub before: Vec<ToldFact>,
    /// Properties as they are from then on.
    pub after: Vec<ToldFact>,
}

/// What an event does not say, or not so that this program reads it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("event {id}, {action}, does not say {what}", action = name.text())]
pub struct Unclear {
    /// Of the event.
    pub id: u64,
    /// Its name.
    pub name: EventName,
    /// What is missing, or cannot be read.
    pub what: &'static str,
}

/// Which of an event's two lists.
#[derive(Debug, Clone, Copy)]
pub(super) enum At {
    Before,
    After,
}

impl Target {
    /// What is called so in the audit log.
    pub fn named(kind: &str, id: u64) -> Option<Self> {
        Some(match kind {
            "organization" => Self::Organization(OrganizationId::new(id)?),
            "project" => Self::Project(ProjectId::new(id)?),
            "workspace" => Self::Workspace(WorkspaceId::new(id)?),
            "principal" => Self::Principal(PrincipalId::new(id)?),
            "team" => Self::Team(TeamId::new(id)?),
            "custom_role" => Self::CustomRole(CustomRoleId::new(id)?),
            "invitation" => Self::Invitation(InvitationId::new(id)?),
            _ => return None,
        })
    }
}

impl ToldEvent {
    pub(super) fn unclear(&self, what: &'static str) -> Unclear {
        Unclear { id: self.id, name: self.name, what }
    }

    pub(super) fn principal(&self) -> Result<PrincipalId, Unclear> {
        match self.target {
            Target::Principal(id) => Ok(id),
            _ => Err(self.unclear("whom it is about")),
        }
    }

    /// A property that it may be without.
    pub(super) fn may_say(&self, at: At, name: &str) -> Option<&str> {
        let facts = match at {
            At::Before => &self.before,
            At::After => &self.after,
        };
        facts.iter().find(|(told, _)| told == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn says(&self, at: At, name: &'static str) -> Result<&str, Unclear> {
        self.may_say(at, name).ok_or_else(|| self.unclear(name))
    }

    pub(super) fn secret(&self, at: At) -> Result<SecretId, Unclear> {
        number(self.says(at, "secret")?).and_then(SecretId::new).ok_or_else(|| self.unclear("which secret"))
    }

    pub(super) fn team(&self, at: At) -> Result<TeamId, Unclear> {
        number(self.says(at, "team")?).and_then(TeamId::new).ok_or_else(|| self.unclear("which team"))
    }

    /// Seconds since the epoch, or `never`.
    pub(super) fn end(&self, text: &str) -> Result<Expiry, Unclear> {
        if text == "never" {
            return Ok(Expiry::NEVER);
        }
        let moment = number(text).and_then(|seconds| Moment::from_seconds(i64::try_from(seconds).ok()?));
        moment.map(Expiry::at).ok_or_else(|| self.unclear("when it ends"))
    }

    pub(super) fn organization_role(&self) -> Result<OrganizationRole, Unclear> {
        let role = OrganizationRole::parse(self.says(At::After, "organization_role")?);
        role.ok_or_else(|| self.unclear("which role"))
    }

    /// The workspace that a role is on; none where it is on the whole project.
    pub(super) fn workspace(&self) -> Result<Option<WorkspaceId>, Unclear> {
        let told = self.may_say(At::After, "workspace").or(self.may_say(At::Before, "workspace"));
        let read =
            |text| number(text).and_then(WorkspaceId::new).ok_or_else(|| self.unclear("which workspace it is on"));
        told.map(read).transpose()
    }
}

/// A number, as it was written.
pub(super) fn number(text: &str) -> Option<u64> {
    text.parse().ok()
}
