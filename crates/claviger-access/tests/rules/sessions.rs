//! Sessions of people: who signs in, how long it lasts, and what ends it.

use claviger_access::administration::session::{self, SESSION_LIFETIME_S, SESSIONS_MAX, SignIn};
use claviger_access::authorize::{admit_session, sign_in};
use claviger_access::credential::PresentedSession;
use claviger_access::event::EventName;
use claviger_access::grant::Granted;
use claviger_access::identity::{PrincipalId, SessionId};
use claviger_access::role::OrganizationRole;
use claviger_access::{Caller, Refusal};

use crate::command::{Command, Reply};
use crate::people::{acme, email, refused, written};
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

/// Signs somebody in, and answers his session and its token.
fn signs_in(world: &mut World, person: PrincipalId) -> (SessionId, String) {
    let bytes = world.chance.bytes();
    match world.perform(&Caller::Operator, &Command::SignIn(SignIn { person, shown: None }), bytes) {
        Outcome::Written(_, Reply::Session(new)) => (new.id, new.token.reveal().to_owned()),
        other => panic!("{other:?}"),
    }
}

fn admitted(world: &World, token: &str) -> Result<Caller, Refusal> {
    let presented = PresentedSession::read(token).expect("a token");
    admit_session(&world.draft, &presented, None, world.now).map(|(caller, _)| caller)
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
    let outcome = world.perform(&Caller::Operator, &Command::SignIn(SignIn { person: pia, shown: None }), bytes);
    let Outcome::Written(decision, _) = &outcome else { panic!("{outcome:?}") };
    let told: Vec<_> = decision.events().iter().map(|event| (event.name(), event.organization())).collect();
    assert_eq!(told, [(EventName::SessionLoggedIn, organization), (EventName::SessionLoggedIn, other)]);
    let nobody = person_of(&world.person(&[]));
    let account = world.credentials[0].principal;
    for person in [nobody, account, PrincipalId::new(world.rows.next_id + 5).unwrap()] {
        refused(&mut world, &Caller::Operator, &Command::SignIn(SignIn { person, shown: None }), "not_authenticated");
    }
    let address = |person: PrincipalId| email(&format!("person-{person}@example.com"));
    assert!(sign_in(&world.draft, &address(pia)).is_some());
    assert!(sign_in(&world.draft, &address(nobody)).is_none());
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
