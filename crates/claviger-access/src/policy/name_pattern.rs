//! What names of service accounts look like, as an organization demands it.

use regex_lite::{Regex, RegexBuilder};

/// A regular expression that the whole name must match, such as `(ci|etl)-[a-z0-9-]+`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamePattern(String);

/// Why a text is no pattern. It is not given back: it may be a secret in the wrong place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoPattern {
    /// It is empty or very long.
    #[error("a name pattern has 1 to {max} characters", max = NamePattern::LENGTH_MAX)]
    Length,
    /// It cannot be read, or grows too large.
    #[error("a name pattern is a regular expression, such as (ci|etl)-[a-z0-9-]+, and not a very large one")]
    Unreadable,
}

impl NamePattern {
    /// So many characters at most.
    pub const LENGTH_MAX: usize = 200;

    /// Matching takes time in proportion to this.
    const SIZE_MAX: usize = 64 * 1024;

    /// Reads a pattern.
    pub fn parse(text: &str) -> Result<Self, NoPattern> {
        if text.is_empty() || text.chars().count() > Self::LENGTH_MAX {
            return Err(NoPattern::Length);
        }
        // On its own first: a stray bracket must not close the group that the whole is put into.
        let readable = !text.chars().any(char::is_control) && compile(text).is_some() && whole(text).is_some();
        if readable { Ok(Self(text.to_owned())) } else { Err(NoPattern::Unreadable) }
    }

    /// Whether the whole name matches.
    pub fn matches(&self, name: &str) -> bool {
        whole(&self.0).is_some_and(|pattern| pattern.is_match(name))
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn whole(text: &str) -> Option<Regex> {
    compile(&format!("^(?:{text})$"))
}

fn compile(text: &str) -> Option<Regex> {
    RegexBuilder::new(text).size_limit(NamePattern::SIZE_MAX).build().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_name_must_match() {
        let pattern = NamePattern::parse("ci|etl-[a-z]+").expect("a pattern");
        assert!(pattern.matches("ci") && pattern.matches("etl-nightly"));
        for name in ["ci-x", "xci", "etl-", "etl-1", "ETL-a", ""] {
            assert!(!pattern.matches(name), "{name}");
        }
    }

    #[test]
    fn what_is_no_pattern_or_too_large_is_refused() {
        for text in ["(", ")", "a)(b", "[", "*", "a{1,1000}{1,1000}", "x\ny", "(?x) a )#"] {
            assert_eq!(NamePattern::parse(text), Err(NoPattern::Unreadable), "{text}");
        }
        assert_eq!(NamePattern::parse(""), Err(NoPattern::Length));
        assert_eq!(NamePattern::parse(&"a".repeat(201)), Err(NoPattern::Length));
    }

    #[test]
    fn a_pattern_made_to_be_slow_is_not() {
        let pattern = NamePattern::parse("(a*)*(a*)*(a*)*b").expect("a pattern");
        assert!(!pattern.matches(&"a".repeat(128)));
    }
}
