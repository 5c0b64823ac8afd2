//! Second factors, and links by which people choose another password: in random histories, and rule by rule.

use claviger_access::administration::password_reset::{self, LINK_LIFETIME_S};
use claviger_access::administration::second_factor::{Code, Enable, Shown};
use claviger_access::administration::session::{self, SignIn};
use claviger_access::change::{
    Change, PasswordResetChange, PersonChange, ResetLinkMaker, SecondFactorChange, SessionChange, SignedInFrom,
};
use claviger_access::credential::{PresentedToken, SecretDigest};
use claviger_access::directory::{PasswordReset, SecondFactor};
use claviger_access::event::{Event, EventName};
use claviger_access::grant::Granted;
use claviger_access::identity::{OrganizationId, PrincipalId};
use claviger_access::role::OrganizationRole;
use claviger_access::second_factor::{SealedSecret, TimeStep};
use claviger_access::{Basis, Caller, Decision};

use crate::command::{Command, Reply};
use crate::people::{acme, refused, written};
use crate::rows::Rows;
use crate::world::{Outcome, Step, World};

/// Random use cases.
impl World {
    pub(crate) fn any_command_on_recovery(&mut self, organization: OrganizationId) -> Command {
        match self.chance.below(14) {
            0 | 1 | 10 => Command::EnableSecondFactor(self.any_factor()),
            2 | 11..=13 => Command::RenewRecoveryCodes(self.any_digests(3)),
            3 => Command::RemoveSecondFactor,
            4 => Command::RecoverPerson(self.any_person(organization)),
            5 | 6 => Command::MakeReset { organization, person: self.any_person(organization) },
            7 => Command::AskForReset(self.any_person(organization)),
            8 if self.chance.one_in(3) => Command::RecoverPassword(self.any_person(organization)),
            _ => {
                let last: Vec<usize> = (0..self.reset_tokens.len()).rev().take(4).collect();
                let all: Vec<usize> = (0..self.reset_tokens.len()).collect();
                let from = if self.chance.one_in(4) { &all } else { &last };
                let token = self.chance.one_of(from).map_or_else(String::new, |place| self.reset_tokens[place].clone());
                Command::ChooseAnother { token }
            }
        }
    }

    pub(crate) fn any_sign_in(&mut self, organization: OrganizationId) -> SignIn {
        let person = self.any_person(organization);
        let Some(mut seen) = self.draft.second_factor(person).cloned().filter(|_| !self.chance.one_in(6)) else {
            return SignIn { person, from: SignedInFrom::default(), shown: None };
        };
        let code = match self.chance.one_of(&seen.recovery) {
            Some(digest) if self.chance.one_in(3) => Code::Recovery(digest),
            _ if self.chance.one_in(12) => Code::Recovery(SecretDigest::from_bytes(self.chance.bytes())),
            _ => Code::OfApp(TimeStep(seen.last_step.0 + self.chance.below(4) as i64 - 1)),
        };
        if self.chance.one_in(8) {
            seen.last_step = TimeStep(seen.last_step.0 - 1);
        }
        SignIn { person, from: SignedInFrom::default(), shown: Some(Shown { seen, code }) }
    }

    fn any_factor(&mut self) -> Enable {
        let sealed = SealedSecret::from_text(format!("sealed {}", self.chance.number()));
        Enable { sealed, step: TimeStep(self.now.seconds() / 30), recovery: self.any_digests(4) }
    }

    fn any_digests(&mut self, count: usize) -> Vec<SecretDigest> {
        (0..count).map(|_| SecretDigest::from_bytes(self.chance.bytes())).collect()
    }
}

/// What a store would keep.
impl Rows {
    pub(crate) fn write_second_factor(&mut self, change: &SecondFactorChange) {
        let place = |rows: &Self, person| rows.second_factors.iter().position(|row| row.id == person);
        match change {
            SecondFactorChange::Enabled { person, sealed, step, recovery, enabled } => {
                assert!(place(self, *person).is_none(), "a person has one");
                self.second_factors.push(SecondFactor::new(*person, sealed.clone(), *step, recovery, *enabled));
            }
            SecondFactorChange::CodeUsed { person, step } => {
                let place = place(self, *person).expect("it is on");
                assert!(*step > self.second_factors[place].last_step, "a code counts once");
                self.second_factors[place].last_step = *step;
            }
            SecondFactorChange::RecoveryCodeUsed { person, digest } => {
                let place = place(self, *person).expect("it is on");
                let before = self.second_factors[place].recovery.len();
                self.second_factors[place].recovery.retain(|other| !other.matches(digest));
                assert_eq!(self.second_factors[place].recovery.len() + 1, before, "a recovery code counts once");
            }
            SecondFactorChange::RecoveryCodesMade { person, recovery } => {
                let place = place(self, *person).expect("it is on");
                let SecondFactor { id, sealed, last_step, enabled, .. } = self.second_factors[place].clone();
                self.second_factors[place] = SecondFactor::new(id, sealed, last_step, recovery, enabled);
            }
            SecondFactorChange::Removed { person } => {
                let place = place(self, *person).expect("it is on");
                self.second_factors.remove(place);
            }
        }
    }

    pub(crate) fn write_password_reset(&mut self, change: &PasswordResetChange) {
        match change {
            PasswordResetChange::LinkMade { person, digest, made, expires, maker } => {
                self.password_resets.retain(|row| row.id != *person);
                let (id, digest, made, expires, maker) = (*person, *digest, *made, *expires, *maker);
                self.password_resets.push(PasswordReset { id, digest, made, expires, maker });
            }
            PasswordResetChange::Ended { person } => {
                let place = self.password_resets.iter().position(|row| row.id == *person);
                self.password_resets.remove(place.expect("there is a link"));
            }
        }
    }
}

/// The link that a step uses, in the state just before.
pub(crate) fn link_of(step: &Step) -> Option<&PasswordReset> {
    let Command::ChooseAnother { token } = &step.command else { return None };
    let token = PresentedToken::<PrincipalId>::read(token)?;
    step.rows_before.password_resets.iter().find(|row| row.id == token.named() && token.opens(&row.digest))
}

/// Whether a step is about one person in all of his organizations at once.
pub(crate) fn is_about_one_person(command: &Command) -> bool {
    matches!(
        command,
        Command::EnableSecondFactor(_)
            | Command::RenewRecoveryCodes(_)
            | Command::RemoveSecondFactor
            | Command::RecoverPerson(_)
            | Command::MakeReset { .. }
            | Command::AskForReset(_)
            | Command::RecoverPassword(_)
            | Command::ChooseAnother { .. }
    )
}

/// By a link: it was open, of that very token; whoever handed it over is an owner wherever the person is a member; and
/// nothing of the person's that let somebody in is left.
pub(crate) fn reset_link_was_open(step: &Step, decision: &Decision, event: &Event) {
    let (reset, rows) = (link_of(step).expect("a link in the state before"), &step.rows_before);
    assert_eq!(event.name(), EventName::PasswordResetUsed);
    assert!(step.moment.seconds() < reset.expires.seconds(), "{event:?}: the link had expired");
    for organization in rows.organizations.iter().map(|row| row.id) {
        let is_member = rows.organization_role(reset.id, organization).is_some();
        let owns = |maker| rows.organization_role(maker, organization) == Some(OrganizationRole::Owner);
        assert!(!is_member || owner_of(reset).is_none_or(owns), "{event:?}: not of {organization}");
    }
    assert!(rows.organization_role(reset.id, event.organization()).is_some());
    let ended = |id| {
        let is_end =
            |change: &Change| matches!(change, Change::Session(SessionChange::Ended { id: other }) if *other == id);
        decision.changes().iter().any(is_end)
    };
    assert!(rows.sessions.iter().filter(|row| row.person == reset.id).all(|row| ended(row.id)), "{decision:?}");
    let set =
        |change: &Change| matches!(change, Change::Person(PersonChange::PasswordSet { id, .. }) if *id == reset.id);
    assert!(decision.changes().iter().any(set), "{decision:?}");
}

/// By mail: no link of the operator's is open, nor one of somebody who is an owner wherever the person is a member.
pub(crate) fn ends_nothing_handed_over(step: &Step, person: PrincipalId) {
    let rows = &step.rows_before;
    let open = rows.password_resets.iter().filter(|row| row.id == person && !row.has_expired(step.moment));
    for reset in open {
        let owns = |organization| {
            let maker = owner_of(reset).and_then(|maker| rows.organization_role(maker, organization));
            maker == Some(OrganizationRole::Owner)
        };
        let mut his = rows.organizations.iter().map(|row| row.id);
        let is_void = his.any(|id| rows.organization_role(person, id).is_some() && !owns(id));
        assert!(reset.maker == ResetLinkMaker::Mail || (owner_of(reset).is_some() && is_void), "{reset:?}");
    }
}

/// The owner who answers for a link, if one does.
pub(crate) fn owner_of(reset: &PasswordReset) -> Option<PrincipalId> {
    match reset.maker {
        ResetLinkMaker::Owner(owner) => Some(owner),
        ResetLinkMaker::Operator | ResetLinkMaker::Mail => None,
    }
}

fn person_of(caller: &Caller) -> PrincipalId {
    let Caller::Principal { principal, .. } = caller else { panic!("no person") };
    *principal
}

fn member(organization: OrganizationId, role: OrganizationRole) -> Granted {
    Granted::Organization(organization, role)
}

fn shown(world: &World, person: PrincipalId, code: Code) -> Command {
    let seen = world.draft.second_factor(person).expect("it is on").clone();
    Command::SignIn(SignIn { person, from: SignedInFrom::default(), shown: Some(Shown { seen, code }) })
}

fn link(world: &mut World, caller: &Caller, command: &Command) -> String {
    let bytes = world.chance.bytes();
    match world.perform(caller, command, bytes) {
        Outcome::Written(_, Reply::Link(new)) => new.token.reveal().to_owned(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_code_counts_once_and_for_what_was_seen() {
    let (mut world, organization, ..) = acme();
    let as_pia = world.person(&[member(organization, OrganizationRole::Member)]);
    let pia = person_of(&as_pia);
    let on = world.any_factor();
    let (step, recovery) = (on.step, on.recovery.clone());
    written(&mut world, &as_pia, &Command::EnableSecondFactor(on));
    let seen_before = world.draft.second_factor(pia).unwrap().clone();
    let operator = Caller::Operator;
    let without = Command::SignIn(SignIn { person: pia, from: SignedInFrom::default(), shown: None });
    refused(&mut world, &operator, &without, "code_not_accepted");
    for code in [step.0, step.0 - 1, 0] {
        let used = shown(&world, pia, Code::OfApp(TimeStep(code)));
        refused(&mut world, &operator, &used, "code_not_accepted");
    }
    let next = shown(&world, pia, Code::OfApp(TimeStep(step.0 + 1)));
    written(&mut world, &operator, &next);
    refused(&mut world, &operator, &next, "code_not_accepted");
    // A right code that was looked at before another was used says nothing any more.
    let stale = Shown { seen: seen_before, code: Code::OfApp(TimeStep(step.0 + 2)) };
    refused(
        &mut world,
        &operator,
        &Command::SignIn(SignIn { person: pia, from: SignedInFrom::default(), shown: Some(stale) }),
        "code_not_accepted",
    );
    let by_recovery = shown(&world, pia, Code::Recovery(recovery[1]));
    written(&mut world, &operator, &by_recovery);
    let again = shown(&world, pia, Code::Recovery(recovery[1]));
    refused(&mut world, &operator, &again, "code_not_accepted");
    let others = world.any_digests(3);
    written(&mut world, &as_pia, &Command::RenewRecoveryCodes(others));
    let old = shown(&world, pia, Code::Recovery(recovery[0]));
    refused(&mut world, &operator, &old, "code_not_accepted");
}

/// nobody turns on or off what is another's: each only his own, and the operator the one that was lost
#[test]
fn a_second_factor_is_ones_own() {
    let (mut world, organization, ..) = acme();
    let as_owner = world.person(&[member(organization, OrganizationRole::Owner)]);
    let as_pia = world.person(&[member(organization, OrganizationRole::Member)]);
    let pia = person_of(&as_pia);
    for command in [Command::RenewRecoveryCodes(Vec::new()), Command::RemoveSecondFactor, Command::RecoverPerson(pia)] {
        let caller = if matches!(command, Command::RecoverPerson(_)) { Caller::Operator } else { as_pia };
        refused(&mut world, &caller, &command, "second_factor_off");
    }
    let on = world.any_factor();
    written(&mut world, &as_pia, &Command::EnableSecondFactor(on.clone()));
    refused(&mut world, &as_pia, &Command::EnableSecondFactor(on.clone()), "second_factor_on");
    refused(&mut world, &as_owner, &Command::RemoveSecondFactor, "second_factor_off");
    for caller in [as_owner, as_pia] {
        refused(&mut world, &caller, &Command::RecoverPerson(pia), "not_authenticated");
    }
    let account = world.credentials[0].authenticate(&world.draft, world.now).expect("a caller");
    for caller in [account, Caller::Operator] {
        refused(&mut world, &caller, &Command::EnableSecondFactor(on.clone()), "not_authenticated");
    }
    written(&mut world, &Caller::Operator, &Command::RecoverPerson(pia));
    assert!(world.draft.second_factor(pia).is_none());
    written(
        &mut world,
        &Caller::Operator,
        &Command::SignIn(SignIn { person: pia, from: SignedInFrom::default(), shown: None }),
    );
}

/// whoever is owner of one organization of two does not come into the other as somebody else
#[test]
fn a_link_takes_an_owner_of_every_organization() {
    let (mut world, acme, ..) = acme();
    world.found(None);
    let globex = world.organizations()[1];
    let of_acme = world.person(&[member(acme, OrganizationRole::Owner)]);
    let of_both = world.person(&[member(acme, OrganizationRole::Owner), member(globex, OrganizationRole::Owner)]);
    let admin = world.person(&[member(acme, OrganizationRole::Admin), member(globex, OrganizationRole::Owner)]);
    let in_both =
        person_of(&world.person(&[member(acme, OrganizationRole::Member), member(globex, OrganizationRole::Member)]));
    let in_acme = person_of(&world.person(&[member(acme, OrganizationRole::Member)]));
    let make = |organization, person| Command::MakeReset { organization, person };
    refused(&mut world, &of_acme, &make(acme, in_both), "not_owner_everywhere");
    refused(&mut world, &of_acme, &make(globex, in_both), "organization_not_found");
    refused(&mut world, &admin, &make(acme, in_acme), "permission_missing");
    refused(&mut world, &admin, &make(globex, in_both), "not_owner_everywhere");
    refused(&mut world, &of_acme, &make(acme, person_of(&of_acme)), "reset_for_oneself");
    let account = world.credentials[0].principal;
    refused(&mut world, &of_acme, &make(acme, account), "user_not_found");
    link(&mut world, &of_acme, &make(acme, in_acme));
    link(&mut world, &of_both, &make(acme, in_both));
    link(&mut world, &Caller::Operator, &Command::RecoverPassword(in_both));
    refused(&mut world, &of_both, &Command::RecoverPassword(in_both), "not_authenticated");
    refused(&mut world, &Caller::Operator, &Command::RecoverPassword(account), "user_not_found");
}

/// it is judged again where it is used: the owner may have been lowered, the person may have joined elsewhere
#[test]
fn a_link_is_judged_again_when_it_is_used() {
    let (mut world, acme, ..) = acme();
    world.found(None);
    let globex = world.organizations()[1];
    let maker = world.person(&[member(acme, OrganizationRole::Owner)]);
    let other = world.person(&[member(acme, OrganizationRole::Owner)]);
    let (pia, mel) = (
        person_of(&world.person(&[member(acme, OrganizationRole::Member)])),
        person_of(&world.person(&[member(acme, OrganizationRole::Member)])),
    );
    let make = |person| Command::MakeReset { organization: acme, person };
    let (of_pia, of_mel) = (link(&mut world, &maker, &make(pia)), link(&mut world, &maker, &make(mel)));
    let grant = world.draft.ids().grant().unwrap();
    let joins = Change::GrantGiven {
        id: grant,
        holder: claviger_access::grant::Holder::Principal(pia),
        granted: member(globex, OrganizationRole::Member),
        created: world.now,
    };
    world.write(&[joins]);
    let choose = |token: &str| Command::ChooseAnother { token: token.to_owned() };
    refused(&mut world, &Caller::Operator, &choose(&of_pia), "reset_not_found");
    let lower = Command::ChangeOrganizationRole {
        organization: acme,
        person: person_of(&maker),
        role: OrganizationRole::Admin,
    };
    written(&mut world, &other, &lower);
    refused(&mut world, &Caller::Operator, &choose(&of_mel), "reset_not_found");
    // One that went by mail rests on nobody.
    let by_mail = link(&mut world, &Caller::Operator, &Command::AskForReset(pia));
    written(&mut world, &Caller::Operator, &choose(&by_mail));
}

/// whoever asks for a letter ends no link that was handed over, while it opens something
#[test]
fn a_letter_ends_nothing_that_was_handed_over() {
    let (mut world, organization, ..) = acme();
    let owner = world.person(&[member(organization, OrganizationRole::Owner)]);
    let other = world.person(&[member(organization, OrganizationRole::Owner)]);
    let pia = person_of(&world.person(&[member(organization, OrganizationRole::Member)]));
    let (make, ask) = (Command::MakeReset { organization, person: pia }, Command::AskForReset(pia));
    let choose = |token: &str| Command::ChooseAnother { token: token.to_owned() };
    let asks_in_vain = |world: &mut World| {
        let bytes = world.chance.bytes();
        let outcome = world.perform(&Caller::Operator, &ask, bytes);
        assert!(matches!(outcome, Outcome::Nothing), "{outcome:?}");
    };
    for (caller, command) in [(owner, &make), (Caller::Operator, &Command::RecoverPassword(pia))] {
        let handed = link(&mut world, &caller, command);
        asks_in_vain(&mut world);
        written(&mut world, &Caller::Operator, &choose(&handed));
    }
    // Of two letters the later one counts, and whatever is handed over takes a letter's place.
    let letters = [link(&mut world, &Caller::Operator, &ask), link(&mut world, &Caller::Operator, &ask)];
    refused(&mut world, &Caller::Operator, &choose(&letters[0]), "reset_not_found");
    let handed = link(&mut world, &owner, &make);
    refused(&mut world, &Caller::Operator, &choose(&letters[1]), "reset_not_found");
    asks_in_vain(&mut world);
    // What opens nothing any more is in nobody's way.
    world.now = world.now.plus_seconds(LINK_LIFETIME_S).unwrap();
    link(&mut world, &Caller::Operator, &ask);
    refused(&mut world, &Caller::Operator, &choose(&handed), "reset_not_found");
    link(&mut world, &owner, &make);
    let lower =
        Command::ChangeOrganizationRole { organization, person: person_of(&owner), role: OrganizationRole::Admin };
    written(&mut world, &other, &lower);
    let by_mail = link(&mut world, &Caller::Operator, &ask);
    written(&mut world, &Caller::Operator, &choose(&by_mail));
}

#[test]
fn a_link_opens_once_within_an_hour_and_ends_all_sessions() {
    let (mut world, organization, ..) = acme();
    let owner = world.person(&[member(organization, OrganizationRole::Owner)]);
    let as_pia = world.person(&[member(organization, OrganizationRole::Member)]);
    let pia = person_of(&as_pia);
    let on = world.any_factor();
    written(&mut world, &as_pia, &Command::EnableSecondFactor(on));
    let make = Command::MakeReset { organization, person: pia };
    let (first, second) = (link(&mut world, &owner, &make), link(&mut world, &owner, &make));
    let choose = |token: &str| Command::ChooseAnother { token: token.to_owned() };
    refused(&mut world, &owner, &choose(&first), "reset_not_found");
    let swapped = second.replace(&format!("cvr_{pia}_"), &format!("cvr_{}_", person_of(&owner)));
    refused(&mut world, &owner, &choose(&swapped), "reset_not_found");
    let made = world.now;
    world.now = made.plus_seconds(LINK_LIFETIME_S).unwrap();
    refused(&mut world, &owner, &choose(&second), "reset_not_found");
    world.now = made.plus_seconds(LINK_LIFETIME_S - 1).unwrap();
    assert!(password_reset::look_at(&world.draft, &PresentedToken::read(&second).unwrap(), world.now).is_ok());
    written(&mut world, &owner, &choose(&second));
    assert_eq!(session::sessions_of(&world.draft, pia).count(), 0);
    assert!(world.draft.second_factor(pia).is_some(), "it stays on");
    refused(&mut world, &owner, &choose(&second), "reset_not_found");
    let third = link(&mut world, &owner, &make);
    written(&mut world, &owner, &Command::RemoveMember { organization, person: pia });
    refused(&mut world, &owner, &choose(&third), "reset_not_found");
    assert!(world.draft.password_reset(pia).is_none(), "who belongs nowhere has none");
    refused(&mut world, &owner, &Command::AskForReset(pia), "user_not_found");
}

/// each of his organizations is told, and by whom it was made
#[test]
fn each_organization_is_told_of_a_link() {
    let (mut world, acme, ..) = acme();
    world.found(None);
    let globex = world.organizations()[1];
    let pia =
        person_of(&world.person(&[member(acme, OrganizationRole::Member), member(globex, OrganizationRole::Member)]));
    for (command, by, basis) in
        [(Command::AskForReset(pia), "mail", Basis::Oneself), (Command::RecoverPassword(pia), "hand", Basis::Operator)]
    {
        let bytes = world.chance.bytes();
        let outcome = world.perform(&Caller::Operator, &command, bytes);
        let Outcome::Written(decision, _) = &outcome else { panic!("{outcome:?}") };
        let told: Vec<_> = decision.events().iter().map(|event| (event.organization(), event.through())).collect();
        assert_eq!(told, [(acme, basis), (globex, basis)]);
        assert!(decision.events().iter().all(|event| event.facts_after()[0].value == by));
    }
}
