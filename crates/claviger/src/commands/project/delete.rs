//! `claviger project delete`.

use crate::commands::confirmation::{ConfirmationArgs, confirm};
use crate::commands::connection::Connection;
use crate::commands::exit::Failed;
use crate::commands::output::{OutputArgs, shown};
use crate::commands::scope;

#[derive(Debug, clap::Args)]
pub(super) struct DeleteArgs {
    /// The ids of the projects
    #[arg(required = true, value_name = "PROJECT", value_parser = scope::id)]
    projects: Vec<u64>,
    #[command(flatten)]
    confirmation: ConfirmationArgs,
}

impl DeleteArgs {
    pub(super) async fn run(self, connection: &Connection, output: OutputArgs) -> Result<(), Failed> {
        if self.confirmation.is_asked()? {
            let mut question = String::new();
            for id in &self.projects {
                let project = connection.client().project(*id).await?.project;
                let workspaces = project.workspaces.len();
                question.push_str(&format!("{} (id {id}, workspaces: {workspaces})\n", shown(&project.name)));
            }
            question.push_str("Delete? Every role on it and on its workspaces ends, and it does not come back. [y/N] ");
            confirm(&question)?;
        }
        for id in &self.projects {
            connection.client().delete_project(*id).await?;
            output.done(&format!("Project {id} is deleted."))?;
        }
        Ok(())
    }
}
