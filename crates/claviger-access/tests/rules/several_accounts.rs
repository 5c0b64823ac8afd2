//! Several service accounts deleted in one decision: as one decision for each, and all or nothing. And what somebody may
//! give, as forms ask for it, against what is refused.

use std::collections::{BTreeMap, BTreeSet};

use claviger_access::administration::giving::Giving;
use claviger_access::administration::service_account::{AddToProjects, DELETED_AT_ONCE_MAX, DeleteServiceAccounts};
use claviger_access::event::EventName;
use claviger_access::identity::{OrganizationId, PrincipalId};
use claviger_access::role::{ProjectRole, Role};
use claviger_access::{Caller, Refusal};
use proptest::prelude::*;

use crate::command::Command;
use crate::world::{Outcome, World};

fn several(organization: OrganizationId, accounts: &BTreeSet<PrincipalId>) -> Command {
    Command::DeleteServiceAccounts { organization, accounts: accounts.clone() }
}

/// What deleting them one after the other says, on a world of its own: the codes of the refusals.
fn one_by_one(
    seed: u64,
    length: usize,
    caller: &Caller,
    organization: OrganizationId,
    accounts: &BTreeSet<PrincipalId>,
) -> (World, Vec<&'static str>) {
    let mut world = World::settled(seed);
    (0..length).for_each(|_| drop(world.step()));
    let mut codes = Vec::new();
    for account in accounts {
        let command = Command::DeleteServiceAccount { organization, account: *account };
        if let Outcome::Refused(refusal) = world.perform(caller, &command, [7; 96]) {
            codes.push(refusal.code());
        }
    }
    (world, codes)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(96) })]

    /// Refused if any of them is; else what one after the other does, with as many events.
    #[test]
    fn several_accounts_are_deleted_as_one_by_one_and_all_or_none(seed in any::<u64>(), length in 1_usize..60) {
        let mut world = World::settled(seed);
        (0..length).for_each(|_| drop(world.step()));
        let organization = world.chance.one_of(&world.organizations()).unwrap();
        let accounts: BTreeSet<PrincipalId> =
            (0..1 + world.chance.below(3)).map(|_| world.any_account(organization)).collect();
        let caller = world.any_caller(organization);
        // Whoever deletes himself is nobody at the next of several.
        let is_among = matches!(caller, Caller::Principal { principal, .. } if accounts.contains(&principal));
        prop_assume!(!is_among);
        let before = world.draft.contents();
        let outcome = world.perform(&caller, &several(organization, &accounts), [7; 96]);
        let (after, codes) = one_by_one(seed, length, &caller, organization, &accounts);
        match outcome {
            Outcome::Written(decision, _) => {
                prop_assert_eq!(&codes, &Vec::<&str>::new());
                let deleted = decision.events().iter().filter(|event| event.name() == EventName::ServiceAccountDeleted);
                prop_assert_eq!(deleted.count(), accounts.len());
                prop_assert_eq!(decision.events().len(), accounts.len());
                for account in accounts {
                    prop_assert!(world.draft.service_account(organization, account).is_none());
                    prop_assert!(after.draft.service_account(organization, account).is_none());
                }
            }
            Outcome::Refused(refusal) => {
                prop_assert!(codes.contains(&refusal.code()), "{} is not among {:?}", refusal, codes);
                prop_assert_eq!(world.draft.contents(), before);
            }
            Outcome::Nothing => prop_assert!(false, "some accounts were named"),
        }
    }

    /// What is offered is given, and what is not offered is refused, whoever asks.
    #[test]
    fn what_is_offered_is_what_may_be_given(seed in any::<u64>(), length in 1_usize..60) {
        let mut world = World::settled(seed);
        (0..length).for_each(|_| drop(world.step()));
        let organization = world.chance.one_of(&world.organizations()).unwrap();
        let caller = world.any_caller(organization);
        let project = world.any_project(organization);
        let roles: BTreeSet<ProjectRole> =
            Role::ALL.into_iter().map(ProjectRole::BuiltIn).chain([world.any_role(project)]).collect();
        let image = world.image();
        let giving = Giving::new(&image, &caller, organization);
        let offered = giving.in_project(project);
        for role in roles {
            let projects = BTreeMap::from([(project, role)]);
            let command = Command::AddToProjects(AddToProjects { organization, projects, accounts: BTreeSet::new() });
            match world.perform(&caller, &command, [7; 96]) {
                Outcome::Refused(Refusal::RoleAboveOwn { .. } | Refusal::NoSuchRole { .. }) => {
                    prop_assert!(!offered.contains(&role) && !giving.may_give(project, role), "{:?}", role);
                }
                // Who may not manage accounts there is refused for that.
                Outcome::Refused(_) => {}
                _ => prop_assert!(offered.contains(&role) && giving.may_give(project, role), "{:?}", role),
            }
        }
        if image.project(project).is_some_and(|known| known.organization == organization) {
            for role in giving.everywhere() {
                prop_assert!(giving.may_give(project, role.into()), "{role} everywhere");
            }
        }
    }
}

#[test]
fn the_last_owners_do_not_go_together() {
    let (mut world, organization, owner) = crate::people::acme();
    let Caller::Principal { principal: first, .. } = owner else { panic!("an account") };
    let recover = Command::RecoverOwner { organization, owner: crate::world::account_name("second") };
    crate::people::written(&mut world, &Caller::Operator, &recover);
    let second = world.credentials.last().expect("a credential").principal;
    let both = several(organization, &BTreeSet::from([first, second]));
    crate::people::refused(&mut world, &owner, &both, "last_owner");
    crate::people::written(&mut world, &owner, &several(organization, &BTreeSet::from([second])));
}

#[test]
fn so_many_go_at_once_and_no_more() {
    let organization = OrganizationId::new(1).expect("an id");
    let some = |count: usize| (1..=count as u64).filter_map(PrincipalId::new).collect();
    assert!(DeleteServiceAccounts::new(organization, some(DELETED_AT_ONCE_MAX)).is_some());
    for count in [0, DELETED_AT_ONCE_MAX + 1] {
        assert!(DeleteServiceAccounts::new(organization, some(count)).is_none(), "{count}");
    }
}
