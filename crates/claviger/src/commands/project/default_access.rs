//! `claviger project default-access`: the role that every member of the organization has on a project.

use claviger_wire::roles::{RoleName, SetRole};

use crate::commands::connection::Connection;
use crate::commands::exit::Failed;
use crate::commands::output::OutputArgs;
use crate::commands::scope;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Action {
    /// Show the role that every member of the organization has on a project
    Show {
        /// The project's id
        #[arg(value_parser = scope::id)]
        project: u64,
    },
    /// Give every member of the organization a role on a project
    Set {
        /// The project's id
        #[arg(value_parser = scope::id)]
        project: u64,
        /// The role: owner, admin, analyst, consumer or a custom role's number
        #[arg(value_parser = scope::role)]
        role: RoleName,
    },
    /// Take away the role that every member of the organization has on a project
    Clear {
        /// The project's id
        #[arg(value_parser = scope::id)]
        project: u64,
    },
}

impl Action {
    pub(super) async fn run(self, connection: &Connection, output: OutputArgs) -> Result<(), Failed> {
        let client = connection.client();
        match self {
            Self::Show { project } => {
                let access = client.default_access(project).await?;
                Ok(output.show(&access, |access| sentence(project, access.role))?)
            }
            Self::Set { project, role } => {
                client.set_default_access(project, &SetRole { role }).await?;
                Ok(output.done(&sentence(project, Some(role)))?)
            }
            Self::Clear { project } => {
                client.take_default_access(project).await?;
                Ok(output.done(&sentence(project, None))?)
            }
        }
    }
}

fn sentence(project: u64, role: Option<RoleName>) -> String {
    match role {
        Some(role) => format!("Every member of the organization has the role {role} on project {project}."),
        None => format!("Members of the organization have no role on project {project} by default."),
    }
}
