//! What stays true over random histories of use cases. A history is a seed and a length; a failure names the shortest
//! that fails, and the step.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use claviger_access::authorize::{
    Actor, CreateProjects, CredentialId, DeleteProject, ManageMembers, ManagePolicies, ManageRoles,
    ManageServiceAccounts, ManageTeams, ManageWorkspaces, ReadAuditLog, ResetPasswords, UpdateProject, authorize,
};
use claviger_access::change::{
    CustomRoleChange, InvitationChange, PasswordResetChange, PersonChange, SecretChange, ServiceAccountChange,
    SessionChange, SetUpLinkChange, TeamChange,
};
use claviger_access::credential::PresentedToken;
use claviger_access::directory::{Invitation, Session};
use claviger_access::event::{EventName, Fact, Target};
use claviger_access::grant::{Granted, Holder};
use claviger_access::identity::{InvitationId, OrganizationId, PrincipalId, PrincipalKind, TeamId};
use claviger_access::permission::{Permission, PermissionName};
use claviger_access::role::OrganizationRole;
use claviger_access::{
    Basis, Caller, Change, Decided, Decision, Directory, Draft, Event, Expiry, Moment, Refusal, Scope,
};
use proptest::prelude::*;

use crate::command::{Command, Reply};
use crate::recovery;
use crate::rows::{GrantRow, Rows};
use crate::world::{BEGINNING, Credential, Outcome, Step, World, moment};

/// A directory loaded from the rows of this very state.
fn loaded(world: &mut World) -> Directory {
    let (revision, mark) = world.revision();
    let expected = world.chance.one_of(&[0, 1, 300, 20_000, 140_000]).unwrap();
    world.rows.load(world.chance.number(), expected, revision, mark)
}

/// The changes that were decided, none where nothing was written.
fn decided(step: &Step) -> Option<&Decision> {
    match &step.outcome {
        Outcome::Written(decision, _) => Some(decision),
        Outcome::Nothing | Outcome::Refused(_) => None,
    }
}

fn principal_of(caller: &Caller) -> Option<PrincipalId> {
    match caller {
        Caller::Principal { principal, .. } => Some(*principal),
        Caller::Operator => None,
    }
}

/// Asks anew whether the caller may do what needs this permission there.
fn is_authorized(
    directory: &Directory,
    caller: &Caller,
    permission: Permission,
    scope: Scope,
    now: Moment,
) -> Result<Basis, Refusal> {
    match permission {
        Permission::ServiceAccountsManage => {
            authorize::<ManageServiceAccounts>(directory, caller, scope, now).map(|permit| permit.through())
        }
        Permission::ProjectsCreate => {
            authorize::<CreateProjects>(directory, caller, scope, now).map(|permit| permit.through())
        }
        Permission::ProjectUpdate => {
            authorize::<UpdateProject>(directory, caller, scope, now).map(|permit| permit.through())
        }
        Permission::ProjectDelete => {
            authorize::<DeleteProject>(directory, caller, scope, now).map(|permit| permit.through())
        }
        Permission::WorkspacesManage => {
            authorize::<ManageWorkspaces>(directory, caller, scope, now).map(|permit| permit.through())
        }
        Permission::MembersManage => {
            authorize::<ManageMembers>(directory, caller, scope, now).map(|permit| permit.through())
        }
        Permission::TeamsManage => {
            authorize::<ManageTeams>(directory, caller, scope, now).map(|permit| permit.through())
        }
        Permission::PoliciesManage => {
            authorize::<ManagePolicies>(directory, caller, scope, now).map(|permit| permit.through())
        }
        Permission::RolesManage => {
            authorize::<ManageRoles>(directory, caller, scope, now).map(|permit| permit.through())
        }
        Permission::OwnersManage => {
            authorize::<ResetPasswords>(directory, caller, scope, now).map(|permit| permit.through())
        }
        Permission::AuditRead => {
            authorize::<ReadAuditLog>(directory, caller, scope, now).map(|permit| permit.through())
        }
        other => panic!("no mutation by a principal needs {other}"),
    }
}

/// An export changes nothing: its record is all there is.
fn is_record_alone(decision: &Decision) -> bool {
    let is_export =
        |event: &Event| matches!(event.name(), EventName::AuditLogExportCreated | EventName::AuditLogExportDownloaded);
    decision.events().iter().all(is_export)
}

/// Whether the caller's credential counts, by the rows.
fn counts(rows: &Rows, caller: &Caller, now: Moment) -> bool {
    let Caller::Principal { principal, credential, .. } = *caller else { return true };
    let ends = |expires: Expiry| expires.moment().is_none_or(|end| now.seconds() < end.seconds());
    let is_let_in = rows.is_there(principal) && !rows.principal(principal).disabled;
    let counts = match credential {
        CredentialId::Secret(id) => {
            let is_it = |row: &crate::rows::SecretRow| row.id == id && row.principal == principal;
            rows.secrets.iter().any(|row| is_it(row) && !row.disabled && ends(row.expires))
        }
        CredentialId::Session(id) => {
            let is_it = |row: &Session| row.id == id && row.person == principal;
            rows.sessions.iter().any(|row| is_it(row) && now.seconds() < row.ends.seconds())
        }
    };
    is_let_in && counts
}

/// Whether somebody would be let in by any of his secrets, by the rows; a person needs none.
fn could_call(rows: &Rows, principal: PrincipalId, now: Moment) -> bool {
    let row = rows.principal(principal);
    let ends = |expires: Expiry| expires.moment().is_none_or(|end| now.seconds() < end.seconds());
    let counts = |row: &crate::rows::SecretRow| row.principal == principal && !row.disabled && ends(row.expires);
    row.kind == PrincipalKind::Person || !row.disabled && rows.secrets.iter().any(counts)
}

/// The invitation that a step accepts, in the state just before.
fn accepted(step: &Step) -> Option<&Invitation> {
    let Command::Accept { token, .. } = &step.command else { return None };
    let token = PresentedToken::<InvitationId>::read(token)?;
    step.rows_before.invitations.iter().find(|row| row.id == token.named() && token.opens(&row.digest))
}

/// Who gives what a step gives: whoever asks, or whoever answers for the invitation.
fn giver(step: &Step) -> Option<PrincipalId> {
    match &step.command {
        Command::Accept { .. } => accepted(step).and_then(|invitation| invitation.inviter),
        // A set-up link is made on the host.
        Command::SetUp { .. } => None,
        Command::ChooseAnother { .. } => recovery::link_of(step).and_then(recovery::owner_of),
        Command::AskForReset(_) => None,
        _ => principal_of(&step.caller),
    }
}

/// By a link: an invitation was open, of that very token, for the address of who acts, and whoever answers for it could
/// invite.
fn link_was_open(step: &Step, decision: &Decision, event: &Event) {
    if matches!(step.command, Command::SetUp { .. }) {
        return set_up_was_open(step, decision, event);
    }
    let invitation = accepted(step).expect("an invitation in the state before");
    let rows = &step.rows_before;
    assert!(step.moment.seconds() < invitation.expires.seconds(), "{event:?}: the invitation had expired");
    assert_eq!(event.organization(), invitation.organization);
    let made = decision.changes().iter().find_map(|change| match change {
        Change::PrincipalCreated { id, email: Some(email), .. } if *email == invitation.email => Some(*id),
        _ => None,
    });
    let person = rows.person_with(&invitation.email).or(made).expect("a person of that address");
    assert_eq!(event.actor(), Actor::Principal(person, PrincipalKind::Person));
    if let Some(inviter) = invitation.inviter {
        assert!(rows.gives(inviter, "members:manage", Scope::Organization(invitation.organization)), "{event:?}");
        assert!(could_call(rows, inviter, step.moment), "{event:?}: {inviter} could not");
    }
    if let Scope::Project(project) = event.scope() {
        assert_eq!(rows.organization_of(project), Some(event.organization()));
    }
}

/// By a set-up link: the newest of that very organization was presented in time, and no person owned it.
fn set_up_was_open(step: &Step, decision: &Decision, event: &Event) {
    let Command::SetUp { token, owner } = &step.command else { panic!("{event:?}") };
    let (token, rows) = (PresentedToken::<OrganizationId>::read(token).expect("a token"), &step.rows_before);
    let link = &rows.set_up_links[&token.named()];
    assert!(token.opens(&link.digest) && step.moment.seconds() < link.expires.seconds(), "{event:?}");
    assert_eq!((event.organization(), event.scope()), (token.named(), Scope::Organization(token.named())));
    assert!(rows.people_who_own(token.named()).is_empty() && rows.person_with(&owner.email).is_none(), "{event:?}");
    let made = decision.changes().iter().find_map(|change| match change {
        Change::PrincipalCreated { id, email: Some(email), .. } if *email == owner.email => Some(*id),
        _ => None,
    });
    assert_eq!(event.actor(), Actor::Principal(made.expect("a person"), PrincipalKind::Person));
}

/// Whoever leaves is a person and a member, and takes himself alone along.
fn left_himself(step: &Step, event: &Event) {
    let actor = principal_of(&step.caller).expect("a principal");
    assert_eq!((event.name(), event.target()), (EventName::OrganizationUserRemoved, Target::Principal(actor)));
    assert_eq!(event.actor(), Actor::Principal(actor, PrincipalKind::Person));
    assert!(counts(&step.rows_before, &step.caller, step.moment));
    assert!(step.rows_before.organization_role(actor, event.organization()).is_some());
}

/// Whoever signs in is a person, and a member where that is told.
fn signed_in(step: &Step, event: &Event) {
    let Command::SignIn(sign_in) = &step.command else { panic!("{event:?}") };
    assert_eq!(event.actor(), Actor::Principal(sign_in.person, PrincipalKind::Person));
    assert_eq!(event.target(), Target::Principal(sign_in.person));
    assert!(step.rows_before.is_there(sign_in.person));
    assert!(step.rows_before.organization_role(sign_in.person, event.organization()).is_some());
}

/// Whoever asks for a link by mail has it made for a person, and a member where that is told. It ends none that the operator
/// has handed over, nor one of an owner's that still opens something.
fn asked_by_mail(step: &Step, event: &Event) {
    let Command::AskForReset(person) = step.command else { panic!("{event:?}") };
    assert_eq!((event.name(), event.target()), (EventName::PasswordResetLinkMade, Target::Principal(person)));
    assert_eq!(event.actor(), Actor::Principal(person, PrincipalKind::Person));
    assert!(step.rows_before.organization_role(person, event.organization()).is_some());
    crate::recovery::ends_nothing_handed_over(step, person);
}

/// Whoever changes a second factor changes his own, with a session that counts.
fn secured_himself(step: &Step, event: &Event) {
    let actor = principal_of(&step.caller).expect("a principal");
    assert_eq!(event.actor(), Actor::Principal(actor, PrincipalKind::Person));
    assert_eq!(event.target(), Target::Principal(actor));
    assert!(counts(&step.rows_before, &step.caller, step.moment));
    assert!(step.rows_before.organization_role(actor, event.organization()).is_some());
}

/// What ends sessions of one's own.
const ENDING_SESSIONS: [EventName; 3] =
    [EventName::SessionLoggedOut, EventName::SessionRenewed, EventName::UserPasswordChanged];

/// Whoever signs out ends sessions of his own, with a credential that counts; a new password ends them as well.
fn signed_out(step: &Step, decision: &Decision, event: &Event) {
    let actor = principal_of(&step.caller).expect("a principal");
    assert_eq!(event.actor(), Actor::Principal(actor, PrincipalKind::Person));
    assert!(counts(&step.rows_before, &step.caller, step.moment));
    assert!(step.rows_before.organization_role(actor, event.organization()).is_some());
    for change in decision.changes() {
        match change {
            Change::Session(SessionChange::Ended { id }) => {
                assert!(step.rows_before.sessions.iter().any(|row| row.id == *id && row.person == actor));
                let Caller::Principal { credential, .. } = step.caller else { panic!("a session") };
                let is_own = credential == CredentialId::Session(*id);
                assert!(!is_own || !matches!(step.command, Command::EndOthers), "it is used");
            }
            Change::Session(SessionChange::Begun { person, .. }) => assert_eq!(*person, actor),
            Change::Person(PersonChange::PasswordSet { id, .. }) => {
                assert!(*id == actor && matches!(step.command, Command::ChangePassword(_)));
            }
            other => panic!("{other:?}"),
        }
    }
}

fn actor_was_permitted(step: &Step, decision: &Decision, event: &Event) {
    match event.through() {
        Basis::OneTimeLink if matches!(step.command, Command::ChooseAnother { .. }) => {
            return recovery::reset_link_was_open(step, decision, event);
        }
        Basis::OneTimeLink => return link_was_open(step, decision, event),
        Basis::Oneself if event.name() == EventName::OrganizationUserRemoved => return left_himself(step, event),
        Basis::Oneself if event.name() == EventName::SessionLoggedIn => return signed_in(step, event),
        Basis::Oneself if matches!(step.command, Command::SignIn(_)) => return signed_in(step, event),
        Basis::Oneself if matches!(step.command, Command::AskForReset(_)) => return asked_by_mail(step, event),
        Basis::Oneself if recovery::is_about_one_person(&step.command) => return secured_himself(step, event),
        Basis::Oneself if ENDING_SESSIONS.contains(&event.name()) => {
            return signed_out(step, decision, event);
        }
        Basis::Oneself | Basis::Grant(_) | Basis::Operator => {}
    }
    let actor = principal_of(&step.caller);
    match event.actor() {
        Actor::Operator => return assert_eq!((actor, event.through()), (None, Basis::Operator)),
        Actor::Principal(principal, kind) => {
            assert_eq!((Some(principal), kind), (actor, step.rows_before.principal(principal).kind));
        }
    }
    assert!(counts(&step.rows_before, &step.caller, step.moment), "{event:?}: the credential did not count");
    if let Caller::Principal { principal, arrival, .. } = step.caller {
        assert!(step.rows_before.lets_in(principal, arrival), "{event:?}: it did not count from there");
    }
    if event.through() == Basis::Oneself {
        return acted_on_himself(step, event, actor.unwrap());
    }
    let asked_anew = is_authorized(&step.before, &step.caller, event.permission(), event.scope(), step.moment);
    assert_eq!(asked_anew, Ok(event.through()), "{event:?}");
    let gives = step.rows_before.gives(actor.unwrap(), event.permission().name(), event.scope());
    assert!(gives, "{event:?}: no row gives the permission");
    if let Scope::Project(project) = event.scope() {
        assert_eq!(step.rows_before.organization_of(project), Some(event.organization()));
    }
}

/// Without a permission for others: only what is about the actor himself, in an organization of his.
fn acted_on_himself(step: &Step, event: &Event, actor: PrincipalId) {
    assert_eq!(event.target(), Target::Principal(actor), "{event:?}");
    assert!(step.rows_before.organization_role(actor, event.organization()).is_some(), "{event:?}");
    let others = is_authorized(&step.before, &step.caller, event.permission(), event.scope(), step.moment);
    assert!(matches!(others, Err(Refusal::PermissionMissing { .. })), "{event:?}");
}

/// A decision without what its debug output hides, and that beside it.
fn told(outcome: &Result<Decided<Reply>, Refusal>) -> (String, Vec<[u8; 32]>, Option<String>) {
    let (decision, reply) = match outcome {
        Ok(Decided::Write(decision, reply)) => (Some(decision), Some(reply)),
        Ok(Decided::Nothing(reply)) => (None, Some(reply)),
        Err(_) => (None, None),
    };
    let digest = |change: &Change| match change {
        Change::SecretIssued { digest, .. }
        | Change::Session(SessionChange::Begun { digest, .. })
        | Change::SetUpLink(SetUpLinkChange::Made { digest, .. })
        | Change::PasswordReset(PasswordResetChange::LinkMade { digest, .. })
        | Change::Invitation(InvitationChange::Sent { digest, .. } | InvitationChange::Resent { digest, .. }) => {
            Some(*digest.as_bytes())
        }
        _ => None,
    };
    let digests = decision.map_or(Vec::new(), |decision| decision.changes().iter().filter_map(digest).collect());
    let secret = reply.and_then(Reply::shown_once).map(|(secret, _)| secret.to_owned());
    (format!("{outcome:?}"), digests, secret)
}

/// What is allowed somewhere: permissions by name, and whether also whatever the installation makes up.
type Allowance = (BTreeSet<String>, bool);

/// In each scope, what the principal may do.
fn allowances(rows: &Rows, principal: PrincipalId) -> BTreeMap<String, Allowance> {
    let on_projects =
        rows.projects.iter().map(|row| (format!("{:?}", row.id), rows.project_allowance(principal, row.id)));
    let on_workspaces =
        rows.workspaces.iter().map(|row| (format!("{:?}", row.id), rows.workspace_allowance(principal, row.id)));
    on_projects.chain(on_workspaces).collect()
}

/// Whether one of two allows it.
fn is_within(allowed: &Allowance, own: &Allowance, limit: &Allowance) -> bool {
    let every_own = own.1 || limit.1;
    let is_own = |name: &String| matches!(PermissionName::parse(name), Ok(PermissionName::Own(_)));
    let is_held = |name: &String| own.0.contains(name) || limit.0.contains(name) || (every_own && is_own(name));
    allowed.0.iter().all(is_held) && (!allowed.1 || every_own)
}

fn organization_weight(role: Option<OrganizationRole>) -> u8 {
    match role {
        None | Some(OrganizationRole::Member) => 0,
        Some(OrganizationRole::BillingAdmin) => 1,
        Some(OrganizationRole::Admin) => 2,
        Some(OrganizationRole::Owner) => 3,
    }
}

/// Whom the changes give something to.
fn receivers(before: &Rows, changes: &[Change]) -> BTreeSet<PrincipalId> {
    let members = |team: TeamId| before.memberships.iter().filter(move |row| row.0 == team).map(|row| row.1);
    let mut receivers = BTreeSet::new();
    for change in changes {
        match change {
            Change::GrantGiven { holder: Holder::Principal(id), .. } => drop(receivers.insert(*id)),
            Change::GrantGiven { holder: Holder::Team(team), .. } => receivers.extend(members(*team)),
            Change::Team(TeamChange::MemberAdded { member, .. }) => drop(receivers.insert(*member)),
            Change::GrantGiven { holder: Holder::EveryMember(_), .. }
            | Change::CustomRole(CustomRoleChange::Changed { .. } | CustomRoleChange::Deleted { .. }) => {
                receivers.extend(before.principals.iter().filter(|row| row.deleted.is_none()).map(|row| row.id));
            }
            _ => {}
        }
    }
    receivers
}

/// In every scope: the receiver may do at most what it could before, or what the giver could.
fn nobody_was_raised_above(step: &Step, after: &Rows, giver: PrincipalId, receiver: PrincipalId) {
    let before = &step.rows_before;
    let was_there = before.is_there(receiver);
    let was = if was_there { allowances(before, receiver) } else { BTreeMap::new() };
    let givers = allowances(before, giver);
    let nothing = Allowance::default();
    for (place, allowed) in allowances(after, receiver) {
        let own = was.get(&place).unwrap_or(&nothing);
        let limit = givers.get(&place).unwrap_or(&nothing);
        assert!(
            is_within(&allowed, own, limit),
            "{receiver} was raised by {giver} in {place}: {own:?} to {allowed:?} over {limit:?}"
        );
    }
    for organization in after.organizations.iter().map(|row| row.id) {
        let own = if was_there { organization_weight(before.organization_role(receiver, organization)) } else { 0 };
        let limit = organization_weight(before.organization_role(giver, organization));
        let role = organization_weight(after.organization_role(receiver, organization));
        assert!(role <= own.max(limit), "{receiver} was raised by {giver} in organization {organization}");
    }
}

/// Whom a change touches without taking a grant: an account that is deleted, or whose secrets come, go or change.
fn touched(change: &Change) -> Option<PrincipalId> {
    match change {
        Change::PrincipalDeleted { id, .. } => Some(*id),
        Change::PasswordReset(PasswordResetChange::LinkMade { person, .. }) => Some(*person),
        Change::Person(PersonChange::PasswordSet { id, .. }) => Some(*id),
        Change::SecretIssued { principal, .. }
        | Change::SecretExpiryChanged { principal, .. }
        | Change::Secret(
            SecretChange::Named { principal, .. }
            | SecretChange::Disabled { principal, .. }
            | SecretChange::Revoked { principal, .. },
        ) => Some(*principal),
        Change::ServiceAccount(
            ServiceAccountChange::Disabled { id, .. }
            | ServiceAccountChange::Protected { id, .. }
            | ServiceAccountChange::Described { id, .. },
        ) => Some(*id),
        _ => None,
    }
}

/// Whom a change names.
fn named(change: &Change) -> Option<PrincipalId> {
    match change {
        Change::GrantGiven { holder: Holder::Principal(id), .. }
        | Change::GrantTaken { holder: Holder::Principal(id), .. } => Some(*id),
        Change::Team(TeamChange::MemberAdded { member, .. } | TeamChange::MemberRemoved { member, .. }) => {
            Some(*member)
        }
        _ => touched(change),
    }
}

/// Whose members a change takes away or adds to.
fn touched_team(change: &Change) -> Option<TeamId> {
    match change {
        Change::Team(
            TeamChange::Deleted { id } | TeamChange::MemberAdded { id, .. } | TeamChange::MemberRemoved { id, .. },
        ) => Some(*id),
        _ => None,
    }
}

/// Whether somebody takes roles of his own away: what he holds on a workspace may be more than he holds on its project.
fn gives_up(decision: &Decision, actor: PrincipalId) -> bool {
    use EventName::{OrganizationUserRemoved, ProjectUserRemoved, WorkspaceUserRemoved};
    let leaving = [OrganizationUserRemoved, ProjectUserRemoved, WorkspaceUserRemoved];
    decision.events().iter().any(|event| event.target() == Target::Principal(actor) && leaving.contains(&event.name()))
}

fn is_naming(change: &Change) -> bool {
    matches!(change, Change::Secret(SecretChange::Named { .. }))
}

fn history() -> impl Strategy<Value = (u64, usize)> {
    (any::<u64>(), 1_usize..200)
}

fn some_histories() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) }
}

proptest! {
    #![proptest_config(some_histories())]

    #[test]
    fn loading_the_rows_equals_applying_the_changes((seed, length) in history()) {
        let mut world = World::settled(seed);
        for number in 0..length {
            world.step();
            if number % 10 == 0 || number + 1 == length {
                let loaded = loaded(&mut world);
                prop_assert_eq!(loaded.contents(), world.draft.contents(), "step {}", number);
                prop_assert_eq!(loaded.principal_count(), world.draft.principal_count());
                for credential in &world.credentials {
                    let caller = credential.authenticate(&world.draft, world.now);
                    prop_assert_eq!(credential.authenticate(&loaded, world.now), caller);
                }
            }
        }
    }

    #[test]
    fn whoever_did_something_was_permitted_in_the_state_before((seed, length) in history()) {
        let mut world = World::settled(seed);
        for _ in 0..length {
            let step = world.step();
            let Some(decision) = decided(&step) else { continue };
            prop_assert!(!decision.events().is_empty());
            prop_assert_eq!(decision.changes().is_empty(), is_record_alone(decision));
            decision.events().iter().for_each(|event| actor_was_permitted(&step, decision, event));
        }
    }

    #[test]
    fn a_decider_that_is_asked_twice_decides_the_same((seed, length) in history()) {
        let mut world = World::settled(seed);
        for number in 0..length {
            let Step { caller, command, bytes, moment, before, .. } = world.step();
            let again = || told(&command.decide(&Draft::on(&before), &caller, moment, bytes));
            prop_assert_eq!(again(), again(), "step {}", number);
        }
    }

    #[test]
    fn a_secret_is_in_the_reply_alone((seed, length) in history()) {
        let mut world = World::settled(seed);
        for _ in 0..length {
            let step = world.step();
            let Outcome::Written(decision, reply) = &step.outcome else { continue };
            let Some((secret, digest)) = reply.shown_once() else { continue };
            let told = format!("{decision:?} {reply:?}");
            prop_assert!(!told.contains(secret));
            let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            let facts = |event: &Event| [event.facts_before(), event.facts_after()].concat();
            let facts: Vec<Fact> = decision.events().iter().flat_map(facts).collect();
            prop_assert!(!facts.iter().any(|fact| fact.value.contains("cvg_") || fact.value.contains("cvi_") || fact.value.contains("cvs_") || fact.value.contains("cvu_") || fact.value.contains("cvr_") || fact.value.contains(&digest)));
        }
    }

    #[test]
    fn an_organization_that_had_a_lasting_owner_always_has_one((seed, length) in history()) {
        let mut world = World::settled(seed);
        let (mut lasting, mut people) = (BTreeSet::<OrganizationId>::new(), BTreeSet::<OrganizationId>::new());
        for number in 0..length {
            world.step();
            for organization in world.organizations() {
                let (lasts, owned) =
                    (world.rows.has_lasting_owner(organization), !world.rows.people_who_own(organization).is_empty());
                prop_assert!(lasts || !lasting.contains(&organization), "step {}: no lasting owner", number);
                prop_assert!(owned || !people.contains(&organization), "step {}: no person is owner", number);
                if lasts { lasting.insert(organization); }
                if owned { people.insert(organization); }
            }
        }
        prop_assert_eq!(lasting.len(), world.organizations().len());
    }

    #[test]
    fn only_what_is_written_changes_anything((seed, length) in history()) {
        let mut world = World::settled(seed);
        for number in 0..length {
            let step = world.step();
            let (revision, mark) = (step.before.revision(), step.before.mark());
            let mut after = Draft::on(&step.before);
            match decided(&step) {
                None => prop_assert_eq!(world.draft.contents(), step.before.contents(), "step {}", number),
                // A secret's name is in the store alone.
                Some(decision) if decision.changes().iter().all(is_naming) => {}
                // Under the old revision, so that the revision alone is no difference.
                Some(decision) => {
                    after.add(decision.changes(), revision, mark);
                    let is_changed = after.contents() != step.before.contents();
                    prop_assert_eq!(is_changed, !is_record_alone(decision), "step {}: {:?}", number, decision);
                }
            }
        }
    }

    #[test]
    fn a_deleted_account_is_gone_and_its_username_stays_taken((seed, length) in history()) {
        let mut world = World::settled(seed);
        let (mut known, mut seen) = (HashMap::new(), 0);
        for number in 0..length {
            world.step();
            let later = moment(BEGINNING - 1_000);
            for credential in &world.credentials {
                let expected = counts(&world.rows, &credential.caller(), world.now).then(|| credential.caller());
                prop_assert_eq!(credential.authenticate(&world.draft, world.now), expected, "step {}", number);
                if world.rows.is_there(credential.principal) { continue }
                prop_assert_eq!(credential.authenticate(&world.draft, later), None);
                for organization in world.organizations() {
                    let scope = Scope::Organization(organization);
                    let asked =
                        is_authorized(&world.draft, &credential.caller(), Permission::ProjectsCreate, scope, later);
                    prop_assert_eq!(asked, Err(Refusal::NotAuthenticated));
                }
            }
            for Credential { username, principal, .. } in world.credentials.iter().skip(seen) {
                let first = known.entry(username.clone()).or_insert(*principal);
                prop_assert_eq!(first, principal, "{} was given out again", username);
                seen += 1;
            }
        }
    }

    #[test]
    fn nobody_gives_more_than_he_holds((seed, length) in history()) {
        let mut world = World::settled(seed);
        for _ in 0..length {
            let step = world.step();
            let (Some(decision), Some(giver)) = (decided(&step), giver(&step)) else { continue };
            for change in decision.changes() {
                if let Change::GrantGiven { granted, .. } = change {
                    let ordinary = matches!(granted, Granted::Organization(_, OrganizationRole::Member));
                    prop_assert!(ordinary || step.rows_before.is_up_to(giver, *granted), "{:?}", decision);
                }
            }
            for receiver in receivers(&step.rows_before, decision.changes()) {
                nobody_was_raised_above(&step, &world.rows, giver, receiver);
            }
        }
    }

    #[test]
    fn nobody_touches_who_holds_more((seed, length) in history()) {
        let mut world = World::settled(seed);
        for _ in 0..length {
            let step = world.step();
            let (Some(decision), Some(actor)) = (decided(&step), giver(&step)) else { continue };
            if decision.events().iter().all(|event| event.through() == Basis::Oneself) { continue }
            let rows = &step.rows_before;
            for change in decision.changes() {
                let other = touched(change).filter(|account| *account != actor);
                let mut above: Vec<Granted> = other.map_or(Vec::new(), |account| rows.grants_with_teams(account));
                above.extend(touched_team(change).map_or(Vec::new(), |team| rows.grants_of_team(team)));
                if let Change::GrantTaken { id, .. } = change {
                    let own = |row: &GrantRow| row.holder == Holder::Principal(actor) && gives_up(decision, actor);
                    let taken = rows.grants.iter().find(|row| row.id == *id).filter(|row| !own(row));
                    above.extend(taken.map(|row| row.granted));
                }
                above.retain(|granted| !rows.is_up_to(actor, *granted));
                prop_assert!(above.is_empty(), "{:?} although it is {:?}", decision, above);
            }
        }
    }

    #[test]
    fn an_image_that_was_taken_stays_as_it_was((seed, length) in history()) {
        let mut world = World::settled(seed);
        let mut taken = Vec::new();
        for _ in 0..length {
            if world.chance.one_in(4) {
                taken.push((world.image(), world.draft.contents()));
            }
            world.step();
        }
        for (image, contents) in taken {
            prop_assert_eq!(image.contents(), contents);
        }
    }

    #[test]
    fn nothing_crosses_from_one_organization_to_another((seed, length) in history()) {
        let mut world = World::settled(seed);
        for _ in 0..length {
            let step = world.step();
            let Some(decision) = decided(&step) else { continue };
            // Whoever signs in or out does so in all of his.
            let everywhere = matches!(step.command, Command::SignIn(_) | Command::SignOut(_) | Command::EndOthers | Command::Renew | Command::ChangePassword(_));
            if everywhere { continue }
            if recovery::is_about_one_person(&step.command) { continue }
            let organization = decision.events()[0].organization();
            prop_assert!(decision.events().iter().all(|event| event.organization() == organization));
            if let Some(actor) = giver(&step) {
                prop_assert!(step.rows_before.organization_role(actor, organization).is_some());
            }
            for change in decision.changes() {
                let belongs = |id: PrincipalId| {
                    let of_account = world.rows.principal(id).organization == Some(organization);
                    let was_there = step.rows_before.is_there(id);
                    of_account
                        || world.rows.organization_role(id, organization).is_some()
                        || (was_there && step.rows_before.organization_role(id, organization).is_some())
                };
                prop_assert!(named(change).is_none_or(belongs), "{:?} in organization {}", change, organization);
            }
        }
    }
}

/// A directory that began empty spreads over more shards at 65,536 principals. Nothing is lost on the way, and what is
/// changed afterwards is found where it went.
#[test]
fn a_directory_that_outgrew_its_shards_holds_the_same() {
    const PRINCIPALS: u64 = 66_000;
    let mut world = World::settled(5);
    let (organization, created) = (world.organizations()[0], world.now);
    let (mut ids, mut names, mut changes) = (world.draft.ids(), Vec::new(), Vec::new());
    for number in 0..PRINCIPALS {
        let id = ids.principal().unwrap();
        let kind = if number % 7 == 3 { PrincipalKind::Person } else { PrincipalKind::ServiceAccount };
        let is_account = kind == PrincipalKind::ServiceAccount;
        let name = format!("grown.{number:06x}.service-account");
        let organization = is_account.then_some(organization);
        changes.push(Change::PrincipalCreated {
            id,
            kind,
            organization,
            name: name.clone(),
            email: None,
            created,
            creator: None,
        });
        names.push((id, name, is_account));
    }
    let before = (world.image(), world.draft.contents());
    // Straight into the draft: the rows look through all names at each name, which is for smaller worlds.
    let (revision, mark) = world.revision();
    world.draft.add(&changes, revision.next(), mark);
    for (id, name, is_account) in &names {
        assert_eq!(world.draft.principal(*id).map(|view| view.name()), Some(name.as_str()));
        let found = world.draft.service_account_named(name).map(|view| view.id());
        assert_eq!(found, is_account.then_some(*id), "{name}");
    }
    assert_eq!(before.0.contents(), before.1);
    world.rows.write_many(&changes);
    for _ in 0..60 {
        world.step();
    }
    let (contents, (revision, mark)) = (world.draft.contents(), world.revision());
    for expected in [0, 66_000, 1_000_000] {
        let loaded = world.rows.load(9, expected, revision, mark);
        assert_eq!(loaded.principal_count(), world.draft.principal_count());
        assert!(loaded.contents() == contents, "loaded for {expected}");
    }
}

/// All that the histories above can say rests on this: everything happens in them.
#[test]
fn histories_hold_every_event_and_every_refusal() {
    let (mut events, mut refusals) = (BTreeSet::new(), BTreeSet::new());
    for seed in 0..2_000 {
        let mut world = World::settled(seed);
        for _ in 0..200 {
            match world.step().outcome {
                Outcome::Written(decision, _) => events.extend(decision.events().iter().map(Event::name)),
                Outcome::Refused(refusal) => drop(refusals.insert(refusal.code())),
                Outcome::Nothing => {}
            }
        }
    }
    // A store that went back in time is no use case among others: `restored.rs`.
    let apart = [EventName::OrganizationRestored, EventName::UserSuspended];
    let told = EventName::ALL.iter().copied().filter(|name| !name.is_observation() && !apart.contains(name));
    assert_eq!(events, told.collect());
    let expected = [
        "account_above_own",
        "address_not_allowed",
        "already_created",
        "already_invited",
        "already_member",
        "already_set_up",
        "code_not_accepted",
        "default_workspace",
        "email_taken",
        "expiry_beyond_own",
        "expiry_not_later",
        "expiry_required",
        "expiry_too_far",
        "grace_too_long",
        "invitation_not_found",
        "invitation_void",
        "last_owner",
        "lifetime_too_long",
        "name_exhausted",
        "name_not_allowed",
        "no_secret_to_rotate",
        "not_authenticated",
        "not_owner_everywhere",
        "organization_not_found",
        "owned_by_person",
        "permission_above_own",
        "permission_missing",
        "plain_text_not_allowed",
        "project_creation_not_allowed",
        "person_meanwhile",
        "project_not_found",
        "protected",
        "reset_for_oneself",
        "reset_not_found",
        "role_above_own",
        "role_name_taken",
        "role_not_found",
        "second_factor_off",
        "second_factor_on",
        "secret_ended",
        "secret_not_found",
        "service_account_not_found",
        "set_up_link_not_found",
        "slug_taken",
        "team_above_own",
        "team_name_taken",
        "team_not_found",
        "too_many_secrets",
        "user_not_found",
        "workspace_not_found",
        "would_lock_out",
    ];
    // Met at times only: a fifth custom role of one project is not in every few hundred histories, nor is an end that is put
    // off under a longest lifetime before it has come.
    refusals.remove("limit_reached");
    refusals.remove("lifetime_prolonged");
    assert_eq!(refusals, BTreeSet::from(expected));
}
