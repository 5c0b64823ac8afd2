//! What happens to teams.

use super::insert_sorted;
use crate::change::TeamChange;
use crate::directory::ranges::SPAN;
use crate::directory::{Directory, Team};
use crate::identity::TeamId;

impl Directory {
    pub(super) fn apply_to_team(&mut self, change: &TeamChange) {
        match change {
            TeamChange::Created { id, organization, name, .. } => {
                self.count_id(id.number());
                let (members, grants) = (Vec::new(), Vec::new());
                self.put_team(Team { id: *id, organization: *organization, name: name.clone(), members, grants });
            }
            TeamChange::Renamed { id, name } => self.teams.change(*id, |team| team.name.clone_from(name)),
            TeamChange::Deleted { id } => self.delete_team(*id),
            TeamChange::MemberAdded { id, member, .. } => {
                self.teams.change(*id, |team| insert_sorted(&mut team.members, *member));
                self.change_principal(*member, |principal| insert_sorted(&mut principal.teams, *id));
            }
            TeamChange::MemberRemoved { id, member } => {
                self.teams.change(*id, |team| team.members.retain(|other| other != member));
                self.change_principal(*member, |principal| principal.teams.retain(|team| team != id));
            }
        }
    }

    pub(in crate::directory) fn put_team(&mut self, team: Team) {
        let id = team.id;
        self.organizations.change(team.organization, |organization| insert_sorted(&mut organization.teams, id));
        self.teams.insert(team);
    }

    fn delete_team(&mut self, id: TeamId) {
        let Some(team) = self.teams.get(id).cloned() else { return };
        self.organizations.change(team.organization, |organization| organization.teams.retain(|other| *other != id));
        self.teams.remove(id);
        // Members whose ids are near each other are in one shard, which is written once.
        for near in team.members.chunk_by(|one, next| one.number() / SPAN == next.number() / SPAN) {
            near.first().into_iter().for_each(|member| self.principals.at_mut(member.number()).leave_team(id));
        }
    }
}
