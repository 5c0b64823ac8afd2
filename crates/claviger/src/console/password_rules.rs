//! What a new password must be like, as pages say it.

use claviger_access::password::PasswordError;

/// Said before anything is typed.
pub(super) const HELP: &str = "At least 12 characters, such as a few words. Nothing else is asked of it.";

/// What is wrong with one.
pub(super) const fn told(error: PasswordError) -> &'static str {
    match error {
        PasswordError::TooShort => "Use at least 12 characters, such as a few words.",
        PasswordError::TooLong => "Use at most 1,024 characters.",
    }
}

#[cfg(test)]
mod tests {
    use claviger_access::password::Password;

    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_rules() {
        assert_eq!((Password::LENGTH_MIN, Password::LENGTH_MAX), (12, 1_024));
        assert!(HELP.contains(" 12 ") && told(PasswordError::TooShort).contains(" 12 "));
        assert!(told(PasswordError::TooLong).contains(" 1,024 "));
    }
}
