//! What happens to sessions.

use super::insert_sorted;
use crate::change::SessionChange;
use crate::directory::{Directory, Session};

impl Directory {
    pub(super) fn apply_to_session(&mut self, change: &SessionChange) {
        match change {
            SessionChange::Begun { id, person, digest, begun, ends, from } => {
                self.count_id(id.number());
                self.put_session(Session {
                    id: *id,
                    person: *person,
                    digest: *digest,
                    begun: *begun,
                    ends: *ends,
                    from: from.clone(),
                });
            }
            SessionChange::Ended { id } => {
                let Some(person) = self.sessions.get(*id).map(|known| known.person) else { return };
                self.people.change(person, |known| known.sessions.retain(|other| other != id));
                self.sessions.remove(*id);
            }
        }
    }

    pub(in crate::directory) fn put_session(&mut self, session: Session) {
        let id = session.id;
        self.people.change(session.person, |known| insert_sorted(&mut known.sessions, id));
        self.sessions.insert(session);
    }
}
