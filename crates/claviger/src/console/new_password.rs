//! What a page says of a password that is to be the new one.

use claviger_access::password::{Password, PasswordError};

/// The password that was typed twice, or what is wrong with it.
pub(super) fn chosen(typed: &str, again: &str) -> Result<Password, &'static str> {
    let password = Password::parse(typed).map_err(|error| match error {
        PasswordError::TooShort => "Choose a password of 12 characters or more, such as a few words.",
        PasswordError::TooLong => "Choose a password of 1,024 characters or fewer.",
    })?;
    if typed == again { Ok(password) } else { Err("The two passwords differ. Type the same one twice.") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_long_enough_and_typed_alike() {
        assert!(chosen("correct horse battery", "correct horse battery").is_ok());
        for (typed, again) in [("short", "short"), ("correct horse battery", "correct horse batterx"), ("", "")] {
            assert!(chosen(typed, again).is_err(), "{typed}");
        }
        assert!(chosen(&"x".repeat(1_025), &"x".repeat(1_025)).is_err());
    }
}
