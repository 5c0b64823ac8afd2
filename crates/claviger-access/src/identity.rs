//! Who and what there is: typed ids, usernames, kinds of principals.
//!
//! Ids of different things never compare, and a number that could not be an id never becomes one. All ids come from one
//! counter ([`Directory::next_id`](crate::Directory::next_id)) and are never used again, also after a deletion.

use std::fmt;
use std::num::NonZeroU64;

use crate::text::{TextError, is_no_secret};

/// One more than the greatest id: clients read ids as doubles, which hold whole numbers exactly below 2^53.
pub const ID_END: u64 = 1 << 53;

macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident;)*) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(NonZeroU64);

        impl $name {
            /// The id with this number; `None` where no id can have it (0, or not below [`ID_END`]).
            pub const fn new(number: u64) -> Option<Self> {
                if number >= ID_END {
                    return None;
                }
                match NonZeroU64::new(number) {
                    Some(number) => Some(Self(number)),
                    None => None,
                }
            }

            /// The id that was put away as this number.
            #[allow(dead_code, reason = "not each kind of id is packed")]
            pub(crate) const fn again(number: NonZeroU64) -> Self {
                Self(number)
            }

            /// The number, to be put away.
            #[allow(dead_code, reason = "not each kind of id is packed")]
            pub(crate) const fn nonzero(self) -> NonZeroU64 {
                self.0
            }

            /// The number, as it stands on the wire and in the store.
            pub const fn number(self) -> u64 {
                self.0.get()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

ids! {
    /// An organization: holds projects, and owns service accounts.
    OrganizationId;
    /// A project of one organization.
    ProjectId;
    /// A workspace of one project.
    WorkspaceId;
    /// Somebody or something that can be granted a role: a person or a service account.
    PrincipalId;
    /// A secret of one principal.
    SecretId;
    /// One role, given to one holder, in one scope.
    GrantId;
    /// A team of one organization.
    TeamId;
    /// A role that one project made for itself.
    CustomRoleId;
    /// An invitation to join one organization.
    InvitationId;
    /// A person who has signed in, on one browser.
    SessionId;
}

/// What a principal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum PrincipalKind {
    /// A human being. Exists once in an installation; belongs to organizations through grants.
    Person = 1,
    /// An identity for a script or a service. Belongs to exactly one organization.
    ServiceAccount = 2,
}

/// What the creator of a service account typed: the first part of its [`Username`].
///
/// ASCII only, since HTTP clients disagree on how to send anything else in Basic (Python `requests` encodes as Latin-1,
/// curl and httpx as UTF-8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountName(String);

impl AccountName {
    /// Most characters after trimming.
    pub const LENGTH_MAX: usize = 128;

    /// Reads what was typed: trims it, and turns spaces into `_`.
    pub fn parse(typed: &str) -> Result<Self, TextError> {
        let trimmed = typed.trim_matches(' ');
        if trimmed.is_empty() {
            return Err(TextError::Empty);
        }
        if trimmed.len() > Self::LENGTH_MAX {
            return Err(TextError::TooLong { length_max: Self::LENGTH_MAX });
        }
        match trimmed.chars().find(|c| !(c.is_ascii_alphanumeric() || "_-.@ ".contains(*c))) {
            Some(character) => Err(TextError::NotInName { character }),
            None => {
                let name = trimmed.replace(' ', "_");
                is_no_secret(&name)?;
                Ok(Self(name))
            }
        }
    }

    /// The name as it stands in the username.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The last part of every username of an installation, `service-account` unless the operator chose another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsernameSuffix(String);

impl UsernameSuffix {
    /// Most characters.
    pub const LENGTH_MAX: usize = 64;

    /// Reads a suffix. No dot, since clients take the last two parts between dots off to find the name.
    pub fn parse(typed: &str) -> Result<Self, TextError> {
        if typed.is_empty() {
            return Err(TextError::Empty);
        }
        if typed.len() > Self::LENGTH_MAX {
            return Err(TextError::TooLong { length_max: Self::LENGTH_MAX });
        }
        match typed.chars().find(|c| !(c.is_ascii_alphanumeric() || "_-".contains(*c))) {
            Some(character) => Err(TextError::NotInSuffix { character }),
            None => Ok(Self(typed.to_owned())),
        }
    }

    /// The suffix, without a dot.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for UsernameSuffix {
    fn default() -> Self {
        Self("service-account".to_owned())
    }
}

/// What a platform calls a project by, in place of its id: its own identifier, unique in the installation.
///
/// It stands in paths and in configuration, so there is one way to write it, and none is a number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProjectSlug(String);

impl ProjectSlug {
    /// Most characters.
    pub const LENGTH_MAX: usize = 63;

    /// Reads one, as it is: nothing is trimmed, and no case is changed.
    pub fn parse(typed: &str) -> Result<Self, TextError> {
        let Some(first) = typed.chars().next() else { return Err(TextError::Empty) };
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        if let Some(character) = typed.chars().find(|c| !(is_plain(*c) || "-_.".contains(*c))) {
            return Err(TextError::NotInSlug { character });
        }
        if typed.len() > Self::LENGTH_MAX {
            return Err(TextError::TooLong { length_max: Self::LENGTH_MAX });
        }
        if !is_plain(first) {
            return Err(TextError::SlugBegin { character: first });
        }
        if typed.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(TextError::SlugIsNumber);
        }
        Ok(Self(typed.to_owned()))
    }

    /// The slug.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProjectSlug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A full username: `<name>.<6 hex>.<suffix>`, unique in the installation and never given out twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Username(String);

impl Username {
    /// Puts a username together; the three bytes become the six hex digits.
    pub fn compose(name: &AccountName, distinction: [u8; 3], suffix: &UsernameSuffix) -> Self {
        let [a, b, c] = distinction;
        Self(format!("{}.{a:02x}{b:02x}{c:02x}.{}", name.as_str(), suffix.as_str()))
    }

    /// Whether the text has a username's form. What a stranger presents may be logged only if it has.
    pub fn is_well_formed(text: &str) -> bool {
        let mut parts = text.rsplitn(3, '.');
        let (Some(suffix), Some(hex), Some(name)) = (parts.next(), parts.next(), parts.next()) else {
            return false;
        };
        let lower_hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        hex.len() == 6
            && hex.chars().all(lower_hex)
            && UsernameSuffix::parse(suffix).is_ok()
            && AccountName::parse(name).is_ok_and(|parsed| parsed.as_str() == name)
    }

    /// The username.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_positive_and_below_two_to_the_53() {
        assert_eq!(ProjectId::new(0), None);
        assert_eq!(ProjectId::new(ID_END), None);
        assert_eq!(ProjectId::new(ID_END - 1).map(ProjectId::number), Some(ID_END - 1));
        assert_eq!(size_of::<Option<ProjectId>>(), 8);
    }

    #[test]
    fn a_name_is_trimmed_and_its_spaces_become_underscores() {
        fn name(typed: &str) -> Result<String, TextError> {
            AccountName::parse(typed).map(|name| name.as_str().to_owned())
        }
        assert_eq!(name("  nightly export "), Ok("nightly_export".to_owned()));
        assert_eq!(name("a.b@c-d_e9"), Ok("a.b@c-d_e9".to_owned()));
        assert_eq!(name("   "), Err(TextError::Empty));
        assert_eq!(name("nightly/export"), Err(TextError::NotInName { character: '/' }));
        assert_eq!(name("nächtlich"), Err(TextError::NotInName { character: 'ä' }));
        assert_eq!(name("a\tb"), Err(TextError::NotInName { character: '\t' }));
        assert!(name(&"x".repeat(128)).is_ok());
        assert_eq!(name(&"x".repeat(129)), Err(TextError::TooLong { length_max: 128 }));
    }

    #[test]
    fn a_username_can_be_told_from_anything_else() {
        let username = Username::compose(
            &AccountName::parse("a.b").expect("a name"),
            [0xb2, 0xf9, 0xed],
            &UsernameSuffix::default(),
        );
        assert_eq!(username.as_str(), "a.b.b2f9ed.service-account");
        assert!(Username::is_well_formed(username.as_str()));
        for other in ["", "a", "a.b", "a.B2F9ED.x", "a.b2f9e.x", ".b2f9ed.x", "a b.b2f9ed.x", "a.b2f9ed.", "a.b2f9ed.ü"]
        {
            assert!(!Username::is_well_formed(other), "{other}");
        }
    }

    #[test]
    fn a_slug_is_written_in_one_way_and_is_no_number() {
        for slug in ["shop", "web-shop", "eu.shop_2", "7a", "0x", "a", &"a".repeat(63)] {
            assert_eq!(ProjectSlug::parse(slug).map(|slug| slug.to_string()), Ok(slug.to_owned()));
        }
        for (typed, error) in [
            ("", TextError::Empty),
            ("Shop", TextError::NotInSlug { character: 'S' }),
            (" shop", TextError::NotInSlug { character: ' ' }),
            ("a/b", TextError::NotInSlug { character: '/' }),
            ("é", TextError::NotInSlug { character: 'é' }),
            ("-shop", TextError::SlugBegin { character: '-' }),
            ("..", TextError::SlugBegin { character: '.' }),
            ("17", TextError::SlugIsNumber),
            ("007", TextError::SlugIsNumber),
            (&*"a".repeat(64), TextError::TooLong { length_max: 63 }),
        ] {
            assert_eq!(ProjectSlug::parse(typed), Err(error), "{typed}");
        }
    }

    #[test]
    fn a_suffix_has_no_dot() {
        assert_eq!(UsernameSuffix::parse("mp.service"), Err(TextError::NotInSuffix { character: '.' }));
        assert!(UsernameSuffix::parse("mp-service-account").is_ok());
    }
}
