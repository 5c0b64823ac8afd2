//! Workspaces of a project.

use claviger_wire::envelope::{Done, Page, Success};
use claviger_wire::workspaces::{ChangeWorkspace, CreateWorkspace, WorkspaceDetail};
use reqwest::Method;

use crate::client::Client;
use crate::error::Error;
use crate::idempotency::IdempotencyKey;

impl Client {
    /// The workspaces of the project that the caller reaches or manages.
    pub async fn workspaces(&self, project: u64) -> Result<Vec<WorkspaceDetail>, Error> {
        let url = self.url(&format!("projects/{project}/workspaces"));
        let answer: Page<WorkspaceDetail> = self.answer(self.request(Method::GET, url)).await?;
        Ok(answer.results)
    }

    /// One workspace.
    pub async fn workspace(&self, project: u64, workspace: u64) -> Result<WorkspaceDetail, Error> {
        let url = self.url(&format!("projects/{project}/workspaces/{workspace}"));
        let answer: Success<WorkspaceDetail> = self.answer(self.request(Method::GET, url)).await?;
        Ok(answer.results)
    }

    /// Makes a workspace.
    pub async fn create_workspace(
        &self,
        project: u64,
        new: &CreateWorkspace,
        key: &IdempotencyKey,
    ) -> Result<WorkspaceDetail, Error> {
        let url = self.url(&format!("projects/{project}/workspaces"));
        let request = self.request(Method::POST, url).header("Idempotency-Key", key.as_str()).json(new);
        let answer: Success<WorkspaceDetail> = self.answer(request).await?;
        Ok(answer.results)
    }

    /// Changes a workspace.
    pub async fn change_workspace(
        &self,
        project: u64,
        workspace: u64,
        change: &ChangeWorkspace,
    ) -> Result<WorkspaceDetail, Error> {
        let url = self.url(&format!("projects/{project}/workspaces/{workspace}"));
        let answer: Success<WorkspaceDetail> = self.answer(self.request(Method::PATCH, url).json(change)).await?;
        Ok(answer.results)
    }

    /// Deletes a workspace, and every role on it.
    pub async fn delete_workspace(&self, project: u64, workspace: u64) -> Result<(), Error> {
        let url = self.url(&format!("projects/{project}/workspaces/{workspace}"));
        let Done { .. } = self.answer(self.request(Method::DELETE, url)).await?;
        Ok(())
    }
}
