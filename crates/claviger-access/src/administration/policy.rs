//! Policies: what an organization demands of its service accounts, and where one of them may call from.
//!
//! What must stay true: whoever narrows where and how calls come must himself still be let in, or nobody could widen it
//! again; the operator on the host is outside.

use super::service_account;
use super::standing::Standing;
use crate::authorize::{Caller, ManagePolicies, ManageServiceAccounts, Scope, authorize};
use crate::change::{Change, PolicyChange};
use crate::decision::{Decided, Decision};
use crate::directory::Draft;
use crate::event::{Event, EventName, Target};
use crate::expiry::Moment;
use crate::identity::{OrganizationId, PrincipalId};
use crate::policy::{Addresses, Lifetime, NamePattern, Policy, SecretsMax};
use crate::refusal::Refusal;

/// What is to be different of a policy; what is `None` stays.
#[derive(Debug, Default)]
pub struct ChangePolicy {
    /// The longest that a secret lives; `Some(None)` for as long as one likes.
    pub secret_lifetime_max: Option<Option<Lifetime>>,
    /// Whether each secret must have an end.
    pub expiry_required: Option<bool>,
    /// How many secrets an account holds at most.
    pub secrets_max: Option<SecretsMax>,
    /// Whether owners and admins of a project make service accounts in its settings.
    pub project_admins_create: Option<bool>,
    /// Whether a credential counts as plain text.
    pub plain_text_allowed: Option<bool>,
    /// What names look like; `Some(None)` for any name.
    pub name_pattern: Option<Option<NamePattern>>,
    /// Where calls may come from.
    pub addresses: Option<Addresses>,
}

impl ChangePolicy {
    fn applied_to(&self, is: &Policy) -> Policy {
        Policy {
            secret_lifetime_max: self.secret_lifetime_max.unwrap_or(is.secret_lifetime_max),
            expiry_required: self.expiry_required.unwrap_or(is.expiry_required),
            secrets_max: self.secrets_max.unwrap_or(is.secrets_max),
            project_admins_create: self.project_admins_create.unwrap_or(is.project_admins_create),
            plain_text_allowed: self.plain_text_allowed.unwrap_or(is.plain_text_allowed),
            name_pattern: self.name_pattern.clone().unwrap_or_else(|| is.name_pattern.clone()),
            addresses: self.addresses.clone().unwrap_or_else(|| is.addresses.clone()),
        }
    }
}

/// Changes an organization's policy.
pub fn change(
    draft: &Draft,
    caller: &Caller,
    organization: OrganizationId,
    command: &ChangePolicy,
    moment: Moment,
) -> Result<Decided<()>, Refusal> {
    let permit = authorize::<ManagePolicies>(draft, caller, Scope::Organization(organization), moment)?;
    let is = draft.policy_of(organization);
    let becomes = command.applied_to(is);
    if becomes == *is {
        return Ok(Decided::Nothing(()));
    }
    if let Caller::Principal { arrival, .. } = caller {
        let still_let_in = becomes.permits_arrival(*arrival, organization);
        still_let_in.map_err(|refused| Refusal::WouldLockOut { why: refused.to_string() })?;
    }
    let mut event = Event::under(&permit, EventName::OrganizationPolicyUpdated, Target::Organization(organization));
    for ((property, was), (_, becomes)) in told(is).into_iter().zip(told(&becomes)) {
        if was != becomes {
            event = event.before(property, was).after(property, becomes);
        }
    }
    let change = PolicyChange::Set { organization, policy: becomes };
    Ok(Decided::Write(Decision::new(event, vec![Change::Policy(change)]), ()))
}

/// Says where an account may call from, within what its organization allows.
pub fn restrict_account(
    draft: &Draft,
    caller: &Caller,
    (organization, account): (OrganizationId, PrincipalId),
    addresses: &Addresses,
    moment: Moment,
) -> Result<Decided<()>, Refusal> {
    let permit = authorize::<ManageServiceAccounts>(draft, caller, Scope::Organization(organization), moment)?;
    let view = service_account::find(draft, organization, account)?;
    Standing::new(draft, caller, organization).may_change(&view)?;
    let is = draft.addresses_of(account);
    if is == addresses {
        return Ok(Decided::Nothing(()));
    }
    if let Caller::Principal { principal, arrival, .. } = caller
        && *principal == account
    {
        addresses.permit(arrival.address).map_err(|refused| Refusal::WouldLockOut { why: refused.to_string() })?;
    }
    let event = Event::under(&permit, EventName::ServiceAccountAddressesChanged, Target::Principal(account))
        .before("allowed_addresses", is)
        .after("allowed_addresses", addresses);
    let change = PolicyChange::AccountAddressesSet { account, addresses: addresses.clone() };
    Ok(Decided::Write(Decision::new(event, vec![Change::Policy(change)]), ()))
}

/// A policy for the record.
fn told(policy: &Policy) -> [(&'static str, String); 7] {
    let seconds = policy.secret_lifetime_max.map_or_else(|| "none".to_owned(), |most| most.seconds().to_string());
    let pattern = policy.name_pattern.as_ref().map_or_else(|| "none".to_owned(), |pattern| pattern.as_str().to_owned());
    [
        ("secret_lifetime_max", seconds),
        ("expiry_required", policy.expiry_required.to_string()),
        ("secrets_max", policy.secrets_max.count().to_string()),
        ("project_admins_create", policy.project_admins_create.to_string()),
        ("plain_text_basic", policy.plain_text_allowed.to_string()),
        ("name_pattern", pattern),
        ("allowed_addresses", policy.addresses.to_string()),
    ]
}
