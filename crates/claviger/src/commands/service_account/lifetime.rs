//! How long an account or a secret lasts, as it is written on a command line.

/// Why a text says no time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in crate::commands) enum NoTime {
    #[error("write a moment with its zone, such as 2030-01-01T00:00:00Z")]
    Moment,
    #[error("write a whole number and a unit: 30d, 12h, 90m or 3600s")]
    Length,
    #[error("what lasts no time is of no use; write at least 1s")]
    Zero,
}

/// A moment: RFC 3339. Sent as it was written; the server answers in its own form.
pub(super) fn end(text: &str) -> Result<String, NoTime> {
    claviger_wire::time::parse(text).map_err(|_| NoTime::Moment)?;
    Ok(text.to_owned())
}

/// A moment, or `never`, which the server reads from an empty text.
pub(super) fn end_or_never(text: &str) -> Result<String, NoTime> {
    if text == "never" { Ok(String::new()) } else { end(text) }
}

/// A length that may be nothing, then with or without a unit.
pub(super) fn grace(text: &str) -> Result<u64, NoTime> {
    match seconds(text) {
        Err(NoTime::Zero) => Ok(0),
        Err(NoTime::Length) if text == "0" => Ok(0),
        other => other,
    }
}

/// A length: a number with a unit, in seconds.
pub(in crate::commands) fn seconds(text: &str) -> Result<u64, NoTime> {
    let unit = match text.chars().next_back() {
        Some('s') => 1,
        Some('m') => 60,
        Some('h') => 60 * 60,
        Some('d') => 24 * 60 * 60,
        _ => return Err(NoTime::Length),
    };
    // All units are one byte long.
    let number = &text[..text.len() - 1];
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NoTime::Length);
    }
    match number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit)) {
        Some(0) => Err(NoTime::Zero),
        Some(seconds) => Ok(seconds),
        None => Err(NoTime::Length),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_a_number_and_a_unit() {
        for (text, expected) in [("30d", 2_592_000), ("12h", 43_200), ("90m", 5_400), ("3600s", 3_600), ("007s", 7)] {
            assert_eq!(seconds(text), Ok(expected), "{text}");
        }
        let huge = format!("{}d", u64::MAX);
        for text in ["", "d", "30", "30 d", "+30d", "-30d", "1.5h", "30D", "30w", "1h30m", "٣d", "dü", &huge] {
            assert_eq!(seconds(text), Err(NoTime::Length), "{text}");
        }
        assert_eq!(seconds("0d"), Err(NoTime::Zero));
    }

    #[test]
    fn a_grace_may_be_none_and_an_end_may_be_never() {
        assert_eq!((grace("0"), grace("0h"), grace("1h")), (Ok(0), Ok(0), Ok(3_600)));
        assert_eq!((grace("1"), grace("-1h")), (Err(NoTime::Length), Err(NoTime::Length)));
        assert_eq!(end_or_never("never").as_deref(), Ok(""));
        assert_eq!(end_or_never("Never"), Err(NoTime::Moment));
    }

    #[test]
    fn a_moment_is_sent_as_it_was_written() {
        for text in ["2030-01-01T00:00:00Z", "2030-01-01T02:00:00+02:00"] {
            assert_eq!(end(text).as_deref(), Ok(text));
        }
        for text in ["", "2030-01-01", "2030-01-01T00:00:00", "tomorrow"] {
            assert_eq!(end(text), Err(NoTime::Moment), "{text}");
        }
    }
}
