//! `claviger set-up-link`, and the link for the first owner that `serve` and `init` make as well.
//!
//! Accounts do not sign in to the console, so somebody must be its first owner who is a person: whoever opens the link. It
//! is a credential: it goes to a terminal, or into a file that only its owner may read, and never into a log.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use clap::Args;
use claviger_access::administration::set_up;
use claviger_access::credential::{PresentedSetUp, SetUpToken};
use claviger_access::identity::OrganizationId;
use claviger_access::{Caller, Directory};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::host::{self, HostFailed};
use super::init::Form;
use super::shown_once;
use crate::clock;
use crate::config::{AuditKeyOptions, StoreOptions};
use crate::node::Node;
use crate::private_file;
use crate::public_url::PublicUrl;
use crate::writer::WriteError;

/// What stands before the token in a link.
const PATH: &str = "/console/setup/";

/// Make a link by which a person becomes the first owner, on the host, while no server runs on the store
#[derive(Args, Debug)]
pub struct SetUpLink {
    #[command(flatten)]
    store: StoreOptions,

    #[command(flatten)]
    audit_key: AuditKeyOptions,

    #[command(flatten)]
    reached: ReachedOptions,

    /// Which organization; may be left out where there is only one
    #[arg(long, value_name = "ID", env = "CLAVIGER_ORGANIZATION")]
    organization: Option<u64>,

    /// In which form the link is printed
    #[arg(long, value_name = "FORM", env = "CLAVIGER_OUTPUT", default_value = "text")]
    output: Form,
}

/// Where browsers reach the server.
#[derive(Args, Debug)]
pub struct ReachedOptions {
    /// Where browsers reach the server, for the link
    #[arg(long, value_name = "URL", env = "CLAVIGER_PUBLIC_URL", default_value = "http://127.0.0.1:8000")]
    pub public_url: PublicUrl,
}

impl SetUpLink {
    /// Makes the link, and prints it.
    pub async fn run(self) -> Result<(), HostFailed> {
        let (node, running) =
            Node::start(host::house(host::existing(&self.store)?, &self.store, &self.audit_key)?, |_| {}).await?;
        let made = async {
            let organization = host::organization(&node, self.organization)?;
            Ok::<_, HostFailed>((organization, make(&node, organization, &self.reached.public_url.to_string()).await?))
        };
        let made = made.await;
        running.stop().await;
        let (organization, link) = made?;
        let mut out = io::stdout().lock();
        let printed = match self.output {
            Form::Json => {
                let json = json!({ "organization_id": organization.number(), "set_up_link": link });
                writeln!(out, "{json}")
            }
            Form::Text => write!(out, "{}", told(&link)),
        };
        printed
            .and_then(|()| out.flush())
            .map_err(|reason| HostFailed::System { what: "standard output".to_owned(), reason })
    }
}

/// Makes a link as the operator; the one before opens nothing any more.
pub(super) async fn make(node: &Node, organization: OrganizationId, base_url: &str) -> Result<String, HostFailed> {
    let decide =
        move |draft: &_, moment, random| set_up::make_link(draft, &Caller::Operator, organization, moment, random);
    let token: SetUpToken = node.writer.perform(host::operator(), decide).await?;
    Ok(link(&token, base_url))
}

/// The link with this token.
pub(super) fn link(token: &SetUpToken, base_url: &str) -> String {
    format!("{base_url}{PATH}{}", token.reveal())
}

/// The link with what it is for.
pub(super) fn told(link: &str) -> String {
    format!(
        "Open this link within an hour to become the first owner who signs in to the console.\nIt opens once.\n\n  {link}\n"
    )
}

/// How a link is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// By a start: one that still opens for long enough will do, so that a server that is started often writes little.
    ByStart,
    /// By somebody on the host, who wants another.
    Again,
}

/// Hands a link over, as long as no organization has an owner who is a person: on a terminal, or in this file.
pub(super) async fn offer(node: &Node, base_url: &str, file: &Path, asked: Asked) -> Result<(), HostFailed> {
    let directory = node.cluster.directory().map_err(|_| WriteError::Unavailable)?;
    let Some(organization) = set_up::is_due(&directory) else { return Ok(()) };
    let kept = if asked == Asked::ByStart { still_opens(&directory, file) } else { None };
    drop(directory);
    let before = "Nobody can sign in to the console yet.";
    let another = "For another link, start the server again later, or send its process the signal USR1.";
    let said = if io::stdout().is_terminal() {
        format!("\n{before}\n{}\n{another}\n", told(&make(node, organization, base_url).await?))
    } else {
        // The file comes first: a link that cannot be handed over is not made.
        let mut private = new_file(file)?;
        let link = match kept {
            Some(token) => format!("{base_url}{PATH}{}", token.expose_secret()),
            None => make(node, organization, base_url).await?,
        };
        let written = private.write_all(format!("{link}\n").as_bytes()).and_then(|()| private.sync_all());
        written.map_err(HostFailed::file(file))?;
        let path = file.canonicalize().map_err(HostFailed::file(file))?;
        let path = shown_once::quoted(&path);
        format!(
            "\n{before}\nA link for its first owner is in a file that only you can read.\nIt opens once, within an hour.\n\n  set-up link  {path}\n\n{another}\n"
        )
    };
    let mut out = io::stdout().lock();
    out.write_all(said.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|reason| HostFailed::System { what: "standard output".to_owned(), reason })
}

/// The token in the file, if it is the newest and has more than half of its time left.
fn still_opens(directory: &Directory, file: &Path) -> Option<SecretString> {
    let text = private_file::read(file).ok()?;
    let (_, token) = text.expose_secret().trim().rsplit_once('/')?;
    let later = clock::now().plus_seconds(set_up::OPEN_SECONDS / 2)?;
    set_up::look_at(directory, &PresentedSetUp::read(token)?, later).ok()?;
    Some(SecretString::from(token))
}

/// A new file in the place of the one before.
fn new_file(file: &Path) -> Result<File, HostFailed> {
    match std::fs::remove_file(file) {
        Err(reason) if reason.kind() != io::ErrorKind::NotFound => Err(HostFailed::file(file)(reason)),
        _ => shown_once::new_private_file(file, "was put there just now by somebody else"),
    }
}
