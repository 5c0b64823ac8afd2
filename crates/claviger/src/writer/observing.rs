//! What the writer's task does with observations: sends them to the audit log, a batch at a time, between writes.

use super::WriterTask;
use crate::clock;
use crate::store::observed::OBSERVATIONS_A_BATCH;

impl WriterTask {
    /// Records one batch of observations; whether there may be more. What cannot be recorded now waits for the next time.
    pub(super) async fn record_observations(&self, at_the_end: bool) -> bool {
        // Only the image knows whom they are about.
        let Some(directory) = self.cluster.image() else { return false };
        let waiting = &self.books.observations;
        let mut observations = waiting.take_dropped(clock::now(), at_the_end);
        observations.extend(waiting.take(OBSERVATIONS_A_BATCH));
        if observations.is_empty() {
            return false;
        }
        match self.store.observe(&observations, &directory).await {
            Ok(()) => {
                self.cluster.tell_news();
                observations.len() >= OBSERVATIONS_A_BATCH
            }
            Err(error) => {
                tracing::warn!(%error, "what was refused could not be recorded; trying again later");
                waiting.put_back(observations);
                false
            }
        }
    }
}
