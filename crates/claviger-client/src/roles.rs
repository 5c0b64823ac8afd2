//! The roles that a project knows, built in and its own.

use claviger_wire::envelope::Success;
use claviger_wire::roles::{ChangeRole, CreateRole, CustomRole, DeletedRole, RoleHolder, RoleName};
use reqwest::Method;

use crate::client::Client;
use crate::error::Error;
use crate::idempotency::IdempotencyKey;

impl Client {
    /// All roles that the project knows, the built-in ones first.
    pub async fn roles(&self, project: u64) -> Result<Vec<CustomRole>, Error> {
        let url = self.url(&format!("projects/{project}/custom-roles"));
        let answer: Success<Vec<CustomRole>> = self.answer(self.request(Method::GET, url)).await?;
        Ok(answer.results)
    }

    /// One role.
    pub async fn role(&self, project: u64, role: RoleName) -> Result<CustomRole, Error> {
        let url = self.url(&format!("projects/{project}/custom-roles/{role}"));
        let answer: Success<CustomRole> = self.answer(self.request(Method::GET, url)).await?;
        Ok(answer.results)
    }

    /// Makes a custom role.
    pub async fn create_role(&self, project: u64, new: &CreateRole, key: &IdempotencyKey) -> Result<CustomRole, Error> {
        let url = self.url(&format!("projects/{project}/custom-roles"));
        let request = self.request(Method::POST, url).header("Idempotency-Key", key.as_str()).json(new);
        let answer: Success<CustomRole> = self.answer(request).await?;
        Ok(answer.results)
    }

    /// Changes a custom role, for whoever holds it.
    pub async fn change_role(&self, project: u64, role: RoleName, change: &ChangeRole) -> Result<CustomRole, Error> {
        let url = self.url(&format!("projects/{project}/custom-roles/{role}"));
        let answer: Success<CustomRole> = self.answer(self.request(Method::PUT, url).json(change)).await?;
        Ok(answer.results)
    }

    /// Deletes a custom role. Whoever held it is a consumer from now on; the answer says who.
    pub async fn delete_role(&self, project: u64, role: RoleName) -> Result<DeletedRole, Error> {
        let url = self.url(&format!("projects/{project}/custom-roles/{role}"));
        let answer: Success<DeletedRole> = self.answer(self.request(Method::DELETE, url)).await?;
        Ok(answer.results)
    }

    /// Who holds a role directly, on the project or on one of its workspaces.
    pub async fn role_holders(&self, project: u64, role: RoleName) -> Result<Vec<RoleHolder>, Error> {
        let url = self.url(&format!("projects/{project}/custom-roles/{role}/holders"));
        let answer: Success<Vec<RoleHolder>> = self.answer(self.request(Method::GET, url)).await?;
        Ok(answer.results)
    }
}
