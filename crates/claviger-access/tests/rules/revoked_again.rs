//! What was revoked in a history that is lost, revoked again as it is told: nobody holds more afterwards than he held at the
//! end of that history, nor than he held where it began.

use std::collections::{BTreeMap, BTreeSet};

use claviger_access::administration::custom_role::{ChangeRole, CreateRole};
use claviger_access::administration::restored::{RevokedAgain, ToldEvent, ToldFact, in_order};
use claviger_access::administration::service_account::{AddToProjects, CreateServiceAccount, RequestedExpiry};
use claviger_access::effective;
use claviger_access::event::{EventName, Fact, Target};
use claviger_access::grant::{Granted, Holder};
use claviger_access::identity::{CustomRoleId, OrganizationId, PrincipalId, PrincipalKind, ProjectId};
use claviger_access::ownership::AccountDetails;
use claviger_access::password::PasswordHash;
use claviger_access::permission::{PermissionName, PermissionSet};
use claviger_access::role::{OrganizationRole, ProjectRole};
use claviger_access::{Caller, Decided, Directory, Draft, Event, Mark, Moment, RandomBytes};
use proptest::prelude::*;

use crate::command::{Command, Reply};
use crate::people::{acme, written};
use crate::world::{Outcome, World, account_name, display_name};

fn told(id: u64, event: &Event) -> ToldEvent {
    let facts = |facts: &[Fact]| -> Vec<ToldFact> {
        facts.iter().map(|fact| (fact.name.to_owned(), fact.value.clone())).collect()
    };
    let name = EventName::named(event.name().text()).expect("a name");
    ToldEvent {
        id,
        name,
        target: event.target(),
        project: event.project(),
        before: facts(event.facts_before()),
        after: facts(event.facts_after()),
    }
}

/// A history that is lost: where it began, where it ended, and what is told of it.
struct Lost {
    base: Directory,
    end: Directory,
    told: Vec<(OrganizationId, ToldEvent)>,
    /// People of whom something was taken without a word.
    untold: BTreeSet<PrincipalId>,
    now: Moment,
    chance: [u8; 96],
}

impl Lost {
    fn after(seed: u64, before: usize, length: usize) -> Self {
        let mut world = World::settled(seed);
        (0..before).for_each(|_| drop(world.step()));
        let base = world.image();
        let (mut told_of, mut untold) = (Vec::new(), BTreeSet::new());
        for _ in 0..length {
            let grants = world.rows.grants.clone();
            let step = world.step();
            let gone = grants.iter().filter(|row| !step.rows_before.grants.iter().any(|still| still.id == row.id));
            untold.extend(gone.filter_map(|row| match row.holder {
                Holder::Principal(id) => Some(id),
                Holder::Team(_) | Holder::EveryMember(_) => None,
            }));
            let Outcome::Written(decision, _) = &step.outcome else { continue };
            for event in decision.events() {
                told_of.push((event.organization(), told(told_of.len() as u64 + 1, event)));
            }
        }
        let chance = world.chance.bytes();
        Self { base, end: world.image(), told: told_of, untold, now: world.now, chance }
    }

    /// What was revoked is revoked again: the directory then, and who was suspended.
    fn revoked_again(&self) -> (Directory, BTreeSet<PrincipalId>, BTreeSet<EventName>) {
        let (mut draft, mut suspended, mut followed) = (Draft::on(&self.base), BTreeSet::new(), BTreeSet::new());
        let password = PasswordHash::from_phc("of nobody".to_owned());
        let organizations: Vec<OrganizationId> = self.base.organizations().map(|known| known.id).collect();
        for organization in organizations {
            let random = RandomBytes::new(self.chance);
            let of_it: Vec<ToldEvent> =
                self.told.iter().filter(|(of, _)| *of == organization).map(|(_, told)| told.clone()).collect();
            let mut again = RevokedAgain::new(&Caller::Operator, organization, &password, self.now, random);
            for told in in_order(&of_it) {
                match again.follow(&draft, told).unwrap_or_else(|error| panic!("{told:?}: {error}")) {
                    Decided::Nothing(()) => {}
                    Decided::Write(decision, ()) => {
                        let revision = draft.revision().next();
                        draft.add(decision.changes(), revision, Mark([7; 16]));
                        followed.insert(told.name);
                    }
                }
            }
            suspended.extend(again.suspended());
        }
        (draft.clone(), suspended, followed)
    }
}

fn in_organization(directory: &Directory, id: PrincipalId, organization: OrganizationId) -> PermissionSet {
    let principal = directory.principal(id).filter(|known| !known.is_deleted());
    let role = principal.and_then(|known| effective::organization_role(&known, organization));
    role.map_or_else(PermissionSet::default, |role| PermissionSet::of(role.permissions()))
}

/// What each place of an organization allows a principal.
fn in_places(directory: &Directory, id: PrincipalId, organization: OrganizationId) -> Vec<(u64, PermissionSet)> {
    let Some(principal) = directory.principal(id).filter(|known| !known.is_deleted()) else { return Vec::new() };
    let projects = directory.organization(organization).into_iter().flat_map(|known| &known.projects);
    let mut all = Vec::new();
    for project in projects.filter_map(|id| directory.project(*id)) {
        let sources = effective::project_sources(directory, &principal, project);
        all.push((project.id.number(), effective::add_up(directory, sources)));
        for workspace in &project.workspaces {
            let sources = effective::workspace_sources(directory, &principal, *workspace);
            all.push((workspace.number(), effective::add_up(directory, sources)));
        }
    }
    all
}

fn holds_no_more(after: &Directory, than: &Directory, id: PrincipalId, organization: OrganizationId, what: &str) {
    let held = in_organization(than, id, organization);
    let holds = in_organization(after, id, organization);
    assert!(held.includes(&holds), "{what}: {id} in organization {organization}: {holds:?} and not {held:?}");
    let held = in_places(than, id, organization);
    for (place, holds) in in_places(after, id, organization) {
        let held = held.iter().find(|(known, _)| *known == place).map(|(_, held)| held.clone()).unwrap_or_default();
        assert!(held.includes(&holds), "{what}: {id} at {place}: {holds:?} and not {held:?}");
    }
}

/// A secret lets in afterwards for no longer than it did at the end, and from nowhere else.
fn lets_in_no_more(after: &Directory, end: &Directory, id: PrincipalId) {
    let account = after.principal(id).expect("it was there where the history began");
    if account.is_deleted() || account.is_disabled() {
        return;
    }
    let was = end.principal(id).filter(|known| !known.is_deleted() && !known.is_disabled());
    let was = was.unwrap_or_else(|| panic!("{id} is let in, and was not"));
    for secret in account.secrets().iter().filter(|secret| !secret.is_disabled()) {
        let known = was.secret(secret.id());
        let counted = known.filter(|known| !known.is_disabled() && secret.expires <= known.expires);
        // One that has ended by itself is cleared away.
        let has_ended = end.principal(id).is_some_and(|known| known.secret(secret.id()).is_none());
        assert!(counted.is_some() || has_ended, "{id}: {secret:?}, and there was {known:?}");
    }
    let (addresses, were) = (after.addresses_of(id), end.addresses_of(id));
    assert!(were.are_all() || addresses == were, "{id} from {addresses}, and it was {were}");
}

fn compare(lost: &Lost) -> BTreeSet<EventName> {
    let (after, suspended, followed) = lost.revoked_again();
    // What a role that is gone gave may be less than what a consumer has.
    let a_role_is_gone = lost.told.iter().any(|(_, told)| told.name == EventName::CustomRoleDeleted);
    for known in lost.base.organizations() {
        let organization = known.id;
        let accounts = lost.base.accounts_ever_of(organization).map(|account| account.id());
        for id in accounts.chain(known.people.iter().copied()).filter(|id| !lost.untold.contains(id)) {
            holds_no_more(&after, &lost.end, id, organization, "at the end");
            if !a_role_is_gone {
                holds_no_more(&after, &lost.base, id, organization, "where it began");
            }
            if lost.base.principal(id).is_some_and(|known| known.kind() == PrincipalKind::ServiceAccount) {
                lets_in_no_more(&after, &lost.end, id);
            }
        }
        let (policy, was) = (after.policy_of(organization), lost.end.policy_of(organization));
        assert!(was.plain_text_allowed || !policy.plain_text_allowed);
        assert!(was.project_admins_create || !policy.project_admins_create);
        assert!(was.addresses.are_all() || policy.addresses == was.addresses);
        for project in &after.organization(organization).expect("it is there").projects {
            let was = lost.end.project(*project).unwrap_or_else(|| panic!("project {project} was deleted"));
            let is = after.project(*project).expect("there").slug.clone();
            assert!(is.is_none() || is == was.slug, "project {project} is {is:?}, and was {:?}", was.slug);
        }
        let invitations = &after.organization(organization).expect("it is there").invitations;
        for id in invitations {
            let (open, was) = (after.invitation(*id).expect("open"), lost.end.invitation(*id));
            let was = was.unwrap_or_else(|| panic!("invitation {id} is open, and was not"));
            assert_eq!(open.digest.as_bytes(), was.digest.as_bytes(), "another token");
        }
    }
    for person in lost.base.organizations().flat_map(|known| &known.people).copied() {
        let codes = |directory: &Directory| -> Vec<[u8; 32]> {
            let known = directory.second_factor(person).into_iter().flat_map(|known| &known.recovery);
            known.map(|digest| *digest.as_bytes()).collect()
        };
        let (are, were) = (codes(&after), codes(&lost.end));
        let is_told_of = !lost.untold.contains(&person) && lost.end.second_factor(person).is_some();
        assert!(!is_told_of || are.iter().all(|code| were.contains(code)), "codes of {person} count again");
    }
    for person in lost.base.organizations().flat_map(|known| &known.people).copied() {
        let is_suspended = suspended.contains(&person);
        if lost.untold.contains(&person) || is_suspended {
            continue;
        }
        let sessions = after.person(person).map(|known| known.sessions.clone()).unwrap_or_default();
        for id in sessions.iter().filter_map(|id| after.session(*id)).filter(|session| !session.has_ended(lost.now)) {
            assert!(lost.end.session(id.id).is_some(), "session {} of {person} goes on, and had ended", id.id);
        }
        let is_changed = |told: &ToldEvent| {
            matches!(told.name, EventName::UserPasswordChanged | EventName::PasswordResetUsed)
                && told.target == Target::Principal(person)
        };
        let there = lost.told.iter().find(|(of, told)| is_changed(told) && lost.base.organization(*of).is_some());
        let is_gone = effective_members(&after, person) == 0;
        assert!(there.is_none() || is_gone, "{person} has another password: {there:?}");
        let secured = |directory: &Directory| directory.second_factor(person).is_some();
        let was_removed = lost.told.iter().any(|(_, told)| told.name == EventName::SecondFactorRemoved);
        assert!(secured(&after) || !secured(&lost.end) || was_removed || is_gone, "{person} has a second factor");
    }
    followed
}

/// Of how many organizations he is a member.
fn effective_members(directory: &Directory, person: PrincipalId) -> usize {
    let Some(view) = directory.principal(person) else { return 0 };
    view.grants().iter().filter(|grant| matches!(grant.granted(), Granted::Organization(..))).count()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_000) })]

    #[test]
    fn nobody_holds_more_than_at_the_end_of_what_is_lost(seed in any::<u64>(), before in 0_usize..80, length in 0_usize..150) {
        compare(&Lost::after(seed, before, length));
    }
}

/// Those of a few long histories are all that there are, but for what takes a person's part, which few histories hold.
#[test]
fn each_kind_of_revocation_is_followed() {
    let mut followed = BTreeSet::new();
    for seed in 0..500 {
        followed.extend(compare(&Lost::after(seed, 60, 300)));
    }
    use EventName as E;
    for name in [
        E::ServiceAccountDeleted,
        E::ServiceAccountDisabled,
        E::ServiceAccountExpiryChanged,
        E::ServiceAccountSecretDisabled,
        E::ServiceAccountSecretRotated,
        E::ServiceAccountSecretChanged,
        E::ServiceAccountSecretRevoked,
        E::ServiceAccountOrganizationRoleChanged,
        E::ServiceAccountRemovedFromProject,
        E::ServiceAccountRemovedFromWorkspace,
        E::ServiceAccountRoleChanged,
        E::ServiceAccountAddressesChanged,
        E::OrganizationUserRemoved,
        E::UserOrganizationRoleChanged,
        E::SessionLoggedOut,
        E::UserPasswordChanged,
        E::InvitationWithdrawn,
        E::InvitationResent,
        E::InvitationAccepted,
        E::ProjectUserRemoved,
        E::ProjectTeamRemoved,
        E::TeamRoleChanged,
        E::TeamDeleted,
        E::TeamUserRemoved,
        E::TeamServiceAccountRemoved,
        E::ProjectDefaultAccessRevoked,
        E::ProjectUpdated,
        E::ProjectDeleted,
        E::WorkspaceDeleted,
        E::CustomRoleUpdated,
        E::CustomRoleDeleted,
        E::OrganizationPolicyUpdated,
    ] {
        assert!(followed.contains(&name), "{} is never followed: {followed:?}", name.text());
    }
}

/// An account that holds a custom role of a project with two of them, and what happens then.
struct CustomRoles {
    world: World,
    organization: OrganizationId,
    project: ProjectId,
    account: PrincipalId,
    roles: [CustomRoleId; 2],
    base: Directory,
    told: Vec<(OrganizationId, ToldEvent)>,
}

fn permissions(names: &str) -> PermissionSet {
    names.split_whitespace().map(|name| PermissionName::parse(name).expect("a permission")).collect()
}

impl CustomRoles {
    /// What each of them allows; the account holds the first.
    fn allowing(first: &str, second: &str) -> Self {
        let (mut world, organization, _) = acme();
        let project = world.any_project(organization);
        let mut made = Vec::new();
        for (name, names) in [("One", first), ("Two", second)] {
            let (permissions, name) = (Some(permissions(names)), display_name(name));
            let create = CreateRole { project, name, description: None, permissions, copied_from: None };
            written(&mut world, &Caller::Operator, &Command::CreateRole(create));
            let known = &world.draft.project(project).expect("a project").custom_roles;
            made.push(*known.iter().find(|id| !made.contains(*id)).expect("a role"));
        }
        let roles = [made[0], made[1]];
        let create = Command::CreateServiceAccount(CreateServiceAccount {
            organization,
            name: account_name("nightly"),
            organization_role: OrganizationRole::Member,
            projects: BTreeMap::new(),
            workspaces: BTreeMap::new(),
            expires: RequestedExpiry::Never,
            details: AccountDetails::default(),
        });
        let Reply::Account(account) = written(&mut world, &Caller::Operator, &create) else { panic!("no account") };
        let (account, base) = (account.id, world.image());
        let mut scene = Self { world, organization, project, account, roles, base, told: Vec::new() };
        scene.holds(0);
        scene.base = scene.world.image();
        scene.told.clear();
        scene
    }

    fn done(&mut self, command: &Command) {
        let bytes = self.world.bytes();
        let outcome = self.world.perform(&Caller::Operator, command, bytes);
        let Outcome::Written(decision, _) = outcome else { panic!("{outcome:?}") };
        for event in decision.events() {
            self.told.push((event.organization(), told(self.told.len() as u64 + 1, event)));
        }
    }

    fn holds(&mut self, role: usize) {
        let projects = [(self.project, ProjectRole::Custom(self.roles[role]))].into();
        let add = AddToProjects { organization: self.organization, projects, accounts: [self.account].into() };
        self.done(&Command::AddToProjects(add));
    }

    fn allows(&mut self, role: usize, names: &str) {
        let permissions = Some(permissions(names));
        let (project, role) = (self.project, self.roles[role]);
        let change = ChangeRole { project, role, name: None, description: None, permissions, copied_from: None };
        self.done(&Command::ChangeRole(change));
    }

    fn is_gone(&mut self, role: usize) {
        self.done(&Command::DeleteRole { project: self.project, role: self.roles[role] });
    }

    fn holds_no_more_than_at_the_end(mut self) {
        let chance = self.world.chance.bytes();
        let (end, now, untold) = (self.world.image(), self.world.now, BTreeSet::new());
        let lost = Lost { base: self.base, end, told: self.told, untold, now, chance };
        let (after, ..) = lost.revoked_again();
        holds_no_more(&after, &lost.end, self.account, self.organization, "at the end");
    }
}

#[test]
fn a_role_that_another_gave_way_to_is_as_narrow_as_it_became() {
    let wide = "data:read members:manage";
    let mut narrowed = CustomRoles::allowing(wide, "data:read members:manage reports:export");
    narrowed.holds(1);
    narrowed.allows(1, "data:read");
    narrowed.holds_no_more_than_at_the_end();

    let mut deleted = CustomRoles::allowing(wide, "data:read members:manage reports:export");
    deleted.holds(1);
    deleted.is_gone(1);
    deleted.holds_no_more_than_at_the_end();

    let mut left = CustomRoles::allowing("", "");
    left.holds(1);
    left.is_gone(0);
    left.holds_no_more_than_at_the_end();
}
