//! Permissions of the installation's own, such as `reports:export`.
//!
//! Claviger guards other people's APIs: it keeps such a permission in custom roles and answers for it in checks, and
//! gives it no meaning.

use std::fmt;
use std::sync::Arc;

use super::Permission;

/// A permission that the installation made up: a noun, a colon, a verb.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OwnPermission(Arc<str>);

/// Why a text is no permission.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PermissionError {
    /// Not of the form.
    #[error(
        "is no permission; write a noun and a verb with a colon between, such as reports:export: small ASCII letters, digits, _ . and -, each beginning with a letter, at most {length_max} characters in all"
    )]
    Form {
        /// Most characters.
        length_max: usize,
    },
    /// Begins like the catalogue's, and is none of them.
    #[error("is not in the catalogue, whose noun {noun} it has; choose another noun for a permission of your own")]
    Reserved {
        /// The noun.
        noun: String,
    },
}

impl OwnPermission {
    /// Most characters.
    pub const LENGTH_MAX: usize = 100;

    /// The name as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OwnPermission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A permission by name: of the catalogue, or of the installation's own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum PermissionName {
    /// One that Claviger knows the meaning of.
    OfCatalogue(Permission),
    /// One that it only keeps.
    Own(OwnPermission),
}

impl PermissionName {
    /// Reads a name. What has a noun of the catalogue must be in the catalogue, so that a permission that is added to it
    /// later is nobody's already; `data` alone is shared, for more than reading and writing in general.
    pub fn parse(text: &str) -> Result<Self, PermissionError> {
        if let Some(known) = Permission::parse(text) {
            return Ok(Self::OfCatalogue(known));
        }
        let form = PermissionError::Form { length_max: OwnPermission::LENGTH_MAX };
        let Some((noun, verb)) = text.split_once(':') else { return Err(form) };
        if text.len() > OwnPermission::LENGTH_MAX || !is_word(noun) || !is_word(verb) {
            return Err(form);
        }
        let reserved = |permission: &Permission| permission.noun() == noun && noun != Permission::DataRead.noun();
        if Permission::ALL.iter().any(reserved) {
            return Err(PermissionError::Reserved { noun: noun.to_owned() });
        }
        Ok(Self::Own(OwnPermission(text.into())))
    }

    /// One of the installation's own, as it was stored: it stays what it was when the catalogue grows.
    pub fn own_as_stored(text: &str) -> Option<Self> {
        let (noun, verb) = text.split_once(':')?;
        let fits = text.len() <= OwnPermission::LENGTH_MAX && is_word(noun) && is_word(verb);
        fits.then(|| Self::Own(OwnPermission(text.into())))
    }

    /// Its name.
    pub fn as_str(&self) -> &str {
        match self {
            Self::OfCatalogue(permission) => permission.name(),
            Self::Own(own) => own.as_str(),
        }
    }
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_.-".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_the_catalogue_is_that_and_another_one_own() {
        assert!(
            Permission::ALL
                .iter()
                .all(|known| { PermissionName::parse(known.name()) == Ok(PermissionName::OfCatalogue(*known)) })
        );
        for own in ["reports:export", "data:sensitive", "a:b", "billing-api.v2:read_all"] {
            let read = PermissionName::parse(own);
            assert_eq!(read, Ok(PermissionName::Own(OwnPermission(own.into()))));
        }
    }

    #[test]
    fn what_has_another_form_or_a_noun_of_the_catalogue_is_refused() {
        let long = format!("{}:b", "a".repeat(99));
        for text in ["", ":", "a", "a:", ":b", "A:b", "a:B", "a b:c", "a:b:c", "1:a", "a:\u{e9}", "a:b\n", &long] {
            let form = PermissionError::Form { length_max: 100 };
            assert_eq!(PermissionName::parse(text), Err(form), "{text:?}");
        }
        let reserved = PermissionError::Reserved { noun: "audit".to_owned() };
        assert_eq!(PermissionName::parse("audit:write"), Err(reserved));
    }
}
