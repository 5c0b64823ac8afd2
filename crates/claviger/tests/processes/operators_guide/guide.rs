//! `docs/operating.md` as a reader with a terminal takes it: chapter after chapter, command after command.
//!
//! A test says what it expects next. Where another command stands there, or one is left over, it fails: no command comes into
//! the guide, or changes, without a test that runs it.

use std::collections::VecDeque;

use crate::machine::Machine;
use crate::packaging::repository;
use crate::process::{Process, wait_until};

/// A server that was started in the foreground says so once it decides requests.
const READY: &str = "claviger::commands::serve: ready address=";

/// The guide, and where it is followed.
pub(super) struct Guide {
    chapters: VecDeque<Chapter>,
    /// The one that is being followed.
    chapter: Chapter,
    /// What the chapter has exported for the commands that follow.
    exported: String,
    pub(super) machine: Machine,
}

/// What stands under one heading.
#[derive(Default)]
struct Chapter {
    heading: String,
    is_part_of_the_one_before: bool,
    commands: VecDeque<String>,
}

impl Guide {
    pub(super) fn open(machine: Machine) -> Self {
        let text = std::fs::read_to_string(repository().join("docs/operating.md")).expect("the guide");
        Self { chapters: chapters(&text), chapter: Chapter::default(), exported: String::new(), machine }
    }

    /// Goes on to this chapter; the one before is done, and none in between has a command.
    pub(super) fn chapter(&mut self, heading: &str) {
        self.is_done();
        loop {
            self.chapter =
                self.chapters.pop_front().unwrap_or_else(|| panic!("the guide has no chapter {heading:?} here"));
            if !self.chapter.is_part_of_the_one_before {
                self.exported.clear();
            }
            if self.chapter.heading == heading {
                return;
            }
            self.is_done();
        }
    }

    /// The guide ends here, as far as it has commands.
    pub(super) fn ends(mut self) {
        self.is_done();
        while let Some(chapter) = self.chapters.pop_front() {
            self.chapter = chapter;
            self.is_done();
        }
    }

    fn is_done(&self) {
        let Chapter { heading, commands, .. } = &self.chapter;
        assert!(commands.is_empty(), "no test runs what the guide says under {heading:?}: {commands:#?}");
    }

    /// The next command, which is this one, without the white space and the comment at its end.
    fn next(&mut self, expected: &str) -> String {
        let heading = &self.chapter.heading;
        let command = self.chapter.commands.pop_front();
        let command = command.unwrap_or_else(|| panic!("the guide has no more commands under {heading:?}: {expected}"));
        assert_eq!(command, expected, "under {heading:?} the guide has another command here than the test knows");
        format!("{}{command}", self.exported)
    }

    /// The next command is done, and ends well: what it printed.
    pub(super) fn does(&mut self, command: &str) -> String {
        let command = self.next(command);
        self.machine.ok(&command)
    }

    /// The next command is for the rest of the chapter.
    pub(super) fn exports(&mut self, command: &str) {
        self.exported = format!("{}\n", self.next(command));
    }

    /// The next commands serve side by side, until what is to be looked at has been.
    pub(super) fn serves(&mut self, commands: &[&str], look: impl FnOnce(&Machine)) {
        let mut servers = Vec::new();
        for command in commands {
            let command = self.next(command);
            let mut server = self.machine.start(&command);
            wait_until("the server to be ready", || server.has_ended() || server.err().contains(READY));
            assert!(server.err().contains(READY), "{command}\n{}", server.err());
            servers.push(server);
        }
        look(&self.machine);
        // In that machine is no other.
        self.machine.ok("pkill -TERM -x claviger");
        for ended in servers.into_iter().map(Process::ended) {
            assert_eq!(ended.code(), 0, "{}", ended.err);
        }
    }

    /// The next command is for `psql`, as the database's superuser.
    pub(super) fn tells_the_database(&mut self, statement: &str) {
        let statement = self.next(statement);
        let statement = statement.strip_prefix(&self.exported).unwrap_or(&statement);
        self.machine.write("/tmp/statement.sql", "644", statement);
        self.machine.ok("runuser -u postgres -- psql -q -v ON_ERROR_STOP=1 -d postgres -f /tmp/statement.sql");
    }
}

fn chapters(text: &str) -> VecDeque<Chapter> {
    let mut chapters = VecDeque::new();
    let mut chapter = Chapter::default();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(heading) = line.strip_prefix("## ").or(line.strip_prefix("### ")) {
            let is_part_of_the_one_before = line.starts_with("### ");
            let next = Chapter { heading: heading.to_owned(), is_part_of_the_one_before, commands: VecDeque::new() };
            chapters.push_back(std::mem::replace(&mut chapter, next));
        } else if ["```sh", "```sql"].contains(&line) {
            let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            chapter.commands.extend(commands(&block));
        } else if line.starts_with("```") {
            // Another kind of block: its end is no beginning.
            assert!(lines.any(|line| line == "```"), "a block without an end: {line}");
        }
    }
    chapters.push_back(chapter);
    chapters
}

/// The commands of a block: a line each, with what belongs to it after a backslash, or as its input.
fn commands(block: &[&str]) -> Vec<String> {
    let mut commands = Vec::new();
    let mut lines = block.iter();
    while let Some(line) = lines.next() {
        let mut command = (*line).to_owned();
        while command.ends_with('\\') {
            command = format!("{}\n{}", command, lines.next().expect("a line goes on"));
        }
        if let Some((_, end)) = command.split_once("<<'") {
            let end = end.trim_end_matches('\'').to_owned();
            for line in lines.by_ref() {
                command = format!("{command}\n{line}");
                if *line == end {
                    break;
                }
            }
        }
        let command = command.split("      # ").next().unwrap_or_default().split("    # ").next().unwrap_or_default();
        if !command.trim().is_empty() && !command.starts_with("# ") {
            commands.push(command.trim_end().to_owned());
        }
    }
    commands
}
