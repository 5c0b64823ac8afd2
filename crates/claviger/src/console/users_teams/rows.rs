//! Rows of the page: a person, a team, an invitation.

use claviger_access::Directory;
use claviger_access::administration::invitation;
use claviger_access::directory::{self, Draft, Invitation, PrincipalView};
use claviger_access::effective;
use claviger_access::grant::Granted;
use claviger_access::identity::{OrganizationId, PrincipalKind};
use claviger_access::role::OrganizationRole;

use super::signs_in::SignsIn;
use crate::console::grantable::Spot;
use crate::console::search::finds;
use crate::console::signed_in::SignedIn;
use crate::console::words;
use crate::last_seen::LastSeen;

/// So many teams of a person, and grants of a team, are named.
const NAMED_MAX: usize = 2;

/// A person.
pub(super) struct Person {
    pub path: String,
    pub name: String,
    pub initials: String,
    /// His address, and his teams.
    pub sub: String,
    pub role: &'static str,
    pub is_high: bool,
    pub signs_in: SignsIn,
    /// `None` where it is not known.
    pub last_seen: Option<String>,
}

impl Person {
    pub(super) fn of(
        directory: &Directory,
        noted: &LastSeen,
        organization: OrganizationId,
        view: &PrincipalView<'_>,
        now: i64,
    ) -> Self {
        let role = effective::organization_role(view, organization).unwrap_or(OrganizationRole::Member);
        let email = directory.person(view.id()).map_or("", |person| person.email.as_str());
        let teams = teams(directory, organization, view).map(str::to_owned);
        let teams = few(teams.collect());
        Self {
            path: path(organization, view),
            name: view.name().to_owned(),
            initials: words::initials(view.name()),
            sub: if teams.is_empty() { email.to_owned() } else { format!("{email} · {teams}") },
            role: words::role(role),
            is_high: role >= OrganizationRole::Admin,
            signs_in: SignsIn::of(directory, view.id()),
            last_seen: last_seen(directory, noted, view, now),
        }
    }
}

/// The address of a person's page.
pub(super) fn path(organization: OrganizationId, view: &PrincipalView<'_>) -> String {
    format!("/console/organizations/{organization}/users/{}", view.id())
}

/// The names of somebody's teams in the organization.
pub(super) fn teams<'d>(
    directory: &'d Directory,
    organization: OrganizationId,
    view: &PrincipalView<'d>,
) -> impl Iterator<Item = &'d str> {
    effective::teams(directory, view).filter(move |team| team.organization == organization).map(|team| &*team.name)
}

/// When he was here last, in any of the sessions that are known: those that he ended himself are not.
pub(super) fn last_seen(directory: &Directory, noted: &LastSeen, view: &PrincipalView<'_>, now: i64) -> Option<String> {
    let sessions = directory.person(view.id())?.sessions.iter().filter_map(|id| directory.session(*id));
    let seen = sessions.map(|session| noted.of(session.id).map_or(session.begun, |seen| seen.max(session.begun)));
    seen.max().map(|seen| words::ago(seen.seconds(), now))
}

/// Whether a person is one of those that are searched for: by name, address or team, and by role.
pub(super) fn is_sought(
    directory: &Directory,
    organization: OrganizationId,
    view: &PrincipalView<'_>,
    search: &str,
    role: Option<OrganizationRole>,
) -> bool {
    if role.is_some_and(|role| effective::organization_role(view, organization) != Some(role)) {
        return false;
    }
    let email = directory.person(view.id()).map_or("", |person| person.email.as_str());
    finds(search, view.name())
        || finds(search, email)
        || teams(directory, organization, view).any(|team| finds(search, team))
}

/// A team.
pub(super) struct Team {
    pub path: String,
    pub name: String,
    /// Such as "6 people, 11 service accounts".
    pub members: String,
    /// Such as "Web shop Analyst, Data warehouse Admin, and 2 more"; empty for none.
    pub grants: String,
}

impl Team {
    pub(super) fn of(directory: &Directory, team: &directory::Team) -> Self {
        let granted = team.grants.iter().filter_map(|grant| told(directory, &grant.granted()));
        Self {
            path: format!("/console/organizations/{}/teams/{}", team.organization, team.id),
            name: team.name.clone(),
            members: members(directory, team),
            grants: few(granted.collect()),
        }
    }
}

/// Where a grant on a project or a workspace is, with its role.
pub(in crate::console) fn spot(directory: &Directory, granted: &Granted) -> Option<(Spot, String)> {
    let (spot, role) = match *granted {
        Granted::Organization(..) => return None,
        Granted::Project(project, role) => (Spot::Project(project), role),
        Granted::Workspace(workspace, role) => {
            (Spot::Workspace(directory.workspace(workspace)?.project, workspace), role)
        }
    };
    Some((spot, words::project_role(directory, role)))
}

fn told(directory: &Directory, granted: &Granted) -> Option<String> {
    let (spot, role) = spot(directory, granted)?;
    Some(format!("{} {role}", spot.name(directory)))
}

/// How many people and service accounts are in a team.
pub(in crate::console) fn members(directory: &Directory, team: &directory::Team) -> String {
    let views = team.members.iter().filter_map(|id| directory.principal(*id));
    let people = views.filter(|view| view.kind() == PrincipalKind::Person).count();
    counted(people, team.members.len() - people)
}

fn counted(people: usize, accounts: usize) -> String {
    let people = (people > 0)
        .then(|| if people == 1 { "1 person".to_owned() } else { format!("{} people", words::count(people)) });
    let accounts =
        (accounts > 0).then(|| words::several(i64::try_from(accounts).unwrap_or(i64::MAX), "service account"));
    let both: Vec<String> = people.into_iter().chain(accounts).collect();
    if both.is_empty() { "Nobody yet".to_owned() } else { both.join(", ") }
}

/// The first of them, and how many more there are.
fn few(things: Vec<String>) -> String {
    let more = things.len().saturating_sub(NAMED_MAX);
    let named = things[..things.len() - more].join(", ");
    if more == 0 { named } else { format!("{named} and {} more", words::count(more)) }
}

/// An invitation.
pub(super) struct Invited {
    pub id: u64,
    pub email: String,
    /// Such as "invited by MK 24 Nov 2026".
    pub invited: String,
    pub role: &'static str,
    /// Until when it opens; until when it opened, where it has lapsed.
    pub until: String,
    pub has_lapsed: bool,
    pub may_be_sent_again: bool,
    pub may_be_withdrawn: bool,
}

impl Invited {
    pub(super) fn of(signed_in: &SignedIn, draft: &Draft, known: &Invitation) -> Self {
        let (caller, now) = (&signed_in.caller, signed_in.now);
        let has_lapsed = known.has_expired(now);
        let withdrawn = invitation::withdraw(draft, caller, known.organization, known.id, now);
        let inviter = known.inviter.and_then(|id| draft.principal(id));
        let own = signed_in.view().and_then(|view| effective::organization_role(&view, known.organization));
        let may_give =
            known.terms.role == OrganizationRole::Member || own.is_some_and(|own| own.may_give(known.terms.role));
        Self {
            id: known.id.number(),
            email: known.email.as_str().to_owned(),
            invited: format!(
                "invited by {} {}",
                inviter.map_or("the operator", |inviter| inviter.name()),
                words::date(known.created.seconds())
            ),
            role: words::role(known.terms.role),
            until: until(known.expires.seconds()),
            has_lapsed,
            may_be_sent_again: withdrawn.is_ok() && may_give,
            may_be_withdrawn: withdrawn.is_ok(),
        }
    }
}

/// `27 Nov 2026, 14:02 UTC`.
pub(super) fn until(seconds: i64) -> String {
    let time = words::time(seconds);
    format!("{}, {} UTC", words::date(seconds), time.get(..5).unwrap_or(&time))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_counted_by_kind_and_the_rest_is_a_number() {
        let expected = ["Nobody yet", "1 person", "2 people, 1 service account", "1,000 service accounts"];
        assert_eq!([(0, 0), (1, 0), (2, 1), (0, 1_000)].map(|(people, accounts)| counted(people, accounts)), expected);
        let few = |things: &[&str]| few(things.iter().map(|thing| (*thing).to_owned()).collect());
        assert_eq!([&[][..], &["a"], &["a", "b"], &["a", "b", "c"]].map(few), ["", "a", "a, b", "a, b and 1 more"]);
        // 27 Nov 2026, 14:02:31.
        assert_eq!(until(1_795_788_151), "27 Nov 2026, 14:02 UTC");
    }
}
