//! `claviger organization create`: one more organization, on the host.

use clap::{Args, Subcommand};
use claviger_access::administration::organization::Found;

use super::host::{self, HostFailed};
use super::init::{self, Form};
use super::set_up_link::ReachedOptions;
use crate::config::{AuditKeyOptions, StoreOptions};
use crate::node::Node;

/// Organizations of this store, on the host
#[derive(Subcommand, Debug)]
pub enum Organization {
    /// Found one more organization, with a project, its workspace and an owner
    Create(Create),
}

/// Options of `organization create`.
#[derive(Args, Debug)]
pub struct Create {
    #[command(flatten)]
    store: StoreOptions,

    #[command(flatten)]
    audit_key: AuditKeyOptions,

    /// Its name
    #[arg(value_name = "NAME")]
    name: String,

    /// Its first project's name
    #[arg(long, value_name = "NAME", env = "CLAVIGER_PROJECT_NAME", default_value = "First project")]
    project: String,

    #[command(flatten)]
    reached: ReachedOptions,

    /// In which form the owner's credential is printed
    #[arg(long, value_name = "FORM", env = "CLAVIGER_OUTPUT", default_value = "text")]
    output: Form,
}

impl Organization {
    /// Does what was asked for.
    pub async fn run(self) -> Result<(), HostFailed> {
        let Self::Create(create) = self;
        let command = Found {
            organization: host::name("NAME", &create.name)?,
            project: host::name("--project", &create.project)?,
            owner: host::owner_name()?,
            first: None,
        };
        let (node, running) =
            Node::start(host::house(host::existing(&create.store)?, &create.store, &create.audit_key)?, |_| {}).await?;
        let founded = init::found(&node, command, &create.reached.public_url.to_string()).await;
        running.stop().await;
        init::print(&founded?, create.output)
    }
}
