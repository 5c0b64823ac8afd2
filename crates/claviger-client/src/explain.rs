//! Why somebody may do something in a project or a workspace, or may not.

use claviger_wire::envelope::Success;
use claviger_wire::explanation::Explanation;
use reqwest::Method;

use crate::client::Client;
use crate::error::Error;

/// What is to be explained.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The id of a person or a service account.
    pub principal: u64,
    /// Where.
    pub place: Place,
    /// Whether this is allowed, if that is what is wanted.
    pub permission: Option<&'a str>,
}

/// Where a role counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In a project.
    Project(u64),
    /// In one workspace.
    Workspace(u64),
}

impl Client {
    /// What somebody may do there, and which grants give it.
    pub async fn explain(&self, organization: u64, question: Question<'_>) -> Result<Explanation, Error> {
        let (place, id) = match question.place {
            Place::Project(project) => ("project", project),
            Place::Workspace(workspace) => ("workspace", workspace),
        };
        let mut url = self.url(&format!("organizations/{organization}/explain"));
        url.query_pairs_mut()
            .append_pair("principal", &question.principal.to_string())
            .append_pair(place, &id.to_string());
        if let Some(permission) = question.permission {
            url.query_pairs_mut().append_pair("permission", permission);
        }
        let answer: Success<Explanation> = self.answer(self.request(Method::GET, url)).await?;
        Ok(answer.results)
    }
}
