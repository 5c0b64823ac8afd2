//! Sessions of people: who signs in, how long it lasts, and what ends it.

use claviger_access::administration::password::ChangePassword;
use claviger_access::administration::session::{self, SESSION_LIFETIME_S, SESSIONS_MAX, SignIn};
use claviger_access::authorize::{self, SESSION_IDLE_S, admit_session};
use claviger_access::change::{Change, PersonChange, SignedInFrom};
use claviger_access::credential::PresentedSession;
use claviger_access::event::EventName;
use claviger_access::grant::Granted;
use claviger_access::identity::{PrincipalId, SessionId};
use claviger_access::role::OrganizationRole;
use claviger_access::{Caller, Refusal};

use crate::command::{Command, Reply};
use crate::people::{acme, email, hash, refused, written};
use crate::world::{Outcome, World};

/// Random use cases.
impl World {
    /// Mostly one that is there.
    pub(crate) fn any_session(&mut self) -> SessionId {
        let there: Vec<SessionId> = self.rows.sessions.iter().map(|row| row.id).collect();
        let any = SessionId::new(1 + self.chance.below(self.rows.next_id as usize) as u64).unwrap();
        self.chance.one_of(&there).filter(|_| !self.chance.one_in(8)).unwrap_or(any)
    }
}

/// With the right password, from anywhere.
pub(crate) fn sign_in(person: PrincipalId) -> SignIn {
    SignIn { person, from: SignedInFrom::default(), shown: None }
}

/// Signs somebody in, and answers his session and its token.
fn signs_in(world: &mut World, person: PrincipalId) -> (SessionId, String) {
    let bytes = world.chance.bytes();
    match world.perform(&Caller::Operator, &Command::SignIn(sign_in(person)), bytes) {
        Outcome::Written(_, Reply::Session(new)) => (new.id, new.token.reveal().to_owned()),
        other => panic!("{other:?}"),
    }
}

fn admitted(world: &World, token: &str) -> Result<Caller, Refusal> {
    let presented = PresentedSession::read(token).expect("a token");
    admit_session(&world.draft, &presented, None, |_| Some(world.now), world.now).map(|(caller, _)| caller)
}

fn person_of(caller: &Caller) -> PrincipalId {
    let Caller::Principal { principal, .. } = caller else { panic!("no person") };
    *principal
}

#[test]
fn a_token_lets_in_until_its_session_ends_and_no_other_does() {
    let (mut world, organization, ..) = acme();
    let pia = person_of(&world.person(&[Granted::Organization(organization, OrganizationRole::Member)]));
    let (id, token) = signs_in(&mut world, pia);
    let caller = admitted(&world, &token).expect("she is let in");
    assert_eq!(person_of(&caller), pia);
    let (_, other) = signs_in(&mut world, pia);
    let swapped = token.rsplit_once('_').map(|(name, _)| format!("{name}_{}", other.rsplit_once('_').unwrap().1));
    assert_eq!(admitted(&world, &swapped.unwrap()), Err(Refusal::NotAuthenticated));

    let begun = world.now;
    world.now = begun.plus_seconds(SESSION_LIFETIME_S as u64 - 1).unwrap();
    assert!(admitted(&world, &token).is_ok());
    world.now = begun.plus_seconds(SESSION_LIFETIME_S as u64).unwrap();
    assert_eq!(admitted(&world, &token), Err(Refusal::NotAuthenticated), "from the very instant on");
    world.now = begun;
    written(&mut world, &caller, &Command::SignOut(id));
    assert_eq!(admitted(&world, &token), Err(Refusal::NotAuthenticated));
    assert!(admitted(&world, &other).is_ok(), "her other one goes on");
    refused(&mut world, &caller, &Command::SignOut(id), "not_authenticated");
}

/// the idle end counts from the last use, or from the beginning; what lay idle does not come back by being used
#[test]
fn a_session_that_lies_idle_lets_nobody_in() {
    let (mut world, organization, ..) = acme();
    let pia = person_of(&world.person(&[Granted::Organization(organization, OrganizationRole::Member)]));
    let (id, token) = signs_in(&mut world, pia);
    let presented = PresentedSession::read(&token).expect("a token");
    let begun = world.now;
    let after = |seconds: i64| begun.plus_seconds(seconds as u64).unwrap();
    let is_in = |seen: Option<i64>, now: i64| {
        let seen = |asked| {
            assert_eq!(asked, id, "whose use is asked for");
            seen.map(after)
        };
        admit_session(&world.draft, &presented, None, seen, after(now)).is_ok()
    };
    assert!(is_in(None, SESSION_IDLE_S - 1));
    assert!(!is_in(None, SESSION_IDLE_S), "from the very instant on");
    assert!(is_in(Some(SESSION_IDLE_S - 1), 2 * SESSION_IDLE_S - 2));
    assert!(!is_in(Some(SESSION_IDLE_S - 1), 2 * SESSION_IDLE_S - 1));
    assert!(!is_in(Some(SESSION_LIFETIME_S - 1), SESSION_LIFETIME_S), "use does not put the end off");
}

/// the new session is the only one; whoever came by any other does nothing any more
#[test]
fn a_new_password_ends_every_session_but_the_one_that_answers() {
    let (mut world, organization, ..) = acme();
    let member = Granted::Organization(organization, OrganizationRole::Member);
    let (pia, other) = (person_of(&world.person(&[member])), world.person(&[member]));
    let (own, token) = signs_in(&mut world, pia);
    let (_, stolen) = signs_in(&mut world, pia);
    let (caller, thief) = (admitted(&world, &token).unwrap(), admitted(&world, &stolen).unwrap());
    let change = Command::ChangePassword(ChangePassword { hash: hash(), from: SignedInFrom::default() });
    let bytes = world.chance.bytes();
    let outcome = world.perform(&caller, &change, bytes);
    let Outcome::Written(decision, Reply::Session(new)) = &outcome else { panic!("{outcome:?}") };
    let is_set = |step: &Change| matches!(step, Change::Person(PersonChange::PasswordSet { id, hash: Some(_), .. }) if *id == pia);
    assert_eq!(decision.changes().iter().filter(|step| is_set(step)).count(), 1, "{decision:?}");
    let told: Vec<_> = decision.events().iter().map(|event| (event.name(), event.organization())).collect();
    assert_eq!(told, [(EventName::UserPasswordChanged, organization)]);
    assert!(own != new.id && admitted(&world, new.token.reveal()).is_ok());
    assert_eq!(session::sessions_of(&world.draft, pia).map(|known| known.id).collect::<Vec<_>>(), [new.id]);
    for ended in [&token, &stolen] {
        assert_eq!(admitted(&world, ended), Err(Refusal::NotAuthenticated));
    }
    for late in [&caller, &thief] {
        refused(&mut world, late, &change, "not_authenticated");
        refused(&mut world, late, &Command::EndOthers, "not_authenticated");
    }
    assert_eq!(session::sessions_of(&world.draft, person_of(&other)).count(), 1, "nobody else's has ended");
}

/// by a secret or on the host there is no password to change, and no session to end
#[test]
fn only_a_person_changes_his_password_and_ends_his_sessions() {
    let (mut world, _, owner) = acme();
    let change = Command::ChangePassword(ChangePassword { hash: hash(), from: SignedInFrom::default() });
    for caller in [&owner, &Caller::Operator] {
        refused(&mut world, caller, &change, "not_authenticated");
        refused(&mut world, caller, &Command::EndOthers, "not_authenticated");
    }
}

/// a session is as old as its roles, or it goes on under a new token until the same end
#[test]
fn with_another_role_a_session_is_renewed_once() {
    let (mut world, organization, owner) = acme();
    let pia = person_of(&world.person(&[Granted::Organization(organization, OrganizationRole::Member)]));
    let (id, token) = signs_in(&mut world, pia);
    let caller = admitted(&world, &token).unwrap();
    let bytes = world.chance.bytes();
    let outcome = world.perform(&caller, &Command::Renew, bytes);
    assert!(matches!(outcome, Outcome::Nothing), "{outcome:?}");
    let begun = session::sessions_of(&world.draft, pia).find(|known| known.id == id).unwrap().clone();
    let role = OrganizationRole::Admin;
    written(&mut world, &owner, &Command::ChangeOrganizationRole { organization, person: pia, role });
    world.now = world.now.plus_seconds(60).unwrap();
    let Reply::Session(new) = written(&mut world, &caller, &Command::Renew) else { panic!("a session") };
    assert_eq!(admitted(&world, &token), Err(Refusal::NotAuthenticated));
    let renewed = session::sessions_of(&world.draft, pia).find(|known| known.id == new.id).unwrap();
    assert_eq!((renewed.begun, renewed.ends), (begun.begun, begun.ends));
    assert!(!session::is_outdated(&world.draft, renewed));
    let again = admitted(&world, new.token.reveal()).unwrap();
    let bytes = world.chance.bytes();
    assert!(matches!(world.perform(&again, &Command::Renew, bytes), Outcome::Nothing));
    refused(&mut world, &caller, &Command::Renew, "not_authenticated");
    refused(&mut world, &owner, &Command::Renew, "not_authenticated");
}

#[test]
fn all_others_end_at_once() {
    let (mut world, organization, ..) = acme();
    let pia = person_of(&world.person(&[Granted::Organization(organization, OrganizationRole::Member)]));
    let tokens: Vec<String> = (0..3).map(|_| signs_in(&mut world, pia).1).collect();
    let caller = admitted(&world, &tokens[1]).unwrap();
    written(&mut world, &caller, &Command::EndOthers);
    let admitted: Vec<bool> = tokens.iter().map(|token| admitted(&world, token).is_ok()).collect();
    assert_eq!(admitted, [false, true, false]);
    let bytes = world.chance.bytes();
    let outcome = world.perform(&caller, &Command::EndOthers, bytes);
    assert!(matches!(outcome, Outcome::Nothing), "{outcome:?}");
}

#[test]
fn nobody_ends_the_session_of_another() {
    let (mut world, organization, ..) = acme();
    let granted = [Granted::Organization(organization, OrganizationRole::Owner)];
    let (pia, mallory) = (person_of(&world.person(&granted)), world.person(&granted));
    let (id, token) = signs_in(&mut world, pia);
    let bytes = world.chance.bytes();
    let outcome = world.perform(&mallory, &Command::SignOut(id), bytes);
    assert!(matches!(outcome, Outcome::Nothing), "{outcome:?}");
    assert!(admitted(&world, &token).is_ok());
}

/// each of a person's organizations is told; who belongs nowhere, and who is no person, does not sign in
#[test]
fn each_organization_is_told_who_signs_in() {
    let (mut world, organization, ..) = acme();
    world.found(None);
    let other = world.organizations()[1];
    let member = |on| Granted::Organization(on, OrganizationRole::Member);
    let pia = person_of(&world.person(&[member(organization), member(other)]));
    let bytes = world.chance.bytes();
    let outcome = world.perform(&Caller::Operator, &Command::SignIn(sign_in(pia)), bytes);
    let Outcome::Written(decision, _) = &outcome else { panic!("{outcome:?}") };
    let told: Vec<_> = decision.events().iter().map(|event| (event.name(), event.organization())).collect();
    assert_eq!(told, [(EventName::SessionLoggedIn, organization), (EventName::SessionLoggedIn, other)]);
    let nobody = person_of(&world.person(&[]));
    let account = world.credentials[0].principal;
    for person in [nobody, account, PrincipalId::new(world.rows.next_id + 5).unwrap()] {
        refused(&mut world, &Caller::Operator, &Command::SignIn(sign_in(person)), "not_authenticated");
    }
    let address = |person: PrincipalId| email(&format!("person-{person}@example.com"));
    assert!(authorize::sign_in(&world.draft, &address(pia)).is_some());
    assert!(authorize::sign_in(&world.draft, &address(nobody)).is_none());
}

#[test]
fn leaving_the_last_organization_ends_all_sessions() {
    let (mut world, organization, ..) = acme();
    world.found(None);
    let other = world.organizations()[1];
    let member = |on| Granted::Organization(on, OrganizationRole::Member);
    let as_pia = world.person(&[member(organization), member(other)]);
    let pia = person_of(&as_pia);
    let (_, token) = signs_in(&mut world, pia);
    written(&mut world, &as_pia, &Command::RemoveMember { organization, person: pia });
    assert!(admitted(&world, &token).is_ok(), "there is another organization");
    written(&mut world, &as_pia, &Command::RemoveMember { organization: other, person: pia });
    assert_eq!(admitted(&world, &token), Err(Refusal::NotAuthenticated));
    assert_eq!(session::sessions_of(&world.draft, pia).count(), 0);
}

/// so many at a time: one more ends the oldest, and what has ended by itself goes first
#[test]
fn one_session_too_many_ends_the_oldest() {
    let (mut world, organization, ..) = acme();
    let pia = person_of(&world.person(&[Granted::Organization(organization, OrganizationRole::Member)]));
    // She was signed in as she joined.
    let tokens: Vec<String> = (1..SESSIONS_MAX).map(|_| signs_in(&mut world, pia).1).collect();
    assert_eq!(session::sessions_of(&world.draft, pia).count(), SESSIONS_MAX);
    let newest = signs_in(&mut world, pia).1;
    assert_eq!(session::sessions_of(&world.draft, pia).count(), SESSIONS_MAX);
    assert!(tokens.iter().all(|token| admitted(&world, token).is_ok()), "only the very first one has ended");
    signs_in(&mut world, pia);
    assert_eq!(admitted(&world, &tokens[0]), Err(Refusal::NotAuthenticated));
    assert!(admitted(&world, &newest).is_ok());
    world.now = world.now.plus_seconds(SESSION_LIFETIME_S as u64).unwrap();
    signs_in(&mut world, pia);
    assert_eq!(session::sessions_of(&world.draft, pia).count(), 1, "the others had ended by themselves");
}
