//! `claviger workspace`: workspaces of a project.
//!
//! What must stay true: nothing is deleted without `--yes` or a yes.

mod delete;

use claviger_wire::workspaces::{ChangeWorkspace, CreateWorkspace, WorkspaceDetail};

use super::connection::{Connection, ConnectionArgs};
use super::creation::{CreationArgs, not_made};
use super::exit::Failed;
use super::output::{OutputArgs, or_dash, table};
use super::scope::{self, WorkspacePath};

/// Create, look at, change and delete workspaces of a project.
#[derive(Debug, clap::Args)]
pub struct WorkspaceArgs {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// List the workspaces of a project that you reach or manage
    List(InProject),
    /// Show one workspace
    Show(OneWorkspace),
    /// Create a workspace
    Create(CreateArgs),
    /// Change a workspace's name or description
    Change(ChangeArgs),
    /// Delete workspaces, and every role on them; a project's default workspace stays
    Delete(delete::DeleteArgs),
}

#[derive(Debug, clap::Args)]
struct InProject {
    /// The project
    #[arg(long, value_name = "ID", value_parser = scope::id)]
    project: u64,
}

#[derive(Debug, clap::Args)]
struct OneWorkspace {
    /// The workspace, with its project: 101/201
    #[arg(value_name = "PROJECT/WORKSPACE", value_parser = scope::workspace_path)]
    workspace: WorkspacePath,
}

#[derive(Debug, clap::Args)]
struct CreateArgs {
    /// What it is called
    name: String,
    #[command(flatten)]
    within: InProject,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    #[command(flatten)]
    creation: CreationArgs,
}

#[derive(Debug, clap::Args)]
struct ChangeArgs {
    #[command(flatten)]
    of: OneWorkspace,
    #[command(flatten)]
    change: ChangeTo,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = true)]
struct ChangeTo {
    /// What it is called from now on
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// It has no description any more
    #[arg(long, conflicts_with = "description")]
    no_description: bool,
}

impl WorkspaceArgs {
    /// Does what was asked for. `random` names a creation, so that it is made once if a gateway repeats it.
    pub async fn run(self, random: [u8; 16]) -> Result<(), Failed> {
        let Self { action, connection, output } = self;
        let connection = connection.connect()?;
        match action {
            Action::List(InProject { project }) => {
                let workspaces = connection.client().workspaces(project).await?;
                Ok(output.show(&workspaces, |workspaces| workspaces_table(workspaces))?)
            }
            Action::Show(OneWorkspace { workspace }) => {
                let workspace = connection.client().workspace(workspace.project, workspace.workspace).await?;
                Ok(output.show(&workspace, one_table)?)
            }
            Action::Create(args) => args.run(&connection, output, random).await,
            Action::Change(args) => args.run(&connection, output).await,
            Action::Delete(args) => args.run(&connection, output).await,
        }
    }
}

impl CreateArgs {
    async fn run(self, connection: &Connection, output: OutputArgs, random: [u8; 16]) -> Result<(), Failed> {
        let key = self.creation.key(random);
        let new = CreateWorkspace { name: self.name, description: self.description, ..Default::default() };
        let made = connection.client().create_workspace(self.within.project, &new, &key).await;
        Ok(output.show(&made.map_err(|error| not_made(error, &key))?, one_table)?)
    }
}

impl ChangeArgs {
    async fn run(self, connection: &Connection, output: OutputArgs) -> Result<(), Failed> {
        let WorkspacePath { project, workspace } = self.of.workspace;
        let ChangeTo { name, description, no_description } = self.change;
        let description = if no_description { Some(None) } else { description.map(Some) };
        let change = ChangeWorkspace { name, description, ..Default::default() };
        let workspace = connection.client().change_workspace(project, workspace, &change).await?;
        Ok(output.show(&workspace, one_table)?)
    }
}

fn one_table(workspace: &WorkspaceDetail) -> String {
    workspaces_table(std::slice::from_ref(workspace))
}

fn workspaces_table(workspaces: &[WorkspaceDetail]) -> String {
    table(
        ["WORKSPACE", "NAME", "DESCRIPTION", "ROLE", "DEFAULT", "CREATED"],
        workspaces.iter().map(|WorkspaceDetail { workspace, created_iso, .. }| {
            [
                format!("{}/{}", workspace.project_id, workspace.id),
                workspace.name.clone(),
                or_dash(workspace.description.as_ref()),
                or_dash(workspace.role.as_ref()),
                (if workspace.is_default { "yes" } else { "no" }).to_owned(),
                created_iso.clone(),
            ]
        }),
    )
}
