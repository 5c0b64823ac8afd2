//! What commands print: tables for people, the API's `results` for programs.
//!
//! Names and sentences come from strangers. Characters that a terminal would obey, or that a reader would not see, are
//! written out: `\u{1b}` in tables and sentences, `\u001b` in JSON, where a program still reads the same text.
//!
//! No secret is printed here: a table wraps and pads what it holds, so the one secret that is ever shown is written by
//! the command that creates it.

use std::io::{self, Write};

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{ContentArrangement, Table};
use serde::Serialize;

/// Why results cannot be printed.
#[derive(Debug, thiserror::Error)]
pub enum CannotPrint {
    /// Standard output is closed or full.
    #[error("the answer cannot be written to standard output: {0}")]
    Output(#[from] io::Error),
    /// No wire type is of that kind.
    #[error("the answer cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// Narrower than this, a table is left to the terminal to break.
const WIDTH_MIN: u16 = 40;

/// How results are printed.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct OutputArgs {
    /// How to print results: for people or for programs.
    #[arg(long, short, global = true, value_enum, value_name = "FORM", default_value_t = Form::Table)]
    output: Form,
}

/// For whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Form {
    /// A table.
    Table,
    /// What the API answered as `results`.
    Json,
}

impl OutputArgs {
    /// For whom.
    pub fn form(self) -> Form {
        self.output
    }

    /// Prints results, or what `table` makes of them.
    pub fn show<T: Serialize>(self, results: &T, table: impl FnOnce(&T) -> String) -> Result<(), CannotPrint> {
        let text = match self.output {
            Form::Table => table(results),
            Form::Json => json(results)?,
        };
        print(&text)
    }

    /// Tells people that a write was done; programs have the exit code.
    pub fn done(self, sentence: &str) -> Result<(), CannotPrint> {
        match self.output {
            Form::Table => print(&shown(sentence)),
            Form::Json => Ok(()),
        }
    }
}

/// Writes a text and a line break to standard output.
pub fn print(text: &str) -> Result<(), CannotPrint> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{text}")?;
    Ok(stdout.flush()?)
}

/// A table; every cell is [`shown`].
pub fn table<const COLUMNS: usize>(head: [&str; COLUMNS], rows: impl IntoIterator<Item = [String; COLUMNS]>) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_header(head);
    // Terminals that do not know their size say 0; squeezed into a few columns nothing can be read.
    if table.width().is_none_or(|width| width >= WIDTH_MIN) {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    for row in rows {
        table.add_row(row.map(|cell| shown(&cell)));
    }
    table.to_string()
}

/// What stands in a cell that has no value.
pub fn or_dash<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

/// What stands for a time that there is none of.
pub fn or_never(time: Option<&str>) -> String {
    time.unwrap_or("never").to_owned()
}

/// The text with whatever a terminal would obey or hide written out.
pub fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if is_hidden(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// JSON that a terminal shows as it is, and that a program reads as it was.
fn json<T: Serialize>(results: &T) -> Result<String, serde_json::Error> {
    let plain = serde_json::to_string_pretty(results)?;
    let mut json = String::with_capacity(plain.len());
    for character in plain.chars() {
        // The writer has escaped line breaks inside of strings, so those that are left lay the text out.
        if character == '\n' || !is_hidden(character) {
            json.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                json.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    Ok(json)
}

/// Control characters, and those that reorder text or draw nothing.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

#[cfg(test)]
mod tests {
    use super::*;

    const NASTY: &str = "a\u{1b}[31mb\r\nc\u{9b}0md\u{202e}e\u{200b}f\u{7f}g\u{e0041}";

    #[test]
    fn escape_sequences_are_shown_not_obeyed() {
        assert_eq!(shown(NASTY), r"a\u{1b}[31mb\r\nc\u{9b}0md\u{202e}e\u{200b}f\u{7f}g\u{e0041}");
        assert_eq!(shown("Ελλάδα 会社 O'Brien \\n"), "Ελλάδα 会社 O'Brien \\n");
        let table = table(["NAME"], [[NASTY.to_owned()]]);
        assert!(!table.chars().any(|character| character != '\n' && is_hidden(character)), "{table}");
    }

    #[test]
    fn json_shows_them_too_and_still_says_the_same() {
        let json = json(&[NASTY]).expect("JSON");
        assert!(!json.chars().any(|character| character != '\n' && is_hidden(character)), "{json}");
        assert_eq!(serde_json::from_str::<Vec<String>>(&json).expect("JSON"), [NASTY]);
    }
}
