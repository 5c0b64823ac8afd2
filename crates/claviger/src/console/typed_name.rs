//! The name that is typed before the thing of that name is deleted.

use claviger_access::text::DisplayName;

/// Whether a name was typed as it is, however its letters are composed.
pub(super) fn is_typed(typed: &str, name: &str) -> bool {
    typed.trim() == name || DisplayName::parse(typed).is_ok_and(|read| read.as_str() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_typed_as_it_is_however_its_letters_are_composed() {
        for typed in ["Caf\u{e9}", "Cafe\u{301}", " Caf\u{e9} "] {
            assert!(is_typed(typed, "Caf\u{e9}"), "{typed}");
        }
        for typed in ["", "Cafe", "caf\u{e9}", "Caf\u{e9}s"] {
            assert!(!is_typed(typed, "Caf\u{e9}"), "{typed}");
        }
    }
}
