//! `claviger recover-owner`: a new owner for an organization that has lost all its credentials.
//!
//! A lost last secret is no lock-out, also where the process died between the commit and the print: whoever is on the
//! host with the store in his hands makes a new owner, and the audit log says so.

use std::io::Write;

use clap::Args;
use claviger_access::Caller;
use claviger_access::administration::organization::{self, Recovered};
use claviger_access::identity::{AccountName, OrganizationId};
use claviger_access::policy::Addresses;
use serde_json::json;

use super::host::{self, HostFailed};
use super::init::Form;
use crate::config::{AuditKeyOptions, StoreOptions};
use crate::node::Node;

/// Make a new owner for an organization, on the host, while no server runs on the store
#[derive(Args, Debug)]
pub struct RecoverOwner {
    #[command(flatten)]
    store: StoreOptions,

    #[command(flatten)]
    audit_key: AuditKeyOptions,

    /// Which organization; may be left out where there is only one
    #[arg(long, value_name = "ID", env = "CLAVIGER_ORGANIZATION")]
    organization: Option<u64>,

    /// In which form the credential is printed
    #[arg(long, value_name = "FORM", env = "CLAVIGER_OUTPUT", default_value = "text")]
    output: Form,
}

impl RecoverOwner {
    /// Makes the owner.
    pub async fn run(self) -> Result<(), HostFailed> {
        let (node, running) =
            Node::start(host::house(host::existing(&self.store)?, &self.store, &self.audit_key)?, |_| {}).await?;
        let made = self.make(&node).await;
        running.stop().await;
        let (organization, Recovered { owner, lifted }) = made?;
        let mut out = std::io::stdout().lock();
        let printed = match self.output {
            Form::Json => {
                let (username, secret) = (owner.username.as_str(), owner.secret.reveal());
                let lifted = lifted.map(|ranges| ranges.to_string());
                let json = json!({
                    "organization_id": organization.number(), "username": username, "secret": secret,
                    "allowed_addresses_lifted": lifted,
                });
                writeln!(out, "{json}")
            }
            Form::Text => writeln!(
                out,
                "organization  {organization}\nusername      {}\nsecret        {}\n\nThe secret is shown this once. Delete the owners whose secrets are lost.{}",
                owner.username,
                owner.secret.reveal(),
                lifted.map(|ranges| told(&ranges)).unwrap_or_default(),
            ),
        };
        printed
            .and_then(|()| out.flush())
            .map_err(|reason| HostFailed::System { what: "standard output".to_owned(), reason })
    }

    async fn make(&self, node: &Node) -> Result<(OrganizationId, Recovered), HostFailed> {
        let organization = host::organization(node, self.organization)?;
        let name =
            AccountName::parse("recovered-owner").map_err(|error| HostFailed::Name { option: "owner", error })?;
        let decide = move |draft: &_, moment, random| {
            organization::recover_owner(draft, &Caller::Operator, organization, &name, moment, random)
        };
        Ok((organization, node.writer.perform(host::operator(), decide).await?))
    }
}

/// That calls come from everywhere now, and what was so before.
fn told(ranges: &Addresses) -> String {
    format!(
        "\nCalls may come from everywhere again. Until now they had to come from {ranges}: set what is right with claviger policy set."
    )
}
