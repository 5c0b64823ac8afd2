//! What is no mutation and is recorded all the same: credentials that were not let in, and requests that were refused.
//!
//! Requests note it in memory; the writer's task sends it to the audit log every second, in batches between writes. It
//! takes no revision and waits for nobody's write: a flood of wrong passwords does not slow a deletion, and no check
//! reads it. It has a chain of its own in the log.
//!
//! What must stay true: memory is bounded whatever is sent; what is above the [`limits`], or cannot be sent, is counted,
//! and the count is recorded. The work is the same whether a username exists or not: what was presented under names of no
//! account is noted like the rest, and put away by the writer's task.

pub mod limits;

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use claviger_access::Moment;
use claviger_access::authorize::{NoAdmission, NotAdmitted};
use claviger_access::credential;
use claviger_access::directory::{Invitation, PrincipalView};
use claviger_access::effective;
use claviger_access::event::{EventName, Fact, Target};
use claviger_access::identity::{OrganizationId, PrincipalId, Username};
use governor::clock::MonotonicClock;

use self::limits::Limits;
use crate::clock;
use crate::random::RequestId;
use crate::store::observed::Observation;
use crate::store::writing::Origin;

/// So many wait to be recorded.
const WAITING_MAX: usize = 4_096;

/// What was dropped is told so often.
const DROPPED_TOLD_EVERY: Duration = Duration::from_secs(60);

/// What was not recorded yet.
pub struct Observations {
    limits: Limits,
    noted: Mutex<Noted>,
}

struct Noted {
    waiting: VecDeque<Note>,
    /// Above the limits, by whose it was; `None` for names of no account.
    dropped: HashMap<Option<OrganizationId>, u64>,
    told: Instant,
}

enum Note {
    NotAdmitted { account: Option<(PrincipalId, OrganizationId)>, why: NoAdmission, made: Moment, origin: Origin },
    Refused(Observation),
}

impl Default for Observations {
    fn default() -> Self {
        let noted = Noted { waiting: VecDeque::new(), dropped: HashMap::new(), told: clock::instant() };
        Self { limits: Limits::new(&MonotonicClock), noted: Mutex::new(noted) }
    }
}

impl Observations {
    /// A credential was not let in.
    pub fn not_admitted(&self, presented: &str, refused: &NotAdmitted, origin: &Origin, made: Moment) {
        let NotAdmitted { account, why, .. } = *refused;
        let organization = account.map(|(_, organization)| organization);
        // Who guesses uses nothing up of who knows a secret: that one is the worse.
        let is_let_through = match why.knew_the_secret() {
            true => self.limits.let_through_known((presented, why), organization),
            false => self.limits.let_through(presented, origin.address, organization),
        };
        if !is_let_through {
            return self.lock().drop_one(organization);
        }
        let username = if may_be_told(presented) { presented } else { "-" };
        let client = origin.address.map_or_else(|| "-".to_owned(), |address| address.to_string());
        tracing::info!(request = %origin.request_id, client, username, reason = %why, "a credential was refused");
        let note = Note::NotAdmitted { account, why, made, origin: origin.clone() };
        self.lock().add(organization, note);
    }

    /// Somebody came with a person's address, and without his password, or with it and without a right code. Each of his
    /// organizations is told.
    pub fn login_failed(&self, person: &PrincipalView<'_>, reason: &'static str, origin: &Origin, made: Moment) {
        self.not_himself(EventName::SessionLoginFailed, reason, person, origin, made);
    }

    fn not_himself(
        &self,
        name: EventName,
        reason: &'static str,
        person: &PrincipalView<'_>,
        origin: &Origin,
        made: Moment,
    ) {
        for organization in effective::organizations(person) {
            self.refused(Observation {
                name,
                made,
                origin: origin.clone(),
                organization,
                project: None,
                actor: None,
                target: Target::Principal(person.id()),
                facts: vec![Fact::new("reason", reason)],
            });
        }
    }

    /// Somebody with a person's session gave another password than his, to set a new one. Each of his organizations is told.
    pub fn password_change_failed(&self, person: &PrincipalView<'_>, origin: &Origin, made: Moment) {
        self.not_himself(EventName::UserPasswordChangeFailed, "wrong_password", person, origin, made);
    }

    /// Somebody came with an open invitation, and without the password of its person.
    pub fn acceptance_failed(&self, invitation: &Invitation, origin: &Origin, made: Moment) {
        self.refused(Observation {
            name: EventName::InvitationAcceptanceFailed,
            made,
            origin: origin.clone(),
            organization: invitation.organization,
            project: None,
            actor: None,
            target: Target::Invitation(invitation.id),
            facts: vec![Fact::new("reason", "wrong_password")],
        });
    }

    /// Somebody was refused something that his organization's log tells.
    pub fn refused(&self, observation: Observation) {
        let organization = Some(observation.organization);
        // What somebody known has tried often does not hide what else he tries.
        let tried: Vec<&str> = observation.facts.iter().map(|fact| &*fact.value).collect();
        let is_let_through = match observation.actor {
            Some(actor) => self.limits.let_through_known((actor, tried), organization),
            None => self.limits.let_through(observation.target, observation.origin.address, organization),
        };
        match is_let_through {
            true => self.lock().add(organization, Note::Refused(observation)),
            false => self.lock().drop_one(organization),
        }
    }

    /// The next that are to be recorded, so many at most. They are taken out: [`put_back`](Self::put_back) is for what
    /// could not be.
    pub fn take(&self, limit: usize) -> Vec<Observation> {
        let mut noted = self.lock();
        let mut taken = Vec::new();
        while taken.len() < limit
            && let Some(note) = noted.waiting.pop_front()
        {
            taken.extend(note.into_observation());
        }
        taken
    }

    /// These could not be recorded yet.
    pub fn put_back(&self, observations: Vec<Observation>) {
        let mut noted = self.lock();
        for observation in observations.into_iter().rev() {
            if noted.waiting.len() < WAITING_MAX {
                noted.waiting.push_front(Note::Refused(observation));
            } else {
                noted.drop_one(Some(observation.organization));
            }
        }
    }

    /// How many were dropped, once a minute and at the end.
    pub fn take_dropped(&self, made: Moment, at_the_end: bool) -> Vec<Observation> {
        let mut noted = self.lock();
        let now = clock::instant();
        if noted.dropped.is_empty() || (!at_the_end && now.duration_since(noted.told) < DROPPED_TOLD_EVERY) {
            return Vec::new();
        }
        noted.told = now;
        let dropped = std::mem::take(&mut noted.dropped);
        drop(noted);
        dropped.into_iter().filter_map(|(organization, count)| dropped_of(organization, count, made)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Noted {
    fn add(&mut self, organization: Option<OrganizationId>, note: Note) {
        if self.waiting.len() < WAITING_MAX {
            self.waiting.push_back(note);
        } else {
            self.drop_one(organization);
        }
    }

    fn drop_one(&mut self, organization: Option<OrganizationId>) {
        *self.dropped.entry(organization).or_insert(0) += 1;
    }
}

impl Note {
    /// `None` for a name of no account: it is in nobody's log.
    fn into_observation(self) -> Option<Observation> {
        match self {
            Self::Refused(observation) => Some(observation),
            Self::NotAdmitted { account, why, made, origin } => {
                let (account, organization) = account?;
                Some(Observation {
                    name: EventName::ServiceAccountAuthenticationFailed,
                    made,
                    origin,
                    organization,
                    project: None,
                    actor: why.knew_the_secret().then_some(account),
                    target: Target::Principal(account),
                    facts: vec![Fact::new("reason", why)],
                })
            }
        }
    }
}

/// What tells an organization, or the server's log, how many were dropped.
fn dropped_of(organization: Option<OrganizationId>, count: u64, made: Moment) -> Option<Observation> {
    let Some(organization) = organization else {
        tracing::warn!(count, "more credentials of no account were refused than are told one by one");
        return None;
    };
    tracing::warn!(%organization, count, "more was refused than the audit log tells one by one");
    Some(Observation {
        name: EventName::ObservationDropped,
        made,
        origin: Origin { request_id: RequestId::new().shared(), address: None },
        organization,
        project: None,
        actor: None,
        target: Target::Organization(organization),
        facts: vec![Fact::new("count", count)],
    })
}

/// Whether what was presented as a username may stand in the log: who puts his secret there by mistake must not find it.
fn may_be_told(presented: &str) -> bool {
    Username::is_well_formed(presented) && !credential::may_hold_a_secret(presented)
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use claviger_access::Refusal;

    use super::*;

    fn at(seconds: i64) -> Moment {
        Moment::from_seconds(seconds).expect("a moment")
    }

    fn origin(address: u32) -> Origin {
        Origin { request_id: RequestId::new().shared(), address: Some(IpAddr::V4(Ipv4Addr::from(address))) }
    }

    fn try_one(observations: &Observations, number: u32, account: Option<u64>) {
        let ids = |id| Some((PrincipalId::new(id)?, OrganizationId::new(id)?));
        let why = if account.is_some() { NoAdmission::WrongSecret } else { NoAdmission::UnknownUsername };
        let refused = NotAdmitted { account: account.and_then(ids), why, refusal: Refusal::NotAuthenticated };
        observations.not_admitted(&format!("name-{number}"), &refused, &origin(number), at(1));
    }

    #[test]
    fn names_of_no_account_are_nobodys_and_what_is_too_much_is_counted() {
        let observations = Observations::default();
        (0..20).for_each(|number| try_one(&observations, number, None));
        (0..20).for_each(|_| try_one(&observations, 1_000, Some(7)));
        let taken = observations.take(1_000);
        assert_eq!(taken.len(), limits::OF_ONE_NAME_MAX.get() as usize);
        assert!(taken.iter().all(|taken| taken.organization.number() == 7 && taken.actor.is_none()), "{taken:?}");
        assert!(observations.take_dropped(at(2), false).is_empty(), "once a minute");
        let dropped = observations.take_dropped(at(2), true);
        let [dropped] = &dropped[..] else { panic!("{dropped:?}") };
        assert_eq!((dropped.organization.number(), &dropped.facts[..]), (7, &[Fact::new("count", 10)][..]));
        assert!(observations.take_dropped(at(3), true).is_empty(), "it was told");
    }

    /// a million names from a million addresses: what is kept is bounded, and nothing is lost uncounted
    #[test]
    fn memory_is_bounded_and_nothing_is_lost_uncounted() {
        let observations = Observations::default();
        let tries = 1_000_000;
        (0..tries).for_each(|number| try_one(&observations, number, Some(1 + u64::from(number) % 500)));
        let waiting = observations.take(usize::MAX).len();
        assert!(waiting <= WAITING_MAX, "{waiting}");
        let counts = observations.take_dropped(at(2), true);
        let count = |dropped: &Observation| dropped.facts[0].value.parse::<usize>().expect("a count");
        assert_eq!(counts.iter().map(count).sum::<usize>() + waiting, tries as usize);
    }

    #[test]
    fn what_could_not_be_recorded_comes_first_the_next_time() {
        let observations = Observations::default();
        (0..3).for_each(|number| try_one(&observations, number, Some(1 + u64::from(number))));
        let taken = observations.take(2);
        observations.put_back(taken);
        let order: Vec<u64> = observations.take(10).iter().map(|taken| taken.organization.number()).collect();
        assert_eq!(order, [1, 2, 3]);
    }

    #[test]
    fn a_username_is_told_only_if_it_can_be_one_and_holds_no_secret() {
        let secret = "cvg_0000000000000000000000000000000000000000";
        assert!(may_be_told("nightly-export.b2f9ed.service-account"));
        for presented in ["", "hunter2", secret, "a\r\nb.b2f9ed.service-account"] {
            assert!(!may_be_told(presented), "{presented}");
        }
    }
}
