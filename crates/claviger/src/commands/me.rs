//! `claviger me`: who the credential belongs to, and what it reaches.

use claviger_wire::me::Me;

use super::connection::ConnectionArgs;
use super::exit::Failed;
use super::output::{OutputArgs, or_dash, or_never, table};

/// Show whom the credential belongs to and what it reaches.
#[derive(Debug, clap::Args)]
pub struct MeArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl MeArgs {
    /// Asks and prints.
    pub async fn run(self) -> Result<(), Failed> {
        let connection = self.connection.connect()?;
        let me = connection.client().me().await?;
        Ok(self.output.show(&me, tables)?)
    }
}

fn tables(me: &Me) -> String {
    let caller = table(
        ["USERNAME", "ID", "EXPIRES"],
        [[me.user_name.clone(), me.user_id.to_string(), or_never(me.expires.as_deref())]],
    );
    let organizations = table(
        ["ORGANIZATION", "NAME", "ROLE"],
        me.organizations.values().map(|organization| {
            [organization.id.to_string(), organization.name.clone(), organization.role.to_string()]
        }),
    );
    let projects = table(
        ["PROJECT", "NAME", "ROLE"],
        me.projects
            .values()
            .map(|project| [project.id.to_string(), project.name.clone(), or_dash(project.role.as_ref())]),
    );
    let workspaces = table(
        ["PROJECT/WORKSPACE", "NAME", "ROLE"],
        me.workspaces.values().map(|workspace| {
            let path = format!("{}/{}", workspace.project_id, workspace.id);
            [path, workspace.name.clone(), or_dash(workspace.role.as_ref())]
        }),
    );
    [caller, organizations, projects, workspaces].join("\n")
}
