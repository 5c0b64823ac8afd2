//! `claviger completions`: a script by which a shell completes commands and options.

use std::io::{self, Write};

use clap::CommandFactory;
use clap_complete::Shell;

use super::CommandLine;
use super::output::CannotPrint;

/// Print what a shell reads to complete commands and options.
#[derive(Debug, clap::Args)]
pub struct CompletionsArgs {
    /// For which shell
    #[arg(value_enum)]
    shell: Shell,
}

impl CompletionsArgs {
    /// Prints the script.
    pub fn run(self) -> Result<(), CannotPrint> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut CommandLine::command(), "claviger", &mut script);
        Ok(io::stdout().write_all(&script)?)
    }
}
