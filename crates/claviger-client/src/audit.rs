//! The audit log of an organization or of a project.

use claviger_wire::audit::AuditEvent;
use claviger_wire::envelope::Page;
use reqwest::{Method, Url};

use crate::client::Client;
use crate::error::Error;

/// Whose log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditLog {
    /// All that happens in an organization.
    Organization(u64),
    /// What happens in one project.
    Project(u64),
}

/// Which events of a log. The default is all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Not before this moment, RFC 3339.
    pub from: Option<String>,
    /// Before this moment, RFC 3339.
    pub to: Option<String>,
    /// Done by this person or service account.
    pub actor: Option<u64>,
    /// Of this name, or of all that begin like `service_account.*`.
    pub action: Option<String>,
    /// About this thing, such as `team:12`.
    pub target: Option<String>,
    /// In this project's log as well.
    pub project: Option<u64>,
}

impl Client {
    /// One page of a log, newest first: at most `limit` events, after `cursor`, the `next_cursor` of the page before.
    pub async fn audit_log(
        &self,
        log: AuditLog,
        filter: &AuditFilter,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<Page<AuditEvent>, Error> {
        let mut url = self.audit_url(log, "", filter);
        url.query_pairs_mut().append_pair("limit", &limit.to_string());
        if let Some(cursor) = cursor {
            url.query_pairs_mut().append_pair("cursor", cursor);
        }
        self.answer(self.request(Method::GET, url)).await
    }

    fn audit_url(&self, log: AuditLog, below: &str, filter: &AuditFilter) -> Url {
        let mut url = self.url(&match log {
            AuditLog::Organization(organization) => format!("organizations/{organization}/audit-log{below}"),
            AuditLog::Project(project) => format!("projects/{project}/audit-log{below}"),
        });
        let number = |number: Option<u64>| number.map(|number| number.to_string());
        for (name, value) in [
            ("from", filter.from.clone()),
            ("to", filter.to.clone()),
            ("actor", number(filter.actor)),
            ("action", filter.action.clone()),
            ("target", filter.target.clone()),
            ("project", number(filter.project)),
        ] {
            if let Some(value) = value {
                url.query_pairs_mut().append_pair(name, &value);
            }
        }
        url
    }
}
