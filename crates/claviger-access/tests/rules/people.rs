//! People: invitations and memberships in random histories, people as callers, and the rules of both, one by one.

use std::collections::{BTreeMap, BTreeSet};

use claviger_access::administration::invitation::{Accepting, Invite, OPEN_SECONDS};
use claviger_access::administration::password::ChangePassword;
use claviger_access::change::{InvitationTerms, SignedInFrom};
use claviger_access::credential::PresentedToken;
use claviger_access::email::EmailAddress;
use claviger_access::event::EventName;
use claviger_access::grant::{Granted, Holder};
use claviger_access::identity::{InvitationId, OrganizationId, PrincipalId, PrincipalKind, UsernameSuffix};
use claviger_access::password::PasswordHash;
use claviger_access::role::{OrganizationRole, Role};
use claviger_access::{Basis, Caller, Change, Decided, Draft, Mark};
use proptest::prelude::*;

use crate::command::{Command, Reply};
use crate::world::{Outcome, World, display_name, moment};

pub(crate) fn email(text: &str) -> EmailAddress {
    EmailAddress::parse(text).expect("an address")
}

pub(crate) fn hash() -> PasswordHash {
    PasswordHash::from_phc("$argon2id$of nothing".to_owned())
}

/// Random use cases.
impl World {
    pub(crate) fn any_command_on_people(&mut self, organization: OrganizationId) -> Command {
        match self.chance.below(45) {
            36 => Command::Renew,
            24 | 25 => Command::SignIn(self.any_sign_in(organization)),
            26 | 27 => Command::SignOut(self.any_session()),
            28 => Command::EndOthers,
            29 => Command::ChangePassword(ChangePassword { hash: hash(), from: SignedInFrom::default() }),
            30..=32 => Command::MakeSetUpLink(organization),
            33..=35 => self.set_up_any(),
            37.. => self.any_command_on_recovery(organization),
            0..=6 => {
                Command::Invite(Invite { organization, email: self.any_email(), terms: self.any_terms(organization) })
            }
            7 => Command::Resend { organization, invitation: self.any_invitation(organization) },
            8 => Command::Withdraw { organization, invitation: self.any_invitation(organization) },
            9..=14 => self.accept_any(),
            15..=17 => {
                let (person, role) = (self.any_person(organization), self.any_organization_role());
                Command::ChangeOrganizationRole { organization, person, role }
            }
            18 | 19 => Command::RemoveMember { organization, person: self.any_person(organization) },
            _ => self.any_command_on_several_people(organization),
        }
    }

    /// One of a few, or that of a person who is there.
    pub(crate) fn any_email(&mut self) -> EmailAddress {
        let known: Vec<usize> = (0..self.rows.principals.len()).collect();
        let known = self.chance.one_of(&known).and_then(|place| self.rows.principals[place].email.clone());
        let few = email(&format!("{}@example.com", self.chance.one_of(&["ada", "bob", "eve", "kim", "mel"]).unwrap()));
        known.filter(|_| self.chance.one_in(2)).unwrap_or(few)
    }

    fn any_terms(&mut self, organization: OrganizationId) -> InvitationTerms {
        let role = if self.chance.one_in(2) { OrganizationRole::Member } else { self.any_organization_role() };
        let projects = if self.chance.one_in(2) { self.project_roles(organization) } else { BTreeMap::new() };
        let mut terms = InvitationTerms { role, projects, workspaces: BTreeMap::new(), teams: BTreeSet::new() };
        if self.chance.one_in(3) {
            let project = self.any_project(organization);
            terms.workspaces.insert(self.any_workspace(project), self.any_role(project));
        }
        if self.chance.one_in(3) && !self.rows.teams_in(organization).is_empty() {
            terms.teams.insert(self.any_team(organization));
        }
        terms
    }

    /// Mostly one of that organization that is open.
    fn any_invitation(&mut self, organization: OrganizationId) -> InvitationId {
        let own: Vec<InvitationId> =
            self.rows.invitations.iter().filter(|row| row.organization == organization).map(|row| row.id).collect();
        let all: Vec<InvitationId> = self.rows.invitations.iter().map(|row| row.id).collect();
        let any = InvitationId::new(1 + self.chance.below(self.rows.next_id as usize) as u64).unwrap();
        match self.chance.below(12) {
            0 => any,
            1 => self.chance.one_of(&all).unwrap_or(any),
            _ => self.chance.one_of(&own).unwrap_or(any),
        }
    }

    /// Mostly a token of the last few, and as whom it must be.
    fn accept_any(&mut self) -> Command {
        let last: Vec<usize> = (0..self.tokens.len()).rev().take(4).collect();
        let all: Vec<usize> = (0..self.tokens.len()).collect();
        let from = if self.chance.one_in(4) { &all } else { &last };
        let mut token = self.chance.one_of(from).map_or_else(String::new, |place| self.tokens[place].clone());
        if self.chance.one_in(20) {
            token.pop();
            token.push('z');
        }
        let invitation = PresentedToken::<InvitationId>::read(&token).map(|read| read.named());
        let row = self.rows.invitations.iter().find(|row| Some(row.id) == invitation);
        let known: Option<PrincipalId> = row.and_then(|row| self.rows.person_with(&row.email));
        let known = if self.chance.one_in(12) { self.rows.principals.first().map(|row| row.id) } else { known };
        let new = || Accepting::New { name: display_name("Somebody"), hash: hash() };
        let accepting = if self.chance.one_in(12) { new() } else { known.map_or_else(new, Accepting::Known) };
        Command::Accept { token, accepting }
    }
}

/// A world with one organization, its owner who is an account, and its first project.
pub(crate) fn acme() -> (World, OrganizationId, Caller) {
    let mut world = World::empty(3);
    world.found(Some(UsernameSuffix::default()));
    let (organization, owner) = (world.organizations()[0], world.credentials[0].caller());
    (world, organization, owner)
}

pub(crate) fn member() -> InvitationTerms {
    let (projects, workspaces) = (BTreeMap::new(), BTreeMap::new());
    InvitationTerms { role: OrganizationRole::Member, projects, workspaces, teams: BTreeSet::new() }
}

pub(crate) fn invite(organization: OrganizationId, address: &str, terms: InvitationTerms) -> Command {
    Command::Invite(Invite { organization, email: email(address), terms })
}

fn accept(token: &str) -> Command {
    Command::Accept { token: token.to_owned(), accepting: Accepting::New { name: display_name("Pia"), hash: hash() } }
}

#[track_caller]
pub(crate) fn written(world: &mut World, caller: &Caller, command: &Command) -> Reply {
    let bytes = world.chance.bytes();
    match world.perform(caller, command, bytes) {
        Outcome::Written(_, reply) => reply,
        other => panic!("not written: {other:?}"),
    }
}

#[track_caller]
pub(crate) fn refused(world: &mut World, caller: &Caller, command: &Command, code: &str) {
    let (before, bytes) = (world.draft.contents(), world.chance.bytes());
    let outcome = world.perform(caller, command, bytes);
    let Outcome::Refused(refusal) = outcome else { panic!("not refused: {outcome:?}") };
    assert_eq!(refusal.code(), code, "{refusal}");
    assert_eq!(world.draft.contents(), before);
}

/// Invites and accepts; who joined, with what he comes with.
pub(crate) fn joined(world: &mut World, inviter: &Caller, command: &Command) -> (PrincipalId, Caller) {
    let Reply::Invitation(sent) = written(world, inviter, command) else { panic!("no invitation") };
    let Reply::Person(person) = written(world, &Caller::Operator, &accept(sent.token.reveal())) else {
        panic!("nobody joined")
    };
    (person, *world.people.last().expect("somebody"))
}

#[test]
fn an_invitation_opens_until_the_very_instant_of_its_end() {
    let (mut world, organization, owner) = acme();
    let begun = world.now.seconds();
    let Reply::Invitation(first) = written(&mut world, &owner, &invite(organization, "pia@example.com", member()))
    else {
        panic!("no invitation")
    };
    let Reply::Invitation(last) = written(&mut world, &owner, &invite(organization, "quy@example.com", member()))
    else {
        panic!("no invitation")
    };
    world.now = moment(begun + OPEN_SECONDS as i64);
    refused(&mut world, &owner, &accept(first.token.reveal()), "invitation_not_found");
    world.now = moment(begun + OPEN_SECONDS as i64 - 1);
    written(&mut world, &owner, &accept(last.token.reveal()));
    // One that has expired gives way to a new one, and is told as withdrawn.
    world.now = moment(begun + OPEN_SECONDS as i64);
    let bytes = world.chance.bytes();
    let outcome = world.perform(&owner, &invite(organization, "pia@example.com", member()), bytes);
    let Outcome::Written(decision, _) = outcome else { panic!("{outcome:?}") };
    let names: Vec<_> = decision.events().iter().map(|event| event.name()).collect();
    assert_eq!(names, [EventName::InvitationWithdrawn, EventName::InvitationSent]);
    refused(&mut world, &owner, &accept(first.token.reveal()), "invitation_not_found");
}

/// One that has expired promises nothing any more: whoever may invite withdraws it, as he may replace it.
#[test]
fn an_expired_invitation_is_anybodys_to_withdraw_who_invites() {
    let (mut world, organization, owner) = acme();
    let admin = admin(&mut world, organization, &owner, OPEN_SECONDS + 60);
    let owning = InvitationTerms { role: OrganizationRole::Owner, ..member() };
    let Reply::Invitation(sent) = written(&mut world, &owner, &invite(organization, "pia@example.com", owning)) else {
        panic!("no invitation")
    };
    let withdraw = Command::Withdraw { organization, invitation: sent.id };
    world.now = moment(world.now.seconds() + OPEN_SECONDS as i64 - 1);
    refused(&mut world, &admin, &withdraw, "role_above_own");
    world.now = moment(world.now.seconds() + 1);
    refused(&mut world, &admin, &Command::Resend { organization, invitation: sent.id }, "role_above_own");
    written(&mut world, &admin, &withdraw);
}

/// An admin account that ends in so many seconds.
fn admin(world: &mut World, organization: OrganizationId, owner: &Caller, seconds: u64) -> Caller {
    let admin = Command::CreateServiceAccount(claviger_access::administration::service_account::CreateServiceAccount {
        organization,
        name: crate::world::account_name("admin"),
        organization_role: OrganizationRole::Admin,
        projects: BTreeMap::new(),
        workspaces: BTreeMap::new(),
        expires: claviger_access::administration::service_account::RequestedExpiry::In { seconds },
        details: Default::default(),
    });
    written(world, owner, &admin);
    world.credentials.last().expect("an admin").caller()
}

#[test]
fn an_inviter_who_has_expired_gives_nothing() {
    let (mut world, organization, owner) = acme();
    let admin = admin(&mut world, organization, &owner, 60);
    let Reply::Invitation(sent) = written(&mut world, &admin, &invite(organization, "pia@example.com", member()))
    else {
        panic!("no invitation")
    };
    world.now = moment(world.now.seconds() + 60);
    refused(&mut world, &owner, &accept(sent.token.reveal()), "invitation_void");
    let id = sent.id;
    let Reply::Invitation(anew) = written(&mut world, &owner, &Command::Resend { organization, invitation: id }) else {
        panic!("no invitation")
    };
    refused(&mut world, &owner, &accept(sent.token.reveal()), "invitation_not_found");
    written(&mut world, &owner, &accept(anew.token.reveal()));
}

#[test]
fn a_person_may_leave_and_takes_along_all_that_he_holds_there_alone() {
    let (mut world, acme, owner) = acme();
    world.found(None);
    let (other, other_owner) = (world.organizations()[1], world.credentials[1].caller());
    let (project, elsewhere) = (world.rows.projects_of(acme)[0], world.rows.projects_of(other)[0]);
    let mut terms = member();
    terms.projects.insert(project, Role::Analyst.into());
    let (person, caller) = joined(&mut world, &owner, &invite(acme, "pia@example.com", terms));
    let mut terms = member();
    terms.projects.insert(elsewhere, Role::Owner.into());
    let Reply::Invitation(sent) = written(&mut world, &other_owner, &invite(other, "pia@example.com", terms)) else {
        panic!("no invitation")
    };
    let (token, accepting) = (sent.token.reveal().to_owned(), Accepting::Known(person));
    written(&mut world, &Caller::Operator, &Command::Accept { token, accepting });
    // What he holds elsewhere is above the owner here, and none of his business.
    written(
        &mut world,
        &owner,
        &Command::ChangeOrganizationRole { organization: acme, person, role: OrganizationRole::BillingAdmin },
    );
    let bytes = world.chance.bytes();
    let outcome = world.perform(&caller, &Command::RemoveMember { organization: acme, person }, bytes);
    let Outcome::Written(decision, _) = outcome else { panic!("{outcome:?}") };
    assert_eq!(decision.events()[0].through(), Basis::Oneself);
    let left = world.rows.grants_of(person);
    assert_eq!(
        left,
        [Granted::Organization(other, OrganizationRole::Member), Granted::Project(elsewhere, Role::Owner.into())]
    );
    refused(&mut world, &caller, &Command::RemoveMember { organization: acme, person }, "organization_not_found");
    // An account belongs to its organization for good.
    let account = world.credentials[1].principal;
    refused(
        &mut world,
        &other_owner,
        &Command::RemoveMember { organization: other, person: account },
        "user_not_found",
    );
}

#[test]
fn the_last_owner_who_is_a_person_does_not_leave() {
    let (mut world, organization, owner) = acme();
    let owning = InvitationTerms { role: OrganizationRole::Owner, ..member() };
    let (pia, as_pia) = joined(&mut world, &owner, &invite(organization, "pia@example.com", owning.clone()));
    refused(&mut world, &as_pia, &Command::RemoveMember { organization, person: pia }, "last_owner");
    let lower = Command::ChangeOrganizationRole { organization, person: pia, role: OrganizationRole::Admin };
    refused(&mut world, &as_pia, &lower, "last_owner");
    let (quy, as_quy) = joined(&mut world, &as_pia, &invite(organization, "quy@example.com", owning));
    written(&mut world, &as_pia, &Command::RemoveMember { organization, person: pia });
    refused(&mut world, &as_quy, &Command::RemoveMember { organization, person: quy }, "last_owner");
    refused(&mut world, &owner, &Command::RemoveMember { organization, person: quy }, "last_owner");
    // The account that was there first is not needed any more.
    let account = world.credentials[0].principal;
    written(&mut world, &as_quy, &Command::DeleteServiceAccount { organization, account });
}

/// On a copy of the state: a person who holds all that this account does, and its teams.
fn twin_of(world: &mut World, draft: &mut Draft, account: PrincipalId) -> Caller {
    let mut ids = draft.ids();
    // So far away that no command names him by chance.
    let person = PrincipalId::new(draft.next_id() + 1_000).unwrap();
    let secret = ids.secret().unwrap();
    let organization = world.rows.principal(account).organization.expect("an account");
    let created = world.now;
    let mut granted = world.rows.grants_of(account);
    if !granted.iter().any(|granted| matches!(granted, Granted::Organization(..))) {
        granted.push(Granted::Organization(organization, OrganizationRole::Member));
    }
    let mut changes = vec![
        Change::PrincipalCreated {
            id: person,
            kind: PrincipalKind::Person,
            organization: None,
            name: "Twin".to_owned(),
            email: Some(email("twin@example.org")),
            created,
            creator: None,
        },
        Change::SecretIssued {
            id: secret,
            principal: person,
            digest: claviger_access::credential::SecretDigest::from_bytes(world.chance.bytes()),
            expires: claviger_access::Expiry::NEVER,
            created,
        },
    ];
    for granted in granted {
        let (id, holder) = (ids.grant().unwrap(), Holder::Principal(person));
        changes.push(Change::GrantGiven { id, holder, granted, created });
    }
    for id in world.rows.teams_of(account) {
        changes.push(Change::Team(claviger_access::change::TeamChange::MemberAdded {
            id,
            member: person,
            added: created,
        }));
    }
    draft.add(&changes, draft.revision().next(), Mark([9; 16]));
    Caller::Principal {
        principal: person,
        credential: claviger_access::authorize::CredentialId::Secret(secret),
        arrival: crate::world::NEARBY,
    }
}

fn told(outcome: &Result<Decided<Reply>, claviger_access::Refusal>) -> &'static str {
    match outcome {
        Ok(Decided::Write(..)) => "written",
        Ok(Decided::Nothing(_)) => "nothing to do",
        Err(refusal) => refusal.code(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    /// Whatever is asked: a person is judged as an account with the same roles and teams.
    #[test]
    fn a_person_in_a_role_is_judged_as_an_account_in_it(seed in any::<u64>(), length in 1_usize..120) {
        let mut world = World::settled(seed);
        for number in 0..length {
            let before = world.rows.clone();
            let (draft, now) = (world.image(), world.now);
            let step = world.step();
            let accounts: Vec<_> = world.credentials.iter()
                .filter(|known| before.is_there(known.principal) && known.authenticate(&draft, now).is_some())
                .cloned().collect();
            let Some(place) = (!accounts.is_empty()).then(|| world.chance.below(accounts.len())) else { continue };
            // Its own secrets are an account's alone.
            let of_its_own = match &step.command {
                Command::RotateSecret(rotate) => Some(rotate.account),
                Command::RevokeSecret { account, .. } => Some(*account),
                _ => None,
            };
            if of_its_own == Some(accounts[place].principal) { continue }
            // A second factor is a person's alone.
            let of_people = matches!(step.command, Command::EnableSecondFactor(_) | Command::RenewRecoveryCodes(_) | Command::RemoveSecondFactor);
            if of_people { continue }
            let mut draft = Draft::on(&draft);
            let after = std::mem::replace(&mut world.rows, before);
            let twin = twin_of(&mut world, &mut draft, accounts[place].principal);
            world.rows = after;
            let asked = |caller: &Caller| step.command.decide(&draft, caller, now, step.bytes);
            let (account, person) = (asked(&accounts[place].caller()), asked(&twin));
            prop_assert_eq!(told(&account), told(&person), "step {}: {:?} and {:?}", number, account, person);
        }
    }
}
