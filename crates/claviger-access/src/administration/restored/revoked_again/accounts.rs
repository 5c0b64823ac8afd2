//! Service accounts and their secrets.

use super::super::told::{At, ToldEvent, Unclear};
use super::{NotRevokedAgain, RevokedAgain};
use crate::administration::holding::Gathered;
use crate::administration::service_account::end;
use crate::change::{Change, PolicyChange, SecretChange, ServiceAccountChange};
use crate::directory::{Draft, HeldSecret, PrincipalView};
use crate::event::{EventName, Target};
use crate::expiry::Expiry;
use crate::policy::Addresses;

impl RevokedAgain<'_> {
    pub(super) fn account(&self, draft: &Draft, told: &ToldEvent, done: &mut Gathered) -> Result<(), NotRevokedAgain> {
        let id = told.principal()?;
        // One that was made later is not there.
        let Some(account) = draft.service_account(self.organization, id) else { return Ok(()) };
        let event = |name| self.event(draft, name, Target::Principal(id));
        match told.name {
            EventName::ServiceAccountDeleted => {
                let event = event(told.name)?.before("username", account.name());
                done.add(event, [Change::PrincipalDeleted { id, deleted: self.moment }]);
            }
            EventName::ServiceAccountDisabled if !account.is_disabled() => {
                let disabled = ServiceAccountChange::Disabled { id, disabled: true };
                done.add(event(told.name)?, [Change::ServiceAccount(disabled)]);
            }
            EventName::ServiceAccountOrganizationRoleChanged => {
                self.organization_role(draft, &account, told.organization_role()?, told.name, done)?;
            }
            EventName::ServiceAccountAddressesChanged => {
                let addresses = addresses(told.says(At::After, "allowed_addresses")?);
                let addresses = addresses.ok_or_else(|| told.unclear("which addresses"))?;
                let is = draft.addresses_of(id);
                if !addresses.are_all() && *is != addresses {
                    let event = event(told.name)?.before("allowed_addresses", is);
                    let event = event.after("allowed_addresses", &addresses);
                    done.add(event, [Change::Policy(PolicyChange::AccountAddressesSet { account: id, addresses })]);
                }
            }
            EventName::ServiceAccountExpiryChanged => {
                let expires = told.end(told.says(At::After, "expires")?)?;
                let ends: Vec<Change> =
                    account.secrets().iter().filter_map(|secret| brought_forward(&account, secret, expires)).collect();
                if !ends.is_empty() {
                    let event = event(told.name)?.before("expires", end(account.expires()));
                    done.add(event.after("expires", end(expires)), ends);
                }
            }
            _ => self.secret(draft, &account, told, done)?,
        }
        Ok(())
    }

    /// One that is gone already, or was made later, is not there.
    fn secret(
        &self,
        draft: &Draft,
        account: &PrincipalView<'_>,
        told: &ToldEvent,
        done: &mut Gathered,
    ) -> Result<(), NotRevokedAgain> {
        let principal = account.id();
        let at = match told.name {
            EventName::ServiceAccountSecretDisabled => At::After,
            EventName::ServiceAccountSecretRevoked
            | EventName::ServiceAccountSecretChanged
            | EventName::ServiceAccountSecretRotated => At::Before,
            _ => return Ok(()),
        };
        let id = told.secret(at)?;
        let Some(secret) = account.secret(id) else { return Ok(()) };
        let event = |name| self.event(draft, name, Target::Principal(principal));
        match new_end(told)? {
            Some(expires) => {
                let Some(change) = brought_forward(account, secret, expires) else { return Ok(()) };
                let event = event(EventName::ServiceAccountSecretChanged)?.before("secret", id);
                done.add(event.before("expires", end(secret.expires)).after("expires", end(expires)), [change]);
            }
            None if told.name == EventName::ServiceAccountSecretRevoked => {
                let event = event(told.name)?.before("secret", id).before("expires", end(secret.expires));
                done.add(event, [Change::Secret(SecretChange::Revoked { id, principal })]);
            }
            None if told.name == EventName::ServiceAccountSecretDisabled && !secret.is_disabled() => {
                let disabled = SecretChange::Disabled { id, principal, disabled: true };
                done.add(event(told.name)?.after("secret", id), [Change::Secret(disabled)]);
            }
            None => {}
        }
        Ok(())
    }
}

/// The end that an event gave a secret: one that was replaced has one, one that was only renamed has none.
fn new_end(told: &ToldEvent) -> Result<Option<Expiry>, Unclear> {
    let text = match told.name {
        EventName::ServiceAccountSecretRotated => Some(told.says(At::After, "replaced_expires")?),
        EventName::ServiceAccountSecretChanged => told.may_say(At::After, "expires"),
        _ => None,
    };
    text.map(|text| told.end(text)).transpose()
}

/// None where it ends no earlier than now.
fn brought_forward(account: &PrincipalView<'_>, secret: &HeldSecret, expires: Expiry) -> Option<Change> {
    let change = Change::SecretExpiryChanged { id: secret.id(), principal: account.id(), expires };
    (expires < secret.expires).then_some(change)
}

/// Parted by blanks.
pub(super) fn addresses(text: &str) -> Option<Addresses> {
    Addresses::parse(text.split_whitespace()).ok()
}
