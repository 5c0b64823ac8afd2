//! What is said about a service account, as rows: none where nothing is.

use claviger_access::identity::{PrincipalId, TeamId};
use claviger_access::ownership::{AccountDetails, Owner, OwnerId};
use sqlx::AnyConnection;

use super::{number, run};
use crate::store::statements::statements;

/// Also where the account itself goes, with others.
pub(super) const DELETE_LABELS: &str = "DELETE FROM account_labels WHERE principal_id IN ($1)";
pub(super) const DELETE_DETAILS: &str = "DELETE FROM account_details WHERE principal_id IN ($1)";

statements! {
    INSERT_DETAILS = "INSERT INTO account_details (principal_id, owner_kind, owner_id, description) VALUES ($1, $2, $3, $4)";
    INSERT_LABEL = "INSERT INTO account_labels (principal_id, name, value) VALUES ($1, $2, $3)";
}

/// Puts these in the place of those that were there.
pub(super) async fn write(
    connection: &mut AnyConnection,
    id: PrincipalId,
    details: &AccountDetails,
) -> Result<(), sqlx::Error> {
    super::run_each(connection, [DELETE_LABELS, DELETE_DETAILS], id.number()).await?;
    if *details == AccountDetails::default() {
        return Ok(());
    }
    let (kind, owner) = owner_columns(details.owner);
    let insert = sqlx::query(INSERT_DETAILS).bind(number(id.number())).bind(kind).bind(owner.map(number));
    run(connection, insert.bind(details.description.clone())).await?;
    for (name, value) in details.labels.iter() {
        let insert = sqlx::query(INSERT_LABEL).bind(number(id.number()));
        run(connection, insert.bind(name.to_owned()).bind(value.to_owned())).await?;
    }
    Ok(())
}

/// How an owner is written down.
pub(in crate::store) fn owner_columns(owner: Owner) -> (&'static str, Option<u64>) {
    match owner {
        Owner::Creator => ("creator", None),
        Owner::Nobody => ("nobody", None),
        Owner::Chosen(OwnerId::Person(person)) => ("person", Some(person.number())),
        Owner::Chosen(OwnerId::Team(team)) => ("team", Some(team.number())),
    }
}

/// Reads it again.
pub(in crate::store) fn read_owner(kind: &str, id: Option<u64>) -> Option<Owner> {
    Some(match kind {
        "creator" => Owner::Creator,
        "nobody" => Owner::Nobody,
        "person" => Owner::Chosen(OwnerId::Person(PrincipalId::new(id?)?)),
        "team" => Owner::Chosen(OwnerId::Team(TeamId::new(id?)?)),
        _ => return None,
    })
}
