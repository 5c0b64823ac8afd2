//! People in an organization: their roles in it, and leaving it.
//!
//! A person is a member by a grant in the organization. Leaving takes along all that he holds in it, and nothing that he
//! made; what he has in other organizations is not touched.

use std::collections::BTreeSet;

use super::holding::{Gathered, few, role_told};
use super::standing::Standing;
use super::{last_owner, password_reset, session};
use crate::authorize::{
    Caller, ManageMembers, Permit, RemoveMember, Scope, authorize, remove_member, see_organization,
};
use crate::change::{Change, TeamChange};
use crate::decision::Decided;
use crate::directory::{Directory, Draft, PrincipalView};
use crate::effective::{self, Through};
use crate::email::EmailAddress;
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
        last_owner::may_do_without(draft, organization, &[person.id()])?;
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
    let permit = remove_member(draft, caller, Scope::Organization(organization), Some(person), moment)?;
    take_out(draft, caller, organization, &[(permit, find(draft, organization, person)?)])
}

/// Takes people out of the organization by their addresses, all or nothing.
pub fn remove_addressed(
    draft: &Draft,
    caller: &Caller,
    organization: OrganizationId,
    people: &BTreeSet<EmailAddress>,
    moment: Moment,
) -> Result<Decided<()>, Refusal> {
    see_organization(draft, caller, organization, moment)?;
    let mut leaving = Vec::new();
    for email in people {
        let person = addressed(draft, organization, email);
        let id = person.as_ref().map(PrincipalView::id);
        let permit = remove_member(draft, caller, Scope::Organization(organization), id, moment)?;
        leaving.push((permit, person.ok_or(Refusal::NoMemberOfThatAddress { organization })?));
    }
    take_out(draft, caller, organization, &leaving)
}

/// Takes people out together: the organization must do without all of them.
fn take_out(
    draft: &Draft,
    caller: &Caller,
    organization: OrganizationId,
    leaving: &[(Permit<RemoveMember>, PrincipalView<'_>)],
) -> Result<Decided<()>, Refusal> {
    let standing = Standing::new(draft, caller, organization);
    let mut others = leaving.iter().map(|(_, person)| person).filter(|person| !caller.is(person.id()));
    others.try_for_each(|person| standing.may_change(person))?;
    let ids: Vec<PrincipalId> = leaving.iter().map(|(_, person)| person.id()).collect();
    last_owner::may_do_without(draft, organization, &ids)?;
    let mut done = Gathered::default();
    for (permit, person) in leaving {
        let (event, changes) = leaves(draft, permit, organization, person);
        done.add(event, changes);
    }
    Ok(done.decided())
}

/// What happens where a person leaves, and what is recorded of it.
pub(super) fn leaves<A>(
    draft: &Draft,
    permit: &Permit<A>,
    organization: OrganizationId,
    person: &PrincipalView<'_>,
) -> (Event, Vec<Change>) {
    let holder = Holder::Principal(person.id());
    let held = effective::held_in(draft, person, organization);
    let own = || held.iter().filter(|(_, through)| *through == Through::Individual).map(|(grant, _)| grant);
    let teams = effective::teams(draft, person).filter(|team| team.organization == organization);
    let teams: Vec<_> = teams.map(|team| team.id).collect();
    let in_projects: Vec<String> = own()
        .map(|grant| grant.granted())
        .filter(|granted| !matches!(granted, Granted::Organization(..)))
        .map(|granted| role_told(&granted))
        .collect();
    let role = effective::organization_role(person, organization).unwrap_or(OrganizationRole::Member);
    let mut event = Event::under(permit, EventName::OrganizationUserRemoved, Target::Principal(person.id()))
        .before("name", person.name())
        .before("organization_role", role)
        .before("roles", few(in_projects.into_iter()))
        .before("teams", few(teams.iter().map(ToString::to_string).collect::<Vec<_>>().into_iter()));
    if let Some(known) = draft.person(person.id()) {
        event = event.before("email", &known.email);
    }
    let left = teams.iter().map(|id| Change::Team(TeamChange::MemberRemoved { id: *id, member: person.id() }));
    let taken = own().map(|grant| Change::GrantTaken { id: grant.id, holder });
    // Who belongs nowhere any more is signed in to nothing.
    let is_last = effective::organizations(person).iter().all(|other| *other == organization);
    let ended = is_last.then(|| session::all_end(draft, person.id()).chain(password_reset::ended(draft, person.id())));
    let ended = ended.into_iter().flatten();
    (event, left.chain(taken).chain(ended).collect())
}

/// The person of that address, if he is a member of that organization.
pub fn addressed<'d>(
    directory: &'d Directory,
    organization: OrganizationId,
    email: &EmailAddress,
) -> Option<PrincipalView<'d>> {
    effective::member(directory, organization, directory.person_with_email(email)?.id)
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
