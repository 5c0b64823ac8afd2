//! The first owner who is a person: set-up links in random histories, and their rules one by one.

use claviger_access::administration::set_up::{FirstOwner, OPEN_SECONDS, is_due};
use claviger_access::event::EventName;
use claviger_access::grant::Granted;
use claviger_access::identity::{OrganizationId, PrincipalId};
use claviger_access::role::OrganizationRole;
use claviger_access::{Basis, Caller};

use crate::command::{Command, Reply};
use crate::people::{acme, email, hash, refused, written};
use crate::world::{Outcome, World, display_name};

/// Random use cases.
impl World {
    /// Mostly the last token, for an address that is seldom taken.
    pub(crate) fn set_up_any(&mut self) -> Command {
        let last = self.set_up_tokens.last().cloned().unwrap_or_default();
        let any = self.chance.one_of(&(0..self.set_up_tokens.len()).collect::<Vec<_>>());
        let any = any.map_or_else(String::new, |place| self.set_up_tokens[place].clone());
        let token = if self.chance.one_in(3) { any } else { last };
        let address = if self.chance.one_in(3) {
            self.any_email()
        } else {
            email(&format!("owner-{}@example.com", self.rows.next_id))
        };
        Command::SetUp { token, owner: FirstOwner { name: display_name("Somebody"), email: address, hash: hash() } }
    }

    /// What is about oneself is asked by a person, and links are made on the host; mostly.
    pub(crate) fn who_is_meant(&mut self, command: &Command) -> Option<Caller> {
        let meant = match command {
            Command::MakeSetUpLink(_) => Some(Caller::Operator),
            Command::EndOthers | Command::ChangePassword(_) | Command::Renew => self.chance.one_of(&self.people),
            _ => None,
        };
        meant.filter(|_| !self.chance.one_in(6))
    }
}

fn makes_link(world: &mut World, organization: OrganizationId) -> String {
    match written(world, &Caller::Operator, &Command::MakeSetUpLink(organization)) {
        Reply::SetUpLink(token) => token.reveal().to_owned(),
        other => panic!("{other:?}"),
    }
}

fn set_up(token: &str, address: &str) -> Command {
    let owner = FirstOwner { name: display_name("Pia"), email: email(address), hash: hash() };
    Command::SetUp { token: token.to_owned(), owner }
}

fn owner(world: &World, organization: OrganizationId) -> Option<PrincipalId> {
    world.rows.people_who_own(organization).first().copied()
}

#[test]
fn a_link_makes_one_owner_once() {
    let (mut world, organization, ..) = acme();
    assert_eq!(is_due(&world.draft), Some(organization));
    let token = makes_link(&mut world, organization);
    let bytes = world.chance.bytes();
    let outcome = world.perform(&Caller::Operator, &set_up(&token, "pia@example.com"), bytes);
    let Outcome::Written(decision, Reply::Person(pia)) = &outcome else { panic!("{outcome:?}") };
    assert_eq!(owner(&world, organization), Some(*pia));
    let told: Vec<_> = decision.events().iter().map(|event| (event.name(), event.through())).collect();
    let link = Basis::OneTimeLink;
    assert_eq!(told, [(EventName::SetUpLinkUsed, link), (EventName::OrganizationUserAdded, link)]);
    assert_eq!(is_due(&world.draft), None);
    refused(&mut world, &Caller::Operator, &set_up(&token, "mallory@example.com"), "set_up_link_not_found");
    refused(&mut world, &Caller::Operator, &Command::MakeSetUpLink(organization), "owned_by_person");
}

#[test]
fn a_link_opens_for_an_hour_and_until_there_is_a_newer_one() {
    let (mut world, organization, ..) = acme();
    let first = makes_link(&mut world, organization);
    let second = makes_link(&mut world, organization);
    refused(&mut world, &Caller::Operator, &set_up(&first, "pia@example.com"), "set_up_link_not_found");
    let made = world.now;
    world.now = made.plus_seconds(OPEN_SECONDS).unwrap();
    refused(&mut world, &Caller::Operator, &set_up(&second, "pia@example.com"), "set_up_link_not_found");
    world.now = made.plus_seconds(OPEN_SECONDS - 1).unwrap();
    written(&mut world, &Caller::Operator, &set_up(&second, "pia@example.com"));
}

/// of another organization, bent, of another kind: nothing
#[test]
fn no_other_token_opens() {
    let (mut world, organization, ..) = acme();
    world.found(None);
    let other = world.organizations()[1];
    let (token, others) = (makes_link(&mut world, organization), makes_link(&mut world, other));
    let swapped = format!("{}_{}", token.rsplit_once('_').unwrap().0, others.rsplit_once('_').unwrap().1);
    for bent in [swapped, token.replace("cvu_", "cvi_"), token[..token.len() - 1].to_owned(), String::new()] {
        refused(&mut world, &Caller::Operator, &set_up(&bent, "pia@example.com"), "set_up_link_not_found");
    }
    written(&mut world, &Caller::Operator, &set_up(&token, "pia@example.com"));
    assert_eq!(owner(&world, other), None);
}

/// somebody became owner by an invitation meanwhile
#[test]
fn a_link_that_is_not_needed_any_more_opens_nothing() {
    let (mut world, organization, ..) = acme();
    let token = makes_link(&mut world, organization);
    world.person(&[Granted::Organization(organization, OrganizationRole::Admin)]);
    assert_eq!(is_due(&world.draft), Some(organization), "an admin is no owner");
    world.person(&[Granted::Organization(organization, OrganizationRole::Owner)]);
    refused(&mut world, &Caller::Operator, &set_up(&token, "mallory@example.com"), "set_up_link_not_found");
}

/// an address is one person's, whatever he is; with another one the link still opens
#[test]
fn an_address_that_is_taken_does_not_use_the_link_up() {
    let (mut world, organization, ..) = acme();
    let token = makes_link(&mut world, organization);
    let Caller::Principal { principal, .. } = world.person(&[]) else { panic!("a person") };
    let taken = format!("person-{principal}@example.com");
    refused(&mut world, &Caller::Operator, &set_up(&token, &taken), "email_taken");
    written(&mut world, &Caller::Operator, &set_up(&token, "pia@example.com"));
}

#[test]
fn only_whoever_is_on_the_host_makes_a_link() {
    let (mut world, organization, as_owner) = acme();
    let person = world.person(&[Granted::Organization(organization, OrganizationRole::Admin)]);
    for caller in [as_owner, person] {
        let bytes = world.chance.bytes();
        let outcome = world.perform(&caller, &Command::MakeSetUpLink(organization), bytes);
        assert!(matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
    }
    let nowhere = OrganizationId::new(world.rows.next_id + 7).unwrap();
    refused(&mut world, &Caller::Operator, &Command::MakeSetUpLink(nowhere), "organization_not_found");
}
