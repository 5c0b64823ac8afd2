//! Which events, as it is written on a command line.

use claviger_client::{AuditFilter, AuditLog};

use crate::commands::connection::Connection;
use crate::commands::exit::Failed;
use crate::commands::scope;

/// Which log, and which events of it.
#[derive(Debug, clap::Args)]
pub(super) struct FilterArgs {
    /// Only what happened in this project: its own log, which its admins may read too
    #[arg(long, value_name = "ID", value_parser = scope::id)]
    project: Option<u64>,
    /// Not before this moment, such as 2030-01-01T00:00:00Z
    #[arg(long, value_name = "TIME", value_parser = moment)]
    from: Option<String>,
    /// Before this moment
    #[arg(long, value_name = "TIME", value_parser = moment)]
    until: Option<String>,
    /// Done by this person or service account
    #[arg(long, value_name = "ID", value_parser = scope::id)]
    actor: Option<u64>,
    /// Of this name, or of all that begin so: service_account.created, 'service_account.*'
    #[arg(long, value_name = "NAME")]
    action: Option<String>,
    /// About this thing: organization, project, workspace, principal, team or custom_role, and its id
    #[arg(long, value_name = "KIND:ID")]
    target: Option<String>,
}

impl FilterArgs {
    /// The log that is meant, and the filter.
    pub(super) async fn of(self, connection: &Connection) -> Result<(AuditLog, AuditFilter), Failed> {
        let log = match self.project {
            Some(project) => AuditLog::Project(project),
            None => AuditLog::Organization(connection.organization().await?),
        };
        let Self { from, until, actor, action, target, .. } = self;
        Ok((log, AuditFilter { from, to: until, actor, action, target, project: None }))
    }
}

/// A moment: RFC 3339. Sent as it was written.
fn moment(text: &str) -> Result<String, &'static str> {
    claviger_wire::time::parse(text).map_err(|_| "write a moment with its zone, such as 2030-01-01T00:00:00Z")?;
    Ok(text.to_owned())
}
