//! People in an organization: their roles in it, and leaving it.
//!
//! A person is a member by a grant in the organization. Leaving takes along all that he holds in it, and nothing that he
//! made; what he has in other organizations is not touched.

use super::holding::{Gathered, few, role_told};
use super::last_owner;
use super::standing::Standing;
use crate::authorize::{Caller, ManageMembers, Scope, authorize, remove_member};
use crate::change::{Change, TeamChange};
use crate::decision::{Decided, Decision};
use crate::directory::{Directory, Draft, PrincipalView};
use crate::effective::{self, Through};
use crate::event::{Event, EventName, Target};
use crate::expiry::Moment;
use crate::grant::{Granted, Holder};
use crate::identity::{OrganizationId, PrincipalId, PrincipalKind};
use crate::refusal::Refusal;
use crate::role::OrganizationRole;

/// Gives a person another role in the organization.
pub fn change_role(
    draft: &Draft,
    caller: &Caller,
    organization: OrganizationId,
    person: PrincipalId,
    role: OrganizationRole,
    moment: Moment,
) -> Result<Decided<()>, Refusal> {
    let permit = authorize::<ManageMembers>(draft, caller, Scope::Organization(organization), moment)?;
    let person = find(draft, organization, person)?;
    let standing = Standing::new(draft, caller, organization);
    standing.may_change(&person)?;
    standing.may_give_in_organization(role)?;
    let role_is = effective::organization_role(&person, organization).unwrap_or(OrganizationRole::Member);
    if role == role_is {
        return Ok(Decided::Nothing(()));
    }
    if role_is == OrganizationRole::Owner {
        last_owner::may_do_without(draft, organization, &person)?;
    }
    let holder = Holder::Principal(person.id());
    let taken = effective::organization_grants(&person, organization).map(|(id, _)| Change::GrantTaken { id, holder });
    let mut changes: Vec<Change> = taken.collect();
    let granted = Granted::Organization(organization, role);
    changes.push(Change::GrantGiven { id: draft.ids().grant()?, holder, granted, created: moment });
    let event = Event::under(&permit, EventName::UserOrganizationRoleChanged, Target::Principal(person.id()))
        .before("organization_role", role_is)
        .after("organization_role", role);
    let mut done = Gathered::default();
    done.add(event, changes);
    Ok(done.decided())
}

/// Takes a person out of the organization, or lets him leave: his teams there and every role there go along.
pub fn remove(
    draft: &Draft,
    caller: &Caller,
    organization: OrganizationId,
    person: PrincipalId,
    moment: Moment,
) -> Result<Decided<()>, Refusal> {
    let permit = remove_member(draft, caller, organization, person, moment)?;
    let person = find(draft, organization, person)?;
    let leaves = matches!(caller, Caller::Principal { principal, .. } if *principal == person.id());
    if !leaves {
        Standing::new(draft, caller, organization).may_change(&person)?;
    }
    last_owner::may_do_without(draft, organization, &person)?;
    let holder = Holder::Principal(person.id());
    let held = effective::held_in(draft, &person, organization);
    let own = || held.iter().filter(|(_, through)| *through == Through::Individual).map(|(grant, _)| grant);
    let teams = effective::teams(draft, &person).filter(|team| team.organization == organization);
    let teams: Vec<_> = teams.map(|team| team.id).collect();
    let in_projects: Vec<String> = own()
        .map(|grant| grant.granted())
        .filter(|granted| !matches!(granted, Granted::Organization(..)))
        .map(|granted| role_told(&granted))
        .collect();
    let role = effective::organization_role(&person, organization).unwrap_or(OrganizationRole::Member);
    let mut event = Event::under(&permit, EventName::OrganizationUserRemoved, Target::Principal(person.id()))
        .before("name", person.name())
        .before("organization_role", role)
        .before("roles", few(in_projects.into_iter()))
        .before("teams", few(teams.iter().map(ToString::to_string).collect::<Vec<_>>().into_iter()));
    if let Some(known) = draft.person(person.id()) {
        event = event.before("email", &known.email);
    }
    let left = teams.iter().map(|id| Change::Team(TeamChange::MemberRemoved { id: *id, member: person.id() }));
    let taken = own().map(|grant| Change::GrantTaken { id: grant.id, holder });
    Ok(Decided::Write(Decision::new(event, left.chain(taken).collect()), ()))
}

/// The person, if he is a member of that organization.
pub fn find(
    directory: &Directory,
    organization: OrganizationId,
    member: PrincipalId,
) -> Result<PrincipalView<'_>, Refusal> {
    let known = effective::member(directory, organization, member);
    known.filter(|known| known.kind() == PrincipalKind::Person).ok_or(Refusal::NoSuchMember { member, organization })
}
