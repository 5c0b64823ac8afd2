//! May this caller do this here? A [`Permit`] or a [`Refusal`].
//!
//! A permit is proof: deciders, events and store reads ask for one, and nothing outside this module can make one. It
//! says who, what, where and through which grant, so that records and explanations need not guess.
//!
//! Two rules decide what a refusal says. What belongs to an organization that the caller is no member of does not
//! exist for him (404). What he may see but not do is forbidden (403).
//!
//! Authority is judged on the directory that is passed in. The writer passes the state that the write is added to, so
//! a caller who was deleted, lowered or expired while his request waited is refused.

mod admission;
mod one_time_link;
mod passage;
mod reset_link;
mod signing_in;

use std::fmt;
use std::marker::PhantomData;

pub use self::admission::{NoAdmission, NotAdmitted, SESSION_IDLE_S, admit, admit_session, lies_idle};
pub use self::signing_in::sign_in;

pub use self::passage::{Demanded, NoPassage, Passage, Place, pass};

pub use self::one_time_link::{OneTimeLink, SetUp, follow_link, follow_set_up_link};
pub use self::reset_link::{ResetLink, follow_reset_link};
pub(crate) use self::signing_in::enter;

use crate::directory::{Directory, PrincipalView};
use crate::effective;
use crate::expiry::Moment;
use crate::identity::{GrantId, OrganizationId, PrincipalId, PrincipalKind, ProjectId, SecretId, SessionId};
use crate::permission::Permission;
use crate::policy::Arrival;
use crate::refusal::Refusal;
use crate::revision::Revision;

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// A principal, and the credential that it came with. Both are looked at again at each decision.
    Principal {
        /// Who.
        principal: PrincipalId,
        /// With what.
        credential: CredentialId,
        /// How it came.
        arrival: Arrival,
    },
    /// The command line on the host, with the data folder or the database in its hands.
    Operator,
}

impl Caller {
    /// Whether it is this principal.
    pub(crate) fn is(&self, other: PrincipalId) -> bool {
        matches!(self, Self::Principal { principal, .. } if *principal == other)
    }
}

/// What a principal authenticated with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialId {
    /// One of its secrets.
    Secret(SecretId),
    /// A session, of a person who signed in.
    Session(SessionId),
}

impl CredentialId {
    /// The secret, if it is one.
    pub const fn secret(self) -> Option<SecretId> {
        match self {
            Self::Secret(secret) => Some(secret),
            Self::Session(_) => None,
        }
    }
}

/// Where a permission is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// In the organization itself.
    Organization(OrganizationId),
    /// In one project.
    Project(ProjectId),
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Organization(id) => write!(f, "organization {id}"),
            Self::Project(id) => write!(f, "project {id}"),
        }
    }
}

/// Who did something, for the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// A person or a service account.
    Principal(PrincipalId, PrincipalKind),
    /// The command line on the host.
    Operator,
}

/// What allowed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// A grant that the caller holds, himself, through a team, or as a member of the organization.
    Grant(GrantId),
    /// It is about the caller himself, or about what every member may.
    Oneself,
    /// Whoever is on the host may.
    Operator,
    /// A token that was made for him, and opens once.
    OneTimeLink,
}

/// Something that needs a permission. Each is a type, so that a permit for one is none for another.
pub trait Action {
    /// What the caller's roles must give.
    const PERMISSION: Permission;
}

macro_rules! actions {
    ($($(#[$meta:meta])* $name:ident needs $permission:ident;)*) => {$(
        $(#[$meta])*
        #[derive(Debug)]
        pub struct $name;

        impl Action for $name {
            const PERMISSION: Permission = Permission::$permission;
        }
    )*};
}

actions! {
    /// Create, list, change and delete service accounts; give and take their roles.
    ManageServiceAccounts needs ServiceAccountsManage;
    /// Make, change, rotate and revoke secrets of service accounts.
    ManageSecrets needs ServiceAccountsManage;
    /// Create projects in an organization.
    CreateProjects needs ProjectsCreate;
    /// Rename a project.
    UpdateProject needs ProjectUpdate;
    /// Delete a project.
    DeleteProject needs ProjectDelete;
    /// Create, change and delete workspaces.
    ManageWorkspaces needs WorkspacesManage;
    /// Give people, teams and every member roles on a project, and take them.
    ManageMembers needs MembersManage;
    /// Join an organization by an invitation: what it gives is given by whoever may manage members.
    AcceptInvitation needs MembersManage;
    /// Sign in to an organization that one is a member of, and sign out.
    SignIn needs DataRead;
    /// Make a link by which a person chooses another password.
    ResetPasswords needs OwnersManage;
    /// Choose another password by such a link.
    UseResetLink needs DataRead;
    /// Take a person out of an organization, or off a project.
    RemoveMember needs MembersManage;
    /// Create, rename and delete teams; add and remove their members.
    ManageTeams needs TeamsManage;
    /// Say what an organization demands of its service accounts.
    ManagePolicies needs PoliciesManage;
    /// Create, change and delete a project's custom roles.
    ManageRoles needs RolesManage;
    /// Read which roles a project knows, and who holds them.
    ReadRoles needs RolesManage;
    /// Read what gives somebody a role.
    Explain needs MembersManage;
    /// See a project's name and what of it one reaches.
    SeeProject needs DataRead;
    /// See an organization's name and what of it one reaches.
    SeeOrganization needs DataRead;
    /// Read the audit log.
    ReadAuditLog needs AuditRead;
    /// Read what is known of one service account.
    ReadServiceAccount needs ServiceAccountsManage;
    /// Become the first owner who is a person, by a link that was made on the host.
    BecomeFirstOwner needs OwnersManage;
    /// Found an organization, or give it an owner again. On the host only.
    FoundOrganization needs OwnersManage;
}

/// Proof that `by` may do `A` in `scope`. Only this module makes one; deciders, events and store reads ask for one.
#[derive(Debug)]
pub struct Permit<A> {
    by: Actor,
    scope: Scope,
    organization: OrganizationId,
    through: Basis,
    permission: Permission,
    at: Revision,
    action: PhantomData<A>,
}

impl<A> Permit<A> {
    fn new(directory: &Directory, by: Actor, scope: Scope, organization: OrganizationId, through: Basis) -> Self
    where
        A: Action,
    {
        let permission = A::PERMISSION;
        Self { by, scope, organization, through, permission, at: directory.revision(), action: PhantomData }
    }

    /// Who may give a project's roles may read which there are.
    fn into_read_roles(self) -> Permit<ReadRoles> {
        let Self { by, scope, organization, through, permission, at, .. } = self;
        Permit { by, scope, organization, through, permission, at, action: PhantomData }
    }

    /// Who may.
    pub fn by(&self) -> Actor {
        self.by
    }

    /// Where.
    pub fn scope(&self) -> Scope {
        self.scope
    }

    /// The organization that the scope is, or is in.
    pub fn organization(&self) -> OrganizationId {
        self.organization
    }

    /// What allows it.
    pub fn through(&self) -> Basis {
        self.through
    }

    /// What was needed.
    pub fn permission(&self) -> Permission {
        self.permission
    }

    /// The state it was judged on.
    pub fn at(&self) -> Revision {
        self.at
    }
}

/// The principal behind a caller, if it and its credential still count, and it may call as it does.
pub fn principal_of<'d>(
    directory: &'d Directory,
    (principal, credential, arrival): (PrincipalId, CredentialId, Arrival),
    now: Moment,
) -> Result<PrincipalView<'d>, Refusal> {
    let view = directory.principal(principal).filter(|view| !view.is_deleted() && !view.is_disabled());
    let view = view.ok_or(Refusal::NotAuthenticated)?;
    let counts = match credential {
        CredentialId::Secret(secret) => view.secret(secret).is_some_and(|held| held.counts(now)),
        CredentialId::Session(session) => {
            directory.session(session).is_some_and(|held| held.person == principal && !held.has_ended(now))
        }
    };
    if !counts {
        return Err(Refusal::NotAuthenticated);
    }
    may_arrive(directory, &view, arrival)?;
    Ok(view)
}

/// Whether an organization that a person is a member of lets him in from there. Asked where he acts in it: he may be a
/// member of several.
fn may_enter(
    directory: &Directory,
    view: &PrincipalView<'_>,
    organization: OrganizationId,
    arrival: Arrival,
) -> Result<(), Refusal> {
    match view.kind() {
        PrincipalKind::Person => directory.policy_of(organization).permits_arrival(arrival, organization),
        PrincipalKind::ServiceAccount => Ok(()),
    }
}

/// Whether the organization of a service account lets it call from there, and in this form.
fn may_arrive(directory: &Directory, view: &PrincipalView<'_>, arrival: Arrival) -> Result<(), Refusal> {
    let Some(organization) = view.organization() else { return Ok(()) };
    directory.policy_of(organization).permits_arrival(arrival, organization)?;
    directory.addresses_of(view.id()).permit(arrival.address)
}

/// May the caller do `A` in this scope?
pub fn authorize<A: Action>(
    directory: &Directory,
    caller: &Caller,
    scope: Scope,
    now: Moment,
) -> Result<Permit<A>, Refusal> {
    let Caller::Principal { principal, credential, arrival } = *caller else {
        let organization = organization_of(directory, scope).ok_or_else(|| not_there(scope))?;
        return Ok(Permit::new(directory, Actor::Operator, scope, organization, Basis::Operator));
    };
    let view = principal_of(directory, (principal, credential, arrival), now)?;
    let organization = organization_of(directory, scope)
        .filter(|organization| effective::is_member(&view, *organization))
        .ok_or_else(|| not_there(scope))?;
    may_enter(directory, &view, organization, arrival)?;
    let grant = match scope {
        Scope::Organization(organization) => effective::organization_grants(&view, organization)
            .find(|(_, role)| role.permissions().contains(&A::PERMISSION))
            .map(|(grant, _)| grant),
        Scope::Project(project) => directory
            .project(project)
            .and_then(|project| {
                effective::project_sources(directory, &view, project)
                    .find(|source| directory.allows(source.role, A::PERMISSION))
            })
            .map(|source| source.grant.id),
    };
    match grant {
        Some(grant) => {
            let by = Actor::Principal(principal, view.kind());
            Ok(Permit::new(directory, by, scope, organization, Basis::Grant(grant)))
        }
        None => Err(Refusal::PermissionMissing { permission: A::PERMISSION, scope }),
    }
}

/// May the caller see this organization? Every member may.
pub fn see_organization(
    directory: &Directory,
    caller: &Caller,
    organization: OrganizationId,
    now: Moment,
) -> Result<Permit<SeeOrganization>, Refusal> {
    let scope = Scope::Organization(organization);
    let Caller::Principal { principal, credential, arrival } = *caller else {
        return authorize(directory, caller, scope, now);
    };
    let view = principal_of(directory, (principal, credential, arrival), now)?;
    if directory.organization(organization).is_none() || !effective::is_member(&view, organization) {
        return Err(not_there(scope));
    }
    may_enter(directory, &view, organization, arrival)?;
    let by = Actor::Principal(principal, view.kind());
    Ok(Permit::new(directory, by, scope, organization, Basis::Oneself))
}

/// May the caller see this project? Whoever reaches it or one of its workspaces may.
pub fn see_project(
    directory: &Directory,
    caller: &Caller,
    project: ProjectId,
    now: Moment,
) -> Result<Permit<SeeProject>, Refusal> {
    let scope = Scope::Project(project);
    let refused = match authorize(directory, caller, scope, now) {
        Err(Refusal::PermissionMissing { permission, scope }) => Refusal::PermissionMissing { permission, scope },
        other => return other,
    };
    let (Caller::Principal { principal, .. }, Some(organization)) = (*caller, organization_of(directory, scope)) else {
        return Err(refused);
    };
    let Some(view) = directory.principal(principal) else { return Err(Refusal::NotAuthenticated) };
    // A custom role need not hold the permission to read; who has it sees the project's name all the same.
    let on_project = directory
        .project(project)
        .and_then(|project| effective::project_sources(directory, &view, project).map(|source| source.grant).next());
    let mut on_workspaces = effective::workspace_grants_in(directory, &view, project).map(|(grant, _)| grant);
    match on_project.or_else(|| on_workspaces.next()) {
        Some(grant) => {
            let by = Actor::Principal(principal, view.kind());
            Ok(Permit::new(directory, by, scope, organization, Basis::Grant(grant.id)))
        }
        None => Err(refused),
    }
}

/// May the caller read this service account? Who manages the organization's accounts may, and the account itself.
pub fn read_service_account(
    directory: &Directory,
    caller: &Caller,
    organization: OrganizationId,
    account: PrincipalId,
    now: Moment,
) -> Result<Permit<ReadServiceAccount>, Refusal> {
    let scope = Scope::Organization(organization);
    match *caller {
        Caller::Principal { principal, credential, arrival } if principal == account => {
            let view = principal_of(directory, (principal, credential, arrival), now)?;
            if !effective::is_member(&view, organization) {
                return Err(not_there(scope));
            }
            let by = Actor::Principal(principal, view.kind());
            Ok(Permit::new(directory, by, scope, organization, Basis::Oneself))
        }
        _ => authorize(directory, caller, scope, now),
    }
}

/// May the caller replace or revoke secrets of this service account? Who manages the organization's accounts may, and the
/// account itself.
pub(crate) fn manage_own_secrets(
    directory: &Directory,
    caller: &Caller,
    organization: OrganizationId,
    account: PrincipalId,
    now: Moment,
) -> Result<Permit<ManageSecrets>, Refusal> {
    let scope = Scope::Organization(organization);
    match (authorize(directory, caller, scope, now), *caller) {
        (Err(Refusal::PermissionMissing { .. }), Caller::Principal { principal, credential, arrival })
            if principal == account =>
        {
            let view = principal_of(directory, (principal, credential, arrival), now)?;
            let by = Actor::Principal(principal, view.kind());
            Ok(Permit::new(directory, by, scope, organization, Basis::Oneself))
        }
        (given, _) => given,
    }
}

/// May the caller read a project's roles? Who makes them may, and who gives them to people, teams or accounts.
pub fn read_roles(
    directory: &Directory,
    caller: &Caller,
    project: ProjectId,
    now: Moment,
) -> Result<Permit<ReadRoles>, Refusal> {
    let scope = Scope::Project(project);
    let given = authorize::<ManageMembers>(directory, caller, scope, now).map(Permit::into_read_roles);
    let given = given
        .or_else(|_| authorize::<ManageServiceAccounts>(directory, caller, scope, now).map(Permit::into_read_roles));
    given.or_else(|_| authorize(directory, caller, scope, now))
}

/// May the caller have it explained what this principal may do in an organization? Who manages its members may, and
/// each for himself.
pub fn explain(
    directory: &Directory,
    caller: &Caller,
    organization: OrganizationId,
    principal: PrincipalId,
    now: Moment,
) -> Result<Permit<Explain>, Refusal> {
    let scope = Scope::Organization(organization);
    match *caller {
        Caller::Principal { principal: own, credential, arrival } if own == principal => {
            let view = principal_of(directory, (own, credential, arrival), now)?;
            if directory.organization(organization).is_none() || !effective::is_member(&view, organization) {
                return Err(not_there(scope));
            }
            may_enter(directory, &view, organization, arrival)?;
            let by = Actor::Principal(own, view.kind());
            Ok(Permit::new(directory, by, scope, organization, Basis::Oneself))
        }
        _ => authorize(directory, caller, scope, now),
    }
}

/// May the caller take this person out of an organization, or off a project? Who manages its members may, and each person
/// may leave. `None` is somebody who is not there, which is told to those alone who manage members.
pub(crate) fn remove_member(
    directory: &Directory,
    caller: &Caller,
    scope: Scope,
    person: Option<PrincipalId>,
    now: Moment,
) -> Result<Permit<RemoveMember>, Refusal> {
    match (authorize(directory, caller, scope, now), *caller) {
        (Err(Refusal::PermissionMissing { .. }), Caller::Principal { principal, .. })
            if person == Some(principal) && is_person(directory, principal) =>
        {
            let organization = organization_of(directory, scope).ok_or_else(|| not_there(scope))?;
            let by = Actor::Principal(principal, PrincipalKind::Person);
            Ok(Permit::new(directory, by, scope, organization, Basis::Oneself))
        }
        (authorized, _) => authorized,
    }
}

fn is_person(directory: &Directory, principal: PrincipalId) -> bool {
    directory.principal(principal).is_some_and(|view| view.kind() == PrincipalKind::Person)
}

/// May the caller found an organization? The operator may. The organization is the one that is about to be.
pub(crate) fn found_organization(
    directory: &Directory,
    caller: &Caller,
    organization: OrganizationId,
) -> Result<Permit<FoundOrganization>, Refusal> {
    let scope = Scope::Organization(organization);
    match caller {
        Caller::Operator => Ok(Permit::new(directory, Actor::Operator, scope, organization, Basis::Operator)),
        Caller::Principal { .. } => Err(Refusal::PermissionMissing { permission: Permission::OwnersManage, scope }),
    }
}

fn organization_of(directory: &Directory, scope: Scope) -> Option<OrganizationId> {
    match scope {
        Scope::Organization(organization) => directory.organization(organization).map(|known| known.id),
        Scope::Project(project) => directory.project(project).map(|known| known.organization),
    }
}

fn not_there(scope: Scope) -> Refusal {
    match scope {
        Scope::Organization(organization) => Refusal::NoSuchOrganization { organization },
        Scope::Project(project) => Refusal::NoSuchProject { project },
    }
}
