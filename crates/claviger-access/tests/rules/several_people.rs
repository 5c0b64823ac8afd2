//! Several people in one decision: it is as one decision for each, and all or nothing. And people who leave a project.

use std::collections::{BTreeMap, BTreeSet};

use claviger_access::administration::member::{AddToProjects, RemoveFromProjects, SetMemberRole};
use claviger_access::change::InvitationTerms;
use claviger_access::email::EmailAddress;
use claviger_access::event::EventName;
use claviger_access::grant::Granted;
use claviger_access::identity::{OrganizationId, PrincipalId, ProjectId};
use claviger_access::role::{OrganizationRole, ProjectRole, Role};
use claviger_access::{Basis, Caller, Decided, Draft, Refusal};
use proptest::prelude::*;

use crate::command::{Command, Reply};
use crate::people::{acme, email, invite, joined, member, refused, written};
use crate::world::{Outcome, World};

/// Random use cases.
impl World {
    pub(crate) fn any_command_on_several_people(&mut self, organization: OrganizationId) -> Command {
        let project = self.any_project(organization);
        let projects = BTreeSet::from([project, self.any_project(organization)]);
        match self.chance.below(4) {
            0 => {
                let people = (0..1 + self.chance.below(2)).map(|_| self.any_members_email(organization)).collect();
                Command::RemoveMembersAddressed { organization, people }
            }
            1 | 2 => {
                let people = |world: &mut Self, project| {
                    let some = 1 + world.chance.below(2);
                    (0..some).map(|_| (world.any_members_email(organization), world.any_role(project))).collect()
                };
                let projects = projects.into_iter().map(|project| (project, people(self, project))).collect();
                Command::AddPeopleToProjects(AddToProjects { organization, projects })
            }
            _ => {
                let people = |world: &mut Self| {
                    (0..1 + world.chance.below(2)).map(|_| world.any_members_email(organization)).collect()
                };
                let projects = projects.into_iter().map(|project| (project, people(self))).collect();
                Command::RemovePeopleFromProjects(RemoveFromProjects { organization, projects })
            }
        }
    }

    /// Mostly of a member; at times of somebody elsewhere, or of nobody.
    fn any_members_email(&mut self, organization: OrganizationId) -> EmailAddress {
        let people = self.rows.principals.iter().filter(|row| row.deleted.is_none());
        let members = people.filter(|row| self.rows.organization_role(row.id, organization).is_some());
        let known: Vec<EmailAddress> = members.filter_map(|row| row.email.clone()).collect();
        let place = (0..known.len()).collect::<Vec<_>>();
        let any = self.any_email();
        self.chance.one_of(&place).filter(|_| !self.chance.one_in(8)).map_or(any, |place| known[place].clone())
    }

    /// Whoever loses a role by a command, half of the time.
    pub(crate) fn who_leaves(&mut self, command: &Command) -> Option<Caller> {
        let person = match command {
            Command::SetMemberRole(SetMemberRole { role: None, member, .. }) => *member,
            Command::RemoveMembersAddressed { people, .. } => self.rows.person_with(people.first()?)?,
            Command::RemovePeopleFromProjects(remove) => {
                self.rows.person_with(remove.projects.values().next()?.first()?)?
            }
            _ => return None,
        };
        let own: Vec<Caller> = self.people.iter().copied().filter(|caller| is(caller, person)).collect();
        self.chance.one_of(&own).filter(|_| self.chance.one_in(2))
    }
}

fn is(caller: &Caller, person: PrincipalId) -> bool {
    matches!(caller, Caller::Principal { principal, .. } if *principal == person)
}

/// What one decision for several says, as one decision for each of them.
fn one_by_one(world: &World, command: &Command) -> Vec<Command> {
    // Nobody has that number.
    let nobody = PrincipalId::new(world.rows.next_id + 9_000).unwrap();
    let person = |email: &EmailAddress| world.rows.person_with(email).unwrap_or(nobody);
    let set = |project: &ProjectId, email: &EmailAddress, role| {
        Command::SetMemberRole(SetMemberRole { project: *project, workspace: None, member: person(email), role })
    };
    match command {
        Command::RemoveMembersAddressed { organization, people } => {
            let one = |email| Command::RemoveMember { organization: *organization, person: person(email) };
            people.iter().map(one).collect()
        }
        Command::AddPeopleToProjects(add) => {
            let one = |(project, people): (_, &BTreeMap<EmailAddress, ProjectRole>)| -> Vec<Command> {
                people.iter().map(|(email, role)| set(project, email, Some(*role))).collect()
            };
            add.projects.iter().flat_map(one).collect()
        }
        Command::RemovePeopleFromProjects(remove) => {
            let one = |(project, people): (_, &BTreeSet<EmailAddress>)| -> Vec<Command> {
                people.iter().map(|email| set(project, email, None)).collect()
            };
            remove.projects.iter().flat_map(one).collect()
        }
        _ => panic!("not for several"),
    }
}

/// Whether each of these is in the organization that the command names: one decision for each does not ask.
fn is_within(world: &World, command: &Command) -> bool {
    let of = |organization, projects: Vec<ProjectId>| {
        projects.iter().all(|project| world.rows.organization_of(*project) == Some(organization))
    };
    match command {
        Command::AddPeopleToProjects(add) => of(add.organization, add.projects.keys().copied().collect()),
        Command::RemovePeopleFromProjects(remove) => of(remove.organization, remove.projects.keys().copied().collect()),
        _ => true,
    }
}

/// Whom a command names.
fn people_of(command: &Command) -> BTreeSet<EmailAddress> {
    match command {
        Command::RemoveMembersAddressed { people, .. } => people.clone(),
        Command::AddPeopleToProjects(add) => add.projects.values().flat_map(|people| people.keys().cloned()).collect(),
        Command::RemovePeopleFromProjects(remove) => remove.projects.values().flatten().cloned().collect(),
        _ => BTreeSet::new(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    /// Refused if any of them is, the last owner's removal included; else what they do together, and as many events.
    #[test]
    fn several_people_are_decided_as_one_by_one_and_all_or_none(seed in any::<u64>(), length in 1_usize..120) {
        let mut world = World::settled(seed);
        for number in 0..length {
            world.step();
            let organization = world.chance.one_of(&world.organizations()).unwrap();
            let command = world.any_command_on_several_people(organization);
            let leaving = world.who_leaves(&command);
            let caller = leaving.unwrap_or_else(|| world.any_caller(organization));
            // Whoever changes himself is another at the second decision of several.
            let himself = people_of(&command).iter().any(|email| {
                world.rows.person_with(email).is_some_and(|person| is(&caller, person))
            });
            let (image, now) = (world.image(), world.now);
            let (revision, mark, bytes) = (image.revision(), image.mark(), world.bytes());
            let together = command.decide(&Draft::on(&image), &caller, now, bytes);
            let (mut draft, mut events, mut refusal) = (Draft::on(&image), Vec::new(), None::<Refusal>);
            for one in one_by_one(&world, &command) {
                let on = if himself { Draft::on(&image) } else { Draft::on(&draft) };
                match one.decide(&on, &caller, now, bytes) {
                    Ok(Decided::Write(decision, _)) => {
                        events.extend(decision.events().iter().map(|event| (event.name(), event.target(), event.through())));
                        draft.add(decision.changes(), revision, mark);
                    }
                    Ok(Decided::Nothing(_)) => {}
                    Err(refused) => refusal = refusal.or(Some(refused)),
                }
            }
            match together {
                Err(refused) => {
                    let expected = refusal.is_some() || !is_within(&world, &command);
                    let is_of_all = himself && refused.code() == "last_owner";
                    prop_assert!(expected || is_of_all, "step {}: {}", number, refused);
                }
                Ok(decided) => {
                    prop_assert!(refusal.is_none(), "step {}: {:?}", number, refusal);
                    prop_assert!(is_within(&world, &command), "step {}: {:?}", number, decided);
                    let Decided::Write(decision, _) = decided else {
                        prop_assert!(events.is_empty(), "step {}: {:?}", number, events);
                        continue;
                    };
                    let told: Vec<_> =
                        decision.events().iter().map(|event| (event.name(), event.target(), event.through())).collect();
                    prop_assert_eq!(told, events, "step {}", number);
                    if himself { continue }
                    let mut after = Draft::on(&image);
                    after.add(decision.changes(), revision, mark);
                    prop_assert_eq!(after.contents(), draft.contents(), "step {}", number);
                }
            }
        }
    }
}

fn owning() -> InvitationTerms {
    InvitationTerms { role: OrganizationRole::Owner, ..member() }
}

fn emails(names: &[&str]) -> BTreeSet<EmailAddress> {
    names.iter().map(|name| email(&format!("{name}@example.com"))).collect()
}

#[test]
fn the_last_owners_are_not_removed_together_nor_one_of_them_alone() {
    let (mut world, organization, owner) = acme();
    let (pia, as_pia) = joined(&mut world, &owner, &invite(organization, "pia@example.com", owning()));
    let (quy, _) = joined(&mut world, &owner, &invite(organization, "quy@example.com", owning()));
    joined(&mut world, &owner, &invite(organization, "rio@example.com", member()));
    let remove = |names: &[&str]| Command::RemoveMembersAddressed { organization, people: emails(names) };
    for caller in [as_pia, owner, Caller::Operator] {
        refused(&mut world, &caller, &remove(&["pia", "quy"]), "last_owner");
        refused(&mut world, &caller, &remove(&["pia", "quy", "rio"]), "last_owner");
    }
    let bytes = world.chance.bytes();
    let Outcome::Refused(refusal) = world.perform(&owner, &remove(&["pia", "quy"]), bytes) else { panic!("done") };
    let told = format!("users {pia}, {quy} are the last owners of organization {organization}");
    assert!(refusal.to_string().starts_with(&told), "{refusal}");
    written(&mut world, &as_pia, &remove(&["pia", "rio"]));
    refused(&mut world, &owner, &remove(&["quy"]), "last_owner");
}

#[test]
fn who_is_not_a_member_is_told_the_same_wherever_he_is() {
    let (mut world, here, owner) = acme();
    world.found(None);
    let (there, other_owner) = (world.organizations()[1], world.credentials[1].caller());
    joined(&mut world, &other_owner, &invite(there, "zoe@example.com", member()));
    let (_, as_pia) = joined(&mut world, &owner, &invite(here, "pia@example.com", member()));
    let project = world.rows.projects_of(here)[0];
    let role: ProjectRole = Role::Consumer.into();
    let commands = |name: &str| {
        let people = emails(&["pia", name]);
        let roles = people.iter().map(|email| (email.clone(), role)).collect();
        let (with, of) = (BTreeMap::from([(project, roles)]), BTreeMap::from([(project, people.clone())]));
        [
            Command::AddPeopleToProjects(AddToProjects { organization: here, projects: with }),
            Command::RemovePeopleFromProjects(RemoveFromProjects { organization: here, projects: of }),
            Command::RemoveMembersAddressed { organization: here, people },
        ]
    };
    for (elsewhere, nobody) in commands("zoe").iter().zip(&commands("nobody")) {
        let bytes = world.chance.bytes();
        let told = [elsewhere, nobody].map(|command| match world.perform(&owner, command, bytes) {
            Outcome::Refused(refusal) => refusal,
            other => panic!("not refused: {other:?}"),
        });
        assert_eq!(told[0], Refusal::NoMemberOfThatAddress { organization: here });
        assert_eq!(told[0], told[1]);
        // Who manages nobody is told that, whomever he names beside himself.
        for command in [elsewhere, nobody] {
            refused(&mut world, &as_pia, command, "permission_missing");
        }
    }
}

/// A world with a person who holds roles in a project, on a workspace of it and in another project.
fn pia_in_two_projects() -> (World, OrganizationId, Caller, (PrincipalId, Caller), [ProjectId; 2]) {
    let (mut world, organization, owner) = acme();
    let create = |name: &str| {
        Command::CreateProjects(claviger_access::administration::project::CreateProjects {
            organization,
            projects: vec![claviger_access::administration::project::NewProject {
                name: crate::world::display_name(name),
                timezone: Default::default(),
                slug: None,
            }],
        })
    };
    let Reply::Project(other) = written(&mut world, &owner, &create("Books")) else { panic!("no project") };
    let project = world.rows.projects_of(organization)[0];
    let mut terms = member();
    terms.projects = BTreeMap::from([(project, Role::Analyst.into()), (other, Role::Analyst.into())]);
    terms.workspaces.insert(world.rows.workspaces_of(project)[0], Role::Owner.into());
    let pia = joined(&mut world, &owner, &invite(organization, "pia@example.com", terms));
    (world, organization, owner, pia, [project, other])
}

fn take(project: ProjectId, member: PrincipalId) -> Command {
    Command::SetMemberRole(SetMemberRole { project, workspace: None, member, role: None })
}

#[test]
fn a_person_may_leave_a_project_and_keeps_the_rest() {
    let (mut world, organization, owner, (pia, as_pia), [project, other]) = pia_in_two_projects();
    let bytes = world.chance.bytes();
    let outcome = world.perform(&as_pia, &take(project, pia), bytes);
    let Outcome::Written(decision, _) = outcome else { panic!("{outcome:?}") };
    let told: Vec<_> = decision.events().iter().map(|event| (event.name(), event.through())).collect();
    let expected = [EventName::ProjectUserRemoved, EventName::WorkspaceUserRemoved].map(|name| (name, Basis::Oneself));
    assert_eq!(BTreeSet::from_iter(told.iter().map(|told| told.0)), BTreeSet::from(expected.map(|told| told.0)));
    assert!(told.iter().all(|told| told.1 == Basis::Oneself));
    let left =
        [Granted::Organization(organization, OrganizationRole::Member), Granted::Project(other, Role::Analyst.into())];
    assert_eq!(world.rows.grants_of(pia), left);
    // Once more is nothing to do; it is not hers to give, and not hers to take from others.
    let bytes = world.chance.bytes();
    assert!(matches!(world.perform(&as_pia, &take(project, pia), bytes), Outcome::Nothing));
    let back = SetMemberRole { project, workspace: None, member: pia, role: Some(Role::Consumer.into()) };
    refused(&mut world, &as_pia, &Command::SetMemberRole(back), "permission_missing");
    let (quy, _) = joined(&mut world, &owner, &invite(organization, "quy@example.com", member()));
    refused(&mut world, &as_pia, &take(other, quy), "permission_missing");
}

#[test]
fn who_leaves_a_project_keeps_what_reaches_him_otherwise() {
    let (mut world, _, owner, (pia, as_pia), [project, _]) = pia_in_two_projects();
    written(&mut world, &owner, &Command::SetDefaultAccess { project, role: Some(Role::Consumer.into()) });
    written(&mut world, &as_pia, &take(project, pia));
    assert_eq!(world.rows.project_role(pia, project), Some(Role::Consumer.into()));
}

/// A manager gives up a role on a workspace that is above what he holds on its project.
#[test]
fn who_manages_a_project_leaves_it_as_others_do() {
    let (mut world, organization, owner, (pia, as_pia), [project, other]) = pia_in_two_projects();
    let set = |role| Command::SetMemberRole(SetMemberRole { project, workspace: None, member: pia, role: Some(role) });
    written(&mut world, &owner, &set(Role::Admin.into()));
    let projects = BTreeMap::from([(project, emails(&["pia"])), (other, emails(&["pia"]))]);
    let leave = Command::RemovePeopleFromProjects(RemoveFromProjects { organization, projects });
    let bytes = world.chance.bytes();
    let outcome = world.perform(&as_pia, &leave, bytes);
    let Outcome::Written(decision, _) = outcome else { panic!("{outcome:?}") };
    let own = decision.events().iter().filter(|event| event.through() == Basis::Oneself).count();
    assert_eq!((decision.events().len(), own), (3, 1), "one of the projects is hers to manage");
    assert_eq!(world.rows.grants_of(pia), [Granted::Organization(organization, OrganizationRole::Member)]);
}

#[test]
fn nobody_leaves_a_project_of_an_organization_that_is_not_his() {
    let (mut world, _, _, (pia, as_pia), _) = pia_in_two_projects();
    world.found(None);
    let elsewhere = world.rows.projects_of(world.organizations()[1])[0];
    refused(&mut world, &as_pia, &take(elsewhere, pia), "project_not_found");
    // An account is taken off by those who manage accounts.
    let account = world.credentials[1].clone();
    let bytes = world.chance.bytes();
    let outcome = world.perform(&account.caller(), &take(elsewhere, account.principal), bytes);
    assert!(matches!(outcome, Outcome::Refused(Refusal::NoSuchMember { .. })), "{outcome:?}");
}
