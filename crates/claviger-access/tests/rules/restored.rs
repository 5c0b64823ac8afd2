//! What was issued before a store went back in time, once it is suspended.

use claviger_access::administration::restored::{self, Revoked};
use claviger_access::expiry::Moment;
use claviger_access::grant::Granted;
use claviger_access::identity::{OrganizationId, PrincipalId};
use claviger_access::password::PasswordHash;
use claviger_access::random_bytes::RandomBytes;
use claviger_access::role::OrganizationRole;
use claviger_access::{Caller, Decided};

use crate::command::{Command, Reply};
use crate::people::{acme, invite, member, refused, written};
use crate::world::{Outcome, World};

fn suspend(world: &mut World, organization: OrganizationId) {
    let revoked = Revoked::IsSuspended { password: PasswordHash::from_phc("of nobody".to_owned()) };
    let random = RandomBytes::new(world.bytes());
    let decided = restored::accept(&world.draft, &Caller::Operator, organization, &revoked, world.now, random);
    let Ok(Decided::Write(decision, ())) = decided else { panic!("not decided: {decided:?}") };
    world.write(decision.changes());
    let accounts = restored::accounts_to_suspend(&world.draft, organization);
    let decided = restored::suspend_accounts(&world.draft, &Caller::Operator, organization, &accounts);
    let Ok(Decided::Write(decision, ())) = decided else { panic!("not decided: {decided:?}") };
    assert_eq!(decision.events().len(), accounts.len(), "each is told of");
    world.write(decision.changes());
    let (revision, mark) = world.revision();
    let loaded = world.rows.load(9, 0, revision, mark);
    assert!(loaded.contents() == world.draft.contents(), "what is written is what is applied");
}

fn person(caller: &Caller) -> PrincipalId {
    match caller {
        Caller::Principal { principal, .. } => *principal,
        Caller::Operator => panic!("nobody"),
    }
}

#[test]
fn nobody_who_is_back_lets_himself_in() {
    let (mut world, organization, account) = acme();
    let owner = world.person(&[Granted::Organization(organization, OrganizationRole::Owner)]);
    let back = world.person(&[Granted::Organization(organization, OrganizationRole::Owner)]);
    let Reply::Invitation(open) = written(&mut world, &owner, &invite(organization, "bob@example.com", member()))
    else {
        panic!("no invitation")
    };
    let Reply::Link(known) = written(&mut world, &Caller::Operator, &Command::RecoverPassword(person(&back))) else {
        panic!("no link")
    };
    suspend(&mut world, organization);

    for caller in [account, owner, back] {
        let revoking = Command::MakeReset { organization, person: person(&back) };
        refused(&mut world, &caller, &revoking, "not_authenticated");
    }
    let accept = Command::ChooseAnother { token: known.token.reveal().to_owned() };
    refused(&mut world, &Caller::Operator, &accept, "reset_not_found");
    assert!(world.draft.organization(organization).expect("there").invitations.is_empty());
    assert!(!open.token.reveal().is_empty());
    // A stranger's asking makes no letter, however long after.
    let bytes = world.chance.bytes();
    world.now = Moment::from_seconds(world.now.seconds() + 10 * 365 * 86_400).expect("a time");
    let asked = world.perform(&Caller::Operator, &Command::AskForReset(person(&back)), bytes);
    assert!(matches!(asked, Outcome::Nothing), "{asked:?}");
    // Somebody on the host hands one over.
    let Reply::Link(handed) = written(&mut world, &Caller::Operator, &Command::RecoverPassword(person(&owner))) else {
        panic!("no link")
    };
    written(&mut world, &Caller::Operator, &Command::ChooseAnother { token: handed.token.reveal().to_owned() });
}
