//! `claviger man-pages`: one page a command, as `man` reads it.

use std::fs;
use std::path::PathBuf;

use clap::CommandFactory;

use super::CommandLine;
use super::host::HostFailed;

/// Write the manual's pages into a folder.
#[derive(Debug, clap::Args)]
pub struct ManPagesArgs {
    /// Where they go, such as /usr/local/share/man/man1; made if it is not there
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

impl ManPagesArgs {
    /// Writes the pages, in place of those that are there.
    pub fn run(self) -> Result<(), HostFailed> {
        let failed = |reason| HostFailed::System { what: self.folder.display().to_string(), reason };
        fs::create_dir_all(&self.folder).map_err(failed)?;
        clap_mangen::generate_to(CommandLine::command(), &self.folder).map_err(failed)
    }
}
