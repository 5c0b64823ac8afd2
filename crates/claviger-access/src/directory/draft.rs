//! The state that a write is decided on: the published image, and what this transaction has decided so far.

use std::ops::Deref;

use super::Directory;
use crate::change::Change;
use crate::identity::{
    CustomRoleId, GrantId, ID_END, InvitationId, OrganizationId, PrincipalId, ProjectId, SecretId, SessionId, TeamId,
    WorkspaceId,
};
use crate::refusal::{MadeBefore, Refusal};
use crate::revision::{Mark, Revision};

/// A directory that is not published yet. Published after the commit, dropped on rollback.
pub struct Draft {
    image: Directory,
    made_before: Option<u64>,
}

impl Draft {
    /// Begins on the published image.
    pub fn on(image: &Directory) -> Self {
        Self { image: image.clone(), made_before: None }
    }

    /// Adds a decision that was made and written.
    pub fn add(&mut self, changes: &[Change], revision: Revision, mark: Mark) {
        self.image.apply_all(changes, revision, mark);
    }

    /// For the next decider: what the request's idempotency key made before, as the store knows it.
    pub fn set_made_before(&mut self, made: Option<u64>) {
        self.made_before = made;
    }

    /// Refuses what was done before under the same key. Asked after authorizing: who may not create is told that first.
    pub fn refuse_repetition(&self) -> Result<(), Refusal> {
        let Some(id) = self.made_before else { return Ok(()) };
        let role = CustomRoleId::new(id).filter(|role| self.custom_role(*role).is_some());
        Err(Refusal::AlreadyCreated { made: role.map_or(MadeBefore::Other(id), MadeBefore::CustomRole) })
    }

    /// Ids for what is about to be made.
    pub fn ids(&self) -> NewIds {
        NewIds { next: self.image.next_id() }
    }

    /// The image, to be published.
    pub fn into_image(self) -> Directory {
        self.image
    }
}

impl Deref for Draft {
    type Target = Directory;

    fn deref(&self) -> &Directory {
        &self.image
    }
}

/// Hands out ids in the order of the counter. What was handed out counts once its change is added.
pub struct NewIds {
    next: u64,
}

macro_rules! new_ids {
    ($($name:ident: $id:ident),*) => {$(
        /// The next id, for one of these.
        pub fn $name(&mut self) -> Result<$id, Refusal> {
            let id = $id::new(self.next).ok_or(Refusal::Exhausted { what: "ids" })?;
            self.next += 1;
            debug_assert!(self.next <= ID_END);
            Ok(id)
        }
    )*};
}

impl NewIds {
    new_ids!(
        organization: OrganizationId,
        project: ProjectId,
        workspace: WorkspaceId,
        principal: PrincipalId,
        secret: SecretId,
        grant: GrantId,
        team: TeamId,
        custom_role: CustomRoleId,
        invitation: InvitationId,
        session: SessionId
    );
}
