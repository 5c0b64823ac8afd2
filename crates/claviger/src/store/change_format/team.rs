//! What happens to teams, written down.

use claviger_access::change::TeamChange;
use claviger_access::identity::{OrganizationId, PrincipalId, TeamId};
use serde::{Deserialize, Serialize};

use super::moment;

#[derive(Serialize, Deserialize)]
#[serde(tag = "team", rename_all = "snake_case")]
pub(super) enum Stored {
    Created { id: u64, organization: u64, name: String, created: i64, creator: Option<u64> },
    Renamed { id: u64, name: String },
    Deleted { id: u64 },
    MemberAdded { id: u64, member: u64, added: i64 },
    MemberRemoved { id: u64, member: u64 },
}

pub(super) fn stored(change: &TeamChange) -> Stored {
    match change {
        TeamChange::Created { id, organization, name, created, creator } => Stored::Created {
            id: id.number(),
            organization: organization.number(),
            name: name.clone(),
            created: created.seconds(),
            creator: creator.map(PrincipalId::number),
        },
        TeamChange::Renamed { id, name } => Stored::Renamed { id: id.number(), name: name.clone() },
        TeamChange::Deleted { id } => Stored::Deleted { id: id.number() },
        TeamChange::MemberAdded { id, member, added } => {
            Stored::MemberAdded { id: id.number(), member: member.number(), added: added.seconds() }
        }
        TeamChange::MemberRemoved { id, member } => Stored::MemberRemoved { id: id.number(), member: member.number() },
    }
}

pub(super) fn read(stored: Stored) -> Option<TeamChange> {
    Some(match stored {
        Stored::Created { id, organization, name, created, creator } => TeamChange::Created {
            id: TeamId::new(id)?,
            organization: OrganizationId::new(organization)?,
            name,
            created: moment(created)?,
            creator: creator.and_then(PrincipalId::new),
        },
        Stored::Renamed { id, name } => TeamChange::Renamed { id: TeamId::new(id)?, name },
        Stored::Deleted { id } => TeamChange::Deleted { id: TeamId::new(id)? },
        Stored::MemberAdded { id, member, added } => {
            let (id, member) = (TeamId::new(id)?, PrincipalId::new(member)?);
            TeamChange::MemberAdded { id, member, added: moment(added)? }
        }
        Stored::MemberRemoved { id, member } => {
            TeamChange::MemberRemoved { id: TeamId::new(id)?, member: PrincipalId::new(member)? }
        }
    })
}
