//! `claviger init`: sets a store up without serving, for automation.

use std::io::Write;

use clap::{Args, ValueEnum};
use claviger_access::administration::organization::{Found, Founded};
use claviger_access::identity::UsernameSuffix;
use serde_json::json;

use super::host::{self, HostFailed};
use super::set_up_link::{self, ReachedOptions};
use crate::config::{AuditKeyOptions, StoreOptions};
use crate::node::Node;

/// Set a new store up: an organization, a project with its workspace, and an owner
#[derive(Args, Debug)]
pub struct Init {
    #[command(flatten)]
    store: StoreOptions,

    #[command(flatten)]
    audit_key: AuditKeyOptions,

    /// The first organization's name
    #[arg(long, value_name = "NAME", env = "CLAVIGER_ORGANIZATION_NAME")]
    organization: String,

    /// Its first project's name
    #[arg(long, value_name = "NAME", env = "CLAVIGER_PROJECT_NAME")]
    project: String,

    /// The last part of every username
    #[arg(long, value_name = "S", env = "CLAVIGER_USERNAME_SUFFIX", default_value = "service-account")]
    username_suffix: String,

    #[command(flatten)]
    reached: ReachedOptions,

    /// In which form the owner's credential is printed
    #[arg(long, value_name = "FORM", env = "CLAVIGER_OUTPUT", default_value = "text")]
    output: Form,
}

/// The form of what is printed.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// For people.
    Text,
    /// For programs.
    Json,
}

impl Init {
    /// Sets the store up, or refuses where it is.
    pub async fn run(self) -> Result<(), HostFailed> {
        let suffix = UsernameSuffix::parse(&self.username_suffix)
            .map_err(|error| HostFailed::Name { option: "--username-suffix", error })?;
        let command = Found {
            organization: host::name("--organization", &self.organization)?,
            project: host::name("--project", &self.project)?,
            owner: host::owner_name()?,
            first: Some(suffix),
        };
        let (node, running) =
            Node::start(host::house(self.store.location()?, &self.store, &self.audit_key)?, |_| {}).await?;
        let founded = found(&node, command, &self.reached.public_url.to_string()).await;
        running.stop().await;
        print(&founded?, self.output)
    }
}

/// Founds an organization, with a link for its first owner who is a person. That can be made again, so the founding stands
/// without it.
pub(super) async fn found(
    node: &Node,
    command: Found,
    base_url: &str,
) -> Result<(Founded, Option<String>), HostFailed> {
    let founded = host::found(node, command).await?;
    let link = set_up_link::make(node, founded.organization, base_url).await;
    Ok((founded, link.inspect_err(|error| tracing::warn!(%error, "no set-up link was made")).ok()))
}

/// Prints what was founded, with the owner's secret and the link: the one time.
pub(super) fn print((founded, link): &(Founded, Option<String>), form: Form) -> Result<(), HostFailed> {
    let mut out = std::io::stdout().lock();
    let owner = &founded.owner;
    let printed = match form {
        Form::Json => {
            let json = json!({
                "organization_id": founded.organization.number(),
                "project_id": founded.project.number(),
                "workspace_id": founded.workspace.number(),
                "username": owner.username.as_str(),
                "secret": owner.secret.reveal(),
                "set_up_link": link,
            });
            writeln!(out, "{json}")
        }
        Form::Text => writeln!(
            out,
            "organization  {}\nproject       {}\nworkspace     {}\nusername      {}\nsecret        {}\n\nThe secret is shown this once. Claviger keeps only a digest of it.{}",
            founded.organization,
            founded.project,
            founded.workspace,
            owner.username,
            owner.secret.reveal(),
            link.as_ref().map(|link| format!("\n\n{}", set_up_link::told(link).trim_end())).unwrap_or_default(),
        ),
    };
    printed
        .and_then(|()| out.flush())
        .map_err(|reason| HostFailed::System { what: "standard output".to_owned(), reason })
}
