//! `claviger service-account secret`: the secrets of an account, one by one.

use claviger_wire::secrets::{ChangeSecret, CreateSecret, Secret};

use super::lifetime;
use super::new_secret::DestinationArgs;
use crate::commands::confirmation::{ConfirmationArgs, confirm};
use crate::commands::connection::Connection;
use crate::commands::creation::{CreationArgs, not_made};
use crate::commands::exit::Failed;
use crate::commands::output::{OutputArgs, or_dash, or_never, table};
use crate::commands::scope;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Action {
    /// List an account's secrets, without their texts
    List {
        /// The account's id [default: the account that asks]
        #[arg(value_parser = scope::id)]
        id: Option<u64>,
    },
    /// Make one more secret for an account and print it, this once
    Create(CreateArgs),
    /// Give a secret another name or another end
    Change(ChangeArgs),
    /// Let secrets be refused everywhere at once, without revoking them
    Disable(SecretsArgs),
    /// Let secrets count again that were disabled
    Enable(SecretsArgs),
    /// Revoke secrets: they stop working everywhere at once
    Revoke(RevokeArgs),
}

#[derive(Debug, clap::Args)]
pub(super) struct CreateArgs {
    /// The account's id
    #[arg(value_parser = scope::id)]
    id: u64,
    /// What the secret is called
    #[arg(long)]
    name: Option<String>,
    /// When it ends, such as 2030-01-01T00:00:00Z [default: never]
    #[arg(long, value_name = "TIME", value_parser = lifetime::end, conflicts_with = "expires_in")]
    expires: Option<String>,
    /// How long it lasts, such as 30d, 12h, 90m or 3600s
    #[arg(long, value_name = "TIME", value_parser = lifetime::seconds)]
    expires_in: Option<u64>,
    #[command(flatten)]
    destination: DestinationArgs,
    #[command(flatten)]
    creation: CreationArgs,
}

#[derive(Debug, clap::Args)]
pub(super) struct ChangeArgs {
    /// The secret's id
    #[arg(value_parser = scope::id)]
    secret: u64,
    #[command(flatten)]
    of: OfAccount,
    /// What it is called; empty for nothing
    #[arg(long)]
    name: Option<String>,
    /// When it ends, such as 2030-01-01T00:00:00Z, or never
    #[arg(long, value_name = "TIME", value_parser = lifetime::end_or_never, conflicts_with = "expires_in")]
    expires: Option<String>,
    /// How long it lasts from now on, such as 30d, 12h, 90m or 3600s
    #[arg(long, value_name = "TIME", value_parser = lifetime::seconds)]
    expires_in: Option<u64>,
}

#[derive(Debug, clap::Args)]
pub(super) struct SecretsArgs {
    /// The ids of the secrets
    #[arg(required = true, value_name = "SECRET", value_parser = scope::id)]
    secrets: Vec<u64>,
    #[command(flatten)]
    of: OfAccount,
}

#[derive(Debug, clap::Args)]
pub(super) struct RevokeArgs {
    #[command(flatten)]
    which: SecretsArgs,
    #[command(flatten)]
    confirmation: ConfirmationArgs,
}

/// Whose secret.
#[derive(Debug, clap::Args)]
pub(super) struct OfAccount {
    /// The id of its account [default: the account that asks]
    #[arg(long, value_name = "ID", value_parser = scope::id)]
    account: Option<u64>,
}

/// The organization, and the account that is meant: the one that was named, or the caller.
pub(super) async fn whose(connection: &Connection, named: Option<u64>) -> Result<(u64, u64), Failed> {
    let account = match named {
        Some(account) => account,
        None => connection.client().me().await?.user_id,
    };
    Ok((connection.organization().await?, account))
}

impl Action {
    pub(super) async fn run(self, connection: &Connection, output: OutputArgs, random: [u8; 16]) -> Result<(), Failed> {
        match self {
            Self::List { id } => {
                let (organization, account) = whose(connection, id).await?;
                let secrets = connection.client().secrets(organization, account).await?;
                Ok(output.show(&secrets, |secrets| secrets_table(secrets))?)
            }
            Self::Create(args) => args.run(connection, output, random).await,
            Self::Change(args) => args.run(connection, output).await,
            Self::Disable(args) => args.set_disabled(connection, output, true).await,
            Self::Enable(args) => args.set_disabled(connection, output, false).await,
            Self::Revoke(args) => args.run(connection, output).await,
        }
    }
}

impl CreateArgs {
    async fn run(self, connection: &Connection, output: OutputArgs, random: [u8; 16]) -> Result<(), Failed> {
        let key = self.creation.key(random);
        let organization = connection.organization().await?;
        let new = CreateSecret { name: self.name, expires: self.expires, expires_in: self.expires_in };
        let destination = self.destination.prepare()?;
        match connection.client().create_secret(organization, self.id, &new, &key).await {
            Ok(made) => Ok(destination.hand_over(&made, output)?),
            Err(error) => {
                destination.withdraw();
                Err(not_made(error, &key))
            }
        }
    }
}

impl ChangeArgs {
    async fn run(self, connection: &Connection, output: OutputArgs) -> Result<(), Failed> {
        let (organization, account) = whose(connection, self.of.account).await?;
        let change = ChangeSecret {
            name: self.name.map(|name| Some(name).filter(|name| !name.is_empty())),
            expires: self.expires.map(Some),
            expires_in: self.expires_in,
            disabled: None,
        };
        let secret = connection.client().change_secret(organization, account, self.secret, &change).await?;
        Ok(output.show(&secret, |secret| secrets_table(std::slice::from_ref(secret)))?)
    }
}

impl SecretsArgs {
    async fn set_disabled(self, connection: &Connection, output: OutputArgs, disabled: bool) -> Result<(), Failed> {
        let (organization, account) = whose(connection, self.of.account).await?;
        let change = ChangeSecret { disabled: Some(disabled), ..Default::default() };
        let told = if disabled { "disabled" } else { "enabled" };
        for secret in &self.secrets {
            connection.client().change_secret(organization, account, *secret, &change).await?;
            output.done(&format!("Secret {secret} of service account {account} is {told}."))?;
        }
        Ok(())
    }
}

impl RevokeArgs {
    async fn run(self, connection: &Connection, output: OutputArgs) -> Result<(), Failed> {
        let is_asked = self.confirmation.is_asked()?;
        let SecretsArgs { secrets, of } = self.which;
        let (organization, account) = whose(connection, of.account).await?;
        if is_asked {
            let ids: Vec<String> = secrets.iter().map(u64::to_string).collect();
            let ids = ids.join(", ");
            confirm(&format!(
                "Revoke of service account {account}: {ids}? What uses them stops working at once. [y/N] "
            ))?;
        }
        for secret in &secrets {
            connection.client().revoke_secret(organization, account, *secret).await?;
            output.done(&format!("Secret {secret} of service account {account} is revoked."))?;
        }
        Ok(())
    }
}

fn secrets_table(secrets: &[Secret]) -> String {
    table(
        ["ID", "NAME", "STATE", "LAST USED", "EXPIRES", "CREATED"],
        secrets.iter().map(|secret| {
            [
                secret.id.to_string(),
                or_dash(secret.name.as_ref()),
                or_dash(secret.is_disabled.then_some("disabled")),
                or_never(secret.last_used.as_deref()),
                or_never(secret.expires.as_deref()),
                secret.created.clone(),
            ]
        }),
    )
}
