//! What a role's form holds as it was sent.

use claviger_access::permission::{PermissionError, PermissionName, PermissionSet};
use claviger_access::text::{Description, DisplayName, holds_secret};

use super::super::mistakes::{self, Mistakes};
use crate::console::typed::Typed;

/// A name that is not a permission is repeated up to so many characters.
const REPEATED_LENGTH_MAX: usize = 60;

/// A role as it was typed, whatever is wrong with it.
#[derive(Default)]
pub(super) struct Sent {
    pub name: String,
    pub description: String,
    /// What was ticked, and what of the lines can be read.
    pub permissions: PermissionSet,
    /// The lines as they were typed.
    pub own: String,
}

/// A role that can be written.
pub(super) struct Read {
    pub name: DisplayName,
    pub description: Option<Description>,
}

impl Sent {
    /// What was sent. Lines that are no permission are told.
    pub(super) fn of(typed: &Typed, mistakes: &mut Mistakes) -> Self {
        let mut permissions = PermissionSet::default();
        for name in typed.all("permission") {
            match PermissionName::parse(name) {
                Ok(permission) => permissions.insert(permission),
                Err(error) => mistakes.add("permissions", message(name, &error)),
            }
        }
        let own = typed.one("own").replace("\r\n", "\n");
        let mut wrong = None;
        for line in own.split([' ', ',', '\n']).map(str::trim).filter(|line| !line.is_empty()) {
            match PermissionName::parse(line) {
                Ok(permission) => permissions.insert(permission),
                Err(error) => wrong = wrong.or(Some(message(line, &error))),
            }
        }
        if let Some(message) = wrong {
            mistakes.add("own", message);
        }
        Self { name: typed.one("name").to_owned(), description: typed.one("description").to_owned(), permissions, own }
    }

    /// As a page shows it again: nothing where a secret was pasted into the wrong field.
    pub(super) fn shown(&self) -> Self {
        let shown = |text: &str| if holds_secret(text) { String::new() } else { text.to_owned() };
        Self {
            name: shown(&self.name),
            description: shown(&self.description),
            permissions: self.permissions.clone(),
            own: shown(&self.own),
        }
    }

    /// Its name and description, or what is wrong with them.
    pub(super) fn read(&self, mistakes: &mut Mistakes) -> Option<Read> {
        let name = DisplayName::parse(&self.name).map_err(|error| mistakes::text(&error));
        let description = Description::parse(&self.description.replace("\r\n", "\n"));
        let description = description.map_err(|error| mistakes::text(&error));
        let (name, description) = (mistakes.take("name", name), mistakes.take("description", description));
        let (name, description) = name.zip(description)?;
        mistakes.is_empty().then_some(Read { name, description })
    }
}

fn message(name: &str, error: &PermissionError) -> String {
    let repeated: String = name.chars().filter(|c| !c.is_control()).take(REPEATED_LENGTH_MAX).collect();
    match error {
        PermissionError::Form { .. } => {
            format!(
                "“{repeated}” is no permission. Write a noun and a verb with a colon between, such as reports:export."
            )
        }
        PermissionError::Reserved { noun } => {
            format!("“{repeated}” begins like a permission of Claviger’s own. Choose another noun than {noun}.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(form: &str) -> (Vec<String>, Option<String>) {
        let mut mistakes = Mistakes::of("changed");
        let sent = Sent::of(&Typed::parse(form.as_bytes()).expect("a form"), &mut mistakes);
        let names = sent.permissions.names().map(|name| name.as_str().to_owned()).collect();
        (names, mistakes.at("own").or(mistakes.at("permissions")).map(str::to_owned))
    }

    #[test]
    fn ticks_and_lines_add_up() {
        let form = "permission=data:read&permission=audit:read&own=reports:export%0D%0A%0D%0Acases:close";
        assert_eq!(sent(form).0, ["data:read", "audit:read", "cases:close", "reports:export"]);
        assert_eq!(sent(form).1, None);
    }

    #[test]
    fn what_is_no_permission_is_told() {
        assert!(sent("own=export").1.is_some_and(|message| message.starts_with("“export” is no permission.")));
        let reserved = sent("own=audit:write").1.expect("a mistake");
        assert!(reserved.ends_with("Choose another noun than audit."), "{reserved}");
        assert!(sent("permission=x").1.is_some());
    }
}
