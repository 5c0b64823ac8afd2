//! `claviger invitation accept`: the one command that needs no credential but makes one.

use std::path::PathBuf;

use claviger_wire::invitations::{AcceptInvitation, TypedPassword};
use claviger_wire::token::Token;
use secrecy::ExposeSecret;

use crate::commands::connection::{ConnectionArgs, SecretSource};
use crate::commands::exit::Failed;
use crate::commands::output::{OutputArgs, shown};

#[derive(Debug, clap::Args)]
pub(super) struct AcceptArgs {
    /// What you are called; not needed if you have an account at this server already
    #[arg(long)]
    name: Option<String>,
    /// A file with the token and nothing else, which only you can read. Or set CLAVIGER_INVITATION_TOKEN to the token
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// A file with your password and nothing else, which only you can read. Or set CLAVIGER_PASSWORD to the password
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

impl AcceptArgs {
    pub(super) async fn run(self, connection: ConnectionArgs, output: OutputArgs) -> Result<(), Failed> {
        let token = SecretSource { what: "token", variable: "CLAVIGER_INVITATION_TOKEN", option: "--token-file" };
        let password = SecretSource { what: "password", variable: "CLAVIGER_PASSWORD", option: "--password-file" };
        let client = connection.without_credential()?;
        let token = token.read(self.token_file.as_deref(), "Token of the invitation: ")?;
        let password = password.read(self.password_file.as_deref(), "Your password (12 characters or more): ")?;
        let accept = AcceptInvitation {
            token: Token::new(token.expose_secret()),
            name: self.name,
            password: TypedPassword::new(password.expose_secret()),
        };
        let joined = client.accept_invitation(&accept).await?;
        Ok(output.show(&joined, |joined| {
            let (id, organization) = (joined.id, joined.organization_id);
            let who = shown(&format!("{} ({}, user {id})", joined.name, joined.email));
            let name = shown(&joined.organization_name);
            format!("{who} is now {} of {name} (organization {organization}).", joined.role)
        })?)
    }
}
