//! What is searched for in lists, and how names are compared there: one rule for all of them.

use std::borrow::Cow;

/// Most characters to search for: longer than any username.
const LENGTH_MAX: usize = 256;

/// From so many characters on any part of a name is searched for, below that its beginning.
const ANY_PART_FROM: usize = 3;

/// A search as it was typed, on one line: without what cannot be typed, and not too long.
pub(super) fn sought(typed: &str) -> String {
    typed.trim().chars().filter(|c| !c.is_control()).take(LENGTH_MAX).collect()
}

/// What is searched for, to be looked for in many texts.
pub(super) struct Needle<'s> {
    lower: Cow<'s, str>,
    is_any_part: bool,
}

impl<'s> Needle<'s> {
    pub(super) fn new(search: &'s str) -> Self {
        let lower = lower(search);
        Self { is_any_part: lower.chars().count() >= ANY_PART_FROM, lower }
    }

    /// Whether a text is it, in any case: all are where nothing is searched for.
    pub(super) fn is_in(&self, text: &str) -> bool {
        if self.lower.is_empty() {
            return true;
        }
        let text = lower(text);
        if self.is_any_part { text.contains(&*self.lower) } else { text.starts_with(&*self.lower) }
    }
}

/// Whether a text is what is searched for, in any case: all are where nothing is.
pub(super) fn finds(search: &str, text: &str) -> bool {
    Needle::new(search).is_in(text)
}

/// A text in lower case. Most usernames are already: a list goes through a hundred thousand of them without a copy.
pub(super) fn lower(text: &str) -> Cow<'_, str> {
    let is_lower = text.bytes().fold(true, |is_lower, byte| is_lower & byte.is_ascii() & !byte.is_ascii_uppercase());
    if is_lower { Cow::Borrowed(text) } else { Cow::Owned(text.to_lowercase()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_copied_only_where_its_case_is_another() {
        for (text, lowered, is_same) in
            [("", "", true), ("bot-7.0a.x", "bot-7.0a.x", true), ("Bot", "bot", false), ("ÉCOLE é", "école é", false)]
        {
            assert_eq!((&*lower(text), matches!(lower(text), Cow::Borrowed(_))), (lowered, is_same), "{text}");
        }
    }

    #[test]
    fn two_letters_begin_a_name_and_three_are_anywhere_in_it() {
        for (search, found) in [("", true), ("ad", true), ("LOVE", true), ("lo", false), ("nobody", false)] {
            assert_eq!(finds(search, "Ada Lovelace"), found, "{search}");
        }
        assert_eq!(sought(" a\0b\n "), "ab");
        assert_eq!(sought(&"é".repeat(300)).chars().count(), LENGTH_MAX);
    }
}
