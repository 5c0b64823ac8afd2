//! `claviger reset-password`: a link by which somebody chooses another password, for whom no owner can make one.
//!
//! The person chooses the password himself, so that nobody else ever knows it. The link opens once, within an hour: start the
//! server again meanwhile.

use std::io::Write;

use clap::Args;
use claviger_access::Caller;
use claviger_access::administration::password_reset::{self, NewLink};
use claviger_access::credential::ResetToken;

use super::host::{self, HostFailed};
use crate::config::{AuditKeyOptions, StoreOptions};
use crate::node::Node;
use crate::public_url::PublicUrl;

/// Make a link by which a person chooses another password, on the host, while no server runs on the store
#[derive(Args, Debug)]
pub struct ResetPassword {
    /// The e-mail address that the person signs in with
    email: String,

    #[command(flatten)]
    store: StoreOptions,

    #[command(flatten)]
    audit_key: AuditKeyOptions,

    /// The address under which people reach the server, such as https://keys.example.com; without it the link lacks it
    #[arg(long, value_name = "URL", env = "CLAVIGER_PUBLIC_URL")]
    public_url: Option<PublicUrl>,
}

impl ResetPassword {
    /// Makes the link.
    pub async fn run(self) -> Result<(), HostFailed> {
        let (node, running) =
            Node::start(host::house(host::existing(&self.store)?, &self.store, &self.audit_key)?, |_| {}).await?;
        let made = self.make(&node).await;
        running.stop().await;
        let link = link(&made?.token, self.public_url.as_ref());
        let lacking = if self.public_url.is_some() { "" } else { " Put the server's address in front of it." };
        let mut out = std::io::stdout().lock();
        writeln!(out, "{link}\n\nThe link opens once, within an hour, while the server runs.{lacking}")
            .map_err(|reason| HostFailed::System { what: "standard output".to_owned(), reason })
    }

    async fn make(&self, node: &Node) -> Result<NewLink, HostFailed> {
        let person = host::person(node, &self.email)?;
        let decide =
            move |draft: &_, moment, random| password_reset::recover(draft, &Caller::Operator, person, moment, random);
        Ok(node.writer.perform(host::operator(), decide).await?)
    }
}

/// The link with this token; without the address where people reach the server, it lacks that.
pub(super) fn link(token: &ResetToken, public_url: Option<&PublicUrl>) -> String {
    let path = format!("/console/reset/{}", token.reveal());
    public_url.map_or(path.clone(), |url| url.link(&path))
}
