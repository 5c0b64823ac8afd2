//! Observations go into the audit log: many at once, in a transaction that holds the end of their own chain and never the
//! head. So nobody's write waits for it but where an engine has one writer, and there for one batch.

use claviger_access::event::{EventName, Fact, Target};
use claviger_access::identity::{OrganizationId, PrincipalId, ProjectId};
use claviger_access::{Directory, Mark, Moment, Revision};
use sqlx::Row;

use super::ends::Place;
use super::event_row::{self, EventRow};
use super::statements::statements;
use super::writing::{Origin, begin_statement};
use super::{Store, StoreError};
use crate::audit_chain::ChainDigest;
use crate::audit_chain::series::Series;

statements! {
    /// Locks the row: whoever adds observations queues here.
    TAKE_END = "UPDATE observation_head SET next_event = next_event WHERE id = 1 RETURNING next_event, chain_digest";
    MOVE_END = "UPDATE observation_head SET next_event = $1, chain_digest = $2 WHERE id = 1";
}

/// So many go in one transaction, so that a write that comes meanwhile waits only for these.
pub const OBSERVATIONS_A_BATCH: usize = 200;

/// Observations belong to no state of the directory.
const ANYWHERE: Place = (Revision::ZERO, Mark::ZERO);

/// Something that happened, and changed nothing.
#[derive(Debug, Clone)]
pub struct Observation {
    /// What.
    pub name: EventName,
    /// When.
    pub made: Moment,
    /// In which request, and from where.
    pub origin: Origin,
    /// Whose log it is in.
    pub organization: OrganizationId,
    /// The project whose log it is in as well.
    pub project: Option<ProjectId>,
    /// Who; `None` for somebody who did not show who he is.
    pub actor: Option<PrincipalId>,
    /// What it is about.
    pub target: Target,
    /// How it was. Nothing that a stranger wrote.
    pub facts: Vec<Fact>,
}

impl Store {
    /// Records observations, in this order; at most [`OBSERVATIONS_A_BATCH`]. `directory` knows the names of who and what
    /// they are about. An error may mean that they are there all the same.
    pub async fn observe(&self, observations: &[Observation], directory: &Directory) -> Result<(), StoreError> {
        let mut connection = self.connector.begin(begin_statement(self.engine)).await?;
        let end = self.answered(sqlx::query(TAKE_END).fetch_one(&mut *connection)).await?;
        let digest = ChainDigest::parse(&end.try_get::<String, _>("chain_digest")?);
        let (Some(ring), Some(mut digest)) = (self.audit_keys(), digest) else {
            return Err(StoreError::unreadable("no chain for observations to go on with"));
        };
        let (key, mut next) = (ring.current(), end.try_get::<i64, _>("next_event")?);
        // Where there are other nodes, they move it as well.
        if !self.is_shared() && !self.ends.is_ours(Series::Observations, ANYWHERE, (next, digest)) {
            return Err(StoreError::AuditLogMoved);
        }
        let mut rows = Vec::new();
        for observation in observations {
            let row = EventRow::of_observation(observation, next, directory);
            digest = row.seal(key, &digest).finish();
            rows.push((row, digest));
            next += 1;
        }
        self.answered(event_row::inserted(&rows, key).send_alone(&mut connection)).await?;
        let move_end = sqlx::query(MOVE_END).bind(next).bind(digest.to_string());
        self.answered(move_end.execute(&mut *connection)).await?;
        self.ends.may_become(Series::Observations, ANYWHERE, (next, digest));
        self.connector.commit(connection).await
    }
}
