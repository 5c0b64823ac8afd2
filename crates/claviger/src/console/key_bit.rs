//! The small key before an account's name, cut from the six hex digits of its username: one cut a digit, so that two
//! accounts of one name look different. Decorative.

use std::fmt::Write;

/// Where the shank's lower edge is without a cut, in tenths.
const UNCUT: u32 = 145;

/// The path of the blade, from its tip to the bow. `None` where the username has no such digits.
pub(super) fn blade(username: &str) -> Option<String> {
    let hex = username.rsplit('.').nth(1).filter(|hex| hex.len() == 6)?;
    let digits: Vec<u32> = hex.chars().map(|digit| digit.to_digit(16)).collect::<Option<_>>()?;
    let mut path = String::from("M14 4.5H41.5l2.3 2.5L41.5 9.5");
    for (place, digit) in digits.iter().rev().enumerate() {
        // 0.46 a digit, rounded to a tenth.
        let depth = UNCUT - (digit * 46 + 5) / 10;
        let (whole, tenth) = (depth / 10, depth % 10);
        let _ = match tenth {
            0 => write!(path, "V{whole}H{}.5", 37 - 4 * place),
            _ => write!(path, "V{whole}.{tenth}H{}.5", 37 - 4 * place),
        };
    }
    path.push_str("V10.5H14z");
    Some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_digit_is_a_cut() {
        let expected = "M14 4.5H41.5l2.3 2.5L41.5 9.5V14.5H37.5V10.4H33.5V9.4H29.5V14H25.5V12.7H21.5V8.1H17.5V10.5H14z";
        assert_eq!(blade("deploy-bot.e41b90.service-account").as_deref(), Some(expected));
        assert_ne!(blade("a.b2f9ed.s"), blade("a.18de4f.s"));
        for none in ["", "ada", "ada.zzzzzz.s", "ada.12345.s", "ada.b2f9ed"] {
            assert_eq!(blade(none), None, "{none}");
        }
    }
}
