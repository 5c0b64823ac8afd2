//! All use cases under one name, so that a history can hold any of them and a decider can be asked twice.

use std::collections::BTreeSet;

use claviger_access::administration::audit_export::{self, ExportAuditLog};
use claviger_access::administration::custom_role::{self, ChangeRole, CreateRole};
use claviger_access::administration::default_access;
use claviger_access::administration::invitation::{self, Accepting, Invite, SentInvitation};
use claviger_access::administration::member::{
    self, AddToProjects as AddPeopleToProjects, RemoveFromProjects as RemovePeopleFromProjects, SetMemberRole,
};
use claviger_access::administration::membership;
use claviger_access::administration::organization::{self, Found, Founded};
use claviger_access::administration::password::{self, ChangePassword};
use claviger_access::administration::password_reset::{self, NewLink};
use claviger_access::administration::policy::{self, ChangePolicy};
use claviger_access::administration::project::{self, ChangeProject, CreateProjects};
use claviger_access::administration::second_factor::{self, Enable};
use claviger_access::administration::secret::{self, ChangeSecret, CreateSecret, NewSecret, RotateSecret, Rotated};
use claviger_access::administration::service_account::{
    self, AddToProjects, ChangeServiceAccount, CreateInProject, CreateServiceAccount, DeleteServiceAccounts,
    NewServiceAccount, RemoveFromProjects, SetWorkspaceRole,
};
use claviger_access::administration::session::{self, NewSession, SignIn};
use claviger_access::administration::set_up::{self, FirstOwner};
use claviger_access::administration::team::{self, ChangeMembers, CreateTeams, SetTeamRole};
use claviger_access::administration::workspace::{self, ChangeWorkspace, CreateWorkspace};
use claviger_access::credential::{PresentedToken, Secret, SecretDigest, SetUpToken};
use claviger_access::email::EmailAddress;
use claviger_access::identity::{
    AccountName, CustomRoleId, InvitationId, OrganizationId, PrincipalId, ProjectId, SecretId, SessionId, TeamId,
    WorkspaceId,
};
use claviger_access::policy::Addresses;
use claviger_access::role::{OrganizationRole, ProjectRole};
use claviger_access::text::DisplayName;
use claviger_access::{Caller, Decided, Draft, Moment, RandomBytes, Refusal};

/// A use case with what it needs.
pub(crate) enum Command {
    Found(Found),
    RecoverOwner {
        organization: OrganizationId,
        owner: AccountName,
    },
    CreateProjects(CreateProjects),
    ChangeProject(ChangeProject),
    DeleteProject(ProjectId),
    CreateWorkspace(CreateWorkspace),
    ChangeWorkspace(ChangeWorkspace),
    DeleteWorkspace {
        project: ProjectId,
        workspace: WorkspaceId,
    },
    CreateServiceAccount(CreateServiceAccount),
    CreateInProject(CreateInProject),
    ChangeServiceAccount(ChangeServiceAccount),
    DeleteServiceAccount {
        organization: OrganizationId,
        account: PrincipalId,
    },
    DeleteServiceAccounts {
        organization: OrganizationId,
        accounts: BTreeSet<PrincipalId>,
    },
    CreateSecret(CreateSecret),
    ChangeSecret(ChangeSecret),
    RotateSecret(RotateSecret),
    RevokeSecret {
        organization: OrganizationId,
        account: PrincipalId,
        secret: SecretId,
    },
    AddToProjects(AddToProjects),
    RemoveFromProjects(RemoveFromProjects),
    RemoveFromProject {
        project: ProjectId,
        account: PrincipalId,
    },
    SetWorkspaceRole(SetWorkspaceRole),
    TakeWorkspaceRole {
        project: ProjectId,
        workspace: WorkspaceId,
        account: PrincipalId,
    },
    CreateTeams(CreateTeams),
    RenameTeam {
        organization: OrganizationId,
        team: TeamId,
        name: DisplayName,
    },
    DeleteTeams {
        organization: OrganizationId,
        teams: BTreeSet<TeamId>,
    },
    AddMembers(ChangeMembers),
    RemoveMembers(ChangeMembers),
    SetTeamRole(SetTeamRole),
    SetMemberRole(SetMemberRole),
    SetDefaultAccess {
        project: ProjectId,
        role: Option<ProjectRole>,
    },
    CreateRole(CreateRole),
    ChangeRole(ChangeRole),
    DeleteRole {
        project: ProjectId,
        role: CustomRoleId,
    },
    ChangePolicy {
        organization: OrganizationId,
        change: ChangePolicy,
    },
    RestrictAccount {
        organization: OrganizationId,
        account: PrincipalId,
        addresses: Addresses,
    },
    Invite(Invite),
    Resend {
        organization: OrganizationId,
        invitation: InvitationId,
    },
    Withdraw {
        organization: OrganizationId,
        invitation: InvitationId,
    },
    /// By whoever holds the token: the caller is nobody's business.
    Accept {
        token: String,
        accepting: Accepting,
    },
    ChangeOrganizationRole {
        organization: OrganizationId,
        person: PrincipalId,
        role: OrganizationRole,
    },
    RemoveMember {
        organization: OrganizationId,
        person: PrincipalId,
    },
    RemoveMembersAddressed {
        organization: OrganizationId,
        people: BTreeSet<EmailAddress>,
    },
    AddPeopleToProjects(AddPeopleToProjects),
    RemovePeopleFromProjects(RemovePeopleFromProjects),
    /// By whoever knows the password: the caller is nobody's business.
    SignIn(SignIn),
    SignOut(SessionId),
    EndOthers,
    Renew,
    ChangePassword(ChangePassword),
    MakeSetUpLink(OrganizationId),
    /// By whoever holds the token: the caller is nobody's business.
    SetUp {
        token: String,
        owner: FirstOwner,
    },
    EnableSecondFactor(Enable),
    RenewRecoveryCodes(Vec<SecretDigest>),
    RemoveSecondFactor,
    RecoverPerson(PrincipalId),
    MakeReset {
        organization: OrganizationId,
        person: PrincipalId,
    },
    RecoverPassword(PrincipalId),
    /// By whoever gives the address: the caller is nobody's business.
    AskForReset(PrincipalId),
    /// By whoever holds the token: the caller is nobody's business.
    ChooseAnother {
        token: String,
    },
    BeginExport(ExportAuditLog),
    EndExport(ExportAuditLog, u64),
}

/// What a use case replies.
#[derive(Debug)]
pub(crate) enum Reply {
    Founded(Founded),
    Account(NewServiceAccount),
    Secret(NewSecret),
    Rotated(Rotated),
    Project(ProjectId),
    Workspace(WorkspaceId),
    Invitation(SentInvitation),
    Person(PrincipalId),
    Session(NewSession),
    SetUpLink(SetUpToken),
    Link(NewLink),
    Done,
}

impl Reply {
    /// The account that was made, if one was.
    pub(crate) fn account(&self) -> Option<&NewServiceAccount> {
        match self {
            Self::Founded(founded) => Some(&founded.owner),
            Self::Account(account) => Some(account),
            _ => None,
        }
    }

    /// The secret that was made, if one was.
    pub(crate) fn secret(&self) -> Option<&Secret> {
        match self {
            Self::Secret(new) => Some(&new.secret),
            Self::Rotated(rotated) => Some(&rotated.new.secret),
            other => other.account().map(|made| &made.secret),
        }
    }

    /// What it shows once, if it does.
    pub(crate) fn shown_once(&self) -> Option<(&str, [u8; 32])> {
        match self {
            Self::Invitation(sent) => Some((sent.token.reveal(), *sent.token.digest().as_bytes())),
            Self::Session(new) => Some((new.token.reveal(), *new.token.digest().as_bytes())),
            Self::SetUpLink(token) => Some((token.reveal(), *token.digest().as_bytes())),
            Self::Link(new) => Some((new.token.reveal(), *new.token.digest().as_bytes())),
            other => other.secret().map(|secret| (secret.reveal(), *secret.digest().as_bytes())),
        }
    }
}

fn replying<R>(
    decided: Result<Decided<R>, Refusal>,
    reply: impl FnOnce(R) -> Reply,
) -> Result<Decided<Reply>, Refusal> {
    decided.map(|decided| match decided {
        Decided::Write(decision, made) => Decided::Write(decision, reply(made)),
        Decided::Nothing(made) => Decided::Nothing(reply(made)),
    })
}

fn done(decided: Result<Decided<()>, Refusal>) -> Result<Decided<Reply>, Refusal> {
    replying(decided, |()| Reply::Done)
}

impl Command {
    /// Asks the decider of this use case.
    pub(crate) fn decide(
        &self,
        draft: &Draft,
        caller: &Caller,
        moment: Moment,
        bytes: [u8; 96],
    ) -> Result<Decided<Reply>, Refusal> {
        let random = RandomBytes::new(bytes);
        match self {
            Self::Found(found) => replying(organization::found(draft, caller, found, moment, random), Reply::Founded),
            Self::RecoverOwner { organization, owner } => replying(
                organization::recover_owner(draft, caller, *organization, owner, moment, random),
                |recovered| Reply::Account(recovered.owner),
            ),
            Self::CreateProjects(create) => {
                replying(project::create(draft, caller, create, moment), |made| Reply::Project(made[0]))
            }
            Self::ChangeProject(change) => done(project::change(draft, caller, change, moment)),
            Self::DeleteProject(project) => done(project::delete(draft, caller, *project, moment)),
            Self::CreateWorkspace(create) => {
                replying(workspace::create(draft, caller, create, moment), Reply::Workspace)
            }
            Self::ChangeWorkspace(change) => done(workspace::change(draft, caller, change, moment)),
            Self::DeleteWorkspace { project, workspace } => {
                done(workspace::delete(draft, caller, *project, *workspace, moment))
            }
            Self::CreateServiceAccount(create) => {
                replying(service_account::create(draft, caller, create, moment, random), Reply::Account)
            }
            Self::CreateInProject(create) => {
                replying(service_account::create_in_project(draft, caller, create, moment, random), Reply::Account)
            }
            Self::ChangeServiceAccount(change) => done(service_account::change(draft, caller, change, moment)),
            Self::DeleteServiceAccount { organization, account } => {
                done(service_account::delete(draft, caller, *organization, *account, moment))
            }
            Self::DeleteServiceAccounts { organization, accounts } => {
                let command = DeleteServiceAccounts::new(*organization, accounts.clone()).expect("some accounts");
                done(service_account::delete_several(draft, caller, &command, moment))
            }
            Self::AddToProjects(add) => done(service_account::add_to_projects(draft, caller, add, moment)),
            Self::RemoveFromProjects(remove) => {
                done(service_account::remove_from_projects(draft, caller, remove, moment))
            }
            Self::RemoveFromProject { project, account } => {
                done(service_account::remove_from_project(draft, caller, *project, *account, moment))
            }
            Self::SetWorkspaceRole(set) => done(service_account::set_workspace_role(draft, caller, set, moment)),
            Self::TakeWorkspaceRole { project, workspace, account } => {
                done(service_account::take_workspace_role(draft, caller, *project, *workspace, *account, moment))
            }
            Self::CreateSecret(create) => {
                replying(secret::create(draft, caller, create, moment, random), Reply::Secret)
            }
            Self::ChangeSecret(change) => done(secret::change(draft, caller, change, moment)),
            Self::RotateSecret(rotate) => {
                replying(secret::rotate(draft, caller, rotate, moment, random), Reply::Rotated)
            }
            Self::RevokeSecret { organization, account, secret } => {
                done(secret::revoke(draft, caller, *organization, *account, *secret, moment))
            }
            Self::Invite(invite) => {
                replying(invitation::send(draft, caller, invite, moment, random), Reply::Invitation)
            }
            Self::Resend { organization, invitation } => replying(
                invitation::resend(draft, caller, *organization, *invitation, moment, random),
                Reply::Invitation,
            ),
            Self::SignIn(sign_in) => replying(session::begin(draft, sign_in, moment, random), Reply::Session),
            Self::SignOut(id) => done(session::end(draft, caller, *id, moment)),
            Self::EndOthers => replying(session::end_others(draft, caller, moment), |_| Reply::Done),
            Self::Renew => {
                replying(session::renew(draft, caller, moment, random), |new| new.map_or(Reply::Done, Reply::Session))
            }
            Self::ChangePassword(change) => {
                replying(password::change(draft, caller, change, moment, random), Reply::Session)
            }
            Self::MakeSetUpLink(organization) => {
                replying(set_up::make_link(draft, caller, *organization, moment, random), Reply::SetUpLink)
            }
            Self::MakeReset { organization, person } => {
                replying(password_reset::make(draft, caller, *organization, *person, moment, random), Reply::Link)
            }
            Self::RecoverPassword(person) => {
                replying(password_reset::recover(draft, caller, *person, moment, random), Reply::Link)
            }
            Self::AskForReset(person) => {
                let asked = password_reset::ask_by_mail(draft, *person, moment, random);
                replying(asked, |link| link.map_or(Reply::Done, Reply::Link))
            }
            _ => self.decide_on_teams_and_roles(draft, caller, moment),
        }
    }

    fn decide_on_recovery(&self, draft: &Draft, caller: &Caller, moment: Moment) -> Result<Decided<Reply>, Refusal> {
        match self {
            Self::EnableSecondFactor(enable) => done(second_factor::enable(draft, caller, enable, moment)),
            Self::RenewRecoveryCodes(codes) => {
                done(second_factor::renew_recovery_codes(draft, caller, codes.clone(), moment))
            }
            Self::RemoveSecondFactor => done(second_factor::remove(draft, caller, moment)),
            Self::RecoverPerson(person) => done(second_factor::recover(draft, caller, *person, moment)),
            Self::ChooseAnother { token } => {
                let token = PresentedToken::read(token).ok_or(Refusal::NoResetForToken)?;
                done(password_reset::choose(draft, &token, &crate::people::hash(), moment))
            }
            _ => panic!("decided above"),
        }
    }

    fn decide_on_people(&self, draft: &Draft, caller: &Caller, moment: Moment) -> Result<Decided<Reply>, Refusal> {
        match self {
            Self::Withdraw { organization, invitation } => {
                done(invitation::withdraw(draft, caller, *organization, *invitation, moment))
            }
            Self::Accept { token, accepting } => {
                let token = PresentedToken::read(token).ok_or(Refusal::NoInvitationForToken)?;
                replying(invitation::accept(draft, &token, accepting, moment), Reply::Person)
            }
            Self::SetUp { token, owner } => {
                let token = PresentedToken::read(token).ok_or(Refusal::NoSetUpForToken)?;
                replying(set_up::accept(draft, &token, owner, moment), Reply::Person)
            }
            Self::ChangeOrganizationRole { organization, person, role } => {
                done(membership::change_role(draft, caller, *organization, *person, *role, moment))
            }
            Self::RemoveMember { organization, person } => {
                done(membership::remove(draft, caller, *organization, *person, moment))
            }
            Self::RemoveMembersAddressed { organization, people } => {
                done(membership::remove_addressed(draft, caller, *organization, people, moment))
            }
            Self::SetMemberRole(set) => done(member::set_role(draft, caller, set, moment)),
            Self::AddPeopleToProjects(add) => done(member::add_to_projects(draft, caller, add, moment)),
            Self::RemovePeopleFromProjects(remove) => done(member::remove_from_projects(draft, caller, remove, moment)),
            _ => self.decide_on_recovery(draft, caller, moment),
        }
    }

    fn decide_on_teams_and_roles(
        &self,
        draft: &Draft,
        caller: &Caller,
        moment: Moment,
    ) -> Result<Decided<Reply>, Refusal> {
        match self {
            Self::CreateTeams(create) => replying(team::create(draft, caller, create, moment), |_| Reply::Done),
            Self::RenameTeam { organization, team, name } => {
                done(team::rename(draft, caller, *organization, *team, name, moment))
            }
            Self::DeleteTeams { organization, teams } => {
                done(team::delete(draft, caller, *organization, teams, moment))
            }
            Self::AddMembers(add) => done(team::add_members(draft, caller, add, moment)),
            Self::RemoveMembers(remove) => done(team::remove_members(draft, caller, remove, moment)),
            Self::SetTeamRole(set) => done(team::set_role(draft, caller, set, moment)),
            Self::SetDefaultAccess { project, role } => {
                done(default_access::set(draft, caller, *project, *role, moment))
            }
            Self::CreateRole(create) => replying(custom_role::create(draft, caller, create, moment), |_| Reply::Done),
            Self::ChangeRole(change) => done(custom_role::change(draft, caller, change, moment)),
            Self::DeleteRole { project, role } => {
                replying(custom_role::delete(draft, caller, *project, *role, moment), |_| Reply::Done)
            }
            Self::ChangePolicy { organization, change } => {
                done(policy::change(draft, caller, *organization, change, moment))
            }
            Self::RestrictAccount { organization, account, addresses } => {
                done(policy::restrict_account(draft, caller, (*organization, *account), addresses, moment))
            }
            Self::BeginExport(export) => done(audit_export::begin(draft, caller, export, moment)),
            Self::EndExport(export, events) => done(audit_export::end(draft, caller, export, *events, moment)),
            _ => self.decide_on_people(draft, caller, moment),
        }
    }
}
