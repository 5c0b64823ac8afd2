//! `claviger recover-person`: turns off the second factor of somebody who has lost it, his recovery codes included.
//!
//! Nobody else can: an owner who could would need the person's password alone to come in as him. Whoever is on the host with
//! the store in his hands may, and the audit log says so.

use std::io::Write;

use clap::Args;
use claviger_access::Caller;
use claviger_access::administration::second_factor;

use super::host::{self, HostFailed};
use crate::config::{AuditKeyOptions, StoreOptions};
use crate::node::Node;

/// Turn off the second factor of a person who has lost it, on the host, while no server runs on the store
#[derive(Args, Debug)]
pub struct RecoverPerson {
    /// The e-mail address that the person signs in with
    email: String,

    #[command(flatten)]
    store: StoreOptions,

    #[command(flatten)]
    audit_key: AuditKeyOptions,
}

impl RecoverPerson {
    /// Turns it off.
    pub async fn run(self) -> Result<(), HostFailed> {
        let (node, running) =
            Node::start(host::house(host::existing(&self.store)?, &self.store, &self.audit_key)?, |_| {}).await?;
        let done = self.recover(&node).await;
        running.stop().await;
        done?;
        let mut out = std::io::stdout().lock();
        writeln!(out, "The second factor is off. Signing in asks for the password alone.")
            .map_err(|reason| HostFailed::System { what: "standard output".to_owned(), reason })
    }

    async fn recover(&self, node: &Node) -> Result<(), HostFailed> {
        let person = host::person(node, &self.email)?;
        let decide = move |draft: &_, moment, _| second_factor::recover(draft, &Caller::Operator, person, moment);
        Ok(node.writer.perform(host::operator(), decide).await?)
    }
}
