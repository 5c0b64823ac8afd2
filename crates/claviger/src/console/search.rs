//! What is searched for in lists: one rule for all of them.

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
    let (search, text) = (search.to_lowercase(), text.to_lowercase());
    if search.chars().count() < ANY_PART_FROM { text.starts_with(&search) } else { text.contains(&search) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_letters_begin_a_name_and_three_are_anywhere_in_it() {
        for (search, found) in [("", true), ("ad", true), ("LOVE", true), ("lo", false), ("nobody", false)] {
            assert_eq!(finds(search, "Ada Lovelace"), found, "{search}");
        }
        assert_eq!(sought(" a\0b\n "), "ab");
        assert_eq!(sought(&"é".repeat(300)).chars().count(), LENGTH_MAX);
    }
}
