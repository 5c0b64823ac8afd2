//! Giving and taking the one role that somebody holds directly in a scope: a service account, a team, or every member.

use super::standing::Standing;
use crate::authorize::{Action, Permit};
use crate::change::Change;
use crate::decision::{Decided, Decision};
use crate::directory::{Directory, NewIds, PrincipalView, Project, Team};
use crate::event::{Event, EventName, Target};
use crate::expiry::Moment;
use crate::grant::{Grant, Granted, Holder};
use crate::identity::{PrincipalId, PrincipalKind, ProjectId, WorkspaceId};
use crate::refusal::Refusal;
use crate::role::ProjectRole;

/// What is done so far in a use case that may end up doing nothing.
#[derive(Default)]
pub(super) struct Gathered(Option<Decision>);

impl Gathered {
    pub(super) fn add(&mut self, event: Event, changes: impl IntoIterator<Item = Change>) {
        self.0 = Some(match self.0.take() {
            Some(decision) => decision.and(event, changes),
            None => Decision::new(event, changes.into_iter().collect()),
        });
    }

    pub(super) fn decided(self) -> Decided<()> {
        self.replying(())
    }

    pub(super) fn replying<R>(self, reply: R) -> Decided<R> {
        match self.0 {
            Some(decision) => Decided::Write(decision, reply),
            None => Decided::Nothing(reply),
        }
    }
}

/// Somebody with the grants that he holds directly.
pub(super) struct Holding<'a> {
    holder: Holder,
    kind: HolderKind,
    grants: &'a [Grant],
}

/// Of what kind, for the names of events.
#[derive(Clone, Copy)]
enum HolderKind {
    Person,
    ServiceAccount,
    Team,
    EveryMember,
}

enum Step {
    Added,
    Changed,
    Removed,
}

impl<'a> Holding<'a> {
    pub(super) fn of_principal(principal: &PrincipalView<'a>) -> Self {
        let kind = match principal.kind() {
            PrincipalKind::Person => HolderKind::Person,
            PrincipalKind::ServiceAccount => HolderKind::ServiceAccount,
        };
        Self { holder: Holder::Principal(principal.id()), kind, grants: principal.grants() }
    }

    pub(super) fn of_team(team: &'a Team) -> Self {
        Self { holder: Holder::Team(team.id), kind: HolderKind::Team, grants: &team.grants }
    }

    pub(super) fn of_every_member(project: &'a Project) -> Self {
        let grants = project.default_access.as_slice();
        Self { holder: Holder::EveryMember(project.id), kind: HolderKind::EveryMember, grants }
    }

    /// Sets the role in the scope of `granted`, whatever was held there.
    pub(super) fn set<A: Action>(
        &self,
        permit: &Permit<A>,
        standing: &Standing<'_>,
        granted: Granted,
        ids: &mut NewIds,
        moment: Moment,
        done: &mut Gathered,
    ) -> Result<(), Refusal> {
        let held = self.grants.iter().find(|grant| grant.granted().is_in_scope_of(&granted));
        if held.is_some_and(|held| held.granted() == granted) {
            return Ok(());
        }
        let given = Change::GrantGiven { id: ids.grant()?, holder: self.holder, granted, created: moment };
        match held {
            None => done.add(self.added(permit, &granted), [given]),
            Some(held) => {
                standing.may_take(self.holder, held)?;
                let event = self.event(permit, Step::Changed, &granted);
                let event = with_role(event, Event::before, &held.granted());
                done.add(with_role(event, Event::after, &granted), [self.taken(held), given]);
            }
        }
        Ok(())
    }

    /// Takes the role in the scope of each grant for which `wanted` says so.
    pub(super) fn take<A: Action>(
        &self,
        permit: &Permit<A>,
        standing: &Standing<'_>,
        wanted: impl Fn(&Granted) -> bool,
        done: &mut Gathered,
    ) -> Result<(), Refusal> {
        let mut held = self.grants.iter().filter(|grant| wanted(&grant.granted()));
        held.try_for_each(|held| standing.may_take(self.holder, held))?;
        self.give_up(permit, wanted, done);
        Ok(())
    }

    /// The same for the holder himself, whatever it is: who leaves need not hold as much elsewhere.
    pub(super) fn give_up<A: Action>(
        &self,
        permit: &Permit<A>,
        wanted: impl Fn(&Granted) -> bool,
        done: &mut Gathered,
    ) {
        for held in self.grants.iter().filter(|grant| wanted(&grant.granted())) {
            let event = self.event(permit, Step::Removed, &held.granted());
            done.add(with_role(event, Event::before, &held.granted()), [self.taken(held)]);
        }
    }

    fn taken(&self, held: &Grant) -> Change {
        Change::GrantTaken { id: held.id, holder: self.holder }
    }

    fn added<A: Action>(&self, permit: &Permit<A>, granted: &Granted) -> Event {
        with_role(self.event(permit, Step::Added, granted), Event::after, granted)
    }

    fn event<A: Action>(&self, permit: &Permit<A>, step: Step, granted: &Granted) -> Event {
        let target = match self.holder {
            Holder::Principal(principal) => Target::Principal(principal),
            Holder::Team(team) => Target::Team(team),
            Holder::EveryMember(project) => Target::Project(project),
        };
        Event::under(permit, event_name(self.kind, matches!(granted, Granted::Workspace(..)), &step), target)
    }
}

/// The event of a service account that is made with this role.
pub(super) fn born_with<A: Action>(permit: &Permit<A>, account: PrincipalId, granted: &Granted) -> Event {
    let holding = Holding { holder: Holder::Principal(account), kind: HolderKind::ServiceAccount, grants: &[] };
    holding.added(permit, granted)
}

/// The event of a person who joins with this role.
pub(super) fn joined_with<A: Action>(permit: &Permit<A>, person: PrincipalId, granted: &Granted) -> Event {
    let holding = Holding { holder: Holder::Principal(person), kind: HolderKind::Person, grants: &[] };
    holding.added(permit, granted)
}

fn event_name(kind: HolderKind, on_workspace: bool, step: &Step) -> EventName {
    use EventName as E;
    match (kind, on_workspace, step) {
        (HolderKind::ServiceAccount, false, Step::Added) => E::ServiceAccountAddedToProject,
        (HolderKind::ServiceAccount, false, Step::Changed) => E::ServiceAccountRoleChanged,
        (HolderKind::ServiceAccount, false, Step::Removed) => E::ServiceAccountRemovedFromProject,
        (HolderKind::ServiceAccount, true, Step::Added) => E::ServiceAccountAddedToWorkspace,
        (HolderKind::ServiceAccount, true, Step::Changed) => E::ServiceAccountWorkspaceRoleChanged,
        (HolderKind::ServiceAccount, true, Step::Removed) => E::ServiceAccountRemovedFromWorkspace,
        (HolderKind::Person, false, Step::Added) => E::ProjectUserAdded,
        (HolderKind::Person, false, Step::Changed) => E::UserRoleChanged,
        (HolderKind::Person, false, Step::Removed) => E::ProjectUserRemoved,
        (HolderKind::Person, true, Step::Added) => E::WorkspaceUserAdded,
        (HolderKind::Person, true, Step::Changed) => E::UserWorkspaceRoleChanged,
        (HolderKind::Person, true, Step::Removed) => E::WorkspaceUserRemoved,
        (HolderKind::Team, false, Step::Added) => E::ProjectTeamAdded,
        (HolderKind::Team, false, Step::Changed) => E::TeamRoleChanged,
        (HolderKind::Team, false, Step::Removed) => E::ProjectTeamRemoved,
        (HolderKind::Team, true, Step::Added) => E::WorkspaceTeamAdded,
        (HolderKind::Team, true, Step::Changed) => E::TeamWorkspaceRoleChanged,
        (HolderKind::Team, true, Step::Removed) => E::WorkspaceTeamRemoved,
        (HolderKind::EveryMember, _, Step::Added | Step::Changed) => E::ProjectDefaultAccessGranted,
        (HolderKind::EveryMember, _, Step::Removed) => E::ProjectDefaultAccessRevoked,
    }
}

/// Whether something is granted on this workspace, or, where none is named, on the project or on any workspace of it.
pub(super) fn is_in(
    directory: &Directory,
    project: ProjectId,
    workspace: Option<WorkspaceId>,
) -> impl Fn(&Granted) -> bool {
    move |granted| match (granted, workspace) {
        (Granted::Project(on, _), None) => *on == project,
        (Granted::Workspace(on, _), None) => directory.workspace(*on).is_some_and(|known| known.project == project),
        (Granted::Workspace(on, _), Some(workspace)) => *on == workspace,
        (Granted::Organization(..) | Granted::Project(..), _) => false,
    }
}

/// So many of those whom a deletion concerns are told one by one.
const TOLD_MAX: usize = 100;

/// The first of many, for the record, and how many more there were.
pub(super) fn few(mut all: impl ExactSizeIterator<Item = String>) -> String {
    let told: Vec<String> = all.by_ref().take(TOLD_MAX).collect();
    match all.len() {
        0 => told.join(", "),
        more => format!("{} and {more} more", told.join(", ")),
    }
}

/// A role with the place that it is on.
pub(super) fn role_told(granted: &Granted) -> String {
    match granted {
        Granted::Organization(on, role) => format!("organization {on} {role}"),
        Granted::Project(on, role) => format!("project {on} {role}"),
        Granted::Workspace(on, role) => format!("workspace {on} {role}"),
    }
}

/// Tells a role with the workspace that it is on; the project is the event's own.
fn with_role(event: Event, tell: fn(Event, &'static str, String) -> Event, granted: &Granted) -> Event {
    let role = |role: &ProjectRole| role.to_string();
    match granted {
        Granted::Organization(_, own) => tell(event, "organization_role", own.to_string()),
        Granted::Project(_, own) => tell(event, "role", role(own)),
        Granted::Workspace(workspace, own) => tell(tell(event, "workspace", workspace.to_string()), "role", role(own)),
    }
}
