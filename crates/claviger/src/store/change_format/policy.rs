//! What happens to policies, written down.

use claviger_access::change::PolicyChange;
use claviger_access::identity::{OrganizationId, PrincipalId};
use serde::{Deserialize, Serialize};

use super::super::rows::policy::{StoredPolicy, read_addresses};

#[derive(Serialize, Deserialize)]
#[serde(tag = "policy", rename_all = "snake_case")]
pub(super) enum Stored {
    Set {
        organization: u64,
        #[serde(flatten)]
        demands: StoredPolicy,
    },
    AccountAddressesSet {
        account: u64,
        addresses: String,
    },
}

pub(super) fn stored(change: &PolicyChange) -> Stored {
    match change {
        PolicyChange::Set { organization, policy } => {
            Stored::Set { organization: organization.number(), demands: StoredPolicy::of(policy) }
        }
        PolicyChange::AccountAddressesSet { account, addresses } => {
            Stored::AccountAddressesSet { account: account.number(), addresses: addresses.to_string() }
        }
    }
}

pub(super) fn read(stored: Stored) -> Option<PolicyChange> {
    Some(match stored {
        Stored::Set { organization, demands } => {
            PolicyChange::Set { organization: OrganizationId::new(organization)?, policy: demands.read()? }
        }
        Stored::AccountAddressesSet { account, addresses } => PolicyChange::AccountAddressesSet {
            account: PrincipalId::new(account)?,
            addresses: read_addresses(&addresses)?,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::super::{read, write};

    /// Stores hold changes in this form: it is read for ever, and still what is written.
    #[test]
    fn policies_that_were_written_before_are_read() {
        for change in [
            r#"{"change":"policy","policy":"set","organization":1,"secret_lifetime_max":7776000,"expiry_required":true,"secrets_max":3,"project_admins_create":false,"plain_text_allowed":false,"name_pattern":"ci-*","addresses":"10.0.0.0/8 2001:db8::/32"}"#,
            r#"{"change":"policy","policy":"set","organization":1,"secret_lifetime_max":null,"expiry_required":false,"secrets_max":2,"project_admins_create":true,"plain_text_allowed":true,"name_pattern":null,"addresses":""}"#,
            r#"{"change":"policy","policy":"account_addresses_set","account":9,"addresses":"192.0.2.1/32"}"#,
        ] {
            let body = format!(r#"{{"version":1,"changes":[{change}]}}"#);
            let changes = read(&body).expect("a form that was written");
            assert_eq!(write(&changes).expect("a form"), body);
        }
    }
}
