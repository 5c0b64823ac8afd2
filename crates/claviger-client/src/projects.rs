//! Projects, the service accounts that reach them and their workspaces, and what every member of the organization may there.

use claviger_wire::envelope::{Done, Page, Success};
use claviger_wire::projects::{ChangeProject, CreateProject, ProjectDetail};
use claviger_wire::roles::SetRole;
use claviger_wire::service_accounts::{CreateInProject, NewServiceAccount, ServiceAccountThere, SetWorkspaceRole};
use claviger_wire::teams::DefaultAccess;
use reqwest::Method;

use crate::client::Client;
use crate::error::Error;
use crate::idempotency::IdempotencyKey;

impl Client {
    /// The organization's projects that the caller reaches.
    pub async fn projects(&self, organization: u64) -> Result<Vec<ProjectDetail>, Error> {
        let url = self.url(&format!("organizations/{organization}/projects"));
        let answer: Page<ProjectDetail> = self.answer(self.request(Method::GET, url)).await?;
        Ok(answer.results)
    }

    /// One project.
    pub async fn project(&self, project: u64) -> Result<ProjectDetail, Error> {
        let url = self.url(&format!("projects/{project}"));
        let answer: Success<ProjectDetail> = self.answer(self.request(Method::GET, url)).await?;
        Ok(answer.results)
    }

    /// Makes a project, with its default workspace.
    pub async fn create_project(
        &self,
        organization: u64,
        new: &CreateProject,
        key: &IdempotencyKey,
    ) -> Result<ProjectDetail, Error> {
        let url = self.url(&format!("organizations/{organization}/projects"));
        let request = self.request(Method::POST, url).header("Idempotency-Key", key.as_str()).json(new);
        let answer: Success<ProjectDetail> = self.answer(request).await?;
        Ok(answer.results)
    }

    /// Changes a project's own properties.
    pub async fn change_project(&self, project: u64, change: &ChangeProject) -> Result<ProjectDetail, Error> {
        let url = self.url(&format!("projects/{project}"));
        let answer: Success<ProjectDetail> = self.answer(self.request(Method::PATCH, url).json(change)).await?;
        Ok(answer.results)
    }

    /// Deletes a project, with its workspaces, its custom roles, and every role on them.
    pub async fn delete_project(&self, project: u64) -> Result<(), Error> {
        let url = self.url(&format!("projects/{project}"));
        let Done { .. } = self.answer(self.request(Method::DELETE, url)).await?;
        Ok(())
    }

    /// The service accounts that reach the project, with their roles there.
    pub async fn project_service_accounts(&self, project: u64) -> Result<Vec<ServiceAccountThere>, Error> {
        let url = self.url(&format!("projects/{project}/service-accounts"));
        let answer: Page<ServiceAccountThere> = self.answer(self.request(Method::GET, url)).await?;
        Ok(answer.results)
    }

    /// Makes a service account that is admin of this project. The answer holds its secret, this once.
    pub async fn create_in_project(
        &self,
        project: u64,
        new: &CreateInProject,
        key: &IdempotencyKey,
    ) -> Result<NewServiceAccount, Error> {
        let url = self.url(&format!("projects/{project}/service-accounts"));
        let request = self.request(Method::POST, url).header("Idempotency-Key", key.as_str()).json(new);
        let answer: Success<NewServiceAccount> = self.answer(request).await?;
        Ok(answer.results)
    }

    /// Takes the account off this project and its workspaces. It keeps what it has elsewhere.
    pub async fn remove_from_project(&self, project: u64, account: u64) -> Result<(), Error> {
        let url = self.url(&format!("projects/{project}/service-accounts/{account}"));
        let Done { .. } = self.answer(self.request(Method::DELETE, url)).await?;
        Ok(())
    }

    /// Sets the account's grant on this workspace alone.
    pub async fn set_workspace_role(
        &self,
        project: u64,
        workspace: u64,
        account: u64,
        role: &SetWorkspaceRole,
    ) -> Result<(), Error> {
        let url = self.url(&format!("projects/{project}/workspaces/{workspace}/service-accounts/{account}"));
        let Done { .. } = self.answer(self.request(Method::PUT, url).json(role)).await?;
        Ok(())
    }

    /// Takes the account's grant on this workspace away.
    pub async fn remove_from_workspace(&self, project: u64, workspace: u64, account: u64) -> Result<(), Error> {
        let url = self.url(&format!("projects/{project}/workspaces/{workspace}/service-accounts/{account}"));
        let Done { .. } = self.answer(self.request(Method::DELETE, url)).await?;
        Ok(())
    }

    /// The role that every member of the organization has on the project.
    pub async fn default_access(&self, project: u64) -> Result<DefaultAccess, Error> {
        let url = self.url(&format!("projects/{project}/default-access"));
        let answer: Success<DefaultAccess> = self.answer(self.request(Method::GET, url)).await?;
        Ok(answer.results)
    }

    /// Gives every member of the organization this role on the project.
    pub async fn set_default_access(&self, project: u64, role: &SetRole) -> Result<(), Error> {
        let url = self.url(&format!("projects/{project}/default-access"));
        let Done { .. } = self.answer(self.request(Method::PUT, url).json(role)).await?;
        Ok(())
    }

    /// Takes away the role that every member of the organization has on the project.
    pub async fn take_default_access(&self, project: u64) -> Result<(), Error> {
        let url = self.url(&format!("projects/{project}/default-access"));
        let Done { .. } = self.answer(self.request(Method::DELETE, url)).await?;
        Ok(())
    }
}
