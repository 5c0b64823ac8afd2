//! `claviger restore accept`: goes on with a store that went back in time.
//!
//! It begins an epoch that is closed, waits until no node can answer from the history that is lost, says what becomes of
//! what was revoked in it, and opens the epoch. Where it is interrupted, the store stays closed, and it is run again.

mod exports;

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use claviger_access::Caller;
use claviger_access::administration::restored::Revoked;
use claviger_access::password::{Password, PasswordHash};

use super::host::{self, HostFailed};
use super::{reset_password, set_up_link};
use crate::cluster::membership::AmongOthers;
use crate::config::{AuditKeyOptions, NodeOptions, StoreOptions};
use crate::lost_history::{LostHistory, RestoredLogs};
use crate::node;
use crate::people::password::Passwords;
use crate::public_url::PublicUrl;
use crate::random;
use crate::store::lock::StoreLock;
use crate::store::{Store, StoreError};
use crate::writer::restoring::{self, Opened, OwnersLink};

/// What to do with a store that went back in time
#[derive(clap::Subcommand, Debug)]
pub enum Restore {
    /// Go on with the store as it is, on the host
    Accept(Accept),
}

/// Go on with a store that went back in time: say what becomes of what was revoked in the history that is lost
#[derive(Args, Debug)]
pub struct Accept {
    #[command(flatten)]
    store: StoreOptions,

    #[command(flatten)]
    audit_key: AuditKeyOptions,

    #[command(flatten)]
    among_others: NodeOptions,

    #[command(flatten)]
    answer: AnswerOptions,

    /// The address under which people reach the server, such as https://keys.example.com, for the owners' links
    #[arg(long, value_name = "URL", env = "CLAVIGER_PUBLIC_URL", default_value = "http://127.0.0.1:8000")]
    public_url: PublicUrl,
}

/// What becomes of what was revoked. There is no default.
#[derive(Args, Debug)]
#[group(required = true, multiple = true)]
struct AnswerOptions {
    /// Revoke again what an export of an organization's audit log tells: NDJSON, made without a filter after the moment that
    /// the store went back to. Once for each organization; beside one of the others, that is for organizations without
    #[arg(long, value_name = "FILE")]
    revocations: Vec<PathBuf>,

    /// Refuse all that was issued before until it is confirmed: service accounts are disabled, people are signed out and
    /// choose another password. A one-time link for an owner of each organization is printed
    #[arg(long, conflicts_with = "revoked_may_return")]
    suspend: bool,

    /// Let what was revoked after the restored moment be valid again
    #[arg(long)]
    revoked_may_return: bool,
}

impl AnswerOptions {
    fn others(&self, password: &PasswordHash) -> Option<Revoked> {
        match (self.suspend, self.revoked_may_return) {
            (true, _) => Some(Revoked::IsSuspended { password: password.clone() }),
            (false, true) => Some(Revoked::MayReturn),
            (false, false) => None,
        }
    }
}

impl Restore {
    /// Does it.
    pub async fn run(self) -> Result<(), HostFailed> {
        match self {
            Self::Accept(accept) => accept.run().await,
        }
    }
}

impl Accept {
    async fn run(self) -> Result<(), HostFailed> {
        let location = host::existing(&self.store)?;
        crate::store::install_drivers();
        // Held until the store is open again.
        let _lock = StoreLock::take(&location)?;
        let store = node::open_store(location, &self.audit_key.path(&self.store)?).await?;
        let accepted = self.accept(&store).await;
        store.close().await;
        let mut out = std::io::stdout().lock();
        out.write_all(self.told(&accepted?).as_bytes())
            .and_then(|()| out.flush())
            .map_err(|reason| HostFailed::System { what: "standard output".to_owned(), reason })
    }

    async fn accept(&self, store: &Store) -> Result<Opened, HostFailed> {
        // Before anything is written: a file that tells too little leaves the store as it is.
        let password = nobodys_password().await?;
        let told = self.read_exports(store, &password).await?;
        let answer = restoring::Answer { told, others: self.answer.others(&password), password };
        let mark = random::mark().map_err(no_randomness)?;
        let known = store.begin_epoch(mark).await?;
        if store.is_shared() {
            let AmongOthers { properties, drift } = self.among_others.among_others();
            let until = drift.outlasts(known.map_or(properties.lease, |known| known.max(properties.lease)));
            eprintln!("Waiting {until:?}, until no node can answer from the history that is lost.");
            tokio::time::sleep(until).await;
        }
        Ok(restoring::open_epoch(store, mark, &Caller::Operator, &answer, &host::operator().origin).await?)
    }

    async fn read_exports(
        &self,
        store: &Store,
        password: &PasswordHash,
    ) -> Result<Option<(LostHistory, RestoredLogs)>, HostFailed> {
        if self.answer.revocations.is_empty() {
            return Ok(None);
        }
        let image = restoring::load(store).await?;
        let ends = restoring::log_ends(store, &image, &Caller::Operator).await?;
        let others = self.answer.suspend || self.answer.revoked_may_return;
        let history = exports::read(&self.answer.revocations, &ends, others)?;
        restoring::try_out(&image, &Caller::Operator, &history, password)?;
        Ok(Some((history, ends)))
    }

    fn told(&self, opened: &Opened) -> String {
        let mut said = format!("The store goes on from revision {}.\n", opened.revision);
        for of in &opened.told {
            let restoring::ToldOf { organization, events, revoked, suspended } = of;
            said.push_str(&format!(
                "Organization {organization}: of {events} events, {revoked} took something away that is taken away again; \
                 {suspended} must choose another password.\n"
            ));
        }
        match (self.answer.suspend, opened.links.is_empty()) {
            (true, _) if opened.told.is_empty() => said.push_str(SUSPENDED),
            (true, _) => said.push_str(OTHERS_SUSPENDED),
            (false, false) => said.push_str(WITHOUT_OWNERS),
            (false, true) => {}
        }
        for (organizations, link) in &opened.links {
            let link = match link {
                OwnersLink::Reset(token) => reset_password::link(token, Some(&self.public_url)),
                OwnersLink::SetUp(token) => set_up_link::link(token, &self.public_url.to_string()),
            };
            let organizations: Vec<String> = organizations.iter().map(ToString::to_string).collect();
            said.push_str(&format!("\n  organization {}  {link}\n", organizations.join(", ")));
        }
        said
    }
}

const SUSPENDED: &str = "Every service account is disabled until somebody enables it. Everybody is signed out, and chooses \
                         another password by a link; invitations and links from before open nothing.\n\n\
                         For an owner of each organization, to be opened within an hour:\n";

const OTHERS_SUSPENDED: &str = "All other organizations are suspended: their service accounts are disabled until somebody enables \
                                them, and their people choose another password by a link.\n\n\
                                For an owner of each, and of those above where no owner can come in, to be opened within an hour:\n";

const WITHOUT_OWNERS: &str = "No owner of these can come in. For one of each, to be opened within an hour:\n";

/// That nobody knows.
async fn nobodys_password() -> Result<PasswordHash, HostFailed> {
    let random = [random::mark().map_err(no_randomness)?, random::mark().map_err(no_randomness)?];
    let text: String = random.iter().map(|half| format!("{:032x}", u128::from_be_bytes(half.0))).collect();
    let failed = |error: &dyn std::fmt::Display| StoreError::unreadable(error.to_string());
    let password = Password::parse(&text).map_err(|error| failed(&error))?;
    Ok(Passwords::default().hash(password).await.map_err(|error| failed(&error))?)
}

fn no_randomness(error: random::NoRandomness) -> StoreError {
    StoreError::unreadable(error.to_string())
}
