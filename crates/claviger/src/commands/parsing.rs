//! For tests: the arguments of one command, read as the program reads them.

use clap::{Args, Command, CommandFactory};

use super::CommandLine;

/// A command by its arguments alone.
pub(super) fn command<A: Args>() -> Command {
    A::augment_args(Command::new("claviger").no_binary_name(true))
}

/// Reads a line of words parted by blanks.
pub(super) fn parse<A: Args>(line: &str) -> Result<A, String> {
    let parsed = command::<A>().try_get_matches_from(line.split(' '));
    parsed.and_then(|matches| A::from_arg_matches(&matches)).map_err(|error| error.to_string())
}

#[test]
fn the_command_line_is_consistent() {
    CommandLine::command().debug_assert();
}
