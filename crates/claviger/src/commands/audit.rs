//! `claviger audit`: the audit log.

mod filter;
mod list;

use super::exit::Failed;

/// Read the audit log.
#[derive(Debug, clap::Subcommand)]
pub enum Audit {
    /// List events of a running server, newest first
    List(list::ListArgs),
}

impl Audit {
    /// Does what was asked for.
    pub async fn run(self) -> Result<(), Failed> {
        match self {
            Self::List(args) => args.run().await,
        }
    }
}
