//! The forms of an export: CSV for spreadsheets, NDJSON for programs.
//!
//! A spreadsheet runs what begins with `=`, `+`, `-` or `@`, and a name may be whatever somebody typed. So a cell that
//! begins so, or with a tab or a carriage return, gets an apostrophe in front. NDJSON is exact.

use claviger_wire::audit::{AuditEvent, Fact};

/// In which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileForm {
    /// RFC 4180, for spreadsheets.
    Csv,
    /// An event a line, as lists show it.
    Ndjson,
}

const COLUMNS: &str = "id,time,actor_kind,actor_id,actor_name,action,target_kind,target_id,target_name,organization,\
                       project,request_id,address,before,after\r\n";

impl FileForm {
    /// The form of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Csv, Self::Ndjson].into_iter().find(|form| form.name() == name)
    }

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
        }
    }

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Ndjson => "application/x-ndjson",
        }
    }

    pub(super) fn disposition(self) -> &'static str {
        match self {
            Self::Csv => "attachment; filename=\"claviger-audit-log.csv\"",
            Self::Ndjson => "attachment; filename=\"claviger-audit-log.ndjson\"",
        }
    }

    /// What comes before the first event.
    pub(super) fn head(self) -> Vec<u8> {
        match self {
            Self::Csv => COLUMNS.as_bytes().to_vec(),
            Self::Ndjson => Vec::new(),
        }
    }

    /// Adds an event.
    pub(super) fn write(self, event: &AuditEvent, to: &mut Vec<u8>) -> Result<(), serde_json::Error> {
        match self {
            Self::Csv => write_row(event, to),
            Self::Ndjson => {
                serde_json::to_writer(&mut *to, event)?;
                to.push(b'\n');
            }
        }
        Ok(())
    }
}

fn write_row(event: &AuditEvent, to: &mut Vec<u8>) {
    let number = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
    let cells = [
        event.id.to_string(),
        event.time.clone(),
        event.actor.kind.clone(),
        number(event.actor.id),
        event.actor.name.clone().unwrap_or_default(),
        event.action.clone(),
        event.target.kind.clone(),
        event.target.id.to_string(),
        event.target.name.clone().unwrap_or_default(),
        event.organization.to_string(),
        number(event.project),
        event.request_id.clone(),
        event.address.clone().unwrap_or_default(),
        facts(&event.before),
        facts(&event.after),
    ];
    for (at, cell) in cells.iter().enumerate() {
        if at > 0 {
            to.push(b',');
        }
        to.extend_from_slice(written(cell).as_bytes());
    }
    to.extend_from_slice(b"\r\n");
}

/// For people: what is exact is the other form.
fn facts(facts: &[Fact]) -> String {
    facts.iter().map(|fact| format!("{}={}", fact.name, fact.value)).collect::<Vec<_>>().join("; ")
}

fn written(cell: &str) -> String {
    let defused = defused(cell);
    if defused.contains(['"', ',', ';', '\r', '\n', '\'']) {
        format!("\"{}\"", defused.replace('"', "\"\""))
    } else {
        defused
    }
}

/// What a spreadsheet takes for the beginning of a formula, in any width.
const BEGINNINGS: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];

/// An apostrophe before each beginning of a formula: where the cell begins, and, since some read semicolons as commas,
/// behind each semicolon.
fn defused(cell: &str) -> String {
    let mut parts = cell.split(';').map(|part| match part.starts_with(BEGINNINGS) {
        true => format!("'{part}"),
        false => part.to_owned(),
    });
    let first = parts.next().unwrap_or_default();
    parts.fold(first, |cell, part| format!("{cell};{part}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_would_run_is_defused_and_what_would_part_cells_is_quoted() {
        for (cell, expected) in [
            ("nightly", "nightly"),
            ("", ""),
            ("a-b=c+d@e", "a-b=c+d@e"),
            ("=1+1", "\"'=1+1\""),
            ("+49", "\"'+49\""),
            ("-1", "\"'-1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("\tx", "\"'\tx\""),
            ("\rx", "\"'\rx\""),
            ("=HYPERLINK(\"http://x\",\"y\")", "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\""),
            ("x;=cmd|'/C calc'!A0;y", "\"x;'=cmd|'/C calc'!A0;y\""),
            ("\u{ff1d}1+1", "\"'\u{ff1d}1+1\""),
            ("a,b", "\"a,b\""),
            ("a\"b", "\"a\"\"b\""),
            ("a\r\nb", "\"a\r\nb\""),
            ("Ελλάδα 会社", "Ελλάδα 会社"),
        ] {
            assert_eq!(written(cell), expected, "{cell}");
        }
    }
}
