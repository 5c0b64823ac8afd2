//! `claviger workspace delete`.

use crate::commands::confirmation::{ConfirmationArgs, confirm};
use crate::commands::connection::Connection;
use crate::commands::exit::Failed;
use crate::commands::output::{OutputArgs, shown};
use crate::commands::scope::{self, WorkspacePath};

#[derive(Debug, clap::Args)]
pub(super) struct DeleteArgs {
    /// The workspaces, each with its project: 101/201
    #[arg(required = true, value_name = "PROJECT/WORKSPACE", value_parser = scope::workspace_path)]
    workspaces: Vec<WorkspacePath>,
    #[command(flatten)]
    confirmation: ConfirmationArgs,
}

impl DeleteArgs {
    pub(super) async fn run(self, connection: &Connection, output: OutputArgs) -> Result<(), Failed> {
        if self.confirmation.is_asked()? {
            let mut question = String::new();
            for path in &self.workspaces {
                let workspace = connection.client().workspace(path.project, path.workspace).await?.workspace;
                question.push_str(&format!("{} ({path})\n", shown(&workspace.name)));
            }
            question.push_str("Delete? Every role on it ends, and it does not come back. [y/N] ");
            confirm(&question)?;
        }
        for path in &self.workspaces {
            connection.client().delete_workspace(path.project, path.workspace).await?;
            output.done(&format!("Workspace {path} is deleted."))?;
        }
        Ok(())
    }
}
