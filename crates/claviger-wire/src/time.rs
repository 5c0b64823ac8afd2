//! Times on the wire: RFC 3339 in UTC with whole seconds, such as `2026-11-23T20:15:00Z`.

use jiff::SignedDuration;
use jiff::civil::DateTime;

/// Civil times are counted from here: unlike jiff's timestamps they reach the last second of the year 9999.
const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// Why a text is no time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoTime;

/// Reads RFC 3339 with any offset; a fraction of a second is cut off. Seconds since the epoch.
///
/// Strict: a date, `T` or a space, a time with seconds below 60, and a zone. A leap second has no place on a scale
/// that does not count them, so `:60` is refused rather than moved.
pub fn parse(text: &str) -> Result<i64, NoTime> {
    let bytes = text.as_bytes();
    let shape = |from: usize, pattern: &[u8]| {
        bytes.get(from..from + pattern.len()).is_some_and(|part| {
            part.iter().zip(pattern).all(|(byte, wanted)| match wanted {
                b'0' => byte.is_ascii_digit(),
                b'T' => matches!(byte, b'T' | b't' | b' '),
                b'+' => matches!(byte, b'+' | b'-'),
                b'Z' => matches!(byte, b'Z' | b'z'),
                _ => byte == wanted,
            })
        })
    };
    if !shape(0, b"0000-00-00T00:00:00") || bytes[17] >= b'6' {
        return Err(NoTime);
    }
    let mut zone = 19;
    if bytes.get(zone) == Some(&b'.') {
        let digits = bytes[zone + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 || digits > 9 {
            return Err(NoTime);
        }
        zone += 1 + digits;
    }
    let zoned = (shape(zone, b"Z") && bytes.len() == zone + 1) || (shape(zone, b"+00:00") && bytes.len() == zone + 6);
    if !zoned {
        return Err(NoTime);
    }
    let wall = text[..19].replace(['t', ' '], "T").parse::<DateTime>().map_err(|_| NoTime)?;
    Ok(wall.duration_since(EPOCH).as_secs() - offset(&text[zone..])?)
}

/// Seconds east of UTC, from `Z` or `+00:00`, whose shape was looked at.
fn offset(zone: &str) -> Result<i64, NoTime> {
    if zone.len() == 1 {
        return Ok(0);
    }
    let number = |part: &str| part.parse::<i64>().map_err(|_| NoTime);
    let (hours, minutes) = (number(&zone[1..3])?, number(&zone[4..6])?);
    if hours > 23 || minutes > 59 {
        return Err(NoTime);
    }
    let seconds = hours * 3_600 + minutes * 60;
    Ok(if zone.starts_with('-') { -seconds } else { seconds })
}

/// Writes seconds since the epoch; `None` before it, or after the year 9999.
pub fn print(seconds: i64) -> Option<String> {
    if seconds < 0 {
        return None;
    }
    EPOCH.checked_add(SignedDuration::from_secs(seconds)).ok().map(|wall| format!("{wall}Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clients_send_comes_back_to_the_letter() {
        let sent = "2030-01-01T00:00:00Z";
        assert_eq!(parse(sent).ok().and_then(print).as_deref(), Some(sent));
    }

    #[test]
    fn other_forms_are_answered_in_that_form() {
        for other in [
            "2030-01-01t00:00:00z",
            "2030-01-01 00:00:00Z",
            "2030-01-01T02:00:00+02:00",
            "2029-12-31T19:00:00-05:00",
            "2030-01-01T00:00:00.999Z",
            "2030-01-01T00:00:00.999999999+00:00",
        ] {
            assert_eq!(parse(other).ok().and_then(print).as_deref(), Some("2030-01-01T00:00:00Z"), "{other}");
        }
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in [
            "",
            "2030-01-01",
            "2030-01-01T00:00:00",
            "2030-01-01T00:00:60Z",
            "10000-01-01T00:00:00Z",
            "2030-13-01T00:00:00Z",
            "2030-02-30T00:00:00Z",
            "2030-01-01T24:00:00Z",
            "2030-01-01T00:00:00.Z",
            "2030-01-01T00:00Z",
            "20300101T000000Z",
            "2030-01-01T00:00:00Z ",
            "2030-01-01T00:00:00+2:00",
            "2030-01-01T00:00:00Z[UTC]",
            "1893456000",
            "tomorrow",
            "２030-01-01T00:00:00Z",
        ] {
            assert_eq!(parse(text), Err(NoTime), "{text}");
        }
    }

    #[test]
    fn the_last_second_of_the_year_9999_is_the_last() {
        let last = "9999-12-31T23:59:59Z";
        assert_eq!(parse(last), Ok(253_402_300_799));
        assert_eq!(print(253_402_300_799).as_deref(), Some(last));
        assert_eq!(print(253_402_300_800), None);
        assert_eq!(parse("9999-12-31T23:59:59-01:00").ok().and_then(print), None);
        assert_eq!(print(0).as_deref(), Some("1970-01-01T00:00:00Z"));
        assert_eq!(parse("1970-01-01T00:00:00+00:01"), Ok(-60));
        assert_eq!(parse("2028-02-29T12:34:56Z").ok().and_then(print).as_deref(), Some("2028-02-29T12:34:56Z"));
        assert_eq!(parse("2030-01-01T00:00:00+24:00"), Err(NoTime));
        assert_eq!(parse("2030-01-01T00:00:00+00:60"), Err(NoTime));
    }
}
