//! Who looks after a service account: a person of its organization, or a team of it.
//!
//! It gives nobody a permission. Whether somebody still is there is found out when it is asked: when an owner leaves,
//! nothing is rewritten, and the account goes on without one.

use std::fmt;

use crate::directory::Directory;
use crate::effective;
use crate::identity::{OrganizationId, PrincipalId, PrincipalKind, TeamId};
use crate::labels::Labels;

/// Somebody who may look after an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OwnerId {
    /// A person.
    Person(PrincipalId),
    /// A team.
    Team(TeamId),
}

impl fmt::Display for OwnerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(id) => write!(f, "person {id}"),
            Self::Team(id) => write!(f, "team {id}"),
        }
    }
}

/// What was said about it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Owner {
    /// Nothing: it is whoever made the account, if that is a person.
    #[default]
    Creator,
    /// Nobody is to be it.
    Nobody,
    /// Somebody was chosen.
    Chosen(OwnerId),
}

impl Owner {
    /// Who it would be, of an account that was made by this one; he may be gone.
    fn named(self, creator: Option<PrincipalId>) -> Option<OwnerId> {
        match self {
            Self::Creator => creator.map(OwnerId::Person),
            Self::Nobody => None,
            Self::Chosen(id) => Some(id),
        }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Creator => f.write_str("creator"),
            Self::Nobody => f.write_str("nobody"),
            Self::Chosen(owner) => owner.fmt(f),
        }
    }
}

/// What people say about an account. Most have nothing said about them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountDetails {
    /// Who looks after it.
    pub owner: Owner,
    /// What it is for.
    pub description: Option<String>,
    /// What it is sorted by.
    pub labels: Labels,
}

/// Somebody who looks after an account and is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownOwner {
    /// Who.
    pub id: OwnerId,
    /// A person's or a team's name.
    pub name: String,
}

/// Who looks after an account of this organization, if anybody still does.
pub fn owner_of(
    directory: &Directory,
    organization: OrganizationId,
    owner: Owner,
    creator: Option<PrincipalId>,
) -> Option<KnownOwner> {
    known(directory, organization, owner.named(creator)?)
}

/// Whether anybody does.
pub fn is_owned(
    directory: &Directory,
    organization: OrganizationId,
    owner: Owner,
    creator: Option<PrincipalId>,
) -> bool {
    owner.named(creator).is_some_and(|id| name_of(directory, organization, id).is_some())
}

/// The person or the team, if it is the organization's.
pub fn known(directory: &Directory, organization: OrganizationId, id: OwnerId) -> Option<KnownOwner> {
    name_of(directory, organization, id).map(|name| KnownOwner { id, name: name.to_owned() })
}

fn name_of(directory: &Directory, organization: OrganizationId, id: OwnerId) -> Option<&str> {
    match id {
        OwnerId::Person(person) => {
            let member = effective::member(directory, organization, person);
            Some(member.filter(|member| member.kind() == PrincipalKind::Person)?.name())
        }
        OwnerId::Team(team) => Some(&directory.team(team).filter(|team| team.organization == organization)?.name),
    }
}
