//! The rows of the security catalogue's "Who may do what" that the rules decide, one by one. Each test quotes its row.
//! What is 403 on the wire is a refusal of a permission or of a role here; what is 404 says that nothing of the kind is
//! there.

use std::collections::BTreeMap;

use claviger_access::administration::organization::Found;
use claviger_access::administration::policy::ChangePolicy;
use claviger_access::administration::project::{ChangeProject, CreateProjects, NewProject};
use claviger_access::administration::service_account::{
    AddToProjects, ChangeServiceAccount, CreateInProject, CreateServiceAccount, RemoveFromProjects, RequestedExpiry,
    SetWorkspaceRole,
};
use claviger_access::administration::team::{CreateTeams, ROLES_MAX, SetTeamRole};
use claviger_access::administration::workspace::{ChangeWorkspace, CreateWorkspace};
use claviger_access::authorize::{self, ManageServiceAccounts};
use claviger_access::event::{EventName, Fact, Target};
use claviger_access::grant::Granted;
use claviger_access::identity::{OrganizationId, PrincipalId, ProjectId, UsernameSuffix, WorkspaceId};
use claviger_access::ownership::AccountDetails;
use claviger_access::policy::{Addresses, Policy, SecretsMax};
use claviger_access::refusal::MadeBefore;
use claviger_access::role::{OrganizationRole, ProjectRole, Role};
use claviger_access::text::TimezoneName;
use claviger_access::{Caller, Refusal, Scope};

use crate::command::{Command, Reply};
use crate::world::{Credential, Outcome, World, account_name, display_name};

/// Acme with the projects A and B and somebody in each role, and another organization.
struct Scene {
    world: World,
    acme: OrganizationId,
    a: ProjectId,
    b: ProjectId,
    north_of_a: WorkspaceId,
    owner: Credential,
    admin: Credential,
    billing_admin: Credential,
    owner_of_a: Credential,
    admin_of_a: Credential,
    analyst_of_a: Credential,
    /// Without any role.
    reader: Credential,
    other: OrganizationId,
    project_of_other: ProjectId,
    workspace_of_other: WorkspaceId,
    owner_of_other: Credential,
}

impl Scene {
    fn new() -> Self {
        let mut world = World::empty(1);
        let (acme, a, _, owner) = found(&mut world, "Acme", Some(UsernameSuffix::default()));
        let (other, project_of_other, workspace_of_other, owner_of_other) = found(&mut world, "Other", None);
        let b = create_project(&mut world, acme);
        let north_of_a = create_workspace(&mut world, a);
        let admin = account(&mut world, acme, OrganizationRole::Admin, &[]);
        let billing_admin = account(&mut world, acme, OrganizationRole::BillingAdmin, &[]);
        let owner_of_a = account(&mut world, acme, OrganizationRole::Member, &[(a, Role::Owner)]);
        let admin_of_a = account(&mut world, acme, OrganizationRole::Member, &[(a, Role::Admin)]);
        let analyst_of_a = account(&mut world, acme, OrganizationRole::Member, &[(a, Role::Analyst)]);
        let reader = account(&mut world, acme, OrganizationRole::Member, &[]);
        Self {
            world,
            acme,
            a,
            b,
            north_of_a,
            owner,
            admin,
            billing_admin,
            owner_of_a,
            admin_of_a,
            analyst_of_a,
            reader,
            other,
            project_of_other,
            workspace_of_other,
            owner_of_other,
        }
    }

    /// Asks, expects a refusal, and that nothing changed.
    fn refused(&mut self, caller: &Caller, command: &Command) -> Refusal {
        let before = self.world.draft.contents();
        let outcome = perform(&mut self.world, caller, command);
        let Outcome::Refused(refusal) = outcome else { panic!("not refused: {outcome:?}") };
        assert_eq!(self.world.draft.contents(), before);
        refusal
    }

    /// 403: seen, and not allowed.
    fn forbidden(&mut self, by: &Credential, command: &Command) {
        let refusal = self.refused(&by.caller(), command);
        let code = refusal.code();
        assert!(["permission_missing", "role_above_own", "account_above_own"].contains(&code), "{code}: {refusal}");
    }

    /// 404: not there for him.
    fn not_found(&mut self, by: &Credential, command: &Command) {
        let refusal = self.refused(&by.caller(), command);
        assert!(refusal.code().ends_with("_not_found"), "{}: {refusal}", refusal.code());
    }

    fn written(&mut self, by: &Credential, command: &Command) -> Reply {
        written(&mut self.world, &by.caller(), command)
    }

    fn create(&self, organization_role: OrganizationRole, projects: &[(ProjectId, Role)]) -> Command {
        create_account(self.acme, organization_role, projects)
    }

    fn change_role(&self, account: &Credential, role: OrganizationRole) -> Command {
        change(self.acme, account.principal, Some(role), None)
    }

    fn change_end(&self, account: &Credential, expires: RequestedExpiry) -> Command {
        change(self.acme, account.principal, None, Some(expires))
    }

    fn delete(&self, account: &Credential) -> Command {
        Command::DeleteServiceAccount { organization: self.acme, account: account.principal }
    }

    fn add(&self, projects: &[(ProjectId, Role)], accounts: &[&Credential]) -> Command {
        let (projects, accounts) = (
            projects.iter().map(|(id, role)| (*id, (*role).into())).collect(),
            accounts.iter().map(|account| account.principal).collect(),
        );
        Command::AddToProjects(AddToProjects { organization: self.acme, projects, accounts })
    }

    fn remove(&self, projects: &[(ProjectId, &[&Credential])]) -> Command {
        let ids = |accounts: &[&Credential]| accounts.iter().map(|account| account.principal).collect();
        let projects = projects.iter().map(|(project, accounts)| (*project, ids(accounts))).collect();
        Command::RemoveFromProjects(RemoveFromProjects { organization: self.acme, projects })
    }

    fn role_on(&self, project: ProjectId, account: &Credential) -> Option<Role> {
        match self.world.rows.project_role(account.principal, project)? {
            ProjectRole::BuiltIn(role) => Some(role),
            ProjectRole::Custom(role) => panic!("no custom role is given here: {role}"),
        }
    }

    /// Everything that manages service accounts, in Acme and in A, about the account without a role.
    fn all_management(&self) -> Vec<Command> {
        let (project, workspace, account) = (self.a, self.north_of_a, self.reader.principal);
        vec![
            self.create(OrganizationRole::Member, &[]),
            self.change_role(&self.reader, OrganizationRole::Member),
            self.change_end(&self.reader, RequestedExpiry::Never),
            self.delete(&self.reader),
            self.add(&[(project, Role::Consumer)], &[&self.reader]),
            self.remove(&[(project, &[&self.reader])]),
            create_in(project),
            Command::RemoveFromProject { project, account },
            Command::SetWorkspaceRole(SetWorkspaceRole { project, workspace, account, role: Role::Consumer.into() }),
            Command::TakeWorkspaceRole { project, workspace, account },
        ]
    }
}

fn perform(world: &mut World, caller: &Caller, command: &Command) -> Outcome {
    let bytes = world.chance.bytes();
    world.perform(caller, command, bytes)
}

fn written(world: &mut World, caller: &Caller, command: &Command) -> Reply {
    match perform(world, caller, command) {
        Outcome::Written(_, reply) => reply,
        outcome => panic!("not written: {outcome:?}"),
    }
}

fn found(
    world: &mut World,
    name: &str,
    first: Option<UsernameSuffix>,
) -> (OrganizationId, ProjectId, WorkspaceId, Credential) {
    let (organization, project, owner) = (display_name(name), display_name("A"), account_name("owner"));
    let command = Command::Found(Found { organization, project, owner, first });
    match written(world, &Caller::Operator, &command) {
        Reply::Founded(founded) => {
            let credential = world.credentials.last().expect("the owner's").clone();
            (founded.organization, founded.project, founded.workspace, credential)
        }
        reply => panic!("not founded: {reply:?}"),
    }
}

fn create_project(world: &mut World, organization: OrganizationId) -> ProjectId {
    match written(world, &Caller::Operator, &new_project(organization)) {
        Reply::Project(project) => project,
        reply => panic!("no project: {reply:?}"),
    }
}

fn create_workspace(world: &mut World, project: ProjectId) -> WorkspaceId {
    match written(world, &Caller::Operator, &new_workspace(project)) {
        Reply::Workspace(workspace) => workspace,
        reply => panic!("no workspace: {reply:?}"),
    }
}

fn account(
    world: &mut World,
    organization: OrganizationId,
    organization_role: OrganizationRole,
    projects: &[(ProjectId, Role)],
) -> Credential {
    written(world, &Caller::Operator, &create_account(organization, organization_role, projects));
    world.credentials.last().expect("the account's").clone()
}

fn create_account(
    organization: OrganizationId,
    organization_role: OrganizationRole,
    projects: &[(ProjectId, Role)],
) -> Command {
    Command::CreateServiceAccount(CreateServiceAccount {
        organization,
        name: account_name("export"),
        organization_role,
        projects: projects.iter().map(|(id, role)| (*id, (*role).into())).collect(),
        workspaces: BTreeMap::new(),
        expires: RequestedExpiry::Never,
        details: AccountDetails::default(),
    })
}

fn create_in(project: ProjectId) -> Command {
    let (name, expires) = (account_name("export"), RequestedExpiry::Never);
    Command::CreateInProject(CreateInProject { project, name, expires })
}

fn change(
    organization: OrganizationId,
    account: PrincipalId,
    organization_role: Option<OrganizationRole>,
    expires: Option<RequestedExpiry>,
) -> Command {
    Command::ChangeServiceAccount(ChangeServiceAccount {
        organization,
        account,
        organization_role,
        expires,
        disabled: None,
        protected: None,
        owner: None,
        description: None,
        labels: None,
    })
}

fn new_project(organization: OrganizationId) -> Command {
    let (name, timezone, slug) = (display_name("B"), TimezoneName::default(), None);
    Command::CreateProjects(CreateProjects { organization, projects: vec![NewProject { name, timezone, slug }] })
}

fn new_workspace(project: ProjectId) -> Command {
    let (name, description) = (display_name("North"), None);
    Command::CreateWorkspace(CreateWorkspace { project, name, description, is_restricted: false, is_visible: true })
}

fn rename_project(project: ProjectId) -> Command {
    let name = Some(display_name("Renamed"));
    Command::ChangeProject(ChangeProject { project, name, timezone: None, slug: None })
}

fn rename_workspace(project: ProjectId, workspace: WorkspaceId) -> Command {
    let (name, description) = (Some(display_name("Renamed")), None);
    let (is_restricted, is_visible) = (None, None);
    let change = ChangeWorkspace { project, workspace, name, description, is_restricted, is_visible };
    Command::ChangeWorkspace(change)
}

fn set_workspace_role(project: ProjectId, workspace: WorkspaceId, account: &Credential, role: Role) -> Command {
    Command::SetWorkspaceRole(SetWorkspaceRole { project, workspace, account: account.principal, role: role.into() })
}

fn in_seconds(seconds: u64) -> RequestedExpiry {
    RequestedExpiry::In { seconds }
}

/// "admin grants owner, or changes or deletes an owner; ...: 403"
#[test]
fn an_admin_grants_no_owner_and_touches_none() {
    let mut scene = Scene::new();
    let admin = scene.admin.clone();
    let second = account(&mut scene.world, scene.acme, OrganizationRole::Owner, &[]);
    for command in [
        scene.create(OrganizationRole::Owner, &[]),
        scene.create(OrganizationRole::Member, &[(scene.a, Role::Owner)]),
        scene.change_role(&scene.reader, OrganizationRole::Owner),
        scene.change_role(&admin, OrganizationRole::Owner),
        scene.add(&[(scene.a, Role::Owner)], &[&scene.reader]),
        scene.add(&[(scene.a, Role::Owner)], &[&admin]),
        set_workspace_role(scene.a, scene.north_of_a, &scene.reader, Role::Owner),
        scene.change_role(&second, OrganizationRole::Admin),
        scene.change_role(&second, OrganizationRole::Member),
        scene.change_end(&second, in_seconds(60)),
        scene.delete(&second),
        scene.delete(&scene.owner),
    ] {
        scene.forbidden(&admin, &command);
    }
}

/// "admin ... changes or deletes an owner": the owner of a project holds more than an admin of the organization there.
#[test]
fn an_admin_of_the_organization_does_not_touch_the_owner_of_a_project() {
    let mut scene = Scene::new();
    let (admin, owner_of_a) = (scene.admin.clone(), scene.owner_of_a.clone());
    for command in [
        scene.delete(&owner_of_a),
        scene.change_end(&owner_of_a, in_seconds(60)),
        scene.add(&[(scene.a, Role::Consumer)], &[&owner_of_a]),
        scene.remove(&[(scene.a, &[&owner_of_a])]),
        Command::RemoveFromProject { project: scene.a, account: owner_of_a.principal },
    ] {
        scene.forbidden(&admin, &command);
    }
    let owner = scene.owner.clone();
    scene.written(&owner, &scene.delete(&owner_of_a));
}

/// The same on a project: "a caller may only give roles up to its own in that scope".
#[test]
fn an_admin_of_a_project_grants_no_owner_and_touches_none() {
    let mut scene = Scene::new();
    let admin = scene.admin_of_a.clone();
    let owner_of_north = account(&mut scene.world, scene.acme, OrganizationRole::Member, &[]);
    let command = set_workspace_role(scene.a, scene.north_of_a, &owner_of_north, Role::Owner);
    written(&mut scene.world, &Caller::Operator, &command);
    let (project, workspace) = (scene.a, scene.north_of_a);
    for command in [
        scene.add(&[(project, Role::Owner)], &[&scene.reader]),
        scene.add(&[(project, Role::Owner)], &[&admin]),
        set_workspace_role(project, workspace, &scene.reader, Role::Owner),
        scene.add(&[(project, Role::Consumer)], &[&scene.owner_of_a]),
        scene.remove(&[(project, &[&scene.owner_of_a])]),
        Command::RemoveFromProject { project, account: scene.owner_of_a.principal },
        set_workspace_role(project, workspace, &owner_of_north, Role::Consumer),
        Command::TakeWorkspaceRole { project, workspace, account: owner_of_north.principal },
        Command::RemoveFromProject { project, account: owner_of_north.principal },
        Command::DeleteProject(project),
    ] {
        scene.forbidden(&admin, &command);
    }
}

/// "... analyst manages anything; billing admin manages service accounts: 403"
#[test]
fn who_is_neither_owner_nor_admin_manages_nothing() {
    let mut scene = Scene::new();
    for caller in [scene.analyst_of_a.clone(), scene.billing_admin.clone(), scene.reader.clone()] {
        for command in scene.all_management() {
            scene.forbidden(&caller, &command);
        }
        for command in [
            new_project(scene.acme),
            rename_project(scene.a),
            Command::DeleteProject(scene.a),
            new_workspace(scene.a),
            rename_workspace(scene.a, scene.north_of_a),
            Command::DeleteWorkspace { project: scene.a, workspace: scene.north_of_a },
        ] {
            scene.forbidden(&caller, &command);
        }
    }
}

/// "give role up to: org owner owner, org admin admin, project owner owner, project admin admin"
#[test]
fn each_gives_up_to_his_own_role() {
    let mut scene = Scene::new();
    let (owner, admin) = (scene.owner.clone(), scene.admin.clone());
    for role in OrganizationRole::ALL {
        scene.written(&owner, &scene.create(role, &[(scene.a, Role::Owner), (scene.b, Role::Consumer)]));
    }
    for role in [OrganizationRole::Member, OrganizationRole::BillingAdmin, OrganizationRole::Admin] {
        scene.written(&admin, &scene.create(role, &[(scene.a, Role::Admin)]));
    }
    let (owner_of_a, admin_of_a, reader) = (scene.owner_of_a.clone(), scene.admin_of_a.clone(), scene.reader.clone());
    for (by, role) in [(&admin_of_a, Role::Admin), (&owner_of_a, Role::Owner), (&owner_of_a, Role::Consumer)] {
        scene.written(by, &scene.add(&[(scene.a, role)], &[&reader]));
        assert_eq!(scene.role_on(scene.a, &reader), Some(role));
    }
    scene.written(&admin_of_a, &create_in(scene.a));
    let made = scene.world.credentials.last().expect("the account's").clone();
    assert_eq!(scene.role_on(scene.a, &made), Some(Role::Admin));
    assert_eq!(scene.role_on(scene.b, &made), None);
    scene.written(&owner_of_a, &Command::DeleteProject(scene.a));
}

/// "project admin of A touches project B; grants org roles; sees the organization's list: 403"
#[test]
fn an_admin_of_project_a_has_no_say_elsewhere() {
    let mut scene = Scene::new();
    let (admin, project, acme) = (scene.admin_of_a.clone(), scene.b, scene.acme);
    let of_b = account(&mut scene.world, acme, OrganizationRole::Member, &[(project, Role::Consumer)]);
    let workspace = create_workspace(&mut scene.world, project);
    for command in [
        scene.add(&[(project, Role::Consumer)], &[&scene.reader]),
        scene.add(&[(scene.a, Role::Consumer), (project, Role::Consumer)], &[&scene.reader]),
        scene.remove(&[(project, &[&of_b])]),
        scene.remove(&[(scene.a, &[&scene.reader]), (project, &[&of_b])]),
        create_in(project),
        Command::RemoveFromProject { project, account: of_b.principal },
        set_workspace_role(project, workspace, &of_b, Role::Consumer),
        Command::TakeWorkspaceRole { project, workspace, account: of_b.principal },
        rename_project(project),
        Command::DeleteProject(project),
        new_workspace(project),
        rename_workspace(project, workspace),
        scene.create(OrganizationRole::Member, &[]),
        scene.create(OrganizationRole::Admin, &[(scene.a, Role::Consumer)]),
        scene.change_role(&scene.reader, OrganizationRole::BillingAdmin),
        scene.change_end(&scene.reader, in_seconds(60)),
        scene.delete(&scene.reader),
        new_project(acme),
    ] {
        scene.forbidden(&admin, &command);
    }
    let (list, now) = (Scope::Organization(acme), scene.world.now);
    let seen = authorize::authorize::<ManageServiceAccounts>(&scene.world.draft, &admin.caller(), list, now);
    assert!(matches!(seen, Err(Refusal::PermissionMissing { .. })), "{seen:?}");
    let read = authorize::read_service_account(&scene.world.draft, &admin.caller(), acme, of_b.principal, now);
    assert!(matches!(read, Err(Refusal::PermissionMissing { .. })), "{read:?}");
}

/// "anything across organizations, by any id: ...: 404, nothing changed; one foreign id in a list refuses the whole
/// call"
#[test]
fn nothing_reaches_across_organizations() {
    let mut scene = Scene::new();
    let (owner, foreigner) = (scene.owner.clone(), scene.owner_of_other.clone());
    let (other, foreign, workspace) = (scene.other, scene.project_of_other, scene.workspace_of_other);
    for command in scene.all_management() {
        scene.not_found(&foreigner, &command);
    }
    for command in [
        create_account(other, OrganizationRole::Member, &[]),
        change(other, foreigner.principal, Some(OrganizationRole::Member), None),
        Command::DeleteServiceAccount { organization: other, account: foreigner.principal },
        scene.delete(&foreigner),
        scene.change_role(&foreigner, OrganizationRole::Member),
        scene.create(OrganizationRole::Member, &[(scene.a, Role::Consumer), (foreign, Role::Consumer)]),
        scene.add(&[(foreign, Role::Consumer)], &[&scene.reader]),
        scene.add(&[(scene.a, Role::Consumer), (foreign, Role::Consumer)], &[&scene.reader]),
        scene.add(&[(scene.a, Role::Consumer)], &[&scene.reader, &foreigner]),
        scene.remove(&[(scene.a, &[&scene.analyst_of_a]), (foreign, &[&foreigner])]),
        scene.remove(&[(scene.a, &[&scene.analyst_of_a, &foreigner])]),
        create_in(foreign),
        Command::RemoveFromProject { project: scene.a, account: foreigner.principal },
        Command::RemoveFromProject { project: foreign, account: foreigner.principal },
        set_workspace_role(scene.a, scene.north_of_a, &foreigner, Role::Consumer),
        set_workspace_role(scene.a, workspace, &scene.reader, Role::Consumer),
        set_workspace_role(scene.b, scene.north_of_a, &scene.reader, Role::Consumer),
        Command::TakeWorkspaceRole { project: scene.a, workspace, account: scene.reader.principal },
        new_project(other),
        rename_project(foreign),
        Command::DeleteProject(foreign),
        new_workspace(foreign),
        rename_workspace(scene.a, workspace),
        Command::DeleteWorkspace { project: scene.a, workspace },
    ] {
        scene.not_found(&owner, &command);
    }
}

/// "one foreign id in a list refuses the whole call": also to the operator, who may everything in both organizations,
/// and in a list of workspaces.
#[test]
fn what_is_of_another_organization_is_refused_to_the_operator_too() {
    let mut scene = Scene::new();
    let (foreign, workspace) = (scene.project_of_other, scene.workspace_of_other);
    let mut in_workspace = CreateServiceAccount {
        organization: scene.acme,
        name: account_name("export"),
        organization_role: OrganizationRole::Member,
        projects: BTreeMap::new(),
        workspaces: BTreeMap::from([(scene.north_of_a, Role::Consumer.into())]),
        expires: RequestedExpiry::Never,
        details: AccountDetails::default(),
    };
    in_workspace.workspaces.insert(workspace, Role::Consumer.into());
    for command in [
        scene.create(OrganizationRole::Member, &[(foreign, Role::Consumer)]),
        scene.add(&[(foreign, Role::Consumer)], &[&scene.reader]),
        scene.add(&[(foreign, Role::Consumer)], &[]),
        scene.remove(&[(foreign, &[&scene.owner_of_other])]),
        scene.delete(&scene.owner_of_other),
        set_workspace_role(scene.a, workspace, &scene.reader, Role::Consumer),
        Command::CreateServiceAccount(in_workspace),
    ] {
        let refusal = scene.refused(&Caller::Operator, &command);
        assert!(refusal.code().ends_with("_not_found"), "{refusal}");
    }
}

/// "a service account raises itself; deletes itself; creates others: raising 403; the others as its role allows"
#[test]
fn an_account_does_not_raise_itself_and_deletes_itself_as_its_role_allows() {
    let mut scene = Scene::new();
    let (admin, admin_of_a, reader) = (scene.admin.clone(), scene.admin_of_a.clone(), scene.reader.clone());
    scene.forbidden(&admin, &scene.change_role(&admin, OrganizationRole::Owner));
    scene.forbidden(&admin, &scene.add(&[(scene.a, Role::Owner)], &[&admin]));
    scene.forbidden(&admin_of_a, &scene.add(&[(scene.a, Role::Owner)], &[&admin_of_a]));
    scene.forbidden(&admin_of_a, &scene.change_role(&admin_of_a, OrganizationRole::Admin));
    scene.forbidden(&admin_of_a, &scene.delete(&admin_of_a));
    scene.forbidden(&reader, &scene.delete(&reader));
    scene.written(&admin, &scene.create(OrganizationRole::Admin, &[]));
    scene.written(&admin_of_a, &Command::RemoveFromProject { project: scene.a, account: admin_of_a.principal });
    scene.written(&admin, &scene.delete(&admin));
    assert_eq!(scene.refused(&admin.caller(), &scene.delete(&admin)), Refusal::NotAuthenticated);
}

/// "two owners remove each other at the same time: one wins". The second is decided on the state after the first.
#[test]
fn of_two_owners_who_delete_each_other_one_stays() {
    let mut scene = Scene::new();
    let first = scene.owner.clone();
    let second = account(&mut scene.world, scene.acme, OrganizationRole::Owner, &[]);
    scene.written(&first, &scene.delete(&second));
    assert_eq!(scene.refused(&second.caller(), &scene.delete(&first)), Refusal::NotAuthenticated);
}

/// "the last owner leaves: there is always one owner". Nor is it lowered or given an end, by itself or by the operator.
#[test]
fn the_last_owner_stays_an_owner_without_an_end() {
    let mut scene = Scene::new();
    let (owner, acme) = (scene.owner.clone(), scene.acme);
    let last_owner = Refusal::LastOwner { owners: vec![owner.principal], organization: acme };
    let commands = [
        scene.delete(&owner),
        scene.change_role(&owner, OrganizationRole::Admin),
        scene.change_role(&owner, OrganizationRole::Member),
        scene.change_end(&owner, in_seconds(60)),
        change(acme, owner.principal, Some(OrganizationRole::Owner), Some(in_seconds(60))),
        change(acme, owner.principal, Some(OrganizationRole::Admin), Some(in_seconds(60))),
    ];
    for command in &commands {
        assert_eq!(scene.refused(&owner.caller(), command), last_owner);
        assert_eq!(scene.refused(&Caller::Operator, command), last_owner);
    }
    // An owner that will end is none to rely on.
    let passing = account(&mut scene.world, acme, OrganizationRole::Owner, &[]);
    scene.written(&owner, &scene.change_end(&passing, in_seconds(60)));
    for command in &commands {
        assert_eq!(scene.refused(&passing.caller(), command), last_owner);
    }
    scene.written(&owner, &scene.change_end(&passing, RequestedExpiry::Never));
    scene.written(&passing, &scene.delete(&owner));
}

/// Contract: "Once there has been an org owner who is a person, there is always one". Accounts may go then.
#[test]
fn the_last_owning_account_may_go_once_a_person_is_owner() {
    let mut scene = Scene::new();
    let owner = scene.owner.clone();
    let person = scene.world.person(&[Granted::Organization(scene.acme, OrganizationRole::Owner)]);
    let delete = scene.delete(&owner);
    written(&mut scene.world, &person, &delete);
    let people = scene.world.rows.people_who_own(scene.acme);
    assert_eq!(people.len(), 1);
}

/// "a role is taken from somebody between his two requests: the second is refused"
#[test]
fn a_role_that_was_taken_counts_no_more() {
    let mut scene = Scene::new();
    let (owner, admin, admin_of_a) = (scene.owner.clone(), scene.admin.clone(), scene.admin_of_a.clone());
    scene.written(&admin, &scene.create(OrganizationRole::Member, &[]));
    scene.written(&owner, &scene.change_role(&admin, OrganizationRole::Member));
    scene.forbidden(&admin, &scene.create(OrganizationRole::Member, &[]));
    scene.written(&admin_of_a, &create_in(scene.a));
    scene.written(&owner, &scene.remove(&[(scene.a, &[&admin_of_a])]));
    scene.forbidden(&admin_of_a, &create_in(scene.a));
}

/// "somebody is deleted or lowered ... while it waits for its turn to write: refused, nothing written: authority is
/// judged on the state the write is added to, not on that at arrival"
#[test]
fn authority_is_judged_on_the_state_that_the_write_is_added_to() {
    let mut scene = Scene::new();
    let (owner, admin, owner_of_a) = (scene.owner.clone(), scene.admin.clone(), scene.owner_of_a.clone());
    // Both arrive, and may.
    let caller = admin.authenticate(&scene.world.draft, scene.world.now).expect("the admin is known");
    let caller_of_a = owner_of_a.authenticate(&scene.world.draft, scene.world.now).expect("the owner of A is known");
    let permit = authorize::authorize::<ManageServiceAccounts>(
        &scene.world.draft,
        &caller,
        Scope::Organization(scene.acme),
        scene.world.now,
    );
    assert!(permit.is_ok());
    scene.written(&owner, &scene.delete(&admin));
    scene.written(&owner, &scene.add(&[(scene.a, Role::Consumer)], &[&owner_of_a]));
    let create = scene.create(OrganizationRole::Member, &[]);
    assert_eq!(scene.refused(&caller, &create), Refusal::NotAuthenticated);
    let refusal = scene.refused(&caller_of_a, &Command::DeleteProject(scene.a));
    assert!(matches!(refusal, Refusal::PermissionMissing { .. }), "{refusal}");
}

/// "an expired one (now == expires, too): 401"; also one that expires while its request waits.
#[test]
fn an_account_is_refused_from_the_instant_it_expires() {
    let mut scene = Scene::new();
    let (owner, admin) = (scene.owner.clone(), scene.admin.clone());
    let create = scene.create(OrganizationRole::Member, &[]);
    scene.written(&owner, &scene.change_end(&admin, in_seconds(60)));
    scene.world.now = scene.world.now.plus_seconds(59).unwrap();
    assert_eq!(admin.authenticate(&scene.world.draft, scene.world.now), Some(admin.caller()));
    scene.written(&admin, &create);
    scene.world.now = scene.world.now.plus_seconds(1).unwrap();
    assert_eq!(admin.authenticate(&scene.world.draft, scene.world.now), None);
    assert_eq!(scene.refused(&admin.caller(), &create), Refusal::NotAuthenticated);
    // It stays in the organization until it is deleted, and gets no more time: what has ended does not come back.
    let refusal = scene.refused(&owner.caller(), &scene.change_end(&admin, RequestedExpiry::Never));
    assert_eq!(refusal, Refusal::AccountEnded { account: admin.principal });
}

/// "a right secret of another account ...: 401": a caller is taken with what it came with.
#[test]
fn a_credential_of_another_account_counts_for_nothing() {
    let mut scene = Scene::new();
    let mixed = Credential { principal: scene.owner.principal, ..scene.reader.clone() };
    let create = scene.create(OrganizationRole::Member, &[]);
    assert_eq!(scene.refused(&mixed.caller(), &create), Refusal::NotAuthenticated);
    let mixed = Credential { secret: scene.owner.secret.clone(), ..scene.reader.clone() };
    assert_eq!(mixed.authenticate(&scene.world.draft, scene.world.now), None);
}

/// "username in another case, with look-alike letters, with spaces round it: 401: usernames compare byte for byte"
#[test]
fn usernames_compare_byte_for_byte() {
    let scene = Scene::new();
    let username = &scene.reader.username;
    for other in [username.to_uppercase(), format!("{username} "), username.replace('e', "\u{435}"), "export".into()] {
        let other = Credential { username: other, ..scene.reader.clone() };
        assert_eq!(other.authenticate(&scene.world.draft, scene.world.now), None, "{}", other.username);
    }
    assert!(scene.reader.authenticate(&scene.world.draft, scene.world.now).is_some());
}

/// "a creation repeated by a gateway": refused with what was made, but only to who may create at all.
#[test]
fn a_repeated_creation_makes_nothing_new() {
    let mut scene = Scene::new();
    scene.world.draft.set_made_before(Some(scene.reader.principal.number()));
    let made = MadeBefore::Other(scene.reader.principal.number());
    let admin = scene.admin.clone();
    for command in [
        scene.create(OrganizationRole::Member, &[]),
        create_in(scene.a),
        new_project(scene.acme),
        new_workspace(scene.a),
    ] {
        assert_eq!(scene.refused(&admin.caller(), &command), Refusal::AlreadyCreated { made });
        let analyst = scene.analyst_of_a.clone();
        scene.forbidden(&analyst, &command);
    }
}

/// Contract: "adding again sets the role": one grant in a scope, whatever it was, and nothing where it is so already.
#[test]
fn adding_again_sets_the_role() {
    let mut scene = Scene::new();
    let (owner, reader) = (scene.owner.clone(), scene.reader.clone());
    for role in [Role::Consumer, Role::Owner, Role::Analyst] {
        let on_project = scene.add(&[(scene.a, role)], &[&reader]);
        let on_workspace = set_workspace_role(scene.a, scene.north_of_a, &reader, role);
        for command in [on_project, on_workspace] {
            scene.written(&owner, &command);
            let again = perform(&mut scene.world, &owner.caller(), &command);
            assert!(matches!(again, Outcome::Nothing), "{again:?}");
        }
        let expected = vec![Granted::Project(scene.a, role.into()), Granted::Workspace(scene.north_of_a, role.into())];
        assert_eq!(scene.world.rows.grants_of(reader.principal), expected);
    }
}

/// "one organization writes ... as fast as it can": what a member holds through a team is looked at at every request, so
/// it is bounded.
#[test]
fn a_team_holds_a_bounded_number_of_roles() {
    let mut scene = Scene::new();
    let (owner, acme, a) = (scene.owner.clone(), scene.acme, scene.a);
    scene.written(&owner, &Command::CreateTeams(CreateTeams { organization: acme, names: vec![display_name("Crew")] }));
    let team = scene.world.rows.teams_in(acme)[0];
    let role = |workspace| SetTeamRole { project: a, workspace, team, role: Some(Role::Consumer.into()) };
    scene.written(&owner, &Command::SetTeamRole(role(None)));
    let mut workspaces = vec![scene.north_of_a];
    while workspaces.len() < ROLES_MAX - 2 {
        workspaces.push(create_workspace(&mut scene.world, a));
    }
    for workspace in &workspaces {
        scene.written(&owner, &Command::SetTeamRole(role(Some(*workspace))));
    }
    let on_b = |role: Role| SetTeamRole { project: scene.b, workspace: None, team, role: Some(role.into()) };
    let last = Command::SetTeamRole(on_b(Role::Consumer));
    let changed = Command::SetTeamRole(on_b(Role::Analyst));
    let default = scene.world.rows.workspaces_of(a)[0];
    scene.written(&owner, &last);
    let limit = Refusal::LimitReached { organization: acme, things: "roles of one team", limit: ROLES_MAX };
    assert_eq!(scene.refused(&owner.caller(), &Command::SetTeamRole(role(Some(default)))), limit);
    scene.written(&owner, &changed);
}

/// "takes away **this project only**, its workspaces included"
#[test]
fn taking_an_account_off_a_project_leaves_its_other_projects() {
    let mut scene = Scene::new();
    let (owner, admin_of_a, reader) = (scene.owner.clone(), scene.admin_of_a.clone(), scene.reader.clone());
    scene.written(&owner, &scene.add(&[(scene.a, Role::Consumer), (scene.b, Role::Analyst)], &[&reader]));
    scene.written(&owner, &set_workspace_role(scene.a, scene.north_of_a, &reader, Role::Analyst));
    let command = Command::RemoveFromProject { project: scene.a, account: reader.principal };
    scene.written(&admin_of_a, &command);
    assert_eq!(scene.role_on(scene.a, &reader), None);
    assert_eq!(scene.world.rows.workspace_role(reader.principal, scene.north_of_a), None);
    assert_eq!(scene.role_on(scene.b, &reader), Some(Role::Analyst));
    // Again: it is so already.
    let again = perform(&mut scene.world, &admin_of_a.caller(), &command);
    assert!(matches!(again, Outcome::Nothing), "{again:?}");
}

/// Each role that is lost with a project has its event: the one on the project, and each on a workspace of it.
#[test]
fn each_role_that_is_taken_with_a_project_is_recorded() {
    let mut scene = Scene::new();
    let (owner, reader) = (scene.owner.clone(), scene.reader.clone());
    let (a, north) = (scene.a, scene.north_of_a);
    let south = create_workspace(&mut scene.world, a);
    let on_workspaces = [(north, Role::Analyst), (south, Role::Consumer)];
    let from_workspace = |(workspace, role): (WorkspaceId, Role)| {
        let facts = vec![Fact::new("workspace", workspace), Fact::new("role", role)];
        (EventName::ServiceAccountRemovedFromWorkspace, facts)
    };
    let one = Command::RemoveFromProject { project: a, account: reader.principal };
    for (remove, on_project) in [(scene.remove(&[(a, &[&reader])]), Some(Role::Admin)), (one, None)] {
        if let Some(role) = on_project {
            scene.written(&owner, &scene.add(&[(a, role), (scene.b, role)], &[&reader]));
        }
        for (workspace, role) in on_workspaces {
            scene.written(&owner, &set_workspace_role(a, workspace, &reader, role));
        }
        let outcome = perform(&mut scene.world, &owner.caller(), &remove);
        let Outcome::Written(decision, _) = outcome else { panic!("not written: {outcome:?}") };
        let from_project =
            on_project.map(|role| (EventName::ServiceAccountRemovedFromProject, vec![Fact::new("role", role)]));
        let expected: Vec<_> = from_project.into_iter().chain(on_workspaces.map(from_workspace)).collect();
        let told: Vec<_> =
            decision.events().iter().map(|event| (event.name(), event.facts_before().to_vec())).collect();
        assert_eq!(told, expected);
        for event in decision.events() {
            assert_eq!((event.target(), event.scope()), (Target::Principal(reader.principal), Scope::Project(a)));
            assert_eq!(event.facts_after(), []);
        }
        assert_eq!(scene.world.rows.grants_of(reader.principal), [Granted::Project(scene.b, Role::Admin.into())]);
    }
}

/// Contract: "each project is born with one global default workspace that cannot be deleted"
#[test]
fn the_default_workspace_stays() {
    let mut scene = Scene::new();
    let workspace = scene.world.rows.workspaces_of(scene.b)[0];
    let command = Command::DeleteWorkspace { project: scene.b, workspace };
    assert_eq!(scene.refused(&Caller::Operator, &command), Refusal::DefaultWorkspace { workspace });
}

/// Contract: "`expires`: ... Not later than now is 400."
#[test]
fn an_end_must_be_later_than_now() {
    let mut scene = Scene::new();
    let (admin, now) = (scene.admin.clone(), scene.world.now);
    for expires in [RequestedExpiry::At(now), in_seconds(0)] {
        let refusal = scene.refused(&admin.caller(), &scene.change_end(&scene.reader, expires));
        assert_eq!(refusal, Refusal::ExpiryNotLater);
    }
    let refusal = scene.refused(&admin.caller(), &scene.change_end(&scene.reader, in_seconds(u64::MAX)));
    assert_eq!(refusal, Refusal::ExpiryTooFar);
    let later = RequestedExpiry::At(now.plus_seconds(1).unwrap());
    scene.written(&admin, &scene.change_end(&scene.reader, later));
}

/// Only who is on the host founds organizations; an admin of one does not make it an owner either.
#[test]
fn founding_is_the_operators() {
    let mut scene = Scene::new();
    let owner = scene.owner.clone();
    let (organization, project) = (display_name("Third"), display_name("A"));
    let found = Command::Found(Found { organization, project, owner: account_name("owner"), first: None });
    scene.forbidden(&owner, &found);
    let recover = Command::RecoverOwner { organization: scene.acme, owner: account_name("owner") };
    for who in [scene.owner.clone(), scene.admin.clone()] {
        let refusal = scene.refused(&who.caller(), &recover);
        assert!(matches!(refusal, Refusal::PermissionMissing { .. }), "{refusal}");
    }
    let organization = OrganizationId::new(scene.world.rows.next_id).expect("an id");
    let nowhere = Command::RecoverOwner { organization, owner: account_name("owner") };
    for who in [owner.caller(), Caller::Operator] {
        assert_eq!(scene.refused(&who, &nowhere), Refusal::NoSuchOrganization { organization });
    }
    written(&mut scene.world, &Caller::Operator, &recover);
}

/// Whoever narrowed where calls come from, until no owner could call, does not shut out the one who is made then.
#[test]
fn recovering_an_owner_lifts_address_ranges() {
    let mut scene = Scene::new();
    let organization = scene.acme;
    let recover = Command::RecoverOwner { organization, owner: account_name("owner") };
    let events = |scene: &mut Scene| {
        let bytes = scene.world.chance.bytes();
        let Outcome::Written(decision, _) = scene.world.perform(&Caller::Operator, &recover, bytes) else {
            panic!("not recovered")
        };
        decision.events().iter().map(|event| event.name()).collect::<Vec<_>>()
    };
    assert_eq!(events(&mut scene), [EventName::OrganizationOwnerRecovered], "nothing to lift");
    let ranges = Addresses::parse(["10.0.0.0/8"]).expect("ranges");
    let change = ChangePolicy { addresses: Some(ranges), secrets_max: SecretsMax::new(3), ..ChangePolicy::default() };
    written(&mut scene.world, &Caller::Operator, &Command::ChangePolicy { organization, change });
    let before = scene.world.draft.policy_of(organization).clone();
    let told = events(&mut scene);
    assert_eq!(told, [EventName::OrganizationOwnerRecovered, EventName::OrganizationPolicyUpdated]);
    let policy = scene.world.draft.policy_of(organization);
    assert_eq!(*policy, Policy { addresses: Addresses::ALL, ..before }, "the rest stays");
}

/// "anything across organizations, by any id ... list members: 404": also where the caller is a member of both.
#[test]
fn a_project_of_ones_other_organization_is_not_there_in_this_one() {
    let mut scene = Scene::new();
    let admin = Granted::Organization(scene.acme, OrganizationRole::Admin);
    let person = scene.world.person(&[admin, Granted::Organization(scene.other, OrganizationRole::Member)]);
    let foreign = scene.project_of_other;
    for command in [
        scene.create(OrganizationRole::Member, &[(foreign, Role::Consumer)]),
        scene.add(&[(foreign, Role::Consumer)], &[&scene.reader]),
        scene.remove(&[(foreign, &[&scene.reader])]),
    ] {
        assert_eq!(scene.refused(&person, &command), Refusal::NoSuchProject { project: foreign });
    }
}

/// "unknown username against known one: indistinguishable: digest and compare run against a dummy", "a deleted account;
/// an expired one: the same amount of work", by counting.
#[test]
fn everybody_costs_the_same_work() {
    use claviger_access::directory::AuthenticationStep::{Compare, Digest, LookUp};
    let mut scene = Scene::new();
    let (admin, reader) = (scene.admin.clone(), scene.reader.clone());
    let steps = |scene: &Scene, username: &str, secret: &str| {
        let header = format!("Basic {username}:{secret}");
        let presented = claviger_access::credential::present(std::iter::once(header.as_bytes())).unwrap();
        let mut steps = Vec::new();
        let found = scene.world.draft.authenticate_observed(&presented, scene.world.now, |step| steps.push(step));
        (steps, found.is_ok())
    };
    let same = vec![Digest, LookUp, Compare];
    assert_eq!(steps(&scene, &reader.username, &reader.secret), (same.clone(), true));
    assert_eq!(steps(&scene, &reader.username, "wrong"), (same.clone(), false));
    assert_eq!(steps(&scene, &reader.username, &admin.secret), (same.clone(), false));
    assert_eq!(steps(&scene, "nobody.000000.service-account", &reader.secret), (same.clone(), false));
    scene.written(&admin, &scene.delete(&reader));
    assert_eq!(steps(&scene, &reader.username, &reader.secret), (same, false));
}
