//! Teams and their members as rows.

use claviger_access::change::TeamChange;
use claviger_access::identity::{PrincipalId, TeamId};
use claviger_access::{Directory, Moment};
use sqlx::AnyConnection;

use super::super::statements::statements;
use super::{number, run, run_each};

statements! {
    INSERT = "INSERT INTO teams (id, organization_id, name, created_at, creator_id) VALUES ($1, $2, $3, $4, $5)";
    RENAME = "UPDATE teams SET name = $2 WHERE id = $1";
    DELETE_GRANTS = "DELETE FROM grants WHERE team_id = $1";
    DELETE_MEMBERS = "DELETE FROM team_members WHERE team_id = $1";
    DELETE = "DELETE FROM teams WHERE id = $1";
    INSERT_MEMBER = "INSERT INTO team_members \
                     (team_id, organization_id, principal_id, principal_kind, home_organization_id, added_at) \
                     VALUES ($1, $2, $3, $4, $5, $6)";
    DELETE_MEMBER = "DELETE FROM team_members WHERE team_id = $1 AND principal_id = $2";
}

pub(super) async fn write(
    connection: &mut AnyConnection,
    directory: &Directory,
    change: &TeamChange,
) -> Result<(), sqlx::Error> {
    match change {
        TeamChange::Created { id, organization, name, created, creator } => {
            let insert = sqlx::query(INSERT)
                .bind(number(id.number()))
                .bind(number(organization.number()))
                .bind(name.clone())
                .bind(created.seconds())
                .bind(creator.map(|creator| number(creator.number())));
            run(connection, insert).await
        }
        TeamChange::Renamed { id, name } => {
            run(connection, sqlx::query(RENAME).bind(number(id.number())).bind(name.clone())).await
        }
        TeamChange::Deleted { id } => run_each(connection, [DELETE_GRANTS, DELETE_MEMBERS, DELETE], id.number()).await,
        TeamChange::MemberAdded { id, member, added } => {
            insert_member(connection, directory, *id, *member, *added).await
        }
        TeamChange::MemberRemoved { id, member } => {
            let delete = sqlx::query(DELETE_MEMBER).bind(number(id.number())).bind(number(member.number()));
            run(connection, delete).await
        }
    }
}

async fn insert_member(
    connection: &mut AnyConnection,
    directory: &Directory,
    id: TeamId,
    member: PrincipalId,
    added: Moment,
) -> Result<(), sqlx::Error> {
    let missing = || sqlx::Error::Protocol(format!("team {id} or member {member} is not in the directory"));
    let team = directory.team(id).ok_or_else(missing)?;
    let principal = directory.principal(member).ok_or_else(missing)?;
    let insert = sqlx::query(INSERT_MEMBER)
        .bind(number(id.number()))
        .bind(number(team.organization.number()))
        .bind(number(member.number()))
        .bind(principal.kind() as i16)
        .bind(principal.organization().map(|home| number(home.number())))
        .bind(added.seconds());
    run(connection, insert).await
}
