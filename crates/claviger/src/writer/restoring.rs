//! What is written before a new epoch is opened: no other writer runs then, and nobody answers.
//!
//! What must stay true: the epoch is opened by the transaction that writes what becomes of revoked credentials, so no check
//! is decided between the two.

use claviger_access::administration::restored::{self, Revoked};
use claviger_access::identity::OrganizationId;
use claviger_access::{Caller, Decided, Draft, Mark, Refusal, Revision};

use super::WriteError;
use crate::store::writing::{Origin, Writing};
use crate::store::{Store, StoreError};
use crate::{clock, random};

/// Why a closed epoch was not opened. It is closed still, or it is not known whether it is.
#[derive(Debug, thiserror::Error)]
pub enum NotOpened {
    /// The store did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The rules say no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The commit had no answer.
    #[error(transparent)]
    Unknown(WriteError),
}

/// Opens the epoch with this mark, which was begun and is closed; where the store stands then.
pub async fn open_epoch(
    store: &Store,
    mark: Mark,
    caller: &Caller,
    revoked: &Revoked,
    origin: &Origin,
) -> Result<Revision, NotOpened> {
    let no_randomness = |error: random::NoRandomness| StoreError::unreadable(error.to_string());
    let image = store.load_directory(random::hash_key().map_err(no_randomness)?, |_| {}).await?;
    let mut draft = Draft::on(&image);
    let mut opening = Opening { writing: store.begin_while_closed().await?, origin };
    if opening.writing.head() != (draft.revision(), draft.mark()) {
        return Err(StoreError::Closed.into());
    }
    let organizations: Vec<OrganizationId> = draft.organizations().map(|known| known.id).collect();
    for organization in organizations {
        let told = restored::accept(&draft, caller, organization, revoked, clock::now())?;
        opening.add(told, &mut draft).await?;
        if matches!(revoked, Revoked::IsSuspended { .. }) {
            while opening.add(restored::suspend_accounts(&draft, caller, organization)?, &mut draft).await? {}
        }
    }
    opening.writing.open_epoch(mark).await?;
    let revision = draft.revision();
    opening.writing.commit().await.map_err(|error| {
        tracing::error!(%error, "it is not known whether the epoch is open");
        NotOpened::Unknown(WriteError::OutcomeUnknown)
    })?;
    Ok(revision)
}

struct Opening<'o> {
    writing: Writing,
    origin: &'o Origin,
}

impl Opening<'_> {
    /// Adds what was decided; whether it was anything.
    async fn add(&mut self, decided: Decided<()>, draft: &mut Draft) -> Result<bool, StoreError> {
        let Decided::Write(decision, ()) = decided else { return Ok(false) };
        let mark = random::mark().map_err(|error| StoreError::unreadable(error.to_string()))?;
        draft.add(decision.changes(), draft.revision().next(), mark);
        self.writing.add(&decision, draft, self.origin, clock::now()).await?;
        Ok(true)
    }
}
