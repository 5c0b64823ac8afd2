//! Founding an organization, and giving it an owner again. On the host only.

use super::new_account::{self, NewServiceAccount, Plan};
use super::project::{self, NewProject};
use crate::authorize::{self, Caller, FoundOrganization};
use crate::change::{Change, PolicyChange};
use crate::decision::{Decided, Decision};
use crate::directory::Draft;
use crate::event::{Event, EventName, Target};
use crate::expiry::{Expiry, Moment};
use crate::grant::Granted;
use crate::identity::{AccountName, OrganizationId, ProjectId, UsernameSuffix, WorkspaceId};
use crate::policy::{Addresses, Policy};
use crate::random_bytes::RandomBytes;
use crate::refusal::Refusal;
use crate::role::OrganizationRole;
use crate::text::{DisplayName, TimezoneName};

/// An organization, a project in it, and an owner.
pub struct Found {
    /// Its name.
    pub organization: DisplayName,
    /// The name of its first project.
    pub project: DisplayName,
    /// The name of the owner account.
    pub owner: AccountName,
    /// `Some` where it must be the first organization of the store: the suffix of all usernames to come.
    pub first: Option<UsernameSuffix>,
}

/// What was founded.
#[derive(Debug)]
pub struct Founded {
    /// The organization.
    pub organization: OrganizationId,
    /// Its first project.
    pub project: ProjectId,
    /// The project's default workspace.
    pub workspace: WorkspaceId,
    /// The owner, with its secret.
    pub owner: NewServiceAccount,
}

/// An owner who was made for an organization that could not be reached otherwise.
#[derive(Debug)]
pub struct Recovered {
    /// The owner, with its secret.
    pub owner: NewServiceAccount,
    /// Where calls had to come from until then, if not from everywhere.
    pub lifted: Option<Addresses>,
}

/// Founds an organization.
pub fn found(
    draft: &Draft,
    caller: &Caller,
    command: &Found,
    moment: Moment,
    mut random: RandomBytes,
) -> Result<Decided<Founded>, Refusal> {
    let mut ids = draft.ids();
    let organization = ids.organization()?;
    let permit = authorize::found_organization(draft, caller, organization)?;
    let mut changes = Vec::new();
    if let Some(suffix) = &command.first {
        if draft.organizations().next().is_some() {
            return Err(Refusal::AlreadySetUp);
        }
        changes.push(Change::UsernameSuffixChosen { suffix: suffix.clone() });
    }
    let name = command.organization.as_str().to_owned();
    changes.push(Change::OrganizationFounded { id: organization, name, created: moment });
    let first = NewProject { name: command.project.clone(), timezone: TimezoneName::default(), slug: None };
    let (project, workspace, made) = project::make(&mut ids, organization, &first, moment, None)?;
    changes.extend(made);
    // The suffix counts from this very account on.
    let mut draft_with_suffix = Draft::on(draft);
    draft_with_suffix.add(&changes, draft.revision(), draft.mark());
    let (owner, made) = make_owner(&draft_with_suffix, &permit, &mut ids, &command.owner, moment, &mut random)?;
    changes.extend(made);
    let event = Event::under(&permit, EventName::OrganizationCreated, Target::Organization(organization))
        .after("name", command.organization.as_str())
        .after("project", project)
        .after("owner", &owner.username);
    Ok(Decided::Write(Decision::new(event, changes), Founded { organization, project, workspace, owner }))
}

/// Makes a new owner account without an end, for an organization that has lost all its credentials. Where calls come from
/// is not narrowed any more: whoever narrowed it may have shut out every owner.
pub fn recover_owner(
    draft: &Draft,
    caller: &Caller,
    organization: OrganizationId,
    owner: &AccountName,
    moment: Moment,
    mut random: RandomBytes,
) -> Result<Decided<Recovered>, Refusal> {
    let known = draft.organization(organization).ok_or(Refusal::NoSuchOrganization { organization })?.id;
    let permit = authorize::found_organization(draft, caller, known)?;
    let (owner, changes) = make_owner(draft, &permit, &mut draft.ids(), owner, moment, &mut random)?;
    let event = Event::under(&permit, EventName::OrganizationOwnerRecovered, Target::Principal(owner.id))
        .after("username", &owner.username)
        .after("organization_role", OrganizationRole::Owner);
    let decision = Decision::new(event, changes);
    let policy = draft.policy_of(known);
    if policy.addresses == Addresses::ALL {
        return Ok(Decided::Write(decision, Recovered { owner, lifted: None }));
    }
    let event = Event::under(&permit, EventName::OrganizationPolicyUpdated, Target::Organization(known))
        .before("allowed_addresses", &policy.addresses)
        .after("allowed_addresses", Addresses::ALL);
    let lifted = Some(policy.addresses.clone());
    let policy = Policy { addresses: Addresses::ALL, ..policy.clone() };
    let change = Change::Policy(PolicyChange::Set { organization: known, policy });
    Ok(Decided::Write(decision.and(event, [change]), Recovered { owner, lifted }))
}

fn make_owner(
    draft: &Draft,
    permit: &authorize::Permit<FoundOrganization>,
    ids: &mut crate::directory::NewIds,
    name: &AccountName,
    moment: Moment,
    random: &mut RandomBytes,
) -> Result<(NewServiceAccount, Vec<Change>), Refusal> {
    let organization = permit.organization();
    let granted = vec![Granted::Organization(organization, OrganizationRole::Owner)];
    let plan = Plan { organization, name, expires: Expiry::NEVER, granted };
    new_account::make(draft, permit, &plan, ids, moment, random)
}
