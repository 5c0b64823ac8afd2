//! What is kept of people's passwords. Nothing else reads it.

use claviger_access::Permit;
use claviger_access::authorize::{AcceptInvitation, Actor, SignIn};
use claviger_access::password::PasswordHash;
use sqlx::Row;

use super::rows::number;
use super::statements::statements;
use super::{Store, StoreError};

statements! {
    FIND = "SELECT phc FROM passwords WHERE principal_id = $1";
}

impl Store {
    /// What is kept of the password of the person who signs in.
    pub async fn password_of(&self, permit: &Permit<SignIn>) -> Result<Option<PasswordHash>, StoreError> {
        self.kept(permit.by()).await
    }

    /// What is kept of the password of the person whom the permit names.
    pub async fn password(&self, permit: &Permit<AcceptInvitation>) -> Result<Option<PasswordHash>, StoreError> {
        self.kept(permit.by()).await
    }

    async fn kept(&self, actor: Actor) -> Result<Option<PasswordHash>, StoreError> {
        let Actor::Principal(person, _) = actor else { return Ok(None) };
        let find = sqlx::query(FIND).bind(number(person.number()));
        let row = self.answered(find.fetch_optional(&self.reads())).await?;
        Ok(row.map(|row| row.try_get("phc")).transpose()?.map(PasswordHash::from_phc))
    }
}
