//! Why something is not done. One variant a reason, each with the facts and the way out.
//!
//! [`Refusal::code`] is stable and has an entry in `docs/reference/errors.md`; one match in `api/` turns it into a
//! status.

use std::fmt;
use std::net::IpAddr;

use crate::authorize::Scope;
use crate::email::EmailAddress;
use crate::identity::{
    CustomRoleId, InvitationId, OrganizationId, PrincipalId, ProjectId, ProjectSlug, SecretId, TeamId, WorkspaceId,
};
use crate::permission::{Permission, PermissionName};
use crate::policy::Lifetime;

/// What an `Idempotency-Key` made before, by its id. Custom roles are told apart: answers name them by text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MadeBefore {
    /// A custom role that is still there.
    CustomRole(CustomRoleId),
    /// Anything else, or what is gone.
    Other(u64),
}

impl fmt::Display for MadeBefore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CustomRole(role) => role.fmt(f),
            Self::Other(id) => id.fmt(f),
        }
    }
}

/// Why a caller does not get what he asks for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No credential that counts: none, wrong, gone or expired. Never says which.
    #[error("no valid credential; send Authorization: Basic with username:secret, base64-encoded or as plain text")]
    NotAuthenticated,
    /// Not there, or in an organization that the caller does not belong to: the two are told the same.
    #[error("there is no organization {organization} that you belong to; GET /api/app/me lists yours")]
    NoSuchOrganization {
        /// What was asked for.
        organization: OrganizationId,
    },
    /// As for organizations.
    #[error("there is no project {project} in your organization; GET /api/app/me lists what you reach")]
    NoSuchProject {
        /// What was asked for.
        project: ProjectId,
    },
    /// As for organizations; also a workspace of another project.
    #[error("there is no workspace {workspace} in project {project}; list the project's workspaces to find its id")]
    NoSuchWorkspace {
        /// What was asked for.
        workspace: WorkspaceId,
        /// Where it was looked for.
        project: ProjectId,
    },
    /// As for organizations, without a project to name.
    #[error("there is no workspace {workspace} in your organization; list a project's workspaces to find its id")]
    NoWorkspaceOfYours {
        /// What was asked for.
        workspace: WorkspaceId,
    },
    /// No such role in this project: a custom role belongs to one.
    #[error(
        "there is no role {role} in project {project}; GET /api/app/projects/{project}/custom-roles lists its roles"
    )]
    NoSuchRole {
        /// What was asked for.
        role: CustomRoleId,
        /// Where it was looked for.
        project: ProjectId,
    },
    /// No service account of that number in this organization, or it was deleted.
    #[error("there is no service account {account} in organization {organization}; it may have been deleted")]
    NoSuchServiceAccount {
        /// What was asked for.
        account: PrincipalId,
        /// Where it was looked for.
        organization: OrganizationId,
    },
    /// No secret of that number of this account, or it was revoked.
    #[error("service account {account} has no secret {secret}; list its secrets to find the id")]
    NoSuchSecret {
        /// What was asked for.
        secret: SecretId,
        /// Whose it was to be.
        account: PrincipalId,
    },
    /// The account holds as many secrets as it may.
    #[error(
        "service account {account} holds {} secrets that still count, and may hold {limit}; revoke one of {}{}",
        held.len(),
        listed(held),
        first_to_end(first_end.as_ref())
    )]
    TooManySecrets {
        /// Which account.
        account: PrincipalId,
        /// How many it may hold.
        limit: usize,
        /// Those that it holds.
        held: Vec<SecretId>,
        /// The first of them to end, and in how many seconds.
        first_end: Option<(SecretId, u64)>,
    },
    /// Somebody wanted it to be in the way of its deletion.
    #[error("service account {account} is protected; unprotect it first if it is to be deleted")]
    Protected {
        /// Which account.
        account: PrincipalId,
    },
    /// What has ended does not come back.
    #[error("secret {secret} has ended and does not come back; make another")]
    SecretEnded {
        /// Which.
        secret: SecretId,
    },
    /// Nothing of it is left that could get another end.
    #[error(
        "service account {account} has no secret that has not ended, and what has ended does not come back; make a new secret with POST .../secrets"
    )]
    AccountEnded {
        /// Which account.
        account: PrincipalId,
    },
    /// There is nothing to be replaced.
    #[error("service account {account} has no secret to rotate; make one with POST .../secrets")]
    NoSecretToRotate {
        /// Which account.
        account: PrincipalId,
    },
    /// No secret prolongs itself.
    #[error(
        "a secret cannot be replaced by one that lasts longer unless somebody who manages service accounts does it; leave expires out, or name an end that is not later"
    )]
    ExpiryBeyondOwn,
    /// A replaced secret does not go on for so long.
    #[error("grace_seconds is more than {limit}; name fewer, or create a second secret in place of rotating")]
    GraceTooLong {
        /// The most.
        limit: u64,
    },
    /// The caller may see it, and may not do this.
    #[error("this needs the permission {permission} in {scope}, which your roles do not give; ask an owner or admin")]
    PermissionMissing {
        /// What is needed.
        permission: Permission,
        /// Where.
        scope: Scope,
    },
    /// Roles are given up to one's own.
    #[error(
        "you cannot give or take the role {role} in {scope}, since yours there is {own}; ask somebody who holds {role}"
    )]
    RoleAboveOwn {
        /// What was to be given.
        role: String,
        /// What the caller has.
        own: String,
        /// Where.
        scope: Scope,
    },
    /// Whoever holds more than the caller is not his to change.
    #[error("user {account} is {role} in {scope}, which is above your own role there; ask somebody who holds {role}")]
    AccountAboveOwn {
        /// Who was to be changed.
        account: PrincipalId,
        /// What it has.
        role: String,
        /// Where.
        scope: Scope,
    },
    /// Whoever comes to a team gets all that it holds, so a team that holds more than the caller is not his to change.
    #[error("team {team} is {role} in {scope}, which is above your own role there; ask somebody who holds {role}")]
    TeamAboveOwn {
        /// Which team.
        team: TeamId,
        /// What it has.
        role: String,
        /// Where.
        scope: Scope,
    },
    /// Nobody gives by a role what he does not hold himself.
    #[error(
        "you cannot put the permission {} into a role of project {project}, since your own roles there do not give it; ask somebody who holds it",
        permission.as_str()
    )]
    PermissionAboveOwn {
        /// Which permission.
        permission: PermissionName,
        /// Where.
        project: ProjectId,
    },
    /// No team of that number in this organization.
    #[error("there is no team {team} in organization {organization}; list its teams to find the id")]
    NoSuchTeam {
        /// What was asked for.
        team: TeamId,
        /// Where it was looked for.
        organization: OrganizationId,
    },
    /// No team of that name in this organization. What was sent is not given back.
    #[error("there is no team of that name in organization {organization}; list its teams to find it")]
    NoTeamOfThatName {
        /// Where it was looked for.
        organization: OrganizationId,
    },
    /// Neither a person nor a service account of this organization.
    #[error("there is no user {member} in organization {organization}; it may have been removed")]
    NoSuchMember {
        /// Who was asked for.
        member: PrincipalId,
        /// Where he was looked for.
        organization: OrganizationId,
    },
    /// Nobody in this organization has that address; whether somebody elsewhere does, is told to nobody. What was sent is
    /// not given back.
    #[error(
        "not every address that was sent is a user's of organization {organization}; list its users, and invite who is missing"
    )]
    NoMemberOfThatAddress {
        /// Where it was looked for.
        organization: OrganizationId,
    },
    /// No invitation of that number in this organization, or it is over.
    #[error(
        "there is no open invitation {invitation} in organization {organization}; it may have been accepted or withdrawn"
    )]
    NoSuchInvitation {
        /// What was asked for.
        invitation: InvitationId,
        /// Where it was looked for.
        organization: OrganizationId,
    },
    /// Never says what is wrong with a token.
    #[error(
        "this token opens no invitation: it is mistyped, or the invitation was used, withdrawn, sent anew or has expired; ask whoever invited you for a new one"
    )]
    NoInvitationForToken,
    /// No set-up link of that token: never made, used, expired, replaced, or not needed any more. Never says which.
    #[error(
        "this link opens nothing: it was used, has expired, or was replaced by a newer one; make another on the host"
    )]
    NoSetUpForToken,
    /// The organization has an owner who is a person already.
    #[error("organization {organization} has an owner who is a person already, who can invite others")]
    OwnedByPerson {
        /// Which organization.
        organization: OrganizationId,
    },
    /// A person of the installation has the address already.
    #[error("somebody of this installation has the address {email} already; name another, or let an owner invite him")]
    EmailTaken {
        /// The address.
        email: EmailAddress,
    },
    /// Nobody gives by an invitation what he could not give himself when it is accepted.
    #[error(
        "whoever invited you may not give what this invitation promises any more; ask the organization for a new invitation"
    )]
    InvitationVoid,
    /// The person came to be, or went, between the look at the invitation and its acceptance.
    #[error("whether somebody has this invitation's address has just changed; send this again")]
    PersonMeanwhile,
    /// One address joins once.
    #[error("{email} is a member of organization {organization} already; change that member's roles instead")]
    AlreadyMember {
        /// Who.
        email: EmailAddress,
        /// Of what.
        organization: OrganizationId,
    },
    /// One address has one open invitation of an organization.
    #[error("{email} has the open invitation {invitation} already; resend that one, or withdraw it first")]
    AlreadyInvited {
        /// Who.
        email: EmailAddress,
        /// The invitation that is open.
        invitation: InvitationId,
    },
    /// A person has one second factor.
    #[error("your second factor is on already; turn it off before you set another one up")]
    SecondFactorOn,
    /// There is none to change.
    #[error("this person's second factor is off, so there is nothing to change")]
    SecondFactorOff,
    /// Never says what is wrong with a code.
    #[error("this code is wrong, was used already or is over; send the next one that your app shows")]
    CodeNotAccepted,
    /// Never says what is wrong with a token.
    #[error(
        "this link opens nothing: it is mistyped, was used, gave way to a newer one or is older than an hour; ask for a new one"
    )]
    NoResetForToken,
    /// Else an owner of one organization could come into another as somebody else.
    #[error(
        "user {person} belongs to organizations whose owner you are not, so you may not make a link for that person; it takes an owner of all of them, or the operator on the host"
    )]
    NotOwnerEverywhere {
        /// Who was meant.
        person: PrincipalId,
    },
    /// It would be a change of password without the password.
    #[error("nobody makes such a link for himself; change your password on your profile")]
    ResetForOneself,
    /// Nobody of that number, or he belongs to no organization.
    #[error("there is no person {person} who belongs to an organization")]
    NoSuchPerson {
        /// Who was asked for.
        person: PrincipalId,
    },
    /// Teams are told apart by their names.
    #[error("organization {organization} has a team called {name}; choose another name")]
    TeamNameTaken {
        /// The name.
        name: String,
        /// Where.
        organization: OrganizationId,
    },
    /// A project of the installation has it. Whose, is told to nobody: it may be another organization's.
    #[error("the slug {slug} is taken; choose another")]
    SlugTaken {
        /// The slug.
        slug: ProjectSlug,
    },
    /// Roles of a project are told apart by their names.
    #[error("project {project} has a role called {name}; choose another name")]
    RoleNameTaken {
        /// The name.
        name: String,
        /// Where.
        project: ProjectId,
    },
    /// The organization would be left without an owner.
    #[error("{} of organization {organization} that it can rely on; make another owner first", last(owners))]
    LastOwner {
        /// Who are the last ones: one, or several who were to go together.
        owners: Vec<PrincipalId>,
        /// Of what.
        organization: OrganizationId,
    },
    /// Each project keeps the workspace that it was born with.
    #[error("workspace {workspace} is the default workspace of its project and cannot be deleted")]
    DefaultWorkspace {
        /// What was to be deleted.
        workspace: WorkspaceId,
    },
    /// An end that has come already.
    #[error(
        "expires is not later than now; name a moment in the future, or leave it out for an account without expiry"
    )]
    ExpiryNotLater,
    /// An end after the year 9999.
    #[error("expires_in leads beyond the year 9999; name fewer seconds, or leave it out for an account without expiry")]
    ExpiryTooFar,
    /// A secret without an end, where the organization wants one.
    #[error(
        "organization {organization} wants an end for each secret{}; send expires or expires_in",
        lifetime.map_or_else(String::new, |most| format!(", {most} away at most"))
    )]
    ExpiryRequired {
        /// Which organization.
        organization: OrganizationId,
        /// The longest that a secret lives there, if that is bounded.
        lifetime: Option<Lifetime>,
    },
    /// A secret that would live longer than the organization allows.
    #[error("in organization {organization} a secret lives {lifetime} at most; name an earlier end")]
    LifetimeTooLong {
        /// Which organization.
        organization: OrganizationId,
        /// The longest.
        lifetime: Lifetime,
    },
    /// An end that is put off, where the life of a secret is bounded.
    #[error(
        "in organization {organization} a secret lives {lifetime} at most, so its end can be brought forward only; make a new secret in its place"
    )]
    LifetimeProlonged {
        /// Which organization.
        organization: OrganizationId,
        /// The longest.
        lifetime: Lifetime,
    },
    /// A name that the organization's pattern does not match.
    #[error(
        "in organization {organization} a service account's name must match {pattern} as a whole; choose another name"
    )]
    NameNotAllowed {
        /// Which organization.
        organization: OrganizationId,
        /// A regular expression.
        pattern: String,
    },
    /// Made from a project's settings, where the organization reserves that for itself.
    #[error(
        "in organization {organization} service accounts are made by its owners and admins alone; ask one of them, and to add the account to your project"
    )]
    ProjectCreationNotAllowed {
        /// Which organization.
        organization: OrganizationId,
    },
    /// A right credential, written as the organization does not accept it.
    #[error(
        "organization {organization} does not accept username:secret as plain text; send it base64-encoded, as RFC 7617 says"
    )]
    PlainTextNotAllowed {
        /// Which organization.
        organization: OrganizationId,
    },
    /// A right credential from where it does not count.
    #[error(
        "this credential does not count from {}; call from an allowed address, or ask an owner or admin of the organization",
        address.map_or_else(|| "an address that is not known".to_owned(), |address| address.to_string())
    )]
    AddressNotAllowed {
        /// From where it came.
        address: Option<IpAddr>,
    },
    /// The caller himself would not be let in any more.
    #[error("this would lock you out: {why}")]
    WouldLockOut {
        /// What would be answered to the caller's next request.
        why: String,
    },
    /// The same `Idempotency-Key` made something before.
    #[error(
        "this Idempotency-Key of yours created {made} before, so nothing was made. A secret cannot be shown again: if {made} is a service account or a secret and its text is lost, delete or revoke it and create another with a new key; an invitation can be sent again"
    )]
    AlreadyCreated {
        /// What it made.
        made: MadeBefore,
    },
    /// Every draw of six hex digits met a username that was given out before.
    #[error("too many accounts have had the name {name}; choose another name")]
    NameExhausted {
        /// The name.
        name: String,
    },
    /// The store has an organization, and a first one was asked for.
    #[error("this store is set up already; to found one more organization, run claviger organization create")]
    AlreadySetUp,
    /// The organization holds as many as it may.
    #[error("organization {organization} holds {limit} {things}, which is the limit; delete some first, or send fewer")]
    LimitReached {
        /// Which organization.
        organization: OrganizationId,
        /// Of what, in the plural.
        things: &'static str,
        /// How many.
        limit: usize,
    },
    /// No more ids, or no randomness: cannot be decided.
    #[error("the installation has run out of {what}; nothing was changed")]
    Exhausted {
        /// Of what.
        what: &'static str,
    },
}

impl Refusal {
    /// The stable name of the reason.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotAuthenticated => "not_authenticated",
            Self::NoSuchOrganization { .. } => "organization_not_found",
            Self::NoSuchProject { .. } => "project_not_found",
            Self::NoSuchWorkspace { .. } | Self::NoWorkspaceOfYours { .. } => "workspace_not_found",
            Self::NoSuchRole { .. } => "role_not_found",
            Self::NoSuchServiceAccount { .. } => "service_account_not_found",
            Self::NoSuchSecret { .. } => "secret_not_found",
            Self::TooManySecrets { .. } => "too_many_secrets",
            Self::Protected { .. } => "protected",
            Self::SecretEnded { .. } | Self::AccountEnded { .. } => "secret_ended",
            Self::NoSecretToRotate { .. } => "no_secret_to_rotate",
            Self::ExpiryBeyondOwn => "expiry_beyond_own",
            Self::GraceTooLong { .. } => "grace_too_long",
            Self::PermissionMissing { .. } => "permission_missing",
            Self::RoleAboveOwn { .. } => "role_above_own",
            Self::AccountAboveOwn { .. } => "account_above_own",
            Self::TeamAboveOwn { .. } => "team_above_own",
            Self::PermissionAboveOwn { .. } => "permission_above_own",
            Self::NoSuchTeam { .. } | Self::NoTeamOfThatName { .. } => "team_not_found",
            Self::NoSuchMember { .. } | Self::NoMemberOfThatAddress { .. } => "user_not_found",
            Self::NoSuchPerson { .. } => "user_not_found",
            Self::NoResetForToken => "reset_not_found",
            Self::NotOwnerEverywhere { .. } => "not_owner_everywhere",
            Self::ResetForOneself => "reset_for_oneself",
            Self::SecondFactorOn => "second_factor_on",
            Self::SecondFactorOff => "second_factor_off",
            Self::CodeNotAccepted => "code_not_accepted",
            Self::NoSuchInvitation { .. } | Self::NoInvitationForToken => "invitation_not_found",
            Self::InvitationVoid => "invitation_void",
            Self::PersonMeanwhile => "person_meanwhile",
            Self::NoSetUpForToken => "set_up_link_not_found",
            Self::OwnedByPerson { .. } => "owned_by_person",
            Self::EmailTaken { .. } => "email_taken",
            Self::AlreadyMember { .. } => "already_member",
            Self::AlreadyInvited { .. } => "already_invited",
            Self::TeamNameTaken { .. } => "team_name_taken",
            Self::SlugTaken { .. } => "slug_taken",
            Self::RoleNameTaken { .. } => "role_name_taken",
            Self::LastOwner { .. } => "last_owner",
            Self::DefaultWorkspace { .. } => "default_workspace",
            Self::ExpiryNotLater => "expiry_not_later",
            Self::ExpiryTooFar => "expiry_too_far",
            Self::ExpiryRequired { .. } => "expiry_required",
            Self::LifetimeTooLong { .. } => "lifetime_too_long",
            Self::LifetimeProlonged { .. } => "lifetime_prolonged",
            Self::NameNotAllowed { .. } => "name_not_allowed",
            Self::ProjectCreationNotAllowed { .. } => "project_creation_not_allowed",
            Self::PlainTextNotAllowed { .. } => "plain_text_not_allowed",
            Self::AddressNotAllowed { .. } => "address_not_allowed",
            Self::WouldLockOut { .. } => "would_lock_out",
            Self::AlreadyCreated { .. } => "already_created",
            Self::NameExhausted { .. } => "name_exhausted",
            Self::AlreadySetUp => "already_set_up",
            Self::LimitReached { .. } => "limit_reached",
            Self::Exhausted { .. } => "exhausted",
        }
    }
}

fn listed<I: ToString>(ids: &[I]) -> String {
    ids.iter().map(I::to_string).collect::<Vec<_>>().join(", ")
}

fn last(owners: &[PrincipalId]) -> String {
    match owners {
        [owner] => format!("user {owner} is the last owner"),
        _ => format!("users {} are the last owners", listed(owners)),
    }
}

fn first_to_end(first: Option<&(SecretId, u64)>) -> String {
    first.map_or_else(String::new, |(secret, seconds)| format!(", or wait: {secret} ends in {seconds} seconds"))
}
