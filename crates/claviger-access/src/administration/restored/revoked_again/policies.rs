//! What the organization demands: each demand as strict as the stricter of both.

use super::super::told::{At, ToldEvent, number};
use super::accounts::addresses;
use super::{NotRevokedAgain, RevokedAgain};
use crate::administration::policy::{self, ChangePolicy};
use crate::decision::Decided;
use crate::directory::Draft;
use crate::policy::{Lifetime, NamePattern, SecretsMax};

impl RevokedAgain<'_> {
    pub(super) fn policy(&self, draft: &Draft, told: &ToldEvent) -> Result<Decided<()>, NotRevokedAgain> {
        let is = draft.policy_of(self.organization);
        let demanded = |name| told.may_say(At::After, name).filter(|text| *text != "none");
        let mut change = ChangePolicy::default();
        if let Some(text) = demanded("secret_lifetime_max") {
            let most = number(text).and_then(Lifetime::from_seconds);
            let most = most.ok_or_else(|| told.unclear("how long secrets live"))?;
            change.secret_lifetime_max = Some(Some(is.secret_lifetime_max.map_or(most, |is| is.min(most))));
        }
        if let Some(text) = demanded("secrets_max") {
            let most = number(text).and_then(SecretsMax::new);
            change.secrets_max = Some(most.ok_or_else(|| told.unclear("how many secrets"))?.min(is.secrets_max));
        }
        let answer = |name, strict: &'static str| demanded(name).filter(|text| *text == strict);
        change.expiry_required = answer("expiry_required", "true").map(|_| true);
        change.project_admins_create = answer("project_admins_create", "false").map(|_| false);
        change.plain_text_allowed = answer("plain_text_basic", "false").map(|_| false);
        if let Some(text) = demanded("name_pattern") {
            let pattern = NamePattern::parse(text).map_err(|_| told.unclear("what names look like"))?;
            change.name_pattern = Some(Some(pattern));
        }
        if let Some(text) = demanded("allowed_addresses") {
            let addresses = addresses(text).ok_or_else(|| told.unclear("which addresses"))?;
            change.addresses = Some(addresses).filter(|addresses| !addresses.are_all());
        }
        Ok(policy::change(draft, self.caller, self.organization, &change, self.moment)?)
    }
}
