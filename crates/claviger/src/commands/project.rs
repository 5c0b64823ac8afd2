//! `claviger project`: the organization's projects, and who may what there.
//!
//! What must stay true: nothing is deleted without `--yes` or a yes.

mod default_access;
mod delete;
mod member;

use claviger_wire::projects::{ChangeProject, CreateProject, ProjectDetail};

use super::connection::{Connection, ConnectionArgs};
use super::creation::{CreationArgs, not_made};
use super::exit::Failed;
use super::output::{OutputArgs, or_dash, table};
use super::scope;

/// Create, look at, change and delete projects, and say who may what there.
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
    /// Show one project
    Show {
        /// Its id
        #[arg(value_parser = scope::id)]
        project: u64,
    },
    /// Create a project, with its default workspace
    Create(CreateArgs),
    /// Change a project's name, time zone or slug
    Change(ChangeArgs),
    /// Delete projects, with their workspaces, custom roles, and every role on them
    Delete(delete::DeleteArgs),
    /// The role that every member of the organization has on a project
    #[command(subcommand)]
    DefaultAccess(default_access::Action),
    /// The people who reach a project or a workspace, and their own roles there
    #[command(subcommand)]
    Member(member::Action),
}

#[derive(Debug, clap::Args)]
struct CreateArgs {
    /// What it is called
    name: String,
    /// Its time zone, by IANA name such as Europe/Berlin [default: UTC]
    #[arg(long, value_name = "ZONE")]
    timezone: Option<String>,
    /// What your platform calls it, for checks: lower case letters, digits, - _ and .
    #[arg(long)]
    slug: Option<String>,
    #[command(flatten)]
    creation: CreationArgs,
}

#[derive(Debug, clap::Args)]
struct ChangeArgs {
    /// Its id
    #[arg(value_parser = scope::id)]
    project: u64,
    #[command(flatten)]
    change: ChangeTo,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = true)]
struct ChangeTo {
    /// What it is called from now on
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// Its time zone, by IANA name such as Europe/Berlin
    #[arg(long, value_name = "ZONE")]
    timezone: Option<String>,
    /// What your platform calls it, for checks: lower case letters, digits, - _ and .
    #[arg(long)]
    slug: Option<String>,
    /// It has no slug any more
    #[arg(long, conflicts_with = "slug")]
    no_slug: bool,
}

impl ProjectArgs {
    /// Does what was asked for. `random` names a creation, so that it is made once if a gateway repeats it.
    pub async fn run(self, random: [u8; 16]) -> Result<(), Failed> {
        let Self { action, connection, output } = self;
        let connection = connection.connect()?;
        match action {
            Action::List => {
                let organization = connection.organization().await?;
                let projects = connection.client().projects(organization).await?;
                Ok(output.show(&projects, |projects| projects_table(projects))?)
            }
            Action::Show { project } => {
                let project = connection.client().project(project).await?;
                Ok(output.show(&project, one_table)?)
            }
            Action::Create(args) => args.run(&connection, output, random).await,
            Action::Change(ChangeArgs { project, change: ChangeTo { name, timezone, slug, no_slug } }) => {
                let slug = if no_slug { Some(None) } else { slug.map(Some) };
                let change = ChangeProject { name, timezone, slug };
                let project = connection.client().change_project(project, &change).await?;
                Ok(output.show(&project, one_table)?)
            }
            Action::Delete(args) => args.run(&connection, output).await,
            Action::DefaultAccess(action) => action.run(&connection, output).await,
            Action::Member(action) => action.run(&connection, output).await,
        }
    }
}

impl CreateArgs {
    async fn run(self, connection: &Connection, output: OutputArgs, random: [u8; 16]) -> Result<(), Failed> {
        let key = self.creation.key(random);
        let organization = connection.organization().await?;
        let new = CreateProject { name: self.name, timezone: self.timezone, slug: self.slug };
        let made = connection.client().create_project(organization, &new, &key).await;
        Ok(output.show(&made.map_err(|error| not_made(error, &key))?, one_table)?)
    }
}

fn one_table(project: &ProjectDetail) -> String {
    projects_table(std::slice::from_ref(project))
}

fn projects_table(projects: &[ProjectDetail]) -> String {
    table(
        ["ID", "NAME", "SLUG", "ROLE", "TIMEZONE", "WORKSPACES"],
        projects.iter().map(|ProjectDetail { project, .. }| {
            let workspaces: Vec<_> = project.workspaces.iter().map(u64::to_string).collect();
            [
                project.id.to_string(),
                project.name.clone(),
                or_dash(project.slug.as_ref()),
                or_dash(project.role.as_ref()),
                project.timezone.clone(),
                workspaces.join(", "),
            ]
        }),
    )
}
