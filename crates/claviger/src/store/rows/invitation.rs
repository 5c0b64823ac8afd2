//! Invitations as rows.

use std::collections::{BTreeMap, BTreeSet};

use claviger_access::change::{InvitationChange, InvitationTerms};
use claviger_access::identity::{PrincipalId, ProjectId, TeamId, WorkspaceId};
use claviger_access::role::OrganizationRole;
use sqlx::AnyConnection;

use super::super::grants::read_role;
use super::super::statements::statements;
use super::{hex, number, run};

statements! {
    INSERT = "INSERT INTO invitations \
              (id, organization_id, email, digest_kind, digest, created_at, expires_at, role, granted, inviter_id) \
              VALUES ($1, $2, $3, 'sha256', $4, $5, $6, $7, $8, $9)";
    RENEW = "UPDATE invitations SET digest = $2, expires_at = $3, inviter_id = $4 WHERE id = $1";
    DELETE = "DELETE FROM invitations WHERE id = $1";
}

pub(super) async fn write(connection: &mut AnyConnection, change: &InvitationChange) -> Result<(), sqlx::Error> {
    let inviter_number = |inviter: Option<PrincipalId>| inviter.map(|inviter| number(inviter.number()));
    match change {
        InvitationChange::Sent { id, organization, email, digest, created, expires, terms, inviter } => {
            let insert = sqlx::query(INSERT)
                .bind(number(id.number()))
                .bind(number(organization.number()))
                .bind(email.as_str().to_owned())
                .bind(hex(digest.as_bytes()))
                .bind(created.seconds())
                .bind(expires.seconds())
                .bind(terms.role.name())
                .bind(write_granted(terms))
                .bind(inviter_number(*inviter));
            run(connection, insert).await
        }
        InvitationChange::Resent { id, digest, expires, inviter } => {
            let renew = sqlx::query(RENEW)
                .bind(number(id.number()))
                .bind(hex(digest.as_bytes()))
                .bind(expires.seconds())
                .bind(inviter_number(*inviter));
            run(connection, renew).await
        }
        InvitationChange::Ended { id } => run(connection, sqlx::query(DELETE).bind(number(id.number()))).await,
    }
}

/// What an invitation gives beside the role in the organization, as one text.
pub(in crate::store) fn write_granted(terms: &InvitationTerms) -> String {
    let projects = terms.projects.iter().map(|(project, role)| format!("p:{project}={role}"));
    let workspaces = terms.workspaces.iter().map(|(workspace, role)| format!("w:{workspace}={role}"));
    let teams = terms.teams.iter().map(|team| format!("t:{team}"));
    projects.chain(workspaces).chain(teams).collect::<Vec<_>>().join(" ")
}

/// The terms of an invitation, of a text that [`write_granted`] wrote; `None` for any other.
pub(in crate::store) fn read_terms(role: &str, granted: &str) -> Option<InvitationTerms> {
    let role = OrganizationRole::parse(role)?;
    let mut terms =
        InvitationTerms { role, projects: BTreeMap::new(), workspaces: BTreeMap::new(), teams: BTreeSet::new() };
    for word in granted.split(' ').filter(|word| !word.is_empty()) {
        let (kind, rest) = word.split_once(':')?;
        let (number, role) = rest.split_once('=').map_or((rest, None), |(number, role)| (number, Some(role)));
        let number: u64 = number.parse().ok()?;
        match (kind, role) {
            ("p", Some(role)) => drop(terms.projects.insert(ProjectId::new(number)?, read_role(role)?)),
            ("w", Some(role)) => drop(terms.workspaces.insert(WorkspaceId::new(number)?, read_role(role)?)),
            ("t", None) => drop(terms.teams.insert(TeamId::new(number)?)),
            _ => return None,
        }
    }
    Some(terms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_come_out_as_they_went_in() {
        for granted in ["", "p:12=admin p:13=77 w:34=consumer t:56 t:57"] {
            let terms = read_terms("admin", granted).expect("terms");
            assert_eq!(write_granted(&terms), granted);
        }
        for unknown in ["p:12", "t:1=admin", "x:1", "p:0=admin", "p:1=god", "12"] {
            assert_eq!(read_terms("member", unknown), None, "{unknown}");
        }
        assert_eq!(read_terms("god", ""), None);
    }
}
