//! Asking before something is deleted.
//!
//! What must stay true: nothing is deleted without `--yes` or a yes.

use std::io;

use super::exit::Exit;
use super::terminal;

/// Whether to ask.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(super) struct ConfirmationArgs {
    /// Do not ask for confirmation; needed where there is no terminal
    #[arg(long, short)]
    yes: bool,
}

/// Why nothing is deleted.
#[derive(Debug, thiserror::Error)]
pub enum NotConfirmed {
    /// Nobody can be asked.
    #[error("there is no terminal to ask for confirmation on; add --yes to delete without it")]
    NobodyToAsk,
    /// The answer to the question was not yes.
    #[error("nothing was deleted")]
    Declined,
    /// The question could not be asked.
    #[error("the terminal does not answer: {0}; add --yes to delete without confirmation")]
    Terminal(#[from] io::Error),
}

impl NotConfirmed {
    /// The exit code for it.
    pub fn exit(&self) -> Exit {
        match self {
            Self::NobodyToAsk => Exit::Usage,
            Self::Declined | Self::Terminal(_) => Exit::Unexpected,
        }
    }
}

impl ConfirmationArgs {
    /// Whether somebody is to be asked. Fails where somebody is, and nobody is there.
    pub(super) fn is_asked(self) -> Result<bool, NotConfirmed> {
        if !self.yes && !terminal::is_attended() {
            return Err(NotConfirmed::NobodyToAsk);
        }
        Ok(!self.yes)
    }
}

/// Asks the person. What strangers chose must be shown in it as a terminal may show it.
pub(super) fn confirm(question: &str) -> Result<(), NotConfirmed> {
    if terminal::ask_yes(question)? { Ok(()) } else { Err(NotConfirmed::Declined) }
}
