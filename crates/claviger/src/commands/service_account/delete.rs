//! `claviger service-account delete`.

use crate::commands::confirmation::{ConfirmationArgs, confirm};
use crate::commands::connection::Connection;
use crate::commands::exit::Failed;
use crate::commands::output::{OutputArgs, shown};
use crate::commands::scope;

#[derive(Debug, clap::Args)]
pub(super) struct DeleteArgs {
    /// The ids of the accounts
    #[arg(required = true, value_name = "ID", value_parser = scope::id)]
    ids: Vec<u64>,
    #[command(flatten)]
    confirmation: ConfirmationArgs,
}

impl DeleteArgs {
    pub(super) async fn run(self, connection: &Connection, output: OutputArgs) -> Result<(), Failed> {
        let is_asked = self.confirmation.is_asked()?;
        let organization = connection.organization().await?;
        if is_asked {
            let mut question = String::new();
            for id in &self.ids {
                let account = connection.client().service_account(organization, *id).await?;
                question.push_str(&format!("{} (id {id})\n", shown(&account.username)));
            }
            question.push_str("Delete? What uses it stops working at once, and it does not come back. [y/N] ");
            confirm(&question)?;
        }
        for id in &self.ids {
            connection.client().delete_service_account(organization, *id).await?;
            output.done(&format!("Service account {id} is deleted."))?;
        }
        Ok(())
    }
}
