//! `claviger reset-password`: a link by which somebody chooses another password, for whom no owner can make one.
//!
//! The person chooses the password himself, so that nobody else ever knows it. The link opens once, within an hour: start the
//! server again meanwhile.

use std::io::Write;

use clap::Args;
use claviger_access::Caller;
use claviger_access::administration::password_reset::{self, NewLink};
use claviger_access::identity::PrincipalId;

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
        let made = async { make(&node, host::person(&node, &self.email)?, self.public_url.as_ref()).await };
        let made = made.await;
        running.stop().await;
        let (link, lacking) = (made?, if self.public_url.is_some() { "" } else { LACKING });
        let mut out = std::io::stdout().lock();
        writeln!(out, "{link}\n\nThe link opens once, within an hour, while the server runs.{lacking}")
            .map_err(|reason| HostFailed::System { what: "standard output".to_owned(), reason })
    }
}

const LACKING: &str = " Put the server's address in front of it.";

/// Makes a link for this person as the operator; without the address where people reach the server, it lacks that.
pub(super) async fn make(
    node: &Node,
    person: PrincipalId,
    public_url: Option<&PublicUrl>,
) -> Result<String, HostFailed> {
    let decide =
        move |draft: &_, moment, random| password_reset::recover(draft, &Caller::Operator, person, moment, random);
    let made: NewLink = node.writer.perform(host::operator(), decide).await?;
    let path = format!("/console/reset/{}", made.token.reveal());
    Ok(public_url.map_or(path.clone(), |url| url.link(&path)))
}
