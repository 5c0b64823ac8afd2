//! How somebody signs in, as the list of people tells it.

use claviger_access::Directory;
use claviger_access::identity::PrincipalId;

/// How.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::console) enum SignsIn {
    /// Whoever knows the password is in.
    PasswordOnly,
}

impl SignsIn {
    /// How this person does.
    pub(in crate::console) fn of(_: &Directory, _: PrincipalId) -> Self {
        Self::PasswordOnly
    }

    pub(in crate::console) fn text(self) -> &'static str {
        match self {
            Self::PasswordOnly => "Password only",
        }
    }

    /// Whether it is worth a warning.
    pub(in crate::console) fn is_weak(self) -> bool {
        match self {
            Self::PasswordOnly => true,
        }
    }
}
