//! `claviger audit`: the audit log. `list` asks a running server; `verify`, `mark` and `restart` open the house.

mod filter;
mod list;
mod mark;
mod restart;
mod verify;

use super::exit::Failed;

/// Read and verify the audit log.
#[derive(Debug, clap::Subcommand)]
pub enum Audit {
    /// List events of a running server, newest first
    List(list::ListArgs),
    /// Follow the log's chain, on the host, and say where it was changed, while a server runs or not
    Verify(verify::VerifyArgs),
    /// Print where the log's chain stands, on the host: a line to be kept elsewhere
    Mark(mark::MarkArgs),
    /// Begin the log's chain anew, on the host, after its key was lost, while no server runs on the store
    Restart(restart::RestartArgs),
}

impl Audit {
    /// Does what was asked for.
    pub async fn run(self) -> Result<(), Failed> {
        match self {
            Self::List(args) => args.run().await,
            Self::Verify(args) => args.run().await,
            Self::Mark(args) => args.run().await,
            Self::Restart(args) => args.run().await,
        }
    }
}
