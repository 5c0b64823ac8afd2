//! Options that several commands share, each also an environment variable.

use std::path::PathBuf;

use clap::Args;
use claviger_lease::{Drift, LeaseLength};
use etcetera::BaseStrategy;

use crate::cluster::membership::AmongOthers;
use crate::store::nodes::{NodeName, NodeProperties};
use crate::store::{Location, StoreError, location};

/// Where the store is.
#[derive(Args, Debug, Clone)]
pub struct StoreOptions {
    /// Folder of the embedded store [default: claviger in the platform's data folder]
    #[arg(long, value_name = "DIR", env = "CLAVIGER_DATA", conflicts_with = "database")]
    data: Option<PathBuf>,

    /// PostgreSQL in its place: postgres://user@host/database. A password belongs in the environment variable or in a
    /// password file (PGPASSFILE), not on the command line. Several, parted by commas, are tried in turn: a primary and its
    /// standbys
    #[arg(long, value_name = "URL", env = "CLAVIGER_DATABASE", hide_env_values = true)]
    database: Option<String>,
}

/// Where the audit log's key is.
#[derive(Args, Debug, Clone)]
pub struct AuditKeyOptions {
    /// The private file with the audit log's keys, made for a new store; keep a copy elsewhere [default: audit.key in the
    /// data folder]
    #[arg(long, value_name = "FILE", env = "CLAVIGER_AUDIT_KEY_FILE")]
    audit_key_file: Option<PathBuf>,
}

impl AuditKeyOptions {
    /// The file that is meant.
    pub fn path(&self, store: &StoreOptions) -> Result<PathBuf, ConfigError> {
        if let Some(path) = &self.audit_key_file {
            return Ok(path.clone());
        }
        store.folder().map(|folder| folder.join("audit.key")).map_err(|error| match error {
            ConfigError::NoFolder(why) => ConfigError::NoKeyFile(why),
            other => other,
        })
    }
}

/// Where this machine keeps what it must not forget when the store is restored.
#[derive(Args, Debug, Clone)]
pub struct StateOptions {
    /// Folder where this machine keeps how far the store had come, so that one that went back in time is noticed; outside of
    /// the data folder and of backups [default: claviger in the platform's state folder]
    #[arg(long, value_name = "DIR", env = "CLAVIGER_STATE")]
    state: Option<PathBuf>,
}

impl StateOptions {
    /// The folder; none where none is named, and the platform has none for this user.
    pub fn folder(&self) -> Option<PathBuf> {
        self.state.clone().or_else(|| Some(etcetera::choose_base_strategy().ok()?.state_dir()?.join("claviger")))
    }
}

/// What this node is among others on a store that is shared.
#[derive(Args, Debug, Clone)]
pub struct NodeOptions {
    /// What this node is called, where several share a PostgreSQL [default: the machine's name]
    #[arg(long, value_name = "NAME", env = "CLAVIGER_NODE_NAME", value_parser = NodeName::parse)]
    node_name: Option<NodeName>,

    /// With PostgreSQL: for how long this node answers without hearing from the database. A node that is gone holds up
    /// writes for a quarter longer than that, once
    #[arg(long, value_name = "TIME", env = "CLAVIGER_LEASE", default_value = "3s", value_parser = lease)]
    lease: LeaseLength,

    /// With PostgreSQL: by how many percent the clocks of two nodes may differ in speed
    #[arg(long, value_name = "PERCENT", env = "CLAVIGER_CLOCK_DRIFT", default_value = "25", value_parser = drift)]
    clock_drift: Drift,
}

impl NodeOptions {
    /// As asked for.
    pub fn among_others(&self) -> AmongOthers {
        let name = self.node_name.clone().unwrap_or_else(NodeName::of_this_machine);
        AmongOthers { properties: NodeProperties { name, lease: self.lease }, drift: self.clock_drift }
    }
}

fn lease(typed: &str) -> Result<LeaseLength, String> {
    let length = typed.parse::<jiff::SignedDuration>().map_err(|_| "a time, such as 3s or 500ms".to_owned())?;
    let length = std::time::Duration::try_from(length).map_err(|error| error.to_string())?;
    LeaseLength::new(length).map_err(|error| error.to_string())
}

fn drift(typed: &str) -> Result<Drift, String> {
    let percent = typed.parse::<u8>().map_err(|error| error.to_string())?;
    Drift::new(percent).map_err(|error| error.to_string())
}

/// Why the options do not name a store.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// No data folder is known for this platform or user.
    #[error("no data folder is known for you ({0}); name one with --data or CLAVIGER_DATA")]
    NoFolder(String),
    /// No data folder is known for this platform or user, and the audit log's key would be in it.
    #[error(
        "no data folder is known for you ({0}); name the audit log's key file with --audit-key-file or CLAVIGER_AUDIT_KEY_FILE"
    )]
    NoKeyFile(String),
    /// The address is none.
    #[error(transparent)]
    Address(#[from] StoreError),
    /// It would stand in the list of processes and in the shell's history.
    #[error(
        "--database holds a password, which every user of this machine can see in the list of processes; put the URL into CLAVIGER_DATABASE, or the password into a password file (PGPASSFILE)"
    )]
    PasswordOnCommandLine,
}

impl StoreOptions {
    /// The store that is meant.
    pub fn location(&self) -> Result<Location, ConfigError> {
        if let Some(url) = &self.database {
            if is_password_shown(url, "CLAVIGER_DATABASE") {
                return Err(ConfigError::PasswordOnCommandLine);
            }
            return Ok(Location::from_url(url)?);
        }
        self.folder().map(Location::Folder)
    }

    /// The data folder; the platform's where none is named.
    pub fn folder(&self) -> Result<PathBuf, ConfigError> {
        match &self.data {
            Some(folder) => Ok(folder.clone()),
            None => {
                let strategy =
                    etcetera::choose_base_strategy().map_err(|error| ConfigError::NoFolder(error.to_string()))?;
                Ok(strategy.data_dir().join("claviger"))
            }
        }
    }
}

/// Whether a URL holds a password and stands on the command line, not in this variable.
pub(crate) fn is_password_shown(url: &str, variable: &str) -> bool {
    has_password(url) && !std::env::var(variable).is_ok_and(|value| value == url)
}

fn has_password(urls: &str) -> bool {
    location::parted(urls).into_iter().any(|url| {
        let rest = url.split_once("://").map_or("", |(_, rest)| rest);
        let (address, query) = rest.split_once('?').unwrap_or((rest, ""));
        let in_credentials = address.rsplit_once('@').is_some_and(|(credentials, _)| credentials.contains(':'));
        // A question mark in a password that was not encoded.
        let in_both = address.contains(':') && query.contains('@');
        in_credentials || in_both || query.split('&').any(|pair| pair.starts_with("password="))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_a_url_is_noticed() {
        for url in [
            "postgres://u:p@h/d",
            "postgres://u:p@h",
            "postgres://h/d?sslmode=require&password=p",
            "postgres://h/d,postgres://u:p@h/d",
            "postgres://u:p?a@h/d",
        ] {
            assert!(has_password(url), "{url}");
        }
        for url in [
            "postgres://u@h:5432/d",
            "postgres://h:5432/d",
            "postgres://u@h/d?sslmode=require",
            "postgres://u@h:1/d,postgres://u@h:2/d",
        ] {
            assert!(!has_password(url), "{url}");
        }
    }
}
