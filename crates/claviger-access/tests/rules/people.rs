//! People: invitations and memberships in random histories, people as callers, and the rules of both, one by one.

use std::collections::BTreeSet;

use claviger_access::administration::invitation::{Accepting, Invite, OPEN_SECONDS};
use claviger_access::change::InvitationTerms;
use claviger_access::credential::PresentedToken;
use claviger_access::email::EmailAddress;
use claviger_access::identity::{InvitationId, OrganizationId, PrincipalId};
use claviger_access::password::PasswordHash;
use claviger_access::role::OrganizationRole;

use crate::command::Command;
use crate::world::{World, display_name};

pub(crate) fn email(text: &str) -> EmailAddress {
    EmailAddress::parse(text).expect("an address")
}

pub(crate) fn hash() -> PasswordHash {
    PasswordHash::from_phc("$argon2id$of nothing".to_owned())
}

/// Random use cases.
impl World {
    pub(crate) fn any_command_on_people(&mut self, organization: OrganizationId) -> Command {
        match self.chance.below(20) {
            0..=6 => {
                Command::Invite(Invite { organization, email: self.any_email(), terms: self.any_terms(organization) })
            }
            7 => Command::Resend { organization, invitation: self.any_invitation(organization) },
            8 => Command::Withdraw { organization, invitation: self.any_invitation(organization) },
            9..=14 => self.accept_any(),
            15..=17 => {
                let (person, role) = (self.any_person(organization), self.any_organization_role());
                Command::ChangeOrganizationRole { organization, person, role }
            }
            _ => Command::RemoveMember { organization, person: self.any_person(organization) },
        }
    }

    /// One of a few, or that of a person who is there.
    fn any_email(&mut self) -> EmailAddress {
        let known: Vec<usize> = (0..self.rows.principals.len()).collect();
        let known = self.chance.one_of(&known).and_then(|place| self.rows.principals[place].email.clone());
        let few = email(&format!("{}@example.com", self.chance.one_of(&["ada", "bob", "eve", "kim", "mel"]).unwrap()));
        known.filter(|_| self.chance.one_in(2)).unwrap_or(few)
    }

    fn any_terms(&mut self, organization: OrganizationId) -> InvitationTerms {
        let role = if self.chance.one_in(2) { OrganizationRole::Member } else { self.any_organization_role() };
        let projects = if self.chance.one_in(2) { self.project_roles(organization) } else { Default::default() };
        let mut terms = InvitationTerms { role, projects, workspaces: Default::default(), teams: BTreeSet::new() };
        if self.chance.one_in(3) {
            let project = self.any_project(organization);
            terms.workspaces.insert(self.any_workspace(project), self.any_role(project));
        }
        if self.chance.one_in(3) && !self.rows.teams_in(organization).is_empty() {
            terms.teams.insert(self.any_team(organization));
        }
        terms
    }

    /// Mostly one of that organization that is open.
    fn any_invitation(&mut self, organization: OrganizationId) -> InvitationId {
        let own: Vec<InvitationId> =
            self.rows.invitations.iter().filter(|row| row.organization == organization).map(|row| row.id).collect();
        let all: Vec<InvitationId> = self.rows.invitations.iter().map(|row| row.id).collect();
        let any = InvitationId::new(1 + self.chance.below(self.rows.next_id as usize) as u64).unwrap();
        match self.chance.below(12) {
            0 => any,
            1 => self.chance.one_of(&all).unwrap_or(any),
            _ => self.chance.one_of(&own).unwrap_or(any),
        }
    }

    /// Mostly a token of the last few, and as whom it must be.
    fn accept_any(&mut self) -> Command {
        let last: Vec<usize> = (0..self.tokens.len()).rev().take(4).collect();
        let all: Vec<usize> = (0..self.tokens.len()).collect();
        let from = if self.chance.one_in(4) { &all } else { &last };
        let mut token = self.chance.one_of(from).map_or_else(String::new, |place| self.tokens[place].clone());
        if self.chance.one_in(20) {
            token.pop();
            token.push('z');
        }
        let invitation = PresentedToken::read(&token).map(|read| read.invitation());
        let row = self.rows.invitations.iter().find(|row| Some(row.id) == invitation);
        let known: Option<PrincipalId> = row.and_then(|row| self.rows.person_with(&row.email));
        let known = if self.chance.one_in(12) { self.rows.principals.first().map(|row| row.id) } else { known };
        let new = || Accepting::New { name: display_name("Somebody"), hash: hash() };
        let accepting = if self.chance.one_in(12) { new() } else { known.map_or_else(new, Accepting::Known) };
        Command::Accept { token, accepting }
    }
}
