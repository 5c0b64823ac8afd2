//! Who looks after an account, as people and teams come and go.

use std::collections::BTreeMap;

use claviger_access::administration::service_account::{ChangeServiceAccount, CreateServiceAccount, RequestedExpiry};
use claviger_access::administration::team::CreateTeams;
use claviger_access::event::EventName;
use claviger_access::grant::{Granted, Holder};
use claviger_access::identity::{OrganizationId, PrincipalId};
use claviger_access::ownership::{AccountDetails, KnownOwner, Owner, OwnerId, owner_of};
use claviger_access::role::OrganizationRole;
use claviger_access::{Caller, Change, Event};
use proptest::prelude::*;

use crate::command::Command;
use crate::rows::Rows;
use crate::world::{Outcome, World, account_name, display_name};

fn create(organization: OrganizationId, details: AccountDetails) -> Command {
    Command::CreateServiceAccount(CreateServiceAccount {
        organization,
        name: account_name("export"),
        organization_role: OrganizationRole::Member,
        projects: BTreeMap::new(),
        workspaces: BTreeMap::new(),
        expires: RequestedExpiry::Never,
        details,
    })
}

fn hand_over(organization: OrganizationId, account: PrincipalId, owner: Owner) -> Command {
    Command::ChangeServiceAccount(ChangeServiceAccount {
        organization,
        account,
        organization_role: None,
        expires: None,
        disabled: None,
        protected: None,
        owner: Some(owner),
        description: None,
        labels: None,
    })
}

/// The account that was made by this caller, with whom it tells as its owner.
fn made(world: &mut World, caller: &Caller, command: &Command) -> (PrincipalId, Option<KnownOwner>) {
    let bytes = world.chance.bytes();
    match world.perform(caller, command, bytes) {
        Outcome::Written(_, reply) => {
            let account = reply.account().expect("an account");
            (account.id, account.owner.clone())
        }
        other => panic!("not made: {other:?}"),
    }
}

fn id_of(caller: &Caller) -> PrincipalId {
    match caller {
        Caller::Principal { principal, .. } => *principal,
        Caller::Operator => panic!("the operator is nobody"),
    }
}

fn owner(world: &World, organization: OrganizationId, account: PrincipalId, creator: &Caller) -> Option<OwnerId> {
    let owner = world.draft.account_details(account).map_or(Owner::Creator, |details| details.owner);
    owner_of(&world.draft, organization, owner, Some(id_of(creator))).map(|known| known.id)
}

#[test]
fn an_account_is_its_creators_until_he_leaves_and_is_handed_over_then() {
    let mut world = World::settled(3);
    let organization = world.organizations()[0];
    let granted = |role| [Granted::Organization(organization, role)];
    let (boss, maker) =
        (world.person(&granted(OrganizationRole::Owner)), world.person(&granted(OrganizationRole::Admin)));
    let (account, told) = made(&mut world, &maker, &create(organization, AccountDetails::default()));
    let of_maker = Some(OwnerId::Person(id_of(&maker)));
    assert_eq!(told.map(|known| known.id), of_maker);
    assert_eq!(owner(&world, organization, account, &maker), of_maker);
    assert_eq!(world.draft.account_details(account), None, "nothing is held of what is the usual");
    world.write(&[Change::PrincipalDeleted { id: id_of(&maker), deleted: world.now }]);
    assert_eq!(owner(&world, organization, account, &maker), None, "it goes on, ownerless");
    assert!(world.draft.service_account(organization, account).is_some());
    let bytes = world.chance.bytes();
    let to_boss = hand_over(organization, account, Owner::Chosen(OwnerId::Person(id_of(&boss))));
    let Outcome::Written(decision, _) = world.perform(&boss, &to_boss, bytes) else { panic!("not handed over") };
    assert_eq!(decision.events().iter().map(Event::name).collect::<Vec<_>>(), [EventName::ServiceAccountOwnerChanged]);
    assert_eq!(owner(&world, organization, account, &maker), Some(OwnerId::Person(id_of(&boss))));
    assert!(matches!(world.perform(&boss, &to_boss, bytes), Outcome::Nothing));
    // Who loses his membership alone is no owner either, and nothing is rewritten.
    let grant = world.rows.grants.iter().find(|row| row.holder == Holder::Principal(id_of(&boss))).expect("a grant").id;
    let other = world.person(&granted(OrganizationRole::Owner));
    world.write(&[Change::GrantTaken { id: grant, holder: Holder::Principal(id_of(&boss)) }]);
    assert_eq!(owner(&world, organization, account, &maker), None);
    assert!(world.draft.account_details(account).is_some());
    let refused = world.perform(&other, &to_boss, bytes);
    assert!(matches!(refused, Outcome::Refused(ref refusal) if refusal.code() == "user_not_found"), "{refused:?}");
}

#[test]
fn a_service_accounts_account_has_no_owner_unless_one_is_named() {
    let mut world = World::settled(4);
    let organization = world.organizations()[0];
    let maker = world.credentials[0].caller();
    let (account, told) = made(&mut world, &maker, &create(organization, AccountDetails::default()));
    assert_eq!((told, owner(&world, organization, account, &maker)), (None, None));
    let teams = Command::CreateTeams(CreateTeams { organization, names: vec![display_name("Keepers")] });
    let bytes = world.chance.bytes();
    assert!(matches!(world.perform(&maker, &teams, bytes), Outcome::Written(..)));
    let team = world.rows.teams.last().expect("a team").id;
    let owner_named = AccountDetails { owner: Owner::Chosen(OwnerId::Team(team)), ..AccountDetails::default() };
    let (_, told) = made(&mut world, &maker, &create(organization, owner_named.clone()));
    assert_eq!(told, Some(KnownOwner { id: OwnerId::Team(team), name: "Keepers".to_owned() }));
    let elsewhere = world.organizations()[1];
    let refused = world.perform(&Caller::Operator, &create(elsewhere, owner_named), bytes);
    assert!(matches!(refused, Outcome::Refused(ref refusal) if refusal.code() == "team_not_found"), "{refused:?}");
}

/// The same from the rows, by hand.
fn owner_in_rows(
    rows: &Rows,
    organization: OrganizationId,
    owner: Owner,
    creator: Option<PrincipalId>,
) -> Option<OwnerId> {
    let person = match owner {
        Owner::Nobody => return None,
        Owner::Chosen(OwnerId::Team(team)) => {
            let there = rows.teams.iter().any(|row| row.id == team && row.organization == organization);
            return there.then_some(OwnerId::Team(team));
        }
        Owner::Chosen(OwnerId::Person(person)) => person,
        Owner::Creator => creator?,
    };
    let row = rows.principals.iter().find(|row| row.id == person)?;
    let is_person = row.kind == claviger_access::identity::PrincipalKind::Person && row.deleted.is_none();
    let member = |granted: &Granted| matches!(granted, Granted::Organization(on, _) if *on == organization);
    (is_person && rows.grants_of(person).iter().any(member)).then_some(OwnerId::Person(person))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn who_looks_after_an_account_is_who_the_rows_say(seed in any::<u64>(), length in 1_usize..200) {
        let mut world = World::settled(seed);
        for number in 0..length {
            world.step();
            let creators: Vec<PrincipalId> = world.rows.principals.iter().map(|row| row.id).collect();
            for account in world.rows.principals.iter().filter(|row| row.deleted.is_none()) {
                let Some(organization) = account.organization else { continue };
                let said = world.rows.details.iter().find(|(of, _)| *of == account.id).map(|(_, details)| details.owner);
                let held = world.draft.account_details(account.id).map(|details| details.owner);
                prop_assert_eq!(held.unwrap_or_default(), said.unwrap_or_default(), "step {}", number);
                let creator = Some(creators[account.id.number() as usize % creators.len()]);
                let known = owner_of(&world.draft, organization, held.unwrap_or_default(), creator).map(|known| known.id);
                let expected = owner_in_rows(&world.rows, organization, said.unwrap_or_default(), creator);
                prop_assert_eq!(known, expected, "step {}", number);
            }
        }
    }
}
