//! Service accounts: create, delete; give and take their roles on projects and workspaces.

use std::collections::{BTreeMap, BTreeSet};

pub use super::change_account::{ChangeServiceAccount, change};
use super::change_account::{details_told, may_own};
use super::holding::{Gathered, Holding, born_with, is_in};
use super::last_owner;
use super::new_account::{self, Plan};
pub use super::new_account::{ACCOUNTS_MAX, Creator, NewServiceAccount};
use super::standing::Standing;
use super::{project, workspace};
use crate::authorize::{Caller, ManageServiceAccounts, Permit, Scope, authorize, see_organization};
use crate::change::{Change, ServiceAccountChange};
use crate::decision::{Decided, Decision};
use crate::directory::{Directory, Draft, PrincipalView};
use crate::event::{Event, EventName, Target};
use crate::expiry::{Expiry, Moment};
use crate::grant::Granted;
use crate::identity::{AccountName, OrganizationId, PrincipalId, ProjectId, WorkspaceId};
use crate::ownership::{AccountDetails, Owner, owner_of};
use crate::random_bytes::RandomBytes;
use crate::refusal::Refusal;
use crate::role::{OrganizationRole, ProjectRole, Role};

/// When an account is to end, as it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestedExpiry {
    /// It is not to.
    Never,
    /// At this moment.
    At(Moment),
    /// So many seconds after the decision.
    In {
        /// From the decision on.
        seconds: u64,
    },
}

impl RequestedExpiry {
    pub(super) fn decide(self, now: Moment) -> Result<Expiry, Refusal> {
        let moment = match self {
            Self::Never => return Ok(Expiry::NEVER),
            Self::At(moment) => moment,
            Self::In { seconds } => now.plus_seconds(seconds).ok_or(Refusal::ExpiryTooFar)?,
        };
        if moment > now { Ok(Expiry::at(moment)) } else { Err(Refusal::ExpiryNotLater) }
    }
}

/// A new service account, made in an organization.
pub struct CreateServiceAccount {
    /// Whose it will be.
    pub organization: OrganizationId,
    /// What the creator typed.
    pub name: AccountName,
    /// Its role in the organization.
    pub organization_role: OrganizationRole,
    /// Its roles on projects.
    pub projects: BTreeMap<ProjectId, ProjectRole>,
    /// Its roles on workspaces.
    pub workspaces: BTreeMap<WorkspaceId, ProjectRole>,
    /// When it ends.
    pub expires: RequestedExpiry,
    /// What is said about it.
    pub details: AccountDetails,
}

/// A new service account, made in a project: admin of that project.
pub struct CreateInProject {
    /// Where.
    pub project: ProjectId,
    /// What the creator typed.
    pub name: AccountName,
    /// When it ends.
    pub expires: RequestedExpiry,
}

/// Most accounts that are deleted as one.
pub const DELETED_AT_ONCE_MAX: usize = 1_000;

/// Accounts to be deleted: all or nothing.
pub struct DeleteServiceAccounts {
    organization: OrganizationId,
    accounts: BTreeSet<PrincipalId>,
}

impl DeleteServiceAccounts {
    /// These accounts of an organization; `None` for none, and for more than [`DELETED_AT_ONCE_MAX`].
    pub fn new(organization: OrganizationId, accounts: BTreeSet<PrincipalId>) -> Option<Self> {
        (1..=DELETED_AT_ONCE_MAX).contains(&accounts.len()).then_some(Self { organization, accounts })
    }
}

/// Roles on projects for accounts: all or nothing.
pub struct AddToProjects {
    /// Whose accounts and projects.
    pub organization: OrganizationId,
    /// The projects, each with the role to give there.
    pub projects: BTreeMap<ProjectId, ProjectRole>,
    /// Who gets the roles.
    pub accounts: BTreeSet<PrincipalId>,
}

/// Accounts to be taken off projects: all or nothing.
pub struct RemoveFromProjects {
    /// Whose accounts and projects.
    pub organization: OrganizationId,
    /// The projects, each with the accounts to take off.
    pub projects: BTreeMap<ProjectId, BTreeSet<PrincipalId>>,
}

/// A role on one workspace for one account.
pub struct SetWorkspaceRole {
    /// The project of the workspace.
    pub project: ProjectId,
    /// The workspace.
    pub workspace: WorkspaceId,
    /// Who gets it.
    pub account: PrincipalId,
    /// The role.
    pub role: ProjectRole,
}

/// Creates a service account in an organization, with its roles.
pub fn create(
    draft: &Draft,
    caller: &Caller,
    command: &CreateServiceAccount,
    moment: Moment,
    mut random: RandomBytes,
) -> Result<Decided<NewServiceAccount>, Refusal> {
    let organization = command.organization;
    let permit = authorize::<ManageServiceAccounts>(draft, caller, Scope::Organization(organization), moment)?;
    draft.refuse_repetition()?;
    let standing = Standing::new(draft, caller, organization);
    standing.may_give_in_organization(command.organization_role)?;
    let mut granted = vec![Granted::Organization(organization, command.organization_role)];
    let mut places = Vec::new();
    for (project, role) in &command.projects {
        places.push(project::authorize_in::<ManageServiceAccounts>(draft, caller, organization, *project, moment)?);
        standing.may_give_in_project(*project, *role)?;
        granted.push(Granted::Project(*project, *role));
    }
    for (workspace, role) in &command.workspaces {
        let project = draft.workspace(*workspace).and_then(|known| draft.project(known.project));
        let project = project.filter(|project| project.organization == organization);
        let project = project.ok_or(Refusal::NoWorkspaceOfYours { workspace: *workspace })?.id;
        places.push(project::authorize_in::<ManageServiceAccounts>(draft, caller, organization, project, moment)?);
        standing.may_give_in_project(project, *role)?;
        granted.push(Granted::Workspace(*workspace, *role));
    }
    let policy = draft.policy_of(organization);
    policy.permits_name(&command.name, organization)?;
    let expires = command.expires.decide(moment)?;
    policy.permits_end(expires, moment, organization)?;
    let plan = Plan { organization, name: &command.name, expires, granted };
    let (mut account, mut changes) = new_account::make(draft, &permit, &plan, &mut draft.ids(), moment, &mut random)?;
    let mut event = created(&permit, &account, command.organization_role);
    if command.details != AccountDetails::default() {
        event = describe(draft, &mut account, organization, &command.details, event)?;
        let (id, details) = (account.id, command.details.clone());
        changes.push(Change::ServiceAccount(ServiceAccountChange::Described { id, details }));
    }
    let mut decision = Decision::new(event, changes);
    for (permit, granted) in places.iter().zip(&plan.granted[1..]) {
        decision = decision.and(born_with(permit, account.id, granted), []);
    }
    Ok(Decided::Write(decision, account))
}

/// Creates a service account from a project's settings: member of the organization, admin of this project.
pub fn create_in_project(
    draft: &Draft,
    caller: &Caller,
    command: &CreateInProject,
    moment: Moment,
    mut random: RandomBytes,
) -> Result<Decided<NewServiceAccount>, Refusal> {
    let project = command.project;
    let permit = authorize::<ManageServiceAccounts>(draft, caller, Scope::Project(project), moment)?;
    draft.refuse_repetition()?;
    let organization = permit.organization();
    Standing::new(draft, caller, organization).may_give_in_project(project, Role::Admin.into())?;
    let policy = draft.policy_of(organization);
    if !policy.project_admins_create {
        let of_organization =
            authorize::<ManageServiceAccounts>(draft, caller, Scope::Organization(organization), moment);
        of_organization.map_err(|_| Refusal::ProjectCreationNotAllowed { organization })?;
    }
    policy.permits_name(&command.name, organization)?;
    let expires = command.expires.decide(moment)?;
    policy.permits_end(expires, moment, organization)?;
    let granted = Granted::Project(project, Role::Admin.into());
    let plan = Plan { organization, name: &command.name, expires, granted: vec![granted] };
    let (account, changes) = new_account::make(draft, &permit, &plan, &mut draft.ids(), moment, &mut random)?;
    let decision = Decision::new(created(&permit, &account, OrganizationRole::Member), changes)
        .and(born_with(&permit, account.id, &granted), []);
    Ok(Decided::Write(decision, account))
}

/// Deletes an account from its organization: every access of it ends at once.
pub fn delete(
    draft: &Draft,
    caller: &Caller,
    organization: OrganizationId,
    account: PrincipalId,
    moment: Moment,
) -> Result<Decided<()>, Refusal> {
    let accounts = BTreeSet::from([account]);
    delete_several(draft, caller, &DeleteServiceAccounts { organization, accounts }, moment)
}

/// Deletes accounts from their organization together, with an event each: none of them goes if one cannot.
pub fn delete_several(
    draft: &Draft,
    caller: &Caller,
    command: &DeleteServiceAccounts,
    moment: Moment,
) -> Result<Decided<()>, Refusal> {
    let organization = command.organization;
    let permit = authorize::<ManageServiceAccounts>(draft, caller, Scope::Organization(organization), moment)?;
    let standing = Standing::new(draft, caller, organization);
    let mut done = Gathered::default();
    for account in &command.accounts {
        let account = find(draft, organization, *account)?;
        standing.may_change(&account)?;
        if account.is_protected() {
            return Err(Refusal::Protected { account: account.id() });
        }
        let event = Event::under(&permit, EventName::ServiceAccountDeleted, Target::Principal(account.id()))
            .before("username", account.name());
        done.add(event, [Change::PrincipalDeleted { id: account.id(), deleted: moment }]);
    }
    let leaving: Vec<PrincipalId> = command.accounts.iter().copied().collect();
    last_owner::may_do_without(draft, organization, &leaving)?;
    Ok(done.decided())
}

/// Gives accounts roles on projects. Giving again sets the role.
pub fn add_to_projects(
    draft: &Draft,
    caller: &Caller,
    command: &AddToProjects,
    moment: Moment,
) -> Result<Decided<()>, Refusal> {
    let organization = command.organization;
    see_organization(draft, caller, organization, moment)?;
    let standing = Standing::new(draft, caller, organization);
    let mut ids = draft.ids();
    let mut done = Gathered::default();
    for (project, role) in &command.projects {
        let permit = project::authorize_in::<ManageServiceAccounts>(draft, caller, organization, *project, moment)?;
        standing.may_give_in_project(*project, *role)?;
        for account in &command.accounts {
            let account = find(draft, organization, *account)?;
            let granted = Granted::Project(*project, *role);
            Holding::of_principal(&account).set(&permit, &standing, granted, &mut ids, moment, &mut done)?;
        }
    }
    Ok(done.decided())
}

/// Takes accounts off projects, the projects' workspaces included. Taking off what is not there changes nothing.
pub fn remove_from_projects(
    draft: &Draft,
    caller: &Caller,
    command: &RemoveFromProjects,
    moment: Moment,
) -> Result<Decided<()>, Refusal> {
    let organization = command.organization;
    see_organization(draft, caller, organization, moment)?;
    let mut done = Gathered::default();
    for (project, accounts) in &command.projects {
        let permit = project::authorize_in::<ManageServiceAccounts>(draft, caller, organization, *project, moment)?;
        for account in accounts {
            remove(draft, caller, &permit, *project, *account, &mut done)?;
        }
    }
    Ok(done.decided())
}

/// Takes one account off one project; its other projects stay.
pub fn remove_from_project(
    draft: &Draft,
    caller: &Caller,
    project: ProjectId,
    account: PrincipalId,
    moment: Moment,
) -> Result<Decided<()>, Refusal> {
    let permit = authorize::<ManageServiceAccounts>(draft, caller, Scope::Project(project), moment)?;
    let mut done = Gathered::default();
    remove(draft, caller, &permit, project, account, &mut done)?;
    Ok(done.decided())
}

/// Gives an account a role on one workspace alone. Giving again sets the role.
pub fn set_workspace_role(
    draft: &Draft,
    caller: &Caller,
    command: &SetWorkspaceRole,
    moment: Moment,
) -> Result<Decided<()>, Refusal> {
    let project = command.project;
    let permit = authorize::<ManageServiceAccounts>(draft, caller, Scope::Project(project), moment)?;
    let workspace = workspace::find(draft, project, command.workspace)?.id;
    let account = find(draft, permit.organization(), command.account)?;
    let standing = Standing::new(draft, caller, permit.organization());
    standing.may_give_in_project(project, command.role)?;
    let mut done = Gathered::default();
    let granted = Granted::Workspace(workspace, command.role);
    Holding::of_principal(&account).set(&permit, &standing, granted, &mut draft.ids(), moment, &mut done)?;
    Ok(done.decided())
}

/// Takes away an account's role on one workspace. What reaches the workspace through its project stays.
pub fn take_workspace_role(
    draft: &Draft,
    caller: &Caller,
    project: ProjectId,
    workspace: WorkspaceId,
    account: PrincipalId,
    moment: Moment,
) -> Result<Decided<()>, Refusal> {
    let permit = authorize::<ManageServiceAccounts>(draft, caller, Scope::Project(project), moment)?;
    let workspace = workspace::find(draft, project, workspace)?.id;
    let account = find(draft, permit.organization(), account)?;
    let standing = Standing::new(draft, caller, permit.organization());
    let mut done = Gathered::default();
    let is_there = is_in(draft, project, Some(workspace));
    Holding::of_principal(&account).take(&permit, &standing, is_there, &mut done)?;
    Ok(done.decided())
}

/// Takes every grant that an account holds itself on a project or on its workspaces.
fn remove(
    draft: &Draft,
    caller: &Caller,
    permit: &Permit<ManageServiceAccounts>,
    project: ProjectId,
    account: PrincipalId,
    done: &mut Gathered,
) -> Result<(), Refusal> {
    let account = find(draft, permit.organization(), account)?;
    let standing = Standing::new(draft, caller, permit.organization());
    Holding::of_principal(&account).take(permit, &standing, is_in(draft, project, None), done)
}

/// Whether a caller may change an account, for what is shown to him: nobody touches what holds more than he does. The use
/// cases ask again.
pub fn may_change(
    directory: &Directory,
    caller: &Caller,
    organization: OrganizationId,
    account: &PrincipalView<'_>,
) -> Result<(), Refusal> {
    Standing::new(directory, caller, organization).may_change(account)
}

pub(super) fn find(
    draft: &Draft,
    organization: OrganizationId,
    account: PrincipalId,
) -> Result<PrincipalView<'_>, Refusal> {
    draft.service_account(organization, account).ok_or(Refusal::NoSuchServiceAccount { account, organization })
}

/// Says about a new account what is said from its beginning on.
fn describe(
    draft: &Draft,
    account: &mut NewServiceAccount,
    organization: OrganizationId,
    details: &AccountDetails,
    event: Event,
) -> Result<Event, Refusal> {
    may_own(draft, organization, details.owner)?;
    if let Owner::Nobody | Owner::Chosen(_) = details.owner {
        account.owner = owner_of(draft, organization, details.owner, None);
    }
    account.details = details.clone();
    let told = AccountDetails::default();
    Ok(details_told(event, &told, details))
}

fn created(
    permit: &Permit<ManageServiceAccounts>,
    account: &NewServiceAccount,
    organization_role: OrganizationRole,
) -> Event {
    Event::under(permit, EventName::ServiceAccountCreated, Target::Principal(account.id))
        .after("username", &account.username)
        .after("organization_role", organization_role)
        .after("expires", end(account.expires))
}

/// An end as seconds since the epoch; the audit log's reader turns it into a date.
pub(super) fn end(expires: Expiry) -> String {
    expires.moment().map_or("never".to_owned(), |moment| moment.seconds().to_string())
}
