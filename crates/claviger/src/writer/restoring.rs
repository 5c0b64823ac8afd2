//! What is written before a new epoch is opened: no other writer runs then, and nobody answers.
//!
//! What must stay true: the epoch is opened by the transaction that writes what becomes of revoked credentials, so no check
//! is decided between the two.

use std::collections::BTreeMap;

use claviger_access::administration::restored::{self, Revoked};
use claviger_access::administration::{password_reset, set_up};
use claviger_access::credential::{ResetToken, SetUpToken};
use claviger_access::identity::{OrganizationId, PrincipalId};
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

/// A link for an owner of each organization, where all was suspended.
#[derive(Debug)]
pub enum OwnersLink {
    /// For an owner who is a person: he chooses another password.
    Reset(ResetToken),
    /// For whoever becomes the first owner who is a person.
    SetUp(SetUpToken),
}

/// What became of it.
#[derive(Debug)]
pub struct Opened {
    /// Where the store stands.
    pub revision: Revision,
    /// A link, and the organizations that it is for.
    pub links: Vec<(Vec<OrganizationId>, OwnersLink)>,
}

/// Opens the epoch with this mark, which was begun and is closed.
pub async fn open_epoch(
    store: &Store,
    mark: Mark,
    caller: &Caller,
    revoked: &Revoked,
    origin: &Origin,
) -> Result<Opened, NotOpened> {
    let image = store.load_directory(random::hash_key().map_err(no_randomness)?, |_| {}).await?;
    let draft = Draft::on(&image);
    let mut opening = Opening { writing: store.begin_while_closed().await?, draft, caller, origin };
    if opening.writing.head() != (opening.draft.revision(), opening.draft.mark()) {
        return Err(StoreError::Closed.into());
    }
    let organizations: Vec<OrganizationId> = opening.draft.organizations().map(|known| known.id).collect();
    for organization in &organizations {
        let random = random::bytes().map_err(no_randomness)?;
        let told = restored::accept(&opening.draft, caller, *organization, revoked, clock::now(), random)?;
        opening.add(told).await?;
        if matches!(revoked, Revoked::IsSuspended { .. }) {
            opening.suspend_accounts(*organization).await?;
        }
    }
    // Made last: suspending ends all links.
    let links = match revoked {
        Revoked::MayReturn => Vec::new(),
        Revoked::IsSuspended { .. } => opening.links(&organizations).await?,
    };
    opening.writing.open_epoch(mark).await?;
    let revision = opening.draft.revision();
    opening.writing.commit().await.map_err(|error| {
        tracing::error!(%error, "it is not known whether the epoch is open");
        NotOpened::Unknown(WriteError::OutcomeUnknown)
    })?;
    Ok(Opened { revision, links })
}

fn no_randomness(error: random::NoRandomness) -> StoreError {
    StoreError::unreadable(error.to_string())
}

struct Opening<'o> {
    writing: Writing,
    draft: Draft,
    caller: &'o Caller,
    origin: &'o Origin,
}

impl Opening<'_> {
    /// Adds what was decided, and what it replies.
    async fn add<R>(&mut self, decided: Decided<R>) -> Result<R, StoreError> {
        match decided {
            Decided::Nothing(reply) => Ok(reply),
            Decided::Write(decision, reply) => {
                let mark = random::mark().map_err(no_randomness)?;
                self.draft.add(decision.changes(), self.draft.revision().next(), mark);
                self.writing.add(&decision, &self.draft, self.origin, clock::now()).await?;
                Ok(reply)
            }
        }
    }

    async fn suspend_accounts(&mut self, organization: OrganizationId) -> Result<(), NotOpened> {
        let accounts = restored::accounts_to_suspend(&self.draft, organization);
        for some in accounts.chunks(restored::ACCOUNTS_AT_ONCE) {
            let decided = restored::suspend_accounts(&self.draft, self.caller, organization, some)?;
            self.add(decided).await?;
        }
        Ok(())
    }

    async fn links(
        &mut self,
        organizations: &[OrganizationId],
    ) -> Result<Vec<(Vec<OrganizationId>, OwnersLink)>, NotOpened> {
        let mut of_people = BTreeMap::<PrincipalId, Vec<OrganizationId>>::new();
        let mut links = Vec::new();
        for &organization in organizations {
            match self.person_who_owns(organization) {
                Some(person) => of_people.entry(person).or_default().push(organization),
                None => {
                    let random = random::bytes().map_err(no_randomness)?;
                    let made = set_up::make_link(&self.draft, self.caller, organization, clock::now(), random)?;
                    links.push((vec![organization], OwnersLink::SetUp(self.add(made).await?)));
                }
            }
        }
        for (person, organizations) in of_people {
            let random = random::bytes().map_err(no_randomness)?;
            let made = password_reset::recover(&self.draft, self.caller, person, clock::now(), random)?;
            links.push((organizations, OwnersLink::Reset(self.add(made).await?.token)));
        }
        Ok(links)
    }

    fn person_who_owns(&self, organization: OrganizationId) -> Option<PrincipalId> {
        let owners = &self.draft.organization(organization)?.owners;
        owners.iter().copied().find(|owner| self.draft.person(*owner).is_some())
    }
}
