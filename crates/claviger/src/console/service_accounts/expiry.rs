//! When a new secret is to end, as a form asks for it: presets with the dates that they mean, and something else.

use claviger_access::administration::service_account::RequestedExpiry;
use claviger_access::identity::OrganizationId;
use claviger_access::policy::Policy;
use claviger_access::{Expiry, Moment, Refusal};
use jiff::civil::{Date, DateTime, Time};
use jiff::{SignedDuration, Span};

use crate::console::typed::Typed;
use crate::console::words::{self, DAY};

const HOUR: i64 = 60 * 60;

/// The id of the fields together.
pub(in crate::console) const FIELD: &str = "expires";

/// Value, label and days.
const PRESETS: [(&str, &str, i64); 4] =
    [("7d", "7 days", 7), ("30d", "30 days", 30), ("90d", "90 days", 90), ("1y", "1 year", 365)];

const NEVER: &str = "never";
const OTHER: &str = "other";
/// As what is replaced.
const SAME: &str = "same";

/// The rules that it is chosen under.
#[derive(Clone, Copy)]
pub(in crate::console) struct Rules<'r> {
    pub policy: &'r Policy,
    pub organization: OrganizationId,
    /// The organization's name.
    pub name: &'r str,
    pub now: Moment,
}

/// What was typed, or is offered first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::console) struct Asked {
    chosen: String,
    pub amount: String,
    pub unit: String,
    pub date: String,
}

/// One of the choices.
pub(in crate::console) struct Tile {
    pub value: &'static str,
    pub label: &'static str,
    pub sub: String,
    pub is_checked: bool,
    /// Whether it opens the fields for something else.
    pub is_other: bool,
}

impl Rules<'_> {
    fn permits(&self, expires: Expiry) -> Result<(), Refusal> {
        self.policy.permits_end(expires, self.now, self.organization)
    }

    fn after(&self, seconds: i64) -> Expiry {
        Expiry::from(self.now.plus_seconds(seconds.unsigned_abs()))
    }

    /// What the organization demands, as a sentence of the help; nothing where it demands nothing.
    pub(in crate::console) fn told(&self) -> Option<String> {
        match (self.policy.secret_lifetime_max, self.policy.expiry_required) {
            (Some(most), _) => Some(format!("The rules of {} allow at most {most}.", self.name)),
            (None, true) => Some(format!("The rules of {} ask for an end.", self.name)),
            (None, false) => None,
        }
    }

    /// Why it is refused, as the field says it.
    pub(in crate::console) fn refused(&self, refusal: &Refusal) -> Option<String> {
        let name = self.name;
        match refusal {
            Refusal::ExpiryNotLater => Some("That moment has passed.".to_owned()),
            Refusal::ExpiryTooFar => Some("Name a date before the year 10000.".to_owned()),
            Refusal::ExpiryRequired { lifetime: None, .. } => Some(format!("The rules of {name} ask for an end.")),
            Refusal::ExpiryRequired { lifetime: Some(most), .. } | Refusal::LifetimeTooLong { lifetime: most, .. } => {
                let latest = words::date(self.now.seconds() + most.seconds());
                Some(format!("The rules of {name} allow at most {most}. The latest date is {latest}."))
            }
            _ => None,
        }
    }
}

impl Asked {
    /// What is chosen before anybody chooses: never, or the longest that is allowed.
    pub(in crate::console) fn first(rules: &Rules<'_>) -> Self {
        let allowed = |days: i64| rules.permits(rules.after(days * DAY)).is_ok();
        let longest = PRESETS.into_iter().rev().find(|(_, _, days)| allowed(*days));
        match (rules.permits(Expiry::NEVER), longest) {
            (Ok(()), _) => Self::of_choice(NEVER),
            (Err(_), Some((value, ..))) => Self::of_choice(value),
            (Err(_), None) => {
                let hours = rules.policy.secret_lifetime_max.map_or(0, |most| most.seconds() / HOUR);
                let amount = if hours > 0 { hours.to_string() } else { String::new() };
                Self { amount, unit: "hours".to_owned(), ..Self::of_choice(OTHER) }
            }
        }
    }

    /// An end, for an example: 90 days, or the longest that is allowed.
    pub(in crate::console) fn example(rules: &Rules<'_>) -> Self {
        let usual = Self::of_choice("90d");
        if usual.requested(rules).is_ok() { usual } else { Self::first(rules) }
    }

    /// The end that what is replaced has.
    pub(in crate::console) fn same() -> Self {
        Self::of_choice(SAME)
    }

    fn of_choice(chosen: &str) -> Self {
        Self { chosen: chosen.to_owned(), ..Self::default() }
    }

    /// As an address asks for it: `never`, `90d`, `12h`, `2027-11-24`. `None` for anything else.
    pub(in crate::console) fn linked(text: &str) -> Option<Self> {
        if text == NEVER || PRESETS.iter().any(|(value, ..)| *value == text) {
            return Some(Self::of_choice(text));
        }
        let other = Self::of_choice(OTHER);
        if text.parse::<Date>().is_ok() {
            return Some(Self { date: text.to_owned(), ..other });
        }
        let (amount, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
        let unit = match unit {
            "h" => "hours",
            "d" => "days",
            _ => return None,
        };
        amount.parse::<u32>().ok().map(|_| Self { amount: amount.to_owned(), unit: unit.to_owned(), ..other })
    }

    /// As a form sends it.
    pub(in crate::console) fn of(typed: &Typed) -> Self {
        let text = |name| typed.one(name).trim().to_owned();
        Self { chosen: text("expires"), amount: text("amount"), unit: text("unit"), date: text("date") }
    }

    /// The end; `None` for the one that what is replaced has. An error says what to do.
    pub(in crate::console) fn requested(&self, rules: &Rules<'_>) -> Result<Option<RequestedExpiry>, String> {
        let requested = match self.chosen.as_str() {
            SAME => return Ok(None),
            NEVER => RequestedExpiry::Never,
            OTHER => self.other(rules)?,
            preset => match PRESETS.iter().find(|(value, ..)| *value == preset) {
                Some((_, _, days)) => RequestedExpiry::In { seconds: (days * DAY).unsigned_abs() },
                None => return Err("Choose when it ends.".to_owned()),
            },
        };
        let end = match requested {
            RequestedExpiry::Never => Expiry::NEVER,
            RequestedExpiry::At(moment) if moment > rules.now => Expiry::at(moment),
            RequestedExpiry::At(_) => return Err("That moment has passed.".to_owned()),
            RequestedExpiry::In { seconds } => match rules.now.plus_seconds(seconds) {
                Some(moment) => Expiry::at(moment),
                None => return Err("Name a date before the year 10000.".to_owned()),
            },
        };
        match rules.permits(end) {
            Ok(()) => Ok(Some(requested)),
            Err(refusal) => Err(rules.refused(&refusal).unwrap_or_else(|| words::sentence(&refusal.to_string()))),
        }
    }

    fn other(&self, rules: &Rules<'_>) -> Result<RequestedExpiry, String> {
        match (self.amount.is_empty(), self.date.is_empty()) {
            (true, true) => Err("Say after how long, or on which date.".to_owned()),
            (false, false) => Err("Give an amount or a date, not both.".to_owned()),
            (true, false) => self.on_date(),
            (false, true) => self.after_amount(rules.now),
        }
    }

    fn on_date(&self) -> Result<RequestedExpiry, String> {
        let date = self.date.parse::<Date>().map_err(|_| "Write the date as 2027-11-24.".to_owned())?;
        Self::at(date.to_datetime(Time::midnight()))
    }

    fn after_amount(&self, now: Moment) -> Result<RequestedExpiry, String> {
        let told = || "Write the amount as a whole number above 0.".to_owned();
        let amount = self.amount.parse::<u32>().ok().filter(|amount| *amount > 0).ok_or_else(told)?;
        let seconds = match self.unit.as_str() {
            "hours" => HOUR,
            "days" => DAY,
            "months" => {
                let begin = words::EPOCH.checked_add(SignedDuration::from_secs(now.seconds())).map_err(|_| told())?;
                let end = Span::new().try_months(i64::from(amount)).and_then(|months| begin.checked_add(months));
                return Self::at(end.map_err(|_| "Name a date before the year 10000.".to_owned())?);
            }
            _ => return Err("Choose hours, days or months.".to_owned()),
        };
        Ok(RequestedExpiry::In { seconds: u64::from(amount) * seconds.unsigned_abs() })
    }

    fn at(end: DateTime) -> Result<RequestedExpiry, String> {
        let moment = Moment::from_seconds(end.duration_since(words::EPOCH).as_secs());
        moment.map(RequestedExpiry::At).ok_or_else(|| "That moment has passed.".to_owned())
    }

    /// The choices; `replaced` is the end of what is replaced, if anything is.
    pub(in crate::console) fn tiles(&self, rules: &Rules<'_>, replaced: Option<Expiry>) -> Vec<Tile> {
        let tile =
            |value, label, sub| Tile { value, label, sub, is_checked: value == self.chosen, is_other: value == OTHER };
        let same = replaced.filter(|end| !end.has_passed(rules.now)).map(|end| {
            let end = rules.policy.bounded(end, rules.now).moment();
            tile(SAME, "As now", end.map_or_else(|| "Never".to_owned(), |end| words::date(end.seconds())))
        });
        let never = rules.permits(Expiry::NEVER).is_ok();
        let never = never.then(|| tile(NEVER, "Never", "Until someone deletes it".to_owned()));
        let presets = PRESETS.into_iter().filter(|(_, _, days)| rules.permits(rules.after(days * DAY)).is_ok());
        let presets =
            presets.map(|(value, label, days)| tile(value, label, words::date(rules.now.seconds() + days * DAY)));
        let other = tile(OTHER, "Something else", "Hours, days, months, a date".to_owned());
        same.into_iter().chain(never).chain(presets).chain([other]).collect()
    }

    /// As an option of the command line: nothing for never, and for what cannot be read.
    pub(in crate::console) fn as_option(&self, rules: &Rules<'_>) -> String {
        match self.requested(rules) {
            Ok(Some(RequestedExpiry::In { seconds })) if seconds % DAY.unsigned_abs() == 0 => {
                format!(" --expires-in {}d", seconds / DAY.unsigned_abs())
            }
            Ok(Some(RequestedExpiry::In { seconds })) => format!(" --expires-in {}h", seconds / HOUR.unsigned_abs()),
            Ok(Some(RequestedExpiry::At(moment))) => format!(" --expires {}", words::rfc3339(moment.seconds())),
            Ok(Some(RequestedExpiry::Never) | None) | Err(_) => String::new(),
        }
    }
}

/// Tomorrow, as the first date that a date field offers.
pub(in crate::console) fn first_date(now: Moment) -> String {
    words::rfc3339(now.seconds() + DAY).chars().take(10).collect()
}

#[cfg(test)]
mod tests {
    use claviger_access::policy::Lifetime;

    use super::*;

    /// 24 Nov 2026, 20:15:00.
    const NOW: i64 = 1_795_551_300;

    fn rules(policy: &Policy) -> Rules<'_> {
        let (organization, now) =
            (OrganizationId::new(7).expect("an id"), Moment::from_seconds(NOW).expect("a moment"));
        Rules { policy, organization, name: "Acme", now }
    }

    fn bounded(days: u64) -> Policy {
        Policy { secret_lifetime_max: Lifetime::from_seconds(days * DAY.unsigned_abs()), ..Policy::default() }
    }

    fn other(amount: &str, unit: &str, date: &str) -> Asked {
        let text = str::to_owned;
        Asked { chosen: text(OTHER), amount: text(amount), unit: text(unit), date: text(date) }
    }

    #[test]
    fn each_choice_is_an_end() {
        let policy = Policy::default();
        let rules = rules(&policy);
        let ends = |asked: Asked| asked.requested(&rules).map(|end| end.expect("an end"));
        let at = |seconds| Ok(RequestedExpiry::At(Moment::from_seconds(seconds).expect("a moment")));
        assert_eq!(ends(Asked::of_choice("never")), Ok(RequestedExpiry::Never));
        assert_eq!(ends(Asked::of_choice("1y")), Ok(RequestedExpiry::In { seconds: 365 * 86_400 }));
        assert_eq!(ends(other("12", "hours", "")), Ok(RequestedExpiry::In { seconds: 43_200 }));
        assert_eq!(ends(other("3", "months", "")), at(NOW + 92 * DAY));
        assert_eq!(ends(other("", "", "2026-11-25")), at(1_795_564_800));
        for (asked, told) in [
            (other("", "", "2026-11-24"), "That moment has passed."),
            (other("", "", "24 Nov 2026"), "Write the date as 2027-11-24."),
            (other("", "hours", ""), "Say after how long, or on which date."),
            (other("1", "days", "2027-01-01"), "Give an amount or a date, not both."),
            (other("0", "days", ""), "Write the amount as a whole number above 0."),
            (other("-1", "days", ""), "Write the amount as a whole number above 0."),
            (other("1", "years", ""), "Choose hours, days or months."),
            (other("4000000000", "days", ""), "Name a date before the year 10000."),
            (other("4000000000", "months", ""), "Name a date before the year 10000."),
            (Asked::of_choice("8d"), "Choose when it ends."),
        ] {
            assert_eq!(ends(asked.clone()), Err(told.to_owned()), "{asked:?}");
        }
        assert_eq!(other("3", "months", "").as_option(&rules), " --expires 2027-02-24T20:15:00Z");
        assert_eq!(Asked::of_choice("90d").as_option(&rules), " --expires-in 90d");
    }

    #[test]
    fn a_limit_takes_choices_away_and_preselects_the_longest() {
        let values = |asked: &Asked, rules: &Rules<'_>| -> Vec<&str> {
            asked.tiles(rules, None).into_iter().map(|tile| tile.value).collect()
        };
        let open = Policy::default();
        let first = Asked::first(&rules(&open));
        assert_eq!(values(&first, &rules(&open)), ["never", "7d", "30d", "90d", "1y", "other"]);
        assert_eq!((first, rules(&open).told()), (Asked::of_choice("never"), None));
        let year = bounded(365);
        let first = Asked::first(&rules(&year));
        assert_eq!(values(&first, &rules(&year)), ["7d", "30d", "90d", "1y", "other"]);
        assert_eq!(first, Asked::of_choice("1y"));
        assert_eq!(rules(&year).told().as_deref(), Some("The rules of Acme allow at most 365 days."));
        let late = other("", "", "2028-11-24").requested(&rules(&year));
        assert_eq!(late, Err("The rules of Acme allow at most 365 days. The latest date is 24 Nov 2027.".to_owned()));
        let two = bounded(2);
        let first = Asked::first(&rules(&two));
        assert_eq!((values(&first, &rules(&two)), first.amount.as_str()), (vec!["other"], "48"));
        let required = Policy { expiry_required: true, ..Policy::default() };
        assert_eq!(Asked::first(&rules(&required)), Asked::of_choice("1y"));
        assert_eq!(rules(&required).told().as_deref(), Some("The rules of Acme ask for an end."));
        let never = Asked::of_choice("never").requested(&rules(&required));
        assert_eq!(never, Err("The rules of Acme ask for an end.".to_owned()));
    }

    #[test]
    fn a_link_chooses_what_it_names() {
        assert_eq!(Asked::linked("90d"), Some(Asked::of_choice("90d")));
        assert_eq!(Asked::linked("45d"), Some(other("45", "days", "")));
        assert_eq!(Asked::linked("12h"), Some(other("12", "hours", "")));
        assert_eq!(Asked::linked("2027-11-24"), Some(other("", "", "2027-11-24")));
        for none in ["", "x", "d", "12m", "ä", "-1d", "2027-13-01"] {
            assert_eq!(Asked::linked(none), None, "{none}");
        }
    }
}
