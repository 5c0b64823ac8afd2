//! An installation that is driven through the deciders, and random histories of it.
//!
//! [`World::perform`] does what the server's writer does: decide on the draft, add what was decided, and keep the rows
//! beside it. [`World::step`] lets a random caller ask for something random: the operator, accounts in all roles,
//! deleted and expired ones, those of other organizations, people. People come by invitations,
//! and through raw changes as well, by which they get what they come with.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use claviger_access::administration::audit_export::ExportAuditLog;
use claviger_access::administration::custom_role::{ChangeRole, CreateRole};
use claviger_access::administration::member::SetMemberRole;
use claviger_access::administration::organization::Found;
use claviger_access::administration::policy::ChangePolicy;
use claviger_access::administration::project::{ChangeProject, CreateProjects, NewProject};
use claviger_access::administration::service_account::{
    AddToProjects, ChangeServiceAccount, CreateInProject, CreateServiceAccount, RemoveFromProjects, RequestedExpiry,
    SetWorkspaceRole,
};
use claviger_access::administration::team::{ChangeMembers, CreateTeams, SetTeamRole};
use claviger_access::administration::workspace::{ChangeWorkspace, CreateWorkspace};
use claviger_access::authorize::{CredentialId, Scope};
use claviger_access::change::{SessionChange, SignedInFrom};
use claviger_access::credential::{self, BasicForm, SecretDigest};
use claviger_access::email::EmailAddress;
use claviger_access::grant::{Granted, Holder};
use claviger_access::identity::{
    AccountName, CustomRoleId, OrganizationId, PrincipalId, PrincipalKind, ProjectId, SecretId, SessionId, TeamId,
    UsernameSuffix, WorkspaceId,
};
use claviger_access::labels::Labels;
use claviger_access::ownership::{AccountDetails, Owner, OwnerId};
use claviger_access::permission::{Permission, PermissionName, PermissionSet};
use claviger_access::policy::{Addresses, Arrival, Lifetime, NamePattern, SecretsMax};
use claviger_access::role::{OrganizationRole, ProjectRole, Role};
use claviger_access::text::{Description, DisplayName, TimezoneName};
use claviger_access::{Caller, Change, Decided, Decision, Directory, Draft, Mark, Moment, Refusal, Revision};

use crate::chance::Chance;
use crate::command::{Command, Reply};
use crate::rows::{GrantRow, Rows};

/// How callers come, unless a test says otherwise.
pub(crate) const NEARBY: Arrival =
    Arrival { address: Some(IpAddr::V4(Ipv4Addr::new(10, 1, 2, 3))), form: Some(BasicForm::Base64) };

/// From elsewhere, as plain text.
pub(crate) const FAR: Arrival =
    Arrival { address: Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))), form: Some(BasicForm::PlainText) };

/// When every world begins.
pub(crate) const BEGINNING: i64 = 1_800_000_000;

/// What an account was given at its creation. It stays known here after the account is gone.
#[derive(Clone)]
pub(crate) struct Credential {
    pub(crate) principal: PrincipalId,
    pub(crate) secret_id: SecretId,
    pub(crate) username: String,
    pub(crate) secret: String,
}

impl Credential {
    pub(crate) fn caller(&self) -> Caller {
        Caller::Principal {
            principal: self.principal,
            credential: CredentialId::Secret(self.secret_id),
            arrival: NEARBY,
        }
    }

    /// Who the directory takes its bearer for.
    pub(crate) fn authenticate(&self, directory: &Directory, now: Moment) -> Option<Caller> {
        let header = format!("Basic {}", BASE64_STANDARD.encode(format!("{}:{}", self.username, self.secret)));
        let presented = credential::present(std::iter::once(header.as_bytes())).expect("it is well formed");
        let authenticated = directory.authenticate(&presented, now).ok()?;
        Some(authenticated.caller(Arrival { form: Some(presented.form()), ..NEARBY }))
    }
}

/// An installation at some point of its history.
pub(crate) struct World {
    pub(crate) draft: Draft,
    pub(crate) rows: Rows,
    pub(crate) now: Moment,
    pub(crate) credentials: Vec<Credential>,
    /// People with what they come with, also those who left.
    pub(crate) people: Vec<Caller>,
    /// Every token of an invitation that was made.
    pub(crate) tokens: Vec<String>,
    /// Every token of a set-up link that was made.
    pub(crate) set_up_tokens: Vec<String>,
    /// Every token of a link by which somebody chooses another password.
    pub(crate) reset_tokens: Vec<String>,
    pub(crate) chance: Chance,
}

/// What a use case did.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "there is one at a time")]
pub(crate) enum Outcome {
    Written(Decision, Reply),
    Nothing,
    Refused(Refusal),
}

/// One use case of a history, with the state it was decided on.
pub(crate) struct Step {
    pub(crate) caller: Caller,
    pub(crate) command: Command,
    pub(crate) bytes: [u8; 96],
    pub(crate) moment: Moment,
    pub(crate) before: Directory,
    pub(crate) rows_before: Rows,
    pub(crate) outcome: Outcome,
}

pub(crate) fn moment(seconds: i64) -> Moment {
    Moment::from_seconds(seconds).expect("a moment")
}

pub(crate) fn account_name(name: &str) -> AccountName {
    AccountName::parse(name).expect("a name")
}

pub(crate) fn display_name(name: &str) -> DisplayName {
    DisplayName::parse(name).expect("a name")
}

impl World {
    /// Without an organization.
    pub(crate) fn empty(seed: u64) -> Self {
        let mut chance = Chance::seeded(seed);
        let draft = Draft::on(&Directory::empty(chance.number()));
        let (credentials, people, tokens) = (Vec::new(), Vec::new(), Vec::new());
        let (set_up_tokens, reset_tokens) = (Vec::new(), Vec::new());
        let (rows, now) = (Rows::none(), moment(BEGINNING));
        Self { draft, rows, now, credentials, people, tokens, set_up_tokens, reset_tokens, chance }
    }

    /// Two organizations with some projects, workspaces, accounts and people, before the history begins.
    pub(crate) fn settled(seed: u64) -> Self {
        let mut world = Self::empty(seed);
        world.found(Some(UsernameSuffix::default()));
        world.found(None);
        for _ in 0..12 {
            let command = match world.chance.below(4) {
                0 => world.create_project(),
                1 => world.create_workspace(),
                _ => world.create_service_account(),
            };
            let bytes = world.bytes();
            world.perform(&Caller::Operator, &command, bytes);
        }
        if world.chance.one_in(2) {
            world.person_joins();
        }
        world
    }

    pub(crate) fn found(&mut self, first: Option<UsernameSuffix>) {
        let command = Command::Found(Found {
            organization: display_name("Acme"),
            project: display_name("Web shop"),
            owner: account_name("owner"),
            first,
        });
        // Good bytes here: with poor ones an owner's name is exhausted once in many worlds.
        let bytes = self.chance.bytes();
        let outcome = self.perform(&Caller::Operator, &command, bytes);
        assert!(matches!(outcome, Outcome::Written(..)), "{outcome:?}");
    }

    /// Bytes for a decision. The first 24 are poor on purpose: usernames meet, and must be drawn again.
    pub(crate) fn bytes(&mut self) -> [u8; 96] {
        let mut bytes = self.chance.bytes::<96>();
        for (place, byte) in bytes.iter_mut().enumerate().take(24) {
            *byte = if place % 3 == 2 { *byte % 4 } else { 0 };
        }
        bytes
    }

    /// Decides, and adds what was decided.
    pub(crate) fn perform(&mut self, caller: &Caller, command: &Command, bytes: [u8; 96]) -> Outcome {
        match command.decide(&self.draft, caller, self.now, bytes) {
            Err(refusal) => Outcome::Refused(refusal),
            Ok(Decided::Nothing(_)) => Outcome::Nothing,
            Ok(Decided::Write(decision, reply)) => {
                self.write(decision.changes());
                if let Some(secret) = reply.secret() {
                    let issued = |change: &Change| match change {
                        Change::SecretIssued { id, principal, .. } => Some((*id, *principal)),
                        _ => None,
                    };
                    let (secret_id, principal) = decision.changes().iter().find_map(issued).expect("a secret");
                    let (username, secret) = (self.rows.principal(principal).name.clone(), secret.reveal().to_owned());
                    self.credentials.push(Credential { principal, secret_id, username, secret });
                }
                match &reply {
                    Reply::Link(new) => self.reset_tokens.push(new.token.reveal().to_owned()),
                    Reply::Invitation(sent) => self.tokens.push(sent.token.reveal().to_owned()),
                    Reply::SetUpLink(token) => self.set_up_tokens.push(token.reveal().to_owned()),
                    Reply::Person(person) => self.give_session(*person),
                    Reply::Session(new) => {
                        let person = self.rows.sessions.iter().find(|row| row.id == new.id).expect("a session").person;
                        self.people.push(signed_in(person, new.id));
                    }
                    _ => {}
                }
                Outcome::Written(decision, reply)
            }
        }
    }

    /// Adds changes as one revision.
    pub(crate) fn write(&mut self, changes: &[Change]) {
        let revision = self.draft.revision().next();
        let mark = Mark([(revision.0 % 251) as u8; 16]);
        self.draft.add(changes, revision, mark);
        self.rows.write(changes);
    }

    /// The image of this very state, as a reader would take it.
    pub(crate) fn image(&self) -> Directory {
        self.draft.clone()
    }

    pub(crate) fn revision(&self) -> (Revision, Mark) {
        (self.draft.revision(), self.draft.mark())
    }
}

/// People.
impl World {
    /// A person joins with these roles.
    pub(crate) fn person(&mut self, granted: &[Granted]) -> Caller {
        let (mut ids, created) = (self.draft.ids(), self.now);
        let (id, session) = (ids.principal().unwrap(), ids.session().unwrap());
        let mut changes = vec![
            Change::PrincipalCreated {
                id,
                kind: PrincipalKind::Person,
                organization: None,
                name: format!("Person {id}"),
                email: EmailAddress::parse(&format!("person-{id}@example.com")).ok(),
                created,
                creator: None,
            },
            self.session(id, session),
        ];
        for granted in granted {
            let grant = ids.grant().unwrap();
            changes.push(Change::GrantGiven { id: grant, holder: Holder::Principal(id), granted: *granted, created });
        }
        self.write(&changes);
        let person = signed_in(id, session);
        self.people.push(person);
        person
    }

    /// A session without an end, as none is begun by signing in.
    fn session(&mut self, person: PrincipalId, id: SessionId) -> Change {
        let digest = SecretDigest::from_bytes(self.chance.bytes());
        let (begun, ends, from) = (self.now, Moment::LAST, SignedInFrom::default());
        Change::Session(SessionChange::Begun { id, person, digest, begun, ends, from })
    }

    /// Somebody who joined is signed in from now on.
    fn give_session(&mut self, person: PrincipalId) {
        if self.rows.sessions.iter().any(|row| row.person == person) {
            return;
        }
        let id = self.draft.ids().session().unwrap();
        let begun = self.session(person, id);
        self.write(&[begun]);
        self.people.push(signed_in(person, id));
    }

    fn person_joins(&mut self) {
        let mut granted = Vec::new();
        for organization in self.organizations() {
            if self.chance.one_in(2) {
                let role = self.chance.one_of(&OrganizationRole::ALL).unwrap();
                granted.push(Granted::Organization(organization, role));
                for project in self.rows.projects_of(organization) {
                    if self.chance.one_in(4) {
                        granted.push(Granted::Project(project, self.chance.one_of(&Role::ALL).unwrap().into()));
                    }
                }
            }
        }
        self.person(&granted);
    }

    /// Somebody loses a grant on a project or a workspace, or is gone altogether; the last person who owns an organization stays.
    fn person_leaves(&mut self) {
        let Some(Caller::Principal { principal, .. }) = self.chance.one_of(&self.people) else { return };
        let organizations = self.organizations();
        if !self.rows.is_there(principal)
            || organizations.iter().any(|organization| self.rows.people_who_own(*organization) == [principal])
        {
            return;
        }
        let holder = Holder::Principal(principal);
        let in_organization = |row: &GrantRow| matches!(row.granted, Granted::Organization(..));
        let grants: Vec<_> =
            self.rows.grants.iter().filter(|row| row.holder == holder && !in_organization(row)).collect();
        let change = match grants.first() {
            Some(grant) if self.chance.one_in(2) => Change::GrantTaken { id: grant.id, holder },
            _ => Change::PrincipalDeleted { id: principal, deleted: self.now },
        };
        self.write(&[change]);
    }
}

/// A person who comes by a session.
pub(crate) fn signed_in(person: PrincipalId, session: SessionId) -> Caller {
    let arrival = Arrival { form: None, ..NEARBY };
    Caller::Principal { principal: person, credential: CredentialId::Session(session), arrival }
}

fn holding_principal(row: &GrantRow) -> Option<PrincipalId> {
    match row.holder {
        Holder::Principal(id) => Some(id),
        Holder::Team(_) | Holder::EveryMember(_) => None,
    }
}

/// Random choices.
impl World {
    pub(crate) fn organizations(&self) -> Vec<OrganizationId> {
        self.rows.organizations.iter().map(|row| row.id).collect()
    }

    /// Mostly one that is there.
    fn any_organization(&mut self) -> OrganizationId {
        let organizations = self.organizations();
        let any = OrganizationId::new(self.chance.below(self.rows.next_id as usize + 3) as u64);
        let there = self.chance.one_of(&organizations);
        if self.chance.one_in(25) { any.or(there).unwrap() } else { there.or(any).unwrap() }
    }

    /// Mostly one of that organization; at times another's, one that is gone, or a number of something else.
    pub(crate) fn any_project(&mut self, organization: OrganizationId) -> ProjectId {
        let all: Vec<ProjectId> = self.rows.projects.iter().map(|row| row.id).collect();
        let any = ProjectId::new(1 + self.chance.below(self.rows.next_id as usize) as u64).unwrap();
        match self.chance.below(20) {
            0 => any,
            1 => self.chance.one_of(&all).unwrap_or(any),
            _ => self.chance.one_of(&self.rows.projects_of(organization)).unwrap_or(any),
        }
    }

    pub(crate) fn any_workspace(&mut self, project: ProjectId) -> WorkspaceId {
        let all: Vec<WorkspaceId> = self.rows.workspaces.iter().map(|row| row.id).collect();
        let any = WorkspaceId::new(1 + self.chance.below(self.rows.next_id as usize) as u64).unwrap();
        match self.chance.below(12) {
            0 => any,
            1 => self.chance.one_of(&all).unwrap_or(any),
            _ => self.chance.one_of(&self.rows.workspaces_of(project)).unwrap_or(any),
        }
    }

    /// Mostly an account of that organization; at times another's, a deleted one, a person, or a number of something
    /// else.
    pub(crate) fn any_account(&mut self, organization: OrganizationId) -> PrincipalId {
        let own: Vec<PrincipalId> = self
            .rows
            .principals
            .iter()
            .filter(|row| row.organization == Some(organization) && row.deleted.is_none())
            .map(|row| row.id)
            .collect();
        let all: Vec<PrincipalId> = self.rows.principals.iter().map(|row| row.id).collect();
        let any = PrincipalId::new(1 + self.chance.below(self.rows.next_id as usize) as u64).unwrap();
        match self.chance.below(30) {
            0 => any,
            1 => self.chance.one_of(&all).unwrap_or(any),
            _ => self.chance.one_of(&own).unwrap_or(any),
        }
    }

    /// A few of them, each once.
    fn accounts(&mut self, organization: OrganizationId) -> BTreeSet<PrincipalId> {
        (0..self.chance.below(4)).map(|_| self.any_account(organization)).collect()
    }

    /// A few projects of the organization with a role on each, each project once.
    pub(crate) fn project_roles(&mut self, organization: OrganizationId) -> BTreeMap<ProjectId, ProjectRole> {
        let projects: Vec<_> = (0..self.chance.below(4)).map(|_| self.any_project(organization)).collect();
        projects.into_iter().map(|project| (project, self.any_role(project))).collect()
    }

    /// A built-in role, or one of the project's own; at times another project's.
    pub(crate) fn any_role(&mut self, project: ProjectId) -> ProjectRole {
        match self.chance.below(4) {
            0 => ProjectRole::Custom(self.any_custom_role(project)),
            _ => self.chance.one_of(&Role::ALL).unwrap().into(),
        }
    }

    fn any_custom_role(&mut self, project: ProjectId) -> CustomRoleId {
        let all: Vec<CustomRoleId> = self.rows.custom_roles.iter().map(|row| row.id).collect();
        let any = CustomRoleId::new(1 + self.chance.below(self.rows.next_id as usize) as u64).unwrap();
        match self.chance.below(12) {
            0 => any,
            1 => self.chance.one_of(&all).unwrap_or(any),
            _ => self.chance.one_of(&self.rows.custom_roles_of(project)).unwrap_or(any),
        }
    }

    pub(crate) fn any_team(&mut self, organization: OrganizationId) -> TeamId {
        let all: Vec<TeamId> = self.rows.teams.iter().map(|row| row.id).collect();
        let any = TeamId::new(1 + self.chance.below(self.rows.next_id as usize) as u64).unwrap();
        match self.chance.below(20) {
            0 => any,
            1 => self.chance.one_of(&all).unwrap_or(any),
            _ => self.chance.one_of(&self.rows.teams_in(organization)).unwrap_or(any),
        }
    }

    /// Mostly accounts, people as well.
    fn any_members(&mut self, organization: OrganizationId) -> BTreeSet<PrincipalId> {
        let mut members = self.accounts(organization);
        if let (Some(Caller::Principal { principal, .. }), true) =
            (self.chance.one_of(&self.people), self.chance.one_in(2))
        {
            members.insert(principal);
        }
        members
    }

    /// One of that organization's teams; half of the time a person's, if there is one.
    fn any_membership(&mut self, organization: OrganizationId) -> Option<(TeamId, PrincipalId)> {
        let teams = self.rows.teams_in(organization);
        let here: Vec<_> = self.rows.memberships.iter().filter(|row| teams.contains(&row.0)).copied().collect();
        let is_person = |row: &&(TeamId, PrincipalId)| self.rows.principal(row.1).kind == PrincipalKind::Person;
        let people: Vec<_> = here.iter().filter(is_person).copied().collect();
        self.chance.one_of(&people).filter(|_| self.chance.one_in(2)).or_else(|| self.chance.one_of(&here))
    }

    /// Mostly a person; at times an account.
    pub(crate) fn any_person(&mut self, organization: OrganizationId) -> PrincipalId {
        match self.chance.one_of(&self.people) {
            Some(Caller::Principal { principal, .. }) if !self.chance.one_in(8) => principal,
            _ => self.any_account(organization),
        }
    }

    fn any_permissions(&mut self) -> PermissionSet {
        let own = ["reports:export", "reports:delete", "data:sensitive"];
        let names: Vec<&str> = Permission::ALL.iter().map(|permission| permission.name()).chain(own).collect();
        let few = ["data:read", "data:write", "reports:export", "members:manage", "service_accounts:manage"];
        let from = if self.chance.one_in(3) { &names[..] } else { &few[..] };
        (0..self.chance.below(5))
            .filter_map(|_| self.chance.one_of(from))
            .map(|name| PermissionName::parse(name).expect("a permission"))
            .collect()
    }

    pub(crate) fn any_organization_role(&mut self) -> OrganizationRole {
        self.chance.one_of(&OrganizationRole::ALL).unwrap()
    }

    pub(crate) fn any_expiry(&mut self) -> RequestedExpiry {
        match self.chance.below(12) {
            0 => RequestedExpiry::In { seconds: self.chance.number() },
            1 => RequestedExpiry::At(moment(self.now.seconds() - 2 + self.chance.below(4) as i64)),
            2 | 3 => RequestedExpiry::In { seconds: self.chance.below(300) as u64 },
            4 | 5 => RequestedExpiry::At(moment(self.now.seconds() + self.chance.below(3_000) as i64)),
            _ => RequestedExpiry::Never,
        }
    }

    /// Mostly a team of that organization or a person; at times nobody, or whoever made the account.
    fn any_owner(&mut self, organization: OrganizationId) -> Owner {
        match self.chance.below(8) {
            0 => Owner::Nobody,
            1 => Owner::Creator,
            2..=4 => Owner::Chosen(OwnerId::Team(self.any_team(organization))),
            _ => Owner::Chosen(OwnerId::Person(self.any_person(organization))),
        }
    }

    fn any_labels(&mut self) -> Labels {
        let labels = (0..self.chance.below(3)).filter_map(|_| self.chance.one_of(&[("team", "data"), ("tier", "1")]));
        Labels::parse(labels).expect("labels")
    }

    fn any_name(&mut self) -> AccountName {
        let names = ["a", "b", "export", "backup", "nightly.export", "owner", "reader", "ci", "x@y", "deploy"];
        account_name(self.chance.one_of(&names).unwrap())
    }

    pub(crate) fn any_display_name(&mut self) -> DisplayName {
        display_name(self.chance.one_of(&["Web shop", "Books", "Ελλάδα", "North", "<b>"]).unwrap())
    }

    pub(crate) fn any_caller(&mut self, organization: OrganizationId) -> Caller {
        let manages = |granted: Granted| match granted {
            Granted::Organization(on, role) => on == organization && role >= OrganizationRole::Admin,
            Granted::Project(on, role) => {
                self.rows.organization_of(on) == Some(organization) && role >= Role::Admin.into()
            }
            Granted::Workspace(..) => false,
        };
        let managers: Vec<PrincipalId> =
            self.rows.grants.iter().filter(|row| manages(row.granted)).filter_map(holding_principal).collect();
        let all: Vec<Caller> =
            self.credentials.iter().map(Credential::caller).chain(self.people.iter().copied()).collect();
        let is_manager = |caller: &Caller| match caller {
            Caller::Principal { principal, .. } => managers.contains(principal),
            Caller::Operator => false,
        };
        let managing: Vec<Caller> = all.iter().copied().filter(is_manager).collect();
        let far = |caller| match caller {
            Caller::Principal { principal, credential, .. } => {
                Caller::Principal { principal, credential, arrival: FAR }
            }
            Caller::Operator => Caller::Operator,
        };
        match self.chance.below(12) {
            0 => Caller::Operator,
            4 => self.chance.one_of(&managing).map_or(Caller::Operator, far),
            1 | 2 => self.chance.one_of(&all).unwrap_or(Caller::Operator),
            3 => self.with_a_credential_of_another(&all).unwrap_or(Caller::Operator),
            _ => self.chance.one_of(&managing).unwrap_or(Caller::Operator),
        }
    }

    fn with_a_credential_of_another(&mut self, all: &[Caller]) -> Option<Caller> {
        match (self.chance.one_of(all)?, self.chance.one_of(all)?) {
            (Caller::Principal { principal, .. }, Caller::Principal { credential, .. }) => {
                Some(Caller::Principal { principal, credential, arrival: NEARBY })
            }
            _ => None,
        }
    }
}

/// Random use cases.
impl World {
    /// Lets some time pass, lets people come and go, and lets somebody ask for something.
    pub(crate) fn step(&mut self) -> Step {
        // At times so long that invitations end.
        let passed = if self.chance.one_in(80) { self.chance.below(300_000) } else { self.chance.below(60) };
        self.now = self.now.plus_seconds(passed as u64).expect("a moment");
        match self.chance.below(30) {
            0 => self.person_joins(),
            1 => self.person_leaves(),
            2 => self.draft = Draft::on(&self.image()),
            _ => {}
        }
        let organization = self.any_organization();
        let command = self.any_command(organization);
        let own = self.own_account(&command).or_else(|| self.who_leaves(&command));
        let own = own.or_else(|| self.who_is_meant(&command));
        let caller = own.unwrap_or_else(|| self.any_caller(organization));
        let repeats = self.chance.one_in(40).then_some(7);
        let (bytes, moment, before, rows_before) = (self.bytes(), self.now, self.image(), self.rows.clone());
        self.draft.set_made_before(repeats);
        let outcome = self.perform(&caller, &command, bytes);
        self.draft.set_made_before(None);
        Step { caller, command, bytes, moment, before, rows_before, outcome }
    }

    fn any_command(&mut self, organization: OrganizationId) -> Command {
        if self.chance.one_in(6) {
            return self.any_command_on_secrets(organization);
        }
        match self.chance.below(12) {
            0..=3 => return self.any_command_on_teams_and_roles(organization),
            4..=6 => return self.any_command_on_people(organization),
            _ => {}
        }
        if self.chance.one_in(20) {
            return self.any_command_on_policies(organization);
        }
        match self.chance.below(100) {
            0..=2 => self.found_another(),
            3..=4 => Command::RecoverOwner { organization, owner: self.any_name() },
            5..=9 => self.create_project_in(organization),
            10..=11 => {
                let timezone = self.chance.one_in(2).then(TimezoneName::default);
                let name = self.chance.one_in(2).then(|| display_name("Renamed"));
                let project = self.any_project(organization);
                let slug = self.chance.one_in(2).then(|| self.any_slug());
                Command::ChangeProject(ChangeProject { project, name, timezone, slug })
            }
            12..=13 => Command::DeleteProject(self.any_project(organization)),
            14..=18 => self.create_workspace_in(organization),
            19..=21 => self.change_workspace_in(organization),
            22..=24 => {
                let project = self.any_project(organization);
                Command::DeleteWorkspace { project, workspace: self.any_workspace(project) }
            }
            25..=39 => self.create_service_account_in(organization),
            40..=44 => {
                let (project, name, expires) = (self.any_project(organization), self.any_name(), self.any_expiry());
                Command::CreateInProject(CreateInProject { project, name, expires })
            }
            45..=60 => {
                let account = self.any_account(organization);
                let organization_role = (!self.chance.one_in(3)).then(|| self.any_organization_role());
                let expires = self.chance.one_in(2).then(|| self.any_expiry());
                // As many are let in again as are shut out, or the histories would run dry.
                let disabled = self.chance.one_in(3).then(|| self.chance.one_in(2));
                let protected = self.chance.one_in(4).then(|| self.chance.one_in(3));
                let owner = self.chance.one_in(4).then(|| self.any_owner(organization));
                let text = ["what it is for", "another text", " "];
                let description = self.chance.one_in(5).then(|| self.chance.one_of(&text).unwrap());
                let description = description.map(|text| Description::parse(text).unwrap());
                let labels = self.chance.one_in(5).then(|| self.any_labels());
                Command::ChangeServiceAccount(ChangeServiceAccount {
                    organization,
                    account,
                    organization_role,
                    expires,
                    disabled,
                    protected,
                    owner,
                    description,
                    labels,
                })
            }
            61..=69 => Command::DeleteServiceAccount { organization, account: self.any_account(organization) },
            70..=80 => {
                let (projects, accounts) = (self.project_roles(organization), self.accounts(organization));
                Command::AddToProjects(AddToProjects { organization, projects, accounts })
            }
            _ => self.any_removal_or_workspace_role(organization),
        }
    }

    fn any_command_on_policies(&mut self, organization: OrganizationId) -> Command {
        if self.chance.one_in(2) {
            let (account, addresses) = (self.any_account(organization), self.any_addresses());
            return Command::RestrictAccount { organization, account, addresses };
        }
        let lifetimes = [None, Lifetime::from_seconds(200), Lifetime::from_seconds(3_600)];
        let patterns = [None, None, Some("[a-z]+"), Some("[a-z.@]+")];
        let pattern = self.chance.one_of(&patterns).filter(|_| self.chance.one_in(3));
        let change = ChangePolicy {
            secret_lifetime_max: self.chance.one_of(&lifetimes).filter(|_| self.chance.one_in(3)),
            expiry_required: self.chance.one_in(5).then(|| self.chance.one_in(4)),
            secrets_max: SecretsMax::new(1 + self.chance.below(4) as u64).filter(|_| self.chance.one_in(3)),
            project_admins_create: self.chance.one_in(3).then(|| self.chance.one_in(2)),
            plain_text_allowed: self.chance.one_in(3).then(|| self.chance.one_in(2)),
            name_pattern: pattern.map(|text| text.map(|text| NamePattern::parse(text).expect("a pattern"))),
            addresses: self.chance.one_in(3).then(|| self.any_addresses()),
        };
        Command::ChangePolicy { organization, change }
    }

    /// Those near, all, or, at times, none that anybody comes from.
    fn any_addresses(&mut self) -> Addresses {
        let ranges: [&[&str]; 4] = [&[], &[], &["10.0.0.0/8"], &["10.0.0.0/8", "198.51.100.0/24"]];
        Addresses::parse(self.chance.one_of(&ranges).unwrap().iter().copied()).expect("ranges")
    }

    fn any_removal_or_workspace_role(&mut self, organization: OrganizationId) -> Command {
        let project = self.any_project(organization);
        let account = self.any_account(organization);
        match self.chance.below(18) {
            0..=3 => {
                let projects = self.project_roles(organization);
                let projects = projects.into_keys().map(|project| (project, self.accounts(organization)));
                Command::RemoveFromProjects(RemoveFromProjects { organization, projects: projects.collect() })
            }
            4..=7 => Command::RemoveFromProject { project, account },
            8..=14 => {
                let (workspace, role) = (self.any_workspace(project), self.any_role(project));
                Command::SetWorkspaceRole(SetWorkspaceRole { project, workspace, account, role })
            }
            _ => Command::TakeWorkspaceRole { project, workspace: self.any_workspace(project), account },
        }
    }

    fn any_command_on_teams_and_roles(&mut self, organization: OrganizationId) -> Command {
        let (project, team) = (self.any_project(organization), self.any_team(organization));
        match self.chance.below(27) {
            25.. => self.any_export(organization, project),
            20..=24 => {
                let person = Holder::Principal(self.any_person(organization));
                let (holder, project, workspace) = self.any_place(organization, person);
                let Holder::Principal(member) = holder else { panic!("a person stays a person") };
                let role = (!self.chance.one_in(3)).then(|| self.any_role(project));
                Command::SetMemberRole(SetMemberRole { project, workspace, member, role })
            }
            0..=2 => {
                let names = (0..1 + self.chance.below(2)).map(|_| self.any_display_name()).collect();
                Command::CreateTeams(CreateTeams { organization, names })
            }
            3 => Command::RenameTeam { organization, team, name: self.any_display_name() },
            4 => Command::DeleteTeams { organization, teams: BTreeSet::from([team, self.any_team(organization)]) },
            5..=7 => {
                let members = self.any_members(organization);
                Command::AddMembers(ChangeMembers { organization, team, members })
            }
            8 => {
                let there = self.any_membership(organization).filter(|_| self.chance.one_in(2));
                let (team, members) = match there {
                    Some((team, member)) => (team, BTreeSet::from([member])),
                    None => (team, self.any_members(organization)),
                };
                Command::RemoveMembers(ChangeMembers { organization, team, members })
            }
            9..=11 => {
                let (holder, project, workspace) = self.any_place(organization, Holder::Team(team));
                let Holder::Team(team) = holder else { panic!("a team stays a team") };
                let role = (!self.chance.one_in(3)).then(|| self.any_role(project));
                Command::SetTeamRole(SetTeamRole { project, workspace, team, role })
            }
            12..=13 => {
                let role = (!self.chance.one_in(3)).then(|| self.any_role(project));
                Command::SetDefaultAccess { project, role }
            }
            14..=16 => self.create_role_in(project),
            17..=18 => {
                let permissions = self.chance.one_in(2).then(|| self.any_permissions());
                let description = self.chance.one_in(3).then(|| Description::parse("another text").unwrap());
                Command::ChangeRole(ChangeRole {
                    project,
                    role: self.any_custom_role(project),
                    name: self.chance.one_in(3).then(|| self.any_display_name()),
                    description,
                    permissions,
                    copied_from: self.chance.one_in(4).then(|| self.any_role(project)),
                })
            }
            19 => Command::DeleteRole { project, role: self.any_custom_role(project) },
        }
    }

    fn any_export(&mut self, organization: OrganizationId, project: ProjectId) -> Command {
        let scope = if self.chance.one_in(2) { Scope::Organization(organization) } else { Scope::Project(project) };
        let export = ExportAuditLog { scope, format: "csv", filters: vec![("action", "team.*".to_owned())] };
        if self.chance.one_in(2) { Command::BeginExport(export) } else { Command::EndExport(export, 7) }
    }

    /// A place for a role of this holder; half of the time one where somebody of the kind has one.
    fn any_place(&mut self, organization: OrganizationId, holder: Holder) -> (Holder, ProjectId, Option<WorkspaceId>) {
        let is_alike = |row: &&GrantRow| match (row.holder, holder) {
            (Holder::Team(_), Holder::Team(_)) => true,
            (Holder::Principal(held), Holder::Principal(_)) => self.rows.principal(held).kind == PrincipalKind::Person,
            _ => false,
        };
        let is_here = |row: &&GrantRow| self.rows.organization_of_grant(row.granted) == Some(organization);
        let held: Vec<GrantRow> = self.rows.grants.iter().filter(is_alike).filter(is_here).copied().collect();
        let Some(row) = self.chance.one_of(&held).filter(|_| !self.chance.one_in(3)) else {
            let project = self.any_project(organization);
            let workspace = self.chance.one_in(2).then(|| self.any_workspace(project));
            return (holder, project, workspace);
        };
        match row.granted {
            Granted::Project(project, _) => (row.holder, project, None),
            Granted::Workspace(workspace, _) => {
                (row.holder, self.rows.project_of(workspace).expect("the workspace is there"), Some(workspace))
            }
            Granted::Organization(..) => (row.holder, self.any_project(organization), None),
        }
    }

    fn create_role_in(&mut self, project: ProjectId) -> Command {
        let other = self.chance.one_of(&self.rows.projects.iter().map(|row| row.id).collect::<Vec<_>>());
        let copied_from = self.chance.one_in(2).then(|| self.any_role(other.unwrap_or(project)));
        Command::CreateRole(CreateRole {
            project,
            name: self.any_display_name(),
            description: Description::parse("what it is for").unwrap().filter(|_| self.chance.one_in(2)),
            permissions: (copied_from.is_none() || self.chance.one_in(2)).then(|| self.any_permissions()),
            copied_from,
        })
    }

    fn found_another(&mut self) -> Command {
        let (organization, project, owner) = (self.any_display_name(), self.any_display_name(), self.any_name());
        let first = self.chance.one_in(3).then(UsernameSuffix::default);
        Command::Found(Found { organization, project, owner, first })
    }

    fn create_project(&mut self) -> Command {
        let organization = self.any_organization();
        self.create_project_in(organization)
    }

    fn create_project_in(&mut self, organization: OrganizationId) -> Command {
        let (name, timezone) = (self.any_display_name(), TimezoneName::parse("Europe/Berlin").unwrap());
        let slug = if self.chance.one_in(4) { self.any_slug() } else { None };
        Command::CreateProjects(CreateProjects { organization, projects: vec![NewProject { name, timezone, slug }] })
    }

    fn create_workspace(&mut self) -> Command {
        let organization = self.any_organization();
        self.create_workspace_in(organization)
    }

    fn create_workspace_in(&mut self, organization: OrganizationId) -> Command {
        Command::CreateWorkspace(CreateWorkspace {
            project: self.any_project(organization),
            name: self.any_display_name(),
            description: Description::parse("what it is for").unwrap().filter(|_| self.chance.one_in(2)),
            is_restricted: self.chance.one_in(2),
            is_visible: self.chance.one_in(2),
        })
    }

    fn change_workspace_in(&mut self, organization: OrganizationId) -> Command {
        let project = self.any_project(organization);
        let description = self.chance.one_in(2).then(|| Description::parse("another text").unwrap());
        Command::ChangeWorkspace(ChangeWorkspace {
            project,
            workspace: self.any_workspace(project),
            name: self.chance.one_in(2).then(|| display_name("Renamed")),
            description: if self.chance.one_in(4) { Some(None) } else { description },
            is_restricted: self.chance.one_in(2).then_some(true),
            is_visible: self.chance.one_in(2).then_some(true),
        })
    }

    fn create_service_account(&mut self) -> Command {
        let organization = self.any_organization();
        self.create_service_account_in(organization)
    }

    fn create_service_account_in(&mut self, organization: OrganizationId) -> Command {
        let projects = self.project_roles(organization);
        let mut workspaces: BTreeMap<WorkspaceId, ProjectRole> = BTreeMap::new();
        for _ in 0..self.chance.below(3) {
            let project = self.any_project(organization);
            workspaces.insert(self.any_workspace(project), self.any_role(project));
        }
        Command::CreateServiceAccount(CreateServiceAccount {
            organization,
            name: self.any_name(),
            organization_role: self.any_organization_role(),
            projects,
            workspaces,
            expires: self.any_expiry(),
            details: match self.chance.below(4) {
                0 => {
                    AccountDetails { owner: self.any_owner(organization), description: None, labels: self.any_labels() }
                }
                _ => AccountDetails::default(),
            },
        })
    }
}
