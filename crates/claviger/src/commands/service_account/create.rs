//! `claviger service-account create`: the one command that prints a secret.

use std::io::{self, Write};

use claviger_wire::roles::{OrganizationRoleName, ProjectRole, RoleName, WorkspaceRole};
use claviger_wire::service_accounts::{CreateServiceAccount, NewServiceAccount};

use super::described::DescribedArgs;
use super::lifetime;
use crate::commands::connection::Connection;
use crate::commands::creation::{CreationArgs, not_made};
use crate::commands::exit::Failed;
use crate::commands::output::{CannotPrint, Form, OutputArgs, print, shown};
use crate::commands::scope;

#[derive(Debug, clap::Args)]
pub(super) struct CreateArgs {
    /// What it is called; the username is made of it
    name: String,
    /// Give it a role on this project, with all its workspaces; may be repeated
    #[arg(long = "project", value_name = "ID[:ROLE]", value_parser = scope::project_role)]
    projects: Vec<ProjectRole>,
    /// Give it a role on this workspace alone; may be repeated. Its role is consumer unless it is named
    #[arg(long = "workspace", value_name = "ID[:ROLE]", value_parser = scope::workspace_role)]
    workspaces: Vec<WorkspaceRole>,
    /// The role on projects that name none: owner, admin, analyst, consumer or a custom role's number [default: consumer]
    #[arg(long, value_parser = scope::role, requires = "projects")]
    role: Option<RoleName>,
    /// Its role in the whole organization: owner, admin, billing_admin or member [default: member]
    #[arg(long, value_name = "ROLE", value_parser = scope::organization_role)]
    organization_role: Option<OrganizationRoleName>,
    /// When it ends, such as 2030-01-01T00:00:00Z [default: never]
    #[arg(long, value_name = "TIME", value_parser = lifetime::end, conflicts_with = "expires_in")]
    expires: Option<String>,
    /// How long it lasts, such as 30d, 12h, 90m or 3600s
    #[arg(long, value_name = "TIME", value_parser = lifetime::seconds)]
    expires_in: Option<u64>,
    #[command(flatten)]
    described: DescribedArgs,
    #[command(flatten)]
    creation: CreationArgs,
}

impl CreateArgs {
    pub(super) async fn run(self, connection: &Connection, output: OutputArgs, random: [u8; 16]) -> Result<(), Failed> {
        let key = self.creation.key(random);
        let organization = connection.organization().await?;
        let made = connection.client().create_service_account(organization, &self.body(), &key).await;
        let made = made.map_err(|error| not_made(error, &key))?;
        let id = made.account.id;
        show(&made, output).map_err(|error| Failed::SecretLost { id, error })
    }

    fn body(self) -> CreateServiceAccount {
        CreateServiceAccount {
            username: self.name,
            role: self.role,
            expires: self.expires,
            expires_in: self.expires_in,
            projects: (!self.projects.is_empty()).then_some(self.projects),
            workspaces: (!self.workspaces.is_empty()).then_some(self.workspaces),
            organization_role: self.organization_role,
            owner: self.described.owner(),
            description: self.described.description(),
            labels: self.described.labels(),
        }
    }
}

/// Prints the account with its secret. As lines, not as a table: a table would wrap the secret.
fn show(made: &NewServiceAccount, output: OutputArgs) -> Result<(), CannotPrint> {
    if output.form() == Form::Json {
        return output.show(made, |_| String::new());
    }
    let NewServiceAccount { account, token } = made;
    print(&format!(
        "id        {}\nusername  {}\nexpires   {}\nsecret    {}",
        account.id,
        shown(&account.username),
        shown(account.expires.as_deref().unwrap_or("never")),
        shown(token.reveal()),
    ))?;
    // The secret is out: a warning that cannot be written changes nothing.
    let _ = writeln!(
        io::stderr(),
        "\nCopy the secret now: it will not be shown again. Claviger keeps only a digest of it. If it is lost, rotate it: claviger service-account rotate {}",
        account.id
    );
    Ok(())
}
