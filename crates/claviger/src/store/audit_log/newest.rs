//! The newest event that a change left in an organization's log: where what is told of a lost history joins.

use claviger_access::Permit;
use claviger_access::authorize::ReadAuditLog;

use super::{RecordedEvent, events, recorded};
use crate::audit_chain::series::Series;
use crate::store::rows::number;
use crate::store::statements::statements;
use crate::store::{Store, StoreError};

statements! {
    NEWEST = concat!(
        events!(),
        " WHERE id = (SELECT MAX(id) FROM audit_events WHERE organization_id = $1 AND id <= $2)"
    );
}

impl Store {
    /// None where retention has removed all of them.
    pub async fn newest_event(&self, permit: &Permit<ReadAuditLog>) -> Result<Option<RecordedEvent>, StoreError> {
        let newest = sqlx::query(NEWEST).bind(number(permit.organization().number())).bind(Series::Mutations.up_to());
        let row = self.answered(newest.fetch_optional(&self.reads())).await?;
        row.as_ref().map(recorded).transpose()
    }
}
