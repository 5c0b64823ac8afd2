//! `claviger project member`: the people who reach a project or a workspace, and their own roles there.

use claviger_wire::people::MemberThere;
use claviger_wire::roles::{RoleName, SetRole};
use claviger_wire::service_accounts::TargetType;

use crate::commands::connection::Connection;
use crate::commands::exit::Failed;
use crate::commands::output::{OutputArgs, table};
use crate::commands::scope::{self, GrantOn, RevokeOn, WorkspaceGrant};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Action {
    /// List the people who reach a project or a workspace
    List {
        #[command(flatten)]
        on: RevokeOn,
        /// Only those whose name or address contains this
        #[arg(long, value_name = "TEXT")]
        search: Option<String>,
    },
    /// Give a person a role on a project or on a workspace
    Set {
        /// The user id
        #[arg(value_parser = scope::id)]
        user: u64,
        #[command(flatten)]
        on: GrantOn,
    },
    /// Take a person's own role on a project or on a workspace away
    Remove {
        /// The user id
        #[arg(value_parser = scope::id)]
        user: u64,
        #[command(flatten)]
        on: RevokeOn,
    },
}

impl Action {
    pub(super) async fn run(self, connection: &Connection, output: OutputArgs) -> Result<(), Failed> {
        let client = connection.client();
        match self {
            Self::List { on, search } => {
                let search = search.as_deref();
                let mut people = Vec::new();
                if let Some(project) = on.project {
                    people = client.all_project_members(project, search).await?;
                }
                if let Some(path) = on.workspace {
                    people = client.all_workspace_members(path.project, path.workspace, search).await?;
                }
                Ok(output.show(&people, |people| listed(people))?)
            }
            Self::Set { user, on } => {
                if let Some(project) = on.project {
                    let role = SetRole { role: project.role.unwrap_or(RoleName::Consumer) };
                    client.set_project_member_role(project.id, user, &role).await?;
                    output.done(&format!("User {user} now has this role on project {}.", project.id))?;
                }
                if let Some(WorkspaceGrant { path, role }) = on.workspace {
                    let role = SetRole { role: role.unwrap_or(RoleName::Consumer) };
                    client.set_workspace_member_role(path.project, path.workspace, user, &role).await?;
                    output.done(&format!("User {user} now has this role on workspace {path}."))?;
                }
                Ok(())
            }
            Self::Remove { user, on } => {
                if let Some(project) = on.project {
                    client.take_project_member_role(project, user).await?;
                    output.done(&format!("User {user} has no role of its own on project {project} any more."))?;
                }
                if let Some(path) = on.workspace {
                    client.take_workspace_member_role(path.project, path.workspace, user).await?;
                    output.done(&format!("User {user} has no role of its own on workspace {path} any more."))?;
                }
                Ok(())
            }
        }
    }
}

fn listed(people: &[MemberThere]) -> String {
    table(
        ["ID", "NAME", "EMAIL", "ROLE", "THROUGH"],
        people.iter().map(|person| {
            let through = match person.target_type {
                TargetType::Individual => "own",
                TargetType::Team => "team",
                TargetType::Organization => "organization",
            };
            let (name, email) = (person.name.clone(), person.email.clone());
            [person.id.to_string(), name, email, person.role.clone(), through.to_owned()]
        }),
    )
}
