//! `claviger project`: the organization's projects.

use claviger_wire::projects::ProjectDetail;

use super::connection::ConnectionArgs;
use super::exit::Failed;
use super::output::{OutputArgs, or_dash, table};

/// Look at projects.
#[derive(Debug, clap::Args)]
pub struct ProjectArgs {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// List the organization's projects that you reach, with the ids of their workspaces
    List,
}

impl ProjectArgs {
    /// Does what was asked for.
    pub async fn run(self) -> Result<(), Failed> {
        let connection = self.connection.connect()?;
        let organization = connection.organization().await?;
        match self.action {
            Action::List => {
                let projects = connection.client().projects(organization).await?;
                Ok(self.output.show(&projects, |projects| listed(projects))?)
            }
        }
    }
}

fn listed(projects: &[ProjectDetail]) -> String {
    table(
        ["ID", "NAME", "ROLE", "TIMEZONE", "WORKSPACES"],
        projects.iter().map(|ProjectDetail { project, .. }| {
            let workspaces: Vec<_> = project.workspaces.iter().map(u64::to_string).collect();
            [
                project.id.to_string(),
                project.name.clone(),
                or_dash(project.role.as_ref()),
                project.timezone.clone(),
                workspaces.join(", "),
            ]
        }),
    )
}
