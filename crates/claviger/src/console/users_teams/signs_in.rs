//! How somebody signs in, as the list of people tells it.

use claviger_access::Directory;
use claviger_access::identity::PrincipalId;

/// How.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::console) enum SignsIn {
    /// Whoever knows the password is in.
    PasswordOnly,
    /// A code is asked for as well.
    SecondFactor,
}

impl SignsIn {
    /// How this person does.
    pub(in crate::console) fn of(directory: &Directory, person: PrincipalId) -> Self {
        match directory.second_factor(person) {
            Some(_) => Self::SecondFactor,
            None => Self::PasswordOnly,
        }
    }

    pub(in crate::console) fn text(self) -> &'static str {
        match self {
            Self::PasswordOnly => "Password only",
            Self::SecondFactor => "Password and a code",
        }
    }

    /// Whether it is worth a warning.
    pub(in crate::console) fn is_weak(self) -> bool {
        self == Self::PasswordOnly
    }
}
