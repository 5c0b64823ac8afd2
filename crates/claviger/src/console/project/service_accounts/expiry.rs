//! When a new account ends, as the form asks for it: never, one of a few lengths, or at the beginning of a day.

use claviger_access::administration::service_account::RequestedExpiry;
use claviger_access::policy::Policy;
use claviger_access::{Moment, Refusal};
use jiff::civil::Date;

use crate::console::typed::Typed;
use crate::console::words::{self, DAY};

const EPOCH: Date = Date::constant(1970, 1, 1);

/// A length that can be chosen, with its name in the form.
const LENGTHS: [(&str, &str, i64); 4] =
    [("7d", "7 days", 7), ("30d", "30 days", 30), ("90d", "90 days", 90), ("1y", "1 year", 365)];

/// What can be chosen, with the date that it means.
pub(super) struct Choice {
    pub value: &'static str,
    pub label: &'static str,
    pub sub: String,
    pub is_chosen: bool,
}

/// What the form offers under a policy, and what is chosen in it: what was sent, or the longest that is allowed.
pub(super) fn choices(policy: &Policy, now: Moment, sent: &str) -> Vec<Choice> {
    let most = policy.secret_lifetime_max.map(|lifetime| lifetime.seconds());
    let is_bounded = most.is_some() || policy.expiry_required;
    let never = (!is_bounded).then(|| ("never", "Never", "Until someone deletes it".to_owned()));
    let allowed = LENGTHS.into_iter().filter(|(_, _, days)| most.is_none_or(|most| days * DAY <= most));
    let lengths = allowed.map(|(value, label, days)| (value, label, words::date(now.seconds() + days * DAY)));
    let date = ("date", "On a date", "At 00:00 UTC".to_owned());
    let offered: Vec<_> = never.into_iter().chain(lengths).chain([date]).collect();
    let usual = if is_bounded { offered.iter().rev().nth(1).or(offered.last()) } else { offered.first() };
    let usual = usual.map_or("date", |(value, ..)| value);
    let chosen = if offered.iter().any(|(value, ..)| *value == sent) { sent } else { usual }.to_owned();
    let choice = |(value, label, sub)| Choice { value, label, sub, is_chosen: value == chosen };
    offered.into_iter().map(choice).collect()
}

/// What was sent, or what to do about it. A day that was not named is no day that nobody meant.
pub(super) fn read(typed: &Typed) -> Result<RequestedExpiry, String> {
    let sent = typed.one("expires");
    if let Some((_, _, days)) = LENGTHS.into_iter().find(|(value, ..)| *value == sent) {
        return Ok(RequestedExpiry::In { seconds: (days * DAY).unsigned_abs() });
    }
    match sent {
        "never" => Ok(RequestedExpiry::Never),
        "date" => {
            let date: Option<Date> = typed.one("date").trim().parse().ok();
            let moment = date.and_then(|date| Moment::from_seconds(date.duration_since(EPOCH).as_secs()));
            moment.map(RequestedExpiry::At).ok_or_else(|| "Name the day, such as 2027-11-24.".to_owned())
        }
        _ => Err("Choose when it ends.".to_owned()),
    }
}

/// What to do about an end that is refused; `None` where it is about something else.
pub(super) fn refused(refusal: &Refusal, organization: &str, now: Moment) -> Option<String> {
    match refusal {
        Refusal::ExpiryNotLater => Some("That moment has passed.".to_owned()),
        Refusal::ExpiryTooFar => Some("That is beyond the year 9999.".to_owned()),
        Refusal::ExpiryRequired { lifetime: None, .. } => Some(format!("The rules of {organization} ask for an end.")),
        Refusal::ExpiryRequired { lifetime: Some(lifetime), .. } | Refusal::LifetimeTooLong { lifetime, .. } => {
            let latest = words::date(now.seconds() + lifetime.seconds());
            Some(format!("The rules of {organization} allow at most {lifetime}. The latest date is {latest}."))
        }
        _ => None,
    }
}

/// As the command line says it.
pub(super) fn option(chosen: &str) -> &'static str {
    match chosen {
        "7d" => " --expires-in 7d",
        "30d" => " --expires-in 30d",
        "90d" => " --expires-in 90d",
        "1y" => " --expires-in 365d",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use claviger_access::policy::Lifetime;

    use super::*;

    const NOW: i64 = 1_795_551_300;

    fn now() -> Moment {
        Moment::from_seconds(NOW).expect("a moment")
    }

    fn offered(policy: &Policy, sent: &str) -> (Vec<&'static str>, Vec<&'static str>) {
        let choices = choices(policy, now(), sent);
        let chosen = choices.iter().filter(|choice| choice.is_chosen).map(|choice| choice.value).collect();
        (choices.iter().map(|choice| choice.value).collect(), chosen)
    }

    #[test]
    fn a_policy_limits_what_is_offered_and_the_longest_allowed_is_chosen() {
        let open = Policy::default();
        assert_eq!(offered(&open, ""), (vec!["never", "7d", "30d", "90d", "1y", "date"], vec!["never"]));
        assert_eq!(offered(&open, "30d").1, ["30d"]);
        let required = Policy { expiry_required: true, ..Policy::default() };
        assert_eq!(offered(&required, "never"), (vec!["7d", "30d", "90d", "1y", "date"], vec!["1y"]));
        let limited =
            |days: u64| Policy { secret_lifetime_max: Lifetime::from_seconds(days * 86_400), ..Policy::default() };
        assert_eq!(offered(&limited(30), ""), (vec!["7d", "30d", "date"], vec!["30d"]));
        assert_eq!(offered(&limited(1), ""), (vec!["date"], vec!["date"]));
    }

    #[test]
    fn what_is_sent_is_read_and_nothing_is_guessed() {
        let read = |form: &str| read(&Typed::parse(form.as_bytes()).expect("a form"));
        assert_eq!(read("expires=never"), Ok(RequestedExpiry::Never));
        assert_eq!(read("expires=7d"), Ok(RequestedExpiry::In { seconds: 7 * 86_400 }));
        assert_eq!(read("expires=1y"), Ok(RequestedExpiry::In { seconds: 365 * 86_400 }));
        let day = Moment::from_seconds(1_795_478_400).map(RequestedExpiry::At);
        assert_eq!(read("expires=date&date=2026-11-24").ok(), day);
        for form in
            ["", "expires=", "expires=date", "expires=date&date=soon", "expires=date&date=1969-01-01", "expires=8d"]
        {
            assert!(read(form).is_err(), "{form}");
        }
    }
}
