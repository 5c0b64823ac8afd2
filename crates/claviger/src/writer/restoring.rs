//! What is written before a new epoch is opened: no other writer runs then, and nobody answers.
//!
//! What must stay true: the epoch is opened by the transaction that writes what becomes of revoked credentials, so no check
//! is decided between the two.

use std::collections::{BTreeMap, BTreeSet};

use claviger_access::administration::restored::{self, NotRevokedAgain, Revoked, RevokedAgain, ToldEvent, in_order};
use claviger_access::administration::{password_reset, set_up};
use claviger_access::authorize::{ReadAuditLog, Scope, authorize};
use claviger_access::credential::{ResetToken, SetUpToken};
use claviger_access::directory::PrincipalView;
use claviger_access::identity::{OrganizationId, PrincipalId, PrincipalKind};
use claviger_access::password::PasswordHash;
use claviger_access::{Caller, Decided, Directory, Draft, Mark, Refusal, Revision};

use super::WriteError;
use crate::lost_history::{LostHistory, RestoredLogs};
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
    /// What is told cannot be followed.
    #[error("what was revoked cannot be revoked again: {0}; say what becomes of it by another answer")]
    NotRevokedAgain(NotRevokedAgain),
    /// The exports were held against another state.
    #[error("the store was written to meanwhile; it is closed now: run it again")]
    Moved,
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

/// What an operator says of a store that went back in time.
#[derive(Debug)]
pub struct Answer {
    /// What is told of the history that is lost, and where the store ended when it was held against that.
    pub told: Option<(LostHistory, RestoredLogs)>,
    /// What becomes of what was revoked in organizations of which nothing is told; none where each is told of.
    pub others: Option<Revoked>,
    /// Of a password that nobody knows.
    pub password: PasswordHash,
}

/// What an organization was told of, and what came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToldOf {
    /// Which.
    pub organization: OrganizationId,
    /// So many events happened in it.
    pub events: usize,
    /// So many of them took something away that is there.
    pub revoked: usize,
    /// So many people choose another password.
    pub suspended: usize,
}

/// What became of it.
#[derive(Debug)]
pub struct Opened {
    /// Where the store stands.
    pub revision: Revision,
    /// What was revoked again.
    pub told: Vec<ToldOf>,
    /// A link, and the organizations that it is for.
    pub links: Vec<(Vec<OrganizationId>, OwnersLink)>,
}

/// The store as it is.
pub async fn load(store: &Store) -> Result<Directory, NotOpened> {
    Ok(store.load_directory(random::hash_key().map_err(no_randomness)?, |_| {}).await?)
}

/// Where the audit logs of the store end, which is read by the operator alone.
pub async fn log_ends(store: &Store, image: &Directory, caller: &Caller) -> Result<RestoredLogs, NotOpened> {
    let mut newest = BTreeMap::new();
    for known in image.organizations() {
        let scope = Scope::Organization(known.id);
        let permit = authorize::<ReadAuditLog>(image, caller, scope, clock::now())?;
        newest.insert(known.id, store.newest_event(&permit).await?);
    }
    Ok(RestoredLogs::new(newest, store.audit_log_ends().await?.mutations.unsigned_abs()))
}

/// Follows what is told without writing anything: what cannot be followed is known before the store is closed.
pub fn try_out(
    image: &Directory,
    caller: &Caller,
    history: &LostHistory,
    password: &PasswordHash,
) -> Result<(), NotOpened> {
    let mut draft = Draft::on(image);
    for organization in image.organizations().map(|known| known.id) {
        let random = random::bytes().map_err(no_randomness)?;
        let mut again = RevokedAgain::new(caller, organization, password, clock::now(), random);
        for event in in_order(history.of(organization).unwrap_or_default()) {
            if let Decided::Write(decision, ()) = again.follow(&draft, event).map_err(NotOpened::NotRevokedAgain)? {
                draft.add(decision.changes(), draft.revision().next(), random::mark().map_err(no_randomness)?);
            }
        }
    }
    Ok(())
}

/// Opens the epoch with this mark, which was begun and is closed.
pub async fn open_epoch(
    store: &Store,
    mark: Mark,
    caller: &Caller,
    answer: &Answer,
    origin: &Origin,
) -> Result<Opened, NotOpened> {
    let image = load(store).await?;
    if let Some((_, ends)) = &answer.told
        && !log_ends(store, &image, caller).await?.is_as(ends)
    {
        return Err(NotOpened::Moved);
    }
    let draft = Draft::on(&image);
    let mut opening = Opening { writing: store.begin_while_closed().await?, draft, caller, origin, answer };
    if opening.writing.head() != (opening.draft.revision(), opening.draft.mark()) {
        return Err(StoreError::Closed.into());
    }
    let organizations: Vec<OrganizationId> = opening.draft.organizations().map(|known| known.id).collect();
    let (mut told, mut suspended, mut all_suspended) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    for &organization in &organizations {
        match answer.told.as_ref().and_then(|(history, _)| history.of(organization)) {
            Some(events) => {
                let (of, people) = opening.revoke_again(organization, events).await?;
                told.push(of);
                suspended.extend(people);
            }
            None if opening.answer_for(organization).await? => {
                all_suspended.insert(organization);
                let people = opening.draft.organization(organization).map_or(&[][..], |known| &known.people);
                suspended.extend(people);
            }
            None => {}
        }
    }
    let need_a_link = |organization: &OrganizationId| {
        let is_told = told.iter().any(|of| of.organization == *organization);
        all_suspended.contains(organization) || opening.has_lost_its_owners(*organization, is_told, &suspended)
    };
    let without_owner: Vec<OrganizationId> = organizations.iter().copied().filter(need_a_link).collect();
    // Made last: suspending ends all links.
    let links = opening.links(&without_owner).await?;
    opening.writing.open_epoch(mark).await?;
    let revision = opening.draft.revision();
    opening.writing.commit().await.map_err(|error| {
        tracing::error!(%error, "it is not known whether the epoch is open");
        NotOpened::Unknown(WriteError::OutcomeUnknown)
    })?;
    Ok(Opened { revision, told, links })
}

fn no_randomness(error: random::NoRandomness) -> StoreError {
    StoreError::unreadable(error.to_string())
}

struct Opening<'o> {
    writing: Writing,
    draft: Draft,
    caller: &'o Caller,
    origin: &'o Origin,
    answer: &'o Answer,
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

    async fn accept(&mut self, organization: OrganizationId, revoked: &Revoked) -> Result<(), NotOpened> {
        let random = random::bytes().map_err(no_randomness)?;
        let told = restored::accept(&self.draft, self.caller, organization, revoked, clock::now(), random)?;
        Ok(self.add(told).await?)
    }

    /// Of an organization of which nothing is told. Whether all of it was suspended.
    async fn answer_for(&mut self, organization: OrganizationId) -> Result<bool, NotOpened> {
        let Some(others) = &self.answer.others else { return Err(NotOpened::Moved) };
        self.accept(organization, others).await?;
        let is_suspended = matches!(others, Revoked::IsSuspended { .. });
        if is_suspended {
            self.suspend_accounts(organization).await?;
        }
        Ok(is_suspended)
    }

    /// Follows what is told, event by event. What came of it, and who chooses another password.
    async fn revoke_again(
        &mut self,
        organization: OrganizationId,
        told: &[ToldEvent],
    ) -> Result<(ToldOf, BTreeSet<PrincipalId>), NotOpened> {
        self.accept(organization, &Revoked::IsRevokedAgain { events: told.len() }).await?;
        let random = random::bytes().map_err(no_randomness)?;
        let mut again = RevokedAgain::new(self.caller, organization, &self.answer.password, clock::now(), random);
        let mut revoked = 0;
        for event in in_order(told) {
            let followed = again.follow(&self.draft, event).map_err(NotOpened::NotRevokedAgain)?;
            revoked += usize::from(matches!(followed, Decided::Write(..)));
            self.add(followed).await?;
        }
        let suspended = again.suspended().clone();
        Ok((ToldOf { organization, events: told.len(), revoked, suspended: suspended.len() }, suspended))
    }

    /// Whether something was taken that may leave it without an owner, and none of them can come in.
    fn has_lost_its_owners(
        &self,
        organization: OrganizationId,
        is_told: bool,
        suspended: &BTreeSet<PrincipalId>,
    ) -> bool {
        let owners = self.draft.organization(organization).map_or(&[][..], |known| &known.owners);
        let comes_in = |owner: PrincipalView<'_>| match owner.kind() {
            PrincipalKind::Person => !suspended.contains(&owner.id()),
            PrincipalKind::ServiceAccount => owner.lasts(),
        };
        let is_touched = is_told || owners.iter().any(|owner| suspended.contains(owner));
        is_touched && !owners.iter().filter_map(|owner| self.draft.principal(*owner)).any(comes_in)
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
