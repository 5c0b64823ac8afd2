//! When each session was last used: in memory, where the idle end is decided by it.
//!
//! Requests note it here; the writer flushes what is new every 20 seconds and at shutdown, and the keeper reads it back at
//! a start. A process that is killed loses the last of it, less than a minute: sessions then end earlier by as much. What
//! was flushed stays here, since no check reads the store.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use claviger_access::Moment;
use claviger_access::identity::SessionId;

/// The last uses of sessions.
#[derive(Default)]
pub struct LastSeen {
    sessions: Mutex<HashMap<SessionId, Seen>>,
}

#[derive(Clone, Copy)]
struct Seen {
    latest: Moment,
    is_flushed: bool,
}

impl LastSeen {
    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, Seen>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// This session was used now.
    pub fn note(&self, session: SessionId, now: Moment) {
        let mut sessions = self.lock();
        let seen = sessions.entry(session).or_insert(Seen { latest: now, is_flushed: false });
        if now > seen.latest {
            *seen = Seen { latest: now, is_flushed: false };
        }
    }

    /// When it was used last, if it was since it was begun.
    pub fn of(&self, session: SessionId) -> Option<Moment> {
        self.lock().get(&session).map(|seen| seen.latest)
    }

    /// What the store has. What is known here and is later counts.
    pub fn read_back(&self, stored: Vec<(SessionId, Moment)>) {
        let mut sessions = self.lock();
        for (session, moment) in stored {
            let seen = sessions.entry(session).or_insert(Seen { latest: moment, is_flushed: true });
            if moment > seen.latest {
                *seen = Seen { latest: moment, is_flushed: true };
            }
        }
    }

    /// What is to be flushed: at most so many.
    pub fn waiting(&self, limit: usize) -> Vec<(SessionId, Moment)> {
        let sessions = self.lock();
        let waiting = sessions.iter().filter(|(_, seen)| !seen.is_flushed);
        waiting.take(limit).map(|(session, seen)| (*session, seen.latest)).collect()
    }

    /// These are in the store now. One that was used again meanwhile goes on waiting.
    pub fn flushed(&self, uses: &[(SessionId, Moment)]) {
        let mut sessions = self.lock();
        for (session, moment) in uses {
            if let Some(seen) = sessions.get_mut(session).filter(|seen| seen.latest == *moment) {
                seen.is_flushed = true;
            }
        }
    }

    /// Forgets those that are over.
    pub fn keep(&self, is_there: impl Fn(SessionId) -> bool) {
        self.lock().retain(|session, _| is_there(*session));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Moment {
        Moment::from_seconds(seconds).expect("a moment")
    }

    fn id(number: u64) -> SessionId {
        SessionId::new(number).expect("an id")
    }

    #[test]
    fn the_latest_use_stays_known_after_it_is_flushed() {
        let seen = LastSeen::default();
        seen.note(id(7), at(20));
        seen.note(id(7), at(10));
        let waiting = seen.waiting(10);
        assert_eq!((&waiting[..], seen.of(id(7))), (&[(id(7), at(20))][..], Some(at(20))));
        seen.note(id(7), at(30));
        seen.flushed(&waiting);
        assert_eq!(seen.waiting(10), [(id(7), at(30))], "used again meanwhile");
        seen.flushed(&[(id(7), at(30))]);
        assert_eq!((seen.waiting(10), seen.of(id(7))), (vec![], Some(at(30))));
        (1..=20).for_each(|number| seen.note(id(number), at(40)));
        assert_eq!(seen.waiting(8).len(), 8);
        seen.keep(|session| session == id(3));
        assert_eq!((seen.of(id(3)), seen.of(id(7))), (Some(at(40)), None));
    }

    #[test]
    fn what_is_read_back_counts_unless_it_is_older() {
        let seen = LastSeen::default();
        seen.note(id(1), at(20));
        seen.read_back(vec![(id(1), at(10)), (id(2), at(15)), (id(1), at(30))]);
        assert_eq!((seen.of(id(1)), seen.of(id(2))), (Some(at(30)), Some(at(15))));
        assert_eq!(seen.waiting(10), [], "the store has them");
    }
}
