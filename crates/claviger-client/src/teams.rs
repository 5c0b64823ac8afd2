//! Teams of an organization: their members, and their roles on projects and workspaces.

use claviger_wire::envelope::{Done, Page, Success};
use claviger_wire::roles::SetRole;
use claviger_wire::teams::{NameTeam, Team, TeamDetail, TeamMembers, TeamThere};
use reqwest::Method;

use crate::client::Client;
use crate::error::Error;
use crate::idempotency::IdempotencyKey;
use crate::listing::Listing;

impl Client {
    /// One page of the organization's teams.
    pub async fn teams(&self, organization: u64, listing: Listing<'_>) -> Result<Page<Team>, Error> {
        self.page(&format!("organizations/{organization}/teams"), listing).await
    }

    /// All of the organization's teams, page by page.
    pub async fn all_teams(&self, organization: u64, search: Option<&str>) -> Result<Vec<Team>, Error> {
        self.every_page(&format!("organizations/{organization}/teams"), search).await
    }

    /// One team, with its members and roles.
    pub async fn team(&self, organization: u64, team: u64) -> Result<TeamDetail, Error> {
        let url = self.url(&format!("organizations/{organization}/teams/{team}"));
        let answer: Success<TeamDetail> = self.answer(self.request(Method::GET, url)).await?;
        Ok(answer.results)
    }

    /// Makes one, without members.
    pub async fn create_team(
        &self,
        organization: u64,
        new: &NameTeam,
        key: &IdempotencyKey,
    ) -> Result<TeamDetail, Error> {
        let url = self.url(&format!("organizations/{organization}/teams"));
        let request = self.request(Method::POST, url).header("Idempotency-Key", key.as_str()).json(new);
        let answer: Success<TeamDetail> = self.answer(request).await?;
        Ok(answer.results)
    }

    /// Gives it another name.
    pub async fn rename_team(&self, organization: u64, team: u64, name: &NameTeam) -> Result<TeamDetail, Error> {
        let url = self.url(&format!("organizations/{organization}/teams/{team}"));
        let answer: Success<TeamDetail> = self.answer(self.request(Method::PATCH, url).json(name)).await?;
        Ok(answer.results)
    }

    /// Deletes it. Its members lose exactly what came through it.
    pub async fn delete_team(&self, organization: u64, team: u64) -> Result<(), Error> {
        let url = self.url(&format!("organizations/{organization}/teams/{team}"));
        let Done { .. } = self.answer(self.request(Method::DELETE, url)).await?;
        Ok(())
    }

    /// Makes people and service accounts members: all or nothing. Who is one already stays one.
    pub async fn add_team_members(&self, organization: u64, team: u64, members: &TeamMembers) -> Result<(), Error> {
        let url = self.url(&format!("organizations/{organization}/teams/{team}/add-members"));
        let Done { .. } = self.answer(self.request(Method::POST, url).json(members)).await?;
        Ok(())
    }

    /// Takes members out: all or nothing. Taking out who is no member is fine.
    pub async fn remove_team_members(&self, organization: u64, team: u64, members: &TeamMembers) -> Result<(), Error> {
        let url = self.url(&format!("organizations/{organization}/teams/{team}/remove-members"));
        let Done { .. } = self.answer(self.request(Method::POST, url).json(members)).await?;
        Ok(())
    }

    /// The teams that hold a role on the project or on one of its workspaces.
    pub async fn project_teams(&self, project: u64) -> Result<Vec<TeamThere>, Error> {
        let url = self.url(&format!("projects/{project}/teams"));
        let answer: Success<Vec<TeamThere>> = self.answer(self.request(Method::GET, url)).await?;
        Ok(answer.results)
    }

    /// Sets the team's role on the project.
    pub async fn set_project_team_role(&self, project: u64, team: u64, role: &SetRole) -> Result<(), Error> {
        let url = self.url(&format!("projects/{project}/teams/{team}"));
        let Done { .. } = self.answer(self.request(Method::PUT, url).json(role)).await?;
        Ok(())
    }

    /// Takes the team's role on the project away. Its roles on single workspaces stay.
    pub async fn take_project_team_role(&self, project: u64, team: u64) -> Result<(), Error> {
        let url = self.url(&format!("projects/{project}/teams/{team}"));
        let Done { .. } = self.answer(self.request(Method::DELETE, url)).await?;
        Ok(())
    }

    /// Sets the team's role on this workspace alone.
    pub async fn set_workspace_team_role(
        &self,
        project: u64,
        workspace: u64,
        team: u64,
        role: &SetRole,
    ) -> Result<(), Error> {
        let url = self.url(&format!("projects/{project}/workspaces/{workspace}/teams/{team}"));
        let Done { .. } = self.answer(self.request(Method::PUT, url).json(role)).await?;
        Ok(())
    }

    /// Takes the team's role on this workspace away. What it reaches through the project stays.
    pub async fn take_workspace_team_role(&self, project: u64, workspace: u64, team: u64) -> Result<(), Error> {
        let url = self.url(&format!("projects/{project}/workspaces/{workspace}/teams/{team}"));
        let Done { .. } = self.answer(self.request(Method::DELETE, url)).await?;
        Ok(())
    }
}
