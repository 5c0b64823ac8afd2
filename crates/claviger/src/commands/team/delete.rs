//! `claviger team delete`.

use crate::commands::confirmation::{ConfirmationArgs, confirm};
use crate::commands::connection::Connection;
use crate::commands::exit::Failed;
use crate::commands::output::{OutputArgs, shown};
use crate::commands::scope;

#[derive(Debug, clap::Args)]
pub(super) struct DeleteArgs {
    /// The ids of the teams
    #[arg(required = true, value_name = "TEAM", value_parser = scope::id)]
    teams: Vec<u64>,
    #[command(flatten)]
    confirmation: ConfirmationArgs,
}

impl DeleteArgs {
    pub(super) async fn run(self, connection: &Connection, output: OutputArgs) -> Result<(), Failed> {
        let is_asked = self.confirmation.is_asked()?;
        let organization = connection.organization().await?;
        if is_asked {
            let mut question = String::new();
            for id in &self.teams {
                let team = connection.client().team(organization, *id).await?.team;
                question.push_str(&format!("{} (id {id}, members: {})\n", shown(&team.name), team.member_count));
            }
            question.push_str("Delete? Members lose what came through the team, and it does not come back. [y/N] ");
            confirm(&question)?;
        }
        for id in &self.teams {
            connection.client().delete_team(organization, *id).await?;
            output.done(&format!("Team {id} is deleted."))?;
        }
        Ok(())
    }
}
