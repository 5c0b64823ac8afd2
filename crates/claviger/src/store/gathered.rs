//! Rows that are made and deleted alike by many decisions: gathered over a transaction, and sent many at once.
//!
//! A write waits for each statement while others wait for the head, so their number counts. What must stay true: a change
//! finds the rows before it as if each had been sent alone. So what makes and what deletes principals is never gathered side
//! by side, and every other kind of change has all sent before it.

use claviger_access::identity::PrincipalId;
use claviger_access::{Change, Directory, Moment};
use sqlx::AnyConnection;

use super::Engine;
use super::grants::Grants;
use super::rows::principal::{self, CreatedPrincipal};
use super::rows::secret::{self, IssuedSecret};
use super::together::{self, Part};

/// What was not sent yet: what is made, or what is deleted.
pub(super) struct Gathered {
    engine: Engine,
    made: Made,
    deleted: Deleted,
}

/// In the order in which they stand on each other.
#[derive(Default)]
struct Made {
    principals: Vec<CreatedPrincipal>,
    secrets: Vec<IssuedSecret>,
    grants: Grants,
}

/// Principals that went at the same time, as the rows tell it.
#[derive(Default)]
struct Deleted {
    at: Option<Moment>,
    ids: Vec<PrincipalId>,
}

impl Gathered {
    pub(super) fn new(engine: Engine) -> Self {
        Self { engine, made: Made::default(), deleted: Deleted::default() }
    }

    /// Sends what has to be there before this change.
    pub(super) async fn make_way_for(
        &mut self,
        connection: &mut AnyConnection,
        change: &Change,
    ) -> Result<(), sqlx::Error> {
        let goes_along = match change {
            Change::PrincipalCreated { .. } | Change::SecretIssued { .. } | Change::GrantGiven { .. } => {
                self.deleted.at.is_none()
            }
            Change::GrantTaken { id, .. } => self.deleted.at.is_none() && !self.made.grants.gives(*id),
            Change::PrincipalDeleted { deleted, .. } => {
                self.made.is_empty() && self.deleted.at.is_none_or(|at| at == *deleted)
            }
            _ => false,
        };
        if goes_along { Ok(()) } else { self.send(connection, []).await }
    }

    /// Adds the rows of a change of those kinds. `directory` is the state with its whole decision applied.
    pub(super) fn add(&mut self, directory: &Directory, change: &Change) -> Result<(), sqlx::Error> {
        let made = &mut self.made;
        match change {
            Change::PrincipalCreated { id, kind, organization, name, email, created, creator } => {
                made.principals.push(CreatedPrincipal {
                    id: *id,
                    kind: *kind,
                    organization: *organization,
                    name: name.clone(),
                    email: email.clone(),
                    created: *created,
                    creator: *creator,
                });
            }
            Change::SecretIssued { id, principal, digest, expires, created } => {
                let (id, principal, digest) = (*id, *principal, *digest);
                made.secrets.push(IssuedSecret { id, principal, digest, expires: *expires, created: *created });
            }
            Change::GrantGiven { id, holder, granted, created } => {
                made.grants.give(directory, *id, *holder, *granted, *created)?;
            }
            Change::GrantTaken { id, .. } => made.grants.take(*id),
            Change::PrincipalDeleted { id, deleted } => {
                self.deleted.at = Some(*deleted);
                self.deleted.ids.push(*id);
            }
            _ => {}
        }
        Ok(())
    }

    /// Sends what was gathered, and these with it.
    pub(super) async fn send(
        &mut self,
        connection: &mut AnyConnection,
        more: impl IntoIterator<Item = Part<'_>>,
    ) -> Result<(), sqlx::Error> {
        let mut parts = self.parts();
        for part in more {
            parts.push(part);
        }
        together::send(connection, self.engine, &parts).await?;
        drop(parts);
        (self.made, self.deleted) = (Made::default(), Deleted::default());
        Ok(())
    }

    fn parts(&self) -> Vec<Part<'_>> {
        let Self { made, deleted, .. } = self;
        let [taken, given] = made.grants.parts();
        let made = [principal::created(&made.principals), secret::issued(&made.secrets), taken, given];
        let deleted = deleted.at.map(|at| principal::deleted(&deleted.ids, at));
        made.into_iter().chain(deleted.into_iter().flatten()).collect()
    }
}

impl Made {
    fn is_empty(&self) -> bool {
        self.principals.is_empty() && self.secrets.is_empty() && self.grants.is_empty()
    }
}
