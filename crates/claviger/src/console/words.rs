//! How pages say numbers, dates and times: English, in UTC.

use claviger_access::Directory;
use claviger_access::role::{OrganizationRole, ProjectRole};
use jiff::SignedDuration;
use jiff::civil::{Date, DateTime};

/// 1970-01-01T00:00:00Z.
pub(super) const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
/// In seconds.
pub(super) const DAY: i64 = 24 * HOUR;

/// With separators: `48,211`.
pub(super) fn count(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap_or("")).collect();
    groups.join(",")
}

/// As much of a number as is read at a glance: `999,999`, `2.07 million`, `50.3 million`, `1.21 billion`.
pub(super) fn large(number: u64) -> String {
    let (unit, name) = match number {
        ..1_000_000 => return count(usize::try_from(number).unwrap_or(usize::MAX)),
        1_000_000..1_000_000_000 => (1_000_000, "million"),
        _ => (1_000_000_000, "billion"),
    };
    match number as f64 / unit as f64 {
        few @ ..9.995 => format!("{few:.2} {name}"),
        more @ 9.995..99.95 => format!("{more:.1} {name}"),
        many => format!("{} {name}", count(many.round() as usize)),
    }
}

/// `1 second`, `2 seconds`.
pub(super) fn several(number: i64, thing: &str) -> String {
    let number_shown = count(usize::try_from(number).unwrap_or(0));
    if number == 1 { format!("{number_shown} {thing}") } else { format!("{number_shown} {thing}s") }
}

/// A text of at most so many characters, with an ellipsis where some were left out.
pub(super) fn cut(text: &str, length_max: usize) -> String {
    match text.char_indices().nth(length_max) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn civil(seconds: i64) -> Date {
    EPOCH.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(DateTime::MAX).date()
}

/// `20:15:03`, in UTC.
pub(super) fn time(seconds: i64) -> String {
    let moment = EPOCH.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(DateTime::MAX);
    moment.strftime("%H:%M:%S").to_string()
}

/// `2026-11-24T20:15:03Z`, for the command line.
pub(super) fn rfc3339(seconds: i64) -> String {
    let moment = EPOCH.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(DateTime::MAX);
    moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Such as `26 Oct`, where the year goes without saying.
pub(super) fn day(seconds: i64) -> String {
    civil(seconds).strftime("%-d %b").to_string()
}

/// `24 Nov 2026`.
pub(super) fn date(seconds: i64) -> String {
    civil(seconds).strftime("%-d %b %Y").to_string()
}

/// Whole days of the calendar between two moments.
fn days_between(from: i64, to: i64) -> i64 {
    to.div_euclid(DAY) - from.div_euclid(DAY)
}

/// How long ago it was: `31 seconds ago`, `yesterday`, `133 days ago`.
pub(super) fn ago(then: i64, now: i64) -> String {
    match now - then {
        ..1 => "just now".to_owned(),
        elapsed @ 1..MINUTE => format!("{} ago", several(elapsed, "second")),
        elapsed @ MINUTE..HOUR => format!("{} ago", several(elapsed / MINUTE, "minute")),
        elapsed @ HOUR..DAY => format!("{} ago", several(elapsed / HOUR, "hour")),
        _ => match days_between(then, now) {
            1 => "yesterday".to_owned(),
            days => format!("{} ago", several(days, "day")),
        },
    }
}

/// How soon it will be: `In 19 hours`, `In 90 days`.
pub(super) fn ahead(then: i64, now: i64) -> String {
    let long = match then - now {
        ..MINUTE => several((then - now).max(0), "second"),
        left @ MINUTE..HOUR => several(left / MINUTE, "minute"),
        left @ HOUR..DAY => several(left / HOUR, "hour"),
        _ => several(days_between(now, then), "day"),
    };
    format!("In {long}")
}

/// A role in an organization, as a sentence begins with it.
pub(super) fn role(role: OrganizationRole) -> &'static str {
    match role {
        OrganizationRole::Owner => "Owner",
        OrganizationRole::Admin => "Admin",
        OrganizationRole::BillingAdmin => "Billing admin",
        OrganizationRole::Member => "Member",
    }
}

/// A role on a project or workspace: the label of a built-in one, the name of one that the project made.
pub(super) fn project_role(directory: &Directory, role: ProjectRole) -> String {
    match role {
        ProjectRole::BuiltIn(role) => label(role.name()),
        ProjectRole::Custom(id) => directory
            .custom_role(id)
            .map_or_else(|| "A role that is gone".to_owned(), |role| role.properties.name.to_string()),
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn listed(things: impl Iterator<Item = String>) -> String {
    let things: Vec<String> = things.collect();
    match things.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// A clause as a sentence: with a capital letter and a full stop.
pub(super) fn sentence(clause: &str) -> String {
    format!("{}.", label(clause.trim_end_matches('.')))
}

/// A name on the wire, as a label: `admin` is `Admin`.
pub(super) fn label(name: &str) -> String {
    let mut characters = name.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

/// At most two letters that stand for a name.
pub(super) fn initials(name: &str) -> String {
    let mut words = name.split_whitespace().filter_map(|word| word.chars().find(|c| c.is_alphanumeric()));
    let first = words.next();
    first.into_iter().chain(words.next_back()).flat_map(char::to_uppercase).collect()
}

/// A text as a shell reads it: one word, whatever is in it.
pub(super) fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.@/:".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_separators() {
        assert_eq!([0, 999, 1_000, 48_211, 1_234_567].map(count), ["0", "999", "1,000", "48,211", "1,234,567"]);
    }

    #[test]
    fn large_numbers_are_cut_to_what_is_read_at_a_glance() {
        let cut =
            [999_999, 1_000_000, 2_067_109, 50_349_999, 214_000_000, 1_209_000_000, 99_000_000_000_000].map(large);
        let read = [
            "999,999",
            "1.00 million",
            "2.07 million",
            "50.3 million",
            "214 million",
            "1.21 billion",
            "99,000 billion",
        ];
        assert_eq!(cut, read);
    }

    #[test]
    fn what_was_is_told_in_the_nearest_unit_and_in_days_after_one() {
        // 24 Nov 2026, 20:15:00.
        let now = 1_795_551_300;
        assert_eq!((date(now).as_str(), time(now + 3).as_str()), ("24 Nov 2026", "20:15:03"));
        assert_eq!(day(now), "24 Nov");
        for (elapsed, text) in [
            (-5, "just now"),
            (0, "just now"),
            (1, "1 second ago"),
            (31, "31 seconds ago"),
            (119, "1 minute ago"),
            (3_600, "1 hour ago"),
            (DAY - 1, "23 hours ago"),
            (DAY, "yesterday"),
            (DAY + 21 * HOUR, "2 days ago"),
            (133 * DAY, "133 days ago"),
        ] {
            assert_eq!(ago(now - elapsed, now), text, "{elapsed}");
        }
        for (left, text) in [
            (0, "In 0 seconds"),
            (59, "In 59 seconds"),
            (61, "In 1 minute"),
            (19 * HOUR, "In 19 hours"),
            (DAY, "In 1 day"),
            (90 * DAY - HOUR, "In 90 days"),
            (1_200 * DAY, "In 1,200 days"),
        ] {
            assert_eq!(ahead(now + left, now), text, "{left}");
        }
        assert_eq!(date(i64::MAX / 2), "31 Dec 9999");
    }

    #[test]
    fn names_are_shortened_to_two_letters_and_shells_read_one_word() {
        assert_eq!(["MK", "ada lovelace", "Ada B. Lovelace", "", "<b>"].map(initials), ["M", "AL", "AL", "", "B"]);
        assert_eq!(shell_word("nightly-export"), "nightly-export");
        assert_eq!(["", "a b", "it's", "$(x)"].map(shell_word), ["''", "'a b'", "'it'\\''s'", "'$(x)'"]);
        assert_eq!(label("admin"), "Admin");
        let listed = |things: &[&str]| listed(things.iter().map(|thing| (*thing).to_owned()));
        assert_eq!([&[][..], &["a"], &["a", "b"], &["a", "b", "c"]].map(listed), ["", "a", "a and b", "a, b and c"]);
        assert_eq!(sentence("there is no team 7"), "There is no team 7.");
    }
}
