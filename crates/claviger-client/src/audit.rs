//! The audit log of an organization or of a project.

use std::time::Duration;

use claviger_wire::audit::AuditEvent;
use claviger_wire::envelope::Page;
use reqwest::{Method, Response, Url};

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

/// In which form a log is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// For spreadsheets: cells that they would run are defused.
    Csv,
    /// For programs: an event a line, exact.
    Ndjson,
}

impl ExportFormat {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
        }
    }
}

/// An export that is under way.
#[derive(Debug)]
pub struct Export<'c> {
    client: &'c Client,
    response: Response,
}

impl Export<'_> {
    /// The next piece; `None` after the last one, and only if all of it came.
    pub async fn piece(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let piece = self.response.chunk().await.map_err(|error| self.client.failed_exchange(&error))?;
        Ok(piece.map(|piece| piece.to_vec()))
    }
}

/// However long a log is.
const EXPORT_WITHIN: Duration = Duration::from_secs(24 * 60 * 60);

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

    /// Begins an export, which comes piece by piece and may take hours. One that breaks off is an error.
    pub async fn export_audit_log(
        &self,
        log: AuditLog,
        filter: &AuditFilter,
        format: ExportFormat,
    ) -> Result<Export<'_>, Error> {
        let mut url = self.audit_url(log, "/export", filter);
        url.query_pairs_mut().append_pair("format", format.name());
        let request = self.request(Method::GET, url).timeout(EXPORT_WITHIN);
        Ok(Export { client: self, response: self.success(request).await? })
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
