//! What commands on the host share: why they fail, and acting as the operator.

use std::path::PathBuf;

use claviger_access::Caller;
use claviger_access::administration::organization::{self, Found, Founded};
use claviger_access::email::EmailAddress;
use claviger_access::identity::{AccountName, OrganizationId, PrincipalId};
use claviger_access::text::{DisplayName, TextError};

use super::exit::Exit;
use super::output;
use super::serve::outside::NoMail;
use crate::audit_chain::mark::NoMark;
use crate::config::{AuditKeyOptions, ConfigError, StoreOptions};
use crate::gateway::watched_table::NoTable;
use crate::listener::TlsError;
use crate::lost_history::NotTold;
use crate::node::{House, Node};
use crate::random::RequestId;
use crate::store::verification::Break;
use crate::store::writing::Origin;
use crate::store::{Location, StoreError};
use crate::telemetry::NoFilter;
use crate::writer::restoring::NotOpened;
use crate::writer::{Request, WriteError};

/// Why a command on the host was not done.
#[derive(Debug, thiserror::Error)]
pub enum HostFailed {
    /// The options do not name a store.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The write was refused.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A store that went back in time was not opened again.
    #[error(transparent)]
    NotOpened(#[from] NotOpened),
    /// TLS cannot be spoken.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Mail cannot be sent as asked.
    #[error(transparent)]
    Mail(#[from] NoMail),
    /// A file is no route table.
    #[error(transparent)]
    Routes(#[from] NoTable),
    /// A proxy lets through what a table says, and there is none.
    #[error("a proxy lets through what a route table lets through, and there is none: name it with --routes FILE")]
    NoRoutes,
    /// Nobody of that address.
    #[error("nobody in this store signs in with {0}; look for the address with claviger member list")]
    NoPerson(String),
    /// Logs cannot be written.
    #[error(transparent)]
    Log(#[from] NoFilter),
    /// A name is none.
    #[error("{option} {error}")]
    Name {
        /// Which option.
        option: &'static str,
        /// What is wrong with it.
        error: TextError,
    },
    /// Not there.
    #[error("there is no organization {0} in this store")]
    NoOrganization(u64),
    /// No store is there.
    #[error("{} is not there; name the data folder with --data, or set one up by claviger init", .0.display())]
    NoStore(PathBuf),
    /// There are several, or none.
    #[error("{}", if *any { "there are several organizations; name one with --organization ID" } else { "this store holds no organization yet; run claviger init, or claviger serve" })]
    WhichOrganization {
        /// Whether there is any.
        any: bool,
    },
    /// What was given as a mark is none.
    #[error("--mark: {0}")]
    Mark(NoMark),
    /// What was revoked is not told, or not whole. Nothing was done.
    #[error("--revocations{}: {reason}", file.as_ref().map_or(String::new(), |file| format!(" {}", file.display())))]
    Revocations {
        /// In which file, where it is one.
        file: Option<PathBuf>,
        /// What is wrong with it.
        reason: NotTold,
    },
    /// The audit log's chain has not begun.
    #[error("the audit log's chain has not begun; it does at the next start of the server")]
    NoChain,
    /// The audit log is not as it was written.
    #[error("the audit log is not as it was written: {broken}. Before that, {whole} events are whole")]
    ChainBroken {
        /// Where.
        broken: Break,
        /// So many events are whole.
        whole: i64,
    },
    /// A fault of ours.
    #[error("a part of the server failed, so it stopped; the log tells which. Start it again, and report this")]
    TaskFailed,
    /// A file or an address.
    #[error("{what}: {reason}")]
    System {
        /// Which file or address.
        what: String,
        /// What the system said.
        reason: std::io::Error,
    },
}

impl HostFailed {
    /// The exit code that tells a script.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Mark(_) | Self::NoChain | Self::Revocations { .. } => Exit::Usage,
            Self::ChainBroken { broken: Break::MarkTooOld { .. }, .. } => Exit::Usage,
            Self::ChainBroken { .. } => Exit::Broken,
            Self::Config(_)
            | Self::Mail(_)
            | Self::Log(_)
            | Self::Routes(_)
            | Self::NoRoutes
            | Self::Name { .. }
            | Self::NoStore(_)
            | Self::WhichOrganization { .. } => Exit::Usage,
            Self::Store(StoreError::AuditKey(_)) => Exit::Usage,
            Self::NoOrganization(_) | Self::NoPerson(_) => Exit::NotFound,
            Self::Store(
                StoreError::InUse { .. }
                | StoreError::Newer { .. }
                | StoreError::Move { .. }
                | StoreError::LostHistory { .. }
                | StoreError::EarlierEpoch
                | StoreError::Closed,
            )
            | Self::Write(WriteError::Refused(_)) => Exit::Conflict,
            Self::Store(StoreError::Database(_) | StoreError::NoneOfSeveral { .. } | StoreError::Doubtful)
            | Self::Write(_) => Exit::TryAgain,
            Self::NotOpened(NotOpened::Store(StoreError::Closed) | NotOpened::NotRevokedAgain(_)) => Exit::Conflict,
            Self::NotOpened(_) => Exit::TryAgain,
            Self::Store(_) | Self::Tls(_) | Self::TaskFailed | Self::System { .. } => Exit::Unexpected,
        }
    }

    pub(super) fn file(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self {
        let what = PathBuf::from(path).display().to_string();
        move |reason| Self::System { what, reason }
    }
}

/// The store, and the keys of its audit log.
pub(super) fn house(location: Location, store: &StoreOptions, key: &AuditKeyOptions) -> Result<House, HostFailed> {
    Ok(House::at(location, key.path(store)?))
}

/// The store, which must be there: a mistyped folder is not set up by a command that works on what is in it.
pub(super) fn existing(store: &StoreOptions) -> Result<Location, HostFailed> {
    let location = store.location()?;
    match location.file() {
        Some(file) if !file.exists() => Err(HostFailed::NoStore(file)),
        _ => Ok(location),
    }
}

/// The organization of that number, or the only one that there is.
pub(super) fn organization(node: &Node, named: Option<u64>) -> Result<OrganizationId, HostFailed> {
    let directory = node.cluster.directory().map_err(|_| WriteError::Unavailable)?;
    match named {
        Some(number) => OrganizationId::new(number)
            .filter(|id| directory.organization(*id).is_some())
            .ok_or(HostFailed::NoOrganization(number)),
        None => {
            let mut all = directory.organizations();
            match (all.next(), all.next()) {
                (Some(only), None) => Ok(only.id),
                (first, _) => Err(HostFailed::WhichOrganization { any: first.is_some() }),
            }
        }
    }
}

/// Who signs in with this address.
pub(super) fn person(node: &Node, email: &str) -> Result<PrincipalId, HostFailed> {
    let directory = node.cluster.directory().map_err(|_| WriteError::Unavailable)?;
    let known = EmailAddress::parse(email).ok();
    let known = known.and_then(|email| directory.person_with_email(&email).map(|person| person.id));
    known.ok_or_else(|| HostFailed::NoPerson(output::shown(email)))
}

/// A request of the operator's.
pub(super) fn operator() -> Request {
    let origin = Origin { request_id: RequestId::new().shared(), address: None };
    Request { origin, organization: None, weight: 1 }
}

pub(super) fn name(option: &'static str, typed: &str) -> Result<DisplayName, HostFailed> {
    DisplayName::parse(typed).map_err(|error| HostFailed::Name { option, error })
}

/// Founds an organization as the operator.
pub(super) async fn found(node: &Node, command: Found) -> Result<Founded, HostFailed> {
    let decide =
        move |draft: &_, moment, random| organization::found(draft, &Caller::Operator, &command, moment, random);
    Ok(node.writer.perform(operator(), decide).await?)
}

/// The name of the owner account that an organization is founded with.
pub(super) fn owner_name() -> Result<AccountName, HostFailed> {
    AccountName::parse("owner").map_err(|error| HostFailed::Name { option: "owner", error })
}
