//! The secrets of a service account: one more, one in place of another, one less.
//!
//! An account may hold several that count at the same time, so that who uses it can change over without a gap. One that
//! has ended stays listed until the next is made, which clears it away; it never comes back. What must stay true: nobody
//! makes a secret for an account that holds more than he does, and no secret prolongs itself.

use super::holding::Gathered;
use super::last_owner;
use super::service_account::{RequestedExpiry, end, find};
use super::standing::Standing;
use crate::authorize::{Basis, Caller, ManageSecrets, Permit, Scope, authorize, manage_own_secrets};
use crate::change::{Change, SecretChange};
use crate::credential::Secret;
use crate::decision::{Decided, Decision};
use crate::directory::{Draft, HeldSecret, PrincipalView};
use crate::event::{Event, EventName, Target};
use crate::expiry::{Expiry, Moment};
use crate::identity::{OrganizationId, PrincipalId, SecretId};
use crate::random_bytes::RandomBytes;
use crate::refusal::Refusal;
use crate::text::DisplayName;

/// So long a replaced secret goes on at most.
pub const GRACE_SECONDS_MAX: u64 = 90 * 24 * 60 * 60;

/// One more secret.
pub struct CreateSecret {
    /// Whose account.
    pub organization: OrganizationId,
    /// For which account.
    pub account: PrincipalId,
    /// What it is called.
    pub name: Option<DisplayName>,
    /// When it ends.
    pub expires: RequestedExpiry,
}

/// What is to be different; what is `None` stays.
pub struct ChangeSecret {
    /// Whose account.
    pub organization: OrganizationId,
    /// Whose secret.
    pub account: PrincipalId,
    /// Which.
    pub secret: SecretId,
    /// What it is called; `Some(None)` takes the name away.
    pub name: Option<Option<DisplayName>>,
    /// When it ends.
    pub expires: Option<RequestedExpiry>,
    /// Whether it is refused, though it is there.
    pub disabled: Option<bool>,
}

/// A new secret in place of another, which goes on for a while.
pub struct RotateSecret {
    /// Whose account.
    pub organization: OrganizationId,
    /// For which account.
    pub account: PrincipalId,
    /// Which is replaced; `None` for the one that the account itself came with, or else its newest.
    pub secret: Option<SecretId>,
    /// So long the replaced one goes on, unless it ends before; 0 ends it at once.
    pub grace_seconds: u64,
    /// What the new one is called.
    pub name: Option<DisplayName>,
    /// When the new one ends; `None` for when the replaced one would have.
    pub expires: Option<RequestedExpiry>,
}

/// A secret that was made. It is in clear here and nowhere else.
#[derive(Debug)]
pub struct NewSecret {
    /// Its id.
    pub id: SecretId,
    /// What it is called.
    pub name: Option<String>,
    /// To be shown once.
    pub secret: Secret,
    /// When it was made.
    pub created: Moment,
    /// When it ends.
    pub expires: Expiry,
}

/// A new secret, and the one that it replaces.
#[derive(Debug)]
pub struct Rotated {
    /// The new one.
    pub new: NewSecret,
    /// The other one.
    pub replaced: SecretId,
    /// When that ends.
    pub replaced_expires: Expiry,
}

/// Makes one more secret for an account.
pub fn create(
    draft: &Draft,
    caller: &Caller,
    command: &CreateSecret,
    moment: Moment,
    mut random: RandomBytes,
) -> Result<Decided<NewSecret>, Refusal> {
    let organization = command.organization;
    let permit = authorize::<ManageSecrets>(draft, caller, Scope::Organization(organization), moment)?;
    let account = find(draft, organization, command.account)?;
    Standing::new(draft, caller, organization).may_change(&account)?;
    draft.refuse_repetition()?;
    let expires = command.expires.decide(moment)?;
    draft.policy_of(organization).permits_end(expires, moment, organization)?;
    has_room(draft, organization, &account, None, moment)?;
    let (new, mut changes) = make(draft, &account, command.name.as_ref(), expires, moment, &mut random)?;
    let event = told(about(&permit, EventName::ServiceAccountSecretCreated, &account), &new);
    let event = clear_ended(event, &account, moment, &mut changes);
    Ok(Decided::Write(Decision::new(event, changes), new))
}

/// Makes a secret in place of another, which goes on for the time of grace.
pub fn rotate(
    draft: &Draft,
    caller: &Caller,
    command: &RotateSecret,
    moment: Moment,
    mut random: RandomBytes,
) -> Result<Decided<Rotated>, Refusal> {
    let organization = command.organization;
    let (permit, account) = permitted(draft, caller, organization, command.account, moment)?;
    draft.refuse_repetition()?;
    if command.grace_seconds > GRACE_SECONDS_MAX {
        return Err(Refusal::GraceTooLong { limit: GRACE_SECONDS_MAX });
    }
    let replaced = to_be_replaced(caller, &permit, &account, command.secret)?;
    let expires = match command.expires {
        Some(expires) => expires.decide(moment)?,
        None if replaced.expires.has_passed(moment) => return Err(Refusal::ExpiryNotLater),
        None => draft.policy_of(organization).bounded(replaced.expires, moment),
    };
    may_end_then(draft, organization, &account, expires, moment)?;
    if permit.through() == Basis::Oneself && expires > replaced.expires {
        return Err(Refusal::ExpiryBeyondOwn);
    }
    let grace_ends = Expiry::from(moment.plus_seconds(command.grace_seconds));
    let replaced_expires = grace_ends.min(replaced.expires);
    let replaced_now = replaced_expires.has_passed(moment).then_some(replaced.id());
    has_room(draft, organization, &account, replaced_now, moment)?;
    let replaced_counts = (!replaced.is_disabled()).then_some(replaced_expires);
    let ends = ends_but_of(&account, replaced).chain([expires]).chain(replaced_counts);
    last_owner::may_end(draft, organization, &account, ends)?;
    let (new, mut changes) = make(draft, &account, command.name.as_ref(), expires, moment, &mut random)?;
    if replaced_expires != replaced.expires {
        let principal = account.id();
        changes.push(Change::SecretExpiryChanged { id: replaced.id(), principal, expires: replaced_expires });
    }
    let event = about(&permit, EventName::ServiceAccountSecretRotated, &account)
        .before("secret", replaced.id())
        .before("expires", end(replaced.expires));
    let event = told(event, &new).after("replaced_expires", end(replaced_expires));
    let event = clear_ended(event, &account, moment, &mut changes);
    let rotated = Rotated { new, replaced: replaced.id(), replaced_expires };
    Ok(Decided::Write(Decision::new(event, changes), rotated))
}

/// Gives a secret another name or another end, or says whether it counts.
pub fn change(draft: &Draft, caller: &Caller, command: &ChangeSecret, moment: Moment) -> Result<Decided<()>, Refusal> {
    let organization = command.organization;
    let permit = authorize::<ManageSecrets>(draft, caller, Scope::Organization(organization), moment)?;
    let account = find(draft, organization, command.account)?;
    Standing::new(draft, caller, organization).may_change(&account)?;
    let secret = find_secret(&account, command.secret)?;
    let mut done = Gathered::default();
    let expires = command.expires.map(|expires| expires.decide(moment)).transpose()?;
    let expires = expires.filter(|expires| *expires != secret.expires);
    if expires.is_some() && secret.expires.has_passed(moment) {
        return Err(Refusal::SecretEnded { secret: secret.id() });
    }
    if let Some(expires) = expires {
        draft.policy_of(organization).permits_change((secret.expires, expires), moment, organization)?;
    }
    rename_or_end(&permit, &account, secret, command.name.as_ref(), expires, &mut done);
    let disabled = command.disabled.filter(|disabled| *disabled != secret.is_disabled());
    if let Some(disabled) = disabled {
        let name = match disabled {
            true => EventName::ServiceAccountSecretDisabled,
            false => EventName::ServiceAccountSecretEnabled,
        };
        let (id, principal) = (secret.id(), account.id());
        let event = about(&permit, name, &account).after("secret", id);
        done.add(event, [Change::Secret(SecretChange::Disabled { id, principal, disabled })]);
    }
    if expires.is_some() || disabled.is_some() {
        let counts = !disabled.unwrap_or(secret.is_disabled());
        let end = counts.then_some(expires.unwrap_or(secret.expires));
        last_owner::may_end(draft, organization, &account, ends_but_of(&account, secret).chain(end))?;
    }
    Ok(done.decided())
}

/// One event for both, where there is anything to do.
fn rename_or_end(
    permit: &Permit<ManageSecrets>,
    account: &PrincipalView<'_>,
    secret: &HeldSecret,
    name: Option<&Option<DisplayName>>,
    expires: Option<Expiry>,
    done: &mut Gathered,
) {
    let (id, principal) = (secret.id(), account.id());
    let mut event = about(permit, EventName::ServiceAccountSecretChanged, account).before("secret", id);
    let mut changes = Vec::new();
    if let Some(expires) = expires {
        event = event.before("expires", end(secret.expires)).after("expires", end(expires));
        changes.push(Change::SecretExpiryChanged { id, principal, expires });
    }
    if let Some(name) = name {
        let name = name.as_ref().map(|name| name.as_str().to_owned());
        event = event.after("name", name.as_deref().unwrap_or_default());
        changes.push(Change::Secret(SecretChange::Named { id, principal, name }));
    }
    if !changes.is_empty() {
        done.add(event, changes);
    }
}

/// Takes a secret away: it is refused from now on.
pub fn revoke(
    draft: &Draft,
    caller: &Caller,
    organization: OrganizationId,
    account: PrincipalId,
    secret: SecretId,
    moment: Moment,
) -> Result<Decided<()>, Refusal> {
    let (permit, account) = permitted(draft, caller, organization, account, moment)?;
    let secret = find_secret(&account, secret)?;
    last_owner::may_end(draft, organization, &account, ends_but_of(&account, secret))?;
    let event = about(&permit, EventName::ServiceAccountSecretRevoked, &account)
        .before("secret", secret.id())
        .before("expires", end(secret.expires));
    let change = Change::Secret(SecretChange::Revoked { id: secret.id(), principal: account.id() });
    Ok(Decided::Write(Decision::new(event, vec![change]), ()))
}

/// The changes by which an account ends at this moment: the newest secret that has not ended does, and no other lives longer.
/// None gets longer beside it, and what has ended gets no other end: what was replaced must not come back.
pub(super) fn ending_with(
    draft: &Draft,
    organization: OrganizationId,
    account: &PrincipalView<'_>,
    expires: Expiry,
    moment: Moment,
) -> Result<Vec<Change>, Refusal> {
    let lasting = || account.secrets().iter().filter(|secret| !secret.expires.has_passed(moment));
    let newest = lasting().next_back().ok_or(Refusal::AccountEnded { account: account.id() })?;
    if newest.expires != expires {
        draft.policy_of(organization).permits_change((newest.expires, expires), moment, organization)?;
    }
    let ends = lasting().map(|secret| {
        let end = if secret.id() == newest.id() { expires } else { secret.expires.min(expires) };
        (secret, end)
    });
    let differing = ends.filter(|(secret, expires)| secret.expires != *expires);
    let change = |(secret, expires): (&HeldSecret, Expiry)| Change::SecretExpiryChanged {
        id: secret.id(),
        principal: account.id(),
        expires,
    };
    Ok(differing.map(change).collect())
}

/// A permit for an account's own secrets: for who manages accounts and stands as high, and for the account itself.
fn permitted<'d>(
    draft: &'d Draft,
    caller: &Caller,
    organization: OrganizationId,
    account: PrincipalId,
    moment: Moment,
) -> Result<(Permit<ManageSecrets>, PrincipalView<'d>), Refusal> {
    let permit = manage_own_secrets(draft, caller, organization, account, moment)?;
    let account = find(draft, organization, account)?;
    if permit.through() != Basis::Oneself {
        Standing::new(draft, caller, organization).may_change(&account)?;
    }
    Ok((permit, account))
}

/// When those secrets end that may be used, but for one.
fn ends_but_of<'d>(account: &PrincipalView<'d>, but: &'d HeldSecret) -> impl Iterator<Item = Expiry> + use<'d> {
    let others = account.secrets().iter().filter(|other| other.id() != but.id() && !other.is_disabled());
    others.map(|other| other.expires)
}

fn find_secret<'d>(account: &PrincipalView<'d>, secret: SecretId) -> Result<&'d HeldSecret, Refusal> {
    account.secret(secret).ok_or(Refusal::NoSuchSecret { secret, account: account.id() })
}

/// The secret that was named; or else the one that the account came with, if it asks itself; or else its newest. Who
/// has no other permission replaces only what he came with.
fn to_be_replaced<'d>(
    caller: &Caller,
    permit: &Permit<ManageSecrets>,
    account: &PrincipalView<'d>,
    named: Option<SecretId>,
) -> Result<&'d HeldSecret, Refusal> {
    let own = match *caller {
        Caller::Principal { principal, credential, .. } if principal == account.id() => credential.secret(),
        Caller::Principal { .. } | Caller::Operator => None,
    };
    let Some(secret) = named.or(own) else {
        return account.secrets().last().ok_or(Refusal::NoSecretToRotate { account: account.id() });
    };
    let secret = find_secret(account, secret)?;
    if permit.through() == Basis::Oneself && own != Some(secret.id()) {
        return Err(Refusal::PermissionMissing { permission: permit.permission(), scope: permit.scope() });
    }
    Ok(secret)
}

/// Refuses one more secret where the account holds as many that count as it may. `without` is about to end.
fn has_room(
    draft: &Draft,
    organization: OrganizationId,
    account: &PrincipalView<'_>,
    without: Option<SecretId>,
    moment: Moment,
) -> Result<(), Refusal> {
    let counts = |secret: &&HeldSecret| !secret.expires.has_passed(moment) && Some(secret.id()) != without;
    let held: Vec<&HeldSecret> = account.secrets().iter().filter(counts).collect();
    let limit = draft.secrets_max(organization);
    if held.len() < limit {
        return Ok(());
    }
    let seconds = |end: Moment| u64::try_from(end.seconds() - moment.seconds()).unwrap_or_default();
    let ending = held.iter().filter_map(|secret| Some((secret.id(), seconds(secret.expires.moment()?))));
    let first_end = ending.min_by_key(|(_, seconds)| *seconds);
    let held = held.iter().map(|secret| secret.id()).collect();
    Err(Refusal::TooManySecrets { account: account.id(), limit, held, first_end })
}

/// Whether the policy lets a secret in place of another end then. The one owner that must not end is not bound to end.
fn may_end_then(
    draft: &Draft,
    organization: OrganizationId,
    account: &PrincipalView<'_>,
    expires: Expiry,
    moment: Moment,
) -> Result<(), Refusal> {
    if expires == Expiry::NEVER && last_owner::may_do_without(draft, organization, &[account.id()]).is_err() {
        return Ok(());
    }
    draft.policy_of(organization).permits_end(expires, moment, organization)
}

fn make(
    draft: &Draft,
    account: &PrincipalView<'_>,
    name: Option<&DisplayName>,
    expires: Expiry,
    created: Moment,
    random: &mut RandomBytes,
) -> Result<(NewSecret, Vec<Change>), Refusal> {
    let secret = Secret::generate(random).ok_or(Refusal::Exhausted { what: "randomness" })?;
    let (id, principal) = (draft.ids().secret()?, account.id());
    let digest = secret.digest();
    let mut changes = vec![Change::SecretIssued { id, principal, digest, expires, created }];
    let name = name.map(|name| name.as_str().to_owned());
    if name.is_some() {
        changes.push(Change::Secret(SecretChange::Named { id, principal, name: name.clone() }));
    }
    Ok((NewSecret { id, name, secret, created, expires }, changes))
}

/// Takes away what has ended, and says so.
fn clear_ended(event: Event, account: &PrincipalView<'_>, moment: Moment, changes: &mut Vec<Change>) -> Event {
    let ended = account.secrets().iter().filter(|secret| secret.expires.has_passed(moment));
    ended.fold(event, |event, secret| {
        let (id, principal) = (secret.id(), account.id());
        changes.push(Change::Secret(SecretChange::Revoked { id, principal }));
        event.before("cleared", id)
    })
}

fn about(permit: &Permit<ManageSecrets>, name: EventName, account: &PrincipalView<'_>) -> Event {
    Event::under(permit, name, Target::Principal(account.id()))
}

fn told(event: Event, new: &NewSecret) -> Event {
    let event = event.after("secret", new.id);
    let event = new.name.iter().fold(event, |event, name| event.after("name", name));
    event.after("expires", end(new.expires))
}
