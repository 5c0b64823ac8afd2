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

/// Whether a text is what is searched for, in any case: all are where nothing is.
pub(super) fn finds(search: &str, text: &str) -> bool {
    if search.is_empty() {
        return true;
    }
    let (search, text) = (lower(search), lower(text));
    if search.chars().count() < ANY_PART_FROM { text.starts_with(&*search) } else { text.contains(&*search) }
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
