//! `claviger service-account rotate`: a new secret in place of another, which goes on for a while.

use claviger_wire::secrets::RotateSecret;

use super::lifetime;
use super::new_secret::DestinationArgs;
use super::secret::whose;
use crate::commands::connection::Connection;
use crate::commands::creation::{CreationArgs, not_made};
use crate::commands::exit::Failed;
use crate::commands::output::OutputArgs;
use crate::commands::scope;

#[derive(Debug, clap::Args)]
pub(super) struct RotateArgs {
    /// The account's id [default: the account that asks]
    #[arg(value_parser = scope::id)]
    id: Option<u64>,
    /// How long the replaced secret goes on, such as 1h; 0 ends it at once [default: 24h]
    #[arg(long, value_name = "TIME", value_parser = lifetime::grace)]
    grace: Option<u64>,
    /// Which secret is replaced [default: the one that the account itself asks with, or else its newest]
    #[arg(long, value_name = "SECRET", value_parser = scope::id)]
    replace: Option<u64>,
    /// What the new secret is called
    #[arg(long)]
    name: Option<String>,
    /// When the new secret ends, such as 2030-01-01T00:00:00Z, or never [default: when the replaced one would have]
    #[arg(long, value_name = "TIME", value_parser = lifetime::end_or_never, conflicts_with = "expires_in")]
    expires: Option<String>,
    /// How long the new secret lasts, such as 30d, 12h, 90m or 3600s
    #[arg(long, value_name = "TIME", value_parser = lifetime::seconds)]
    expires_in: Option<u64>,
    #[command(flatten)]
    destination: DestinationArgs,
    #[command(flatten)]
    creation: CreationArgs,
}

impl RotateArgs {
    pub(super) async fn run(self, connection: &Connection, output: OutputArgs, random: [u8; 16]) -> Result<(), Failed> {
        let key = self.creation.key(random);
        let (organization, account) = whose(connection, self.id).await?;
        let rotate = RotateSecret {
            grace_seconds: self.grace,
            secret_id: self.replace,
            name: self.name,
            expires: self.expires.map(Some),
            expires_in: self.expires_in,
        };
        let destination = self.destination.prepare()?;
        match connection.client().rotate_secret(organization, account, &rotate, &key).await {
            Ok(rotated) => Ok(destination.hand_over_rotated(&rotated, output)?),
            Err(error) => {
                destination.withdraw();
                Err(not_made(error, &key))
            }
        }
    }
}
