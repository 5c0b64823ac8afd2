//! Changing a service account itself: its role in the organization, its end, whether it is let in, whether it may be
//! deleted, and what is said about it.

use super::holding::Gathered;
use super::service_account::{RequestedExpiry, end, find};
use super::standing::Standing;
use super::{last_owner, secret};
use crate::authorize::{Caller, ManageServiceAccounts, Permit, Scope, authorize};
use crate::change::{Change, ServiceAccountChange};
use crate::decision::Decided;
use crate::directory::{Draft, PrincipalView};
use crate::effective;
use crate::event::{Event, EventName, Target};
use crate::expiry::{Expiry, Moment};
use crate::grant::{Granted, Holder};
use crate::identity::{OrganizationId, PrincipalId};
use crate::labels::Labels;
use crate::ownership::{AccountDetails, Owner, OwnerId, known};
use crate::refusal::Refusal;
use crate::role::OrganizationRole;
use crate::text::Description;

/// What is to be different; what is `None` stays.
pub struct ChangeServiceAccount {
    /// Whose.
    pub organization: OrganizationId,
    /// Which.
    pub account: PrincipalId,
    /// Its role in the organization.
    pub organization_role: Option<OrganizationRole>,
    /// When it ends.
    pub expires: Option<RequestedExpiry>,
    /// Whether it is refused, though it keeps all that it has.
    pub disabled: Option<bool>,
    /// Whether it must be unprotected before it can be deleted.
    pub protected: Option<bool>,
    /// Who looks after it.
    pub owner: Option<Owner>,
    /// What it is for; `Some(None)` takes it away.
    pub description: Option<Option<Description>>,
    /// All of its labels.
    pub labels: Option<Labels>,
}

/// Changes an account.
pub fn change(
    draft: &Draft,
    caller: &Caller,
    command: &ChangeServiceAccount,
    moment: Moment,
) -> Result<Decided<()>, Refusal> {
    let organization = command.organization;
    let permit = authorize::<ManageServiceAccounts>(draft, caller, Scope::Organization(organization), moment)?;
    let account = find(draft, organization, command.account)?;
    let standing = Standing::new(draft, caller, organization);
    standing.may_change(&account)?;
    let role_is = effective::organization_role(&account, organization).unwrap_or(OrganizationRole::Member);
    let role = command.organization_role.unwrap_or(role_is);
    let stays_owner = role_is == OrganizationRole::Owner && role == OrganizationRole::Owner;
    let changing = Changing { draft, permit: &permit, account, stays_owner };
    let mut done = Gathered::default();
    if role != role_is {
        standing.may_give_in_organization(role)?;
        changing.role(role_is, role, moment, &mut done)?;
    }
    if let Some(expires) = command.expires {
        changing.end(expires.decide(moment)?, moment, &mut done)?;
    }
    if let Some(disabled) = command.disabled.filter(|disabled| *disabled != account.is_disabled()) {
        changing.disabled(disabled, &mut done)?;
    }
    if let Some(protected) = command.protected.filter(|protected| *protected != account.is_protected()) {
        changing.protected(protected, &mut done);
    }
    changing.details(command, &mut done)?;
    Ok(done.decided())
}

/// An account that is being changed.
struct Changing<'a> {
    draft: &'a Draft,
    permit: &'a Permit<ManageServiceAccounts>,
    account: PrincipalView<'a>,
    /// It owns the organization, and does not lose that in the same change.
    stays_owner: bool,
}

impl Changing<'_> {
    fn event(&self, name: EventName) -> Event {
        Event::under(self.permit, name, Target::Principal(self.account.id()))
    }

    fn may_do_without_owner(&self) -> Result<(), Refusal> {
        last_owner::may_do_without(self.draft, self.permit.organization(), &[self.account.id()])
    }

    fn role(
        &self,
        was: OrganizationRole,
        role: OrganizationRole,
        moment: Moment,
        done: &mut Gathered,
    ) -> Result<(), Refusal> {
        let organization = self.permit.organization();
        if was == OrganizationRole::Owner {
            self.may_do_without_owner()?;
        }
        let holder = Holder::Principal(self.account.id());
        let held = effective::organization_grants(&self.account, organization);
        let mut changes: Vec<Change> = held.map(|(id, _)| Change::GrantTaken { id, holder }).collect();
        if role != OrganizationRole::Member {
            let (id, granted) = (self.draft.ids().grant()?, Granted::Organization(organization, role));
            changes.push(Change::GrantGiven { id, holder, granted, created: moment });
        }
        let event = self.event(EventName::ServiceAccountOrganizationRoleChanged);
        done.add(event.before("organization_role", was).after("organization_role", role), changes);
        Ok(())
    }

    fn end(&self, expires: Expiry, moment: Moment, done: &mut Gathered) -> Result<(), Refusal> {
        let changes = secret::ending_with(self.draft, self.permit.organization(), &self.account, expires, moment)?;
        if changes.is_empty() {
            return Ok(());
        }
        if self.stays_owner && expires != Expiry::NEVER {
            self.may_do_without_owner()?;
        }
        let event = self.event(EventName::ServiceAccountExpiryChanged);
        done.add(event.before("expires", end(self.account.expires())).after("expires", end(expires)), changes);
        Ok(())
    }

    fn disabled(&self, disabled: bool, done: &mut Gathered) -> Result<(), Refusal> {
        let name = match disabled {
            true => EventName::ServiceAccountDisabled,
            false => EventName::ServiceAccountEnabled,
        };
        if disabled && self.stays_owner {
            self.may_do_without_owner()?;
        }
        let change = ServiceAccountChange::Disabled { id: self.account.id(), disabled };
        done.add(self.event(name), [Change::ServiceAccount(change)]);
        Ok(())
    }

    /// Two events where both differ, and one change: what is said is said whole.
    fn details(&self, command: &ChangeServiceAccount, done: &mut Gathered) -> Result<(), Refusal> {
        let was = self.draft.account_details(self.account.id()).cloned().unwrap_or_default();
        let mut details = was.clone();
        if let Some(owner) = command.owner {
            may_own(self.draft, self.permit.organization(), owner)?;
            details.owner = owner;
        }
        if let Some(description) = &command.description {
            details.description = description.as_ref().map(|text| text.as_str().to_owned());
        }
        if let Some(labels) = &command.labels {
            details.labels = labels.clone();
        }
        if details == was {
            return Ok(());
        }
        let (id, to) = (self.account.id(), details.clone());
        let mut change = Some(Change::ServiceAccount(ServiceAccountChange::Described { id, details }));
        if to.owner != was.owner {
            let event = self.event(EventName::ServiceAccountOwnerChanged);
            done.add(event.before("owner", was.owner).after("owner", to.owner), change.take());
        }
        if (&to.description, &to.labels) != (&was.description, &was.labels) {
            let same_owner = AccountDetails { owner: to.owner, ..was };
            done.add(details_told(self.event(EventName::ServiceAccountUpdated), &same_owner, &to), change);
        }
        Ok(())
    }

    fn protected(&self, protected: bool, done: &mut Gathered) {
        let name = match protected {
            true => EventName::ServiceAccountProtected,
            false => EventName::ServiceAccountUnprotected,
        };
        let change = ServiceAccountChange::Protected { id: self.account.id(), protected };
        done.add(self.event(name), [Change::ServiceAccount(change)]);
    }
}

/// Refuses an owner who is not there: a person of the organization or a team of it.
pub(super) fn may_own(draft: &Draft, organization: OrganizationId, owner: Owner) -> Result<(), Refusal> {
    let Owner::Chosen(id) = owner else { return Ok(()) };
    match (known(draft, organization, id), id) {
        (Some(_), _) => Ok(()),
        (None, OwnerId::Person(member)) => Err(Refusal::NoSuchMember { member, organization }),
        (None, OwnerId::Team(team)) => Err(Refusal::NoSuchTeam { team, organization }),
    }
}

/// What differs of what is said about an account.
pub(super) fn details_told(event: Event, was: &AccountDetails, is: &AccountDetails) -> Event {
    let mut event = event;
    if was.owner != is.owner {
        event = event.after("owner", is.owner);
    }
    if was.description != is.description {
        event = was.description.iter().fold(event, |event, text| event.before("description", text));
        event = is.description.iter().fold(event, |event, text| event.after("description", text));
    }
    if was.labels != is.labels {
        event = was.labels.iter().fold(event, |event, (key, value)| event.before("label", format!("{key}: {value}")));
        event = is.labels.iter().fold(event, |event, (key, value)| event.after("label", format!("{key}: {value}")));
    }
    event
}
