//! `claviger project`: the organization's projects, and who may what there.

mod default_access;
mod member;

use claviger_wire::projects::ProjectDetail;

use super::connection::ConnectionArgs;
use super::exit::Failed;
use super::output::{OutputArgs, or_dash, table};

/// Look at projects, and say who may what there.
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
    /// The role that every member of the organization has on a project
    #[command(subcommand)]
    DefaultAccess(default_access::Action),
    /// The people who reach a project or a workspace, and their own roles there
    #[command(subcommand)]
    Member(member::Action),
}

impl ProjectArgs {
    /// Does what was asked for.
    pub async fn run(self) -> Result<(), Failed> {
        let connection = self.connection.connect()?;
        match self.action {
            Action::List => {
                let organization = connection.organization().await?;
                let projects = connection.client().projects(organization).await?;
                Ok(self.output.show(&projects, |projects| listed(projects))?)
            }
            Action::DefaultAccess(action) => action.run(&connection, self.output).await,
            Action::Member(action) => action.run(&connection, self.output).await,
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
