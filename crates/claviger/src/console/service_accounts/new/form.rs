//! What was typed into the form that creates an account, and what it stands for.

use claviger_access::administration::service_account::CreateServiceAccount;
use claviger_access::identity::{AccountName, PrincipalKind};
use claviger_access::ownership::{AccountDetails, Owner, OwnerId};
use claviger_access::role::{OrganizationRole, Role};
use claviger_access::text::{Description, TextError};
use claviger_access::{Refusal, effective};

use super::super::expiry::{self, Rules};
use super::rows::{Granted, Offered, Rows};
use crate::api::failure::status_of;
use crate::console::mistakes::Mistakes;
use crate::console::typed::Typed;
use crate::console::words;

/// What was typed, or is offered first.
pub(super) struct Form {
    pub name: String,
    pub role: String,
    pub rows: Rows,
    pub expiry: expiry::Asked,
    pub owner: String,
    pub description: String,
}

impl Form {
    /// As an address fills it in.
    pub(super) fn linked(asked: &Typed, rules: &Rules<'_>) -> Self {
        let role = Some(asked.one("role")).filter(|role| Role::parse(role).is_some());
        Self {
            name: asked.one("name").to_owned(),
            role: role.unwrap_or(Role::Consumer.name()).to_owned(),
            rows: Rows::linked(asked.all("project")),
            expiry: expiry::Asked::linked(asked.one("expires")).unwrap_or_else(|| expiry::Asked::first(rules)),
            owner: String::new(),
            description: String::new(),
        }
    }

    /// As it was sent.
    pub(super) fn of(typed: &Typed) -> Self {
        Self {
            name: typed.one("name").to_owned(),
            role: typed.one("role").to_owned(),
            rows: Rows::of(typed),
            expiry: expiry::Asked::of(typed),
            owner: typed.one("owner").trim().to_owned(),
            // Browsers send line breaks as two characters.
            description: typed.one("description").replace("\r\n", "\n"),
        }
    }

    /// Whether one of its buttons only turns it over: a row more or less, or a search.
    pub(super) fn is_turned(typed: &Typed) -> bool {
        ["add", "remove", "find", "look"].into_iter().any(|button| typed.has(button))
    }

    /// The role that counts where a row names none.
    pub(super) fn role(&self) -> Option<Role> {
        Role::parse(&self.role)
    }

    /// What is to be created, or all that has to be changed before.
    pub(super) fn command(
        &mut self,
        offered: &Offered<'_>,
        rules: &Rules<'_>,
    ) -> Result<CreateServiceAccount, Mistakes> {
        let mut mistakes = Mistakes::default();
        let name = self.account_name(rules, &mut mistakes);
        if self.role().is_none() {
            mistakes.add("role", "Choose a role.");
        }
        // Without a role above, rows without one would each say so again.
        let otherwise = self.role().or(Some(Role::Consumer));
        let Granted { projects, workspaces } = self.rows.granted(offered, otherwise, &mut mistakes);
        let expires = self.expiry.requested(rules).and_then(|end| end.ok_or_else(|| "Choose when it ends.".to_owned()));
        let expires = expires.map_err(|told| mistakes.add(expiry::FIELD, told)).ok();
        let owner = self.owner(offered, &mut mistakes);
        let description = Description::parse(&self.description);
        let description = description.map_err(|error| mistakes.add("description", format!("This text {error}."))).ok();
        match (name, expires, owner, description) {
            (Some(name), Some(expires), Some(owner), Some(description)) if mistakes.is_empty() => {
                let organization = offered.organization.id;
                let description = description.map(|text| text.as_str().to_owned());
                let details = AccountDetails { owner, description, ..AccountDetails::default() };
                let organization_role = OrganizationRole::Member;
                Ok(CreateServiceAccount {
                    organization,
                    name,
                    organization_role,
                    projects,
                    workspaces,
                    expires,
                    details,
                })
            }
            _ => Err(mistakes),
        }
    }

    fn account_name(&mut self, rules: &Rules<'_>, mistakes: &mut Mistakes) -> Option<AccountName> {
        match AccountName::parse(&self.name) {
            Ok(name) => match rules.policy.permits_name(&name, rules.organization) {
                Ok(()) => Some(name),
                Err(refusal) => {
                    mistakes.add_with(status_of(&refusal), "name", refused_name(&refusal, rules)?);
                    None
                }
            },
            Err(error) => {
                mistakes.add("name", told_of_name(&self.name, &error));
                if error == TextError::Secret {
                    self.name.clear();
                }
                None
            }
        }
    }

    /// A person of the organization by e-mail address, or a team by name; nobody in particular for nothing.
    fn owner(&self, offered: &Offered<'_>, mistakes: &mut Mistakes) -> Option<Owner> {
        if self.owner.is_empty() {
            return Some(Owner::Creator);
        }
        let (directory, organization) = (offered.directory, offered.organization);
        let people = organization.people.iter().filter_map(|id| directory.person(*id));
        let person = people
            .filter(|person| person.email.as_str().eq_ignore_ascii_case(&self.owner))
            .find(|person| {
                effective::member(directory, organization.id, person.id)
                    .is_some_and(|member| member.kind() == PrincipalKind::Person)
            })
            .map(|person| OwnerId::Person(person.id));
        let mut teams = organization.teams.iter().filter_map(|id| directory.team(*id));
        let team = teams.find(|team| team.name.to_lowercase() == self.owner.to_lowercase());
        let owner = person.or(team.map(|team| OwnerId::Team(team.id)));
        if owner.is_none() {
            let name = &organization.name;
            mistakes.add("owner", format!("Nobody in {name} has this address, and no team of it this name."));
        }
        owner.map(Owner::Chosen)
    }

    /// The field that a refusal is about, and what it is told there; `None` for what is about none.
    pub(super) fn blamed(refusal: &Refusal, offered: &Offered<'_>, rules: &Rules<'_>) -> Option<Mistakes> {
        let (field, told) = match refusal {
            Refusal::NameNotAllowed { .. } | Refusal::NameExhausted { .. } => ("name", refused_name(refusal, rules)?),
            Refusal::NoSuchMember { .. } | Refusal::NoSuchTeam { .. } => {
                ("owner", format!("It is not in {} any more.", offered.organization.name))
            }
            Refusal::NoSuchProject { .. }
            | Refusal::NoWorkspaceOfYours { .. }
            | Refusal::NoSuchRole { .. }
            | Refusal::RoleAboveOwn { .. } => ("access", "This has changed meanwhile. Look at it again.".to_owned()),
            other => (expiry::FIELD, rules.refused(other)?),
        };
        let mut mistakes = Mistakes::default();
        mistakes.add_with(status_of(refusal), field, told);
        Some(mistakes)
    }
}

fn refused_name(refusal: &Refusal, rules: &Rules<'_>) -> Option<String> {
    match refusal {
        Refusal::NameNotAllowed { pattern, .. } => {
            Some(format!("The rules of {} ask for names like {pattern}.", rules.name))
        }
        Refusal::NameExhausted { .. } => Some("Too many accounts have had this name. Choose another.".to_owned()),
        _ => None,
    }
}

/// What is told of a name that cannot be one.
pub(in super::super) fn told_of_name(typed: &str, error: &TextError) -> String {
    match error {
        TextError::Empty => "Give it a name.".to_owned(),
        TextError::NotInName { character } => {
            let shown = match character {
                '/' => "a slash".to_owned(),
                '\\' => "a backslash".to_owned(),
                ':' => "a colon".to_owned(),
                ',' => "a comma".to_owned(),
                '+' => "a plus sign".to_owned(),
                '\t' => "a tab".to_owned(),
                seen if seen.is_alphanumeric() || seen.is_ascii_graphic() => format!("“{seen}”"),
                _ => format!("the character U+{:04X}", u32::from(*character)),
            };
            let start: String = typed.trim().chars().take(AccountName::LENGTH_MAX).collect();
            format!("Use letters, digits, spaces and _ - . @ only. “{start}” contains {shown}.")
        }
        TextError::TooLong { length_max } => format!("Use at most {length_max} characters."),
        TextError::Secret => {
            "This looks like a secret. Give it a name, and revoke the secret if others have seen it.".to_owned()
        }
        other => words::sentence(&format!("the name {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_cannot_be_one_is_told_why() {
        let told = |typed: &str| AccountName::parse(typed).map_err(|error| told_of_name(typed, &error)).err();
        assert_eq!(told(" ").as_deref(), Some("Give it a name."));
        assert_eq!(
            told("nightly/export").as_deref(),
            Some("Use letters, digits, spaces and _ - . @ only. “nightly/export” contains a slash.")
        );
        assert!(told("nächtlich").is_some_and(|told| told.ends_with("contains “ä”.")));
        assert!(told("a\u{202e}b").is_some_and(|told| told.ends_with("contains the character U+202E.")));
        assert_eq!(told(&"x".repeat(129)).as_deref(), Some("Use at most 128 characters."));
        assert_eq!(told("nightly export"), None);
    }
}
