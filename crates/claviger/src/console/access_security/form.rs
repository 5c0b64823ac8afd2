//! The rules as the page's form holds them, and what a form that was sent changes of them.

use claviger_access::administration::policy::ChangePolicy;
use claviger_access::identity::OrganizationId;
use claviger_access::policy::Lifetime;
use sha2::{Digest, Sha256};

use super::{Addresses, Choice, Mistakes, NamePattern, Policy, SecretsMax};
use crate::console::typed::Typed;
use crate::console::words;

/// Longest lifetimes that are offered, in days.
const PRESETS: [u64; 4] = [30, 90, 180, 365];

const DAY: u64 = 24 * 60 * 60;

/// What the select says for a number of days that is typed beside it.
const OTHER: &str = "other";

/// Most characters of a field that come back into it.
const SHOWN_MAX: usize = 4_000;

/// The form's fields, as they were typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Form {
    /// Names the rules that the page showed.
    pub seen: String,
    /// In seconds; empty for no limit; or that days are typed.
    pub lifetime: String,
    pub days: String,
    pub expiry_required: bool,
    pub secrets: String,
    pub project_admins_create: bool,
    pub plain_text: bool,
    pub pattern: String,
    pub ranges: String,
}

/// Names rules, so that others are told from them. Nothing of them can be read in it that the page does not show.
pub(super) fn mark(policy: &Policy) -> String {
    let digest = Sha256::digest(format!("{policy:?}"));
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

impl Form {
    /// As the rules are.
    pub(super) fn of(policy: &Policy) -> Self {
        Self {
            seen: mark(policy),
            lifetime: policy.secret_lifetime_max.map_or_else(String::new, |most| most.seconds().to_string()),
            days: String::new(),
            expiry_required: policy.expiry_required,
            secrets: policy.secrets_max.count().to_string(),
            project_admins_create: policy.project_admins_create,
            plain_text: policy.plain_text_allowed,
            pattern: policy.name_pattern.as_ref().map_or_else(String::new, |pattern| pattern.as_str().to_owned()),
            ranges: policy.addresses.iter().collect::<Vec<_>>().join(", "),
        }
    }

    /// As it was sent.
    pub(super) fn typed(typed: &Typed) -> Self {
        let field = |name: &str| typed.one(name).trim().chars().take(SHOWN_MAX).collect();
        Self {
            seen: field("seen"),
            lifetime: field("lifetime"),
            days: field("days"),
            expiry_required: typed.has("expiry_required"),
            secrets: field("secrets"),
            project_admins_create: typed.one("project_admins_create") == "yes",
            plain_text: typed.has("plain_text"),
            pattern: field("pattern"),
            ranges: field("ranges"),
        }
    }

    /// What it changes of these rules; what is as it was is left out.
    pub(super) fn change(&self, seen: &Policy) -> Result<ChangePolicy, Mistakes> {
        let mut mistakes = Mistakes::default();
        let lifetime = mistakes.take("lifetime", self.lifetime());
        let secrets = self.secrets.parse().ok().and_then(SecretsMax::new);
        let secrets = mistakes.take("secrets", secrets.ok_or_else(|| "Choose a number from 1 to 10.".to_owned()));
        let pattern = mistakes.take("pattern", self.pattern());
        let addresses = mistakes.take("ranges", self.addresses());
        let (Some(lifetime), Some(secrets), Some(pattern), Some(addresses)) = (lifetime, secrets, pattern, addresses)
        else {
            return Err(mistakes);
        };
        Ok(ChangePolicy {
            secret_lifetime_max: other(lifetime, &seen.secret_lifetime_max),
            expiry_required: other(self.expiry_required, &seen.expiry_required),
            secrets_max: other(secrets, &seen.secrets_max),
            project_admins_create: other(self.project_admins_create, &seen.project_admins_create),
            plain_text_allowed: other(self.plain_text, &seen.plain_text_allowed),
            name_pattern: other(pattern, &seen.name_pattern),
            addresses: other(addresses, &seen.addresses),
        })
    }

    /// The command that sets them so; `None` where something cannot be read.
    pub(super) fn command(&self, organization: OrganizationId) -> Option<String> {
        let lifetime = self.lifetime().ok()?.map_or_else(|| "none".to_owned(), |most| lifetime_option(most.seconds()));
        let pattern = self.pattern().ok()?;
        let pattern = pattern.map_or_else(|| "none".to_owned(), |pattern| words::shell_word(pattern.as_str()));
        let addresses = self.addresses().ok()?;
        let addresses = match addresses.are_all() {
            true => "--any-address".to_owned(),
            false => format!("--allowed-addresses {}", addresses.iter().collect::<Vec<_>>().join(",")),
        };
        let secrets = self.secrets.parse().ok().and_then(SecretsMax::new)?.count();
        Some(format!(
            "claviger policy set --organization {organization} --secret-lifetime-max {lifetime} --expiry-required {} \
             --secrets-max {secrets} --project-admins-create {} --plain-text-basic {} --name-pattern {pattern} \
             {addresses}",
            self.expiry_required, self.project_admins_create, self.plain_text
        ))
    }

    fn lifetime(&self) -> Result<Option<Lifetime>, String> {
        let seconds = match self.lifetime.as_str() {
            "" => return Ok(None),
            OTHER => self.days.parse::<u64>().ok().and_then(|days| days.checked_mul(DAY)),
            seconds => seconds.parse().ok(),
        };
        let lifetime = seconds.and_then(Lifetime::from_seconds);
        lifetime.map(Some).ok_or_else(|| "Give the days as a whole number from 1 to 36,600.".to_owned())
    }

    fn pattern(&self) -> Result<Option<NamePattern>, String> {
        if self.pattern.is_empty() {
            return Ok(None);
        }
        NamePattern::parse(&self.pattern).map(Some).map_err(|error| words::sentence(&error.to_string()))
    }

    fn addresses(&self) -> Result<Addresses, String> {
        let texts = self.ranges.split(|c: char| c == ',' || c.is_whitespace()).filter(|text| !text.is_empty());
        Addresses::parse(texts).map_err(|error| words::sentence(&error.to_string()))
    }

    /// The lifetimes to choose from, with the one that counts now.
    pub(super) fn lifetimes(&self) -> Vec<Choice> {
        let mut values: Vec<u64> = PRESETS.iter().map(|days| days * DAY).collect();
        if let Ok(own) = self.lifetime.parse::<u64>()
            && !values.contains(&own)
            && Lifetime::from_seconds(own).is_some()
        {
            values.push(own);
            values.sort_unstable();
        }
        let choice = |value: String, text: String| Choice { is_chosen: value == self.lifetime, value, text };
        let each = values.into_iter().map(|seconds| {
            let told = Lifetime::from_seconds(seconds).map_or_else(String::new, |lifetime| lifetime.to_string());
            choice(seconds.to_string(), told)
        });
        let none = std::iter::once(choice(String::new(), "No limit".to_owned()));
        none.chain(each).chain([choice(OTHER.to_owned(), "A number of days".to_owned())]).collect()
    }

    /// How many secrets there are to choose from.
    pub(super) fn secrets_choices(&self) -> Vec<Choice> {
        let each = (1..=SecretsMax::MOST).map(|number| number.to_string());
        each.map(|value| Choice { is_chosen: value == self.secrets, text: value.clone(), value }).collect()
    }
}

/// A length of time as the command line takes it.
fn lifetime_option(seconds: i64) -> String {
    match seconds {
        days if days % words::DAY == 0 => format!("{}d", days / words::DAY),
        other => format!("{other}s"),
    }
}

/// The value, if it is another one.
fn other<T: PartialEq>(becomes: T, is: &T) -> Option<T> {
    (becomes != *is).then_some(becomes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> Policy {
        Policy {
            secret_lifetime_max: Lifetime::from_seconds(3_600),
            expiry_required: true,
            name_pattern: NamePattern::parse("ci-[a-z]+").ok(),
            addresses: Addresses::parse(["10.0.0.0/8", "127.0.0.1"]).expect("ranges"),
            ..Policy::default()
        }
    }

    #[test]
    fn what_is_saved_as_it_was_changes_nothing() {
        for policy in [Policy::default(), policy()] {
            let change = Form::of(&policy).change(&policy).expect("a change");
            assert!(change.secret_lifetime_max.is_none() && change.expiry_required.is_none());
            assert!(change.secrets_max.is_none() && change.project_admins_create.is_none());
            assert!(change.plain_text_allowed.is_none() && change.name_pattern.is_none() && change.addresses.is_none());
        }
        assert_ne!(mark(&policy()), mark(&Policy::default()));
    }

    #[test]
    fn the_command_sets_what_the_form_holds() {
        let organization = OrganizationId::new(7).expect("an id");
        assert_eq!(
            Form::of(&policy()).command(organization).as_deref(),
            Some(
                "claviger policy set --organization 7 --secret-lifetime-max 3600s --expiry-required true --secrets-max 2 \
                 --project-admins-create true --plain-text-basic true --name-pattern 'ci-[a-z]+' \
                 --allowed-addresses 10.0.0.0/8,127.0.0.1/32"
            )
        );
        let open = Form::of(&Policy::default()).command(organization).expect("a command");
        assert!(open.contains("--secret-lifetime-max none") && open.ends_with("--name-pattern none --any-address"));
        assert_eq!(Form { ranges: "10.0.0.0/33".to_owned(), ..Form::of(&policy()) }.command(organization), None);
    }

    #[test]
    fn each_field_is_read_and_told_what_is_wrong_with_it() {
        let typed = b"lifetime=other&days=90&secrets=3&project_admins_create=no&pattern=&ranges=10.0.0.0%2F8+192.0.2.1";
        let form = Form::typed(&Typed::parse(typed).expect("a form"));
        let change = form.change(&policy()).expect("a change");
        assert_eq!(change.secret_lifetime_max, Some(Lifetime::from_seconds(90 * DAY)));
        assert_eq!((change.expiry_required, change.project_admins_create), (Some(false), Some(false)));
        assert_eq!((change.plain_text_allowed, change.name_pattern), (Some(false), Some(None)));
        assert_eq!(change.addresses.map(|ranges| ranges.to_string()).as_deref(), Some("10.0.0.0/8 192.0.2.1/32"));
        let wrong = b"lifetime=other&days=many&secrets=11&pattern=(&ranges=10.0.0.1%2F8";
        let mistakes = Form::typed(&Typed::parse(wrong).expect("a form")).change(&policy()).expect_err("mistakes");
        let fields: Vec<_> = mistakes.each().iter().map(|mistake| mistake.field.as_str()).collect();
        assert_eq!(fields, ["lifetime", "secrets", "pattern", "ranges"]);
        assert!(mistakes.of("ranges").is_some_and(|text| text.contains("10.0.0.0/8")), "{:?}", mistakes.each());
    }

    #[test]
    fn the_lifetime_that_counts_can_be_chosen_again() {
        let chosen: Vec<_> = Form::of(&policy()).lifetimes().into_iter().filter(|choice| choice.is_chosen).collect();
        assert_eq!((chosen.len(), chosen[0].text.as_str()), (1, "1 hour"));
    }
}
