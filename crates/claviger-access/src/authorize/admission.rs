//! Who comes in: a presented credential that counts, and that may call as it does.
//!
//! Nothing is authorized here. What a stranger is told is the refusal alone; why he was refused, and whose name he gave,
//! is for the record of the organization whose account it is.

use std::fmt;
use std::net::IpAddr;

use super::{Caller, CredentialId, may_arrive, principal_of};
use crate::credential::{Presented, PresentedSession};
use crate::directory::{Authenticated, Directory, PrincipalView, Session};
use crate::expiry::Moment;
use crate::identity::{OrganizationId, PrincipalId, SessionId};
use crate::policy::Arrival;
use crate::refusal::Refusal;

/// A session that was not used for so long lets nobody in any more, in seconds.
pub const SESSION_IDLE_S: i64 = 2 * 60 * 60;

/// Why a credential does not let its bearer in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoAdmission {
    /// No account has ever had this username.
    UnknownUsername,
    /// The account has no such secret.
    WrongSecret,
    /// The account was deleted.
    AccountDeleted,
    /// The account is disabled; the secret is its own.
    AccountDisabled,
    /// The secret is the account's own, and disabled.
    SecretDisabled,
    /// The secret is the account's own, and has expired.
    SecretExpired,
    /// The secret is right, and its organization wants base64.
    PlainTextNotAllowed,
    /// The secret is right, and may not be used from this address.
    AddressNotAllowed,
}

impl NoAdmission {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::UnknownUsername,
        Self::WrongSecret,
        Self::AccountDeleted,
        Self::AccountDisabled,
        Self::SecretDisabled,
        Self::SecretExpired,
        Self::PlainTextNotAllowed,
        Self::AddressNotAllowed,
    ];

    /// For the record.
    pub const fn text(self) -> &'static str {
        match self {
            Self::UnknownUsername => "unknown_username",
            Self::WrongSecret => "wrong_secret",
            Self::AccountDeleted => "account_deleted",
            Self::AccountDisabled => "account_disabled",
            Self::SecretDisabled => "secret_disabled",
            Self::SecretExpired => "secret_expired",
            Self::PlainTextNotAllowed => "plain_text_not_allowed",
            Self::AddressNotAllowed => "address_not_allowed",
        }
    }

    /// Whether whoever was refused knows one of the account's secrets.
    pub const fn knew_the_secret(self) -> bool {
        !matches!(self, Self::UnknownUsername | Self::WrongSecret | Self::AccountDeleted)
    }
}

impl fmt::Display for NoAdmission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

/// A credential that was not let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAdmitted {
    /// The account that the username names, with its organization.
    pub account: Option<(PrincipalId, OrganizationId)>,
    /// Why, for the record.
    pub why: NoAdmission,
    /// What the caller is told.
    pub refusal: Refusal,
}

/// Lets in whoever presents a credential that counts, from where and in the form that his organization allows.
pub fn admit<'d>(
    directory: &'d Directory,
    presented: &Presented<'_>,
    address: Option<IpAddr>,
    now: Moment,
) -> Result<(Caller, Authenticated<'d>), NotAdmitted> {
    let authenticated = directory.authenticate(presented, now).map_err(|failed| NotAdmitted {
        account: failed.account,
        why: failed.why,
        refusal: Refusal::NotAuthenticated,
    })?;
    let (view, arrival) = (authenticated.principal, Arrival { address, form: Some(presented.form()) });
    may_arrive(directory, &view, arrival).map_err(|refusal| NotAdmitted {
        account: view.organization().map(|organization| (view.id(), organization)),
        why: match refusal {
            Refusal::PlainTextNotAllowed { .. } => NoAdmission::PlainTextNotAllowed,
            _ => NoAdmission::AddressNotAllowed,
        },
        refusal,
    })?;
    Ok((authenticated.caller(arrival), authenticated))
}

/// Lets in whoever presents the token of a session that lasts and does not lie idle. `last_seen` says when a session was
/// used last, if it was since it was begun: that is bookkeeping, and not in the directory.
pub fn admit_session<'d>(
    directory: &'d Directory,
    presented: &PresentedSession,
    address: Option<IpAddr>,
    last_seen: impl FnOnce(SessionId) -> Option<Moment>,
    now: Moment,
) -> Result<(Caller, PrincipalView<'d>), Refusal> {
    let session = directory.session(presented.named()).filter(|session| presented.opens(&session.digest));
    let session = session.ok_or(Refusal::NotAuthenticated)?;
    if lies_idle(session, last_seen(session.id), now) {
        return Err(Refusal::NotAuthenticated);
    }
    let (principal, credential) = (session.person, CredentialId::Session(session.id));
    let arrival = Arrival { address, form: None };
    let view = principal_of(directory, (principal, credential, arrival), now)?;
    Ok((Caller::Principal { principal, credential, arrival }, view))
}

/// Whether a session was not used for so long that it lets nobody in any more: from the very instant on.
pub fn lies_idle(session: &Session, last_seen: Option<Moment>, now: Moment) -> bool {
    let since = last_seen.map_or(session.begun, |seen| seen.max(session.begun));
    now.seconds().saturating_sub(since.seconds()) >= SESSION_IDLE_S
}
