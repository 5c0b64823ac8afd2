//! `claviger role`: the roles that a project knows, and the custom ones of its own.
//!
//! What must stay true: nothing is deleted without `--yes` or a yes, and who held a deleted role is told.

mod delete;

use claviger_wire::roles::{ChangeRole, CreateRole, CustomRole, RoleHolder, RoleHolderKind, RoleName};

use super::connection::{Connection, ConnectionArgs};
use super::creation::{CreationArgs, not_made};
use super::exit::Failed;
use super::output::{OutputArgs, or_dash, table};
use super::scope;

/// Create, look at, change and delete custom roles of a project.
#[derive(Debug, clap::Args)]
pub struct RoleArgs {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// List the roles that a project knows, the built-in ones first
    List(InProject),
    /// Show one role and what it allows
    Show(OneRole),
    /// Create a custom role
    Create(CreateArgs),
    /// Change a custom role, for whoever holds it
    Change(ChangeArgs),
    /// Delete a custom role: whoever holds it becomes a consumer
    Delete(delete::DeleteArgs),
    /// List who holds a role directly, on the project or on one of its workspaces
    Holders(OneRole),
}

#[derive(Debug, clap::Args)]
struct InProject {
    /// The project
    #[arg(long, value_name = "ID", value_parser = scope::id)]
    project: u64,
}

#[derive(Debug, clap::Args)]
struct OneRole {
    /// A custom role's number, or a built-in role's name
    #[arg(value_parser = scope::role)]
    role: RoleName,
    #[command(flatten)]
    within: InProject,
}

#[derive(Debug, clap::Args)]
struct CreateArgs {
    /// What it is called; no other role of the project is called so
    name: String,
    #[command(flatten)]
    within: InProject,
    /// It allows this, such as data:read or one of your product's own; may be repeated [default: what the role allows
    /// that it is copied from, or nothing]
    #[arg(long = "permission", value_name = "NAME")]
    permissions: Vec<String>,
    /// Begin from this role: a built-in role's name, or the number of a custom role of this or another project
    #[arg(long, value_name = "ROLE", value_parser = scope::role)]
    copy_from: Option<RoleName>,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    #[command(flatten)]
    creation: CreationArgs,
}

#[derive(Debug, clap::Args)]
struct ChangeArgs {
    #[command(flatten)]
    of: OneRole,
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
    /// It allows this from now on, in place of all that it allowed; may be repeated
    #[arg(long = "permission", value_name = "NAME")]
    permissions: Vec<String>,
}

impl RoleArgs {
    /// Does what was asked for. `random` names a creation, so that it is made once if a gateway repeats it.
    pub async fn run(self, random: [u8; 16]) -> Result<(), Failed> {
        let Self { action, connection, output } = self;
        let connection = connection.connect()?;
        match action {
            Action::List(InProject { project }) => {
                let roles = connection.client().roles(project).await?;
                Ok(output.show(&roles, |roles| roles_table(roles))?)
            }
            Action::Show(OneRole { role, within }) => {
                let role = connection.client().role(within.project, role).await?;
                Ok(output.show(&role, one_table)?)
            }
            Action::Create(args) => args.run(&connection, output, random).await,
            Action::Change(args) => args.run(&connection, output).await,
            Action::Delete(args) => args.run(&connection, output).await,
            Action::Holders(OneRole { role, within }) => {
                let holders = connection.client().role_holders(within.project, role).await?;
                Ok(output.show(&holders, |holders| holders_table(within.project, holders))?)
            }
        }
    }
}

impl CreateArgs {
    async fn run(self, connection: &Connection, output: OutputArgs, random: [u8; 16]) -> Result<(), Failed> {
        let key = self.creation.key(random);
        let new = CreateRole {
            name: self.name,
            description: self.description,
            permissions: (!self.permissions.is_empty()).then_some(self.permissions),
            copied_from_role_id: self.copy_from,
        };
        let made = connection.client().create_role(self.within.project, &new, &key).await;
        Ok(output.show(&made.map_err(|error| not_made(error, &key))?, one_table)?)
    }
}

impl ChangeArgs {
    async fn run(self, connection: &Connection, output: OutputArgs) -> Result<(), Failed> {
        let OneRole { role, within } = self.of;
        let ChangeTo { name, description, permissions } = self.change;
        let permissions = (!permissions.is_empty()).then_some(permissions);
        let change = ChangeRole { name, description, permissions, ..Default::default() };
        let role = connection.client().change_role(within.project, role, &change).await?;
        Ok(output.show(&role, one_table)?)
    }
}

fn one_table(role: &CustomRole) -> String {
    roles_table(std::slice::from_ref(role))
}

fn roles_table(roles: &[CustomRole]) -> String {
    table(
        ["ROLE", "NAME", "DESCRIPTION", "PERMISSIONS", "COPIED FROM", "MODIFIED"],
        roles.iter().map(|role| {
            [
                role.role_id.clone(),
                role.name.clone(),
                role.description.clone(),
                role.permissions.join(", "),
                or_dash(role.copied_from_role_id.as_ref()),
                or_dash(role.modified.as_ref()),
            ]
        }),
    )
}

fn holders_table(project: u64, holders: &[RoleHolder]) -> String {
    table(
        ["KIND", "ID", "NAME", "ON"],
        holders.iter().map(|holder| {
            let kind = match holder.kind {
                RoleHolderKind::User => "person",
                RoleHolderKind::ServiceAccount => "service account",
                RoleHolderKind::Team => "team",
                RoleHolderKind::Everyone => "everyone in the organization",
            };
            let on = match holder.workspace_id {
                Some(workspace) => format!("workspace {project}/{workspace}"),
                None => format!("project {project}"),
            };
            [kind.to_owned(), holder.id.to_string(), holder.name.clone(), on]
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::parsing;

    fn parse(line: &str) -> Result<Action, String> {
        parsing::parse(line).map(|args: RoleArgs| args.action)
    }

    #[test]
    fn a_role_is_named_by_its_number_in_its_project() {
        let shown = parse("show 9 --project 101");
        assert!(matches!(
            shown,
            Ok(Action::Show(OneRole { role: RoleName::Custom(9), within: InProject { project: 101 } }))
        ));
        assert!(parse("holders admin --project 101").is_ok());
        for line in ["show 9", "show --project 101", "show Exporter --project 101", "list", "delete 9 --yes"] {
            assert!(parse(line).is_err(), "{line}");
        }
    }

    #[test]
    fn a_change_says_what_is_to_be_different() {
        assert!(parse("change 9 --project 101 --permission data:read --permission reports:export").is_ok());
        assert!(parse("change 9 --project 101 --name Reader --description Reads").is_ok());
        assert!(parse("change 9 --project 101").is_err());
    }
}
