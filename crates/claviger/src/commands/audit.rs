//! `claviger audit`: the audit log. `list` and `export` ask a running server; `verify`, `mark` and `restart` open the house.

mod export;
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
    /// Take the log of a running server away as a file
    Export(export::ExportArgs),
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
            Self::Export(args) => args.run().await,
            Self::Verify(args) => args.run().await,
            Self::Mark(args) => args.run().await,
            Self::Restart(args) => args.run().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use crate::commands::CommandLine;

    fn parses(line: &str) -> bool {
        CommandLine::try_parse_from(["claviger", "audit"].into_iter().chain(line.split(' '))).is_ok()
    }

    #[test]
    fn a_filter_is_looked_at_before_it_is_sent() {
        assert!(parses(
            "list --from 2030-01-01T00:00:00Z --until 2030-01-01T00:00:00+02:00 --actor 7 --target team:12"
        ));
        assert!(parses("export --to x.csv --format csv --project 101 --action service_account.*"));
        for line in
            ["list --from yesterday", "list --actor ada", "list --limit 0", "export", "export --to x --format xlsx"]
        {
            assert!(!parses(line), "{line}");
        }
    }
}
