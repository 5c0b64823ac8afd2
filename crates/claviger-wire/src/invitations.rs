//! Invitations to join an organization.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroize;

use crate::roles::{OrganizationRoleName, ProjectRole, WorkspaceRole};
use crate::token::Token;

/// An invitation that was neither accepted nor withdrawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Invitation {
    /// Its id.
    pub id: u64,
    /// Who is invited.
    pub email: String,
    /// The role in the organization that it gives.
    pub role: OrganizationRoleName,
    /// The roles on projects that it gives.
    pub projects: Vec<ProjectRole>,
    /// The roles on workspaces that it gives.
    pub workspaces: Vec<WorkspaceRole>,
    /// The teams that it makes a member of.
    pub teams: Vec<u64>,
    /// Whether it can be accepted.
    pub status: InvitationStatus,
    /// When it was made.
    pub created: String,
    /// From when on it cannot be accepted, unless it is sent again.
    pub expires: String,
    /// The user id of who answers for what it gives: whoever sent it last; null where nobody did.
    pub inviter: Option<u64>,
    /// The name of who did.
    pub inviter_name: Option<String>,
}

/// Whether an invitation can be accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum InvitationStatus {
    /// It can.
    Open,
    /// Its time is over; it can be sent again.
    Expired,
}

/// An invitation that was just sent, with its token: the one time that it is shown.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct SentInvitation {
    /// The invitation.
    #[serde(flatten)]
    pub invitation: Invitation,
    /// The token, to be handed to who is invited. It cannot be shown again.
    pub token: Token,
}

/// POST: invite somebody.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct Invite {
    /// Who is invited.
    pub email: String,
    /// The role in the organization; member where nothing is said, up to the caller's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<OrganizationRoleName>,
    /// Roles on projects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub projects: Option<Vec<ProjectRole>>,
    /// Roles on workspaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspaces: Option<Vec<WorkspaceRole>>,
    /// Teams to become a member of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teams: Option<Vec<u64>>,
}

/// POST: accept an invitation. Sent without a credential.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct AcceptInvitation {
    /// The invitation's token.
    pub token: Token,
    /// What a new person is called; a name wherever it is given, and left out of account for who is a person already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The password that a new person chooses, or that who is one already has.
    pub password: TypedPassword,
}

/// A password on its one way to the server. Never printed.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String)]
pub struct TypedPassword(String);

impl TypedPassword {
    /// Wraps what was typed, for the request that sends it.
    pub fn new(password: &str) -> Self {
        Self(password.to_owned())
    }

    /// The password itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for TypedPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TypedPassword(hidden)")
    }
}

impl Drop for TypedPassword {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// Who has joined by an invitation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Joined {
    /// His user id.
    pub id: u64,
    /// His name.
    pub name: String,
    /// His e-mail address.
    pub email: String,
    /// The organization that he belongs to from now on.
    pub organization_id: u64,
    /// Its name.
    pub organization_name: String,
    /// His role in it.
    pub role: OrganizationRoleName,
}
