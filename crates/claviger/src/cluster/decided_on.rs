//! Which state the answer to a request rests on: the newest that was looked at on the way to it.
//!
//! It goes with the task that answers, so that no way through the server can forget to say it: whoever asks for the image
//! notes it here, and so does whoever has a write answered. The answer tells it, and one that says that something is so
//! which others could be told otherwise waits for it.

use std::cell::Cell;

use claviger_access::Revision;

tokio::task_local! {
    static NEWEST: Cell<Option<Revision>>;
}

/// This was looked at. Outside of a request nobody asks.
pub(crate) fn note(revision: Revision) {
    // An error: no request is being answered here.
    _ = NEWEST.try_with(|newest| newest.set(newest.get().max(Some(revision))));
}

/// Does the work, and tells what it rests on; nothing where it looked at nothing.
pub async fn noted<T>(work: impl Future<Output = T>) -> (T, Option<Revision>) {
    NEWEST.scope(Cell::new(None), async { (work.await, NEWEST.with(Cell::get)) }).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_newest_state_that_was_looked_at_counts_and_each_request_has_its_own() {
        note(Revision(99));
        let work = async {
            note(Revision(3));
            tokio::task::yield_now().await;
            note(Revision(7));
            note(Revision(5));
            noted(async { note(Revision(50)) }).await
        };
        assert_eq!(noted(work).await, (((), Some(Revision(50))), Some(Revision(7))));
        assert_eq!(noted(async { "nothing" }).await, ("nothing", None));
    }
}
