//! People of an organization, and their roles on projects and workspaces.

use claviger_wire::envelope::{Done, Page, Success};
use claviger_wire::people::{ChangeMember, Member, MemberThere};
use claviger_wire::roles::SetRole;
use reqwest::Method;

use crate::client::Client;
use crate::error::Error;
use crate::listing::Listing;

impl Client {
    /// One page of the organization's people.
    pub async fn members(&self, organization: u64, listing: Listing<'_>) -> Result<Page<Member>, Error> {
        self.page(&format!("organizations/{organization}/users"), listing).await
    }

    /// All of the organization's people, page by page.
    pub async fn all_members(&self, organization: u64, search: Option<&str>) -> Result<Vec<Member>, Error> {
        self.every_page(&format!("organizations/{organization}/users"), search).await
    }

    /// One person of the organization.
    pub async fn member(&self, organization: u64, person: u64) -> Result<Member, Error> {
        let url = self.url(&format!("organizations/{organization}/users/{person}"));
        let answer: Success<Member> = self.answer(self.request(Method::GET, url)).await?;
        Ok(answer.results)
    }

    /// Gives a person another role in the organization.
    pub async fn change_member(&self, organization: u64, person: u64, change: &ChangeMember) -> Result<Member, Error> {
        let url = self.url(&format!("organizations/{organization}/users/{person}"));
        let answer: Success<Member> = self.answer(self.request(Method::PATCH, url).json(change)).await?;
        Ok(answer.results)
    }

    /// Takes a person out of the organization, with his teams and roles there.
    pub async fn remove_member(&self, organization: u64, person: u64) -> Result<(), Error> {
        let url = self.url(&format!("organizations/{organization}/users/{person}"));
        let Done { .. } = self.answer(self.request(Method::DELETE, url)).await?;
        Ok(())
    }

    /// All people who reach the project, page by page.
    pub async fn all_project_members(&self, project: u64, search: Option<&str>) -> Result<Vec<MemberThere>, Error> {
        self.every_page(&format!("projects/{project}/users"), search).await
    }

    /// Sets a person's role on the project.
    pub async fn set_project_member_role(&self, project: u64, person: u64, role: &SetRole) -> Result<(), Error> {
        let url = self.url(&format!("projects/{project}/users/{person}"));
        let Done { .. } = self.answer(self.request(Method::PUT, url).json(role)).await?;
        Ok(())
    }

    /// Takes a person off the project, its workspaces included.
    pub async fn take_project_member_role(&self, project: u64, person: u64) -> Result<(), Error> {
        let url = self.url(&format!("projects/{project}/users/{person}"));
        let Done { .. } = self.answer(self.request(Method::DELETE, url)).await?;
        Ok(())
    }

    /// All people who reach the workspace, page by page.
    pub async fn all_workspace_members(
        &self,
        project: u64,
        workspace: u64,
        search: Option<&str>,
    ) -> Result<Vec<MemberThere>, Error> {
        self.every_page(&format!("projects/{project}/workspaces/{workspace}/users"), search).await
    }

    /// Sets a person's role on this workspace alone.
    pub async fn set_workspace_member_role(
        &self,
        project: u64,
        workspace: u64,
        person: u64,
        role: &SetRole,
    ) -> Result<(), Error> {
        let url = self.url(&format!("projects/{project}/workspaces/{workspace}/users/{person}"));
        let Done { .. } = self.answer(self.request(Method::PUT, url).json(role)).await?;
        Ok(())
    }

    /// Takes a person's role on this workspace away. What he reaches through the project stays.
    pub async fn take_workspace_member_role(&self, project: u64, workspace: u64, person: u64) -> Result<(), Error> {
        let url = self.url(&format!("projects/{project}/workspaces/{workspace}/users/{person}"));
        let Done { .. } = self.answer(self.request(Method::DELETE, url)).await?;
        Ok(())
    }
}
