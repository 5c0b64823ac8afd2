//! `claviger role delete`.

use claviger_wire::roles::{DeletedRole, RoleName};

use super::{InProject, holders_table};
use crate::commands::confirmation::{ConfirmationArgs, confirm};
use crate::commands::connection::Connection;
use crate::commands::exit::Failed;
use crate::commands::output::{OutputArgs, shown};
use crate::commands::scope;

#[derive(Debug, clap::Args)]
pub(super) struct DeleteArgs {
    /// The custom role's number
    #[arg(value_parser = scope::role)]
    role: RoleName,
    #[command(flatten)]
    within: InProject,
    #[command(flatten)]
    confirmation: ConfirmationArgs,
}

impl DeleteArgs {
    pub(super) async fn run(self, connection: &Connection, output: OutputArgs) -> Result<(), Failed> {
        let Self { role, within: InProject { project }, confirmation } = self;
        if confirmation.is_asked()? {
            let known = connection.client().role(project, role).await?;
            let holders = connection.client().role_holders(project, role).await?;
            let held = match holders.is_empty() {
                true => "nobody holds it".to_owned(),
                false => format!("held by\n{}", holders_table(project, &holders)),
            };
            let name = shown(&known.name);
            let question =
                format!("{name} (role {role}), {held}\nDelete? Whoever holds it becomes a consumer there. [y/N] ");
            confirm(&question)?;
        }
        let deleted = connection.client().delete_role(project, role).await?;
        Ok(output.show(&deleted, |deleted| told(project, deleted))?)
    }
}

fn told(project: u64, deleted: &DeletedRole) -> String {
    let role = shown(&deleted.role_id);
    match deleted.holders.is_empty() {
        true => format!("Role {role} is deleted. Nobody held it."),
        false => {
            format!("Role {role} is deleted. Consumers from now on:\n{}", holders_table(project, &deleted.holders))
        }
    }
}
